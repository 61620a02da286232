"""What the circuit stage says of one spectrum: fit, resistances, whether they are resolved, and whose choice it was."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from msgspec import structs

from coherion.impedance.circuits.capacitance import ArcProperties, arc_properties
from coherion.impedance.circuits.choice.automatic import AutomaticChoice, Candidate, choose_circuit
from coherion.impedance.circuits.choice.comparison import CONFIGURED, choose_model, unresolved_reason
from coherion.impedance.circuits.choice.family import PhysicalLimits
from coherion.impedance.circuits.circuit import arcs, circuit
from coherion.impedance.circuits.fit import CircuitFit, fit_circuit
from coherion.impedance.relaxation_times import RelaxationTimes
from coherion.settings.stages.circuits import CircuitSettings

# Instruments are wrong by this much (relative to |Z|) without saying so: no misfit below it speaks against a circuit.
_INSTRUMENT = 0.01


@dataclass(frozen=True)
class Resistance:
    """A resistance of the circuit: resistors added up."""

    value: float
    """In ohm."""
    sd: float
    """Its standard uncertainty in ohm, the part of the choice included."""
    choice_sd: float
    """The part (ohm) that comes from the choice of the circuit; 0 where it is given."""
    reason: str
    """Why it is not resolved; empty if it is."""


@dataclass(frozen=True)
class SpectrumResult:
    """A fitted spectrum."""

    fit: CircuitFit
    resistances: Mapping[str, Resistance]
    arcs: tuple[ArcProperties, ...]
    misfit_to_noise: float
    """Root mean square misfit in units of the noise that the Kramers-Kronig test found; NaN where that is unknown."""
    choice: str
    """In words: why this circuit, and which resistors are the electrolyte's."""
    members: tuple[str, ...]
    """Resistors of the first resistance."""
    rivals: str = "[]"
    """JSON: the other circuits with AICc less that of this one, weight, resistance, objection."""
    preferred: str = ""
    """Circuit that AICc prefers."""
    delta_aicc: Mapping[str, float] = field(default_factory=dict)
    doubt: str = ""
    """What speaks against the resistance although it is resolved; empty if nothing does."""


def analyse_configured(
    frequency: np.ndarray,
    impedance: np.ndarray,
    settings: CircuitSettings,
    sums: Mapping[str, Sequence[str]],
    noise: np.ndarray,
) -> SpectrumResult:
    """Fit the configured circuit to a spectrum.

    Parameters
    ----------
    frequency, impedance
        Hz and complex ohm, the points of the fit.
    settings
        Circuit, weights, limits and rules.
    sums
        Resistors that add up to each resistance, by its name.
    noise
        Standard deviation of one component of each point relative to |Z| (1), from the Kramers-Kronig test.
    """
    fit = fit_circuit(
        frequency,
        impedance,
        settings.circuit,
        weights=settings.weights,
        start=settings.start,
        fixed=settings.fixed,
        bounds=settings.bounds,
        restarts=settings.restarts,
        seed=settings.seed,
        scale_covariance=settings.scale_covariance,
    )
    properties = tuple(arc_properties(fit, arc, settings.capacitance_uncertainty) for arc in arcs(fit.circuit))
    resistances = {}
    for name, members in sums.items():
        total, sd = resistance_sum(fit, members, settings.sum_covariance)
        why = unresolved_reason(
            fit, frequency, members, total, sd, properties, settings, float(np.sqrt(np.mean(noise**2)))
        )
        resistances[name] = Resistance(total, sd, 0.0, why)
    preferred, delta, doubt = "", {}, ""
    ratio = _misfit_to_noise(fit, noise)
    if settings.compare_circuits:
        choice = choose_model(frequency, impedance, fit, margin=settings.aicc_margin)
        preferred, delta = choice.circuits[choice.preferred], choice.delta_aicc
        if choice.preferred != CONFIGURED and delta[choice.preferred] < 0 and _misses(fit, settings, ratio):
            doubt = (
                f"{fit.circuit.text} misses the spectrum by {100 * _misfit(fit):.1f} %, {ratio:.1f} times its noise; "
                f"{preferred} describes it better (AICc lower by {-delta[choice.preferred]:.0f})"
            )
    first = tuple(next(iter(sums.values())))
    return SpectrumResult(
        fit, resistances, properties, ratio, "configured", first, preferred=preferred, delta_aicc=delta, doubt=doubt
    )


def analyse_automatic(
    frequency: np.ndarray,
    impedance: np.ndarray,
    settings: CircuitSettings,
    noise: np.ndarray,
    distribution: RelaxationTimes | None = None,
) -> SpectrumResult:
    """Find the circuit that a spectrum asks for, and the electrolyte's resistance under it, ``total``.

    Parameters
    ----------
    frequency, impedance
        Hz and complex ohm, the points of the fit.
    settings
        Weights, limits and rules.
    noise
        Standard deviation of one component of each point relative to |Z| (1), from the Kramers-Kronig test.
    distribution
        Distribution of relaxation times of the spectrum, if it is known already.
    """
    found = choose_circuit(
        frequency,
        impedance,
        _physics(settings),
        weights=settings.weights,
        seed=settings.seed,
        scale_covariance=settings.scale_covariance,
        distribution=distribution,
        describes=lambda fit: not _misses(fit, settings, _misfit_to_noise(fit, noise)),
    )
    chosen = found.chosen
    own = [a for a in chosen.judgement.arcs if a.arc.resistance in chosen.judgement.members]
    sd = float(np.hypot(chosen.resistance_sd, found.choice_sd))
    why = chosen.judgement.objection and found.reason
    ratio = _misfit_to_noise(chosen.fit, noise)
    if not why and _misses(chosen.fit, settings, ratio):
        why = (
            f"no circuit describes the spectrum: {chosen.text} misses it by {100 * _misfit(chosen.fit):.1f} %, "
            f"{ratio:.1f} times its noise"
        )
    if not why:
        # An arc that does not close is judged by the error of its resistance, and doubted.
        rule = structs.replace(settings, lowest_apex_ratio=0.0)
        why = unresolved_reason(
            chosen.fit,
            frequency,
            chosen.judgement.members,
            chosen.resistance,
            sd,
            own,
            rule,
            float(np.sqrt(np.mean(noise**2))),
        )
    return SpectrumResult(
        fit=chosen.fit,
        resistances={"total": Resistance(chosen.resistance, sd, found.choice_sd, why)},
        arcs=chosen.judgement.arcs,
        misfit_to_noise=ratio,
        choice=f"{found.reason}; {chosen.judgement.rule}",
        members=chosen.judgement.members,
        rivals=json.dumps([_as_plain(c, chosen) for c in found.rivals]),
        preferred=chosen.text,
        doubt=_doubt(found, settings, frequency),
    )


def _physics(settings: CircuitSettings) -> PhysicalLimits:
    return PhysicalLimits(
        lowest_arc_exponent=settings.lowest_arc_exponent, largest_capacitance=settings.largest_capacitance
    )


def _as_plain(candidate: Candidate, chosen: Candidate) -> dict[str, object]:
    known = np.isfinite(candidate.resistance)
    return {
        "circuit": candidate.text,
        "delta_aicc": round(candidate.fit.aicc - chosen.fit.aicc, 2),
        "weight": round(candidate.weight, 4),
        "resistance_ohm": float(f"{candidate.resistance:.6g}") if known else None,
        "objection": candidate.judgement.objection,
    }


def _doubt(found: AutomaticChoice, settings: CircuitSettings, frequency: np.ndarray) -> str:
    """What a reader should know of a chosen circuit although it stands."""
    chosen = found.chosen
    lowest = settings.lowest_apex_ratio * float(np.min(frequency))
    slowest = min((a for a in chosen.judgement.arcs), key=lambda a: a.frequency, default=None)
    if slowest is not None and slowest.arc.resistance in chosen.judgement.members and slowest.frequency < lowest:
        return f"apex of the arc at {slowest.frequency:.3g} Hz, below {lowest:.3g} Hz: its resistance is extrapolated"
    limit = chosen.judgement.largest_capacitance
    near = [a for a in chosen.judgement.arcs if abs(np.log(a.capacitance / limit)) < np.log(2)]
    if near:
        return (
            f"capacitance of the arc of {near[0].arc.resistance} ({near[0].capacitance:.1e} F) is at the limit "
            f"({limit:.1e} F) between grain boundary and interface: look at the spectrum and name the circuit"
        )
    if chosen.resistance > 0 and found.choice_sd > 0.05 * chosen.resistance:
        return f"possible circuits differ: the choice makes {100 * found.choice_sd / chosen.resistance:.0f} % of error"
    return ""


def resistance_sum(fit: CircuitFit, members: Sequence[str], with_covariance: bool = True) -> tuple[float, float]:
    """Sum of resistors and its standard uncertainty in ohm; ``with_covariance`` counts their correlation."""
    places = [fit.index(m) for m in members]
    block = fit.covariance[np.ix_(places, places)]
    variance = block.sum() if with_covariance else np.trace(block)
    return float(fit.values[places].sum()), float(np.sqrt(max(variance, 0.0)))


def _misfit(fit: CircuitFit) -> float:
    """Root mean square of one component of the residuals relative to |Z|."""
    return float(np.sqrt(np.mean(np.abs(fit.residual) ** 2) / 2))


def _misfit_to_noise(fit: CircuitFit, noise: np.ndarray) -> float:
    """Root mean square of the residuals, each in units of the noise of its point; NaN where that is not known."""
    if not np.all(noise > 0):
        return float("nan")
    return float(np.sqrt(np.mean(np.abs(fit.residual / noise) ** 2) / 2))


def _misses(fit: CircuitFit, settings: CircuitSettings, ratio: float) -> bool:
    """Whether a misfit, ``ratio`` times the noise, is larger than noise and instrument make it."""
    return ratio > settings.largest_misfit_to_noise and _misfit(fit) > _INSTRUMENT


def parameters_of(results: Sequence[SpectrumResult | None]) -> tuple[list[str], list[str], list[str]]:
    """Names and units of all parameters, and resistors of all arcs, of several circuits, each once."""
    units: dict[str, str] = {}
    resistors: dict[str, None] = {}
    for result in results:
        if result is not None:
            units |= {p.name: p.unit for p in result.fit.circuit.parameters}
            resistors |= dict.fromkeys(a.arc.resistance for a in result.arcs)
    names = sorted(units, key=lambda n: (n[0] != "L", n.rsplit("_", 1)[0][-1], n[0] != "R", n))
    return names, [units[n] for n in names], sorted(resistors)


def configured_parameters(text: str) -> tuple[list[str], list[str], list[str]]:
    """The same of one circuit, in the order of its text."""
    model = circuit(text)
    return list(model.names), [p.unit for p in model.parameters], [a.resistance for a in arcs(model)]
