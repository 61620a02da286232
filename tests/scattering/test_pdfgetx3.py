"""The reduction without corrections is that of other programs: their own output files, settings from their headers.

Relative L2 residuals; the files have six digits, and what is left over is their rounding. benchmarks/parity.py prints
the table.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from coherion.scattering.grids import grid_of_data, polynomial_basis, uniform_grid
from coherion.scattering.pair_distribution import on_multiples, pair_distribution
from coherion.scattering.reduction import reduce_scan
from coherion.scattering.structure_factor import polynomial_weights
from coherion.settings.stages.reduction import ReductionSettings

SPEC = importlib.util.spec_from_file_location("parity", Path(__file__).parents[2] / "benchmarks" / "parity.py")
parity = importlib.util.module_from_spec(SPEC)
# Its folder stays out of the path: it has modules named as packages that are installed.
sys.modules["parity"] = parity
SPEC.loader.exec_module(parity)

TOLERANCE = 1e-5


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
@pytest.mark.parametrize("pair", parity.PAIRS, ids=lambda pair: pair.output)
def test_output_of_another_program(pair, request):
    folder = request.getfixturevalue("real_data" if pair.folder == "real" else "cases")
    program, residual = parity.residuals(folder, pair)
    assert residual < TOLERANCE, program


def test_intensity_of_a_capillary(real_data):
    """What the .iq of PDFgetX3 holds is the intensity without the background."""
    pair = parity.Pair("real", "pdf/lab6_snbl/LaB6_0p4mm_011_av10_monitor.iq", *parity.LAB6)
    from coherion.data.pdf_text import read_pdf_text
    from coherion.data.scans.reader import read_scan

    header = read_pdf_text(real_data / pair.output.replace(".iq", ".gr")).header
    scans = [
        read_scan(real_data / name, intensity_kind="arbitrary", wavelength=float(header["wavelength"]))
        for name in (pair.sample, pair.background)
    ]
    found = reduce_scan(*scans, parity.settings_of(header))["intensity_net"].values
    theirs = read_pdf_text(real_data / pair.output).y
    assert np.linalg.norm(found - theirs) / np.linalg.norm(theirs) < TOLERANCE


def test_grids_of_the_programs():
    q = 0.011 + 0.02 * np.arange(1000)
    # 1. PDFgetX3 2.x: multiples of the step from qmin on, also below the first datum.
    grid = uniform_grid(q, 0.0, 15.0, extended=True)
    assert grid.first == 0 and grid.q[-1] <= 15.0 and grid.on_multiples
    assert uniform_grid(q, 0.0, 15.0).first == 1
    # 2. PDFgetX3 1.x and xPDFsuite: the data themselves, and multiples of the step for the transform only.
    grid = grid_of_data(q, 0.5, 15.0)
    np.testing.assert_allclose(grid.q, q[(q >= 0.5) & (q <= 15.0)], atol=1e-9)
    assert not grid.on_multiples and grid.up_to(10.0) == np.count_nonzero((q >= 0.5) & (q <= 10.0))
    line, whole = on_multiples(grid.q, grid, 0.5, 15.0)
    inside = whole.q <= grid.q[-1]
    np.testing.assert_allclose(line[inside], whole.q[inside], rtol=1e-12)
    assert whole.on_multiples and whole.q[0] >= 0.5 and (line[~inside] == 0).all()
    # 3. Data that are multiples of their step leave nothing to choose.
    same = grid_of_data(0.02 * np.arange(1000), 0.5, 15.0)
    assert same.on_multiples
    np.testing.assert_allclose(same.q, uniform_grid(0.02 * np.arange(1000), 0.5, 15.0).q, atol=1e-12)


def test_a_polynomial_of_fractional_degree_is_the_mean_of_its_neighbours():
    """(1 - w) B_n + w B_(n+1) of P. Juhas et al., J. Appl. Cryst. 46 (2013) 560: nothing jumps as rpoly grows."""
    f = np.random.default_rng(3).normal(size=300)

    def taken_out(degree):
        weights = polynomial_weights(degree)
        basis = polynomial_basis(1, 300, len(weights))
        return basis @ (weights * (f @ basis))

    np.testing.assert_allclose(taken_out(4.3), 0.7 * taken_out(4.0) + 0.3 * taken_out(5.0), atol=1e-12)


def test_programs_agree_on_what_matters():
    """One and the same structure factor over Q off the multiples of its step: G(r) from either procedure."""
    rng = np.random.default_rng(2)
    q = 0.009 + 0.018 * np.arange(1400)
    from scan_maker import scan_of

    intensity = 1e5 * np.exp(-q / 6) * (1 + 0.3 * np.sin(2.5 * q) + 0.2 * np.sin(4.1 * q + rng.uniform()))
    scan = scan_of(intensity, q, wavelength=None).rename(two_theta="q")
    made = {
        name: reduce_scan(scan, None, ReductionSettings(composition="Ni", qmin=0.5, qmax=20, rmax=30, procedure=name))
        for name in ("auto", "xpdfsuite", "pdfgetx3-1", "pdfgetx3")
    }
    assert made["auto"].equals(made["xpdfsuite"])
    scale = float(np.abs(made["auto"]["pdf"]).max())
    for name, found in made.items():
        np.testing.assert_allclose(found["pdf"], made["auto"]["pdf"], atol=0.02 * scale, err_msg=name)
        assert (found["pdf_sd"].values[1:] > 0).all()
        np.testing.assert_allclose(found["pdf_sd"][50:], made["pdfgetx3"]["pdf_sd"][50:], rtol=0.1, err_msg=name)


def test_transform_of_data_off_the_multiples():
    """A line in F is the same after interpolation, so G(r) must not depend on where the points lie."""
    even, off = grid_of_data(0.01 * np.arange(2000), 0.0, 19.0), grid_of_data(0.005 + 0.01 * np.arange(2000), 0.0, 19.0)
    r = 0.01 * np.arange(1, 500)
    slope = [pair_distribution(*on_multiples(0.1 * grid.q, grid, 0.0, 18.0), r, 0.01) for grid in (even, off)]
    np.testing.assert_allclose(*slope, atol=1e-10)
