"""Spectra of one sample held together: its arcs change smoothly with temperature, and what hardly conducts is a limit.

The capacitance and the exponent of an arc belong to the sample and change slowly with temperature. So what the other
spectra of a sample say of them (a straight line in T with its own scatter, the spectrum itself left out) is added to
what a spectrum says itself: its resistance becomes more certain where the arc is cut off. A spectrum whose resistance
is not resolved still says how likely each resistance is: the profile of its likelihood,

    ln L(R) = -1/2 min chi^2    over all other parameters, the shape of the arcs held to its prediction,

which is flat towards large R where the sample is too resistive: a lower limit. An electrode that is hardly seen is held
near that of the others too: of a small capacitance, or an exponent near zero, it would take from R what it likes.
Nothing of this changes the single fits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coherion.constants import ZERO_CELSIUS
from coherion.impedance.circuits.circuit import Arc, Circuit, arcs, circuit
from coherion.impedance.circuits.fit import weights_of
from coherion.impedance.circuits.problem import Problem, inverse_normal
from coherion.impedance.circuits.spectrum import SpectrumResult

# Where a profile is looked at, in standard uncertainties about the best resistance.
_PLACES = np.array([-8.0, -5.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 5.0, 8.0])
PROFILE_POINTS = _PLACES.size
"""Resistances at which a profile is known."""
# Relative sd beyond which a resistance is open towards large values: then steps of ln R about what the line expects.
_OPEN, _COARSE = 1.0, 0.5
# ln C_eff = (ln Q + (1 - alpha) ln R) / alpha: where Q is known and the arc is not seen to close, a smooth C alone
# would give R away. So much scatter more, and it gives away little.
_MORE_SCATTER = 0.05
# Scatter of ln Q and of the exponent of an electrode, which is not the sample's alone.
_ELECTRODE_SCATTER = (1.5, 0.1)
_STARTS = (-1.5, -0.5, 0.5, 1.5)
# A line through fewer others says nothing; through fewer than four it has no slope.
_FEWEST, _FEWEST_SLOPE = 3, 4
# Scatter of ln C and of the exponent that no sample is without.
_LEAST_SCATTER = np.array([0.02, 0.005])
# A shape this many standard uncertainties off its prediction is that of another arc.
_SAME_ARC = 4.0
_STIFF = 1e-3
# Root mean square misfit in units of the noise beyond which a circuit does not describe a spectrum.
_DESCRIBED = 3.0


@dataclass(frozen=True)
class Measured:
    """A spectrum as it was fitted, and what came of it."""

    celsius: float
    frequency: np.ndarray
    """Of the points fitted, in Hz."""
    impedance: np.ndarray
    """In ohm, complex."""
    noise: np.ndarray
    """Standard deviation of one component of each point relative to |Z| (1)."""
    result: SpectrumResult
    resolved: bool


@dataclass(frozen=True)
class Together:
    """What a spectrum says of the resistance once the others are heard."""

    ln_resistance: float
    """Of a resolved one; NaN otherwise."""
    ln_sd: float
    grid: np.ndarray
    """ln R of the profile of one that is not resolved; empty otherwise."""
    log_likelihood: np.ndarray
    """Its profile, 0 at the largest."""


NOTHING = Together(float("nan"), float("nan"), np.empty(0), np.empty(0))


def hold_together(spectra: Sequence[Measured | None]) -> list[Together]:
    """The first resistance of every spectrum of a sample, with arcs whose shape is smooth in temperature.

    Parameters
    ----------
    spectra
        In any order; None where there is nothing to be fitted.

    Returns
    -------
    list of Together
        One for each.
    """
    resolved = [k for k, s in enumerate(spectra) if s is not None and s.resolved]
    states = {k: _state(spectra[k].result) for k in resolved}  # type: ignore[union-attr]
    usual = Counter(states[k].size for k in resolved).most_common(1)
    count = usual[0][0] if usual else 0
    alike = [k for k in resolved if states[k].size == count]
    found = []
    for k, one in enumerate(spectra):
        if one is None:
            found.append(NOTHING)
            continue
        others = [j for j in alike if j != k]
        shape = _prediction(one.celsius, [(spectra[j].celsius, states[j]) for j in others])  # type: ignore[union-attr]
        if one.resolved:
            found.append(_updated(states[k], shape if states[k].size == count else None))
        else:
            found.append(_profile(one, [spectra[j] for j in others], shape) if others else NOTHING)  # type: ignore[misc]
    return found


@dataclass(frozen=True)
class _State:
    """ln R of the sum, then ln C and alpha of each of its arcs, and their covariance."""

    mean: np.ndarray
    covariance: np.ndarray

    @property
    def size(self) -> int:
        return self.mean.size


def _own_arcs(result: SpectrumResult) -> tuple[Arc, ...]:
    return tuple(a for a in arcs(result.fit.circuit) if a.resistance in result.members and a.kind == "CPE")


def _state(result: SpectrumResult) -> _State:
    fit = result.fit
    model = fit.circuit
    x = model.coordinates(fit.values)
    mean, slope = _shape(x, _own_arcs(result))
    ln_total, by_ln = _ln_total(model, x, result.members)
    scale = np.where(model.logarithmic, 1 / fit.values, 1.0)
    jacobian = np.concatenate([by_ln[None], slope]) * scale
    return _State(np.concatenate([[ln_total], mean]), jacobian @ fit.covariance @ jacobian.T)


def _shape(x: np.ndarray, own: Sequence[Arc]) -> tuple[np.ndarray, np.ndarray]:
    """ln C (F) and alpha of arcs, and their derivatives by the coordinates."""
    mean, slope = np.empty(2 * len(own)), np.zeros((2 * len(own), x.size))
    for k, arc in enumerate(own):
        alpha = max(float(x[arc.q + 1]), 0.05)
        ln_tau = (x[arc.r] + x[arc.q]) / alpha
        mean[2 * k : 2 * k + 2] = ln_tau - x[arc.r], x[arc.q + 1]
        slope[2 * k, [arc.r, arc.q, arc.q + 1]] = 1 / alpha - 1, 1 / alpha, -ln_tau / alpha
        slope[2 * k + 1, arc.q + 1] = 1.0
    return mean, slope


def _ln_total(model: Circuit, x: np.ndarray, members: Sequence[str]) -> tuple[float, np.ndarray]:
    places = [model.names.index(m) for m in members]
    parts = np.exp(x[places])
    slope = np.zeros(x.size)
    slope[places] = parts / parts.sum()
    return float(np.log(parts.sum())), slope


@dataclass(frozen=True)
class _Shape:
    mean: np.ndarray
    variance: np.ndarray


def _prediction(celsius: float, others: Sequence[tuple[float, _State]]) -> _Shape | None:
    """Shape of the arcs at a temperature from those at others: a weighted line with its own scatter."""
    if len(others) < _FEWEST or others[0][1].size < 2:
        return None
    t = np.array([c for c, _ in others])
    width = max(float(np.ptp(t)), 1.0)
    design = np.stack([np.ones_like(t), (t - celsius) / width], axis=1)
    if len(others) < _FEWEST_SLOPE or np.unique(t).size < _FEWEST:
        design = design[:, :1]
    y = np.array([s.mean[1:] for _, s in others])
    own = np.array([np.diag(s.covariance)[1:] for _, s in others])
    mean, variance = np.empty(y.shape[1]), np.empty(y.shape[1])
    for k in range(y.shape[1]):
        scatter = _LEAST_SCATTER[k % 2] ** 2
        for _ in range(20):
            weight = 1 / (own[:, k] + scatter)
            normal = np.linalg.inv((design * weight[:, None]).T @ design)
            line = normal @ (design.T @ (weight * y[:, k]))
            residual = y[:, k] - design @ line
            freedom = t.size - design.shape[1]
            # Moments: the weighted sum of squares is as large as it should be.
            excess = float(weight @ residual**2) / freedom
            new = max(_LEAST_SCATTER[k % 2] ** 2, scatter * excess)
            if abs(new / scatter - 1) < 1e-3:
                break
            scatter = new
        # The place itself is the origin of the line.
        mean[k], variance[k] = line[0], normal[0, 0] + scatter
    return _Shape(mean, variance)


def _updated(state: _State, shape: _Shape | None) -> Together:
    ln_r, variance = float(state.mean[0]), float(state.covariance[0, 0])
    if shape is not None and np.all(np.isfinite(state.covariance)):
        total = state.covariance[1:, 1:] + np.diag(shape.variance)
        off = shape.mean - state.mean[1:]
        gain = np.linalg.solve(total, state.covariance[1:, 0])
        if float(off @ np.linalg.solve(total, off)) < _SAME_ARC**2 * off.size:
            ln_r += float(gain @ off)
            variance -= float(gain @ state.covariance[1:, 0])
    return Together(ln_r, float(np.sqrt(max(variance, 0.0))), np.empty(0), np.empty(0))


def _profile(one: Measured, others: Sequence[Measured], shape: _Shape | None) -> Together:
    """Profile of the likelihood of ln R under the circuit of the other spectra."""
    text = Counter(o.result.fit.circuit.text for o in others).most_common(1)[0][0]
    others = sorted(
        (o for o in others if o.result.fit.circuit.text == text), key=lambda o: abs(o.celsius - one.celsius)
    )
    if shape is None or not np.all(one.noise > 0):
        return NOTHING
    result = others[0].result
    own, members = _own_arcs(result), result.members
    more = np.where(np.arange(shape.mean.size) % 2 == 0, _MORE_SCATTER**2, 0.0)
    shape = _Shape(shape.mean, shape.variance + more)
    if len(own) != len(members):
        return NOTHING
    model = circuit(text)
    lower, upper = (model.coordinates(np.array([getattr(p, s) for p in model.parameters])) for s in ("lower", "upper"))
    weight = weights_of(one.impedance, "modulus") / np.repeat(one.noise, 2)
    free = np.ones(lower.size, dtype=bool)
    problem = Problem(model, one.frequency, one.impedance, weight, free, np.zeros(lower.size), (), lower, upper)
    if not own or problem.impedance.size <= lower.size:
        return NOTHING
    electrodes = _electrodes(model, others)
    near = model.coordinates(result.fit.values)
    expected = _extrapolated(one.celsius, others)
    starts = [_with(near, own, members, model, expected + step, shape.mean) for step in _STARTS]
    held = (problem, own, members, shape, electrodes)
    best, x = min((_minimised(s, *held, None) for s in starts), key=lambda end: end[0])
    ln_r, by_ln = _ln_total(model, x, members)
    slope = np.concatenate([problem.residual_and_slope(x)[1].T, _shape(x, own)[1] / np.sqrt(shape.variance)[:, None]])
    sd = float(np.sqrt(by_ln @ inverse_normal(slope.T) @ by_ln))
    grid = ln_r + sd * _PLACES if sd < _OPEN else expected + _COARSE * _PLACES
    chi_squared, ends_at = np.empty(grid.size), [x] * grid.size
    for k in np.argsort(np.abs(grid - ln_r), kind="stable"):
        starts = [_with(from_, own, members, model, grid[k], of) for from_, of in ((near, shape.mean), (x, None))]
        ends = [_minimised(s, *held, float(grid[k])) for s in starts]
        chi_squared[k], ends_at[k] = min(ends, key=lambda end: end[0])
    # A resistance nearer to the best that is less likely was started wrongly: again, from its neighbour's end.
    top = int(np.argmin(chi_squared))
    for k, beside in [*((k, k - 1) for k in range(1, top)), *((k, k + 1) for k in range(grid.size - 2, top, -1))]:
        if chi_squared[k] > chi_squared[beside]:
            start = _with(ends_at[beside], own, members, model, grid[k], None)
            found, at = _minimised(start, *held, float(grid[k]))
            if found < chi_squared[k]:
                chi_squared[k], ends_at[k] = found, at
    freedom = 2 * one.frequency.size - lower.size
    best = min(best, float(chi_squared.min()))
    if not best / freedom < _DESCRIBED**2:
        return NOTHING
    # Noise from residuals of a flexible fit is a little too small; what remains is scaled away as in the single fits.
    scaled = -0.5 * (chi_squared - best) / max(1.0, best / freedom)
    return Together(float("nan"), float("nan"), grid, scaled)


def _electrodes(model: Circuit, others: Sequence[Measured]) -> dict[int, tuple[float, float]]:
    """Places of ln Q and exponent of each constant phase element in no arc: mean in the other spectra, scatter."""
    in_arcs = {a.capacitive for a in arcs(model)}
    found = {}
    for name in model.first:
        if not name.startswith("CPE") or name in in_arcs:
            continue
        for k, scatter in enumerate(_ELECTRODE_SCATTER):
            place = model.first[name] + k
            fits = [o.result.fit for o in others]
            sd = [np.sqrt(fit.covariance[place, place]) / (1.0 if k else fit.values[place]) for fit in fits]
            known = [model.coordinates(fit.values)[place] for fit, one in zip(fits, sd, strict=True) if one < scatter]
            if known:
                found[place] = float(np.mean(known)), scatter
    return found


def _extrapolated(celsius: float, others: Sequence[Measured]) -> float:
    """ln R at a temperature on the line of ln R against 1/T of the others."""
    inverse = 1 / (np.array([o.celsius for o in others]) + ZERO_CELSIUS)
    ln_r = np.array([_state(o.result).mean[0] for o in others])
    if np.unique(inverse).size < 2:
        return float(np.mean(ln_r))
    line = np.polynomial.polynomial.polyfit(inverse, ln_r, 1)
    return float(line[0] + line[1] / (celsius + ZERO_CELSIUS))


def _with(
    x: np.ndarray, own: Sequence[Arc], members, model: Circuit, ln_r: float, shape: np.ndarray | None
) -> np.ndarray:
    """Coordinates with another total resistance, in the same shares, and arcs of the shape given, or of their own."""
    made = x.copy()
    shape = _shape(x, own)[0] if shape is None else shape
    shift = ln_r - _ln_total(model, x, members)[0]
    for name in members:
        made[model.names.index(name)] += shift
    for k, arc in enumerate(own):
        ln_c, alpha = shape[2 * k : 2 * k + 2]
        made[arc.q] = alpha * (ln_c + made[arc.r]) - made[arc.r]
        made[arc.q + 1] = alpha
    return made


def _minimised(
    start, problem: Problem, own, members, shape: _Shape, electrodes: dict[int, tuple[float, float]], ln_r: float | None
) -> tuple[float, np.ndarray]:
    """Chi^2, with that of the shapes, and coordinates of the minimum, where given at a total resistance."""
    from scipy.optimize import least_squares

    sd = np.sqrt(shape.variance)

    def both(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        residual, slope = problem.residual_and_slope(x)
        mean, by_shape = _shape(x, own)
        more, by_more = (mean - shape.mean) / sd, by_shape / sd[:, None]
        for place, (expected, scatter) in electrodes.items():
            more = np.append(more, (x[place] - expected) / scatter)
            by_more = np.concatenate([by_more, np.eye(x.size)[place : place + 1] / scatter])
        if ln_r is not None:
            total, by_total = _ln_total(problem.model, x, members)
            more = np.append(more, (total - ln_r) / _STIFF)
            by_more = np.concatenate([by_more, by_total[None] / _STIFF])
        return np.concatenate([residual, more]), np.concatenate([slope, by_more.T], axis=1)

    def values(x: np.ndarray) -> np.ndarray:
        return both(x)[0]

    def slopes(x: np.ndarray) -> np.ndarray:
        return both(x)[1].T

    room = 1e-6 * (problem.upper - problem.lower)
    begin = np.clip(start, problem.lower + room, problem.upper - room)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        found = least_squares(
            values,
            begin,
            jac=slopes,
            x_scale="jac",
            bounds=(problem.lower, problem.upper),
            ftol=1e-5,
            xtol=1e-8,
            max_nfev=60,
        )
    return 2 * float(found.cost), found.x
