"""The list of atom pairs up to a distance, each symmetry-equivalent set once, kept as integers.

A pair runs from the first atom of site a to an atom j of the cell (of a site b >= a) moved by a lattice vector.
Identity, not distance, is stored, so the list stays right while atoms move, as long as no pair crosses the
distance the list was made for (see :func:`PairList.covers`).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from coherion.crystal.crystal import Crystal, Expanded, Structure
from coherion.errors import InputError
from coherion.pair_model.compiled import compiled

# A pair takes 28 bytes; a structure of 20 atoms in 500 cubic angstrom has 1e7 up to 200 angstrom.
MOST_PAIRS, MOST_TRIED = 1e8, 1e10
# Lists that are kept, and the most pairs of one: a fit, its curves and its readings begin at the same structure.
KEPT, MOST_KEPT = 6, 1_000_000


@dataclass(frozen=True)
class PairList:
    """Pairs of one crystal, grouped in blocks of two sites.

    blocks
        (B, 5): site a, site b, first atom of a, first pair, end of the pairs.
    atom
        (P,) index of the second atom in the cell.
    cell
        (P, 3) lattice vector added to it.
    weight
        (P,) how many directed pairs of the whole cell the entry stands for.
    reach
        Distance (angstrom) up to which the list is complete for the crystal it was made from.
    origin, structure
        The atoms of that crystal, and its symmetry.
    """

    blocks: np.ndarray
    atom: np.ndarray
    cell: np.ndarray
    weight: np.ndarray
    reach: float
    origin: Expanded
    structure: Structure

    def made_for(self, crystal: Crystal, expanded: Expanded, reach: float) -> bool:
        """Whether the same crystal, unmoved, would give this list again."""
        return (
            self.reach == reach
            and self.structure is crystal.structure
            and np.array_equal(self.origin.lattice_matrix, expanded.lattice_matrix)
            and np.array_equal(self.origin.positions, expanded.positions)
        )

    def covers(self, now: Expanded, distance: float) -> bool:
        """Whether the list still holds every pair up to ``distance`` (angstrom) in the moved structure.

        A pair vector changes by the strain times itself and by the moves of its two atoms.
        """
        strain = now.lattice_matrix @ np.linalg.inv(self.origin.lattice_matrix)
        shortening = float(np.linalg.svd(strain, compute_uv=False)[-1])
        moves = (now.positions - self.origin.positions) @ now.lattice_matrix.T
        longest = float(np.sqrt(np.max(np.sum(moves * moves, axis=1))))
        return shortening * self.reach - 2.0 * longest >= distance


_RECENT: deque[PairList] = deque(maxlen=KEPT)


def list_pairs(crystal: Crystal, expanded: Expanded, reach: float) -> PairList:
    """All pairs of a crystal up to ``reach`` (angstrom), one of each set that symmetry makes equal.

    Two pairs are equal if an operation of the space group takes one into the other, in either direction.
    """
    for known in _RECENT:
        if known.made_for(crystal, expanded, reach):
            return known
    made = _list_pairs(crystal, expanded, reach)
    if made.atom.size <= MOST_KEPT:
        _RECENT.append(made)
    return made


def _list_pairs(crystal: Crystal, expanded: Expanded, reach: float) -> PairList:
    matrix = expanded.lattice_matrix
    # The planes of a lattice direction are 1/|a*| apart, hence the reach in cells.
    spacing = 1.0 / np.linalg.norm(np.linalg.inv(matrix), axis=1)
    extent = np.ceil(reach / spacing).astype(np.int64) + 2
    _refuse_endless(crystal, expanded, extent, reach)
    site = expanded.site
    firsts = np.array([int(np.flatnonzero(site == s)[0]) for s in range(len(crystal.sites))])
    ends = np.array([int(np.flatnonzero(site == s)[-1]) + 1 for s in range(len(crystal.sites))])
    blocks, atoms, cells, weights = [], [], [], []
    start = 0
    for a in range(len(crystal.sites)):
        moved_atom, moved_cell, turn = _site_symmetry_action(crystal, expanded, a)
        swap_atom, swap_cell, swap_turn = _swap_action(crystal, expanded, a)
        for b in range(a, len(crystal.sites)):
            atom, cell, weight = _enumerate(
                np.ascontiguousarray(matrix),
                expanded.positions,
                firsts[a],
                firsts[b],
                ends[b],
                extent,
                reach,
                moved_atom,
                moved_cell,
                turn,
                swap_atom,
                swap_cell,
                swap_turn,
                a == b,
            )
            multiplicity = ends[a] - firsts[a]
            weight *= multiplicity * (1.0 if a == b else 2.0)
            blocks.append((a, b, firsts[a], start, start + len(atom)))
            start += len(atom)
            atoms.append(atom)
            cells.append(cell)
            weights.append(weight)
    return PairList(
        blocks=np.array(blocks, np.int64),
        atom=np.concatenate(atoms),
        cell=np.concatenate(cells),
        weight=np.concatenate(weights),
        reach=reach,
        origin=expanded,
        structure=crystal.structure,
    )


def _refuse_endless(crystal: Crystal, expanded: Expanded, extent: np.ndarray, reach: float) -> None:
    atoms = len(expanded.site)
    density = atoms / float(np.linalg.det(expanded.lattice_matrix))
    pairs = len(crystal.sites) * density * 4 / 3 * np.pi * reach**3
    if pairs > MOST_PAIRS or np.prod(2.0 * extent + 1.0) * atoms > MOST_TRIED:
        a, b, c = crystal.lattice[:3]
        raise InputError(
            f"the structure {crystal.name} has too many pairs of atoms up to {reach:.4g} angstrom",
            found=f"about {pairs:.1e}, from {atoms} atoms in a cell of {a:.4g} x {b:.4g} x {c:.4g} angstrom",
            expected=f"at most {MOST_PAIRS:.0e}",
            advice="give lattice parameters in angstrom, not in nm, and a shorter range",
        )


def _locate(points: np.ndarray, expanded: Expanded, candidates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which atom of the cell, and which lattice vector, each fractional point (n, 3) is."""
    gap = points[:, None, :] - expanded.positions[candidates][None, :, :]
    whole = np.round(gap)
    best = np.argmin(np.sum((gap - whole) ** 2, axis=2), axis=1)
    return candidates[best], whole[np.arange(len(points)), best].astype(np.int64)


def _site_symmetry_action(crystal: Crystal, expanded: Expanded, a: int):
    """What each operation that fixes the first atom of site a does to the atoms of the cell.

    Returns atom index (S, N), lattice vector (S, N, 3) and integer rotation (S, 3, 3): the atom (j, n) goes to
    (atom[s, j], turn[s] n + cell[s, j]).
    """
    kept = crystal.structure.sites[a].kept
    first = int(np.flatnonzero(expanded.site == a)[0])
    origin = expanded.positions[first]
    atoms, cells, turns = [], [], []
    for k in kept:
        rotation = crystal.structure.rotations[k]
        images = (expanded.positions - origin) @ rotation.T + origin
        atom = np.empty(len(images), np.int64)
        cell = np.empty((len(images), 3), np.int64)
        for s in range(len(crystal.sites)):
            own = np.flatnonzero(expanded.site == s)
            atom[own], cell[own] = _locate(images[own], expanded, own)
        atoms.append(atom)
        cells.append(cell)
        turns.append(np.round(rotation).astype(np.int64))
    return np.array(atoms), np.array(cells), np.array(turns)


def _swap_action(crystal: Crystal, expanded: Expanded, a: int):
    """The reverse of each pair from the first atom of site a to an atom of the same site, moved back to the first.

    The pair to (j, n) reversed equals the pair to (atom[j], turn[j] n + cell[j]).
    """
    own = np.flatnonzero(expanded.site == a)
    origin = expanded.positions[own[0]]
    atom = np.zeros(len(expanded.site), np.int64)
    cell = np.zeros((len(expanded.site), 3), np.int64)
    turn = np.zeros((len(expanded.site), 3, 3), np.int64)
    for j in own:
        inverse = np.linalg.inv(crystal.structure.rotations[expanded.operation[j]])
        # T x = R (x - origin) + x_j takes the first atom to j; its inverse takes the first atom to this point.
        point = inverse @ (origin - expanded.positions[j]) + origin
        found, whole = _locate(point[None, :], expanded, own)
        atom[j], cell[j] = found[0], whole[0]
        turn[j] = -np.round(inverse).astype(np.int64)
    return atom, cell, turn


@compiled
def _enumerate(
    matrix, positions, first, begin, end, extent, reach, s_atom, s_cell, s_turn, r_atom, r_cell, r_turn, same
):
    size = 1024
    atom = np.empty(size, np.int32)
    cell = np.empty((size, 3), np.int32)
    weight = np.empty(size, np.float64)
    count = 0
    limit = reach * reach
    order = s_atom.shape[0]
    e0, e1, e2 = extent[0], extent[1], extent[2]
    # Images may lie outside the box that is searched, so the keys allow for twice its size.
    width1, width2 = 4 * e1 + 9, 4 * e2 + 9
    atoms = positions.shape[0]
    for j in range(begin, end):
        f0 = positions[j, 0] - positions[first, 0]
        f1 = positions[j, 1] - positions[first, 1]
        f2 = positions[j, 2] - positions[first, 2]
        for n0 in range(-e0, e0 + 1):
            for n1 in range(-e1, e1 + 1):
                # The orthogonalisation matrix is upper triangular: z and y are known before x.
                for n2 in range(-e2, e2 + 1):
                    z = matrix[2, 2] * (f2 + n2)
                    y = matrix[1, 1] * (f1 + n1) + matrix[1, 2] * (f2 + n2)
                    partial = y * y + z * z
                    if partial >= limit:
                        continue
                    x = matrix[0, 0] * (f0 + n0) + matrix[0, 1] * (f1 + n1) + matrix[0, 2] * (f2 + n2)
                    square = x * x + partial
                    if square >= limit or (j == first and n0 == 0 and n1 == 0 and n2 == 0):
                        continue
                    key = ((n0 * width1 + n1) * width2 + n2) * atoms + j
                    fixed = 0
                    smallest = True
                    for way in range(2 if same else 1):
                        q, m0, m1, m2 = j, n0, n1, n2
                        if way == 1:
                            q = r_atom[j]
                            m0 = r_turn[j, 0, 0] * n0 + r_turn[j, 0, 1] * n1 + r_turn[j, 0, 2] * n2 + r_cell[j, 0]
                            m1 = r_turn[j, 1, 0] * n0 + r_turn[j, 1, 1] * n1 + r_turn[j, 1, 2] * n2 + r_cell[j, 1]
                            m2 = r_turn[j, 2, 0] * n0 + r_turn[j, 2, 1] * n1 + r_turn[j, 2, 2] * n2 + r_cell[j, 2]
                        for s in range(order):
                            p = s_atom[s, q]
                            p0 = s_turn[s, 0, 0] * m0 + s_turn[s, 0, 1] * m1 + s_turn[s, 0, 2] * m2 + s_cell[s, q, 0]
                            p1 = s_turn[s, 1, 0] * m0 + s_turn[s, 1, 1] * m1 + s_turn[s, 1, 2] * m2 + s_cell[s, q, 1]
                            p2 = s_turn[s, 2, 0] * m0 + s_turn[s, 2, 1] * m1 + s_turn[s, 2, 2] * m2 + s_cell[s, q, 2]
                            other = ((p0 * width1 + p1) * width2 + p2) * atoms + p
                            if other < key:
                                smallest = False
                                break
                            if other == key:
                                fixed += 1
                        if not smallest:
                            break
                    if not smallest:
                        continue
                    if count == size:
                        size *= 2
                        longer_atom = np.empty(size, np.int32)
                        longer_cell = np.empty((size, 3), np.int32)
                        longer_weight = np.empty(size, np.float64)
                        longer_atom[:count] = atom
                        longer_cell[:count] = cell
                        longer_weight[:count] = weight
                        atom, cell, weight = longer_atom, longer_cell, longer_weight
                    atom[count] = j
                    cell[count, 0] = n0
                    cell[count, 1] = n1
                    cell[count, 2] = n2
                    weight[count] = (2.0 if same else 1.0) * order / fixed
                    count += 1
    return atom[:count].copy(), cell[:count].copy(), weight[:count].copy()
