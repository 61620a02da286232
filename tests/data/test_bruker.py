"""Bruker's raw files of versions 1 to 4: made ones of every kind, and broken ones."""

from __future__ import annotations

import struct

import made_bruker as made
import numpy as np
import pytest

from coherion import messages
from coherion.data.scans.reader import read_scan
from coherion.errors import CoherionWarning, InputError
from coherion.inputs.contents import contents_of

X = np.round(10 + 0.02 * np.arange(3000), 4)
MODEL = 200 + 4000 * np.exp(-0.5 * ((X - 26) / 0.1) ** 2)
COUNTS = np.random.default_rng(5).poisson(MODEL).astype(float)
WHOLE = (10.0, 0.02, COUNTS)
LOW, HIGH = (10.0, 0.02, COUNTS[:1400]), (38.0, 0.02, COUNTS[1400:])
WRITERS = {1: made.version_1, 2: made.version_2, 3: made.version_3, 4: made.version_4}


def stored(tmp_path, data, name="a.raw"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("version", WRITERS)
def test_each_version(tmp_path, version):
    path = stored(tmp_path, WRITERS[version](WHOLE), "a.001")
    with messages.collected() as said:
        scan = read_scan(path)
    assert not said
    np.testing.assert_allclose(scan["two_theta"].values, X, rtol=0, atol=1e-9)
    np.testing.assert_array_equal(scan["intensity"].values, COUNTS)
    np.testing.assert_array_equal(scan["intensity_sd"].values, np.sqrt(np.maximum(COUNTS, 1)))
    assert scan.attrs["wavelength"] == 1.5406 and scan.attrs["intensity_kind"] == "counts"
    assert scan.attrs.get("time_per_point") == (None if version == 4 else 2.5)
    assert scan.attrs.get("instrument_anode") == (None if version == 1 else "Cu")
    assert scan.attrs["title"] == ("" if version == 2 else "pellet 7")
    found = contents_of(path)
    assert (found.kind, found.intensity_kind, found.wavelength, found.guesses) == ("scan", "counts", 1.5406, ())


@pytest.mark.parametrize("version", WRITERS)
def test_ranges(tmp_path, version):
    write = WRITERS[version]
    path = stored(tmp_path, write(LOW, HIGH))
    np.testing.assert_array_equal(read_scan(path)["intensity"].values, COUNTS)
    second = read_scan(path, range_number=2)
    np.testing.assert_allclose(second["two_theta"].values, X[1400:], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(second["intensity"].values, COUNTS[1400:])
    with pytest.raises(InputError, match="no such range; found 3; expected 1 to 2"):
        read_scan(path, range_number=3)
    with pytest.raises(InputError, match="ranges 1 and 2 cannot be joined"):
        read_scan(stored(tmp_path, write(HIGH, LOW)))


@pytest.mark.parametrize("code", [0, 1, 2, 20, 130])
def test_whatever_steps_2theta_is_read(tmp_path, code):
    path = stored(tmp_path, made.version_3(WHOLE, code=code))
    np.testing.assert_array_equal(read_scan(path)["intensity"].values, COUNTS)


def test_early_files_of_version_1_say_once_what_they_are(tmp_path):
    path = stored(tmp_path, made.version_1(LOW, HIGH, repeated=False))
    np.testing.assert_array_equal(read_scan(path)["intensity"].values, COUNTS)


@pytest.mark.parametrize("size", [4, 8, 12])
def test_points_of_version_4_hold_more_than_the_intensity(tmp_path, size):
    path = stored(tmp_path, made.version_4(LOW, HIGH, size=size))
    np.testing.assert_array_equal(read_scan(path)["intensity"].values, COUNTS)


@pytest.mark.parametrize(("varied", "extra"), [(0, 40), (0b100, 0), (0b1011, 96)])
def test_points_and_headers_of_version_3_hold_more_than_the_intensity(tmp_path, varied, extra):
    path = stored(tmp_path, made.version_3(LOW, HIGH, varied=varied, extra=extra) + bytes(300))
    np.testing.assert_array_equal(read_scan(path)["intensity"].values, COUNTS)


@pytest.mark.parametrize("version", WRITERS)
def test_what_are_no_counts_is_asked_back(tmp_path, version):
    path = stored(tmp_path, WRITERS[version]((10.0, 0.02, COUNTS / 2.5)))
    with pytest.raises(InputError, match="not whole numbers, and what they are is not told"):
        read_scan(path)
    rate = read_scan(path, intensity_kind="counts_per_second", time_per_point=2.5)
    np.testing.assert_allclose(rate["intensity_sd"].values, np.sqrt(np.maximum(COUNTS, 1)) / 2.5, rtol=1e-5)
    path = stored(tmp_path, WRITERS[version]((10.0, 0.02, COUNTS - 300)))
    with pytest.warns(CoherionWarning, match="something was subtracted"):
        assert read_scan(path).attrs["intensity_kind"] == "arbitrary"


def changed(data, place, form, *values):
    broken = bytearray(data)
    struct.pack_into(form, broken, place, *values)
    return bytes(broken)


V1, V2, V3, V4 = (write(WHOLE) for write in WRITERS.values())
AT = V4.index(b"Locked") - 32
NAN = np.where(X[40] == X, np.nan, COUNTS)
REFUSED = {
    "1: points": (changed(V1, 4, "<I", 0xFFFFFF), "byte 4: number of points makes no sense"),
    "1: endless": (changed(V1, 152, "<I", 1), "was cut short"),
    "1: no angle": (changed(V1, 24, "<f", -1e6), "range without 2theta"),
    "1: wavelength": (changed(V1, 72, "<f", 1e9), "wavelength makes no sense"),
    "2: ranges": (changed(V2, 4, "<H", 2), "was cut short"),
    "2: no range": (changed(V2, 4, "<H", 0), "number of ranges makes no sense"),
    "2: header": (changed(V2, 256, "<H", 12), "header of the range is too short"),
    "3: ranges": (changed(V3, 12, "<I", 4_000_000_000), "number of ranges makes no sense"),
    "3: one range too few": (changed(made.version_3(LOW, HIGH), 12, "<I", 1), "goes on behind its last range"),
    "3: one range too many": (changed(V3, 12, "<I", 2), "was cut short"),
    "3: header": (changed(V3, 712, "<I", 9_999_999), "header of the range makes no sense"),
    "3: points": (changed(V3, 716, "<I", 2_000_000_000), "number of points makes no sense"),
    "3: more points than there are": (changed(V3, 716, "<I", 3001), "cut short within its points"),
    "3: rocking curve": (made.version_3(WHOLE, code=3), "is no scan of 2theta; found a rocking curve"),
    "3: detector at rest": (made.version_3(WHOLE, code=129), "found a detector that stands still"),
    "3: bytes of a point": (made.version_3(WHOLE, size=12), "bytes of a point contradict its content; found 12"),
    "3: step": (changed(V3, 712 + 176, "<d", 0.0), "begin or step makes no sense"),
    "3: step is none": (changed(V3, 712 + 176, "<d", float("nan")), "begin or step makes no sense"),
    "3: begin": (changed(V3, 712 + 16, "<d", float("inf")), "begin or step makes no sense"),
    "3: far": (changed(V3, 712 + 16, "<d", 150.0), "angles do not rise within -180 to 180"),
    "3: wavelength": (changed(V3, 624, "<d", float("nan")), "byte 624: wavelength makes no sense"),
    "3: anode": (made.version_3(WHOLE, anode=b"Mo"), "wavelength contradicts the anode"),
    "3: nan": (made.version_3((10.0, 0.02, NAN)), "numbers that are not finite"),
    "4: segment": (changed(V4, 65, "<I", 0), "segment that makes no sense"),
    "4: segment far out": (changed(V4, 65, "<I", 0xFFFFFFFF), "segment that makes no sense"),
    "4: drives": (changed(V4, AT + 140, "<I", 100), "segment that makes no sense"),
    "4: bytes of a point": (changed(V4, AT + 136, "<I", 0), "bytes of a point make no sense"),
    "4: points": (changed(V4, AT + 88, "<I", 0xFFFFFFFF), "number of points makes no sense"),
    "4: chi": (made.version_4(WHOLE, what=b"Chi Scan"), "is no scan of 2theta, by its name; found Chi Scan"),
    "4: no range": (V4[:AT], "holds no scan"),
    "4: nan": (made.version_4((10.0, 0.02, NAN)), "numbers that are not finite"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_broken_files_are_refused_with_the_place(tmp_path, name):
    data, message = REFUSED[name]
    path = stored(tmp_path, data)
    with pytest.raises(InputError, match=message) as refusal:
        read_scan(path)
    assert refusal.value.file == str(path) and "\n" not in str(refusal.value)


@pytest.mark.parametrize("data", [V1, V2, V3, V4])
@pytest.mark.parametrize("share", [0.001, 0.02, 0.5, 0.9999])
def test_files_that_were_cut_are_refused(tmp_path, data, share):
    with pytest.raises(InputError, match="cut short|holds no scan|makes no sense"):
        read_scan(stored(tmp_path, data[: max(8, int(share * len(data)))]))


def test_text_that_begins_with_the_word_is_text(tmp_path):
    rows = "".join(f"{a:.4f} {b:.0f}\n" for a, b in zip(X, COUNTS, strict=True))
    path = stored(tmp_path, b"RAW data of pellet 7\n" + rows.encode())
    scan = read_scan(path, intensity_kind="counts")
    np.testing.assert_array_equal(scan["intensity"].values, COUNTS)
