"""Size or strain: the same G(r) read with other shapes of domain, with and without microstrain.

A sphere fitted to strained domains gives a wrong length with a small error, and chi-squared cannot tell, because the
weights hold whatever is misfit. So each refinement is repeated, from where it ended, as

``size_strain``
    spheres with a microstrain, the reading from which all others start;
``size``
    spheres without strain;
``strain``
    strain alone, domains without end: 1/L = 0;
``lognormal``, ``spheroid``
    spheres of log-normal diameters, and spheroids (prolate and oblate tried), each with strain.

All are compared at the weights of ``size_strain``, so that the log-determinant of the likelihood is common to them, by

    AICc = chi^2 + 2 k + 2 k (k + 1)/(n - k - 1)

(Hurvich & Tsai, Biometrika 76 (1989) 297) with k free parameters and n measured points; where the data have no errors
n ln(chi^2/n) takes the place of chi^2. Lengths are compared as 1/L of
the mean diameter weighted by area (:func:`coherion.pair_model.envelope.inverse_mean_length`).

The length and strain that are reported follow a rule fixed beforehand. ``size_strain`` counts always; a richer reading
only if its AICc is lower by :data:`NEEDED`, so that one that explains nothing more does not widen the error; the
simpler ones never, because leaving strain out is no knowledge that there is none. Those that count are averaged with
Akaike's weights; the variance is the weighted mean of the variances plus that of the values (Burnham & Anderson, Model
Selection and Multimodel Inference, 2002, equation 4.9).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from coherion.akaike import aicc, unknown_errors
from coherion.pair_model.envelope import SHAPES, inverse_mean_length
from coherion.pair_model.model import MOTION
from coherion.refinement.steps.refined import Refined, refit
from coherion.refinement.steps.stages import weigh

STRAIN, *AXES = STRAINS = MOTION[3:]
# What the strain of one axis alone widens a pair by, in the mean over directions: the fourth power of a cosine.
OF_AXIS = 1.0 / 5.0
LENGTH = "coherence_length"
# By how much the AICc of a richer reading must be lower for it to count.
NEEDED = 2.0
# Aspects from which spheroids start: at 1 the derivative vanishes.
ASPECTS = (1.8, 0.55)
# Diameter from which a standard's own grains start (angstrom).
FIRST_GRAIN = 2000.0
# Strain from which a reading without a length starts.
FIRST_STRAIN = 2e-5


@dataclass(frozen=True, eq=False)
class Reading:
    """One way to read size and strain.

    name
        As in the module's docstring.
    refined
        The fit.
    inverse_length
        1/L and, where it is refined, the microstrain squared: shape (2,) in 1/angstrom and 1. Strains of single axes
    are in it by their mean over directions.
    covariance
        Of both, scaled by reduced chi-squared, with the resolution's part, (2, 2); zero where not refined.
    parameters
        Free ones.
    aicc
        At the weights common to all readings.
    """

    name: str
    refined: Refined
    values: np.ndarray
    covariance: np.ndarray
    parameters: int
    aicc: float

    @property
    def inverse_length(self) -> float:
        """1/angstrom."""
        return float(self.values[0])

    @property
    def microstrain_squared(self) -> float:
        """Mean square strain, dimensionless."""
        return float(self.values[1])

    @property
    def scale(self) -> tuple[float, float]:
        """Sum of the scales of all phases, and its standard uncertainty."""
        model, parameters = self.refined.model, self.refined.result.parameters
        names = [f"{model.prefix(k)}scale" for k in range(len(model.phases))]
        chosen = np.isin(parameters, names).astype(float)
        variance = float(chosen @ self.refined.covariance(scaled=True) @ chosen)
        return sum(self.refined.result.values[name] for name in names), math.sqrt(max(variance, 0.0))

    @property
    def sds(self) -> np.ndarray:
        """Standard uncertainties of both, shape (2,)."""
        return np.sqrt(np.diag(self.covariance).clip(0.0))


@dataclass(frozen=True, eq=False)
class Readings:
    """All readings of one fit, and what is reported.

    readings
        In the order asked for.
    weights
        Of each in the average, 0 where it does not count.
    values, covariance_counts, covariance_reading
        1/L (1/angstrom) and microstrain squared, shape (2,), with what the fit and what the choice of reading leaves
        uncertain, (2, 2) each.
    """

    readings: tuple[Reading, ...]
    weights: tuple[float, ...]
    values: np.ndarray
    covariance_counts: np.ndarray
    covariance_reading: np.ndarray

    @property
    def covariance(self) -> np.ndarray:
        """Both together, (2, 2)."""
        return self.covariance_counts + self.covariance_reading


def read_size_and_strain(found: Refined, names: Sequence[str], say: Callable[[str], None]) -> Readings | None:
    """Repeat a refinement under other readings of its first phase, and what they say together.

    Parameters
    ----------
    found
        A refinement whose first phase has a free coherence length.
    names
        Readings asked for; ``size_strain`` is fitted whether or not it is among them. None asked for, the fit itself
        is the only one, under the name of what it is.
    say
        Is told what each found, as soon as it has.

    Returns
    -------
    Readings or None
        None where there is no length to read.
    """
    if f"{found.model.prefix(0)}{LENGTH}" not in found.result.parameters:
        return None
    if not names:
        return _itself(found)
    centre = _size_and_strain(found)
    first = _reading("size_strain", centre, centre)
    made: dict[str, Reading] = {}
    for name in ("size_strain", *names):
        if name in made:
            continue
        reading = made[name] = first if name == "size_strain" else _OTHERS[name](centre, first)
        length = f"{1 / reading.inverse_length:.4g}" if reading.inverse_length > 0 else "no end"
        say(
            f"read as {reading.name}: length {length} angstrom, microstrain squared {reading.microstrain_squared:.3g}"
            f" ± {reading.sds[1]:.2g}, Rw {reading.refined.rw:.5f}, AICc {reading.aicc:.1f}"
        )
    return averaged(tuple(made[name] for name in dict.fromkeys((*names, "size_strain"))), first)


def grains_of(found: Refined) -> tuple[float, float, float]:
    """What a standard's own grains read as where it was refined without any; zeros where it was with some.

    Spheres, started from such large ones that they do nothing: their 1/L (1/angstrom) with its standard uncertainty,
    and by how much they lower AICc. The sphere falls from r = 0 on with r, the instrument's Gaussian with r^2, so the
    data tell them apart; strain of the standard has the form of the instrument's slope and is not told.
    """
    if found.model.envelope != "none":
        return 0.0, 0.0, 0.0
    model = replace(found.model, envelope="sphere")
    lengths = [f"{model.prefix(k)}{LENGTH}" for k in range(len(model.phases))]
    made = refit(found, model, start=dict.fromkeys(lengths, FIRST_GRAIN), free=lengths)
    reading = _reading("size", made, found)
    gain = _aicc(found, len(found.result.variables)) - reading.aicc
    return reading.inverse_length, float(reading.sds[0]), max(float(gain), 0.0)


def _itself(found: Refined) -> Readings | None:
    """The fit as the only reading; None where it is none of those that have a name."""
    strained = any(f"{found.model.prefix(0)}{name}" in found.result.parameters for name in STRAINS)
    name = {("sphere", True): "size_strain", ("sphere", False): "size"}.get(
        (found.model.envelope, strained), found.model.envelope if strained else ""
    )
    if name not in ("size_strain", "size", "lognormal", "spheroid"):
        return None
    own = _reading(name, found, found)
    return Readings((own,), (1.0,), own.values, own.covariance, np.zeros((2, 2)))


def averaged(readings: tuple[Reading, ...], centre: Reading) -> Readings:
    """What readings say together, of which ``centre`` counts always: see the rule in the docstring of this module."""
    counts = [r is centre or (r.parameters > centre.parameters and r.aicc < centre.aicc - NEEDED) for r in readings]
    least = min(r.aicc for r, counted in zip(readings, counts, strict=True) if counted)
    raw = np.array([math.exp(-0.5 * (r.aicc - least)) if c else 0.0 for r, c in zip(readings, counts, strict=True)])
    weights = raw / raw.sum()
    values = np.array([r.values for r in readings])
    mean = weights @ values
    gap = values - mean
    return Readings(
        readings,
        tuple(weights.tolist()),
        mean,
        np.einsum("k,kij->ij", weights, np.array([r.covariance for r in readings])),
        np.einsum("k,ki,kj->ij", weights, gap, gap),
    )


def _size_and_strain(found: Refined) -> Refined:
    """Spheres with strain: the refinement itself where it is that, else from where it ended."""
    strain = f"{found.model.prefix(0)}{STRAIN}"
    strained = any(f"{found.model.prefix(0)}{name}" in found.result.parameters for name in STRAINS)
    if found.model.envelope == "sphere" and strained:
        return found
    model = replace(found.model, envelope="sphere")
    made = refit(found, model, free=[strain], search=found.model.envelope != "sphere")
    if found.misfit is None:
        return made
    misfit, result = weigh(made.problem, made.data, made.result, lambda text: None)
    return replace(made, misfit=misfit, result=result)


def _size(centre: Refined, own: Reading) -> Reading:
    none = dict.fromkeys((f"{centre.model.prefix(0)}{name}" for name in STRAINS), 0.0)
    return _reading("size", refit(centre, centre.model, hold=none), centre)


def _strain(centre: Refined, own: Reading) -> Reading:
    strain = f"{centre.model.prefix(0)}{STRAIN}"
    start = {strain: max(own.microstrain_squared, FIRST_STRAIN)}
    made = refit(centre, replace(centre.model, envelope="none"), start=start, free=[strain], search=True)
    return _reading("strain", made, centre)


def _lognormal(centre: Refined, own: Reading) -> Reading:
    return _richer("lognormal", "lognormal", centre, own, [{"coherence_spread": 0.3}])


def _spheroid(centre: Refined, own: Reading) -> Reading:
    return _richer("spheroid", "spheroid", centre, own, [{"coherence_aspect": aspect} for aspect in ASPECTS])


_OTHERS: dict[str, Callable[[Refined, Reading], Reading]] = {
    "size": _size,
    "strain": _strain,
    "lognormal": _lognormal,
    "spheroid": _spheroid,
}


def _richer(name: str, envelope: str, centre: Refined, own: Reading, forms: list[dict[str, float]]) -> Reading:
    """A shape that holds the sphere, with one parameter more: the best of its starts, never worse than the sphere."""
    model = replace(centre.model, envelope=envelope)
    best = None
    for form in forms:
        made = refit(centre, model, start=dict(_started(model, centre, form)), free=[f"{model.prefix(0)}{STRAIN}"])
        if best is None or made.result.chi_squared < best.result.chi_squared:
            best = made
    assert best is not None
    reading = _reading(name, best, centre)
    if best.result.chi_squared > centre.result.chi_squared or reading.aicc >= own.aicc - NEEDED:
        # The shape explains nothing more: it is the sphere with a parameter that the data do not know.
        more = reading.parameters
        value = min(_aicc(centre, more), reading.aicc)
        return (
            reading
            if best.result.chi_squared <= centre.result.chi_squared
            else replace(own, name=name, parameters=more, aicc=value)
        )
    if best.misfit is None:
        return reading
    # It does explain more, so its own misfit is smaller and its weights are others.
    misfit, result = weigh(best.problem, best.data, best.result, lambda text: None)
    again = _reading(name, replace(best, misfit=misfit, result=result), centre)
    return replace(again, aicc=reading.aicc)


def _started(model, centre: Refined, form: dict[str, float]) -> Iterator[tuple[str, float]]:
    """Form and length of every phase such that the mean length stays what it was."""
    for k in range(len(model.phases)):
        prefix = model.prefix(k)
        for parameter, value in form.items():
            yield f"{prefix}{parameter}", value
            length = centre.result.values[f"{prefix}{LENGTH}"]
            yield f"{prefix}{LENGTH}", length * length * inverse_mean_length(model.envelope, length, value)[0]


def _reading(name: str, refined: Refined, centre: Refined) -> Reading:
    """1/L and strain of the first phase with their covariance."""
    model, result = refined.model, refined.result
    prefix = model.prefix(0)
    own = [f"{prefix}{p}" for p in SHAPES[model.envelope].parameters]
    strain = f"{prefix}{STRAIN}"
    shape = [result.values[p] for p in own]
    if own:
        inverse, *slopes = inverse_mean_length(model.envelope, shape[0], [*shape, 1.0][1])
    else:
        inverse, slopes = 0.0, []
    slope = np.zeros((2, len(result.parameters)))
    for parameter, derivative in zip(own, slopes, strict=False):
        if parameter in result.parameters:
            slope[0, result.parameters.index(parameter)] = derivative
    squared = result.values[strain]
    for parameter, share in {strain: 1.0, **dict.fromkeys((f"{prefix}{axis}" for axis in AXES), OF_AXIS)}.items():
        if parameter in result.parameters:
            slope[1, result.parameters.index(parameter)] = share
            squared += share * result.values[parameter] if share < 1.0 else 0.0
    covariance = slope @ refined.covariance(scaled=True) @ slope.T
    count = len(result.variables)
    return Reading(name, refined, np.array([inverse, squared]), covariance, count, _aicc(refined, count))


def _aicc(refined: Refined, count: int) -> float:
    """At the weights of the fit, which all readings share while they are compared.

    Where the errors of the data are not known, their variance is one more unknown of the likelihood: n ln(chi^2/n).
    """
    points, chi_squared = refined.degrees_of_freedom + len(refined.result.variables), refined.result.chi_squared
    if not refined.result.target.weighting.absolute:
        return aicc(unknown_errors(chi_squared, points), count + 1, points)
    return aicc(chi_squared, count, points)
