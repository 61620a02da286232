"""Distribution of relaxation times: where the peaks stand, and that their area is the resistance."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.impedance.circuits.circuit import circuit
from coherion.impedance.relaxation_times import relaxation_times

FREQUENCY = np.geomspace(7e6, 0.1, 90)


def peaks(found, part=0.2):
    g = found.distribution
    inner = (g[1:-1] > g[:-2]) & (g[1:-1] >= g[2:]) & (g[1:-1] > part * g.max())
    return found.time_constants[1:-1][inner]


def test_two_arcs_are_two_peaks_with_their_resistances():
    z = circuit("R0-p(R1,CPE1)-p(R2,CPE2)").impedance(FREQUENCY, [1e4, 1e5, 1e-11, 0.95, 3e5, 1e-8, 0.9])
    generator = np.random.default_rng(0)
    z = z + 0.003 * np.abs(z) * (generator.normal(size=90) + 1j * generator.normal(size=90))
    found = relaxation_times(FREQUENCY, z)
    # 1. At (R Q)^(1/alpha).
    np.testing.assert_allclose(peaks(found), [1e-6 ** (1 / 0.95), 3e-3 ** (1 / 0.9)], rtol=0.2)
    # 2. The area of each is its resistance.
    step = np.log(found.time_constants[1] / found.time_constants[0])
    fast = found.time_constants < 3e-5
    assert found.distribution[fast].sum() * step == pytest.approx(1e5, rel=0.1)
    assert found.distribution[~fast].sum() * step == pytest.approx(3e5, rel=0.1)
    # 3. It describes the spectrum.
    assert np.sqrt(np.mean(np.abs(found.residual) ** 2)) < 0.01


def test_the_shape_of_a_constant_phase_element_is_that_of_cole_and_cole():
    # Fuoss and Kirkwood: gamma = R/(2 pi) sin((1 - a) pi) / (cosh(a ln(tau/tau0)) - cos((1 - a) pi)).
    resistance, alpha, tau0 = 1e5, 0.8, 1e-4
    z = circuit("Zarc1").impedance(FREQUENCY, [resistance, tau0, alpha])
    found = relaxation_times(FREQUENCY, z, penalty=1e-5)
    x = np.log(found.time_constants / tau0)
    exact = resistance / (2 * np.pi) * np.sin((1 - alpha) * np.pi)
    exact = exact / (np.cosh(alpha * x) - np.cos((1 - alpha) * np.pi))
    np.testing.assert_allclose(found.distribution, exact, atol=0.06 * exact.max())


def test_scale_of_the_impedance_does_not_matter():
    z = circuit("p(R1,CPE1)-CPE2").impedance(FREQUENCY, [1e6, 1e-11, 0.9, 1e-6, 0.8])
    a, b = relaxation_times(FREQUENCY, z), relaxation_times(FREQUENCY, 1e3 * z)
    np.testing.assert_allclose(b.distribution, 1e3 * a.distribution, rtol=1e-6, atol=1e-6 * b.distribution.max())


def test_the_penalty_that_the_data_choose_falls_with_their_noise_and_parts_what_they_can_part():
    """Two processes, tau five times apart, of no width: parted at little noise, one peak at a fixed large penalty."""
    z = circuit("p(R1,C1)-p(R2,C2)").impedance(FREQUENCY, [1e5, 1e-10, 1e5, 5e-10])
    noise = np.random.default_rng(3).normal(size=(2, 90))
    chosen = []
    for size in (0.0005, 0.005, 0.05):
        found = relaxation_times(FREQUENCY, z + size * np.abs(z) * (noise[0] + 1j * noise[1]), penalty=None)
        chosen.append(found.penalty)
        if size == 0.0005:
            np.testing.assert_allclose(peaks(found), [1e-5, 5e-5], rtol=0.2)
    assert chosen[0] < chosen[1] < chosen[2]
    assert len(peaks(relaxation_times(FREQUENCY, z, penalty=10.0))) == 1
    assert relaxation_times(FREQUENCY, z, penalty=0.3).penalty == 0.3
