"""The command: netCDF in, netCDF and text files out, or one line and nothing written."""

from __future__ import annotations

import json

import numpy as np
import pytest
import reduce_scan
from scan_maker import angles, glass, made_pattern, scan_of

from coherion.data.netcdf import read_dataset, write_dataset
from coherion.data.pdf_text import read_pdf_text
from coherion.errors import InputError


@pytest.fixture
def scans(tmp_path):
    two_theta = angles(step=0.03)
    paths = tmp_path / "sample.nc", tmp_path / "empty.nc"
    write_dataset(scan_of(made_pattern(two_theta) + glass(two_theta), two_theta), paths[0], "import_scan")
    write_dataset(scan_of(glass(two_theta), two_theta), paths[1], "import_scan")
    return paths


def test_files_say_the_same(scans, tmp_path):
    output = tmp_path / "out" / "x.nc"
    settings = {"composition": "Na2.5In0.5Zr0.5Cl6", "qmax": 13.0, "rmax": 20.0}
    arguments = [str(scans[0]), "--background", str(scans[1]), "--settings", json.dumps(settings)]
    reduce_scan.main([*arguments, "--output", str(output)])
    made = read_dataset(output)
    assert json.loads(made.attrs["settings"])["qmax"] == 13.0
    assert set(json.loads(made.attrs["sources"])) == {"sample.nc", "empty.nc"}
    for kind, name in (
        ("gr", "pdf"),
        ("fq", "reduced_structure_factor"),
        ("sq", "structure_factor"),
        ("iq", "intensity_net"),
    ):
        text = read_pdf_text(output.with_suffix(f".{kind}"))
        assert text.kind == kind
        # PDFgui reads uncertainties only where all are positive: the row at r = 0 is left out.
        start = len(made[name]) - len(text.x)
        assert start == (1 if kind == "gr" else 0)
        np.testing.assert_allclose(text.y, made[name].values[start:], rtol=1e-8, atol=1e-12)
        assert (text.dy > 0).all()
        np.testing.assert_allclose(text.dy, made[f"{name}_sd"].values[start:], rtol=1e-5)
        assert text.number("qmax") == 13.0
        assert text.header["composition"] == "Na2.5In0.5Zr0.5Cl6"
        assert text.header["mode"] == "xray"


def test_bad_input_leaves_nothing(scans, tmp_path):
    output = tmp_path / "x.nc"
    settings = json.dumps({"composition": "Ni", "qmax": 40})
    with pytest.raises(InputError, match="qmax lies beyond the data"):
        reduce_scan.main([str(scans[0]), "--settings", settings, "--output", str(output)])
    assert not list(tmp_path.glob("x.*"))
