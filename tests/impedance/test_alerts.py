"""What is wrong with the conductivities of a sample is named, and never averaged in."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.impedance.alerts import (
    contradicting_pairs,
    contradictions,
    impossible,
    impossible_permittivity,
    off_the_line,
    off_the_line_reason,
    relative_permittivity,
)

KELVIN = np.arange(250.0, 331.0, 10.0)
SIGMA = 1e5 / KELVIN * np.exp(-0.4 / (8.617333e-5 * KELVIN))


def test_a_point_a_decade_off_is_named():
    sigma = SIGMA * np.exp(0.02 * np.random.default_rng(0).normal(size=KELVIN.size))
    assert off_the_line(KELVIN, sigma) == {}
    sigma[3] *= 10
    found = off_the_line(KELVIN, sigma)
    assert list(found) == [3] and found[3] == pytest.approx(10, rel=0.1)
    assert "10 times as high" in off_the_line_reason(10.0) and "10 times lower" in off_the_line_reason(0.1)
    sigma[8] /= 5
    assert set(off_the_line(KELVIN, sigma)) == {3, 8}


def test_a_curved_plot_and_a_short_one_lose_no_point():
    # Two activation energies: a kink at 290 K.
    curved = SIGMA * np.where(KELVIN < 290, np.exp(-0.3 / 8.617333e-5 * (1 / KELVIN - 1 / 290)), 1)
    assert off_the_line(KELVIN, curved) == {}
    few = SIGMA[:4].copy()
    few[1] *= 10
    assert off_the_line(KELVIN[:4], few) == {}


def test_sweeps_of_one_temperature_that_differ():
    celsius, sigma = np.array([25.0, 25.4, 60.0]), np.array([1e-4, 1.3e-4, 4e-4])
    (told,) = contradictions(celsius, sigma, 0.01 * sigma)
    assert "25 and 25.4 degC differ by 30 %" in told
    assert contradictions(celsius, sigma, 0.2 * sigma) == []
    assert contradictions(np.array([25.0, 27.0, 60.0]), sigma, 0.01 * sigma) == []


def test_what_no_conductor_has():
    assert impossible(0.3, np.array([1e-4])) == []
    assert "does not rise" in impossible(-0.1, np.array([1e-4]))[0]
    assert "that of a metal" in impossible(0.3, np.array([1e-4, 50.0]))[0]


def test_permittivity_of_a_known_capacitor():
    # Plates of 1 cm^2, 0.1 cm apart, filled with alumina (9.8): C = eps eps0 A / L.
    capacitance = 9.8 * 8.8541878128e-12 * 1e-4 / 1e-3
    assert relative_permittivity(np.array([capacitance]), 0.1)[0] == pytest.approx(9.8)
    assert impossible_permittivity(np.array([9.8, 10.1])) == ""
    # A pellet given in mm: thickness over area ten times too small.
    assert "in cm" in impossible_permittivity(relative_permittivity(np.array([capacitance]), 0.01))


@pytest.mark.parametrize(("second", "sd", "told"), [(1.4e-6, 1e-7, []), (1.2e-6, 1e-8, [(0, 1)]), (1.02e-6, 1e-9, [])])
def test_two_spectra_of_one_temperature_differ_by_their_errors_and_a_twentieth(second, sd, told):
    """A fifth more is told of what is known to a hundredth, two fifths are not of what is known to a tenth."""
    found = contradicting_pairs(np.array([25.0, 25.5]), np.array([1e-6, second]), np.array([sd, sd]))
    assert [pair[:2] for pair in found] == told
