"""A staged refinement: from a starting structure and G(r) to parameters with their uncertainties.

The stages of a recipe free parameters step by step, as in the paper: scale and correlated motion, lattice, coordinates
and occupancies, displacements, coherence length, then all together. Constraints, shared parameters and bounds hold
throughout, because every stage is a part of one linear map (:mod:`coherion.refinement.linear_map`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from coherion.crystal.crystal import Crystal
from coherion.messages import warn
from coherion.pair_model.model import PairModel
from coherion.refinement.least_squares.joint import JointData
from coherion.refinement.least_squares.minimise import RefinementResult
from coherion.refinement.least_squares.points import fit_data
from coherion.refinement.least_squares.profile import ProfileInterval, profile_interval
from coherion.refinement.least_squares.weights import FitData
from coherion.refinement.observed import Observed, radiation_of
from coherion.refinement.patterns import matched
from coherion.refinement.readings import Readings, read_size_and_strain
from coherion.refinement.steps.problem import Problem, make_model, own_settings, prepare
from coherion.refinement.steps.refined import Refined, refit
from coherion.refinement.steps.stages import StageResult, run_stages, unweighted_residual, weigh
from coherion.refinement.steps.starts import doubt, first_guess, into_bounds, is_of_structure, starts
from coherion.settings.stages.refinement import RefinementSettings

# Of Rw: a fit from the recipe's own start that is better by more than this has found another branch.
OTHER_BRANCH = 0.02


@dataclass(frozen=True, eq=False)
class Course:
    """How a refinement came to its end.

    stages
        Of the best start.
    names, rw, values
        Names of the parameters; Rw of every start, (starts,); and what it reached, (starts, parameters).
    continued, jumped
        Whether the first start is where another refinement ended, and whether the recipe's own led to a better fit.
    """

    stages: tuple[StageResult, ...]
    names: tuple[str, ...]
    rw: np.ndarray
    values: np.ndarray
    continued: bool = False
    jumped: bool = False


@dataclass(frozen=True, eq=False)
class RecipeResult(Refined):
    """A refinement with how it came about and what else was asked of it.

    course
        Starts and stages.
    envelopes, profiles
        The same with other envelopes, and profile-likelihood intervals; see the settings.
    readings
        Size and strain of the first phase under other readings; None where the domains have no length or none is asked.
    """

    course: Course
    envelopes: tuple[Refined, ...]
    profiles: tuple[ProfileInterval, ...]
    readings: Readings | None = None


def run_recipe(
    crystals: Sequence[Crystal],
    observed: Observed,
    settings: RefinementSettings,
    *,
    before: Mapping[str, float] | None = None,
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
    before
        Values that another refinement ended at, of a sample not unlike this one: a start more. The fit from there is
        kept unless the recipe's own start leads to one that is better by :data:`OTHER_BRANCH`, which is told.
    say
        Is told what happens: stage, Rw, evaluations.

    Raises
    ------
    InputError
        If the recipe does not fit the structure or the data.
    """
    data, model = data_and_model(crystals, observed, settings)
    problem = prepare(model, settings)
    if problem.origin:
        say(f"the space group leaves the origin free; held in its place: {', '.join(problem.origin)}")
    say(
        f"{len(problem.map.variables)} independent parameters, fit from {settings.fit_range[0]:g} to "
        f"{settings.fit_range[1]:g} angstrom, weights: {data.weights}"
    )
    wanted = first_guess(problem, observed, settings.fit_range)
    first = into_bounds(problem, wanted)
    spare = settings.spare_starts if settings.starts == 1 else 0
    begun = list(starts(problem, first, settings.starts + spare, settings.perturbation, settings.seed))
    own, spared = begun[: settings.starts], begun[settings.starts :]
    if before:
        own.insert(0, problem.map.inside(problem.map.variables_at({**problem.start, **before})))
    moved = [n for n, a, b in zip(problem.map.variables, wanted, first, strict=True) if a != b and is_of_structure(n)]
    course, best = _best_of_starts(problem, data, own, spared, moved, bool(before), say)
    misfit, best = weigh(problem, data, best, say)
    found = Refined(settings, observed, data, problem, misfit, best)
    tell_limits(found)
    say(f"Rw {found.rw:.5f}, {found.degrees_of_freedom:.0f} degrees of freedom")
    return RecipeResult(
        **{name: getattr(found, name) for name in Refined.__dataclass_fields__},
        course=course,
        envelopes=tuple(_compare_envelopes(found, say)),
        profiles=tuple(_profiles(found, say)),
        readings=read_size_and_strain(found, settings.readings, say),
    )


def data_and_model(
    crystals: Sequence[Crystal], observed: Observed, settings: RefinementSettings
) -> tuple[FitData, PairModel]:
    """The points to fit, and what to fit them with; of all data sets of the sample.

    Raises
    ------
    InputError
        If the recipe does not fit the structure or the data.
    """
    data = fit_data(observed, settings.fit_range, settings.weights)
    radiation = radiation_of(observed, settings.radiation)
    model = make_model(
        crystals, observed.qmax, settings, observed.dispersion, observed.composition, radiation, observed.further
    )
    if observed.further:
        parts = [data]
        for one, own in zip(observed.further, own_settings(settings, len(observed.further)), strict=True):
            low, high = settings.fit_range
            held = max(low, float(one.r[0])), min(high, float(one.r[-1]))
            parts.append(fit_data(one, own.fit_range or held, settings.weights))
        data = JointData.of(parts)
    return data, model


def _best_of_starts(
    problem: Problem,
    data: FitData,
    begun: Sequence[np.ndarray],
    spare: Sequence[np.ndarray],
    moved: Sequence[str],
    continued: bool,
    say: Callable[[str], None],
) -> tuple[Course, RefinementResult]:
    """All stages from each start; the fit of the best one, or of the first that another refinement gave.

    Where the recipe's own is in doubt, see :func:`coherion.refinement.steps.starts.doubt`, the spare ones follow.
    """
    runs = []
    for k, z in enumerate(begun, 1):
        if len(begun) > 1:
            say(f"start {k} of {len(begun)}{', where the refinement before ended' if continued and k == 1 else ''}")
        runs.append(run_stages(problem, data, z, say))
    if spare and (reason := doubt(runs[-1][1], moved)):
        say(f"{len(spare)} more starts, for {reason}")
        runs += [run_stages(problem, data, z, lambda _: None) for z in spare]
        begun = [*begun, *spare]
    rw = np.array([unweighted_residual(result) for _, result in runs])
    if len(begun) > 1:
        say(f"Rw of the starts: {', '.join(f'{value:.4f}' for value in rw)}")
    chosen = int(np.argmin([result.chi_squared for _, result in runs]))
    jumped = continued and bool(rw[chosen] < rw[0] * (1 - OTHER_BRANCH))
    if jumped:
        warn(
            f"the values of the step before lead to Rw {rw[0]:.4f}, the recipe's own start to {rw[chosen]:.4f}: "
            "another branch; look at what jumps"
        )
    stages, best = runs[0 if continued and not jumped else chosen]
    names = tuple(p.name for p in problem.parameters)
    reached = np.array([[result.values[name] for name in names] for _, result in runs])
    return Course(stages, names, rw, reached, continued, jumped), best


def tell_limits(found: Refined) -> None:
    """Warn of what a reader of the numbers must know."""
    result = found.result
    for group in result.singular:
        warn(f"these parameters cannot be told apart by the data: {', '.join(group)}")
    for name in result.at_bound:
        j = result.variables.index(name)
        value, low, high = result.values[name], result.map.lower[j], result.map.upper[j]
        side, end = ("lower", low) if value - low < high - value else ("upper", high)
        warn(
            f"{name} = {value:.6g} is at a bound, so without a meaningful uncertainty: its {side} one is {end:.6g}; "
            f"widen bounds of {name} or of what depends on it, or hold it by fixed"
        )
    if not result.converged:
        warn(f"the refinement did not converge: {result.message}; set max_evaluations higher or free less at once")
    for name, value, low, high in found.map.outside(result.values):
        warn(
            f"{name} = {value:.6g} is outside {low:.6g} to {high:.6g}; bounds of a sum of several parameters are not "
            f"enforced during the fit: set bounds of the parameters it is a sum of, or hold one of them by fixed"
        )


def _compare_envelopes(found: Refined, say: Callable[[str], None]) -> Iterator[Refined]:
    """The last stage with other envelopes, from where it ended, if the domains have a length."""
    if not any(p.refined and p.symbol == "coherence_length" for p in found.parameters):
        return
    for envelope in found.settings.compare_envelopes:
        if envelope in (found.model.envelope, "none"):
            continue
        other = refit(found, replace(found.model, envelope=envelope), search=True)
        shape = [p for p in other.parameters if p.refined and p.kind == "envelope"]
        numbers = ", ".join(f"{p.name} {p.value:.4g} ± {p.uncertainty_scaled:.2g}" for p in shape)
        say(f"envelope {envelope}: Rw {other.rw:.5f}, chi-squared {other.result.chi_squared:.4g}, {numbers}")
        yield other


def _profiles(found: Refined, say: Callable[[str], None]) -> Iterator[ProfileInterval]:
    """Profile-likelihood intervals of the parameters asked for, scaled."""
    best, level = found.result, found.settings.profile_level
    for name in matched(found.settings.profile, list(best.values), "profile"):
        if name not in best.parameters:
            continue
        if name not in best.variables:
            warn(f"no profile interval of {name}: it depends on other parameters; ask for theirs")
            continue
        interval = profile_interval(best, name, level=level, scaled=True)
        low, high = ("open" if end is None else f"{end:.4g}" for end in (interval.lower, interval.upper))
        say(f"profile interval of {name} ({100 * level:.1f} %): {low} to {high}")
        yield interval
