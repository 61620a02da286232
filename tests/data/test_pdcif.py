"""Powder patterns in CIF: counts, intensities with uncertainties, angles as a list or a range, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from coherion import messages
from coherion.data.scans.reader import read_scan
from coherion.errors import InputError
from coherion.inputs.contents import contents_of

X = np.round(5 + 0.05 * np.arange(800), 3)
MODEL = 300 + 4000 * np.exp(-0.5 * ((X - 20) / 0.3) ** 2)
COUNTS = np.random.default_rng(5).poisson(MODEL)
SD = np.sqrt(COUNTS)


def loop(**columns) -> str:
    names = "".join(f"_{name}\n" for name in columns)
    rows = "".join(" ".join(map(str, row)) + "\n" for row in zip(*columns.values(), strict=True))
    return f"loop_\n{names}{rows}"


def span(kind="meas", low=5.0, high=X[-1], step=0.05) -> str:
    ends = {"min": low, "max": high, "inc": step}
    return "".join(f"_pd_{kind}_2theta_range_{end} {value}\n" for end, value in ends.items())


HEAD = "data_x50\n_diffrn_radiation_type 'Mo K\\a~1~'\n_diffrn_radiation_wavelength 0.70930(1)\n"
TIMED = HEAD + "_pd_meas_step_count_time 12.5\n_pd_phase_name 'Na2.5 Cl6'\n"
LISTED = loop(pd_meas_2theta_scan=X, pd_meas_counts_total=COUNTS)
RANGED = span() + loop(pd_meas_counts_total=COUNTS)


def stored(tmp_path, text, name="a.cif"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "body", [LISTED, RANGED, RANGED.replace("\n_pd_meas_counts_total\n", " _PD_meas_Counts_total ")]
)
def test_counts(tmp_path, body):
    path = stored(tmp_path, TIMED + body)
    with messages.collected() as said:
        scan = read_scan(path)
    assert not said
    np.testing.assert_allclose(scan["two_theta"].values, X, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(scan["intensity"].values, COUNTS)
    np.testing.assert_array_equal(scan["intensity_sd"].values, SD)
    assert scan.attrs["wavelength"] == 0.7093 and scan.attrs["time_per_point"] == 12.5
    assert scan.attrs["intensity_kind"] == "counts" and scan.attrs["title"] == "Na2.5 Cl6"
    assert scan.attrs["instrument_anode"] == "Mo"
    found = contents_of(path)
    assert (found.kind, found.intensity_kind, found.wavelength, found.guesses) == ("scan", "counts", 0.7093, ())


@pytest.mark.parametrize("name", ["pd_meas_intensity_total", "pd_proc_intensity_total", "pd_proc_intensity_net"])
def test_intensities_with_uncertainties(tmp_path, name):
    cells = [f"{n / 100:.2f}({max(round(2 * s), 1)})" for n, s in zip(COUNTS, SD, strict=True)]
    kind = name[3:7]
    scan = read_scan(stored(tmp_path, HEAD + span(kind) + loop(**{name: cells})))
    np.testing.assert_allclose(scan["intensity"].values, COUNTS / 100)
    np.testing.assert_allclose(scan["intensity_sd"].values, np.round(2 * SD) / 100, rtol=1e-9)
    assert scan.attrs["intensity_kind"] == "arbitrary"


def test_uncertainties_of_large_numbers_and_of_powers_of_ten(tmp_path):
    cells = [f"{n}0(160)" if k % 2 else f"{n}.00e1(1600)" for k, n in enumerate(COUNTS)]
    scan = read_scan(stored(tmp_path, HEAD + span() + loop(pd_meas_intensity_total=cells)))
    np.testing.assert_allclose(scan["intensity"].values, 10 * COUNTS)
    np.testing.assert_allclose(scan["intensity_sd"].values, 160.0)


def test_what_was_measured_is_taken_before_what_was_processed(tmp_path):
    # The angles of the measured range, too, which a refined zero point has not shifted.
    body = loop(pd_proc_intensity_total=COUNTS / 7, pd_meas_counts_total=COUNTS, pd_calc_intensity_total=MODEL)
    scan = read_scan(stored(tmp_path, HEAD + span("proc", low=5.02, high=X[-1] + 0.02) + span() + body))
    np.testing.assert_array_equal(scan["intensity"].values, COUNTS)
    np.testing.assert_allclose(scan["two_theta"].values, X, rtol=0, atol=1e-9)


def test_unequal_times_and_monitors_are_brought_to_one(tmp_path):
    time, monitor = np.where(X < 30, 10, 40), np.where(X < 20, 1000, 900)
    body = loop(
        pd_meas_2theta_scan=X, pd_meas_counts_total=COUNTS, pd_meas_step_count_time=time, pd_meas_counts_monitor=monitor
    )
    with messages.collected() as said:
        scan = read_scan(stored(tmp_path, HEAD + body))
    assert "counted for 10 to 40 s" in str(said[0])
    factor = np.median(time) / time * np.median(monitor) / monitor
    np.testing.assert_allclose(scan["intensity"].values, COUNTS * factor)
    np.testing.assert_allclose(scan["intensity_sd"].values, SD * factor)
    assert scan.attrs["intensity_kind"] == "arbitrary"


def test_of_two_wavelengths_the_stronger_is_taken(tmp_path):
    two = loop(diffrn_radiation_wavelength=[1.54439, 1.54060], diffrn_radiation_wavelength_wt=[0.5, 1.0])
    assert read_scan(stored(tmp_path, "data_a\n" + two + LISTED)).attrs["wavelength"] == 1.5406


def test_blocks_are_ranges(tmp_path):
    halves = [
        f"data_{n}\n" + loop(pd_meas_2theta_scan=X[part], pd_meas_counts_total=COUNTS[part])
        for n, part in enumerate((slice(300), slice(300, None)))
    ]
    path = stored(tmp_path, "data_global\n_audit_creation_method x\n" + "".join(halves))
    np.testing.assert_array_equal(read_scan(path)["intensity"].values, COUNTS)
    np.testing.assert_allclose(read_scan(path, range_number=2)["two_theta"].values, X[300:])
    with pytest.raises(InputError, match="no such range"):
        read_scan(path, range_number=3)
    with pytest.raises(InputError, match="cannot be joined"):
        read_scan(stored(tmp_path, "".join(halves[::-1])))


def test_points_without_an_intensity_are_told(tmp_path):
    cells = [str(n) if k not in (3, 400) else "." for k, n in enumerate(COUNTS)]
    path = stored(tmp_path, HEAD + loop(pd_meas_2theta_scan=X, pd_meas_counts_total=cells))
    with messages.collected() as said:
        scan = read_scan(path)
    assert scan["intensity"].size == X.size - 2 and "2 points without an intensity" in str(said[0])


def test_another_number_of_points_than_told_is_told(tmp_path):
    text = TIMED + "_pd_meas_number_of_points {}\n" + LISTED
    with messages.collected() as said:
        read_scan(stored(tmp_path, text.format(X.size)))
    assert not said
    with messages.collected() as said:
        read_scan(stored(tmp_path, text.format(X.size + 5)))
    assert "800 points, of 805 that it says were measured" in str(said[0])


def test_a_structure_with_a_pattern_is_a_structure_and_can_be_named_as_a_scan(tmp_path):
    cell = "".join(f"_cell_length_{axis} 4.156\n_cell_angle_{angle} 90\n" for axis, angle in zip("abc", ("alpha", "beta", "gamma"), strict=True))  # fmt: skip  # noqa: E501
    atoms = "_space_group_name_H-M_alt 'P m -3 m'\n" + loop(
        atom_site_label=["La"], atom_site_fract_x=[0], atom_site_fract_y=[0], atom_site_fract_z=[0]
    )
    path = stored(tmp_path, TIMED + cell + atoms + LISTED)
    assert contents_of(path).kind == "structure"
    np.testing.assert_array_equal(read_scan(path)["intensity"].values, COUNTS)


CELLS = [f"{n}({n // 30})" for n in COUNTS]
REFUSED = {
    "neutrons": (HEAD + "_diffrn_radiation_probe neutron\n" + LISTED, "no pattern of X-rays; found neutron"),
    "flight": (HEAD + loop(pd_meas_time_of_flight=X, pd_meas_counts_total=COUNTS), "found _pd_meas_time_of_flight"),
    "no angles": (HEAD + loop(pd_meas_counts_total=COUNTS), "no pattern over 2theta"),
    "a range of another length": (HEAD + span(high=50.0) + loop(pd_meas_counts_total=COUNTS), "range of angles"),
    "a step of nothing": (HEAD + span(step=0.0) + loop(pd_meas_counts_total=COUNTS), "range of angles"),
    "a word": (HEAD + LISTED.replace("5.1 ", "5.1x ", 1), "_pd_meas_2theta_scan, row 3: is no number; found 5.1x"),
    "not a number": (HEAD + LISTED.replace("\n5.1 ", "\nnan ", 1), "is no number; found nan"),
    "endless": (HEAD + LISTED.replace("\n5.1 ", "\n1e999 ", 1), "is no number; found 1e999"),
    "no angle": (HEAD + LISTED.replace("\n5.1 ", "\n? ", 1), "angles and intensities differ in number; found 799"),
    "falls": (HEAD + LISTED.replace("\n5.1 ", "\n4.1 ", 1), "angles do not rise"),
    "some uncertain": (HEAD + span() + loop(pd_meas_intensity_total=[*CELLS[:-1], "300"]), "row 800: some intensities"),
    "cut within a row": (HEAD + LISTED[:-6], "not a CIF"),
    "all missing": (HEAD + loop(pd_meas_2theta_scan=X, pd_meas_counts_total="?" * X.size), "holds no measured pattern"),
    "another anode": (HEAD.replace("Mo K", "Cu K") + LISTED, "wavelength contradicts the anode"),
    "a word for a wavelength": (HEAD.replace("0.70930(1)", "Mo") + LISTED, "radiation_wavelength: is no number"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused_with_the_place(tmp_path, name):
    text, message = REFUSED[name]
    path = stored(tmp_path, text)
    with pytest.raises(InputError, match=message) as refusal:
        read_scan(path)
    assert refusal.value.file == str(path) and "\n" not in str(refusal.value)
    assert contents_of(path).kind == ("scan" if name == "another anode" else "other")
