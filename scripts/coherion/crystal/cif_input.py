"""A CIF's starting structure as a Crystal, with every refusal naming file and field."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from coherion.as_read import took
from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.symmetry import find_operations, origin_choices, orthogonalisation, usual_spelling
from coherion.errors import InputError
from coherion.messages import warn

Lattice = tuple[float, float, float, float, float, float]
Six = tuple[float, float, float, float, float, float]

# Where a CIF states no displacement at all (angstrom^2): of the size of a salt at room temperature.
DEFAULT_U_ISO = 0.01
# Beyond these a number was misread: angstrom, cells, angstrom^2.
LONGEST_CELL, FARTHEST, LARGEST_U = 1e4, 1e3, 100.0
# Half of the atoms of no solid move by more (angstrom^2): such numbers are B = 8 pi^2 U.
USUAL_U = 0.25
# Half of the atoms of no solid move by less than this, not even at 4 K: such numbers under B are U.
LEAST_OF_B = 6e-4
# Cells that no atom of a list is away, and angstrom^3 that no solid has for each atom.
FAR, SPARSE = 2.0, 200.0


def read_cif(path: str | os.PathLike[str], name: str | None = None) -> Crystal:
    """The first structure of a CIF as a :class:`Crystal`, named after the file if no name is given.

    Ion labels (In3+) fall back to the element, and absent displacements to 0.01 angstrom^2, with a warning.
    Sites at the same position with different elements become one shared site, named after the first.

    Raises
    ------
    InputError
        Naming file and field, if the file is no CIF, names no symmetry, holds an unknown element or a number
        that cannot be read, or atoms overlap.
    """
    import gemmi

    file = os.fspath(path)
    try:
        data = took(path, Path(path).read_bytes())
    except (OSError, ValueError) as problem:
        found = getattr(problem, "strerror", None) or problem
        raise InputError("the CIF cannot be read", file=file, found=found, expected="a .cif file") from problem
    # gemmi hands out text as UTF-8 and fails wherever a name of an author in another encoding is asked for.
    text = data.decode("utf-8", "replace")
    try:
        document = gemmi.cif.read_string(text)
    except (ValueError, RuntimeError, OSError) as problem:
        raise InputError("not a CIF", file=file, found=problem, expected="the syntax of CIF") from problem
    with_cell = [b for b in document if b.find_value("_cell_length_a")]
    if not with_cell:
        raise InputError("the CIF holds no unit cell", file=file, place="_cell_length_a")
    whole = [b for b in with_cell if b.find_values("_atom_site_label") or b.find_values("_atom_site_type_symbol")]
    block = (whole or with_cell)[0]
    if len(whole) > 1:
        others = ", ".join(b.name for b in whole[1:])
        warn(f"{file}: holds {len(whole)} structures; {block.name} is read, not {others}: give each a file of its own")
    try:
        lattice = _lattice(block)
        try:
            small = gemmi.make_small_structure_from_block(block)
        except (ValueError, RuntimeError) as problem:
            raise InputError(
                "a number of the CIF cannot be read", place=f"data_{block.name}", found=problem
            ) from problem
        stated = usual_spelling(small.spacegroup_hm or _text(block, "_space_group_name_H-M_alt"))
        number = small.spacegroup_number or int(_number(block, "_space_group_IT_number", 0.0))
        listed = small.symops or _hall_operations(block)
        try:
            symbol, operations = find_operations(
                stated, number=number, triplets=listed, alpha=lattice[3], gamma=lattice[5]
            )
        except InputError as problem:
            problem.place = "_symmetry_equiv_pos_as_xyz, _symmetry_space_group_name_H-M"
            raise
        if small.symops:
            _warn_if_another_group(stated, symbol, file)
        sites = tuple(merged(_sites(small, block, file)))
        if not sites:
            raise InputError("the CIF lists no atoms", place="_atom_site_label")
        named = name or Path(file).stem
        if listed or ":" in stated:
            made = Crystal(named, lattice, symbol, sites, operations)
        else:
            made = with_origin(named, lattice, symbol, sites, file)
        _warn_if_other_units(made, file)
        return made
    except InputError as problem:
        raise problem.in_file(file) from None


def _warn_if_another_group(stated: str, symbol: str, file: str) -> None:
    """Tell where the listed operations are those of another group than the symbol beside them names."""
    import gemmi

    named, listed = (gemmi.find_spacegroup_by_name(one) if one.strip(" ?.") else None for one in (stated, symbol))
    if named is not None and listed is not None and named.number != listed.number:
        warn(f"{file}: the operations are those of {symbol}, the symbol says {stated}: the operations are taken")


def _hall_operations(block) -> list[str]:
    """Operations of a Hall symbol, which names the origin too; empty where there is none."""
    import gemmi

    symbol = _text(block, "_space_group_name_Hall") or _text(block, "_symmetry_space_group_name_Hall")
    if not symbol.strip(" ?."):
        return []
    try:
        return [operation.triplet() for operation in gemmi.symops_from_hall(symbol)]
    except (ValueError, RuntimeError):
        return []


def with_origin(name: str, lattice: Lattice, symbol: str, sites: tuple[Site, ...], file: str) -> Crystal:
    """The crystal with the origin that a symbol leaves open, where International Tables give two.

    The origin that belongs to the coordinates puts the atoms on the special positions: that with fewer atoms in the
    cell. Where both give as many, nothing tells.
    """
    choices = origin_choices(symbol)
    found, problems = [], []
    for choice in choices:
        try:
            found.append(Crystal(name, lattice, choice, sites))
        except InputError as problem:
            problems.append(problem)
    if not found:
        raise problems[0]
    counts = [sum(crystal.composition.values()) for crystal in found]
    best = found[int(np.argmin(counts))]
    if len(choices) > 1:
        told = bool(problems) or counts[0] != counts[1]
        why = "it puts the atoms on special positions" if told else "the coordinates do not tell"
        warn(
            f"{file}: {symbol.partition(':')[0]} has two origins and the file names none; {best.space_group} is "
            f"taken: {why} (list the operations to be sure)"
        )
    return best


def _lattice(block) -> Lattice:
    tags = [f"_cell_length_{k}" for k in "abc"] + [f"_cell_angle_{k}" for k in ("alpha", "beta", "gamma")]
    values = []
    for tag in tags:
        value = _number(block, tag, math.nan)
        limit = LONGEST_CELL if "length" in tag else 180.0
        if not 0 < value < limit:
            raise InputError(
                "not a usable lattice parameter",
                place=tag,
                found=_text(block, tag) or "nothing",
                expected=f"a number above 0 and below {limit:g}",
            )
        values.append(value)
    return tuple(values)  # type: ignore[return-value]


def _text(block, tag: str) -> str:
    import gemmi

    found = block.find_value(tag)
    return gemmi.cif.as_string(found) if found else ""


def _number(block, tag: str, missing: float) -> float:
    import gemmi

    found = block.find_value(tag)
    return gemmi.cif.as_number(found, missing) if found else missing


def _warn_if_other_units(crystal: Crystal, file: str) -> None:
    """Tell what looks like a cell or coordinates in other units, or occupancies that are multiplicities."""
    far = [site.label for site in crystal.sites if np.max(np.abs(site.position)) >= FAR]
    if far:
        names = ", ".join(far)
        warn(f"{file}: {names} stand {FAR:g} cells away or more: coordinates are fractions of the cell, not angstrom")
    atoms = sum(crystal.composition.values())
    if atoms > 0 and crystal.volume / atoms > SPARSE:
        warn(
            f"{file}: {crystal.volume / atoms:.4g} angstrom^3 for each atom, where {SPARSE:g} are many: is the cell in "
            "angstrom, are occupancies those of the sites (1 where full), not multiplicities, and are all atoms listed?"
        )


def _sites(small, block, file: str) -> list[Site]:
    labels: set[str] = set()
    ions, bare = [], []
    made = []
    are_b = _given_as_b(small, block, file)
    factor = _of_b_that_is_u(small, block, file)
    tensors = _tensors_of_b(block) | _tensors_of_beta(block)
    are_tensors_of_b = _tensors_given_as_b(small, block, file)
    thirds = _thirds(block) if _number(block, "_cell_angle_gamma", 90.0) == 120.0 else {}
    types = dict(zip(block.find_values("_atom_site_label"), block.find_values("_atom_site_type_symbol"), strict=False))
    for entry in small.sites:
        element = entry.element.name
        stated = entry.type_symbol or types.get(entry.label, "") or entry.label
        if entry.element.atomic_number == 0:
            raise InputError(
                "unknown element",
                place=f"_atom_site_type_symbol of {entry.label}",
                found=stated,
                expected="a chemical symbol such as Na",
            )
        if entry.type_symbol and entry.type_symbol.strip().capitalize() != element:
            ions.append(entry.type_symbol)
        label = entry.label
        count = 1
        while label in labels:
            count += 1
            label = f"{entry.label}_{count}"
        if label != entry.label:
            warn(f"{file}: the label {entry.label} stands twice; the second site is called {label}")
        labels.add(label)
        position = thirds.get(entry.label, (entry.fract.x, entry.fract.y, entry.fract.z))
        if not np.all(np.abs(position) < FARTHEST):
            raise InputError(
                "a coordinate is not a number, or far from the cell",
                place=f"_atom_site_fract_x of {label}",
                found=" ".join(f"{x:g}" for x in position),
                expected="fractions of the cell",
            )
        # Zero is where a refinement may end; its CIF is read like any other.
        if not (math.isfinite(entry.occ) and 0 <= entry.occ <= 1.0 + 1e-3):
            raise InputError(
                "not a usable occupancy",
                place=f"_atom_site_occupancy of {label}",
                found=entry.occ,
                expected="a number from 0 to 1",
            )
        u_iso: float | None = entry.u_iso * factor / (8 * math.pi**2 if entry.label in are_b else 1.0)
        u_aniso = None
        a = entry.aniso
        tensor = (a.u11, a.u22, a.u33, a.u12, a.u13, a.u23) if a.nonzero() else tensors.get(entry.label)
        if tensor is not None:
            if entry.label in are_tensors_of_b:
                u11, u22, u33, u12, u13, u23 = (number / (8 * math.pi**2) for number in tensor)
                tensor = (u11, u22, u33, u12, u13, u23)
            u_iso, u_aniso = None, tensor
            if not np.all(np.abs(u_aniso) < LARGEST_U):
                raise InputError(
                    "not a usable displacement",
                    place=f"_atom_site_aniso_U_11 of {label}",
                    found=" ".join(f"{u:g}" for u in u_aniso),
                    expected=f"numbers below {LARGEST_U:g} angstrom^2",
                )
        elif u_iso is not None and u_iso >= LARGEST_U:
            raise InputError(
                "not a usable displacement",
                place=f"_atom_site_U_iso_or_equiv of {label}",
                found=u_iso,
                expected=f"a number below {LARGEST_U:g} angstrom^2",
            )
        elif not (u_iso is not None and math.isfinite(u_iso) and u_iso > 0):
            bare.append(label)
            u_iso = DEFAULT_U_ISO
        made.append(Site(label, position, ((element, entry.occ),), u_iso, u_aniso))
    if ions:
        warn(f"{file}: the ion labels {', '.join(dict.fromkeys(ions))} are read as neutral elements")
    if bare:
        warn(f"{file}: no displacement for {', '.join(bare)}; u_iso starts at {DEFAULT_U_ISO} angstrom^2")
    return made


def _kinds_of_displacement(block) -> dict[str, str]:
    """What a CIF calls the displacement of each site, by label and in small letters: uiso, bani and the like."""
    return {
        label: kind.strip("'\"").lower()
        for tag in ("_atom_site_adp_type", "_atom_site_thermal_displace_type")
        for label, kind in block.find(["_atom_site_label", tag])
    }


def _tensors_given_as_b(small, block, file: str) -> set[str]:
    """Labels of sites whose numbers under U_11 to U_23 are B: said by adp_type, or told by the size of all of them."""
    if not block.find_values("_atom_site_aniso_U_11"):
        return set()
    kinds = _kinds_of_displacement(block)
    means = {s.label: (s.aniso.u11 + s.aniso.u22 + s.aniso.u33) / 3 for s in small.sites if s.aniso.nonzero()}
    said = [label for label in means if kinds.get(label) == "bani"]
    if said:
        warn(f"{file}: adp_type Bani: the numbers under aniso_U of {', '.join(said)} are read as B = 8 pi^2 U")
        return set(said)
    if not means or not USUAL_U < float(np.median(list(means.values()))) < LARGEST_U:
        return set()
    if "uani" in kinds.values():
        warn(f"{file}: the numbers under aniso_U are large for U (angstrom^2); if they are B, say adp_type Bani")
        return set()
    warn(f"{file}: the numbers under aniso_U are too large for U and are read as B = 8 pi^2 U")
    return set(means)


def _given_as_b(small, block, file: str) -> set[str]:
    """Labels of sites whose number under U_iso_or_equiv is B: said by adp_type, or told by the size of all of them."""
    if not block.find_values("_atom_site_U_iso_or_equiv"):
        return set()
    kinds = _kinds_of_displacement(block)
    said = {label for label, kind in kinds.items() if kind == "biso"}
    if said:
        warn(f"{file}: adp_type Biso: the numbers under U_iso_or_equiv of {', '.join(said)} are read as B = 8 pi^2 U")
        return said
    values = [site.u_iso for site in small.sites if not site.aniso.nonzero() and site.u_iso > 0]
    if not values or not USUAL_U < float(np.median(values)) < LARGEST_U:
        return set()
    if "uiso" in kinds.values():
        warn(f"{file}: the numbers under U_iso_or_equiv are large for U (angstrom^2); if they are B, say adp_type Biso")
        return set()
    warn(f"{file}: the numbers under U_iso_or_equiv are too large for U and are read as B = 8 pi^2 U")
    return {site.label for site in small.sites}


def _of_b_that_is_u(small, block, file: str) -> float:
    """What to multiply displacements with: 8 pi^2 where the numbers under B are as small as only those of U are."""
    values = [site.u_iso for site in small.sites if not site.aniso.nonzero() and site.u_iso > 0]
    if not block.find_values("_atom_site_B_iso_or_equiv") or block.find_values("_atom_site_U_iso_or_equiv"):
        return 1.0
    if not values or float(np.median(values)) > LEAST_OF_B:
        return 1.0
    warn(f"{file}: the numbers under B_iso_or_equiv are too small for B and are read as U = B / (8 pi^2)")
    return 8 * math.pi**2


def _tensors_of_b(block) -> dict[str, Six]:
    """U by label where the anisotropic displacements are given as B = 8 pi^2 U."""
    import gemmi

    made = {}
    for row in block.find("_atom_site_aniso_", ["label", *(f"B_{i}" for i in ("11", "22", "33", "12", "13", "23"))]):
        u11, u22, u33, u12, u13, u23 = (
            gemmi.cif.as_number(text, math.nan) / (8 * math.pi**2) for text in list(row)[1:]
        )
        six = (u11, u22, u33, u12, u13, u23)
        if all(map(math.isfinite, six)) and any(six):
            made[gemmi.cif.as_string(row[0])] = six
    return made


def _tensors_of_beta(block) -> dict[str, Six]:
    """U by label where the displacements are given as beta_ij = 2 pi^2 a*_i a*_j U_ij."""
    import gemmi

    pairs = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
    names = [f"beta_{i + 1}{j + 1}" for i, j in pairs]
    rows = block.find("_atom_site_aniso_", ["label", *names])
    if not len(rows):
        return {}
    reciprocal = np.linalg.norm(np.linalg.inv(orthogonalisation(np.array(_lattice(block)))), axis=1)
    made = {}
    for row in rows:
        u11, u22, u33, u12, u13, u23 = (
            gemmi.cif.as_number(text, math.nan) / (2 * math.pi**2 * float(reciprocal[i] * reciprocal[j]))
            for text, (i, j) in zip(list(row)[1:], pairs, strict=True)
        )
        six = (u11, u22, u33, u12, u13, u23)
        if all(map(math.isfinite, six)) and any(six):
            made[gemmi.cif.as_string(row[0])] = six
    return made


# Thirds and sixths as files write them with few digits, rounded or cut: 0.33, 0.667, 0.6666.
_WRITTEN_THIRDS = {
    text: n / 6
    for n in (1, 2, 4, 5)
    for digits in (2, 3, 4, 5)
    for text in (f"{n / 6:.{digits}f}", f"{n / 6:.{digits + 2}f}"[:-2])
}


def _thirds(block) -> dict[str, tuple[float, float, float]]:
    """Coordinates by label with the thirds that few digits stand for, of the sites that have such.

    The exact fraction is within the rounding of what is written, so nothing but a special position is gained.
    """
    import gemmi

    made = {}
    for label, *texts in block.find("_atom_site_", ["label", "fract_x", "fract_y", "fract_z"]):
        # A number with its uncertainty was measured, and a coordinate may begin with the point.
        exact = [_WRITTEN_THIRDS.get(f"0.{text.lstrip('-+').lstrip('0').removeprefix('.')}") for text in texts]
        if any(e is not None for e in exact):
            x, y, z = (
                gemmi.cif.as_number(text, math.nan) if e is None else math.copysign(e, gemmi.cif.as_number(text))
                for e, text in zip(exact, texts, strict=True)
            )
            made[gemmi.cif.as_string(label)] = (x, y, z)
    return made


def merged(sites: Sequence[Site]) -> list[Site]:
    """Sites at one position become one shared site, unless together they hold more than a whole atom."""
    made: list[Site] = []
    for site in sites:
        for n, other in enumerate(made):
            gap = np.subtract(site.position, other.position)
            elements = [element for element, _ in other.species]
            if (
                np.all(np.abs(gap - np.round(gap)) < 1e-4)
                and site.species[0][0] not in elements
                and site.occupancy + other.occupancy <= 1.0 + 1e-3
            ):
                made[n] = Site(other.label, other.position, other.species + site.species, other.u_iso, other.u_aniso)
                break
        else:
            made.append(site)
    return made
