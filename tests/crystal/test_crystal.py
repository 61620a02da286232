"""Crystals: what symmetry leaves free, CIFs as they are found, and refusals that name the field."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from coherion.atoms.composition import molar_mass, parse_formula
from coherion.atoms.scattering_factors import scattering_powers
from coherion.crystal.cif_input import read_cif
from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.symmetry import (
    displacement_frame,
    find_operations,
    free_lattice,
    operation_arrays,
    orthogonalisation,
    symmetric_tensor,
)
from coherion.errors import CoherionWarning, InputError


def atom(label: str, position, element: str = "Na", u: float = 0.02) -> Site:
    return Site(label, position, ((element, 1.0),), u)


def write_cif(path, *, symmetry: str, atoms: str, columns: str = "", cell=(4, 4, 4, 90, 90, 90)):
    tags = ("length_a", "length_b", "length_c", "angle_alpha", "angle_beta", "angle_gamma")
    lines = ["data_x", *(f"_cell_{tag} {value}" for tag, value in zip(tags, cell, strict=True)), symmetry]
    names = ["label", "type_symbol", "fract_x", "fract_y", "fract_z", "occupancy", "U_iso_or_equiv"]
    lines += ["loop_", *(f"_atom_site_{name}" for name in columns.split() or names), atoms, ""]
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("group", "lattice", "free"),
    [
        # 1. The seven systems, rhombohedral axes as a case of their own.
        ("P -1", (5, 6, 7, 80, 95, 110), ["a", "b", "c", "alpha", "beta", "gamma"]),
        ("P21/n", (6.9, 7.2, 9.9, 90, 90.3, 90), ["a", "b", "c", "beta"]),
        ("P 1 1 21/n", (6.9, 7.2, 9.9, 90, 90, 91), ["a", "b", "c", "gamma"]),
        ("P n m a", (5, 6, 7, 90, 90, 90), ["a", "b", "c"]),
        ("I 41/a m d", (5, 5, 9, 90, 90, 90), ["a", "c"]),
        ("P -3 m 1", (6.6, 6.6, 6.1, 90, 90, 120), ["a", "c"]),
        ("R -3 m:R", (4.7, 4.7, 4.7, 57.2, 57.2, 57.2), ["a", "alpha"]),
        ("P 63 m c", (4.3, 4.3, 7, 90, 90, 120), ["a", "c"]),
        ("F m -3 m", (3.5, 3.5, 3.5, 90, 90, 90), ["a"]),
    ],
)
def test_lattice_has_the_free_parameters_of_its_system(group, lattice, free):
    crystal = Crystal("x", lattice, group, (atom("A", (0, 0, 0)),))
    names = [name for name in crystal.parameters if "." not in name]
    assert names == free
    # 2. Dependent parameters follow, and the metric stays invariant under every operation.
    moved = crystal.with_values({name: crystal.parameters[name] * 1.01 for name in free})
    metric = orthogonalisation(np.array(moved.lattice))
    metric = metric.T @ metric
    for rotation in moved.structure.rotations:
        np.testing.assert_allclose(rotation.T @ metric @ rotation, metric, atol=1e-9)


def test_short_symbols_are_the_full_ones():
    for short, full in {"P21/n": "P 1 21/n 1", "Fm-3m": "F m -3 m", "P-3m1": "P -3 m 1"}.items():
        assert find_operations(short, alpha=90, gamma=120)[0] == full


def test_special_positions_of_the_cryolite_cell():
    crystal = Crystal(
        "Na3InCl6",
        (6.915, 7.163, 9.928, 90, 90.28, 90),
        "P21/n",
        (
            Site("M1", (0, 0, 0), (("In", 0.5), ("Zr", 0.5)), 0.02),
            atom("Na1", (0, 0, 0.5)),
            atom("Cl1", (0.1118, 0.0496, 0.2391), "Cl"),
        ),
    )
    # 1. 2a and 2b have no free coordinate, 4e has three; the shared site has an occupancy per element.
    assert [n for n in crystal.parameters if n.endswith((".x", ".y", ".z"))] == ["Cl1.x", "Cl1.y", "Cl1.z"]
    assert {"M1.occupancy.In", "M1.occupancy.Zr", "Cl1.occupancy"} <= set(crystal.parameters)
    assert (crystal.multiplicity("M1"), crystal.multiplicity("Cl1")) == (2, 4)
    assert crystal.composition == {"In": 1.0, "Zr": 1.0, "Na": 2.0, "Cl": 4.0}
    # 2. The reason why a parameter is fixed is one a user understands.
    assert crystal.why_fixed("Na1.z") == "the special position of Na1 sets z = 0.5"
    assert "sets alpha = 90" in crystal.why_fixed("alpha")
    assert "M1.occupancy.In" in crystal.why_fixed("M1.occupancy")
    with pytest.raises(InputError, match=r"Na1\.z is not free.*sets z = 0\.5"):
        crystal.with_values({"Na1.z": 0.4})
    with pytest.raises(InputError, match="no such parameter"):
        crystal.why_fixed("Na9.x")


def test_coordinates_tied_on_a_mirror_and_a_threefold_axis():
    # 1. P-3m1: 6i lies at (x, -x, z); rounded coordinates are brought onto it.
    crystal = Crystal("x", (6.6, 6.6, 6.1, 90, 90, 120), "P -3 m 1", (atom("Cl1", (0.1701, -0.1702, 0.21), "Cl"),))
    assert crystal.multiplicity("Cl1") == 6
    assert [n for n in crystal.parameters if n.startswith("Cl1.")][:2] == ["Cl1.x", "Cl1.z"]
    moved = crystal.with_values({"Cl1.x": 0.18})
    np.testing.assert_allclose(moved.sites[0].position, (0.18, -0.18, 0.21), atol=1e-12)
    assert crystal.why_fixed("Cl1.y") == "the special position of Cl1 sets y = -x"
    # 2. 1/3 written as 0.333 is 1/3.
    crystal = Crystal("x", (4.3, 4.3, 7, 90, 90, 120), "P 63 m c", (atom("Cd1", (0.3333, 0.6667, 0), "Cd"),))
    np.testing.assert_allclose(crystal.sites[0].position, (1 / 3, 2 / 3, 0), atol=1e-12)
    assert crystal.multiplicity("Cd1") == 2


@pytest.mark.parametrize(
    ("group", "lattice", "position", "free"),
    [
        ("F m -3 m", (3.5, 3.5, 3.5, 90, 90, 90), (0, 0, 0), ["u11"]),
        ("P 63 m c", (4.3, 4.3, 7, 90, 90, 120), (1 / 3, 2 / 3, 0), ["u11", "u33"]),
        ("P -3 m 1", (6.6, 6.6, 6.1, 90, 90, 120), (0.17, -0.17, 0.2), ["u11", "u33", "u12", "u13"]),
        ("P21/n", (6.9, 7.2, 9.9, 90, 91, 90), (0, 0, 0), ["u11", "u22", "u33", "u12", "u13", "u23"]),
        ("P 2/m", (6.9, 7.2, 9.9, 90, 91, 90), (0, 0, 0), ["u11", "u22", "u33", "u13"]),
        ("R -3 m:R", (4.7, 4.7, 4.7, 57.2, 57.2, 57.2), (0.2, 0.2, 0.2), ["u11", "u12"]),
    ],
)
def test_anisotropic_displacements_are_restricted_by_the_site(group, lattice, position, free):
    crystal = Crystal("x", lattice, group, (atom("A", position),)).anisotropic()
    assert [n.split(".")[1] for n in crystal.parameters if ".u" in n] == free
    # Isotropic to begin with: every image has the same Cartesian tensor 0.02 times the unit matrix.
    np.testing.assert_allclose(
        crystal.expand().u_cartesian, np.eye(3)[None] * 0.02 + 0 * crystal.expand().u_cartesian, atol=1e-12
    )
    # After a change each tensor is still invariant under the operations that keep its atom.
    moved = crystal.with_values({f"A.{n}": crystal.parameters[f"A.{n}"] + 0.002 * (k + 1) for k, n in enumerate(free)})
    expanded = moved.expand()
    matrix = expanded.lattice_matrix
    for k in moved.structure.sites[0].kept:
        rotation = matrix @ moved.structure.rotations[k] @ np.linalg.inv(matrix)
        u = expanded.u_cartesian[0]
        np.testing.assert_allclose(rotation @ u @ rotation.T, u, atol=1e-12)


def test_hexagonal_u_iso_in_the_frame_of_the_cif():
    # U22 = U11 and U12 = U11/2 is the sphere in hexagonal axes.
    crystal = Crystal("x", (4.3, 4.3, 7, 90, 90, 120), "P 63 m c", (atom("A", (1 / 3, 2 / 3, 0)),)).anisotropic()
    np.testing.assert_allclose(crystal.sites[0].u_aniso, (0.02, 0.02, 0.02, 0.01, 0, 0), atol=1e-12)
    frame = displacement_frame(np.array(crystal.lattice))
    np.testing.assert_allclose(frame @ np.linalg.inv(frame), np.eye(3), atol=1e-12)


@pytest.mark.parametrize(
    ("group", "lattice"),
    [
        ("P21/n", (6.9, 7.2, 9.9, 90, 91, 90)),
        ("R -3 m:R", (4.7, 4.7, 4.7, 57.2, 57.2, 57.2)),
        ("P -1", (5, 6, 7, 80, 95, 110)),
    ],
)
def test_derivatives_of_the_expanded_cell(group, lattice):
    crystal = Crystal("x", lattice, group, (atom("A", (0, 0, 0)), atom("B", (0.1, 0.23, 0.37), "Cl"))).anisotropic()
    crystal = crystal.with_values({"B.u11": 0.03, "B.u12": 0.004, "B.u13": -0.003})
    expanded, values = crystal.expand(), crystal.parameters
    for k, name in enumerate(expanded.parameters):
        above = crystal.with_values({name: values[name] + 1e-5}).expand()
        below = crystal.with_values({name: values[name] - 1e-5}).expand()
        for what in ("positions", "lattice_matrix", "u_cartesian"):
            numeric = (getattr(above, what) - getattr(below, what)) / 2e-5
            exact = getattr(expanded, f"{what}_derivative")[..., k]
            np.testing.assert_allclose(exact, numeric, atol=2e-8, err_msg=f"{what} by {name}")


def test_an_atom_that_passes_a_special_position_stays_general():
    crystal = Crystal("x", (5, 6, 7, 90, 95, 90), "P21/n", (atom("A", (0.08, 0.05, 0.04)),))
    passing = crystal.with_values({"A.x": 0.0, "A.y": 0.0, "A.z": 0.0})
    assert len(passing.expand().site) == 4
    assert "A.x" in passing.parameters


def test_metric_that_needs_another_setting_is_refused():
    # A C-centred monoclinic cell on its primitive axes: beta = 180 - alpha, which is no tie of two equal angles.
    rotations, _ = operation_arrays(["x,y,z", "y,x,-z", "-x,-y,-z", "-y,-x,z"])
    with pytest.raises(InputError, match="conventional setting"):
        free_lattice(rotations, np.array([5, 5, 6, 80, 100, 100.0]))


class TestCif:
    def test_ion_labels_and_shared_sites(self, tmp_path):
        path = write_cif(
            tmp_path / "ions.cif",
            symmetry="_symmetry_space_group_name_H-M 'Fm-3m'",
            atoms="In1 In3+ 0 0 0 0.4 0.01\nZr1 Zr4+ 0 0 0 0.6 0.01\nCl1 Cl1- 0.5 0.5 0.5 1 0.02",
            cell=(5, 5, 5, 90, 90, 90),
        )
        with pytest.warns(CoherionWarning, match=r"ions\.cif: the ion labels In3\+, Zr4\+, Cl1- are read"):
            crystal = read_cif(path)
        assert crystal.name == "ions"
        assert [site.species for site in crystal.sites] == [(("In", 0.4), ("Zr", 0.6)), (("Cl", 1.0),)]
        assert "In1.occupancy.Zr" in crystal.parameters

    def test_a_missing_displacement_is_said(self, tmp_path):
        path = write_cif(
            tmp_path / "bare.cif",
            symmetry="_space_group_IT_number 225",
            atoms="Ni1 Ni 0 0 0",
            columns="label type_symbol fract_x fract_y fract_z",
        )
        with pytest.warns(CoherionWarning, match="no displacement for Ni1; u_iso starts at 0.01"):
            assert read_cif(path).sites[0].u_iso == 0.01

    def test_anisotropic_displacements_are_read(self, tmp_path):
        path = write_cif(
            tmp_path / "aniso.cif",
            symmetry="_symmetry_space_group_name_H-M 'P 63 m c'",
            atoms="Cd1 Cd 0.33333 0.66667 0 1 0.01\nloop_\n_atom_site_aniso_label\n"
            + "\n".join(f"_atom_site_aniso_U_{k}" for k in ("11", "22", "33", "12", "13", "23"))
            + "\nCd1 0.01 0.01 0.02 0.005 0 0",
            cell=(4.3, 4.3, 7, 90, 90, 120),
        )
        assert read_cif(path).parameters["Cd1.u33"] == 0.02

    @pytest.mark.parametrize(
        ("symmetry", "atoms", "message"),
        [
            # 1. No symmetry at all.
            ("", "Ni1 Ni 0 0 0 1 0.01", r"_symmetry_space_group_name_H-M: no symmetry is given.*write P1"),
            # 2. A group that does not exist.
            ("_symmetry_space_group_name_H-M 'P 99'", "Ni1 Ni 0 0 0 1 0.01", r"unknown space group; found P 99"),
            # 3. Operations that are no group.
            ("loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-y,x,z", "Ni1 Ni 0 0 0 1 0.01", "do not form a group"),
            # 4. Overlapping atoms, with the distance.
            ("_space_group_IT_number 1", "A Ni 0 0 0 1 0.01\nB Ni 0.05 0 0 1 0.01",
             r"A and B: atoms overlap; found 0\.200 angstrom"),
            # 5. The image of an atom on top of it.
            ("_space_group_IT_number 2", "A Ni 0.01 0 0 1 0.01", r"A and A: atoms overlap"),
            # 6. An unknown element.
            ("_space_group_IT_number 1", "A Qq 0 0 0 1 0.01",
             r"_atom_site_type_symbol of A: unknown element; found Qq"),
            # 7. Numbers that are none.
            ("_space_group_IT_number 1", "A Ni ? 0 0 1 0.01", r"_atom_site_fract_x of A: a coordinate is not a number"),
            ("_space_group_IT_number 1", "A Ni 0 0 0 1.5 0.01",
             r"_atom_site_occupancy of A: not a usable occupancy"),
            # 8. A lattice that contradicts the group.
            ("_symmetry_space_group_name_H-M 'P 4/m m m'", "A Ni 0 0 0 1 0.01",
             r"_cell_length_b: the lattice contradicts"),
        ],
    )  # fmt: skip
    def test_refusals_name_file_and_field(self, tmp_path, symmetry, atoms, message):
        cell = (4, 4.2, 4, 90, 90, 90) if "4/m" in symmetry else (4, 4, 4, 90, 90, 90)
        path = write_cif(tmp_path / "bad.cif", symmetry=symmetry, atoms=atoms, cell=cell)
        with pytest.raises(InputError, match=message) as caught:
            read_cif(path)
        assert str(path) in str(caught.value)

    @pytest.mark.parametrize("text", ["", "not a cif at all", "data_x\n_cell_length_b 3\n"])
    def test_not_a_structure(self, tmp_path, text):
        path = tmp_path / "empty.cif"
        path.write_text(text)
        with pytest.raises(InputError, match=r"empty\.cif"):
            read_cif(path)

    def test_missing_file(self, tmp_path):
        with pytest.raises(InputError, match="none.cif: .*No such file"):
            read_cif(tmp_path / "none.cif")


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_real_files_expand_to_their_stated_contents(real_data):
    # Atoms per cell of the structures, as their composition and Z say.
    expected = {
        "cif/LaB6_SRM660c.cif": 7,
        "cif/Na3ErCl6_P21n_mp-28542.cif": 20,
        "cif/Na3InCl6_P21n_MODEL.cif": 20,
        "pdf/ni_refine/Ni.cif": 4,
        "pdf/pt_nanoparticle/Pt.cif": 4,
        "pdf/cdse/CdSe-Wurtzite.cif": 4,
        "pdf/si_ni/Si_Fd-3m.cif": 8,
    }
    for name, atoms in expected.items():
        assert len(read_cif(real_data / name).expand().site) == atoms


def test_origin_that_a_symbol_leaves_open(tmp_path):
    """Fd-3m has two origins; diamond's atoms are at 1/8 from the second and at 0 from the first: 8 in the cell."""
    silicon = {
        "Si Si 0.125 0.125 0.125 1 0.005": "F d -3 m:2",
        "Si Si 0 0 0 1 0.005": "F d -3 m:1",
    }
    cell = (5.431, 5.431, 5.431, 90, 90, 90)
    for atoms, expected in silicon.items():
        path = write_cif(
            tmp_path / "x.cif", symmetry="_symmetry_space_group_name_H-M 'F d -3 m'", atoms=atoms, cell=cell
        )
        with pytest.warns(CoherionWarning, match=f"two origins.*{expected} is taken: it puts the atoms on special"):
            crystal = read_cif(path)
        assert (crystal.space_group, crystal.composition) == (expected, {"Si": 8.0})
    # 1. Said by the symbol, or by Hall's: taken as it stands, sixteen atoms or not.
    for tag, symbol, count in (
        ("_space_group_name_H-M_alt", "F d -3 m:1", 16.0),
        ("_space_group_name_Hall", "-F 4vw 2vw 3", 8.0),
    ):
        atoms = "Si Si 0.125 0.125 0.125 1 0.005"
        path = write_cif(tmp_path / "x.cif", symmetry=f"{tag} '{symbol}'", atoms=atoms, cell=cell)
        assert read_cif(path).composition == {"Si": count}
    # 2. A general position is as good from both.
    path = write_cif(
        tmp_path / "x.cif", symmetry="_symmetry_space_group_name_H-M 'P n n n'", atoms="A Na 0.1 0.2 0.3 1 0.01"
    )
    with pytest.warns(CoherionWarning, match="the coordinates do not tell"):
        assert read_cif(path).composition == {"Na": 8.0}


def test_displacements_that_are_b(tmp_path):
    columns = "label type_symbol fract_x fract_y fract_z occupancy U_iso_or_equiv adp_type"

    def read(*rows, columns=columns):
        atoms = "\n".join(rows)
        return read_cif(
            write_cif(tmp_path / "x.cif", symmetry="_symmetry_space_group_name_H-M P1", atoms=atoms, columns=columns)
        )

    zr, cl = "Zr Zr 0 0 0 1 0.67", "Cl Cl 0.5 0.5 0.5 1 1.6"
    # 1. Said by adp_type, for one and not for the other.
    with pytest.warns(CoherionWarning, match="adp_type Biso: .* of Zr are read as B"):
        found = read(f"{zr} Biso", "Cl Cl 0.5 0.5 0.5 1 0.02 Uiso")
    assert [site.u_iso for site in found.sites] == pytest.approx([0.67 / (8 * np.pi**2), 0.02])
    # 2. Told by the size where nothing is said, and left alone where U is said.
    plain = columns.removesuffix(" adp_type")
    with pytest.warns(CoherionWarning, match="too large for U and are read as B"):
        found = read(zr, cl, columns=plain)
    assert [site.u_iso for site in found.sites] == pytest.approx([0.67 / (8 * np.pi**2), 1.6 / (8 * np.pi**2)])
    with pytest.warns(CoherionWarning, match="if they are B, say adp_type Biso"):
        assert read(f"{zr} Uiso", f"{cl} Uiso").sites[0].u_iso == 0.67
    # 3. One large U among small ones is a large U.
    found = read("Zr Zr 0 0 0 1 0.01", "Cl Cl 0.5 0.5 0.5 1 0.02", "Na Na 0.5 0 0 1 0.4", columns=plain)
    assert [site.u_iso for site in found.sites] == [0.01, 0.02, 0.4]


def test_anisotropic_displacements_that_are_b(tmp_path):
    symmetry = "_symmetry_space_group_name_H-M P1"
    tensor = "loop_\n_atom_site_aniso_label\n" + "".join(
        f"_atom_site_aniso_B_{ij}\n" for ij in ("11", "22", "33", "12", "13", "23")
    )
    path = write_cif(tmp_path / "x.cif", symmetry=symmetry, atoms=f"Ni Ni 0 0 0 1 ?\n{tensor}Ni 0.5 0.6 0.7 0 0.1 0")
    expected = np.array([0.5, 0.6, 0.7, 0.0, 0.1, 0.0]) / (8 * np.pi**2)
    assert read_cif(path).sites[0].u_aniso == pytest.approx(expected)


@pytest.mark.filterwarnings("ignore:.*for each atom")
@pytest.mark.parametrize(
    ("x", "y", "a"),
    [("0.333", "0.667", 3.2), ("0.33", "0.67", 3.2), ("0.333", "0.666", 25.0), (".3333", "-.3333", 9.0)],
)
def test_thirds_of_few_digits(tmp_path, x, y, a):
    """An atom on the threefold axis: two of them in the cell, however the thirds are written."""
    cell = (a, a, 5.2, 90, 90, 120)
    symmetry = "_symmetry_space_group_name_H-M 'P 63/m m c'"
    path = write_cif(tmp_path / "x.cif", symmetry=symmetry, atoms=f"Mg Mg {x} {y} 0.25 1 0.005", cell=cell)
    assert read_cif(path).composition == {"Mg": 2.0}
    # A coordinate with its uncertainty was measured, and on other axes a third has no such place.
    path = write_cif(
        tmp_path / "x.cif", symmetry="_symmetry_space_group_name_H-M P1", atoms=f"Mg Mg {x} {y} 0.25 1 0.005"
    )
    assert read_cif(path).sites[0].position[0] == float(x)


CUBIC = "_symmetry_space_group_name_H-M 'P m -3 m'"
SIX = ("11", "22", "33", "12", "13", "23")


def tensors(kind: str, numbers: str) -> str:
    """A loop of anisotropic displacements of the site Na1."""
    return (
        "\nloop_\n_atom_site_aniso_label\n" + "".join(f"_atom_site_aniso_{kind}_{i}\n" for i in SIX) + f"Na1 {numbers}"
    )


@pytest.mark.parametrize(
    ("kind", "numbers", "adp", "u", "words"),
    [
        ("U", "1.5 1.5 1.5 0 0 0", "Bani", 1.5 / (8 * np.pi**2), "adp_type Bani: .* of Na1 are read as B"),
        ("U", "1.5 1.5 1.5 0 0 0", "?", 1.5 / (8 * np.pi**2), "under aniso_U are too large for U and are read as B"),
        ("U", "1.5 1.5 1.5 0 0 0", "Uani", 1.5, "say adp_type Bani"),
        ("U", ".02 .02 .02 0 0 0", "Uani", 0.02, None),
        # beta = 2 pi^2 a*^2 U, a = 4 angstrom.
        ("beta", ".02 .02 .02 0 0 0", "?", 0.02 * 16 / (2 * np.pi**2), None),
    ],
)
def test_tensors_that_are_no_u(tmp_path, kind, numbers, adp, u, words):
    columns = "label type_symbol fract_x fract_y fract_z adp_type"
    atoms = f"Na1 Na 0 0 0 {adp}" + tensors(kind, numbers)
    path = write_cif(tmp_path / "x.cif", symmetry=CUBIC, atoms=atoms, columns=columns)
    with pytest.warns(CoherionWarning, match=words) if words else warnings.catch_warnings():
        if not words:
            warnings.simplefilter("error")
        found = read_cif(path)
    assert found.sites[0].u_aniso == pytest.approx((u, u, u, 0, 0, 0), rel=1e-9)


@pytest.mark.filterwarnings("ignore:.*for each atom")
def test_beta_of_a_monoclinic_cell_is_that_of_its_structure_factor(tmp_path):
    """exp(-sum beta_ij h_i h_j) is exp(-2 pi^2 h.U.h) with Cartesian U, for a general reflection."""
    cell = (6.9, 7.1, 9.9, 90, 104.0, 90)
    columns = "label type_symbol fract_x fract_y fract_z"
    atoms = "Na1 Na .1 .2 .3" + tensors("beta", ".006 .005 .003 .0004 .0005 -.0003")
    path = write_cif(
        tmp_path / "x.cif", symmetry="_symmetry_space_group_name_H-M P1", atoms=atoms, columns=columns, cell=cell
    )
    beta = symmetric_tensor(np.array([0.006, 0.005, 0.003, 0.0004, 0.0005, -0.0003]))
    h = np.array([2.0, -1.0, 3.0])
    frame = displacement_frame(np.array(cell, float))
    cartesian = frame @ symmetric_tensor(np.array(read_cif(path).sites[0].u_aniso)) @ frame.T
    q = np.linalg.inv(orthogonalisation(np.array(cell, float))).T @ h
    assert 2 * np.pi**2 * q @ cartesian @ q == pytest.approx(h @ beta @ h, rel=1e-9)


@pytest.mark.parametrize(
    ("stated", "known"),
    [
        ("P 1 2(1)/n 1", "P 1 21/n 1"),
        ("P 2_1/n", "P 1 21/n 1"),
        ("P_1_21/n_1", "P 1 21/n 1"),
        ("P 21/n 1 1", "P 21/n 1 1"),
        ("F d -3 m S", "F d -3 m:1"),
        ("F d -3 m Z", "F d -3 m:2"),
        ("R -3 m H", "R -3 m:H"),
        ("R -3 m R", "R -3 m:R"),
        ("P 4_2/m n m", "P 42/m n m"),
    ],
)
def test_symbols_as_other_programs_spell_them(stated, known):
    symbol, operations = find_operations(stated)
    assert (symbol, set(operations)) == (known, set(find_operations(known)[1]))


def test_an_origin_that_a_letter_tells_is_not_guessed(tmp_path):
    path = write_cif(
        tmp_path / "x.cif",
        symmetry="_symmetry_space_group_name_H-M 'F d -3 m S'",
        atoms="Si Si 0.125 0.125 0.125 1 0.005",
        cell=(5.4, 5.4, 5.4, 90, 90, 90),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_cif(path).composition == {"Si": 16.0}


def test_operations_of_another_group_than_the_symbol_are_told(tmp_path):
    listed = "\nloop_\n_space_group_symop_operation_xyz\nx,y,z\n-x,-y,-z"
    path = write_cif(tmp_path / "x.cif", symmetry=CUBIC + listed, atoms="Na Na 0 0 0 1 0.02")
    with pytest.warns(CoherionWarning, match="the operations are those of P -1, the symbol says P m -3 m"):
        assert read_cif(path).space_group == "P -1"


def test_several_structures_in_one_file_are_told(tmp_path):
    one = write_cif(tmp_path / "one.cif", symmetry=CUBIC, atoms="Na Na 0 0 0 1 0.02").read_text()
    other = one.replace("data_", "data_other", 1).replace("Na Na", "Cl Cl")
    # What has a cell and no atoms, as journals' blocks of a measurement, is none.
    (tmp_path / "x.cif").write_text("data_measured\n_cell_length_a 4\n" + one + other)
    with pytest.warns(CoherionWarning, match="holds 2 structures; .* is read, not other"):
        assert read_cif(tmp_path / "x.cif").composition == {"Na": 1.0}


def test_cifs_of_others(cases):
    with pytest.warns(CoherionWarning, match="two origins"):
        assert read_cif(cases / "cif/si_origin2_at18.cif").composition == {"Si": 8.0}
    with pytest.warns(CoherionWarning, match="Mo1.*, C4.* are read as neutral"):
        assert read_cif(cases / "cif/ions.cif").composition == {"Mo": 1.0, "C": 1.0}
    assert read_cif(cases / "cif/hex_third.cif").composition == {"Mg": 2.0}
    with pytest.warns(CoherionWarning, match="read as B"):
        assert read_cif(cases / "pdf/refine/alpha_ZrP.cif").sites[0].u_iso == pytest.approx(0.67 / (8 * np.pi**2))
    assert read_cif(cases / "attack/deuterium.cif").composition["D"] == pytest.approx(0.4)


def test_deuterium_is_hydrogen_to_x_rays(tmp_path):
    path = write_cif(
        tmp_path / "x.cif",
        symmetry="_symmetry_space_group_name_H-M P1",
        atoms="Zr Zr 0 0 0 1 0.01\nD1 D 0.5 0.5 0.5 1 0.02",
    )
    assert read_cif(path).composition == {"Zr": 1.0, "D": 1.0}
    q = np.linspace(0, 20, 5)
    np.testing.assert_array_equal(*scattering_powers(["H", "D"], q))
    light, heavy = scattering_powers(["H", "D"], q, "neutron")[:, 0]
    # Neutron News 3 (1992) 26: -3.739 and 6.671 fm.
    assert (light, heavy) == (pytest.approx(-3.739, abs=1e-3), pytest.approx(6.671, abs=1e-3))
    assert molar_mass(parse_formula("D2O")) == pytest.approx(20.0276, abs=1e-3)


def test_what_looks_like_other_units_is_told(tmp_path):
    """A cell in pm, occupancies that are multiplicities, coordinates in angstrom, U under the name of B."""
    atoms = "Na Na 0 0 0 {o} {u}\nCl Cl {x} {x} {x} {o} {u}"

    def read(a="5.64", x="0.5", o="1", u="0.02", kind="U"):
        text = f"data_x\n_cell_length_a {a}\n_cell_length_b {a}\n_cell_length_c {a}\n"
        text += "".join(f"_cell_angle_{angle} 90\n" for angle in ("alpha", "beta", "gamma"))
        text += "_symmetry_space_group_name_H-M 'F m -3 m'\nloop_\n"
        text += "".join(f"_atom_site_{name}\n" for name in ("label", "type_symbol", "fract_x", "fract_y", "fract_z"))
        text += f"_atom_site_occupancy\n_atom_site_{kind}_iso_or_equiv\n{atoms.format(x=x, o=o, u=u)}\n"
        (tmp_path / "x.cif").write_text(text)
        return read_cif(tmp_path / "x.cif")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read().sites[0].u_iso == 0.02
        assert read(u="0.8", kind="B").sites[0].u_iso == pytest.approx(0.8 / (8 * np.pi**2))
    with pytest.warns(CoherionWarning, match="angstrom.3 for each atom.*is the cell in angstrom"):
        read(a="564.0")
    with pytest.warns(CoherionWarning, match="not multiplicities"):
        read(o="0.0208333")
    with pytest.warns(CoherionWarning, match="Cl stand 2 cells away or more: coordinates are fractions"):
        read(x="2.82")
    with pytest.warns(CoherionWarning, match="too small for B and are read as U"):
        assert read(kind="B").sites[1].u_iso == pytest.approx(0.02)
