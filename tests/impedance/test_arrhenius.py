"""Arrhenius lines: exact lines, both forms, calibrated errors with their covariance, curvature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coherion.constants import BOLTZMANN
from coherion.errors import InputError
from coherion.impedance.arrhenius import fit_arrhenius

TEMPERATURE = np.arange(-40, 61, 10) + 273.15


LN_PREFACTOR = np.log(1e5)


def line(activation_energy=0.5, ln_prefactor=LN_PREFACTOR, temperature=TEMPERATURE):
    return np.exp(ln_prefactor - activation_energy / (BOLTZMANN * temperature)) / temperature


def test_an_exact_line_gives_its_parameters():
    found = fit_arrhenius(TEMPERATURE, line(), weighting="none")
    assert found.activation_energy == pytest.approx(0.5, rel=1e-12)
    assert found.ln_prefactor == pytest.approx(np.log(1e5), rel=1e-10)
    assert found.r_squared == pytest.approx(1.0)
    assert found.activation_energy_sd < 1e-10
    assert found.conductivity(298.15)[0] == pytest.approx(line(temperature=298.15), rel=1e-10)


def test_the_two_forms_differ_by_the_mean_thermal_energy():
    # d ln T / d(1/kT) = -kT: 24.6 meV at the harmonic mean of the paper's temperatures.
    a = fit_arrhenius(TEMPERATURE, line(), form="sigma_T", weighting="none")
    b = fit_arrhenius(TEMPERATURE, line(), form="sigma", weighting="none")
    difference = a.activation_energy - b.activation_energy
    assert 0.0235 < difference < 0.0280
    assert difference == pytest.approx(BOLTZMANN / np.mean(1 / TEMPERATURE), rel=0.01)
    # Conductivities within the range agree, whatever the form.
    assert a.conductivity(298.15)[0] == pytest.approx(b.conductivity(298.15)[0], rel=0.01)


def test_one_kelvin_is_six_percent_of_the_conductivity_at_room_temperature():
    found = fit_arrhenius(TEMPERATURE, line(), weighting="none")
    slope = found.relative_slope(np.array([298.15]))[0]
    assert slope == pytest.approx(np.log(line(temperature=298.65) / line(temperature=297.65)), rel=1e-4)
    assert 0.055 < slope < 0.065


@pytest.mark.parametrize("form", ["sigma_T", "sigma"])
def test_errors_are_calibrated_with_weights(form):
    generator = np.random.default_rng(1)
    relative = np.linspace(0.08, 0.01, TEMPERATURE.size)
    energies, sigmas = [], []
    for _ in range(400):
        true_temperature = TEMPERATURE + generator.normal(0, 0.5, TEMPERATURE.size)
        sigma = line(temperature=true_temperature) * (1 + generator.normal(0, relative))
        found = fit_arrhenius(
            TEMPERATURE, sigma, relative_sd=relative, temperature_sd=0.5, form=form, covariance="errors"
        )
        reference = fit_arrhenius(TEMPERATURE, line(), relative_sd=relative, temperature_sd=0.5, form=form)
        energies.append((found.activation_energy - reference.activation_energy) / found.activation_energy_sd)
        value, sd = found.conductivity(298.15)
        sigmas.append((value - reference.conductivity(298.15)[0]) / sd)
    assert np.std(energies) == pytest.approx(1, abs=0.1)
    assert np.std(sigmas) == pytest.approx(1, abs=0.1)


def test_without_the_covariance_the_room_temperature_error_is_ten_times_too_large():
    found = fit_arrhenius(TEMPERATURE, line(), relative_sd=0.03)
    sigma, sd = found.conductivity(298.15)
    careless = sigma * np.hypot(found.ln_prefactor_sd, found.activation_energy_sd / (BOLTZMANN * 298.15))
    assert careless / sd > 10


def test_errors_are_calibrated_without_weights():
    generator = np.random.default_rng(2)
    pulls = []
    for _ in range(600):
        sigma = line() * np.exp(generator.normal(0, 0.05, TEMPERATURE.size))
        found = fit_arrhenius(TEMPERATURE, sigma, weighting="none")
        pulls.append((found.activation_energy - 0.5) / found.activation_energy_sd)
    # Student's t with 9 degrees of freedom has a standard deviation of sqrt(9/7).
    assert np.std(pulls) == pytest.approx(np.sqrt(9 / 7), abs=0.12)


def test_a_common_error_of_the_geometry_leaves_the_activation_energy_alone():
    a = fit_arrhenius(TEMPERATURE, line(), relative_sd=0.02)
    b = fit_arrhenius(TEMPERATURE, 1.3 * line(), relative_sd=0.02)
    assert b.activation_energy == pytest.approx(a.activation_energy, rel=1e-12)
    assert b.ln_prefactor - a.ln_prefactor == pytest.approx(np.log(1.3))
    sigma, without = a.conductivity(298.15)
    assert a.conductivity(298.15, geometry_relative_sd=0.03)[1] == pytest.approx(np.hypot(without, 0.03 * sigma))


def test_a_common_offset_of_the_temperature_is_propagated():
    # 1. As large as the shift that such an offset makes.
    shifted = fit_arrhenius(TEMPERATURE + 2.0, line(), relative_sd=1e-6)
    straight = fit_arrhenius(TEMPERATURE, line(), relative_sd=1e-6, covariance="errors")
    found = fit_arrhenius(TEMPERATURE, line(), relative_sd=1e-6, temperature_offset_sd=2.0, covariance="errors")
    shift = shifted.activation_energy - straight.activation_energy
    assert found.activation_energy_sd == pytest.approx(abs(shift), rel=0.02)
    # 2. Parameters themselves stay.
    assert found.activation_energy == straight.activation_energy


def test_weights_follow_the_errors():
    sigma = line().copy()
    sigma[0] *= 3.0
    relative = np.full(TEMPERATURE.size, 0.01)
    relative[0] = 10.0
    weighted = fit_arrhenius(TEMPERATURE, sigma, relative_sd=relative)
    plain = fit_arrhenius(TEMPERATURE, sigma, weighting="none")
    assert weighted.activation_energy == pytest.approx(0.5, abs=1e-4)
    assert abs(plain.activation_energy - 0.5) > 0.02


def test_covariance_by_name():
    generator = np.random.default_rng(3)
    sigma = line() * np.exp(generator.normal(0, 0.1, TEMPERATURE.size))
    options = {"relative_sd": 0.02}
    stated = fit_arrhenius(TEMPERATURE, sigma, covariance="errors", **options)
    scatter = fit_arrhenius(TEMPERATURE, sigma, covariance="scatter", **options)
    larger = fit_arrhenius(TEMPERATURE, sigma, covariance="larger", **options)
    ratio = stated.chi_squared / stated.degrees_of_freedom
    assert ratio > 5
    np.testing.assert_allclose(scatter.covariance, ratio * stated.covariance)
    np.testing.assert_allclose(larger.covariance, scatter.covariance)


def test_curvature_is_rare_on_straight_lines_and_found_on_curved_ones():
    generator = np.random.default_rng(4)
    p = [
        fit_arrhenius(
            TEMPERATURE, line() * np.exp(generator.normal(0, 0.03, TEMPERATURE.size)), weighting="none"
        ).curvature_p
        for _ in range(500)
    ]
    # 1. Under a straight line p is even between 0 and 1.
    assert np.mean(np.array(p) < 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(p) == pytest.approx(0.5, abs=0.06)
    # 2. Two processes side by side bend the plot.
    curved = line() + line(0.25, np.log(1e0)) * 0.3
    found = fit_arrhenius(TEMPERATURE, curved, relative_sd=0.02)
    assert found.curvature > 0 and found.curvature_p < 1e-3
    # 3. The parabola is the data's own.
    u = 1 / TEMPERATURE - np.mean(1 / TEMPERATURE)
    bent = fit_arrhenius(TEMPERATURE, np.exp(-3 * u / 1e-3 + 2.0 * (u / 1e-3) ** 2) / TEMPERATURE, weighting="none")
    assert bent.curvature == pytest.approx(2e6, rel=1e-6)


def test_too_few_points_have_no_curvature_and_no_line():
    assert np.isnan(fit_arrhenius(TEMPERATURE[:3], line()[:3], relative_sd=0.01).curvature_p)
    two = fit_arrhenius(TEMPERATURE[:2], line()[:2], relative_sd=0.01)
    assert two.activation_energy == pytest.approx(0.5) and two.activation_energy_sd > 0
    with pytest.raises(InputError, match="found 2; expected 3"):
        fit_arrhenius(TEMPERATURE[:2], line()[:2], weighting="none")
    with pytest.raises(InputError, match="too few temperatures"):
        fit_arrhenius([300.0, 300.0], [1e-5, 1.1e-5], relative_sd=0.01)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"form": "log"}, "unknown form"),
        ({"weighting": "sigma"}, "unknown weighting"),
        ({"covariance": "none"}, "unknown covariance"),
        ({}, "without any uncertainty"),
    ],
)
def test_wrong_options_are_refused_by_name(options, message):
    with pytest.raises(InputError, match=message):
        fit_arrhenius(TEMPERATURE, line(), **options)


def test_a_conductivity_of_zero_is_refused():
    with pytest.raises(InputError, match="not positive"):
        fit_arrhenius(TEMPERATURE, np.zeros(TEMPERATURE.size), weighting="none")


@pytest.mark.parametrize(("form", "own"), [("sigma_T", 1.0), ("sigma", 0.0)])
def test_an_error_of_the_temperature_moves_the_point_and_its_place_on_the_line(form, own):
    """ln(sigma T) - E/kT of a conductivity whose temperature is off by dT is off by (E/kT^2 - 1/T) dT."""
    energy, sd = 0.3, 0.5
    sigma = line(energy) * (1.0 if form == "sigma_T" else TEMPERATURE)
    found = fit_arrhenius(TEMPERATURE, sigma, temperature_sd=sd, form=form)
    assert found.activation_energy == pytest.approx(energy, rel=1e-9)
    expected = (energy / (BOLTZMANN * TEMPERATURE**2) - own / TEMPERATURE) * sd
    np.testing.assert_allclose(found.ln_sd, expected, rtol=1e-6)


def test_without_weights_the_errors_are_those_of_linear_regression():
    scattered = line() * np.exp(np.random.default_rng(4).normal(0, 0.1, TEMPERATURE.size))
    found = fit_arrhenius(TEMPERATURE, scattered, weighting="none")
    plain = stats.linregress(1 / TEMPERATURE, np.log(scattered * TEMPERATURE))
    assert found.activation_energy == pytest.approx(-BOLTZMANN * plain.slope)
    assert found.activation_energy_sd == pytest.approx(BOLTZMANN * plain.stderr)
    assert found.ln_prefactor == pytest.approx(plain.intercept)
    assert found.ln_prefactor_sd == pytest.approx(plain.intercept_stderr)
    assert found.r_squared == pytest.approx(plain.rvalue**2)
