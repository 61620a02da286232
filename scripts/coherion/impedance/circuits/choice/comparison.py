"""Which circuit the data support, and which arcs they resolve.

Circuits are compared by Akaike's criterion with the correction for small samples (Burnham and Anderson, Model
Selection and Multimodel Inference, 2nd ed., Springer 2002): the one with the lowest AICc is preferred once it leads
the configured one by a margin. The criterion takes residuals for noise; those of a good spectrum are largely small
systematic errors, which a second arc follows as readily as a process. So the choice is reported and not imposed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coherion.impedance.circuits.capacitance import ArcProperties
from coherion.impedance.circuits.circuit import Circuit, arcs, circuit
from coherion.impedance.circuits.elements import ELEMENTS
from coherion.impedance.circuits.fit import CircuitFit, fit_circuit
from coherion.impedance.circuits.grammar import Element, Parallel, Series, elements, terms
from coherion.settings.stages.circuits import CircuitSettings

CONFIGURED, SECOND_ARC, NO_ELECTRODE = "configured", "one more arc", "no electrode element"


@dataclass(frozen=True)
class ModelChoice:
    """Circuits tried on one spectrum and what AICc says of them."""

    circuits: dict[str, str]
    """Circuit by role: ``configured``, ``one more arc``, ``no electrode element`` (where it has them)."""
    delta_aicc: dict[str, float]
    """AICc less that of the configured circuit; negative is better."""
    preferred: str
    """Role of the circuit that the data support."""
    fits: dict[str, CircuitFit]


def with_one_more_arc(model: Circuit) -> str | None:
    """The circuit with another ``p(R,CPE)`` after its first arc; None if it has no arc at the top."""
    taken = {e.name for e in elements(model.tree)}
    resistance, phase = (_unused(kind, taken) for kind in ("R", "CPE"))
    parts = [str(t) for t in terms(model.tree)]
    for i, term in enumerate(terms(model.tree)):
        if isinstance(term, Parallel):
            return "-".join([*parts[: i + 1], f"p({resistance},{phase})", *parts[i + 1 :]])
    return None


def without_electrode(model: Circuit) -> str | None:
    """The circuit without its last blocking element in series; None if it has none or nothing else would remain."""
    parts = list(terms(model.tree))
    places = [i for i, t in enumerate(parts) if isinstance(t, Element) and ELEMENTS[t.kind].blocking]
    if not places or len(parts) < 2:
        return None
    del parts[places[-1]]
    return str(Series(tuple(parts)))


def _starts(fit: CircuitFit, model: Circuit, frequency: np.ndarray) -> list[dict[str, float]]:
    """Starts of a circuit from the fit of a similar one; a new arc takes a part of the first, at several places."""
    known = {n: float(v) for n, v in zip(fit.names, fit.values, strict=True) if n in model.names}
    new = [a for a in arcs(model) if a.resistance not in known]
    if not new:
        return [known]
    first = arcs(fit.circuit)[0].resistance
    starts = []
    for part in (0.05, 0.4):
        for tau in np.geomspace(1 / frequency.max(), 1 / frequency.min(), 6)[1:-1] / (2 * np.pi):
            resistance = part * known[first]
            values = known | {first: (1 - part) * known[first], new[0].resistance: resistance}
            values[f"{new[0].capacitive}_0"] = tau**0.9 / resistance
            values[f"{new[0].capacitive}_1"] = 0.9
            starts.append(values)
    return starts


def _unused(kind: str, taken: set[str]) -> str:
    return next(f"{kind}{i}" for i in range(1, len(taken) + 2) if f"{kind}{i}" not in taken)


def choose_model(frequency: np.ndarray, impedance: np.ndarray, fit: CircuitFit, *, margin: float = 10.0) -> ModelChoice:
    """Compare the fitted circuit with one more arc and with no electrode element.

    Parameters
    ----------
    frequency, impedance
        Hz and complex ohm, the points of the fit.
    fit
        Fit of the configured circuit.
    margin
        By how much AICc must be lower for another circuit to be preferred; 10 leaves the other "essentially no
        support" (Burnham and Anderson).
    """
    model = fit.circuit
    texts = {SECOND_ARC: with_one_more_arc(model), NO_ELECTRODE: without_electrode(model)}
    circuits, fits = {CONFIGURED: model.text}, {CONFIGURED: fit}
    for role, text in texts.items():
        if text is None or 2 * len(frequency) <= len(circuit(text).parameters) + 2:
            continue
        circuits[role] = text
        # AICc moves by n times the relative change of chi^2: three digits are plenty.
        fits[role] = fit_circuit(
            frequency,
            impedance,
            text,
            weights=fit.weights,
            weighed_by=fit.impedance if fit.weights == "fitted" else None,
            start=_starts(fit, circuit(text), frequency),
            tolerance=1e-3,
        )
    delta = {role: fits[role].aicc - fit.aicc for role in fits}
    best = min(delta, key=lambda role: delta[role])
    if best == CONFIGURED or delta[best] > -margin:
        # Between circuits that the data do not tell apart, the one with fewer parameters.
        simpler = NO_ELECTRODE in delta and delta[NO_ELECTRODE] <= 0
        best = NO_ELECTRODE if simpler else CONFIGURED
    return ModelChoice(circuits, delta, best, fits)


def unresolved_reason(
    fit: CircuitFit,
    frequency: np.ndarray,
    names: Sequence[str],
    resistance: float,
    resistance_sd: float,
    properties: Sequence[ArcProperties],
    limits: CircuitSettings,
    noise: float = math.nan,
) -> str:
    """Why a resistance is not resolved; empty if it is.

    Parameters
    ----------
    fit
        The fit.
    frequency
        Frequencies of the fit in Hz.
    names
        Resistances that are added up.
    resistance, resistance_sd
        Their sum and its standard uncertainty in ohm.
    properties
        Properties of all arcs of the circuit.
    limits
        ``largest_relative_sd``, ``lowest_apex_ratio``, ``largest_misfit`` and ``largest_misfit_to_noise`` count.
    noise
        Standard deviation of one component relative to \\|Z\\| (1), from the Kramers-Kronig test, if it is known.
    """
    misfit = float(np.sqrt(np.mean(np.abs(fit.residual) ** 2) / 2))
    # What is noise is no fault of the circuit.
    largest = np.nanmax([limits.largest_misfit, limits.largest_misfit_to_noise * noise])
    if not misfit <= largest:
        return f"circuit misses the spectrum by {100 * misfit:.1f} % (limit {100 * largest:.3g} %)"
    limited = [n for n in names if n in fit.at_limit]
    if limited:
        return f"{limited[0]} ended on a limit of its range"
    lowest = limits.lowest_apex_ratio * float(np.min(frequency))
    slowest = min((a for a in properties if a.arc.resistance in names), key=lambda a: a.frequency, default=None)
    if slowest is not None and slowest.frequency < lowest:
        return f"apex of the arc at {slowest.frequency:.3g} Hz, below {lowest:.3g} Hz: the arc is not closed"
    relative = resistance_sd / resistance
    if not relative <= limits.largest_relative_sd:
        return f"resistance uncertain by {100 * relative:.3g} % (limit {100 * limits.largest_relative_sd:g} %)"
    return ""
