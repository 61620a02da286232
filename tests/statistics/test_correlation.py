"""Coefficients and p-values against closed forms and scipy; coverage of the intervals."""

from itertools import permutations

import numpy as np
import pytest
from scipy import stats

from coherion.statistics import correlation
from coherion.statistics.readings import LOGARITHMIC, compare_readings
from coherion.statistics.regression import Undetermined

RNG = np.random.default_rng(1)
A = RNG.normal(size=9)
B = 0.7 * A + RNG.normal(size=9)


def test_coefficients_equal_scipy_with_and_without_ties():
    assert correlation.coefficient(A, B) == pytest.approx(stats.pearsonr(A, B).statistic, rel=1e-12)
    ties = np.round(A)
    assert correlation.coefficient(ties, B, "spearman") == pytest.approx(stats.spearmanr(ties, B).statistic, rel=1e-12)


def test_fisher_interval_equals_scipy():
    expected = stats.pearsonr(A, B).confidence_interval(0.9)
    assert correlation.fisher_interval(correlation.coefficient(A, B), 9, 0.9) == pytest.approx(tuple(expected))


def test_perfect_order_does_not_claim_a_perfect_interval():
    low, high = correlation.fisher_interval(-1.0, 10, kind="spearman")
    assert low == -1.0
    assert -0.99 < high < -0.9


def test_too_few_points_say_nothing():
    assert correlation.fisher_interval(0.9, 3) == (-1.0, 1.0)


def test_bca_interval_agrees_with_scipy():
    peer = stats.bootstrap(
        (A, B),
        lambda a, b, axis=-1: stats.pearsonr(a, b, axis=axis).statistic,
        paired=True,
        method="BCa",
        n_resamples=9999,
        rng=2,
    ).confidence_interval
    low, high = correlation.bca_interval(A, B, seed=1)
    assert (low, high) == pytest.approx(tuple(peer), abs=0.04)
    assert correlation.bca_interval(A, B, seed=1) == (low, high)


def test_exact_permutation_p_of_four_points_counted_by_hand():
    # Order 1 2 4 3: r = 0.8. Of the 24 orders, r >= 0.8 in 4 (the identity and one swap of neighbours), |r| in 8.
    test = correlation.permutation_test([1.0, 2, 3, 4], [1.0, 2, 4, 3])
    assert (test.greater, test.two_sided, test.orders) == (4 / 24, 8 / 24, 24)
    assert test.less == 23 / 24
    assert test.exact and test.monte_carlo_sd == 0.0


def test_exact_permutation_p_equals_a_plain_count():
    # Eight points: the blocks of the fast count have a head and a tail.
    a, b = A[:8], B[:8]
    r = stats.pearsonr(a, np.array(list(permutations(b))), axis=1).statistic
    found = correlation.permutation_test(a, b)
    assert found.orders == r.size
    assert found.two_sided == pytest.approx(np.mean(np.abs(r) >= abs(r[0]) - 1e-10))
    assert found.less == pytest.approx(np.mean(r <= r[0] + 1e-10))


def test_perfect_order_has_the_smallest_p_there_is():
    test = correlation.permutation_test(np.arange(6.0), -np.arange(6.0), "spearman")
    assert test.two_sided == pytest.approx(2 / 720)
    assert test.less == pytest.approx(1 / 720)


def test_random_orders_agree_with_the_exact_count_within_their_error():
    exact = correlation.permutation_test(A, B)
    random = correlation.permutation_test(A, B, exact_limit=1, draws=20_000, seed=3)
    assert exact.exact and not random.exact
    assert abs(random.two_sided - exact.two_sided) < 4 * random.monte_carlo_sd


def test_permutation_p_is_uniform_where_nothing_is_associated():
    rng = np.random.default_rng(4)
    p = [correlation.permutation_test(*rng.normal(size=(2, 6))).two_sided for _ in range(400)]
    assert stats.kstest(p, "uniform").pvalue > 1e-3


def test_fisher_interval_covers_as_often_as_it_says():
    rng = np.random.default_rng(5)
    true, inside = -0.8, 0
    for _ in range(1000):
        x = rng.normal(size=10)
        y = true * x + np.sqrt(1 - true**2) * rng.normal(size=10)
        low, high = correlation.fisher_interval(correlation.coefficient(x, y), 10)
        inside += low < true < high
    assert 925 <= inside <= 975  # 950 +- 7


def test_leave_one_out_finds_the_point_that_makes_the_correlation():
    x, y = np.append(np.zeros(8) + A[:8], 10.0), np.append(RNG.normal(size=8), 10.0)
    alone = correlation.leave_one_out(x, y)
    assert np.argmin(alone) == 8
    assert alone[8] == pytest.approx(np.corrcoef(x[:8], y[:8])[0, 1])


@pytest.mark.parametrize("kind", ["pearson", "spearman"])
def test_leave_one_out_is_the_coefficient_of_the_others_with_ties_and_in_several_blocks(kind):
    rng = np.random.default_rng(8)
    x = np.round(rng.normal(size=900), 1)
    y = np.round(x + rng.normal(size=900), 1)
    alone = correlation.leave_one_out(x, y, kind)
    for i in (0, 1, 443, 444, 445, 899):
        others = np.delete(x, i), np.delete(y, i)
        expected = stats.spearmanr(*others) if kind == "spearman" else stats.pearsonr(*others)
        assert alone[i] == pytest.approx(expected.statistic, abs=1e-12)


def test_reliability_predicts_the_attenuation():
    rng = np.random.default_rng(6)
    true = rng.normal(size=20_000)
    x = true + rng.normal(0, 0.5, true.size)
    share = correlation.reliability(x, 0.5)
    assert share == pytest.approx(0.8, abs=0.01)
    assert correlation.coefficient(x, true) == pytest.approx(np.sqrt(share), abs=0.01)
    assert correlation.reliability([1.0, 1.1], 5.0) == 0.0


LENGTH = np.linspace(140, 45, 12)


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("log_sigma_log_length", lambda e: 1e-6 * (140 / LENGTH) ** 3 * np.exp(0.05 * e)),
        ("log_sigma_length", lambda e: np.exp(-9 - 0.04 * LENGTH + 0.05 * e)),
        ("sigma_log_length", lambda e: 1e-4 - 1.9e-5 * np.log(LENGTH) + 4e-7 * e),
        ("sigma_log_length_relative", lambda e: (1e-4 - 1.9e-5 * np.log(LENGTH)) * np.exp(0.04 * e)),
        ("sigma_length", lambda e: 5e-5 - 3e-7 * LENGTH + 4e-7 * e),
        ("sigma_length_relative", lambda e: (5e-5 - 3e-7 * LENGTH) * np.exp(0.04 * e)),
    ],
)
def test_the_curve_that_made_the_data_wins_most_often(name, made):
    rng = np.random.default_rng(7)
    best = [max(compare_readings(LENGTH, made(rng.normal(size=12))), key=lambda r: r.weight).name for _ in range(9)]
    assert best.count(name) >= 5


def test_aicc_counts_densities_of_sigma_whatever_its_unit():
    sigma = 1e-6 * (140 / LENGTH) ** 3 * np.exp(0.05 * np.random.default_rng(8).normal(size=12))
    one, other = compare_readings(LENGTH, sigma), compare_readings(LENGTH, 1e3 * sigma)
    for a, b in zip(one, other, strict=True):
        assert a.weight == pytest.approx(b.weight, rel=1e-3, abs=1e-12)
        # A density changes by the factor of the unit at every one of the 12 points, the same for all curves.
        assert b.aicc - a.aicc == pytest.approx(2 * 12 * np.log(1e3), abs=1e-3)
    assert sum(r.weight for r in one) == pytest.approx(1.0)


def test_power_law_without_errors_is_ordinary_regression_of_logarithms():
    sigma = 1e-6 * (140 / LENGTH) ** 3 * np.exp(0.05 * np.random.default_rng(9).normal(size=12))
    found = {r.name: r for r in compare_readings(LENGTH, sigma)}
    slope, intercept = np.polyfit(np.log(LENGTH), np.log(sigma), 1)
    np.testing.assert_allclose(found["log_sigma_log_length"].parameters, [intercept, slope], rtol=1e-5)
    residual = np.log(sigma) - intercept - slope * np.log(LENGTH)
    s = np.sqrt(np.mean(residual**2))
    log_likelihood = np.sum(stats.norm.logpdf(residual, scale=s) - np.log(sigma))
    assert found["log_sigma_log_length"].log_likelihood == pytest.approx(log_likelihood, abs=1e-4)
    np.testing.assert_allclose(found["log_sigma_log_length"].curve(LENGTH), np.exp(np.log(sigma) - residual), rtol=1e-4)
    assert set(LOGARITHMIC) < set(found)


@pytest.mark.parametrize("shape", [(7,), (50, 13), (3, 4, 9)])
def test_ranks_are_scipys(shape):
    from scipy.stats import rankdata

    from coherion.statistics.correlation import mean_ranks

    generator = np.random.default_rng(2)
    for values in (generator.normal(size=shape), generator.integers(0, 4, shape).astype(float)):
        np.testing.assert_array_equal(mean_ranks(values), rankdata(values, axis=-1))
    values[..., 0] = np.nan
    assert np.isnan(mean_ranks(values)).all()


def test_lengths_that_differ_by_rounding_alone_have_no_curve():
    with pytest.raises(Undetermined, match="three different values"):
        compare_readings(80.0 + 1e-13 * np.arange(12), np.linspace(1e-6, 2e-6, 12))


@pytest.mark.parametrize("controlled", [1, 2, 4])
def test_a_controlled_variable_costs_a_point(controlled):
    """Fisher, Metron 3 (1924) 329: a partial correlation is distributed as one of as many points fewer."""
    for r in (-0.7, 0.2, 0.9):
        partial = correlation.fisher_interval(r, 14, controlled=controlled)
        assert partial == pytest.approx(correlation.fisher_interval(r, 14 - controlled))
    assert correlation.fisher_interval(0.5, 3 + controlled, controlled=controlled) == (-1.0, 1.0)


def test_the_interval_of_ranks_is_that_of_bonett_and_wright():
    """Their standard error of artanh r is ((1 + r^2/2)/(n - 3))^(1/2)."""
    low, high = np.arctanh(correlation.fisher_interval(0.6, 28, kind="spearman"))
    assert (low + high) / 2 == pytest.approx(np.arctanh(0.6))
    assert (high - low) / 2 == pytest.approx(1.959964 * np.sqrt((1 + 0.18) / 25), rel=1e-6)


def test_the_observed_order_counts_among_the_random_ones():
    """Of D random orders p is never zero: none of 99 is as extreme as a line of 20 points, so p is one in a hundred."""
    x = np.arange(20.0)
    found = correlation.permutation_test(x, x, draws=99)
    assert not found.exact and (found.two_sided, found.greater, found.less) == (0.01, 0.01, 1.0)


def test_weights_of_all_readings_add_up_to_one_however_alike_they_are():
    """Of data that tell the curves hardly apart each has its share."""
    sigma = 1e-6 * (140 / LENGTH) ** 0.05 * np.exp(0.3 * np.random.default_rng(3).normal(size=12))
    weights = [one.weight for one in compare_readings(LENGTH, sigma)]
    assert sum(weights) == pytest.approx(1.0, rel=1e-9) and sorted(weights)[-2] > 0.05
