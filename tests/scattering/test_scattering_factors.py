"""Form factors, Compton scattering and polarisation against published values."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.atoms.elements import atomic_number
from coherion.atoms.scattering_factors import anomalous_terms, form_factor
from coherion.errors import InputError
from coherion.scattering.corrections.compton import (
    compton_intensity,
    incoherent_scattering_function,
    photon_energy_ratio,
)
from coherion.scattering.corrections.polarisation import monochromator_angle, polarisation_factor
from coherion.scattering.form_factors import average_form_factors

# Hubbell et al., J. Phys. Chem. Ref. Data 4 (1975) 471, table I: x = sin(theta)/lambda in 1/angstrom, F, S.
HUBBELL = {
    "Zr": [(0.1, 36.3, 4.06), (0.2, 31.3, 7.88), (0.5, 20.8, 16.7), (1.0, 11.8, 24.6), (2.0, 5.46, 32.5)],
    "Te": [(0.1, 48.1, 3.91), (0.2, 41.5, 9.08), (0.5, 27.3, 19.4), (1.0, 16.8, 30.6), (2.0, 7.69, 40.2)],
}


@pytest.mark.parametrize("element", HUBBELL)
def test_form_and_incoherent_factors_are_hubbells(element):
    x, coherent, incoherent = np.array(HUBBELL[element]).T
    # Hubbell's atoms are not relativistic, those of Waasmaier and Kirfel are: they part for the innermost electrons.
    light = x <= 1
    np.testing.assert_allclose(form_factor(element, 4 * np.pi * x[light]), coherent[light], rtol=0.02)
    np.testing.assert_allclose(incoherent_scattering_function(element, 4 * np.pi * x), incoherent, rtol=0.015)


@pytest.mark.parametrize("element", ["H", "B", "Na", "Cl", "In", "La"])
def test_limits(element):
    z = atomic_number(element)
    # 1. All electrons scatter in phase at Q = 0, and none incoherently; at large Q each scatters by itself.
    assert form_factor(element, np.zeros(1))[0] == pytest.approx(z, abs=0.03)
    assert incoherent_scattering_function(element, np.zeros(1))[0] == 0
    assert incoherent_scattering_function(element, np.array([1000.0]))[0] == pytest.approx(z, rel=0.01)
    # 2. It never falls.
    assert (np.diff(incoherent_scattering_function(element, np.linspace(0, 60, 400))) >= 0).all()


def test_hydrogen_scatters_incoherently_as_its_one_electron():
    """For one electron S = 1 - f^2 exactly."""
    q = np.array([1.0, 2.0, 4.0, 8.0])
    exact = 1 - (1 + (q * 0.529177 / 2) ** 2) ** -4
    np.testing.assert_allclose(incoherent_scattering_function("H", q), exact, rtol=0.08)


def test_averages():
    q = np.linspace(0.5, 13, 20)
    found = average_form_factors({"Na": 3, "In": 1, "Cl": 6}, q)
    na, indium, cl = (form_factor(e, q) for e in ("Na", "In", "Cl"))
    np.testing.assert_allclose(found.mean_squared, ((3 * na + indium + 6 * cl) / 10) ** 2)
    np.testing.assert_allclose(found.square_mean, (3 * na**2 + indium**2 + 6 * cl**2) / 10)
    single = average_form_factors({"Ni": 2}, q)
    np.testing.assert_allclose(single.mean_squared, single.square_mean)


def test_dispersion_at_silver_radiation():
    # Chantler's f' at 22.163 keV: In -1.31, Zr -0.59; above its K edge (18.0 keV) Zr has a large f''.
    indium, zirconium = anomalous_terms("In", 0.5594), anomalous_terms("Zr", 0.5594)
    assert indium.real == pytest.approx(-1.31, abs=0.02)
    assert zirconium.real == pytest.approx(-0.59, abs=0.02)
    assert zirconium.imag > indium.imag > 0
    q = np.array([3.0])
    found = average_form_factors({"In": 1}, q, wavelength=0.5594)
    assert found.square_mean[0] == pytest.approx(abs(form_factor("In", q)[0] + indium) ** 2)


def test_compton_recoil():
    # Compton's formula: at 90 degrees the wavelength grows by h/(m c) = 0.0242631 angstrom.
    energy = 12398.419843 / 0.5594
    assert photon_energy_ratio(np.array([90.0]), energy)[0] == pytest.approx(0.5594 / (0.5594 + 0.02426310), rel=1e-6)
    q = np.array([5.0, 13.0])
    ratio = compton_intensity({"Cl": 1}, q, 0.5594) / incoherent_scattering_function("Cl", q)
    angle = 2 * np.degrees(np.arcsin(q * 0.5594 / (4 * np.pi)))
    np.testing.assert_allclose(ratio, photon_energy_ratio(angle, energy) ** 2)


def test_polarisation():
    # 1. Unpolarised beam: (1 + cos^2)/2.
    angles = np.array([0.0, 45.0, 90.0])
    np.testing.assert_allclose(polarisation_factor(angles, 0.0), [1, 0.75, 0.5])
    # 2. Monochromator at 90 degrees lets only the perpendicular component pass.
    np.testing.assert_allclose(polarisation_factor(angles, 90.0), 1)
    # 3. Ge(111), d = 3.2666: Cu Ka1 at 27.3 degrees, Ag Ka1 at 9.83 degrees.
    assert monochromator_angle("Ge111", 1.540598) == pytest.approx(27.28, abs=0.02)
    germanium = monochromator_angle("Ge111", 0.5594)
    assert germanium == pytest.approx(9.825, abs=0.01)
    # 4. Ag Ka1 at Q = 13 (70.7 degrees): A = 0.9709, cos^2 2theta = 0.1092.
    assert polarisation_factor(np.array([70.7]), germanium)[0] == pytest.approx(1.1060 / 1.9709, abs=2e-4)
    assert monochromator_angle("none", 0.5594) == 0
    assert monochromator_angle(26.5, 0.5594) == 26.5
    with pytest.raises(InputError, match="does not reflect"):
        monochromator_angle("Si111", 7.0)


@pytest.mark.parametrize(("angle", "shift"), [(0.0, 0.0), (60.0, 0.5), (120.0, 1.5), (180.0, 2.0)])
def test_compton_wavelengths_by_angle(angle, shift):
    """lambda' = lambda + 0.0242631 (1 - cos 2theta) angstrom."""
    wavelength = 0.5594
    ratio = photon_energy_ratio(np.array([angle]), 12398.419843 / wavelength)[0]
    assert ratio == pytest.approx(wavelength / (wavelength + 0.0242631 * shift), rel=1e-5)
