"""Reflections of a window: where they are, what they look like, and whether one more is found where it is."""

import gemmi
import numpy as np
import pytest

from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.reflections import (
    full_width,
    long_run_variance,
    profiles,
    reference_reflections,
    reflection_positions,
    search_reflection,
)
from coherion.errors import InputError

# 1. positions and multiplicities

CELLS = [
    ("P 1 21/n 1", (6.84, 7.08, 9.82, 90, 90.42, 90)),
    ("P -3 m 1", (6.85, 6.85, 6.15, 90, 90, 120)),
    ("P m -3 m", (4.157, 4.157, 4.157, 90, 90, 90)),
    ("F d -3 m:2", (5.431, 5.431, 5.431, 90, 90, 90)),
    ("R -3 c:H", (4.99, 4.99, 17.06, 90, 90, 120)),
    ("I 41/a m d:2", (3.785, 3.785, 9.514, 90, 90, 90)),
    ("P -1", (5.1, 6.3, 7.7, 81, 97, 104)),
]


@pytest.mark.parametrize(("group", "cell"), CELLS, ids=[group for group, _ in CELLS])
def test_positions_and_multiplicities_are_those_of_gemmi(group, cell):
    operations = list(gemmi.SpaceGroup(group).operations())
    rotations = np.array([np.array(o.rot) / o.DEN for o in operations])
    translations = np.array([np.array(o.tran) / o.DEN for o in operations])
    low, high = 0.8, 4.0
    found, counts = reflection_positions(cell, rotations, translations, low, high)

    space, unit_cell = gemmi.SpaceGroup(group), gemmi.UnitCell(*cell)
    expected: dict[float, int] = {}
    for h in gemmi.make_miller_array(unit_cell, space, 2 * np.pi / high, 2 * np.pi / low, unique=False):
        if not space.operations().is_systematically_absent(list(h)):
            q = 2 * np.pi / unit_cell.calculate_d(list(h))
            near = next((known for known in expected if abs(known - q) < 1e-4), q)
            expected[near] = expected.get(near, 0) + 1
    np.testing.assert_allclose(found, sorted(expected), atol=2e-4)
    assert counts.tolist() == [expected[q] for q in sorted(expected)]


def test_no_reflection_below_the_first():
    found, counts = reflection_positions((4, 4, 4, 90, 90, 90), np.eye(3)[None], np.zeros((1, 3)), 0.0, 1.5)
    assert found.size == counts.size == 0


# 2. the profile


def test_breadths_of_a_sphere_are_the_known_ones():
    """Integral breadth 2 pi (4/3) / D (J. I. Langford, A. J. C. Wilson, J. Appl. Cryst. 11 (1978) 102), and the full
    width of the transform done by another quadrature; Scherrer's constant 0.89 goes with it."""
    from scipy.integrate import quad
    from scipy.optimize import brentq

    diameter = 80.0
    top = profiles(np.zeros(1), np.zeros(1), diameter, np.zeros(1))[0, 0]
    assert 1 / top == pytest.approx(2 * np.pi * 4 / 3 / diameter, rel=1e-6)

    def transform(z):
        return quad(lambda u: 1 - 1.5 * u + 0.5 * u**3, 0, 1, weight="cos", wvar=z)[0]

    half = brentq(lambda z: transform(z) - 3 / 16, 1.0, 5.0)
    assert full_width(diameter, 0.0) == pytest.approx(2 * half / diameter, rel=1e-6)
    edge = diameter * (np.pi / 6) ** (1 / 3)
    assert full_width(diameter, 0.0) * edge / (2 * np.pi) == pytest.approx(0.89, abs=0.005)


def test_limits_are_a_gaussian_and_a_lorentzian():
    q = np.linspace(1.3, 1.7, 81)
    gaussian = profiles(q, np.array([1.5]), 1e7, np.array([0.02]))[:, 0]
    expected = np.exp(-0.5 * ((q - 1.5) / 0.02) ** 2) / (0.02 * np.sqrt(2 * np.pi))
    np.testing.assert_allclose(gaussian, expected, atol=1e-5 * expected.max())
    assert full_width(1e7, 0.02) == pytest.approx(0.02 * np.sqrt(8 * np.log(2)), rel=1e-4)
    lorentzian = profiles(q, np.array([1.5]), 60.0, np.zeros(1), 1.0)[:, 0]
    np.testing.assert_allclose(lorentzian, 40 / np.pi / (1 + (40 * (q - 1.5)) ** 2), rtol=2e-2)
    assert full_width(60.0, 0.0, 1.0) == pytest.approx(2 / 40.0, rel=1e-3)


def test_the_area_of_a_profile_is_one():
    q = np.linspace(-3, 6, 4001)
    made = profiles(q, np.array([1.5, 1.6]), 60.0, np.array([0.015, 0.03]))
    # A sphere's tails fall as 1/(Q - Q0)^2 with 3/(2 pi D): what lies beyond 4.4 1/angstrom on both sides.
    np.testing.assert_allclose(np.trapezoid(made, q, axis=0), 1.0, atol=2 * 3 / (2 * np.pi * 60 * 4.4) + 1e-4)


# 3. the search

POSITIONS = np.array([1.09, 1.11, 1.12, 1.275, 1.28, 1.425, 1.43, 1.56, 1.78, 1.81])
AREAS = np.array([30.0, 8.0, 8.0, 12.0, 10.0, 0.4, 0.3, 0.1, 5.0, 6.0])
PLACE = 1.47
Q = np.arange(1.15, 1.70, 0.0027)
KNOWN = {"qdamp": 0.011, "qbroad": 0.01, "length": 60.0}


def pattern(seed, *, side=0.0, length=57.0, side_length=80.0, counts=3e5, tail=0.0, strain=0.008, sizes=(1.0,)):
    """A made window: reflections on a bent background, with Poisson noise; positions off by 0.1 %; domains of
    several sizes, relative to the length."""
    generator = np.random.default_rng(seed)
    centres = POSITIONS * 1.001
    areas = AREAS * generator.uniform(0.8, 1.2, AREAS.size)
    made = side * profiles(Q, np.array([PLACE]), side_length, np.array([np.hypot(0.011, strain * PLACE)]), tail)[:, 0]
    for size in sizes:
        made += profiles(Q, centres, length * size, np.hypot(0.011, strain * centres), tail) @ areas / len(sizes)
    made += 8 + 3 * np.cos(4 * Q) + 10 / Q
    scale = counts / made.max()
    noisy = generator.poisson(scale * made)
    return noisy.astype(float), np.sqrt(np.maximum(noisy, 1)), scale


def search(intensity, sd, **changes):
    return search_reflection(Q, intensity, sd, POSITIONS, PLACE, **(KNOWN | changes))


def test_a_reflection_that_is_there_is_found_with_its_area():
    areas, widths = [], []
    for seed in range(5):
        intensity, sd, scale = pattern(seed, side=3.0)
        found = search(intensity, sd)
        assert found.z > 20
        assert found.having.chi_squared / found.having.degrees_of_freedom < 1.5
        areas.append(found.area / (3.0 * scale) - 1)
        widths.append((found.having.width - full_width(57.0, np.hypot(0.011, 0.008 * PLACE))) / found.having.width_sd)
    # The neighbours at 1.43 and the background can take a share of it: up to a fifth, in the mean less.
    assert np.abs(areas).max() < 0.25
    assert abs(np.mean(areas)) < 0.1
    assert np.sqrt(np.mean(np.square(widths))) < 2.5


def test_nothing_is_found_where_nothing_is():
    """Without a side phase z is zero or the size of a normal deviate: one in three above one, none above four."""
    z = np.array([search(*pattern(seed)[:2]).z for seed in range(24)])
    assert z.max() < 3.5
    assert np.mean(z > 1.5) < 0.25


@pytest.mark.parametrize("seed", [0, 2, 5])
def test_the_last_digits_of_the_intensity_decide_nothing(seed):
    """Another machine sums in another order: z and the error of the width stay."""
    generator = np.random.default_rng(0)
    intensity, sd, _ = pattern(seed)
    found = [search(intensity * (1 + 1e-14 * generator.standard_normal(Q.size)), sd) for _ in range(4)]
    assert np.ptp([one.z for one in found]) < 0.01
    errors = [one.without.width_sd for one in found]
    assert max(errors) < 1.05 * min(errors)


@pytest.mark.parametrize("tail", [0.5, 1.0])
def test_domains_of_another_shape_make_no_reflection(tail):
    for seed in range(4):
        found = search(*pattern(seed, tail=tail)[:2])
        assert found.having.chi_squared < 1.5 * found.having.degrees_of_freedom
        assert found.z < 4


@pytest.mark.parametrize("length", [40.0, 57.0, 120.0])
def test_a_profile_that_cannot_be_described_makes_no_reflection(length):
    """Small and large domains at once, which neither spheres of one size nor the exponential describe."""
    z = [
        search(*pattern(seed, length=length, sizes=(0.3, 1.0, 3.0), counts=3e6)[:2], length=length).z
        for seed in range(6)
    ]
    assert max(z) < 4


def test_a_larger_reflection_is_further_from_nothing():
    z = [search(*pattern(3, side=side)[:2]).z for side in (0.1, 0.4, 1.6)]
    assert z[0] < z[1] < z[2]


def test_without_errors_the_scatter_gives_them():
    intensity, sd, _ = pattern(5, side=1.0)
    flat = pattern(5)[0]
    assert search(intensity, None).z > 4 > search(flat, None).z
    assert search(intensity, sd).z > 4


def test_neighbours_that_depend_on_one_another_count_less():
    generator = np.random.default_rng(1)
    white = generator.normal(size=20000)
    assert long_run_variance(white, 30) == pytest.approx(1.0, abs=0.15)
    # x_n = 0.8 x_(n-1) + e has variance 1/(1 - 0.64) and a long-run variance of 1/(1 - 0.8)^2.
    from scipy.signal import lfilter

    dependent = lfilter([1.0], [1.0, -0.8], white)
    assert long_run_variance(dependent, 200) == pytest.approx(25.0, rel=0.15)


@pytest.mark.parametrize(
    ("place", "points", "said"), [(1.9, slice(None), "outside the window"), (1.47, slice(90, 115), "too few points")]
)
def test_a_window_that_cannot_answer_is_refused(place, points, said):
    intensity, sd, _ = pattern(1)
    with pytest.raises(InputError, match=said):
        search_reflection(Q[points], intensity[points], sd[points], POSITIONS, place, **KNOWN)


def test_the_crystal_of_a_cif_gives_the_positions_of_its_cell():
    crystal = Crystal("LaB6", (4.156826,) * 3 + (90, 90, 90), "Pm-3m", (Site("La1", (0, 0, 0), (("La", 1.0),), 0.005),))
    structure = crystal.structure
    found, counts = reflection_positions(crystal.lattice, structure.rotations, structure.translations, 1.0, 3.5)
    h2 = np.array([1, 2, 3, 4, 5])
    np.testing.assert_allclose(found, 2 * np.pi * np.sqrt(h2) / 4.156826)
    assert counts.tolist() == [6, 12, 8, 6, 24]


def test_reference_reflections_of_rock_salt_have_the_ratio_of_sum_and_difference():
    """F(111) is four times the difference of the two atoms, F(200) four times their sum; mixed indices are absent."""
    sites = (
        Site("Na1", (0, 0, 0), (("Na", 1.0),), u_iso=1e-9),
        Site("Cl1", (0.5, 0.5, 0.5), (("Cl", 1.0),), u_iso=1e-9),
    )
    salt = Crystal("salt", (5.64,) * 3 + (90, 90, 90), "F m -3 m", sites)
    q, strength = reference_reflections(salt, 3.2, least=0.0)
    shown = {
        round((place * 5.64 / (2 * np.pi)) ** 2): value
        for place, value in zip(q, strength, strict=True)
        if value > 1e-9
    }
    assert set(shown) == {3, 4, 8}
    # Multiplicities 8 and 6, atomic numbers 11 and 17, intensity over Q^2.
    assert shown[3] / shown[4] == pytest.approx(8 * 6**2 / 3 / (6 * 28**2 / 4), rel=1e-6)


def test_reference_reflections_fall_off_with_the_displacements():
    """abs(F)^2 falls as exp(-U Q^2), whatever the atoms."""

    def shown(u: float) -> tuple[np.ndarray, np.ndarray]:
        nickel = (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), u_iso=u),)
        return reference_reflections(Crystal("Ni", (3.524,) * 3 + (90, 90, 90), "F m -3 m", nickel), 8.0, least=1e-6)

    (q, still), (_, moving) = shown(1e-9), shown(0.02)
    ratio = moving / still
    np.testing.assert_allclose(ratio / ratio[0], np.exp(-0.02 * (q**2 - q[0] ** 2)), rtol=1e-6)
