"""Linear regression with exact abscissae: known measurement errors of the response plus scatter of its own.

    y_i = sum_k X_ik beta_k + delta_i + e_i,    delta_i ~ N(0, s^2),    e_i ~ N(0, sd_i^2)

``delta`` is what the samples differ in beyond the model and beyond the errors stated for them; s is estimated
by restricted maximum likelihood (Patterson and Thompson, Biometrika 58 (1971) 545), which for sd_i = 0 is the
usual residual standard deviation with n - p degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


class Undetermined(ValueError):
    """Data that are there and cannot determine what is asked of them; the text says why."""


@dataclass(frozen=True)
class LinearFit:
    """Coefficients (p,) of the design's columns, their covariance (p, p), scatter s, degrees of freedom n - p."""

    coefficients: Array
    covariance: Array
    scatter: float
    degrees_of_freedom: int
    residuals: Array

    @property
    def standard_errors(self) -> Array:
        """Standard errors (p,), square roots of the covariance's diagonal."""
        return np.sqrt(np.diag(self.covariance))

    def interval(self, index: int, confidence: float = 0.95) -> tuple[float, float]:
        """Two-sided interval of one coefficient from Student's t with n - p degrees of freedom.

        Exact where the scatter dominates, wider than necessary where the known errors do.
        """
        half = student_quantile(confidence, self.degrees_of_freedom) * float(self.standard_errors[index])
        centre = float(self.coefficients[index])
        return centre - half, centre + half


def told_apart(x: Array) -> Array:
    """x (n,), of any unit, in units of its largest and rounded: values that differ by rounding alone become one.

    A conductivity of 1e-10 S/cm is not zero.
    """
    return np.asarray(np.round(x / (np.max(np.abs(x), initial=0.0) or 1.0), 9), float)


def student_quantile(confidence: float, degrees_of_freedom: float) -> float:
    """Half width, in standard errors, of a two-sided interval of Student's t (normal for infinite freedom)."""
    from scipy.special import ndtri, stdtrit

    level = 0.5 + confidence / 2
    return float(ndtri(level) if np.isinf(degrees_of_freedom) else stdtrit(degrees_of_freedom, level))


def fit_linear(design: ArrayLike, y: ArrayLike, y_sd: ArrayLike | None = None) -> LinearFit:
    """Fit y = design @ beta with known standard deviations of y and further scatter of unknown size.

    Parameters
    ----------
    design
        Shape (n, p), n > p, of full rank.
    y, y_sd
        Shape (n,), in one unit; ``y_sd`` is zero where it is not given.

    Raises
    ------
    Undetermined
        If n <= p, or the columns are linearly dependent.
    ValueError
        If the shapes differ.
    """
    x = np.atleast_2d(np.asarray(design, float))
    response = np.asarray(y, float)
    n, p = x.shape
    known = np.zeros(n) if y_sd is None else np.broadcast_to(np.asarray(y_sd, float), (n,)) ** 2
    if response.shape != (n,):
        raise ValueError(f"design has {n} rows, y has shape {response.shape}")
    if n <= p:
        raise Undetermined(f"{n} points cannot determine {p} coefficients and a scatter")
    norms = np.linalg.norm(x, axis=0)
    if not np.all(norms > 0) or np.linalg.matrix_rank(x / norms) < p:
        raise Undetermined("columns of the design are linearly dependent")

    # QR keeps full precision where X'X would square the condition number (NIST's Longley problem).
    q, r = np.linalg.qr(x)
    plain = np.linalg.solve(r, q.T @ response)
    residuals = response - x @ plain
    largest = float(np.sqrt(np.sum(residuals**2) / (n - p)))
    if not known.any():
        inverse = np.linalg.inv(r)
        return LinearFit(plain, largest**2 * inverse @ inverse.T, largest, n - p, residuals)

    scatter = _restricted_scatter(x, response, known, largest)
    variance = known + scatter**2
    if not np.all(variance > 0):
        # Points claimed to be exact and a scatter of zero: the smallest scatter that keeps weights finite.
        scatter = max(scatter, 1e-9 * (largest + float(np.sqrt(known.max()))))
        variance = known + scatter**2
    root = 1 / np.sqrt(variance)
    q, r = np.linalg.qr(x * root[:, None])
    beta = np.linalg.solve(r, q.T @ (response * root))
    inverse = np.linalg.inv(r)
    return LinearFit(beta, inverse @ inverse.T, scatter, n - p, response - x @ beta)


def _restricted_scatter(x: Array, y: Array, known: Array, largest: float) -> float:
    """Scatter s >= 0 that minimises the restricted negative log-likelihood (grid, then golden section)."""
    from scipy.optimize import minimize_scalar

    if float(np.ptp(known)) <= 1e-9 * float(known.max()):
        # Alike errors need no search: the weights are equal, and the residual variance is the sum of the two.
        return float(np.sqrt(max(0.0, largest**2 - float(known.mean()))))
    floor = 1e-18 * (largest**2 + float(known.max()))

    def objectives(s: Array) -> Array:
        variance = known + s[:, None] ** 2 + floor
        root = 1 / np.sqrt(variance)
        q, r = np.linalg.qr(x * root[..., None])
        scaled = (y * root)[..., None]
        rest = scaled - q @ (np.swapaxes(q, 1, 2) @ scaled)
        volume = np.log(np.abs(np.diagonal(r, axis1=1, axis2=2)))
        return 0.5 * (np.log(variance).sum(axis=1) + (rest**2).sum(axis=(1, 2)) + 2 * volume.sum(axis=1))

    def objective(s: float) -> float:
        return float(objectives(np.array([s]))[0])

    # With unequal known errors the likelihood may have two minima: the grid finds the deeper one.
    grid = np.concatenate([[0.0], np.geomspace(1e-3, 3.0, 40) * largest])
    values = objectives(grid)
    best = int(np.argmin(values))
    low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
    if high <= low:
        return 0.0
    found = minimize_scalar(objective, bounds=(low, high), method="bounded", options={"xatol": 1e-6 * largest})
    return float(found.x) if found.fun < values[0] - 1e-9 else 0.0


def outliers(design: ArrayLike, y: ArrayLike, y_sd: ArrayLike, significance: float = 0.05) -> list[tuple[int, float]]:
    """Points that lie off what all others say of them, farthest first: index, and departure in the unit of y.

    The departure is from the fit without the point; its t, with n - p - 1 degrees of freedom, must be significant at
    the level divided by n (Cook and Weisberg, Residuals and Influence in Regression, 1982, section 2.2).

    Parameters
    ----------
    design, y, y_sd
        As for :func:`fit_linear`; fewer than p + 3 points have no outlier that could be told.
    """
    from scipy.special import stdtr

    x, response = np.atleast_2d(np.asarray(design, float)), np.asarray(y, float)
    n, p = x.shape
    if n < p + 3:
        return []
    fit = fit_linear(x, response, y_sd)
    variance = np.broadcast_to(np.asarray(y_sd, float), (n,)) ** 2 + fit.scatter**2
    root = 1 / np.sqrt(np.where(variance > 0, variance, 1.0))
    q, _ = np.linalg.qr(x * root[:, None])
    scaled = response * root
    rest = scaled - q @ (q.T @ scaled)
    free = np.maximum(1 - np.sum(q**2, axis=1), 1e-12)
    others = (rest @ rest - rest**2 / free) / (n - p - 1)
    # Scatter and stated errors are what the others differ by; no point is surer than its own stated error.
    known = (np.broadcast_to(np.asarray(y_sd, float), (n,)) * root) ** 2
    t = rest / np.sqrt(np.maximum(np.maximum(others, known), 1e-300) * free)
    certain = 2 * stdtr(n - p - 1, -np.abs(t)) * n < significance
    departures = rest / free / root
    return [(int(i), float(departures[i])) for i in np.argsort(-np.abs(t)) if certain[i]]
