"""Squared structure factors of a crystal's reflections, as they stand in the pattern of a powder."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from coherion.atoms.scattering_factors import scattering_powers
from coherion.crystal.crystal import Crystal

# Reflections this near to each other (1/angstrom) are equivalent.
SAME_Q = 1e-6


def reflection_areas(
    crystal: Crystal, low: float, high: float, radiation: str = "xray", dispersion: Mapping[str, complex] | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Reflections between two Q (1/angstrom): one hkl of each (m, 3), its Q, and its area in F(Q) = Q (S(Q) - 1).

    The area, 2 pi^2 sum |F|^2 / (V n <f>^2 Q) over all equivalent reflections, is in 1/angstrom^2, (m,): n the atoms of
    the cell, V its volume (B. E. Warren, X-ray Diffraction, 1969, chapter 4, per atom and in units of <f>^2).
    """
    expanded = crystal.expand()
    reciprocal = 2 * np.pi * np.linalg.inv(expanded.lattice_matrix)
    most = np.floor(np.linalg.norm(expanded.lattice_matrix, axis=0) * high / (2 * np.pi) + 1e-9).astype(int)
    hkl = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in most], indexing="ij"), axis=-1).reshape(-1, 3)
    q = np.linalg.norm(hkl @ reciprocal, axis=1)
    inside = (q > max(low, 1e-6)) & (q < high)
    order = np.argsort(q[inside], kind="stable")
    hkl, q = hkl[inside][order], q[inside][order]
    if not len(q):
        return hkl, q, q
    elements = sorted(crystal.composition)
    power = scattering_powers(elements, q, radiation, dispersion)
    vectors = hkl @ reciprocal
    factor = np.zeros(len(q), complex)
    for place, tensor, index in zip(expanded.positions, expanded.u_cartesian, expanded.site, strict=True):
        share = sum(occupancy * power[elements.index(element)] for element, occupancy in crystal.sites[index].species)
        damped = np.exp(-0.5 * np.einsum("ni,ij,nj->n", vectors, tensor, vectors))
        factor += share * damped * np.exp(2j * np.pi * hkl @ place)
    atoms = sum(crystal.composition.values())
    mean = np.abs(sum(n * power[elements.index(e)] for e, n in crystal.composition.items()) / atoms) ** 2
    area = 2 * np.pi**2 * np.abs(factor) ** 2 / (crystal.volume * atoms * mean * q)
    starts = np.flatnonzero(np.diff(q, prepend=-np.inf) > SAME_Q)
    return hkl[starts], q[starts], np.add.reduceat(area, starts)
