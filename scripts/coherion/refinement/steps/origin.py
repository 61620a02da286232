"""Where a space group leaves the origin free along some direction, one coordinate is held in place of it.

In a polar group (P63mc along c, Pm in its plane, P1 everywhere) all atoms may move together without any change of G(r),
so one coordinate for each such direction has no value of its own and must not be refined.
"""

from __future__ import annotations

import numpy as np

from coherion.atoms.elements import atomic_number
from coherion.crystal.crystal import Crystal
from coherion.crystal.symmetry import free_origin
from coherion.pair_model.model import PairModel
from coherion.refinement.linear_map import LinearMap
from coherion.refinement.parameters import parse

# Of the norm of a common shift: what is left of it outside the recipe's variables is rounding.
TOLERANCE = 1e-9


def held_for_the_origin(model: PairModel, made: LinearMap) -> list[str]:
    """Coordinates to hold so that no phase can move as a whole by the variables of a map.

    The heaviest atoms stay where they are. What a recipe holds by itself is respected: where it leaves no common shift,
    nothing is held.
    """
    held: list[str] = []
    for k, crystal in enumerate(model.phases):
        names, shifts = _common_shifts(crystal, model.prefix(k))
        rows = [made.parameters.index(name) for name in names]
        others = np.setdiff1d(np.arange(len(made.parameters)), rows)
        while True:
            kept = [made.parameters.index(name) for name in held]
            moves = _possible(shifts, made.matrix, rows, others, kept)
            if moves is None:
                break
            order = sorted(np.flatnonzero(np.abs(moves) > 1e-6), key=lambda i: (-_weight(crystal, names[i]), i))
            held.append(names[order[0]])
    return [name for name in made.parameters if name in held]


def _common_shifts(crystal: Crystal, prefix: str) -> tuple[list[str], np.ndarray]:
    """Names of the phase's free coordinates, and by how much each changes in each common shift, shape (m, names)."""
    directions = free_origin(crystal.structure.rotations)
    names, columns = [], []
    for site, kind in zip(crystal.sites, crystal.structure.sites, strict=True):
        for index, name in zip(kind.coordinates.free, kind.coordinates.free_names, strict=True):
            names.append(f"{prefix}{site.label}.{name}")
            columns.append(directions[:, index])
    return names, np.array(columns).T.reshape(len(directions), len(names))


def _possible(
    shifts: np.ndarray, matrix: np.ndarray, rows: list[int], others: np.ndarray, kept: list[int]
) -> np.ndarray | None:
    """A common shift (names,) that the variables can make, all else unchanged, or None if there is none."""
    if not shifts.size or not matrix.shape[1]:
        return None
    # A z moves the coordinates as the shifts do, and neither the other parameters nor those already held.
    still = matrix[[*others, *kept]]
    equations = np.vstack(
        [
            np.hstack([matrix[rows], -shifts.T]),
            np.hstack([still, np.zeros((len(still), len(shifts)))]),
        ]
    )
    _, sizes, right = np.linalg.svd(equations)
    sizes = np.concatenate([sizes, np.zeros(len(right) - len(sizes))])
    null = right[sizes < TOLERANCE * max(float(sizes.max()), 1.0)]
    if not len(null):
        return None
    combination = null[0, matrix.shape[1] :] @ shifts
    return combination if np.any(np.abs(combination) > 1e-6) else None


def _weight(crystal: Crystal, name: str) -> float:
    site = next(s for s in crystal.sites if s.label == parse(name).site)
    return sum(occupancy * atomic_number(element) for element, occupancy in site.species)
