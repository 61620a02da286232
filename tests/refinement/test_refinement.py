"""Refinement: recovered truth, calibrated errors, and what cannot be determined is said."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.crystal.crystal import Crystal, Site
from coherion.errors import InputError
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import MOTION, SHARED_DEFAULTS, PairModel
from coherion.refinement.refine import (
    LinearMap,
    covariance_of,
    nyquist_grid,
    profile_interval,
    refine,
    sensitivity,
)

TRUTH = {
    "scale": 0.9,
    "delta2": 2.0,
    "qdamp": 0.011,
    "qbroad": 0.010,
    "coherence_length": 60.0,
    "Na1.u_iso": 0.03,
    "Na2.u_iso": 0.035,
}


def cryolite() -> Crystal:
    atoms = {
        "M1": ("In", (0, 0, 0)),
        "Na1": ("Na", (0, 0, 0.5)),
        "Na2": ("Na", (0.5133, -0.0519, 0.2474)),
        "Cl1": ("Cl", (0.1118, 0.0496, 0.2391)),
        "Cl2": ("Cl", (-0.2978, 0.1893, 0.0504)),
        "Cl3": ("Cl", (0.1781, 0.2932, -0.0687)),
    }
    sites = tuple(Site(label, x, ((element, 1.0),), 0.02) for label, (element, x) in atoms.items())
    return Crystal("cryolite", (6.915, 7.163, 9.928, 90, 90.28, 90), "P21/n", sites)


def free_of(model: PairModel) -> list[str]:
    """The 25 parameters: lattice, coordinates, displacements, scale, delta2, coherence length."""
    fixed = ("delta1", *SHARED_DEFAULTS, *MOTION[3:])
    return [name for name in model.parameters if "occupancy" not in name and name not in fixed]


@pytest.fixture(scope="module")
def model() -> PairModel:
    return PairModel((cryolite(),), qmax=13.0)


def perturbed(model: PairModel, truth, seed: int = 3) -> dict[str, float]:
    generator = np.random.default_rng(seed)
    start = dict(truth)
    for name in free_of(model):
        if name in "abc":
            start[name] *= 1.003
        elif name.endswith((".x", ".y", ".z")):
            start[name] += generator.normal(0, 0.004)
        elif name.endswith("u_iso"):
            start[name] = 0.02
    return start | {"coherence_length": 45.0, "delta2": 1.0, "scale": 1.0}


def test_noise_free_data_give_back_the_truth(model):
    truth = model.complete(TRUTH)
    r = nyquist_grid(13.0, 2.0, 40.0)
    start = perturbed(model, truth)
    said = []
    result = refine(
        model,
        r,
        calculate(model, r, truth),
        free=free_of(model),
        start=start,
        progress=lambda count, rw: said.append((count, rw)),
    )
    assert result.converged and len(result.parameters) == 25 and not result.singular
    assert result.rw < 1e-6
    for name in free_of(model):
        assert abs(result.values[name] - truth[name]) < 1e-4 * max(abs(truth[name]), 0.05), name
    assert [count for count, _ in said] == list(range(1, result.evaluations + 1))
    assert said[-1][1] < said[0][1]


@pytest.mark.slow
def test_stated_errors_are_the_scatter_of_the_results(model):
    # 200 draws of white noise on the Nyquist grid, made orthogonal to each other, so that their covariance is the
    # unit matrix exactly: the standard deviation of (fitted - true)/sigma must then be 1 for each parameter, up to
    # what curvature of the model does; chance, which alone would scatter it by 0.05, is out of the test.
    truth = model.complete(TRUTH)
    r = nyquist_grid(13.0, 2.0, 48.0)
    exact = calculate(model, r, truth)
    draws = np.linalg.qr(np.random.default_rng(7).normal(size=(200, r.size)))[0] * np.sqrt(200)
    sd = np.full(r.size, 0.02 * np.abs(exact).max())
    names = free_of(model)
    pulls, chi = [], []
    for noise in draws:
        result = refine(model, r, exact + sd * noise, free=names, start=truth, sd=sd, tolerance=1e-6)
        assert result.converged
        errors = np.sqrt(np.diag(result.covariance))
        pulls.append([(result.values[n] - truth[n]) / e for n, e in zip(names, errors, strict=True)])
        chi.append(result.chi_squared_reduced)
    spread = np.std(pulls, axis=0)
    assert np.all((spread > 0.9) & (spread < 1.1)), dict(zip(names, spread.round(3), strict=True))
    assert abs(np.mean(chi) - 1.0) < 0.02


def test_weights_covariance_and_their_scaling(model):
    truth = model.complete(TRUTH)
    r = nyquist_grid(13.0, 2.0, 25.0)
    exact = calculate(model, r, truth)
    noise = np.random.default_rng(1).normal(0, 0.03, r.size)
    free = ["a", "b", "c", "scale", "M1.u_iso"]
    by_sd = refine(model, r, exact + noise, free=free, start=truth, sd=np.full(r.size, 0.03))
    # 1. A diagonal covariance is the same as standard deviations.
    by_covariance = refine(model, r, exact + noise, free=free, start=truth, covariance=np.eye(r.size) * 0.03**2)
    np.testing.assert_allclose(by_covariance.covariance, by_sd.covariance, rtol=1e-6)
    assert 0.6 < by_sd.chi_squared_reduced < 1.5
    # 2. Errors stated half as large: chi-squared is four times as large, the scaled covariance the same.
    half = refine(model, r, exact + noise, free=free, start=truth, sd=np.full(r.size, 0.015))
    np.testing.assert_allclose(half.covariance * 4, by_sd.covariance, rtol=1e-5)
    np.testing.assert_allclose(half.covariance_scaled, by_sd.covariance_scaled, rtol=1e-5)
    # 3. Without errors the residual is the only measure of them, and both are the scaled one.
    without = refine(model, r, exact + noise, free=free, start=truth)
    np.testing.assert_allclose(without.covariance, by_sd.covariance_scaled, rtol=1e-5)
    assert not without.target.weighting.absolute
    # By the textbook: (J'J)^-1 times the sum of squares over n less the number of parameters.
    step = {name: 1e-4 * abs(without.values[name]) for name in free}
    slopes = [
        (calculate(model, r, without.values | {name: without.values[name] + h})
         - calculate(model, r, without.values | {name: without.values[name] - h})) / (2 * h)
        for name, h in step.items()
    ]  # fmt: skip
    left = exact + noise - calculate(model, r, without.values)
    normal = np.array(slopes) @ np.array(slopes).T
    expected = np.linalg.inv(normal) * (left @ left) / (r.size - len(free))
    unit = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(without.covariance / unit, expected / unit, atol=2e-3)
    assert without.standard_uncertainty("a") == np.sqrt(without.covariance[0, 0])
    # 4. Correlated errors: the weighted residual has unit covariance.
    matrix = 0.03**2 * 0.6 ** np.abs(np.subtract.outer(np.arange(r.size), np.arange(r.size)))
    correlated = np.linalg.cholesky(matrix) @ np.random.default_rng(2).normal(size=r.size)
    result = refine(model, r, exact + correlated, free=free, start=truth, covariance=matrix)
    assert 0.6 < result.chi_squared_reduced < 1.5
    # 5. A covariance of points that are not independent is refused with advice.
    with pytest.raises(InputError, match="not positive definite.*Nyquist"):
        refine(model, r, exact, free=free, covariance=np.ones((r.size, r.size)))


def test_finely_sampled_data_do_not_make_errors_small(model):
    # Noise of F(Q) alone, transformed: G on 0.01 angstrom has no more information than on pi/qmax.
    truth = model.complete(TRUTH)
    generator = np.random.default_rng(5)
    r_fine = np.arange(1.5, 30.0, 0.01)
    q = np.arange(1, 650) * 0.02
    waves = np.sin(np.outer(r_fine, q))
    noise = waves @ generator.normal(0, 0.01, q.size)
    exact = calculate(model, r_fine, truth)
    free = ["a", "b", "c", "beta", "scale", "M1.u_iso", "coherence_length"]
    resampled = refine(model, r_fine, exact + noise, free=free, start=truth, fit_range=(2.0, 29.0))
    assert np.allclose(np.diff(resampled.r), np.pi / 13.0)
    naive = refine(model, r_fine, exact + noise, free=free, start=truth, fit_range=(2.0, 29.0), sd=np.ones(r_fine.size))
    ratio = np.sqrt(np.diag(resampled.covariance) / np.diag(naive.covariance_scaled))
    # sqrt(0.2417 / 0.01) = 4.9
    np.testing.assert_allclose(ratio, 4.9, rtol=0.25)
    # The values are those of the fine grid within a fraction of their error.
    for name in free:
        gap = resampled.values[name] - naive.values[name]
        assert abs(gap) < 0.5 * resampled.standard_uncertainty(name), name


def test_linear_map_carries_constraints_and_their_covariance(model):
    truth = model.complete(TRUTH | {"Cl1.u_iso": 0.021, "Cl2.u_iso": 0.021, "Cl3.u_iso": 0.021})
    r = nyquist_grid(13.0, 2.0, 25.0)
    g = calculate(model, r, truth) + np.random.default_rng(1).normal(0, 0.02, r.size)
    shared = ("Cl1.u_iso", "Cl2.u_iso", "Cl3.u_iso")
    # Charge balance: occupancy(2b) = 2.5 - 2 occupancy(4e)
    occupied = ("Na1.occupancy", "Na2.occupancy")
    map_ = LinearMap(
        parameters=(*shared, *occupied, "scale"),
        offset=np.array([0, 0, 0, 2.5, 0, 0.0]),
        variables=("u_cl", "na", "scale"),
        matrix=np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0], [0, -2, 0], [0, 1, 0], [0, 0, 1.0]]),
        lower=np.array([0.001, 0.0, 0.0]),
        upper=np.array([0.2, 1.25, np.inf]),
    )
    result = refine(model, r, g, linear_map=map_, start=truth | dict.fromkeys(shared, 0.02))
    assert result.values["Cl1.u_iso"] == result.values["Cl3.u_iso"]
    assert abs(result.values["Na1.occupancy"] + 2 * result.values["Na2.occupancy"] - 2.5) < 1e-12
    one, two = result.parameters.index("Na1.occupancy"), result.parameters.index("Na2.occupancy")
    assert result.standard_uncertainty("Na1.occupancy") == pytest.approx(
        2 * result.standard_uncertainty("Na2.occupancy")
    )
    covariance = result.covariance
    assert covariance[one, two] == pytest.approx(-np.sqrt(covariance[one, one] * covariance[two, two]))
    assert result.variables == ("u_cl", "na", "scale")


class TestWhatTheDataCannotTell:
    def test_two_parameters_that_do_the_same(self):
        # On one site the scale of a pdffit-weighted phase and nothing else fixes the height: with two identical
        # phases only the sum of their scales is determined.
        nickel = Site("Ni1", (0, 0, 0), (("Ni", 1.0),), 0.006)
        phases = tuple(Crystal(name, (3.52, 3.52, 3.52, 90, 90, 90), "Fm-3m", (nickel,)) for name in ("one", "two"))
        model = PairModel(phases, 20.0, envelope="none")
        r = nyquist_grid(20.0, 1.5, 20.0)
        g = calculate(model, r, {"one:scale": 0.3, "two:scale": 0.4}) + np.random.default_rng(1).normal(0, 0.01, r.size)
        free = ["one:scale", "two:scale", "qdamp"]
        result = refine(model, r, g, free=free, start={"one:scale": 0.5, "two:scale": 0.5, "qdamp": 0.02})
        assert result.singular == (("one:scale", "two:scale"),)
        total = result.values["one:scale"] + result.values["two:scale"]
        assert abs(total - 0.7) < 0.02
        assert np.all(np.isfinite(result.covariance))

    def test_a_parameter_that_does_nothing(self):
        # One element alone: in the exact convention its occupancy cancels against the scale and the density.
        nickel = Crystal(
            "Ni", (3.52, 3.52, 3.52, 90, 90, 90), "Fm-3m", (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), 0.006),)
        )
        model = PairModel((nickel,), 20.0, envelope="none")
        r = nyquist_grid(20.0, 1.5, 15.0)
        g = calculate(model, r)
        result = refine(model, r, g, free=["scale", "Ni1.occupancy", "a"], start={"scale": 0.9, "a": 3.521})
        assert result.singular == (("scale", "Ni1.occupancy"),)
        # In the pdffit convention with all lengths fixed, coherence_spread of a sphere does not exist: refused.
        with pytest.raises(InputError, match="coherence_spread: not a free parameter.*envelope none"):
            refine(model, r, g, free=["coherence_spread"])

    def test_groups_by_name(self):
        generator = np.random.default_rng(0)
        columns = generator.normal(size=(50, 5))
        columns[:, 3] = 1000 * columns[:, 1]
        columns[:, 4] = 0.0
        covariance, singular = covariance_of(columns, ["a", "b", "c", "d", "e"])
        assert set(singular) == {("b", "d"), ("e",)}
        exact = np.linalg.inv(columns[:, [0, 2]].T @ columns[:, [0, 2]])
        assert covariance[0, 0] == pytest.approx(exact[0, 0], rel=0.2)


class TestProfileInterval:
    def test_well_determined_length(self, model):
        truth = model.complete(TRUTH)
        r = nyquist_grid(13.0, 2.0, 30.0)
        exact = calculate(model, r, truth)
        sd = np.full(r.size, 0.02)
        g = exact + np.random.default_rng(4).normal(0, 0.02, r.size)
        result = refine(model, r, g, free=["scale", "a", "coherence_length"], start=truth, sd=sd)
        interval = profile_interval(result, "coherence_length")
        # Nearly a parabola: the interval is the standard uncertainty on either side, a little longer upwards.
        sigma = result.standard_uncertainty("coherence_length")
        assert interval.lower == pytest.approx(result.values["coherence_length"] - sigma, abs=0.25 * sigma)
        assert interval.upper == pytest.approx(result.values["coherence_length"] + sigma, abs=0.25 * sigma)
        # The limits are where chi-squared has risen by one.
        for limit in (interval.lower, interval.upper):
            held = refine(model, r, g, free=["scale", "a"], start=result.values | {"coherence_length": limit}, sd=sd)
            assert held.chi_squared - result.chi_squared == pytest.approx(1.0, abs=0.02)

    def test_a_length_beyond_the_data_has_no_upper_limit(self, model):
        truth = model.complete(TRUTH | {"coherence_length": 3000.0})
        r = nyquist_grid(13.0, 2.0, 20.0)
        g = calculate(model, r, truth) + np.random.default_rng(8).normal(0, 0.05, r.size)
        result = refine(
            model, r, g, free=["scale", "coherence_length"], start=truth, sd=np.full(r.size, 0.05),
            bounds={"coherence_length": (5.0, 1e4)},
        )  # fmt: skip
        interval = profile_interval(result, "coherence_length", level=0.95)
        assert interval.upper is None
        assert interval.lower is not None and interval.lower > 50.0

    def test_only_for_what_was_refined(self, model):
        r = nyquist_grid(13.0, 2.0, 10.0)
        result = refine(model, r, calculate(model, r), free=["scale"])
        with pytest.raises(InputError, match="delta2: no interval"):
            profile_interval(result, "delta2")


def test_sensitivity_is_the_shift_of_the_minimum(model):
    truth = model.complete(TRUTH)
    r = nyquist_grid(13.0, 2.0, 30.0)
    g = calculate(model, r, truth)
    free = ["scale", "a", "b", "coherence_length", "M1.u_iso"]
    at = refine(model, r, g, free=free, start=truth)
    slope = sensitivity(at, ["qdamp", "qbroad"])
    for k, name in enumerate(("qdamp", "qbroad")):
        ends = [
            refine(model, r, g, free=free, start=truth | {name: truth[name] + s * 5e-4}, tolerance=1e-11)
            for s in (-1, 1)
        ]
        shift = [(ends[1].values[n] - ends[0].values[n]) / 1e-3 for n in free]
        np.testing.assert_allclose(slope[:, k], shift, rtol=0.03, atol=0.02 * np.abs(slope[:, k]).max() * 1e-3)


def test_bounds_hold_and_are_named(model):
    truth = model.complete(TRUTH)
    r = nyquist_grid(13.0, 2.0, 20.0)
    result = refine(
        model,
        r,
        calculate(model, r, truth),
        free=["scale", "coherence_length"],
        start=truth | {"coherence_length": 40.0},
        bounds={"coherence_length": (20.0, 50.0)},
    )
    assert result.at_bound == ("coherence_length",)
    assert result.values["coherence_length"] == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"free": ["alpha"]}, "alpha: not a free parameter.*sets alpha = 90"),
        ({"free": ["Na7.x"]}, "has no such parameter; found Na7.x"),
        ({"free": []}, "no parameter is free"),
        ({"free": ["scale", "scale"]}, "named twice"),
        ({"start": {"M1.x": 0.1}}, "M1.x: not a free parameter"),
        ({"fit_range": (2.0, 80.0)}, "fit range lies outside the data; found 2 to 80 angstrom"),
        ({"fit_range": (9.0, 2.0)}, "fit range lies outside"),
        ({"bounds": {"scale": (2.0, 3.0)}}, "scale: a starting value lies outside its bounds; found 1"),
        ({"bounds": {"qdamp": (1.0, 1.0)}, "free": ["qdamp"], "start": {"qdamp": 1.0}}, "equal bounds"),
        ({"fit_range": (2.0, 2.3)}, "fewer independent points"),
        ({"sd": np.zeros(200)}, "standard deviation of G.r. is not positive"),
    ],
)
def test_requests_that_cannot_be_met(model, changes, message):
    r = np.linspace(1.0, 20.0, 200)
    arguments = {"free": ["scale"]} | changes
    with pytest.raises(InputError, match=message):
        refine(model, r, np.sin(r), **arguments)


def test_data_that_are_no_data(model):
    r = np.linspace(1.0, 20.0, 200)
    with pytest.raises(InputError, match="not finite"):
        refine(model, r, np.where(r > 10, np.nan, 0.0), free=["scale"])
    with pytest.raises(InputError, match="r must increase"):
        refine(model, r[::-1], np.sin(r), free=["scale"])


def test_parameters_by_phase_and_names_of_a_wrong_phase(model):
    nickel = Crystal("Ni", (3.52, 3.52, 3.52, 90, 90, 90), "Fm-3m", (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), 0.006),))
    both = PairModel((cryolite(), nickel), 13.0)
    r = nyquist_grid(13.0, 2.0, 10.0)
    with pytest.raises(InputError, match="names no phase of the model; found a; expected cryolite:... or Ni:..."):
        refine(both, r, np.sin(r), free=["a"])
    with pytest.raises(InputError, match="Ni:b: not a free parameter.*sets b = a"):
        refine(both, r, np.sin(r), free=["Ni:b"])
