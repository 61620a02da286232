"""What is alerted, and what is not, of worlds simulated by other code: each line has its own fault, or none."""

from __future__ import annotations

import json
import os
from pathlib import Path

import import_scan
import pytest
import reduce_scan
import refine_standard
import refine_structure
import reflection_widths

from coherion.crystal.cif_input import read_cif
from coherion.data.netcdf import read_dataset
from coherion.quality.of_reduction import alerts_of_reduction
from coherion.quality.of_refinement import alerts_of_refinement
from coherion.quality.of_standard import alerts_of_standard
from coherion.quality.of_widths import alerts_of_widths
from coherion.refinement.resolution import read_resolution
from coherion.settings.stages.quality import QualitySettings

CIF = Path(__file__).parents[2] / "config" / "structures"
HALIDE = {"composition": "Na2.5In0.5Zr0.5Cl6", "density": 2.537, "packing": 0.52}
LIMITS = QualitySettings()


def reduced(folder: Path, name: str, own: dict) -> Path:
    for one in ("empty", name):
        raw, scan = Path(os.environ["COHERION_CASES"]) / "blind" / f"{one}.xyd", folder / f"{one}.scan.nc"
        settings = json.dumps({"intensity_kind": "counts", "wavelength": 0.5594075})
        import_scan.main([str(raw), "--settings", settings, "--output", str(scan)])
    files = [str(folder / f"{name}.scan.nc"), "--background", str(folder / "empty.scan.nc")]
    made = folder / f"{name}.nc"
    reduce_scan.main(
        [*files, "--settings", json.dumps({"corrections": "all", "qmax": 13.0, **own}), "--output", str(made)]
    )
    return made


@pytest.fixture(scope="module")
def standard(tmp_path_factory):
    if not os.environ.get("COHERION_CASES"):
        pytest.skip("COHERION_CASES is not set: this test needs scans that the project does not own")
    folder = tmp_path_factory.mktemp("standard")
    made = reduced(folder, "LaB6", {"composition": "LaB6", "density": 4.71, "packing": 0.3})
    refine_standard.main([str(made), str(CIF / "LaB6.cif"), "--output", str(folder / "LaB6.json")])
    return folder


def test_the_standard_of_these_worlds_is_right(standard):
    found = read_resolution(standard / "LaB6.json")
    reduction = read_dataset(standard / "LaB6.nc", "reduce_scan")
    certified = read_cif(CIF / "LaB6.cif").lattice[0]
    assert list(alerts_of_standard(found, certified, reduction, LIMITS)) == []
    assert alerts_of_reduction(reduction, None, LIMITS) == []


# Diameter weighted by area (angstrom) and mean square strain; None where a phase too many is alerted.
SHAPES = {
    "base80": (80.0, 0.0),
    "strain5D300": (300.0, 2.5e-5),
    "lognorm4": (68.17, 0.0),
    "amorph30": (80.0, 0.0),
    "nacl5": None,
    "zero02": (80.0, 0.0),
}
CELL = {"a": 6.9, "b": 7.1505, "c": 9.9055, "beta": 90.53}


# A sample with a phase too many drives an occupancy to its bound in the shorter range.
@pytest.mark.filterwarnings("ignore:M1.occupancy.Zr")
@pytest.mark.parametrize(
    ("name", "graver"),
    [
        ("base80", set()),
        ("strain5D300", set()),
        ("lognorm4", set()),
        # Glass lies at short distances: the shorter range finds shorter domains.
        ("amorph30", {"scale", "lengths-disagree", "misfit"}),
        ("nacl5", {"rw", "misfit", "unexplained-reflection"}),
        ("zero02", {"zero-point"}),
    ],
)
def test_each_fault_and_nothing_else_is_graver_than_c(standard, tmp_path, name, graver):
    reduction = reduced(tmp_path, name, HALIDE)
    fits = {}
    for low, high in ((2, 60), (2, 20)):
        readings = ["size", "lognormal"] if high == 60 else []
        settings = {"compare_envelopes": [], "profile": [], "readings": readings, "fit_range": [low, high]}
        files = [str(reduction), str(CIF / "cryolite.cif"), "--resolution", str(standard / "LaB6.json")]
        fit = tmp_path / f"{high}.nc"
        files += ["--cif", str(fit.with_suffix(".cif"))]
        refine_structure.main([*files, "--settings", json.dumps(settings), "--output", str(fit)])
        fits[f"{low}-{high}"] = read_dataset(fit, "refine_structure")
    scan = read_dataset(reduction, "reduce_scan")
    files = [str(reduction), *(str(tmp_path / f"60.{kind}") for kind in ("nc", "cif"))]
    files += ["--standard", str(standard / "LaB6.nc"), "--standard-structure", str(CIF / "LaB6.cif")]
    reflection_widths.main([*files, "--output", str(tmp_path / "widths.nc")])
    widths = read_dataset(tmp_path / "widths.nc", "reflection_widths")
    alerts = [
        *alerts_of_reduction(scan, fits["2-60"], LIMITS),
        *alerts_of_refinement(fits, scan, LIMITS),
        *alerts_of_widths(widths, fits["2-60"], LIMITS),
    ]
    found = {one.code: one for one in alerts if one.grade != "C"}
    assert set(found) == graver
    fit, shape = fits["2-60"], SHAPES[name]
    if shape is not None:
        for quantity, true in zip(("inverse_length", "microstrain_squared"), (1 / shape[0], shape[1]), strict=True):
            sd = float(fit[f"read_{quantity}_sd"])
            assert abs(float(fit[f"read_{quantity}"]) - true) < 3 * sd, quantity
            # The reflections say the same of it.
            assert abs(float(widths[quantity]) - true) < 3.5 * float(widths[f"{quantity}_sd"]), quantity
        # Also where every angle is off, and with it the cell by eleven standard errors of the counts.
        for parameter, true in CELL.items():
            at = list(fit["parameter"].values).index(parameter)
            sd = float(fit["standard_uncertainty_scaled"].values[at])
            assert abs(float(fit["value"].values[at]) - true) < 2.5 * sd, parameter
    if name == "nacl5":
        # 200 of rock salt, 2 pi / (5.64 / 2).
        assert abs(float(found["unexplained-reflection"].place.split()[1]) - 2.228) < 0.02
    if name == "zero02":
        assert 0.01 < found["zero-point"].number < 0.025
    if name == "amorph30":
        assert found["scale"].number == pytest.approx(0.7, abs=0.1)
