"""The family of circuits from which one is chosen for a spectrum, and what physics says of each when it is fitted.

A pellet between two electrodes is, in series,

    the leads           nothing, or L1
    the electrolyte     R0 (what lies above the measured range), one or two arcs p(R,CPE), or R0 and one or two arcs
    the electrodes      nothing, CPE3 (blocking), Wo3 or Ws3 (diffusion over a finite length, to a wall or to a place of
                        constant concentration)

Where none of these describes a spectrum, R0 may be the start of an arc whose capacitance shows at the high end,
p(R0,C0), in front of two others: bulk, grain boundary and interface, or the stray capacitance beside a resistor of a
dummy cell. An ideal capacitor is a constant phase element whose exponent is 1, which its limits let it be.

A fit is an answer only if its elements can be what they are named for. An arc that is flatter than a limit is a
blocking electrode taken for one; an arc whose resistance is lost in its own error, or beside the others, is none; a
capacitance too large for the geometry and the boundaries of grains belongs to an interface; one too small for an
electrode is no electrode's but that of a pellet which does not conduct.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coherion.impedance.circuits.capacitance import ArcProperties, arc_properties
from coherion.impedance.circuits.circuit import arcs, circuit
from coherion.impedance.circuits.fit import CircuitFit

FEWEST_NUMBERS = 12
"""Real numbers that a spectrum needs at least: a circuit of two arcs has nine parameters."""
LEADS = ("", "L1")
ELECTROLYTES = ("R0", "p(R1,CPE1)", "R0-p(R1,CPE1)", "p(R1,CPE1)-p(R2,CPE2)", "R0-p(R1,CPE1)-p(R2,CPE2)")
ELECTRODES = ("", "CPE3", "Wo3", "Ws3")
RICHER = ("p(R0,C0)-p(R1,CPE1)-p(R2,CPE2)", "p(R0,C0)-p(R1,CPE1)-p(R2,CPE2)-CPE3")
"""Tried where no circuit of the family describes a spectrum."""


@dataclass(frozen=True)
class PhysicalLimits:
    """What the elements of a circuit can be; capacitances in F, of the pellet as it is."""

    lowest_arc_exponent: float = 0.6
    """An arc flatter than this (alpha of its constant phase element, 1) is none."""
    lowest_electrode_exponent: float = 0.35
    """An electrode flatter than this (1) is a resistance."""
    smallest_capacitance: float = 1e-13
    """Of an arc (F): below lie only the stray capacitances of leads."""
    largest_capacitance: float = 1e-7
    """Of an arc of the electrolyte (F): bulk and grain boundaries lie below, interfaces and electrodes above."""
    largest_part_of_electrode: float = 0.2
    """Of the capacitance of the blocking electrode (1): an arc with more is a part of the electrode."""
    smallest_electrode_capacitance: float = 1e-8
    """Of a blocking electrode (F), at the lowest frequency."""
    largest_inductance: float = 1e-4
    """Of the leads (H)."""
    smallest_share: float = 1e-3
    """A resistor with less than this part (1) of the electrolyte's resistance is none."""
    largest_relative_sd: float = 1.0
    """A resistor more uncertain than this (relative, 1) is none."""


def family(leads: str) -> tuple[str, ...]:
    """Circuits of the family with given leads, one of LEADS."""
    made = ["-".join(part for part in (leads, e, t) if part) for e in ELECTROLYTES for t in ELECTRODES]
    return tuple(text for text in made if text.removeprefix("L1-") != "R0")


def without_one(text: str) -> list[tuple[str, dict[str, str]]]:
    """The circuits that one of the family becomes without one of its parts, and how its parameters are then called."""
    parts = text.split("-")
    first, second = "p(R1,CPE1)", "p(R2,CPE2)"
    made: list[tuple[str, dict[str, str]]] = []
    for gone in parts:
        kept = [part for part in parts if part != gone]
        renamed: dict[str, str] = {}
        if gone == first and second in kept:
            # A lone arc is the first one; the one that goes hands over its names.
            kept[kept.index(second)] = first
            renamed = {"R1": "", "CPE1_0": "", "CPE1_1": "", "R2": "R1", "CPE2_0": "CPE1_0", "CPE2_1": "CPE1_1"}
        made.append(("-".join(kept), renamed))
    return made


def exponent_bounds(text: str, limits: PhysicalLimits) -> dict[str, tuple[float, float]]:
    """Limits of the exponents of a circuit of the family, by parameter."""
    names = circuit(text).names
    low = {"CPE1_1": limits.lowest_arc_exponent, "CPE2_1": limits.lowest_arc_exponent}
    low["CPE3_1"] = limits.lowest_electrode_exponent
    return {name: (value, 1.0) for name, value in low.items() if name in names}


@dataclass(frozen=True)
class Judgement:
    """Which resistors of a fit are the electrolyte's, and why the fit cannot be what its circuit says."""

    members: tuple[str, ...]
    """Resistors whose sum is the electrolyte's resistance."""
    rule: str
    """In words: why these."""
    objection: str
    """Empty if there is none."""
    arcs: tuple[ArcProperties, ...]
    largest_capacitance: float
    """Up to which an arc counts as one of the electrolyte (F)."""


def judge(fit: CircuitFit, frequency: np.ndarray, limits: PhysicalLimits) -> Judgement:
    """What physics says of a fit of one of the family.

    The electrolyte's resistance is the sum of R0 and of the arcs whose effective capacitance lies below
    ``largest_capacitance`` and well below that of the electrode; where only a tail is seen it is R0, the intercept of
    the tail with the real axis.

    Parameters
    ----------
    fit
        The fit.
    frequency
        Frequencies of the fit in Hz.
    limits
        What the elements can be.
    """
    found = tuple(arc_properties(fit, arc) for arc in arcs(fit.circuit))
    electrode = _electrode_capacitance(fit, frequency)
    largest = min(limits.largest_capacitance, limits.largest_part_of_electrode * electrode)
    own = tuple(a for a in found if a.capacitance < largest)
    plain = "R0" in fit.names and all(a.arc.resistance != "R0" for a in found)
    members = (("R0",) if plain else ()) + tuple(a.arc.resistance for a in own)
    foreign = [a for a in found if a not in own]
    if not own:
        rule = "R0: intercept of the tail, no arc of the electrolyte is seen"
    else:
        rule = f"{' + '.join(members)}: all before the electrode with less than {largest:.2g} F"
    if foreign:
        rule += f"; {', '.join(a.arc.resistance for a in foreign)} is an interface ({foreign[0].capacitance:.1e} F)"
    objection = _objection(fit, frequency, limits, found, own, members)
    return Judgement(members, rule, objection, found, largest)


def _electrode_capacitance(fit: CircuitFit, frequency: np.ndarray) -> float:
    """Capacitance in F at the lowest frequency of the electrode that blocks; infinite where none is in the circuit."""
    if "CPE3_1" in fit.names:
        return float(fit["CPE3_0"] * (2 * np.pi * np.min(frequency)) ** (fit["CPE3_1"] - 1))
    if "Wo3_1" in fit.names:
        return fit["Wo3_1"] / fit["Wo3_0"]
    return float("inf")


def _objection(fit, frequency, limits, found, own, members) -> str:
    if not members:
        return "no resistance of the electrolyte"
    total = sum(fit[m] for m in members)
    for a in found:
        exponent = fit.values[a.arc.q + 1] if a.arc.kind == "CPE" else 1.0
        if exponent <= limits.lowest_arc_exponent + 1e-6:
            return f"arc of {a.arc.resistance} is too flat for one (alpha at {limits.lowest_arc_exponent:g})"
        if not limits.smallest_capacitance <= a.capacitance:
            return f"capacitance of the arc of {a.arc.resistance} is {a.capacitance:.1e} F, that of no pellet"
    for name in (*members, *(a.arc.resistance for a in found)):
        if name in fit.at_limit or fit[name] < limits.smallest_share * total:
            return f"{name} is nothing beside the rest"
        if not fit.uncertainty(name) <= limits.largest_relative_sd * fit[name]:
            return f"{name} is lost in its error"
    # Diffusion lies behind every arc, those of interfaces too.
    slowest = min((a.frequency for a in found), default=float(np.max(frequency)))
    return _electrode_objection(fit, frequency, limits, slowest)


def _electrode_objection(fit, frequency, limits, slowest: float) -> str:
    lowest, capacitance = float(np.min(frequency)), _electrode_capacitance(fit, frequency)
    if "CPE3_1" in fit.names:
        exponent = fit["CPE3_1"]
        if exponent <= limits.lowest_electrode_exponent + 1e-6:
            return f"electrode is too flat for one (alpha at {limits.lowest_electrode_exponent:g})"
    for name in ("Wo3", "Ws3"):
        if f"{name}_1" not in fit.names:
            continue
        corner = 1 / (2 * np.pi * fit[f"{name}_1"])
        if not 0.1 * lowest < corner < 0.1 * slowest:
            return f"diffusion with its corner at {corner:.2g} Hz is not seen, or none behind the arcs"
    if capacitance < limits.smallest_electrode_capacitance:
        return f"electrode of {capacitance:.1e} F is none: the pellet does not conduct"
    if "L1" in fit.names and not fit["L1"] <= limits.largest_inductance:
        return f"inductance of {fit['L1']:.1e} H is that of no leads"
    return ""
