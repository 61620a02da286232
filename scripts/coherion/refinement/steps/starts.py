"""Where a refinement starts: a coarse search for scale and length, inside the bounds, and random starts around it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from coherion.messages import warn
from coherion.pair_model.evaluator import calculate
from coherion.refinement.least_squares.minimise import RefinementResult
from coherion.refinement.observed import Observed
from coherion.refinement.parameters import parse
from coherion.refinement.steps.problem import Problem

# Coherence lengths tried, angstrom: a factor of two apart is near enough for least squares.
FIRST_LENGTHS = (15.0, 30.0, 60.0, 120.0, 240.0, 480.0)

# Parameters of two phases that correlate by more than this are hardly told apart.
ALIKE = 0.95


def first_guess(problem: Problem, observed: Observed, fit_range: tuple[float, float]) -> np.ndarray:
    """The variables at the start, shape (m,); scale and coherence length, unless given, from a coarse search."""
    scales = [p.name for p in problem.searched if p.symbol == "scale" and parse(p.name).data_set == 1]
    lengths = [p.name for p in problem.searched if p.symbol == "coherence_length"]
    r = np.arange(*fit_range, np.pi / observed.qmax)
    g = np.interp(r, observed.r, observed.g)
    start = problem.start
    best, chosen = math.inf, start
    for length in FIRST_LENGTHS if lengths else (None,):
        tried = start | ({} if length is None else dict.fromkeys(lengths, length))
        model_g = calculate(problem.model, r, tried)
        power = float(model_g @ model_g)
        factor = float(model_g @ g) / power if scales and power > 0 else 1.0
        if factor <= 0:
            factor = 1.0
        misfit = float(np.sum((g - factor * model_g) ** 2))
        if misfit < best:
            best = misfit
            chosen = tried | {name: tried[name] * factor for name in scales}
    for number, one in enumerate(observed.further, 2):
        own = problem.model.of_set(number), problem.model.names_in_set(number)
        low, high = max(fit_range[0], one.r[0]), min(fit_range[1], one.r[-1])
        r = np.arange(low, high, np.pi / one.qmax)
        model_g = calculate(own[0], r, {local: chosen[full] for local, full in own[1].items()})
        factor = float(model_g @ np.interp(r, one.r, one.g)) / max(float(model_g @ model_g), 1e-300)
        scales = [p.name for p in problem.searched if p.symbol == "scale" and parse(p.name).data_set == number]
        chosen = chosen | {name: chosen[name] * factor for name in scales if factor > 0}
    return problem.map.variables_at(chosen)


def into_bounds(problem: Problem, z: np.ndarray) -> np.ndarray:
    """Variables inside their bounds; a start that has to move is told."""
    inside = problem.map.inside(z)
    for name, old, new in zip(problem.map.variables, z, inside, strict=True):
        if abs(new - old) > 1e-9 * max(1.0, abs(old)):
            warn(
                f"{name} starts at {new:.6g} instead of {old:.6g}, as its bounds and constraints ask; set start of "
                f"{name} inside them, or bounds of {name} around it"
            )
    return inside


def starts(problem: Problem, first: np.ndarray, count: int, perturbation: float, seed: int) -> Iterator[np.ndarray]:
    """The first start and seeded random ones around it, each of shape (m,).

    Parameters
    ----------
    perturbation
        Size of the displacements in units of :attr:`coherion.refinement.parameters.Symbol.shift`.
    """
    yield first
    generator = np.random.default_rng(seed)
    meanings = [parse(name).meaning for name in problem.map.variables]
    for _ in range(count - 1):
        z = first.copy()
        for j, meaning in enumerate(meanings):
            shift = perturbation * meaning.shift * generator.standard_normal()
            z[j] = z[j] * math.exp(shift) if meaning.relative else z[j] + shift
        yield problem.map.inside(z)


def is_of_structure(name: str) -> bool:
    """Whether a parameter is one of the structure that least squares may get into a wrong minimum."""
    return parse(name).meaning.kind in ("lattice", "coordinate", "displacement")


def doubt(result: RefinementResult, moved: Sequence[str]) -> str:
    """Why the end of one start may not be the best there is, in words; blank where nothing says so.

    Parameters
    ----------
    moved
        Parameters of the structure whose start lay outside the bounds.
    """
    if moved:
        return f"{', '.join(moved)} started outside the bounds"
    if on_bound := [name for name in result.at_bound if is_of_structure(name)]:
        return f"{', '.join(on_bound)} ended on a bound"
    # What the data know nothing of, as of a phase that is not there, has neither error nor correlation.
    sds = np.sqrt(np.diag(result.inverse))
    sds[sds == 0] = np.inf
    correlated = np.abs(result.inverse / np.outer(sds, sds)) > ALIKE
    phases = [parse(name).phase for name in result.variables]
    for j, k in zip(*np.nonzero(np.triu(correlated, 1)), strict=True):
        if phases[j] != phases[k]:
            return f"{result.variables[j]} and {result.variables[k]} are hardly told apart"
    return ""
