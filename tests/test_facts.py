"""Facts that a sign, a factor or a dropped term in a formula breaks, one for each such slip that once passed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from coherion.constants import BOLTZMANN
from coherion.impedance.arrhenius import fit_arrhenius
from coherion.scattering.form_factors import average_form_factors
from coherion.scattering.normalisation import sum_rule
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.confounding import partial_correlation
from coherion.statistics.correlation import fisher_interval, permutation_test
from coherion.statistics.kinds import criteria

SETTINGS = ClaimSettings(resamples=500, exact_limit=5000)


@pytest.mark.parametrize(("width", "density"), [(2.0, 0.05), (1.5, 0.05), (2.5, 0.02)])
def test_the_sum_rule_holds_the_density_with_its_sign_and_factor(width, density):
    """g(r) - 1 = -exp(-r^2/2s^2): S - 1 = -rho0 (2 pi)^(3/2) s^3 exp(-Q^2 s^2/2), int Q^2 (S-1) = -2 pi^2 rho0."""
    q = np.arange(0.005, 13.0, 0.005)
    averages = average_form_factors({"Si": 1.0}, q)
    departure = -density * (2 * np.pi) ** 1.5 * width**3 * np.exp(-0.5 * (q * width) ** 2)
    intensity = 7.0 * (averages.square_mean + averages.mean_squared * departure)
    term = 2 * np.pi**2 * density / (13.0**3 / np.pi**2)  # what leaving it out does to the scale
    found = sum_rule(intensity, averages, np.zeros_like(q), q, fluorescence_shape=None, number_density=density)
    assert max(found.scale * 7.0, found.scale / 7.0, key=lambda v: -abs(v - 1)) == pytest.approx(1, abs=0.1 * term)


@pytest.mark.parametrize("form", ["sigma_T", "sigma"])
def test_weights_hold_the_error_of_the_temperature_on_both_sides_of_the_line(form):
    """ln(sigma T) against 1/T: an error of T moves ln T by 1/T and the line by E/(kT^2), in opposite senses."""
    t, energy = np.array([250.0, 300.0, 350.0, 400.0]), 0.05
    slope = energy / (BOLTZMANN * t**2) - (1 / t if form == "sigma_T" else 0.0)
    noise = np.array([0.3, -0.2, -0.4, 0.3]) * 1e-3
    sigma = np.exp(-energy / (BOLTZMANN * t) + noise) / (t if form == "sigma_T" else 1.0)
    found = fit_arrhenius(t, sigma, temperature_sd=0.5, form=form)
    weights = 1 / (0.5 * slope) ** 2
    y = np.log(sigma * t) if form == "sigma_T" else np.log(sigma)
    line = np.polyfit(1 / t, y, 1, w=np.sqrt(weights))
    assert found.activation_energy == pytest.approx(-BOLTZMANN * line[0], rel=1e-5)


@pytest.mark.parametrize("form", ["sigma_T", "sigma"])
def test_an_offset_of_all_temperatures_is_in_the_conductivity(form):
    t, energy, offset = np.linspace(280.0, 320.0, 9), 0.4, 1.5
    sigma = np.exp(10 - energy / (BOLTZMANN * t)) / (t if form == "sigma_T" else 1.0)
    found = fit_arrhenius(t, sigma, relative_sd=1e-6, temperature_offset_sd=offset, form=form, covariance="errors")
    value, sd = found.conductivity(300.0)
    slope = energy / (BOLTZMANN * 300.0**2) - (1 / 300.0 if form == "sigma_T" else 0.0)
    assert sd / value == pytest.approx(offset * slope, rel=0.02)


def test_steps_in_order_are_judged_as_many_at_once():
    """A step of 1.9 sd is significant alone and not as one of three."""
    step = 1.9 * np.sqrt(2) * 0.1
    for number, verdict in ((1, "holds"), (3, "undecided")):
        values = step * np.arange(number + 1.0)
        assert criteria.ordered(values, np.full(number + 1, 0.1), 1, SETTINGS).verdict == verdict
    limit = stats.norm.isf(SETTINGS.significance / 3) * np.sqrt(2) * 0.1
    for factor, verdict in ((1.01, "holds"), (0.99, "undecided")):
        assert criteria.ordered(factor * limit * np.arange(4.0), np.full(4, 0.1), 1, SETTINGS).verdict == verdict


@pytest.mark.parametrize(("share", "verdict"), [(0.9, "holds"), (1.15, "fails")])
def test_the_departure_from_a_line_is_its_sagitta(share, verdict):
    """Of y = x + c (x - 1/2)^2 over 0..1 the middle lies c/4 off the chord."""
    x = np.linspace(0, 1, 9)
    sagitta = share * SETTINGS.linearity_fraction
    y = x + 4 * sagitta * (x - 0.5) ** 2
    found = criteria.linear(x, y, np.full(x.size, 1e-6), 1, 0.0, SETTINGS)
    assert found.verdict == verdict


@pytest.mark.parametrize("draws", [99, 999])
def test_the_observed_order_is_one_of_those_counted(draws):
    x = np.arange(20.0)
    assert permutation_test(x, x, draws=draws).two_sided == pytest.approx(1 / (draws + 1))


def test_each_variable_held_fixed_costs_a_degree_of_freedom():
    random = np.random.default_rng(1)
    others = random.normal(size=(12, 2))
    x, y = others @ [1, 1] + random.normal(size=12), others @ [1, -1] + random.normal(size=12)
    found = partial_correlation(x, y, others)
    half = stats.norm.ppf(0.975) / np.sqrt(12 - 3 - 2)
    expected = np.tanh(np.arctanh(found.coefficient) + np.array([-half, half]))
    assert tuple(found.interval) == pytest.approx(tuple(expected), rel=1e-6)
    assert fisher_interval(0.5, 12, controlled=2) == pytest.approx(fisher_interval(0.5, 10))
