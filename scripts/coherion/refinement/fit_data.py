"""What a refinement fits: points of G(r), their weights, and the grid on which they are independent."""

from __future__ import annotations

import numpy as np

from coherion.errors import InputError


class Weighting:
    """Turns a residual into one with unit covariance."""

    def __init__(self, sd: np.ndarray | None, covariance: np.ndarray | None) -> None:
        self.sd, self.factor = sd, None
        if covariance is not None:
            from scipy.linalg import cholesky

            self.factor = cholesky(covariance, lower=True)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        if self.factor is not None:
            from scipy.linalg import solve_triangular

            return solve_triangular(self.factor, values, lower=True, check_finite=False)
        if self.sd is not None:
            return (values.T / self.sd).T
        return values


def nyquist_grid(qmax: float, low: float, high: float) -> np.ndarray:
    """The multiples of pi/qmax (angstrom) in [low, high]: as many points as G(r) has independent values there."""
    step = np.pi / qmax
    return step * np.arange(np.ceil(low / step - 1e-9), np.floor(high / step + 1e-9) + 1)


def resample(r: np.ndarray, g: np.ndarray, points: np.ndarray) -> np.ndarray:
    """G(r) at other points by a cubic spline through the given ones, (n,) to (m,); it must be finely sampled."""
    from scipy.interpolate import CubicSpline

    return CubicSpline(r, g)(points)


def prepare(
    qmax: float,
    r: np.ndarray,
    g: np.ndarray,
    fit_range: tuple[float, float] | None,
    sd: np.ndarray | None,
    covariance: np.ndarray | None,
) -> tuple[np.ndarray, np.ndarray, Weighting]:
    """The points to fit, (n,) angstrom, their G(r), and their weighting: see :func:`refinement.refine`.

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
            return points, resample(r, g, points), Weighting(None, None)
        return r[inside], g[inside], Weighting(None, None)
    if covariance is not None:
        covariance = np.asarray(covariance, float)[np.ix_(inside, inside)]
        try:
            return r[inside], g[inside], Weighting(None, covariance)
        except np.linalg.LinAlgError as problem:
            raise InputError(
                "the covariance of G(r) is not positive definite",
                place="covariance",
                advice="give it on the Nyquist grid pi/qmax; finer points are not independent",
            ) from problem
    sd = np.asarray(sd, float)[inside]
    if not np.all(sd > 0):
        raise InputError("a standard deviation of G(r) is not positive", place="sd")
    return r[inside], g[inside], Weighting(sd, None)
