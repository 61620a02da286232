"""The minimiser of the weighted misfit of a pair model, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from coherion.errors import InputError
from coherion.pair_model.model import PairModel
from coherion.refinement.least_squares.covariance import covariance_of
from coherion.refinement.least_squares.weights import Target
from coherion.refinement.linear_map import LinearMap, refuse_no_room

if TYPE_CHECKING:
    from coherion.pair_model.evaluator import Evaluator
    from coherion.pair_model.joint import JointEvaluator

# The minimiser stays inside its bounds by a little: what is nearer than this share of its standard error is on them; of
# a parameter that the data know next to nothing of, what is nearer than this share of what is between them.
NEAR, NEAR_OF_BOUNDS = 0.05, 1e-3


@dataclass(frozen=True, eq=False)
class RefinementResult:
    """What a refinement found.

    model, map, target
        The model that was refined, its parameters as a function of the variables, the points and their weights.
    values
        Value of every parameter of the model.
    variable_values
        Of the m free variables of the map.
    calculated
        G of the model at the points, 1/angstrom^2, shape (n,).
    jacobian, inverse
        J of the weighted residual in the variables, (n, m), and (J'J)^-1 over the directions that are determined.
    rw, chi_squared
        sqrt(sum w (observed - calculated)^2 / sum w observed^2), with a covariance the weight is its inverse; and the
        sum of squares in the units of the weights.
    singular
        Groups of variables that the data cannot tell apart, or that do nothing; empty if all is determined.
    at_bound
        Variables that ended on a bound.
    evaluations, converged, message
        How the minimiser ended.
    narrow_pairs
        Pairs drawn with the least width at the solution, because theirs is smaller or imaginary.
    """

    model: PairModel
    map: LinearMap
    target: Target
    values: dict[str, float]
    variable_values: np.ndarray
    calculated: np.ndarray
    jacobian: np.ndarray
    inverse: np.ndarray
    rw: float
    chi_squared: float
    singular: tuple[tuple[str, ...], ...]
    at_bound: tuple[str, ...]
    evaluations: int
    converged: bool
    message: str
    narrow_pairs: int

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the n parameters that moved."""
        return self.map.parameters

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the m free variables."""
        return self.map.variables

    @property
    def r(self) -> np.ndarray:
        """The points, angstrom, shape (n,)."""
        return self.target.r

    @property
    def observed(self) -> np.ndarray:
        """G there, 1/angstrom^2, shape (n,)."""
        return self.target.g

    @property
    def difference(self) -> np.ndarray:
        """Observed minus calculated G, 1/angstrom^2, at the points."""
        return self.target.g - self.calculated

    @property
    def degrees_of_freedom(self) -> int:
        """Points minus variables."""
        return len(self.target.r) - len(self.variables)

    @property
    def chi_squared_reduced(self) -> float:
        """chi-squared per degree of freedom."""
        return self.chi_squared / self.degrees_of_freedom

    @property
    def variable_covariance(self) -> np.ndarray:
        """Of the variables, (m, m), as the weights say; scaled where only the residual tells the errors of the data."""
        return self.inverse if self.target.weighting.absolute else self.inverse * self.chi_squared_reduced

    @cached_property
    def covariance_scaled(self) -> np.ndarray:
        """Of the parameters, (n, n), multiplied by the reduced chi-squared."""
        return self.map.covariance(self.inverse) * self.chi_squared_reduced

    @cached_property
    def covariance(self) -> np.ndarray:
        """Of the parameters, (n, n), as the weights say; scaled where the residual alone tells the data's errors."""
        return self.map.covariance(self.inverse) if self.target.weighting.absolute else self.covariance_scaled

    def standard_uncertainty(self, name: str, *, scaled: bool = False) -> float:
        """Standard uncertainty of a refined parameter, in its unit."""
        k = self.parameters.index(name)
        matrix = self.covariance_scaled if scaled else self.covariance
        return float(np.sqrt(matrix[k, k]))


def make_evaluator(model: PairModel, target: Target, names: Sequence[str]) -> Evaluator | JointEvaluator:
    """An evaluator of the model at the points of a target, with derivatives in ``names``."""
    from coherion.pair_model.evaluator import Evaluator
    from coherion.pair_model.joint import JointEvaluator

    if target.sizes:
        return JointEvaluator(model, [target.r[part] for part in target.parts], names)
    return Evaluator(model, target.r, names)


class _Misfit:
    """Weighted residual and Jacobian as functions of the variables, computed together and kept for the last point."""

    def __init__(
        self,
        map_: LinearMap,
        full: Mapping[str, float],
        target: Target,
        evaluator: Evaluator | JointEvaluator,
        progress: Callable[[int, float], None] | None,
    ) -> None:
        self.map, self.full, self.evaluator, self.progress = map_, full, evaluator, progress
        self.weighting, self.goal = target.weighting, target.weighting(target.g)
        self.goal_norm = float(np.linalg.norm(self.goal))
        self.at: np.ndarray | None = None
        self.count = 0

    def evaluate(self, z: np.ndarray) -> None:
        if self.at is not None and np.array_equal(self.at, z):
            return
        self.calculated, columns = self.evaluator.evaluate({**self.full, **self.map.values(z)})
        self.at = z.copy()
        self._residual = self.weighting(self.calculated) - self.goal
        self._jacobian = self.weighting(columns @ self.map.matrix)
        self.count += 1
        if self.progress is not None:
            self.progress(self.count, self.rw)

    @property
    def rw(self) -> float:
        return float(np.linalg.norm(self._residual)) / self.goal_norm

    def residual(self, z: np.ndarray) -> np.ndarray:
        self.evaluate(z)
        return self._residual

    def jacobian(self, z: np.ndarray) -> np.ndarray:
        self.evaluate(z)
        return self._jacobian


def fit(
    model: PairModel,
    map_: LinearMap,
    full: Mapping[str, float],
    target: Target,
    *,
    start: np.ndarray | None = None,
    max_evaluations: int = 100,
    tolerance: float = 1e-8,
    progress: Callable[[int, float], None] | None = None,
    evaluator: Evaluator | JointEvaluator | None = None,
) -> RefinementResult:
    """Minimise the weighted residual over the variables of a linear map; see :func:`coherion.refinement.refine.refine`.

    Parameters
    ----------
    full
        Value of every parameter of the model.
    start
        Variables to start from, shape (m,); by default those that give ``full``.
    """
    from scipy.optimize import least_squares

    z = map_.variables_at(full) if start is None else start
    _check_start(map_, z, len(target.r))
    if evaluator is None:
        evaluator = make_evaluator(model, target, map_.parameters)
    misfit = _Misfit(map_, full, target, evaluator, progress)
    found = least_squares(
        misfit.residual,
        z,
        misfit.jacobian,
        bounds=(map_.lower, map_.upper),
        method="trf",
        x_scale="jac",
        ftol=tolerance,
        xtol=tolerance,
        gtol=1e-12,
        max_nfev=max_evaluations,
    )
    return _result(model, target, misfit, found)


def refuse_too_few(points: int, size: int) -> None:
    """Refuse a fit of as many variables as independent points, or more."""
    if points <= size:
        raise InputError(
            "fewer independent points than free variables",
            place="fit range",
            found=f"{points} points for {size} variables",
            advice="widen the range or fix parameters",
        )


def _check_start(map_: LinearMap, z: np.ndarray, points: int) -> None:
    refuse_too_few(points, len(map_.variables))
    for name, value, low, high in zip(map_.variables, z, map_.lower, map_.upper, strict=True):
        if not low <= value <= high:
            raise InputError(
                "a starting value lies outside its bounds",
                place=name,
                found=f"{value:g}",
                expected=f"{low:g} to {high:g}",
                advice=f"set start of {name} to a value between them, or bounds of {name} to an interval around it",
            )
    refuse_no_room(map_)


def _result(model: PairModel, target: Target, misfit: _Misfit, found) -> RefinementResult:
    map_, z = misfit.map, found.x
    residual, jacobian = misfit.residual(z), misfit.jacobian(z)
    inverse, singular = covariance_of(jacobian, map_.variables)
    chi_squared = float(residual @ residual)
    factor = 1.0 if target.weighting.absolute else chi_squared / (len(target.r) - len(z))
    near = np.minimum(NEAR * np.sqrt(np.diag(inverse * factor)), NEAR_OF_BOUNDS * (map_.upper - map_.lower))
    touching = (found.active_mask != 0) | (z - map_.lower < near) | (map_.upper - z < near)
    return RefinementResult(
        model=model,
        map=map_,
        target=target,
        values={**misfit.full, **map_.values(z)},
        variable_values=z,
        calculated=misfit.calculated,
        jacobian=jacobian,
        inverse=inverse,
        rw=misfit.rw,
        chi_squared=chi_squared,
        singular=singular,
        at_bound=tuple(name for name, on in zip(map_.variables, touching, strict=True) if on),
        evaluations=misfit.count,
        converged=bool(found.success),
        message=str(found.message),
        narrow_pairs=misfit.evaluator.narrow,
    )
