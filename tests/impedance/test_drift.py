"""A resistance that moves while its spectrum is measured: how far, from the fit, and where it cannot be seen."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.impedance.circuits.drift import resistance_drift
from coherion.impedance.circuits.fit import fit_circuit

FREQUENCY = np.geomspace(7e6, 0.1, 87)
ORDER = np.arange(87) / 86
NOISE = 0.005


def swept(change, resistance, seed=0, exponent=0.9, frequency=FREQUENCY):
    """An arc of constant capacitance and an electrode; its resistance changes evenly during the sweep."""
    s = 2j * np.pi * frequency
    r = resistance * (1 + change * np.linspace(0, 1, s.size))
    z = r / (1 + (r * 1e-11 * s) ** exponent) + 1 / (1e-6 * s**0.8)
    g = np.random.default_rng(seed)
    return z + NOISE * np.abs(z) * (g.normal(size=s.size) + 1j * g.normal(size=s.size))


def found(z, members=("R1",), circuit="p(R1,CPE1)-CPE2", order=ORDER, frequency=FREQUENCY):
    return resistance_drift(frequency, fit_circuit(frequency, z, circuit), members, order)


@pytest.mark.parametrize("resistance", [1e5, 1e7, 1e9])
@pytest.mark.parametrize("change", [-0.2, -0.08, 0.1])
def test_the_change_is_found_with_its_sign_and_size(resistance, change):
    drift = found(swept(change, resistance))
    # One step from a fit without drift: right to a fifth of itself.
    assert drift.value == pytest.approx(change, abs=3 * drift.sd + 0.2 * abs(change))
    said = drift.verdict(0.05, NOISE)
    assert ("rose" if change > 0 else "fell") in said


def test_samples_that_stand_still():
    pulls = []
    for seed in range(60):
        drift = found(swept(0.0, 10 ** (5 + 4 * seed / 60), seed))
        assert drift.verdict(0.05, NOISE) == ""
        pulls.append(drift.value / drift.sd)
    assert 0.75 < np.sqrt(np.mean(np.square(pulls))) < 1.25


def test_what_remains_of_a_short_sweep_is_its_noise():
    """Of 2 x 12 numbers the circuit takes five and the drift one: what is left has the noise that was put in."""
    few = np.geomspace(3e6, 0.1, 12)
    drifts = [
        found(swept(0.0, 1e6, seed, frequency=few), order=np.linspace(0, 1, 12), frequency=few) for seed in range(60)
    ]
    # 18 degrees of freedom of each of 60 spectra know the variance to (2/1080)^(1/2).
    assert np.mean([drift.remaining**2 for drift in drifts]) == pytest.approx(NOISE**2, rel=3 * np.sqrt(2 / 1080))


def test_the_order_is_that_of_time():
    z = swept(-0.1, 1e6)
    back = found(z[::-1], order=ORDER[::-1], frequency=FREQUENCY[::-1])
    assert back.value == pytest.approx(found(z).value, rel=1e-3)
    # Swept from low to high the same spectrum would be one whose resistance rises.
    assert found(z, order=1 - ORDER).value == pytest.approx(-found(z).value, rel=0.2)


def test_an_arc_that_is_cut_off_says_nothing():
    drift = found(swept(-0.15, 1e13))
    assert drift.sd > 0.1 and drift.verdict(0.05, NOISE) == ""


def test_a_wrong_circuit_is_no_drift():
    """What is left of two arcs fitted with one is no noise, so the circuit is at fault."""
    s = 2j * np.pi * FREQUENCY
    z = 1e5 / (1 + (1e5 * 1e-11 * s) ** 0.9) + 2e5 / (1 + (2e5 * 1e-9 * s) ** 0.9) + 1 / (1e-6 * s**0.8)
    drift = found(z)
    assert abs(drift.value) > 3 * drift.sd and drift.verdict(0.05, NOISE) == ""
