"""Files between the rules: whole or absent, with units, sources and origin."""

from __future__ import annotations

import hashlib
import json
import sys

import numpy as np
import pytest
import xarray

from coherion.data import netcdf, stated
from coherion.data.contract.diffraction import SCAN
from coherion.errors import InputError


def dataset(**attrs):
    told = {"origin": "measured", "abscissa": "two_theta", "intensity_kind": "counts"} | attrs
    return SCAN.dataset(
        {"two_theta": np.arange(5.0), "intensity": np.linspace(0, 1, 5)},
        told,
        abscissa="two_theta",
        intensity="counts",
    )


def test_what_a_killed_process_left_of_a_file_goes_when_the_file_is_written_again(tmp_path):
    for name in (".x.abcd1234.txt", ".x.y.abcd1234.txt", ".x.abcd1234.nc", ".x.backup.txt"):
        (tmp_path / name).write_text("half")
    netcdf.write_text(tmp_path / "x.txt", "whole")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"x.txt", ".x.y.abcd1234.txt", ".x.abcd1234.nc", ".x.backup.txt"}


def test_what_is_written_reads_back_with_its_sources_and_settings(tmp_path):
    source = tmp_path / "raw.xy"
    source.write_bytes(b"1 2\n")
    netcdf.write_dataset(
        dataset(), tmp_path / "deep" / "a.nc", "import_scan", sources=[source], settings={"qmax": 13.0}
    )
    found = netcdf.read_dataset(tmp_path / "deep" / "a.nc")
    xarray.testing.assert_equal(found, dataset())
    assert found["intensity"].attrs == {"units": "counts", "long_name": "scattered intensity"}
    assert json.loads(found.attrs["sources"]) == {"raw.xy": hashlib.sha256(b"1 2\n").hexdigest()}
    assert json.loads(found.attrs["settings"]) == {"qmax": 13.0}


def test_libraries_that_took_no_part_are_not_named(tmp_path, monkeypatch):
    named = {}
    monkeypatch.setitem(sys.modules, "impedance", sys)  # imported for something else
    monkeypatch.delitem(sys.modules, "gemmi", raising=False)  # by whatever test ran before
    for imported in (True, False):
        monkeypatch.setitem(sys.modules, "scipy", sys) if imported else monkeypatch.delitem(sys.modules, "scipy")
        netcdf.write_dataset(dataset(), tmp_path / "a.nc", "import_scan")
        named[imported] = set(json.loads(stated.attributes(tmp_path / "a.nc")["versions"]))
    assert named[False] == {"coherion", "numpy", "xarray", "netCDF4"}
    assert named[True] == named[False] | {"scipy"}


def without_its_unit(made):
    del made["intensity"].attrs["units"]
    return made


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_its_unit, "unit None; import_scan declares .*unit counts"),
        (lambda d: d.assign(intensity=d["intensity"].rename(two_theta="q")), "dimensions"),
        (lambda d: d.assign(smooth=d["intensity"]), "declares no smooth"),
        (lambda d: d.assign_attrs(colour="red"), "declares no attribute colour"),
        (lambda d: d.drop_vars("intensity"), "lacks"),
        (lambda d: d.drop_vars("two_theta"), "two_theta, which the dataset lacks"),
        (lambda d: d.assign_attrs(origin="guessed"), "origin"),
    ],
)
def test_what_the_contract_does_not_say_is_not_written(change, said, tmp_path):
    with pytest.raises(ValueError, match=said):
        netcdf.write_dataset(change(dataset()), tmp_path / "a.nc", "import_scan")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.drop_vars("intensity"), "also intensity"),
        (lambda d: d.drop_vars("two_theta"), "also two_theta"),
        (lambda d: d.drop_attrs(deep=False), "also abscissa"),
        (without_its_unit, "a.nc, variable intensity: is not what import_scan writes"),
        (lambda d: d.isel(two_theta=0), "variable two_theta"),
        (lambda d: d.assign(intensity=d["intensity"].assign_attrs(units="ohm")), "found .*ohm.*expected .*counts"),
    ],
)
def test_a_file_that_breaks_its_contract_is_refused_by_name_and_place(change, said, tmp_path):
    change(dataset()).to_netcdf(tmp_path / "a.nc")
    with pytest.raises(InputError, match=said) as raised:
        netcdf.read_dataset(tmp_path / "a.nc", "import_scan")
    assert raised.value.advice
    netcdf.read_dataset(tmp_path / "a.nc")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    netcdf.write_text(target, "whole\n")

    def broken(temporary):
        temporary.write_text("hal")
        raise OSError("No space left on device")

    with pytest.raises(OSError, match="No space"):
        netcdf.write_whole(target, broken)
    assert target.read_text() == "whole\n"
    assert list(tmp_path.iterdir()) == [target]


def test_the_simulated_stays_simulated():
    assert netcdf.origin_of(dataset(), dataset()) == "measured"
    assert netcdf.origin_of(dataset(), dataset(origin="simulated")) == "simulated"


@pytest.mark.parametrize("content", [None, b"", b"not netcdf at all", b"\x89HDF\r\n\x1a\n" + bytes(100)])
def test_a_file_that_is_not_netcdf_is_refused_by_name(tmp_path, content):
    path = tmp_path / "a.nc"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match="a.nc"):
        netcdf.read_dataset(path)
