"""Attenuation and Compton cross sections per mass: Elam, Ravel and Sieber, Radiat. Phys. Chem. 63 (2002) 121.

Tables and cubic splines of the logarithms are xraydb's.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from coherion.atoms.table import element_row

# Where the tables are trusted, eV; beyond, their last value stands.
_LOWEST, _HIGHEST = 100.0, 8e5


@lru_cache(maxsize=512)
def mass_attenuation(element: str, energy: float) -> float:
    """Photoelectric absorption and both kinds of scattering together, cm^2/g, at a photon energy in eV."""
    return (
        _at(element, "photoabsorption", "log_photoabsorption", energy)
        + _at(element, "scattering", "log_coherent_scatter", energy)
        + incoherent_cross_section(element, energy)
    )


@lru_cache(maxsize=4096)
def incoherent_cross_section(element: str, energy: float) -> float:
    """Compton scattering, cm^2/g, at a photon energy in eV."""
    return _at(element, "scattering", "log_incoherent_scatter", energy)


def _at(element: str, table: str, column: str, energy: float) -> float:
    row = element_row(table, element)
    x, y, bend = row["log_energy"], row[column], row[f"{column}_spline"]
    at = np.log(np.clip(energy, _LOWEST, _HIGHEST))
    # At an edge the table has the energy twice, below it and above it; curium's is out of order there.
    below, above = np.flatnonzero(x < at), np.flatnonzero(x > at)
    low, high = (below[-1] if len(below) else 0), (above[0] if len(above) else len(x) - 1)
    step = x[high] - x[low]
    a, b = (x[high] - at) / step, (at - x[low]) / step
    value = a * y[low] + b * y[high] + step**2 / 6 * ((a * a - 1) * a * bend[low] + (b * b - 1) * b * bend[high])
    return float(np.exp(value))
