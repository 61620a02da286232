"""How strong an unseen confounder Z must be to undo what ordinary least squares finds of a treatment D.

    y = a + tau D + X beta + gamma Z + e

Z changes the estimate of tau by se sqrt(freedom) sqrt(R2_yz R2_dz / (1 - R2_dz)), where R2_yz is the partial R^2 of Z
with y given D and X, and R2_dz that with D given X. Its strength is told by that of an observed column X_j: a
confounder k times as strong explains k times as much of what the others leave of D, and of y, as X_j does.

Points are weighted alike and errors of measurement are not in it: it asks about the design, not about the numbers.

Source: Cinelli and Hazlett, J. R. Stat. Soc. B 82 (2020) 39.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coherion.statistics.confounding import residual
from coherion.statistics.regression import Undetermined, fit_linear

Array = NDArray[np.float64]

# Beyond so many times an observed covariate the strength of a confounder is not told.
MOST_TIMES = 100.0


@dataclass(frozen=True)
class Treatment:
    """Coefficient of D beside its covariates: estimate, standard error, degrees of freedom n - p."""

    estimate: float
    se: float
    freedom: int

    @property
    def t(self) -> float:
        """Student's t of 'no effect'."""
        return self.estimate / self.se

    @property
    def partial_r2(self) -> float:
        """Share of what the covariates leave of y that D explains."""
        return self.t**2 / (self.t**2 + self.freedom)

    def robustness_value(self, share: float = 1.0, significance: float = 1.0) -> float:
        """Partial R^2 that a confounder needs with D **and** y to take away ``share`` of the estimate (RV_q).

        With a ``significance`` below 1: for the estimate's t to fall to what is no longer significant at that level
        (RV_q,alpha). Zero where it is not significant to begin with.
        """
        free = self.freedom - 1
        critical = _t_quantile(significance, free) / math.sqrt(free)
        whole = share * abs(self.t) / math.sqrt(self.freedom)
        f = whole - critical
        if f <= 0:
            return 0.0
        if critical > 0 and whole > 1 / critical:
            # To explain more of y narrows the error, too: the worst confounder then explains less of it than of D.
            return (whole**2 - critical**2) / (1 + whole**2)
        return 0.5 * (math.sqrt(f**4 + 4 * f**2) - f**2)

    def adjusted(self, r2_dz: float, r2_yz: float) -> Treatment:
        """The same beside a confounder of this strength that works against the estimate."""
        bias = math.sqrt(r2_yz * r2_dz / (1 - r2_dz)) * self.se * math.sqrt(self.freedom)
        se = self.se * math.sqrt((1 - r2_yz) / (1 - r2_dz) * self.freedom / (self.freedom - 1))
        return Treatment(math.copysign(1, self.estimate) * (abs(self.estimate) - bias), se, self.freedom - 1)


def _t_quantile(significance: float, freedom: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 1 - significance / 2))


@dataclass(frozen=True)
class Benchmark:
    """Strength of an observed covariate X_j: its partial R^2 with D given the others, and with y given D too."""

    treatment: Treatment
    r2_dx: float
    r2_yx: float

    def as_strong(self, times: float) -> tuple[float, float] | None:
        """R2_dz and R2_yz of a confounder ``times`` as strong; None where D has not so much left to explain.

        More of y than all cannot be explained: there R2_yz is one.
        """
        r2_dz = times * self.r2_dx / (1 - self.r2_dx)
        if r2_dz >= 1 or times * self.r2_dx >= 1:
            return None
        shared = times * self.r2_dx**2 / ((1 - times * self.r2_dx) * (1 - self.r2_dx))
        if shared >= 1:
            return None
        odds = self.r2_yx / (1 - self.r2_yx)
        return r2_dz, min(1.0, (math.sqrt(times) + math.sqrt(shared)) ** 2 / (1 - shared) * odds)

    def beside(self, times: float) -> Treatment | None:
        """The treatment beside a confounder ``times`` as strong; None where there can be none."""
        strength = self.as_strong(times)
        return None if strength is None else self.treatment.adjusted(*strength)

    def times_to_undo(self, significance: float | None = None) -> float | None:
        """How many times as strong a confounder must be to bring the estimate to zero, or below its significance.

        None where none up to :data:`MOST_TIMES`, or none that is possible, does.
        """

        def stands(times: float) -> bool | None:
            left = self.beside(times)
            if left is None:
                return None
            least = 0.0 if significance is None else _t_quantile(significance, left.freedom) * left.se
            return math.copysign(1, self.treatment.estimate) * left.estimate > least

        low, high = 0.0, MOST_TIMES
        if not stands(low):
            return 0.0
        undone = None
        # What is impossible is taken for undone on the way up, so that the search ends at the first of the two.
        for _ in range(60):
            middle = 0.5 * (low + high)
            if stands(middle):
                low = middle
            else:
                high = middle
                undone = stands(middle)
        return high if undone is False and high < MOST_TIMES else None


def treatment_of(treatment: ArrayLike, y: ArrayLike, covariates: ArrayLike | None = None) -> Treatment:
    """Ordinary least squares of y, shape (n,), on a constant, D (n,) and the columns of ``covariates`` (n, p).

    Raises
    ------
    Undetermined
        With fewer than p + 4 points (one freedom must be left beside a confounder), if D follows from the covariates,
        or if nothing is left of y.
    """
    response = np.asarray(y, float)
    others = _columns(covariates, response.size)
    if response.size < others.shape[1] + 4:
        raise Undetermined(
            f"{response.size} points are too few for a confounder beside {others.shape[1] + 1} quantities"
        )
    design = np.column_stack([np.ones(response.size), treatment, others])
    centred = np.column_stack([design[:, :1], design[:, 1:] - design[:, 1:].mean(axis=0)])
    fit = fit_linear(centred, response)
    se = float(fit.standard_errors[1])
    if se <= 1e-12 * abs(float(fit.coefficients[1])):
        raise Undetermined("all points lie on a line: no confounder can be told from none")
    return Treatment(float(fit.coefficients[1]), se, fit.degrees_of_freedom)


def benchmark_of(treatment: ArrayLike, y: ArrayLike, covariates: ArrayLike, column: int) -> Benchmark:
    """Strength of one column of ``covariates``, shape (n, p), beside the others; D and y have shape (n,).

    Raises
    ------
    Undetermined
        As :func:`treatment_of`, or if the column follows from the others or explains all that they leave.
    """
    d, response = np.asarray(treatment, float), np.asarray(y, float)
    whole = _columns(covariates, response.size)
    found = treatment_of(d, response, whole)
    own, others = whole[:, column], np.delete(whole, column, axis=1)
    shares = _share(own, d, others), _share(own, response, np.column_stack([d, others]))
    if max(shares) >= 1 - 1e-12:
        raise Undetermined("the covariate explains all")
    return Benchmark(found, *shares)


def _share(x: Array, y: Array, others: Array) -> float:
    """Squared partial correlation."""
    a, b = residual(x, others), residual(y, others)
    return float((a @ b) ** 2 / ((a @ a) * (b @ b)))


def _columns(covariates: ArrayLike | None, size: int) -> Array:
    return np.zeros((size, 0)) if covariates is None else np.asarray(covariates, float).reshape(size, -1)
