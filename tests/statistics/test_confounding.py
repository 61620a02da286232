"""Composition against coherence length, and the compensation rule against its nulls."""

import numpy as np
import pytest
from scipy import stats

from coherion.statistics import compensation, confounding
from coherion.statistics.regression import Undetermined

RNG = np.random.default_rng(1)


def test_variance_inflation_of_two_regressors_is_that_of_their_correlation():
    x, y = RNG.normal(size=(2, 30))
    y += x
    r = np.corrcoef(x, y)[0, 1]
    np.testing.assert_allclose(confounding.variance_inflation(np.column_stack([x, y])), 1 / (1 - r**2), rtol=1e-10)


def test_variance_inflation_is_infinite_for_copies():
    x = RNG.normal(size=10)
    assert np.all(np.isinf(confounding.variance_inflation(np.column_stack([x, 3 - 2 * x]))))


def test_partial_correlation_has_its_closed_form_and_the_t_of_the_regression():
    z = RNG.normal(size=20)
    x, y = z + RNG.normal(size=20), z + RNG.normal(size=20)
    rxy, rxz, ryz = np.corrcoef(x, y)[0, 1], np.corrcoef(x, z)[0, 1], np.corrcoef(y, z)[0, 1]
    found = confounding.partial_correlation(x, y, z[:, None])
    assert found.coefficient == pytest.approx((rxy - rxz * ryz) / np.sqrt((1 - rxz**2) * (1 - ryz**2)), rel=1e-10)
    design = np.column_stack([np.ones(20), z, x])
    beta, rest = np.linalg.lstsq(design, y)[:2]
    sd = np.sqrt(rest[0] / 17 * np.linalg.inv(design.T @ design)[2, 2])
    assert found.p_value == pytest.approx(2 * stats.t.sf(abs(beta[2] / sd), 17), rel=1e-8)
    assert found.interval[0] < found.coefficient < found.interval[1]


def made(rng, exponent, by_composition, annealed=True):
    x = np.append(np.linspace(0.1, 0.9, 10), [0.9, 0.9] if annealed else [])
    length = np.append(np.linspace(140, 45, 10) + rng.normal(0, 3, 10), [70, 115] if annealed else [])
    true = np.log10(length)
    sigma = -6 + exponent * (true - np.log10(140)) + by_composition * x + rng.normal(0, 0.05, x.size)
    return true + rng.normal(0, 0.01, x.size), sigma + rng.normal(0, 0.01, x.size), x


def test_exponent_at_fixed_composition_is_recovered_and_covered():
    rng = np.random.default_rng(2)
    inside, found = 0, []
    for _ in range(30):
        adjusted = confounding.adjust_for_composition(*made(rng, -1.5, 1.0), 0.01, 0.01)
        inside += adjusted.interval[0] < -1.5 < adjusted.interval[1]
        found.append(adjusted.line.slope)
    assert np.mean(found) == pytest.approx(-1.5, abs=0.15)
    assert inside >= 26  # 28.5 +- 1.2


@pytest.mark.parametrize("unit", [1e-11, 1e9])
def test_the_unit_of_what_is_held_fixed_does_not_matter(unit):
    length, sigma, x = made(np.random.default_rng(4), -1.5, 1.0)
    own, other = (confounding.adjust_for_composition(length, sigma, x * u, 0.01, 0.01) for u in (1.0, unit))
    assert other.line.slope == pytest.approx(own.line.slope, rel=1e-4)
    within = [confounding.slope_within_composition(length, sigma, x * u, 0.01, 0.01, 0.05, 8.0) for u in (1.0, unit)]
    assert within[1].n == within[0].n and within[1].slope == pytest.approx(within[0].slope, rel=1e-9)


def test_the_annealed_pair_is_what_separates_the_two():
    rng = np.random.default_rng(3)
    milled = confounding.adjust_for_composition(*made(rng, -1.5, 1.0, annealed=False), 0.01, 0.01)
    everything = confounding.adjust_for_composition(*made(rng, -1.5, 1.0), 0.01, 0.01)
    assert milled.inflation > 10 > everything.inflation
    assert np.ptp(milled.interval) > 2 * np.ptp(everything.interval)


def test_unobservable_exponent_is_unbounded():
    # At fixed x nothing is left of L but its error.
    rng = np.random.default_rng(4)
    x = np.linspace(0.1, 0.9, 9)
    length = 2.1 - 0.5 * x + rng.normal(0, 0.02, 9)
    sigma = -6 + 2 * x + rng.normal(0, 0.05, 9)
    adjusted = confounding.adjust_for_composition(length, sigma, x, 0.02, 0.01)
    assert np.isinf(adjusted.interval).any()
    assert adjusted.reliability < 0.5


def test_exponent_within_one_composition_ignores_how_composition_acts():
    rng = np.random.default_rng(5)
    length, sigma, x = made(rng, -2.0, 0.0)
    bent = sigma + 5 * np.sin(9 * x)
    one = confounding.slope_within_composition(length, sigma, x, 0.01, 0.01, 0.05, 9)
    other = confounding.slope_within_composition(length, bent, x, 0.01, 0.01, 0.05, 9)
    assert one is not None and other is not None
    assert other.slope == pytest.approx(one.slope, rel=1e-9)
    assert one.n == 3
    assert abs(one.slope + 2) < 3 * one.sd


def test_exponent_within_needs_samples_that_share_a_composition():
    rng = np.random.default_rng(6)
    assert confounding.slope_within_composition(*made(rng, -2.0, 0.0, annealed=False), 0.01, 0.01, 0.05, 9) is None


def test_ratio_carries_relative_errors():
    found = confounding.ratio(2.0, 0.06, 4.0, 0.16)
    assert found.value == 0.5
    assert found.sd == pytest.approx(0.5 * 0.05)
    assert found.interval[0] * found.interval[1] == pytest.approx(0.25)


K = compensation.BOLTZMANN
T = 283.15


def arrhenius(rng, energy, log_sigma_at_mean, sd=0.004):
    """E_a and ln sigma_0 as fits would give them: errors of slope and of the middle independent."""
    shift = rng.normal(0, sd, energy.size)
    middle = log_sigma_at_mean + rng.normal(0, 0.02, energy.size)
    found = energy + shift
    prefactor_sd = np.hypot(sd / (K * T), 0.02)
    return found, middle + found / (K * T), sd, prefactor_sd, sd**2 / (K * T)


def test_errors_alone_correlate_nearly_perfectly_and_are_seen_through():
    rng = np.random.default_rng(7)
    data = arrhenius(rng, np.full(11, 0.48), np.full(11, -12.0))
    found = compensation.judge_compensation(*data, mean_temperature=T, draws=2000)
    assert found.r > 0.95
    assert found.errors_null[1] > 0.95
    assert found.errors_p > 0.01


def test_extrapolation_alone_correlates_and_is_seen_through():
    # Activation energies truly differ, ln sigma at the mean temperature has nothing to do with them.
    rng = np.random.default_rng(8)
    p = []
    for _ in range(20):
        data = arrhenius(rng, rng.uniform(0.42, 0.52, 11), rng.normal(-12, 0.3, 11))
        found = compensation.judge_compensation(*data, mean_temperature=T, draws=500)
        assert found.errors_p < 0.05
        assert found.r > 0.8
        p.append(found.extrapolation_p)
    assert np.sum(np.array(p) < 0.05) <= 4


def test_true_compensation_is_found_with_its_energy():
    rng = np.random.default_rng(9)
    energy = rng.uniform(0.40, 0.60, 11)
    # ln sigma_0 = 2 + E_a/0.015 eV: E_MN below k T_h, so ln sigma(T_h) rises with E_a.
    data = arrhenius(rng, energy, 2 + energy * (1 / 0.015 - 1 / (K * T)))
    found = compensation.judge_compensation(*data, mean_temperature=T, draws=2000)
    assert found.errors_p < 0.01 and found.extrapolation_p < 0.01
    assert abs(found.energy - 0.015) < 3 * found.energy_sd
    assert found.null_energy == pytest.approx(0.0244, abs=1e-4)


def test_covariance_follows_from_the_error_of_one_conductivity():
    # var ln sigma = var ln s0 + var E/(kT)^2 - 2 cov/(kT), solved for cov.
    sd_energy, sd_prefactor, cov = 0.004, 0.17, 0.0006
    variance = sd_prefactor**2 + (sd_energy / (K * 298.15)) ** 2 - 2 * cov / (K * 298.15)
    found = compensation.covariance_from_conductivity(sd_energy, sd_prefactor, np.sqrt(variance), 298.15)
    assert found == pytest.approx(cov)


def rivals(rng, acts, covariate=False):
    """Length and microstrain that go together with composition in part, and a conductivity that one of them makes."""
    x = np.linspace(0.1, 0.9, 12)
    length = (150 - 100 * x) * np.exp(rng.normal(0, 0.15, 12))
    square = ((0.1 + 0.6 * x) * np.exp(rng.normal(0, 0.15, 12))) ** 2
    true = -3 * np.log10(length) if acts == "length" else 3 * np.sqrt(square)
    length_sd, square_sd = 0.02 * length, np.full(12, 0.004)
    forms = (
        confounding.powers_of(length + length_sd * rng.normal(size=12), length_sd, (0, 1, -1)),
        confounding.powers_of_square(square + square_sd * rng.normal(size=12), square_sd, 3.0),
    )
    y = true + rng.normal(0, 0.05, 12)
    return confounding.compare_explanations(*forms, y, 0.01, x if covariate else None)


@pytest.mark.parametrize("covariate", [False, True], ids=["alone", "at fixed composition"])
def test_the_explanation_that_made_the_conductivity_leads(covariate):
    rng = np.random.default_rng(10)
    by_length = [rivals(rng, "length", covariate).lead for _ in range(20)]
    by_strain = [rivals(rng, "strain", covariate).lead for _ in range(20)]
    assert np.sum(np.array(by_length) > 4) >= 19
    assert np.sum(np.array(by_strain) < -4) >= 19


def test_compared_densities_are_those_of_ordinary_regression_where_nothing_is_in_error():
    rng = np.random.default_rng(12)
    x, z, y = rng.normal(size=(3, 15))
    y = y + x
    none = np.zeros(15)
    found = confounding.compare_explanations({"x": (x, none)}, {"z": (z, none)}, y, 0.0)

    def aicc(columns):
        rest = y - columns @ np.linalg.lstsq(columns, y)[0]
        k = columns.shape[1] + 1
        return 15 * (np.log(2 * np.pi * np.mean(rest**2)) + 1) + 2 * k * 15 / (14 - k)

    ones = np.ones(15)
    by_x, by_z = aicc(np.column_stack([ones, x])), aicc(np.column_stack([ones, z]))
    assert found.lead == pytest.approx(by_z - by_x, abs=1e-3)
    assert found.first_gain == pytest.approx(aicc(ones[:, None]) - by_x, abs=1e-3)


def test_a_quantity_that_does_not_vary_explains_nothing():
    flat = {"x": (np.ones(8), np.zeros(8))}
    with pytest.raises(Undetermined, match="does not vary"):
        confounding.compare_explanations(flat, flat, np.arange(8.0), 0.1)


def test_a_square_below_zero_has_a_signed_root_and_no_logarithm():
    forms = confounding.powers_of_square([-0.04, 0.25], [0.01, 0.01], 3.0)
    assert set(forms) == {"square", "itself"}
    np.testing.assert_allclose(forms["itself"][0], [-0.2, 0.5])
    np.testing.assert_allclose(forms["itself"][1], [0.025, 0.01])


def test_a_covariate_that_does_not_vary_is_none():
    rng = np.random.default_rng(8)
    x, z = rng.normal(size=(2, 12))
    forms = {"x": (x, np.zeros(12))}, {"z": (z, np.zeros(12))}
    y = x + 0.1 * rng.normal(size=12)
    alone = confounding.compare_explanations(*forms, y, 0.1)
    alike = 0.5 + 1e-13 * rng.normal(size=12)
    assert confounding.compare_explanations(*forms, y, 0.1, alike) == alone
    assert confounding.compare_explanations(*forms, y, 0.1, np.full(12, 0.5)) == alone


def test_the_reliability_is_the_share_that_is_no_error_of_what_the_composition_leaves():
    rng = np.random.default_rng(5)
    x = np.linspace(0.1, 0.9, 9)
    length = 2.1 - 0.5 * x + rng.normal(0, 0.1, 9)
    left = length - np.polyval(np.polyfit(x, length, 1), x)
    adjusted = confounding.adjust_for_composition(length, -6 + 2 * x + 0.5 * left, x, 0.04, 0.01)
    assert adjusted.reliability == pytest.approx(1 - 0.04**2 / (left @ left / 7))
    assert 0.3 < adjusted.reliability < 0.95


def test_the_covariance_of_a_line_follows_from_the_error_of_a_point_on_it():
    """var(ln sigma_0 - E/kT) = var ln sigma_0 + var E/(kT)^2 - 2 cov/kT."""
    thermal, energy, prefactor, mixed = 8.617333262e-5 * 298.15, 0.02, 0.6, 0.0105
    point = np.sqrt(prefactor**2 + (energy / thermal) ** 2 - 2 * mixed / thermal)
    found = compensation.covariance_from_conductivity(energy, prefactor, point, 298.15)
    assert float(found) == pytest.approx(mixed, rel=1e-6)


def test_the_interval_within_one_composition_is_that_of_student():
    """Twice as many degrees of freedom narrow it by the quantiles alone; its half is the quantile times the error."""
    length, sigma, x = made(np.random.default_rng(5), -2.0, 0.0)
    for freedom, quantile in ((9, 2.262157), (4, 2.776445)):
        one = confounding.slope_within_composition(length, sigma, x, 0.01, 0.01, 0.05, freedom)
        assert one is not None
        low, high = one.interval
        assert (high - one.slope) / one.sd == pytest.approx(quantile, rel=1e-5)
        assert (one.slope - low) / one.sd == pytest.approx(quantile, rel=1e-5)
