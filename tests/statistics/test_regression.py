"""Certified regressions of NIST's Statistical Reference Datasets, and the restricted estimate of the scatter."""

import numpy as np
import pytest

from coherion.statistics.confounding import variance_inflation
from coherion.statistics.regression import fit_linear, outliers, student_quantile

# NIST StRD, Norris: calibration of ozone monitors, (y, x).
NORRIS = np.array(
    [
        (0.1, 0.2), (338.8, 337.4), (118.1, 118.2), (888.0, 884.6), (9.2, 10.1), (228.1, 226.5), (668.5, 666.3),
        (998.5, 996.3), (449.1, 448.6), (778.9, 777.0), (559.2, 558.2), (0.3, 0.4), (0.1, 0.6), (778.1, 775.5),
        (668.8, 666.9), (339.3, 338.0), (448.9, 447.5), (10.8, 11.6), (557.7, 556.0), (228.3, 228.1), (998.0, 995.8),
        (888.8, 887.6), (119.6, 120.2), (0.3, 0.3), (0.6, 0.3), (557.6, 556.8), (339.3, 339.1), (888.0, 887.2),
        (998.5, 999.0), (778.9, 779.0), (10.2, 11.1), (117.6, 118.3), (228.9, 229.2), (668.4, 669.1), (449.2, 448.9),
        (0.2, 0.5),
    ]
)  # fmt: skip

# NIST StRD, Longley: employment; columns y, x1 ... x6. Condition number above 1e9.
LONGLEY = np.array(
    [
        (60323, 83.0, 234289, 2356, 1590, 107608, 1947),
        (61122, 88.5, 259426, 2325, 1456, 108632, 1948),
        (60171, 88.2, 258054, 3682, 1616, 109773, 1949),
        (61187, 89.5, 284599, 3351, 1650, 110929, 1950),
        (63221, 96.2, 328975, 2099, 3099, 112075, 1951),
        (63639, 98.1, 346999, 1932, 3594, 113270, 1952),
        (64989, 99.0, 365385, 1870, 3547, 115094, 1953),
        (63761, 100.0, 363112, 3578, 3350, 116219, 1954),
        (66019, 101.2, 397469, 2904, 3048, 117388, 1955),
        (67857, 104.6, 419180, 2822, 2857, 118734, 1956),
        (68169, 108.4, 442769, 2936, 2798, 120445, 1957),
        (66513, 110.8, 444546, 4681, 2637, 121950, 1958),
        (68655, 112.6, 482704, 3813, 2552, 123366, 1959),
        (69564, 114.2, 502601, 3931, 2514, 125368, 1960),
        (69331, 115.7, 518173, 4806, 2572, 127852, 1961),
        (70551, 116.9, 554894, 4007, 2827, 130081, 1962),
    ]
)


def test_norris_has_its_certified_line_and_errors():
    y, x = NORRIS.T
    fit = fit_linear(np.column_stack([np.ones(36), x]), y)
    np.testing.assert_allclose(fit.coefficients, [-0.262323073774029, 1.00211681802045], rtol=1e-10)
    np.testing.assert_allclose(fit.standard_errors, [0.232818234301152, 0.429796848199937e-3], rtol=1e-10)
    assert fit.scatter == pytest.approx(0.884796396144373, rel=1e-10)
    assert fit.degrees_of_freedom == 34


def test_longley_has_its_certified_coefficients_and_errors():
    fit = fit_linear(np.column_stack([np.ones(16), LONGLEY[:, 1:]]), LONGLEY[:, 0])
    certified = [
        (-3482258.63459582, 890420.383607373),
        (15.0618722713733, 84.9149257747669),
        (-0.358191792925910e-1, 0.334910077722432e-1),
        (-2.02022980381683, 0.488399681651699),
        (-1.03322686717359, 0.214274163161675),
        (-0.511041056535807e-1, 0.226073200069370),
        (1829.15146461355, 455.478499142212),
    ]
    np.testing.assert_allclose(fit.coefficients, [c for c, _ in certified], rtol=1e-6)
    np.testing.assert_allclose(fit.standard_errors, [s for _, s in certified], rtol=1e-6)
    assert fit.scatter == pytest.approx(304.854073561965, rel=1e-8)


def test_longley_is_the_textbook_case_of_variance_inflation():
    # Values as given for this data set in the literature on collinearity.
    expected = [135.532, 1788.513, 33.619, 3.589, 399.151, 758.981]
    np.testing.assert_allclose(variance_inflation(LONGLEY[:, 1:]), expected, rtol=1e-4)


def test_weighted_mean_follows_the_closed_form_where_errors_explain_all():
    # chi-squared of these three is far below 2, so no scatter is needed: mean and error are the weighted ones.
    y, sd = np.array([1.0, 1.05, 0.98]), np.array([0.1, 0.2, 0.4])
    fit = fit_linear(np.ones((3, 1)), y, sd)
    weights = sd**-2
    assert fit.scatter == 0.0
    assert fit.coefficients[0] == pytest.approx(np.sum(weights * y) / np.sum(weights), rel=1e-12)
    assert fit.standard_errors[0] == pytest.approx(np.sum(weights) ** -0.5, rel=1e-12)


def test_scatter_adds_to_equal_known_errors_in_quadrature():
    # With equal errors the restricted estimate is the residual variance less the known one.
    rng = np.random.default_rng(5)
    x = np.column_stack([np.ones(40), rng.normal(size=40)])
    y = x @ [1.0, 2.0] + rng.normal(0, 0.5, 40)
    plain = fit_linear(x, y)
    split = fit_linear(x, y, 0.3)
    assert split.scatter**2 + 0.3**2 == pytest.approx(plain.scatter**2, rel=1e-4)
    np.testing.assert_allclose(split.covariance, plain.covariance, rtol=1e-4)


def test_intervals_cover_as_often_as_they_say_with_unequal_errors_and_scatter():
    rng = np.random.default_rng(6)
    x = np.column_stack([np.ones(9), np.linspace(-1, 1, 9)])
    sd = np.linspace(0.05, 0.4, 9)
    covered = 0
    for _ in range(200):
        low, high = fit_linear(x, x @ [0.0, 1.0] + rng.normal(0, np.hypot(sd, 0.2)), sd).interval(1)
        covered += low < 1.0 < high
    # 95 % of 200 is 190 +- 3.1; t makes it a little conservative where the known errors dominate.
    assert 181 <= covered <= 199


def test_student_quantile_at_tabulated_points():
    assert student_quantile(0.95, 8) == pytest.approx(2.306, abs=5e-4)
    assert student_quantile(0.95, np.inf) == pytest.approx(1.959964, abs=1e-6)


def test_what_cannot_be_determined_is_refused():
    with pytest.raises(ValueError, match="3 points cannot determine 3"):
        fit_linear(np.eye(3), np.ones(3))
    with pytest.raises(ValueError, match="linearly dependent"):
        fit_linear(np.ones((5, 2)), np.arange(5.0))


def test_one_point_a_decade_off_is_the_outlier_and_its_departure_is_found():
    rng = np.random.default_rng(21)
    x = np.linspace(0, 1, 10)
    y = 2 * x + rng.normal(0, 0.05, 10)
    y[3] += 1.0
    design = np.column_stack([np.ones(10), x])
    found = outliers(design, y, np.full(10, 0.01))
    assert [i for i, _ in found] == [3]
    assert found[0][1] == pytest.approx(1.0, abs=0.2)


def test_outliers_are_claimed_no_more_often_than_the_level_says():
    rng = np.random.default_rng(22)
    x = np.linspace(0, 1, 10)
    design = np.column_stack([np.ones(10), x])
    seen = sum(bool(outliers(design, rng.normal(size=10), np.zeros(10))) for _ in range(400))
    assert seen <= 30  # 20 +- 4.4


def test_alike_errors_need_no_search():
    rng = np.random.default_rng(23)
    x, y = np.linspace(0, 1, 9), rng.normal(size=9)
    design = np.column_stack([np.ones(9), x])
    alike, nearly = fit_linear(design, y, np.full(9, 0.3)), fit_linear(design, y, 0.3 + 1e-6 * rng.normal(size=9))
    assert alike.scatter == pytest.approx(nearly.scatter, rel=1e-3)
    np.testing.assert_allclose(alike.covariance, nearly.covariance, rtol=1e-3)
