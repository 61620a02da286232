"""Whether a sample holds a side phase: its reflection at low Q, a refinement with two phases, and a decision in words.

A sample with a side phase cannot be described by one phase, and its refined structure means nothing. Three questions:

1. Is a reflection there that the phase does not have (:mod:`coherion.crystal.reflections`)?
2. Where it is, or where one phase describes G(r) badly: do two phases describe it better, and how much is there?
3. Does the answer to both make the sample one of two phases?
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from coherion import akaike
from coherion.crystal.reflections import (
    ReflectionSearch,
    full_width,
    reference_reflections,
    reflection_positions,
    search_reflection,
)
from coherion.errors import InputError
from coherion.refinement.least_squares.weights import Misfit
from coherion.refinement.parameters import parse
from coherion.settings.stages.reflections import SidePhaseSettings

if TYPE_CHECKING:
    import xarray

    from coherion.crystal.crystal import Crystal
    from coherion.refinement.observed import Observed
    from coherion.refinement.recipe import RecipeResult

# How far beyond the window reflections are taken whose tails reach into it, 1/angstrom.
MARGIN = 0.4
# Where a reflection is looked for by the structures alone: not beyond this Q, where all powders have many, and in a
# window of so many widths of a reflection to each side, at least the second number, both in 1/angstrom.
FARTHEST = 6.0
SPAN, LEAST_SPAN = 4.0, 0.2
# Length of the domains to start from where the refinement has none, angstrom.
UNKNOWN_LENGTH = 100.0


@dataclass(frozen=True)
class Comparison:
    """One phase against two, on the same points of G(r) with the same weights.

    rw_one, rw_two
        Rw with equal weights.
    chi_squared_one, chi_squared_two
        With the weights of the refinement with one phase: there its sum is least, that of two phases is not. The
        comparison so favours one phase.
    aicc_difference
        AICc of one phase less that of two.
    fraction, fraction_sd
        Mass fraction of the side phase, with its standard uncertainty scaled by the misfit.
    length, length_sd
        Coherence length of the main phase beside it, angstrom; None where there is none.
    """

    rw_one: float
    rw_two: float
    chi_squared_one: float
    chi_squared_two: float
    aicc_difference: float
    fraction: float
    fraction_sd: float
    length: float | None
    length_sd: float | None


@dataclass(frozen=True)
class Decision:
    """Whether a sample is left out for its side phase, and why or why not, in words with numbers."""

    positive: bool
    reason: str


def fitted_crystals(fit: xarray.Dataset, starting: Sequence[Crystal]) -> list[Crystal]:
    """The phases of a refinement with their refined cells.

    Parameters
    ----------
    fit
        Dataset of a refinement.
    starting
        The structures it started from, in the same order.
    """
    names = json.loads(fit.attrs["phases"])
    values = dict(zip(map(str, fit["parameter"].values), fit["value"].values, strict=True))
    made = []
    for crystal, name in zip(starting, names, strict=True):
        prefix = f"{name}:" if len(names) > 1 else ""
        cell = {key: float(values[prefix + key]) for key in crystal.parameters if "." not in key}
        made.append(replace(crystal.with_values(cell), name=name))
    return made


def settled(
    settings: SidePhaseSettings,
    side: Crystal,
    reduced: xarray.Dataset,
    fit: xarray.Dataset,
    crystals: Sequence[Crystal],
) -> SidePhaseSettings:
    """The settings with a reflection to look for and a window around it, where they leave them to the structures.

    The reflection is the one of the side phase with the largest product of its strength and of how far it stands from
    the reflections of the other phases, in widths of a reflection; the window ends in the widest gaps beside it.

    Parameters
    ----------
    side
        The side phase.
    reduced, fit, crystals
        As for :func:`search`.

    Raises
    ------
    InputError
        If the side phase has no reflection in the measured range.
    """
    if settings.window is not None and settings.reflection_q is not None:
        return settings
    q = reduced["q"].values
    low, high = settings.window or (float(q[0]), FARTHEST)
    high = min(high, float(q[-1]))
    values = dict(zip(map(str, fit["parameter"].values), fit["value"].values, strict=True))
    length = _length_of(values)
    width = full_width(length, float(values.get("qdamp", 0.0)))
    strongest = np.concatenate([reference_reflections(crystal, high + MARGIN)[0] for crystal in crystals])
    place = settings.reflection_q
    if place is None:
        places, strengths = reference_reflections(side, high)
        margin = 0.0 if settings.window else 2.0 * width
        inside = (places > low + margin) & (places < high - margin)
        if not np.any(inside):
            raise InputError(
                f"the side phase {side.name} has no reflection in the measured range",
                place="key side_phase.reflection_q",
                found=f"{low:.4g} to {high:.4g} 1/angstrom",
                advice="give reflection_q and window, or set side_phase.structure to null",
            )
        places, strengths = places[inside], strengths[inside]
        clear = np.min(np.abs(places[:, None] - strongest), axis=1, initial=10.0 * width)
        place = float(np.round(places[np.argmax(strengths * -np.expm1(-((clear / width) ** 2)))], 4))
    window = settings.window
    if window is None:
        span = max(LEAST_SPAN, SPAN * width)
        window = (
            max(float(q[0]), _in_a_gap(strongest, place - 2 * span, place - span)),
            min(float(q[-1]), _in_a_gap(strongest, place + span, place + 2 * span)),
        )
    return msgspec.structs.replace(settings, reflection_q=place, window=window)


def _in_a_gap(lines: np.ndarray, low: float, high: float) -> float:
    """The middle of the widest part of a range without a reflection."""
    ends = np.concatenate([[low], np.sort(lines[(lines > low) & (lines < high)]), [high]])
    widest = int(np.argmax(np.diff(ends)))
    return float(ends[widest : widest + 2].mean())


def _length_of(values: Mapping[str, float]) -> float:
    lengths = [float(v) for name, v in values.items() if parse(name).symbol == "coherence_length"]
    return lengths[0] if lengths else UNKNOWN_LENGTH


def search(
    reduced: xarray.Dataset, fit: xarray.Dataset, crystals: Sequence[Crystal], settings: SidePhaseSettings
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, ReflectionSearch]:
    """Look for the side phase's reflection in the net intensity.

    Parameters
    ----------
    reduced, fit
        Datasets of the reduction and of the refinement.
    crystals
        The refined phases, see :func:`fitted_crystals`.

    Returns Q (1/angstrom), intensity and standard uncertainties (or None) in the window, (n,), and what was found.

    Raises
    ------
    InputError
        If the scan does not cover the window.
    """
    if settings.window is None or settings.reflection_q is None:
        raise ValueError("the reflection is not chosen yet: see settled")
    low, high = settings.window
    q = reduced["q"].values
    step = float(np.median(np.diff(q)))
    if q[0] > low + step or q[-1] < high - step:
        raise InputError(
            "the pattern does not cover the window of the side phase's reflection",
            place="key side_phase.window",
            found=f"{low:g} to {high:g} 1/angstrom",
            expected=f"within {q[0]:.4g} to {q[-1]:.4g} 1/angstrom",
            advice="change the window, reduction.qmin, or set side_phase.structure to null",
        )
    inside = (q >= low) & (q <= high)
    q, intensity = q[inside], reduced["intensity_net"].values[inside]
    sd = reduced["intensity_net_sd"].values[inside] if "intensity_net_sd" in reduced else None
    positions = np.concatenate(
        [
            reflection_positions(
                c.lattice, c.structure.rotations, c.structure.translations, max(low - MARGIN, 0.0), high + MARGIN
            )[0]
            for c in crystals
        ]
    )
    values = dict(zip(map(str, fit["parameter"].values), fit["value"].values, strict=True))
    length = _length_of(values)
    exponential = str(fit.attrs["envelope"]) == "exponential"
    found = search_reflection(
        q,
        intensity,
        sd,
        np.sort(positions),
        settings.reflection_q,
        length=1.5 * length if exponential else length,
        qdamp=float(values.get("qdamp", 0.0)),
        qbroad=float(values.get("qbroad", 0.0)),
        stretch=settings.cell_tolerance,
        degree=settings.background_degree,
        tail=0.9 if exponential else 0.1,
    )
    return q, intensity, sd, found


def cause(z: float, rw: float, settings: SidePhaseSettings) -> str:
    """Why two phases are to be tried, in words; blank if nothing asks for it."""
    causes = []
    if z > settings.significance:
        causes.append(f"a reflection of {z:.3g} sigma at {settings.reflection_q:g} 1/angstrom")
    if rw > settings.largest_rw:
        causes.append(f"Rw {rw:.3f} with one phase, above {settings.largest_rw:g}")
    return " and ".join(causes)


def refine_both(
    observed: Observed,
    starting: Sequence[Crystal],
    side: Crystal,
    recipe: Mapping[str, Any],
    say: Callable[[str], None] = print,
) -> RecipeResult:
    """Refine the phases of a refinement together with the side phase, by the same recipe.

    Parameters
    ----------
    starting, side
        Starting structures.
    recipe
        Settings of the refinement with one phase.
    """
    from coherion.refinement.recipe import run_recipe
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.refinement import RefinementSettings

    names = [*recipe["phases"], side.name] if recipe.get("phases") else []
    unasked = {"compare_envelopes": [], "readings": [], "profile": [], "spare_starts": 0}
    chosen = {**recipe, "phases": names, **unasked}
    return run_recipe([*starting, side], observed, settings_from(RefinementSettings, chosen), say=say)


def compare(fit: xarray.Dataset, both: RecipeResult) -> Comparison:
    """Hold the refinement with two phases against that with one.

    In the AICc (:mod:`coherion.akaike`) n is the number of measured points (those of the band below Qmin are none) and
    k that of the free variables.

    Parameters
    ----------
    fit
        Dataset of the refinement with one phase; must have the points of the other.
    both
        The refinement with two.

    Raises
    ------
    InputError
        If the refinement with one phase was of another G(r).
    """
    from coherion.refinement.output import derived

    one = fit["fitted_observed"].values - fit["fitted_calculated"].values
    two = both.result.difference
    if len(one) != len(two):
        raise InputError(
            "the refinement with one phase is not of this reduction",
            found=f"{len(one)} fitted points in it, {len(two)} with two phases",
            expected="the same Qmax and range",
            advice="refine the phase against this reduction first",
        )
    observed = fit["fitted_observed"].values
    weighting = both.data.target(Misfit.of(fit)).weighting
    sums = [float(np.sum(weighting(d) ** 2)) for d in (one, two)]
    n = len(one) - both.data.unmeasured_points
    counts = (n - float(fit.attrs["degrees_of_freedom"]), n - both.degrees_of_freedom)
    one_phase, two_phases = (
        akaike.aicc(akaike.unknown_errors(total, n), k, n) for total, k in zip(sums, counts, strict=True)
    )
    names = [crystal.name for crystal in both.model.phases]
    fraction = next(row for row in derived(both) if row["name"] == f"{names[-1]}:weight_fraction")
    length = f"{names[0]}:coherence_length"
    result = both.result
    return Comparison(
        rw_one=float(np.linalg.norm(one) / np.linalg.norm(observed)),
        rw_two=both.rw,
        chi_squared_one=sums[0],
        chi_squared_two=sums[1],
        aicc_difference=one_phase - two_phases,
        fraction=float(fraction["value"]),
        fraction_sd=float(fraction["standard_uncertainty_scaled"]),
        length=float(result.values[length]) if length in result.values else None,
        length_sd=both.uncertainties(True).get(length),
    )


def decide(z: float, rw: float, two: Comparison | None, name: str, settings: SidePhaseSettings) -> Decision:
    """Whether the sample is left out of the structural series.

    It is if the reflection is seen and G(r) agrees: two phases are better than one, and the second has a mass fraction
    that is certain and not negligible.

    Parameters
    ----------
    z, rw
        Excess of the reflection over its standard error; Rw with one phase.
    two
        The comparison, or None where nothing asked for it.
    name
        Of the side phase.
    """
    from coherion.crystal.cif import with_uncertainty

    q = settings.reflection_q
    if two is None:
        return Decision(False, f"no reflection at {q:g} 1/angstrom ({z:.2g} sigma), Rw {rw:.3f} with one phase")
    seen = z > settings.significance
    better = two.aicc_difference > settings.aicc_difference
    certain = two.fraction > settings.significance * two.fraction_sd
    enough = two.fraction >= settings.least_fraction
    reflection = f"{z:.3g} sigma at {q:g} 1/angstrom"
    amount = f"{with_uncertainty(100 * two.fraction, 100 * two.fraction_sd)} % by mass"
    change = f"Rw from {two.rw_one:.3f} to {two.rw_two:.3f}, AICc by {-two.aicc_difference:.0f}"
    if seen and better and certain and enough:
        return Decision(
            True, f"side phase: {reflection}; a second phase ({name}) of {amount} changes {change}; one phase is wrong"
        )
    doubts = [
        said
        for doubt, said in (
            (not seen, f"its reflection is not seen ({reflection})"),
            (not better, f"two phases are not better ({change})"),
            (not certain, f"its fraction, {amount}, is not certain"),
            (certain and not enough, f"its fraction, {amount}, is below {100 * settings.least_fraction:g} %"),
        )
        if doubt
    ]
    return Decision(False, f"no side phase ({name}) proven though {cause(z, rw, settings)}: {'; '.join(doubts)}")
