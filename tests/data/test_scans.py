"""Scans as the workflow sees them: what files say, what the table says, and where they disagree."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from coherion.data.scans.reader import KA1, read_scan
from coherion.data.scans.stoe import RawHeader, RawRange, write_raw
from coherion.data.scans.text import write_scan_text
from coherion.errors import CoherionWarning, InputError
from coherion.settings.reading import settings_from
from coherion.settings.stages.scans import ScanSettings

HEADER = RawHeader(wavelength=0.5594075, anode=1, title="Na3InCl6")
GENERATOR = np.random.default_rng(7)
COUNTS = GENERATOR.poisson(400.0, 500).astype(float)
RANGE = RawRange(begin=2.0, step=0.015, counts=COUNTS, time_per_point=120.0)
TWO_THETA = RANGE.two_theta


@pytest.fixture
def raw(tmp_path):
    def make(ranges=RANGE, name="scan.raw", **header):
        write_raw(tmp_path / name, ranges, replace(HEADER, **header))
        return tmp_path / name

    return make


@pytest.fixture
def text(tmp_path):
    def make(x=TWO_THETA, y=COUNTS, dy=None, name="scan.xyd", **options):
        write_scan_text(tmp_path / name, x, y, dy, **options)
        return tmp_path / name

    return make


# 1. Real files


def test_real_raw_and_its_export_agree_exactly(real_data):
    stem = real_data / "stoe/chemotion/LA_P-37cd_DUT-52(Zr)_act_EtOH"
    raw = read_scan(f"{stem}.raw")
    exported = read_scan(f"{stem}.xyd", intensity_kind="counts", wavelength=1.540598)
    assert raw["intensity"].identical(exported["intensity"])
    assert raw["intensity_sd"].identical(exported["intensity_sd"])
    assert raw.attrs["wavelength"] == exported.attrs["wavelength"]
    assert raw.attrs["time_per_point"] == 500
    assert raw.attrs["instrument_anode"] == "Cu" and raw.attrs["origin"] == "measured"


@pytest.mark.parametrize(
    ("name", "settings", "points", "dim", "kind"),
    [
        ("stoe/aimat/stoe.raw", {}, 5404, "two_theta", "counts"),
        (
            "stoe/pyScattData_AgKa/20231026_CBE_reg2_pm1.001.xy",
            {"intensity_kind": "counts"},
            6487,
            "two_theta",
            "counts",
        ),
        (
            "stoe/pyScattData_AgKa/20230419_JKV_Background_DANOISE_Li+sep+ECDMC.001.xy",
            {"intensity_kind": "counts", "time_per_point": 300, "wavelength": 0.5594},
            6487,
            "two_theta",
            "counts",
        ),
        (
            "stoe/pyScattData_AgKa/AMPIX2_background_0-5min.xy",
            {"intensity_kind": "counts", "abscissa": "q", "wavelength": 0.5594},
            6487,
            "q",
            "counts",
        ),
        ("pdf/lab6_snbl/LaB6_0p4mm_011_av10_monitor.xye", {"wavelength": 0.270793}, 8455, "two_theta", "arbitrary"),
        ("pdf/lab6_snbl/0p4mm_capillary_018_av17_monitor.xye", {}, 8455, "two_theta", "arbitrary"),
        ("pdf/ni_pdfttp/Ni.chi", {"abscissa": "q"}, 1576, "q", "arbitrary"),
        ("pdf/ni_pdfttp/kapton.chi", {"abscissa": "q"}, 1573, "q", "arbitrary"),
        ("pdf/lab_mo/CeO2_635um_accum_0.xy", {"intensity_kind": "arbitrary"}, 5631, "two_theta", "arbitrary"),
        ("pdf/lab_mo/zro2_mo.xy", {"intensity_kind": "arbitrary"}, 5630, "two_theta", "arbitrary"),
    ],
)
def test_real_scans(real_data, name, settings, points, dim, kind):
    scan = read_scan(real_data / name, **settings)
    assert scan.sizes == {dim: points}
    assert scan.attrs["abscissa"] == dim and scan.attrs["intensity_kind"] == kind
    assert scan["intensity"].attrs["units"] == {"counts": "counts", "arbitrary": "arbitrary"}[kind]
    assert all({"units", "long_name"} <= set(v.attrs) for v in scan.variables.values())
    if kind == "counts":
        np.testing.assert_array_equal(scan["intensity_sd"], np.sqrt(np.maximum(scan["intensity"], 1)))
    # Without counts and without a third column there are no uncertainties to give.
    assert ("intensity_sd" in scan) == (name.endswith(("xye", "chi", "raw")) or kind == "counts")


def test_real_q_and_angle_scans_of_one_instrument_reach_the_same_q(real_data):
    folder = real_data / "stoe/pyScattData_AgKa"
    angle = read_scan(folder / "20231026_CBE_reg2_pm1.001.xy", intensity_kind="counts", wavelength=0.5594075)
    q = read_scan(folder / "AMPIX2_background_0-5min.xy", intensity_kind="counts", abscissa="q")
    from_angle = 4 * np.pi / 0.5594075 * np.sin(np.radians(angle["two_theta"].values) / 2)
    np.testing.assert_allclose(from_angle, q["q"].values, rtol=1e-4)


def test_real_frames_are_summed(real_data):
    folder = real_data / "stoe/pyScattData_AgKa"
    names = [folder / f"20231026_CBE_reg2_pm1.00{i}.xy" for i in (1, 2)]
    told = {"intensity_kind": "counts", "time_per_point": 300.0}
    total = read_scan(names, **told)
    parts = [read_scan(name, **told)["intensity"] for name in names]
    np.testing.assert_array_equal(total["intensity"], parts[0] + parts[1])
    np.testing.assert_allclose(total["intensity_sd"] ** 2, parts[0] + parts[1], rtol=1e-14)
    assert total.attrs["time_per_point"] == 600 and total.attrs["frames"] == 2


@pytest.mark.parametrize("name", ["20230126_JKV_LFPvsLitynd.raw", "20230126_JKV_LFPvsLitynd_2.raw"])
def test_real_serial_master_is_refused_as_one(real_data, name):
    with pytest.raises(InputError, match="master of a serial measurement"):
        read_scan(real_data / "stoe/pyScattData_AgKa" / name)


@pytest.mark.parametrize("name", ["pdf/lab_mo/CeO2_635um_accum_0.xy", "pdf/lab_mo/zro2_mo.xy"])
def test_real_fractions_are_not_guessed(real_data, name):
    with pytest.raises(InputError, match=r"line 1.*not whole numbers.*counts_per_second"):
        read_scan(real_data / name)
    with pytest.raises(InputError, match=r"told to be counts but"):
        read_scan(real_data / name, intensity_kind="counts")


def test_real_q_file_called_angles_is_refused_by_its_header(real_data):
    with pytest.raises(InputError, match="abscissa of the table contradicts the file's header"):
        read_scan(real_data / "pdf/ni_pdfttp/Ni.chi")


# 2. Raw files


def test_raw_scan(raw):
    scan = read_scan(raw(title="SIMULATED LaB6"))
    np.testing.assert_array_equal(scan["two_theta"], TWO_THETA)
    np.testing.assert_array_equal(scan["intensity"], COUNTS)
    assert scan.attrs["origin"] == "simulated" and scan.attrs["title"] == "SIMULATED LaB6"
    assert scan.attrs["wavelength"] == 0.5594075 and scan.attrs["time_per_point"] == 120
    assert scan.attrs["history"] == ""


def test_no_counts_still_have_an_error(raw):
    scan = read_scan(raw(replace(RANGE, counts=np.zeros(20))))
    assert np.all(scan["intensity_sd"] == 1)


def test_ranges_that_follow_on_one_another_are_joined(raw):
    parts = [
        replace(RANGE, counts=COUNTS[:200]),
        replace(RANGE, begin=TWO_THETA[200], counts=COUNTS[200:]),
    ]
    scan = read_scan(raw(parts))
    np.testing.assert_array_equal(scan["two_theta"], TWO_THETA)
    np.testing.assert_array_equal(scan["intensity"], COUNTS)
    assert read_scan(raw(parts), range_number=2).sizes["two_theta"] == 300


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({"begin": 2.0}, "from 2 to"),  # the same range again
        ({"begin": 9.0}, "from 2 to"),  # overlap
        ({"begin": 30.0}, "from 2 to"),  # gap
        ({"begin": 9.5, "time_per_point": 60.0}, "120 s, then 60 s"),
    ],
)
def test_ranges_that_do_not_fit_are_for_the_user_to_choose(raw, second, message):
    path = raw([RANGE, replace(RANGE, **second)])
    with pytest.raises(InputError, match=rf"ranges 1 and 2 cannot be joined.*{message}.*range_number"):
        read_scan(path)
    assert read_scan(path, range_number=1).attrs["time_per_point"] == 120
    with pytest.raises(InputError, match=r"no such range.*found 3.*1 to 2"):
        read_scan(path, range_number=3)


@pytest.mark.parametrize("bit", [4, 5, 6, 7, 8, 9])
def test_spoiling_history_is_told(raw, bit):
    with pytest.warns(CoherionWarning, match="treated before"):
        scan = read_scan(raw(replace(RANGE, history=1 << bit), history=1))
    assert scan.attrs["history"].startswith("psd-corrected, ")


def test_corrections_of_the_instrument_are_recorded_without_a_warning(raw):
    assert read_scan(raw(history=3)).attrs["history"] == "psd-corrected, calibrated"


def test_unfinished_scans_are_told(raw):
    with pytest.warns(CoherionWarning, match="provisional"):
        read_scan(raw(replace(RANGE, provisional=True)))
    with pytest.warns(CoherionWarning, match="cut short"):
        read_scan(raw(replace(RANGE, end=70.0)))


def test_header_only_file_names_its_frames(raw, tmp_path):
    path = raw([], name="series.raw")
    with pytest.raises(InputError, match="no frames"):
        read_scan(path)
    for i in (1, 2, 3):
        raw(replace(RANGE, counts=COUNTS + i), name=f"series.00{i}")
    with pytest.raises(InputError, match=r"3 frames beside it; list the frames"):
        read_scan(path)
    total = read_scan([tmp_path / f"series.00{i}" for i in (1, 2, 3)])
    np.testing.assert_array_equal(total["intensity"], 3 * COUNTS + 6)
    assert total.attrs["time_per_point"] == 360


def test_summed_counts_are_no_smaller_in_error_than_poisson_says(raw):
    empty = replace(RANGE, counts=np.zeros(20))
    total = read_scan([raw(empty, "a.001"), raw(empty, "a.002")])
    assert np.all(total["intensity_sd"] == 1)


def test_raw_is_known_by_its_bytes_not_by_its_name(raw):
    assert read_scan(raw(name="scan.xyd")).attrs["intensity_kind"] == "counts"


def test_negative_angles_are_left_out(raw):
    with pytest.warns(CoherionWarning, match=r"134 points at negative 2theta"):
        scan = read_scan(raw(replace(RANGE, begin=-2.0)))
    assert scan["two_theta"].values[0] == pytest.approx(0.01)


# 3. Text files: the table tells


def test_counts_per_second_have_the_errors_of_the_counts(text):
    path = text(y=COUNTS / 352, form="xyd_cps")
    scan = read_scan(path, intensity_kind="counts_per_second", time_per_point=352)
    assert scan["intensity"].attrs["units"] == "counts/s"
    np.testing.assert_allclose(scan["intensity_sd"] * 352, np.sqrt(COUNTS), rtol=1e-3)
    with pytest.raises(InputError, match="no errors without the time"):
        read_scan(path, intensity_kind="counts_per_second")


def test_q_in_reciprocal_nanometres_is_converted(text):
    scan = read_scan(text(), abscissa="q_nm", intensity_kind="counts")
    np.testing.assert_allclose(scan["q"], TWO_THETA / 10)
    assert scan["q"].attrs["units"] == "1/angstrom" and scan.attrs["abscissa"] == "q"


def test_whole_numbers_are_taken_as_counts_but_not_in_silence(text):
    with pytest.warns(CoherionWarning, match="taken as counts"):
        assert read_scan(text()).attrs["intensity_kind"] == "counts"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read_scan(text(), intensity_kind="counts")


def test_third_column_is_the_uncertainty(text):
    scan = read_scan(text(dy=COUNTS / 50, form="xye", name="a.xye"))
    assert scan.attrs["intensity_kind"] == "arbitrary"
    np.testing.assert_allclose(scan["intensity_sd"], COUNTS / 50)


def test_simulated_text_says_so(text):
    told = {"form": "dat", "header": "SIMULATED by a test", "name": "a.dat"}
    assert read_scan(text(**told), intensity_kind="counts").attrs["origin"] == "simulated"


# 4. Well formed but wrong: what contradicts what


def test_wavelengths_that_contradict_one_another(raw):
    with pytest.raises(InputError, match=r"0\.71 in the table and 0\.559407 in the file"):
        read_scan(raw(), wavelength=0.71)
    # Ka1 against the mean of Ka1 and Ka2
    with pytest.raises(InputError, match="contradicts the file"):
        read_scan(raw(), wavelength=0.5609)
    assert read_scan(raw(), wavelength=0.5594).attrs["wavelength"] == 0.5594


def test_wavelength_and_anode(raw):
    path = raw(wavelength=1.5406)
    with pytest.raises(InputError, match=r"wavelength contradicts the anode.*1\.5406.*Ag.*0\.55942"):
        read_scan(path)
    with pytest.warns(CoherionWarning, match="contradicts the anode"):
        read_scan(path, wavelength=1.5406)
    for code, element in enumerate(("Ag", "Mo", "Cu", "Co", "Fe", "Cr"), start=1):
        assert read_scan(raw(wavelength=KA1[element], anode=code)).attrs["instrument_anode"] == element
    assert read_scan(raw(wavelength=1.20793, anode=7)).attrs["wavelength"] == 1.20793


def test_stored_wavelengths_are_those_of_a_table_of_constants():
    import xraydb

    for element, length in KA1.items():
        assert length == pytest.approx(12398.42 / xraydb.xray_line(element, "Ka1").energy, rel=3e-4)


def test_time_that_contradicts_the_file(raw):
    with pytest.raises(InputError, match="100 s in the table and 120 s in the file"):
        read_scan(raw(), time_per_point=100)
    assert read_scan(raw(), time_per_point=120.0).attrs["time_per_point"] == 120


def test_counts_per_second_called_counts(text):
    path = text(y=COUNTS / 352, form="xyd_cps")
    with pytest.raises(InputError, match=r"line 1: intensities are told to be counts but are not whole numbers"):
        read_scan(path, intensity_kind="counts")
    with pytest.raises(InputError, match="intensity_kind counts_per_second"):
        read_scan(path)


def test_counts_called_counts_per_second(text):
    with pytest.warns(CoherionWarning, match="are they counts"):
        read_scan(text(), intensity_kind="counts_per_second", time_per_point=100)


def test_wrong_time_of_a_rate(text):
    path = text(y=COUNTS / 352, form="xyd_cps")
    with pytest.warns(CoherionWarning, match="is time_per_point right"):
        read_scan(path, intensity_kind="counts_per_second", time_per_point=300)


@pytest.mark.parametrize(
    ("x", "told", "message"),
    [
        (np.linspace(5, 250, 500), {}, "not 2theta in degrees"),
        (np.linspace(-1, 20, 500), {"abscissa": "q"}, "Q is negative"),
        (np.linspace(1, 130, 500), {"abscissa": "q", "wavelength": 0.5594}, r"cannot be reached.*q_nm"),
    ],
)
def test_abscissa_that_cannot_be(text, x, told, message):
    path = text(x=x, form="xye", name="a.xye")
    with pytest.raises(InputError, match=message):
        read_scan(path, intensity_kind="counts", **told)


@pytest.mark.parametrize(
    ("told", "message"),
    [
        ({"abscissa": "q"}, "abscissa of a raw file is 2theta"),
        ({"intensity_kind": "counts_per_second", "time_per_point": 120}, "raw file are counts"),
    ],
)
def test_table_that_contradicts_a_raw_file(raw, told, message):
    with pytest.raises(InputError, match=message):
        read_scan(raw(), **told)


def test_frames_that_do_not_fit(raw, text):
    first = raw(name="a.001")
    with pytest.raises(InputError, match=r"a\.002.*grid differs"):
        read_scan([first, raw(replace(RANGE, begin=2.5), "a.002")])
    with pytest.raises(InputError, match=r"a\.003.*grid differs"):
        read_scan([first, raw(replace(RANGE, counts=COUNTS[:-1]), "a.003")])
    with pytest.raises(InputError, match=r"a\.004.*wavelength differs"):
        read_scan([first, raw(name="a.004", wavelength=0.5638)])
    with pytest.raises(InputError, match="listed twice"):
        read_scan([first, first])
    rates = [text(y=COUNTS + 0.5, form="xye", name=name) for name in ("b.xye", "c.xye")]
    with pytest.raises(InputError, match="only counts can be summed"):
        read_scan(rates, intensity_kind="arbitrary")
    with pytest.raises(InputError, match="no files"):
        read_scan([])


def test_omega_scan_is_refused(raw):
    with pytest.raises(InputError, match="omega scan"):
        read_scan(raw(scan_type=2))


def test_range_of_a_text_file(text):
    with pytest.raises(InputError, match="range_number is given for a text file"):
        read_scan(text(), range_number=1)


def test_broken_and_missing_files(tmp_path):
    path = tmp_path / "a.xy"
    path.write_bytes(b"RAW1.01\0" + bytes(2000))
    with pytest.raises(InputError, match="byte 12: number of ranges makes no sense"):
        read_scan(path)
    with pytest.raises(InputError, match="missing"):
        read_scan(tmp_path / "absent.raw")
    with pytest.raises(InputError, match="not a file"):
        read_scan(tmp_path)
    with pytest.raises(InputError, match="missing"):
        read_scan("a\0b")


# 5. Settings


def test_settings_from_a_table():
    settings = settings_from(ScanSettings, {"wavelength": None, "time_per_point": 60})
    assert settings == ScanSettings(time_per_point=60)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"wavelenght": 0.5}, "unknown setting"),
        ({"abscissa": "s"}, "key abscissa"),
        ({"intensity_kind": "cps"}, "key intensity_kind"),
        ({"wavelength": "0.5"}, "key wavelength"),
        ({"wavelength": 55.9}, "key wavelength"),
        ({"wavelength": float("nan")}, "key wavelength"),
        ({"time_per_point": 0}, "key time_per_point"),
        ({"time_per_point": True}, "key time_per_point"),
        ({"range_number": 0}, "key range_number"),
        ({"range_number": 1.5}, "key range_number"),
    ],
)
def test_settings_that_cannot_be(given, message):
    with pytest.raises(InputError, match=message):
        settings_from(ScanSettings, given)


def test_intensities_below_zero_are_data_unless_they_were_counted(tmp_path, cases):
    path = tmp_path / "dark.xy"
    values = np.where(np.arange(200) % 7, 120.5, -3.25)
    path.write_text("".join(f"{2 + 0.1 * i:.2f} {y}\n" for i, y in enumerate(values)))
    with pytest.warns(CoherionWarning, match="29 of 200 intensities are below zero.*arbitrary"):
        found = read_scan(path)
    assert found.attrs["intensity_kind"] == "arbitrary" and "intensity_sd" not in found
    np.testing.assert_array_equal(found["intensity"], values)
    for kind in ("counts", "counts_per_second"):
        with pytest.raises(InputError, match="line 1: what was counted cannot be negative; found -3.25, 29 of 200"):
            read_scan(path, intensity_kind=kind, time_per_point=10.0)
    # Detectors of others, a dark image subtracted: one point beyond the range, and many.
    for name in ("negative_point/Pt_bulk-00055.chi", "negative_noise.xy"):
        assert (read_scan(cases / "scans" / name, intensity_kind="arbitrary")["intensity"] < 0).any()


# Frames of one scan


def _frame(shift=0.0, height=2e4, scale=1.0, seed=0):
    peaks = sum(np.exp(-0.5 * ((TWO_THETA - 3 - k - shift) / 0.08) ** 2) for k in range(6))
    return replace(RANGE, counts=np.random.default_rng(seed).poisson(scale * (500 + height * peaks)).astype(float))


@pytest.mark.parametrize("scale", [1e-3, 0.1, 1.0, 30.0])
def test_repetitions_are_added_without_a_word(raw, scale, recwarn):
    files = [raw(_frame(seed=k, scale=scale * (1 + k / 2)), f"f{k}.raw") for k in range(4)]
    assert read_scan(files).attrs["frames"] == 4 and not recwarn.list


def test_one_measurement_among_the_frames_under_another_title_or_format_is_refused(raw, text):
    own, other = _frame(), _frame(seed=1)
    with pytest.raises(InputError, match=r"b\.raw: the same measurement is given twice for one scan; found the counts"):
        read_scan([raw(own, "a.raw"), raw(other, "c.raw"), raw(own, "b.raw", title="second")])
    files = [text(y=own.counts[: TWO_THETA.size], name=f"{k}.xyd") for k in range(2)]
    with pytest.raises(InputError, match="given twice for one scan"):
        read_scan(files, intensity_kind="counts", wavelength=0.5594)


@pytest.mark.parametrize("other", [{"shift": 0.02}, {"height": 0.0}, {"height": 1e4}])
def test_a_frame_of_another_sample_is_told(raw, other):
    files = [raw(_frame(seed=k), f"f{k}.raw") for k in range(3)] + [raw(_frame(seed=9, **other), "odd.raw")]
    with pytest.warns(CoherionWarning, match=r"odd\.raw differs from the other frames"):
        read_scan(files)
