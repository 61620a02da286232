"""Capillary absorption: exact integrals, an independent quadrature, and a Monte Carlo of ray paths."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import dblquad, quad

from coherion.scattering.corrections.absorption import attenuation_coefficient, capillary_factors, cylinder_absorption


@pytest.mark.parametrize("mu_r", [0.01, 0.1, 0.5, 1.0, 2.0, 5.0])
def test_forward_and_backward_are_single_integrals(mu_r):
    """Straight through, each path is a chord 2c; straight back, it is twice the depth."""

    def chord(y):
        return np.sqrt(1 - y * y)

    options = {"epsabs": 1e-13, "epsrel": 1e-12, "limit": 200}
    forward = quad(lambda y: 2 * chord(y) * np.exp(-2 * mu_r * chord(y)) / np.pi, -1, 1, **options)[0]
    backward = quad(lambda y: -np.expm1(-4 * mu_r * chord(y)) / (2 * mu_r) / np.pi, -1, 1, **options)[0]
    found = cylinder_absorption(np.array([0.0, 180.0]), mu_r)
    np.testing.assert_allclose(found, [forward, backward], rtol=1e-6)


@pytest.mark.parametrize(("mu_r", "two_theta"), [(0.01, 40.0), (0.7, 70.7), (1.15, 15.0), (5.0, 35.0), (5.0, 130.0)])
def test_other_angles_by_an_adaptive_quadrature(mu_r, two_theta):
    cosine, sine = np.cos(np.radians(two_theta)), np.sin(np.radians(two_theta))

    def transmitted(x, y):
        along = x * cosine + y * sine
        across = x * sine - y * cosine
        inward = x + np.sqrt(max(1 - y * y, 0.0))
        outward = np.sqrt(max(1 - across * across, 0.0)) - along
        return np.exp(-mu_r * (inward + outward)) / np.pi

    def edge(y):
        return np.sqrt(max(1 - y * y, 0.0))

    exact = dblquad(transmitted, -1, 1, lambda y: -edge(y), edge, epsabs=1e-9, epsrel=1e-8)[0]
    assert cylinder_absorption(np.array([two_theta]), mu_r)[0] == pytest.approx(exact, rel=1e-6)


def test_weak_absorption_is_the_mean_path():
    """To first order A = 1 - mu times the mean path, and a disc's mean path to its edge is 8/(3 pi) R."""
    mu_r = 1e-5
    found = cylinder_absorption(np.array([0.0, 60.0, 140.0]), mu_r)
    np.testing.assert_allclose((1 - found) / mu_r, 2 * 8 / (3 * np.pi), rtol=1e-4)


def _traced(two_theta, mu_s, mu_c, ratio, *, count=400_000):
    """Paalman-Pings factors by tracing rays from random points to both circles."""
    rng = np.random.default_rng(17)
    directions = [(-1.0, 0.0), (np.cos(np.radians(two_theta)), np.sin(np.radians(two_theta)))]

    def points(low, high):
        radius = np.sqrt(rng.uniform(low**2, high**2, count))
        angle = rng.uniform(0, 2 * np.pi, count)
        return radius * np.cos(angle), radius * np.sin(angle)

    def inside(x, y, direction, circle):
        """Length of the ray from (x, y) that lies within a circle: roots of |p + t d|^2 = R^2 with t > 0."""
        b = x * direction[0] + y * direction[1]
        root = b * b - (x * x + y * y - circle * circle)
        half = np.sqrt(np.maximum(root, 0))
        return np.where(root > 0, np.maximum(-b + half, 0) - np.maximum(-b - half, 0), 0)

    def mean(region, sample_coefficient):
        x, y = points(*region)
        depth = 0
        for direction in directions:
            in_sample = inside(x, y, direction, 1.0)
            depth = depth + sample_coefficient * in_sample + mu_c * (inside(x, y, direction, ratio) - in_sample)
        transmitted = np.exp(-depth)
        return transmitted.mean(), transmitted.std() / np.sqrt(count)

    return mean((0, 1), mu_s), mean((1, ratio), mu_s), mean((1, ratio), 0.0)


@pytest.mark.parametrize("two_theta", [5.0, 70.0, 160.0])
@pytest.mark.parametrize(("mu_s", "mu_c", "ratio"), [(0.5, 0.4, 1.04), (2.0, 1.0, 1.3)])
def test_container_factors_by_monte_carlo(two_theta, mu_s, mu_c, ratio):
    factors = capillary_factors(np.array([two_theta]), mu_s, mu_c, ratio)
    found = factors.sample[0], factors.container_filled[0], factors.container_empty[0]
    for value, (expected, sd) in zip(found, _traced(two_theta, mu_s, mu_c, ratio), strict=True):
        assert value == pytest.approx(expected, abs=4.5 * sd)


def test_limits_of_the_container():
    angles = np.array([3.0, 50.0, 120.0])
    # 1. A container that does not absorb leaves the bare cylinder.
    bare = capillary_factors(angles, 1.2, 0.0, 1.2)
    np.testing.assert_allclose(bare.sample, cylinder_absorption(angles, 1.2), rtol=1e-9)
    np.testing.assert_allclose(bare.container_empty, 1)
    # 2. An empty one is as a filled one whose sample does not absorb.
    empty = capillary_factors(angles, 0.0, 0.6, 1.2)
    np.testing.assert_allclose(empty.container_filled, empty.container_empty)
    # 3. Nodes and interpolation agree.
    many = np.linspace(2, 80, 200)
    dense = capillary_factors(many, 1.15, 0.2, 1.05)
    few = capillary_factors(many[::20], 1.15, 0.2, 1.05)
    np.testing.assert_allclose(dense.sample[::20], few.sample, rtol=1e-8)
    np.testing.assert_allclose(dense.container_filled[::20], few.container_filled, rtol=1e-5)


def test_attenuation_coefficients():
    # NIST, Hubbell and Seltzer (NISTIR 5632): water 0.8096 cm^2/g at 20 keV, silicon 4.464 cm^2/g at 20 keV.
    wavelength = 12.398419843 / 20
    assert attenuation_coefficient({"H": 2, "O": 1}, 1.0, wavelength) == pytest.approx(0.8096, rel=0.02)
    assert attenuation_coefficient({"Si": 1}, 1.0, wavelength) == pytest.approx(4.464, rel=0.02)
