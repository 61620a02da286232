"""Files of other makers: those that impedance.py reads for us, those that ours read as impedance.py does, odd ones."""

from __future__ import annotations

import io
import sys
import zipfile

import numpy as np
import pytest
from made_spectra import FREQUENCY, complete, impedance, mpt_text, text_table

from coherion.data.spectra.reader import read_spectra
from coherion.errors import InputError
from coherion.inputs.contents import contents_of

Z = impedance()
VERSASTUDIO_NAMES = (
    "Segment #, Point #, E(V), I(A), Elapsed Time(s), ADC Sync Input(V), Current Range, Status, E Applied(V), "
    "Frequency(Hz), E Real, E Imag, I Real, I Imag, Z Real, Z Imag, E2 Status, E2(V), E2 Real, E2 Imag, Z2 Real, "
    "Z2 Imag, ActionId, AC Amplitude, 0"
)
ZVIEW_NAMES = "\"  Freq (Hz)    Ampl     Bias   Time(Sec)   Z'(a)    Z''(b)    GD   Err   Range\""


def stored(tmp_path, text, name="a.txt"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def versastudio(names=VERSASTUDIO_NAMES, segments=1, mark=".") -> str:
    """A ``.par`` file: the sections that VersaStudio writes before, around and after the measurement."""
    head = "<Application>\nName=VersaStudio\nVersion=2.52.3.0\n</Application>\n\n<Action0>\nSegments=0\nName=Common\n"
    head += "</Action0>\n\n<Instrument>\nType=VersaSTAT4\n</Instrument>\n\n<Action1>\nAmplitude (mV RMS)=20\n"
    text = f"{head}Segments=1\nName=Potentiostatic EIS\n</Action1>\n\n"
    rows = ""
    for n, (f, z) in enumerate(zip(FREQUENCY, Z, strict=True)):
        row = ["0", str(n), "0", "-3.2E-06", f"{n}.5", "-0.0024", "5", "53", "0", f"{f:.7g}", "-0.0036", "-0.0179"]
        row += ["-9.1E-05", "-0.00032", f"{z.real:.7g}", f"{z.imag:.7g}", "0", "0", "0", "0", "0", "0", "21", "0.02"]
        rows += ",".join(row).replace(".", mark) + "\n"
    for k in range(1, segments + 1):
        text += f"<Segment{k}>\nType=2\nVersion=3\nDefinition={names}\n{rows}</Segment{k}>\n\n"
    return text + "<Graph1>\nYAxisName=|Z| (ohms)\n</Graph1>\n"


def powersuite(mark=".") -> str:
    rows = "".join(f"{f:.8g}\t {z.real:.8g}\t {z.imag:.8g}\n" for f, z in zip(FREQUENCY, Z, strict=True))
    return "Frequency\t Zre\t Zimg\n" + rows.replace(".", mark)


def ch_instruments() -> str:
    head = "Feb. 20, 2020   15:55:08\nA.C. Impedance\nFile: x.bin\nData Source:  Experiment\n\nInit E (V) = 0\n"
    head += "High Frequency (Hz) = 1e+6\nAmplitude (V) = 0.025\n\nFreq/Hz, Z'/ohm, Z\"/ohm, Z/ohm, Phase/deg\n\n"
    rows = zip(FREQUENCY, Z.real, Z.imag, np.abs(Z), np.rad2deg(np.angle(Z)), strict=True)
    return head + "".join(f"{a:.3e}, {b:.3e}, {c:.3e}, {d:.3e}, {e:.1f}\n" for a, b, c, d, e in rows)


def z_without_end(title: str, separator=",", count=None) -> str:
    """A ``.z`` file without the line that ends its comments."""
    head = f'"{title}"\n' + '""\n' * 6 + f"0,2,0,1,0.1,10000\n{FREQUENCY.size if count is None else count}\n"
    rows = ("0", "0", "0")
    lines = [
        separator.join([f"{f:.8g}", *rows, f"{z.real:.8g}", f"{z.imag:.8g}", *rows])
        for f, z in zip(FREQUENCY, Z, strict=True)
    ]
    return f"{head}{ZVIEW_NAMES}\n" + "\n".join(lines) + "\n"


# --- read by impedance.py ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text, instrument", [(versastudio(), "VersaStudio"), (powersuite(), "PowerSuite")])
def test_what_only_impedance_py_reads(tmp_path, text, instrument):
    (spectrum,) = read_spectra(stored(tmp_path, text))
    np.testing.assert_allclose(spectrum.frequency, FREQUENCY, rtol=1e-6)
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-6)
    assert instrument in spectrum.notes[0] and "impedance.py" in spectrum.notes[0]
    assert contents_of(tmp_path / "a.txt").kind == "spectra"


def test_impedance_py_is_imported_only_for_such_a_file(tmp_path, monkeypatch):
    for module in [m for m in sys.modules if m.split(".")[0] == "impedance"]:
        monkeypatch.delitem(sys.modules, module)
    read_spectra(stored(tmp_path, ch_instruments()))
    assert "impedance" not in sys.modules
    read_spectra(stored(tmp_path, powersuite()))
    assert "impedance.preprocessing" in sys.modules and "impedance.models" not in sys.modules


@pytest.mark.parametrize(
    "text, message",
    [
        # Theirs would take shifted columns in silence.
        (versastudio(mark=","), "row of VersaStudio has another number of fields"),
        (versastudio().replace("-0.0036", "n/a").replace("53,0,7000000", "53,0,x"), "found ValueError"),
        (powersuite(mark=","), r"cannot be read by impedance\.py as a file of PowerSuite; found ValueError"),
        (powersuite().replace("\t", ";").replace(";", "\t", 2), r"cannot be read by impedance\.py.*ValueError"),
        (versastudio()[:3000].encode() + b"\xff", "VersaStudio"),
        (versastudio(segments=0), "first segment of VersaStudio holds no impedance"),
        (versastudio(VERSASTUDIO_NAMES.replace("Z Real, Z Imag", "Z Imag, Z Real")), "column 15 z real"),
        (versastudio(VERSASTUDIO_NAMES.replace("I(A), ", "")), "column 10 frequency"),
        ("Frequency\tZre\tZimg\n", "holds no usable row"),
    ],
)
def test_what_impedance_py_stumbles_over_is_an_error_of_ours(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        read_spectra(stored(tmp_path, text))


def test_further_segments_are_named(tmp_path):
    (spectrum,) = read_spectra(stored(tmp_path, versastudio(segments=3)))
    assert spectrum.doubts == ("2 further segments of a.txt are not read",)


# --- read by ours, and as impedance.py reads them ----------------------------------------------------------------


@pytest.mark.parametrize(
    "text, theirs",
    [
        (ch_instruments(), "readCHInstruments"),
        (z_without_end("Z60W Data File: Version 1.1"), "readAutolab"),
        (z_without_end("ZPlotW Data File: Version 3.2c", ", ").replace("Freq (Hz)", "Freq(Hz)"), "readZPlot"),
        (
            text_table(
                ("Potential (V)", "Current (A)", "Elapsed Time (s)", "Frequency (Hz)", "Zre (ohms)", "Zim (ohms)"),
                [Z.real * 0 + 3.4, Z.real * 0, np.arange(Z.size), FREQUENCY, Z.real, Z.imag],
                tail="\t",
            ),
            "readParstat",
        ),
    ],
)
def test_ours_read_what_impedance_py_reads(tmp_path, text, theirs):
    from impedance import preprocessing

    path = stored(tmp_path, text)
    (spectrum,) = read_spectra(path)
    frequency, z = getattr(preprocessing, theirs)(str(path))
    np.testing.assert_array_equal(spectrum.frequency, frequency)
    np.testing.assert_array_equal(spectrum.impedance, z)
    np.testing.assert_allclose(z, Z, rtol=1e-3)


def test_calculated_data_of_zview(tmp_path):
    text = z_without_end("ZView Calculated Data File: Version 1.1", separator="\t", count=93)
    (spectrum,) = read_spectra(stored(tmp_path, text))
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-7)
    assert spectrum.doubts == (f"header says 93 data points, the file holds {FREQUENCY.size}",)


# --- more names than columns -------------------------------------------------------------------------------------

NAMES = ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "|Z|/Ohm", "Phase(Z)/deg", "time/s", "cycle number"]


def surplus(names, columns) -> str:
    """An ``.mpt`` with names that have no column."""
    return mpt_text(NAMES[: len(columns)], columns).replace("\t".join(NAMES[: len(columns)]), "\t".join(names))


def test_names_without_a_column_do_not_shift_the_impedance(tmp_path):
    whole = [*complete(), np.arange(FREQUENCY.size), np.ones(FREQUENCY.size)]
    (spectrum,) = read_spectra(stored(tmp_path, surplus([*NAMES, "", "Ewe-Ece/V"], whole), "a.mpt"))
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-7)
    assert "9 names stand over 7 columns" in spectrum.notes[0]
    # Time may be shifted, nothing says so: it is not read.
    assert np.isnan(spectrum.time).all()


@pytest.mark.parametrize(
    "names, message",
    [
        (["Ece/V", *NAMES], "contradict modulus and phase|negative|no usable row"),  # the surplus name stands first
        (["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "time/s", "x", "y", "z", "cycle number"], "differ in number"),
    ],
)
def test_names_that_cannot_be_placed_are_refused(tmp_path, names, message):
    whole = [*complete(), np.arange(FREQUENCY.size), np.ones(FREQUENCY.size)]
    with pytest.raises(InputError, match=message):
        read_spectra(stored(tmp_path, surplus(names, whole), "a.mpt"))


# --- no names at all ---------------------------------------------------------------------------------------------


def test_three_columns_with_decimal_commas_are_a_spectrum(tmp_path):
    rows = "".join(f"{f:.9g}\t{z.real:.9g}\t{z.imag:.9g}\n" for f, z in zip(FREQUENCY, Z, strict=True))
    path = stored(tmp_path, rows.replace(".", ","))
    found = contents_of(path)
    assert found.kind == "spectra" and found.columns_unnamed
    (spectrum,) = read_spectra(path, columns="frequency,real,imaginary")
    np.testing.assert_allclose(spectrum.impedance, Z, rtol=1e-8)


# --- workbooks ---------------------------------------------------------------------------------------------------


def archive(parts: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, text in parts.items():
            made.writestr(name, text)
    return stream.getvalue()


OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(1000)
WORKBOOKS = {
    "a.xlsx": (archive({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"}), "Excel"),
    "a.txt": (archive({"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"}), "Excel"),
    "a.ods": (archive({"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}), "LibreOffice"),
    "a.xls": (OLE, "Excel"),
    "a.opj": (b"CPYA 4.3380 188 W64 #\n" + bytes(200), "Origin"),
}


@pytest.mark.parametrize("name", WORKBOOKS)
def test_workbooks_are_refused_by_name_with_what_to_do(tmp_path, name):
    content, program = WORKBOOKS[name]
    path = stored(tmp_path, content, name)
    with pytest.raises(InputError, match=f"is a workbook of {program}.*CSV") as refusal:
        read_spectra(path)
    assert refusal.value.file == str(path)
    found = contents_of(path)
    assert found.kind == "other" and "workbook" in found.why and "CSV" in found.why


# --- files of other people ---------------------------------------------------------------------------------------


def test_cases(cases):
    folder = cases / "impedance/readers"
    (spectrum,) = read_spectra(folder / "LATP_Korrosion.z")
    assert (spectrum.frequency.size, spectrum.frequency[0]) == (37, 1000024.25)
    assert spectrum.impedance[0] == 1.09552193 + 2.83702946j
    (spectrum,) = read_spectra(folder / "exampleDataAutolab.txt")
    assert (spectrum.frequency.size, spectrum.impedance[0]) == (41, 0.013785863964281 + 0.007191946305823j)
    (spectrum,) = read_spectra(folder / "peis.issue_225.with_ece.mpt")
    assert (spectrum.frequency[0], spectrum.impedance[0]) == (199998.14, 1.2273843 - 0.11151811j)
    found = contents_of(folder / "LATP_Korrosion_04_PEIS_C02.txt")
    assert found.kind == "spectra" and found.columns_unnamed
