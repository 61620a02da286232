"""Faults that broken input once showed, each with what must be true instead."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hostile.targets import (
    NAMES,
    ROOT,
    cif_seeds,
    column_seeds,
    dta_seeds,
    netcdf_seeds,
    pdf_seeds,
    raw_seeds,
    scan_seeds,
)
from made_spectra import complete, mpt_text, text_table

from coherion import command
from coherion.crystal.cif_input import read_cif
from coherion.data import netcdf, pdf_text, tables
from coherion.data.scans import stoe
from coherion.data.scans import text as scan_text
from coherion.data.series_tables import read_tables
from coherion.data.spectra import biologic
from coherion.data.spectra import columns as impedance_columns
from coherion.data.spectra import text as impedance_text
from coherion.errors import CoherionWarning, InputError
from coherion.impedance.conductivity import Pellet
from coherion.pair_model.pairs import list_pairs
from coherion.refinement.least_squares.covariance import covariance_of
from coherion.refinement.observed import power_beyond, read_observed
from coherion.refinement.patterns import bounds_of
from coherion.settings import configuration
from coherion.settings.plain import read_json
from coherion.settings.reading import settings_from
from coherion.settings.run import configuration_from
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.geometry import GeometrySettings
from coherion.settings.stages.reduction import ReductionSettings
from coherion.settings.stages.refinement import RefinementSettings
from coherion.settings.stages.reflections import SidePhaseSettings
from coherion.simulation.series import read_simulation
from coherion.statistics.series import read_series


def stored(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("read", "seed"),
    [(stoe.read_raw, raw_seeds), (scan_text.read_scan_text, scan_seeds), (pdf_text.read_pdf_text, pdf_seeds)],
)
def test_a_small_file_takes_little_memory(read, seed, tmp_path):
    """The buffer was as large as the largest file that is read: 16 or 40 MB for each."""
    path = stored(tmp_path / "a", seed()[0])
    read(path)
    tracemalloc.start()
    read(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1e6


def test_messages_are_one_printable_line_of_bounded_length():
    inner: list = ["x"] * 9
    for _ in range(12):
        inner = [inner] * 9  # as aliases of YAML make it; written out it would fill the memory
    for found in (inner, {"a": inner}, 10**9000, b"\x00\x1b" * 10**6, "x\x1b[2J\n" * 10**6):
        text = str(InputError("is\x07odd", file="a\x1b[2J.raw", place="x" * 10**5, found=found, expected="y" * 10**5))
        assert text.isprintable() and len(text) < 3000
    assert "a number of about 9000 digits" in str(InputError("is odd", found=10**9000))
    assert str(InputError("is odd", found=[1, "a"], expected={"b": 2})) == "is odd; found [1, 'a']; expected {'b': 2}"


@pytest.mark.parametrize(
    "name", ["f[" + " " * 50_000, " " * 50_000 + "f", "Z'/" + "x" * 50_000, "phase (" + " " * 50_000 + "x"]
)
def test_a_name_of_a_column_takes_no_time_whatever_its_length(name):
    started = time.process_time()
    assert impedance_columns.column_of(name, file="a") is None
    assert time.process_time() - started < 0.5


@pytest.mark.parametrize("count", ["²", "         1", "", "12x", "9" * 50])
def test_a_number_of_points_that_is_none_is_no_reason_to_stop(count, tmp_path):
    changed = dta_seeds()[0].replace(b"TABLE\t12", f"TABLE\t{count}".encode())
    assert len(impedance_text.read_dta(stored(tmp_path / "a.DTA", changed))) == 2


@pytest.mark.parametrize("word", ["inf", "-inf", "nan", "1e999"])
def test_infinite_impedances_are_dropped_without_a_warning_of_numpy(word, tmp_path):
    lines = column_seeds()[0].decode().splitlines()
    frequency, real, _ = lines[3].split("\t")
    lines[3] = f"{frequency}\t{real}\t{word}"
    (found,) = impedance_text.read_columns(stored(tmp_path / "a.txt", "\n".join(lines)))
    assert found.frequency.size == 11 and found.dropped_count == 1


@pytest.mark.parametrize(
    "line", ["Acquisition started on", "Acquisition started on : ", "Acquisition started on : 9/9"]
)
def test_a_start_of_the_measurement_that_is_cut_off_is_not_known(line, tmp_path):
    text = mpt_text(NAMES, complete(np.geomspace(1e6, 1.0, 12)), header=[line])
    (found,) = biologic.read_mpt(stored(tmp_path / "a.mpt", text))
    assert found.start_time is None


def test_a_number_that_its_unit_makes_infinite_is_dropped(tmp_path):
    text = "f[Hz]\tRe(Z)[kOhm]\tIm(Z)[kOhm]\n1000\t5\t-2\n100\t1e307\t-2\n10\t5\t-2\n"
    (found,) = impedance_text.read_columns(stored(tmp_path / "a.txt", text))
    assert found.frequency.size == 2 and found.dropped_count == 1


def test_an_infinite_frequency_with_a_fixed_temperature(tmp_path):
    table = text_table(["Freq.[Hz]", "Zs'[ohm]", "Zs''[ohm]"], [np.array([1e3, 100, 10]), np.ones(3), -np.ones(3)])
    text = "Temp. [°C]=25.00\n" + table.replace("1.00000000e+03", "1e999", 1)
    (found,) = impedance_text.read_columns(stored(tmp_path / "a.txt", text))
    assert found.temperature == 25.0 and found.frequency.size == 2


def test_a_negative_modulus_names_the_row(tmp_path):
    text = "f[Hz]\t|Z|[Ohm]\tphase[deg]\n1000\t5\t-20\n100\t-5\t-20\n10\t5\t-20\n"
    with pytest.raises(InputError, match=r"row 2: modulus .* negative; found -5 ohm"):
        impedance_text.read_columns(stored(tmp_path / "a.txt", text))


def test_a_cif_in_another_encoding_is_read(tmp_path):
    text = cif_seeds()[3].replace(b"'P 1'", b"'P 1 nach M\xfcller'")
    with pytest.warns(CoherionWarning):
        crystal = read_cif(stored(tmp_path / "a.cif", text))
    assert len(crystal.operations) == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (" -x,-y,-z", " x+y,y+z,x\n y,2x,z"),
        ("0.6 .7 -0.2", "6e300 .7 -0.2"),
        ("_cell_length_a 5.0(1)", "_cell_length_a 5e300"),
        ("Na1 0.01 0.01", "Na1 1e300 0.01"),
        ("0.5 1.0\nCl1", "0.5 1e300\nCl1"),
        ("loop_\n_symmetry", "_symmetry_Int_Tables_number 1,\nloop_\n_symmetry"),
    ],
)
@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_impossible_numbers_of_a_cif_are_refused(old, new, tmp_path):
    text = cif_seeds()[3].decode()
    assert old in text
    with pytest.raises(InputError, match="a.cif"):
        read_cif(stored(tmp_path / "a.cif", text.replace(old, new)))


@pytest.mark.parametrize("cut", [300, 1000, 3000, 6000, 9000])
def test_a_cut_netcdf_is_refused(cut, tmp_path):
    data = netcdf_seeds()[0]
    assert cut < len(data)
    with pytest.raises(InputError, match="cannot be read as netCDF"):
        netcdf.read_dataset(stored(tmp_path / "a.nc", data[:cut]))


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.assign_coords(r=d["r"][::-1].values),
        lambda d: d.assign_coords(r=0 * d["r"].values),
        lambda d: d.assign(pdf=d["pdf"].where(d["r"] > 1)),
        lambda d: d.assign(pdf_sd=d["pdf_sd"] * np.inf),
        lambda d: d.assign_attrs(qmax=0.0),
        lambda d: d.assign_attrs(qmax="much"),
        lambda d: d.assign_attrs(dispersion="[1"),
        lambda d: d.assign_attrs(dispersion='{"Na": 1}'),
        lambda d: d.isel(r=slice(0, 1)),
        lambda d: d.assign(pdf=d["pdf"].astype(str)),
    ],
)
def test_a_damaged_reduction_is_refused(change, tmp_path):
    path = stored(tmp_path / "a.nc", netcdf_seeds()[1])
    damaged = change(netcdf.read_dataset(path))
    damaged.to_netcdf(tmp_path / "b.nc")
    with pytest.raises(InputError, match="b.nc"):
        read_observed(tmp_path / "b.nc")


def test_the_share_of_power_does_not_depend_on_the_scale_of_g():
    r = np.arange(0, 20, 0.05)
    g = np.sin(5 * r)
    for scale in (1e-200, 1.0, 1e90):
        np.testing.assert_allclose(power_beyond(r, scale * g)[1], power_beyond(r, g)[1], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    "text",
    ["[" * 10**5, '{"a": ' * 500 + "1" + "}" * 500, "NaN", "[1e999]", "1" + "0" * 400, "[" + "9" * 5000 + "]", "", "{"],
)
def test_json_that_no_setting_can_be(text):
    with pytest.raises(InputError, match="a.json"):
        read_json(text, file="a.json")


def test_keys_of_a_configuration_are_text():
    with pytest.raises(InputError, match="per_sample.*quotes"):
        configuration_from({"per_sample": {0.1: {}}})


@pytest.mark.parametrize(
    "text", ["a\tb\n" + "x" * 200_000 + "\t1\n", 'a\tb\n"' + "x" * 200_000 + "\t1\n", "sample\tx\nx10\tinf\n"]
)
def test_a_table_of_the_series_that_is_none(text, tmp_path):
    with pytest.raises(InputError, match="s.tsv"):
        read_series(stored(tmp_path / "s.tsv", text)).numbers("x")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("samples:", "samples: 5\nsimples:"),
        ("  x10: {", "  x10: 5 #{"),
        ("seed: 7015", "seed: [1]"),
        ("  x10:", "  ../x10:"),
    ],
)
def test_a_series_of_another_shape_is_refused(old, new, tmp_path):
    text = (ROOT / "config" / "simulation.yaml").read_text(encoding="utf-8")
    assert old in text
    with pytest.raises(InputError, match="a.yaml"):
        read_simulation(stored(tmp_path / "a.yaml", text.replace(old, new, 1)))


@pytest.mark.parametrize("content", ["5", "[1]", "text", ""])
def test_a_series_that_is_no_mapping_is_refused(content, tmp_path):
    with pytest.raises(InputError, match="a.yaml"):
        read_simulation(stored(tmp_path / "a.yaml", content))


@pytest.mark.parametrize("value", [None, 5, 0.5, True, "x", {"a": 1}])
@pytest.mark.parametrize("key", ["polyhedra", "angles", "bonds", "bond_valence"])
def test_requests_of_the_wrong_kind_are_refused(key, value):
    if key == "bond_valence" and value is None:
        return
    with pytest.raises(InputError):
        settings_from(GeometrySettings, {key: value})


@pytest.mark.parametrize("given", [{"corrections": 5}, {"corrections": True}, {"two_theta_zero": 1e300}])
def test_settings_of_the_reduction_of_the_wrong_kind_are_refused(given):
    with pytest.raises(InputError, match=next(iter(given))):
        settings_from(ReductionSettings, {"composition": "Ni"} | given)


def test_a_pellet_of_any_size_is_not_believed():
    with pytest.raises(InputError, match="diameter"):
        Pellet(0.1, 1e300)


@pytest.mark.parametrize("given", [{"qmax": "1" + "0" * 400}, {"a": [[[[[[[["x"]]]]]]]]}])
def test_settings_are_repeated_by_messages_in_brief(given, tmp_path):
    path = stored(tmp_path / "a.json", json.dumps(given))
    with pytest.raises(InputError) as refused:
        settings_from(ReductionSettings, {"composition": "Ni"} | command.read_settings(str(path)))
    assert len(str(refused.value)) < 2000


@pytest.mark.parametrize("pair", [("\ud800", "text"), ({"a": ["\udfff"]}, "text")])
def test_half_a_character_is_no_text(pair):
    with pytest.raises(InputError, match=pair[1]):
        read_json(json.dumps(pair[0]), file="a.json")


@pytest.mark.parametrize(
    "given",
    [
        {"window": [1, "x"]},
        {"window": [1, [2]]},
        {"window": [1, 2, 3]},
        {"cell_tolerance": 0},
        {"cell_tolerance": 1e12},
        {"background_degree": 10_000},
        {"background_degree": 2**62},
    ],
)
def test_the_window_of_a_side_phase_has_fewer_unknowns_than_points(given):
    with pytest.raises(InputError, match=next(iter(given))):
        settings_from(SidePhaseSettings, given)


@pytest.mark.parametrize("given", [{"restarts": 2**62}, {"restarts": -1}, {"seed": -1}])
def test_a_circuit_fit_ends(given):
    with pytest.raises(InputError, match=next(iter(given))):
        settings_from(CircuitSettings, given)


def test_a_covariance_is_not_asked_of_more_distances_than_memory_holds():
    far = {"composition": "LaB6", "qmax": 13.0, "rmax": 10_000.0, "rstep": 0.1}
    with pytest.raises(InputError, match=r"rmax.*at most 1208 angstrom where qmax = 13, or covariance: false"):
        settings_from(ReductionSettings, far)
    assert settings_from(ReductionSettings, far | {"covariance": False}).rmax == 10_000


def test_a_seed_is_not_negative():
    with pytest.raises(InputError, match="seed"):
        settings_from(RefinementSettings, {"seed": -(2**62)})


@pytest.mark.parametrize(
    ("start", "bounds"),
    [
        ({"a": 1e-9}, {}),
        ({"a": 2.0**62}, {}),
        ({"delta2": -(2.0**62)}, {}),
        ({}, {"a": [4, 1.7e308]}),
        ({}, {"a": [0, 0]}),
        ({}, {"a": [-1e300, 1e300]}),
    ],
)
def test_a_start_and_bounds_are_possible(start, bounds):
    good = {"a": 4.15, "delta2": 2.0, "scale": 1.0}
    assert bounds_of(RefinementSettings(), good)
    with pytest.raises(InputError, match="cannot have"):
        bounds_of(settings_from(RefinementSettings, {"bounds": bounds}), good | start)


def test_the_pairs_of_a_cell_too_small_are_not_counted():
    """It took minutes and then all memory. A CIF is refused for atoms that overlap; a start is what leads here."""
    crystal = read_cif(ROOT / "config" / "structures" / "LaB6.cif").with_values({"a": 0.41568})
    started = time.process_time()
    with pytest.raises(InputError, match="angstrom, not in nm"):
        list_pairs(crystal, crystal.expand(), 60.0)
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    "item",
    [
        {"centre": "La1", "ligands": True},
        {"centre": "La1", "ligands": [["x"]]},
        {"centre": "La1", "name": {"x": 1}},
        {"centre": "La1", "longest": 100},
        {"centre": "La1", "longest": "x"},
        {"centre": "La1", "longest": None},
    ],
)
def test_requests_of_bonds_are_of_their_form(item):
    with pytest.raises(InputError, match="bonds"):
        settings_from(GeometrySettings, {"bonds": [item]})
    with pytest.raises(InputError, match="shape"):
        settings_from(GeometrySettings, {"polyhedra": [{"centre": "La1", "shape": []}]})


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("instrument", "two_theta_step", 1e-9),
        ("instrument", "channel_pitch", -1e-9),
        ("instrument", "channel_pitch", 1.0),
        ("instrument", "exposures", 1e12),
        ("instrument", "wavelength", True),
        ("cryolite", "occupancy_4e", [0.0, -0.03]),
        ("cryolite", "a", [0.001, 0.0]),
        ("cryolite", "reference_cell", [6.9, 7.1, 9.9, 90.0, 5.0, 90.0]),
        ("conductivity", "activation_energy", {0.5: 0.4}),
        ("spectra", "frequency_low", 1e8),
        ("spectra", "points_per_decade", 10**6),
        ("pellet", "thickness_sd", 0.5),
    ],
)
def test_a_simulated_series_that_cannot_be_is_refused(section, key, value):
    path = ROOT / "config" / "simulation.yaml"
    good = configuration.read_yaml(path)
    assert read_simulation(path)
    with pytest.raises(InputError, match=section if section != "conductivity" else "activation energy"):
        read_simulation(path, {section: good[section] | {key: value}})


def test_a_pellet_of_no_size_is_not_believed():
    with pytest.raises(InputError, match="diameter"):
        Pellet(0.1, 5e-324)


@pytest.mark.parametrize("text", ["a: 1\nb: 2\na: 3\n", "x: {y: [{z: 1, z: 2}]}\n"])
def test_a_key_that_stands_twice_is_refused(text, tmp_path):
    """PyYAML keeps the last one: the settings of the first section of two were lost without a word."""
    with pytest.raises(InputError, match=r"line \d.*stands twice"):
        configuration.read_yaml(stored(tmp_path / "a.yaml", text))


def test_one_key_may_stand_in_two_mappings(tmp_path):
    text = "a: &a {x: 1}\nb: {<<: *a, y: 2}\nc: [*a, *a]\n"
    assert configuration.read_yaml(stored(tmp_path / "a.yaml", text))["b"] == {"x": 1, "y": 2}


@pytest.mark.parametrize("tail", ["ty\n", "a\t?\n", "a\n"])
def test_a_table_of_a_hundred_thousand_wrong_rows_is_not_told_to_its_end(tail, tmp_path):
    table = stored(tmp_path / "samples.tsv", "sample\tx\tgroup\n" + tail * 100_000)
    others = {name: str(ROOT / "config" / f"{name}.tsv") for name in ("scans", "spectra")}
    problems = []
    read_tables({"samples": str(table), **others}, ROOT / "workflow" / "schemas", problems=problems)
    wrong = [problem for problem in problems if problem.file == str(table)]
    assert 0 < len(wrong) <= 3 * tables.MOST_PROBLEMS + 3
    with pytest.raises(InputError, match="row 2"):
        read_tables({"samples": str(table), **others}, ROOT / "workflow" / "schemas")


FORMULAS = ["=HYPERLINK(1)", "+cmd|' /C calc'!A0", "-2+3+cmd()", "@SUM(A1)", "\t=1+x", "=", "-x title", "-1 to cmd()"]
NUMBERS = ["-1.5", "+2", "-1e-05", "-0.123(4)", "-0.894 to -0.851", "-inf", "x = 0.5", "a=b", "-", "", "'quoted'"]


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_that_the_workflow_writes_is_a_formula(text, tmp_path):
    written = tables.write_table([{"sample": "a", text: text, "n": -1.5, "m": -3}])
    for cell in (cell for line in written.splitlines() for cell in line.split("\t")):
        number = cell in ("-1.5", "-3")
        assert number or cell[:1] not in tuple("=+-@") or len(cell) == 1
    found = tables.read_rows(stored(tmp_path / "a.tsv", written), "sample")[0]
    assert found == {"sample": "a", text.strip(): text.strip(), "n": "-1.5", "m": "-3"}


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_and_plain_texts_stay_as_they_are(text):
    assert tables.text_cell(text) == text


def test_the_covariance_of_no_variables_is_empty():
    """A profile of the only free parameter holds it, and nothing is left to fit."""
    covariance, groups = covariance_of(np.zeros((5, 0)), [])
    assert covariance.shape == (0, 0) and groups == ()
