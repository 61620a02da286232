"""Text files of a reduction: those of PDFgetX3 and its kin, and our own as PDFgui reads them."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from coherion.data.pdf_text import format_pdf_text, parse_pdf_text, read_pdf_text, write_pdf_text
from coherion.errors import InputError

R = np.round(0.01 * np.arange(200), 2)
G = np.sin(3 * R) * R
QMAX = {"mode": "xray", "composition": "Na3InCl6", "qmax": 13.0}


# 1. Real files: PDFgetX3 1.x, 2.0, 2.1, 2.2, xPDFsuite, and files of PDFFIT's time


@pytest.mark.parametrize(
    ("name", "kind", "points", "ends", "qmax"),
    [
        ("lab6_snbl/LaB6_0p4mm_011_av10_monitor.gr", "gr", 10000, (0.01, 100), 23),
        ("lab6_snbl/LaB6_0p4mm_011_av10_monitor.fq", "fq", 8214, (0.802694, 22.9998), 23),
        ("lab6_snbl/LaB6_0p4mm_011_av10_monitor.sq", "sq", 8214, (0.802694, 22.9998), 23),
        ("lab6_snbl/LaB6_0p4mm_011_av10_monitor.iq", "iq", 8214, (0.8026941999354461, 22.99975636852070), None),
        ("lab6_snbl/v2.1.1/LaB6_0p4mm_011_av10_monitor.gr", "gr", 4951, (0.5, 50), 23),
        ("lab6_snbl/v2.1.1/LaB6_0p4mm_011_av10_monitor.fq", "fq", 8157, (1.00066, 22.999), 23),
        ("lab6_snbl/v2.1.1/LaB6_0p4mm_011_av10_monitor.sq", "sq", 8157, (1.00066, 22.999), 23),
        ("ni_pdfttp/Ni.gr", "gr", 6001, (0, 60), 24),
        ("ni_pdfttp/Ni-hires.gr", "gr", 6001, (0, 60), 25),
        ("ni_pdfttp/Ni-lownoise.gr", "gr", 6001, (0, 60), 15),
        ("ni_refine/Ni.gr", "gr", 6001, (0, 60), 25),
        ("pt_nanoparticle/Pt-nanoparticles.gr", "gr", 6001, (0, 60), 25),
        ("cdse/CdSe-3.gr", "gr", 5001, (0, 50), 19),
        ("cdse/CdSe-bulk.gr", "gr", 5001, (0, 50), 19),
        ("si_ni/si.gr", "gr", 5999, (0.0099999998, 59.990002), None),
        ("si_ni/ni.gr", "gr", 5999, (0.0099999998, 59.990002), None),
        ("si_ni/sini.gr", "gr", 5999, (0.0099999998, 59.990002), None),
    ],
)
def test_real_file(real_data, name, kind, points, ends, qmax):
    found = read_pdf_text(real_data / "pdf" / name)
    assert found.kind == kind
    assert found.x.size == found.y.size == points
    assert found.x[[0, -1]] == pytest.approx(ends, rel=1e-14)
    assert found.number("qmax") == qmax
    # None carries uncertainties; si.gr has rows with two zeros appended, which are none.
    assert found.dx is None and found.dy is None


def test_real_header_words(real_data):
    header = read_pdf_text(real_data / "pdf/lab6_snbl/LaB6_0p4mm_011_av10_monitor.gr").header
    assert header["version"] == "diffpy.pdfgetx-2.2.1"
    assert header["backgroundfiles"] == "0p4mm_capillary_018_av17_monitor.xye"
    assert (header["rpoly"], header["qmaxinst"], header["composition"]) == ("1.3", "23", "LaB6")
    suite = read_pdf_text(real_data / "pdf/ni_pdfttp/Ni-hires.gr").header
    assert suite["composition"] == "Ni" and suite["dataformat"] == "QA"
    assert read_pdf_text(real_data / "pdf/ni_refine/Ni.gr").header["backgroundfile"] == ""


def test_real_columns_equal_numpys_reading(real_data):
    path = real_data / "pdf/lab6_snbl/LaB6_0p4mm_011_av10_monitor.gr"
    found = read_pdf_text(path)
    text = path.read_text(encoding="utf-8")
    table = np.loadtxt(text[text.index("#### start data") :].splitlines())
    np.testing.assert_array_equal(found.x, table[:, 0])
    np.testing.assert_array_equal(found.y, table[:, 1])


# 2. Other headers


def test_pdfgetn_header():
    found = parse_pdf_text(
        "History written: Fri Mar  5 11:17:12 2010\nInitial path: /x\nstype=N qmax=32.0 qsig=0.01\n"
        "##### General_Setting\ntitle=nickel at 15 K\n##### start data\n"
        "#S 1 - PDF from PDFgetN\n#P0  -22.03808    1.10131\n#L r G(r) dr dG(r)\n"
        "0.02 -0.5 0.001 0.1\n0.04 -0.6 0.001 0.2\n"
    )
    assert found.header["qmax"] == "32.0" and found.header["title"] == "nickel at 15 K"
    assert found.kind == "gr"
    assert found.dx.tolist() == [0.001, 0.001] and found.dy.tolist() == [0.1, 0.2]


def test_pdfgui_header():
    found = parse_pdf_text(
        "History written: Mon Nov  3 10:00:00 2008\nproduced by me\n##### PDFgui\nstype=X  x-ray scattering\n"
        "qmax=25.00   cut\nqdamp=0.04\ndscale=1\n##### start data\n#L r(A) G(r) d_r d_Gr\n1 2 0 0.5\n2 3 0 0.5\n"
    )
    assert found.number("qmax") == 25 and found.number("qdamp") == 0.04
    assert found.kind == "gr" and found.dx is None and found.dy.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("rows", "dx", "dy"),
    [
        ("1 2\n2 3\n", None, None),
        ("1 2 0.1\n2 3 0.2\n", None, [0.1, 0.2]),
        ("1 2 0 0.1\n2 3 0 0.2\n", None, [0.1, 0.2]),
        ("1 2 0.5 0.1 9\n2 3 0.5 0.2 9\n", [0.5, 0.5], [0.1, 0.2]),
        ("1 2 0 0\n2 3 0 0\n", None, None),
        ("1 2\n2 3 0 0\n", None, None),
        ("1 2 0 nan\n2 3 0 1\n", None, None),
        ("1 2 0 -1\n2 3 0 1\n", None, None),
    ],
)
def test_columns(rows, dx, dy):
    found = parse_pdf_text("#### start data\n#S 1\n#L r(A)  G(A^-2)\n" + rows)
    assert found.x.tolist() == [1, 2] and found.y.tolist() == [2, 3]
    assert (found.dx if found.dx is None else found.dx.tolist()) == dx
    assert (found.dy if found.dy is None else found.dy.tolist()) == dy


@pytest.mark.parametrize(
    ("label", "name", "kind"),
    [
        ("#L r(Å)  G(Å$^{-2}$)", "x.dat", "gr"),
        ("#L r G(r) dr dG(r)", "x.dat", "gr"),
        ("#L Q F", "x.dat", "fq"),
        ("#L Q(A) S(a.u.)", "x.gr", "sq"),
        ("", "x.iq", "iq"),
        ("", "x.dat", "unknown"),
        ("#L a Gamma", "x.txt", "unknown"),
    ],
)
def test_kind(label, name, kind):
    assert parse_pdf_text(f"{label}\n1 2\n2 3\n", name).kind == kind


# 3. Our own files


@given(
    y=arrays(float, 200, elements=st.floats(-1e6, 1e6)),
    dy=st.none() | arrays(float, 200, elements=st.floats(1e-6, 1e3)),
    kind=st.sampled_from(["iq", "sq", "fq", "gr"]),
    words=st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=30),
)
@settings(max_examples=60, deadline=None)
def test_round_trip(y, dy, kind, words):
    found = parse_pdf_text(format_pdf_text(kind, R, y, dy=dy, header={"title": words, "qmax": 13.0}))
    np.testing.assert_allclose(found.x, R, rtol=1e-9)
    np.testing.assert_allclose(found.y, y, rtol=1e-8, atol=1e-300)
    assert found.kind == kind and found.number("qmax") == 13
    assert found.header["title"] == words
    if dy is None:
        assert found.dy is None
    else:
        np.testing.assert_allclose(found.dy, dy, rtol=1e-5)


def test_pdfgui_finds_what_it_looks_for(tmp_path):
    # What PDFgui and diffpy.srfit do: search the header for 'xray' and 'qmax = number', the data behind
    # '#### start data' and lines of '#'; dG is the fourth column and only used if every value is positive.
    dy = np.full_like(G, 0.25)
    dy[0] = 0  # G(0) = 0 has no error
    path = tmp_path / "a.gr"
    write_pdf_text(path, "gr", R, G, dy=dy, header=QMAX)
    text = path.read_text(encoding="utf-8")
    head, body = re.split(r"(?m)^#+ start data\s*(?:#.*\s+)*", text)
    assert re.search("x-?ray", head, re.I)
    assert re.search(r"\bqmax *= *([0-9.]+)", head, re.I).group(1) == "13"
    table = np.array([[float(v) for v in line.split()] for line in body.strip().split("\n")])
    assert table.shape == (199, 4)
    np.testing.assert_allclose(table[:, 0], R[1:])
    np.testing.assert_allclose(table[:, 1], G[1:], rtol=1e-8)
    assert np.all(table[:, 2] == 0) and np.all(table[:, 3] == 0.25)


def test_labels_are_pdfgetx3s(real_data):
    for kind in ("sq", "fq", "gr"):
        real = (real_data / f"pdf/lab6_snbl/LaB6_0p4mm_011_av10_monitor.{kind}").read_text(encoding="utf-8")
        label = next(line for line in real.splitlines() if line.startswith("#L"))
        assert label in format_pdf_text(kind, R, G).splitlines()


def test_header_values_stay_in_their_line():
    text = format_pdf_text("gr", R, G, header={"title": "a\n#### start data\n1 2"})
    assert parse_pdf_text(text).header["title"] == "a #### start data 1 2"
    with pytest.raises(ValueError, match="not a word"):
        format_pdf_text("gr", R, G, header={"a\nb": 1})


@pytest.mark.parametrize(
    "call",
    [
        lambda: format_pdf_text("xy", R, G),
        lambda: format_pdf_text("gr", R, G[:-1]),
        lambda: format_pdf_text("gr", R, G, dx=G),
    ],
)
def test_wrong_use(call):
    with pytest.raises(ValueError):
        call()


# 4. Refused


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no data"),
        ("#### start data\n#S 1\n#L r G\n", "has no data"),
        ("1 2\n", "has no data"),
        ("1 2\n2 nan\n", "line 2: number is not finite"),
        ("1 2\n2 3\n2 4\n", "line 3: first column does not rise"),
        ("a=1\n1 2\n2 3\n3\n", "line 4: line among the data"),
        ("a=1\n1 2\n2 3\n\n3 x\n", "line 5: line among the data"),
        ("1,5 2\n2,5 x\n", "line 2"),
    ],
)
def test_refused(text, message):
    with pytest.raises(InputError, match=rf"x\.gr.*{message}"):
        parse_pdf_text(text, "x.gr")


@given(st.text("0123456789.eE-+ \n#=[]aSLG", max_size=400) | st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_data_or_an_error(text):
    try:
        found = parse_pdf_text(text, "x.gr")
    except InputError as problem:
        assert str(problem).startswith("x.gr")
        return
    assert np.all(np.diff(found.x) > 0) and np.all(np.isfinite(found.y))


# Files of other countries and other units


@pytest.mark.parametrize("separator", [" ", ";", "\t", " ; "])
@pytest.mark.parametrize("columns", [2, 3, 4])
def test_decimal_commas(separator, columns):
    table = np.column_stack([R[1:], G[1:], np.full(199, 0.001), np.full(199, 0.02)])[:, :columns]
    rows = [separator.join(f"{v:.6f}" for v in row).replace(".", ",") for row in table]
    found = parse_pdf_text("\n".join(["mode = xray", "qmax = 13,5 ", "#### start data", "#L r(A) G(A-2)", *rows]))
    np.testing.assert_allclose(found.x, R[1:], atol=1e-6)
    np.testing.assert_allclose(found.y, G[1:], atol=1e-6)
    assert found.number("qmax") == 13.5
    if columns > 2:
        np.testing.assert_allclose(found.dy, table[:, -1])


def test_commas_between_columns_are_no_decimal_commas():
    rows = [f"{a:.2f}, {b:.6f}" for a, b in zip(R, G, strict=True)]
    np.testing.assert_allclose(parse_pdf_text("\n".join(rows)).y, G, atol=1e-6)


def test_nanometres_of_a_label_and_of_qmax():
    rows = [f"{a / 10:.4f} {b * 100:.6f} 0 {2.0:.1f}" for a, b in zip(R[1:], G[1:], strict=True)]
    text = "\n".join(["qmax = 135 nm^-1", "#### start data", "#L r(nm)  G(nm^-2)", *rows])
    found = parse_pdf_text(text)
    np.testing.assert_allclose(found.x, R[1:], atol=1e-6)
    np.testing.assert_allclose(found.y, G[1:], atol=1e-6)
    assert found.dy is not None and found.dy[0] == pytest.approx(0.02)
    assert found.number("qmax") == pytest.approx(13.5)
    assert parse_pdf_text(text.replace("135 nm^-1", "13.5 A^-1").replace("(nm", "(A")).number("qmax") == 13.5
