"""Least squares of the pair model against G(r), with the full covariance and what cannot be told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from coherion.errors import InputError
from coherion.structure.pair_model import PairModel

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
    weighting: _Weighting = field(default=None, repr=False, compare=False)  # type: ignore[assignment]

    def standard_uncertainty(self, name: str, *, scaled: bool = False) -> float:
        """Standard uncertainty of a refined parameter, in its unit."""
        k = self.parameters.index(name)
        matrix = self.covariance_scaled if scaled else self.covariance
        return float(np.sqrt(matrix[k, k]))


class _Weighting:
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


def refine(
    model: PairModel,
    r: np.ndarray,
    g: np.ndarray,
    *,
    free: Sequence[str] = (),
    start: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    fit_range: tuple[float, float] | None = None,
    sd: np.ndarray | None = None,
    covariance: np.ndarray | None = None,
    linear_map: LinearMap | None = None,
    max_evaluations: int = 100,
    tolerance: float = 1e-8,
    progress: Callable[[int, float], None] | None = None,
) -> RefinementResult:
    """Refine parameters of a pair model against G(r) by least squares.

    Parameters
    ----------
    model
        What to refine.
    r, g
        Data: angstrom and 1/angstrom^2, shape (n,), r increasing.
    free
        Names of the parameters to refine; not needed with a linear map.
    start
        Values that differ from ``model.parameters``, of free and fixed parameters alike.
    bounds
        Lower and upper limit of free parameters.
    fit_range
        Least and largest r, angstrom; by default all data.
    sd, covariance
        Standard deviations (n,) or covariance (n, n) of g. With either, the points are fitted as they are. With
        neither, data finer than the Nyquist step pi/qmax are resampled to it and weighted equally, because
        finer points are not independent and would make the errors too small.
    linear_map
        Parameters as a linear function of fewer variables (shared values, constraints).
    max_evaluations, tolerance
        Limits of the minimiser: evaluations, and relative change of cost and of parameters.
    progress
        Called with the number of evaluations and Rw after each evaluation.

    Returns
    -------
    RefinementResult

    Raises
    ------
    InputError
        If a name is not a free parameter, the range lies outside the data, a start outside its bounds, or there
        are fewer points than variables.
    """
    points, observed, weighting = _data(model, r, g, fit_range, sd, covariance)
    map_ = linear_map or _identity(model, free, bounds or {})
    full = model.complete(start)
    weighted = sd is not None or covariance is not None
    return _fit(model, map_, full, points, observed, weighting, weighted, max_evaluations, tolerance, progress)


def _fit(
    model: PairModel,
    map_: LinearMap,
    full: dict[str, float],
    points: np.ndarray,
    observed: np.ndarray,
    weighting: _Weighting,
    weighted: bool,
    max_evaluations: int,
    tolerance: float,
    progress: Callable[[int, float], None] | None = None,
) -> RefinementResult:
    from scipy.optimize import least_squares

    from coherion.structure.evaluator import Evaluator

    z, lower, upper = _start(map_, full, observed.size)
    evaluator = Evaluator(model, points, map_.parameters, full)
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
    return _result(model, map_, full, points, observed, weighting, found, cache, count, not weighted)


def _data(model, r, g, fit_range, sd, covariance):
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
        nyquist = np.pi / model.qmax
        if np.median(np.diff(r)) < 0.75 * nyquist:
            points = nyquist_grid(model.qmax, max(low, r[0], 0.5 * nyquist), min(high, r[-1]))
            return points, resample(r, g, points), _Weighting(None, None)
        return r[inside], g[inside], _Weighting(None, None)
    if covariance is not None:
        covariance = np.asarray(covariance, float)[np.ix_(inside, inside)]
        try:
            return r[inside], g[inside], _Weighting(None, covariance)
        except np.linalg.LinAlgError as problem:
            raise InputError(
                "the covariance of G(r) is not positive definite",
                place="covariance",
                advice="give it on the Nyquist grid pi/qmax; finer points are not independent",
            ) from problem
    sd = np.asarray(sd, float)[inside]
    if not np.all(sd > 0):
        raise InputError("a standard deviation of G(r) is not positive", place="sd")
    return r[inside], g[inside], _Weighting(sd, None)


def _identity(model: PairModel, free: Sequence[str], bounds: Mapping[str, tuple[float, float]]) -> LinearMap:
    known = model.parameters
    for name in [*free, *bounds]:
        if name not in known:
            raise InputError("not a free parameter", place=name, advice=model.why_fixed(name))
    if not free:
        raise InputError("no parameter is free", place="free")
    if len(set(free)) != len(free):
        raise InputError("a parameter is named twice", place="free", found=", ".join(free))
    limits = [bounds.get(name, (-np.inf, np.inf)) for name in free]
    return LinearMap(
        parameters=tuple(free),
        offset=np.zeros(len(free)),
        variables=tuple(free),
        matrix=np.eye(len(free)),
        lower=np.array([low for low, _ in limits], float),
        upper=np.array([high for _, high in limits], float),
    )


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


def _result(model, map_, full, points, observed, weighting, found, cache, count, unweighted):
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
    weak = s < SINGULAR * s[0]
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


def sensitivity(result: RefinementResult, names: Sequence[str]) -> np.ndarray:
    """How refined parameters move with parameters held fixed, dp/dq, shape (n, len(names)).

    To first order the minimum follows a fixed parameter q as dz/dq = -(J'J)^-1 J' dresidual/dq; the covariance of
    q then adds dp/dq cov(q) dp/dq' to that of the refined parameters.
    """
    from coherion.structure.evaluator import Evaluator

    evaluator = Evaluator(result.model, result.r, tuple(names), result.values)
    columns = result.weighting(evaluator.evaluate(result.values)[1])
    inverse, _ = covariance_of(result.jacobian, result.variables)
    return -result.linear_map.matrix @ (inverse @ (result.jacobian.T @ columns))


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
    model: PairModel,
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
    errors.

    Parameters
    ----------
    model, result
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
    from scipy.stats import chi2

    if name not in result.variables:
        raise InputError("no interval: the variable was not refined", place=name, expected=", ".join(result.variables))
    k = result.variables.index(name)
    best = float(result.variable_values[k])
    rise = float(chi2.ppf(level, 1))
    if scaled or not result.weighted:
        rise *= result.chi_squared_reduced
    map_ = result.linear_map
    lower = -np.inf if map_.lower is None else float(map_.lower[k])
    upper = np.inf if map_.upper is None else float(map_.upper[k])
    sigma = float(np.sqrt(result.variable_covariance[k, k]))
    if scaled and result.weighted:
        sigma *= float(np.sqrt(result.chi_squared_reduced))
    sigma *= float(np.sqrt(chi2.ppf(level, 1)))
    size = max(abs(best), sigma)
    points = [(best, 0.0)]
    sides = []
    for sign, bound in ((-1.0, lower), (1.0, upper)):
        follow = _Follower(model, result, k)
        sides.append(_crossing(follow, best, sign, sigma, bound, rise, largest * size, points))
    return ProfileInterval(name, best, level, sides[0], sides[1], tuple(sorted(points)))


class _Follower:
    """The rise of chi-squared when one variable is held and the others are refined, from the last point on."""

    def __init__(self, model: PairModel, result: RefinementResult, k: int) -> None:
        self.model, self.result, self.k = model, result, k
        self.z = result.variable_values.copy()

    def rise(self, value: float) -> float:
        result, k, map_ = self.result, self.k, self.result.linear_map
        rest = np.arange(len(map_.variables)) != k
        # The others start where the covariance says they follow to.
        own = result.variable_covariance[:, k]
        step = value - self.z[k]
        start = self.z + (own / own[k] * step if own[k] > 0 else 0.0)
        if map_.lower is not None and map_.upper is not None:
            start = np.clip(start, map_.lower, map_.upper)
        held = LinearMap(
            parameters=map_.parameters,
            offset=map_.offset + map_.matrix[:, k] * value,
            variables=tuple(np.array(map_.variables)[rest].tolist()),
            matrix=map_.matrix[:, rest],
            start=start[rest],
            lower=None if map_.lower is None else map_.lower[rest],
            upper=None if map_.upper is None else map_.upper[rest],
        )
        found = _fit(
            self.model, held, result.values, result.r, result.observed, result.weighting, result.weighted, 40, 1e-6
        )
        self.z[rest], self.z[k] = found.variable_values, value
        return found.chi_squared - result.chi_squared


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
