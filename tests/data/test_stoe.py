"""WinXPOW raw files: real ones, made ones of every kind, and broken ones."""

import struct
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coherion.data.scans import stoe
from coherion.data.scans.stoe import RawHeader, RawRange, format_raw, parse_raw, read_raw, write_raw
from coherion.errors import InputError

HEADER = RawHeader(wavelength=0.5594075, anode=1, title="Na3InCl6 0.5 mm", d_star=0.306156)
RANGE = RawRange(begin=2.0, step=0.015, counts=np.arange(300) % 97 + 3, time_per_point=120.0)


# 1. Real files


@pytest.mark.parametrize(
    ("name", "points", "begin", "end", "seconds", "wavelength", "first", "last"),
    [
        ("aimat/stoe.raw", 5404, 10.0, 91.045, 352.0, 1.20793, 4213, 1285),
        ("chemotion/LA_P-37cd_DUT-52(Zr)_act_EtOH.raw", 2704, 5.0, 45.545, 500.0, 1.540598, 1800, 429),
    ],
)
def test_real_scan(real_data, name, points, begin, end, seconds, wavelength, first, last):
    raw = read_raw(real_data / "stoe" / name)
    (found,) = raw.ranges
    assert found.counts.size == points
    assert found.two_theta[[0, -1]].tolist() == [begin, end]
    assert found.end == end  # the planned end is reached
    assert found.time_per_point == seconds
    assert raw.header.wavelength == wavelength
    assert found.counts[[0, -1]].tolist() == [first, last]
    assert not found.provisional and raw.history_words() == ()


def test_real_scan_equals_its_text_export_to_the_last_bit(real_data):
    stem = real_data / "stoe/chemotion/LA_P-37cd_DUT-52(Zr)_act_EtOH"
    exported = np.loadtxt(f"{stem}.xyd")
    (found,) = read_raw(f"{stem}.raw").ranges
    np.testing.assert_array_equal(found.two_theta, exported[:, 0])
    np.testing.assert_array_equal(found.counts, exported[:, 1])


@pytest.mark.parametrize("name", ["20230126_JKV_LFPvsLitynd.raw", "20230126_JKV_LFPvsLitynd_2.raw"])
def test_real_serial_master_is_a_header_without_ranges(real_data, name):
    raw = read_raw(real_data / "stoe/pyScattData_AgKa" / name)
    assert raw.ranges == ()
    assert raw.header.anode_element == "Ag"
    assert raw.header.wavelength == pytest.approx(0.55941, abs=1e-5)
    assert raw.header.use == 6
    # d* of Ge(111): sqrt(3)/a with a = 5.6575 angstrom
    assert raw.header.d_star == pytest.approx(3**0.5 / 5.6575, rel=1e-4)


def test_real_title_is_cut_before_stale_text(real_data):
    raw = read_raw(real_data / "stoe/chemotion/LA_P-37cd_DUT-52(Zr)_act_EtOH.raw")
    assert raw.header.title == "LA_P-37cd_DUT-52(Zr)_act_EtOH"
    assert raw.header.user_text == ""


# 2. Made files: what is written is read


@st.composite
def raw_ranges(draw):
    short = draw(st.booleans())
    size = draw(st.integers(1, 300))
    top = 0x7FFF if short else 0x7FFFFFFF
    counts = draw(st.lists(st.integers(0, top), min_size=size, max_size=size))
    factor = draw(st.sampled_from([0.0, 1.0, 2.0, 10.0, 64.0]))
    return RawRange(
        begin=draw(st.integers(-20_000, 100_000)) / 1000,
        step=draw(st.integers(1, 200)) / 1000,
        counts=np.array(counts) / max(factor, 1.0),
        time_per_point=float(draw(st.integers(0, 100_000))),
        count_factor=factor,
        history=draw(st.integers(0, 0xFFFF)),
        provisional=draw(st.booleans()),
        short_integers=short,
        start_time="03-Aug-22 14:38",
    )


@given(
    ranges=st.lists(raw_ranges(), min_size=0, max_size=8),
    title=st.text(st.characters(codec="cp1252", categories=["L", "N", "P"]), max_size=79),
    copy=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_round_trip(ranges, title, copy):
    header = replace(HEADER, title=title, user_text="two words", history=3)
    raw = parse_raw(format_raw(ranges, header, provisional_copy=copy))
    assert raw.header.title == title
    assert raw.header.user_text == "two words"
    assert raw.header.wavelength == HEADER.wavelength
    assert raw.header.ranges_done == len(ranges) == len(raw.ranges)
    for told, found in zip(ranges, raw.ranges, strict=True):
        np.testing.assert_allclose(found.counts, told.counts, rtol=1e-15)
        np.testing.assert_allclose(found.two_theta, told.two_theta, atol=1e-12)
        for name in ("step", "time_per_point", "count_factor", "history", "provisional", "start_time"):
            assert getattr(found, name) == getattr(told, name), name


def test_written_layout_is_the_published_one():
    # Every offset here is from the table of the format, not from the code.
    data = format_raw([RANGE, replace(RANGE, begin=10.0, short_integers=True)], HEADER, provisional_copy=True)
    assert data[:14] == b"RAW_1.06Powdat"
    assert len(data) % 512 == 0
    assert struct.unpack_from("<hh", data, 376) == (2, 2)
    assert struct.unpack_from("<f", data, 322)[0] == np.float32(0.5594075)
    assert struct.unpack_from("<h", data, 476)[0] * 512 == len(data)
    # The provisional snapshot stands at byte 0x800, which is record 5; HeadRec points behind it.
    assert struct.unpack_from("<hH", data, 0x800 + 32) == (-1, 297)
    head_records = struct.unpack_from("<8h", data, 480)
    assert head_records[0] > 5 and head_records[2:] == (0,) * 6
    for record, form in zip(head_records[:2], (0, 1), strict=True):
        start = (record - 1) * 512
        assert struct.unpack_from("<hHhh", data, start + 32) == (0, 300, 0, form)
        assert struct.unpack_from("<ii", data, start + 120) == (3, 99)
    assert np.frombuffer(data, "<i4", 3, head_records[0] * 512).tolist() == [3, 4, 5]
    assert np.frombuffer(data, "<i2", 3, head_records[1] * 512).tolist() == [3, 4, 5]


def test_file_appears_whole_and_is_known_without_an_extension(tmp_path):
    write_raw(tmp_path / "run.001", RANGE, HEADER)
    assert [p.name for p in tmp_path.iterdir()] == ["run.001"]
    assert read_raw(tmp_path / "run.001").ranges[0].counts.size == 300


def test_older_versions_have_no_count_factor_before_1_05():
    data = bytearray(format_raw(replace(RANGE, count_factor=4.0), HEADER))
    record = struct.unpack_from("<h", data, 480)[0]
    stored = np.frombuffer(data, "<i4", 300, record * 512)
    for version, divisor in ((b"RAW_1.06", 4), (b"RAW_1.05", 4), (b"RAW_1.04", 1), (b"RAW_1.03", 1)):
        data[:8] = version
        np.testing.assert_array_equal(parse_raw(bytes(data)).ranges[0].counts, stored / divisor)


def test_history_is_read_from_the_file_and_from_the_range():
    raw = parse_raw(
        format_raw([replace(RANGE, history=1 << 7), replace(RANGE, history=1 << 5)], replace(HEADER, history=1))
    )
    assert raw.history_words(0) == ("psd-corrected", "ka2-stripped")
    assert raw.history_words(1) == ("psd-corrected", "smoothed")
    assert raw.history_words() == ("psd-corrected", "smoothed", "ka2-stripped")


@pytest.mark.parametrize(
    ("header", "simulated"),
    [
        ({"title": "LaB6 SIMULATED"}, True),
        ({"user_text": "SIMULATED, seed 4"}, True),
        ({"data_type": 2}, True),
        ({"title": "DISSIMULATED simulated"}, False),
    ],
)
def test_simulated_files_say_so(header, simulated):
    assert parse_raw(format_raw(RANGE, replace(HEADER, **header))).header.simulated is simulated


@pytest.mark.parametrize(
    "wrong",
    [
        replace(RANGE, counts=np.array([1.5, 2.0])),
        replace(RANGE, counts=np.array([-1.0, 2.0])),
        replace(RANGE, counts=np.array([40_000]), short_integers=True),
        replace(RANGE, counts=np.array([2.0**31])),
        replace(RANGE, counts=np.zeros(40_000)),
        replace(RANGE, counts=np.array([])),
    ],
)
def test_what_the_format_cannot_hold_is_not_written(tmp_path, wrong):
    with pytest.raises(ValueError):
        write_raw(tmp_path / "x.raw", wrong, HEADER)
    assert list(tmp_path.iterdir()) == []


# 3. Broken and foreign files


@pytest.mark.parametrize("start", [b"RAW1.01\0", b"RAW2", b"RAW ", b"RAW4.00"])
def test_bruker_is_none_of_stoe(tmp_path, start):
    path = tmp_path / "x.raw"
    path.write_bytes(start + bytes(3000))
    with pytest.raises(InputError, match="not a STOE raw file"):
        read_raw(path)


@pytest.mark.parametrize("start", [b"", b"R", b"RAW_", b"RAW_1.07", b"RAW_1.0x", b"HR-XRDML", b"\x89PNG\r\n"])
def test_foreign_files_are_refused(tmp_path, start):
    path = tmp_path / "x.raw"
    path.write_bytes(start + bytes(4096))
    with pytest.raises(InputError, match=r"byte 0.*not a STOE raw file"):
        read_raw(path)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(InputError, match="missing"):
        read_raw(tmp_path / "absent.raw")
    with pytest.raises(InputError, match="not a file"):
        read_raw(tmp_path)


def test_every_truncation_is_an_error_or_loses_only_the_padding():
    data = format_raw([RANGE, RANGE], HEADER)
    for size in range(0, len(data), 7):
        if size >= len(data) - 512:
            continue
        with pytest.raises(InputError):
            parse_raw(data[:size], "cut.raw")


def changed(offset: int, form: str, *values, in_range: bool = False) -> bytes:
    data = bytearray(format_raw(RANGE, HEADER))
    base = (struct.unpack_from("<h", data, 480)[0] - 1) * 512 if in_range else 0
    struct.pack_into(form, data, base + offset, *values)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed(378, "<h", 9), "number of measured ranges"),
        (changed(378, "<h", -1), "number of measured ranges"),
        (changed(378, "<h", 2), "range 2.*record of the range header"),
        (changed(480, "<h", 1), "record of the range header"),
        (changed(480, "<H", 60_000), "truncated before the range header"),
        (changed(322, "<f", float("nan")), "Ka1 of the header"),
        (changed(32, "<h", 5, in_range=True), "status"),
        (changed(34, "<H", 0, in_range=True), "no points"),
        (changed(34, "<H", 5000, in_range=True), "truncated within the counts"),
        (changed(34, "<H", 60_000, in_range=True), "2theta of the range"),
        (changed(34, "<H", 50, in_range=True), "minimum and maximum"),
        (changed(38, "<h", 2, in_range=True), "format of the counts"),
        (changed(40, "<f", float("inf"), in_range=True), "count factor"),
        (changed(44, "<f", float("nan"), in_range=True), "2theta of the range"),
        (changed(44, "<f", 1e9, in_range=True), "2theta of the range"),
        (changed(60, "<f", 0.0, in_range=True), "step is not positive"),
        (changed(60, "<f", -0.01, in_range=True), "step is not positive"),
        (changed(68, "<f", -1.0, in_range=True), "time per point"),
        (changed(124, "<i", 98, in_range=True), "minimum and maximum"),
        (changed(512 + 40, "<i", 4000, in_range=True), "minimum and maximum"),
        (changed(512, "<i", -5, in_range=True), "minimum and maximum"),
    ],
)
def test_lying_fields_are_found(data, message):
    with pytest.raises(InputError, match=rf"made.raw.*({message})"):
        parse_raw(data, "made.raw")


def test_negative_counts_are_refused_with_their_place():
    data = bytearray(changed(512 + 8, "<i", -5, in_range=True))
    record = struct.unpack_from("<h", data, 480)[0]
    struct.pack_into("<i", data, (record - 1) * 512 + 120, -5)
    with pytest.raises(InputError, match=rf"byte {record * 512 + 8}.*negative counts"):
        parse_raw(bytes(data))


def test_provisional_range_needs_no_limits_but_says_so():
    data = changed(32, "<h", -1, in_range=True)
    assert parse_raw(data).ranges[0].provisional


def test_overlapping_ranges_are_refused():
    data = bytearray(format_raw([RANGE, RANGE], HEADER))
    first = struct.unpack_from("<h", data, 480)[0]
    struct.pack_into("<h", data, 482, first)
    with pytest.raises(InputError, match="overlaps"):
        parse_raw(bytes(data))


@given(
    edits=st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 255)), max_size=12),
    cut=st.integers(0, 8000),
)
@settings(max_examples=300, deadline=None)
def test_any_damage_gives_a_scan_that_holds_or_an_error(edits, cut):
    data = bytearray(format_raw([RANGE, replace(RANGE, short_integers=True)], HEADER, provisional_copy=True))
    for place, value in edits:
        data[place] = value
    try:
        raw = parse_raw(bytes(data[: len(data) - cut]), "made.raw")
    except InputError as problem:
        assert "made.raw" in str(problem) and "\n" not in str(problem)
        return
    for r in raw.ranges:
        assert r.counts.size == r.two_theta.size > 0
        assert np.all(np.isfinite(r.counts)) and np.all(r.counts >= 0)
        assert np.all(np.diff(r.two_theta) > 0)


def test_magic_decides_between_raw_and_text():
    assert stoe.is_raw(b"RAW_1.06") and stoe.is_raw(b"RAW_9")
    assert not stoe.is_raw(b"RAWDATA ") and not stoe.is_raw(b"RAW1.01") and not stoe.is_raw(b"5.000 18")
