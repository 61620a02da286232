"""Structures as files: CIF, and through diffpy.structure the ``.stru`` of PDFgui, ``.pdb`` and ``.xyz``.

A ``.stru`` lists every atom of the cell, and so may a ``.pdb``: where the space group that the file names holds for the
atoms listed, they become its asymmetric unit again. An ``.xyz`` has a cell only where its second line says
``Lattice="ax ay az bx by bz cx cy cz"`` (angstrom), as extended files do.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from coherion.as_read import took
from coherion.atoms.elements import DEUTERIUM, ELEMENTS
from coherion.crystal.cif_input import DEFAULT_U_ISO, FARTHEST, LARGEST_U, merged, read_cif, with_origin
from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.propagation import propagated
from coherion.crystal.symmetry import (
    VOIGT,
    displacement_frame,
    find_operations,
    operation_arrays,
    origin_choices,
    symmetric_tensor,
)
from coherion.errors import InputError
from coherion.messages import warn

# Fraction of the cell within which two listed atoms are images of each other: files carry four to eight decimals.
SAME_PLACE = 1e-3
_LATTICE = re.compile(r'Lattice\s*=\s*"([^"]*)"', re.IGNORECASE)
_CHARGE = re.compile(r"(\d*[+-]|[+-]\d+)$")


def read_structure(path: str | os.PathLike[str], name: str | None = None) -> Crystal:
    """The structure in a file, by its ending ``.stru``, ``.pdb``, ``.xyz``, and as a CIF otherwise.

    Raises
    ------
    InputError
        Naming the file, if it cannot be read as what its ending says, has no cell, or is no crystal.
    """
    kind = Path(path).suffix.lower().lstrip(".")
    if kind not in ("stru", "pdb", "xyz"):
        return read_cif(path, name)
    file = os.fspath(path)
    try:
        text = took(path, Path(path).read_bytes()).decode("utf-8", "replace")
    except (OSError, ValueError) as problem:
        found = getattr(problem, "strerror", None) or problem
        raise InputError("the structure cannot be read", file=file, found=found) from problem
    try:
        listed, symbol = _parsed(text, kind)
        return _crystal(listed, symbol, name or Path(file).stem, file, kind)
    except InputError as problem:
        raise problem.in_file(file) from None


def _parsed(text: str, kind: str) -> tuple[Any, str]:
    """diffpy.structure's structure, and the symbol of the space group, empty where none is named."""
    from diffpy.structure import Lattice
    from diffpy.structure.parsers import getParser

    lines = text.splitlines()
    base = None
    if kind == "xyz":
        stated = _LATTICE.search(lines[1]) if len(lines) > 1 else None
        if stated is None:
            raise InputError(
                "an .xyz file says nothing of the cell, and a crystal needs one",
                place="line 2",
                found=lines[1].strip()[:60] if len(lines) > 1 else "nothing",
                expected='Lattice="ax ay az bx by bz cx cy cz" in angstrom',
                advice="add that, or give the structure as .cif or .stru",
            )
        try:
            base = np.array([float(word) for word in stated[1].split()]).reshape(3, 3)
        except ValueError as problem:
            raise InputError("not a cell", place="line 2", found=stated[0], expected="nine numbers") from problem
        # Extended files have further columns, which the element and the place come before.
        lines = [*lines[:2], *(" ".join(line.split()[:4]) for line in lines[2:])]
    try:
        parser = getParser("pdffit" if kind == "stru" else kind)
        made = parser.parseLines(lines)
        if base is not None:
            cartesian = [atom.xyz.copy() for atom in made]
            made.lattice = Lattice(base=base)
            for atom, place in zip(made, cartesian, strict=True):
                atom.lattice = made.lattice
                atom.xyz_cartn = place
    # What its parsers raise on a file that is none is not declared: StopIteration, UnboundLocalError and others.
    except Exception as problem:
        raise InputError(f"not a .{kind} file", found=problem, expected=_EXPECTED[kind]) from problem
    symbol = ""
    if kind == "stru":
        symbol = str(made.pdffit.get("spcgr", ""))
    elif kind == "pdb":
        cell = next((line for line in lines if line.startswith("CRYST1")), None)
        if cell is None:
            raise InputError("the .pdb file holds no cell", expected="a record CRYST1")
        symbol = cell[55:66]
    return made, " ".join(symbol.split())


_EXPECTED = {
    "stru": "a structure as PDFgui and PDFfit write it (format pdffit)",
    "pdb": "records CRYST1 and ATOM or HETATM in their columns",
    "xyz": "the number of atoms, a line of text, then element, x, y, z",
}


def _crystal(listed: Any, symbol: str, name: str, file: str, kind: str) -> Crystal:
    a, b, c, alpha, beta, gamma = (float(value) for value in listed.lattice.abcABG())
    lattice = (a, b, c, alpha, beta, gamma)
    if not all(np.isfinite(lattice)):
        raise InputError("not a usable cell", found=" ".join(f"{value:g}" for value in lattice))
    if not len(listed):
        raise InputError(f"the .{kind} file lists no atoms")
    sites = _sites(listed, file)
    if symbol and symbol != "P1":
        try:
            symbol, _ = find_operations(symbol, alpha=alpha, gamma=gamma)
        except InputError:
            warn(f"{file}: the space group {symbol!r} is not known; the atoms are taken without symmetry")
            return Crystal(name, lattice, "P 1", tuple(merged(sites)))
        for choice in origin_choices(symbol):
            full, operations = find_operations(choice, alpha=alpha, gamma=gamma)
            unit = _asymmetric_unit(sites, operations)
            if unit is not None:
                return Crystal(name, lattice, full, tuple(merged(unit)), operations)
        if kind == "pdb":
            return with_origin(name, lattice, symbol, tuple(merged(sites)), file)
        warn(f"{file}: the atoms do not follow the space group {symbol}; they are taken without symmetry")
    return Crystal(name, lattice, "P 1", tuple(merged(sites)))


def _sites(listed: Any, file: str) -> list[Site]:
    counts: dict[str, int] = {}
    ions, bare, made = [], [], []
    for number, atom in enumerate(listed, 1):
        element = _CHARGE.sub("", atom.element)
        if element != atom.element:
            ions.append(atom.element)
        if element not in (*ELEMENTS, DEUTERIUM):
            raise InputError(
                "unknown element", place=f"atom {number}", found=atom.element, expected="a chemical symbol such as Na"
            )
        counts[element] = counts.get(element, 0) + 1
        label = f"{element}{counts[element]}"
        if not (np.all(np.isfinite(atom.xyz)) and np.all(np.abs(atom.xyz) < FARTHEST)):
            raise InputError("not a usable place", place=f"atom {number}", found=atom.xyz)
        if not 0 <= atom.occupancy <= 1.0 + 1e-3:
            raise InputError(
                "not a usable occupancy", place=f"atom {number}", found=atom.occupancy, expected="a number from 0 to 1"
            )
        u = np.array(atom.U, float)
        if not np.all(np.abs(u) < LARGEST_U):
            raise InputError("not a usable displacement", place=f"atom {number}", found=u.ravel())
        # Equal entries and no others are meant as isotropic, also where the axes are oblique.
        same = np.allclose(u, u[0, 0] * np.eye(3), atol=1e-9)
        equivalent = float(u[0, 0] if same else atom.Uisoequiv)
        x, y, z = map(float, atom.xyz)
        species = ((element, float(atom.occupancy)),)
        if atom.anisotropy and not same:
            u11, u22, u33, u12, u13, u23 = (float(u[i, j]) for i, j in VOIGT)
            made.append(Site(label, (x, y, z), species, None, (u11, u22, u33, u12, u13, u23)))
            continue
        if not equivalent > 0:
            bare.append(label)
            equivalent = DEFAULT_U_ISO
        made.append(Site(label, (x, y, z), species, equivalent))
    if ions:
        warn(f"{file}: the ion labels {', '.join(dict.fromkeys(ions))} are read as neutral elements")
    if bare:
        warn(f"{file}: no displacement for {', '.join(bare)}; u_iso starts at {DEFAULT_U_ISO} angstrom^2")
    return made


def _asymmetric_unit(sites: Sequence[Site], operations: Sequence[str]) -> list[Site] | None:
    """The first site of each set of equivalent ones, or None if a set is not complete."""
    from diffpy.structure.spacegroupmod import SpaceGroup, SymOp
    from diffpy.structure.symmetryutilities import GeneratorSite, SymmetryConstraints

    group = SpaceGroup(symop_list=[SymOp(r, t) for r, t in zip(*operation_arrays(operations), strict=True)])
    kept = []
    for key in dict.fromkeys(site.species for site in sites):
        alike = [site for site in sites if site.species == key]
        places = [site.position for site in alike]
        constraints = SymmetryConstraints(group, places, eps=SAME_PLACE)
        for first, images in constraints.coremap.items():
            if GeneratorSite(group, np.array(places[first]), eps=SAME_PLACE).multiplicity != len(images):
                return None
            kept.append((sites.index(alike[first]), alike[first]))
    counts: dict[str, int] = {}
    made = []
    for _, site in sorted(kept, key=lambda pair: pair[0]):
        element = site.species[0][0]
        counts[element] = counts.get(element, 0) + 1
        made.append(Site(f"{element}{counts[element]}", site.position, site.species, site.u_iso, site.u_aniso))
    return made


def stru_text(
    crystal: Crystal,
    parameters: Sequence[str] = (),
    covariance: np.ndarray | None = None,
    *,
    model: Mapping[str, float] | None = None,
) -> str:
    """The crystal as PDFgui's ``.stru``: every atom of the cell, with standard uncertainties.

    Parameters
    ----------
    crystal
        With its refined values.
    parameters, covariance
        Names of n free parameters that have an uncertainty, and their covariance (n, n) in the parameters' units.
    model
        What the format knows of the pair model: ``scale``, ``delta1`` (angstrom), ``delta2`` (angstrom^2) and
        ``spdiameter`` (angstrom).
    """
    from diffpy.structure import Atom, Lattice, PDFFitStructure

    numbers = stru_numbers(crystal)
    sds = np.zeros(len(numbers))
    if covariance is not None and len(parameters):
        spread = propagated(stru_numbers, crystal, list(parameters), np.asarray(covariance))
        sds = np.sqrt(np.diag(spread).clip(0.0))
    made = PDFFitStructure(title=crystal.name)
    made.lattice = Lattice(*crystal.lattice)
    made.pdffit.update(model or {}, spcgr=crystal.space_group, dcell=sds[:6].tolist())
    expanded = crystal.expand()
    rows = zip(numbers[6:].reshape(-1, 10), sds[6:].reshape(-1, 10), strict=True)
    for index in expanded.site:
        for element, _ in crystal.sites[index].species:
            row, sd = next(rows)
            atom = Atom(element, xyz=row[:3], lattice=made.lattice, occupancy=row[9], U=symmetric_tensor(row[3:9]))
            atom.sigxyz, atom.sigo, atom.sigU = sd[:3], sd[9], symmetric_tensor(sd[3:9])
            made.append(atom, copy=False)
    return made.writeStr("pdffit")


def stru_numbers(crystal: Crystal) -> np.ndarray:
    """a, b, c, alpha, beta, gamma, then for each element of each atom x, y, z, the six of the CIF's U, occupancy."""
    expanded = crystal.expand()
    inverse = np.linalg.inv(displacement_frame(np.asarray(crystal.lattice, float)))
    numbers = list(crystal.lattice)
    for place, tensor, index in zip(expanded.positions, expanded.u_cartesian, expanded.site, strict=True):
        u = inverse @ tensor @ inverse.T
        for _, occupancy in crystal.sites[index].species:
            numbers += [*place, *(u[i, j] for i, j in VOIGT), occupancy]
    return np.array(numbers)
