"""A refinement with what it was made from, and the same data fitted again with another model from where it ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from coherion.pair_model.model import SHARED_DEFAULTS, PairModel
from coherion.refinement.least_squares.covariance import counting_covariance
from coherion.refinement.least_squares.minimise import RefinementResult
from coherion.refinement.least_squares.misfit import Shift, misfit_of_shift, sandwich, shift_of_q, widened
from coherion.refinement.least_squares.sensitivity import resolution_covariance
from coherion.refinement.least_squares.weights import FitData, Misfit
from coherion.refinement.linear_map import LinearMap
from coherion.refinement.observed import Observed
from coherion.refinement.parameters import Parameter
from coherion.refinement.steps.problem import Problem, prepare
from coherion.refinement.steps.stages import FINE_TOLERANCE, degrees_of_freedom, fit_stage, unweighted_residual
from coherion.refinement.steps.starts import first_guess
from coherion.settings.stages.refinement import RefinementSettings


@dataclass(frozen=True, eq=False)
class Refined:
    """A refinement and what a further one of the same data needs.

    settings, observed, data
        The recipe, G(r), and the points of it that were fitted.
    problem
        The recipe resolved on the model.
    misfit
        Its variance in the weights, see :mod:`coherion.refinement.least_squares.weights`; None with unit weights.
    result
        Of the last stage, with values of all parameters and the covariance of those refined.
    """

    settings: RefinementSettings
    observed: Observed
    data: FitData
    problem: Problem
    misfit: Misfit | None
    result: RefinementResult

    @property
    def model(self) -> PairModel:
        """The model refined."""
        return self.result.model

    @property
    def map(self) -> LinearMap:
        """How the parameters depend on the independent ones."""
        return self.problem.map

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

    @property
    def refined_values(self) -> dict[str, float]:
        """Values of the parameters that were refined."""
        return {name: self.result.values[name] for name in self.result.parameters}

    @cached_property
    def resolution_covariance(self) -> np.ndarray:
        """What the resolution's uncertainty, as the settings state it, adds to the covariance, shape (n, n)."""
        sds = {name: float(getattr(self.settings, f"{name}_sd")) for name in SHARED_DEFAULTS}
        for number, one in enumerate(self.settings.further, 2):
            sds |= {f"{name}_{number}": float(getattr(one, f"{name}_sd")) for name in SHARED_DEFAULTS}
        return resolution_covariance(self.result, sds, self.settings.resolution_correlation)

    def covariance(self, scaled: bool) -> np.ndarray:
        """Covariance of ``result.parameters``, with the resolution's part.

        Scaled: of the fit, times reduced chi-squared, and what the shape of the misfit adds
        (:mod:`coherion.refinement.least_squares.misfit`), so that it holds the misfit of the model. Not scaled: of the
        counts alone; where the noise of the data is not known, the same as the scaled one.
        """
        return self._covariances[scaled]

    @property
    def shift_of_q(self) -> Shift:
        """The shift of all Q that the residual shows, of the first data set."""
        return self._shifts[0]

    @cached_property
    def _shifts(self) -> list[Shift]:
        """That of each data set."""
        result, made = self.result, []
        for number, part in enumerate(result.target.parts, 1):
            misfit = np.zeros(len(result.r))
            qmax = self.model.of_set(number).qmax
            misfit[part] = misfit_of_shift(result.r[part], result.calculated[part], qmax)
            made.append(
                shift_of_q(
                    result.target.weighting(misfit),
                    jacobian=result.jacobian,
                    residual=result.target.weighting(result.difference),
                    inverse=result.inverse,
                    variance=self.chi_squared_reduced,
                )
            )
        return made

    @cached_property
    def _covariances(self) -> dict[bool, np.ndarray]:
        result = self.result
        residual = result.target.weighting(result.difference)
        # Neighbours within a data set are told from those across two.
        parts = result.target.parts
        rough = np.sum([sandwich(result.jacobian[part], residual[part], result.inverse) for part in parts], axis=0)
        rough = rough * len(residual) / self.degrees_of_freedom
        own = widened(result.inverse * self.chi_squared_reduced, rough)
        for shift in self._shifts:
            own = own + shift.variance * np.outer(shift.response, shift.response)
        scaled = result.map.covariance(own)
        counted = counting_covariance(self.data, result.jacobian, result.target.weighting, result.inverse)
        plain = scaled if counted is None else result.map.covariance(counted)
        return {kind: made + self.resolution_covariance for kind, made in ((True, scaled), (False, plain))}

    def uncertainties(self, scaled: bool) -> dict[str, float]:
        """Standard uncertainty of each refined parameter, in its unit."""
        spread = np.sqrt(np.diag(self.covariance(scaled)).clip(0.0))
        return dict(zip(self.result.parameters, spread.tolist(), strict=True))

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters of the model with their values, uncertainties, and what a reader must know of them."""
        result, plain, scaled = self.result, self.uncertainties(False), self.uncertainties(True)
        made = []
        for start in self.problem.parameters:
            name, remarks = start.name, []
            if name not in plain:
                remarks.append("free in an earlier stage only" if start.state == "free" else "fixed")
            if name in self.problem.origin:
                remarks.append("the origin, which the space group leaves free")
            if name in result.at_bound:
                remarks.append("at a bound")
            for group in result.singular:
                if name in group:
                    remarks.append(f"cannot be told apart from {', '.join(n for n in group if n != name)}")
            made.append(
                replace(
                    start,
                    value=result.values[name],
                    uncertainty=plain.get(name),
                    uncertainty_scaled=scaled.get(name),
                    remarks=tuple(remarks),
                )
            )
        return tuple(made)


def refit(
    found: Refined,
    model: PairModel,
    *,
    start: Mapping[str, float] | None = None,
    free: Sequence[str] = (),
    hold: Mapping[str, float] | None = None,
    search: bool = False,
) -> Refined:
    """Fit another model to the same data with the same weights, from where a refinement ended.

    Free are the parameters of the recipe's stages, with the recipe's constraints and bounds. Where the model holds
    the one refined before (a phase, a reading or a parameter more, started where it does nothing), the fit cannot end
    worse than that; a model of another kind is better started by a search.

    Parameters
    ----------
    model
        What to fit.
    start
        Values of parameters that differ from those of ``found`` or that it does not have.
    free
        Parameters freed besides those that the recipe names.
    hold
        Parameters held at these values.
    search
        Whether scale and coherence length are searched anew, and fitted with equal weights first: another shape damps
        differently with the same length.
    """
    problem = prepare(model, found.settings, {**found.result.values, **(start or {})}, free, hold)
    if search:
        z = first_guess(problem, found.observed, found.settings.fit_range)
    else:
        z = problem.map.variables_at(problem.start)
    values = problem.start | problem.map.values(problem.map.inside(z))
    names, misfit = problem.map.variables, found.misfit
    if search and misfit is not None:
        values = fit_stage(problem, names, values, found.data.target(None), FINE_TOLERANCE).values
    result = fit_stage(problem, names, values, found.data.target(misfit), FINE_TOLERANCE)
    return Refined(found.settings, found.observed, found.data, problem, misfit, result)
