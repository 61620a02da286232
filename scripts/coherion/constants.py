"""Constants of nature, in the units that powder diffraction and impedance use.

Exact ones follow from the definitions of the SI of 2019; the others are CODATA's of 2018: E. Tiesinga, P. J. Mohr,
D. B. Newell and B. N. Taylor, Rev. Mod. Phys. 93 (2021) 025010.
"""

from __future__ import annotations

ELEMENTARY_CHARGE = 1.602176634e-19
"""C, exact."""

BOLTZMANN = 1.380649e-23 / ELEMENTARY_CHARGE
"""eV/K, exact."""

HC = 6.62607015e-34 * 299792458.0 / ELEMENTARY_CHARGE * 1e10
"""Planck constant times speed of light, eV angstrom, exact."""

VACUUM_PERMITTIVITY = 8.8541878128e-12
"""F/m."""

AVOGADRO = 6.02214076e23
"""1/mol, exact."""

ZERO_CELSIUS = 273.15
"""K, exact."""

ELECTRON_REST_ENERGY = 510_998.95
"""eV."""

ELECTRON_RADIUS = 2.8179403262e-13
"""Classical radius of the electron, cm."""
