"""Conductivity of a pellet and the parts of its uncertainty."""

from __future__ import annotations

import math

import numpy as np
import pytest

from coherion.errors import InputError
from coherion.impedance.conductivity import Pellet, conductivity


def test_a_cube_of_one_centimetre():
    # A cylinder of 1 cm^2 and 1 cm: 1 / R.
    pellet = Pellet(thickness=1.0, diameter=math.sqrt(4 / math.pi))
    assert pellet.area == pytest.approx(1.0)
    assert conductivity(np.array([1e5]), np.array([0.0]), pellet).value == pytest.approx([1e-5])


def test_parts_of_the_uncertainty_by_hand():
    pellet = Pellet(0.15, 0.9, thickness_sd=0.003, diameter_sd=0.009)
    # 2 % and, squared diameter, twice 1 %.
    assert pellet.relative_sd == pytest.approx(math.hypot(0.02, 0.02))
    found = conductivity(
        np.array([1e6, 1e5]),
        np.array([1e4, 2e3]),
        pellet,
        temperature_sd=np.array([1.0, 0.5]),
        relative_slope=np.array([0.06, 0.05]),
    )
    np.testing.assert_allclose(found.fit_sd / found.value, [0.01, 0.02])
    np.testing.assert_allclose(found.geometry_sd / found.value, math.hypot(0.02, 0.02))
    np.testing.assert_allclose(found.temperature_sd / found.value, [0.06, 0.025])
    np.testing.assert_allclose(found.sd**2, found.fit_sd**2 + found.geometry_sd**2 + found.temperature_sd**2)


def test_uncertainty_is_the_scatter_of_simulated_pellets():
    generator = np.random.default_rng(0)
    pellet = Pellet(0.15, 0.9, 0.003, 0.009)
    drawn = [
        conductivity(
            np.array([generator.normal(1e6, 1e4)]),
            np.array([0.0]),
            Pellet(generator.normal(0.15, 0.003), generator.normal(0.9, 0.009)),
        ).value[0]
        for _ in range(4000)
    ]
    stated = conductivity(np.array([1e6]), np.array([1e4]), pellet)
    assert np.std(drawn) == pytest.approx(stated.sd[0], rel=0.06)


@pytest.mark.parametrize(
    ("lengths", "message"),
    [
        ((0.0, 0.9), "pellet_thickness_cm.*found 0.0"),
        ((0.15, -0.9), "pellet_diameter_cm"),
        ((0.15, math.nan), "pellet_diameter_cm"),
        ((0.15, 0.9, 0.2), "pellet_thickness_sd_cm"),
        ((0.15, 0.9, 0.0, -1e-3), "pellet_diameter_sd_cm"),
    ],
)
def test_impossible_geometry_is_refused_by_name(lengths, message):
    with pytest.raises(InputError, match=message):
        Pellet(*lengths)


def test_the_choice_of_the_circuit_is_a_part_of_the_error_of_a_resistance():
    """Parts add in squares to what was stated: 3 and 4 percent of 5, sigma's relative error being that of R."""
    found = conductivity(np.array([2e5]), np.array([1e4]), Pellet(0.1, 1.0), choice_sd=np.array([8e3]))
    relative = np.array([found.fit_sd[0], found.choice_sd[0], found.own_sd[0]]) / found.value[0]
    np.testing.assert_allclose(relative, [0.03, 0.04, 0.05], rtol=1e-12)
    assert found.value[0] == pytest.approx(0.1 / (np.pi / 4) / 2e5)
