"""Attenuation, Compton scattering and fluorescence against limits and published values."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.simulation.scans.atoms import attenuation, energy_ratio, fluorescence_intensity, incoherent_function
from coherion.simulation.scans.capillary import Capillary, Materials, beam_transmission, transmitted
from coherion.simulation.scans.surroundings import air_intensity, glass_intensity

ENERGY = 12398.41984 / 0.5594
BARE = Capillary(1.0, 1.0 + 1e-9)


# 1. A bare cylinder of radius 1: integrals over one coordinate are its limits forward and backward.


@pytest.mark.parametrize("mu", [0.1, 0.5, 1.0, 2.0])
def test_cylinder_forward_and_backward(mu):
    y = (np.arange(200000) + 0.5) / 200000
    chord = 2 * np.sqrt(1 - y**2)
    forward = (chord * np.exp(-mu * chord)).mean() * 2 / np.pi
    backward = ((1 - np.exp(-2 * mu * chord)) / (2 * mu)).mean() * 2 / np.pi
    found = transmitted(np.array([0.0, 180.0]), BARE, Materials(mu, mu, 0.0, 0.0), region="sample")
    np.testing.assert_allclose(found, [forward, backward], rtol=2e-4)
    assert beam_transmission(BARE, Materials(mu, mu, 0, 0)) == pytest.approx(np.exp(-mu * chord).mean(), rel=1e-4)


def test_weak_absorber_loses_its_mean_path():
    mu = 1e-3
    found = transmitted(np.array([30.0, 90.0]), BARE, Materials(mu, mu, 0, 0), region="sample")
    np.testing.assert_allclose(1 - found, 2 * mu * 8 / (3 * np.pi), rtol=2e-3)


def test_absorption_weakens_forward_scattering_most():
    found = transmitted(np.linspace(0, 180, 19), BARE, Materials(1.0, 1.0, 0, 0), region="sample")
    assert np.all(np.diff(found) > 0)


# 2. The capillary.


def test_glass_wall_against_rays_drawn_at_random():
    tube, materials = Capillary(0.024, 0.025), Materials(20.0, 20.0, 5.0, 5.0)
    rng = np.random.default_rng(11)
    r = np.sqrt(rng.uniform(tube.inner**2, tube.outer**2, 400000))
    t = rng.uniform(0, 2 * np.pi, r.size)
    points = np.stack([r * np.cos(t), r * np.sin(t)])

    def path(direction, radius):
        s = direction @ points
        reach = radius**2 - (points**2).sum(axis=0) + s**2
        ends = [np.where(reach > 0, -s + sign * np.sqrt(np.maximum(reach, 0)), 0.0) for sign in (-1, 1)]
        return np.maximum(ends[1], 0) - np.maximum(ends[0], 0)

    for angle in (10.0, 60.0, 140.0):
        out = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
        optical = 0.0
        for direction in (np.array([-1.0, 0.0]), out):
            inside = path(direction, tube.inner)
            optical = optical + 20.0 * inside + 5.0 * (path(direction, tube.outer) - inside)
        found = transmitted(np.array([angle]), tube, materials, region="glass")[0]
        assert found == pytest.approx(np.exp(-optical).mean(), rel=2e-3)


def test_attenuation_of_water_at_20_kev():
    """0.8096 cm^2/g (Hubbell and Seltzer, NIST XCOM tables)."""
    assert attenuation({"H": 2, "O": 1}, 1.0, 20e3) == pytest.approx(0.8096, rel=0.02)


# 3. Compton scattering and fluorescence.


def test_incoherent_function_of_hydrogen_is_the_exact_one():
    q = np.array([0.5, 1.0, 2.0, 4.0, 8.0])
    bohr = 0.529177
    exact = 1 - (1 + (q * bohr / 2) ** 2) ** -4
    np.testing.assert_allclose(incoherent_function("H", q), exact, atol=0.02)


def test_incoherent_function_of_carbon_against_hubbell():
    """Hubbell et al., J. Phys. Chem. Ref. Data 4 (1975) 471, sin(theta)/lambda = 0.1 ... 0.6 and 1.0 1/angstrom."""
    q = 4 * np.pi * np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0])
    published = np.array([1.039, 2.604, 3.643, 4.184, 4.478, 4.690, 5.348])
    np.testing.assert_allclose(incoherent_function("C", q), published, rtol=0.02)


@pytest.mark.parametrize("element, electrons", [("Na", 11), ("Cl", 17), ("Zr", 40), ("In", 49)])
def test_incoherent_function_rises_from_nothing_to_all_electrons(element, electrons):
    found = incoherent_function(element, np.array([0.0, 1.0, 3.0, 10.0, 30.0, 1e4]))
    assert found[0] == 0 and np.all(np.diff(found) > 0)
    assert found[-1] == pytest.approx(electrons, rel=1e-3)


def test_compton_shift_at_right_angles():
    """E'/E = 1/(1 + E/511 keV)."""
    assert energy_ratio(np.array([90.0]), ENERGY)[0] == pytest.approx(1 / (1 + ENERGY / 510998.95))


def test_only_zirconium_glows_under_silver():
    assert fluorescence_intensity("In", ENERGY) == 0
    assert fluorescence_intensity("Zr", ENERGY) > 1000 > 100 * fluorescence_intensity("Na", ENERGY)


# 4. Glass and air.


def test_glass_has_its_first_peak_and_the_squares_of_its_atoms_at_the_end():
    two_theta = np.linspace(2, 84, 2000)
    q = 4 * np.pi * np.sin(np.radians(two_theta / 2)) / 0.5594
    glass = glass_intensity(q, two_theta, ENERGY)
    assert 1.3 < q[glass.argmax()] < 1.7
    assert np.all(glass > 0) and np.all(air_intensity(q, two_theta, ENERGY) > 0)
