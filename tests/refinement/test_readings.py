"""Size or strain: what is found where domains are strained, spread in size or long, and the data say so or do not."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from coherion.crystal.crystal import Crystal, Site
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement.observed import Observed
from coherion.refinement.readings import Reading, Readings, averaged, grains_of
from coherion.refinement.recipe import run_recipe
from coherion.settings.reading import settings_from
from coherion.settings.stages.refinement import READINGS, RefinementSettings
from coherion.settings.stages.resolution import StandardSettings

QMAX, NOISE, DAMPING = 13.0, 0.02, {"qdamp": 0.011}
STAGES = [["scale", "delta2"], ["lattice", "displacements"], ["coherence_*", "microstrain_squared"]]


def salt() -> Crystal:
    sites = (Site("Na1", (0, 0, 0), (("Na", 1.0),), 0.03), Site("Cl1", (0.5,) * 3, (("Cl", 1.0),), 0.02))
    return Crystal("salt", (5.64,) * 3 + (90.0,) * 3, "Fm-3m", sites)


def strained(length: float, rms: float) -> tuple[np.ndarray, np.ndarray]:
    """G(r) of spheres whose lattice parameters scatter: the mean of domains of different cell, no broadened peak."""
    r = np.arange(0.01, 62.0, 0.02)
    model, g = PairModel((salt(),), QMAX), np.zeros_like(r)
    nodes, weights = np.polynomial.hermite_e.hermegauss(9)
    for node, weight in zip(nodes, weights / weights.sum(), strict=True):
        stretch = 1 + rms * node
        g += weight * calculate(
            model,
            r,
            {"a": 5.64 * stretch, "coherence_length": length * stretch, "scale": 0.9, "delta2": 2.0, **DAMPING},
        )
    return r, g


def spread(length: float, form: float) -> tuple[np.ndarray, np.ndarray]:
    """G(r) of spheres of log-normal diameters, each computed as a sphere and weighted by its volume."""
    r, g = np.arange(0.01, 62.0, 0.02), 0.0
    z = np.linspace(-4, 4, 33)
    diameters = np.exp(np.log(length) - 3.5 * form**2 + form * z)
    weights = np.exp(-0.5 * z * z) * diameters**3
    model = PairModel((salt(),), QMAX)
    for diameter, weight in zip(diameters, weights / weights.sum(), strict=True):
        g = g + weight * calculate(model, r, {"coherence_length": diameter, "scale": 0.9, "delta2": 2.0, **DAMPING})
    return r, g


def read(r: np.ndarray, g: np.ndarray, seed: int = 1, unit: float = 1.0, **more) -> Readings:
    step = np.pi / QMAX
    points = step * np.arange(1, 270)
    noise = np.random.default_rng(seed).normal(scale=unit * NOISE, size=len(points))
    noisy = g + np.sinc((r[:, None] - points) / step) @ noise
    data = Observed(r, noisy, np.full_like(r, NOISE), None, None, QMAX, "simulated", "made.gr")
    quiet = {"fit_range": [2.0, 60.0], "stages": STAGES, "compare_envelopes": [], "profile": [], **DAMPING}
    settings = settings_from(RefinementSettings, {**quiet, **more})
    found = run_recipe([salt()], data, settings, say=lambda text: None).readings
    assert found is not None
    return found


def named(found: Readings):
    return {reading.name: reading for reading in found.readings}


@pytest.fixture(scope="module")
def of_strain():
    return read(*strained(120.0, 0.004))


def test_strain_is_not_read_as_size(of_strain):
    both = np.sqrt(np.diag(of_strain.covariance))
    assert abs(of_strain.values[0] - 1 / 120.0) < 3 * both[0]
    assert abs(of_strain.values[1] - 1.6e-5) < 3 * both[1] < 3e-6
    # Spheres without strain give a length far too short with an error far too small, and are left out.
    own = named(of_strain)
    assert own["size"].inverse_length > of_strain.values[0] + 10 * both[0]
    assert own["size"].aicc > own["size_strain"].aicc + 50 and own["strain"].aicc > own["size_strain"].aicc + 50
    assert own["strain"].inverse_length == 0.0 and own["size"].sds[1] == 0.0


def test_a_reading_that_explains_nothing_more_does_not_widen():
    found = read(*strained(60.0, 0.0))
    own = named(found)
    assert found.weights[[r.name for r in found.readings].index("size_strain")] == 1.0
    np.testing.assert_allclose(found.covariance, own["size_strain"].covariance)
    assert abs(found.values[1]) < 3 * own["size_strain"].sds[1]
    for name in ("lognormal", "spheroid"):
        assert own[name].refined.result.chi_squared <= own["size_strain"].refined.result.chi_squared * (1 + 1e-9)


def test_a_spread_of_sizes_is_read_as_one_and_its_mean_is_weighted_by_area():
    found = read(*spread(60.0, 0.4))
    mean = 60.0 * np.exp(-0.16)
    assert abs(1 / found.values[0] - mean) < 3 * np.sqrt(found.covariance[0, 0]) * mean**2
    own = named(found)
    assert own["lognormal"].aicc < own["size_strain"].aicc - 20
    assert abs(own["size_strain"].inverse_length - 1 / mean) > 10 * own["size_strain"].sds[0]
    # The choice between shapes is part of the error.
    assert found.covariance_reading[0, 0] >= 0.0


def test_the_strain_of_one_axis_is_in_the_strain_that_is_read():
    r = np.arange(0.01, 62.0, 0.02)
    one_axis = {"microstrain_squared_a": 4e-5, "coherence_length": 90.0, "scale": 0.9, "delta2": 2.0, **DAMPING}
    stages = [*STAGES[:2], ["coherence_length", "microstrain_squared_a"]]
    found = read(r, calculate(PairModel((salt(),), QMAX), r, one_axis), stages=stages, readings=["size"])
    # (u_a)^4 is a fifth in the mean over directions.
    assert abs(found.values[1] - 4e-5 / 5) < 3 * np.sqrt(found.covariance[1, 1]) < 1.5e-6
    assert abs(found.values[0] - 1 / 90) < 3 * np.sqrt(found.covariance[0, 0])
    own = named(found)
    assert own["size"].aicc > own["size_strain"].aicc + 20 and own["size"].values[1] == 0.0


def test_readings_are_averaged_as_by_burnham_and_anderson():
    """Weights exp(-AICc/2); the variance is that of a draw of a reading by its weight and a value of it by its own."""
    spheres = Reading("size_strain", None, np.array([0.010, 2e-6]), np.diag([1e-8, 4e-14]), 5, 100.0)
    richer = Reading("lognormal", None, np.array([0.014, 1e-6]), np.diag([4e-8, 1e-14]), 6, 96.0)
    simpler = Reading("size", None, np.array([0.020, 0.0]), np.zeros((2, 2)), 4, 80.0)
    found = averaged((spheres, richer, simpler), spheres)
    assert found.weights[2] == 0.0
    assert found.weights[1] / found.weights[0] == pytest.approx(np.exp(2.0))
    rng = np.random.default_rng(1)
    chosen = rng.random(400_000) < found.weights[1]
    draws = [rng.multivariate_normal(one.values, one.covariance, chosen.size) for one in (spheres, richer)]
    values = np.where(chosen[:, None], draws[1], draws[0])
    np.testing.assert_allclose(found.values, values.mean(axis=0), rtol=0.01)
    np.testing.assert_allclose(found.covariance, np.cov(values.T), rtol=0.03)


@pytest.mark.parametrize(("free", "name"), [(["coherence_length"], "size"), (STAGES[2], "size_strain")])
def test_where_no_reading_is_asked_for_the_fit_is_the_only_one(free, name):
    found = read(*strained(60.0, 0.0), stages=[*STAGES[:2], free], readings=[])
    (own,) = found.readings
    assert own.name == name and found.weights == (1.0,)
    np.testing.assert_allclose(found.covariance, own.covariance)
    assert (own.sds[1] > 0) == (name == "size_strain")


@pytest.mark.parametrize(("size", "seen"), [(600.0, True), (None, False)])
def test_grains_of_a_standard_are_seen_where_it_has_some(size, seen):
    r = np.arange(0.01, 82.0, 0.02)
    envelope = "sphere" if size else "none"
    values = {"scale": 0.9, "delta2": 2.0, "qdamp": 0.011, "qslope_squared": 2.5e-7}
    g = calculate(
        PairModel((salt(),), QMAX, envelope=envelope), r, values | ({"coherence_length": size} if size else {})
    )
    step = np.pi / QMAX
    points = step * np.arange(1, 350)
    noise = np.random.default_rng(2).normal(scale=NOISE, size=len(points))
    data = Observed(
        r,
        g + np.sinc((r[:, None] - points) / step) @ noise,
        np.full_like(r, NOISE),
        None,
        None,
        QMAX,
        "simulated",
        "a.gr",
    )
    inverse, sd, gain = grains_of(run_recipe([salt()], data, StandardSettings(), say=lambda text: None))
    if seen:
        assert gain > 10 and abs(inverse - 1 / size) < 3 * sd < 0.5 / size
    else:
        assert gain < 10 or inverse < 5 * sd


def test_strain_that_the_recipe_holds_is_read_all_the_same():
    found = read(*strained(120.0, 0.004), fixed={"microstrain_squared": 0.0}, readings=["size"])
    assert abs(found.values[1] - 1.6e-5) < 3 * np.sqrt(found.covariance[1, 1]) < 3e-6


@pytest.mark.parametrize("unit", [1.0, 0.01])
def test_data_without_errors_weigh_the_readings_whatever_the_unit_of_g(unit):
    r, g = strained(120.0, 0.004)
    own = named(read(r, unit * g, unit=unit, weights="unit", readings=["size"]))
    assert 100 < own["size"].aicc - own["size_strain"].aicc < 1e4


def test_only_what_is_asked_for_is_read(of_strain):
    assert read(*strained(40.0, 0.0), readings=["size"]).readings[0].name == "size"
    assert {r.name for r in of_strain.readings} == set(READINGS)


@pytest.mark.filterwarnings("ignore:the fitted fluorescence")
@pytest.mark.parametrize(
    ("name", "length", "strain"),
    # Worlds simulated by other code: diameter weighted by area (angstrom) and mean square strain.
    [("base80", 80.0, 0.0), ("strain5D300", 300.0, 2.5e-5), ("lognorm4", 80.0 * np.exp(-0.16), 0.0)],
)
def test_worlds_of_other_code(name, length, strain, tmp_path):
    folder = os.environ.get("COHERION_CASES")
    if not folder:
        pytest.skip("COHERION_CASES is not set: this test needs scans that the project does not own")
    import json

    import import_scan
    import reduce_scan
    import refine_standard
    import refine_structure

    cif = Path(__file__).parents[2] / "config" / "structures"
    reduction = {
        "LaB6": {"composition": "LaB6", "density": 4.71, "packing": 0.3},
        name: {"composition": "Na2.5In0.5Zr0.5Cl6", "density": 2.537, "packing": 0.52},
    }
    for one in ("empty", *reduction):
        settings = {"intensity_kind": "counts", "wavelength": 0.5594075}
        raw, scan = str(Path(folder) / "blind" / f"{one}.xyd"), str(tmp_path / f"{one}.scan.nc")
        import_scan.main([raw, "--settings", json.dumps(settings), "--output", scan])
    for one, own in reduction.items():
        files = [str(tmp_path / f"{one}.scan.nc"), "--background", str(tmp_path / "empty.scan.nc")]
        settings = json.dumps({"corrections": "all", **own})
        reduce_scan.main([*files, "--settings", settings, "--output", str(tmp_path / f"{one}.nc")])
    files = [str(tmp_path / "LaB6.nc"), str(cif / "LaB6.cif")]
    refine_standard.main([*files, "--output", str(tmp_path / "LaB6.json")])
    files = [str(tmp_path / f"{name}.nc"), str(cif / "cryolite.cif"), "--resolution", str(tmp_path / "LaB6.json")]
    settings = json.dumps({"compare_envelopes": [], "profile": []})
    refine_structure.main([*files, "--settings", settings, "--output", str(tmp_path / "fit.nc")])
    from coherion.data.netcdf import read_dataset

    found = read_dataset(tmp_path / "fit.nc", "refine_structure")
    inverse, sd = float(found["read_inverse_length"]), float(found["read_inverse_length_sd"])
    assert abs(inverse - 1 / length) < 3 * sd < 0.1 / length
    assert abs(float(found["read_microstrain_squared"]) - strain) < 3 * float(found["read_microstrain_squared_sd"])
