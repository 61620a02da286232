"""Z-HIT: the modulus from the phase, and samples that change during the sweep."""

from __future__ import annotations

import numpy as np
import pytest
import xarray

from coherion.errors import InputError
from coherion.impedance.circuits.dataset import fit_dataset
from coherion.impedance.datasets import validate_dataset
from coherion.impedance.z_hit import z_hit
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.validation import ValidationSettings

FREQUENCY = np.geomspace(7e6, 0.1, 90)


def drifting(part, resistance=1e6, noise=0.003, seed=0, exponent=0.9):
    """An arc and an electrode; the resistance falls evenly by a part during the sweep from high frequency to low."""
    s = 2j * np.pi * FREQUENCY
    r = resistance * (1 - part * np.arange(90) / 90)
    z = r / (1 + (r * 1e-11 * s) ** exponent) + 1 / (1e-6 * s**0.8)
    g = np.random.default_rng(seed)
    return z + noise * np.abs(z) * (g.normal(size=90) + 1j * g.normal(size=90))


def test_a_constant_phase_is_reconstructed_exactly():
    hit = z_hit(FREQUENCY, 1e5 * (2j * np.pi * FREQUENCY) ** -0.7)
    np.testing.assert_allclose(hit.residual, 0, atol=1e-9)


@pytest.mark.parametrize("resistance", [1e4, 1e6, 1e8])
@pytest.mark.parametrize("exponent", [0.85, 1.0])
def test_a_sample_that_stands_still(resistance, exponent):
    hit = z_hit(FREQUENCY, drifting(0.0, resistance, noise=0.0, exponent=exponent))
    assert np.abs(hit.residual).max() < 0.02 and abs(hit.drift) < 0.008


@pytest.mark.parametrize("part", [0.1, 0.2, -0.1])
def test_drift_shows_with_its_sign_and_about_half_its_size(part):
    hit = z_hit(FREQUENCY, drifting(part))
    assert 0.3 < hit.drift / -part < 0.6


def test_order_of_the_points_does_not_matter():
    z = drifting(0.1)
    hit, back = z_hit(FREQUENCY, z), z_hit(FREQUENCY[::-1], z[::-1])
    np.testing.assert_allclose(hit.residual, back.residual[::-1])
    assert hit.late.sum() == np.count_nonzero(FREQUENCY < 1.0)


def test_too_short_a_sweep_is_refused():
    with pytest.raises(InputError, match="Z-HIT"):
        z_hit(FREQUENCY[:20], drifting(0.0)[:20])


def test_a_drifting_spectrum_is_shown_and_not_used():
    spectra = [drifting(0.0), drifting(0.12)]
    dims = ("spectrum", "point")
    dataset = xarray.Dataset(
        {
            "frequency": (dims, np.tile(FREQUENCY, (2, 1))),
            "impedance_real": (dims, np.real(spectra)),
            "impedance_imaginary": (dims, np.imag(spectra)),
            "temperature": ("spectrum", np.array([20.0, 30.0])),
        },
        attrs={"origin": "simulated"},
    )
    validated = validate_dataset(dataset, ValidationSettings())
    assert validated["valid"].values.all() and [bool(d) for d in validated["drift"].values] == [False, True]
    for circuit in ("auto", "p(R1,CPE1)-CPE2"):
        found = fit_dataset(validated, CircuitSettings(circuit=circuit))
        assert list(found["resolved"].values[:, 0]) == [True, False]
        assert "changed during the sweep" in str(found["reason"].values[1, 0])
        assert np.isfinite(found["resistance"].values).all()
    patient = validate_dataset(dataset, ValidationSettings(largest_drift=0.1))
    assert not any(patient["drift"].values)
