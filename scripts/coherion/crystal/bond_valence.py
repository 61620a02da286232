"""Bond valences: s = exp((R0 - R)/b), summed over the neighbours of an atom.

The parameters are those of N. E. Brese and M. O'Keeffe, Acta Cryst. B 47 (1991) 192 (b = 0.37 angstrom for all), which
for Na-Cl and Zr-Cl are those of I. D. Brown and D. Altermatt, Acta Cryst. B 41 (1985) 244. With them a regular
octahedron has In-Cl 2.536 and Zr-Cl 2.480 angstrom.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from coherion.errors import InputError

SOURCE = "Brese & O'Keeffe, Acta Cryst. B 47 (1991) 192"

# (cation, anion): R0 and b in angstrom, for Na(I), In(III), Zr(IV)
PARAMETERS: dict[tuple[str, str], tuple[float, float]] = {
    ("Na", "Cl"): (2.15, 0.37),
    ("In", "Cl"): (2.28, 0.37),
    ("Zr", "Cl"): (2.33, 0.37),
}


def element_of(species: str) -> str:
    """``Zr`` of ``Zr``, ``Zr4+`` or ``Zr1``."""
    match = re.match(r"[A-Z][a-z]?", species)
    return match.group() if match else species


def table(extra: Mapping[str, Sequence[float]] | None = None) -> dict[tuple[str, str], tuple[float, float]]:
    """The parameters with a user's own, given as {"Y-Cl": [2.40, 0.37]}, in angstrom.

    Raises
    ------
    InputError
        If an entry is not a pair of elements with two positive numbers.
    """
    found = dict(PARAMETERS)
    for pair, numbers in (extra or {}).items():
        elements = pair.split("-")
        try:
            r0, b = (float(n) for n in numbers)
        except (TypeError, ValueError):
            r0 = b = 0.0
        if len(elements) != 2 or not all(re.fullmatch(r"[A-Z][a-z]?", e) for e in elements) or min(r0, b) <= 0:
            raise InputError(
                "bond valence parameters cannot be read",
                place=f"bond_valence.{pair}",
                found=numbers,
                expected='"cation-anion": [R0, b] in angstrom, such as "Y-Cl": [2.40, 0.37]',
            )
        found[elements[0], elements[1]] = (r0, b)
    return found


def bond_valence_sum(
    distances: np.ndarray,
    centre: Sequence[tuple[str, float]],
    ligands: Sequence[Sequence[tuple[str, float]]],
    parameters: Mapping[tuple[str, str], tuple[float, float]],
) -> float:
    """Bond valence sum of one atom; on a mixed site the mean over the species that share it.

    Parameters
    ----------
    distances
        To each ligand, in angstrom, shape (n,).
    centre
        (element, occupancy) of the species on the central site; only their ratio counts.
    ligands
        The same for each ligand; an occupancy below one takes its part of the valence away.
    parameters
        R0 and b by (cation, anion), see :func:`table`.

    Raises
    ------
    InputError
        If a pair has no parameters.
    """
    shared = sum(occupancy for _, occupancy in centre)
    total = 0.0
    for cation, occupancy in centre:
        for distance, species in zip(distances, ligands, strict=True):
            for anion, present in species:
                pair = (element_of(cation), element_of(anion))
                if pair not in parameters:
                    raise InputError(
                        f"no bond valence parameters for {pair[0]}-{pair[1]}",
                        place="bond_valence",
                        advice=f'give them as "{pair[0]}-{pair[1]}": [R0, b]',
                    )
                r0, b = parameters[pair]
                share = occupancy / shared if shared > 0 else 1.0 / len(centre)
                total += share * present * np.exp((r0 - distance) / b)
    return float(total)
