"""Scans of the simulated series: what is in them, that they are reproducible and that they say what they are."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from coherion.data.scans.reader import read_scan
from coherion.data.scans.stoe import read_raw
from coherion.errors import InputError
from coherion.simulation.files import as_dataset
from coherion.simulation.scans.scan import simulate_scan
from coherion.simulation.series import read_simulation

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "config" / "simulation.yaml"


@pytest.fixture(scope="module")
def series():
    # Fewer atoms than the shipped series: the tests look at means, not at the quality of the averages.
    return read_simulation(CONFIG, {"atoms": 2e4})


@pytest.fixture(scope="module")
def scans(series):
    return {name: simulate_scan(name, series) for name in ("x90", "x95", "LaB6", "empty")}


def momentum(scan):
    return 4 * np.pi * np.sin(np.radians(scan.two_theta) / 2) / 0.5594


# 1. Independence.


def test_simulation_imports_no_analysis():
    package = ROOT / "scripts/coherion"
    files = sorted(p for p in (package / "simulation").rglob("*.py") if p.stem != "__init__")
    names = [".".join(("coherion", *p.relative_to(package).with_suffix("").parts)) for p in files]
    analysis = ("crystal", "scattering", "pair_model", "refinement", "impedance", "statistics", "paper", "figures")
    program = (
        "import importlib, sys\n"
        f"for name in {names!r}: importlib.import_module(name)\n"
        "from coherion.simulation import series, spectra, files\n"
        "from coherion.simulation.scans.scan import simulate_scan\n"
        f"s = series.read_simulation({str(CONFIG)!r}, dict(atoms=2e3))\n"
        "files.as_raw('x90', simulate_scan('x90', s), s)\n"
        "spectra.simulate_spectrum('x90', 25, s)\n"
        f"print([m for m in sys.modules if m.startswith(tuple('coherion.' + a for a in {analysis!r}))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT / "scripts"
    )
    assert done.stdout.strip() == "[]"


# 2. What a scan holds.


def test_grid_is_the_papers(scans):
    two_theta = scans["x90"].two_theta
    np.testing.assert_allclose(np.diff(two_theta), 0.015)
    assert momentum(scans["x90"])[-1] > 13


def test_counts_are_the_sum_of_the_contributions(scans):
    for name in ("x90", "x95", "empty"):
        scan = scans[name]
        expected = np.sum(list(scan.contributions.values()), axis=0)
        away = (scan.counts - expected) / np.sqrt(expected)
        # Interpolation leaves points 0.4 to 0.7 of their Poisson variance.
        assert abs(away[1000:].mean()) < 0.05
        assert 0.4 < away[1000:].var() < 0.7


def test_counts_reach_the_level_of_a_long_scan(scans):
    counts = scans["x90"].counts
    assert counts.max() < 2**31 - 1
    # 1 % per point at the highest angles, which is what makes Q = 13 usable.
    assert 4e3 < counts[-200:].mean() < 4e4


def test_zirconium_fluorescence_grows_with_zirconium_and_is_flat(series, scans):
    poor, rich = simulate_scan("x10", series).contributions["fluorescence"], scans["x90"].contributions["fluorescence"]
    assert 5 < rich.mean() / poor.mean() < 10
    assert rich.max() / rich.min() < 1.3
    assert 0 < rich.mean() < 0.15 * scans["x90"].counts[-200:].mean()


def test_side_phase_shows_near_1_47(scans):
    """The paper finds an extra reflection near 1.47 1/angstrom at x = 0.95 and none at x = 0.9."""
    q = momentum(scans["x95"])
    near = (q > 1.42) & (q < 1.52)
    around = ((q > 1.36) & (q < 1.40)) | ((q > 1.54) & (q < 1.58))
    height = {name: scans[name].counts[near].max() / scans[name].counts[around].mean() for name in ("x90", "x95")}
    assert q[near][scans["x95"].counts[near].argmax()] == pytest.approx(1.47, abs=0.01)
    assert height["x95"] > 1.3 > height["x90"]


def test_reflections_broaden_as_domains_shrink(series, scans):
    def width(scan):
        """Full width at half height of the first strong reflection, 1/angstrom, over a straight background."""
        q = momentum(scan)
        part = (q > 0.95) & (q < 1.2)
        height = scan.contributions["coherent"][part]
        return np.ptp(q[part][height > (height.max() + height.min()) / 2])

    assert width(scans["x90"]) > 1.4 * width(simulate_scan("x10", series))


def test_standard_has_the_certified_lattice(scans):
    q = momentum(scans["LaB6"])
    counts = scans["LaB6"].counts
    for n in (1, 2, 3, 4, 5, 6):
        bragg = 2 * np.pi * np.sqrt(n) / 4.156826
        part = np.abs(q - bragg) < 0.06
        net = counts[part] - counts[part].min()
        assert np.average(q[part], weights=net) == pytest.approx(bragg, abs=0.003)
        # Width of the instrument: that of its angles and that of its wavelengths.
        spread = np.sqrt(np.average((q[part] - bragg) ** 2, weights=net))
        assert spread == pytest.approx(np.hypot(0.011, 0.0005 * bragg), rel=0.04)


def test_empty_capillary_is_weaker_than_the_filled_one(scans):
    q = momentum(scans["empty"])
    assert np.all(scans["empty"].counts[q > 2] < scans["x90"].counts[q > 2])


# 3. Truth, seeds and files.


def test_truth_names_the_parameters_as_the_model_does(scans):
    truth = scans["x95"].truth
    main, side = truth["phases"]
    assert (main["name"], side["name"]) == ("cryolite", "trigonal")
    assert main["parameters"]["M1.occupancy.Zr"] == pytest.approx((0.95 - 0.15) / 0.85)
    assert {"a", "beta", "Na2.x", "Na1.occupancy", "Cl3.u_iso"} <= set(main["parameters"])
    assert truth["coherence_length"] == 45.0
    for name, drawn in scans["x90"].truth["phases"][0]["realised_occupancy"].items():
        nominal = scans["x90"].truth["phases"][0]["parameters"]
        label, element = name.split(".")
        wanted = nominal.get(f"{label}.occupancy", nominal.get(f"{label}.occupancy.{element}"))
        assert drawn == pytest.approx(wanted, abs=0.04)


def test_truth_in_the_phases_of_the_side_phase_adds_up_to_the_nominal_composition(scans):
    metals = {"In": 0.0, "Zr": 0.0}
    for phase in scans["x95"].truth["phases"]:
        p = phase["parameters"]
        cells = phase["atom_fraction"] / (2 * (10 - p["M1.occupancy.Zr"]) if phase["name"] == "cryolite" else 9)
        per_cell = {
            "In": 2 * p.get("M1.occupancy.In", 0),
            "Zr": 2 * p.get("M1.occupancy.Zr", 0) + p.get("Zr1.occupancy", 0),
        }
        for element in metals:
            metals[element] += cells * per_cell[element]
    assert metals["Zr"] / sum(metals.values()) == pytest.approx(0.95, abs=1e-3)


def test_same_seed_same_counts_other_seed_other_counts(series, scans):
    np.testing.assert_array_equal(simulate_scan("x90", series).counts, scans["x90"].counts)
    other = simulate_scan("x90", {**series, "seed": 1})
    assert not np.array_equal(other.counts, scans["x90"].counts)


def test_command_writes_a_raw_file_that_says_it_is_simulated(tmp_path):
    import simulate_scan as command

    files = [tmp_path / "x90.raw", tmp_path / "x90.json"]
    for file in (tmp_path / "again.raw", files[0]):
        command.main(
            [str(CONFIG), "x90", "--settings", '{"atoms": 2000}', "--output", str(file), "--truth", str(files[1])]
        )
    assert files[0].read_bytes() == (tmp_path / "again.raw").read_bytes()
    raw = read_raw(files[0])
    assert raw.header.simulated and raw.header.anode_element == "Ag"
    scan = read_scan(files[0])
    assert scan.attrs["origin"] == "simulated"
    assert scan.attrs["wavelength"] == pytest.approx(0.5594)
    assert scan["intensity"].attrs["units"] == "counts"
    assert json.loads(files[1].read_text())["origin"] == "simulated"
    small = read_simulation(CONFIG, {"atoms": 2000})
    in_memory = as_dataset(simulate_scan("x90", small), small)
    np.testing.assert_allclose(in_memory["two_theta"], scan["two_theta"], atol=1e-5)
    for name in ("intensity", "intensity_sd"):
        np.testing.assert_array_equal(in_memory[name], scan[name])
    assert {k: scan.attrs[k] for k in in_memory.attrs} == pytest.approx(in_memory.attrs)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"conductivity_depends_on": "weather"}, "conductivity_depends_on"),
        ({"colour": 1}, "key colour"),
        ({"samples": {"x": {"x": 0.1, "coherence_length": 1, "packing_fraction": 0.5, "size": 3}}}, "samples.x.size"),
        ({"atoms": "2e5"}, "key atoms"),
    ],
)
def test_series_that_cannot_be_simulated_is_refused_by_key(changes, words):
    with pytest.raises(InputError, match=words):
        read_simulation(CONFIG, changes)


def test_unknown_sample_is_refused(series):
    with pytest.raises(InputError, match="x11"):
        simulate_scan("x11", series)
