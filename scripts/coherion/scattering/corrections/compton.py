"""Compton scattering of a composition, in electron units.

The incoherent scattering function S(x), x = sin(theta)/lambda, is not in xraydb, but its integral is: the
incoherent cross section of each element at each energy (Elam, Ravel and Sieber, Radiat. Phys. Chem. 63 (2002) 121) is

sigma(E) = int S(x(E, 2theta)) (d sigma/d Omega)_Klein-Nishina d Omega.

With rising E the integral reaches to higher x, so that S can be found from sigma. Here S is a sum with weights that
cannot be negative, S = Z sum_j c_j (1 - exp(-x^2/beta_j^2)): it starts as x^2, rises, and tends to Z, as every
incoherent scattering function does. It agrees within 1.2 % with the table of Hubbell et al., J. Phys. Chem. Ref.
Data 4 (1975) 471, wherever that is more than a few per cent of Z (tests compare Zr and Te).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.atoms.composition import molar_mass
from coherion.atoms.cross_sections import incoherent_cross_section
from coherion.atoms.elements import atomic_number
from coherion.constants import AVOGADRO, ELECTRON_RADIUS, ELECTRON_REST_ENERGY, HC

_ENERGIES = np.geomspace(1.5e3, 3e5, 30)
_WIDTHS = np.geomspace(0.03, 12.0, 20)
# Weight of the limit S -> Z beside the thirty cross sections.
_LIMIT_WEIGHT = 10.0


def photon_energy_ratio(two_theta: NDArray[np.float64], energy: float) -> NDArray[Any]:
    """Energy after over energy before Compton scattering by a free electron.

    Parameters
    ----------
    two_theta
        Scattering angle in degrees, any shape.
    energy
        In eV.
    """
    return 1 / (1 + energy / ELECTRON_REST_ENERGY * (1 - np.cos(np.radians(two_theta))))


@lru_cache(maxsize=128)
def _weights(element: str) -> NDArray[np.float64]:
    """c_j of an element."""
    from scipy.optimize import nnls

    z = atomic_number(element)
    cosine, quadrature = np.polynomial.legendre.leggauss(200)
    rows = []
    for energy in _ENERGIES:
        ratio = 1 / (1 + energy / ELECTRON_REST_ENERGY * (1 - cosine))
        klein_nishina = 0.5 * ELECTRON_RADIUS**2 * ratio**2 * (ratio + 1 / ratio - (1 - cosine**2))
        x = energy / HC * np.sqrt((1 - cosine) / 2)
        per_gram = incoherent_cross_section(element, float(energy))
        measured = per_gram * molar_mass({element: 1.0}) / AVOGADRO
        kernel = 2 * np.pi * quadrature * klein_nishina * z / measured
        rows.append(kernel @ -np.expm1(-((x[:, None] / _WIDTHS) ** 2)))
    rows.append(np.full(len(_WIDTHS), _LIMIT_WEIGHT))
    targets = np.ones(len(rows))
    targets[-1] = _LIMIT_WEIGHT
    return nnls(np.array(rows), targets)[0]


def incoherent_scattering_function(element: str, q: NDArray[np.float64]) -> NDArray[np.float64]:
    """S(x) of a free atom in electrons, 0 at Q = 0 and towards Z at large Q.

    Parameters
    ----------
    element
        Symbol.
    q
        Momentum transfer in 1/angstrom, shape (n,).
    """
    x_squared = (np.asarray(q, dtype=float) / (4 * np.pi)) ** 2
    total = np.zeros(x_squared.shape)
    for weight, width in zip(_weights(element), _WIDTHS, strict=True):
        if weight > 0:
            total -= weight * np.expm1(-x_squared / width**2)
    return atomic_number(element) * total


def compton_intensity(
    composition: Mapping[str, float], q: NDArray[np.float64], wavelength: float
) -> NDArray[np.float64]:
    """Compton scattering per atom beside the coherent <f^2>, before polarisation and absorption.

    Counted photons: S(x) (E'/E)^2, the Breit-Dirac factor of the Klein-Nishina formula. Its slightly stronger
    absorption (E' is 3 % below E for Ag Ka1 at Q = 13) is neglected.

    Parameters
    ----------
    composition
        Element to atoms per formula unit.
    q
        Momentum transfer in 1/angstrom, shape (n,).
    wavelength
        In angstrom.

    Returns
    -------
    ndarray
        Electrons^2 per atom, shape (n,).
    """
    total = sum(composition.values())
    two_theta = 2 * np.degrees(np.arcsin(np.minimum(np.asarray(q) * wavelength / (4 * np.pi), 1.0)))
    recoil = photon_energy_ratio(two_theta, HC / wavelength) ** 2
    scattered = sum(
        amount / total * incoherent_scattering_function(element, q) for element, amount in composition.items()
    )
    return recoil * scattered
