"""Effective capacitance of an arc, and what it suggests as the arc's origin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coherion.errors import InputError
from coherion.impedance.circuits.circuit import Arc
from coherion.impedance.circuits.fit import CircuitFit
from coherion.settings.stages.circuits import UNCERTAINTIES

# Irvine, Sinclair and West, Adv. Mater. 2 (1990) 132, Table 1, for a sample with thickness / area = 1 / cm.
# Single values of the table stand for half a decade on either side.
ORIGINS = (
    ("bulk", 10**-12.5, 10**-11.5),
    ("minor second phase", 10**-11.5, 10**-10.5),
    ("grain boundary", 1e-11, 1e-8),
    ("bulk near a ferroelectric transition", 1e-10, 1e-9),
    ("surface layer", 1e-9, 1e-7),
    ("sample-electrode interface", 1e-7, 1e-5),
    ("electrochemical reaction", 10**-4.5, 10**-3.5),
)


@dataclass(frozen=True)
class ArcProperties:
    """What follows from the parameters of one arc, with standard uncertainties."""

    arc: Arc
    capacitance: float
    """Effective capacitance in F."""
    capacitance_sd: float
    frequency: float
    """Frequency of the arc's apex, 1 / (2 pi tau), in Hz."""
    frequency_relative_sd: float


def arc_properties(fit: CircuitFit, arc: Arc, uncertainty: str = "covariance") -> ArcProperties:
    """Effective capacitance and apex frequency of a fitted arc.

    C_eff = (Q R^(1 - alpha))^(1 / alpha) = tau / R with tau = (R Q)^(1/alpha) (Brug et al., J. Electroanal. Chem.
    176 (1984) 275, for a resistance parallel to the constant phase element; Hsu and Mansfeld, Corrosion 57 (2001)
    747). For p(R,C) it is C.

    Parameters
    ----------
    fit
        The fitted circuit.
    arc
        One of its arcs.
    uncertainty
        ``covariance`` propagates the full covariance; ``sum_of_relative`` adds the relative uncertainties of R, Q and
        alpha, as some programs do, which neglects that they compensate one another and is several times too large.

    Raises
    ------
    InputError
        If the name of the uncertainty is unknown.
    """
    if uncertainty not in UNCERTAINTIES:
        raise InputError(
            "unknown uncertainty of the capacitance",
            place="key capacitance_uncertainty",
            found=uncertainty,
            expected=", ".join(UNCERTAINTIES),
        )
    indices = list(arc.indices)
    block = fit.covariance[np.ix_(indices, indices)]
    resistance, coefficient = fit.values[arc.r], fit.values[arc.q]
    if arc.kind == "C":
        capacitance = coefficient
        by_capacitance = np.array([0.0, 1 / coefficient])
        by_tau = np.array([1 / resistance, 1 / coefficient])
        ln_tau = np.log(resistance * coefficient)
    else:
        alpha = max(float(fit.values[arc.q + 1]), 1e-3)
        ln_tau = np.log(resistance * coefficient) / alpha
        capacitance = np.exp(ln_tau) / resistance
        by_tau = np.array([1 / (alpha * resistance), 1 / (alpha * coefficient), -ln_tau / alpha])
        by_capacitance = by_tau - np.array([1 / resistance, 0.0, 0.0])
    if uncertainty == "covariance":
        relative = np.sqrt(by_capacitance @ block @ by_capacitance)
    else:
        own = np.sqrt(np.diag(block)) / np.abs(fit.values[indices])
        relative = own[1] if arc.kind == "C" else own.sum()
    with np.errstate(over="ignore"):
        return ArcProperties(
            arc=arc,
            capacitance=float(capacitance),
            capacitance_sd=float(capacitance * relative),
            frequency=float(np.exp(-ln_tau) / (2 * np.pi)),
            frequency_relative_sd=float(np.sqrt(by_tau @ block @ by_tau)),
        )


def suggested_origins(capacitance: float, capacitance_sd: float = 0.0, cell_constant: float = 1.0) -> tuple[str, ...]:
    """Origins that the table of Irvine, Sinclair and West (1990) gives for a capacitance; a hint, not a proof.

    Parameters
    ----------
    capacitance, capacitance_sd
        In F; every range within two standard uncertainties counts.
    cell_constant
        Thickness / area of the pellet in 1/cm; the table holds for 1/cm.
    """
    low = (capacitance - 2 * capacitance_sd) * cell_constant
    high = (capacitance + 2 * capacitance_sd) * cell_constant
    found = tuple(name for name, lowest, highest in ORIGINS if high >= lowest and low <= highest)
    if found or not np.isfinite(high):
        return found
    return ("below that of a bulk (stray capacitance?)",) if high < ORIGINS[0][1] else ()
