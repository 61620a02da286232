"""Files between the rules: whole or absent, with units, sources and origin."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
import xarray

from coherion.data import netcdf
from coherion.errors import InputError


def dataset(**attrs):
    pdf = ("r", np.linspace(0, 1, 5), {"units": "1/angstrom^2", "long_name": "reduced pair distribution function"})
    r = ("r", np.arange(5.0), {"units": "angstrom", "long_name": "distance"})
    return xarray.Dataset({"pdf": pdf}, coords={"r": r}, attrs={"origin": "measured"} | attrs)


def test_what_a_killed_process_left_of_a_file_goes_when_the_file_is_written_again(tmp_path):
    for name in (".x.abcd1234.txt", ".x.y.abcd1234.txt", ".x.abcd1234.nc", ".x.backup.txt"):
        (tmp_path / name).write_text("half")
    netcdf.write_text(tmp_path / "x.txt", "whole")
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"x.txt", ".x.y.abcd1234.txt", ".x.abcd1234.nc", ".x.backup.txt"}


def test_what_is_written_reads_back_with_its_sources_and_settings(tmp_path):
    source = tmp_path / "raw.xy"
    source.write_bytes(b"1 2\n")
    netcdf.write_dataset(dataset(), tmp_path / "deep" / "a.nc", sources=[source], settings={"qmax": 13.0})
    found = netcdf.read_dataset(tmp_path / "deep" / "a.nc")
    xarray.testing.assert_equal(found, dataset())
    assert found["pdf"].attrs["units"] == "1/angstrom^2"
    assert json.loads(found.attrs["sources"]) == {"raw.xy": hashlib.sha256(b"1 2\n").hexdigest()}
    assert json.loads(found.attrs["settings"]) == {"qmax": 13.0}
    assert {"coherion", "numpy", "scipy"} <= set(json.loads(found.attrs["versions"]))


def test_a_variable_without_a_unit_is_a_mistake_of_ours(tmp_path):
    bare = dataset()
    del bare["pdf"].attrs["units"]
    with pytest.raises(ValueError, match="'pdf' has no units"):
        netcdf.write_dataset(bare, tmp_path / "a.nc")
    with pytest.raises(ValueError, match="origin"):
        netcdf.write_dataset(dataset(origin="guessed"), tmp_path / "a.nc")
    assert list(tmp_path.iterdir()) == []


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
