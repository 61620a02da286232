"""Resolution from a standard: what a refinement of LaB6 gives back, and the file it is kept in."""

import json

import numpy as np
import pytest

from coherion.crystal.crystal import Crystal, Site
from coherion.errors import CoherionWarning, InputError
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement.observed import Observed
from coherion.refinement.recipe import run_recipe
from coherion.refinement.resolution import (
    Resolution,
    read_resolution,
    resolution_of,
    write_resolution,
)
from coherion.settings.reading import settings_from
from coherion.settings.stages.refinement import RefinementSettings
from coherion.settings.stages.resolution import StandardSettings

QMAX = 13.0


def made(**changed):
    values = {
        "qdamp": 0.011,
        "qdamp_sd": 0.0004,
        "qbroad": 0.010,
        "qbroad_sd": 0.0007,
        "qslope_squared": 2.5e-7,
        "qslope_squared_sd": 1e-8,
        "correlation": -0.6,
        "rw": 0.05,
        "chi_squared_reduced": 1.2,
        "standard": "LaB6",
        "lattice_parameter": 4.1568,
        "lattice_parameter_sd": 0.0001,
        "origin": "measured",
    }
    return Resolution(**(values | changed))


TRUTH = {"exact": ("qslope_squared", 1e-6), "pdffit": ("qbroad", 0.010)}


@pytest.fixture(scope="module", params=TRUTH)
def refined(request):
    """LaB6 (a of SRM 660c) with the paper's qdamp and a part that grows with Q, white noise of 1 % of G."""
    convention = request.param
    slope, value = TRUTH[convention]
    sites = (
        Site("La1", (0, 0, 0), (("La", 1.0),), u_iso=0.0055),
        Site("B1", (0.1996, 0.5, 0.5), (("B", 1.0),), u_iso=0.0045),
    )
    a = 4.156826
    crystal = Crystal("LaB6", (a, a, a, 90, 90, 90), "Pm-3m", sites)
    r = np.arange(0.01, 81, 0.01)
    truth = {"scale": 1.1, "delta2": 1.0, "qdamp": 0.011, slope: value}
    g = calculate(PairModel((crystal,), QMAX, convention, envelope="none"), r, truth)
    step = np.pi / QMAX
    points = step * np.arange(1, 360)
    noise = np.random.default_rng(4).normal(scale=0.03, size=len(points))
    near = np.abs(r[:, None] - points) < 25
    g = g + np.where(near, np.sinc((r[:, None] - points) / step), 0.0) @ noise
    data = Observed(r, g, np.full_like(r, 0.03), None, None, QMAX, "simulated", "LaB6.gr")
    start = crystal.with_values({"a": 4.16, "La1.u_iso": 0.008, "B1.u_iso": 0.008})
    settings = settings_from(StandardSettings, {"convention": convention})
    return run_recipe([start], data, settings, say=lambda text: None)


def test_resolution_is_recovered_with_its_correlation(refined):
    found = resolution_of(
        refined.result.parameters,
        refined.result.values,
        refined.covariance(scaled=True),
        rw=refined.rw,
        chi_squared_reduced=refined.result.chi_squared_reduced,
        standard="LaB6",
        origin="simulated",
    )
    assert abs(found.qdamp - 0.011) < 3.5 * found.qdamp_sd
    slope, value = TRUTH[refined.model.convention]
    sd = getattr(found, f"{slope}_sd")
    assert abs(getattr(found, slope) - value) < 3.5 * sd
    assert 0 < found.qdamp_sd < 0.001 and 0 < sd < 0.3 * value
    assert [getattr(found, other) for other, _ in TRUTH.values() if other != slope] == [0.0]
    # both damp the far peaks: what one gives the other may take back
    assert -1 < found.correlation < -0.2
    assert abs(found.lattice_parameter - 4.156826) < 3.5 * found.lattice_parameter_sd


def test_it_needs_a_part_of_the_resolution():
    common = {"rw": 0.1, "chi_squared_reduced": 1.0, "standard": "Ni", "origin": "measured"}
    with pytest.raises(InputError, match="frees none of qdamp, qbroad, qslope_squared"):
        resolution_of(("a",), {"a": 3.5, "qdamp": 0.01, "qbroad": 0.0}, np.eye(1), **common)
    with pytest.warns(CoherionWarning, match="qbroad was not refined"):
        one = resolution_of(("qdamp",), {"a": 3.5, "qdamp": 0.04, "qbroad": 0.02}, np.eye(1) * 1e-6, **common)
    assert (one.qdamp_sd, one.qbroad_sd, one.correlation) == (pytest.approx(1e-3), 0.0, 0.0)


def test_file_reads_back_and_becomes_settings(tmp_path):
    path, source = tmp_path / "LaB6.json", tmp_path / "LaB6.nc"
    source.write_bytes(b"data")
    write_resolution(path, made(), sources=[source], settings={"envelope": "none"})
    assert read_resolution(path) == made()
    assert "LaB6.nc" in json.loads(path.read_text())["sources"]
    settings = settings_from(RefinementSettings, read_resolution(path).as_settings())
    assert (settings.qdamp, settings.qbroad_sd, settings.resolution_correlation) == (0.011, 0.0007, -0.6)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"qdamp": -0.1}, "not a usable resolution"),
        ({"qbroad_sd": float("nan")}, "not a usable resolution"),
        ({"qdamp": "0.01"}, "not a usable resolution"),
        ({"correlation": 1.5}, "not a correlation"),
    ],
)
def test_impossible_numbers(tmp_path, change, words):
    path = tmp_path / "bad.json"
    write_resolution(path, made())
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(InputError, match=words) as caught:
        read_resolution(path)
    assert "bad.json" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", '{"qdamp": 0.01}'])
def test_files_that_are_no_resolution(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(InputError, match="resolution cannot be read"):
        read_resolution(path)
