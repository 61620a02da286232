"""The refined CIF: what gemmi and diffpy.structure read back, and that its uncertainties are the covariance's."""

import re

import gemmi
import numpy as np
import pytest
from diffpy.structure import loadStructure

from coherion.crystal.cif import cif_text, with_uncertainty, write_cif
from coherion.crystal.cif_input import read_cif
from coherion.crystal.crystal import Crystal, Site

# 1. numbers with uncertainties, by the rule of 19


@pytest.mark.parametrize(
    ("value", "sd", "text"),
    [
        (6.91534, 0.00123, "6.9153(12)"),
        (6.91534, 0.00195, "6.915(2)"),
        (6.91534, 0.0019, "6.9153(19)"),
        (90.28, 0.2, "90.3(2)"),
        (37.44, 1.3, "37.4(13)"),
        (-0.0519, 0.0004, "-0.0519(4)"),
        (345.2, 25.0, "345(25)"),
        (0.99996, 0.00002, "0.99996(2)"),
        # without uncertainty no more is written than is there
        (0.5, 0.0, "0.5"),
        (-0.0, 0.0, "0"),
        (1 / 3, 0.0, "0.33333"),
        (0.25, np.nan, "0.25"),
    ],
)
def test_digits(value, sd, text):
    assert with_uncertainty(value, sd) == text


# 2. reading back


def monoclinic():
    sites = (
        Site("M1", (0, 0, 0), (("In", 0.3), ("Zr", 0.7)), u_iso=0.012),
        Site("Na2", (0.5133, -0.0519, 0.2474), (("Na", 0.93),), u_iso=0.031),
        Site("Cl1", (0.1118, 0.0496, 0.2391), (("Cl", 1.0),), u_aniso=(0.02, 0.03, 0.025, 0.001, -0.002, 0.003)),
    )
    return Crystal("cryolite-like", (6.915, 7.163, 9.928, 90, 90.28, 90), "P21/n", sites)


def wurtzite():
    sites = (
        Site("Cd1", (1 / 3, 2 / 3, 0), (("Cd", 1.0),), u_aniso=(0.01, 0.01, 0.02, 0.005, 0, 0)),
        Site("Se1", (1 / 3, 2 / 3, 0.377), (("Se", 1.0),), u_iso=0.011),
    )
    return Crystal("CdSe", (4.3, 4.3, 7.01, 90, 90, 120), "P63mc", sites)


@pytest.mark.parametrize("crystal", [monoclinic(), wurtzite()], ids=lambda c: c.name)
def test_read_back_by_gemmi_and_diffpy_and_ourselves(crystal, tmp_path):
    path = tmp_path / "refined.cif"
    names = list(crystal.parameters)
    write_cif(path, crystal, names, np.diag(np.full(len(names), 1e-10)), details="Rw 0.2")
    small = gemmi.read_small_structure(str(path))
    assert small.cell.parameters == pytest.approx(crystal.lattice, abs=1e-5)
    assert small.spacegroup.xhm() == crystal.space_group
    theirs = loadStructure(str(path))
    assert theirs.lattice.abcABG() == pytest.approx(crystal.lattice, abs=1e-5)
    # the whole cell: as many atoms, with the composition and the mean displacement of ours
    amounts = {}
    for atom in theirs:
        amounts[atom.element] = amounts.get(atom.element, 0) + atom.occupancy
    assert amounts == pytest.approx(crystal.composition, abs=1e-4)
    ours = crystal.expand()
    u_equivalent = {
        site.label: np.trace(ours.u_cartesian[np.flatnonzero(ours.site == k)[0]]) / 3
        for k, site in enumerate(crystal.sites)
    }
    for atom in theirs:
        site = next((label for label in u_equivalent if atom.label.startswith(label)), None)
        if site is not None:
            assert atom.Uisoequiv == pytest.approx(u_equivalent[site], abs=2e-5)
    again = read_cif(path)
    assert again.operations == crystal.operations
    assert again.parameters == pytest.approx(crystal.parameters, abs=1e-5)


def test_uncertainties_of_dependent_numbers_follow_symmetry():
    crystal = wurtzite()
    names = list(crystal.parameters)
    sds = {"a": 0.0012, "c": 0.0031, "Se1.z": 0.0004, "Cd1.u11": 0.0006, "Se1.u_iso": 0.0007}
    text = cif_text(crystal, names, np.diag([sds.get(n, 0.0) ** 2 for n in names]))
    block = gemmi.cif.read_string(text).sole_block()
    assert block.find_value("_cell_length_a") == block.find_value("_cell_length_b") == "4.3000(12)"
    assert block.find_value("_cell_angle_gamma") == "120"
    # V = sqrt(3)/2 a^2 c: relative error sqrt(4 (sa/a)^2 + (sc/c)^2) = 7.1e-4 of 112.25
    volume = block.find_value("_cell_volume")
    expected = np.sqrt(3) / 2 * 4.3**2 * 7.01
    relative = np.hypot(2 * 0.0012 / 4.3, 0.0031 / 7.01)
    number, digits = re.fullmatch(r"([\d.]+)\((\d+)\)", volume).groups()
    assert float(number) == pytest.approx(expected, abs=0.01)
    assert int(digits) * 10.0 ** -len(number.partition(".")[2]) == pytest.approx(relative * expected, rel=0.1)
    (row,) = (list(r) for r in block.find("_atom_site_aniso_", ["label", "U_11", "U_22", "U_12", "U_33"]))
    # u22 = u11 and u12 = u11/2 on the threefold axis: half the uncertainty
    assert row == ["Cd1", "0.0100(6)", "0.0100(6)", "0.0050(3)", "0.02"]
    z = [r[0] for r in block.find(["_atom_site_fract_z"])]
    assert z == ["0", "0.3770(4)"]


def test_correlations_count():
    # a and b fully anticorrelated: the volume of an orthorhombic cell keeps a*b and its error shrinks
    crystal = Crystal("box", (5, 5, 6, 90, 90, 90), "Pmmm", (Site("Na1", (0, 0, 0), (("Na", 1.0),), u_iso=0.01),))
    sd = 0.01
    loose = cif_text(crystal, ["a", "b"], np.diag([sd**2, sd**2]))
    tight = cif_text(crystal, ["a", "b"], sd**2 * np.array([[1, -0.99], [-0.99, 1]]))

    def digits(text):
        return gemmi.cif.read_string(text).sole_block().find_value("_cell_volume")

    # dV = 30 (da + db): sd 30*0.01*sqrt(2) = 0.42, with the correlation 30*0.01*sqrt(0.02) = 0.042
    assert digits(loose) == "150.0(4)" and digits(tight) == "150.00(4)"


def test_the_same_crystal_gives_the_same_bytes():
    assert cif_text(monoclinic(), details="a\n;b") == cif_text(monoclinic(), details="a\n;b")
    gemmi.cif.read_string(cif_text(monoclinic(), details="a\n;b\n_x y"))


# 3. complete, and read by others without a warning


def diamond():
    return Crystal(
        "Si", (5.431,) * 3 + (90.0,) * 3, "F d -3 m:2", (Site("Si1", (0.125,) * 3, (("Si", 1.0),), u_iso=0.006),)
    )


@pytest.mark.parametrize(
    ("crystal", "formula", "z", "density"),
    [
        (monoclinic(), "Cl2 In0.3 Na1.86 Zr0.7", 2, None),
        (wurtzite(), "Cd1 Se1", 2, 5.663),
        # NIST SRM 640: 2.329 g/cm3
        (diamond(), "Si1", 8, 2.329),
    ],
    ids=lambda c: getattr(c, "name", None),
)
@pytest.mark.filterwarnings("error")
def test_formula_units_density_and_readers(crystal, formula, z, density, tmp_path):
    path = tmp_path / "x.cif"
    write_cif(path, crystal, items={"_diffrn_radiation_wavelength": 0.5594, "_diffrn_radiation_probe": "x-ray"})
    block = gemmi.cif.read(str(path)).sole_block()

    def value(tag):
        return gemmi.cif.as_string(block.find_value(tag))

    assert (value("_chemical_formula_sum"), value("_cell_formula_units_Z")) == (formula, str(z))
    assert value("_diffrn_radiation_wavelength") == "0.5594" and value("_diffrn_radiation_probe") == "x-ray"
    if density:
        assert float(value("_exptl_crystal_density_diffrn")) == pytest.approx(density, abs=2e-3)
    # Sites of elements that share a place count one by one for these readers.
    atoms = sum(len(site.species) * crystal.multiplicity(site.label) for site in crystal.sites)
    assert len(gemmi.read_small_structure(str(path)).get_all_unit_cell_sites()) == atoms
    assert len(loadStructure(str(path))) == atoms


@pytest.mark.filterwarnings("ignore:Issues encountered while parsing CIF:UserWarning")
@pytest.mark.parametrize("crystal", [monoclinic(), diamond(), wurtzite()], ids=lambda c: c.name)
def test_ase_and_pymatgen_where_they_are_installed(crystal, tmp_path):
    write_cif(tmp_path / "x.cif", crystal)
    ase = pytest.importorskip("ase.io")
    pymatgen = pytest.importorskip("pymatgen.core")
    assert ase.read(tmp_path / "x.cif").cell.lengths() == pytest.approx(crystal.lattice[:3])
    found = pymatgen.Structure.from_file(str(tmp_path / "x.cif")).composition.as_dict()
    assert found == pytest.approx(crystal.composition, rel=1e-3)
