"""How strongly an atom of each element scatters X-rays and neutrons.

f0 is the sum of five Gaussians and a constant of Waasmaier and Kirfel, Acta Cryst. A51 (1995) 416, for neutral
atoms; f' and f'' are Chantler's, J. Phys. Chem. Ref. Data 24 (1995) 71; both as xraydb holds and interpolates them.
Neutrons: the coherent scattering length, Neutron News 3 (1992) 26, table of gemmi, constant in Q.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.atoms.elements import atomic_number
from coherion.atoms.table import element_row
from coherion.constants import HC
from coherion.errors import InputError

Array = NDArray[np.float64]


def form_factor(element: str, q: Array) -> Array:
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
    row = element_row("Waasmaier", element)
    s_squared = (np.asarray(q) / (4 * np.pi)) ** 2
    total = np.full(s_squared.shape, row["offset"])
    for amplitude, exponent in zip(row["scale"], row["exponents"], strict=True):
        total += amplitude * np.exp(-exponent * s_squared)
    return total


@lru_cache(maxsize=256)
def anomalous_terms(element: str, wavelength: float) -> complex:
    """f' + i f'' in electrons of an element at a wavelength in angstrom.

    Among the nearest entries of the table f' follows a cubic spline, f'' a power of the energy.

    Raises
    ------
    InputError
        If the table lacks the element, or does not reach the wavelength.
    """
    row = element_row("Chantler", element)
    energy, known = HC / wavelength, row["energy"]
    if not known[0] <= energy <= known[-1]:
        raise InputError(
            f"f' and f'' of {element} are not tabulated at this wavelength",
            found=f"{wavelength:g} angstrom",
            expected=f"{HC / known[-1]:.3g} to {HC / known[0]:.3g} angstrom",
        )
    at = int(np.flatnonzero(known <= energy)[-1])
    near = slice(max(at - 3, 0), at + 4)
    imaginary = np.maximum(row["f2"][near], 1e-99)
    return complex(
        _cubic(known[near], row["f1"][near], energy),
        float(np.exp(np.interp(np.log(energy), np.log(known[near]), np.log(imaginary)))),
    )


def _cubic(x: Array, y: Array, at: float) -> float:
    """A cubic spline through all points with no knot at the last but one on either side, at one place.

    The second derivatives follow from continuous slopes at the inner points (C. de Boor, A Practical Guide to
    Splines, 1978, chapter IV).
    """
    step, slope = np.diff(x), np.diff(y) / np.diff(x)
    size = len(x)
    matrix, target = np.zeros((size, size)), np.zeros(size)
    for k in range(1, size - 1):
        matrix[k, k - 1 : k + 2] = step[k - 1], 2 * (step[k - 1] + step[k]), step[k]
        target[k] = 6 * (slope[k] - slope[k - 1])
    matrix[0, :3] = step[1], -(step[0] + step[1]), step[0]
    matrix[-1, -3:] = step[-1], -(step[-2] + step[-1]), step[-2]
    curvature = np.linalg.solve(matrix, target)
    k = int(np.clip(np.searchsorted(x, at, side="right") - 1, 0, size - 2))
    low, high = (x[k + 1] - at) / step[k], (at - x[k]) / step[k]
    bend = (low**3 - low) * curvature[k] + (high**3 - high) * curvature[k + 1]
    return float(low * y[k] + high * y[k + 1] + bend * step[k] ** 2 / 6)


def scattering_powers(
    elements: Sequence[str],
    q: Array,
    radiation: str = "xray",
    dispersion: Mapping[str, complex] | None = None,
) -> NDArray[Any]:
    """Scattering power of neutral atoms, shape (len(elements), len(q)).

    X-rays: f0 in electrons, the factors that the reduction divides by. Neutrons: the coherent scattering length in fm.

    Parameters
    ----------
    elements
        Chemical symbols.
    q
        1/angstrom.
    radiation
        ``xray`` or ``neutron``.
    dispersion
        f' + i f'' in electrons by element, added to f0 of X-rays; the result is then complex.

    Raises
    ------
    InputError
        If the table lacks an element.
    """
    q = np.asarray(q, float)
    added = dispersion if dispersion and radiation == "xray" else {}
    made = np.empty((len(elements), q.size), dtype=complex if added else float)
    for row, element in enumerate(elements):
        if radiation == "neutron":
            import gemmi

            made[row] = gemmi.Element(element).neutron92.calculate_sf(0.0)
        else:
            made[row] = form_factor(element, q) + added.get(element, 0.0)
        if not np.all(np.isfinite(made[row])) or not np.any(made[row]):
            raise InputError(f"no scattering power is tabulated for {radiation}", found=element)
    return made


def constant_powers(elements: Sequence[str], radiation: str = "xray") -> Array:
    """What the pdffit convention weighs atoms with, shape (len(elements),): atomic numbers, or lengths in fm."""
    if radiation == "neutron":
        return scattering_powers(elements, np.zeros(1), radiation)[:, 0]
    return np.array([float(atomic_number(element)) for element in elements])
