"""A laboratory scan of CeO2 (Mo K alpha, 0.635 mm capillary, no background measured) to lattice parameter and U.

Published: a = 5.411 A. The scan's own reflections, taken singly, give 5.403 to 5.413 A: strong absorption (mu D 3.4 by
the z-scan beside it) and the instrument's angles move them, so no refinement of it can do better than some 0.007 A.
"""

from __future__ import annotations

import pytest

from coherion.crystal.crystal import Crystal, Site
from coherion.data.scans.reader import read_scan
from coherion.pair_model.model import PairModel
from coherion.refinement.refine import refine
from coherion.scattering.reduction import reduce_scan
from coherion.settings.stages.reduction import ReductionSettings

QMAX = 15.0


def refined(scan, corrections, mu_r=1.7):
    settings = ReductionSettings(
        composition="CeO2",
        wavelength=0.71073,
        qmin=1.0,
        qmax=QMAX,
        rpoly=1.2,
        rmax=40.0,
        corrections=corrections,
        mu_r=mu_r,
        capillary_diameter=0.635,
        monochromator="none",
        covariance=False,
    )
    made = reduce_scan(scan, None, settings)
    crystal = Crystal(
        "CeO2",
        (5.411, 5.411, 5.411, 90.0, 90.0, 90.0),
        "F m -3 m",
        (Site("Ce", (0, 0, 0), (("Ce", 1.0),), u_iso=0.005), Site("O", (0.25, 0.25, 0.25), (("O", 1.0),), u_iso=0.01)),
    )
    model = PairModel((crystal,), QMAX, envelope="none")
    return refine(
        model,
        made["r"].values,
        made["pdf"].values,
        free=["a", "Ce.u_iso", "O.u_iso", "scale", "qdamp"],
        start={"qdamp": 0.04, "qbroad": 0.02},
        bounds={"Ce.u_iso": (5e-4, 0.1), "O.u_iso": (5e-4, 0.2), "qdamp": (0.0, 0.3)},
        fit_range=(1.5, 30.0),
    )


def test_ceo2_from_a_molybdenum_capillary_scan(real_data):
    scan = read_scan(
        [str(real_data / "pdf" / "lab_mo" / "CeO2_635um_accum_0.xy")], intensity_kind="arbitrary", wavelength=0.71073
    )
    found = {c: refined(scan, c) for c in ((), ("polarisation",), ("absorption",), ("polarisation", "absorption"))}
    for corrections, result in found.items():
        u = result.values["Ce.u_iso"]
        print(corrections, f"a {result.values['a']:.4f} U(Ce) {u:.4f} Rw {result.rw:.3f}")
        assert result.values["a"] == pytest.approx(5.411, abs=0.008)
    # Absorption takes more from low angles, so uncorrected it makes the atoms look too still; polarisation the reverse.
    still, moving = found[()].values["Ce.u_iso"], found[("absorption",)].values["Ce.u_iso"]
    assert moving - still > 0.001
    assert found[("polarisation",)].values["Ce.u_iso"] < still
