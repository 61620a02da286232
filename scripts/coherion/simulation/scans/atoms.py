"""What atoms do to X-rays besides scattering elastically: Compton scattering, fluorescence, attenuation."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import numpy as np

from coherion.constants import AVOGADRO, ELECTRON_REST_ENERGY, HC

BARN = 1e-24  # cm^2
CLASSICAL_RADIUS_SQUARED = 0.0794078  # barn, square of the classical electron radius

# Momentum scales (1/angstrom) of hydrogen-like shells that an atom's incoherent scattering is put together from.
_SCALES = np.geomspace(0.7, 70.0, 16)


def energy_ratio(two_theta: np.ndarray, energy: float) -> np.ndarray:
    """Energy of a Compton-scattered photon over that of the incident one.

    ``two_theta`` in degrees, ``energy`` of the incident photon in eV.
    """
    return 1 / (1 + energy / ELECTRON_REST_ENERGY * (1 - np.cos(np.radians(two_theta))))


@functools.lru_cache
def _shell_weights(element: str) -> tuple[float, ...]:
    """Electrons on each of the scales, from the element's incoherent cross-section against photon energy.

    The cross-section (Elam, Ravel and Sieber, as xraydb holds it) is the integral of the Klein-Nishina formula times
    the incoherent scattering function S(Q). Non-negative least squares over 2 to 80 keV inverts it for
    S(Q) = sum_k w_k [1 - (1 + (Q/q_k)^2)^-4], sum w_k = Z: a sum over shells like that of hydrogen.
    """
    import xraydb
    from scipy.optimize import nnls

    energies = np.geomspace(2e3, 8e4, 60)
    grams = xraydb.incoherent_cross_section_elam(element, energies)
    measured = grams * xraydb.atomic_mass(element) / (AVOGADRO * BARN)
    cosine, weight = np.polynomial.legendre.leggauss(120)
    ratio = 1 / (1 + energies[:, None] / ELECTRON_REST_ENERGY * (1 - cosine))
    klein_nishina = 0.5 * ratio**2 * (ratio + 1 / ratio - (1 - cosine**2)) * CLASSICAL_RADIUS_SQUARED
    q = 4 * np.pi * np.sqrt((1 - cosine) / 2) * energies[:, None] / HC
    shells = _shells(q)
    matrix = 2 * np.pi * np.einsum("ea,eas,a->es", klein_nishina, shells, weight) / measured[:, None]
    # The last row holds the number of electrons: it weighs as much as a thousand energies.
    z = xraydb.atomic_number(element)
    matrix = np.vstack([matrix, np.full(_SCALES.size, 1000.0 / z)])
    found, _ = nnls(matrix, np.append(np.ones(energies.size), 1000.0))
    return tuple(found * z / found.sum())


def _shells(q: np.ndarray) -> np.ndarray:
    return 1 - (1 + (q[..., None] / _SCALES) ** 2) ** -4


def incoherent_function(element: str, q: np.ndarray) -> np.ndarray:
    """Incoherent scattering function S(Q) of an atom, electrons; it rises from 0 to Z. ``q`` in 1/angstrom."""
    return _shells(np.asarray(q, dtype=float)) @ np.array(_shell_weights(element))


def compton_intensity(contents: Mapping[str, float], q: np.ndarray, two_theta: np.ndarray, energy: float) -> np.ndarray:
    """Compton scattering per atom in electrons^2, as a counter of photons sees it.

    Klein and Nishina's formula for weak recoil: S(Q) times the square of the energy ratio (polarisation apart).
    ``contents`` gives the numbers of atoms of each element.
    """
    total = sum(number * incoherent_function(element, q) for element, number in contents.items())
    return total / sum(contents.values()) * energy_ratio(two_theta, energy) ** 2


def fluorescence_intensity(element: str, energy: float) -> float:
    """K fluorescence of one atom into unit solid angle, in electrons^2 (in units of the classical radius squared)."""
    import xraydb

    if xraydb.xray_edge(element, "K").energy >= energy:
        return 0.0
    edge = xraydb.xray_edge(element, "K")
    photo = xraydb.mu_elam(element, energy, kind="photo") * xraydb.atomic_mass(element) / (AVOGADRO * BARN)
    k_part = 1 - 1 / edge.jump_ratio
    return float(photo * k_part * edge.fyield / (4 * np.pi) / CLASSICAL_RADIUS_SQUARED)


def attenuation(contents: Mapping[str, float], density: float, energy: float) -> float:
    """Linear attenuation coefficient, 1/cm, of a mixture with the given ``density`` in g/cm^3."""
    import xraydb

    mass = {element: number * xraydb.atomic_mass(element) for element, number in contents.items()}
    total = sum(mass.values())
    return float(density * sum(m / total * xraydb.mu_elam(element, energy) for element, m in mass.items()))
