"""Bond lengths, angles, polyhedra and bond valences of a refined crystal, each with its uncertainty.

An atom is a label of the asymmetric unit, with or without the code of a symmetry image as CIFs write it: ``M1`` or
``M1 1_565`` (operation 1, moved by the lattice vector b). Which images make a bond or a polyhedron is decided once,
on the refined structure; the derivatives then follow these same atoms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from itertools import combinations

import numpy as np

from coherion.crystal import polyhedra
from coherion.crystal.bond_valence import SOURCE, bond_valence_sum, table
from coherion.crystal.crystal import Crystal
from coherion.crystal.propagation import propagated
from coherion.crystal.symmetry import orthogonalisation
from coherion.errors import InputError
from coherion.messages import warn
from coherion.settings.stages.geometry import AngleRequest, GeometrySettings, PolyhedronRequest

AXES = ("a", "b", "c")
# Two neighbours whose distances agree to this (angstrom) are equally near; the image of the smaller code is taken.
EQUAL_DISTANCE = 1e-3


@dataclass(frozen=True)
class Image:
    """One atom of the crystal: index of its site, of an operation, and a lattice vector."""

    site: int
    operation: int
    shift: tuple[int, int, int]

    def position(self, crystal: Crystal) -> np.ndarray:
        """Cartesian position in angstrom, shape (3,)."""
        structure = crystal.structure
        fractional = (
            structure.rotations[self.operation] @ np.array(crystal.sites[self.site].position)
            + structure.translations[self.operation]
            + np.array(self.shift)
        )
        return orthogonalisation(np.asarray(crystal.lattice)) @ fractional

    def code(self, crystal: Crystal) -> str:
        """``Cl1 3_565``; for the atom of the asymmetric unit itself the label alone."""
        label = crystal.sites[self.site].label
        if self.operation == 0 and self.shift == (0, 0, 0):
            return label
        return f"{label} {self.operation + 1}_{''.join(str(5 + n) for n in self.shift)}"


MOST_CELLS = 1e6


@dataclass(frozen=True)
class Quantity:
    """One number to measure: a function of the crystal, with what tables say of it.

    kind
        ``bond_length``, ``mean_distance``, ``angle``, ``volume``, ``bond_valence_sum`` or ``shape_measure``.
    unit
        Of the number.
    atoms
        The atoms it was made from, with their images.
    """

    name: str
    kind: str
    unit: str
    atoms: str
    measure: Callable[[Crystal], float] = field(repr=False)


@dataclass(frozen=True)
class Geometry:
    """Measured quantities with their covariance.

    value
        Shape (m,), each in its quantity's unit.
    covariance
        Shape (m, m), from the covariance of the refined parameters.
    """

    quantities: tuple[Quantity, ...]
    value: np.ndarray
    covariance: np.ndarray

    @property
    def standard_uncertainty(self) -> np.ndarray:
        """Shape (m,)."""
        return np.sqrt(np.diag(self.covariance).clip(0.0))


def image(crystal: Crystal, text: str, place: str = "atoms") -> Image:
    """The atom that ``label`` or ``label n_klm`` names.

    Raises
    ------
    InputError
        If there is no such site or operation.
    """
    label, _, code = text.strip().partition(" ")
    site = _site(crystal, label, place)
    if not code.strip():
        return Image(site, 0, (0, 0, 0))
    match = re.fullmatch(r"(\d{1,3})(?:_(\d)(\d)(\d))?", code.strip())
    if match is None or not 1 <= int(match[1]) <= len(crystal.operations):
        raise InputError(
            "symmetry image cannot be read",
            place=place,
            found=text,
            expected=f"label n_klm with n from 1 to {len(crystal.operations)}, such as {label} 1_565",
        )
    shift = (0, 0, 0) if match[2] is None else tuple(int(match[k]) - 5 for k in (2, 3, 4))
    return Image(site, int(match[1]) - 1, shift)  # type: ignore[arg-type]


def _site(crystal: Crystal, label: str, place: str) -> int:
    labels = [site.label for site in crystal.sites]
    if label not in labels:
        raise InputError(
            f"the crystal {crystal.name} has no site of this name", place=place, found=label, expected=", ".join(labels)
        )
    return labels.index(label)


def neighbours(
    crystal: Crystal, centre: Image, pattern: str, *, longest: float | None = None, count: int | None = None
) -> list[tuple[float, Image]]:
    """Distances (angstrom) and atoms around ``centre`` whose labels match ``pattern``, nearest first.

    Either all up to ``longest`` angstrom, or the nearest ``count``. Atoms at the centre's own place do not count.

    Raises
    ------
    InputError
        If no site matches.
    """
    sites = [i for i, site in enumerate(crystal.sites) if fnmatchcase(site.label, pattern)]
    if not sites:
        raise InputError(
            "no site matches the ligands",
            place=f"polyhedron or bonds of {crystal.sites[centre.site].label}",
            found=pattern,
            expected=", ".join(site.label for site in crystal.sites),
        )
    reach = longest if longest is not None else 4.0
    while True:
        found = _within(crystal, centre, sites, reach)
        if count is None:
            return found
        # A margin beyond the last one wanted, so that no nearer atom can lie outside the sphere searched.
        if len(found) >= count or reach > 60:
            return found[:count]
        reach *= 1.5


def _within(crystal: Crystal, centre: Image, sites: Sequence[int], reach: float) -> list[tuple[float, Image]]:
    matrix = orthogonalisation(np.asarray(crystal.lattice))
    heights = 1.0 / np.linalg.norm(np.linalg.inv(matrix), axis=1)
    origin = np.linalg.solve(matrix, centre.position(crystal))
    structure = crystal.structure
    cells = np.ceil(reach / heights).astype(int) + 1
    if np.prod(2.0 * cells + 1.0) > MOST_CELLS:
        raise InputError(
            f"the cell of {crystal.name} is too small or too flat to look for neighbours",
            found=" ".join(f"{x:.4g}" for x in crystal.lattice),
            expected=f"at most {MOST_CELLS:.0e} cells within {reach:.4g} angstrom",
            advice="give lattice parameters in angstrom",
        )
    steps = np.array(np.meshgrid(*(np.arange(-n, n + 1) for n in cells), indexing="ij")).reshape(3, -1).T
    found: list[tuple[float, Image]] = []
    for site in sites:
        # One operation for each atom of the cell; the identity comes first
        for operation in structure.sites[site].chosen:
            x = structure.rotations[operation] @ np.array(crystal.sites[site].position)
            x = x + structure.translations[operation]
            near = steps - np.round(x - origin).astype(int)
            distances = np.linalg.norm((x + near - origin) @ matrix.T, axis=1)
            for k in np.flatnonzero((distances < reach) & (distances > EQUAL_DISTANCE)):
                shift = tuple(int(n) for n in near[k])
                found.append((float(distances[k]), Image(site, int(operation), shift)))  # type: ignore[arg-type]
    return sorted(found, key=lambda f: (round(f[0] / EQUAL_DISTANCE), f[1].site, f[1].operation, _size(f[1].shift)))


def _size(shift: tuple[int, int, int]) -> tuple:
    return (sum(abs(n) for n in shift), tuple(-n for n in shift))


def quantities(crystal: Crystal, settings: GeometrySettings) -> list[Quantity]:
    """What the settings ask for, with the atoms chosen on this crystal.

    Raises
    ------
    InputError
        If a label does not exist, or a polyhedron has too few ligands or no volume.
    """
    parameters = table(settings.bond_valence)
    made: list[Quantity] = []
    for request in settings.bonds:
        centre = Image(_site(crystal, request.centre, "bonds"), 0, (0, 0, 0))
        for _, ligand in neighbours(crystal, centre, request.ligands, longest=request.longest):
            made.append(_bond(crystal, centre, ligand))
    for polyhedron in settings.polyhedra:
        made += _polyhedron(crystal, polyhedron, parameters)
    for i, angle in enumerate(settings.requested_angles):
        made.append(_angle(crystal, angle, f"angles[{i}]"))
    return made


def _bond(crystal: Crystal, first: Image, second: Image) -> Quantity:
    codes = first.code(crystal), second.code(crystal)
    return Quantity(
        f"{codes[0]}-{codes[1]}",
        "bond_length",
        "angstrom",
        " - ".join(codes),
        lambda c: polyhedra.bond_length(first.position(c), second.position(c)),
    )


def _polyhedron(crystal: Crystal, request: PolyhedronRequest, parameters) -> list[Quantity]:
    centre = Image(_site(crystal, request.centre, "polyhedra"), 0, (0, 0, 0))
    found = neighbours(crystal, centre, request.ligands, count=request.count)
    if len(found) < max(request.count, 1):
        raise InputError(
            f"only {len(found)} ligands around {request.centre}", place="polyhedra", expected=f"{request.count}"
        )
    name = request.name or request.centre
    ligands = [ligand for _, ligand in found]
    if request.shape is not None:
        ligands = _ligands_of_shape(crystal, centre, ligands, request, name)
    atoms = f"{centre.code(crystal)}: " + ", ".join(ligand.code(crystal) for ligand in ligands)

    def corners(c: Crystal) -> np.ndarray:
        return np.array([ligand.position(c) for ligand in ligands])

    def distances(c: Crystal) -> np.ndarray:
        return np.linalg.norm(corners(c) - centre.position(c), axis=1)

    def valence(c: Crystal) -> float:
        species = [c.sites[ligand.site].species for ligand in ligands]
        return bond_valence_sum(distances(c), c.sites[centre.site].species, species, parameters)

    made = [_bond(crystal, centre, ligand) for ligand in ligands]
    made.append(
        Quantity(f"{name} mean distance", "mean_distance", "angstrom", atoms, lambda c: float(distances(c).mean()))
    )
    if request.count > 3:
        try:
            polyhedra.hull_volume(corners(crystal))
        except ValueError as problem:
            raise InputError("polyhedron has no volume", place="polyhedra", found=atoms) from problem
        made.append(
            Quantity(f"{name} volume", "volume", "angstrom^3", atoms, lambda c: polyhedra.hull_volume(corners(c)))
        )
    measured = polyhedra.nearest_shape(corners(crystal), centre.position(crystal))
    for shape in measured:
        made.append(_shape(name, atoms, shape, corners, centre))
    try:
        valence(crystal)
    except InputError as problem:
        warn(f"no bond valence sum of {name}: {problem}")
    else:
        made.append(Quantity(f"{name} bond valence sum", "bond_valence_sum", "1", f"{atoms}; {SOURCE}", valence))
    return made


def _ligands_of_shape(
    crystal: Crystal, centre: Image, nearest: list[Image], request: PolyhedronRequest, name: str
) -> list[Image]:
    """The nearest ligands, or those of a few more that make the shape asked for where the nearest make another."""
    shape = str(request.shape)
    middle = centre.position(crystal)

    def measured(ligands: Sequence[Image]) -> dict[str, float]:
        return polyhedra.nearest_shape(np.array([ligand.position(crystal) for ligand in ligands]), middle)

    own = measured(nearest)
    if next(iter(own)) == shape:
        return nearest
    more = [i for _, i in neighbours(crystal, centre, request.ligands, count=request.count + max(request.spare, 0))]
    best = min(combinations(more, request.count), key=lambda ligands: measured(ligands)[shape])
    other = next(iter(own))
    if next(iter(measured(best))) != shape:
        warn(
            f"the polyhedron of {name} is nearer to a {other} (shape measure {own[other]:.1f}) than to the {shape} "
            f"asked for ({own[shape]:.1f})"
        )
        return nearest
    added = ", ".join(ligand.code(crystal) for ligand in best if ligand not in nearest)
    warn(
        f"the {request.count} nearest ligands of {name} have the shape {other} (measure {own[other]:.1f}); the {shape} "
        f"({measured(best)[shape]:.1f}) is made with {added} instead of nearer ones"
    )
    return list(best)


def _shape(name: str, atoms: str, shape: str, corners: Callable[[Crystal], np.ndarray], centre: Image) -> Quantity:
    return Quantity(
        f"{name} shape measure {shape}",
        "shape_measure",
        "1",
        atoms,
        lambda c: polyhedra.shape_measure(corners(c), centre.position(c), shape),
    )


def _angle(crystal: Crystal, request: AngleRequest, place: str) -> Quantity:
    first, vertex, last = request.atoms
    middle = image(crystal, vertex, place)
    labels = [site.label for site in crystal.sites]
    end = _end(crystal, middle, last, place)
    if first in AXES and first not in labels:
        axis = AXES.index(first)

        def measure(c: Crystal) -> float:
            direction = orthogonalisation(np.asarray(c.lattice))[:, axis]
            return polyhedra.direction_angle(direction, end.position(c) - middle.position(c))

        codes = [f"axis {first}", middle.code(crystal), end.code(crystal)]
    else:
        start = _end(crystal, middle, first, place)

        def measure(c: Crystal) -> float:
            return polyhedra.angle(start.position(c), middle.position(c), end.position(c))

        codes = [start.code(crystal), middle.code(crystal), end.code(crystal)]
    return Quantity(request.name or "-".join(request.atoms), "angle", "degree", " - ".join(codes), measure)


def _end(crystal: Crystal, vertex: Image, text: str, place: str) -> Image:
    """The atom at one end of an angle: as its code says, else the nearest image to the vertex."""
    if " " in text.strip():
        return image(crystal, text, place)
    site = _site(crystal, text.strip(), place)
    return neighbours(crystal, vertex, crystal.sites[site].label, count=1)[0][1]


def measure(
    crystal: Crystal,
    settings: GeometrySettings,
    parameters: Sequence[str] = (),
    covariance: np.ndarray | None = None,
) -> Geometry:
    """Measure a crystal.

    Parameters
    ----------
    crystal
        With its refined values.
    settings
        What to measure.
    parameters, covariance
        Names of n free parameters of the crystal and their covariance (n, n); without them all uncertainties are 0.

    Raises
    ------
    InputError
        As :func:`quantities`.
    """
    asked = tuple(quantities(crystal, settings))

    def all_of(c: Crystal) -> np.ndarray:
        return np.array([q.measure(c) for q in asked])

    spread = np.zeros((0, 0)) if covariance is None else np.asarray(covariance)
    return Geometry(asked, all_of(crystal), propagated(all_of, crystal, list(parameters), spread))
