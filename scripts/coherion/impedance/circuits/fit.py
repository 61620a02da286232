"""Fit of an equivalent circuit to one spectrum by complex non-linear least squares.

Minimised is chi^2 = sum over points of (w' (Z'_fit - Z'))^2 + (w'' (Z''_fit - Z''))^2 with weights by name:

===============  =======================================  ===========================================
``modulus``      w' = w'' = 1 / |Z|                       error proportional to the modulus (default)
``fitted``       w' = w'' = 1 / |Z_fit|                   the same, of a first fit with ``modulus``
``proportional`` w' = 1 / |Z'|, w'' = 1 / |Z''|           error proportional to each component
``unit``         w' = w'' = 1                             the same error everywhere, in ohm
===============  =======================================  ===========================================

A weight from a noisy modulus is largest where noise has made the modulus small, which draws the fit towards smaller
values, by twice the square of the relative noise; weights from a first fit, held fixed in the second, do not.

The minimiser is scipy's trust region reflective algorithm with analytic derivatives, scaled by the Jacobian. It works
in ln R, ln tau and alpha for each arc p(R, CPE), tau = (R Q)^(1/alpha), and in the logarithms of other positive
parameters: R and Q of an arc are tied by its well determined time constant, and in ln Q the minimiser would have to
follow a curved valley.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coherion.akaike import aicc, unknown_errors
from coherion.errors import InputError
from coherion.impedance.circuits.circuit import Circuit, arcs, circuit
from coherion.impedance.circuits.problem import Problem, inverse_normal, ln_time_constant
from coherion.impedance.circuits.start import data_starts
from coherion.settings.stages.circuits import WEIGHTS

# A start that comes this near in a few steps leads to the same minimum; another minimum may be this much higher after
# the same steps and still be the lowest in the end.
_NEAR, _HOPEFUL = 1e-3, 1.5
_STARTS_PER_ARC = 5
# Further starts of each kind where a fit leaves more than noise, and how many of them are followed to the end.
_FURTHER, _FOLLOWED = 40, 12


@dataclass(frozen=True)
class CircuitFit:
    """Parameters of a circuit with their covariance, and how well the circuit describes the spectrum."""

    circuit: Circuit
    values: np.ndarray
    """Parameters in their units (``circuit.parameters``)."""
    covariance: np.ndarray
    """Covariance of the values; rows and columns of fixed parameters are zero."""
    free: np.ndarray
    """True for parameters that were fitted."""
    chi_squared: float
    """Weighted sum of squares; a number without unit except with weights ``unit`` (ohm^2)."""
    degrees_of_freedom: int
    impedance: np.ndarray
    """Fitted impedance in ohm, complex, at the frequencies of the fit."""
    residual: np.ndarray
    """(Z - Z_fit) / |Z|, complex."""
    weights: str
    scaled: bool
    """True if the covariance was multiplied by chi^2 per degree of freedom."""
    at_limit: tuple[str, ...]
    """Names of parameters that ended on a limit; their uncertainty is not to be trusted."""
    starts: int
    """How many starts were fitted."""
    agreeing: int
    """How many of them ended in the minimum reported."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters."""
        return self.circuit.names

    @property
    def standard_uncertainty(self) -> np.ndarray:
        """Square roots of the diagonal of the covariance, in the units of the values."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def correlation(self) -> np.ndarray:
        """Correlation matrix of the values (1); zero for fixed parameters."""
        sd = self.standard_uncertainty
        product = np.outer(sd, sd)
        return np.divide(self.covariance, product, out=np.zeros_like(product), where=product > 0)

    @property
    def reduced_chi_squared(self) -> float:
        """Chi^2 per degree of freedom."""
        return self.chi_squared / self.degrees_of_freedom

    @property
    def rmse(self) -> float:
        """Root of chi^2 per real number fitted (1; ohm with weights ``unit``)."""
        return float(np.sqrt(self.chi_squared / (2 * self.impedance.size)))

    @property
    def aicc(self) -> float:
        """Akaike's information criterion (:mod:`coherion.akaike`), of real numbers and parameters with the noise as
        one; comparable between circuits fitted to the same points with the same weights.
        """
        n = 2 * self.impedance.size
        k = int(np.count_nonzero(self.free)) + 1
        if n - k - 1 <= 0:
            return float("inf")
        floor = n * np.finfo(float).eps ** 2
        return aicc(unknown_errors(self.chi_squared, n, floor), k, n)

    def __getitem__(self, name: str) -> float:
        return float(self.values[self.index(name)])

    def index(self, name: str) -> int:
        """Place of a parameter.

        Raises
        ------
        InputError
            If the circuit has no such parameter.
        """
        return parameter_index(self.circuit, name)

    def uncertainty(self, name: str) -> float:
        """Standard uncertainty of a parameter, in its unit."""
        return float(np.sqrt(self.covariance[self.index(name), self.index(name)]))


def parameter_index(model: Circuit, name: str, key: str = "circuit") -> int:
    """Place of a named parameter; InputError if the circuit has none of that name."""
    try:
        return model.names.index(name)
    except ValueError:
        raise InputError(
            f"circuit {model.text} has no parameter {name!r}",
            place=f"key {key}",
            expected=", ".join(model.names),
        ) from None


def weights_of(impedance: np.ndarray, name: str) -> np.ndarray:
    """Weights for real and imaginary part alternately (twice the number of points), in 1/ohm or 1.

    ``fitted`` are those of the impedance given, which is then the one of a first fit.

    Raises
    ------
    InputError
        If the name is unknown or a component is zero under proportional weights.
    """
    z = np.asarray(impedance, dtype=complex)
    if name in ("modulus", "fitted"):
        return np.repeat(1 / np.abs(z), 2)
    if name == "proportional":
        parts = np.abs(z.view(float))
        if np.any(parts == 0):
            raise InputError(
                "proportional weights need components that are not zero", place="key weights", advice="use modulus"
            )
        return 1 / parts
    if name == "unit":
        return np.ones(2 * z.size)
    raise InputError("unknown weights", place="key weights", found=name, expected=", ".join(WEIGHTS))


def fit_circuit(
    frequency: np.ndarray,
    impedance: np.ndarray,
    text: str = "p(R1,CPE1)-CPE2",
    *,
    weights: str = "modulus",
    weighed_by: np.ndarray | None = None,
    start: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
    fixed: Mapping[str, float] | None = None,
    bounds: Mapping[str, Sequence[float]] | None = None,
    restarts: int = 3,
    seed: int = 0,
    scale_covariance: bool = True,
    tolerance: float = 1e-10,
) -> CircuitFit:
    """Fit an equivalent circuit to a spectrum and return its parameters with their covariance.

    Starts are the user's, those found from the data and random ones. A few steps from each rank them; the best are
    then followed to the end until two reach the same lowest minimum, or 1 + ``restarts`` have been. Where an exponent
    is barely determined (an electrode just coming into view) other exponents are tried as well: there are several
    minima of almost one depth.

    Parameters
    ----------
    frequency, impedance
        Hz (positive) and complex ohm, in any order, without holes.
    text
        The circuit in impedance.py's notation.
    weights
        ``modulus``, ``fitted``, ``proportional`` or ``unit``.
    weighed_by
        Impedance (complex ohm) that the weights are taken from: with ``fitted`` that of a first fit, which is then not
        made here. By default that of the spectrum.
    start
        Values of parameters, by name and in their units, to start from; others start from the data. A list of complete
        sets: these are the only starts.
    fixed
        Values of parameters not to be fitted, by name.
    bounds
        Lowest and highest value of parameters, by name.
    restarts
        Further starts followed beyond the best one; 0 follows the user's start alone, or else the first of the data's.
    seed
        Of the random starts; the same seed gives the same result.
    scale_covariance
        Multiply the covariance by chi^2 per degree of freedom: right as long as the noise is not known beforehand.
    tolerance
        Relative change of chi^2 and of the parameters at which the minimiser stops; with 1e-3 or more chi^2 alone is
        sought, good to that part.

    Raises
    ------
    InputError
        If the circuit cannot be read, a name is unknown, a value lies outside its range, or there are fewer points
        than parameters need.
    """
    model = circuit(text)
    f = np.asarray(frequency, dtype=float)
    z = np.ascontiguousarray(impedance, dtype=complex)
    fixed, bounds = dict(fixed or {}), dict(bounds or {})
    lower, upper = _limits(model, bounds)
    free = np.ones(len(model.parameters), dtype=bool)
    anchored = np.zeros(len(model.parameters))
    for name, value in fixed.items():
        i = parameter_index(model, name, "fixed")
        free[i] = False
        anchored[i] = _coordinate(model, i, value, "fixed")
    freedom = 2 * f.size - int(np.count_nonzero(free))
    if freedom <= 0 or not free.any():
        raise InputError(
            f"too few points for circuit {model.text}",
            found=f"{f.size} points, {np.count_nonzero(free)} free parameters",
            expected="more real numbers than parameters",
        )
    # An arc whose R or Q has a value or limit of the user's own keeps the coordinates in which these are plain.
    touched = {parameter_index(model, name, "bounds") for name in (*fixed, *bounds)}
    by_time_constant = tuple(a for a in arcs(model) if a.kind == "CPE" and not touched & {a.r, a.q})
    source = z if weighed_by is None else np.ascontiguousarray(weighed_by, dtype=complex)
    problem = Problem(model, f, z, weights_of(source, weights), free, anchored, by_time_constant, lower, upper)

    begin = [
        np.where(free, np.clip(x, lower, upper), anchored) for x in _starts(model, f, z, start or {}, restarts, seed)
    ]
    best, tried, agreeing = _lowest(problem, begin, restarts, tolerance)
    # Complete starts are the only ones; and the last digit of a rough fit is not worth a search.
    if isinstance(start or {}, Mapping) and restarts > 0 and tolerance < _NEAR and problem.systematic(best):
        best, more = _searched(problem, best, tolerance, lower, upper, anchored, seed)
        tried += more
    if weights == "fitted" and weighed_by is None:
        first, _ = model.evaluate(problem.frequencies, best)
        problem = Problem(model, f, z, weights_of(first, weights), free, anchored, by_time_constant, lower, upper)
        best = problem.minimise(best, tolerance)[1]
    x = _arcs_in_order(problem, best, lower, upper)
    return _result(model, problem, x, lower, upper, weights, scale_covariance, tried, agreeing)


def _lowest(problem: Problem, begin: list[np.ndarray], restarts: int, tolerance: float) -> tuple[np.ndarray, int, int]:
    """Coordinates of the lowest minimum, how many starts there were and how many led to it."""
    if restarts == 0:
        return problem.minimise(begin[0], tolerance)[1], 1, 1
    scouts = problem.scout(begin)
    if tolerance >= _NEAR:
        return scouts[0][1], len(scouts), 1
    chi_squared, best = problem.minimise(scouts[0][1], tolerance)
    further = problem.with_other_exponents(best)
    if further:
        scouts = sorted([*scouts, *problem.scout(further)], key=lambda pair: pair[0])
    for _ in range(restarts):
        # The next one that is neither in this minimum already nor hopeless.
        following = [s for s in scouts if s[0] < chi_squared * (1 - _NEAR)]
        following += [s for s in scouts if chi_squared * (1 + _NEAR) < s[0] < chi_squared * _HOPEFUL]
        if not following:
            break
        found, x = problem.minimise(following[0][1], tolerance)
        scouts = [s for s in scouts if s is not following[0]]
        scouts.append((found, x))
        if found < chi_squared:
            chi_squared, best = found, x
    agreeing = sum(s[0] <= chi_squared * (1 + _NEAR) + 1e-24 * problem.impedance.size for s in scouts)
    return best, len(scouts), agreeing


def _searched(problem: Problem, best: np.ndarray, tolerance, lower, upper, anchored, seed) -> tuple[np.ndarray, int]:
    """Coordinates of a lower minimum, if one of many further starts leads to one, and how many there were.

    What a fit leaves of a spectrum is noise unless the circuit is not the spectrum's, or this is not its minimum.
    """
    model, f, z = problem.model, problem.frequencies.omega / (2 * np.pi), problem.impedance
    generator = np.random.default_rng(seed + 1)
    steps = generator.normal(0, 1, (_FURTHER, best.size)) * generator.choice([0.5, 1.5, 3.0], (_FURTHER, 1))
    around = np.where(model.logarithmic, best + steps, np.clip(best + 0.1 * steps, 0.3, 1.0))
    starts = [*data_starts(model, f, z, _FURTHER, seed + 1), *around]
    starts = [np.where(problem.free, np.clip(x, lower, upper), anchored) for x in starts]
    chi_squared = problem.chi_squared(best)
    followed: list[float] = []
    for near, x in problem.scout(starts, patient=True):
        # Those that came to the same place are one.
        if len(followed) == _FOLLOWED:
            break
        if any(abs(near / one - 1) < _NEAR for one in followed):
            continue
        followed.append(near)
        found, x = problem.minimise(x, tolerance)
        if found < chi_squared:
            chi_squared, best = found, x
            if not problem.systematic(best):
                break
    return best, len(starts)


def _starts(model, f, z, start, restarts, seed) -> list[np.ndarray]:
    """Coordinates to start from: the user's, those that the data suggest, random ones about the best of these."""
    if not isinstance(start, Mapping):
        return [model.coordinates(np.array([s[n] for n in model.names])) for s in start]
    given = {parameter_index(model, n, "start"): v for n, v in start.items()}
    complete = len(given) == len(model.parameters)
    if complete and restarts == 0:
        found = []
    else:
        count = 1 if restarts == 0 else _STARTS_PER_ARC * max(len(arcs(model)), 1)
        found = data_starts(model, f, z, count, seed)
    starts = []
    if given:
        x = np.zeros(len(model.parameters)) if complete else found[0].copy()
        for i, value in given.items():
            x[i] = _coordinate(model, i, value, "start")
        starts.append(x)
    if restarts == 0:
        return starts or found[:1]
    starts += found
    generator = np.random.default_rng(seed)
    for _ in range(restarts // 2):
        step = generator.normal(0, 1.5, len(model.parameters))
        starts.append(np.where(model.logarithmic, found[0] + step, np.clip(found[0] + 0.1 * step, 0.3, 0.99)))
    return starts


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _coordinate(model: Circuit, i: int, value: float, key: str) -> float:
    """Coordinate of a user's value."""
    parameter = model.parameters[i]
    if not _is_number(value) or not parameter.lower <= value <= parameter.upper:
        raise InputError(
            f"value of {parameter.name} is out of range",
            place=f"key {key}",
            found=value,
            expected=f"{parameter.lower:g} to {parameter.upper:g} {parameter.unit}",
        )
    return float(np.log(value)) if parameter.logarithmic else float(value)


def refuse_unusable(
    model: Circuit, start: Mapping[str, float], fixed: Mapping[str, float], bounds: Mapping[str, Sequence[float]]
) -> None:
    """Raise the InputError for a value or a limit of the user's that a parameter of the circuit cannot have."""
    _limits(model, bounds)
    for key, values in (("start", start), ("fixed", fixed)):
        for name, value in values.items():
            _coordinate(model, parameter_index(model, name, key), value, key)
    if len(fixed) == len(model.parameters):
        raise InputError("nothing of the circuit is left to fit", place="key fixed", found=", ".join(fixed))


def _limits(model: Circuit, bounds: Mapping[str, Sequence[float]]) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper limit of every coordinate."""
    lower = model.coordinates(np.array([p.lower for p in model.parameters]))
    upper = model.coordinates(np.array([p.upper for p in model.parameters]))
    for name, pair in bounds.items():
        i = parameter_index(model, name, "bounds")
        numbers = isinstance(pair, Sequence) and len(pair) == 2 and all(map(_is_number, pair))
        if not numbers or not pair[0] < pair[1]:
            raise InputError(
                f"bounds of {name} are not a range", place="key bounds", found=pair, expected="[lowest, highest]"
            )
        lower[i] = _coordinate(model, i, max(pair[0], model.parameters[i].lower), "bounds")
        upper[i] = _coordinate(model, i, min(pair[1], model.parameters[i].upper), "bounds")
    return lower, upper


def _arcs_in_order(problem: Problem, x: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Coordinates with arcs of the same kind in order of rising time constant, the fastest first.

    Interchangeable arcs have no order of their own; without one, R1 would be the bulk at one temperature and the
    grain boundary at the next. Arcs with values or limits of their own are not interchangeable.
    """
    model, x = problem.model, x.copy()
    top = {term_names for term_names in _top_arcs(model)}
    for kind in ("C", "CPE"):
        same = [a for a in arcs(model) if a.kind == kind and (a.resistance, a.capacitive) in top]
        if len(same) < 2 or not all(problem.free[list(a.indices)].all() for a in same):
            continue
        if len({(*lower[list(a.indices)], *upper[list(a.indices)]) for a in same}) > 1:
            continue
        taus = [ln_time_constant(x, a) for a in same]
        ranked = [same[i] for i in np.argsort(taus, kind="stable")]
        blocks = [x[list(a.indices)].copy() for a in ranked]
        for a, block in zip(same, blocks, strict=True):
            x[list(a.indices)] = block
    return x


def _top_arcs(model: Circuit) -> set[tuple[str, str]]:
    from coherion.impedance.circuits.grammar import elements, terms

    found = set()
    for term in terms(model.tree):
        names = [e.name for e in elements(term)]
        if len(names) == 2:
            found |= {(names[0], names[1]), (names[1], names[0])}
    return found


def _result(model, problem, x, lower, upper, weights, scale_covariance, tried, agreeing) -> CircuitFit:
    residual, slope = problem.residual_and_slope(x)
    free = problem.free
    chi_squared = float(residual @ residual)
    freedom = residual.size - int(np.count_nonzero(free))
    covariance = inverse_normal(slope[free])
    if scale_covariance:
        covariance = covariance * (chi_squared / freedom)
    values = model.values(x)
    # d value / d coordinate: the value itself for logarithms.
    to_value = np.where(model.logarithmic, values, 1.0)[free]
    full = np.zeros((free.size, free.size))
    full[np.ix_(free, free)] = covariance * np.outer(to_value, to_value)
    fitted, _ = model.evaluate(problem.frequencies, x)
    span = upper - lower
    near = free & ((x - lower < 1e-6 * span) | (upper - x < 1e-6 * span))
    return CircuitFit(
        circuit=model,
        values=values,
        covariance=full,
        free=free,
        chi_squared=chi_squared,
        degrees_of_freedom=freedom,
        impedance=fitted,
        residual=(problem.impedance - fitted) / np.abs(problem.impedance),
        weights=weights,
        scaled=scale_covariance,
        at_limit=tuple(n for n, flag in zip(model.names, near, strict=True) if flag),
        starts=tried,
        agreeing=agreeing,
    )
