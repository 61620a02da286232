"""A staged refinement: from a starting structure and G(r) to parameters with their uncertainties.

The stages of a recipe free parameters step by step, as in the paper: scale and correlated motion, lattice, coordinates
and occupancies, displacements, coherence length, then all together. Constraints, shared parameters and bounds hold
throughout, because every stage is a part of one linear map (:mod:`coherion.refinement.constraints`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from coherion.crystal.crystal import Crystal
from coherion.errors import InputError
from coherion.messages import warn
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement import refine as refinement
from coherion.refinement.constraints import ParameterMap, linear_map
from coherion.refinement.observed import Observed
from coherion.refinement.recipe_settings import (
    RefinementSettings,
    bounds_of,
    equations_of,
    matched,
    matching,
    values_of,
)
from coherion.refinement.weights import FitData, counting_covariance, fit_data, misfit_variance

# Coherence lengths tried at the start, angstrom: a factor of two apart is near enough for least squares.
FIRST_LENGTHS = (15.0, 30.0, 60.0, 120.0, 240.0, 480.0)

# Stages before the last need not converge: relative change of cost and parameters at which they end.
COARSE_TOLERANCE = 1e-4
FINE_TOLERANCE = 1e-8
# Rounds in which weights and fit are brought into agreement; three suffice where the model is any good.
ROUNDS = 6

# One standard deviation of the random displacement of further starts, by pattern: absolute in the parameter's unit, or
# a relative one where the parameter is positive by nature. Coordinates move by a hundredth of the cell.
PERTURBATIONS: tuple[tuple[str, str, float], ...] = (
    ("lattice", "relative", 0.003),
    ("coordinates", "absolute", 0.007),
    ("displacements", "relative", 0.3),
    ("occupancies", "absolute", 0.1),
    ("scale", "relative", 0.2),
    ("delta1", "absolute", 0.3),
    ("delta2", "absolute", 0.5),
    ("coherence_length", "relative", 0.4),
    ("coherence_spread", "relative", 0.2),
)


@dataclass(frozen=True)
class StageResult:
    """What one stage reached: Rw (unweighted), chi-squared, evaluations of the model, number of free parameters."""

    name: str
    rw: float
    chi_squared: float
    evaluations: int
    free: int


@dataclass(frozen=True)
class EnvelopeResult:
    """The coherence length (angstrom) with another envelope.

    ``names`` are the parameters of the envelope, with values, standard uncertainties without and with scaling by
    reduced chi-squared.
    """

    envelope: str
    rw: float
    chi_squared: float
    names: tuple[str, ...]
    values: tuple[float, ...]
    standard_uncertainty: tuple[float, ...]
    standard_uncertainty_scaled: tuple[float, ...]


@dataclass(frozen=True)
class RecipeResult:
    """A refinement with everything it was and found.

    result
        Of the last stage, with values of all parameters and the covariance of those refined.
    misfit_variance
        The white variance tau^2 in the weights, 1/angstrom^4, see :mod:`coherion.refinement.weights`; None with
        unit weights.
    map
        How the parameters depend on the independent ones.
    resolution_covariance
        What the uncertainty of qdamp and qbroad adds to the covariance, in the order of ``result.parameters``.
    stages
        Of the best start.
    starts
        Rw of every start, and values (starts, parameters) in the order of ``start_names``.
    envelopes, profiles
        See the settings.
    data
        The points fitted.
    """

    settings: RefinementSettings
    observed: Observed
    data: FitData
    result: refinement.RefinementResult
    misfit_variance: float | None
    map: ParameterMap
    resolution_covariance: np.ndarray
    stages: tuple[StageResult, ...]
    start_names: tuple[str, ...]
    start_rw: np.ndarray
    start_values: np.ndarray
    envelopes: tuple[EnvelopeResult, ...]
    profiles: tuple[refinement.ProfileInterval, ...]

    @property
    def model(self) -> PairModel:
        return self.result.model

    @property
    def degrees_of_freedom(self) -> float:
        """Measured points minus free variables."""
        return degrees_of_freedom(self.data, self.result)

    @property
    def chi_squared_reduced(self) -> float:
        """chi-squared per degree of freedom, in the units of the weights."""
        return self.result.chi_squared / self.degrees_of_freedom

    @property
    def rw(self) -> float:
        """sqrt(sum (observed - calculated)^2 / sum observed^2) over the points fitted."""
        return unweighted_residual(self.result)

    def covariance(self, scaled: bool) -> np.ndarray:
        """Covariance of ``result.parameters``, with the resolution's part.

        Scaled: of the fit, times reduced chi-squared, so that it holds the misfit of the model. Not scaled: of the
        counts alone; where the noise of the data is not known, the same as the scaled one.
        """
        return own_covariance(self.data, self.result, scaled) + self.resolution_covariance


def unweighted_residual(result: refinement.RefinementResult) -> float:
    """Rw with equal weights, the one that PDFgui states."""
    return float(np.linalg.norm(result.difference) / np.linalg.norm(result.observed))


def degrees_of_freedom(data: FitData, result: refinement.RefinementResult) -> float:
    """Measured points minus free variables: the band below Qmin is no measurement."""
    return max(result.degrees_of_freedom - data.unmeasured_points, 1.0)


def own_covariance(data: FitData, result: refinement.RefinementResult, scaled: bool) -> np.ndarray:
    """Covariance of the refined parameters, see :meth:`RecipeResult.covariance`, without the resolution's part."""
    if scaled:
        return result.covariance_scaled * result.degrees_of_freedom / degrees_of_freedom(data, result)
    inverse, _ = refinement.covariance_of(result.jacobian, result.variables)
    counted = counting_covariance(data, result.jacobian, result.weighting, inverse)
    if counted is None:
        return own_covariance(data, result, scaled=True)
    return result.linear_map.matrix @ counted @ result.linear_map.matrix.T


@dataclass(frozen=True)
class Prepared:
    """A model with its recipe resolved: starting values of all parameters, the map, and the stages as names."""

    model: PairModel
    start: dict[str, float]
    map: ParameterMap
    stages: tuple[tuple[str, tuple[str, ...]], ...]


def make_model(
    crystals: Sequence[Crystal],
    qmax: float,
    settings: RefinementSettings,
    dispersion: Mapping[str, complex] | None = None,
) -> PairModel:
    """The pair model of some phases; their names are those of the settings or of the files.

    Raises
    ------
    InputError
        If two phases have the same name or a name that parameters cannot carry.
    """
    phases = list(crystals)
    if settings.phases:
        if len(settings.phases) != len(phases):
            raise InputError(
                "not as many names as phases",
                place="key phases",
                found=settings.phases,
                expected=f"{len(phases)} names",
            )
        phases = [replace(crystal, name=name) for crystal, name in zip(phases, settings.phases, strict=True)]
    names = [crystal.name for crystal in phases]
    # Names become parts of the names of parameters and files.
    bad = [name for name in names if not name.isprintable() or not name.strip(" .") or any(c in name for c in ":/\\")]
    if len(phases) > 1 and (len(set(names)) < len(names) or bad):
        raise InputError(
            "phases need different names without a colon or a slash",
            place="key phases",
            found=", ".join(names),
            advice="give names in the settings, key phases",
        )
    return PairModel(
        tuple(phases),
        qmax,
        convention=settings.convention,
        envelope=settings.envelope,
        radiation=settings.radiation,
        window=settings.window,
        dispersion=dispersion or {},
    )


def prepare(model: PairModel, settings: RefinementSettings, values: Mapping[str, float] | None = None) -> Prepared:
    """Resolve a recipe on a model.

    Parameters
    ----------
    values
        Starting values that replace those of the model and of the settings.

    Raises
    ------
    InputError
        If the recipe names a parameter that symmetry fixes or that does not exist, if nothing is left to refine, or if
        constraints, bounds and fixed values cannot be met together.
    """
    names = list(model.parameters)
    start = {name: float(value) for name, value in model.parameters.items()}
    if "qdamp" in start:
        start |= {"qdamp": settings.qdamp, "qbroad": settings.qbroad}
    given = values_of(settings.start, names, settings, "start", model.why_fixed)
    start |= {name: value for name, value in given.items() if value is not None}
    start |= {name: float(value) for name, value in (values or {}).items() if name in start}
    held = values_of(settings.fixed, names, settings, "fixed", model.why_fixed)
    fixed = {name: start[name] if value is None else value for name, value in held.items()}
    start |= fixed

    stages = []
    for i, stage in enumerate(settings.stages):
        found = matched(stage.free, names, f"stages[{i}] ({stage.name})", model.why_fixed)
        stages.append((stage.name, tuple(name for name in found if name not in fixed)))
    wanted = {name for _, free in stages for name in free}
    shortest = {model.prefix(k): shortest_distance(crystal) for k, crystal in enumerate(model.phases)}
    made = linear_map(
        names,
        start,
        free=wanted,
        equations=equations_of(settings, start, mixed_occupancies(model)),
        fixed=fixed,
        bounds=bounds_of(settings, start, shortest),
    )
    if not made.free:
        raise InputError(
            "the recipe leaves nothing to refine", place="key stages", found=", ".join(s.name for s in settings.stages)
        )
    resolved: list[tuple[str, tuple[str, ...]]] = []
    freed: dict[str, None] = {}
    for name, free in stages:
        freed.update(dict.fromkeys(free))
        resolved.append((name, tuple(freed) if settings.cumulative else free))
    if settings.together:
        resolved.append(("all together", made.free))
    return Prepared(model, start, made, tuple(resolved))


def shortest_distance(crystal: Crystal, least: float = 1.0) -> float:
    """The shortest distance in angstrom between atoms, not counting split positions nearer than ``least``."""
    expanded = crystal.expand()
    steps = np.stack(np.meshgrid(*[(-1, 0, 1)] * 3), axis=-1).reshape(-1, 3)
    x = expanded.positions - np.floor(expanded.positions)
    gaps = (x[:, None, None] + steps - x[None, :, None]) @ expanded.lattice_matrix.T
    lengths = np.linalg.norm(gaps, axis=-1)
    return float(lengths[lengths > least].min())


def mixed_occupancies(model: PairModel) -> list[list[str]]:
    """Names of the occupancies of each site that elements share."""
    several = len(model.phases) > 1
    return [
        [f"{crystal.name}:{name}" if several else name for name in site.occupancy_names()]
        for crystal in model.phases
        for site in crystal.sites
        if len(site.species) > 1
    ]


def run_recipe(
    crystals: Sequence[Crystal],
    observed: Observed,
    settings: RefinementSettings,
    *,
    say: Callable[[str], None] = print,
) -> RecipeResult:
    """Refine a structure against G(r).

    Parameters
    ----------
    crystals
        Starting structures, one per phase.
    observed
        G(r).
    settings
        The recipe.
    say
        Is told what happens: stage, Rw, evaluations.

    Raises
    ------
    InputError
        If the recipe does not fit the structure or the data.
    """
    data = fit_data(observed, settings.fit_range, settings.weights)
    prepared = prepare(make_model(crystals, observed.qmax, settings, observed.dispersion), settings)
    say(
        f"{len(prepared.map.free)} independent parameters, fit from {settings.fit_range[0]:g} to "
        f"{settings.fit_range[1]:g} angstrom, weights: {data.weights}"
    )
    first = _into_bounds(prepared, _first_guess(prepared, observed, settings))
    runs = []
    for k, z in enumerate(_starts(prepared.map, first, settings)):
        if settings.starts > 1:
            say(f"start {k + 1} of {settings.starts}")
        runs.append(_run_stages(prepared, data, settings, z, say))
    best_stages, best = min(runs, key=lambda run: run[1].chi_squared)
    start_rw = np.array([unweighted_residual(run[1]) for run in runs])
    if settings.starts > 1:
        say(f"Rw of the starts: {', '.join(f'{rw:.4f}' for rw in start_rw)}")
    tau2, best = _weigh(prepared, data, settings, best, say)
    _tell_limits(prepared, best)
    say(f"Rw {unweighted_residual(best):.5f}, {degrees_of_freedom(data, best):.0f} degrees of freedom")
    names = tuple(best.values)
    return RecipeResult(
        settings=settings,
        observed=observed,
        data=data,
        result=best,
        misfit_variance=tau2,
        map=prepared.map,
        resolution_covariance=_resolution_covariance(best, settings),
        stages=tuple(best_stages),
        start_names=names,
        start_rw=start_rw,
        start_values=np.array([[run[1].values[name] for name in names] for run in runs]),
        envelopes=tuple(_compare_envelopes(best, observed, data, settings, tau2, say)),
        profiles=tuple(_profiles(best, settings, say)),
    )


def _first_guess(prepared: Prepared, observed: Observed, settings: RefinementSettings) -> np.ndarray:
    """z at the start; scale and coherence length, unless given, from a coarse search."""
    start = dict(prepared.start)
    given = values_of(settings.start, list(start), settings, "start")
    free = set(prepared.map.free)
    scales = [n for n in matching("scale", start, "start") if n in free and n not in given]
    lengths = [n for n in matching("coherence_length", start, "start") if n in free and n not in given]
    low, high = settings.fit_range
    r = np.arange(low, high, np.pi / observed.qmax)
    g = np.interp(r, observed.r, observed.g)
    best = math.inf
    chosen = dict(start)
    for length in FIRST_LENGTHS if lengths else (None,):
        tried = start | ({} if length is None else dict.fromkeys(lengths, length))
        model_g = calculate(prepared.model, r, tried)
        power = float(model_g @ model_g)
        factor = float(model_g @ g) / power if scales and power > 0 else 1.0
        if factor <= 0:
            factor = 1.0
        misfit = float(np.sum((g - factor * model_g) ** 2))
        if misfit < best:
            best = misfit
            chosen = tried | {name: tried[name] * factor for name in scales}
    return np.array([chosen[name] for name in prepared.map.free])


def _into_bounds(prepared: Prepared, z: np.ndarray) -> np.ndarray:
    """z inside its bounds; a start that has to move is told."""
    inside = np.clip(z, prepared.map.lower, prepared.map.upper)
    for name, old, new in zip(prepared.map.free, z, inside, strict=True):
        if abs(new - old) > 1e-9 * max(1.0, abs(old)):
            warn(f"{name} starts at {new:.6g} instead of {old:.6g}, as its bounds and constraints ask")
    return inside


def _starts(made: ParameterMap, first: np.ndarray, settings: RefinementSettings):
    """The first start and the seeded random ones around it."""
    yield first
    generator = np.random.default_rng(settings.seed)
    kinds = {}
    for pattern, kind, size in PERTURBATIONS:
        kinds.update(dict.fromkeys(matching(pattern, made.free, "perturbation"), (kind, size)))
    for _ in range(settings.starts - 1):
        z = first.copy()
        for j, name in enumerate(made.free):
            kind, size = kinds.get(name, ("absolute", 0.0))
            shift = settings.perturbation * size * generator.standard_normal()
            z[j] = z[j] * math.exp(shift) if kind == "relative" else z[j] + shift
        yield np.clip(z, made.lower, made.upper)


def _run_stages(prepared, data, settings, z, say):
    """All stages from one start, with equal weights: far from the solution the counts' own would lead astray."""
    reached = []
    result = None
    z = z.copy()
    weighting = data.weighting(None)
    for number, (name, free) in enumerate(prepared.stages, 1):
        part, kept = prepared.map.part(free, z)
        if not part.free:
            say(f"stage {number} of {len(prepared.stages)}, {name}: nothing to refine")
            continue
        tolerance = FINE_TOLERANCE if number == len(prepared.stages) else COARSE_TOLERANCE
        result = _fit(prepared, part, z[kept], data, settings, weighting, tolerance)
        z[kept] = result.variable_values
        rw = unweighted_residual(result)
        reached.append(StageResult(name, rw, result.chi_squared, result.evaluations, len(part.free)))
        say(
            f"stage {number} of {len(prepared.stages)}, {name}: Rw {rw:.5f}, {len(part.free)} free, "
            f"{result.evaluations} evaluations"
        )
    return reached, result


def _weigh(prepared, data, settings, result, say):
    """Refit the last stage with the weights of the data, the misfit's variance adjusted to what is left over."""
    if data.weights == "unit":
        return None, result
    tau2 = None
    z = np.array([result.values[name] for name in prepared.map.free])
    for _ in range(ROUNDS):
        found = misfit_variance(data, result.difference, degrees_of_freedom(data, result))
        if tau2 is not None and abs(math.log(found / tau2)) < 0.1:
            break
        tau2 = found
        part, kept = prepared.map.part(result.variables, z)
        result = _fit(prepared, part, z[kept], data, settings, data.weighting(tau2), FINE_TOLERANCE)
        z[kept] = result.variable_values
        say(
            f"weights of the data: Rw {unweighted_residual(result):.5f}, misfit {math.sqrt(tau2):.3g} against counting "
            f"noise of {math.sqrt(data.mean_variance):.3g} 1/angstrom^2, {result.evaluations} evaluations"
        )
    return tau2, result


def _fit(prepared, part: ParameterMap, z, data, settings, weighting, tolerance=FINE_TOLERANCE):
    """One least-squares run of the engine on the parameters that a map frees."""
    moving = np.flatnonzero(np.any(part.matrix != 0, axis=1))
    constant = {name: part.offset[i] for i, name in enumerate(part.parameters)}
    engine_map = refinement.LinearMap(
        parameters=tuple(part.parameters[i] for i in moving),
        offset=part.offset[moving],
        variables=part.free,
        matrix=part.matrix[moving],
        start=z,
        lower=part.lower,
        upper=part.upper,
    )
    equal = data.band is None and data.weights == "unit"
    return refinement.refine(
        prepared.model,
        data.r,
        data.g,
        start={**prepared.start, **constant},
        covariance=None if equal else weighting,
        linear_map=engine_map,
        max_evaluations=settings.max_evaluations,
        tolerance=tolerance,
    )


def _tell_limits(prepared: Prepared, result) -> None:
    """Warn of what a reader of the numbers must know."""
    for group in result.singular:
        warn(f"these parameters cannot be told apart by the data: {', '.join(group)}")
    if result.at_bound:
        warn(f"at a bound, so without a meaningful uncertainty: {', '.join(result.at_bound)}")
    if not result.converged:
        warn(f"the refinement did not converge: {result.message}")
    z = np.array([result.values[name] for name in prepared.map.free])
    for name, value, low, high in prepared.map.outside(z):
        warn(
            f"{name} = {value:.6g} is outside {low:.6g} to {high:.6g}; bounds of a sum of several parameters are not "
            "enforced during the fit"
        )


def _resolution_covariance(result, settings: RefinementSettings) -> np.ndarray:
    """(dp/dq) C_q (dp/dq)' of qdamp and qbroad, where they are held and uncertain."""
    held = [name for name in ("qdamp", "qbroad") if name in result.values and name not in result.parameters]
    sds = {"qdamp": settings.qdamp_sd, "qbroad": settings.qbroad_sd}
    size = len(result.parameters)
    if not any(sds[name] for name in held):
        return np.zeros((size, size))
    slope = refinement.sensitivity(result, held)
    spread = np.array([sds[name] for name in held])
    correlation = np.eye(len(held))
    if len(held) == 2:
        correlation[0, 1] = correlation[1, 0] = settings.resolution_correlation
    return slope @ (correlation * np.outer(spread, spread)) @ slope.T


def _compare_envelopes(best, observed, data, settings, tau2, say):
    """Repeat the last stage with other envelopes, from where it ended."""
    lengths = [n for n in best.parameters if n.rpartition(":")[2] == "coherence_length"]
    if not lengths:
        return
    for envelope in settings.compare_envelopes:
        if envelope in (settings.envelope, "none"):
            continue
        other = replace(settings, envelope=envelope)
        prepared = prepare(replace(best.model, envelope=envelope), other, best.values)
        # A sphere of diameter D and another shape of the same parameter damp differently: start from a search.
        z = np.clip(_first_guess(prepared, observed, other), prepared.map.lower, prepared.map.upper)
        part, kept = prepared.map.part(prepared.map.free, z)
        # First with equal weights, then with those of the fit it is compared with: chi-squared of both then compare.
        result = _fit(prepared, part, z[kept], data, other, data.weighting(None))
        if tau2 is not None:
            result = _fit(prepared, part, result.variable_values, data, other, data.weighting(tau2))
        plain, scaled = (np.sqrt(np.diag(own_covariance(data, result, kind)).clip(0.0)) for kind in (False, True))
        names = tuple(n for n in result.parameters if n.rpartition(":")[2] in ("coherence_length", "coherence_spread"))
        made = EnvelopeResult(
            envelope,
            unweighted_residual(result),
            result.chi_squared,
            names,
            tuple(result.values[n] for n in names),
            tuple(float(plain[result.parameters.index(n)]) for n in names),
            tuple(float(scaled[result.parameters.index(n)]) for n in names),
        )
        numbers = ", ".join(
            f"{n} {v:.4g} ± {s:.2g}"
            for n, v, s in zip(names, made.values, made.standard_uncertainty_scaled, strict=True)
        )
        say(f"envelope {envelope}: Rw {made.rw:.5f}, chi-squared {made.chi_squared:.4g}, {numbers}")
        yield made


def _profiles(best, settings: RefinementSettings, say):
    """Profile-likelihood intervals of the parameters asked for, without and with scaling where these differ."""
    for name in matched(settings.profile, list(best.values), "profile") if settings.profile else ():
        if name not in best.parameters:
            continue
        if name not in best.variables:
            warn(f"no profile interval of {name}: it depends on other parameters; ask for theirs")
            continue
        interval = refinement.profile_interval(best.model, best, name, level=settings.profile_level, scaled=True)
        low, high = ("open" if end is None else f"{end:.4g}" for end in (interval.lower, interval.upper))
        say(f"profile interval of {name} ({100 * settings.profile_level:.1f} %): {low} to {high}")
        yield interval
