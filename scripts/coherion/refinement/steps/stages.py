"""The stages of a recipe, one least-squares run each, and the last one again with the weights of the data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from coherion.messages import warn
from coherion.pair_model.evaluator import narrow_text
from coherion.refinement.least_squares.minimise import RefinementResult, fit, make_evaluator
from coherion.refinement.least_squares.weights import FitData, Misfit, Target
from coherion.refinement.steps.problem import Problem

if TYPE_CHECKING:
    from coherion.pair_model.evaluator import Evaluator
    from coherion.pair_model.joint import JointEvaluator

# Stages before the last need not converge: relative change of cost and parameters at which they end.
COARSE_TOLERANCE = 1e-4
FINE_TOLERANCE = 1e-8
# Rounds in which weights and fit are brought into agreement; three suffice where the model is any good.
ROUNDS = 6
# Changes of the misfit's variance below this share of that of the counts change no weight that matters.
NEGLIGIBLE = 1e-3


@dataclass(frozen=True)
class StageResult:
    """What one stage reached: Rw (unweighted), chi-squared, evaluations of the model, number of free parameters."""

    name: str
    rw: float
    chi_squared: float
    evaluations: int
    free: int


def unweighted_residual(result: RefinementResult) -> float:
    """Rw with equal weights, the one that PDFgui states; of several data sets their root mean square."""
    each = [
        float(np.linalg.norm(result.difference[part]) / np.linalg.norm(result.observed[part]))
        for part in result.target.parts
    ]
    if len(each) == 1:
        return each[0]
    return float(np.sqrt(np.average(np.square(each), weights=result.target.sizes)))


def degrees_of_freedom(data: FitData, result: RefinementResult) -> float:
    """Measured points minus free variables: the band below Qmin is no measurement."""
    return max(result.degrees_of_freedom - data.unmeasured_points, 1.0)


def fit_stage(
    problem: Problem,
    names: Iterable[str],
    values: Mapping[str, float],
    target: Target,
    tolerance: float,
    evaluator: Evaluator | JointEvaluator | None = None,
) -> RefinementResult:
    """One least-squares run on some parameters, the others held at their values.

    ``evaluator`` of the same names and points, where several runs share one.
    """
    result = fit(
        problem.model,
        problem.map.part(names, values),
        values,
        target,
        max_evaluations=problem.max_evaluations,
        tolerance=tolerance,
        evaluator=evaluator,
    )
    if result.narrow_pairs:
        warn(narrow_text(result.narrow_pairs))
    return result


def run_stages(
    problem: Problem, data: FitData, z: np.ndarray, say: Callable[[str], None]
) -> tuple[tuple[StageResult, ...], RefinementResult]:
    """All stages from one start, with equal weights: far from the solution the counts' own would lead astray.

    Parameters
    ----------
    z
        Variables of the problem's map, shape (m,).
    """
    reached = []
    values = problem.start | problem.map.values(z)
    target, last = data.target(None), len(problem.stages)
    result = None
    for number, (name, free) in enumerate(problem.stages, 1):
        if not problem.map.part(free, values).variables:
            say(f"stage {number} of {last}, {name}: nothing to refine")
            continue
        result = fit_stage(problem, free, values, target, FINE_TOLERANCE if number == last else COARSE_TOLERANCE)
        values = result.values
        rw, count = unweighted_residual(result), len(result.variables)
        reached.append(StageResult(name, rw, result.chi_squared, result.evaluations, count))
        say(f"stage {number} of {last}, {name}: Rw {rw:.5f}, {count} free, {result.evaluations} evaluations")
    assert result is not None  # the problem has variables, and some stage names each
    return tuple(reached), result


def weigh(
    problem: Problem, data: FitData, result: RefinementResult, say: Callable[[str], None]
) -> tuple[Misfit | None, RefinementResult]:
    """Refit the last stage with the weights of the data, the misfit's variance adjusted to what is left over.

    Returns the misfit, None with unit weights, and the fit.
    """
    if data.unit:
        return None, result
    misfit, before = None, np.full(len(data.r), np.inf)
    evaluator = make_evaluator(problem.model, result.target, result.parameters)
    for _ in range(ROUNDS):
        found = data.misfit(result.difference, degrees_of_freedom(data, result))
        now = np.log(found.variance(data.r) + NEGLIGIBLE * data.mean_variance)
        if np.max(np.abs(now - before)) < 0.1:
            break
        misfit, before = found, now
        result = fit_stage(problem, result.variables, result.values, data.target(misfit), FINE_TOLERANCE, evaluator)
        say(
            f"weights of the data: Rw {unweighted_residual(result):.5f}, misfit {misfit.rms(data.r):.3g} against "
            f"counting noise of {np.sqrt(data.mean_variance):.3g} 1/angstrom^2, {result.evaluations} evaluations"
        )
    return misfit, result
