"""Spectra of a sample: temperatures from the right place, nothing twice, every dropped row counted."""

from __future__ import annotations

import json
import warnings

import import_spectra
import numpy as np
import pytest
from made_spectra import COMPLETE, FREQUENCY, complete, dta_text, impedance, made, mpt_text, text_table, z_text

from coherion.data.netcdf import read_dataset
from coherion.data.spectra.biologic import write_mpr, write_mpt
from coherion.data.spectra.reader import (
    SpectraRow,
    assemble,
    files_of_rows,
    read_spectra,
    row_of,
)
from coherion.errors import CoherionWarning, InputError
from coherion.settings.reading import settings_from
from coherion.settings.stages.spectra import SpectraSettings


def written(tmp_path, name, *spectra, **how):
    path = tmp_path / name
    (write_mpr if name.endswith(".mpr") else write_mpt)(path, spectra or [made()], **how)
    return str(path)


def column_text(tmp_path, name, frequency=FREQUENCY, title=""):
    z = impedance(frequency)
    path = tmp_path / name
    path.write_text(title + text_table(["Freq.[Hz]", "Zs'[ohm]", "Zs''[ohm]"], [frequency, z.real, z.imag]))
    return str(path)


# --- one file ----------------------------------------------------------------------------------------------------


def test_kind_is_told_by_content(tmp_path):
    written(tmp_path, "a.mpt")
    written(tmp_path, "b.mpr")
    column_text(tmp_path, "c.txt")
    (tmp_path / "d.z").write_text(z_text())
    (tmp_path / "e.DTA").write_text(dta_text(), encoding="cp1252")
    for name, kind in (("a.mpt", "mpt"), ("b.mpr", "mpr"), ("c.txt", "text"), ("d.z", "z"), ("e.DTA", "dta")):
        for renamed in (name, "x.dat"):
            path = tmp_path / name
            path = path.rename(tmp_path / renamed)
            (spectrum,) = read_spectra(path)
            assert spectrum.format == kind
            np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=2e-6)
            path.rename(tmp_path / name)


def test_truncated_mpr_is_not_taken_for_text(tmp_path):
    path = tmp_path / "a.mpr"
    path.write_bytes(b"BIO-LOG")
    with pytest.raises(InputError, match="is not a BioLogic .mpr file"):
        read_spectra(path)


def test_cycles_are_chosen(tmp_path):
    path = written(tmp_path, "a.mpt", *(made(cycle=k, resistance=10.0**k) for k in (4, 5, 6)))
    assert [s.cycle for s in read_spectra(path, cycles=[6, 4])] == [4, 6]
    with pytest.raises(InputError, match="has no such cycle; found 7; expected one of 4, 5, 6"):
        read_spectra(path, cycles=[7])


def test_columns_for_a_file_that_names_its_own(tmp_path):
    with pytest.raises(InputError, match="names its own columns"):
        read_spectra(written(tmp_path, "a.mpt"), columns="frequency,real,imaginary")


REAL = {
    "EISFitpython/CSV_Example.csv": (1, "frequency,real,imaginary"),
    "EISFitpython/Example2a.txt": (1, None),
    "EISFitpython/Example2b.txt": (1, None),
    "EISFitpython/Example2c.txt": (1, None),
    "EISFitpython/Example_header.txt": (1, None),
    "EISFitpython/Example_noheader.txt": (1, "frequency,real,imaginary"),
    **{f"EISFitpython/s04147-{t}deg.txt": (1, None) for t in range(140, 210, 10)},
    "PyEIS/ex1.mpt": (2, None),
    "PyEIS/ex2.mpt": (2, None),
    "bdf/PEIS-0.mpr": (1, None),
    "dgpost/peis_multiple_data.mpr": (3, None),
    "dgpost/peis_single_data.mpr": (1, None),
    "impedancepy/exampleDataBioLogic.mpt": (1, None),
    "impedancepy/exampleDataGamry.DTA": (1, None),
    "impedancepy/exampleDataZPlot.z": (1, None),
    "yadg/geis.issue_149.mpr": (4, None),
    "yadg/geis.issue_149.mpt": (4, None),
    "yadg/peis.issue_149.mpr": (4, None),
    "yadg/peis.issue_149.mpt": (4, None),
    "yadg/vsp_peis_with.mpr": (32, None),
    "yadg/vsp_peis_with.mpt": (32, None),
}
# The names of the columns lack the frequency.
REFUSED = {"impedancepy/exampleDataBioLogic_MissingFreq.mpt"}


def test_every_real_file_reads_or_is_refused_for_its_reason(real_data):
    folder = real_data / "eis"
    there = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    others = {n for n in there if "Report" in n or "report" in n or "LICENSE" in n or "Values" in n}
    assert there - others == set(REAL) | REFUSED
    for name, (count, columns) in REAL.items():
        spectra = read_spectra(folder / name, columns=columns)
        assert len(spectra) == count, name
        assert all(np.all(np.diff(s.frequency) < 0) for s in spectra), name
    for name in REFUSED:
        with pytest.raises(InputError, match="holds no columns of impedance"):
            read_spectra(folder / name)


# --- temperatures ------------------------------------------------------------------------------------------------


def test_temperature_of_the_file_or_else_of_the_table(tmp_path):
    sensor = written(tmp_path, "a.mpr", made(temperature=40.0))
    bare = written(tmp_path, "b.mpt", made(resistance=2e6))
    settings = SpectraSettings(temperature_sd=0.5)
    ds = assemble("x", [SpectraRow(sensor), SpectraRow(bare, temperature=25.0)], settings)
    assert ds.temperature.values.tolist() == [25.0, 40.0]
    assert ds.temperature_from.values.tolist() == ["table", "file"]
    np.testing.assert_allclose(ds.temperature_sd, 0.5)
    # The table's own uncertainty stands before the setting.
    ds = assemble("x", [SpectraRow(bare, temperature=25.0, temperature_sd=2.0)], settings)
    assert ds.temperature_sd.values.tolist() == [2.0]


def test_drift_of_the_sensor_adds_to_its_uncertainty(tmp_path):
    readings = np.linspace(30, 34, FREQUENCY.size)
    path = tmp_path / "a.mpt"
    path.write_text(mpt_text((*COMPLETE, "Temperature/°C"), [*complete(), readings]), encoding="cp1252")
    ds = assemble("x", [SpectraRow(str(path))], SpectraSettings(temperature_sd=1.0))
    assert float(ds.temperature[0]) == pytest.approx(32.0)
    assert float(ds.temperature_sd[0]) == pytest.approx(np.hypot(1.0, readings.std(ddof=1)))


def test_missing_temperature(tmp_path):
    path = column_text(tmp_path, "pellet-140deg.txt")
    with pytest.raises(InputError, match=r"temperature is missing.*title or name says 140"):
        assemble("x", [SpectraRow(path)])


def test_a_sensor_in_kelvin_is_told_where_the_name_knows_better(tmp_path):
    for name, reading, kelvin in (
        ("a-140deg.mpt", 413.0, True),
        ("b-140deg.mpt", 141.0, False),
        ("c.mpt", 413.0, False),
    ):
        readings = np.full(FREQUENCY.size, reading)
        (tmp_path / name).write_text(
            mpt_text((*COMPLETE, "Temperature/°C"), [*complete(), readings]), encoding="cp1252"
        )
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            assemble("x", [SpectraRow(str(tmp_path / name))])
        assert any("413 degC" in str(w.message) and "in kelvin" in str(w.message) for w in said) is kelvin


def test_a_table_in_kelvin_is_told_where_the_name_knows_better(tmp_path):
    write_mpt(tmp_path / "x50_22C.mpt", [made()])
    with pytest.warns(CoherionWarning, match=r"x50_22C.mpt: the table .* 295.4 degC.*name 22 degC.*kelvin"):
        assemble("x", [SpectraRow(str(tmp_path / "x50_22C.mpt"), temperature=295.4)])
    # A name that differs otherwise may speak of something else, such as an annealing.
    write_mpt(tmp_path / "x90_200C.mpt", [made()])
    assemble("x", [SpectraRow(str(tmp_path / "x90_200C.mpt"), temperature=25.0)])


def test_temperatures_that_disagree_are_told(tmp_path):
    path = column_text(tmp_path, "pellet-140deg.txt")
    with pytest.warns(CoherionWarning, match=r"says 413.15 degC, its title or name says 140 degC; .* in kelvin"):
        assemble("x", [SpectraRow(path, temperature=413.15)])
    with pytest.warns(CoherionWarning, match="the table is followed: check"):
        assemble("x", [SpectraRow(path, temperature=150.0)])
    sensor = written(tmp_path, "a.mpr", made(temperature=40.0))
    with pytest.warns(CoherionWarning, match="its sensor says 40 degC"):
        ds = assemble("x", [SpectraRow(sensor, temperature=60.0)])
    assert float(ds.temperature[0]) == 60.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assemble("x", [SpectraRow(path, temperature=141.0)])


# --- what may not be given twice ---------------------------------------------------------------------------------


def test_two_files_of_one_temperature(tmp_path):
    a = written(tmp_path, "a.mpt", made(), made(cycle=2, resistance=2e6))
    b = written(tmp_path, "b.mpt", made(resistance=3e6), made(cycle=2, resistance=4e6))
    rows = [SpectraRow(a, temperature=25.0), SpectraRow(b, temperature=25.0)]
    with pytest.raises(InputError, match="two files claim the same sample and temperature; found 25 degC"):
        assemble("x", rows)
    # Asking for different cycles makes it clear; the same ones do not.
    ds = assemble("x", [SpectraRow(a, 25.0, cycles=(1,)), SpectraRow(b, 25.0, cycles=(2,))])
    assert ds.cycle.values.tolist() == [1, 2] and ds.source.values.tolist() == ["a.mpt", "b.mpt"]
    with pytest.raises(InputError, match="two files claim"):
        assemble("x", [SpectraRow(a, 25.0, cycles=(2,)), SpectraRow(b, 25.0, cycles=(2,))])
    # Other temperatures are no trouble.
    assert assemble("x", [SpectraRow(a, 25.0), SpectraRow(b, 30.0)]).sizes["spectrum"] == 4


def test_one_measurement_given_twice(tmp_path):
    a = written(tmp_path, "a.mpt")
    b = written(tmp_path, "copy.mpt")
    with pytest.raises(InputError, match=r"same measurement is given twice; found 40 degC here, 25 degC as"):
        assemble("x", [SpectraRow(a, 25.0), SpectraRow(b, 40.0)])


def test_one_file_of_many_temperatures(tmp_path):
    path = written(tmp_path, "a.mpt", *(made(cycle=k, resistance=10.0**k) for k in (4, 5)))
    ds = assemble("x", [SpectraRow(path, 60.0, cycles=(4,)), SpectraRow(path, 20.0, cycles=(5,))])
    assert ds.temperature.values.tolist() == [20.0, 60.0] and ds.cycle.values.tolist() == [5, 4]


# --- the dataset -------------------------------------------------------------------------------------------------


def test_dataset_of_ragged_spectra(tmp_path):
    table = np.array(complete())
    table[0, [0, 7]] = 0.0
    path = tmp_path / "a.mpt"
    path.write_text(mpt_text(COMPLETE, table), encoding="cp1252")
    short = written(tmp_path, "b.mpt", made(frequency=FREQUENCY[:30], origin="measured"))
    ds = assemble("x", [SpectraRow(str(path), 10.0), SpectraRow(short, 20.0)])
    assert ds.sizes == {"spectrum": 2, "point": 39}
    assert ds.points.values.tolist() == [39, 30] and ds.dropped.values.tolist() == [2, 0]
    kept = np.delete(np.arange(FREQUENCY.size), [0, 7])
    z = ds.impedance_real.values + 1j * ds.impedance_imaginary.values
    np.testing.assert_allclose(z[0], impedance()[kept], rtol=1e-7)
    np.testing.assert_allclose(z[1, :30], impedance()[:30], rtol=1e-7)
    for name in ("frequency", "impedance_real", "impedance_imaginary", "time"):
        assert np.isnan(ds[name].values[1, 30:]).all()
    units = {n: ds[n].attrs["units"] for n in ("frequency", "impedance_imaginary", "time", "temperature", "amplitude")}
    assert list(units.values()) == ["Hz", "ohm", "s", "degC", "V"]
    assert json.loads(ds.attrs["dropped_rows"]) == [
        {"source": "a.mpt", "cycle": 1, "reason": "frequency is zero", "count": 2, "rows": [1, 8]}
    ]
    assert np.isnan(ds.amplitude[0]) and ds.attrs["sample"] == "x" and ds.attrs["origin"] == "measured"


def test_one_simulated_spectrum_makes_the_dataset_simulated(tmp_path):
    a = written(tmp_path, "a.mpt", made(origin="measured"))
    b = written(tmp_path, "b.mpt", made(resistance=2e6))
    assert assemble("x", [SpectraRow(a, 1.0)]).attrs["origin"] == "measured"
    assert assemble("x", [SpectraRow(a, 1.0), SpectraRow(b, 9.0)]).attrs["origin"] == "simulated"


def test_what_a_user_should_see_is_a_warning_once(tmp_path):
    f, real, minus, modulus, phase = complete()
    path = tmp_path / "a.mpt"
    twice = [np.concatenate([c, k * c]) for c, k in ((f, 1), (real, 1.1), (-minus, 1.1), (modulus, 1.1), (phase, 1))]
    path.write_text(mpt_text(COMPLETE, twice), encoding="cp1252")
    with pytest.warns(CoherionWarning) as caught:
        ds = assemble("x", [SpectraRow(str(path), 25.0)])
    assert [str(w.message)[:36] for w in caught] == ["a.mpt: sign of Im Z reversed: the co"]
    assert np.nanmax(ds.impedance_imaginary) < 0
    assert "sign of Im Z reversed" in json.loads(ds.attrs["notes"])["a.mpt"][0]


def test_no_rows():
    with pytest.raises(InputError, match="sample has no spectra"):
        assemble("x", [])


# --- cells of the table ------------------------------------------------------------------------------------------


def test_row_of_the_table():
    cells = {"sample": "x", "file": "a/b.mpt", "temperature_C": -40, "cycles": "1,3", "line": 4}
    assert row_of(cells) == SpectraRow("a/b.mpt", -40.0, None, (1, 3), None)


@pytest.mark.parametrize(
    "cells, message",
    [
        ({}, "column file: names no file"),
        ({"file": "a", "temperature_C": "25 C"}, "column temperature_C: is no possible temperature; found 25 C"),
        ({"file": "a", "temperature_C": -300}, "no possible temperature"),
        ({"file": "a", "temperature_C": float("nan")}, "no possible temperature"),
        ({"file": "a", "temperature_sd_C": -1}, "no possible uncertainty"),
        ({"file": "a", "cycles": "1;3"}, "cycles cannot be used"),
        ({"file": "a", "cycles": "1,1"}, "cycles cannot be used"),
        ({"file": "a", "cycles": "-1"}, "cycles cannot be used"),
        ({"file": "a", "temperature": 25}, "column is not known"),
    ],
)
def test_bad_rows(cells, message):
    with pytest.raises(InputError, match=message):
        row_of(cells)


def test_settings():
    assert settings_from(SpectraSettings, {"temperature_sd": 0.2}).temperature_sd == 0.2
    with pytest.raises(InputError, match="key temperatur_sd: unknown setting"):
        settings_from(SpectraSettings, {"temperatur_sd": 0.2})
    with pytest.raises(InputError, match="found -1; expected a number of 0 or more"):
        settings_from(SpectraSettings, {"temperature_sd": -1})


def test_files_belong_to_rows_by_the_end_of_their_path():
    rows = [{"file": "x/a.mpt", "line": 2}, {"file": "y/a.mpt", "line": 3}, {"file": "y/a.mpt", "cycles": "2"}]
    files = ["data/y/a.mpt", "data/x/a.mpt"]
    assert [r.file for r in files_of_rows(rows, files)] == ["data/x/a.mpt", "data/y/a.mpt", "data/y/a.mpt"]
    with pytest.raises(InputError, match="row 2: row of the table of spectra has no file"):
        files_of_rows(rows, files[:1])
    with pytest.raises(InputError, match="row fits several files"):
        files_of_rows([{"file": "a.mpt"}], files)
    with pytest.raises(InputError, match="data/x/a.mpt: no row"):
        files_of_rows(rows[1:], files)


# --- the command -------------------------------------------------------------------------------------------------


def test_command(tmp_path):
    files = [written(tmp_path, f"{t}.mpt", made(resistance=1e6 + t)) for t in (20, 40)]
    rows = [{"sample": "x", "file": f"{t}.mpt", "temperature_C": t} for t in (20, 40)]
    output = tmp_path / "x.nc"
    settings = json.dumps({"sample": "x", "rows": rows, "temperature_sd": 0.3})
    import_spectra.main([*files, "--settings", settings, "--output", str(output)])
    ds = read_dataset(output)
    assert ds.temperature.values.tolist() == [20, 40] and ds.temperature_sd.values.tolist() == [0.3, 0.3]
    assert ds.attrs["origin"] == "simulated" and set(json.loads(ds.attrs["sources"])) == {"20.mpt", "40.mpt"}
    np.testing.assert_allclose(ds.frequency[0], FREQUENCY, rtol=1e-7)


@pytest.mark.parametrize("settings, message", [({}, "name no sample"), ({"sample": "x"}, "no rows of spectra")])
def test_command_without_rows(tmp_path, settings, message):
    with pytest.raises(InputError, match=message):
        import_spectra.main(["a", "--settings", json.dumps(settings), "--output", str(tmp_path / "x.nc")])
    assert not (tmp_path / "x.nc").exists()
