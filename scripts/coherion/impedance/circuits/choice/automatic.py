"""The circuit that a spectrum asks for: of a family, the lowest AICc among the fits that physics admits.

Every circuit is fitted from starts at the peaks of the distribution of relaxation times and on a coarse grid between
them, first roughly, then those to the end that may still win; a good fit is also a start of the circuits that it holds
one element more than. Of circuits that AICc does not tell apart the simplest is taken. AICc (Burnham and Anderson,
Model Selection and Multimodel Inference, 2nd ed., Springer 2002) gives each its weight, exp(-delta/2) of all. The
variance of the resistance has the part of the fit and that of the choice (their eq. 4.9, about the value chosen):

    var = sum_k w_k (var_k + (R_k - R)^2)

so that where circuits of much the same weight disagree, the error says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from coherion.impedance.circuits.choice.family import (
    LEADS,
    RICHER,
    Judgement,
    PhysicalLimits,
    exponent_bounds,
    family,
    judge,
    without_one,
)
from coherion.impedance.circuits.circuit import Circuit, circuit
from coherion.impedance.circuits.fit import CircuitFit, fit_circuit
from coherion.impedance.circuits.start import data_starts
from coherion.impedance.relaxation_times import RelaxationTimes, relaxation_times

# Rough fits know chi^2 to a part in a thousand, which moves AICc by less than one; those within this are fitted out.
_HOPEFUL = 12.0
_ROUGH = 1e-3
# Circuits this near in AICc are told apart by nothing but their number of parameters: of forty, some win by chance.
_EQUAL = 4.0
_STARTS = 8
# To how many circuits an inductance is added at first, and by how much (AICc) it must help one to be added to all.
_WITH_LEADS, _HELPS = 3, 4.0


@dataclass(frozen=True)
class Candidate:
    """A circuit fitted to the spectrum and what became of it."""

    text: str
    fit: CircuitFit
    judgement: Judgement
    weight: float
    """Akaike weight among the admitted (1); 0 for the others."""

    @property
    def admitted(self) -> bool:
        """Whether physics has no objection."""
        return not self.judgement.objection

    @property
    def resistance(self) -> float:
        """The electrolyte's resistance in ohm; NaN if the circuit has none."""
        return float(sum(self.fit[m] for m in self.judgement.members)) if self.judgement.members else float("nan")

    @property
    def resistance_sd(self) -> float:
        """Its standard uncertainty in ohm under this circuit."""
        places = [self.fit.index(m) for m in self.judgement.members]
        variance = self.fit.covariance[np.ix_(places, places)].sum() if places else float("nan")
        return float(np.sqrt(max(variance, 0.0)))


@dataclass(frozen=True)
class AutomaticChoice:
    """The circuit chosen for a spectrum, and its rivals."""

    chosen: Candidate
    rivals: tuple[Candidate, ...]
    """The others that were fitted to the end, the best first."""
    choice_sd: float
    """Part of the standard uncertainty of the resistance (ohm) that comes from the choice of the circuit."""
    reason: str


def choose_circuit(
    frequency: np.ndarray,
    impedance: np.ndarray,
    limits: PhysicalLimits | None = None,
    *,
    weights: str = "fitted",
    seed: int = 0,
    scale_covariance: bool = True,
    distribution: RelaxationTimes | None = None,
    describes: Callable[[CircuitFit], bool] = lambda fit: True,
) -> AutomaticChoice:
    """The circuit of the family that a spectrum asks for.

    Parameters
    ----------
    frequency, impedance
        Hz and complex ohm, the points of the fit.
    limits
        What the elements can be.
    weights, scale_covariance
        As for :func:`coherion.impedance.circuits.fit.fit_circuit`.
    seed
        Of the generator of starts.
    distribution
        Distribution of relaxation times of the spectrum, if it is known already.
    describes
        Whether a fit describes the spectrum; where that of the circuit chosen does not, richer ones are tried.

    Raises
    ------
    InputError
        If there are too few points for any circuit of the family.
    """
    limits = limits or PhysicalLimits()
    drt = distribution or relaxation_times(frequency, impedance)
    taus = _time_constants(drt, frequency)

    first = "modulus" if weights == "fitted" else weights

    def to_the_end(text: str, start: CircuitFit, weights: str, weighed_by: np.ndarray | None) -> CircuitFit:
        return fit_circuit(
            frequency,
            impedance,
            text,
            weights=weights,
            weighed_by=weighed_by,
            start=[dict(zip(start.names, map(float, start.values), strict=True))],
            bounds=exponent_bounds(text, limits),
            restarts=1,
            scale_covariance=scale_covariance,
        )

    def rough_from(text: str, starts: Sequence[Mapping[str, float]]) -> CircuitFit:
        bounds = exponent_bounds(text, limits)
        return fit_circuit(frequency, impedance, text, weights=first, start=starts, bounds=bounds, tolerance=_ROUGH)

    def rough(text: str) -> CircuitFit:
        model = circuit(text)
        starts = data_starts(model, frequency, impedance, _STARTS, seed, time_constants=taus)
        return rough_from(text, [_named(model, x, limits) for x in starts])

    usable = [t for t in family(LEADS[0]) if 2 * len(frequency) > len(circuit(t).parameters) + 3]
    found = {text: rough(text) for text in usable}
    best = sorted(found, key=lambda t: found[t].aicc)
    # An inductance in one circuit is one in all: where it helps, or a point is inductive, all are tried with it.
    leads = {f"L1-{t}": rough(f"L1-{t}") for t in best[:_WITH_LEADS]}
    helps = any(leads[f"L1-{t}"].aicc < found[t].aicc - _HELPS for t in best[:_WITH_LEADS])
    if helps or np.any(impedance.imag[frequency >= 0.1 * frequency.max()] > 0):
        leads |= {f"L1-{t}": rough(f"L1-{t}") for t in best[_WITH_LEADS:]}
    found |= leads
    _start_simpler_ones(found, rough_from)

    def best_of(found: Mapping[str, CircuitFit]) -> AutomaticChoice:
        candidates: list[Candidate] = []
        # What the admitted must beat: a circuit without objection. So the rough ones are gone through from the best on.
        for text in sorted(found, key=lambda t: found[t].aicc):
            admitted = [c.fit.aicc for c in candidates if c.admitted]
            if admitted and found[text].aicc > min(admitted) + _HOPEFUL:
                break
            fit = to_the_end(text, found[text], first, None)
            candidates.append(Candidate(text, fit, judge(fit, frequency, limits), 0.0))
        if weights == "fitted":
            # AICc compares fits with the same weights: all take those of the one that is best so far.
            leader = min([c for c in candidates if c.admitted] or candidates, key=lambda c: c.fit.aicc)
            again = [(c.text, to_the_end(c.text, c.fit, weights, leader.fit.impedance)) for c in candidates]
            candidates = [Candidate(text, fit, judge(fit, frequency, limits), 0.0) for text, fit in again]
        return _chosen(candidates)

    choice = best_of(found)
    if choice.chosen.admitted and not describes(choice.chosen.fit):
        usable = [t for t in RICHER if 2 * len(frequency) > len(circuit(t).parameters) + 3]
        choice = best_of(found | {text: rough(text) for text in usable})
    return choice


def _start_simpler_ones(
    found: dict[str, CircuitFit], fit_from: Callable[[str, Sequence[Mapping[str, float]]], CircuitFit]
) -> None:
    """Fit each circuit that lacks one part of a good one from that one's values too, and keep the better fit."""
    best = min(f.aicc for f in found.values())
    for text in sorted(found, key=lambda t: -len(found[t].names)):
        if found[text].aicc > best + _HOPEFUL:
            continue
        known = dict(zip(found[text].names, map(float, found[text].values), strict=True))
        for simpler, renamed in without_one(text):
            if simpler not in found or found[simpler].aicc <= best:
                continue
            start = {renamed.get(n, n): v for n, v in known.items()}
            names = circuit(simpler).names
            again = fit_from(simpler, [{n: start[n] for n in names}])
            if again.chi_squared < found[simpler].chi_squared:
                found[simpler] = again


def _chosen(candidates: Sequence[Candidate]) -> AutomaticChoice:
    admitted = [c for c in candidates if c.admitted]
    if not admitted:
        chosen = min(candidates, key=lambda c: c.fit.aicc)
        rivals = tuple(c for c in candidates if c is not chosen)
        return AutomaticChoice(chosen, rivals, 0.0, f"no circuit is possible: {chosen.judgement.objection}")
    lowest = min(c.fit.aicc for c in admitted)
    share = np.array([np.exp(-0.5 * (c.fit.aicc - lowest)) for c in admitted])
    share = share / share.sum()
    weighed = [Candidate(c.text, c.fit, c.judgement, float(w)) for c, w in zip(admitted, share, strict=True)]
    near = [c for c in weighed if c.fit.aicc <= lowest + _EQUAL]
    chosen = min(near, key=lambda c: (len(c.fit.names), c.fit.aicc))
    total = sum(c.weight * (c.resistance_sd**2 + (c.resistance - chosen.resistance) ** 2) for c in weighed)
    choice_sd = float(np.sqrt(max(total - chosen.resistance_sd**2, 0.0)))
    others = [c for c in (*weighed, *(c for c in candidates if not c.admitted)) if c is not chosen]
    others.sort(key=lambda c: c.fit.aicc)
    better = [c for c in others if not c.admitted and c.fit.aicc < lowest]
    place = "lowest AICc" if chosen.fit.aicc == lowest else f"simplest within {_EQUAL:g} of the lowest AICc"
    reason = f"{place} of {len(weighed)} possible circuits, weight {chosen.weight:.2f}"
    if better:
        reason += f"; {better[0].text} fits better and is impossible: {better[0].judgement.objection}"
    return AutomaticChoice(chosen, tuple(others), choice_sd, reason)


def _time_constants(drt: RelaxationTimes, frequency: np.ndarray) -> np.ndarray:
    """Time constants in s to start from: peaks of the distribution, and a coarse grid over the range of 1/w."""
    gamma = np.concatenate([[0.0], drt.distribution, [0.0]])
    peak = (gamma[1:-1] >= gamma[:-2]) & (gamma[1:-1] > gamma[2:]) & (gamma[1:-1] > 1e-3 * gamma.max())
    omega = 2 * np.pi * frequency
    coarse = np.geomspace(0.3 / omega.max(), 2 / omega.min(), 12)
    peaks = drt.time_constants[peak]
    far = [t for t in coarse if not np.any(np.abs(np.log(peaks / t)) < 0.7)]
    return np.sort(np.concatenate([peaks, far]))


def _named(model: Circuit, coordinates: np.ndarray, limits: PhysicalLimits) -> dict[str, float]:
    values = dict(zip(model.names, map(float, model.values(coordinates)), strict=True))
    for name, (low, high) in exponent_bounds(model.text, limits).items():
        values[name] = min(max(values[name], low), high)
    return values
