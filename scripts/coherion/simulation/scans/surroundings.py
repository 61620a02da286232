"""Scattering of what is not the sample: the glass of the capillary, the air, the tail of the direct beam.

The glass is a shell model of silica: the first neighbour shells as Gaussians, beyond them uniform density. It has a
first sharp peak near 1.5 1/angstrom and the slow wave of the Si-O bond, which is what matters; it is not a fit to any
real glass.
"""

from __future__ import annotations

import numpy as np

from coherion.simulation.scans.atoms import compton_intensity
from coherion.simulation.scans.debye import form_factor

# Formula unit SiO2: (from, to, neighbours, distance in angstrom, standard deviation in angstrom).
SILICA_SHELLS = (
    ("Si", "O", 4.0, 1.61, 0.06),
    ("O", "Si", 2.0, 1.61, 0.06),
    ("O", "O", 6.0, 2.63, 0.10),
    ("Si", "Si", 4.0, 3.08, 0.14),
    ("Si", "O", 9.0, 4.05, 0.35),
    ("O", "Si", 4.5, 4.05, 0.35),
    ("O", "O", 16.0, 4.90, 0.60),
    ("Si", "Si", 8.0, 5.05, 0.50),
)
SILICA = {"Si": 1.0, "O": 2.0}
SILICA_ATOMS = 0.0661  # atoms per angstrom^3 at 2.20 g/cm^3
SILICA_DENSITY = 2.2  # g/cm^3
SOFT_RIM = 0.8  # angstrom
AIR = {"N": 2.0}
BOND_OF_NITROGEN = 1.10  # angstrom


def glass_intensity(q: np.ndarray, two_theta: np.ndarray, energy: float) -> np.ndarray:
    """Coherent and Compton scattering of the glass per atom, electrons^2."""
    f = {element: form_factor(element, q).real for element in SILICA}
    total = sum(SILICA[e] * f[e] ** 2 for e in SILICA)
    for start, end in sorted({shell[:2] for shell in SILICA_SHELLS}):
        shells = [shell[2:] for shell in SILICA_SHELLS if shell[:2] == (start, end)]
        around = sum(n * np.sinc(q * distance / np.pi) * np.exp(-0.5 * (q * sd) ** 2) for n, distance, sd in shells)
        # Beyond the shells the density is uniform: what they take from it is a sphere that holds as many atoms, its
        # rim as soft as the last shell is wide.
        held = sum(n for n, _, _ in shells)
        radius = (3 * held / (4 * np.pi * SILICA_ATOMS * SILICA[end] / 3)) ** (1 / 3)
        around = around - held * _sphere(q * radius) * np.exp(-0.5 * (q * SOFT_RIM) ** 2)
        total = total + SILICA[start] * f[start] * f[end] * around
    # Three shells cannot hold the density fluctuations; where they fall short the sum is held above zero, smoothly.
    floor = 0.5 * sum(SILICA[e] * f[e] ** 2 for e in SILICA)
    total = (total + np.sqrt(total**2 + floor**2)) / 2
    return total / 3 + compton_intensity(SILICA, q, two_theta, energy)


def _sphere(x: np.ndarray) -> np.ndarray:
    return 3 * (np.sin(x) - x * np.cos(x)) / x**3


def air_intensity(q: np.ndarray, two_theta: np.ndarray, energy: float) -> np.ndarray:
    """Scattering of the air seen by the detector, per atom: nitrogen molecules, the longer the path the more.

    The part of the beam's path that a point of the detector sees grows as 1/sin(2 theta), up to the length the
    beam stop leaves open.
    """
    f = form_factor("N", q).real
    molecule = f**2 * (1 + np.sinc(q * BOND_OF_NITROGEN / np.pi)) + compton_intensity(AIR, q, two_theta, energy)
    sine = np.sin(np.radians(two_theta))
    return molecule / np.sqrt(sine**2 + np.sin(np.radians(3.0)) ** 2)
