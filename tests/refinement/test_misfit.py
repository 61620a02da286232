"""Errors of parameters where the model is wrong: wide where the misfit is no noise, as they were where it is."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.crystal.crystal import Crystal, Site
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement.least_squares.misfit import REACH, sandwich, shift_of_q, widened
from coherion.refinement.observed import Observed
from coherion.refinement.recipe import run_recipe
from coherion.settings.reading import settings_from
from coherion.settings.stages.refinement import RefinementSettings

QMAX, NOISE = 13.0, 0.02


def pulls(draw, reach, count=300, points=240, seed=1):
    """Pulls of a linear fit without and with what the shape of the misfit adds, (count, m) each.

    What the parameters do falls off over ``reach`` points.
    """
    rng = np.random.default_rng(seed)
    x = np.arange(points)
    fades = np.exp(-x / reach)
    jacobian = np.column_stack([fades * np.cos(2 * np.pi * x / period) for period in (60.0, 25.0, 17.0)])
    inverse = np.linalg.inv(jacobian.T @ jacobian)
    plain, wide = [], []
    for _ in range(count):
        data = draw(rng, points)
        found = inverse @ jacobian.T @ data
        residual = data - jacobian @ found
        freedom = points - len(found)
        own = inverse * float(residual @ residual) / freedom
        more = widened(own, sandwich(jacobian, residual, inverse) * points / freedom)
        plain.append(found / np.sqrt(np.diag(own)))
        wide.append(found / np.sqrt(np.diag(more)))
    return np.array(plain), np.array(wide)


def white(rng, points):
    return rng.normal(size=points)


def smooth(rng, points):
    """Neighbours agree over a peak's width."""
    return np.convolve(rng.normal(size=points + REACH), np.ones(REACH), mode="valid")[:points]


def near(rng, points):
    """Ten times larger at the short end."""
    return rng.normal(size=points) * np.where(np.arange(points) < 20, 10.0, 1.0)


def rms(z):
    return np.sqrt(np.mean(z**2))


def test_white_noise_is_not_widened_to_uselessness():
    plain, wide = pulls(white, 100.0)
    assert 0.9 < rms(plain) < 1.1
    assert 0.85 < rms(wide) < 1.05


@pytest.mark.parametrize(("draw", "reach"), [(smooth, 100.0), (near, 12.0)])
def test_a_misfit_that_is_no_white_noise_widens(draw, reach):
    plain, wide = pulls(draw, reach)
    assert rms(plain) > 1.4
    assert rms(wide) < 0.8 * rms(plain)
    assert np.mean(np.abs(wide) < 2) > np.mean(np.abs(plain) < 2) + 0.08


def test_the_sandwich_is_that_of_newey_and_west():
    """Products of any two points, weighted with 1 - lag/reach, which no residual makes negative."""
    rng = np.random.default_rng(3)
    jacobian, residual = rng.normal(size=(50, 3)), rng.normal(size=50)
    inverse = np.linalg.inv(jacobian.T @ jacobian)
    lags = np.abs(np.subtract.outer(np.arange(50), np.arange(50)))
    middle = np.outer(residual, residual) * np.clip(1 - lags / REACH, 0, None)
    expected = inverse @ jacobian.T @ middle @ jacobian @ inverse
    np.testing.assert_allclose(sandwich(jacobian, residual, inverse), expected, rtol=1e-10)
    turning = (-1.0) ** np.arange(50)
    assert sandwich(np.ones((50, 1)), turning, np.ones((1, 1)))[0, 0] >= 0


def test_a_shift_is_what_one_fit_of_it_with_all_variables_would_find():
    """Frisch and Waugh: the coefficient of one more column, from residuals of the others alone."""
    rng = np.random.default_rng(4)
    jacobian, column = rng.normal(size=(60, 3)), rng.normal(size=60)
    column += 2 * jacobian[:, 0]  # much of it a variable can take up
    data = jacobian @ [1.0, -2.0, 0.5] + 0.3 * column + rng.normal(scale=0.1, size=60)
    inverse = np.linalg.inv(jacobian.T @ jacobian)
    residual = data - jacobian @ (inverse @ jacobian.T @ data)
    found = shift_of_q(column, jacobian=jacobian, residual=residual, inverse=inverse, variance=0.01)
    together = np.column_stack([jacobian, column])
    known = np.linalg.inv(together.T @ together)
    whole = known @ together.T @ data
    assert found.value == pytest.approx(whole[3])
    assert found.sd == pytest.approx(0.1 * np.sqrt(known[3, 3]))
    # What the variables took up of it is missing in their values.
    np.testing.assert_allclose(inverse @ jacobian.T @ data - found.value * found.response, whole[:3])


def test_no_variance_shrinks_and_correlations_stay():
    rng = np.random.default_rng(2)
    root = rng.normal(size=(3, 3))
    own, other = root @ root.T, np.diag([1e-9, 100.0, 1e-9])
    found = widened(own, other)
    np.testing.assert_allclose(np.diag(found), [own[0, 0], 100.0, own[2, 2]])

    def correlation(matrix):
        sds = np.sqrt(np.diag(matrix))
        return matrix / np.outer(sds, sds)

    np.testing.assert_allclose(correlation(found), correlation(own))


def salt() -> Crystal:
    sites = (Site("Na1", (0, 0, 0), (("Na", 1.0),), 0.03), Site("Cl1", (0.5,) * 3, (("Cl", 1.0),), 0.02))
    return Crystal("salt", (5.64,) * 3 + (90.0,) * 3, "Fm-3m", sites)


def fitted(shift: float, seed: int):
    """Rock salt of 80 angstrom whose F(Q) was moved to larger Q by ``shift`` (1/angstrom) before its transform."""
    r = np.arange(0.005, 400.0, 0.01)
    shared = {"delta2": 2.0, "qdamp": 0.011, "coherence_length": 80.0, "scale": 1.0}
    reach = r < 90.0
    g = calculate(PairModel((salt(),), QMAX), r[reach], shared)
    q = np.arange(0.0, QMAX, 0.01)
    f = np.array([0.01 * np.sum(g * np.sin(at * r[reach])) for at in q])
    moved = np.interp(q - shift, q, f)
    grid = np.arange(0.01, 62.0, 0.02)
    g = np.array([2 / np.pi * 0.01 * np.sum(moved * np.sin(q * at)) for at in grid])
    step = np.pi / QMAX
    points = step * np.arange(1, 270)
    noise = np.random.default_rng(seed).normal(scale=NOISE, size=len(points))
    g = g + np.sinc((grid[:, None] - points) / step) @ noise
    data = Observed(grid, g, np.full_like(grid, NOISE), None, None, QMAX, "simulated", "made.gr")
    told = {"fit_range": [2, 60], "qdamp": 0.011, "compare_envelopes": [], "profile": [], "readings": []}
    told |= {"stages": [["scale", "delta2"], ["lattice", "displacements"], ["coherence_length"]]}
    return run_recipe([salt()], data, settings_from(RefinementSettings, told), say=lambda text: None)


def test_a_shift_of_all_q_is_found_and_is_in_the_error_of_the_cell():
    shift = 0.004
    found, clean = fitted(shift, 3), fitted(0.0, 3)
    assert found.shift_of_q.value == pytest.approx(shift, abs=3 * found.shift_of_q.sd + 0.15 * shift)
    assert abs(clean.shift_of_q.value) < 3 * clean.shift_of_q.sd < 0.15 * shift
    off = abs(found.result.values["a"] - 5.64)
    alone = np.sqrt(np.diag(found.result.covariance_scaled))[found.result.parameters.index("a")]
    assert off > 5 * alone
    assert off < 2 * found.uncertainties(True)["a"] < 4 * off
    # What a shift of Q has nothing to do with is known as before.
    for name in ("scale", "Na1.u_iso"):
        at = found.result.parameters.index(name)
        before = found.result.covariance_scaled[at, at] + found.resolution_covariance[at, at]
        assert found.uncertainties(True)[name] < 2 * np.sqrt(before)
