"""EC-Lab's files of impedance: what they hold is read, what they contradict is refused, loops stay apart."""

from __future__ import annotations

import numpy as np
import pytest
from made_spectra import (
    CARTESIAN,
    COMPLETE,
    FREQUENCY,
    cartesian,
    complete,
    impedance,
    made,
    mpr_bytes,
    mpr_columns,
    mpt_text,
)

from coherion.data.spectra.biologic import read_mpr, read_mpt, write_mpr, write_mpt
from coherion.errors import InputError


def stored(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode("cp1252"))
    return path


def mpt(tmp_path, *given, **how):
    return read_mpt(stored(tmp_path, mpt_text(*given, **how), "a.mpt"))


def mpr(tmp_path, *given, **how):
    return read_mpr(stored(tmp_path, mpr_bytes(*given, **how), "a.mpr"))


# --- real files of other people --------------------------------------------------------------------------------

REAL_MPR = {
    # file: loops, points per loop, first cycle, amplitude (V), day of the start
    "dgpost/peis_single_data.mpr": (1, 64, 1, 0.010, "2022-02-14"),
    "dgpost/peis_multiple_data.mpr": (3, 64, 1, 0.010, "2022-02-14"),
    "bdf/PEIS-0.mpr": (1, 60, 0, 0.010, "2024-10-31"),
    "yadg/peis.issue_149.mpr": (4, 21, 1, 0.010, "2024-01-10"),
    "yadg/geis.issue_149.mpr": (4, 21, 1, None, "2024-01-10"),
    "yadg/vsp_peis_with.mpr": (32, 70, 1, 0.010, None),
}


@pytest.mark.parametrize("name", REAL_MPR)
def test_real_mpr_gives_its_loops(real_data, name):
    loops, points, cycle, amplitude, day = REAL_MPR[name]
    spectra = read_mpr(real_data / "eis" / name)
    assert [s.frequency.size for s in spectra] == [points] * loops
    assert [s.cycle for s in spectra] == list(range(cycle, cycle + loops))
    # A sweep goes from the highest frequency to the lowest.
    assert all(np.all(np.diff(s.frequency) < 0) for s in spectra)
    if amplitude is not None:
        assert spectra[0].amplitude == pytest.approx(amplitude, rel=1e-6)
    assert (spectra[0].start_time or "")[:10] == (day or "")
    assert all(s.dropped_count == 0 and not s.doubts for s in spectra)


@pytest.mark.parametrize("name", ["peis.issue_149", "geis.issue_149", "vsp_peis_with"])
def test_mpr_and_mpt_of_one_measurement_agree(real_data, name):
    folder = real_data / "eis/yadg"
    binary, text = read_mpr(folder / f"{name}.mpr"), read_mpt(folder / f"{name}.mpt")
    assert len(binary) == len(text) == (32 if name.startswith("vsp") else 4)
    for b, t in zip(binary, text, strict=True):
        assert b.cycle == t.cycle and b.start_time == t.start_time
        np.testing.assert_allclose(b.frequency, t.frequency, rtol=1e-6)
        assert np.max(np.abs(b.impedance - t.impedance) / np.abs(b.impedance)) < 1e-6
        np.testing.assert_allclose(b.time, t.time, rtol=1e-12)


def test_temperature_on_an_analog_input_under_a_volt_label(real_data):
    spectra = read_mpr(real_data / "eis/yadg/vsp_peis_with.mpr")
    # The .mpt of the same measurement shows the readings, as 'Analog IN 2/V'.
    lines = (real_data / "eis/yadg/vsp_peis_with.mpt").read_text("cp1252").splitlines()
    place = lines[2].split("\t").index("Analog IN 2/V")
    readings = np.array([float(line.split("\t")[place]) for line in lines[3:73]])
    assert spectra[0].temperature == pytest.approx(readings.mean(), rel=1e-7)
    assert spectra[0].temperature_sd == pytest.approx(readings.std(ddof=1), rel=1e-4)
    # The text alone does not say that these volts are degrees.
    assert read_mpt(real_data / "eis/yadg/vsp_peis_with.mpt")[0].temperature is None


@pytest.mark.parametrize("name", ["PyEIS/ex1.mpt", "PyEIS/ex2.mpt"])
def test_real_mpt_of_two_cycles(real_data, name):
    spectra = read_mpt(real_data / "eis" / name)
    assert [(s.cycle, s.frequency.size) for s in spectra] == [(1, 59), (2, 59)]
    assert spectra[0].amplitude == pytest.approx(0.01) and spectra[0].start_time is None


def test_real_mpt_month_first(real_data):
    (spectrum,) = read_mpt(real_data / "eis/impedancepy/exampleDataBioLogic.mpt")
    assert spectrum.start_time == "2018-02-04T10:02:46.000" and spectrum.frequency.size == 43


def test_real_mpt_without_frequencies_is_refused(real_data):
    # Its numbers still stand there, under the wrong names: a reader by place would take them.
    with pytest.raises(InputError, match=r"line 61: holds no columns of impedance"):
        read_mpt(real_data / "eis/impedancepy/exampleDataBioLogic_MissingFreq.mpt")


# --- .mpr from the description of the format ---------------------------------------------------------------------


@pytest.mark.parametrize("version", [2, 3, 10, 11])
def test_mpr_versions(tmp_path, version):
    (spectrum,) = mpr(tmp_path, mpr_columns(), version=version, log=(585 if version > 2 else 473, 45332.5))
    np.testing.assert_allclose(spectrum.frequency, FREQUENCY, rtol=1e-7)
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-6)
    assert np.all(spectrum.impedance.imag < 0)
    assert spectrum.start_time == "2024-02-10T12:00:00.000"
    assert spectrum.origin == "measured"


def test_mpr_unknown_columns_after_the_impedance(tmp_path):
    n = FREQUENCY.size
    # 1. An identifier above 255 that nobody knows, then the cycle, which is found from the end of the row.
    columns = [*mpr_columns(), (60000, "h", [7] * n), (24, "d", [0.0] * 20 + [1.0] * 21)]
    spectra = mpr(tmp_path, columns, version=11)
    assert [(s.cycle, s.frequency.size) for s in spectra] == [(0, 20), (1, 21)]
    assert any("60000" in note for note in spectra[0].notes)
    # 2. Unknown before the impedance: nothing says where that stands.
    with pytest.raises(InputError, match="holds no impedance columns"):
        mpr(tmp_path, [(60000, "h", [7] * n), (60001, "h", [7] * n), *mpr_columns()[:2], (60002, "h", [7] * n)])


def test_mpr_flags_share_one_byte(tmp_path):
    n = FREQUENCY.size
    data = mpr_bytes([*mpr_columns(), (1, "B", [3] * n), (24, "d", [5.0] * n)], version=3)
    # Two more flags add identifiers, not bytes.
    at = data.index(b"VMP data") + 51
    head = data[at : at + 5 + 14]
    ids = head[5:15] + b"\x01\0\x02\0\x03\0" + b"\x18\0"
    data = data[:at] + head[:4] + bytes([9]) + ids + bytes(406 - 5 - len(ids)) + data[at + 406 :]
    (spectrum,) = read_mpr(stored(tmp_path, data, "flags.mpr"))
    assert spectrum.cycle == 5
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-6)


def test_mpr_temperature_of_its_own_column_and_of_the_external_device(tmp_path):
    n = FREQUENCY.size
    readings = np.linspace(24.0, 26.0, n)
    # 1. Identifier 462.
    (spectrum,) = mpr(tmp_path, [*mpr_columns(), (462, "f", readings)], version=11)
    assert spectrum.temperature == pytest.approx(25.0) and spectrum.temperature_sd == pytest.approx(
        readings.std(ddof=1)
    )
    # 2. The second analog input, which the device calls a temperature; the first is a force.
    inputs = [(16, "f", [150.0] * n), (17, "f", readings)]
    (spectrum,) = mpr(tmp_path, [*mpr_columns(), *inputs], device=["Force/N", "Temperatur/°C"])
    assert spectrum.temperature == pytest.approx(25.0)
    # 3. In kelvin.
    (spectrum,) = mpr(tmp_path, [*mpr_columns(), *inputs[:1], (17, "f", readings + 273.15)], device=["x", "T/K"])
    assert spectrum.temperature == pytest.approx(25.0, abs=1e-4)
    # 4. Volts stay volts where nothing says otherwise.
    assert mpr(tmp_path, [*mpr_columns(), *inputs])[0].temperature is None
    assert mpr(tmp_path, [*mpr_columns(), *inputs], device=["Force/N", "Pressure/bar"])[0].temperature is None


def test_mpr_loops(tmp_path):
    sweep = np.geomspace(1e5, 1.0, 16)
    columns = mpr_columns(np.concatenate([sweep] * 3))
    # 1. The list of loops, also where the technique was stopped in the last (its bound is the number of rows).
    assert [s.frequency.size for s in mpr(tmp_path, columns, loops=[0, 16, 32, 48])] == [16, 16, 16]
    # 2. Without a list, the cycle number, from 0.
    cycles = [0.0] * 16 + [1.0] * 16 + [2.0] * 16
    assert [s.cycle for s in mpr(tmp_path, [*columns, (24, "d", cycles)])] == [0, 1, 2]
    # 3. With neither, the jump of frequency.
    assert [s.frequency.size for s in mpr(tmp_path, columns)] == [16, 16, 16]
    # 4. A list that lies is not followed, and the user is told.
    for lie in ([0, 5, 3, 48], [0, 16, 5000], [7, 16, 48]):
        spectra = mpr(tmp_path, columns, loops=lie)
        assert [s.frequency.size for s in spectra] == [16, 16, 16] and "list of loops" in spectra[0].doubts[0]


def test_mpr_rows_without_a_sweep_are_dropped_and_named(tmp_path):
    table = np.array(complete())
    table[0, [0, 7]] = 0.0  # the rest potential before the sweep, a lost row in it
    table[1, 11] = np.nan
    table[0, 12] = -5.0
    table[1:4, 13] = 0.0
    columns = [(i, "f", v) for i, v in zip((32, 37, 38, 36, 35), table, strict=True)]
    (spectrum,) = mpr(tmp_path, columns)
    assert spectrum.frequency.size == FREQUENCY.size - 5 and spectrum.dropped_count == 5
    assert {d.reason: d.rows for d in spectrum.dropped} == {
        "frequency is zero": (1, 8),
        "not a number": (12,),
        "frequency is negative": (13,),
        "impedance is exactly zero": (14,),
    }


MPR_BAD = {
    "an empty file": (lambda b: b"", "is empty"),
    "another kind of file": (lambda b: b"PK\x03\x04" + b, "is not a BioLogic .mpr file"),
    "the magic line alone": (lambda b: b[:52], "holds no data module"),
    "cut in the data": (lambda b: b[:800], r"byte 109: is truncated; found 691 bytes of data; expected 1226"),
    "one byte less for the rows": (
        lambda b: b.replace((1226).to_bytes(4, "little"), (1225).to_bytes(4, "little"), 1),
        "no whole number of rows",
    ),
    "an unknown version": (lambda b: b[:97] + b"\x07" + b[98:], "unknown version; found 7"),
    "no columns": (lambda b: b[:113] + b"\0" + b[114:], "number of columns is impossible; found 0"),
    "too many columns": (lambda b: b[:113] + b"\xff" + b[114:], "number of columns is impossible; found 255"),
    "a point count that lies": (lambda b: b[:109] + b"\xff\xff\xff\x7f" + b[113:], "no whole number of rows"),
    "columns that do not fill a row": (lambda b: b[:114] + b"\x18" + b[115:], "columns do not fill a row"),
    "the columns of another technique": (lambda b: b[:114] + b"\x06" + b[115:], "holds no impedance columns"),
}


@pytest.mark.parametrize("name", MPR_BAD)
def test_mpr_bad(tmp_path, name):
    change, message = MPR_BAD[name]
    path = stored(tmp_path, change(mpr_bytes(mpr_columns())), "bad.mpr")
    with pytest.raises(InputError, match=message) as caught:
        read_mpr(path)
    assert caught.value.file == str(path)


def test_mpr_without_rows(tmp_path):
    with pytest.raises(InputError, match=r"holds 0 data rows; expected at least one"):
        mpr(tmp_path, [(i, "f", []) for i in (32, 37, 38, 36, 35)])


def test_mpr_with_only_zero_frequencies(tmp_path):
    columns = [(32, "f", np.zeros(FREQUENCY.size)), *mpr_columns()[1:]]
    with pytest.raises(InputError, match=r"no usable row of impedance; found 41 rows dropped \(frequency is zero\)"):
        mpr(tmp_path, columns)


def test_damaged_value_shows_against_modulus_and_phase(tmp_path):
    table = np.array(complete())
    table[1, 9] *= 1.001
    with pytest.raises(InputError, match=r"row 10: real and imaginary part contradict modulus and phase"):
        mpr(tmp_path, [(i, "f", v) for i, v in zip((32, 37, 38, 36, 35), table, strict=True)])
    table[1, 9] *= 10
    with pytest.raises(InputError, match=r"row 10: real and imaginary part contradict"):
        mpt(tmp_path, COMPLETE, table)


# --- .mpt --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"line_end": "\r\n"},
        {"tail": "\t"},
        {"decimal": ","},
        {"decimal": ",", "line_end": "\r\n", "tail": "\t"},
        {"claimed": 3, "header": ["", "Device : SP-300", ""]},
        {"claimed": 5000},
        {"claimed": 0},
        {"header": [f"Comments : {k}" for k in range(90)]},
    ],
    ids=str,
)
def test_mpt_spellings_of_one_measurement(tmp_path, how):
    (spectrum,) = mpt(tmp_path, COMPLETE, complete(), **how)
    np.testing.assert_allclose(spectrum.frequency, FREQUENCY, rtol=1e-8)
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-7)
    lies = how.get("claimed") is not None
    assert any("header says" in note for note in spectrum.notes) == lies


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig", "utf-16"])
def test_mpt_encodings(tmp_path, encoding):
    names = (*COMPLETE, "Cs/µF", "Temperature/°C")
    z = complete()
    path = tmp_path / "a.mpt"
    path.write_bytes(mpt_text(names, [*z, z[0], z[0] * 0 + 40]).encode(encoding))
    (spectrum,) = read_mpt(path)
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-7)
    assert spectrum.temperature == pytest.approx(40)


def test_mpt_without_a_final_newline(tmp_path):
    text = mpt_text(COMPLETE, complete()).rstrip("\n")
    (spectrum,) = read_mpt(stored(tmp_path, text, "a.mpt"))
    assert spectrum.frequency.size == FREQUENCY.size and spectrum.dropped_count == 0
    # Cut in the last row: that row is not used, and named.
    (spectrum,) = read_mpt(stored(tmp_path, text[:-40], "b.mpt"))
    assert [(d.reason, d.rows) for d in spectrum.dropped] == [("last line is cut off", (FREQUENCY.size,))]
    np.testing.assert_allclose(spectrum.impedance, impedance()[:-1], rtol=1e-7)


def test_mpt_columns_are_told_by_name(tmp_path):
    order = [3, 0, 4, 2, 1]
    (spectrum,) = mpt(tmp_path, [COMPLETE[k] for k in order], [complete()[k] for k in order])
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-7)
    # Im Z itself, in kilohm.
    f, real, minus = cartesian()
    (spectrum,) = mpt(tmp_path, ["freq/kHz", "Re(Z)/kOhm", "Im(Z)/kOhm"], [f / 1e3, real / 1e3, -minus / 1e3])
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-7)
    np.testing.assert_allclose(spectrum.frequency, FREQUENCY, rtol=1e-7)


def test_mpt_polar_only(tmp_path):
    f, _, _, modulus, phase = complete()
    (spectrum,) = mpt(tmp_path, ["freq/Hz", "|Z|/Ohm", "Phase(Z)/deg"], [f, modulus, phase])
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-7)
    assert spectrum.notes == ("real and imaginary part computed from modulus and phase",)
    (spectrum,) = mpt(tmp_path, ["freq/Hz", "|Z|/Ohm", "Phase(Z)/rad"], [f, modulus, np.deg2rad(phase)])
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-7)


def test_mpt_wrong_sign_shows_against_the_phase(tmp_path):
    f, real, minus, modulus, phase = complete()
    # 1. Im Z under the name -Im(Z): the phase is negative, as it must be for a capacitance, and is followed.
    (spectrum,) = mpt(tmp_path, COMPLETE, [f, real, -minus, modulus, phase])
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-7)
    assert "sign of Im Z reversed" in spectrum.doubts[0]
    # 2. -Im Z right and the phase reversed: following the phase would make a capacitor an inductor.
    with pytest.raises(InputError, match="sign of Im Z contradicts the phase"):
        mpt(tmp_path, COMPLETE, [f, real, minus, modulus, -phase])
    # 3. No phase to check against: kept as named, but the user is told.
    (spectrum,) = mpt(tmp_path, CARTESIAN, [f, real, -minus])
    assert "Im Z is positive at 41 of 41 points" in spectrum.doubts[0]


def test_a_resistance_below_zero_is_doubted(tmp_path):
    f, real, minus, *_ = complete()
    (spectrum,) = mpt(tmp_path, CARTESIAN, [f, -real, minus])
    assert "Re Z is negative at 41 of 41 points" in spectrum.doubts[0]
    (spectrum,) = mpt(tmp_path, CARTESIAN, [f, real, minus])
    assert spectrum.doubts == ()


def test_mpt_loops_and_cycles(tmp_path):
    sweep = np.geomspace(1e5, 1.0, 16)
    twice = np.concatenate([sweep, sweep])
    z = complete(twice)
    listed = ["Number of loops : 2", "Loop 0 from point number 0 to 15", "Loop 1 from point number 16 to 31"]
    # 1. The list in the header, with one cycle number for both loops.
    spectra = mpt(tmp_path, (*COMPLETE, "cycle number"), [*z, np.ones(32)], header=listed)
    assert [(s.cycle, s.frequency.size) for s in spectra] == [(1, 16), (2, 16)]
    # 2. Mixed: two cycles inside what the list calls one loop.
    spectra = mpt(
        tmp_path, (*COMPLETE, "cycle number"), [*z, np.repeat([3, 4], 16)], header=["Loop 0 from point number 0 to 31"]
    )
    assert [(s.cycle, s.frequency.size) for s in spectra] == [(3, 16), (4, 16)]
    # 3. Nothing but the frequencies.
    assert [s.frequency.size for s in mpt(tmp_path, COMPLETE, z)] == [16, 16]
    # 4. A list that does not fit the table.
    spectra = mpt(tmp_path, COMPLETE, z, header=[*listed[:2], "Loop 1 from point number 16 to 99"])
    assert [s.frequency.size for s in spectra] == [16, 16] and "list of loops" in spectra[0].doubts[0]
    # 5. Two sequences of the technique.
    spectra = mpt(tmp_path, (*COMPLETE, "Ns"), [*z, np.repeat([0, 1], 16)])
    assert [s.frequency.size for s in spectra] == [16, 16]


def test_sweep_down_and_up_again_is_two(tmp_path):
    sweep = np.geomspace(1e5, 1.0, 16)
    spectra = mpt(tmp_path, COMPLETE, complete(np.concatenate([sweep, sweep[::-1][1:]])))
    assert [s.frequency.size for s in spectra] == [16, 15]


@pytest.mark.parametrize(
    "written, read",
    [
        ("02/10/2015 08:09:10.125", "2015-02-10T08:09:10.125"),
        ("02.10.2015 08:09:10", "2015-02-10T08:09:10.000"),
        ("25.02.2015 08:09:10", None),
        ("xx/xx/xxxx xx:xx:xx", None),
    ],
)
def test_mpt_dates_have_the_month_first(tmp_path, written, read):
    header = [f"Acquisition started on : {written}"]
    assert mpt(tmp_path, COMPLETE, complete(), header=header)[0].start_time == read


def test_mpt_amplitude(tmp_path):
    for line, amplitude in (("Va (mV)             10.0      ", 0.01), ("Va (mV)             7,5   ", 0.0075)):
        assert mpt(tmp_path, COMPLETE, complete(), header=[line])[0].amplitude == pytest.approx(amplitude)
    # Sequences with different amplitudes have none in common; what was measured stands in then.
    names, z = (*COMPLETE, "|Ewe|/V"), [*complete(), FREQUENCY * 0 + 0.0125]
    line = "Va (mV)             10.0                20.0"
    assert mpt(tmp_path, COMPLETE, complete(), header=[line])[0].amplitude is None
    assert mpt(tmp_path, names, z, header=[line])[0].amplitude == pytest.approx(0.0125)


MPT_BAD = {
    "no title": (lambda t: t.replace("EC-Lab", "EB-Lab"), "line 1: is not an EC-Lab text file"),
    "no names": (lambda t: t.replace("freq/Hz\tRe(Z)/Ohm", "a\tb"), "holds no columns of impedance"),
    "no row of names at all": (lambda t: t[: t.index("freq/Hz")], "has no row with the names"),
    "names and no numbers": (lambda t: t[: t.index("deg\n") + 4], "found 0 data rows"),
    "a name too many": (
        lambda t: t.replace("|Z|/Ohm", "x").replace("deg\n", "deg\ttime/s\n"),
        r"line 4: row and names .* found 5 fields; expected 6",
    ),
    "a short row inside": (lambda t: t.replace(t.split("\n")[9], "1\t2"), "line 10: row and names"),
    "a second header inside": (lambda t: t + t, "line 45"),
    "letters": (lambda t: t.replace("7.00000000e+06", "7.0O000000e+06"), r"line 4, column freq/Hz: is not a number"),
    "separators of thousands": (lambda t: t.replace("7.00000000e+06", "7,000,000.0"), "is not a number"),
    "points and commas": (lambda t: t.replace("7.00000000e+06", "7000000,0"), "points and commas are mixed"),
    "two frequencies": (lambda t: t.replace("|Z|/Ohm", "freq/Hz"), "two columns of frequency"),
    "ohms per area": (lambda t: t.replace("Re(Z)/Ohm", "Re(Z)/Ohm.cm2"), "unit of the column of real is not known"),
    "an ambiguous prefix": (lambda t: t.replace("freq/Hz", "freq/mhz"), "unit of the column of frequency"),
    "binary": (lambda t: t + "\0\0\0", "is not a text file"),
}


@pytest.mark.parametrize("name", MPT_BAD)
def test_mpt_bad(tmp_path, name):
    change, message = MPT_BAD[name]
    path = stored(tmp_path, change(mpt_text(COMPLETE, complete())), "bad.mpt")
    with pytest.raises(InputError, match=message) as caught:
        read_mpt(path)
    assert caught.value.file == str(path) and "\n" not in str(caught.value)


def test_sweeps_at_every_other_row_are_refused(tmp_path):
    with pytest.raises(InputError, match="sweeps too many or too short"):
        mpt(tmp_path, (*COMPLETE, "cycle number"), [*complete(), np.arange(41)])


def test_instruments_words_for_no_number_are_dropped_rows(tmp_path):
    text = mpt_text(COMPLETE, complete())
    row = text.split("\n")[5]
    (spectrum,) = read_mpt(stored(tmp_path, text.replace(row.split("\t")[1], "1.#QNAN"), "a.mpt"))
    assert [(d.reason, d.rows) for d in spectrum.dropped] == [("not a number", (3,))]


def test_time_as_a_date_is_left_out(tmp_path):
    text = mpt_text((*COMPLETE, "time/s"), [*complete(), FREQUENCY])
    text = text.replace("\t7.00000000e+06\n", "\t02/10/2015 08:09:10\n")
    (spectrum,) = read_mpt(stored(tmp_path, text, "a.mpt"))
    assert np.isnan(spectrum.time).all() and any("time/s was not read" in n for n in spectrum.notes)


# --- writers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "suffix, write, read, rtol", [("mpt", write_mpt, read_mpt, 1e-8), ("mpr", write_mpr, read_mpr, 1e-6)]
)
def test_written_files_are_read_back(tmp_path, suffix, write, read, rtol):
    path = tmp_path / f"a.{suffix}"
    given = [made(cycle=k, resistance=10.0**k, temperature=20.0 + k) for k in (5, 6, 7)]
    write(path, given, **({"with_temperature": True} if suffix == "mpt" else {}), comment="pellet 3")
    spectra = read(path)
    assert [s.cycle for s in spectra] == [5, 6, 7]
    for s, g in zip(spectra, given, strict=True):
        np.testing.assert_allclose(s.frequency, g.frequency, rtol=max(rtol, 1e-7))
        np.testing.assert_allclose(s.impedance, g.impedance, rtol=rtol)
        np.testing.assert_allclose(s.time, g.time)
        assert s.temperature == pytest.approx(g.temperature)
        assert (s.origin, s.amplitude, s.start_time) == ("simulated", pytest.approx(0.01), g.start_time)
        assert not s.doubts


def test_measured_is_not_called_simulated(tmp_path):
    for write, read, name in ((write_mpt, read_mpt, "a.mpt"), (write_mpr, read_mpr, "a.mpr")):
        write(tmp_path / name, [made(origin="measured")])
        assert read(tmp_path / name)[0].origin == "measured"


def test_written_mpt_counts_its_header_right(tmp_path):
    write_mpt(tmp_path / "a.mpt", [made(), made(cycle=2)])
    lines = (tmp_path / "a.mpt").read_bytes().decode("cp1252").split("\r\n")
    count = int(lines[1].split(":")[1])
    assert lines[count - 1].startswith("freq/Hz\t") and len(lines) == count + 2 * FREQUENCY.size + 1


def test_writers_refuse_nothing_to_write(tmp_path):
    for write in (write_mpt, write_mpr):
        with pytest.raises(ValueError, match="no point"):
            write(tmp_path / "a", [])
    with pytest.raises(ValueError, match="no temperature"):
        write_mpt(tmp_path / "a", [made()], with_temperature=True)
