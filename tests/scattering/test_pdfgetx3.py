"""The reduction without corrections is PDFgetX3's: its own output files, settings taken from their headers."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import xarray

from coherion.errors import CoherionWarning
from coherion.scattering.reduction import reduce_scan
from coherion.settings.stages.reduction import ReductionSettings

# Relative L2 residual. The files have six digits; what is left over is their rounding.
TOLERANCE = 1e-5


def _header_and_data(path):
    header, rows = {}, []
    for line in path.read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not rows:
            header[key.strip()] = value.strip()
            continue
        if not line.strip():
            continue
        try:
            rows.append([float(part) for part in line.split()])
        except ValueError:
            rows.clear()
    return header, np.array(rows)


def _scan(path, abscissa, wavelength=None):
    _, data = _header_and_data(path)
    unit = "degree" if abscissa == "two_theta" else "1/angstrom"
    attrs = {"origin": "measured", "intensity_kind": "arbitrary"}
    if wavelength:
        attrs["wavelength"] = wavelength
    return xarray.Dataset(
        {
            "intensity": (abscissa, data[:, 1], {"units": "arbitrary"}),
            "intensity_sd": (abscissa, data[:, 2], {"units": "arbitrary"}),
        },
        coords={abscissa: (abscissa, data[:, 0], {"units": unit})},
        attrs=attrs,
    )


def _settings(header, **more):
    scale = header.get("bgscales", header.get("bgscale"))
    numbers = ("rpoly", "qmaxinst", "qmin", "qmax", "rmin", "rmax", "rstep")
    return ReductionSettings(
        composition=header["composition"],
        background_scale=float(scale),
        **{key: float(header[key]) for key in numbers},
        **more,
    )


def _residual(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def _assert_equal_to_file(reduction, path, variable):
    _, data = _header_and_data(path)
    x = reduction[reduction[variable].dims[0]].values
    assert len(x) == len(data)
    # Abscissae are written with six digits too.
    np.testing.assert_allclose(x, data[:, 0], rtol=6e-6, atol=1e-9)
    assert _residual(reduction[variable].values, data[:, 1]) < TOLERANCE


@pytest.mark.parametrize("version", ["2.2.1", "2.1.1"])
def test_lab6_capillary(real_data, version):
    folder = real_data / "pdf" / "lab6_snbl"
    name = "LaB6_0p4mm_011_av10_monitor"
    made = folder if version == "2.2.1" else folder / "v2.1.1"
    header, _ = _header_and_data(made / f"{name}.gr")
    assert header["version"] == f"diffpy.pdfgetx-{version}"
    wavelength = float(header["wavelength"])
    reduction = reduce_scan(
        _scan(folder / f"{name}.xye", "two_theta", wavelength),
        _scan(folder / "0p4mm_capillary_018_av17_monitor.xye", "two_theta", wavelength),
        _settings(header),
    )
    _assert_equal_to_file(reduction, made / f"{name}.gr", "pdf")
    _assert_equal_to_file(reduction, made / f"{name}.sq", "structure_factor")
    _assert_equal_to_file(reduction, made / f"{name}.fq", "reduced_structure_factor")
    if version == "2.2.1":
        _assert_equal_to_file(reduction, folder / f"{name}.iq", "intensity_net")


@pytest.mark.parametrize("name", ["Ni", "Ni-hires", "Ni-lownoise"])
def test_nickel(real_data, name):
    folder = real_data / "pdf" / "ni_pdfttp"
    header, _ = _header_and_data(folder / f"{name}.gr")
    scans = _scan(folder / "Ni.chi", "q"), _scan(folder / "kapton.chi", "q")
    # With the whole background the mask of the sample (zeros at low Q) lies below it, and so it is said.
    said = pytest.warns(CoherionWarning, match="brighter than the sample") if name == "Ni" else nullcontext()
    with said:
        reduction = reduce_scan(*scans, _settings(header))
    _assert_equal_to_file(reduction, folder / f"{name}.gr", "pdf")
