"""Impedance in text: columns told by name, units never guessed, and nothing but a dataset or an InputError."""

from __future__ import annotations

import functools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_spectra import (
    COMPLETE,
    FREQUENCY,
    complete,
    dta_text,
    impedance,
    made,
    mpr_bytes,
    mpr_columns,
    mpt_text,
    text_table,
    z_text,
)

from coherion.data.spectra import biologic
from coherion.data.spectra.columns import column_of
from coherion.data.spectra.file_names import stated_temperature
from coherion.data.spectra.reader import read_spectra
from coherion.data.spectra.spectrum import restarts
from coherion.data.spectra.text import read_columns, read_dta, read_z
from coherion.errors import InputError

NOVOCONTROL = "Sample 7, 1.12.2020, 14:42\nFixed value(s) :  AC Volt  [Vrms]=7.1000e-03  \n"


def stored(tmp_path, text, name="a.txt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


COLUMNS = [FREQUENCY, impedance().real, impedance().imag]


# --- real files of other people ----------------------------------------------------------------------------------

# file: points, first and last frequency, first Z, amplitude (V, peak), temperature in its title
REAL_TEXT = {
    "s04147-140deg.txt": (42, 1e6, 0.03, 22142.3 - 54311.5j, 0.035 * 2**0.5, 140.0),
    "s04147-150deg.txt": (42, 1e6, 0.03, 22696.8 - 46373.0j, 0.035 * 2**0.5, 150.0),
    "s04147-160deg.txt": (42, 1e6, 0.03, 21112.2 - 39556.8j, 0.035 * 2**0.5, 160.0),
    "s04147-170deg.txt": (41, 1e6, 0.045773, 20791.5 - 33304.0j, 0.035 * 2**0.5, 170.0),
    "s04147-180deg.txt": (41, 1e6, 0.045773, 19624.1 - 27606.6j, 0.035 * 2**0.5, 180.0),
    "s04147-190deg.txt": (41, 1e6, 0.045773, 17693.8 - 22612.7j, 0.035 * 2**0.5, 190.0),
    "s04147-200deg.txt": (40, 1e6, 0.069838, 15859.6 - 18347.1j, 0.035 * 2**0.5, 200.0),
    "Example2a.txt": (51, 1e6, 0.30000001, 3805.5903 - 6318.0615j, 0.0071 * 2**0.5, 25.0),
    "Example2b.txt": (50, 1e6, 1.0, 3603.82 - 8578.35j, 0.0071 * 2**0.5, None),
    "Example2c.txt": (42, 1e6, 0.04, 17362.7 - 68814.5j, 0.035 * 2**0.5, 120.0),
    "Example_header.txt": (50, 1e7, 0.003, 30323.58 + 38291.88j, None, None),
}


@pytest.mark.parametrize("name", REAL_TEXT)
def test_real_column_text(real_data, name):
    points, first, last, z, amplitude, stated = REAL_TEXT[name]
    (spectrum,) = read_columns(real_data / "eis/EISFitpython" / name)
    assert (spectrum.frequency.size, spectrum.frequency[0], spectrum.frequency[-1]) == (points, first, last)
    assert spectrum.impedance[0] == z
    assert spectrum.amplitude == (None if amplitude is None else pytest.approx(amplitude))
    assert spectrum.stated_temperature == stated and spectrum.temperature is None


@pytest.mark.parametrize("name, points", [("CSV_Example.csv", 50), ("Example_noheader.txt", 42)])
def test_real_text_without_names_needs_the_table(real_data, name, points):
    path = real_data / "eis/EISFitpython" / name
    with pytest.raises(InputError, match=r"line 1: no line names the columns.*frequency,real,imaginary"):
        read_columns(path)
    (spectrum,) = read_columns(path, "frequency,real,imaginary")
    assert spectrum.frequency.size == points and np.all(spectrum.impedance.imag < 0)
    np.testing.assert_array_equal(
        read_columns(path, "frequency,real,-imaginary")[0].impedance, spectrum.impedance.conj()
    )


def test_real_z_has_fewer_points_than_it_says(real_data):
    (spectrum,) = read_z(real_data / "eis/impedancepy/exampleDataZPlot.z")
    assert spectrum.frequency.size == 21 and spectrum.impedance[0] == 147.77 - 11.335j
    assert "says 56 data points, the file holds 21" in spectrum.doubts[0]


def test_real_dta(real_data):
    (spectrum,) = read_dta(real_data / "eis/impedancepy/exampleDataGamry.DTA")
    assert spectrum.frequency.size == 72 and spectrum.impedance[0] == 825.8584 - 1367.239j
    assert spectrum.amplitude == pytest.approx(0.01 * 2**0.5) and spectrum.time[1] == 3


# --- names and units ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, quantity, factor",
    [
        ("freq/Hz", "frequency", 1),
        ("Freq. [Hz]", "frequency", 1),
        ("Freq(Hz)", "frequency", 1),
        ("f / kHz", "frequency", 1e3),
        ("Frequency (mHz)", "frequency", 1e-3),
        ("Frequency (MHz)", "frequency", 1e6),
        ("Z'(a)", "real", 1),
        ("Zs' [Ohms]", "real", 1),
        ("Re(Z)/Ohm", "real", 1),
        ("Z′ / kΩ", "real", 1e3),
        ("Z_real_ohm", "real", 1),
        ("Zs''[ohm]", "imaginary", 1),
        ("-Im(Z)/Ohm", "imaginary", -1),
        ("-Z'' (MOhm)", "imaginary", -1e6),
        ('"Z""', "imaginary", 1),
        ("|Z|[ohm]", "modulus", 1),
        ("Zphz[°]", "phase", 1),
        ("-Phase(Z)/deg", "phase", -1),
        ("theta[rad]", "phase", 180 / np.pi),
        ("Time/min", "time", 60),
        ("Temp. [K]", "temperature", 1),
        ("cycle number", "cycle", 1),
    ],
)
def test_column_names(name, quantity, factor):
    column = column_of(name, file="a")
    assert (column.quantity, column.factor) == (quantity, pytest.approx(factor))


@pytest.mark.parametrize(
    "name",
    ["Zp' [Ohms]", "Re(Zce)/Ohm", "Re(Y)/Ohm-1", "Phase(Y)/deg", "Phase(Zce)/deg", "Zsig", "<I>/mA", "Re(C)/nF", ""],
)
def test_other_quantities_are_not_taken_for_the_impedance(name):
    assert column_of(name, file="a") is None


@pytest.mark.parametrize("name", ["Re(Z)/Ohm.cm2", "Z'' [S]", "freq/MHZ", "|Z|/dB", "Phase(Z)/turns"])
def test_unknown_units_stop_the_reading(name):
    with pytest.raises(InputError, match="unit of the column"):
        column_of(name, file="a")


@pytest.mark.parametrize(
    "title, temperature",
    [
        ("s04147-140deg", 140),
        ("x_-40degC", -40),
        ("pellet 25.5 °C", 25.5),
        ("Na3InCl6_60deg.mpr", 60),
        ("25deg then 30deg", None),
        ("Na3In0.5Zr0.5Cl6", None),
        ("degassed", None),
        ("12degrees_of_freedom", None),
    ],
)
def test_temperature_in_a_title(title, temperature):
    assert stated_temperature(title) == temperature


# --- column text -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"line_end": "\r\n"},
        {"separator": "  "},
        {"separator": ";"},
        {"separator": ","},
        {"separator": ", "},
        {"decimal": ","},
        {"decimal": ",", "separator": ";"},
        {"decimal": ",", "separator": " "},
    ],
    ids=str,
)
@pytest.mark.parametrize("head", ["", NOVOCONTROL, "# a comment\n\n"])
def test_spellings_of_one_table(tmp_path, how, head):
    text = head + text_table(["Freq.[Hz]", "Zs'[ohm]", "Zs''[ohm]"], COLUMNS, **how)
    (spectrum,) = read_columns(stored(tmp_path, text))
    np.testing.assert_allclose(spectrum.frequency, FREQUENCY, rtol=1e-8)
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-7)
    assert spectrum.amplitude == (pytest.approx(0.0071 * 2**0.5) if head == NOVOCONTROL else None)


def test_names_with_blanks_and_units_in_a_row_of_their_own(tmp_path):
    rows = text_table(["a", "b", "c"], COLUMNS, separator="  ").split("\n", 1)[1]
    for names in (
        "Freq. [Hz] Zs' [Ohms] Zs'' [Ohms]",
        "# freq / Hz   Z' / ohm   Z'' / ohm",
        "f\tZ'\tZ''\nHz\tohm\tohm",
    ):
        (spectrum,) = read_columns(stored(tmp_path, names + "\n" + rows))
        np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-7)
    with pytest.raises(InputError, match="unit of the column of frequency"):
        read_columns(stored(tmp_path, "f\tZ'\tZ''\nkelvin\tohm\tohm\n" + rows))


def test_fixed_temperature_of_a_novocontrol_header(tmp_path):
    text = text_table(["Freq.[Hz]", "Zs'[ohm]", "Zs''[ohm]"], COLUMNS)
    for line in ("Fixed value(s) : Temp. [°C]=-20.00  AC Volt [Vrms]=1.0e-02", "Fixed value(s) : Temp. [K]=253.15"):
        assert read_columns(stored(tmp_path, line + "\n" + text))[0].temperature == pytest.approx(-20)


def test_polar_columns_of_text(tmp_path):
    z = impedance()
    polar = [FREQUENCY, np.abs(z), np.angle(z)]
    (spectrum,) = read_columns(stored(tmp_path, text_table(["f/Hz", "|Z|/ohm", "phase/rad"], polar)))
    np.testing.assert_allclose(spectrum.impedance, z, rtol=1e-7)
    # Without a unit, angles that small may be radians or degrees.
    with pytest.raises(InputError, match="unit of the phase is not given"):
        read_columns(stored(tmp_path, text_table(["f/Hz", "|Z|/ohm", "phase"], polar)))
    polar[2] = np.rad2deg(polar[2])
    (spectrum,) = read_columns(stored(tmp_path, text_table(["f/Hz", "|Z|/ohm", "phase"], polar)))
    np.testing.assert_allclose(spectrum.impedance, z, rtol=1e-7)


def test_columns_of_the_table_of_spectra(tmp_path):
    z = impedance()
    bare = text_table(["1", "2", "3", "4"], [z.imag / 1e3, FREQUENCY, FREQUENCY, z.real]).split("\n", 1)[1]
    (spectrum,) = read_columns(stored(tmp_path, bare), "imaginary[kohm], frequency, skip, real")
    np.testing.assert_allclose(spectrum.impedance, z, rtol=1e-7)
    for wrong, message in (
        ("frequency,real,imaginary", "names another number of columns"),
        ("frequency,real,imaginary,colour", "name of a column is not known; found colour"),
        ("frequency,real,skip,skip", "frequency and impedance cannot be told"),
        ("frequency,frequency,real,imaginary", "two columns of frequency"),
    ):
        with pytest.raises(InputError, match=message):
            read_columns(stored(tmp_path, bare), wrong)
    # Against the names in the file.
    named = stored(tmp_path, text_table(["f/Hz", "Z'/ohm", "Z''/ohm"], COLUMNS))
    with pytest.raises(InputError, match="contradicts the names in the file"):
        read_columns(named, "frequency,imaginary,real")
    # A wrong sign in the file can be put right.
    (spectrum,) = read_columns(named, "frequency,real,-imaginary")
    assert np.all(spectrum.impedance.imag > 0) and "as the table of spectra says" in spectrum.notes[0]


TEXT_BAD = {
    "nothing but words": ("no numbers here\nat all\n", "holds no row of numbers"),
    "two columns": ("f/Hz\tZ'/ohm\n1.0\t2.0\n", "holds no row of numbers"),
    "parallel, not series": (
        "Freq.[Hz]\tZp'[ohm]\tZp''[ohm]\n1.0\t2.0\t-3.0\n",
        "no line names the columns|cannot be told",
    ),
    "a word among the numbers": (
        "f/Hz\tZ'/ohm\tZ''/ohm\n1.0\t2.0\t-3.0\n1.0\tx\t-3.0\n2.0\t1.0\t-3.0\n",
        "line 3, column Z'/ohm",
    ),
    "a second block": ("f/Hz\tZ'/ohm\tZ''/ohm\n2.0\t2.0\t-3.0\nf/Hz\tZ'/ohm\tZ''/ohm\n1.0\t2.0\t-3.0\n", "line 3"),
    "only zeros": ("f/Hz\tZ'/ohm\tZ''/ohm\n0.0\t2.0\t-3.0\n", r"1 rows dropped \(frequency is zero\)"),
    "a frequency of 1e15": ("f/Hz\tZ'/ohm\tZ''/ohm\n1e15\t2.0\t-3.0\n", "frequency beyond any instrument"),
    "python's digits": ("f/Hz\tZ'/ohm\tZ''/ohm\n1\t2\t3\n1_000\t2.0\t-3.0\n", "line 3"),
    "arabic digits": ("f/Hz\tZ'/ohm\tZ''/ohm\n1\t2\t3\n١\t2.0\t-3.0\n", "line 3"),
}


@pytest.mark.parametrize("name", TEXT_BAD)
def test_bad_column_text(tmp_path, name):
    text, message = TEXT_BAD[name]
    with pytest.raises(InputError, match=message):
        read_columns(stored(tmp_path, text))


def test_missing_and_empty_files(tmp_path):
    with pytest.raises(InputError, match="is not a file"):
        read_columns(tmp_path / "absent.txt")
    with pytest.raises(InputError, match="is not a file"):
        read_columns(tmp_path)
    with pytest.raises(InputError, match="is empty"):
        read_columns(stored(tmp_path, ""))


# --- .z and .DTA -------------------------------------------------------------------------------------------------


def test_z(tmp_path):
    (spectrum,) = read_z(stored(tmp_path, z_text()))
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-7)
    assert spectrum.amplitude == 0.01 and not spectrum.doubts
    # As ZView saves it, with commas.
    (spectrum,) = read_z(stored(tmp_path, z_text().replace("\t", ",  ")))
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-7)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: t.replace("End Comments", "End"), "has no line 'End Comments'"),
        (lambda t: t[: t.index("End Comments") + 13], "holds 0 data rows"),
        (lambda t: t.replace("Z'(a)", "X"), "frequency and impedance cannot be told"),
        (lambda t: t.replace("\tRange", ""), "cannot be told"),
    ],
)
def test_bad_z(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        read_z(stored(tmp_path, change(z_text())))


def test_dta(tmp_path):
    (spectrum,) = read_dta(stored(tmp_path, dta_text(temperature=31.5)))
    np.testing.assert_allclose(spectrum.impedance, impedance(), rtol=1e-6)
    assert spectrum.temperature == 31.5 and spectrum.amplitude == pytest.approx(0.01 * 2**0.5)
    # What Gamry writes where no sensor is plugged in.
    assert read_dta(stored(tmp_path, dta_text(temperature=-327.67)))[0].temperature is None
    # Decimal commas, cp1252, several tables.
    text = dta_text(tables=3).replace(".", ",").encode("cp1252")
    spectra = read_dta(stored(tmp_path, text))
    assert [s.cycle for s in spectra] == [1, 2, 3]
    np.testing.assert_allclose(spectra[2].impedance, impedance(), rtol=1e-6)


@pytest.mark.parametrize(
    "change, message",
    [
        (lambda t: t.replace("ZCURVE", "CURVE"), "holds no table of impedance"),
        (lambda t: t.replace("\tFreq", "\tF1"), "cannot be told"),
        (lambda t: t.replace("\tohm\tohm\tV", "\tsiemens\tohm\tV"), "unit of the column of real"),
        (lambda t: t[: t.index("ZCURVE") + 13], "cannot be told"),
    ],
)
def test_bad_dta(tmp_path, change, message):
    with pytest.raises(InputError, match=message):
        read_dta(stored(tmp_path, change(dta_text())))


# --- sweeps ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "frequency, starts",
    [
        ([1e5, 1e4, 1e3, 1e2], []),
        ([1e2, 1e3, 1e4, 1e5], []),
        ([1e5, 1e3, 10, 1e5, 1e3, 10], [3]),
        # A point measured twice, and the jitter of a synthesiser, start nothing.
        ([1e5, 1e4, 1e4, 1e3, 1.001e3, 1e2], []),
        # A sweep broken off early is one nevertheless.
        ([1e5, 1e4, 1e5, 1e4, 1e3], [2]),
        ([50.0], []),
        ([50.0, 50.0, 50.0], []),
    ],
)
def test_restarts(frequency, starts):
    assert restarts(np.array(frequency, dtype=float)) == starts


# --- any bytes ---------------------------------------------------------------------------------------------------


@functools.cache
def _whole_files() -> dict[str, bytes]:
    loops = [0, 41]
    columns = [*mpr_columns(), (4, "d", FREQUENCY), (24, "d", FREQUENCY * 0 + 1), (462, "f", FREQUENCY * 0 + 25)]
    header = ["Acquisition started on : 02/10/2024 09:30:00", "Number of loops : 1", "Loop 0 from point number 0 to 40"]
    return {
        ".mpr": mpr_bytes(columns, version=3, loops=loops, log=(585, 45332.5), device=["Force/N", "T/°C"]),
        ".MPR": mpr_bytes(columns, version=11, loops=loops, log=(585, 45332.5)),
        ".mpt": mpt_text((*COMPLETE, "cycle number"), [*complete(), FREQUENCY * 0 + 1], header=header).encode("cp1252"),
        ".z": z_text().encode(),
        ".DTA": dta_text(temperature=20).encode(),
        ".txt": (NOVOCONTROL + text_table(["Freq.[Hz]", "Zs'[ohm]", "Zs''[ohm]"], COLUMNS)).encode(),
    }


@st.composite
def damaged(draw):
    """A file of some kind with bytes overwritten, cut out, repeated or cut off, or spliced with another's."""
    files = _whole_files()
    suffix = draw(st.sampled_from(sorted(files)))
    data = bytearray(files[suffix])
    place = st.integers(0, len(data) - 1)
    # Most of a file is numbers; what can go wrong stands in its head.
    near = st.one_of(place, st.integers(0, min(400, len(data) - 1)))
    for _ in range(draw(st.integers(1, 4))):
        kind, at = draw(st.sampled_from(["flip", "write", "cut", "repeat", "end", "splice"])), draw(near)
        if kind == "flip" and at < len(data):
            data[at] ^= 1 << draw(st.integers(0, 7))
        elif kind == "write":
            data[at : at + 4] = draw(st.sampled_from([b"\xff" * 4, b"\0" * 4, b"\t\n,;", b"9e99", b"\x01\0\0\0"]))
        elif kind == "cut":
            del data[at : at + draw(st.integers(1, 200))]
        elif kind == "repeat":
            data[at:at] = data[at : at + draw(st.integers(1, 100))] * draw(st.integers(1, 5))
        elif kind == "end":
            del data[at:]
        else:
            other = files[draw(st.sampled_from(sorted(files)))]
            data[at:] = other[draw(st.integers(0, len(other) - 1)) :]
    return suffix, bytes(data)


def _consistent(spectra) -> None:
    assert spectra and len({s.cycle for s in spectra}) == len(spectra)
    for s in spectra:
        assert s.frequency.shape == s.impedance.shape == s.time.shape and s.frequency.size
        assert np.all(np.isfinite(s.impedance)) and np.all(s.frequency > 0) and np.all(np.isfinite(s.frequency))
        assert s.temperature is None or -273.15 < s.temperature <= 2000
        assert all(d.rows and d.reason for d in s.dropped)


@settings(max_examples=600, deadline=None, derandomize=True, database=None)
@given(damaged())
def test_any_bytes_give_spectra_or_an_input_error(tmp_path_factory, case):
    suffix, data = case
    path = tmp_path_factory.getbasetemp() / f"damaged{suffix}"
    path.write_bytes(data)
    try:
        _consistent(read_spectra(path))
    except InputError as refused:
        assert str(path) in str(refused) and "\n" not in str(refused)


HOSTILE = {
    "newlines": b"\n" * 200_000,
    "one line": b"1\t" * 100_000,
    "rows of zeros": b"f/Hz\tZ'/ohm\tZ''/ohm\n" + b"0\t1\t1\n" * 10_000,
    "rows beside four bytes per character": "😀\nf/Hz\tZ'/ohm\tZ''/ohm\n".encode() + b"9\t1\t1\n" * 10_000,
    "a sweep per row": b"EC-Lab ASCII FILE\nNb header lines : 3\nfreq/Hz\tRe(Z)/Ohm\t-Im(Z)/Ohm\tcycle number\n"
    + b"".join(b"9\t1\t1\t%d\n" % k for k in range(8_000)),
    "a sweep per three rows": b"f/Hz\tZ'/ohm\tZ''/ohm\n" + b"900\t1\t1\n90\t1\t1\n9\t1\t1\n" * 3_000,
    "empty tables": b"EXPLAIN\n" + b"ZCURVE\tTABLE\n" * 20_000,
    "comments without end": b"ZPLOT2 ASCII\n" + b"x\n" * 100_000,
    "nested exponents": b"f/Hz\tZ'/ohm\tZ''/ohm\n" + b"1e9999\t1e400\t-1e-400\n" * 10_000,
    "an .mpr of loops": mpr_bytes(mpr_columns(), loops=[0, *([1] * 50_000), 41]),
    "an .mpr that claims 4e9 rows": mpr_bytes(mpr_columns(), points=0xFFFFFFFF),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_memory_is_bounded_by_the_size_of_the_file(tmp_path, name):
    read_spectra(stored(tmp_path, z_text(), "warm.z"))
    biologic.write_mpr(tmp_path / "warm.mpr", [made()])
    read_spectra(tmp_path / "warm.mpr")
    path = stored(tmp_path, HOSTILE[name], "hostile" + (".mpr" if "mpr" in name else ".txt"))
    tracemalloc.start()
    try:
        _consistent(read_spectra(path))
    except InputError:
        pass
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    # A sweep of three rows of 8 bytes costs about 1 kB as an object: the worst case.
    assert peak < 60 * len(HOSTILE[name]) + 200_000
