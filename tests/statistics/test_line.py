"""Lines with errors in both axes: the published example, limits, and recovered truth with covered intervals."""

import numpy as np
import pytest

from coherion.statistics.line import fit_line, fit_york
from coherion.statistics.regression import fit_linear, student_quantile

# Pearson's data with York's weights (York, Can. J. Phys. 44 (1966) 1079).
X = np.array([0.0, 0.9, 1.8, 2.6, 3.3, 4.4, 5.2, 6.1, 6.5, 7.4])
Y = np.array([5.9, 5.4, 4.4, 4.6, 3.5, 3.7, 2.8, 2.8, 2.4, 1.5])
X_SD = np.array([1000, 1000, 500, 800, 200, 80, 60, 20, 1.8, 1.0]) ** -0.5
Y_SD = np.array([1, 1.8, 4, 8, 20, 20, 70, 70, 100, 500.0]) ** -0.5


def draw(rng, n, x_sd, y_sd, scatter, slope=-2.0):
    true = rng.normal(0, 0.6, n)
    x = true + rng.normal(0, x_sd, n)
    return x, 1 + slope * true + rng.normal(0, np.hypot(y_sd, scatter), n)


def test_york_reproduces_the_published_line():
    line = fit_york(X, Y, X_SD, Y_SD)
    assert line.intercept == pytest.approx(5.47991, abs=1e-5)
    assert line.slope == pytest.approx(-0.480533, abs=1e-6)
    np.testing.assert_allclose(np.sqrt(np.diag(line.covariance)), [0.29497, 0.05798], atol=1e-5)
    assert line.chi_squared == pytest.approx(11.8664, abs=1e-4)
    assert line.degrees_of_freedom == 8


def test_york_with_correlated_errors_minimises_the_generalised_distance():
    correlation = 0.5
    line = fit_york(X, Y, X_SD, Y_SD, correlation)

    def chi_squared(intercept, slope):
        variance = Y_SD**2 + slope**2 * X_SD**2 - 2 * slope * correlation * X_SD * Y_SD
        return np.sum((Y - intercept - slope * X) ** 2 / variance)

    best = chi_squared(line.intercept, line.slope)
    assert best == pytest.approx(line.chi_squared, rel=1e-12)
    for da, db in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3), (1e-3, -2e-4)):
        assert chi_squared(line.intercept + da, line.slope + db) > best


def test_york_turned_round_is_the_same_line():
    forward, backward = fit_york(X, Y, X_SD, Y_SD), fit_york(Y, X, Y_SD, X_SD)
    assert backward.slope == pytest.approx(1 / forward.slope, rel=1e-8)


def test_exact_abscissae_give_ordinary_regression_and_its_interval():
    rng = np.random.default_rng(3)
    x = np.linspace(0, 5, 12)
    y = 3 - 0.7 * x + rng.normal(0, 0.4, 12)
    line, plain = fit_line(x, y), fit_linear(np.column_stack([np.ones(12), x]), y)
    np.testing.assert_allclose([line.intercept, line.slope], plain.coefficients, rtol=1e-5)
    # Maximum likelihood divides by n, the classical estimate by n - 2; so do the covariance and its factor.
    assert line.scatter * np.sqrt(12 / 10) == pytest.approx(plain.scatter, rel=1e-3)
    np.testing.assert_allclose(line.covariance, plain.covariance, rtol=1e-2)
    np.testing.assert_allclose(line.slope_interval(), plain.interval(1), rtol=1e-3)


def test_units_do_not_matter():
    rng = np.random.default_rng(4)
    x, y = draw(rng, 15, 0.1, 0.1, 0.2)
    line, other = fit_line(x, y, 0.1, 0.1), fit_line(5 + 1e3 * x, 1e-6 * y - 1, 100.0, 1e-7)
    assert other.slope == pytest.approx(1e-9 * line.slope, rel=1e-5)
    assert other.intercept == pytest.approx(1e-6 * line.intercept - 1 - 5 * other.slope, rel=1e-9)
    assert other.slope_sd == pytest.approx(1e-9 * line.slope_sd, rel=1e-3)


def test_equal_errors_give_the_moment_estimate():
    # Fuller (1987), eq. 2.2.12 with the scatter unknown: b = S_xy / (S_xx - sd_x^2), S with 1/n.
    rng = np.random.default_rng(5)
    x, y = draw(rng, 30, 0.2, 0.1, 0.3)
    moments = np.cov(x, y, bias=True)
    line = fit_line(x, y, 0.2, 0.1)
    assert line.slope == pytest.approx(moments[0, 1] / (moments[0, 0] - 0.04), rel=1e-4)


def test_correlated_errors_are_taken_off_the_covariance():
    rng = np.random.default_rng(6)
    x, y = draw(rng, 30, 0.2, 0.1, 0.8)
    moments = np.cov(x, y, bias=True)
    line = fit_line(x, y, 0.2, 0.1, covariance=0.01)
    assert line.slope == pytest.approx((moments[0, 1] - 0.01) / (moments[0, 0] - 0.04), rel=1e-4)


@pytest.mark.parametrize(("x_sd", "scatter"), [(0.05, 0.2), (0.2, 0.2), (0.2, 0.0), (0.0, 0.3)])
def test_slope_is_recovered_and_its_interval_covers(x_sd, scatter):
    rng = np.random.default_rng(7)
    trials, n = 80, 12
    limit = n * np.log1p(student_quantile(0.95, n - 2) ** 2 / (n - 2))
    slopes, covered = [], 0
    for _ in range(trials):
        line = fit_line(*draw(rng, n, x_sd, 0.1, scatter), x_sd, 0.1)
        slopes.append(line.slope)
        covered += line.drop(-2.0) <= limit
    assert np.median(slopes) == pytest.approx(-2.0, abs=0.1)
    # 76 of 80 are expected with a standard deviation of 1.9; known errors make it conservative.
    assert covered >= 71


def test_ordinary_regression_would_be_attenuated_where_this_is_not():
    rng = np.random.default_rng(8)
    pairs = [draw(rng, 200, 0.3, 0.1, 0.2) for _ in range(20)]
    ours = np.mean([fit_line(x, y, 0.3, 0.1).slope for x, y in pairs])
    ordinary = np.mean([np.polyfit(x, y, 1)[0] for x, y in pairs])
    assert ours == pytest.approx(-2.0, abs=0.06)
    # Reliability 0.36/(0.36 + 0.09) = 0.8.
    assert ordinary == pytest.approx(-1.6, abs=0.06)


def test_interval_is_unbounded_where_x_is_all_error():
    rng = np.random.default_rng(9)
    line = fit_line(rng.normal(0, 1, 10), rng.normal(0, 1, 10), 1.2, 0.1)
    assert np.isinf(line.slope_interval()).any()


def test_a_covariate_is_told_from_the_slope():
    rng = np.random.default_rng(10)
    z = rng.normal(size=60)
    true = 0.5 * z + rng.normal(0, 0.7, 60)
    y = 1 + 2 * z - 3 * true + rng.normal(0, 0.2, 60)
    x = true + rng.normal(0, 0.2, 60)
    line = fit_line(x, y, 0.2, 0.0, covariates=np.column_stack([np.ones(60), z]))
    truth = [1, 2, -3]
    found = [*line.coefficients, line.slope]
    assert np.all(np.abs(np.subtract(found, truth)) < 3.5 * np.sqrt(np.diag(line.covariance)))
    # Without the covariate the slope is far off.
    assert abs(fit_line(x, y, 0.2, 0.0).slope + 3) > 5 * line.slope_sd


def test_the_band_is_the_covariance_carried_along():
    rng = np.random.default_rng(11)
    line = fit_line(*draw(rng, 20, 0.1, 0.1, 0.2), 0.1, 0.1)
    value, error = line.mean([0.0, 2.0])
    assert value[0] == pytest.approx(line.intercept)
    assert error[0] == pytest.approx(np.sqrt(line.covariance[0, 0]))
    expected = line.covariance[0, 0] + 4 * line.covariance[0, 1] + 4 * line.covariance[1, 1]
    assert error[1] == pytest.approx(np.sqrt(expected))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"x": [1.0, 2.0, 3.0], "y": [1.0, 2.0, 3.0]}, "3 points"),
        ({"x": [1.0, 2.0, 3.0, np.nan, 5.0], "y": [1.0] * 5}, "finite"),
        ({"x": [1.0, 2, 3, 4, 5], "y": [1.0, 2, 1, 2, 1], "x_sd": -1.0}, "negative"),
        ({"x": [1.0, 2, 3, 4, 5], "y": [1.0, 2, 1, 2, 1], "covariance": 0.1}, "exceeds"),
    ],
)
def test_impossible_input_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        fit_line(**change)


def test_without_errors_of_x_the_covariance_is_that_of_weighted_least_squares():
    y_sd = np.linspace(0.1, 0.4, X.size)
    line = fit_york(X, Y, np.full(X.size, 1e-9), y_sd)
    weighted = np.column_stack([np.ones(X.size), X]) / y_sd[:, None]
    expected = np.linalg.inv(weighted.T @ weighted)
    assert expected[0, 1] < 0  # all x are above zero
    np.testing.assert_allclose(line.covariance, expected, rtol=1e-6)
