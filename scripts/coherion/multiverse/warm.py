"""A refinement from where another of nearly the same data ended: no search, no stages, few rounds of weights.

Stages lead a refinement from a rough structure to its minimum, the first of them with equal weights. From a start that
is an analysis' own but for one choice, the weights of the data lead there at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from coherion.crystal.crystal import Crystal
from coherion.refinement.least_squares.minimise import make_evaluator
from coherion.refinement.least_squares.weights import Misfit
from coherion.refinement.observed import Observed
from coherion.refinement.recipe import data_and_model
from coherion.refinement.steps.problem import prepare
from coherion.refinement.steps.refined import Refined
from coherion.refinement.steps.stages import NEGLIGIBLE, degrees_of_freedom, fit_stage
from coherion.settings.stages.refinement import RefinementSettings

# Relative change of chi-squared at which a fit ends: with some thousand points a thirtieth of a standard uncertainty.
TOLERANCE = 1e-6
# Rounds of weights at most, and the change of the logarithm of the misfit's variance that ends them.
ROUNDS, SETTLED = 4, 0.1


def refine_from(
    start: Mapping[str, float],
    crystals: Sequence[Crystal],
    observed: Observed,
    settings: RefinementSettings,
    misfit: Misfit | None = None,
) -> Refined:
    """Refine all that any stage of the recipe frees, together, from the values of ``start``.

    Parameters
    ----------
    start
        Values of parameters; those that the model has not are passed over.
    misfit
        What the model left undescribed where ``start`` comes from: the weights that the first fit has.

    Raises
    ------
    InputError
        If the recipe does not fit the structure or the data.
    """
    data, model = data_and_model(crystals, observed, settings)
    problem = prepare(model, settings, {name: value for name, value in start.items() if name in model.parameters})
    inside = problem.map.inside(problem.map.variables_at(problem.start))
    values = problem.start | problem.map.values(inside)
    names, target = problem.map.variables, data.target(misfit)
    if data.unit:
        result = fit_stage(problem, names, values, target, TOLERANCE)
        return Refined(settings, observed, data, problem, None, result)

    def logarithm(of: Misfit) -> np.ndarray:
        return np.log(of.variance(data.r) + NEGLIGIBLE * data.mean_variance)

    evaluator = make_evaluator(model, target, problem.map.part(names, values).parameters)
    # Without weights to begin with, the fit ends near where it starts: what is asked of it is the difference there.
    result = fit_stage(problem, names, values, target, 0.1 if misfit is None else TOLERANCE, evaluator)
    for _ in range(ROUNDS):
        found = data.misfit(result.difference, degrees_of_freedom(data, result), misfit)
        if misfit is not None and np.max(np.abs(logarithm(found) - logarithm(misfit))) < SETTLED:
            break
        misfit = found
        result = fit_stage(problem, names, result.values, data.target(misfit), TOLERANCE, evaluator)
    return Refined(settings, observed, data, problem, misfit, result)
