"""The rules by which a statement holds, fails or stays undecided; all thresholds are settings fixed beforehand.

A statement that something changes is judged by the interval of its slope, a statement that something does not
change by two one-sided tests against a margin (Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987) 657): 'not
significant' is no evidence of 'equal', so a poor measurement leaves the statement undecided.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.finding import Finding, Verdict
from coherion.statistics.regression import LinearFit, Undetermined, fit_linear, outliers, student_quantile, told_apart
from coherion.statistics.sensitivity import named

Array = NDArray[np.float64]


def by_interval(low: float, high: float, sign: int, negligible: tuple[float, float]) -> Verdict:
    """Verdict on 'the number has this sign' from its interval and a range of negligible values."""
    if sign * low > 0 and sign * high > 0:
        return "holds"
    if (sign * low < 0 and sign * high < 0) or (negligible[0] <= low and high <= negligible[1]):
        return "fails"
    return "undecided"


def different(x: Array, least: int, what: str) -> None:
    """Raise :class:`Undetermined` where x has fewer than ``least`` different values."""
    found = np.unique(told_apart(x)).size
    if found < least:
        raise Undetermined(f"{found} different values of the abscissa; {what} needs {least}")


def trend(
    x: Array,
    y: Array,
    y_sd: Array,
    sign: int,
    margin: float,
    settings: ClaimSettings,
    labels: Sequence[str] | None = None,
) -> Finding:
    """Does y (n,) change with x in the direction of ``sign``? The number is the slope.

    Fails where the slope has the other sign for certain, or the change over the range of x certainly stays within
    the margin. With the samples' ``labels`` outliers are named.

    Raises
    ------
    Undetermined
        If there are fewer than three values of x: any two heaps lie on a line.
    """
    different(x, 3, "a trend")
    fit = straight(x, y, y_sd)
    low, high = fit.interval(1, settings.confidence)
    span = float(np.ptp(x))
    verdict = by_interval(low, high, sign, (-margin / span, margin / span))
    note = f"interval {low:.4g} to {high:.4g}; scatter {fit.scatter:.3g}"
    if labels is not None:
        design = np.column_stack([np.ones(x.size), x - x.mean()])
        note += named(labels, outliers(design, y, y_sd, settings.significance), "")
    small = verdict == "fails" and low <= 0 <= high
    return Finding(verdict, float(fit.coefficients[1]), float(fit.standard_errors[1]), x.size, note, small)


def straight(x: Array, y: Array, y_sd: Array) -> LinearFit:
    """y = a + b (x - mean of x), with scatter."""
    return fit_linear(np.column_stack([np.ones(x.size), x - x.mean()]), y, y_sd)


def linear(
    x: Array,
    y: Array,
    y_sd: Array,
    sign: int,
    margin: float,
    settings: ClaimSettings,
    labels: Sequence[str] | None = None,
) -> Finding:
    """Does y change with x in one direction **and** in a straight line?

    The departure is the sagitta of a parabola over the range of x; it must certainly be smaller than
    ``linearity_fraction`` of the change (equivalence test), and fails where it is certainly larger.
    """
    different(x, 4, "a straight line and its departure")
    first = trend(x, y, y_sd, sign, margin, settings, labels)
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
    return Finding(verdict, first.value, first.error, x.size, note, first.small)


def kink(
    x: Array,
    y: Array,
    y_sd: Array,
    at: float,
    sign: int,
    margin: float,
    settings: ClaimSettings,
    labels: Sequence[str] | None = None,
) -> Finding:
    """Does the slope of y change at ``at``, by an amount of the given sign? The number is the change of slope.

    y = a + b x + c max(0, x - at): continuous, so a step counts as steep.
    """
    for side, where in (("up to", x <= at + 1e-9), ("beyond", x > at + 1e-9)):
        different(x[where], 2, f"a slope {side} {at:g}")
    beyond = np.maximum(0.0, x - at)
    design = np.column_stack([np.ones(x.size), x - x.mean(), beyond])
    fit = fit_linear(design, y, y_sd)
    low, high = fit.interval(2, settings.confidence)
    reach = float(beyond.max())
    verdict = by_interval(low, high, sign, (-margin / reach, margin / reach))
    note = (
        f"slope up to {at:g}: {fit.coefficients[1]:.4g} +- {fit.standard_errors[1]:.2g}; "
        f"change at {at:g}: {low:.4g} to {high:.4g}"
    )
    if labels is not None:
        note += named(labels, outliers(design, y, y_sd, settings.significance), "")
    small = verdict == "fails" and low <= 0 <= high
    return Finding(verdict, float(fit.coefficients[2]), float(fit.standard_errors[2]), x.size, note, small)


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
