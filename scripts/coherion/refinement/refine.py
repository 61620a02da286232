"""Refinement of the pair model against G(r), with the full covariance and what cannot be told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from coherion.errors import InputError
from coherion.messages import warn
from coherion.pair_model.evaluator import narrow_text
from coherion.pair_model.model import PairModel
from coherion.refinement.least_squares.covariance import covariance_of
from coherion.refinement.least_squares.minimise import RefinementResult, fit
from coherion.refinement.least_squares.points import nyquist_grid, resample, target_of
from coherion.refinement.least_squares.profile import ProfileInterval, profile_interval
from coherion.refinement.least_squares.sensitivity import sensitivity
from coherion.refinement.linear_map import LinearMap

__all__ = [
    "LinearMap",
    "ProfileInterval",
    "RefinementResult",
    "covariance_of",
    "nyquist_grid",
    "profile_interval",
    "refine",
    "resample",
    "sensitivity",
]


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
    target = target_of(model.qmax, r, g, fit_range, sd, covariance)
    map_ = linear_map or _identity(model, free, bounds or {})
    full = model.complete(start)
    result = fit(model, map_, full, target, max_evaluations=max_evaluations, tolerance=tolerance, progress=progress)
    if result.narrow_pairs:
        warn(narrow_text(result.narrow_pairs))
    return result


def _identity(model: PairModel, free: Sequence[str], bounds: Mapping[str, tuple[float, float]]) -> LinearMap:
    known = model.parameters
    for name in [*free, *bounds]:
        if name not in known:
            raise InputError("not a free parameter", place=name, advice=model.why_fixed(name))
    if not free:
        raise InputError("no parameter is free", place="free")
    if len(set(free)) != len(free):
        raise InputError("a parameter is named twice", place="free", found=", ".join(free))
    return LinearMap.identity(free, bounds)
