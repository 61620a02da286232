"""A CIF's starting structure as a Crystal, with every refusal naming file and field."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from coherion.as_read import took
from coherion.atoms.composition import parse_formula
from coherion.atoms.elements import DEUTERIUM, atomic_number
from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.symmetry import VOIGT, find_operations, origin_choices, orthogonalisation, usual_spelling
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
# Atoms of a formula unit, as share of it and one more, by which rounded formulas and sites differ.
SAME_FORMULA = 0.03
# A name of an item that has a point where older dictionaries have a line: category.item
_POINTED = re.compile(r"(?m)(^[ \t]*_[A-Za-z_]+)\.([A-Za-z])")
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
    text = data.decode("utf-8-sig", "replace")
    # Names with a point are those of the newest dictionaries (CIF 2): the same items.
    if "_cell.length_a" in text and "_cell_length_a" not in text:
        text = _POINTED.sub(r"\1_\2", text)
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
        if number > 2 and not listed and not stated.strip(" ?."):
            _warn_if_several_settings(number, file)
        try:
            symbol, operations = find_operations(
                stated, number=number, triplets=listed, alpha=lattice[3], gamma=lattice[5]
            )
        except InputError as problem:
            problem.place = "_symmetry_equiv_pos_as_xyz, _symmetry_space_group_name_H-M"
            raise
        _warn_if_another_number(number, symbol, file)
        if listed:
            _warn_if_another_group(stated, symbol, operations, file, "operations" if small.symops else "Hall symbol")
        modulated = _text(block, "_cell_modulation_dimension").strip()
        if modulated.isdigit() and int(modulated):
            warn(f"{file}: a modulated structure, read as its average without the modulation")
        sites = tuple(merged(_sites(small, block, file)))
        if not sites:
            raise InputError("the CIF lists no atoms", place="_atom_site_label")
        named = name or Path(file).stem
        if listed or ":" in stated:
            made = Crystal(named, lattice, symbol, sites, operations)
        else:
            made = with_origin(named, lattice, symbol, sites, file)
        _warn_if_other_units(made, file)
        _warn_if_another_formula(made, block, file)
        _warn_if_other_multiplicities(made, block, file)
        return made
    except InputError as problem:
        raise problem.in_file(file) from None


def _warn_if_another_group(stated: str, symbol: str, operations: Sequence[str], file: str, what: str) -> None:
    """Tell where the operations in use are those of another group, or setting, than the symbol beside them names."""
    import gemmi

    named, used = (gemmi.find_spacegroup_by_name(one) if one.strip(" ?.") else None for one in (stated, symbol))
    if named is None:
        return
    # A symbol leaves the origin, the axes of a rhombohedral cell or (short) the unique axis open.
    full, short = stated in (named.hm, named.xhm()), named.hm.replace(" 1", "")
    alike = [g for g in gemmi.spacegroup_table() if g.hm == named.hm or (not full and g.hm.replace(" 1", "") == short)]
    meant = [named] if ":" in stated else alike
    taken = {gemmi.Op(text).wrap().triplet() for text in operations}
    if used is not None and used.number != named.number:
        warn(f"{file}: the {what} are those of {symbol}, the symbol says {stated}: the {what} are taken")
    elif not any({op.wrap().triplet() for op in g.operations()} == taken for g in meant):
        warn(f"{file}: the {what} give {symbol}, a setting other than the symbol {stated} names: the {what} are taken")


def _warn_if_another_number(number: int, symbol: str, file: str) -> None:
    """Tell where symbol or operations are of another group than the number; 1 stands in many files that have more."""
    import gemmi

    used = gemmi.find_spacegroup_by_name(symbol)
    if used is not None and number > 1 and number != used.number:
        warn(f"{file}: the number of the space group is {number}, but {symbol}, which is taken, has {used.number}")


def _warn_if_several_settings(number: int, file: str) -> None:
    """Tell where a number of International Tables is all there is, and leaves axes or origin open."""
    import gemmi

    settings = [g.xhm() for g in gemmi.spacegroup_table() if g.number == number]
    # Two origins are chosen between by the atoms.
    if len(settings) > len(origin_choices(gemmi.find_spacegroup_by_number(number).xhm())):
        warn(
            f"{file}: the number {number} alone leaves the setting open ({', '.join(settings[:4])} ...): "
            f"{gemmi.find_spacegroup_by_number(number).xhm()} is taken; give the symbol or the operations"
        )


def _warn_if_another_formula(crystal: Crystal, block, file: str) -> None:
    """Tell where the sites do not hold what the file's own formula says: hydrogen without places, a wrong setting."""
    text = _text(block, "_chemical_formula_sum").strip()
    try:
        stated = parse_formula(text)
    except InputError:
        return
    found = crystal.composition
    ratios = sorted(found[e] / n for e, n in stated.items() if n > 0 and found.get(e, 0.0) > 0)
    if not ratios:
        return
    z = _number(block, "_cell_formula_units_Z", 0.0)

    def differing(units: float) -> list[str]:
        # Formulas are rounded.
        pairs = ((e, found.get(e, 0.0) / units, stated.get(e, 0.0)) for e in {**stated, **found})
        return [e for e, own, other in pairs if abs(own - other) > SAME_FORMULA * (1.0 + other)]

    units = min(ratios, key=lambda ratio: (len(differing(ratio)), abs(ratio - z) if z else ratio))
    off = differing(units)
    if off:
        each = ", ".join(f"{found.get(e, 0.0) / units:.4g} {e} in place of {stated.get(e, 0.0):g}" for e in off)
        warn(f"{file}: the sites hold other atoms than the file's formula {text}: {each}")
    # pymatgen writes the formula of the whole cell beside the Z of the reduced one.
    of_cell = bool(_text(block, "_chemical_formula_structural")) and abs(units - 1.0) < SAME_FORMULA
    if z > 0 and not off and not of_cell and abs(units / z - 1.0) > SAME_FORMULA:
        warn(
            f"{file}: the cell holds {units:.4g} times {text}, the file says Z = {z:g}: are symmetry, setting and "
            "occupancies right?"
        )


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


def _warn_if_other_multiplicities(crystal: Crystal, block, file: str) -> None:
    """Tell where sites have other multiplicities than the file says: another origin or setting than its own."""
    known = {site.label: crystal.multiplicity(site.label) for site in crystal.sites}
    off = []
    for row in _rows(block):
        text, found = row.get("symmetry_multiplicity", row.get("site_symmetry_multiplicity", "")), row.get("label", "")
        # Some programs write the order of the site symmetry under this name.
        order = len(crystal.operations) // known.get(found, 1)
        if text.isdigit() and found in known and int(text) not in (known[found], order):
            off.append(f"{found} {known[found]} in place of {text}")
    if off:
        warn(
            f"{file}: sites have other multiplicities than the file says, {', '.join(off)}: another origin or setting?"
        )


READ_OF_SITES = (
    *("label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy", "U_iso_or_equiv", "B_iso_or_equiv"),
    *("calc_flag", "attached_hydrogens", "symmetry_multiplicity", "site_symmetry_multiplicity"),
)
# An element with its charge, or its state as GSAS and ICSD write it (Cval, Siva); before it the mass of an isotope.
_TYPE = re.compile(r"(\d{0,3}-?)([A-Za-z]{1,2}?)(\d{0,3}\.?\d*[+-]?\d*|va[l]?)")


def _sites(small, block, file: str) -> list[Site]:
    import gemmi

    labels: set[str] = set()
    ions, isotopes, bare, dummies, unknown, hydrogen = [], [], [], [], [], []
    made = []
    rows = _rows(block)
    tensors = _tensors(block, [entry.label for entry in small.sites], file)
    isotropic = [k for k in range(len(small.sites)) if k not in tensors]
    are_b = _given_as_b(small, block, isotropic, file)
    factor = _of_b_that_is_u(small, block, isotropic, file)
    are_tensors_of_b = _tensors_given_as_b(small, block, tensors, file)
    hexagonal = _number(block, "_cell_angle_gamma", 90.0) == 120.0
    _warn_of_labels_alone(small, rows, file)
    for k, entry in enumerate(small.sites):
        row = rows[k] if k < len(rows) else {}
        if row.get("calc_flag", "").lower() == "dum":
            dummies.append(entry.label)
            continue
        element, isotope, ion = _element(entry, row)
        if isotope:
            isotopes.append(entry.type_symbol)
        elif ion:
            ions.append(entry.type_symbol)
        label = entry.label
        count = 1
        while label in labels:
            count += 1
            label = f"{entry.label}_{count}"
        if label != entry.label:
            warn(f"{file}: the label {entry.label} stands twice; the second site is called {label}")
        labels.add(label)
        # gemmi takes coordinates that no column holds for zero.
        written = [row.get(f"fract_{axis}", "") for axis in "xyz"]
        position = (entry.fract.x, entry.fract.y, entry.fract.z) if all(written) else (math.nan,) * 3
        if hexagonal:
            position = _with_thirds(position, written)
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
        if row.get("attached_hydrogens", "0").strip("?.0+-"):
            hydrogen.append(f"{row['attached_hydrogens']} on {label}")
        if row.get("occupancy") == "?":
            unknown.append(label)
        u_iso: float | None = entry.u_iso * factor / (8 * math.pi**2 if k in are_b else 1.0)
        if row.get("U_iso_or_equiv") in ("?", ".") and "B_iso_or_equiv" in row:
            u_iso = gemmi.cif.as_number(row["B_iso_or_equiv"], math.nan) / (8 * math.pi**2)
        u_aniso = None
        tensor = tensors.get(k)
        if tensor is not None:
            if k in are_tensors_of_b:
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
    for names, words in (
        (ions, "the ion labels {} are read as neutral elements"),
        (isotopes, "the isotopes {} are read as their elements of natural abundance"),
        (dummies, "{}: dummy atoms (calc_flag dum), left out"),
        (hydrogen, "hydrogen without places, {}, is left out (attached_hydrogens)"),
        (unknown, "the occupancy of {} is unknown (?) and starts at 1"),
        (bare, f"no displacement for {{}}; u_iso starts at {DEFAULT_U_ISO} angstrom^2"),
    ):
        if names:
            warn(f"{file}: {words.format(', '.join(dict.fromkeys(names)))}")
    return made


def _rows(block) -> list[dict[str, str]]:
    """The list of atoms as it is written: what each row says under each tag, without ``_atom_site_``."""
    import gemmi

    for first in ("label", "type_symbol"):
        own = [first, *(f"?{tag}" for tag in READ_OF_SITES if tag != first)]
        table = block.find("_atom_site_", own)
        if len(table):
            names = [tag.lstrip("?") for tag in own]
            return [
                {name: gemmi.cif.as_string(row[j]) for j, name in enumerate(names) if row.has(j)}
                | {name: row[j] for j, name in enumerate(names) if row.has(j) and row[j] in ("?", ".")}
                for row in table
            ]
    return []


def _element(entry, row: Mapping[str, str]) -> tuple[str, bool, bool]:
    """Symbol of a site's element, and whether an isotope or an ion was written.

    Raises
    ------
    InputError
        If what is written is no element.
    """
    import gemmi

    # Without a symbol gemmi takes the label for it.
    symbol = entry.type_symbol if row.get("type_symbol", "?").strip("?.") else ""
    stated = symbol or entry.label
    parts = _TYPE.fullmatch(stated)
    if symbol:
        # gemmi reads 7Li as no element at all, and H2O or Wat as hydrogen and tungsten.
        element = "X" if parts is None else gemmi.Element(parts[2].capitalize()).name
        if element == "H" and parts is not None and parts[1].rstrip("-") == "2":
            return DEUTERIUM, False, False
    else:
        element = _element_of(entry.label)
    if element == "X":
        raise InputError(
            "unknown element",
            place=f"_atom_site_type_symbol of {entry.label}",
            found=stated,
            expected="a chemical symbol such as Na",
        )
    bare = parts is None or not symbol or (not parts[1] and not parts[3])
    # A number behind the symbol is a mass where it can be one: Li7, not Na1.
    digits = "" if bare or parts is None else parts[1].rstrip("-") or parts[3]
    mass = digits.isdigit() and int(digits) >= atomic_number(element) > 1
    return element, mass, not bare


def _element_of(label: str) -> str:
    """The element that a label begins with, the longer symbol where both are one; X where neither is."""
    import gemmi

    letters = re.match(r"[A-Za-z]{0,2}", label)
    for symbol in (letters[0], letters[0][:1]) if letters else ():
        element = gemmi.Element(symbol.capitalize()).name if symbol else "X"
        if element != "X":
            return element
    return "X"


def _warn_of_labels_alone(small, rows: Sequence[Mapping[str, str]], file: str) -> None:
    """Tell where elements come from labels that may be read in two ways: CA1 is calcium, or carbon alpha."""
    import gemmi

    doubtful = [
        f"{entry.label} as {_element_of(entry.label)}"
        for entry, row in zip(small.sites, rows, strict=False)
        if not row.get("type_symbol", "?").strip("?.")
        and entry.label[:2].isalpha()
        and entry.label[:2].isupper()
        and gemmi.Element(entry.label[0]).name == entry.label[0]
    ]
    if doubtful:
        warn(f"{file}: no _atom_site_type_symbol; the labels are read for elements: {', '.join(doubtful)}")


def _kinds_of_displacement(block) -> list[str]:
    """What a CIF calls the displacement of each site, in small letters (uiso, bani); empty if it says nothing."""
    for tag in ("_atom_site_adp_type", "_atom_site_thermal_displace_type"):
        kinds = [kind.strip("'\"").lower() for kind in block.find_values(tag)]
        if kinds:
            return kinds
    return []


def _tensors_given_as_b(small, block, tensors: Mapping[int, Six], file: str) -> set[int]:
    """Sites whose numbers under U_11 to U_23 are B: said by adp_type, or told by the size of all of them."""
    if not block.find_values("_atom_site_aniso_U_11"):
        return set()
    kinds = _kinds_of_displacement(block)
    said = [k for k in tensors if k < len(kinds) and kinds[k] == "bani"]
    if said:
        names = ", ".join(small.sites[k].label for k in said)
        warn(f"{file}: adp_type Bani: the numbers under aniso_U of {names} are read as B = 8 pi^2 U")
        return set(said)
    means = [sum(tensor[:3]) / 3 for tensor in tensors.values()]
    if not means or not USUAL_U < float(np.median(means)) < LARGEST_U:
        return set()
    if "uani" in kinds:
        warn(f"{file}: the numbers under aniso_U are large for U (angstrom^2); if they are B, say adp_type Bani")
        return set()
    warn(f"{file}: the numbers under aniso_U are too large for U and are read as B = 8 pi^2 U")
    return set(tensors)


def _given_as_b(small, block, isotropic: Sequence[int], file: str) -> set[int]:
    """Sites whose number under U_iso_or_equiv is B: said by adp_type, or told by the size of all of them."""
    if not block.find_values("_atom_site_U_iso_or_equiv"):
        return set()
    kinds = _kinds_of_displacement(block)
    said = {k for k, kind in enumerate(kinds) if kind == "biso"}
    if said:
        names = ", ".join(small.sites[k].label for k in sorted(said))
        warn(f"{file}: adp_type Biso: the numbers under U_iso_or_equiv of {names} are read as B = 8 pi^2 U")
        return said
    values = [small.sites[k].u_iso for k in isotropic if small.sites[k].u_iso > 0]
    if not values or not USUAL_U < float(np.median(values)) < LARGEST_U:
        return set()
    if "uiso" in kinds:
        warn(f"{file}: the numbers under U_iso_or_equiv are large for U (angstrom^2); if they are B, say adp_type Biso")
        return set()
    warn(f"{file}: the numbers under U_iso_or_equiv are too large for U and are read as B = 8 pi^2 U")
    return set(isotropic)


def _of_b_that_is_u(small, block, isotropic: Sequence[int], file: str) -> float:
    """What to multiply displacements with: 8 pi^2 where the numbers under B are as small as only those of U are."""
    values = [small.sites[k].u_iso for k in isotropic if small.sites[k].u_iso > 0]
    if not block.find_values("_atom_site_B_iso_or_equiv") or block.find_values("_atom_site_U_iso_or_equiv"):
        return 1.0
    if not values or float(np.median(values)) > LEAST_OF_B:
        return 1.0
    warn(f"{file}: the numbers under B_iso_or_equiv are too small for B and are read as U = B / (8 pi^2)")
    return 8 * math.pi**2


def _tensors(block, labels: Sequence[str], file: str) -> dict[int, Six]:
    """The tensor of each site that has one, by its place in the list of atoms, in U of the CIF's axes.

    Given as U, as B = 8 pi^2 U or as beta_ij = 2 pi^2 a*_i a*_j U_ij, in a list of their own or in that of the atoms.
    Labels that differ in capitals or brackets only are the same; several sites of one label take theirs in their order.
    """
    import gemmi

    made: dict[int, Six] = {}
    lost = []
    for kind in ("U", "B", "beta"):
        tags = [f"_atom_site_aniso_{kind}_{i + 1}{j + 1}" for i, j in VOIGT]
        table = block.find(["_atom_site_aniso_label", *tags])
        factors = _of_tensors(kind, block) if len(table) or block.find_values(tags[0]) else ()
        for row in table if len(table) else block.find(["_atom_site_label", *tags]):
            label = gemmi.cif.as_string(row[0])
            six = tuple(gemmi.cif.as_number(row[k], math.nan) * f for k, f in enumerate(factors, 1))
            if not (all(map(math.isfinite, six)) and any(six)):
                continue
            exact = [k for k, own in enumerate(labels) if own == label]
            alike = [k for k, own in enumerate(labels) if _plain(own) == _plain(label)]
            free = [k for k in exact if k not in made] or [k for k in alike if k not in made and not exact]
            if free and (exact or len(alike) == 1):
                made[free[0]] = six  # type: ignore[assignment]
            elif not exact:
                lost.append(label)
    if lost:
        warn(f"{file}: the anisotropic displacements of {', '.join(lost)} belong to no site and are not used")
    return made


def _plain(label: str) -> str:
    return re.sub(r"[^0-9a-z]", "", label.casefold())


def _of_tensors(kind: str, block) -> tuple[float, ...]:
    """What to multiply each of six numbers with to make it U."""
    if kind == "U":
        return (1.0,) * 6
    if kind == "B":
        return (1.0 / (8 * math.pi**2),) * 6
    reciprocal = np.linalg.norm(np.linalg.inv(orthogonalisation(np.array(_lattice(block)))), axis=1)
    return tuple(1.0 / (2 * math.pi**2 * float(reciprocal[i] * reciprocal[j])) for i, j in VOIGT)


# Thirds and sixths as files write them with few digits, rounded or cut: 0.33, 0.667, 0.6666.
_WRITTEN_THIRDS = {
    text: n / 6
    for n in (1, 2, 4, 5)
    for digits in (2, 3, 4, 5)
    for text in (f"{n / 6:.{digits}f}", f"{n / 6:.{digits + 2}f}"[:-2])
}


def _with_thirds(position: tuple[float, float, float], texts: Sequence[str]) -> tuple[float, float, float]:
    """A position with the thirds that few digits stand for.

    The exact fraction is within the rounding of what is written, so nothing but a special position is gained. A number
    with its uncertainty was measured, and a coordinate may begin with the point.
    """
    exact = [_WRITTEN_THIRDS.get(f"0.{text.lstrip('-+').lstrip('0').removeprefix('.')}") for text in texts]
    x, y, z = (p if e is None else math.copysign(e, p) for e, p in zip(exact, position, strict=True))
    return x, y, z


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
