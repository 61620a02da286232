"""Whether the data of a fit are something else than it takes them for: of the other radiation, or no G(r) at all.

A file may state the wrong radiation, or none, and hold g(r), T(r) or -G(r) under the name of G(r). Each such reading is
tried by the same recipe with equal weights; where one describes the data much better, that is why the fit is bad.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coherion.errors import InputError
from coherion.messages import collected, warn
from coherion.pair_model.model import PairModel
from coherion.refinement.least_squares.joint import JointData
from coherion.refinement.least_squares.points import fit_data
from coherion.refinement.observed import Observed
from coherion.refinement.steps.problem import own_settings, prepare
from coherion.refinement.steps.refined import Refined
from coherion.refinement.steps.stages import run_stages, unweighted_residual
from coherion.refinement.steps.starts import first_guess

Array = NDArray[np.float64]

# Of its Rw: what another reading must be below to be named. Of published data the wrong radiation never is.
CLEARLY = 0.8
# From which Rw on a G(r) may be none, and below which another function must describe it.
POOR, GOOD = 0.25, 0.3
OTHER = {"xray": "neutron", "neutron": "xray"}


@dataclass(frozen=True)
class Otherwise:
    """What describes the data better than what they were taken for.

    name
        ``xray`` or ``neutron``, or the function that they are, such as ``g(r) - 1``.
    data_set
        Which of the data sets of the sample, from 1.
    rw, taken
        Rw with it, and of the fit as it stands.
    """

    name: str
    data_set: int
    rw: float
    taken: float


def read_otherwise(found: Refined, taken: float, say: Callable[[str], None]) -> Otherwise | None:
    """The reading of the data that describes them best, where it is clearly better than the one that was refined.

    Tried are the other radiation where there is more than one element, and where the fit is poor the functions that
    stand under the name of G(r); both of files of other programs only. What was reduced here is known.

    Parameters
    ----------
    taken
        Rw with equal weights of the refinement, dimensionless.
    say
        Is told what was tried.
    """
    best: Otherwise | None = None
    for name, number, model, observed in _readings(found, taken):
        try:
            with collected():
                rw = _rw(found, model, observed)
        except (InputError, ArithmeticError, np.linalg.LinAlgError):
            continue
        say(f"taken as {name}{f' in data set {number}' if number > 1 else ''}: Rw {rw:.5f}")
        limit = CLEARLY * taken if name in OTHER else min(CLEARLY * taken, GOOD)
        if rw < min(limit, best.rw if best else limit):
            best = Otherwise(name, number, rw, taken)
    if best is not None:
        warn(f"the data are described better as {best.name}: Rw {best.rw:.4f} in place of {taken:.4f}")
    return best


def _readings(found: Refined, taken: float) -> Iterator[tuple[str, int, PairModel, Observed]]:
    """Name, data set, model and data of each reading that is worth a try."""
    model, observed = found.model, found.observed
    sets = (observed, *observed.further)
    if len({element for phase in model.phases for site in phase.sites for element, _ in site.species}) > 1:
        for number, one in enumerate(sets, 1):
            if not one.reduced:
                other = OTHER[model.of_set(number).radiation]
                yield other, number, _with_radiation(model, number, other), observed
    if taken < POOR or len(sets) > 1 or observed.reduced:
        return
    for name, function in FUNCTIONS.items():
        inside = observed.r > 0
        r, g = observed.r[inside], function(observed.r[inside], observed.g[inside])
        yield name, 1, model, replace(observed, r=r, g=g, sd=None, nyquist=None, covariance=None, g_nyquist=None)


def _with_radiation(model: PairModel, number: int, radiation: str) -> PairModel:
    if number == 1:
        return replace(model, radiation=radiation)
    further = list(model.further)
    further[number - 2] = replace(further[number - 2], radiation=radiation)
    return replace(model, further=tuple(further))


def _rw(found: Refined, model: PairModel, observed: Observed) -> float:
    """Rw with equal weights at the end of the recipe's stages."""
    settings = found.settings
    data = fit_data(observed, settings.fit_range, "unit")
    if observed.further:
        parts = [data]
        low, high = settings.fit_range
        for one, own in zip(observed.further, own_settings(settings, len(observed.further)), strict=True):
            held = max(low, float(one.r[0])), min(high, float(one.r[-1]))
            parts.append(fit_data(one, own.fit_range or held, "unit"))
        data = JointData.of(parts)
    problem = prepare(model, settings)
    z = problem.map.inside(first_guess(problem, observed, settings.fit_range))
    return unweighted_residual(run_stages(problem, data, z, lambda _: None)[1])


def _beyond(r: Array) -> Array:
    """The outer half of the distances, where only the mean of a function is left."""
    return r > 0.5 * (r[0] + r[-1])


def _without_level(r: Array, y: Array) -> Array:
    return r * (y - np.mean(y[_beyond(r)]))


def _without_slope(r: Array, y: Array) -> Array:
    outer = _beyond(r)
    return y - r * float(np.sum(r[outer] * y[outer]) / np.sum(r[outer] ** 2))


#: How G(r), but for its scale, follows from what else is written as one: r (angstrom) and the numbers, (n,) each.
FUNCTIONS: dict[str, Callable[[Array, Array], Array]] = {
    "-G(r), with its sign inverted": lambda r, y: -y,
    "g(r) - 1, which is G(r)/(4 pi rho0 r)": lambda r, y: r * y,
    "g(r), which is 1 + G(r)/(4 pi rho0 r)": _without_level,
    "T(r), which is G(r) + 4 pi rho0 r": _without_slope,
    "the radial distribution 4 pi rho r^2, which is r G(r) + 4 pi rho0 r^2": lambda r, y: _without_slope(r, y / r),
    "r G(r)": lambda r, y: y / r,
}
