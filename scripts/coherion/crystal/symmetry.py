"""What a space group leaves free: operations, site symmetry, and linear maps of the free parameters.

Positions are fractional columns x, and an operation takes x to R x + t. Each map below writes a quantity that
symmetry restricts as ``offset + basis @ free``, where the free parameters are entries of the quantity itself
(the first ones in order that determine the rest), so that a free parameter keeps its crystallographic name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from coherion.errors import InputError

LATTICE_NAMES = ("a", "b", "c", "alpha", "beta", "gamma")
COORDINATE_NAMES = ("x", "y", "z")
DISPLACEMENT_NAMES = ("u11", "u22", "u33", "u12", "u13", "u23")
# Row and column of each entry of DISPLACEMENT_NAMES in the 3 x 3 tensor.
VOIGT = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))


def symmetric_tensor(six: np.ndarray) -> np.ndarray:
    """The tensor (3, 3) of entries in the order of DISPLACEMENT_NAMES."""
    made = np.empty((3, 3))
    for value, (i, j) in zip(six, VOIGT, strict=True):
        made[i, j] = made[j, i] = value
    return made


@dataclass(frozen=True)
class LinearForm:
    """A restricted vector ``offset + basis @ free``.

    names
        Names of all entries; ``free`` are the indices of those that symmetry leaves free.
    offset, basis
        Shapes (n,) and (n, len(free)).
    """

    names: tuple[str, ...]
    free: tuple[int, ...]
    offset: np.ndarray
    basis: np.ndarray

    @property
    def free_names(self) -> tuple[str, ...]:
        return tuple(self.names[k] for k in self.free)

    def apply(self, free: np.ndarray) -> np.ndarray:
        """The whole vector, shape (n,), from the free entries."""
        return self.offset + self.basis @ np.asarray(free, float)

    def explain(self, name: str) -> str:
        """Why the entry ``name`` is not free, as ``y = 2 x`` or ``z = 0.25``."""
        row = self.names.index(name)
        terms = []
        if abs(self.offset[row]) > 1e-12 or not np.any(np.abs(self.basis[row]) > 1e-9):
            terms.append(f"{self.offset[row]:.6g}")
        for factor, free in zip(self.basis[row], self.free_names, strict=True):
            if abs(factor) > 1e-9:
                text = free if abs(abs(factor) - 1) < 1e-9 else f"{abs(factor):.6g} {free}"
                terms.append(("-" if factor < 0 else "+" if terms else "") + text)
        return f"{name} = {' '.join(terms)}"


# What other programs write behind a symbol in place of its extension: the origin (FullProf, ICSD) and the axes.
_EXTENSIONS = {"S": ":1", "Z": ":2", "H": ":H", "R": ":R"}


def usual_spelling(space_group: str) -> str:
    """A symbol as it is known: ``P 2_1/n``, ``P 2(1)/n``, ``F d -3 m Z``, ``FM3M`` are P 21/n, F d -3 m:2, F m -3 m.

    What is known already, or in no spelling, comes back as it is.
    """
    import gemmi

    plain = re.sub(r"\(No\.?[^)]*\)\s*$", "", space_group, flags=re.I).strip()
    plain = re.sub(r"\s+(?=:)", "", plain)
    for one in (space_group, plain, _without_marks(plain), *_extended(plain), *_extended(_without_marks(plain))):
        for spelled in (one, _in_usual_capitals(one), _with_inversion(_in_usual_capitals(one))):
            if spelled.strip(" ?.") and gemmi.find_spacegroup_by_name(spelled):
                return spelled
    return space_group


def _without_marks(symbol: str) -> str:
    """Screw axes without the line or brackets that stand for their lower index."""
    return re.sub(r"(?<=[2346])_(?=[1-5])|(?<=[2346])\((?=[1-5]\))|(?<=\([1-5])\)", "", symbol)


def _extended(symbol: str) -> Iterator[str]:
    """With the extension that a letter at the end stands for."""
    letter = symbol[-1:].upper()
    if letter in _EXTENSIONS and ":" not in symbol and len(symbol) > 2:
        yield symbol[:-1].rstrip() + _EXTENSIONS[letter]


def _in_usual_capitals(symbol: str) -> str:
    """The centring in capitals, the rest small, but for the choice of rhombohedral axes."""
    plain, colon, choice = symbol.partition(":")
    return plain[:1].upper() + plain[1:].lower() + colon + choice.upper()


def _with_inversion(symbol: str) -> str:
    """Cubic symbols of old tables (F m 3 m, P a 3) with the axis that they mean."""
    return re.sub(r"^(\w\s*[mnadc])\s*3(?!\d)", r"\1-3", symbol)


def find_operations(
    space_group: str, *, number: int = 0, triplets: Sequence[str] = (), alpha: float = 0.0, gamma: float = 0.0
) -> tuple[str, tuple[str, ...]]:
    """Hermann-Mauguin symbol and operations (triplets ``x,y,z``) of a space group.

    Listed operations win over a symbol, and a symbol over a number. Short symbols (``P21/n``, ``Fm-3m``) are
    accepted; the lattice angles (degree) tell rhombohedral from hexagonal axes.

    Raises
    ------
    InputError
        If nothing names a known group, or the listed operations do not form one.
    """
    import gemmi

    if triplets:
        try:
            listed = [gemmi.Op(text) for text in triplets]
        except (ValueError, RuntimeError) as problem:
            raise InputError("symmetry operation cannot be read", found=problem) from problem
        group = gemmi.GroupOps(listed)
        size = len(group)
        try:
            group.add_missing_elements()
        except RuntimeError as problem:
            raise InputError("the symmetry operations do not form a group", found=problem) from problem
        if len(group) != size or size != len(listed):
            raise InputError(
                "the symmetry operations do not form a group",
                found=f"{len(listed)} operations, {len(group)} with their products",
                advice="list all operations, the centring ones too, each once",
            )
        listed_group = gemmi.find_spacegroup_by_ops(group)
        symbol = listed_group.xhm() if listed_group else space_group or "?"
        return symbol, tuple(op.triplet() for op in group)
    space_group = usual_spelling(space_group)
    known = gemmi.find_spacegroup_by_name(space_group, alpha, gamma) if space_group.strip(" ?.") else None
    if known is None and space_group.strip(" ?."):
        raise InputError(
            "unknown space group",
            found=space_group,
            expected="a Hermann-Mauguin symbol such as P21/n or P 1 21/n 1",
        )
    if known is None and number:
        known = gemmi.find_spacegroup_by_number(number)
    if known is None:
        raise InputError(
            "no symmetry is given",
            expected="operations, a Hermann-Mauguin symbol or a number of International Tables",
            advice="write P1 if there is none",
        )
    return known.xhm(), tuple(op.triplet() for op in known.operations())


def free_origin(rotations: np.ndarray) -> np.ndarray:
    """Directions (m, 3), fractional, along which a group of rotations (n, 3, 3) leaves the origin free.

    They are what every operation leaves as it is; m is 0 for a group that is not polar.
    """
    # The mean over the group takes each direction to what the group leaves of it.
    basis, _ = _reduced_basis(np.mean(rotations, axis=0).T)
    return basis.T


def origin_choices(symbol: str) -> tuple[str, ...]:
    """The symbols of a group for each of the two origins of International Tables, or the symbol itself."""
    import gemmi

    plain, _, choice = symbol.partition(":")
    if choice not in ("1", "2"):
        return (symbol,)
    return tuple(g.xhm() for g in gemmi.spacegroup_table() if g.hm == plain and g.ext in ("1", "2"))


def operation_arrays(triplets: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Rotations (n, 3, 3) and translations (n, 3), both dimensionless, of operations written as triplets."""
    import gemmi

    operations = [gemmi.Op(text) for text in triplets]
    rotations = np.array([op.rot for op in operations], float) / gemmi.Op.DEN
    translations = np.array([op.tran for op in operations], float) / gemmi.Op.DEN
    return rotations, translations


def orthogonalisation(lattice: np.ndarray) -> np.ndarray:
    """The matrix O (3, 3), angstrom, with Cartesian = O fractional: a along x, b in the plane of x and y.

    ``lattice`` holds a, b, c (angstrom) and alpha, beta, gamma (degree); complex entries pass through, which
    gives derivatives by a complex step (:func:`orthogonalisation_derivatives`).
    """
    a, b, c = lattice[0], lattice[1], lattice[2]
    cos_alpha, cos_beta, cos_gamma = (np.cos(lattice[k] * (np.pi / 180.0)) for k in (3, 4, 5))
    sin_gamma = np.sin(lattice[5] * (np.pi / 180.0))
    third = (cos_alpha - cos_beta * cos_gamma) / sin_gamma
    height = np.sqrt(1.0 - cos_beta * cos_beta - third * third)
    zero = 0.0 * a
    return np.array(
        [
            [a, b * cos_gamma, c * cos_beta],
            [zero, b * sin_gamma, c * third],
            [zero, zero, c * height],
        ]
    )


def orthogonalisation_derivatives(lattice: np.ndarray) -> np.ndarray:
    """dO/d(a, b, c, alpha, beta, gamma), shape (6, 3, 3); angles per degree; exact to rounding."""
    return _by_complex_step(orthogonalisation, lattice)


def displacement_frame(lattice: np.ndarray) -> np.ndarray:
    """The matrix T = O diag(a*, b*, c*) (3, 3) that takes the CIF's U to Cartesian axes: U_cart = T U T'.

    Source: Grosse-Kunstleve & Adams, J. Appl. Cryst. 35 (2002) 477, eq. 4a.
    """
    matrix = orthogonalisation(lattice)
    inverse = np.linalg.inv(matrix)
    # The rows of the inverse are the reciprocal vectors; abs() would break the complex step.
    lengths = np.sqrt(np.sum(inverse * inverse, axis=1))
    return matrix * lengths[None, :]


def displacement_frame_derivatives(lattice: np.ndarray) -> np.ndarray:
    """dT/d(a, b, c, alpha, beta, gamma), shape (6, 3, 3), of :func:`displacement_frame`."""
    return _by_complex_step(displacement_frame, lattice)


def _by_complex_step(matrix: Callable[[np.ndarray], np.ndarray], lattice: np.ndarray) -> np.ndarray:
    step = 1e-30
    made = np.empty((6, 3, 3))
    for k in range(6):
        shifted = np.array(lattice, complex)
        shifted[k] += 1j * step
        made[k] = matrix(shifted).imag / step
    return made


def free_lattice(rotations: np.ndarray, lattice: np.ndarray) -> LinearForm:
    """The free parameters among a, b, c, alpha, beta, gamma.

    An angle or a length is free if the metric tensors that the point group leaves invariant differ in it; two
    that agree in all of them are tied. Two arbitrary metrics, averaged over the group, decide.

    Raises
    ------
    InputError
        If the axes are not conventional, so that an angle depends on a ratio of lengths.
    """
    generator = np.random.default_rng(20130801)
    samples = []
    for _ in range(3):
        random = generator.uniform(-0.3, 0.3, (3, 3)) + np.diag(generator.uniform(1.0, 2.0, 3))
        metric = np.einsum("nji,jk,nkl->il", rotations, random.T @ random, rotations) / len(rotations)
        lengths = np.sqrt(np.diag(metric))
        cosines = metric / np.outer(lengths, lengths)
        angles = np.degrees(np.arccos([cosines[1, 2], cosines[0, 2], cosines[0, 1]]))
        samples.append(np.concatenate([lengths, angles]))
    table = np.array(samples)
    free: list[int] = []
    offset, rows = np.zeros(6), {}
    for k in range(6):
        column = table[:, k]
        if k >= 3 and np.ptp(column) < 1e-6:
            offset[k] = column[0]
            continue
        tied = next((f for f in free if np.allclose(table[:, f], column, atol=1e-6)), None)
        if tied is None:
            free.append(k)
            tied = k
        rows[k] = tied
    basis = np.zeros((6, len(free)))
    for k, tied in rows.items():
        basis[k, free.index(tied)] = 1.0
    left = np.linalg.matrix_rank(_symmetric_projector(np.transpose(rotations, (0, 2, 1))), tol=1e-6)
    if len(free) != left:
        raise InputError(
            "the axes do not follow the symmetry",
            found=f"{len(free)} free lattice parameters where the group leaves {left}",
            advice="give the structure in a conventional setting",
        )
    return LinearForm(LATTICE_NAMES, tuple(free), offset, basis)


def free_of_site(position: np.ndarray, rotations: np.ndarray, lattice: np.ndarray) -> tuple[LinearForm, LinearForm]:
    """The free coordinates of a site, and the free entries of the CIF's U (u11, u22, u33, u12, u13, u23).

    Both come from the constraints of diffpy.structure (``GeneratorSite``): the directions in which the site may move,
    and the tensors that its symmetry leaves as they are.

    Parameters
    ----------
    position
        Fractional, (3,), on the special position already (see :func:`snap`).
    rotations
        Of the site symmetry, on fractional coordinates, (n, 3, 3).
    lattice
        a, b, c (angstrom), alpha, beta, gamma (degree).
    """
    from diffpy.structure.spacegroupmod import SpaceGroup, SymOp
    from diffpy.structure.symmetryutilities import GeneratorSite

    # The site's own group as operations: diffpy.structure (3.3.1) refuses short symbols ("P21/n") and groups that only
    # operations give, and it looks for the site symmetry by a tolerance that rounded coordinates miss.
    operations = [SymOp(rotation, position - rotation @ position) for rotation in rotations]
    site = GeneratorSite(SpaceGroup(symop_list=operations), position)
    # Its directions along [210] of a hexagonal cell come out as [110], and its tensors with two decimals: the mean over
    # the group takes each to what the group really leaves, and changes nothing else.
    directions = np.reshape(site.null_space, (-1, 3)) @ rotations.mean(axis=0).T
    basis, free = _reduced_basis(directions)
    offset = position - basis @ position[list(free)]
    offset[np.abs(offset) < 1e-12] = 0.0
    coordinates = LinearForm(COORDINATE_NAMES, free, offset, basis)
    # A tensor B on fractional axes turns as R B R'; the CIF's is U_ij = B_ij / (a*_i a*_j).
    rows, columns = np.transpose(VOIGT)
    tensors = site.Uspace[:, rows, columns] @ _symmetric_projector(rotations).T
    lengths = np.linalg.norm(np.linalg.inv(orthogonalisation(np.asarray(lattice, float))), axis=1)
    basis, free = _reduced_basis(tensors / (lengths[rows] * lengths[columns]))
    return coordinates, LinearForm(DISPLACEMENT_NAMES, free, np.zeros(6), basis)


def stabiliser(
    position: np.ndarray, rotations: np.ndarray, translations: np.ndarray, matrix: np.ndarray, tolerance: float
) -> np.ndarray:
    """Indices of the operations that leave a position (3,) in place to within ``tolerance`` (angstrom).

    ``matrix`` is the orthogonalisation matrix (3, 3), angstrom.
    """
    moved = rotations @ position + translations - position
    moved -= np.round(moved)
    return np.flatnonzero(np.linalg.norm(moved @ matrix.T, axis=1) < tolerance)


def snap(position: np.ndarray, rotations: np.ndarray, translations: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The position (3,) moved onto the special position of the operations ``kept``: the mean of its images."""
    moved = rotations[kept] @ position + translations[kept] - position
    return position + (moved - np.round(moved)).mean(axis=0)


def orbit(
    position: np.ndarray, rotations: np.ndarray, translations: np.ndarray, kept: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """One operation per distinct atom of a site, and the lattice vectors that bring its image into the cell.

    Returns
    -------
    chosen, shifts
        Indices of operations (m,), the identity first, and integers (m, 3): image = R x + t + shift.
    """
    order = len(rotations)
    taken = np.zeros(order, bool)
    chosen = []
    for k in range(order):
        if taken[k]:
            continue
        chosen.append(k)
        # The coset g S of the site symmetry S holds the operations with the same image.
        images = rotations[k] @ rotations[kept]
        origins = rotations[k] @ translations[kept].T
        for rotation, origin in zip(images, (origins.T + translations[k]), strict=True):
            gap = translations - origin
            same = np.all(rotations == rotation, axis=(1, 2))
            same &= np.all(np.abs(gap - np.round(gap)) < 1e-6, axis=1)
            # The site symmetry may include a lattice vector, so compare the images themselves as well.
            taken |= same
    index = np.array(chosen)
    images = rotations[index] @ position + translations[index]
    # 1 - 1e-9 belongs to the next cell: an atom at 0 must not become one at 1 by rounding.
    return index, -np.floor(images + 1e-6).astype(int)


def _symmetric_projector(matrices: np.ndarray) -> np.ndarray:
    """Mean over the group of the action U -> S U S' on symmetric tensors in the order of VOIGT, shape (6, 6)."""
    made = np.zeros((6, 6))
    for column, (i, j) in enumerate(VOIGT):
        unit = np.zeros((3, 3))
        unit[i, j] = unit[j, i] = 1.0
        image = np.einsum("nij,jk,nlk->il", matrices, unit, matrices) / len(matrices)
        made[:, column] = [image[k, m] for k, m in VOIGT]
    return made


def _reduced_basis(vectors: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """Basis (n, k) of what the rows (m, n) span, in reduced echelon form, and the entries that are free."""
    rows = np.array(vectors, float)
    pivots: list[int] = []
    for column in range(rows.shape[1]):
        start = len(pivots)
        if start == rows.shape[0]:
            break
        best = start + int(np.argmax(np.abs(rows[start:, column])))
        if abs(rows[best, column]) < 1e-6:
            continue
        rows[[start, best]] = rows[[best, start]]
        rows[start] /= rows[start, column]
        others = np.arange(rows.shape[0]) != start
        rows[others] -= np.outer(rows[others, column], rows[start])
        pivots.append(column)
    basis = rows[: len(pivots)].T.copy()
    nearest = np.round(basis * 12) / 12
    basis = np.where(np.abs(basis - nearest) < 1e-9, nearest, basis)
    return basis, tuple(pivots)
