"""The point group of a site: which symmetry an atom's place has."""

from __future__ import annotations

from collections import Counter
from functools import cache

import numpy as np

from coherion.crystal.crystal import Crystal

Kinds = frozenset[tuple[tuple[int, int], int]]


def _kinds(rotations: np.ndarray) -> Kinds:
    """How many operations there are of each kind, told by determinant and trace, which no choice of axes changes."""
    determinants = np.round(np.linalg.det(rotations)).astype(int)
    traces = np.round(np.trace(rotations, axis1=1, axis2=2)).astype(int)
    return frozenset(Counter(zip(determinants.tolist(), traces.tolist(), strict=True)).items())


@cache
def _point_groups() -> dict[Kinds, str]:
    """The 32 crystallographic point groups by the kinds of their operations."""
    import gemmi

    known = {}
    for group in gemmi.spacegroup_table():
        rotations = np.array([op.rot for op in group.operations().sym_ops], dtype=float) / gemmi.Op.DEN
        known[_kinds(rotations)] = group.point_group_hm()
    return known


def site_symmetry(crystal: Crystal, label: str) -> str:
    """Hermann-Mauguin symbol of the point group of a site, such as ``-1`` or ``4mm``, without regard to directions.

    The number of operations of each kind tells the 32 point groups apart (International Tables A, 2016, chapter 3.2).
    """
    labels = [site.label for site in crystal.sites]
    kept = crystal.structure.sites[labels.index(label)].kept
    rotations = np.unique(crystal.structure.rotations[kept], axis=0)
    return _point_groups()[_kinds(rotations)]
