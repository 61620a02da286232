"""The rules by which a statement holds, fails or stays undecided; all thresholds are settings fixed beforehand.

A statement that something changes is judged by the interval of its slope, a statement that something does not
change by two one-sided tests against a margin (Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657): 'not
significant' is no evidence of 'equal', so a poor measurement leaves the statement undecided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from coherion.errors import InputError
from coherion.statistics.regression import LinearFit, fit_linear, student_quantile

Array = NDArray[np.float64]
Verdict = Literal["holds", "fails", "undecided"]

# Differences that would not matter to what the paper concludes, in the unit of each quantity.
MARGINS: Mapping[str, float] = {
    "a": 0.01,
    "b": 0.01,
    "c": 0.01,
    "beta": 0.05,
    "volume": 1.0,
    "zr_fraction": 0.05,
    "na_2b": 0.05,
    "na_4e": 0.05,
    "octahedron_m": 0.2,
    "octahedron_na": 0.5,
    "prism_na": 0.5,
    "octahedron_na_distance": 0.02,
    "prism_na_distance": 0.02,
    "angle_cl1": 0.5,
    "angle_cl2": 0.5,
    "angle_a_cl1": 0.5,
    "angle_a_cl2": 0.5,
    "coherence_length": 5.0,
    "activation_energy": 0.02,
    "log_conductivity": 0.1,
    "reflection_width": 0.002,
}


@dataclass(frozen=True)
class ClaimSettings:
    """Criteria of the verdicts; every one is fixed before the data are looked at."""

    significance: float = 0.05
    """Level of each test; intervals have 1 - significance, equivalence tests 1 - 2 significance."""
    seed: int = 2024
    """Seed of the bootstrap, of random orders and of the simulated nulls."""
    resamples: int = 9999
    """Bootstrap resamples and simulated series; random orders are ten times as many."""
    exact_limit: int = 400_000
    """Largest number of orders (n!) that a permutation test counts in full: nine samples."""
    margins: Mapping[str, float] = field(default_factory=lambda: dict(MARGINS))
    """Differences too small to matter, by quantity, in its unit; replaced one by one."""
    columns: Mapping[str, str] = field(default_factory=dict)
    """Columns of the table with other names than the default ones, by role."""
    linearity_fraction: float = 0.15
    """Departure from a straight line, as a fraction of the whole change, that still counts as linear."""
    lattice_kink: float = 0.5
    """Composition above which the lattice is said to shrink faster."""
    transport_kink: float = 0.8
    """Composition above which the conductivity is said to rise faster and the activation energy to drop."""
    plateau_energy: float = 0.50
    """Activation energy up to the kink, eV."""
    dropped_energy: float = 0.43
    """Activation energy beyond the kink, eV."""
    na_4e_range: tuple[float, float] = (0.90, 1.00)
    """Occupancy of the 4e site that is said to be kept."""
    capacitance: float = 1e-11
    """Capacitance of the single arc, F, to half a decade."""
    rw_limit: float = 0.25
    """Largest Rw of the widest fit range that counts as 'about 20 %'."""
    side_reflection_sigma: float = 4.0
    """Excess over its error from which the reflection of the side phase counts as seen."""
    similar_fraction: float = 0.20
    """Relative difference of two coherence lengths that still counts as similar."""
    half_tolerance: float = 0.15
    """Difference of the ratio of two conductivities from one half that still counts as half."""
    negligible_exponent: float = 0.30
    """Exponent of the coherence length too small to matter (halving it changes sigma by under a quarter)."""
    aicc_difference: float = 2.0
    """Difference of AICc from which one curve counts as better than another."""
    collinear_inflation: float = 10.0
    """Variance inflation from which composition and coherence length count as inseparable."""
    representative: float = 0.5
    """Composition for which the paper compares the fit ranges."""
    side_phase: float = 0.95
    """Composition that the paper excludes for its side phase."""
    annealed_composition: float = 0.9
    """Composition of the annealed samples."""
    annealed_temperature: float = 200.0
    """Annealing temperature of the sample in the comparison at equal coherence length, degC."""
    counterpart: float = 0.7
    """Composition of the milled sample in that comparison."""
    mean_temperature: float = 5.0
    """Harmonic mean of the temperatures of the Arrhenius fits, degC (about 5 for -40 to 60)."""
    conductivity_temperature: float = 25.0
    """Temperature of the conductivities in the table, degC."""
    transport_keeps_excluded: bool = True
    """Whether samples left out of the structural series stay in statements on transport alone (as in Fig. 6b, c)."""

    @property
    def confidence(self) -> float:
        """Confidence of two-sided intervals."""
        return 1 - self.significance

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> ClaimSettings:
        """Settings from a configuration, checked key by key.

        Raises
        ------
        InputError
            For an unknown key, a value of the wrong kind, or one out of range.
        """
        defaults = cls()
        known = {f.name: getattr(defaults, f.name) for f in fields(cls)}
        made: dict[str, Any] = {}
        for key, value in given.items():
            if key not in known:
                raise InputError("unknown setting", place=f"key claims.{key}", expected=", ".join(sorted(known)))
            made[key] = _checked(key, value, known[key])
        settings = cls(**made)
        if not 0 < settings.significance < 0.5:
            raise InputError(
                "out of range", place="key claims.significance", found=settings.significance, expected="0 to 0.5"
            )
        if settings.resamples < 100 or settings.exact_limit < 1:
            raise InputError(
                "too small to judge by", place="key claims.resamples, claims.exact_limit", expected="100, 1 or more"
            )
        return settings


def _checked(key: str, value: Any, default: Any) -> Any:
    place = f"key claims.{key}"
    if isinstance(default, Mapping):
        kind: type = float if key == "margins" else str
        if not isinstance(value, Mapping):
            raise InputError("not a table of names and values", place=place, found=value)
        unknown = sorted(set(value) - set(default)) if key == "margins" else []
        if unknown:
            raise InputError("unknown quantity", place=place, found=unknown[0], expected=", ".join(default))
        return {**default, **{k: _checked(f"{key}.{k}", v, kind()) for k, v in value.items()}}
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise InputError("not true or false", place=place, found=value)
        return value
    if isinstance(default, tuple):
        if not isinstance(value, list | tuple) or len(value) != len(default):
            raise InputError("wrong number of values", place=place, found=value, expected=f"{len(default)} numbers")
        return tuple(_checked(key, v, d) for v, d in zip(value, default, strict=True))
    if isinstance(default, str):
        if not isinstance(value, str):
            raise InputError("not a text", place=place, found=value)
        return value
    whole = isinstance(default, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not np.isfinite(value):
        raise InputError(f"not a {'whole ' if whole else ''}number", place=place, found=value)
    return value if whole else float(value)


@dataclass(frozen=True)
class Finding:
    """What a test found: verdict, number, its standard error (None where it has none), samples used, remark."""

    verdict: Verdict
    value: float | None = None
    error: float | None = None
    n: int = 0
    note: str = ""


def by_interval(low: float, high: float, sign: int, negligible: tuple[float, float]) -> Verdict:
    """Verdict on 'the number has this sign' from its interval and a range of negligible values."""
    if sign * low > 0 and sign * high > 0:
        return "holds"
    if (sign * low < 0 and sign * high < 0) or (negligible[0] <= low and high <= negligible[1]):
        return "fails"
    return "undecided"


def trend(x: Array, y: Array, y_sd: Array, sign: int, margin: float, settings: ClaimSettings) -> Finding:
    """Does y (n,) change with x in the direction of ``sign``? The number is the slope.

    Fails where the slope has the other sign for certain, or the change over the range of x certainly stays within
    the margin.
    """
    fit = straight(x, y, y_sd)
    low, high = fit.interval(1, settings.confidence)
    span = float(np.ptp(x))
    verdict = by_interval(low, high, sign, (-margin / span, margin / span))
    note = f"interval {low:.4g} to {high:.4g}; scatter {fit.scatter:.3g}"
    return Finding(verdict, float(fit.coefficients[1]), float(fit.standard_errors[1]), x.size, note)


def straight(x: Array, y: Array, y_sd: Array) -> LinearFit:
    """y = a + b (x - mean of x), with scatter."""
    return fit_linear(np.column_stack([np.ones(x.size), x - x.mean()]), y, y_sd)


def linear(x: Array, y: Array, y_sd: Array, sign: int, margin: float, settings: ClaimSettings) -> Finding:
    """Does y change with x in one direction **and** in a straight line?

    The departure is the sagitta of a parabola over the range of x; it must certainly be smaller than
    ``linearity_fraction`` of the change (equivalence test), and fails where it is certainly larger.
    """
    first = trend(x, y, y_sd, sign, margin, settings)
    u = x - 0.5 * (x.min() + x.max())
    fit = fit_linear(np.column_stack([np.ones(x.size), u, u**2]), y, y_sd)
    quarter = float(np.ptp(x)) ** 2 / 4
    bent, bent_sd = float(fit.coefficients[2]) * quarter, float(fit.standard_errors[2]) * quarter
    allowed = settings.linearity_fraction * abs(float(first.value or 0.0)) * float(np.ptp(x))
    shape = equivalence(bent, bent_sd, allowed, fit.degrees_of_freedom, settings)
    verdict: Verdict = "undecided"
    if first.verdict == "holds" and shape == "holds":
        verdict = "holds"
    elif "fails" in (first.verdict, shape):
        verdict = "fails"
    note = f"{first.note}; departure from a line {bent:.3g} +- {bent_sd:.2g}, allowed {allowed:.3g}"
    return Finding(verdict, first.value, first.error, x.size, note)


def kink(x: Array, y: Array, y_sd: Array, at: float, sign: int, margin: float, settings: ClaimSettings) -> Finding:
    """Does the slope of y change at ``at``, by an amount of the given sign? The number is the change of slope.

    y = a + b x + c max(0, x - at): continuous, so a step counts as steep.
    """
    beyond = np.maximum(0.0, x - at)
    fit = fit_linear(np.column_stack([np.ones(x.size), x - x.mean(), beyond]), y, y_sd)
    low, high = fit.interval(2, settings.confidence)
    reach = float(beyond.max())
    verdict = by_interval(low, high, sign, (-margin / reach, margin / reach))
    note = (
        f"slope up to {at:g}: {fit.coefficients[1]:.4g} +- {fit.standard_errors[1]:.2g}; "
        f"change at {at:g}: {low:.4g} to {high:.4g}"
    )
    return Finding(verdict, float(fit.coefficients[2]), float(fit.standard_errors[2]), x.size, note)


def equivalence(difference: float, sd: float, margin: float, freedom: float, settings: ClaimSettings) -> Verdict:
    """Is a difference smaller than the margin? Two one-sided tests; fails where it is certainly larger."""
    inner = student_quantile(1 - 2 * settings.significance, freedom) * sd
    outer = student_quantile(settings.confidence, freedom) * sd
    if abs(difference) + inner < margin:
        return "holds"
    return "fails" if abs(difference) - outer > margin else "undecided"


def ordered(values: Array, sds: Array, sign: int, settings: ClaimSettings) -> Finding:
    """Does each value differ from the one before in the direction of ``sign``?

    One-sided normal tests of all steps at the level divided by their number; the number is the smallest step in
    that direction. The errors are those of the measurement: how far two preparations of one sample differ is not
    in them.
    """
    steps, errors = sign * np.diff(values), np.hypot(sds[1:], sds[:-1])
    limit = student_quantile(1 - 2 * settings.significance / steps.size, np.inf) * errors
    verdict: Verdict = "undecided"
    if np.all(steps > limit):
        verdict = "holds"
    elif np.any(steps < -limit):
        verdict = "fails"
    worst = int(np.argmin(steps / np.where(errors > 0, errors, np.inf)))
    listed = ", ".join(f"{v:.4g} +- {s:.2g}" for v, s in zip(values, sds, strict=True))
    return Finding(verdict, sign * float(steps[worst]), float(errors[worst]), values.size, f"values {listed}")


def unchanged(differences: Array, sds: Array, margins: Array, names: list[str], settings: ClaimSettings) -> Finding:
    """Are several differences, each with its margin, all too small to matter?

    Holds where every one passes the equivalence test (no correction is needed to claim all of them), fails where
    one is certainly above its margin at the level divided by their number. The number is the largest difference
    in units of its margin.
    """
    z_in = student_quantile(1 - 2 * settings.significance, np.inf)
    z_out = student_quantile(1 - settings.significance / differences.size, np.inf)
    size = np.abs(differences)
    verdict: Verdict = "undecided"
    if np.all(size + z_in * sds < margins):
        verdict = "holds"
    elif np.any(size - z_out * sds > margins):
        verdict = "fails"
    worst = int(np.argmax(size / margins))
    pulls = size / np.where(sds > 0, sds, np.inf)
    least = int(np.argmin((margins - size) / np.where(sds > 0, sds, np.inf)))
    note = (
        f"{differences.size} differences; largest of its margin {names[worst]}: {differences[worst]:.3g} "
        f"+- {sds[worst]:.2g} (margin {margins[worst]:g}); largest in sigma {names[int(np.argmax(pulls))]}: "
        f"{pulls.max():.1f}; least certain {names[least]}"
    )
    return Finding(
        verdict, float(size[worst] / margins[worst]), float(sds[worst] / margins[worst]), differences.size, note
    )
