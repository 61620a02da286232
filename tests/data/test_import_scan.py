"""The command that imports a scan, as the workflow and a person call it."""

import json
import subprocess
import sys
from pathlib import Path

import import_scan
import numpy as np
import pytest

from coherion.data.netcdf import read_dataset
from coherion.data.scans.stoe import RawHeader, RawRange, write_raw
from coherion.errors import InputError

COUNTS = np.arange(400.0) + 20


def made(path: Path, title: str = "Na3InCl6", more: float = 0.0) -> Path:
    write_raw(path, RawRange(2.0, 0.015, COUNTS + more, 60.0), RawHeader(wavelength=0.5594075, anode=1, title=title))
    return path


def test_scan_becomes_netcdf_with_its_provenance(tmp_path):
    scan, output = made(tmp_path / "a.raw"), tmp_path / "made/a.nc"
    import_scan.main([str(scan), "--settings", '{"wavelength": 0.5594}', "--output", str(output)])
    found = read_dataset(output)
    np.testing.assert_array_equal(found["intensity"], COUNTS)
    assert found.attrs["wavelength"] == 0.5594 and found.attrs["time_per_point"] == 60
    assert found.attrs["history"] == "" and found.attrs["origin"] == "measured"
    assert list(json.loads(found.attrs["sources"])) == ["a.raw"]
    assert json.loads(found.attrs["settings"])["wavelength"] == 0.5594


def test_several_files_are_summed(tmp_path):
    frames = [str(made(tmp_path / f"a.00{i}", "SIMULATED", i)) for i in (1, 2)]
    import_scan.main([*frames, "--output", str(tmp_path / "a.nc")])
    found = read_dataset(tmp_path / "a.nc")
    np.testing.assert_array_equal(found["intensity"], 2 * COUNTS + 3)
    assert found.attrs["origin"] == "simulated"
    assert len(json.loads(found.attrs["sources"])) == 2


@pytest.mark.parametrize("settings", ['{"wavelength": 1.5406}', '{"lambda": 0.56}', '{"abscissa": "q"}', "[1]"])
def test_nothing_is_written_for_what_cannot_be(tmp_path, settings):
    scan = made(tmp_path / "a.raw")
    with pytest.raises(InputError):
        import_scan.main([str(scan), "--settings", settings, "--output", str(tmp_path / "out/a.nc")])
    assert not (tmp_path / "out").exists()


def test_a_user_sees_one_line(tmp_path):
    path = tmp_path / "bruker.raw"
    path.write_bytes(b"RAW1.01\0" + bytes(2000))
    script = Path(import_scan.__file__)
    done = subprocess.run(
        [sys.executable, script, path, "--output", tmp_path / "a.nc"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith(f"ERROR: {path}, byte 12: number of ranges makes no sense")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "a.nc").exists()


def test_real_scan_through_the_command(real_data, tmp_path):
    source = real_data / "stoe/chemotion/LA_P-37cd_DUT-52(Zr)_act_EtOH.raw"
    import_scan.main([str(source), "--output", str(tmp_path / "a.nc")])
    found = read_dataset(tmp_path / "a.nc")
    assert found["intensity"].values.sum() == 6154015 and found.sizes["two_theta"] == 2704
