"""Straight lines with errors in both axes: York's (no scatter) and one with scatter of its own.

Scatter. The samples need not lie on the line even without measurement errors; the model is the normal
structural one (Fuller, Measurement Error Models, 1987, ch. 2; Kelly, Astrophys. J. 665 (2007) 1489 with a
single normal component):

    xi_i  ~ N(Z_i gamma, tau^2)                 the true abscissa
    eta_i ~ N(Z_i theta + b xi_i, s^2)          the true ordinate, s the scatter
    (x_i, y_i) ~ N((xi_i, eta_i), C_i)          measured, C_i known, correlation allowed

Z is a column of ones (a line), or holds further exact regressors (composition). With xi and eta integrated out
the pair (x_i, y_i) is normal with mean (Z gamma, Z (theta + b gamma)) and covariance
[[tau^2, b tau^2], [b tau^2, b^2 tau^2 + s^2]] + C_i; (gamma, theta) are solved for linearly and (b, tau, s)
maximised numerically.

What is known of its errors: s^2 comes out low by about (n - p)/n, as every maximum-likelihood variance does; the
intervals allow for it. b is consistent where the xi are not normal as long as the C_i are alike. The simpler
likelihood with a uniform prior of xi (effective variance, D'Agostini, arXiv:physics/0511182) pulls b towards zero
and is used only to compare curves (:mod:`coherion.statistics.readings`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coherion.statistics.regression import Undetermined, student_quantile

Array = NDArray[np.float64]


# Both variances stay above a billionth of the variance of the data (standardised to one), so that exact points
# cannot make the density infinite.
LEAST = 1e-9


@dataclass(frozen=True)
class YorkLine:
    """y = intercept + slope x without scatter; covariance (2, 2) in that order, not scaled by chi-squared."""

    intercept: float
    slope: float
    covariance: Array
    chi_squared: float
    degrees_of_freedom: int


@dataclass(frozen=True)
class StructuralLine:
    """y = Z coefficients + slope x + scatter.

    ``coefficients`` (k,) belong to the columns of Z (the intercept first), ``covariance`` (k + 1, k + 1) has the
    slope last and is the inverse observed information times n/(n - k - 1); it is NaN where the data cannot
    determine it. ``spread`` is tau, ``covariates`` is Z.
    """

    coefficients: Array
    slope: float
    covariance: Array
    scatter: float
    spread: float
    log_likelihood: float
    n: int
    _problem: _Problem

    @property
    def intercept(self) -> float:
        """Coefficient of the column of ones."""
        return float(self.coefficients[0])

    @property
    def slope_sd(self) -> float:
        """Standard error of the slope."""
        return float(np.sqrt(self.covariance[-1, -1]))

    @property
    def degrees_of_freedom(self) -> int:
        """n less the coefficients of the ordinate."""
        return self.n - len(self.coefficients) - 1

    def drop(self, slope: float) -> float:
        """Twice the log-likelihood lost when the slope is held at a value and all else is fitted again."""
        problem = self._problem
        return max(0.0, 2 * (problem.profile(slope / problem.slope_unit)[0] - problem.best))

    def slope_interval(self, confidence: float = 0.95) -> tuple[float, float]:
        """Profile interval of the slope; an end is infinite where the likelihood never falls far enough.

        All slopes whose :meth:`drop` is at most n ln(1 + t^2/(n - p)), t Student's quantile: exact for exact
        abscissae and unknown scatter, conservative where the known errors dominate (there chi-squared with one
        degree of freedom would do).
        """
        t = student_quantile(confidence, self.degrees_of_freedom)
        limit = self.n * float(np.log1p(t**2 / self.degrees_of_freedom))
        return self._end(limit, -1.0), self._end(limit, 1.0)

    def mean(self, x: ArrayLike, covariates: ArrayLike | None = None) -> tuple[Array, Array]:
        """The line and its standard error at true abscissae x, shape (m,), with Z of shape (m, k)."""
        at = np.atleast_1d(np.asarray(x, float))
        z = np.ones((at.size, 1)) if covariates is None else np.asarray(covariates, float)
        rows = np.column_stack([z, at])
        value = rows @ np.append(self.coefficients, self.slope)
        return value, np.sqrt(np.einsum("ij,jk,ik->i", rows, self.covariance, rows))

    def _end(self, limit: float, side: float) -> float:
        from scipy.optimize import brentq

        problem = self._problem
        tau2, s2 = problem.best_variances
        # About where the end is if the abscissae are exact.
        reach = 1.1 * np.sqrt(limit * (s2 + float(problem.cyy.mean())) / (self.n * tau2))
        inner, step = self.slope / problem.slope_unit, float(np.clip(reach, 1e-3, 0.25))
        while True:
            outer = inner + side * step
            value, variances = problem.profile(outer)
            if 2 * (value - problem.best) >= limit:
                break
            inner, step = outer, 2 * step
            # Beyond, in units of the data's own spreads, the likelihood is flat: x says nothing of y there.
            if step > 250:
                return side * float("inf")

        def excess(slope: float) -> float:
            # The root of the loss is nearly straight, which is what the search likes.
            lost = 2 * (problem.profile(slope, variances)[0] - problem.best)
            return float(np.sqrt(max(lost, 0.0)) - np.sqrt(limit))

        # From other variances the inner end may be found a rounding error outside.
        low, high = sorted((inner, outer))
        if excess(inner) >= 0:
            return inner * problem.slope_unit
        return float(brentq(excess, low, high, xtol=1e-5)) * problem.slope_unit


class _Problem:
    """The structural likelihood in standardised units, its maximum, and its profile over the slope."""

    def __init__(self, x: Array, y: Array, x_sd: Array, y_sd: Array, covariance: Array, z: Array) -> None:
        self.x_centre, self.y_centre = float(x.mean()), float(y.mean())
        self.x_unit, self.y_unit = float(x.std()) or 1.0, float(y.std()) or 1.0
        self.x, self.y = (x - self.x_centre) / self.x_unit, (y - self.y_centre) / self.y_unit
        self.cxx, self.cyy = (x_sd / self.x_unit) ** 2, (y_sd / self.y_unit) ** 2
        self.cxy = covariance / (self.x_unit * self.y_unit)
        self.z = z
        self.flat = (z[:, :, None] * z[:, None, :]).reshape(z.shape[0], -1).T
        self.slope_unit = self.y_unit / self.x_unit
        q, _ = np.linalg.qr(z)
        self.x_left, self.y_left = self.x - q @ (q.T @ self.x), self.y - q @ (q.T @ self.y)
        self.best = np.inf
        self.best_variances = np.array([1.0, 0.1])
        self.best_slope = 0.0

    def solve(self, slope: float, tau2: float, s2: float) -> tuple[float, Array, Array, Array]:
        """Negative log-likelihood with gamma and delta = theta + b gamma (each (k,)) solved for.

        Also its gradient by (b, tau^2, s^2): the means (Z gamma, Z delta) do not depend on them, so only the
        derivatives of the covariances enter.
        """
        vxx = tau2 + self.cxx
        vxy = slope * tau2 + self.cxy
        vyy = slope**2 * tau2 + s2 + self.cyy
        determinant = vxx * vyy - vxy**2
        wxx, wxy, wyy = vyy / determinant, -vxy / determinant, vxx / determinant
        k = self.z.shape[1]
        weighted = self.flat @ np.stack([wxx, wxy, wyy], axis=1)
        matrix = np.empty((2 * k, 2 * k))
        matrix[:k, :k] = weighted[:, 0].reshape(k, k)
        matrix[:k, k:] = matrix[k:, :k] = weighted[:, 1].reshape(k, k)
        matrix[k:, k:] = weighted[:, 2].reshape(k, k)
        right = np.concatenate([(wxx * self.x + wxy * self.y) @ self.z, (wxy * self.x + wyy * self.y) @ self.z])
        found = np.linalg.solve(matrix, right)
        gamma, delta = found[:k], found[k:]
        dx, dy = self.x - self.z @ gamma, self.y - self.z @ delta
        ux, uy = wxx * dx + wxy * dy, wxy * dx + wyy * dy
        value = 0.5 * float(np.sum(np.log(determinant)) + ux @ dx + uy @ dy) + len(dx) * np.log(2 * np.pi)
        # d/dv = (trace(W dV) - u' dV u)/2 with u = W d, for dV = [[0, 1], [1, 0]] and so on.
        xx, xy, yy = float(np.sum(wxx - ux * ux)), float(np.sum(wxy - ux * uy)), float(np.sum(wyy - uy * uy))
        gradient = np.array([tau2 * (xy + slope * yy), 0.5 * (xx + 2 * slope * xy + slope**2 * yy), 0.5 * yy], float)
        return value, gamma, delta, gradient

    def profile(self, slope: float, start: Array | None = None) -> tuple[float, Array]:
        """Negative log-likelihood at one slope, maximised over (tau^2, s^2) from a start, or from two by default."""

        def value(v: Array) -> tuple[float, Array]:
            found = self.solve(slope, v[0], v[1])
            return found[0], found[3][1:]

        if start is not None:
            # What the scatter is if only the means of the errors count: next to the maximum where they are alike.
            rest = float(np.mean((self.y_left - slope * self.x_left) ** 2))
            scatter = rest - float(self.cyy.mean()) - slope**2 * float(self.cxx.mean())
            return self._search(value, np.array([start[0], scatter if scatter > 1e-6 else start[1]]))
        first = self.best_variances
        # A second start, far from the first: at a distant slope the scatter takes over what the line explained.
        second = np.array([first[0], first[1] + 0.5 * (slope - self.best_slope) ** 2])
        return min((self._search(value, guess) for guess in (first, second)), key=lambda found: found[0])

    def maximise(self) -> None:
        """Find the maximum from several slopes: regression of y on x, of x on y, and between."""

        def value(v: Array) -> tuple[float, Array]:
            found = self.solve(v[0], v[1], v[2])
            return found[0], found[3]

        x, y = self.x_left, self.y_left
        xx, xy, yy = float(x @ x), float(x @ y), float(y @ y)
        forward = xy / xx if xx else 0.0
        inverse = yy / xy if abs(xy) > 1e-3 * np.sqrt(xx * yy) else 2 * forward
        n = len(x)
        starts = [forward, 0.5 * (forward + inverse), float(np.clip(inverse, -20, 20))]
        # Where x is hardly in error this is a regression of y on x, with one maximum.
        for slope in starts[:1] if float(self.cxx.max()) < 1e-3 * xx / n else starts:
            rest = float(np.sum((y - slope * x) ** 2)) / n
            tau2 = max(xx / n - float(self.cxx.mean()), 0.1 * xx / n, 1e-6)
            best, where = self._search(value, np.array([slope, tau2, max(0.5 * rest, 1e-6)]))
            if best < self.best:
                self.best, self.best_slope, self.best_variances = best, float(where[0]), where[1:].copy()

    @staticmethod
    def _search(value: Callable[[Array], tuple[float, Array]], start: Array) -> tuple[float, Array]:
        """Minimum of a function with gradient; the last two parameters are variances with a lower bound."""
        from scipy.optimize import Bounds, minimize

        variances = np.maximum(start[-2:], 1e-6)
        # In units of the variances at the start, and of the error of a slope that they make, all curvatures are alike.
        unit = np.concatenate([np.full(len(start) - 2, np.sqrt(variances[1] / variances[0])), variances])
        free = [-np.inf] * (len(start) - 2)
        bounds = Bounds(np.array([*free, *(LEAST / variances)]), np.full(len(start), np.inf))

        def scaled(w: Array) -> tuple[float, Array]:
            found, gradient = value(w * unit)
            return found, gradient * unit

        begin = np.concatenate([start[:-2], variances]) / unit
        options: Any = {"ftol": 1e-12, "gtol": 1e-7, "maxiter": 300}
        found: Any = minimize(scaled, begin, jac=True, method="L-BFGS-B", bounds=bounds, options=options)
        return float(found.fun), np.maximum(found.x * unit, [*free, LEAST, LEAST])

    def covariance(self) -> Array:
        """Covariance of (theta, b) in standardised units from the observed information; NaN if singular."""
        _, gamma, delta, _ = self.solve(self.best_slope, *self.best_variances)
        theta = delta - self.best_slope * gamma
        k = len(theta)
        tau2, s2 = self.best_variances
        # A variance at its bound is no free parameter of the local quadratic form.
        free = [v > 1e-6 for v in (tau2, s2)]
        centre = np.concatenate([theta, [self.best_slope], gamma, np.log(self.best_variances)[free]])

        def value(p: Array) -> float:
            variances = self.best_variances.copy()
            variances[free] = np.exp(p[2 * k + 1 :])
            return self._full(p[:k], p[k], p[k + 1 : 2 * k + 1], *variances)

        information = _hessian(value, centre)
        try:
            np.linalg.cholesky(information)
            return np.asarray(np.linalg.inv(information)[: k + 1, : k + 1], float)
        except np.linalg.LinAlgError:
            return np.full((k + 1, k + 1), np.nan)

    def _full(self, theta: Array, slope: float, gamma: Array, tau2: float, s2: float) -> float:
        vxx = tau2 + self.cxx
        vxy = slope * tau2 + self.cxy
        vyy = slope**2 * tau2 + s2 + self.cyy
        determinant = vxx * vyy - vxy**2
        mean = self.z @ gamma
        dx, dy = self.x - mean, self.y - self.z @ theta - slope * mean
        return 0.5 * float(np.sum(np.log(determinant) + (vyy * dx**2 - 2 * vxy * dx * dy + vxx * dy**2) / determinant))


def _hessian(function, centre: Array, step: float = 1e-3) -> Array:
    size = len(centre)
    steps = step * np.eye(size)
    matrix = np.empty((size, size))
    middle = function(centre)
    for i in range(size):
        matrix[i, i] = (function(centre + steps[i]) - 2 * middle + function(centre - steps[i])) / step**2
        for j in range(i):
            mixed = (
                function(centre + steps[i] + steps[j])
                - function(centre + steps[i] - steps[j])
                - function(centre - steps[i] + steps[j])
                + function(centre - steps[i] - steps[j])
            )
            matrix[i, j] = matrix[j, i] = mixed / (4 * step**2)
    return matrix


def fit_line(
    x: ArrayLike,
    y: ArrayLike,
    x_sd: ArrayLike = 0.0,
    y_sd: ArrayLike = 0.0,
    *,
    covariance: ArrayLike = 0.0,
    covariates: ArrayLike | None = None,
) -> StructuralLine:
    """Line with errors in both axes and scatter of its own, by maximum likelihood (normal structural model).

    Parameters
    ----------
    x, y
        Shape (n,), any units; n at least two more than the number of coefficients.
    x_sd, y_sd, covariance
        Standard deviations of each measurement and their covariance, scalar or shape (n,).
    covariates
        Shape (n, k): further exact regressors of y, the column of ones included; ones alone by default.

    Raises
    ------
    Undetermined
        If there are too few points, or x or a covariate follows from the other covariates.
    ValueError
        If a value is not finite, or an error matrix is not positive semidefinite.
    """
    x_values, y_values = np.asarray(x, float), np.asarray(y, float)
    n = x_values.size
    z = np.ones((n, 1)) if covariates is None else np.asarray(covariates, float).reshape(n, -1)
    errors = [np.broadcast_to(np.asarray(v, float), (n,)) for v in (x_sd, y_sd, covariance)]
    if n < z.shape[1] + 3:
        raise Undetermined(f"{n} points cannot determine {z.shape[1] + 1} coefficients and a scatter")
    if not all(np.all(np.isfinite(v)) for v in (x_values, y_values, z, *errors)):
        raise ValueError("values and errors must be finite")
    if np.any(errors[0] < 0) or np.any(errors[1] < 0):
        raise ValueError("standard deviations must not be negative")
    if np.any(np.abs(errors[2]) > errors[0] * errors[1] * (1 + 1e-9)):
        raise ValueError("covariance exceeds the product of the standard deviations")

    spread = float(np.ptp(x_values))
    # Covariates have units of their own, too.
    sizes = np.max(np.abs(z), axis=0)
    regressors = np.column_stack([z / np.where(sizes > 0, sizes, 1.0), (x_values - x_values.mean()) / (spread or 1.0)])
    if spread == 0 or np.linalg.matrix_rank(regressors, tol=1e-9 * np.sqrt(n)) < regressors.shape[1]:
        what = "is the same for all points" if spread == 0 else "follows from what is held fixed"
        raise Undetermined(f"the abscissa {what}")

    problem = _Problem(x_values, y_values, errors[0], errors[1], errors[2], z)
    problem.maximise()
    k = z.shape[1]
    _, gamma, delta, _ = problem.solve(problem.best_slope, *problem.best_variances)
    slope = problem.best_slope * problem.slope_unit
    coefficients = problem.y_unit * (delta - problem.best_slope * gamma)
    coefficients[0] += problem.y_centre - slope * problem.x_centre
    # From (theta', b') of the standardised problem to (theta, b): linear, the intercept mixes with the slope.
    change = problem.y_unit * np.eye(k + 1)
    change[k, k] = problem.slope_unit
    change[0, k] = -problem.slope_unit * problem.x_centre
    tau2, s2 = problem.best_variances
    return StructuralLine(
        coefficients=coefficients,
        slope=slope,
        covariance=n / (n - k - 1) * change @ problem.covariance() @ change.T,
        scatter=float(np.sqrt(s2)) * problem.y_unit if s2 > 2e-9 else 0.0,
        spread=float(np.sqrt(tau2)) * problem.x_unit,
        log_likelihood=-problem.best - n * float(np.log(problem.x_unit * problem.y_unit)),
        n=n,
        _problem=problem,
    )


def fit_york(x: ArrayLike, y: ArrayLike, x_sd: ArrayLike, y_sd: ArrayLike, correlation: ArrayLike = 0.0) -> YorkLine:
    """Line with errors in both axes and no scatter, by York's iteration.

    Parameters
    ----------
    x, y, x_sd, y_sd
        Shape (n,), n > 2, standard deviations positive.
    correlation
        Correlation coefficient of the two errors of each point, scalar or shape (n,).

    Raises
    ------
    ValueError
        If the iteration does not settle.

    Source: York, Evensen, Lopez Martinez and De Basabe Delgado, Am. J. Phys. 72 (2004) 367, eq. 13.
    """
    x_values, y_values = np.asarray(x, float), np.asarray(y, float)
    n = x_values.size
    wx, wy = 1 / np.broadcast_to(x_sd, (n,)) ** 2, 1 / np.broadcast_to(y_sd, (n,)) ** 2
    r = np.broadcast_to(np.asarray(correlation, float), (n,))
    alpha = np.sqrt(wx * wy)
    slope = float(np.polyfit(x_values, y_values, 1)[0])
    for _ in range(500):
        w = wx * wy / (wx + slope**2 * wy - 2 * slope * r * alpha)
        x_mean, y_mean = np.average(x_values, weights=w), np.average(y_values, weights=w)
        u, v = x_values - x_mean, y_values - y_mean
        beta = w * (u / wy + slope * v / wx - (slope * u + v) * r / alpha)
        previous, slope = slope, float(np.sum(w * beta * v) / np.sum(w * beta * u))
        if abs(slope - previous) <= 1e-14 * max(abs(slope), 1e-300):
            break
    else:
        raise ValueError("York's iteration does not settle: the points hardly determine a line")
    intercept = float(y_mean - slope * x_mean)
    adjusted = x_mean + beta
    middle = float(np.average(adjusted, weights=w))
    slope_variance = float(1 / np.sum(w * (adjusted - middle) ** 2))
    mixed = -middle * slope_variance
    covariance = np.array([[1 / float(np.sum(w)) + middle**2 * slope_variance, mixed], [mixed, slope_variance]])
    chi_squared = float(np.sum(w * (y_values - slope * x_values - intercept) ** 2))
    return YorkLine(intercept, slope, covariance, chi_squared, n - 2)
