"""Leads from a short circuit: found, taken off with their error, and refused where nothing was shorted."""

from __future__ import annotations

import numpy as np
import pytest
from made_spectra import text_table

from coherion.data.spectra.leads import leads_of
from coherion.data.spectra.reader import assemble, read_spectra, row_of
from coherion.errors import InputError
from coherion.impedance.circuits.dataset import fit_dataset
from coherion.impedance.datasets import validate_dataset
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.validation import ValidationSettings

FREQUENCY = np.geomspace(7e6, 0.1, 87)
OMEGA = 2 * np.pi * FREQUENCY
LEADS = 0.8 + 1j * OMEGA * 5e-7
NAMES = ["Freq.[Hz]", "Zs'[ohm]", "Zs''[ohm]"]


def stored(folder, name, z, noise=0.003, seed=0):
    g = np.random.default_rng(seed)
    z = z + noise * np.abs(z) * (g.normal(size=z.size) + 1j * g.normal(size=z.size))
    path = folder / name
    path.write_text(text_table(NAMES, np.stack([FREQUENCY, z.real, z.imag])))
    return path


def test_leads_are_found_with_their_errors(tmp_path):
    pulls = []
    for seed in range(60):
        path = stored(tmp_path, "short.txt", LEADS, seed=seed)
        found = leads_of(read_spectra(path), str(path))
        pulls.append([(found.resistance - 0.8) / found.resistance_sd, (found.inductance - 5e-7) / found.inductance_sd])
    assert found.misfit == pytest.approx(0.003, rel=0.2)
    np.testing.assert_allclose(np.sqrt(np.mean(np.square(pulls), axis=0)), 1, atol=0.25)


def test_a_fast_conductor_without_its_leads(tmp_path):
    """3 ohm behind leads of 0.8 ohm and 0.5 uH: wrong by the leads with them, right without."""
    short = stored(tmp_path, "short.txt", LEADS)
    cell = stored(tmp_path, "x_25C.txt", 3.0 + LEADS + 1 / (1e-3 * (1j * OMEGA) ** 0.85), seed=1)
    found = {}
    for name in (None, str(short)):
        row = row_of({"file": str(cell), "temperature_C": 25, "short_circuit": name})
        spectra = assemble("x", [row])
        circuits = fit_dataset(validate_dataset(spectra, ValidationSettings()), CircuitSettings())
        found[name] = spectra, float(circuits["resistance"][0, 0]), float(circuits["resistance_sd"][0, 0])
    assert found[None][1] == pytest.approx(3.8, rel=0.01) and "leads_resistance" not in found[None][0]
    spectra, resistance, sd = found[str(short)]
    assert abs(resistance - 3.0) < 3 * sd and resistance == pytest.approx(3.0, rel=0.01)
    assert float(spectra["leads_resistance"][0]) == pytest.approx(0.8, rel=0.01)
    assert sd >= float(spectra["leads_resistance_sd"][0])
    assert "leads of a short circuit taken off" in spectra.attrs["notes"]


def test_what_is_no_short_circuit_is_refused(tmp_path):
    path = stored(tmp_path, "pellet.txt", 1e5 + 0j * OMEGA)
    with pytest.raises(InputError, match="no measurement of a short circuit"):
        leads_of(read_spectra(path), str(path))


def test_leads_that_are_more_than_that_are_doubted(tmp_path):
    short = stored(tmp_path, "short.txt", LEADS + 1 / (1 / 2.0 + 1j * OMEGA * 1e-6))
    cell = stored(tmp_path, "x_25C.txt", 300.0 + LEADS + 1 / (1e-5 * (1j * OMEGA) ** 0.85), seed=1)
    with pytest.warns(UserWarning, match="short circuit is no resistance with an inductance"):
        assemble("x", [row_of({"file": str(cell), "temperature_C": 25, "short_circuit": str(short)})])
