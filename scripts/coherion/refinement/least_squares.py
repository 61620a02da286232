"""Least squares of the pair model: the minimiser, its result, and which variables the data determine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from coherion.errors import InputError
from coherion.pair_model.model import PairModel
from coherion.refinement.fit_data import Weighting

if TYPE_CHECKING:
    from coherion.pair_model.evaluator import Evaluator

# A direction in which the scaled Jacobian is this much smaller than along its largest is not determined.
SINGULAR = 1e-7
# A parameter belongs to such a direction if it makes up this share of it.
SHARE = 0.1


@dataclass(frozen=True)
class LinearMap:
    """Parameters p of the model as p = offset + matrix @ z of fewer free variables z.

    parameters, offset
        Names of p, and the constant part, shape (n,).
    variables, matrix
        Names of z, and shape (n, m).
    start, lower, upper
        Starting values and bounds of z, shape (m,); where start is absent, the z nearest to the starting p.
    """

    parameters: tuple[str, ...]
    offset: np.ndarray
    variables: tuple[str, ...]
    matrix: np.ndarray
    start: np.ndarray | None = None
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None


@dataclass(frozen=True)
class RefinementResult:
    """What a refinement found.

    model
        The model that was refined.
    parameters, values
        Names of the n refined parameters, and the value of every parameter of the model.
    covariance, covariance_scaled
        Of the refined parameters, (n, n): as the weights say, and multiplied by the reduced chi-squared (the same
        where the data came without errors, because the residual is then the only measure of them).
    rw
        sqrt(sum w (observed - calculated)^2 / sum w observed^2); with a covariance the weight is its inverse.
    chi_squared, degrees_of_freedom, chi_squared_reduced
        The sum of squares in the units of the weights, points minus variables, and their ratio.
    r, observed, calculated, difference
        The fitted points: angstrom, and 1/angstrom^2.
    variables, variable_values, variable_covariance
        The free variables z of the linear map (the parameters themselves if there is none).
    jacobian
        Of the weighted residual in the variables, at the solution.
    weighted
        Whether the data came with errors.
    evaluations, converged, message
        How the minimiser ended.
    singular
        Groups of variables that the data cannot tell apart, or that do nothing; empty if all is determined. Their
        covariance is that of the directions that are determined.
    at_bound
        Variables that ended on a bound.
    narrow_pairs
        Pairs drawn with the least width at the solution, because theirs is smaller or imaginary.
    """

    model: PairModel
    parameters: tuple[str, ...]
    values: dict[str, float]
    covariance: np.ndarray
    covariance_scaled: np.ndarray
    rw: float
    chi_squared: float
    degrees_of_freedom: int
    chi_squared_reduced: float
    r: np.ndarray
    observed: np.ndarray
    calculated: np.ndarray
    difference: np.ndarray
    variables: tuple[str, ...]
    variable_values: np.ndarray
    variable_covariance: np.ndarray
    jacobian: np.ndarray
    linear_map: LinearMap
    weighted: bool
    evaluations: int
    converged: bool
    message: str
    singular: tuple[tuple[str, ...], ...] = ()
    at_bound: tuple[str, ...] = ()
    narrow_pairs: int = 0
    weighting: Weighting = field(default=None, repr=False, compare=False)  # type: ignore[assignment]

    def standard_uncertainty(self, name: str, *, scaled: bool = False) -> float:
        """Standard uncertainty of a refined parameter, in its unit."""
        k = self.parameters.index(name)
        matrix = self.covariance_scaled if scaled else self.covariance
        return float(np.sqrt(matrix[k, k]))


def make_evaluator(model: PairModel, points: np.ndarray, names: Sequence[str]) -> Evaluator:
    """An evaluator of the model at these points, with derivatives in ``names``."""
    from coherion.pair_model.evaluator import Evaluator

    return Evaluator(model, points, names)


def fit(
    model: PairModel,
    map_: LinearMap,
    full: dict[str, float],
    points: np.ndarray,
    observed: np.ndarray,
    weighting: Weighting,
    weighted: bool,
    max_evaluations: int,
    tolerance: float,
    progress: Callable[[int, float], None] | None = None,
    evaluator: Evaluator | None = None,
) -> RefinementResult:
    """Minimise the weighted residual over the variables of a linear map; see :func:`refinement.refine`."""
    from scipy.optimize import least_squares

    z, lower, upper = _start(map_, full, observed.size)
    if evaluator is None:
        evaluator = make_evaluator(model, points, map_.parameters)
    target = weighting(observed)
    target_norm = float(np.linalg.norm(target))
    cache: dict[str, np.ndarray] = {}
    count = 0

    def evaluate(x: np.ndarray) -> None:
        nonlocal count
        if "x" in cache and np.array_equal(cache["x"], x):
            return
        now = full | dict(zip(map_.parameters, (map_.offset + map_.matrix @ x).tolist(), strict=True))
        value, columns = evaluator.evaluate(now)
        cache["x"], cache["g"] = x.copy(), value
        cache["residual"] = weighting(value) - target
        cache["jacobian"] = weighting(columns @ map_.matrix)
        count += 1
        if progress is not None:
            progress(count, float(np.linalg.norm(cache["residual"])) / target_norm)

    def residual(x: np.ndarray) -> np.ndarray:
        evaluate(x)
        return cache["residual"]

    def jacobian(x: np.ndarray) -> np.ndarray:
        evaluate(x)
        return cache["jacobian"]

    found = least_squares(
        residual,
        z,
        jacobian,
        bounds=(lower, upper),
        method="trf",
        x_scale="jac",
        ftol=tolerance,
        xtol=tolerance,
        gtol=1e-12,
        max_nfev=max_evaluations,
    )
    evaluate(found.x)
    return _result(model, map_, full, points, observed, weighting, found, cache, count, not weighted, evaluator.narrow)


def _start(map_: LinearMap, full: dict[str, float], points: int):
    size = len(map_.variables)
    if points <= size:
        raise InputError(
            "fewer independent points than free variables",
            place="fit range",
            found=f"{points} points for {size} variables",
            advice="widen the range or fix parameters",
        )
    if map_.start is None:
        wanted = np.array([full[name] for name in map_.parameters]) - map_.offset
        z = np.linalg.lstsq(map_.matrix, wanted, rcond=None)[0]
    else:
        z = np.asarray(map_.start, float)
    lower = np.full(size, -np.inf) if map_.lower is None else np.asarray(map_.lower, float)
    upper = np.full(size, np.inf) if map_.upper is None else np.asarray(map_.upper, float)
    for name, value, low, high in zip(map_.variables, z, lower, upper, strict=True):
        if not low <= value <= high:
            raise InputError(
                "a starting value lies outside its bounds",
                place=name,
                found=f"{value:g}",
                expected=f"{low:g} to {high:g}",
            )
        if low == high:
            raise InputError("equal bounds leave nothing to refine", place=name, advice="fix the parameter")
    return z, lower, upper


def _result(model, map_, full, points, observed, weighting, found, cache, count, unweighted, narrow):
    values = map_.offset + map_.matrix @ found.x
    calculated, residual, jacobian = cache["g"], cache["residual"], cache["jacobian"]
    freedom = observed.size - found.x.size
    chi_squared = float(residual @ residual)
    reduced = chi_squared / freedom
    covariance_z, singular = covariance_of(jacobian, map_.variables)
    covariance = map_.matrix @ covariance_z @ map_.matrix.T
    scaled = covariance * reduced
    if unweighted:
        covariance, covariance_z = scaled, covariance_z * reduced
    # The minimiser stays inside its bounds by a little; what is nearer than a twentieth of its error is on them.
    near = 0.05 * np.sqrt(np.diag(covariance_z))
    low = -np.inf if map_.lower is None else np.asarray(map_.lower, float)
    high = np.inf if map_.upper is None else np.asarray(map_.upper, float)
    touching = (found.active_mask != 0) | (found.x - low < near) | (high - found.x < near)
    at_bound = tuple(name for name, on in zip(map_.variables, touching, strict=True) if on)
    target = weighting(observed)
    return RefinementResult(
        model=model,
        parameters=map_.parameters,
        values=full | dict(zip(map_.parameters, values.tolist(), strict=True)),
        covariance=covariance,
        covariance_scaled=scaled,
        rw=float(np.linalg.norm(residual) / np.linalg.norm(target)),
        chi_squared=chi_squared,
        degrees_of_freedom=freedom,
        chi_squared_reduced=reduced,
        r=points,
        observed=observed,
        calculated=calculated,
        difference=observed - calculated,
        variables=map_.variables,
        variable_values=found.x,
        variable_covariance=covariance_z,
        jacobian=jacobian,
        linear_map=map_,
        weighted=not unweighted,
        evaluations=count,
        converged=bool(found.success),
        message=str(found.message),
        singular=singular,
        at_bound=at_bound,
        narrow_pairs=narrow,
        weighting=weighting,
    )


def covariance_of(jacobian: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
    """Inverse of J'J, and the groups of variables whose combination the data do not determine.

    The columns are scaled to unit length first, so that units do not matter. Directions with a singular value
    below ``SINGULAR`` of the largest are left out of the inverse; the variables that make them up are named.
    """
    lengths = np.linalg.norm(jacobian, axis=0)
    idle = lengths <= 1e-12 * max(float(lengths.max(initial=0.0)), 1e-300)
    groups: list[tuple[str, ...]] = [(names[k],) for k in np.flatnonzero(idle).tolist()]
    scale = np.where(idle, 1.0, lengths)
    columns = np.where(idle, 0.0, jacobian / scale)
    _, s, vt = np.linalg.svd(columns, full_matrices=False)
    weak = s < SINGULAR * s.max(initial=0.0)
    inverse = np.where(weak, 0.0, 1.0 / np.where(weak, 1.0, s))
    half = vt.T * inverse
    # Directions of idle variables are weak, too; they are named already.
    share = (vt[weak] ** 2)[:, ~idle]
    active = [name for name, off in zip(names, idle, strict=True) if not off]
    groups += _connected(share > SHARE**2, active)
    return (half @ half.T) / np.outer(scale, scale), tuple(groups)


def _connected(member: np.ndarray, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Names grouped by the directions they share."""
    sets: list[set[int]] = []
    for row in member:
        own = set(np.flatnonzero(row).tolist())
        if len(own) < 1:
            continue
        for other in [s for s in sets if s & own]:
            own |= other
            sets.remove(other)
        sets.append(own)
    return [tuple(names[k] for k in sorted(own)) for own in sets]
