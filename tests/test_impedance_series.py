"""A series with impedance only: nothing of what it has not is computed, drawn, judged or numbered."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from test_workflow import own_series, rows_of, snakemake

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

TEMPERATURES = (-20, 0, 20, 40, 60)
BARRIER = {"a": 0.40, "b": 0.38, "c": 0.36, "d": 0.34}  # eV
BOLTZMANN = 8.617333262e-5  # eV/K


def spectrum(path, barrier, temperature, seed):
    """Text of a pellet of 0.1 cm and 1 cm2: an arc whose sigma T follows Arrhenius, and a blocking electrode."""
    frequency = np.logspace(6.5, 0, 60)
    kelvin = temperature + 273.15
    sigma = 8e3 / kelvin * np.exp(-barrier / (BOLTZMANN * kelvin))
    resistance = 0.1 / sigma
    omega = 2j * np.pi * frequency
    z = resistance / (1 + resistance * 1e-10 * omega**0.95) + 1 / (2e-6 * omega**0.85)
    noise = np.random.default_rng(seed).normal(scale=2e-3, size=(2, len(z)))
    z = z * (1 + noise[0] + 1j * noise[1])
    rows = "".join(f"{f:.6e}\t{a.real:.6e}\t{-a.imag:.6e}\n" for f, a in zip(frequency, z, strict=True))
    path.write_text("freq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\n" + rows)


def test_a_series_of_pellets_runs_to_its_page_and_says_nothing_of_structures(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    lines = ["sample | file | temperature_C"]
    for number, (name, barrier) in enumerate(BARRIER.items()):
        for temperature in TEMPERATURES:
            file = f"{name}_{temperature}C.txt"
            spectrum(data / file, barrier, temperature, 1000 * number + temperature + 100)
            lines.append(f"{name} | {file} | {temperature}")
    samples = "sample | x | composition | pellet_thickness_cm | pellet_diameter_cm\n" + "".join(
        f"{name} | {0.1 * number:g} | Li6PS5Cl | 0.1 | {np.sqrt(4 / np.pi):.6f}\n"
        for number, name in enumerate(BARRIER)
    )
    own_series(tmp_path, {"data_folder": "data"}, samples=samples, spectra="\n".join(lines) + "\n")
    done = snakemake(tmp_path)
    assert done.returncode == 0, done.stderr[-3000:]
    results = tmp_path / "results"

    rows = rows_of(results / "series" / "series.tsv")
    for name, barrier in BARRIER.items():
        value, sd = (float(rows[name][key]) for key in ("activation_energy_eV", "activation_energy_eV_sd"))
        assert abs(value - barrier) < 4 * sd and sd < 0.02
    assert not {column for row in rows.values() for column in row if "coherence" in column or column.startswith("a_A")}
    with (results / "claims.tsv").open(encoding="utf-8", newline="") as stream:
        verdicts = {row["id"]: row["verdict"] for row in csv.DictReader(stream, delimiter="\t")}
    assert verdicts["energy-falls"] == verdicts["conductivity-rises"] == "holds"
    assert not any("length" in name or "lattice" in name for name in verdicts)
    assert not {"reduction", "refinement", "side_phase", "geometry"} & {folder.name for folder in results.iterdir()}
    shown = {path.stem for path in (results / "figures").glob("*.pdf")}
    assert "arrhenius" in shown and not any("fit" in name or "pattern" in name or "pair" in name for name in shown)
    # 1. Numbers of tables have no gaps.
    numbers = sorted(int(path.name.split("_")[1][1:]) for path in (results / "tables").glob("table_S*.tsv"))
    assert numbers == list(range(1, len(numbers) + 1))
    assert (results / "page.html").stat().st_size < 10e6
