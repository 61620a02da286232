"""Stated errors are the scatter of repeats: 300 simulated measurements of one sample and its background."""

from __future__ import annotations

import numpy as np
import pytest
from scan_maker import angles, counted, counted_between_channels, glass, made_pattern, scan_of

from coherion.scattering.form_factors import average_form_factors
from coherion.scattering.grids import interpolation
from coherion.scattering.normalisation import least_squares, sum_rule
from coherion.scattering.reduction import reduce_scan
from coherion.scattering.uncertainty.noise import NoiseCorrelation
from coherion.scattering.uncertainty.propagation import (
    StructuredCovariance,
    banded_product,
    interpolated_covariance,
    pdf_covariance,
    pdf_variance,
)
from coherion.settings.stages.reduction import ReductionSettings

REPEATS = 300
STATED_EVERY = 15
SETTINGS = {"composition": "Na2.5In0.5Zr0.5Cl6", "density": 2.7, "rmax": 60.0, "rstep": 0.02}


def _sine_matrix(q, r):
    """Columns for each r: (2/pi) sin(Q r) dQ."""
    return 2 / np.pi * (q[1] - q[0]) * np.sin(np.outer(q, r))


def _repeats(count, settings, *, seed):
    """G on the Nyquist grid and F of each repeat, and the mean of the stated covariances and variances."""
    rng = np.random.default_rng(seed)
    two_theta = angles(step=0.03)
    sample, background = made_pattern(two_theta) + glass(two_theta), glass(two_theta)
    found, reduced, stated, stated_reduced, stated_pdf = [], [], [], [], []
    for number in range(REPEATS):
        with_errors = number % STATED_EVERY == STATED_EVERY - 1
        result = reduce_scan(
            scan_of(count(sample, rng), two_theta),
            scan_of(count(background, rng), two_theta),
            ReductionSettings(**settings, covariance=with_errors),
        )
        found.append(result["pdf"].values)
        reduced.append(result["reduced_structure_factor"].values)
        if with_errors:
            stated.append(result["pdf_covariance"].values)
            stated_reduced.append(result["reduced_structure_factor_sd"].values ** 2)
            stated_pdf.append(result["pdf_sd"].values ** 2)
            r, r_nyquist = result["r"].values, result["r_nyquist"].values
    found = np.array(found)
    on_nyquist = np.array(reduced) @ _sine_matrix(result["q"].values, r_nyquist)
    np.testing.assert_allclose(result["pdf_nyquist"].values, on_nyquist[-1], rtol=1e-8, atol=1e-10)
    means = (np.mean(part, axis=0) for part in (stated, stated_reduced, stated_pdf))
    return r, r_nyquist, found, on_nyquist, np.array(reduced), *means


@pytest.mark.parametrize("count", [counted, counted_between_channels], ids=["independent", "interpolated"])
@pytest.mark.parametrize("corrections", ["none", "all"])
def test_scatter_of_repeats_is_the_stated_sigma(count, corrections):
    settings = SETTINGS | {"corrections": corrections}
    r, r_nyquist, found, on_nyquist, reduced, stated, stated_reduced, stated_pdf = _repeats(count, settings, seed=11)
    # 1. G(r) on its own grid, in ranges of r: standard deviation within 5 %.
    variance = found.var(axis=0, ddof=1)
    for low, high in ((1, 5), (5, 15), (15, 30), (30, 60)):
        part = (r >= low) & (r < high)
        assert np.sqrt(variance[part].sum() / stated_pdf[part].sum()) == pytest.approx(1, abs=0.05), (low, high)
    # 2. Covariance of neighbours on the Nyquist grid within 10 %; these are far from independent.
    sample_covariance = np.cov(on_nyquist.T)
    for low, high in ((1, 15), (15, 60)):
        part = np.flatnonzero((r_nyquist >= low) & (r_nyquist < high))[:-1]
        expected = stated[part, part + 1].sum()
        assert abs(expected) > 0.2 * stated[part, part].sum()
        assert sample_covariance[part, part + 1].sum() == pytest.approx(expected, rel=0.10)
    # 3. F(Q), pooled: its points share raw points, and an interpolated point scatters less than a raw one.
    ratio = reduced.var(axis=0, ddof=1).sum() / stated_reduced.sum()
    assert np.sqrt(ratio) == pytest.approx(1, abs=0.05)
    # 4. chi^2 of the repeats with the inverse covariance: as many degrees of freedom as points beyond rpoly.
    used = np.flatnonzero(r_nyquist > 2)[:100]
    deviations = on_nyquist[:, used] - on_nyquist[:, used].mean(axis=0)
    chi_squared = np.einsum("ni,ij,nj->n", deviations, np.linalg.inv(stated[np.ix_(used, used)]), deviations)
    assert chi_squared.mean() == pytest.approx(len(used), rel=0.15)


def test_neglecting_the_correlation_is_wrong():
    """Points between channels: sqrt(N) alone overstates how a point scatters, and understates nothing else."""
    rng = np.random.default_rng(3)
    two_theta = angles(step=0.03)
    scans = [
        scan_of(counted_between_channels(expected, rng), two_theta)
        for expected in (made_pattern(two_theta) + glass(two_theta), glass(two_theta))
    ]
    measured = reduce_scan(*scans, ReductionSettings(**SETTINGS))
    assumed = reduce_scan(*scans, ReductionSettings(**SETTINGS, noise_correlation="none"))
    ratio = measured["intensity_net_sd"].mean() / assumed["intensity_net_sd"].mean()
    assert 0.75 < float(ratio) < 0.9
    # Interpolation moves counts but loses none: the noise of G at small r, a sum over many points, is unchanged.
    assert measured.attrs["sample_noise_total"] == pytest.approx(1, abs=4 * measured.attrs["sample_noise_total_sd"])


def test_bands_and_low_rank_equal_the_dense_covariance():
    """The structured covariance of G is T Cov T^T with the dense sine matrix T."""
    rng = np.random.default_rng(5)
    n, dq, first, dr, count = 120, 0.05, 9, 0.31, 40
    raw_q = np.sort(rng.uniform(0.3, 7.0, 160))
    q = (first + np.arange(n)) * dq
    index, weight = interpolation(q, raw_q)
    sd = rng.uniform(1, 3, len(raw_q))
    ratios = (0.6, 0.2, 0.02, 0.05)
    # 1. Interpolated points against B Cov B^T.
    raw = sum(
        ratio * (np.eye(len(sd), k=lag) + (np.eye(len(sd), k=-lag) if lag else 0)) for lag, ratio in enumerate(ratios)
    )
    raw = raw * np.outer(sd, sd)
    interpolate = np.zeros((n, len(sd)))
    interpolate[np.arange(n), index] = 1 - weight
    interpolate[np.arange(n), index + 1] += weight
    dense = interpolate @ raw @ interpolate.T
    bands = interpolated_covariance(index, weight, sd, ratios)
    columns = rng.normal(size=(n, 3))
    np.testing.assert_allclose(banded_product(bands, columns), dense @ columns, rtol=1e-10, atol=1e-10)
    # 2. With a low-rank part, transformed.
    middle = rng.normal(size=(3, 3))
    middle = middle + middle.T
    covariance = StructuredCovariance(bands, columns, middle)
    whole = dense + columns @ middle @ columns.T
    np.testing.assert_allclose(covariance.variance, np.diag(whole), rtol=1e-10)
    r = dr * np.arange(1, count + 1)
    transform = 2 / np.pi * dq * np.sin(np.outer(r, q))
    expected = transform @ whole @ transform.T
    found, fine = pdf_covariance(covariance, dq, first, dr, count)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())
    np.testing.assert_allclose(fine[4::4], np.diag(expected), rtol=1e-8)
    np.testing.assert_allclose(pdf_variance(covariance, dq, first, dr, count + 1)[1:], np.diag(expected), rtol=1e-8)
    # 3. Under a window each point and its neighbours are multiplied by their own.
    lorch = np.sinc(q / q[-1])
    expected = (transform * lorch) @ whole @ (transform * lorch).T
    found, _ = pdf_covariance(covariance.windowed(lorch), dq, first, dr, count)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9 * np.abs(expected).max())


def test_counts_that_only_move_between_points_leave_the_variance_of_their_sum():
    """Each point gives quarters of its count to its neighbours: every sum of many points is what it was."""
    kernel = np.array([0.25, 0.5, 0.25])
    ratios = tuple(float(kernel[lag:] @ kernel[: 3 - lag]) for lag in range(3))
    assert NoiseCorrelation(ratios, 0.0, 1, 1.0).total == pytest.approx(1.0)


def test_uncertain_background_scale_widens_the_errors():
    rng = np.random.default_rng(8)
    two_theta = angles(step=0.03)
    scans = [
        scan_of(counted(expected, rng), two_theta)
        for expected in (made_pattern(two_theta, reflections=12) + 0.7 * glass(two_theta), glass(two_theta))
    ]
    estimated = reduce_scan(*scans, ReductionSettings(**SETTINGS, background_scale="estimate"))
    scale, sd = estimated.attrs["background_scale"], estimated.attrs["background_scale_sd"]
    given = reduce_scan(*scans, ReductionSettings(**SETTINGS, background_scale=scale))
    assert sd > 0
    # What the scale's error does to G is the derivative of G with respect to the scale, times that error.
    moved = reduce_scan(*scans, ReductionSettings(**SETTINGS, background_scale=scale + 1e-3 * sd))
    shift = 1e3 * (moved["pdf"].values - given["pdf"].values)
    expected = np.sqrt(given["pdf_sd"].values ** 2 + shift**2)
    np.testing.assert_allclose(estimated["pdf_sd"].values[20:], expected[20:], rtol=0.03)


def test_the_scale_of_least_squares_answers_the_intensities_as_its_derivative_says():
    q = np.arange(0.5, 15.0, 0.05)
    averages = average_form_factors({"Si": 1.0, "O": 2.0}, q)
    intensity = 3.0 * averages.square_mean * (1 + 0.3 * np.sin(2.3 * q))
    found = least_squares(intensity, averages)
    for k in (5, 100, 250):
        step = np.zeros(q.size)
        step[k] = 1e-4 * intensity[k]
        ends = [least_squares(intensity + side * step, averages).scale for side in (1, -1)]
        assert found.scale_response[k] == pytest.approx((ends[0] - ends[1]) / (2 * step[k]), rel=1e-5)


def test_the_sum_rule_counts_what_lies_below_the_first_point():
    """Below the first reflection S(Q) is 0: where the scan starts there does not matter."""
    q = np.arange(0.02, 16.0, 0.005)
    structure = 0.5 * (1 + np.tanh((q - 2.6) / 0.1))
    density = float(np.sum(q**2 * (1 - structure)) * 0.005 / (2 * np.pi**2))
    scales = []
    for first in (0, 200, 380):
        averages = average_form_factors({"Si": 1.0, "O": 2.0}, q[first:])
        coherent = (structure[first:] - 1) * averages.mean_squared + averages.square_mean
        made = sum_rule(
            coherent / 7.0,
            averages,
            np.zeros(q.size - first),
            q[first:],
            fluorescence_shape=None,
            number_density=density,
        )
        scales.append(made.scale)
    np.testing.assert_allclose(scales, 7.0, rtol=2e-3)
    np.testing.assert_allclose(scales, scales[0], rtol=2e-4)
