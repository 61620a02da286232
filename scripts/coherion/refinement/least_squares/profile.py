"""Profile-likelihood intervals: how far one variable can go when all others follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coherion.errors import InputError
from coherion.messages import warn
from coherion.refinement.least_squares.minimise import RefinementResult, fit, make_evaluator
from coherion.refinement.linear_map import LinearMap

if TYPE_CHECKING:
    from coherion.pair_model.evaluator import Evaluator
    from coherion.pair_model.joint import JointEvaluator


@dataclass(frozen=True)
class ProfileInterval:
    """Values of one variable that the data allow when all others follow.

    name, value, level
        The variable, its refined value, and the probability the interval is made for.
    lower, upper
        Limits, or None where chi-squared does not rise enough before the bound, or at all.
    points
        Pairs (value, rise of chi-squared) that were computed, in order of value.
    """

    name: str
    value: float
    level: float
    lower: float | None
    upper: float | None
    points: tuple[tuple[float, float], ...]


def profile_interval(
    result: RefinementResult,
    name: str,
    *,
    level: float = 0.6827,
    scaled: bool = False,
    largest: float = 100.0,
) -> ProfileInterval:
    """Profile-likelihood interval of one refined variable (Venzon & Moolgavkar, Appl. Stat. 37 (1988) 87).

    The limits are where the least sum of squares over all other variables has risen by the chi-squared quantile of
    one degree of freedom at ``level``; times the reduced chi-squared if ``scaled`` or if the data came without
    errors. If following the variable leads to a smaller sum of squares than the refinement had found, the interval
    is taken around that minimum, and its ``value`` is no longer the refinement's.

    Parameters
    ----------
    result
        The refinement.
    name
        One of ``result.variables``.
    level
        Probability of the interval.
    largest
        How far to look, in units of the variable's size (value and standard uncertainty, whichever is larger).

    Raises
    ------
    InputError
        If the name is not a free variable of the result.
    """
    from scipy.special import gammaincinv

    if name not in result.variables:
        raise InputError("no interval: the variable was not refined", place=name, expected=", ".join(result.variables))
    k = result.variables.index(name)
    evaluator = make_evaluator(result.model, result.target, result.parameters)
    quantile = 2 * float(gammaincinv(0.5, level))  # of chi-squared with one degree of freedom
    lower, upper = float(result.map.lower[k]), float(result.map.upper[k])
    absolute = result.target.weighting.absolute
    for _ in range(4):
        best = float(result.variable_values[k])
        factor = 1.0 if absolute and not scaled else result.chi_squared_reduced
        sigma = float(np.sqrt(quantile * result.variable_covariance[k, k]))
        sigma *= float(np.sqrt(factor)) if absolute else 1.0
        points = [(best, 0.0)]
        sides: list[float | None] = []
        try:
            for sign, bound in ((-1.0, lower), (1.0, upper)):
                follow = _Follower(result, k, evaluator, 0.01 * quantile * factor)
                reach = largest * max(abs(best), sigma)
                sides.append(_crossing(follow, best, sign, sigma, bound, quantile * factor, reach, points))
        except _LowerMinimum as found:
            result = found.result
            continue
        break
    else:
        warn(f"no interval of {name}: following it led to ever lower minima; refine from several starts")
        sides = [None, None]
    return ProfileInterval(name, best, level, sides[0], sides[1], tuple(sorted(points)))


class _LowerMinimum(Exception):
    """Following one variable led to a smaller sum of squares than the refinement had found."""

    def __init__(self, result: RefinementResult) -> None:
        super().__init__()
        self.result = result


class _Follower:
    """The rise of chi-squared when one variable is held and the others are refined, from the last point on."""

    def __init__(self, result: RefinementResult, k: int, evaluator: Evaluator | JointEvaluator, noise: float) -> None:
        self.result, self.k, self.evaluator, self.noise = result, k, evaluator, noise
        self.z = result.variable_values.copy()

    def rise(self, value: float) -> float:
        result, k, map_ = self.result, self.k, self.result.map
        rest = np.arange(len(map_.variables)) != k
        # The others start where the covariance says they follow to.
        own = result.variable_covariance[:, k]
        step = value - self.z[k]
        start = np.clip(self.z + (own / own[k] * step if own[k] > 0 else 0.0), map_.lower, map_.upper)
        found = self._fit(map_.held(k, value), start[rest], 60, 1e-6)
        self.z[rest], self.z[k] = found.variable_values, value
        if found.chi_squared < result.chi_squared - self.noise:
            raise _LowerMinimum(self._fit(map_, self.z.copy(), 100, 1e-8))
        return found.chi_squared - result.chi_squared

    def _fit(self, map_: LinearMap, start: np.ndarray, most: int, tolerance: float) -> RefinementResult:
        result = self.result
        return fit(
            result.model,
            map_,
            result.values,
            result.target,
            start=start,
            max_evaluations=most,
            tolerance=tolerance,
            evaluator=self.evaluator,
        )


def _crossing(follow, best, sign, sigma, bound, rise, reach, points) -> float | None:
    """Where the rise reaches its limit, on one side; regula falsi on its square root, which is nearly linear."""
    inner, inner_root = best, 0.0
    goal = np.sqrt(rise)
    step = sigma if np.isfinite(sigma) and sigma > 0 else 1e-3 * max(abs(best), 1.0)
    while True:
        outer = best + sign * step
        limited = outer <= bound if sign < 0 else outer >= bound
        if limited:
            outer = bound
        now = follow.rise(outer)
        points.append((outer, now))
        root = float(np.sqrt(max(now, 0.0)))
        if root >= goal:
            break
        if limited or step > reach:
            return None
        inner, inner_root = outer, root
        step *= float(np.clip(1.1 * goal / max(root, 1e-6), 1.2, 4.0))
    for _ in range(12):
        if abs(root - goal) < 2e-3 * goal:
            return outer
        middle = inner + (outer - inner) * (goal - inner_root) / (root - inner_root)
        now = follow.rise(middle)
        points.append((middle, now))
        found = float(np.sqrt(max(now, 0.0)))
        if abs(found - goal) < 2e-3 * goal:
            return middle
        if found < goal:
            inner, inner_root = middle, found
        else:
            outer, root = middle, found
    return 0.5 * (inner + outer)
