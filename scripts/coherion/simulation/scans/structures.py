"""Structures the simulated powders are made of: every atom of the cell, with who may sit there and how it moves.

The cryolite-type solid solution follows what the paper says of Na(3-x)In(1-x)Zr(x)Cl6 (J. Mater. Chem. A 12 (2024)
7015): a, b, c shrink slowly up to x = 0.5 and faster beyond, beta opens, In and Zr share 2a, sodium leaves 2b first,
the octahedron shrinks and rotates. The numbers themselves are assumptions of ours and stand in
``config/simulation.yaml``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    """

    label: str
    position: tuple[float, float, float]
    species: tuple[tuple[str, float], ...]
    u_iso: float


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
        by label, each with its ``position``, the polynomials of its ``species`` and ``u_iso`` (angstrom^2).

    Raises
    ------
    ValueError
        If an occupancy is below zero, or those of a site are above one together.
    """
    a, b, c, alpha, beta, gamma = (polynomial(model["cell"][k], x) for k in ("a", "b", "c", "alpha", "beta", "gamma"))
    sites = []
    for label, site in model["sites"].items():
        held = {element: polynomial(coefficients, x) for element, coefficients in site["species"].items()}
        if min(held.values()) < 0 or sum(held.values()) > 1 + 1e-9:
            raise ValueError(f"x = {x} gives occupancies {held} of {label}")
        species = tuple((element, p) for element, p in held.items() if p > 0)
        sites.append(Site(label, (*site["position"],), species, site["u_iso"]))
    return Structure(model["name"], (a, b, c, alpha, beta, gamma), model["space_group"], tuple(sites))


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
