"""Spectra of the simulated series: circuit, Arrhenius law, noise, geometry, tables and the counter-series."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from coherion.constants import BOLTZMANN
from coherion.data.series_tables import read_tables
from coherion.data.spectra.biologic import read_mpt
from coherion.errors import InputError
from coherion.simulation.series import read_simulation
from coherion.simulation.series_tables import formula, spectrum_file, tables
from coherion.simulation.spectra import circuit, describe, pellet_of, simulate_spectrum, transport_of

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config" / "simulation.yaml"


@pytest.fixture(scope="module")
def series():
    return read_simulation(CONFIG)


# 1. The circuit.


def test_circuit_is_resistive_between_arc_and_electrodes(series):
    spectrum = simulate_spectrum("x80", 25, series)
    e = spectrum.truth
    # Between the arc (its frequency is near 1/(2 pi R C)) and the spike Re Z is R to the share of the electrodes.
    exact = circuit(e, np.array([1e4]))[0]
    assert exact.real == pytest.approx(e.resistance, rel=0.05)
    # At 7 MHz the inductance of the lead has turned the arc's end.
    high = np.array([7e6])
    without = circuit(type(e)(**{**vars(e), "inductance": 0.0}), high)[0]
    assert (circuit(e, high)[0] - without) == pytest.approx(2j * np.pi * 7e6 * 5e-7)


def test_capacitance_is_that_of_the_paper(series):
    """About 1e-11 F at 25 degC."""
    for name in series["samples"]:
        e = simulate_spectrum(name, 25, series).truth
        assert 5e-12 < (e.q * e.resistance ** (1 - e.alpha)) ** (1 / e.alpha) < 2e-11


def test_frequencies_are_the_papers(series):
    f = simulate_spectrum("x10", 25, series).frequency
    assert f[0] == pytest.approx(7e6) and f[-1] == pytest.approx(0.1)
    assert np.all(np.diff(f) < 0)


# 2. Transport.


def test_conductivity_follows_arrhenius_with_the_true_activation_energy(series):
    for name in ("x10", "x95"):
        law = transport_of(series, name)
        t = np.array([-40.0, 0.0, 25.0, 60.0])
        slope = np.polyfit(1 / (t + 273.15), [np.log(law.at(v) * (v + 273.15)) for v in t], 1)[0]
        assert -slope * BOLTZMANN == pytest.approx(law.activation_energy, rel=1e-9)
        assert law.at(25.0) == pytest.approx(law.conductivity)


def test_truth_is_as_the_series_promises(series):
    milled = [n for n in series["samples"] if "_" not in n]
    sigma = {n: transport_of(series, n).conductivity for n in series["samples"]}
    assert sigma["x10"] == pytest.approx(1e-6, rel=0.25)
    assert sigma["x95"] == pytest.approx(5e-5, rel=0.25)
    steps = np.diff(np.log10([sigma[n] for n in milled])) / np.diff([series["samples"][n]["x"] for n in milled])
    # Steady up to 0.8 on the whole, much steeper beyond.
    assert steps[-3:].min() > 2 * steps[:7].max()
    energies = [transport_of(series, n).activation_energy for n in milled]
    assert np.mean(energies[:8]) == pytest.approx(0.50, abs=0.005) and energies[-1] == pytest.approx(0.43)
    # Annealing lengthens the domains and slows the ions; 200 degC makes x = 0.9 like x = 0.7, but half as fast.
    lengths = {n: series["samples"][n]["coherence_length"] for n in sigma}
    assert lengths["x90"] < lengths["x90_200C"] < lengths["x90_330C"]
    assert sigma["x90"] > sigma["x90_200C"] > sigma["x90_330C"]
    assert lengths["x90_200C"] == lengths["x70"]
    assert sigma["x90_200C"] / sigma["x70"] == pytest.approx(0.5, abs=0.15)


def test_counter_series_depends_on_composition_alone(series):
    counter = read_simulation(CONFIG, {"conductivity_depends_on": "composition"})
    for name in series["samples"]:
        assert transport_of(counter, name) == transport_of(series if "_" not in name else counter, name)
    for name in ("x90_200C", "x90_330C"):
        assert transport_of(counter, name) == transport_of(series, "x90") != transport_of(series, name)


# 3. Noise, drift, resolution.


def test_noise_is_as_stated_and_grows_at_the_ends(series):
    pulls = []
    for name in ("x20", "x50", "x90"):
        for t in (0, 10, 25, 40):
            s = simulate_spectrum(name, t, series)
            pulls.append((s.impedance - s.exact) / s.noise)
    parts = np.concatenate([np.concatenate([p.real, p.imag]) for p in pulls])
    assert parts.std() == pytest.approx(1.0, abs=4 / np.sqrt(2 * parts.size))
    assert abs(parts.mean()) < 4 / np.sqrt(parts.size)
    s = simulate_spectrum("x90", 40, series)
    relative = s.noise / np.abs(s.exact)
    assert relative[0] > 2 * relative[40] and relative[-1] > 2 * relative[40]


def test_some_cold_spectra_drown_and_no_warm_one_does(series):
    def drowned(name, t):
        s = simulate_spectrum(name, t, series)
        arc = (s.frequency > 1) & (s.frequency < 1e4)
        return np.median(s.noise[arc] / np.abs(s.exact[arc])) > 0.02

    cold = [drowned(n, -40) for n in series["samples"]]
    assert 2 <= sum(cold) <= 10
    assert not any(drowned(n, t) for n in series["samples"] for t in (10, 25, 40, 50, 60))


def test_only_the_coldest_drifts(series):
    coldest, next_one = simulate_spectrum("x85", -40, series), simulate_spectrum("x85", -30, series)
    assert coldest.truth.drift > 0 == next_one.truth.drift
    still = circuit(coldest.truth, coldest.frequency)
    # It starts too warm, so its resistance is too low at first, by a few per cent, and less so in the end.
    low = np.abs(coldest.exact) / np.abs(still)
    assert 0.9 < low.min() < 0.99 and np.all(low < 1 + 1e-12)


def test_temperatures_scatter_about_those_written_down(series):
    away = [
        simulate_spectrum(n, t, series).truth.temperature - t
        for n in series["samples"]
        for t in series["spectra"]["temperatures"]
    ]
    assert np.std(away) == pytest.approx(series["spectra"]["temperature_sd"], rel=0.2)


def test_pellets_were_measured_with_the_stated_error(series):
    off = [pellet_of(series, n) for n in series["samples"]]
    thickness = np.array([p.measured_thickness - p.thickness for p in off]) / series["pellet"]["thickness_sd"]
    assert 0.5 < thickness.std() < 1.6
    assert all(abs(p.thickness - 0.15) < 0.03 for p in off)


# 4. Files and tables.


def test_command_writes_spectra_that_say_they_are_simulated(tmp_path, series):
    import simulate_spectra as command

    temperatures = series["spectra"]["temperatures"]
    files = [tmp_path / spectrum_file("x50", t) for t in temperatures]
    command.main([str(CONFIG), "x50", "--output", *map(str, files), "--truth", str(tmp_path / "x50.json")])
    truth = json.loads((tmp_path / "x50.json").read_text())
    assert truth == json.loads(
        json.dumps(
            {"origin": "simulated"}
            | describe("x50", series, [simulate_spectrum("x50", t, series) for t in temperatures])
        )
    )
    for file, t in zip(files, temperatures, strict=True):
        (read,) = read_mpt(file)
        assert read.origin == "simulated" and read.amplitude == pytest.approx(0.010)
        np.testing.assert_allclose(read.impedance, simulate_spectrum("x50", t, series).impedance, rtol=1e-7)
    with pytest.raises(InputError, match="--output"):
        command.main([str(CONFIG), "x50", "--output", str(files[0]), "--truth", str(tmp_path / "x50.json")])


def test_shipped_tables_are_those_of_the_shipped_series(series):
    for name, text in tables(series).items():
        assert (ROOT / "config" / f"{name}.tsv").read_text(encoding="utf-8") == text


def test_shipped_tables_are_what_the_workflow_reads(series):
    paths = {name: str(ROOT / "config" / f"{name}.tsv") for name in ("samples", "scans", "spectra")}
    read = read_tables(paths, ROOT / "workflow" / "schemas")
    assert read.with_spectra() == list(series["samples"])
    assert set(read.with_scan()) == {*series["samples"], "LaB6"}
    assert all((ROOT / row["structure"]).is_file() for row in read.samples.values())
    assert len(read.spectra["x10"]) == 10


def test_formula_is_written_as_chemists_do():
    assert formula(0.5) == "Na2.5In0.5Zr0.5Cl6"
    assert formula(0.95) == "Na2.05In0.05Zr0.95Cl6"
