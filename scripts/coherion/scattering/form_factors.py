"""Atomic form factors and their averages over a composition.

f0 is the sum of five Gaussians and a constant of Waasmaier and Kirfel, Acta Cryst. A51 (1995) 416, for neutral
atoms; f' and f'' are Chantler's, J. Phys. Chem. Ref. Data 24 (1995) 71. Both come from xraydb.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

HC = 12398.419843320026
"""Planck constant times speed of light, eV angstrom (SI, exact)."""


@dataclass(frozen=True)
class FormFactorAverages:
    """Averages over the atoms of a composition at each Q.

    Attributes
    ----------
    mean_squared
        |<f>|^2, electrons^2, shape of q.
    square_mean
        <|f|^2>, electrons^2, shape of q.
    """

    mean_squared: NDArray[np.float64]
    square_mean: NDArray[np.float64]


@lru_cache(maxsize=128)
def _gaussians(element: str) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Amplitudes, exponents and constant of f0, from xraydb's table."""
    import json

    import xraydb

    for row in xraydb.get_xraydb().get_cache("Waasmaier"):
        if row.ion == element:
            return np.array(json.loads(row.scale)), np.array(json.loads(row.exponents)), float(row.offset)
    raise ValueError(f"no form factor for {element}")


def form_factor(element: str, q: NDArray[np.float64]) -> NDArray[np.float64]:
    """f0 of a neutral atom.

    Parameters
    ----------
    element
        Symbol, ``H`` to ``Cf``.
    q
        Momentum transfer 4 pi sin(theta)/lambda in 1/angstrom, any shape. The fit holds up to 75 1/angstrom.

    Returns
    -------
    ndarray
        Electrons, shape of q.
    """
    amplitudes, exponents, offset = _gaussians(element)
    s_squared = (np.asarray(q) / (4 * np.pi)) ** 2
    total = np.full(s_squared.shape, offset)
    for amplitude, exponent in zip(amplitudes, exponents, strict=True):
        total += amplitude * np.exp(-exponent * s_squared)
    return total


@lru_cache(maxsize=256)
def anomalous_terms(element: str, wavelength: float) -> complex:
    """f' + i f'' in electrons of an element at a wavelength in angstrom (Chantler, through xraydb)."""
    import xraydb

    energy = HC / wavelength
    return complex(float(xraydb.f1_chantler(element, energy)), float(xraydb.f2_chantler(element, energy)))


def average_form_factors(
    composition: Mapping[str, float], q: NDArray[np.float64], *, wavelength: float | None = None
) -> FormFactorAverages:
    """|<f>|^2 and <|f|^2> of a composition.

    Parameters
    ----------
    composition
        Element to atoms per formula unit.
    q
        Momentum transfer in 1/angstrom, shape (n,).
    wavelength
        In angstrom: f' and f'' at this wavelength are added to f0. None leaves them out, as PDFgetX3 does.

    Returns
    -------
    FormFactorAverages
        Arrays of shape (n,), electrons^2.
    """
    q = np.asarray(q, dtype=float)
    total = sum(composition.values())
    mean: NDArray[Any] = np.zeros(q.shape, dtype=float if wavelength is None else complex)
    square = np.zeros(q.shape)
    for element, amount in composition.items():
        factor: NDArray[Any] = form_factor(element, q)
        if wavelength is not None:
            factor = factor + anomalous_terms(element, wavelength)
        mean += amount / total * factor
        square += amount / total * np.abs(factor) ** 2
    return FormFactorAverages(np.abs(mean) ** 2, square)
