"""A crystal as a refinement sees it: an asymmetric unit, its symmetry, and the parameters that symmetry leaves.

Parameters are named ``a b c alpha beta gamma``, ``Na1.x``, ``Na1.u_iso``, ``Na1.u11``, ``Na1.occupancy`` and, on a
site that elements share, ``M1.occupancy.In``. Lengths are angstrom, angles degrees, displacements angstrom^2
(the CIF's U), coordinates fractional.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from coherion.crystal import symmetry
from coherion.crystal.symmetry import (
    COORDINATE_NAMES,
    DISPLACEMENT_NAMES,
    LATTICE_NAMES,
    VOIGT,
    LinearForm,
    symmetric_tensor,
)
from coherion.errors import InputError

# An atom nearer than this (angstrom) to a special position lies on it: CIFs round 1/3 to 0.333.
SNAP_DISTANCE = 0.02
# Two whole atoms nearer than this (angstrom) cannot both be there.
OVERLAP_DISTANCE = 0.5


@dataclass(frozen=True)
class Site:
    """One site of the asymmetric unit.

    label
        Unique name.
    position
        Fractional coordinates (3).
    species
        Pairs (element, occupancy); more than one where elements share the site.
    u_iso, u_aniso
        Mean square displacement (angstrom^2): one number, or u11, u22, u33, u12, u13, u23 in the CIF's axes.
        Exactly one of the two is given.
    """

    label: str
    position: tuple[float, float, float]
    species: tuple[tuple[str, float], ...]
    u_iso: float | None = None
    u_aniso: tuple[float, float, float, float, float, float] | None = None

    def __post_init__(self) -> None:
        if (self.u_iso is None) == (self.u_aniso is None):
            raise InputError("a site needs either u_iso or u_aniso", place=f"site {self.label}")

    @property
    def occupancy(self) -> float:
        """Sum over the species."""
        return sum(occupancy for _, occupancy in self.species)

    def occupancy_names(self) -> tuple[str, ...]:
        """Parameter names of the occupancies, in the order of the species."""
        if len(self.species) == 1:
            return (f"{self.label}.occupancy",)
        return tuple(f"{self.label}.occupancy.{element}" for element, _ in self.species)


@dataclass(frozen=True)
class SiteSymmetry:
    """What symmetry says of one site.

    kept
        Indices of the operations that leave the site in place (its site symmetry).
    chosen, shifts
        One operation per atom of the site in the cell, and the lattice vector that brings the image into it.
    coordinates, displacements
        Maps from the free parameters to (x, y, z) and to (u11, ... u23).
    """

    kept: np.ndarray
    chosen: np.ndarray
    shifts: np.ndarray
    coordinates: LinearForm
    displacements: LinearForm


@dataclass(frozen=True)
class Structure:
    """The symmetry of a crystal as arrays; made once, kept while parameters change.

    rotations, translations
        Operations, (n, 3, 3) and (n, 3).
    lattice
        Map from the free lattice parameters to all six.
    sites
        One entry per site.
    """

    rotations: np.ndarray
    translations: np.ndarray
    lattice: LinearForm
    sites: tuple[SiteSymmetry, ...]


@dataclass(frozen=True)
class Expanded:
    """All atoms of the unit cell with derivatives in the free parameters of the crystal.

    parameters
        Names of the P free parameters, in the order of ``Crystal.parameters``.
    site, operation, shift
        Index of the site (N,), of the operation (N,), and the lattice vector (N, 3): x = R x_site + t + shift.
    positions, positions_derivative
        Fractional, (N, 3) and (N, 3, P).
    lattice_matrix, lattice_matrix_derivative
        O with Cartesian = O fractional, angstrom, (3, 3) and (3, 3, P).
    u_cartesian, u_cartesian_derivative
        Mean square displacement tensors in Cartesian axes, angstrom^2, (N, 3, 3) and (N, 3, 3, P).
    volume
        Of the cell, angstrom^3.
    """

    parameters: tuple[str, ...]
    site: np.ndarray
    operation: np.ndarray
    shift: np.ndarray
    positions: np.ndarray
    positions_derivative: np.ndarray
    lattice_matrix: np.ndarray
    lattice_matrix_derivative: np.ndarray
    u_cartesian: np.ndarray
    u_cartesian_derivative: np.ndarray
    volume: float


@dataclass(frozen=True)
class Crystal:
    """An asymmetric unit with its symmetry.

    name
        Name of the phase.
    lattice
        a, b, c (angstrom), alpha, beta, gamma (degree).
    space_group
        Hermann-Mauguin symbol; short forms are accepted and replaced by the full one.
    sites
        The asymmetric unit.
    operations
        Triplets ``x,y,z``; from the symbol if not given.

    Raises
    ------
    InputError
        If the group is unknown, the lattice contradicts it, or atoms overlap.
    """

    name: str
    lattice: tuple[float, float, float, float, float, float]
    space_group: str
    sites: tuple[Site, ...]
    operations: tuple[str, ...] = ()
    structure: Structure = field(default=None, repr=False, compare=False)  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.structure is not None:
            return
        symbol, operations = symmetry.find_operations(
            self.space_group, triplets=self.operations, alpha=self.lattice[3], gamma=self.lattice[5]
        )
        structure, lattice, sites = _structure_of(np.asarray(self.lattice, float), self.sites, operations)
        for name, value in {
            "space_group": symbol,
            "operations": operations,
            "structure": structure,
            "lattice": lattice,
            "sites": sites,
        }.items():
            object.__setattr__(self, name, value)

    @property
    def parameters(self) -> dict[str, float]:
        """The free parameters, name to value: lattice first, then site by site."""
        values: dict[str, float] = {}
        for k in self.structure.lattice.free:
            values[LATTICE_NAMES[k]] = self.lattice[k]
        for site, kind in zip(self.sites, self.structure.sites, strict=True):
            for k in kind.coordinates.free:
                values[f"{site.label}.{COORDINATE_NAMES[k]}"] = site.position[k]
            if site.u_aniso is None:
                values[f"{site.label}.u_iso"] = float(site.u_iso or 0.0)
            else:
                for k in kind.displacements.free:
                    values[f"{site.label}.{DISPLACEMENT_NAMES[k]}"] = site.u_aniso[k]
            for name, (_, occupancy) in zip(site.occupancy_names(), site.species, strict=True):
                values[name] = occupancy
        return values

    def why_fixed(self, name: str) -> str | None:
        """Why a parameter is not free, in words a user understands, or None if it is.

        Raises
        ------
        InputError
            If the crystal has no parameter of this name.
        """
        if name in self.parameters:
            return None
        label, _, rest = name.rpartition(".")
        if not label and name in LATTICE_NAMES:
            return f"the space group {self.space_group} sets {self.structure.lattice.explain(name)}"
        for site, kind in zip(self.sites, self.structure.sites, strict=True):
            if site.label != label:
                continue
            if rest in COORDINATE_NAMES:
                return f"the special position of {label} sets {kind.coordinates.explain(rest)}"
            if rest in DISPLACEMENT_NAMES:
                if site.u_aniso is None:
                    return f"{label} has an isotropic displacement; its parameter is {label}.u_iso"
                return f"the site symmetry of {label} sets {kind.displacements.explain(rest)}"
            if rest == "u_iso":
                return f"{label} has an anisotropic displacement; its parameters are {label}.u11 and so on"
            if rest == "occupancy":
                names = ", ".join(site.occupancy_names())
                return f"{label} is shared by several elements; its parameters are {names}"
        raise InputError(
            f"the crystal {self.name} has no such parameter",
            found=name,
            expected="one of " + ", ".join(self.parameters),
        )

    def with_values(self, values: Mapping[str, float]) -> Crystal:
        """The crystal with new values of some free parameters; dependent ones follow.

        Raises
        ------
        InputError
            If a name is unknown or symmetry fixes it.
        """
        now = self.parameters
        for name, value in values.items():
            if name not in now:
                raise InputError(f"the parameter {name} is not free", advice=self.why_fixed(name))
            now[name] = float(value)
        form = self.structure.lattice
        lattice = form.apply(np.array([now[LATTICE_NAMES[k]] for k in form.free]))
        sites = []
        for site, kind in zip(self.sites, self.structure.sites, strict=True):
            label = site.label
            x = kind.coordinates.apply(np.array([now[f"{label}.{n}"] for n in kind.coordinates.free_names]))
            if site.u_aniso is None:
                u_iso, u_aniso = now[f"{label}.u_iso"], None
            else:
                form = kind.displacements
                u = form.apply(np.array([now[f"{label}.{n}"] for n in form.free_names]))
                u_iso, u_aniso = None, tuple(u.tolist())
            species = tuple(
                (element, now[name]) for (element, _), name in zip(site.species, site.occupancy_names(), strict=True)
            )
            sites.append(Site(label, tuple(x.tolist()), species, u_iso, u_aniso))
        return replace(self, lattice=tuple(lattice.tolist()), sites=tuple(sites))

    def multiplicity(self, label: str) -> int:
        """Number of atoms of a site in the unit cell."""
        labels = [site.label for site in self.sites]
        return len(self.structure.sites[labels.index(label)].chosen)

    @property
    def volume(self) -> float:
        """Volume of the cell, angstrom^3."""
        return float(np.linalg.det(symmetry.orthogonalisation(np.asarray(self.lattice))))

    @property
    def composition(self) -> dict[str, float]:
        """Atoms of each element in the unit cell."""
        counts: dict[str, float] = {}
        for site, kind in zip(self.sites, self.structure.sites, strict=True):
            for element, occupancy in site.species:
                counts[element] = counts.get(element, 0.0) + occupancy * len(kind.chosen)
        return counts

    def anisotropic(self, labels: Sequence[str] | None = None) -> Crystal:
        """The crystal with anisotropic displacements on the named sites (all, if None), started from u_iso."""
        inverse = np.linalg.inv(symmetry.displacement_frame(np.asarray(self.lattice, float)))
        unit = inverse @ inverse.T
        sites = tuple(
            site
            if site.u_iso is None or (labels is not None and site.label not in labels)
            else replace(site, u_iso=None, u_aniso=_six(site.u_iso * unit))
            for site in self.sites
        )
        return replace(self, sites=sites)

    def isotropic(self, labels: Sequence[str] | None = None) -> Crystal:
        """The crystal with isotropic displacements on the named sites (all, if None), started from U_eq."""
        frame = symmetry.displacement_frame(np.asarray(self.lattice, float))
        sites = tuple(
            site
            if site.u_aniso is None or (labels is not None and site.label not in labels)
            else replace(site, u_iso=_equivalent(frame, site.u_aniso), u_aniso=None)
            for site in self.sites
        )
        return replace(self, sites=sites)

    def expand(self) -> Expanded:
        """All atoms of the cell and the derivatives of positions, lattice and displacements: see Expanded."""
        names = tuple(self.parameters)
        column = {name: k for k, name in enumerate(names)}
        lattice = np.asarray(self.lattice, float)
        matrix = symmetry.orthogonalisation(lattice)
        frame = symmetry.displacement_frame(lattice)
        inverse = np.linalg.inv(matrix)
        form = self.structure.lattice
        lattice_columns = [column[name] for name in form.free_names]
        d_matrix = np.zeros((3, 3, len(names)))
        d_matrix[..., lattice_columns] = np.einsum(
            "kij,kl->ijl", symmetry.orthogonalisation_derivatives(lattice), form.basis
        )
        d_frame = np.einsum("kij,kl->lij", symmetry.displacement_frame_derivatives(lattice), form.basis)
        chunks: dict[str, list[np.ndarray]] = {key: [] for key in ("site", "operation", "shift", "x", "dx", "u", "du")}
        for index, (site, kind) in enumerate(zip(self.sites, self.structure.sites, strict=True)):
            rotations = self.structure.rotations[kind.chosen]
            shift = self.structure.translations[kind.chosen] + kind.shifts
            count = len(kind.chosen)
            dx = np.zeros((3, len(names)))
            for free, basis in zip(kind.coordinates.free_names, kind.coordinates.basis.T, strict=True):
                dx[:, column[f"{site.label}.{free}"]] = basis
            du = np.zeros((3, 3, len(names)))
            if site.u_aniso is None:
                u = np.eye(3) * float(site.u_iso or 0.0)
                du[..., column[f"{site.label}.u_iso"]] = np.eye(3)
            else:
                tensor = symmetric_tensor(np.array(site.u_aniso))
                u = frame @ tensor @ frame.T
                for free, basis in zip(kind.displacements.free_names, kind.displacements.basis.T, strict=True):
                    du[..., column[f"{site.label}.{free}"]] = frame @ symmetric_tensor(basis) @ frame.T
                for k, d in zip(lattice_columns, d_frame, strict=True):
                    half = d @ tensor @ frame.T
                    du[..., k] = half + half.T
            cartesian = matrix @ rotations @ inverse
            chunks["site"].append(np.full(count, index))
            chunks["operation"].append(kind.chosen)
            chunks["shift"].append(kind.shifts)
            chunks["x"].append(rotations @ np.array(site.position) + shift)
            chunks["dx"].append(rotations @ dx)
            chunks["u"].append(cartesian @ u @ np.transpose(cartesian, (0, 2, 1)))
            turned = np.einsum("nij,jkp,nlk->nilp", cartesian, du, cartesian)
            if site.u_aniso is not None:
                # On oblique axes (rhombohedral) a rotation's Cartesian matrix turns with the lattice.
                for k in lattice_columns:
                    strain = d_matrix[..., k] @ inverse
                    turn = strain @ cartesian - cartesian @ strain
                    half = turn @ u @ np.transpose(cartesian, (0, 2, 1))
                    turned[..., k] += half + np.transpose(half, (0, 2, 1))
            chunks["du"].append(turned)
        joined = {key: np.concatenate(parts) for key, parts in chunks.items()}
        return Expanded(
            parameters=names,
            site=joined["site"],
            operation=joined["operation"],
            shift=joined["shift"],
            positions=joined["x"],
            positions_derivative=joined["dx"],
            lattice_matrix=matrix,
            lattice_matrix_derivative=d_matrix,
            u_cartesian=joined["u"],
            u_cartesian_derivative=joined["du"],
            volume=float(np.linalg.det(matrix)),
        )


def _equivalent(frame: np.ndarray, u_aniso: tuple[float, ...]) -> float:
    """U_eq, a third of the trace of the Cartesian tensor."""
    return float(np.trace(frame @ symmetric_tensor(np.array(u_aniso)) @ frame.T) / 3)


def _six(tensor: np.ndarray) -> tuple[float, float, float, float, float, float]:
    return tuple(float(tensor[i, j]) for i, j in VOIGT)  # type: ignore[return-value]


def _structure_of(
    lattice: np.ndarray, sites: Sequence[Site], operations: Sequence[str]
) -> tuple[Structure, tuple[float, ...], tuple[Site, ...]]:
    """Symmetry maps, and the lattice and sites brought onto them."""
    rotations, translations = symmetry.operation_arrays(operations)
    form = symmetry.free_lattice(rotations, lattice)
    exact = form.apply(lattice[list(form.free)])
    gap = np.abs(exact - lattice)
    for k in np.flatnonzero(gap > np.array([5e-3] * 3 + [5e-2] * 3)):
        kind = "length" if k < 3 else "angle"
        raise InputError(
            "the lattice contradicts the symmetry",
            place=f"_cell_{kind}_{LATTICE_NAMES[k]}",
            found=f"{lattice[k]:.6g}",
            expected=f"{exact[k]:.6g} ({form.explain(LATTICE_NAMES[k])})",
        )
    matrix = symmetry.orthogonalisation(exact)
    seen: set[str] = set()
    kinds, moved = [], []
    for site in sites:
        if site.label in seen:
            raise InputError("two sites have the same label", place="_atom_site_label", found=site.label)
        seen.add(site.label)
        start = np.asarray(site.position, float)
        kept = symmetry.stabiliser(start, rotations, translations, matrix, SNAP_DISTANCE)
        x = symmetry.snap(start, rotations, translations, kept)
        chosen, shifts = symmetry.orbit(x, rotations, translations, kept)
        if len(chosen) * len(kept) != len(rotations):
            raise InputError(
                "the site symmetry is ambiguous: images of the site nearly meet",
                place=f"_atom_site_fract_x of {site.label}",
                found=" ".join(f"{value:.5g}" for value in start),
                advice="give the coordinates with more digits",
            )
        coordinates, displacements = symmetry.free_of_site(x, rotations[kept], exact)
        u_aniso = site.u_aniso
        if u_aniso is not None:
            u = np.asarray(u_aniso, float)
            u = displacements.apply(u[list(displacements.free)])
            u_aniso = tuple(u.tolist())
        kinds.append(SiteSymmetry(kept, chosen, shifts, coordinates, displacements))
        moved.append(replace(site, position=tuple(x.tolist()), u_aniso=u_aniso))
    _refuse_overlap(moved, kinds, rotations, translations, matrix)
    structure = Structure(rotations, translations, form, tuple(kinds))
    return structure, tuple(exact.tolist()), tuple(moved)


def _refuse_overlap(sites, kinds, rotations, translations, matrix) -> None:
    """Raise InputError where two atoms that are there at the same time lie on top of each other."""
    positions = np.concatenate(
        [rotations[k.chosen] @ np.array(s.position) + translations[k.chosen] for s, k in zip(sites, kinds, strict=True)]
    )
    owner = np.concatenate([np.full(len(k.chosen), n) for n, k in enumerate(kinds)])
    occupancy = np.array([site.occupancy for site in sites])[owner]
    starts = np.cumsum([0] + [len(k.chosen) for k in kinds])[:-1]
    for n, first in enumerate(starts):
        gap = positions - positions[first]
        gap -= np.round(gap)
        near = np.linalg.norm(gap @ matrix.T, axis=1) < OVERLAP_DISTANCE
        near[first] = False
        near &= occupancy + occupancy[first] > 1.0 + 1e-3
        if near.any():
            other = int(np.flatnonzero(near)[0])
            distance = float(np.linalg.norm(matrix @ gap[other]))
            labels = f"{sites[n].label} and {sites[owner[other]].label}"
            raise InputError(
                "atoms overlap",
                place=f"_atom_site_fract_x of {labels}",
                found=f"{distance:.3f} angstrom apart, occupancies {occupancy[first]:g} and {occupancy[other]:g}",
                expected=f"at least {OVERLAP_DISTANCE} angstrom, or occupancies that sum to at most 1",
            )
