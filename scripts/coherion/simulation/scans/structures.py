"""Structures the simulated powders are made of: every atom of the cell, with who may sit there and how it moves.

The cryolite-type solid solution follows what the paper says of Na(3-x)In(1-x)Zr(x)Cl6 (J. Mater. Chem. A 12 (2024)
7015): a, b, c shrink slowly up to x = 0.5 and faster beyond, beta opens, In and Zr share 2a, sodium leaves 2b first,
the octahedron shrinks and rotates. The numbers themselves are assumptions of ours and stand in
``config/simulation.yaml``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from coherion.constants import AVOGADRO


@dataclass(frozen=True)
class Site:
    """One site of the asymmetric unit.

    Attributes
    ----------
    label
        Name of the site; sites of different labels may differ in displacement.
    position
        Fractional coordinates.
    species
        Elements and the probability of finding each; what is missing to 1 is vacant.
    u_iso
        Mean-square displacement along one direction, angstrom^2.
    u_aniso
        In its place where the directions differ: u11, u22, u33, u12, u13, u23 of the CIF, angstrom^2; ``u_iso`` is
        then the smallest of all directions, which the atom has in every one.
    """

    label: str
    position: tuple[float, float, float]
    species: tuple[tuple[str, float], ...]
    u_iso: float
    u_aniso: tuple[float, float, float, float, float, float] | None = None


@dataclass(frozen=True)
class Structure:
    """A crystal as the simulation builds it: cell (angstrom, degrees), space group, sites of the asymmetric unit."""

    name: str
    cell: tuple[float, float, float, float, float, float]
    space_group: str
    sites: tuple[Site, ...]

    def vectors(self) -> np.ndarray:
        """Lattice vectors as the columns of a (3, 3) matrix, angstrom: a along x, b in the xy plane."""
        a, b, c, alpha, beta, gamma = self.cell
        ca, cb, cg = (math.cos(math.radians(t)) for t in (alpha, beta, gamma))
        sg = math.sin(math.radians(gamma))
        cy = (ca - cb * cg) / sg
        # Where an angle is 90 degrees its cosine is a rounding error; it stays, being far below any distance used.
        return np.array([[a, b * cg, c * cb], [0.0, b * sg, c * cy], [0.0, 0.0, c * math.sqrt(1 - cb**2 - cy**2)]])

    def volume(self) -> float:
        """Volume of the cell, angstrom^3."""
        return float(np.linalg.det(self.vectors()))

    def atoms(self) -> tuple[np.ndarray, np.ndarray]:
        """Fractional positions (n, 3) of all atoms of the cell and the index (n,) of the site each belongs to."""
        import gemmi

        group = gemmi.find_spacegroup_by_name(self.space_group)
        operations = [op.apply_to_xyz for op in group.operations()]
        positions: list[np.ndarray] = []
        index: list[int] = []
        for number, site in enumerate(self.sites):
            found: list[np.ndarray] = []
            for apply in operations:
                image = np.mod(apply(list(site.position)), 1.0)
                if all(np.abs((image - other + 0.5) % 1.0 - 0.5).max() > 1e-4 for other in found):
                    found.append(image)
            positions += found
            index += [number] * len(found)
        return np.array(positions), np.array(index)

    def displacement(self, site: Site) -> np.ndarray:
        """Mean-square displacements (3, 3) of a site in the axes of :meth:`vectors`, angstrom^2."""
        if site.u_aniso is None:
            return site.u_iso * np.eye(3)
        vectors = self.vectors()
        # The CIF counts a displacement along the axes in units of 1/a*, 1/b*, 1/c*.
        axes = vectors * np.linalg.norm(np.linalg.inv(vectors), axis=1)
        u11, u22, u33, u12, u13, u23 = site.u_aniso
        return axes @ np.array([[u11, u12, u13], [u12, u22, u23], [u13, u23, u33]]) @ axes.T

    def excess_displacements(self) -> np.ndarray:
        """What each atom of the cell moves beyond its site's ``u_iso``: (n, 3, 3), in the order of :meth:`atoms`.

        Raises
        ------
        ValueError
            If a site's displacements have not the symmetry of its place.
        """
        import gemmi

        vectors = self.vectors()
        inverse = np.linalg.inv(vectors)
        operations = list(gemmi.find_spacegroup_by_name(self.space_group).operations())
        turns = [vectors @ (np.array(op.rot) / op.DEN) @ inverse for op in operations]
        positions, site_of = self.atoms()
        excess = np.zeros((len(positions), 3, 3))
        for number, site in enumerate(self.sites):
            if site.u_aniso is None:
                continue
            own = self.displacement(site) - site.u_iso * np.eye(3)
            for op, turn in zip(operations, turns, strict=True):
                turned = turn @ own @ turn.T
                apart = (positions - op.apply_to_xyz(list(site.position)) + 0.5) % 1.0 - 0.5
                atom = int(np.flatnonzero((site_of == number) & (np.abs(apart).max(axis=1) < 1e-4))[0])
                if excess[atom].any() and not np.allclose(excess[atom], turned, atol=1e-9):
                    raise ValueError(f"the displacements of {site.label} have not the symmetry of its place")
                excess[atom] = turned
        return excess

    def contents(self) -> dict[str, float]:
        """Mean number of atoms of each element in the cell."""
        _, index = self.atoms()
        total: dict[str, float] = {}
        for number, site in enumerate(self.sites):
            multiplicity = int(np.count_nonzero(index == number))
            for element, probability in site.species:
                total[element] = total.get(element, 0.0) + multiplicity * probability
        return total

    def density(self) -> float:
        """X-ray density, g/cm^3."""
        from xraydb import atomic_mass

        mass = sum(number * atomic_mass(element) for element, number in self.contents().items())
        return mass / (self.volume() * AVOGADRO * 1e-24)


def polynomial(coefficients: Sequence[float], x: float) -> float:
    """Value of c0 + c1 x + c2 x^2 + ..."""
    return float(sum(c * x**power for power, c in enumerate(coefficients)))


def rotation(axis: Sequence[float], angle: float) -> np.ndarray:
    """Matrix (3, 3) of the right-handed rotation about ``axis`` by ``angle`` in degrees (Rodrigues' formula)."""
    k = np.asarray(axis, dtype=float)
    k = k / np.linalg.norm(k)
    cross = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    t = math.radians(angle)
    return np.eye(3) + math.sin(t) * cross + (1 - math.cos(t)) * (cross @ cross)


def solid_solution(x: float, model: Mapping[str, Any]) -> Structure:
    """Any crystal whose cell and occupancies are polynomials in x.

    Parameters
    ----------
    x
        Composition.
    model
        ``name``, ``space_group``; ``cell``, polynomials of a, b, c (angstrom), alpha, beta, gamma (degree); ``sites``
        by label, each with its ``position``, the polynomials of its ``species`` and ``u_iso`` or ``u_aniso``
        (angstrom^2).

    Raises
    ------
    ValueError
        If an occupancy is below zero, those of a site are above one together, or displacements cannot be.
    """
    a, b, c, alpha, beta, gamma = (polynomial(model["cell"][k], x) for k in ("a", "b", "c", "alpha", "beta", "gamma"))
    sites = []
    for label, site in model["sites"].items():
        held = {element: polynomial(coefficients, x) for element, coefficients in site["species"].items()}
        if min(held.values()) < 0 or sum(held.values()) > 1 + 1e-9:
            raise ValueError(f"x = {x} gives occupancies {held} of {label}")
        species = tuple((element, p) for element, p in held.items() if p > 0)
        place = (*site["position"],)
        if "u_aniso" in site:
            sites.append(Site(label, place, species, 0.0, (*site["u_aniso"],)))
        else:
            sites.append(Site(label, place, species, site["u_iso"]))
    structure = Structure(model["name"], (a, b, c, alpha, beta, gamma), model["space_group"], tuple(sites))
    return replace(structure, sites=tuple(_with_smallest(structure, site) for site in sites))


def _with_smallest(structure: Structure, site: Site) -> Site:
    """The site with the smallest of its directions' displacements as ``u_iso``, which must be above 0."""
    if site.u_aniso is None:
        return site
    smallest = float(np.linalg.eigvalsh(structure.displacement(site))[0])
    if smallest <= 0:
        raise ValueError(f"the displacements of {site.label} are {smallest:g} angstrom^2 along one direction")
    return replace(site, u_iso=smallest)


def main_phase(x: float, series: Mapping[str, Any]) -> tuple[Structure, float]:
    """The main phase of a series at a composition, and its delta2 (angstrom^2)."""
    if "crystal" in series:
        return solid_solution(x, series["crystal"]), float(series["crystal"]["delta2"])
    return cryolite(x, series["cryolite"]), float(series["cryolite"]["delta2"])


def cryolite(x: float, model: Mapping[str, Any]) -> Structure:
    """Cryolite-type Na(3-x)In(1-x)Zr(x)Cl6 in P 1 21/n 1.

    Parameters
    ----------
    x
        Zirconium content.
    model
        Polynomials in x: ``a b c`` (angstrom), ``beta`` (degree), ``occupancy_4e``, ``bond`` (mean M-Cl, angstrom),
        ``rotation_b`` and ``rotation_c`` (degrees the octahedron has turned about the b axis and about the direction
        perpendicular to a and b); ``chlorine``, the reference coordinates of Cl1 to Cl3 in ``reference_cell``;
        ``sodium``, coordinates of 4e; ``u_iso`` by label.

    Returns
    -------
    The structure; Na on 2b is what charge balance leaves, 3 - x - 2 occ(4e).
    """
    a, b, c, beta = (polynomial(model[k], x) for k in ("a", "b", "c", "beta"))
    cell = (a, b, c, 90.0, beta, 90.0)
    frame = Structure("frame", cell, "P 1 21/n 1", ()).vectors()
    reference = Structure("reference", (*model["reference_cell"],), "P 1 21/n 1", ()).vectors()
    bonds = np.array([reference @ np.asarray(model["chlorine"][label]) for label in ("Cl1", "Cl2", "Cl3")])
    bonds *= polynomial(model["bond"], x) / np.linalg.norm(bonds, axis=1).mean()
    turn = rotation((0, 0, 1), polynomial(model["rotation_c"], x)) @ rotation(
        (0, 1, 0), polynomial(model["rotation_b"], x)
    )
    chlorine = np.linalg.solve(frame, turn @ bonds.T).T
    occupancy_4e = polynomial(model["occupancy_4e"], x)
    occupancy_2b = 3 - x - 2 * occupancy_4e
    if not (0 <= occupancy_2b <= 1 and 0 <= occupancy_4e <= 1 and 0 <= x <= 1):
        raise ValueError(f"x = {x} gives occupancies {occupancy_2b} (2b) and {occupancy_4e} (4e)")
    u = model["u_iso"]
    metals = tuple((el, p) for el, p in (("In", 1 - x), ("Zr", x)) if p > 0)
    sites = (
        Site("M1", (0.0, 0.0, 0.0), metals, u["M1"]),
        Site("Na1", (0.0, 0.0, 0.5), (("Na", occupancy_2b),), u["Na1"]),
        Site("Na2", (*model["sodium"],), (("Na", occupancy_4e),), u["Na2"]),
        *(
            Site(label, (float(where[0]), float(where[1]), float(where[2])), (("Cl", 1.0),), u[label])
            for label, where in zip(("Cl1", "Cl2", "Cl3"), chlorine, strict=True)
        ),
    )
    return Structure("cryolite", cell, "P 1 21/n 1", sites)


def trigonal(model: Mapping[str, Any]) -> Structure:
    """Trigonal Na2ZrCl6 in P -3 m 1 (the type of K2GeF6), the side phase; ``model`` as in the configuration."""
    a, c = model["a"], model["c"]
    # A regular octahedron about the origin with bonds of the wanted length fixes the one chlorine site.
    x, z = model["bond"] * math.sqrt(2 / 3) / (math.sqrt(3) * a), model["bond"] / math.sqrt(3) / c
    u = model["u_iso"]
    sites = (
        Site("Zr1", (0.0, 0.0, 0.0), (("Zr", 1.0),), u["Zr1"]),
        Site("Na1", (1 / 3, 2 / 3, model["sodium_z"]), (("Na", 1.0),), u["Na1"]),
        Site("Cl1", (x, -x, z), (("Cl", 1.0),), u["Cl1"]),
    )
    return Structure("trigonal", (a, a, c, 90.0, 90.0, 120.0), "P -3 m 1", sites)


def lanthanum_hexaboride(model: Mapping[str, Any]) -> Structure:
    """LaB6 in P m -3 m with the lattice parameter, boron coordinate and displacements of the configuration."""
    a = model["a"]
    sites = (
        Site("La1", (0.0, 0.0, 0.0), (("La", 1.0),), model["u_iso"]["La1"]),
        Site("B1", (model["boron_x"], 0.5, 0.5), (("B", 1.0),), model["u_iso"]["B1"]),
    )
    return Structure("LaB6", (a, a, a, 90.0, 90.0, 90.0), "P m -3 m", sites)
