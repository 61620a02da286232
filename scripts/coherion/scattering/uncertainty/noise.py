"""Ratio of variance and correlation of neighbouring points, measured in the smooth regions of a scan.

A position-sensitive detector's pattern is interpolated onto the 2theta grid: points share counts, so a point
scatters less than its counting statistics say, and together with its neighbours. Neither is written in the file.
Both are measured here: over short windows a cubic takes the pattern out, and what is left over is compared,
lag by lag, with what the cubic would leave of a given correlation (it takes some noise with it; the comparison
is exact in the mean). Windows with a peak fit badly and are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from coherion.messages import warn
from coherion.scattering.pattern import Pattern
from coherion.settings.stages.reduction import ReductionSettings

WINDOW = 32
"""Points per window: wide beside the correlation, narrow beside the structure of a smooth pattern."""
DEGREE = 3
MAX_LAG = 3
"""Interpolated channels of STOE's Mythen detector correlate up to here and no further."""
MIN_WINDOWS = 12
TAIL = 0.001
"""Fraction of smooth windows that the choice may lose."""
SMOOTH = 0.6
"""Below this fraction of smooth windows, remains of peaks are fitted too."""
PEAK_EQUATIONS = 9
PEAK_WIDTH = 5.0
"""Points; standard deviation of what a cubic leaves of peaks at usual steps and widths."""


@dataclass(frozen=True)
class NoiseCorrelation:
    """Covariance of points i and i + l in units of sd_i sd_(i+l).

    Attributes
    ----------
    ratios
        For lag l = 0, 1, ...: the ratio of variances, then the covariances; (1.0,) for independent points that
        scatter as stated. Shape (lags,).
    total_sd
        Standard deviation of :attr:`total`.
    windows
        Number of smooth windows they were measured in, 0 where they are assumed.
    smooth
        Fraction of the scan's windows that are smooth.
    """

    ratios: tuple[float, ...]
    total_sd: float
    windows: int
    smooth: float

    @property
    def total(self) -> float:
        """Variance of a sum of many points, in units of the stated one: what G(r) feels below some 500 angstrom.

        1 where counts are only moved between points.
        """
        return self.ratios[0] + 2 * sum(self.ratios[1:])


INDEPENDENT = NoiseCorrelation((1.0,), 0.0, 0, 0.0)


@lru_cache(maxsize=8)
def _operators(window: int, degree: int, lags: int, equations: int, structure: float | None):
    """What a cubic's residuals show of a given covariance.

    Returns the residual projector R, the Toeplitz matrices of unit covariance at lags 0..lags-1, and the expected
    lag products m = 0..equations-1 of the residuals for each of these and, last, for a smooth course that the
    cubic misses (a Gaussian of standard deviation ``structure`` points).
    """
    x = np.linspace(-1, 1, window)
    basis = np.linalg.qr(np.polynomial.chebyshev.chebvander(x, degree))[0]
    residual = np.eye(window) - basis @ basis.T
    toeplitz = [np.eye(window, k=lag) + (np.eye(window, k=-lag) if lag else 0) for lag in range(lags)]
    parts = list(toeplitz)
    if structure is not None:
        distance = np.subtract.outer(np.arange(window), np.arange(window))
        parts.append(np.exp(-0.5 * (distance / structure) ** 2))
    left = [residual @ part @ residual for part in parts]
    expected = np.array([[np.trace(made, offset=m) for made in left] for m in range(equations)])
    return residual, np.array(toeplitz), expected


def measured_correlation(intensity: NDArray[np.float64], sd: NDArray[np.float64]) -> NoiseCorrelation:
    """Measure how points of a scan scatter about its smooth course.

    Where most of the scan has peaks, what remains of them in the chosen windows is fitted as a further, smooth
    contribution: it is known by its reach, which exceeds that of an interpolation.

    Parameters
    ----------
    intensity, sd
        Points equidistant in the detector's angle, and their stated standard deviations, shape (n,).

    Returns
    -------
    NoiseCorrelation
        :data:`INDEPENDENT` where fewer than 12 windows of 32 points are smooth.
    """
    usable = len(intensity) // WINDOW
    y = intensity[: usable * WINDOW].reshape(usable, WINDOW)
    s = sd[: usable * WINDOW].reshape(usable, WINDOW)
    counted = (s > 0).all(axis=1) & (y != 0).any(axis=1)
    if np.count_nonzero(counted) < MIN_WINDOWS:
        return INDEPENDENT
    # Where a window is smooth its sd hardly changes; dividing by the mean keeps a cubic a cubic.
    scaled = y[counted] / s[counted].mean(axis=1, keepdims=True)
    found = _fit(scaled, MAX_LAG + 1, None)
    if found.smooth < SMOOTH:
        found = _fit(scaled, PEAK_EQUATIONS, PEAK_WIDTH)
    return found


def _fit(scaled: NDArray[np.float64], equations: int, structure: float | None) -> NoiseCorrelation:
    """Choose the smooth windows and solve for the ratios, in turns until the choice stands."""
    from scipy.special import chdtri  # inverse of the upper tail of chi squared

    lags = MAX_LAG + 1
    residual, toeplitz, expected = _operators(WINDOW, DEGREE, lags, equations, structure)
    left = scaled @ residual
    products = np.stack([np.einsum("wi,wi->w", left[:, : WINDOW - m], left[:, m:]) for m in range(equations)], axis=1)
    weights = 1 / np.sqrt(WINDOW - np.arange(equations))[:, None]
    inverse = np.linalg.pinv(expected * weights) * weights.T
    without = np.linalg.pinv(expected[:, :lags] * weights) * weights.T
    ratios = np.eye(1, lags)[0]
    kept = None
    for _ in range(20):
        # The sum of squares of residuals is nearly chi^2 of so many degrees of freedom times a factor.
        spread = residual @ np.tensordot(ratios, toeplitz, axes=1)
        first, second = np.trace(spread), np.einsum("ij,ji->", spread, spread)
        freedom = first**2 / second
        # A quarter of the windows, at least, is taken for smooth; their scale starts the choice.
        factor = np.quantile(products[:, 0], 0.25) / chdtri(freedom, 0.75) if kept is None else second / first
        chosen = products[:, 0] <= factor * chdtri(freedom, TAIL)
        if kept is not None and (chosen == kept).all():
            break
        kept = chosen
        if np.count_nonzero(kept) < MIN_WINDOWS:
            return INDEPENDENT
        used = inverse
        solved = used @ products[kept].mean(axis=0)
        if structure is not None and solved[-1] < 0:
            used = without
            solved = used @ products[kept].mean(axis=0)
        ratios = solved[:lags]
        if ratios[0] <= 0:
            return INDEPENDENT
    assert kept is not None
    count = int(np.count_nonzero(kept))
    scatter = (used @ np.cov(products[kept].T) @ used.T)[:lags, :lags] / count
    total = np.full(lags, 2.0)
    total[0] = 1.0
    ratios = _as_covariance(ratios)
    return NoiseCorrelation(tuple(ratios.tolist()), float(np.sqrt(total @ scatter @ total)), count, count / len(scaled))


def _as_covariance(ratios: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ratios whose spectrum is nowhere negative: the correlations are shrunk as far as that needs."""
    frequency = np.linspace(0, np.pi, 129)
    correlated = 2 * np.cos(np.outer(frequency, np.arange(1, len(ratios)))) @ ratios[1:]
    lowest = float(correlated.min())
    shrink = min(1.0, 0.999 * ratios[0] / -lowest) if lowest < 0 else 1.0
    return np.concatenate([ratios[:1], shrink * ratios[1:]])


def noise_of(
    sample: Pattern, background: Pattern | None, settings: ReductionSettings
) -> tuple[NoiseCorrelation, NoiseCorrelation | None]:
    """How the points of sample and background scatter about their means, and together.

    Counts of one detector on one grid correlate alike, so the background, smooth over all its range, tells of
    both. Other intensities have standard deviations of their own making, and each scan tells of itself.
    """
    if settings.noise_correlation == "none" or not settings.covariance:
        noise = INDEPENDENT
        return noise, None if background is None else noise
    if background is None:
        return _measured(sample), None
    empty = _measured(background)
    alike = sample.kind != "arbitrary" and abs(background.step / sample.step - 1) < 1e-2
    if alike and empty.smooth >= SMOOTH:
        return empty, empty
    filled = _measured(sample)
    if alike:
        best = max(filled, empty, key=lambda noise: noise.smooth)
        return best, best
    return filled, empty


def _measured(pattern: Pattern) -> NoiseCorrelation:
    found = measured_correlation(pattern.intensity, pattern.intensity_sd)
    if not found.windows and not pattern.stated:
        warn(
            f"{pattern.name} states no standard deviations and has too few smooth regions to measure them: "
            "intensities are taken for counts"
        )
    return found
