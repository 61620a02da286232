"""CIFs as other programs and databases write them: read as what they mean, or told, or refused.

The files are made here in the manner of each program; none is copied.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from coherion.crystal.cif_input import read_cif
from coherion.errors import CoherionWarning, InputError

CUBIC = (5.64, 5.64, 5.64, 90, 90, 90)
SALT = "Na1 Na 0 0 0 1 0.02\nCl1 Cl 0.5 0.5 0.5 1 0.02"
HALITE = {"Na": 4.0, "Cl": 4.0}
FM3M = "_symmetry_space_group_name_H-M 'F m -3 m'"
PLAIN = "label type_symbol fract_x fract_y fract_z occupancy U_iso_or_equiv"
CENTRED = [
    f"{x}, {y}, {z}"
    for a, b, c in (("", "", ""), ("", "+1/2", "+1/2"), ("+1/2", "", "+1/2"), ("+1/2", "+1/2", ""))
    for x, y, z in ((f"x{a}", f"y{b}", f"z{c}"), (f"-x{a}", f"-y{b}", f"-z{c}"))
]


def cif(symmetry=FM3M, atoms=SALT, cell=CUBIC, columns=PLAIN, head="data_x", more=""):
    names = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = [head, *(f"_cell_{name} {value}" for name, value in zip(names, cell, strict=True)), symmetry]
    return "\n".join([*lines, "loop_", *(f"_atom_site_{one}" for one in columns.split()), atoms, more, ""])


def operations(*triplets, tag="_symmetry_equiv_pos_as_xyz"):
    return "\n".join(["loop_", tag, *(f"'{one}'" for one in triplets)])


def read(tmp_path, text):
    path = tmp_path / "x.cif"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_cif(path)


MONOCLINIC = (6.9, 7.1, 9.9, 90, 100.0, 90)
P21N = ("x,y,z", "-x+1/2,y+1/2,-z+1/2", "-x,-y,-z", "x+1/2,-y+1/2,z+1/2")
P21C = ("x,y,z", "-x,y+1/2,-z+1/2", "-x,-y,-z", "x,-y+1/2,z+1/2")
ONE = "Na1 Na 0.1 0.2 0.3 1 0.02"

# What is read without a word.
READ = {
    "ICSD: charges in a list of their own, occupancies with errors": (
        cif(
            more="loop_\n_atom_type_symbol\n_atom_type_oxidation_number\nNa1+ 1\nCl1- -1",
            atoms="Na1 Na 0 0 0 1. 0.0203(3)\nCl1 Cl 0.5 0.5 0.5 1.0(1) 0.02",
        ),
        HALITE,
    ),
    "COD: texts, authors and a block without atoms first": (
        cif(head="data_global\n_publ_section_title\n;\n A title with loop_ and data_x in it\n;\ndata_7000001"),
        HALITE,
    ),
    "VESTA: other order of columns, kinds of displacement": (
        cif(
            columns="label occupancy fract_x fract_y fract_z adp_type U_iso_or_equiv type_symbol",
            atoms="Na1 1.0 0.000000 0.000000 0.000000 Uiso 0.012665 Na\nCl1 1.0 0.5 0.5 0.5 Uiso 0.012665 Cl",
        ),
        HALITE,
    ),
    "pymatgen: symbol with a line below, the whole cell's formula beside the Z of the reduced one": (
        cif(
            symmetry="_symmetry_space_group_name_H-M 'Fm-3m'\n_symmetry_Int_Tables_number 225\n"
            "_chemical_formula_structural NaCl\n_chemical_formula_sum 'Na4 Cl4'\n_cell_formula_units_Z 4"
        ),
        HALITE,
    ),
    "only Hall": (cif(symmetry="_space_group_name_Hall '-F 4 2 3'"), HALITE),
    "only operations, written with capitals and decimals": (
        cif(
            symmetry=operations("X,Y,Z", "0.5-X,0.5+Y,0.5-Z", "-X,-Y,-Z", "0.5+X,0.5-Y,0.5+Z"),
            atoms=ONE,
            cell=MONOCLINIC,
        ),
        {"Na": 4.0},
    ),
    "operations of a setting that has no symbol of its own": (
        cif(symmetry=operations(*CENTRED), atoms=ONE),
        {"Na": 8.0},
    ),
    "a symbol that says nothing beside operations": (
        cif(symmetry="_symmetry_space_group_name_H-M ?\n" + operations(*P21N), atoms=ONE, cell=MONOCLINIC),
        {"Na": 4.0},
    ),
    "TOPAS: B, blanks between symbol and axes": (
        cif(
            columns="label type_symbol fract_x fract_y fract_z occupancy B_iso_or_equiv",
            atoms=SALT.replace("0.02", "1.6"),
        ),
        HALITE,
    ),
    "SHELX: instructions in the file": (
        cif(more="_shelx_res_file\n;\nTITL x\nCELL 0.71 1 1 1 90 90 90\n_cell_length_a 9\n;"),
        HALITE,
    ),
    "names of the newest dictionaries, with points": (
        cif().replace("_cell_", "_cell.").replace("_atom_site_", "_atom_site."),
        HALITE,
    ),
    "ends of line of old Macintoshs": (cif().replace("\n", "\r"), HALITE),
    "ends of line of Windows and a byte order mark": (b"\xef\xbb\xbf" + cif().replace("\n", "\r\n").encode(), HALITE),
    "formula and Z that agree": (
        cif(symmetry=FM3M + "\n_chemical_formula_sum 'Cl Na'\n_cell_formula_units_Z 4"),
        HALITE,
    ),
    "deuterium as an isotope": (
        cif(atoms="D1 2H 0 0 0 1 0.02\nCl1 Cl 0.5 0.5 0.5 1 0.02"),
        {"D": 4.0, "Cl": 4.0},
    ),
    "a number alone that leaves the origin to the atoms' places": (
        cif(
            symmetry="_space_group_IT_number 225",
            columns=PLAIN + " symmetry_multiplicity",
            atoms=SALT.replace("0.02", ".02 4"),
        ),
        HALITE,
    ),
    "a short symbol of which the operations tell the axis": (
        cif(
            symmetry="_symmetry_space_group_name_H-M 'P 2/m'\n" + operations("x,y,z", "-x,-y,z", "-x,-y,-z", "x,y,-z"),
            atoms=ONE,
            cell=(6.9, 7.1, 9.9, 90, 90, 100),
        ),
        {"Na": 4.0},
    ),
}


@pytest.mark.parametrize("kind", READ)
@pytest.mark.filterwarnings("ignore:.*angstrom.3 for each atom")
def test_read(tmp_path, kind):
    text, expected = READ[kind]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", ".*angstrom.3 for each atom")
        assert read(tmp_path, text).composition == pytest.approx(expected)


# What is read with a word of what was meant: text, what it holds, the word.
TOLD = {
    "ICSD: charges in the symbols": (
        cif(atoms="Na1 Na1+ 0 0 0 1 0.02\nCl1 Cl1- 0.5 0.5 0.5 1 0.02"),
        HALITE,
        r"ion labels Na1\+, Cl1- are read as neutral",
    ),
    "GSAS: sign before the charge": (
        cif(atoms="Na1 Na+1 0 0 0 1 0.02\nCl1 Cl-1 0.5 0.5 0.5 1 0.02"),
        HALITE,
        r"ion labels Na\+1, Cl-1 are read",
    ),
    "isotopes before and behind the symbol": (
        cif(atoms="Li1 7Li 0 0 0 1 0.02\nB1 B11 0.5 0.5 0.5 1 0.02"),
        {"Li": 4.0, "B": 4.0},
        "isotopes 7Li, B11 are read as their elements",
    ),
    "SHELX: a dummy atom": (
        cif(
            columns=PLAIN + " calc_flag",
            atoms="Na1 Na 0 0 0 1 0.02 d\nCl1 Cl 0.5 0.5 0.5 1 0.02 calc\nCg C .25 .25 .25 1 . dum",
        ),
        HALITE,
        r"Cg: dummy atoms .calc_flag dum., left out",
    ),
    "an occupancy that is not known": (
        cif(atoms=SALT.replace("0.5 1 0.02", "0.5 ? 0.02")),
        HALITE,
        r"occupancy of Cl1 is unknown \(\?\) and starts at 1",
    ),
    "ICSD: hydrogen without places": (
        cif(columns=PLAIN + " attached_hydrogens", atoms="O1 O 0 0 0 1 .02 2\nCl1 Cl .5 .5 .5 1 .02 0"),
        {"O": 4.0, "Cl": 4.0},
        "hydrogen without places, 2 on O1, is left out",
    ),
    "symbols that are not known beside labels": (
        cif(atoms="OW1 ? 0 0 0 1 .02\nNa1 . .5 .5 .5 1 .02"),
        {"O": 4.0, "Na": 4.0},
        "OW1 as O",
    ),
    "a number of another group than the symbol": (
        cif(symmetry=FM3M + "\n_space_group_IT_number 221"),
        HALITE,
        "the number of the space group is 221, but F m -3 m, which is taken, has 225",
    ),
    "multiplicities of another site": (
        cif(columns=PLAIN + " symmetry_multiplicity", atoms="Na1 Na 0 0 0 1 .02 4\nCl1 Cl .25 .25 .25 1 .02 4"),
        {"Na": 4.0, "Cl": 8.0},
        "other multiplicities than the file says, Cl1 8 in place of 4",
    ),
    "no symbols of elements, and labels that may be read in two ways": (
        cif(columns="label fract_x fract_y fract_z", atoms="CA1 0 0 0\nF1 .25 .25 .25"),
        {"Ca": 4.0, "F": 8.0},
        "CA1 as Ca",
    ),
    "an average of a modulated structure": (
        cif(symmetry=FM3M + "\n_cell_modulation_dimension 1"),
        HALITE,
        "a modulated structure, read as its average",
    ),
    "only a number of a group with several settings": (
        cif(symmetry="_space_group_IT_number 14", atoms=ONE, cell=MONOCLINIC),
        {"Na": 4.0},
        "14 alone leaves the setting open.*P 1 21/c 1 is taken",
    ),
    "operations of another setting than the symbol": (
        cif(symmetry="_symmetry_space_group_name_H-M 'P 1 21/n 1'\n" + operations(*P21C), atoms=ONE, cell=MONOCLINIC),
        {"Na": 4.0},
        "operations give P 1 21/c 1, a setting other than the symbol P 1 21/n 1 names",
    ),
    "a Hall symbol of another setting": (
        cif(
            symmetry="_space_group_name_H-M_alt 'P 1 21/n 1'\n_space_group_name_Hall '-P 2ybc'",
            atoms=ONE,
            cell=MONOCLINIC,
        ),
        {"Na": 4.0},
        "Hall symbol give.* P 1 21/c 1, a setting other",
    ),
    "hydrogen of the formula without a place": (
        cif(symmetry=FM3M + "\n_chemical_formula_sum 'H2 Na O'", atoms=SALT.replace("Cl", "O")),
        {"Na": 4.0, "O": 4.0},
        "0 H in place of 2",
    ),
    "an occupancy that the formula contradicts": (
        cif(symmetry=FM3M + "\n_chemical_formula_sum 'Na0.8 Cl'"),
        HALITE,
        "1 Na in place of 0.8",
    ),
    "a centring lost: fewer atoms than Z says": (
        cif(
            symmetry="_symmetry_space_group_name_H-M 'P m -3 m'\n_chemical_formula_sum 'Na Cl'\n_cell_formula_units_Z 4"
        ),
        {"Na": 1.0, "Cl": 1.0},
        "holds 1 times Na Cl, the file says Z = 4",
    ),
    "anisotropic displacements of a label that no site has": (
        cif(
            more="loop_\n_atom_site_aniso_label\n"
            + "".join(f"_atom_site_aniso_U_{i}\n" for i in ("11", "22", "33", "12", "13", "23"))
            + "K1 .03 .03 .03 0 0 0"
        ),
        HALITE,
        "anisotropic displacements of K1 belong to no site",
    ),
    "one label for two sites on hexagonal axes": (
        cif(
            symmetry="_symmetry_space_group_name_H-M 'P 1'",
            cell=(4.6, 4.6, 5.2, 90, 90, 120),
            atoms="O O 0.10 0.20 0.30 1 0.02\nO O 0.3333 0.6667 0.25 1 0.02",
        ),
        {"O": 2.0},
        "the label O stands twice",
    ),
}


@pytest.mark.parametrize("kind", TOLD)
@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_told(tmp_path, kind):
    text, expected, words = TOLD[kind]
    with pytest.warns(CoherionWarning, match=words):
        found = read(tmp_path, text)
    assert found.composition == pytest.approx(expected)


REFUSED = {
    "water as one symbol": (cif(atoms="W1 H2O 0 0 0 1 0.02"), "unknown element; found H2O"),
    "water by its name": (cif(atoms="W1 Wat 0 0 0 1 0.02"), "unknown element; found Wat"),
    "two elements in one symbol": (cif(atoms="M1 In0.5Zr0.5 0 0 0 1 0.02"), "unknown element; found In0.5Zr0.5"),
    "a site of any metal": (cif(atoms="M1 M 0 0 0 1 0.02"), "unknown element; found M"),
    "occupancies in per cent": (cif(atoms=SALT.replace(" 1 0", " 100 0")), "not a usable occupancy; found 100"),
    "occupancies above one": (cif(atoms=SALT.replace(" 1 0", " 1.2 0")), "not a usable occupancy; found 1.2"),
    "places in angstrom only": (
        cif(columns="label type_symbol Cartn_x Cartn_y Cartn_z", atoms="Na1 Na 0 0 0"),
        "a coordinate is not a number",
    ),
    "fractions written as such": (cif(atoms="Na1 Na 1/3 2/3 0 1 0.02"), "a coordinate is not a number"),
    "every atom listed beside all operations": (
        cif(symmetry=operations(*CENTRED), atoms="A Na .1 .2 .3 1 .02\nB Na .1 .7 .8 1 .02"),
        "A and B: atoms overlap",
    ),
    "a superspace group without its average": (
        cif(symmetry="_space_group_ssg_name 'Pnma(0b0)s00'\n_cell_modulation_dimension 1"),
        "no symmetry is given",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_refused(tmp_path, kind):
    text, words = REFUSED[kind]
    with pytest.raises(InputError, match=words):
        read(tmp_path, text)


def test_b_where_u_is_not_known(tmp_path):
    atoms = "Na1 Na 0 0 0 1 . 1.6\nCl1 Cl .5 .5 .5 1 0.03 1.6"
    found = read(tmp_path, cif(columns=PLAIN + " B_iso_or_equiv", atoms=atoms))
    assert [s.u_iso for s in found.sites] == pytest.approx([1.6 / (8 * np.pi**2), 0.03])


def test_sites_of_one_label_keep_their_own_places(tmp_path):
    text, _, _ = TOLD["one label for two sites on hexagonal axes"]
    with pytest.warns(CoherionWarning, match="stands twice"):
        found = read(tmp_path, text)
    np.testing.assert_allclose([s.position for s in found.sites], [(0.1, 0.2, 0.3), (1 / 3, 2 / 3, 0.25)], atol=1e-4)


@pytest.mark.filterwarnings("ignore:.*angstrom.3 for each atom")
@pytest.mark.parametrize("own", ["NA1", "Na(1)", "Na1"])
def test_tensors_of_labels_that_are_spelled_otherwise(tmp_path, own):
    six = "".join(f"_atom_site_aniso_U_{i}\n" for i in ("11", "22", "33", "12", "13", "23"))
    more = f"loop_\n_atom_site_aniso_label\n{six}{own} .03 .03 .03 0 0 0"
    found = read(tmp_path, cif(more=more))
    assert found.sites[0].u_aniso == pytest.approx((0.03, 0.03, 0.03, 0, 0, 0))
    assert found.sites[1].u_iso == 0.02


def test_tensors_in_the_list_of_the_atoms(tmp_path):
    six = " ".join(f"aniso_U_{i}" for i in ("11", "22", "33", "12", "13", "23"))
    atoms = "Na1 Na 0 0 0 .03 .03 .03 0 0 0\nCl1 Cl .5 .5 .5 .04 .04 .04 0 0 0"
    found = read(tmp_path, cif(columns=f"label type_symbol fract_x fract_y fract_z {six}", atoms=atoms))
    assert [s.u_aniso[0] for s in found.sites] == pytest.approx([0.03, 0.04])


@pytest.mark.parametrize(
    ("symbol", "known"),
    [
        ("Fd-3mS", "F d -3 m:1"),
        ("Fd-3mZ", "F d -3 m:2"),
        ("R-3mH", "R -3 m:H"),
        ("R-3cR", "R -3 c:R"),
        ("F m 3 m", "F m -3 m"),
        ("FM-3M", "F m -3 m"),
        ("P a 3", "P a -3"),
        ("P 63/MMC", "P 63/m m c"),
        ("F d -3 m :2", "F d -3 m:2"),
        ("P 21/n (No. 14)", "P 1 21/n 1"),
    ],
)
def test_symbols_without_blanks_in_capitals_and_of_old_tables(symbol, known):
    from coherion.crystal.symmetry import find_operations

    assert find_operations(symbol, gamma=120.0)[0] == known
