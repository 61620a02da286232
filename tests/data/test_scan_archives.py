"""Rigaku .rasx and Bruker .brml: scans, attenuators, times, ranges; and archives that are meant to harm."""

from __future__ import annotations

import struct
import tracemalloc

import numpy as np
import pytest
from made_archives import COUNTS, FACTOR, X, brml, packed, profile, rasx, raw_data

from coherion import messages
from coherion.data.scans import archives
from coherion.data.scans.reader import read_scan
from coherion.errors import InputError
from coherion.inputs.contents import contents_of


def quietly(path, **told):
    with messages.collected() as said:
        scan = read_scan(path, **told)
    assert not said, said
    return scan


def test_rasx(tmp_path):
    scan = quietly(rasx(tmp_path / "a.rasx"))
    np.testing.assert_allclose(scan["two_theta"].values, X, atol=1e-9)
    np.testing.assert_array_equal(scan["intensity"].values, COUNTS)
    np.testing.assert_allclose(scan["intensity_sd"].values, np.sqrt(np.maximum(COUNTS, 1)))
    assert scan.attrs["wavelength"] == 0.7093 and scan.attrs["time_per_point"] == pytest.approx(6)
    assert scan.attrs["intensity_kind"] == "counts" and scan.attrs["title"] == "x50 β"
    assert scan.attrs["instrument_anode"] == "Mo"
    found = contents_of(tmp_path / "a.rasx")
    assert (found.kind, found.intensity_kind, found.wavelength, found.guesses) == ("scan", "counts", 0.7093, ())
    stepped = quietly(rasx(tmp_path / "b.rasx", speed="7", speed_unit="sec"))
    assert stepped.attrs["time_per_point"] == 7


def test_rasx_rates_and_attenuated_counts(tmp_path):
    rate = quietly(rasx(tmp_path / "a.rasx", profile(y=COUNTS / 6), unit="cps"))
    assert rate.attrs["intensity_kind"] == "counts_per_second"
    np.testing.assert_allclose(rate["intensity_sd"].values, np.sqrt(np.maximum(COUNTS, 1)) / 6, rtol=1e-6)
    raw = np.rint(COUNTS / FACTOR)
    scan = quietly(rasx(tmp_path / "b.rasx", profile(y=raw, factor=FACTOR)))
    np.testing.assert_allclose(scan["intensity"].values, raw * FACTOR)
    np.testing.assert_allclose(scan["intensity_sd"].values, np.sqrt(np.maximum(raw, 1)) * FACTOR)
    # What says counts and has fractions is asked back.
    with pytest.raises(InputError, match="not whole numbers"):
        read_scan(rasx(tmp_path / "c.rasx", profile(y=COUNTS + 0.31)))


@pytest.mark.parametrize("extra", [0, 1])
def test_brml(tmp_path, extra):
    scan = quietly(brml(tmp_path / "a.brml", raw_data(extra=extra)))
    np.testing.assert_allclose(scan["two_theta"].values, X, atol=1e-9)
    np.testing.assert_array_equal(scan["intensity"].values, COUNTS)
    np.testing.assert_allclose(scan["intensity_sd"].values, np.sqrt(np.maximum(COUNTS, 1)))
    assert scan.attrs["wavelength"] == 0.5594 and scan.attrs["time_per_point"] == 96
    assert scan.attrs["intensity_kind"] == "counts" and scan.attrs["instrument_anode"] == "Ag"
    found = contents_of(tmp_path / "a.brml")
    assert (found.kind, found.intensity_kind, found.wavelength) == ("scan", "counts", 0.5594)


def test_the_attenuator_of_brml_is_in_its_intensities_already(tmp_path):
    raw = np.rint(COUNTS / FACTOR)
    scan = quietly(brml(tmp_path / "a.brml", raw_data(y=raw * FACTOR, factor=FACTOR)))
    np.testing.assert_allclose(scan["intensity"].values, raw * FACTOR, rtol=1e-9)
    np.testing.assert_allclose(scan["intensity_sd"].values, np.sqrt(np.maximum(raw, 1)) * FACTOR, rtol=1e-9)


def test_counts_of_unequal_times_are_brought_to_one(tmp_path):
    time = np.where(X < 32, 10.0, 40.0)
    path = brml(tmp_path / "a.brml", raw_data(time=time))
    with messages.collected() as said:
        scan = read_scan(path)
    assert "counted for 10 to 40 s" in str(said[0])
    middle = scan.attrs["time_per_point"]
    np.testing.assert_allclose(scan["intensity"].values, COUNTS * middle / time)
    np.testing.assert_allclose(scan["intensity_sd"].values, np.sqrt(np.maximum(COUNTS, 1)) * middle / time)
    assert scan.attrs["intensity_kind"] == "arbitrary"


def test_the_measured_route_is_read(tmp_path):
    measured, other = raw_data(), raw_data(y=COUNTS + 7, flag="Processed")
    start, stop = other.index("<DataRoute "), other.index("</DataRoutes>")
    both = measured.replace("<DataRoutes>", "<DataRoutes>" + other[start:stop])
    np.testing.assert_array_equal(quietly(brml(tmp_path / "a.brml", both))["intensity"].values, COUNTS)


def halves(maker):
    text = profile if maker is rasx else raw_data
    return text(X[:600], COUNTS[:600]), text(X[600:], COUNTS[600:])


@pytest.mark.parametrize("maker", [rasx, brml])
def test_ranges(tmp_path, maker):
    low, high = halves(maker)
    path = maker(tmp_path / "a.zip", low, high)
    np.testing.assert_array_equal(quietly(path)["intensity"].values, COUNTS)
    np.testing.assert_array_equal(quietly(path, range_number=2)["two_theta"].values, X[600:])
    with pytest.raises(InputError, match="no such range; found 3; expected 1 to 2"):
        read_scan(path, range_number=3)
    with pytest.raises(InputError, match=r"ranges 1 and 2 cannot be joined.*range_number"):
        read_scan(maker(tmp_path / "b.zip", high, low))
    with pytest.raises(InputError, match="holds 65 scans: a map"):
        read_scan(maker(tmp_path / "c.zip", *[low] * 65))


def test_ranges_of_unequal_times_are_not_joined(tmp_path):
    scans = raw_data(X[:600], COUNTS[:600]), raw_data(X[600:], COUNTS[600:], time=40.0)
    with pytest.raises(InputError, match="96 s, then 40 s per point"):
        read_scan(brml(tmp_path / "a.brml", *scans))


NAN = np.where(X[40] == X, np.nan, COUNTS)
REFUSED = {
    "another axis": (rasx, {"axis": "Phi"}, (), "is no scan of 2theta; found Phi"),
    "no attenuator": (rasx, {}, (profile(factor=0.0),), "factor of the attenuator is none"),
    "wavelength of another anode": (rasx, {"target": "Cu"}, (), "contradicts the anode"),
    "a damaged line": (rasx, {}, (profile().replace("\t1\r\n", "\tone\r\n", 1),), "begins with a line that is no row"),
    "cut after a row": (rasx, {"count": 1300}, (), "another number of points than it says; found 1200; expected 1300"),
    "nan": (rasx, {}, (profile(y=NAN),), r"Data0/Profile0\.txt, line 41"),
    "angles that fall": (rasx, {}, (profile(x=X[::-1]),), "does not rise"),
    "no conditions that are XML": (rasx, {"axis": "<"}, (), "is no whole XML"),
    "a rocking curve": (brml, {}, (raw_data(axis="Omega"),), "is no scan of 2theta; found Omega, Theta"),
    "frames": (brml, {}, (raw_data(channels=1280),), "frames of a detector, no profile; found 1280"),
    "no data": (brml, {}, ("<RawData><DataRoute/></RawData>",), "no measured points"),
    "cut short": (brml, {}, (raw_data()[:9000],), "is no whole XML"),
    "a short row": (brml, {}, (raw_data().replace("<Datum>96,1,2.05,", "<Datum>96,", 1),), "rows have not the columns"),
    "a word": (brml, {}, (raw_data().replace("<Datum>96,1,2.05", "<Datum>96,1,two", 1),), "a word among its numbers"),
    "not a number": (brml, {}, (raw_data(y=NAN),), r"RawData0\.xml: holds numbers that are not finite"),
    "falls": (brml, {}, (raw_data(X[::-1]),), "angles do not rise"),
    "no factor": (brml, {}, (raw_data(factor=0.0),), "factor of the attenuator or time is none"),
    "endless time": (brml, {}, (raw_data(time=np.inf),), "factor of the attenuator or time is none"),
    "entities": (brml, {}, (raw_data().replace("<RawData ", "<!DOCTYPE a []><RawData ", 1),), "entities"),
    "column far out": (brml, {}, (raw_data().replace('Start="4"', 'Start="999999"'),), "rows have not the columns"),
    "column nowhere": (brml, {}, (raw_data().replace('Start="4"', 'Start="-4"'),), "a column stands nowhere"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_used_is_refused(tmp_path, name):
    maker, told, scans, message = REFUSED[name]
    path = maker(tmp_path / "a.zip", *scans, **told)
    with pytest.raises(InputError, match=message) as refusal:
        read_scan(path)
    assert refusal.value.file == str(path) and str(refusal.value).count("\n") == 0


# --- archives -----------------------------------------------------------------------------------------------------


def test_archives_of_no_scan_say_what_they_hold(tmp_path):
    for parts, message in (
        ({"Data0/Image0.bin": "x"}, "images of a detector, no profile"),
        ({"letter.txt": "Dear colleague"}, r"archive of no scan; found letter\.txt; expected Rigaku \.rasx"),
        ({}, "is a binary file|archive of no scan"),
    ):
        path = packed(tmp_path / "a.rasx", parts)
        with pytest.raises(InputError, match=message):
            read_scan(path)
        assert contents_of(path).kind == "other"


def test_a_member_that_inflates_too_far_is_refused_before_it_does(tmp_path):
    path = packed(tmp_path / "a.rasx", {"Data0/Profile0.txt": b"0" * 200_000_000})
    read_scan_refused = pytest.raises(InputError, match="a part of the archive inflates too far")
    tracemalloc.start()
    with read_scan_refused:
        read_scan(path)
    assert tracemalloc.get_traced_memory()[1] < 8e6
    # A directory that lies about the size: what is read is bounded all the same.
    data = bytearray(path.read_bytes())
    for mark, shift in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", data, data.index(mark) + shift, 1000)
    path.write_bytes(data)
    tracemalloc.reset_peak()
    with pytest.raises(InputError, match="inflates too far|cannot be opened"):
        read_scan(path)
    assert tracemalloc.get_traced_memory()[1] < 80e6
    tracemalloc.stop()


def test_an_archive_of_too_many_parts_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 5)
    path = packed(tmp_path / "a.rasx", {f"Data{n}/Profile{n}.txt": "" for n in range(6)})
    with pytest.raises(InputError, match="too many parts; found 6"):
        read_scan(path)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_an_archive_that_was_cut_is_refused(tmp_path, share):
    data = brml(tmp_path / "a.brml").read_bytes()
    path = tmp_path / "b.brml"
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError, match="archive that cannot be opened.*copy or export"):
        read_scan(path)


def test_a_password_and_a_path_that_leads_out_do_no_harm(tmp_path):
    data = bytearray(rasx(tmp_path / "a.rasx").read_bytes())
    struct.pack_into("<H", data, data.index(b"PK\x01\x02") + 8, 1)
    locked = tmp_path / "b.rasx"
    locked.write_bytes(data)
    place = data.index(b"Data0/Profile0.txt", data.index(b"PK\x01\x02")) - 46
    struct.pack_into("<H", data, place + 8, 1)
    locked.write_bytes(data)
    with pytest.raises(InputError, match="cannot be opened"):
        read_scan(locked)
    before = sorted(tmp_path.rglob("*"))
    out = packed(tmp_path / "c.rasx", {"../../Data0/Profile0.txt": profile()})
    with pytest.raises(InputError, match="archive of no scan"):
        read_scan(out)
    assert sorted(tmp_path.rglob("*")) == sorted([*before, out])
