"""What a refinement fits: the points of G(r) that are independent, with what is known of their errors."""

from __future__ import annotations

import numpy as np

from coherion.errors import InputError
from coherion.messages import warn
from coherion.refinement.least_squares.weights import FitData, Target, Weighting, unmeasured
from coherion.refinement.observed import Observed, check_range

# How far below zero rounding may bring an eigenvalue of a covariance, in units of the largest.
NEGATIVE = 1e-4


def nyquist_grid(qmax: float, low: float, high: float) -> np.ndarray:
    """The multiples of pi/qmax (angstrom) in [low, high]: as many points as G(r) has independent values there."""
    step = np.pi / qmax
    return step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)


def resample(r: np.ndarray, g: np.ndarray, points: np.ndarray) -> np.ndarray:
    """G(r) at other points by a cubic spline through the given ones, (n,) to (m,); it must be finely sampled."""
    from scipy.interpolate import CubicSpline

    return CubicSpline(r, g)(points)


def target_of(
    qmax: float,
    r: np.ndarray,
    g: np.ndarray,
    fit_range: tuple[float, float] | None,
    sd: np.ndarray | None,
    covariance: np.ndarray | None,
) -> Target:
    """The points to fit and their weights: see :func:`coherion.refinement.refine.refine`.

    Raises
    ------
    InputError
        If the data are not finite and in order, the range lies outside them, or their errors are not errors.
    """
    r, g = np.asarray(r, float), np.asarray(g, float)
    if r.ndim != 1 or r.shape != g.shape or r.size < 2 or not np.all(np.diff(r) > 0):
        raise InputError("r and G(r) must be equally long and r must increase", place="r")
    if not (np.all(np.isfinite(r)) and np.all(np.isfinite(g))):
        raise InputError("the data hold values that are not finite", place="G(r)")
    low, high = (r[0], r[-1]) if fit_range is None else fit_range
    slack = 0.51 * float(np.median(np.diff(r)))
    if low < r[0] - slack or high > r[-1] + slack or not low < high:
        raise InputError(
            "the fit range lies outside the data",
            place="fit range",
            found=f"{low:g} to {high:g} angstrom",
            expected=f"within {r[0]:g} to {r[-1]:g}",
        )
    inside = (r >= low - 1e-9) & (r <= high + 1e-9)
    if sd is None and covariance is None:
        nyquist = np.pi / qmax
        if np.median(np.diff(r)) < 0.75 * nyquist:
            points = nyquist_grid(qmax, max(low, r[0], 0.5 * nyquist), min(high, r[-1]))
            return Target(points, resample(r, g, points), Weighting())
        return Target(r[inside], g[inside], Weighting())
    if covariance is not None:
        covariance = np.asarray(covariance, float)[np.ix_(inside, inside)]
        return Target(r[inside], g[inside], Weighting.of(covariance))
    sd = np.asarray(sd, float)[inside]
    if not np.all(sd > 0):
        raise InputError("a standard deviation of G(r) is not positive", place="sd")
    return Target(r[inside], g[inside], Weighting(sd, absolute=True))


def fit_data(observed: Observed, fit_range: tuple[float, float], weights: str = "auto") -> FitData:
    """The independent points of G(r) in a range, with the weights asked for.

    ``auto`` takes the covariance, else the standard uncertainties, else unit weights. The points are the data's own
    Nyquist grid or multiples of pi/Qmax.

    Raises
    ------
    InputError
        If the range lies outside the data, or weights are asked for that the data do not have.
    """
    check_range(observed, fit_range)
    sd, covariance = observed.sd, _usable_covariance(observed, weights)
    have = {
        "covariance": covariance is not None,
        "sd": sd is not None and bool(np.all(sd[observed.r > 0] > 0)),
        "unit": True,
    }
    chosen = next(kind for kind in have if have[kind]) if weights == "auto" else weights
    if not have[chosen]:
        raise InputError(
            f"G(r) has no {'covariance' if chosen == 'covariance' else 'standard uncertainties'}",
            file=observed.file,
            place="key weights",
            found=weights,
            advice="set weights to auto or unit",
        )
    low, high = fit_range
    own = covariance is not None and chosen != "sd"
    grid = np.asarray(observed.nyquist) if own else nyquist_grid(observed.qmax, np.pi / observed.qmax, high)
    inside = (grid >= low - 1e-9) & (grid <= high + 1e-9) & (grid >= observed.r[0]) & (grid <= observed.r[-1])
    r, noise = grid[inside], None
    if own:
        noise = np.asarray(covariance)[np.ix_(inside, inside)]
    elif have["sd"]:
        noise = np.diag(np.interp(r, observed.r, np.asarray(sd)) ** 2)
    band = unmeasured(r, observed.qmin) if observed.qmin > 0 else None
    kept = own and observed.g_nyquist is not None
    g = np.asarray(observed.g_nyquist)[inside] if kept else resample(observed.r, observed.g, r)
    return FitData(r, g, noise, band, chosen)


def _usable_covariance(observed: Observed, weights: str) -> np.ndarray | None:
    """The covariance of G(r) if it is one and wanted; what is none is refused where it was asked for, else told."""
    covariance = observed.covariance
    if covariance is None or weights not in ("auto", "covariance"):
        return covariance
    negative = negative_direction(covariance)
    if negative and weights == "covariance":
        raise InputError("the covariance of G(r) is none", file=observed.file, place="pdf_covariance", found=negative)
    if negative:
        warn(f"{observed.file}: pdf_covariance is no covariance ({negative}) and is not used")
        return None
    return covariance


def negative_direction(covariance: np.ndarray) -> str | None:
    """What is wrong with a matrix (n, n) that should be a covariance, such as a negative variance; None if nothing."""
    if not np.all(np.isfinite(covariance)):
        return "it holds values that are not finite"
    from scipy.linalg import LinAlgError, cholesky

    even = (covariance + covariance.T) / 2
    largest = float(np.max(np.diag(even), initial=0.0))
    try:
        # The largest eigenvalue is no less than the largest variance, and a Cholesky factor is found much sooner than
        # eigenvalues: where there is one of the matrix with that on its diagonal, none is too negative.
        cholesky(even + NEGATIVE * largest * np.eye(len(even)), lower=True, check_finite=False)
        return None
    except LinAlgError:
        values = np.linalg.eigvalsh(even)
    if values[0] < -NEGATIVE * max(values[-1], 0.0):
        return f"its least eigenvalue is {values[0]:.3g}, its largest {values[-1]:.3g}"
    return None
