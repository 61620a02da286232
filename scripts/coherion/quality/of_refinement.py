"""Alerts on a refinement of a structure against G(r)."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np

from coherion.atoms.composition import parse_formula
from coherion.quality.alert import Alert, Grade, with_second_sign
from coherion.quality.residual import in_q, unexplained_reflections
from coherion.refinement.parameters import parse
from coherion.refinement.recipe import OTHER_BRANCH
from coherion.settings.stages.quality import QualitySettings
from coherion.settings.stages.refinement import RADIATIONS

if TYPE_CHECKING:
    import xarray

# Parameters at a bound that say little: an empty or full site is real, and correlated motion can be too weak to see.
HARMLESS = ("delta1", "delta2", "coherence_spread", "coherence_aspect")
# How far around the first peak its residual counts, and what height a first peak has of the highest.
AROUND, FIRST = 0.4, 0.3
# Of Rw: below it another reading of the data leaves no doubt that they are that.
HALF = 0.5
# Reflections told by place; the rest is counted.
MOST_TOLD = 3
# A fit to less than this (angstrom) does not resolve reflections.
SHORTEST = 15.0
#: Alerts that real data raise often, and the signs with which they are graver; with those that say that the structure
#: is wrong, or that nothing was reached, the result cannot stand. Small crystals full of faults have a large Rw and
#: reflections of no perfect structure, and no better description.
WEAK = ("misfit", "rw")
SIGNS = ("unexplained-reflection", "lengths-disagree")
FATAL = ("first-peak", "not-converged")


def alerts_of_refinement(
    fits: Mapping[str, xarray.Dataset], reduction: xarray.Dataset | None, settings: QualitySettings
) -> list[Alert]:
    """What is wrong with the refinement of a sample.

    Parameters
    ----------
    fits
        Datasets of the refinement by fit range, the one that counts first.
    reduction
        Dataset of the reduction that G(r) came from, if there is one.
    """
    place, fit = next(iter(fits.items()))
    found = [
        *_otherwise(fit, place),
        *_course(fit, place),
        *_size_of_misfit(fit, place, settings),
        *_first_peak(fit, place, settings),
        *_in_q(fit, reduction, place, settings),
        *_readings(fit, place, settings),
        *_lengths(fits, settings),
    ]
    if reduction is not None:
        found += _window(fit, reduction, place)
    return with_second_sign(found, WEAK, SIGNS, FATAL)


def values_of(fit: xarray.Dataset, variable: str = "value") -> dict[str, float]:
    """A variable of the parameters by name."""
    return {str(k): float(v) for k, v in zip(fit["parameter"].values, fit[variable].values, strict=True)}


def _otherwise(fit: xarray.Dataset, place: str) -> Iterator[Alert]:
    """The other radiation, or another function than G(r), that the data are described by."""
    if "otherwise" not in fit.attrs:
        return
    other = json.loads(fit.attrs["otherwise"])
    name, rw, taken = other["name"], float(other["rw"]), float(other["taken"])
    one = json.loads(fit.attrs["data_sets"])[other["data_set"] - 1]
    code, advice = "another-function", "export G(r) = 4 pi r (rho - rho0) instead, or convert the file"
    text = f"{one['file']} is described as {name} with Rw {rw:.3f}, as G(r) with {taken:.3f}"
    if name in RADIATIONS:
        names = {"xray": "X-rays", "neutron": "neutrons"}
        code = "radiation"
        text = (
            f"{one['file']} was fitted as of {names[one['radiation']]} with Rw {taken:.3f}, and is described as of "
            f"{names[name]} with {rw:.3f}"
        )
        advice = (
            f"if it is, write refinement.radiation: {name}, or mode = {name} into the file's header where that states "
            "the other"
        )
    grade: Grade = "A" if rw < HALF * taken else "B"
    yield Alert(grade, code, rw, "1", taken, place, text, advice)


def _course(fit: xarray.Dataset, place: str) -> Iterator[Alert]:
    if not int(fit.attrs["converged"]):
        text = "the refinement did not converge"
        yield Alert("A", "not-converged", 0.0, "1", 1.0, place, text, "raise max_evaluations or start nearer")
    if int(fit.attrs.get("jumped", 0)):
        continued, own = float(fit["start_rw"].values[0]), float(fit["start_rw"].min())
        text = f"another branch than the sample before: from there Rw {continued:.4f}, from its own start {own:.4f}"
        advice = "a transition, or one of the two is in a wrong minimum: look at what jumps, set start or starts"
        yield Alert("B", "other-branch", own / continued, "1", 1.0 - OTHER_BRANCH, place, text, advice)
    values = values_of(fit)
    for name in json.loads(fit.attrs["at_bound"]):
        symbol = parse(name).symbol
        value = values.get(name, float("nan"))
        # No strain at all is a bound of nature.
        none = symbol.startswith("microstrain_squared") and abs(value) < 1e-12
        grade: Grade = "C" if symbol in HARMLESS or "occupancy" in name or none else "B"
        text = f"{name} ended at its bound, {value:.4g}; the errors of all others do not know of it"
        advice = "fix it with a reason, change bounds, or look for what it makes up for"
        yield Alert(grade, "at-bound", value, parse(name).meaning.unit, value, name, text, advice)
    for group in json.loads(fit.attrs["singular"]):
        text = f"the data cannot tell apart {', '.join(group)}"
        advice = "fix or constrain all but one"
        yield Alert("B", "singular", float(len(group)), "1", 1.0, place, text, advice)


def _size_of_misfit(fit: xarray.Dataset, place: str, settings: QualitySettings) -> Iterator[Alert]:
    noise, misfit, rw = (float(fit.attrs[key]) for key in ("counting_noise", "misfit", "rw"))
    known = noise > 0
    ratio = misfit / noise if known else 0.0
    if ratio > settings.misfit_ratio:
        text = f"the model misses G(r) by {ratio:.3g} times its counting noise"
        advice = "see the residual; uncertainties are scaled for it, what is wrong with the model is not in them"
        yield Alert("C", "misfit", ratio, "1", settings.misfit_ratio, place, text, advice)
    # Where counting noise is all there is, Rw says that the counts are few.
    if rw > settings.rw and not (known and ratio < 1):
        large = rw > settings.rw_large
        limit = settings.rw_large if large else settings.rw
        advice = "look for a further phase, a wrong structure or background"
        yield Alert("B" if large else "C", "rw", rw, "1", limit, place, f"Rw is {rw:.3f}", advice)


def _first_peak(fit: xarray.Dataset, place: str, settings: QualitySettings) -> Iterator[Alert]:
    r, calculated, difference = (fit[name].values for name in ("r", "calculated", "difference"))
    inner = calculated[1:-1]
    high = (inner >= calculated[:-2]) & (inner > calculated[2:]) & (inner > FIRST * np.max(calculated))
    if not high.any():
        return
    first = int(np.flatnonzero(high)[0]) + 1
    near = np.abs(r - r[first]) < AROUND
    worst = int(np.argmax(np.where(near, np.abs(difference), 0.0)))
    share = float(abs(difference[worst]) / calculated[first])
    if share > settings.first_peak and abs(difference[worst]) > 5.0 * float(fit.attrs["counting_noise"]):
        text = f"the first peak of G(r), at {r[first]:.3g} angstrom, is missed by {100 * share:.0f} % of its height"
        advice = "the nearest distances of the structure are wrong: check sites, occupancies, radiation and composition"
        yield Alert("B", "first-peak", share, "1", settings.first_peak, f"r {r[worst]:.3g} angstrom", text, advice)


def _in_q(
    fit: xarray.Dataset, reduction: xarray.Dataset | None, place: str, settings: QualitySettings
) -> Iterator[Alert]:
    if float(fit["r"].values[-1]) < SHORTEST:
        return
    found = in_q(fit)
    least = settings.unexplained_share, settings.unexplained_weak
    # Small in all, but where the model is otherwise right: a few percent of a further phase move the cell by their sds.
    seen = [
        one
        for one in unexplained_reflections(found, min(least), settings.unexplained_significance)
        if one.share >= least[0] or one.outlier >= settings.unexplained_outlier
    ]
    if seen:
        places = ", ".join(f"Q {one.q:.2f} 1/angstrom (d {one.d:.3g} angstrom)" for one in seen[:MOST_TOLD])
        more = f" and {len(seen) - MOST_TOLD} more" if len(seen) > MOST_TOLD else ""
        text = f"no phase explains the reflection at {places}{more}: {100 * seen[0].share:.0f} % of the highest of F(Q)"
        advice = "look for a further phase with these spacings and refine it too; stacking faults can do it as well"
        limit = least[0] if seen[0].share >= least[0] else least[1]
        yield Alert("B", "unexplained-reflection", seen[0].share, "1", limit, places, text, advice)
    if reduction is None or "wavelength" not in reduction.attrs or found.noise == 0:
        return
    shift, sd = zero_point_of(fit, float(reduction.attrs["wavelength"]))
    if abs(shift) > settings.zero_shift and abs(shift) > settings.significance * sd:
        text = f"angles are too {'high' if shift > 0 else 'low'} by about {abs(shift):.4f} ± {sd:.4f} degree in 2theta"
        text += ": reflections at low and at high angle ask for different cells"
        advice = "check zero point and height of the sample; set two_theta_zero of its reduction, and doubt the cell"
        yield Alert("B", "zero-point", shift, "degree", settings.zero_shift, place, text, advice)


def zero_point_of(fit: xarray.Dataset, wavelength: float) -> tuple[float, float]:
    """By how much the angles 2theta of a fit's data are too high, degree, and its standard uncertainty.

    A shift of 2theta is one of Q, all but alike at every angle. ``wavelength`` in angstrom.
    """
    degrees = math.degrees(wavelength / (2.0 * math.pi))
    return degrees * float(fit.attrs["q_shift"]), degrees * float(fit.attrs["q_shift_sd"])


def _readings(fit: xarray.Dataset, place: str, settings: QualitySettings) -> Iterator[Alert]:
    """Strain that the recipe leaves out, and shapes that describe the data better than spheres."""
    if "reading_name" not in fit:
        return
    aicc = dict(zip(map(str, fit["reading_name"].values), map(float, fit["reading_aicc"].values), strict=True))
    inverse = dict(zip(aicc, map(float, fit["reading_inverse_length"].values), strict=True))
    uncertain = values_of(fit, "standard_uncertainty")
    free = any(
        np.isfinite(sd) for name, sd in uncertain.items() if parse(name).symbol.startswith("microstrain_squared")
    )
    least = settings.aicc_difference
    if set(aicc) == {"size"}:
        text = f"strain was not read: L {1 / inverse['size']:.4g} angstrom is that of domains without any"
        advice = "free microstrain_squared, or name readings with it: strain that is left out is taken for size"
        yield Alert("B", "strain-not-read", inverse["size"], "1/angstrom", 0.0, place, text, advice)
        return
    if "size_strain" not in aicc:
        return
    if not free and "size" in aicc and aicc["size"] - aicc["size_strain"] > least:
        gain = aicc["size"] - aicc["size_strain"]
        text = f"the data ask for microstrain, which is left out (AICc lower by {gain:.3g})"
        if min(inverse["size"], inverse["size_strain"]) > 0:
            lengths = 1 / inverse["size_strain"], 1 / inverse["size"]
            text += f": with it the length is {lengths[0]:.4g} in place of {lengths[1]:.4g} angstrom"
        advice = "free microstrain_squared, and take the resolution from a standard: its slope looks alike"
        yield Alert("B", "strain-left-out", gain, "1", least, place, text, advice)
    others = {name: value for name, value in aicc.items() if name in ("lognormal", "spheroid")}
    best = min(others, key=lambda name: others[name], default=None)
    if best is not None and aicc["size_strain"] - others[best] > least:
        gain = aicc["size_strain"] - others[best]
        text = f"domains are no spheres of one size: {best} describes G(r) better (AICc lower by {gain:.3g})"
        advice = "take the length that is reported of all readings; glass or a further phase can look like it"
        yield Alert("C", "shape", gain, "1", least, place, text, advice)


def _lengths(fits: Mapping[str, xarray.Dataset], settings: QualitySettings) -> Iterator[Alert]:
    (first, fit), *rest = fits.items()
    # A shape that explains why small and large distances ask for different spheres takes the weight off.
    explained = False
    if "reading_name" in fit:
        spheres = np.isin(list(map(str, fit["reading_name"].values)), ("size", "size_strain"))
        explained = float(fit["reading_weight"].values[spheres].sum()) < 0.5
    lengths, sds = values_of(fit), values_of(fit, "standard_uncertainty_scaled")
    worst: tuple[float, str, str] | None = None
    for place, other in rest:
        others, others_sd = values_of(other), values_of(other, "standard_uncertainty_scaled")
        for name in lengths.keys() & others.keys():
            if parse(name).symbol != "coherence_length":
                continue
            # In 1/L, whose errors are nearer to a normal distribution.
            pair = [(lengths[name], sds[name]), (others[name], others_sd[name])]
            inverse, error = [1 / L for L, _ in pair], math.hypot(*(sd / L**2 for L, sd in pair))
            z = abs(inverse[0] - inverse[1]) / error if error > 0 else 0.0
            if abs(lengths[name] / others[name] - 1) > settings.length_difference and z > (worst or (0.0,))[0]:
                text = f"{name} is {pair[0][0]:.4g} ± {pair[0][1]:.2g} angstrom from {first}"
                worst = z, f"{first} and {place}", f"{text} but {pair[1][0]:.4g} ± {pair[1][1]:.2g} from {place}"
    if worst is not None and worst[0] > settings.significance:
        advice = "domains of several sizes or shapes, strain, glass, or a resolution that is wrong: see the readings"
        grade: Grade = "C" if explained else "B"
        z, place, text = worst
        yield Alert(grade, "lengths-disagree", z, "sd", settings.significance, place, text, advice)


def _window(fit: xarray.Dataset, reduction: xarray.Dataset, place: str) -> Iterator[Alert]:
    """What the model must have as the reduction has it: the window, and form factors that depend on Q."""
    elements = sorted(parse_formula(str(reduction.attrs.get("composition", "")) or "C"))
    if str(fit.attrs["convention"]) == "pdffit" and len(elements) > 1:
        text = (
            f"G(r) was divided by <f(Q)>^2, and the pdffit convention weighs the pairs of {', '.join(elements)} "
            "by their atomic numbers at every Q: occupancies and displacements take up the difference"
        )
        advice = "set refinement.convention: exact, or hold the occupancies"
        yield Alert("B", "convention", float(len(elements)), "1", 1.0, place, text, advice)
    applied = bool(int(reduction.attrs.get("lorch", 0)))
    modelled = str(fit.attrs["window"]) == "lorch"
    if applied != modelled:
        data, model = ("has", "not") if applied else ("does not have", "though")
        text = f"G(r) {data} Lorch's window, {model} the model: peak widths and displacements are wrong"
        wanted = "lorch" if applied else "none"
        yield Alert("A", "lorch", float(applied), "1", float(modelled), place, text, f"set refinement.window: {wanted}")
