"""What the complex plane of a spectrum shows: the whole of its arcs."""

from __future__ import annotations

import numpy as np
import pytest
import xarray

from coherion.figures.impedance import nyquist
from coherion.figures.plate import Plate


def spectrum(bulk, boundary):
    """Two arcs and a blocking electrode, with the sums of resistances in the order bulk, grain boundary, total."""
    f = np.geomspace(1e7, 1e-2, 70)
    s = 2j * np.pi * f
    z = sum(r / (1 + r * c * s) for r, c in ((bulk, 1e-11), (boundary, 1e-9))) + 1 / (1e-6 * s**0.85)
    parts = {"impedance_real": z.real, "impedance_imaginary": z.imag, "fitted_real": z.real, "fitted_imaginary": z.imag}
    rows = {name: (("spectrum", "point"), values[None]) for name, values in (parts | {"frequency": f}).items()}
    resistance = np.array([[bulk, boundary, bulk + boundary]])
    kept = np.ones((1, f.size), bool)
    return xarray.Dataset(
        rows | {"kept": (("spectrum", "point"), kept), "resistance": (("spectrum", "resistance_name"), resistance)}
    )


@pytest.mark.parametrize(("bulk", "boundary"), [(1e3, 1e5), (1e5, 1e3), (2e4, 2e4)])
def test_all_arcs_are_in_the_picture_and_the_electrode_does_not_press_them(bulk, boundary):
    plate = Plate(width=3.3, height=2.5)
    (panel,) = plate.panels
    nyquist(plate, panel, spectrum(bulk, boundary), 0)
    unit = {"kΩ": 1e3, "MΩ": 1e6, "Ω": 1.0}[panel.get_xlabel().split("/ ")[1]]
    total = (bulk + boundary) / unit
    assert total < panel.get_xlim()[1] < 3 * total
