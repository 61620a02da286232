"""Geometry of crystals: closed formulae of rock salt and fluorite, other programs' distances, and honest errors."""

from pathlib import Path

import numpy as np
import pytest

from coherion.crystal.cif_input import read_cif
from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.geometry import (
    image,
    measure,
    neighbours,
)
from coherion.crystal.propagation import of_phase, propagated
from coherion.errors import CoherionWarning, InputError
from coherion.settings.configuration import read_yaml
from coherion.settings.reading import settings_from
from coherion.settings.stages.geometry import AngleRequest, BondRequest, GeometrySettings, PolyhedronRequest

CONFIGURATION = Path(__file__).parents[2] / "config" / "config.yaml"
PAPER = settings_from(GeometrySettings, read_yaml(CONFIGURATION)["geometry"])

A = 5.6402


@pytest.fixture
def salt():
    return Crystal(
        "NaCl",
        (A, A, A, 90, 90, 90),
        "Fm-3m",
        (Site("Na1", (0, 0, 0), (("Na", 1.0),), u_iso=0.02), Site("Cl1", (0.5, 0.5, 0.5), (("Cl", 1.0),), u_iso=0.02)),
    )


@pytest.fixture
def cryolite():
    """A cell of the cryolite type (facts of the field, not an experiment)."""
    made = []
    for label, element, position in (
        ("M1", "In", (0, 0, 0)),
        ("Na1", "Na", (0, 0, 0.5)),
        ("Na2", "Na", (0.5133, -0.0519, 0.2474)),
        ("Cl1", "Cl", (0.1118, 0.0496, 0.2391)),
        ("Cl2", "Cl", (-0.2978, 0.1893, 0.0504)),
        ("Cl3", "Cl", (0.1781, 0.2932, -0.0687)),
    ):
        made.append(Site(label, position, ((element, 1.0),), u_iso=0.02))
    return Crystal("cryolite", (6.915, 7.163, 9.928, 90, 90.28, 90), "P21/n", tuple(made))


def by_name(found):
    return {
        q.name: (v, s, q) for q, v, s in zip(found.quantities, found.value, found.standard_uncertainty, strict=True)
    }


OCTAHEDRON = GeometrySettings(
    polyhedra=(PolyhedronRequest("Na1", "Cl*", 6, "octahedron"),), angles=(AngleRequest(("a", "Na1", "Cl1 1_444")),)
)

# 1. rock salt: everything is a formula of a


def test_rock_salt_is_a_formula_of_a_and_so_are_its_errors(salt):
    sd = 0.0021
    found = by_name(measure(salt, OCTAHEDRON, ["a"], np.array([[sd**2]])))
    d = A / 2
    distance, distance_sd, _ = found["Na1 mean distance"]
    assert (distance, distance_sd) == pytest.approx((d, sd / 2))
    # V = 4/3 (a/2)^3 and dV/da = a^2/2
    volume, volume_sd, _ = found["Na1 volume"]
    assert (volume, volume_sd) == pytest.approx((4 / 3 * d**3, A**2 / 2 * sd))
    # six bonds of valence exp((2.15 - a/2)/0.37), derivative -V/(2 b)
    valence, valence_sd, _ = found["Na1 bond valence sum"]
    assert valence == pytest.approx(6 * np.exp((2.15 - d) / 0.37))
    assert valence_sd == pytest.approx(valence * sd / 2 / 0.37)
    # the body diagonal, whatever a is
    angle, angle_sd, _ = found["a-Na1-Cl1 1_444"]
    assert angle == pytest.approx(180 - np.degrees(np.arccos(1 / np.sqrt(3))))
    assert angle_sd == pytest.approx(0, abs=1e-9)
    assert found["Na1 shape measure octahedron"][0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("shell", "count", "factor"), [("Cl*", 6, 0.5), ("Na*", 12, np.sqrt(0.5))])
def test_shells_of_rock_salt(salt, shell, count, factor):
    around = neighbours(salt, image(salt, "Na1"), shell, longest=A * factor + 0.1)
    assert len(around) == count
    assert [d for d, _ in around] == pytest.approx([A * factor] * count)


def test_cube_of_fluorite():
    a = 5.411
    ceria = Crystal(
        "CeO2",
        (a, a, a, 90, 90, 90),
        "Fm-3m",
        (Site("Ce1", (0, 0, 0), (("Ce", 1.0),), u_iso=0.01), Site("O1", (0.25,) * 3, (("O", 1.0),), u_iso=0.01)),
    )
    settings = GeometrySettings(polyhedra=(PolyhedronRequest("Ce1", "O1", 8),), angles=())
    with pytest.warns(CoherionWarning, match="no bond valence parameters for Ce-O"):
        found = by_name(measure(ceria, settings, ["a"], np.array([[1e-6]])))
    assert found["Ce1 volume"][0] == pytest.approx((a / 2) ** 3)
    assert found["Ce1 volume"][1] == pytest.approx(3 * (a / 2) ** 2 / 2 * 1e-3)


def test_hexagonal_close_packing_has_the_ideal_ratio():
    # Mg with c/a = sqrt(8/3): twelve equal neighbours, which a wrong metric would not give
    a = 3.2
    c = a * np.sqrt(8 / 3)
    metal = Crystal(
        "hcp", (a, a, c, 90, 90, 120), "P63/mmc", (Site("Mg1", (1 / 3, 2 / 3, 0.25), (("Mg", 1.0),), 0.01),)
    )
    around = neighbours(metal, image(metal, "Mg1"), "Mg1", count=13)
    assert [d for d, _ in around[:12]] == pytest.approx([a] * 12)
    assert around[12][0] > a + 0.5


# 2. the cryolite type


def test_polyhedra_of_the_cryolite_type(cryolite):
    found = by_name(measure(cryolite, PAPER))
    # facts of the model: M-Cl 2.52 angstrom, octahedra around M and Na1, a prism around Na2
    assert found["M1 mean distance"][0] == pytest.approx(2.52, abs=0.01)
    assert found["M1 shape measure octahedron"][0] < 1 < found["M1 shape measure trigonal_prism"][0]
    assert found["Na1 shape measure octahedron"][0] < 1 < found["Na1 shape measure trigonal_prism"][0]
    assert found["Na2 shape measure trigonal_prism"][0] < 3 < found["Na2 shape measure octahedron"][0]
    # M1 is a centre of symmetry: bonds come in equal pairs, and the codes name the pair
    assert found["M1-Cl1"][0] == pytest.approx(found["M1-Cl1 3_555"][0])


def test_m1_m2_cl_is_the_angle_with_the_b_axis(cryolite):
    # the second M of the paper's angle is the first one moved along b
    with_image = GeometrySettings((), (AngleRequest(("M1 1_565", "M1", "Cl1")), AngleRequest(("b", "M1", "Cl1"))))
    first, second = measure(cryolite, with_image).value
    assert first == pytest.approx(second)
    b = 0.0496 * 7.163
    assert first == pytest.approx(np.degrees(np.arccos(b / measure_bond(cryolite, "M1", "Cl1"))))


def test_a_bond_points_from_its_atom_wherever_that_is(salt):
    """Chlorine stands in the middle of the cell: to the sodium at its origin it looks back along the axes."""
    settings = GeometrySettings((), tuple(AngleRequest(("a", "Cl1", f"Na1 1_{code}")) for code in (555, 655)))
    back, forth = measure(salt, settings).value
    # From (1/2 1/2 1/2) to (0 0 0) and to (1 0 0): cos = -+1/3^(1/2).
    assert back == pytest.approx(180 - np.degrees(np.arccos(1 / np.sqrt(3))))
    assert forth == pytest.approx(np.degrees(np.arccos(1 / np.sqrt(3))))


def measure_bond(crystal, first, second):
    return float(np.linalg.norm(image(crystal, second).position(crystal) - image(crystal, first).position(crystal)))


def test_a_prism_whose_sixth_corner_is_not_the_sixth_nearest(cryolite):
    def corners(crystal):
        found = by_name(measure(crystal, settings))["Na2 volume"]
        return found[0], set(found[2].atoms.removeprefix("Na2: ").split(", "))

    settings = GeometrySettings((PolyhedronRequest("Na2", "Cl*", 6, "trigonal_prism"),), ())
    # sodium moved along the prism: Cl2 3_555, outside of it, is now nearer than its corner Cl2 2_545
    moved = cryolite.with_values({"Na2.z": 0.225})
    assert "Cl2 3_555" in {i.code(moved) for _, i in neighbours(moved, image(moved, "Na2"), "Cl*", count=6)}
    before, atoms = corners(cryolite)
    with pytest.warns(CoherionWarning, match="trigonal_prism .* is made with Cl2 2_545 instead of nearer ones"):
        after, same = corners(moved)
    # chlorine did not move, so the prism is the same
    assert same == atoms and after == pytest.approx(before)


def test_wrong_shape_is_told(cryolite):
    settings = GeometrySettings(polyhedra=(PolyhedronRequest("Na2", "Cl*", 6, "octahedron", spare=0),), angles=())
    with pytest.warns(CoherionWarning, match="nearer to a trigonal_prism"):
        measure(cryolite, settings)


def test_errors_are_those_of_a_monte_carlo_of_the_parameters(cryolite):
    rng = np.random.default_rng(7)
    names = list(cryolite.parameters)
    values = cryolite.parameters
    root = rng.normal(size=(len(names), len(names))) * 1e-4
    covariance = root @ root.T
    settings = PAPER
    linear = measure(cryolite, settings, names, covariance)
    draws = []
    for z in rng.normal(size=(300, len(names))):
        moved = dict(zip(names, np.array(list(values.values())) + root @ z, strict=True))
        crystal = cryolite.with_values(moved)
        draws.append([q.measure(crystal) for q in linear.quantities])
    ratio = np.std(draws, axis=0, ddof=1) / linear.standard_uncertainty
    # 300 draws scatter by 4 %; the shape measures near zero are not linear in the parameters
    linear_ones = np.array([q.kind != "shape_measure" for q in linear.quantities])
    assert np.all(np.abs(ratio[linear_ones] - 1) < 0.17)
    correlation = np.corrcoef(np.array(draws).T)
    i = [q.name for q in linear.quantities].index("M1 volume")
    j = [q.name for q in linear.quantities].index("M1 mean distance")
    sd = linear.standard_uncertainty
    assert linear.covariance[i, j] / sd[i] / sd[j] == pytest.approx(correlation[i, j], abs=0.05)


# 3. against other programs, on other people's files


def test_errors_of_a_cell_are_those_of_its_own_phase_alone(salt):
    """V = a^3, so s(V) = 3 a^2 s(a), whatever a of the other phase is uncertain by, and its own scale."""
    parameters = ("scale", "iron:a", "salt:scale", "salt:Na1.u_iso", "salt:a")
    names, index = of_phase(salt, parameters, "salt")
    assert (names, index.tolist()) == (["Na1.u_iso", "a"], [3, 4])
    covariance = np.diag([0.5, 0.3, 0.1, 1e-4, 1e-4]) ** 2
    variance = propagated(lambda crystal: np.array([crystal.volume]), salt, names, covariance[np.ix_(index, index)])
    assert variance[0, 0] == pytest.approx((3 * A**2 * 1e-4) ** 2, rel=1e-6)
    # One phase has no name before its parameters.
    assert of_phase(salt, ("scale", "a", "qdamp"))[0] == ["a"]


@pytest.mark.parametrize("name", ["Na3ErCl6_P21n_mp-28542", "Na3InCl6_P21n_MODEL", "LaB6_SRM660c"])
@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_distances_are_those_of_diffpy_structure(real_data, name):
    from diffpy.structure import loadStructure

    path = real_data / "cif" / f"{name}.cif"
    crystal, theirs = read_cif(path), loadStructure(str(path))
    steps = np.stack(np.meshgrid(*[np.arange(-2, 3)] * 3), axis=-1).reshape(-1, 3)
    everywhere = theirs.lattice.cartesian((np.array(theirs.xyz)[:, None] + steps).reshape(-1, 3))
    for site in crystal.sites:
        # any atom of the site will do: all of them have the same distances
        start = next(atom for atom in theirs if atom.label.startswith(site.label))
        lengths = np.sort(np.linalg.norm(everywhere - start.xyz_cartn, axis=1))
        ours = sorted(d for d, _ in neighbours(crystal, image(crystal, site.label), "*", longest=4.0))
        assert ours == pytest.approx(lengths[(lengths > 0.1) & (lengths < 4.0)], abs=2e-5)


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_octahedron_of_the_model_structure(real_data):
    # its file says that the chlorine positions were scaled to In-Cl = 2.51 angstrom
    crystal = read_cif(real_data / "cif" / "Na3InCl6_P21n_MODEL.cif")
    request = PolyhedronRequest("In1", "Cl*", 6, "octahedron")
    found = by_name(measure(crystal, GeometrySettings(polyhedra=(request,), angles=())))
    assert found["In1 mean distance"][0] == pytest.approx(2.51, abs=1e-3)
    # the volume of an octahedron with these bonds is at most that of the regular one
    assert 0.98 * 4 / 3 * 2.51**3 < found["In1 volume"][0] < 4 / 3 * 2.51**3


# 4. requests


def test_bonds_up_to_a_length(salt):
    settings = GeometrySettings((), (), (BondRequest("Na1", "Cl1", 3.0),))
    found = measure(salt, settings)
    assert len(found.value) == 6 and found.value == pytest.approx(np.full(6, A / 2))


def test_symmetry_codes_name_the_image(cryolite):
    # operation 3 of P21/n as listed is an inversion: -x,-y,-z
    assert "-x,-y,-z" in cryolite.operations
    number = cryolite.operations.index("-x,-y,-z") + 1
    moved = image(cryolite, f"Cl1 {number}_565").position(cryolite)
    expected = -image(cryolite, "Cl1").position(cryolite) + [0, 7.163, 0]
    np.testing.assert_allclose(moved, expected, atol=1e-9)


def test_settings_from_json():
    made = settings_from(
        GeometrySettings,
        {
            "polyhedra": [{"centre": "Na1", "ligands": "Cl*", "shape": "octahedron"}],
            "angles": [["a", "M1", "Cl1"], {"atoms": ["M1 1_565", "M1", "Cl2"], "name": "tilt"}],
            "bonds": [{"centre": "M1", "longest": 3.0}],
            "bond_valence": {"Y-Cl": [2.4, 0.37]},
        },
    )
    assert made.polyhedra[0].count == 6 and made.angles[1].name == "tilt" and made.bonds[0].longest == 3.0


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"angle": []}, "unknown setting"),
        ({"angles": [["a", "M1"]]}, "a list of 3"),
        ({"polyhedra": [{"center": "M1"}]}, "center: unknown setting.*did you mean centre"),
        ({"polyhedra": [{"ligands": "Cl*"}]}, "centre: setting is missing"),
        ({"polyhedra": [{"centre": "M1", "shape": "cube"}]}, "shape.*octahedron or"),
        ({"polyhedra": [{"centre": "M1", "count": 4, "shape": "octahedron"}]}, "no such shape"),
        ({"polyhedra": [{"centre": "M1", "count": 4.5}]}, "from 1 to 24"),
        ({"polyhedra": [{"centre": "M1", "spare": 40}]}, "from 0 to 4"),
        ({"bond_valence": {"Y": [2.4, 0.4]}}, r"bond_valence\.Y: .*such as"),
        ({"bond_valence": {"Y-Cl": 1}}, "a list of 2"),
    ],
)
def test_settings_that_cannot_be_read(given, words):
    with pytest.raises(InputError, match=words):
        settings_from(GeometrySettings, given)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (GeometrySettings((PolyhedronRequest("Na9"),), ()), "no site of this name"),
        (GeometrySettings((PolyhedronRequest("Na1", "Br*"),), ()), "no site matches"),
        (GeometrySettings((), (AngleRequest(("Na1 9_999_9", "Na1", "Cl1")),)), "image cannot be read"),
        (GeometrySettings((), (AngleRequest(("Na1 500", "Na1", "Cl1")),)), "image cannot be read"),
        (GeometrySettings((), (AngleRequest(("Na1", "Na1", "d")),)), "no site of this name"),
    ],
)
def test_requests_that_the_crystal_cannot_meet(salt, settings, words):
    with pytest.raises(InputError, match=words):
        measure(salt, settings)
