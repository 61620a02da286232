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
from coherion.errors import CoherionWarning, InputError
from coherion.formats import biologic, impedance_columns, impedance_text, netcdf, pdf_text, scan_text, stoe, tables
from coherion.formats.plain import read_json
from coherion.impedance.conductivity import Pellet
from coherion.scattering.settings import ReductionSettings
from coherion.simulation.series import read_simulation
from coherion.statistics.series import read_series
from coherion.structure import geometry
from coherion.structure.crystal import read_cif
from coherion.structure.observed import power_beyond, read_observed


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
    schema = tables.read_yaml(ROOT / "workflow" / "schemas" / "config.schema.yaml")
    with pytest.raises(InputError, match="per_sample.*quotes"):
        tables.complete_settings({"per_sample": {0.1: {}}}, schema)


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
        geometry.settings_from({key: value})


@pytest.mark.parametrize("given", [{"corrections": 5}, {"corrections": True}, {"two_theta_zero": 1e300}])
def test_settings_of_the_reduction_of_the_wrong_kind_are_refused(given):
    with pytest.raises(InputError, match=next(iter(given))):
        ReductionSettings.from_mapping({"composition": "Ni"} | given)


def test_a_pellet_of_any_size_is_not_believed():
    with pytest.raises(InputError, match="diameter"):
        Pellet(0.1, 1e300)


@pytest.mark.parametrize("given", [{"qmax": "1" + "0" * 400}, {"a": [[[[[[[["x"]]]]]]]]}])
def test_settings_are_repeated_by_messages_in_brief(given, tmp_path):
    path = stored(tmp_path / "a.json", json.dumps(given))
    with pytest.raises(InputError) as refused:
        ReductionSettings.from_mapping({"composition": "Ni"} | command.read_settings(str(path)))
    assert len(str(refused.value)) < 2000
