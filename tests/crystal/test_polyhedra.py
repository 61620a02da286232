"""Polyhedra and bond valences: closed formulae of ideal shapes, and what must not depend on the frame."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from coherion.crystal import bond_valence
from coherion.crystal.polyhedra import (
    SHAPES,
    angle,
    bond_length,
    direction_angle,
    hull_volume,
    nearest_shape,
    shape_measure,
)
from coherion.errors import InputError


def octahedron(distance):
    return distance * SHAPES["octahedron"]


# 1. lengths and angles


def test_right_triangle():
    assert bond_length([1, 0, 0], [1, 3, 4]) == 5.0
    assert angle([3, 0, 0], [0, 0, 0], [0, 4, 0]) == pytest.approx(90.0)


@pytest.mark.parametrize("small", [1e-3, 1e-6, 1e-9])
def test_angles_keep_their_digits_near_0_and_180(small):
    near = np.array([np.cos(small), np.sin(small), 0.0])
    assert direction_angle([1, 0, 0], near) == pytest.approx(np.degrees(small), rel=1e-9)
    assert 180 - direction_angle([-1, 0, 0], near) == pytest.approx(np.degrees(small), rel=1e-4)


# 2. volumes


@pytest.mark.parametrize(("distance", "volume"), [(1.0, 4 / 3), (2.536, 21.75), (2.480, 20.34)])
def test_octahedron_of_radius_d_has_four_thirds_d_cubed(distance, volume):
    # 2.536 and 2.480 are In-Cl and Zr-Cl of bond valence
    assert hull_volume(octahedron(distance)) == pytest.approx(volume, abs=0.005)


def test_regular_prism_of_edge_a_has_root_three_quarters_a_cubed():
    prism = SHAPES["trigonal_prism"]
    edge = np.linalg.norm(prism[0] - prism[1])
    # all nine edges are equal
    assert np.linalg.norm(prism[0] - prism[3]) == pytest.approx(edge)
    assert hull_volume(prism * 3.4 / edge) == pytest.approx(np.sqrt(3) / 4 * 3.4**3)


def test_general_prism_is_area_times_height():
    triangle = np.array([[0, 0, 0], [3.0, 0, 0], [1.0, 2.0, 0]])
    sheared = np.vstack([triangle, triangle + np.array([0.7, -0.4, 2.5])])
    assert hull_volume(sheared) == pytest.approx(3.0 * 2.5)


def test_flat_polyhedron_is_refused():
    with pytest.raises(ValueError, match="span no volume"):
        hull_volume(SHAPES["square"])


# 3. shapes


@pytest.mark.parametrize(
    ("shape", "other", "expected"),
    [
        # published distances between the reference shapes (program SHAPE; Pinsky & Avnir 1998)
        ("octahedron", "trigonal_prism", 16.737),
        ("trigonal_prism", "octahedron", 16.737),
        ("tetrahedron", "square", 33.333),
        ("octahedron", "octahedron", 0.0),
        ("trigonal_prism", "trigonal_prism", 0.0),
    ],
)
def test_shape_measures_of_ideal_shapes(shape, other, expected):
    assert shape_measure(SHAPES[shape], np.zeros(3), other) == pytest.approx(expected, abs=2e-3)


def test_shape_does_not_depend_on_frame_size_or_order():
    rng = np.random.default_rng(3)
    bent = octahedron(2.5) + rng.normal(scale=0.2, size=(6, 3))
    reference = nearest_shape(bent, np.zeros(3))
    turned = Rotation.random(rng=4).apply(bent * 1.7)[rng.permutation(6)] + 5.0
    moved = nearest_shape(turned, np.full(3, 5.0))
    assert list(moved) == list(reference) == ["octahedron", "trigonal_prism"]
    assert list(moved.values()) == pytest.approx(list(reference.values()))


def test_twisting_an_octahedron_by_sixty_degrees_makes_a_prism():
    upper = np.array([[np.cos(t), np.sin(t), np.sqrt(0.5)] for t in np.radians([0, 120, 240])])
    for twist, nearest in ((60, "octahedron"), (45, "octahedron"), (15, "trigonal_prism"), (0, "trigonal_prism")):
        lower = Rotation.from_euler("z", twist, degrees=True).apply(upper) * [1, 1, -1]
        assert next(iter(nearest_shape(np.vstack([upper, lower]), np.zeros(3)))) == nearest


def test_no_reference_for_seven_vertices():
    assert nearest_shape(np.random.default_rng(0).normal(size=(7, 3)), np.zeros(3)) == {}


# 4. bond valence


@pytest.mark.parametrize(("metal", "distance", "valence"), [("In", 2.536, 3.0), ("Zr", 2.480, 4.0)])
def test_octahedral_distances_give_the_formal_valence(metal, distance, valence):
    total = bond_valence.bond_valence_sum(
        np.full(6, distance), [(metal, 1.0)], [[("Cl", 1.0)]] * 6, bond_valence.table()
    )
    assert total == pytest.approx(valence, abs=0.01)


def test_mixed_site_has_the_mean_and_vacant_ligands_count_less():
    parameters = bond_valence.table()
    distances = np.full(6, 2.5)

    def total(centre, present=1.0):
        return bond_valence.bond_valence_sum(distances, centre, [[("Cl1-", present)]] * 6, parameters)

    pure = total([("In3+", 1.0)]), total([("Zr4+", 1.0)])
    assert total([("In", 0.3), ("Zr", 0.7)]) == pytest.approx(0.3 * pure[0] + 0.7 * pure[1])
    # a site occupied to one half has the valence of the ion that is there, not half of it
    assert total([("In", 0.5)]) == pytest.approx(pure[0])
    assert total([("In", 1.0)], present=0.5) == pytest.approx(pure[0] / 2)


def test_parameters_are_given_by_the_user_where_missing():
    with pytest.raises(InputError, match="no bond valence parameters for Y-Cl"):
        bond_valence.bond_valence_sum(np.array([2.6]), [("Y", 1.0)], [[("Cl", 1.0)]], bond_valence.table())
    given = bond_valence.table({"Y-Cl": [2.40, 0.37]})
    assert bond_valence.bond_valence_sum(np.array([2.40]), [("Y", 1.0)], [[("Cl", 1.0)]], given) == pytest.approx(1)


@pytest.mark.parametrize("extra", [{"YCl": [2.4, 0.37]}, {"Y-Cl": [2.4]}, {"Y-Cl": "x"}, {"Y-Cl": [2.4, -1]}])
def test_parameters_that_cannot_be_read(extra):
    with pytest.raises(InputError, match="cannot be read"):
        bond_valence.table(extra)
