"""The three commands, from spectra to activation energies, on simulated spectra of known truth and on real ones."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from coherion.constants import BOLTZMANN
from coherion.data.contract.impedance import SPECTRA
from coherion.data.netcdf import read_dataset, write_dataset
from coherion.errors import CoherionWarning, InputError
from coherion.impedance.circuits.circuit import circuit

SCRIPTS = Path(__file__).parents[2] / "scripts"
FREQUENCY = np.geomspace(7e6, 0.1, 80)
CELSIUS = np.arange(-40.0, 61.0, 10.0)
THICKNESS, DIAMETER = 0.15, 0.9
PAPER = {"circuit": "p(R1,CPE1)-CPE2"}
ENERGY, PREFACTOR = 0.45, 2e5


@pytest.fixture(scope="module")
def commands():
    sys.path.insert(0, str(SCRIPTS))
    try:
        import fit_arrhenius
        import fit_circuits
        import validate_spectra
    finally:
        sys.path.remove(str(SCRIPTS))
    return validate_spectra.main, fit_circuits.main, fit_arrhenius.main


def conductivity_at(celsius):
    kelvin = np.asarray(celsius) + 273.15
    return PREFACTOR / kelvin * np.exp(-ENERGY / (BOLTZMANN * kelvin))


def simulated(path, celsius=CELSIUS, change=None, noise=0.003):
    """Spectra of a pellet with one activated resistance, as the spectra stage writes them."""
    generator = np.random.default_rng(11)
    rows = []
    for t in celsius:
        resistance = THICKNESS / (np.pi * DIAMETER**2 / 4) / conductivity_at(t)
        z = circuit("p(R1,CPE1)-CPE2").impedance(FREQUENCY, [resistance, 2e-11, 0.9, 1e-6, 0.8])
        rows.append(z + noise * np.abs(z) * (generator.normal(size=80) + 1j * generator.normal(size=80)))
    z = np.array(rows)
    f = np.tile(FREQUENCY, (len(celsius), 1))
    if change is not None:
        change(f, z)
    values = {
        "frequency": f,
        "impedance_real": z.real,
        "impedance_imaginary": z.imag,
        "temperature": np.asarray(celsius, dtype=float),
        "temperature_sd": np.full(len(celsius), 0.3),
        "cycle": np.ones(len(celsius), dtype=int),
        "source": np.array([f"x_{t:g}C.mpr" for t in celsius], dtype=object),
    }
    write_dataset(SPECTRA.dataset(values, {"origin": "simulated", "sample": "x"}), path, "import_spectra")
    return path


def table(path):
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


def run(commands, folder, spectra, validation=None, fit=None, arrhenius=None):
    validate, fit_circuits, fit_arrhenius = commands
    names = [str(folder / f"{n}.nc") for n in ("validated", "circuits", "arrhenius")]
    geometry = {"pellet_thickness_cm": THICKNESS, "pellet_diameter_cm": DIAMETER} | {
        "pellet_thickness_sd_cm": 0.002,
        "pellet_diameter_sd_cm": 0.005,
    }
    validate([str(spectra), "--settings", json.dumps(validation or {}), "--output", names[0]])
    fit_circuits([names[0], "--settings", json.dumps(PAPER | (fit or {})), "--output", names[1]])
    fit_arrhenius([names[1], "--settings", json.dumps(geometry | (arrhenius or {})), "--output", names[2]])
    return [read_dataset(n) for n in names]


def test_truth_is_recovered_within_the_stated_errors(commands, tmp_path, capsys):
    validated, circuits, found = run(commands, tmp_path, simulated(tmp_path / "spectra.nc"))
    assert "E_a = 0.4" in capsys.readouterr().out
    assert validated.attrs["origin"] == circuits.attrs["origin"] == found.attrs["origin"] == "simulated"
    total = found.sel(resistance_name="total")
    assert bool(total["used"].all())
    # 1. Activation energy and prefactor within three standard errors, together (chi squared with 2 freedoms).
    d = np.array([float(total["activation_energy"]) - ENERGY, float(total["ln_prefactor"]) - np.log(PREFACTOR)])
    covariance = total["covariance_by_form"].sel(form="sigma_T", weighting="errors").values
    assert d @ np.linalg.solve(covariance, d) < 12
    assert float(total["activation_energy_sd"]) < 0.01
    # 2. Conductivity at 25 degC on the line: nothing was measured there.
    sigma, sd = float(total["conductivity_reference"]), float(total["conductivity_reference_sd"])
    assert abs(sigma - conductivity_at(25)) < 3 * sd
    assert np.isnan(float(total["conductivity_measured"]))
    # 3. The parts of the errors are the stated ones.
    relative = total["conductivity_geometry_sd"] / total["conductivity"]
    np.testing.assert_allclose(relative, np.hypot(0.002 / 0.15, 2 * 0.005 / 0.9), rtol=1e-6)
    kelvin = CELSIUS + 273.15
    thermal = (total["conductivity_temperature_sd"] / total["conductivity"]).values
    np.testing.assert_allclose(thermal, 0.3 * (ENERGY / (BOLTZMANN * kelvin**2) - 1 / kelvin), rtol=0.03)
    # 4. Provenance: every file names its source.
    assert list(json.loads(found.attrs["sources"])) == ["circuits.nc"]


@pytest.mark.filterwarnings("ignore:.*FileIO:pytest.PytestUnraisableExceptionWarning")  # its load() closes no file
def test_impedance_py_opens_every_fitted_circuit_and_predicts_our_fit(commands, tmp_path):
    from impedance.models.circuits import CustomCircuit

    def change(f, z):
        z[1, 10:] = np.nan  # a sweep that was stopped: no fit, no file

    folder = tmp_path / "circuits.impedance_py"
    folder.mkdir()
    (folder / "09_99C.json").write_text("{}")  # of an earlier run with more spectra
    spectra = simulated(tmp_path / "spectra.nc", celsius=[-40.0, 0.0, 25.5], change=change)
    fit = {"circuit": "L1-p(R1,CPE1)-CPE2", "fixed": {"L1": 1e-9}}
    with pytest.warns(CoherionWarning, match="not used"):
        circuits = run(commands, tmp_path, spectra, fit=fit)[1]
    assert sorted(file.name for file in folder.iterdir()) == ["01_-40C.json", "03_25.5C.json"]
    for row, name in ((0, "01_-40C.json"), (2, "03_25.5C.json")):
        peer = CustomCircuit()
        peer.load(folder / name)
        ours = circuits["fitted_real"].values[row] + 1j * circuits["fitted_imaginary"].values[row]
        np.testing.assert_allclose(peer.predict(circuits["frequency"].values[row]), ours, rtol=1e-9)
        assert peer.constants == {"L1": 1e-9}
        names = list(circuits["parameter"].values)
        assert peer.get_param_names()[0] == [n for n in names if n != "L1"]
        np.testing.assert_array_equal(peer.conf_, circuits["standard_uncertainty"].values[row, 1:])
        assert "1" in str(peer) and f"{circuits['temperature'].values[row]:g} degC" in peer.name


def test_the_measured_conductivity_is_that_of_the_spectrum_nearest_to_25(commands, tmp_path):
    spectra = simulated(tmp_path / "spectra.nc", celsius=[0.0, 24.0, 26.5, 50.0])
    found = run(commands, tmp_path, spectra)[2].sel(resistance_name="total")
    assert float(found["temperature_measured"]) == 24.0
    row = int(np.flatnonzero(found["temperature"].values == 24.0)[0])
    assert float(found["conductivity_measured"]) == float(found["conductivity"][row])
    assert float(found["conductivity_measured_sd"]) == float(found["conductivity_sd"][row])
    assert found["capacitance_reference"].values == pytest.approx(
        (2e-11 * (THICKNESS / (np.pi * DIAMETER**2 / 4) / conductivity_at(24)) ** 0.1) ** (1 / 0.9), rel=0.03
    )


def test_what_is_removed_and_left_out_is_listed_with_its_reason(commands, tmp_path):
    def change(f, z):
        z[5, 30] *= 1.4  # a spike
        z[6] *= 1 + 0.1 * np.random.default_rng(0).normal(size=80)  # noise throughout, which no trimming cures
        f[7, 10:] = np.nan  # a sweep that was stopped
        z[7, 10:] = np.nan
        z[0] = circuit("p(R1,CPE1)-CPE2").impedance(FREQUENCY, [1e13, 2e-11, 0.9, 1e-6, 0.8])

    spectra = simulated(tmp_path / "spectra.nc", change=change)
    with pytest.warns(CoherionWarning, match="not used"):
        validated, circuits, found = run(commands, tmp_path, spectra)
    # 1. Points, in the table of the validation.
    removed = table(tmp_path / "validated.tsv")
    spike = [r for r in removed if r["temperature_C"] == "10" and r["frequency_Hz"]]
    assert [r["reason"] for r in spike] == ["single spike above the Kramers-Kronig limit"]
    assert float(spike[0]["frequency_Hz"]) == pytest.approx(FREQUENCY[30], rel=1e-5)
    assert not validated["kept"].values[5, 30] and validated["kept"].values[5].sum() == 79
    # 2. Spectra, in the table of exclusions.
    header, *points = [line.split("\t") for line in (tmp_path / "circuits.points.tsv").read_text().splitlines()]
    assert header[3:6] == ["Frequency / Hz", "Real Impedance / ohm", "Imaginary Impedance / ohm"]
    assert {row[6] for row in points} == {"yes", "no"} and all((row[6] == "no") == bool(row[7]) for row in points)
    used = [row for row in points if row[6] == "yes"]
    misfit = [abs(float(row[8]) - float(row[4])) / np.hypot(float(row[4]), float(row[5])) for row in used]
    assert np.median(misfit) < 0.05
    left_out = {r["temperature_C"]: r["reason"] for r in table(tmp_path / "arrhenius.exclusions.tsv")}
    assert set(left_out) == {"-40", "20", "30"}
    assert "not closed" in left_out["-40"]
    assert "noise of" in left_out["20"] and "10 points are left" in left_out["30"]
    # 3. What is left still gives the truth.
    total = found.sel(resistance_name="total")
    assert abs(float(total["activation_energy"]) - ENERGY) < 4 * float(total["activation_energy_sd"])
    assert int(total["spectra_used"]) == 8
    # 4. No number stands where none was measured.
    assert np.isnan(circuits["value"].values[6]).all() and np.isnan(found["conductivity"].values[0, 7])


def test_a_sample_that_shows_nothing_gives_holes_and_a_warning(commands, tmp_path):
    def change(f, z):
        z[:] *= 1 + 0.2 * np.random.default_rng(0).normal(size=z.shape)

    with pytest.warns(CoherionWarning) as told:
        found = run(commands, tmp_path, simulated(tmp_path / "spectra.nc", change=change))[2]
    messages = [str(w.message) for w in told]
    assert sum("not used" in m for m in messages) == CELSIUS.size
    assert any("0 of 11 spectra usable, too few for an activation energy" in m for m in messages)
    assert np.isnan(found["activation_energy"].values).all()
    assert len(table(tmp_path / "arrhenius.exclusions.tsv")) == CELSIUS.size


def test_temperatures_can_be_left_out(commands, tmp_path):
    spectra = simulated(tmp_path / "spectra.nc")
    found = run(commands, tmp_path, spectra, arrhenius={"temperature_min": -5.0, "temperature_max": 45.0})[2]
    used = found["temperature"].values[found["used"].values[0]]
    assert used.tolist() == [0.0, 10.0, 20.0, 30.0, 40.0]


@pytest.mark.parametrize(
    ("stage", "settings", "message"),
    [
        ("validation", {"limt": 0.02}, "unknown setting of the validation.*limt|key limt"),
        ("validation", {"limit": "2 %"}, "key limit.*a number above 0"),
        ("fit", {"circuit": "R1||C1"}, "cannot be read"),
        ("fit", {"fixed": {"R9": 1}}, "no parameter 'R9'"),
        ("fit", {"resistances": {"bulk": ["CPE1_0"]}}, "not a resistor"),
        ("fit", {"circuit": "R1-C1"}, "no arc"),
        ("fit", {"restarts": 1.5}, "key restarts.*a whole number"),
        ("arrhenius", {"pellet_thickness_cm": 0.0}, "pellet_thickness_cm"),
        ("arrhenius", {"pellet_diameter_cm": None}, "geometry of the pellet is missing"),
        ("arrhenius", {"form": "log"}, "key form"),
        ("arrhenius", {"thickness": 0.15}, "key thickness"),
    ],
)
def test_wrong_settings_are_refused_by_name(commands, tmp_path, stage, settings, message):
    spectra = simulated(tmp_path / "spectra.nc", celsius=[20.0, 40.0])
    with pytest.raises(InputError, match=message):
        run(commands, tmp_path, spectra, **{stage: settings})


def test_published_energies_through_the_commands(commands, tmp_path, real_data):
    sys.path.insert(0, str(SCRIPTS))
    try:
        import import_spectra
    finally:
        sys.path.remove(str(SCRIPTS))
    folder = real_data / "eis" / "EISFitpython"
    files = [f"s04147-{t}deg.txt" for t in range(140, 201, 10)]
    rows = [{"file": n, "temperature_C": int(n[7:10])} for n in files]
    spectra = str(tmp_path / "spectra.nc")
    settings = json.dumps({"sample": "s04147", "rows": rows})
    import_spectra.main([*(str(folder / n) for n in files), "--settings", settings, "--output", spectra])
    found = run(
        commands,
        tmp_path,
        spectra,
        fit={
            "circuit": "p(R1,CPE1)-p(R2,CPE2)-CPE3",
            "weights": "modulus",
            "resistances": {"bulk": ["R1"], "total": ["R1", "R2"]},
            "sum_covariance": False,
        },
        arrhenius={
            "pellet_thickness_cm": 0.21,
            "pellet_diameter_cm": 0.8,
            "weighting": "none",
            "celsius_zero": 273,
            "temperature_sd": 0,
        },
    )[2]
    energies = [f"{float(v):.4f}" for v in found["activation_energy"].values]
    errors = [f"{float(v):.4f}" for v in found["activation_energy_sd"].values]
    assert energies == ["0.5869", "0.8555"] and errors == ["0.0163", "0.0006"]
