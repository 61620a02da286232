"""Counting statistics of the simulated detector are those seen in real scans, not white Poisson noise."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.simulation.scans.detector import interpolated_counts


def smooth(level):
    return lambda two_theta: np.full(np.shape(two_theta), level)


@pytest.fixture(scope="module")
def flat():
    rng = np.random.default_rng(12)
    return np.array(
        [interpolated_counts(smooth(9000.0), 2.0, 0.015, 5000, rng, pitch=0.018, exposures=8) for _ in range(8)]
    )


def test_counts_are_whole_and_right_on_average(flat):
    assert flat.dtype.kind == "i"
    assert flat.mean() == pytest.approx(9000.0, abs=5 * np.sqrt(9000 / flat.size))


def test_points_scatter_less_than_the_root_of_their_counts(flat):
    """Real scans: variance/mean 0.4 to 0.7 (docs/simulated-series.md)."""
    assert 0.4 < flat.var() / flat.mean() < 0.7


def test_neighbours_go_together(flat):
    """Real scans: lag-1 correlation 0.24 to 0.6; what interpolation takes from the points it gives to their sums."""
    away = flat - flat.mean()
    lag = [(away[:, k:] * away[:, : away.shape[1] - k]).mean() / away.var() for k in range(6)]
    assert 0.24 < lag[1] < 0.6
    blocks = flat[:, :4900].reshape(8, -1, 100).sum(axis=2)
    assert blocks.var() / blocks.mean() == pytest.approx(1.0, abs=0.25)


def test_a_slope_is_kept():
    rng = np.random.default_rng(13)
    counts = interpolated_counts(lambda t: 1e5 * t, 2.0, 0.015, 2000, rng, pitch=0.018, exposures=4)
    two_theta = 2.0 + 0.015 * np.arange(2000)
    assert np.polyfit(two_theta, counts, 1)[0] == pytest.approx(1e5, rel=2e-3)
