"""Leads between instrument and pellet: resistance and inductance from a short circuit, and spectra without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from coherion.data.spectra.spectrum import Spectrum
from coherion.errors import InputError

# More than any leads have (ohm): the cell was not shorted.
LARGEST_RESISTANCE = 1000.0
# A misfit beyond this (root mean square, relative to |Z|) is told: R + j w L does not describe these leads.
LARGEST_MISFIT = 0.05


@dataclass(frozen=True)
class Leads:
    """Z = R + j w L; ohm and henry with their standard uncertainties, and the misfit relative to |Z| (1)."""

    resistance: float
    resistance_sd: float
    inductance: float
    inductance_sd: float
    misfit: float


def leads_of(spectra: Sequence[Spectrum], file: str) -> Leads:
    """Leads from the sweeps of a shorted cell, by linear least squares with residuals relative to |Z|.

    Parameters
    ----------
    spectra
        All sweeps of the file.
    file
        Its name, for the error.

    Raises
    ------
    InputError
        If the cell was not shorted.
    """
    omega = 2 * np.pi * np.concatenate([s.frequency for s in spectra])
    z = np.concatenate([s.impedance for s in spectra])
    columns = np.stack([np.ones_like(omega) + 0j, 1j * omega], axis=1) / np.abs(z)[:, None]
    matrix = np.concatenate([columns.real, columns.imag])
    target = np.concatenate([z.real, z.imag]) / np.tile(np.abs(z), 2)
    scale = np.linalg.norm(matrix, axis=0)
    solution = np.linalg.lstsq(matrix / scale, target)[0] / scale
    residual = target - matrix @ solution
    variance = float(residual @ residual) / max(target.size - 2, 1)
    sd = np.sqrt(variance * np.diag(np.linalg.inv((matrix / scale).T @ (matrix / scale)))) / scale
    resistance, inductance = map(float, solution)
    if abs(resistance) > LARGEST_RESISTANCE:
        raise InputError(
            "is no measurement of a short circuit",
            file=file,
            place="column short_circuit",
            found=f"{resistance:.3g} ohm",
            expected=f"leads of less than {LARGEST_RESISTANCE:g} ohm",
            advice="measure the cell with its electrodes in contact, without a pellet, or clear the cell",
        )
    return Leads(resistance, float(sd[0]), inductance, float(sd[1]), float(np.sqrt(np.mean(residual**2))))


def without_leads(spectrum: Spectrum, leads: Leads) -> Spectrum:
    """The spectrum less its leads, with a note of what was taken off."""
    omega = 2 * np.pi * spectrum.frequency
    impedance = spectrum.impedance - leads.resistance - 1j * omega * leads.inductance
    impedance.setflags(write=False)
    note = (
        f"leads of a short circuit taken off: {leads.resistance:.4g}({leads.resistance_sd:.1g}) ohm, "
        f"{leads.inductance:.4g}({leads.inductance_sd:.1g}) H"
    )
    doubts = spectrum.doubts
    if leads.misfit > LARGEST_MISFIT:
        doubts = (*doubts, f"its short circuit is no resistance with an inductance (misfit {100 * leads.misfit:.0f} %)")
    return replace(spectrum, impedance=impedance, notes=(*spectrum.notes, note), doubts=doubts)
