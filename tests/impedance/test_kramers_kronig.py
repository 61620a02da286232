"""Kramers-Kronig validation: what it passes, what it finds, and what it cannot see."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.errors import InputError
from coherion.impedance.circuits.circuit import circuit
from coherion.impedance.kramers_kronig import (
    HIGH_END,
    KEPT,
    LOW_END,
    OUTSIDE_LIMITS,
    SPIKE,
    linear_kramers_kronig,
    validate_spectrum,
)
from coherion.settings.reading import settings_from
from coherion.settings.stages.validation import ValidationSettings

FREQUENCY = np.geomspace(7e6, 0.1, 90)
MODEL = circuit("p(R1,CPE1)-CPE2")


def spectrum(resistance=1e6, noise=0.0, seed=0, exponent=0.9, electrode=(1e-6, 0.8)):
    z = MODEL.impedance(FREQUENCY, [resistance, 1e-11, exponent, *electrode])
    return noisy(z, noise, seed)


def noisy(z, noise, seed=0):
    generator = np.random.default_rng(seed)
    return z + noise * np.abs(z) * (generator.normal(size=z.size) + 1j * generator.normal(size=z.size))


@pytest.mark.parametrize("resistance", 10.0 ** np.arange(4, 10))
@pytest.mark.parametrize("electrode", [(1e-6, 0.6), (1e-6, 0.8), (1e-7, 0.95)])
def test_clean_spectra_with_a_blocking_tail_keep_every_point(resistance, electrode):
    for exponent in (0.85, 0.95, 1.0):
        found = validate_spectrum(FREQUENCY, spectrum(resistance, exponent=exponent, electrode=electrode))
        assert found.kept.all() and found.valid and found.verdict == ""
        assert found.test.size.max() < 0.005


def test_a_circuit_of_its_own_kind_is_fitted_exactly():
    # R0 + RC with a time constant of the grid + C + L.
    tau = np.geomspace(1 / (2 * np.pi * 7e6), 1 / (2 * np.pi * 0.1), 40)[20]
    z = circuit("R0-p(R1,C1)-C2-L1").impedance(FREQUENCY, [10.0, 1e4, tau / 1e4, 1e-6, 1e-7])
    found = linear_kramers_kronig(FREQUENCY, z)
    assert found.size.max() < 1e-7
    assert found.elastance == pytest.approx(1e6, rel=1e-4)


@pytest.mark.parametrize("noise", [0.001, 0.003, 0.01])
def test_noise_is_measured_and_not_cut(noise):
    removed, measured = 0, []
    for seed in range(10):
        found = validate_spectrum(FREQUENCY, spectrum(noise=noise, seed=seed))
        removed += np.count_nonzero(~found.kept)
        measured.append(found.test.noise)
        assert found.valid
    # 900 points: hardly any run of three beyond two standard deviations stands at an end.
    assert removed <= 5
    # 43 coefficients for 180 numbers take up a part of the noise, sqrt(1 - 43/180) = 0.87.
    assert np.mean(measured) == pytest.approx(0.87 * noise, rel=0.12)


def test_residuals_hardly_correlate_for_noise_and_do_for_a_wrong_sweep():
    assert linear_kramers_kronig(FREQUENCY, spectrum(noise=0.003)).correlation < 0.2
    drift = spectrum() * np.linspace(1, 2, 90)
    assert linear_kramers_kronig(FREQUENCY, drift).correlation > 0.4


@pytest.mark.parametrize("size", [0.05, 0.1, 0.5])
def test_a_spike_of_the_mains_is_masked_alone(size):
    z = spectrum(noise=0.002)
    place = int(np.argmin(np.abs(FREQUENCY - 50)))
    z[place] *= 1 + size
    found = validate_spectrum(FREQUENCY, z)
    assert np.flatnonzero(found.reason).tolist() == [place]
    assert found.reason[place] == SPIKE
    assert np.isnan(found.residual[place]) and found.valid


def test_an_overloaded_high_end_is_trimmed():
    # Gain falls with frequency without the phase that a causal system would need.
    z = spectrum(noise=0.002) * (1 - 0.5 * FREQUENCY / 7e6)
    found = validate_spectrum(FREQUENCY, z)
    assert set(found.reason) == {KEPT, HIGH_END}
    assert found.reason[0] == HIGH_END and 3 <= np.count_nonzero(found.reason) <= 12
    assert found.valid and found.test.size.max() < 0.02


def test_a_sample_that_changes_late_in_the_sweep_loses_its_low_end():
    # Time runs as 1/f, so a resistance that doubles with time does so in the last decade.
    time = np.cumsum(3 / FREQUENCY)
    z = noisy(
        np.array(
            [
                MODEL.impedance(FREQUENCY[i : i + 1], [1e6 * (1 + time[i] / time[-1]), 1e-11, 0.9, 1e-6, 0.8])[0]
                for i in range(90)
            ]
        ),
        0.001,
    )
    found = validate_spectrum(FREQUENCY, z)
    assert found.reason[-1] == LOW_END and np.all(FREQUENCY[found.reason != KEPT] < 1)


def test_a_resistor_that_drifts_evenly_is_found_only_when_it_drifts_much():
    def drifting(part):
        return noisy(
            np.array(
                [
                    MODEL.impedance(FREQUENCY[i : i + 1], [1e6 * (1 + part * i / 90), 1e-11, 0.9, 1e-6, 0.8])[0]
                    for i in range(90)
                ]
            ),
            0.001,
        )

    # 1. Doubling over the sweep: refused, and called systematic.
    found = validate_spectrum(FREQUENCY, drifting(1.0))
    assert not found.valid and "systematic" in found.verdict
    # 2. A third: points above the limit remain, called systematic.
    found = validate_spectrum(FREQUENCY, drifting(0.3))
    assert found.valid and "systematic" in found.verdict
    # 3. A tenth: nothing is seen. The documentation says so.
    found = validate_spectrum(FREQUENCY, drifting(0.1))
    assert found.valid and found.verdict == ""


@pytest.mark.parametrize(
    "disturbed",
    [
        lambda z, w: z * np.exp(-1j * w * 1e-8),  # delay of 2 m of cable
        lambda z, w: z + 1j * w * 1e-6,  # inductance of the leads
        lambda z, w: z + 1 / (1 / 20 + 1 / (1j * w * 1e-6)),  # a loop of theirs
    ],
)
def test_what_is_causal_and_linear_cannot_be_seen(disturbed):
    z = disturbed(spectrum(1e2), 2 * np.pi * FREQUENCY)
    found = validate_spectrum(FREQUENCY, noisy(z, 0.001))
    assert found.kept.all() and found.valid


def test_the_inductance_of_the_leads_is_told():
    z = circuit("p(R1,CPE1)-CPE2-L1").impedance(FREQUENCY, [1e2, 1e-11, 0.9, 1e-6, 0.8, 2e-6])
    assert linear_kramers_kronig(FREQUENCY, z).inductance == pytest.approx(2e-6, rel=0.05)


def test_noise_beyond_the_limit_refuses_the_spectrum():
    found = validate_spectrum(FREQUENCY, spectrum(noise=0.08))
    assert not found.valid and "noise" in found.verdict


@pytest.mark.parametrize("noise", [0.012, 0.02, 0.04])
def test_white_noise_takes_no_points_away(noise):
    for seed in range(20):
        found = validate_spectrum(FREQUENCY, spectrum(noise=noise, seed=seed))
        assert found.valid and np.count_nonzero(found.kept) >= 89
        assert "noise" in found.verdict


def test_a_noisy_low_end_of_a_good_spectrum_stays():
    """Current near the floor of the instrument: 0.3 % at the high end, 6 % below 100 Hz."""
    z = spectrum(3e7)
    generator = np.random.default_rng(2)
    noise = np.where(FREQUENCY < 100, 0.06, 0.003)
    z = z + noise * np.abs(z) * (generator.normal(size=z.size) + 1j * generator.normal(size=z.size))
    found = validate_spectrum(FREQUENCY, z)
    assert found.valid and np.count_nonzero(found.kept) >= 86
    local = found.test.local_noise
    frequency = found.test.frequency
    assert np.median(local[frequency < 30]) == pytest.approx(0.06, rel=0.4)
    assert np.median(local[frequency > 1e4]) == pytest.approx(0.003, rel=0.5)
    # A systematic fault is no noise, however large: neighbours of it are alike.
    found = validate_spectrum(FREQUENCY, z * np.where(FREQUENCY > 1e5, 1.2, 1.0))
    assert not found.valid or np.count_nonzero(found.kept) < 86


def test_order_of_the_points_does_not_matter():
    z = spectrum(noise=0.002)
    z[30] *= 1.2
    shuffled = np.random.default_rng(1).permutation(90)
    a, b = validate_spectrum(FREQUENCY, z), validate_spectrum(FREQUENCY[shuffled], z[shuffled])
    np.testing.assert_array_equal(a.reason[shuffled], b.reason)
    np.testing.assert_allclose(a.residual[shuffled], b.residual, atol=1e-9)
    np.testing.assert_allclose(b.test.impedance, z[shuffled][b.kept], rtol=0.05)


def test_the_configured_range_is_left_out_first():
    settings = ValidationSettings(frequency_min=1.0, frequency_max=1e6)
    found = validate_spectrum(FREQUENCY, spectrum(), settings)
    outside = (FREQUENCY < 1) | (FREQUENCY > 1e6)
    np.testing.assert_array_equal(found.reason == OUTSIDE_LIMITS, outside)
    assert np.isnan(found.residual[outside]).all()


def test_trimming_can_be_switched_off():
    z = spectrum()
    z[40] *= 1.5
    assert validate_spectrum(FREQUENCY, z, ValidationSettings(trim=False)).kept.all()


def test_what_cannot_be_tested_is_refused():
    with pytest.raises(InputError, match="too few points"):
        linear_kramers_kronig(FREQUENCY[:4], spectrum()[:4])
    with pytest.raises(InputError, match="not positive and finite"):
        linear_kramers_kronig(np.append(FREQUENCY, 0.0), np.append(spectrum(), 1))
    with pytest.raises(InputError, match="frequency range is empty"):
        ValidationSettings(frequency_min=10.0, frequency_max=1.0)
    with pytest.raises(InputError, match="key limit"):
        settings_from(ValidationSettings, {"limit": 0.0})
