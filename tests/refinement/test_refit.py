"""The same data under another model: what holds the first model cannot end worse, and what it lacks is passed over."""

from dataclasses import replace

import numpy as np
import pytest

from coherion import messages
from coherion.crystal.crystal import Crystal, Site
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import SHARED_DEFAULTS, PairModel
from coherion.refinement.least_squares.weights import Weighting
from coherion.refinement.observed import Observed
from coherion.refinement.recipe import run_recipe
from coherion.refinement.steps.refined import refit
from coherion.settings.reading import settings_from
from coherion.settings.stages.refinement import RefinementSettings

QMAX = 13.0
TRUTH = {"scale": 0.9, "delta2": 2.4, "coherence_length": 30.0, "qdamp": 0.011, "qbroad": 0.010}
STAGES = [["scale", "delta2"], ["lattice", "displacements", "coherence_*"]]


def rock_salt(a=5.64, name="salt"):
    sites = (Site("Na1", (0, 0, 0), (("Na", 1.0),), u_iso=0.02), Site("Cl1", (0.5,) * 3, (("Cl", 1.0),), u_iso=0.015))
    return Crystal(name, (a, a, a, 90, 90, 90), "Fm-3m", sites)


def nickel():
    return Crystal("nickel", (3.524,) * 3 + (90,) * 3, "Fm-3m", (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), u_iso=0.006),))


def run(model, truth, **more):
    r = np.arange(0.01, 30, 0.01)
    step = np.pi / QMAX
    points = step * np.arange(1, 140)
    noise = np.random.default_rng(3).normal(scale=0.02, size=len(points))
    g = calculate(model, r, truth) + np.sinc((r[:, None] - points) / step) @ noise
    data = Observed(r, g, np.full_like(r, 0.02), None, None, QMAX, "simulated", "made.gr")
    quiet = {
        "fit_range": [2.0, 28.0],
        "qbroad": 0.010,
        "stages": STAGES,
        "compare_envelopes": [],
        "readings": [],
        "profile": [],
    }
    settings = settings_from(RefinementSettings, {**quiet, **more})
    return run_recipe([model.phases[0]], data, settings, say=lambda text: None)


@pytest.fixture(scope="module")
def one():
    return run(PairModel((rock_salt(),), QMAX), TRUTH)


def test_a_phase_more_is_started_where_it_does_nothing_and_does_not_end_worse(one):
    # The data hold no nickel: nothing to gain, and nothing may be lost.
    salt, metal = one.model.phases[0], nickel()
    both = replace(one.model, phases=(salt, metal))
    start = {f"salt:{name}": value for name, value in one.result.values.items() if name not in SHARED_DEFAULTS}
    found = refit(one, both, start=start | {"nickel:scale": 0.0})
    assert found.result.chi_squared <= one.result.chi_squared * (1 + 1e-9)
    assert found.misfit == one.misfit and found.data is one.data
    assert found.result.values["salt:a"] == pytest.approx(one.result.values["a"], abs=2e-3)


def test_a_parameter_more_does_not_end_worse_and_is_found_where_it_is(one):
    held = refit(one, one.model, start={"delta1": 0.0})
    assert held.result.chi_squared == pytest.approx(one.result.chi_squared, rel=1e-6)
    freed = refit(one, one.model, start={"delta1": 0.0}, free=["delta1"])
    assert "delta1" in freed.result.parameters and "delta1" not in held.result.parameters
    assert freed.result.chi_squared <= one.result.chi_squared * (1 + 1e-9)


def test_what_the_recipe_says_of_a_parameter_that_the_other_model_lacks_is_passed_over():
    one = run(
        PairModel((rock_salt(),), QMAX),
        TRUTH,
        start={"coherence_length": 40.0},
        bounds={"coherence_length": [5.0, 500.0]},
        stages=[["scale", "delta2"], ["lattice", "displacements", "coherence_length"]],
    )
    without = refit(one, replace(one.model, envelope="none"))
    assert "coherence_length" not in without.result.values
    # domains of 30 angstrom damp: without them the fit is worse
    assert without.result.chi_squared > 1.5 * one.result.chi_squared


def test_uncertainties_and_limits_stand_in_the_parameters(one):
    found = {p.name: p for p in one.parameters}
    length = found["coherence_length"]
    k = one.result.parameters.index("coherence_length")
    assert length.value == one.result.values["coherence_length"] and length.state == "free"
    assert length.uncertainty_scaled == pytest.approx(np.sqrt(one.covariance(True)[k, k]))
    assert (length.lower, length.upper) == (4.0, 5000.0)
    assert found["qdamp"].state == "fixed" and found["qdamp"].uncertainty is None and found["qdamp"].note == "fixed"


def test_a_bound_that_binds_is_told_with_what_to_set():
    bounds = {"coherence_length": [5.0, 20.0]}
    with messages.collected() as told:
        run(PairModel((rock_salt(),), QMAX), TRUTH, start={"coherence_length": 15.0}, bounds=bounds)
    (said,) = [text for text in told if text.startswith("coherence_length")]
    assert said.startswith("coherence_length = 20 is at a bound") and "upper one is 20; widen bounds of coher" in said


def test_a_start_outside_its_bounds_is_told_with_what_to_set():
    bounds = {"coherence_length": [5.0, 200.0]}
    with messages.collected() as told:
        run(PairModel((rock_salt(),), QMAX), TRUTH, start={"coherence_length": 300.0}, bounds=bounds)
    assert "coherence_length starts at 200 instead of 300" in told[0] and "set start of coherence_length" in told[0]


def test_log_determinant_of_the_weights():
    root = np.random.default_rng(0).normal(size=(30, 30))
    matrix = root @ root.T + np.eye(30)
    assert Weighting.of(matrix).log_determinant == pytest.approx(np.linalg.slogdet(matrix)[1])
    sds = np.array([0.1, 2.0, 3.0])
    assert Weighting(sds).log_determinant == pytest.approx(2 * np.log(0.6))
    assert Weighting().log_determinant == 0.0
