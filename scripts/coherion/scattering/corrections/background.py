"""How much of the background a sample's pattern holds: given, from counting times, or estimated.

The estimate reads the pattern between its reflections. There the sample itself scatters smoothly (Compton and
thermal diffuse scattering, fluorescence), the glass with its halo near Q = 1.5 and its weaker rings: the scale is
what fits the pattern's lower envelope by the background and smooth, positive curves. Points above the fit are
reflections and are left out until the choice stands.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.atoms.composition import parse_formula
from coherion.errors import InputError
from coherion.messages import warn
from coherion.scattering.corrections.laboratory import Corrections
from coherion.scattering.form_factors import FormFactorAverages
from coherion.scattering.pattern import Pattern
from coherion.settings.stages.reduction import ReductionSettings

Array = NDArray[Any]

DIFFUSE_WIDTHS = (0.004, 0.02, 0.1)
"""Mean-square displacements u^2 in angstrom^2 of the diffuse curves <f^2>(1 - exp(-u^2 Q^2))."""
FEWEST = 50
SMOOTHING = 21
"""Points over which the background is averaged before it is fitted: its own noise would lower the scale."""
MODEL_ERROR = 0.07
"""Relative error of the curves themselves, from simulated patterns of known scale."""
TOLERANCE = 2.5
EXPECTILE = 1e-4
"""Weight of a point above the fit beside one below it."""


@dataclass(frozen=True)
class BackgroundScale:
    """Scale of the background, its standard deviation, and where it comes from.

    Attributes
    ----------
    value, sd
        Dimensionless.
    reason
        One line for the reader of the result.
    """

    value: float
    sd: float
    reason: str


NO_BACKGROUND = BackgroundScale(0.0, 0.0, "no background")


def background_scales(
    settings: ReductionSettings,
    patterns: Sequence[Pattern],
    corrected: Sequence[Array],
    sd: Array,
    q: Array,
    corrections: Corrections,
    noise_total: float,
) -> tuple[list[BackgroundScale], Array]:
    """The scales as the settings want them, given, from the counting times, or estimated, and their covariance.

    Those that are estimated are so together, from what the others leave of the sample.

    Parameters
    ----------
    patterns, corrected
        Sample and backgrounds; their intensities on the grid after the corrections, shape (n,).
    sd
        Standard deviation of the corrected sample, shape (n,).
    q
        1/angstrom, shape (n,).
    noise_total
        See :func:`estimated_scales`.

    Raises
    ------
    InputError
        If a counting time is needed and not known.
    """
    sample, *empty = patterns
    wanted = [settings.background_scale, *settings.further_background_scales][: len(empty)]
    scales = [
        scale_of_times(sample, one)
        if scale == "time"
        else BackgroundScale(float(scale), 0.0, "given")
        if scale != "estimate"
        else NO_BACKGROUND
        for scale, one in zip(wanted, empty, strict=True)
    ]
    covariance = np.zeros((len(empty), len(empty)))
    if open_ := [k for k, scale in enumerate(wanted) if scale == "estimate"]:
        incoherent = corrections.compton
        if not incoherent.any():
            from coherion.scattering.corrections.compton import compton_intensity

            # Without a wavelength the recoil, a few per cent of it, is left out.
            wavelength = sample.wavelength or 1e-6
            incoherent = compton_intensity(parse_formula(settings.composition), q, wavelength)
        left = corrected[0] - sum(s.value * one for s, one in zip(scales, corrected[1:], strict=True) if s.value)
        found, covariance[np.ix_(open_, open_)] = estimated_scales(
            left, [corrected[k + 1] for k in open_], sd, q, corrections.averages, incoherent, noise_total=noise_total
        )
        for k, one in zip(open_, found, strict=True):
            scales[k] = one
    return scales, covariance


def scale_of_times(sample: Pattern, background: Pattern) -> BackgroundScale:
    """The scale that the counting times of both say, 1 for counting rates.

    Raises
    ------
    InputError
        If a counting time is not known.
    """
    if sample.kind != "counts":
        return BackgroundScale(1.0, 0.0, "counting rates need no scale for the time")
    times = sample.time_per_point, background.time_per_point
    if times[0] is None or times[1] is None:
        raise InputError(
            "background_scale is time, but a counting time is not known",
            place=f"{sample.name if times[0] is None else background.name}, key background_scale",
            advice="state time_per_point_s in the table of scans or give the scale",
        )
    return BackgroundScale(times[0] / times[1], 0.0, f"counting times {times[0]:g} s and {times[1]:g} s")


def estimated_scales(
    sample: Array,
    backgrounds: Sequence[Array],
    sd: Array,
    q: Array,
    averages: FormFactorAverages,
    compton: Array,
    *,
    noise_total: float = 1.0,
) -> tuple[list[BackgroundScale], Array]:
    """Scales of the backgrounds from the sample's lower envelope.

    Parameters
    ----------
    sample, backgrounds
        Intensities after the same corrections, shape (n,).
    sd
        Standard deviation of the sample, shape (n,).
    q
        1/angstrom, shape (n,).
    averages
        Form factors of the sample.
    compton
        Shape of the sample's incoherent scattering, any unit, shape (n,).
    noise_total
        Variance of a sum of points in units of the stated one (:attr:`noise.NoiseCorrelation.total`).

    Returns
    -------
    list of BackgroundScale
        With standard deviations that include how badly the smooth curves fit.
    array
        Covariance of the scales, shape (k, k).
    """
    count = len(backgrounds)
    curves = [*map(smoothed, backgrounds), np.ones_like(q), compton, averages.square_mean - averages.mean_squared]
    curves += [averages.square_mean * -np.expm1(-width * q**2) for width in DIFFUSE_WIDTHS]
    design = np.column_stack(curves)
    design /= np.maximum(np.abs(design).max(axis=0), 1e-300)
    weights = 1 / np.maximum(sd, max(float(np.median(sd)) * 1e-3, 1e-300))
    weighted, target = design * weights[:, None], sample * weights
    per_unit = np.array([1 / max(float(np.abs(one).max()), 1e-300) for one in backgrounds])
    values, covariance, used, chi_squared = _foot(weighted, target, TOLERANCE, noise_total, count)
    # What cannot be known is how well the smooth curves hold; other choices of points tell how much hangs on it.
    variants = [_foot(weighted, target, tolerance, noise_total, count)[0] for tolerance in (1.5, 4.0)]
    variants += [
        _foot(weighted[part], target[part], TOLERANCE, noise_total, count)[0]
        for part in (q <= np.quantile(q, 0.7), q <= np.quantile(q, 0.85))
    ]
    apart = np.array(variants) - values
    covariance = covariance + apart.T @ apart / len(variants) + np.diag((MODEL_ERROR * values) ** 2)
    share = 100 * np.count_nonzero(used) / len(used)
    if share < 10:
        warn(
            f"background scale estimated from {share:.0f} % of the points only: the pattern is nearly all "
            "reflections; give background_scale"
        )
    reason = f"estimated between the reflections ({share:.0f} % of the points), reduced chi squared {chi_squared:.3g}"
    sds = np.sqrt(np.diag(covariance)) * per_unit
    scales = [BackgroundScale(float(v), float(sd), reason) for v, sd in zip(values * per_unit, sds, strict=True)]
    return scales, covariance * np.outer(per_unit, per_unit)


def smoothed(values: Array, points: int = SMOOTHING) -> Array:
    """Running mean; at the ends over what there is."""
    window = np.ones(points)
    return np.convolve(values, window, "same") / np.convolve(np.ones_like(values), window, "same")


def _foot(
    weighted: Array, target: Array, tolerance: float, noise_total: float, count: int
) -> tuple[Array, Array, NDArray[np.bool_], float]:
    """Fit the foot of the reflections: first coefficients, their covariance, the points used, reduced chi squared."""
    from scipy.optimize import nnls

    # First an expectile: points above the fit hardly count, so it settles below the reflections.
    emphasis = np.ones(len(target))
    for _ in range(50):
        solved, _ = nnls(weighted * emphasis[:, None], target * emphasis)
        changed = np.where(target > weighted @ solved, np.sqrt(EXPECTILE), 1.0)
        if (changed == emphasis).all():
            break
        emphasis = changed
    # Then least squares of the points that belong to the foot, as far above as others lie below.
    used = np.zeros(len(target), dtype=bool)
    for _ in range(30):
        residual = target - weighted @ solved
        below = residual[residual < 0]
        spread = max(float(np.sqrt(np.mean(below**2))) if len(below) else 0.0, 1.0)
        chosen = residual < max(tolerance * spread, float(np.partition(residual, FEWEST)[FEWEST]))
        if (chosen == used).all():
            break
        used = chosen
        solved, _ = nnls(weighted[used], target[used])
    active = solved > 0
    active[:count] = True
    matrix = weighted[used][:, active]
    left = target[used] - weighted[used] @ solved
    square = max(float(left @ left), 1e-300)
    chi_squared = square / max(len(left) - int(active.sum()), 1)
    # Misfit of the curves is smooth: its neighbours agree, and it counts as fewer points than there are.
    lag = float(left[1:] @ left[:-1]) / square
    inflation = max((1 + lag) / max(1 - lag, 1e-2), noise_total)
    covariance = np.linalg.pinv(matrix.T @ matrix) * chi_squared * inflation
    return solved[:count], covariance[:count, :count], used, chi_squared


def warn_if_brighter(net: Array, sample: Array, background: Array, sd: Array, q: Array) -> None:
    """Warn where the scaled background exceeds the sample by more than noise.

    Parameters
    ----------
    net, sample, background
        Difference, sample, and background times its scale, shape (n,).
    sd
        Standard deviation of the difference, shape (n,).
    q
        1/angstrom, shape (n,).
    """
    brighter = net < -3 * sd
    count = int(np.count_nonzero(brighter))
    if count > max(0.005 * len(q), 3):
        # Less than a background is never measured over a whole scan.
        advice = "are the two interchanged?" if count > 0.9 * len(q) else "lower background_scale"
        worst = int(np.argmin(np.where(brighter, net / np.maximum(sample, 1e-300), 0)))
        warn(
            f"the scaled background is brighter than the sample at {count} of {len(q)} points, Q = "
            f"{q[brighter].min():.3g} to {q[brighter].max():.3g} 1/angstrom: at Q = {q[worst]:.3g} sample "
            f"{sample[worst]:.4g}, background {background[worst]:.4g}; {advice}"
        )
