"""Scans as text: real files, the forms they come in, and what is refused with its line."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coherion.data.scans.text import decode, format_scan_text, parse_scan_text, read_scan_text, write_scan_text
from coherion.errors import InputError

TWO_THETA = np.round(4 + 0.015 * np.arange(20), 3)
COUNTS = np.arange(20) * 7 + 100


def rows(pattern="{:.3f} {:d}", newline="\n"):
    return newline.join(pattern.format(x, y) for x, y in zip(TWO_THETA, COUNTS, strict=True))


# 1. Real files


@pytest.mark.parametrize(
    ("name", "points", "ends", "columns", "decimals"),
    [
        ("stoe/chemotion/LA_P-37cd_DUT-52(Zr)_act_EtOH.xyd", 2704, (5.0, 45.545), 2, 0),
        ("stoe/pyScattData_AgKa/20231026_CBE_reg2_pm1.001.xy", 6487, (4.0, 36.43), 2, 0),
        ("stoe/pyScattData_AgKa/AMPIX2_background_0-5min.xy", 6487, (0.78397238, 7.02178907), 2, 0),
        ("pdf/lab6_snbl/LaB6_0p4mm_011_av10_monitor.xye", 8455, (1.600140, 60.70614), 3, None),
        ("pdf/lab6_snbl/0p4mm_capillary_018_av17_monitor.xye", 8455, (1.600140, 60.70614), 3, None),
        ("pdf/ni_pdfttp/Ni.chi", 1576, (0.0, 31.5), 3, None),
        ("pdf/ni_pdfttp/kapton.chi", 1573, (0.0, 31.5), 3, 2),
        ("pdf/lab_mo/CeO2_635um_accum_0.xy", 5631, (2.00009989738464, 140.074663676322), 2, 15),
        ("pdf/lab_mo/CeO2_635um_zscan.xy", 151, (-0.5, 1.0), 2, 3),
    ],
)
def test_real_file(real_data, name, points, ends, columns, decimals):
    scan = read_scan_text(real_data / name)
    assert scan.x.size == scan.y.size == scan.lines.size == points
    assert tuple(scan.x[[0, -1]]) == ends
    assert (scan.dy is not None) == (columns == 3)
    if name.endswith("chi"):
        assert scan.stated_wavelength == 0.1835957
        assert scan.stated_abscissa == ("q", "q_nm")
    else:
        assert scan.decimals == decimals


def test_every_real_scan_equals_numpys_reading(real_data):
    names = [p for p in real_data.glob("*/*/*") if p.suffix in (".xy", ".xyd", ".xye")]
    assert len(names) >= 10
    for path in names:
        scan = read_scan_text(path)
        table = np.loadtxt(path, comments="'")
        np.testing.assert_array_equal(scan.x, table[:, 0])
        np.testing.assert_array_equal(scan.y, table[:, 1])


# 2. Forms


@pytest.mark.parametrize(
    "text",
    [
        rows(),
        rows(newline="\r\n") + "\r\n\r\n",
        rows(newline="\r"),
        rows("   {:.3f}\t{:d}   "),
        rows("{:.3f};{:d}"),
        rows("{:.3f},{:d}"),
        rows("{:.3f}, {:d}"),
        rows("{:.3f} {:d}").replace(".", ","),
        rows("{:.3f};{:d};").replace(".", ","),
        rows("{:.3f}, {:d}").replace(".", ",") + "\n",
        rows("{:.3e} {:d}.0").replace("e", "D"),
        "# comment\n! another\n\nfree text of 2 words\n1 2 3 4\n" + rows() + "\n# the end\n",
        "5.0 180.0 0.015\nfrom to step\n" + rows(),
        "title\n2theta\ncounts\n      20\n" + rows(),
        "\ufeff" + rows(),
    ],
    ids=lambda text: repr(text[:24]),
)
def test_forms(text):
    scan = parse_scan_text(decode(text.encode()))
    np.testing.assert_allclose(scan.x, TWO_THETA, atol=1e-3 if "D" in text else 0)
    np.testing.assert_array_equal(scan.y, COUNTS)
    assert scan.dy is None


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252", "utf-8"])
def test_encodings(tmp_path, encoding):
    path = tmp_path / "scan.xy"
    path.write_bytes(("Probe für Ä, 5 °C\n" + rows()).encode(encoding))
    scan = read_scan_text(path)
    assert scan.header == ("Probe für Ä, 5 °C",)
    np.testing.assert_array_equal(scan.y, COUNTS)


def test_header_words_are_read():
    def stated(line):
        scan = parse_scan_text(f"{line}\n{rows()}")
        return scan.stated_wavelength, scan.stated_abscissa

    assert stated("# Wavelength: 5.594e-11 m")[0] == pytest.approx(0.5594)
    assert stated("wavelength = 0.5594") == (0.5594, ())
    assert stated("wavelength = 900") == (None, ())
    assert stated("# q_A^-1 I") == (None, ("q",))
    assert stated("# q_nm^-1 I") == (None, ("q_nm",))
    assert stated("# 2th_deg I") == (None, ("two_theta",))
    assert stated("a word") == (None, ())


@st.composite
def scans(draw):
    size = draw(st.integers(10, 60))
    step = draw(st.sampled_from([0.005, 0.015, 0.02]))
    x = np.round(draw(st.integers(0, 50_000)) / 1000 + step * np.arange(size), 3)
    y = np.array(draw(st.lists(st.integers(0, 10**8), min_size=size, max_size=size)), dtype=float)
    return x, y


@given(
    scan=scans(),
    form=st.sampled_from(["xyd", "xy", "xyd_cps", "xye", "dat", "chi"]),
    comma=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n"]),
    third=st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_round_trip(scan, form, comma, newline, third):
    x, y = scan
    third = third and form in ("xye", "dat", "chi")
    dy = np.sqrt(y) if third else None
    header = "made for a test\nof 2 lines" if form in ("dat", "chi") else ""
    text = format_scan_text(x, y, dy, form=form, header=header, decimal_comma=comma, newline=newline)
    found = parse_scan_text(decode(text.encode("cp1252")))
    np.testing.assert_array_equal(found.x, x)
    np.testing.assert_array_equal(found.y, y)
    assert (found.dy is not None) == third
    if third:
        np.testing.assert_allclose(found.dy, dy, rtol=1e-9)
    assert found.decimals == {"xyd": 0, "xy": 0, "xyd_cps": 4}.get(form)


def test_written_xyd_is_winxpows(tmp_path):
    write_scan_text(tmp_path / "a.xyd", TWO_THETA[:11], COUNTS[:11], form="xyd")
    write_scan_text(tmp_path / "b.xyd", TWO_THETA[:11], COUNTS[:11] / 8, form="xyd_cps", newline="\r\n")
    assert (tmp_path / "a.xyd").read_bytes().startswith(b"    4.000      100\n    4.015      107\n")
    assert (tmp_path / "b.xyd").read_bytes().startswith(b"    4.000   12.5000\r\n    4.015   13.3750\r\n")


@pytest.mark.parametrize(
    ("arguments", "settings_"),
    [
        ((TWO_THETA, COUNTS + 0.5), {"form": "xyd"}),
        ((TWO_THETA, COUNTS, COUNTS), {"form": "xyd"}),
        ((TWO_THETA / 1000, COUNTS), {"form": "xyd"}),
        ((TWO_THETA, COUNTS), {"form": "xls"}),
        ((TWO_THETA, COUNTS), {"form": "xye", "header": "x"}),
    ],
)
def test_what_a_form_cannot_hold_is_not_written(tmp_path, arguments, settings_):
    with pytest.raises(ValueError):
        write_scan_text(tmp_path / "x", *arguments, **settings_)
    assert list(tmp_path.iterdir()) == []


# 3. Refused, with the line


def damaged(index: int, line: str) -> str:
    lines = ["# head", *rows().split("\n")]
    lines[index] = line
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "place", "what"),
    [
        (damaged(15, "4.210 nan"), "line 16", "not finite"),
        (damaged(15, "4.210 -inf"), "line 16", "not finite"),
        (damaged(15, "4.210 1e999"), "line 16", "not finite"),
        (damaged(3, "nan 120"), "line 4", "not finite"),
        (damaged(15, "4.195 5"), "line 16", "does not rise"),
        (damaged(15, "4.000 5"), "line 16", "does not rise"),
        (damaged(15, "4.210 5 1"), "line 16", "cannot be read"),
        (damaged(15, "4.210"), "line 16", "cannot be read"),
        (damaged(15, "4.210 12_0"), "line 16", "cannot be read"),
        (damaged(15, "4.210,,120"), "line 16", "cannot be read"),
        (damaged(15, "4.210 ****"), "line 16", "cannot be read"),
        (damaged(15, "4,210 120"), "line 16", "cannot be read"),
        (damaged(15, "4.210 1\u0663"), "line 16", "cannot be read"),
        (damaged(15, "4.210 " + "1" * 500), "line 16", "not finite"),
        ("\n".join(rows("{:.3f} {:d} -1").split("\n")), "line 1", "negative uncertainty"),
        ("\n".join(reversed(rows().split("\n"))), "line 2", "does not rise"),
    ],
)
def test_bad_lines_are_named(text, place, what):
    with pytest.raises(InputError, match=rf"scan\.xy, {place}: .*{what}"):
        parse_scan_text(text, "scan.xy")


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "has no scan"),
        (b"no numbers here\n" * 30, "has no scan"),
        (b"\n".join(rows().encode().split(b"\n")[:9]), "has no scan"),
        (b"1 2 3 4 5 6 7 8 9 10\n" * 30, "rows of 10 numbers"),
        (b"5.0\n" * 30, "has no scan"),
        (b"word\n" * 100_001 + rows().encode(), "has no scan"),
        (bytes(5000), "binary"),
        (b"\x89PNG\r\n\x1a\n" + bytes(300), "binary"),
        (b"<html><body>404 not found</body></html>", "has no scan"),
    ],
)
def test_files_without_a_scan(tmp_path, data, what):
    path = tmp_path / "x.xy"
    path.write_bytes(data)
    with pytest.raises(InputError, match=what):
        read_scan_text(path)


def test_a_file_too_large_is_refused_unread(tmp_path):
    path = tmp_path / "x.xy"
    with path.open("wb") as stream:
        stream.truncate(17 * 2**20)
    with pytest.raises(InputError, match="too large"):
        read_scan_text(path)


@given(st.binary(max_size=600) | st.text("0123456789.,;+-eE \n\r\tnaif#", max_size=600).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_bytes_give_a_scan_or_an_error(data):
    try:
        scan = parse_scan_text(decode(data, "x.xy"), "x.xy")
    except InputError as problem:
        assert str(problem).startswith("x.xy") and "\n" not in str(problem)
        return
    assert scan.x.size >= 10 and np.all(np.diff(scan.x) > 0) and np.all(np.isfinite(scan.y))


@given(st.integers(0, 400), st.binary(max_size=6))
@settings(max_examples=200, deadline=None)
def test_damaged_scans_give_a_scan_or_an_error(place, splice):
    data = rows("{:9.3f}{:9d}").encode()
    data = data[: place % len(data)] + splice + data[place % len(data) + len(splice) :]
    try:
        scan = parse_scan_text(decode(data))
    except InputError:
        return
    # Below zero, too: of dark-subtracted detectors that is data, and told of counts where they are read.
    assert np.all(np.diff(scan.x) > 0) and np.all(np.isfinite(scan.y))
