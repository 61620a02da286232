"""Headers are read whole: abscissa, third column, kind, wavelength with its unit, time; formats of other makers."""

from __future__ import annotations

import numpy as np
import pytest

from coherion import messages
from coherion.data.scans import headers
from coherion.data.scans.reader import read_scan
from coherion.data.scans.sources import load
from coherion.data.scans.text import parse_scan_text
from coherion.errors import InputError
from coherion.inputs.contents import contents_of

X = np.round(2 + 0.05 * np.arange(1200), 3)
MODEL = 200 + 4000 * np.exp(-0.5 * ((X - 20) / 0.3) ** 2) + 900 * np.exp(-0.5 * ((X - 41) / 0.4) ** 2)
COUNTS = np.random.default_rng(5).poisson(MODEL)


def table(*columns, separator=" ", comma=False) -> str:
    text = "".join(separator.join(f"{value:.10g}" for value in row) + "\n" for row in zip(*columns, strict=True))
    return text.replace(".", ",") if comma else text


def stored(tmp_path, text, name="a.txt"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("# wavelength: 0.0559407 nm", 0.559407),
        ("Wavelength [nm]: 0.0709", 0.709),
        ("wavelength_nm = 0.154056", 1.54056),
        ("# Wavelength (A) 0.7093", 0.7093),
        ("Wavelength = 0,5594 Å", 0.5594),
        ("# Wavelength: 1.6e-11 m", 0.16),
        ("wavelength (m): 5.594e-11", 0.5594),
        ("wavelength 55.94 pm", 0.5594),
        ("_WL1=0.709300", 0.7093),
        ("# wl: 0.7093", 0.7093),
        ("# lambda = 0.2113 A", 0.2113),
        ("λ = 0.41 Å", 0.41),
        ('*HW_XG_WAVE_LENGTH_ALPHA1 "1.540593"', 1.540593),
        ("*WAVE_LENGTH1 = 0.709300", 0.7093),
        ("K-Alpha1 wavelength,1.54060", 1.5406),
        ("_diffrn_radiation_wavelength 0.4139", 0.4139),
        ("photon energy: 30 keV", 0.413281),
        ("Energy (eV) = 66700", 0.185883),
        ("_WL2=0.713600", None),
        ("sin(theta)/lambda 0.5", None),
        ("detector Lambda 750K", None),
        ("wavelength = 900", None),
        ("towel 0.5", None),
    ],
)
def test_the_wavelength_is_read_with_its_alias_and_unit(line, expected):
    found = headers.stated_wavelength([line])
    assert found is None if expected is None else found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("# 2theta I\n", ("two_theta",)),
        ("Angle, Intensity\n", ("two_theta",)),
        ("Pos. [°2Th.],Intensity\n", ("two_theta",)),
        ("2θ (deg)\tcounts\n", ("two_theta",)),
        ("_2THETACOUNTS\n", ("two_theta",)),
        ("theta_deg,intensity\n", ("theta",)),
        ("θ/deg;I\n", ("theta",)),
        ("Q (1/A), I\n", ("q",)),
        ("# Q[A^-1]  Intensity\n", ("q",)),
        ("q_nm-1,I\n", ("q_nm",)),
        ("title: Q-Space Scan\n Q (Inverse Nanometres)\n Intensity\n 1200\n", ("q_nm",)),
        ("a.tif\n2-Theta Angle (Degrees)\n Intensity\n 1200\n", ("two_theta",)),
        ("Q(A^-1)\nI\n 1200\n", ("q",)),
        ("# chi_Q chi_I\n", ("q", "q_nm")),
        ("# Q I\n", ("q", "q_nm")),
        ("d (A), I\n", ("d",)),
        ("d-spacing\tIntensity\n", ("d",)),
        ("Energy (keV), counts\n", ("other",)),
        # Titles are no names of columns.
        ("Q factor of sample 7\n", ()),
        ("Theta phase\n", ()),
        ("d-LaB6 standard\n", ()),
        ("# data of May\n", ()),
        ("", ()),
    ],
)
def test_the_abscissa_is_that_of_the_header(head, expected):
    assert parse_scan_text(head + table(X, COUNTS)).stated_abscissa == expected


@pytest.mark.parametrize(
    ("head", "x", "abscissa", "dim", "expected"),
    [
        ("theta_deg,I\n", X / 2, "theta", "two_theta", X),
        ("Q (1/nm), I\n", X, "q_nm", "q", X / 10),
        ("d (A), I\n", 2 * np.pi / X, "d", "q", X),
        ("d (A), I\n", 2 * np.pi / X[::-1], "d", "q", X),
    ],
)
def test_a_scan_is_stored_against_two_theta_or_q(tmp_path, head, x, abscissa, dim, expected):
    y = COUNTS if x[0] != 2 * np.pi / X[-1] else COUNTS[::-1]
    path = stored(tmp_path, head + table(x, y))
    with messages.collected():
        scan = read_scan(path, abscissa=abscissa)
        with pytest.raises(InputError, match="contradicts the file's header"):
            read_scan(path)
        assert contents_of(path).abscissa == abscissa
    np.testing.assert_allclose(scan[dim].values, expected, rtol=1e-8)
    np.testing.assert_array_equal(scan["intensity"].values, COUNTS)


def test_another_abscissa_is_refused_by_its_name(tmp_path):
    path = stored(tmp_path, "Energy (keV), counts\n" + table(X, COUNTS))
    with pytest.raises(InputError, match="no abscissa of powder diffraction"):
        read_scan(path)


SD = np.sqrt(COUNTS)


@pytest.mark.parametrize(
    ("head", "third", "expected"),
    [
        ("2Theta\tIobs\tIcalc\n", MODEL, None),
        ("Angle, Det1Disc1, CPS\n", COUNTS / 96, None),
        ("2theta counts background\n", 0.4 * MODEL, None),
        ("2theta counts weight\n", 1 / COUNTS, None),
        ("2theta counts attenuator\n", 0 * SD + 1, None),
        ("2theta counts esd\n", SD, SD),
        ("# 2th_deg I sigma\n", SD, SD),
        ("2theta,I,error\n", SD, SD),
        ("2theta I variance\n", SD**2, SD),
        ("x y e\n", SD, SD),
        ("", SD, SD),
        ("", 3 * SD, 3 * SD),
        ("", 0.1 * SD + 0.002 * COUNTS, 0.1 * SD + 0.002 * COUNTS),
        ("", 0 * SD, None),
    ],
)
def test_the_third_column_is_what_its_name_says(tmp_path, head, third, expected):
    path = stored(tmp_path, head + table(X, COUNTS, third))
    with messages.collected() as said:
        found = load(path)
    assert not found.doubt
    if expected is None:
        assert found.dy is None and len(said) == 1
    else:
        np.testing.assert_allclose(found.dy, expected, rtol=1e-8)


@pytest.mark.parametrize("third", [MODEL, COUNTS / 96, 0 * SD + 1, 12.5 * COUNTS])
def test_an_unnamed_third_column_that_is_no_uncertainty_is_asked_back(tmp_path, third):
    path = stored(tmp_path, table(X, COUNTS, third), "a.xy")
    with messages.collected(), pytest.raises(InputError, match="looks like no uncertainty"):
        read_scan(path)
    found = contents_of(path)
    assert found.kind == "scan" and found.intensity_kind is None
    with messages.collected():
        np.testing.assert_allclose(read_scan(path, intensity_kind="counts")["intensity_sd"].values, SD)
        told = read_scan(path, intensity_kind="arbitrary")["intensity_sd"].values
    np.testing.assert_allclose(told, third, rtol=1e-8)


def test_counts_per_second_and_time_of_the_header(tmp_path):
    path = stored(tmp_path, "; UXD\n_STEPTIME=8.0\n_2THETACPS\n" + table(X, COUNTS / 8))
    with messages.collected() as said:
        scan = read_scan(path)
    assert not said
    assert scan.attrs["intensity_kind"] == "counts_per_second" and scan.attrs["time_per_point"] == 8
    np.testing.assert_allclose(scan["intensity_sd"].values, SD / 8)


def test_a_wavelength_of_no_diffractometer_is_refused_and_the_tables_used(tmp_path):
    path = stored(tmp_path, "# wavelength: 0.0559407\n" + table(X, COUNTS))
    with messages.collected(), pytest.raises(InputError, match=r"none of a powder.*0\.559407 if in nm"):
        read_scan(path)
    with messages.collected() as said:
        assert read_scan(path, wavelength=0.559407, intensity_kind="counts").attrs["wavelength"] == 0.559407
    assert len(said) == 1
    other = stored(tmp_path, "_WL1=0.709300\n_ANODE='Mo'\n" + table(X, COUNTS), "b.uxd")
    with pytest.raises(InputError, match="contradicts the file"):
        read_scan(other, wavelength=0.559407)
    wrong = stored(tmp_path, "_WL1=0.559400\n_ANODE='Mo'\n" + table(X, COUNTS), "c.uxd")
    with pytest.raises(InputError, match="contradicts the anode"):
        read_scan(wrong)


def xrdml(scans=1, axis="2Theta", factors="", tag="counts", values=COUNTS, listed=False) -> str:
    ends = f"<startPosition>{X[0]}</startPosition><endPosition>{X[-1]}</endPosition>"
    where = f"<listPositions>{' '.join(map(str, X))}</listPositions>" if listed else ends
    one = (
        f'<scan><dataPoints><positions axis="Omega"><startPosition>1</startPosition><endPosition>9</endPosition>'
        f'</positions><positions axis="{axis}" unit="deg">{where}</positions>'
        f"<commonCountingTime>12.5</commonCountingTime>{factors}"
        f'<{tag} unit="counts">{" ".join(f"{v:.10g}" for v in values)}</{tag}></dataPoints></scan>'
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<xrdMeasurements xmlns="http://www.xrdml.com/XRDMeasurement/1.3">'
        '<sample><id>pellet 7</id></sample><xrdMeasurement><usedWavelength intended="K-Alpha 1">'
        '<kAlpha1 unit="Angstrom">0.5594075</kAlpha1><kAlpha2 unit="Angstrom">0.563798</kAlpha2></usedWavelength>'
        f"<incidentBeamPath><xRayTube><anodeMaterial>Ag</anodeMaterial></xRayTube></incidentBeamPath>{one * scans}"
        "</xrdMeasurement></xrdMeasurements>"
    )


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("tag", ["counts", "intensities"])
def test_xrdml(tmp_path, listed, tag):
    path = stored(tmp_path, xrdml(listed=listed, tag=tag), "a.xrdml")
    with messages.collected() as said:
        scan = read_scan(path)
    assert not said
    np.testing.assert_allclose(scan["two_theta"].values, X, atol=1e-9)
    np.testing.assert_array_equal(scan["intensity"].values, COUNTS)
    np.testing.assert_allclose(scan["intensity_sd"].values, SD)
    assert scan.attrs["wavelength"] == pytest.approx(0.5594075)
    assert scan.attrs["time_per_point"] == 12.5 and scan.attrs["intensity_kind"] == "counts"
    assert scan.attrs["instrument_anode"] == "Ag" and scan.attrs["title"] == "pellet 7"


@pytest.mark.parametrize("tag", ["counts", "intensities"])
def test_the_attenuator_multiplies_counts_and_their_errors(tmp_path, tag):
    factor = np.where(COUNTS > 2000, 10.0, 1.0)
    raw = np.rint(COUNTS / factor)
    factors = f"<beamAttenuationFactors>{' '.join(map(str, factor))}</beamAttenuationFactors>"
    values = raw if tag == "counts" else raw * factor
    path = stored(tmp_path, xrdml(factors=factors, values=values, tag=tag), "a.xrdml")
    scan = read_scan(path)
    np.testing.assert_allclose(scan["intensity"].values, raw * factor)
    np.testing.assert_allclose(scan["intensity_sd"].values, factor * np.sqrt(raw))


def test_xrdml_of_several_scans_or_of_none_of_two_theta(tmp_path):
    path = stored(tmp_path, xrdml(scans=2), "a.xrdml")
    with pytest.raises(InputError, match="holds 2 scans"):
        read_scan(path)
    assert read_scan(path, range_number=2)["intensity"].size == X.size
    with pytest.raises(InputError, match="no such range"):
        read_scan(path, range_number=3)
    assert "holds 2 scans" in contents_of(path).why
    for text, what in (
        (xrdml(axis="Phi"), "no axis 2Theta"),
        (xrdml()[:-300], "no whole .xrdml"),
        (xrdml().replace("<sample>", "<!DOCTYPE a [<!ENTITY b 'c'>]><sample>"), "declares entities"),
        (xrdml(values=COUNTS[:-1], listed=True), "do not rise with the points"),
    ):
        with pytest.raises(InputError, match=what):
            read_scan(stored(tmp_path, text, "b.xrdml"))


def ras(unit="counts", factor=1.0, speed="6.0", speed_unit="sec", end=True) -> str:
    head = {
        "FILE_SAMPLE": "x50", "HW_XG_TARGET_NAME": "Mo", "HW_XG_WAVE_LENGTH_ALPHA1": "0.709300",
        "MEAS_SCAN_AXIS_X": "TwoThetaTheta", "MEAS_SCAN_SPEED": speed, "MEAS_SCAN_SPEED_UNIT": speed_unit,
        "MEAS_SCAN_STEP": "0.05", "MEAS_SCAN_UNIT_Y": unit,
    }  # fmt: skip
    text = "*RAS_DATA_START\n*RAS_HEADER_START\n" + "".join(f'*{key} "{value}"\n' for key, value in head.items())
    text += "*RAS_HEADER_END\n*RAS_INT_START\n" + table(X, COUNTS, np.full(X.size, factor))
    return text + ("*RAS_INT_END\n*RAS_DATA_END\n" if end else "")


def test_ras(tmp_path):
    with messages.collected() as said:
        scan = read_scan(stored(tmp_path, ras(), "a.ras"))
    assert not said
    np.testing.assert_allclose(scan["two_theta"].values, X)
    np.testing.assert_allclose(scan["intensity_sd"].values, SD)
    assert scan.attrs["wavelength"] == 0.7093 and scan.attrs["time_per_point"] == 6 and scan.attrs["title"] == "x50"
    scan = read_scan(stored(tmp_path, ras(speed="0.5", speed_unit="deg/min"), "a.ras"))
    assert scan.attrs["time_per_point"] == pytest.approx(6)
    scan = read_scan(stored(tmp_path, ras(factor=12.5), "a.ras"))
    np.testing.assert_allclose(scan["intensity"].values, 12.5 * COUNTS)
    np.testing.assert_allclose(scan["intensity_sd"].values, 12.5 * SD)
    with pytest.raises(InputError, match="cut short"):
        read_scan(stored(tmp_path, ras(end=False), "a.ras"))
    with pytest.raises(InputError, match="holds 2 scans"):
        read_scan(stored(tmp_path, ras() * 2, "a.ras"))


def test_gsas(tmp_path):
    head = "a title\n# wavelength 0.7093\nBANK 1 1200 1200 CONS 200.00 5.00 0 0 FXYE\n"
    scan = read_scan(stored(tmp_path, head + table(100 * X, COUNTS, 2 * SD), "a.fxye"))
    np.testing.assert_allclose(scan["two_theta"].values, X)
    np.testing.assert_allclose(scan["intensity_sd"].values, 2 * SD, rtol=1e-8)
    assert scan.attrs["wavelength"] == 0.7093
    for wrong in (head.replace("FXYE", "ESD"), head.replace("CONS", "SLOG")):
        with pytest.raises(InputError, match="GSAS data of another form"):
            read_scan(stored(tmp_path, wrong + table(100 * X, COUNTS, SD), "a.gsa"))


def test_both_kinds_of_comma_are_told(tmp_path):
    path = stored(tmp_path, table(X, COUNTS / 10, separator=";", comma=True).replace(";", ","))
    with pytest.raises(InputError, match="both as decimal marks and between the columns|cannot be read"):
        read_scan(path)


CASES = {
    "obs_calc.xy": ("two_theta", "counts", None, False),
    "counts_cps.txt": ("two_theta", "counts", None, False),
    "rigaku.ras": ("two_theta", "counts", 0.7093, False),
    "panalytical.xrdml": ("two_theta", "counts", 0.7093, False),
    "chi_q.chi": ("q", "counts", None, False),
    "skbeam.chi": ("q", "counts", None, False),
    "fit2d_qnm_short.chi": ("q_nm", "counts", None, False),
    "theta.csv": ("theta", "counts", None, False),
    "header_wl_nm.dat": ("two_theta", "counts", 0.559407, False),
    "wl_uxd.txt": ("two_theta", "counts", 0.7093, False),
    "wl_wl.txt": ("two_theta", "counts", 0.7093, False),
    "negative_noise.xy": ("two_theta", "arbitrary", None, False),
    "negative_point/Pt_bulk-00055.chi": ("two_theta", "arbitrary", None, False),
    "LaB6_zero.xye": ("two_theta", "counts", None, False),
}


@pytest.mark.parametrize("name", CASES)
def test_cases_of_others(cases, name):
    found = contents_of(cases / "scans" / name)
    assert found.kind == "scan", found.why
    abscissa, kind, wavelength, third = CASES[name]
    assert (found.abscissa, found.intensity_kind, found.scan.dy is not None) == (abscissa, kind, third)
    assert found.wavelength == (pytest.approx(wavelength) if wavelength else None)


def test_the_short_gsas_file_is_in_hundredths_of_a_degree(cases):
    scan = read_scan(cases / "scans" / "gsas_short.fxye")
    assert scan["two_theta"].values[[0, -1]] == pytest.approx([0.2, 1.78])
    assert scan["intensity_sd"].values[0] == pytest.approx(14.4914)
