"""Recipes: what they free and refuse, and that a staged refinement recovers a known structure with honest errors."""

from functools import lru_cache

import numpy as np
import pytest

from coherion.crystal.crystal import Crystal, Site
from coherion.errors import CoherionWarning, InputError
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement.least_squares.points import fit_data
from coherion.refinement.least_squares.weights import FitData, Misfit, misfit_variance, unmeasured
from coherion.refinement.observed import Observed
from coherion.refinement.patterns import bounds_of, matching, spelled_out
from coherion.refinement.recipe import run_recipe
from coherion.refinement.side_phase.weight_fractions import weight_fractions
from coherion.refinement.steps.problem import make_model, prepare
from coherion.settings.model import as_plain
from coherion.settings.reading import settings_from
from coherion.settings.stages.refinement import RefinementSettings

QMAX = 13.0
STEP = np.pi / QMAX
SITES = (
    ("M1", (("In", 0.5), ("Zr", 0.5)), (0, 0, 0), 0.016),
    ("Na1", (("Na", 0.56),), (0, 0, 0.5), 0.034),
    ("Na2", (("Na", 0.97),), (0.5133, -0.0519, 0.2474), 0.040),
    ("Cl1", (("Cl", 1.0),), (0.1118, 0.0496, 0.2391), 0.024),
    ("Cl2", (("Cl", 1.0),), (-0.2978, 0.1893, 0.0504), 0.026),
    ("Cl3", (("Cl", 1.0),), (0.1781, 0.2932, -0.0687), 0.025),
)
SHAPE = {
    "microstrain_squared": 0.0,
    "scale": 0.9,
    "delta2": 2.4,
    "coherence_length": 60.0,
    "qdamp": 0.011,
    "qbroad": 0.010,
}
BALANCE = {"constraints": ["Na1.occupancy = 3 - x - 2*Na2.occupancy"], "values": {"x": 0.5}}
QUIET = {"qbroad": 0.010, "compare_envelopes": [], "readings": [], "profile": []}


def cryolite():
    sites = tuple(Site(label, position, species, u_iso=u) for label, species, position, u in SITES)
    return Crystal("cryolite", (6.915, 7.163, 9.928, 90, 90.28, 90), "P21/n", sites)


def rock_salt(a=5.64, name="salt"):
    sites = (Site("Na1", (0, 0, 0), (("Na", 1.0),), u_iso=0.02), Site("Cl1", (0.5,) * 3, (("Cl", 1.0),), u_iso=0.015))
    return Crystal(name, (a, a, a, 90, 90, 90), "Fm-3m", sites)


def nickel(a=3.524):
    return Crystal("nickel", (a, a, a, 90, 90, 90), "Fm-3m", (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), u_iso=0.006),))


@lru_cache
def clean(top=31.0):
    r = np.arange(0.01, top, 0.01)
    return r, calculate(PairModel((cryolite(),), QMAX), r, SHAPE)


def white_noise(r, seed, sd):
    """Noise that the transform lets through: independent values at the multiples of pi/Qmax, band-limited between."""
    points = STEP * np.arange(1, int(r[-1] / STEP) + 20)
    values = np.random.default_rng(seed).normal(scale=sd, size=len(points))
    near = np.abs(r[:, None] - points) < 25
    return np.where(near, np.sinc((r[:, None] - points) / STEP), 0.0) @ values


def observed(r, g, sd=None, qmax=QMAX, **more):
    errors = None if sd is None else np.full_like(r, sd)
    return Observed(r, g, errors, None, None, qmax, "simulated", "made.gr", **more)


def settings(**given):
    return settings_from(RefinementSettings, {"fit_range": [2.0, 30.0], **QUIET, **given})


def refine(crystals, data, given):
    said = []
    return run_recipe(crystals, data, given, say=said.append), said


# 1. recovery


def displaced(seed):
    rng = np.random.default_rng(seed)
    crystal = cryolite()
    values = crystal.parameters
    moved = {n: values[n] * (1 + 0.002 * rng.normal()) for n in ("a", "b", "c")}
    moved["beta"] = values["beta"] + 0.1 * rng.normal()
    for name in values:
        if name.rpartition(".")[2] in ("x", "y", "z"):
            moved[name] = values[name] + 0.005 * rng.normal()
        if name.endswith("u_iso"):
            moved[name] = 0.02
    moved |= {"Na2.occupancy": 1.0, "M1.occupancy.In": 0.4, "M1.occupancy.Zr": 0.6}
    return crystal.with_values(moved)


@pytest.fixture(scope="module")
def recovered():
    """Three noisy copies, each refined from its own displaced start with the paper's stages and charge balance."""
    r, g = clean()
    found = []
    for seed in range(3):
        data = observed(r, g + white_noise(r, seed, 0.02), sd=0.02)
        found.append(refine([displaced(seed)], data, settings(**BALANCE))[0])
    return found


def test_every_parameter_is_recovered_within_its_uncertainty(recovered):
    truth = cryolite().parameters | SHAPE
    pulls = np.array(
        [
            [
                (f.result.values[name] - truth[name]) / np.sqrt(variance)
                for name, variance in zip(f.result.parameters, np.diag(f.covariance(scaled=False)), strict=True)
            ]
            for f in recovered
        ]
    )
    assert pulls.shape == (3, 30)
    # 90 numbers of a unit normal, some of them correlated: their mean square is 1 to about a third
    assert 0.6 < np.mean(pulls**2) < 1.6
    assert np.abs(pulls).max() < 4.5


def test_noise_alone_leaves_no_misfit(recovered):
    for f in recovered:
        assert f.misfit.rms(f.data.r) < 0.01 < 0.02 == pytest.approx(np.sqrt(f.data.mean_variance))
        assert f.result.chi_squared_reduced == pytest.approx(1.0, abs=0.35)


def test_constraints_and_full_sites_hold_exactly(recovered):
    for f in recovered:
        values = f.result.values
        assert values["Na1.occupancy"] + 2 * values["Na2.occupancy"] == pytest.approx(2.5, abs=1e-12)
        assert values["M1.occupancy.In"] + values["M1.occupancy.Zr"] == pytest.approx(1.0, abs=1e-12)
        i, j = (f.result.parameters.index(n) for n in ("Na1.occupancy", "Na2.occupancy"))
        c = f.covariance(scaled=True)
        assert c[i, i] == pytest.approx(4 * c[j, j])
        assert c[i, j] == pytest.approx(-2 * c[j, j])


def test_it_says_what_it_is_doing():
    r, g = clean()
    found, said = refine([cryolite()], observed(r, g), settings(stages=[["scale", "delta2"], ["lattice"]]))
    text = "\n".join(said)
    assert "stage 1 of 3, scale, delta2: Rw" in text and "stage 3 of 3, all together: Rw" in text
    assert "evaluations" in text and len(found.course.stages) == 3
    # the truth is where the fit starts for all but scale, delta2 and the length it holds: Rw falls with each stage
    assert found.course.stages[-1].rw <= found.course.stages[0].rw


def test_several_starts_agree_and_their_spread_is_kept():
    crystal = rock_salt()
    r = np.arange(0.01, 25, 0.01)
    g = calculate(PairModel((crystal,), QMAX), r, SHAPE | {"coherence_length": 40.0})
    data = observed(r, g + white_noise(r, 1, 0.02), sd=0.02)
    stages = [["scale", "delta2"], ["lattice", "displacements", "coherence_length"]]
    given = settings(fit_range=[2.0, 24.0], starts=3, seed=5, stages=stages)
    found, said = refine([crystal], data, given)
    assert found.course.rw.shape == (3,) and found.course.values.shape == (3, len(found.course.names))
    column = found.course.names.index("coherence_length")
    assert np.ptp(found.course.values[:, column]) < found.result.standard_uncertainty("coherence_length")
    # the same seed gives the same numbers
    again, _ = refine([crystal], data, given)
    assert again.result.values == found.result.values
    assert any("start 3 of 3" in line for line in said)


def test_uncertain_resolution_enters_the_errors():
    crystal = rock_salt()
    r = np.arange(0.01, 30, 0.01)
    g = calculate(PairModel((crystal,), QMAX), r, SHAPE | {"coherence_length": 40.0})
    data = observed(r, g + white_noise(r, 1, 0.01), sd=0.01)
    stages = {"stages": [["scale", "delta2"], ["lattice", "displacements", "coherence_length"]]}
    exact, _ = refine([crystal], data, settings(**stages))
    uncertain, _ = refine([crystal], data, settings(**stages, qdamp_sd=0.002, qbroad_sd=0.001))
    # what refits with qdamp and qbroad moved by their uncertainties say
    shifts = []
    for key, size in (("qdamp", 0.002), ("qbroad", 0.001)):
        centre = getattr(settings(), key)
        ends = [refine([crystal], data, settings(**(stages | {key: centre + s * size})))[0] for s in (-1, 1)]
        shifts.append([(ends[1].result.values[n] - ends[0].result.values[n]) / 2 for n in exact.result.parameters])
    expected = np.diag(exact.covariance(False)) + np.sum(np.square(shifts), axis=0)
    gained = np.sqrt(np.diag(uncertain.covariance(False)))
    i = exact.result.parameters.index("coherence_length")
    assert gained[i] == pytest.approx(np.sqrt(expected[i]), rel=0.05)
    assert gained[i] > 1.5 * np.sqrt(exact.covariance(False)[i, i])


def test_other_envelopes_and_the_profile_interval():
    crystal = rock_salt()
    r = np.arange(0.01, 30, 0.01)
    g = calculate(PairModel((crystal,), QMAX), r, SHAPE | {"coherence_length": 30.0})
    given = settings(
        stages=[["scale", "displacements", "coherence_*"]],
        fixed={"delta2": 2.4},
        compare_envelopes=["exponential", "lognormal"],
        profile=["coherence_length"],
    )
    found, _ = refine([crystal], observed(r, g + white_noise(r, 2, 0.02), sd=0.02), given)
    (interval,) = found.profiles
    assert interval.lower < found.result.values["coherence_length"] < interval.upper
    sd = np.sqrt(np.diag(found.covariance(True)))[found.result.parameters.index("coherence_length")]
    assert abs(found.result.values["coherence_length"] - 30.0) < 4 * sd
    # nearly parabolic: the interval is the standard uncertainty
    assert (interval.upper - interval.lower) / 2 == pytest.approx(sd, rel=0.15)
    others = {e.model.envelope: e for e in found.envelopes}
    # spheres made the data: exp(-r/L) fits worse, and its length is another quantity
    assert others["exponential"].result.chi_squared > found.result.chi_squared + 30
    assert others["exponential"].result.values["coherence_length"] < 0.7 * found.result.values["coherence_length"]
    # a narrow distribution of spheres contains the sphere
    assert others["lognormal"].result.chi_squared < found.result.chi_squared + 2


def test_two_phases_and_their_weight_fractions():
    salt, metal = rock_salt(), nickel()
    model = PairModel((salt, metal), QMAX, envelope="none")
    truth = {"salt:scale": 0.7, "nickel:scale": 0.25, "qdamp": 0.011, "qbroad": 0.01}
    r = np.arange(0.01, 30, 0.01)
    g = calculate(model, r, truth)
    given = settings(
        envelope="none",
        stages=[["scale"], ["lattice"], ["displacements"]],
        shared=[["salt:Na1.u_iso", "salt:Cl1.u_iso"]],
        qbroad=0.01,
    )
    start = [salt.with_values({"a": 5.65}), metal.with_values({"a": 3.52})]
    # what was shared was not equal: 0.020 and 0.015
    found, _ = refine(start, observed(r, g + white_noise(r, 0, 0.02), sd=0.02), given)
    values = found.result.values
    assert values["salt:Na1.u_iso"] == values["salt:Cl1.u_iso"]
    assert values["salt:scale"] == pytest.approx(0.7, abs=0.02)
    assert values["nickel:scale"] == pytest.approx(0.25, abs=0.01)
    assert values["nickel:a"] == pytest.approx(3.524, abs=0.002)


def test_weight_fractions_are_those_of_pdffit2():
    # its phase_fractions: atoms by scale/<b>^2, mass with the mean atomic mass; b is Z there and f(0) here, within 1 %
    from diffpy.pdffit2 import PdfFit
    from diffpy.structure import Atom, Lattice, Structure

    crystals = [rock_salt(), nickel()]
    theirs = PdfFit()
    for crystal in crystals:
        expanded = crystal.expand()
        atoms = [
            Atom(crystal.sites[k].species[0][0], x, U=np.eye(3) * 0.01)
            for k, x in zip(expanded.site, expanded.positions, strict=True)
        ]
        theirs.add_structure(Structure(atoms, Lattice(*crystal.lattice)))
    theirs.alloc("X", QMAX, 0.0, 1.0, 10.0, 100)
    for k, scale in enumerate((0.7, 0.25), 1):
        theirs.setphase(k)
        theirs.setvar("pscale", scale)
    theirs.calc()
    reference = np.array(theirs.phase_fractions()["mass"])
    ours, covariance = weight_fractions(crystals, np.array([0.7, 0.25]), np.diag([0.01**2, 0.02**2]))
    assert ours == pytest.approx(reference, rel=0.01)
    assert ours.sum() == pytest.approx(1.0)
    # the fractions sum to one, so their errors are equal and opposite
    assert covariance[0, 0] == pytest.approx(covariance[1, 1]) == pytest.approx(-covariance[0, 1])
    w = ours[0]
    assert np.sqrt(covariance[0, 0]) == pytest.approx(w * (1 - w) * np.hypot(0.01 / 0.7, 0.02 / 0.25))


@pytest.mark.slow
def test_errors_are_calibrated_with_the_noise_of_a_reduction():
    """(fitted - true)/sigma over draws of noise as counts make it: growing with Q, nothing below Qmin 0.5."""
    crystal, top, qmin = cryolite(), 22.0, 0.5
    r = np.arange(0.01, top, 0.01)
    grid = STEP * np.arange(1, int(top / STEP))
    q, dq = np.linspace(qmin, QMAX, 900, retstep=True)
    amplitude = 0.002 * (1 + (q / 4) ** 3) / np.sqrt(dq)
    fine, coarse = (np.sin(np.outer(x, q)) * (2 / np.pi) * dq for x in (r, grid))
    covariance = (coarse * amplitude**2) @ coarse.T
    below, step = np.linspace(0, qmin, 61, retstep=True)
    cut = np.sin(np.outer(r, below)) @ below * step * 2 / np.pi  # the model's F = -Q below Qmin, which no data hold
    clean_cut = calculate(PairModel((crystal,), QMAX), r, SHAPE) + cut
    truth = crystal.parameters | SHAPE
    given = settings(**BALANCE, fit_range=[2.0, 20.0])
    pulls: dict[bool, list] = {False: [], True: []}
    for seed in range(30):
        noise = fine @ (amplitude * np.random.default_rng(seed).normal(size=len(q)))
        data = Observed(r, clean_cut + noise, None, grid, covariance, QMAX, "simulated", "made.nc", qmin)
        found, _ = refine([crystal], data, given)
        difference = np.array([found.result.values[n] - truth[n] for n in found.result.parameters])
        for scaled, rows in pulls.items():
            rows.append(difference / np.sqrt(np.diag(found.covariance(scaled))))
    for rows in pulls.values():
        # 30 draws of 29 parameters, correlated: the root mean square is known to about 3 %
        assert np.sqrt(np.mean(np.square(rows))) == pytest.approx(1.0, abs=0.1)


# 2. weights


def test_a_white_misfit_is_found_and_makes_reduced_chi_squared_one():
    rng = np.random.default_rng(0)
    n = 400
    root = rng.normal(size=(n, n)) * 0.01 / np.sqrt(n)
    noise = root @ root.T + 1e-12 * np.eye(n)
    data = FitData(STEP * np.arange(1, n + 1), np.zeros(n), noise, None, "covariance")
    difference = rng.multivariate_normal(np.zeros(n), noise) + rng.normal(scale=0.03, size=n)
    misfit = misfit_variance(data, difference, n)
    # 400 numbers know a standard deviation to 3.5 %
    assert np.sqrt(misfit.far) == pytest.approx(0.03, rel=0.12)
    assert np.sum(data.target(misfit).weighting(difference) ** 2) == pytest.approx(n, rel=2e-2)
    # no more than the counts: no misfit
    quiet = rng.multivariate_normal(np.zeros(n), noise) * 0.7
    assert misfit_variance(data, quiet, n).rms(data.r[5:]) ** 2 < 1e-5 * data.mean_variance


def test_a_misfit_at_short_distances_is_told_from_one_at_all():
    rng = np.random.default_rng(1)
    r, truth = STEP * np.arange(8, 300), Misfit(near=1.0, far=1e-5)
    noise = 1e-6 * np.eye(len(r))
    data = FitData(r, np.zeros(len(r)), noise, unmeasured(r, 0.5), "covariance")
    found = []
    for _ in range(20):
        slow = 0.03 * np.sin(0.4 * r + rng.uniform(0, 6))  # of the unmeasured band: no misfit
        difference = slow + rng.normal(size=len(r)) * np.sqrt(truth.variance(r) + 1e-6)
        one = misfit_variance(data, difference, len(r) - data.unmeasured_points)
        found.append((one.near, one.far))
        assert np.sum(data.target(one).weighting(difference) ** 2) == pytest.approx(len(r), rel=0.2)
    near, far = np.median(found, axis=0)
    assert far == pytest.approx(truth.far, rel=0.05)
    # Some twenty points know the near part, and what of them is slow counts as unmeasured.
    assert 0.5 * truth.near < near < 1.5 * truth.near


def test_a_model_cut_at_qmin_is_fitted_as_well_as_one_that_is_not():
    # take F(Q) below Qmin out of G, as a reduction does: the band left unknown makes up for it
    crystal = rock_salt()
    r = np.arange(0.01, 40, 0.01)
    g = calculate(PairModel((crystal,), QMAX), r, SHAPE | {"coherence_length": 40.0})
    q = np.linspace(0, 0.8, 161)
    missing = np.trapezoid(-q * np.sin(np.outer(r, q)), q, axis=1) * 2 / np.pi  # F -> -Q as Q -> 0
    cut = g - 0.9 * missing
    given = settings(stages=[["scale", "delta2"], ["lattice", "displacements", "coherence_length"]])
    blind, _ = refine([crystal], observed(r, cut), given)
    told, _ = refine([crystal], observed(r, cut, qmin=0.8), given)
    errors = [abs(f.result.values["coherence_length"] - 40.0) for f in (blind, told)]
    sds = [f.result.standard_uncertainty("coherence_length", scaled=True) for f in (blind, told)]
    assert sds[1] < 0.5 * sds[0] and errors[1] < 0.5


def test_unmeasured_band_is_the_integral():
    r = np.array([0.5, 3.0, 7.7])
    q = np.linspace(0, 0.6, 20001)
    integral = np.trapezoid(np.sin(q * r[:, None, None]) * np.sin(q * r[None, :, None]), q, axis=-1)
    assert unmeasured(r, 0.6) == pytest.approx(integral * 3 / np.trace(integral), rel=1e-6)


def test_counting_errors_do_not_depend_on_the_weights_where_noise_is_white():
    r, g = clean()
    noisy = g + white_noise(r, 5, 0.02)
    given = {"stages": [["scale", "delta2", "lattice", "coherence_length"]]}
    by_sd, _ = refine([cryolite()], observed(r, noisy, sd=0.02), settings(**given, weights="sd"))
    by_unit, _ = refine([cryolite()], observed(r, noisy, sd=0.02), settings(**given, weights="unit"))
    one, other = (np.sqrt(np.diag(f.covariance(False))) for f in (by_sd, by_unit))
    assert one == pytest.approx(other, rel=0.03)


def test_weights_that_the_data_do_not_have():
    r, g = clean()
    for weights in ("sd", "covariance"):
        with pytest.raises(InputError, match="made.gr, key weights"):
            fit_data(observed(r, g), (2.0, 30.0), weights)
    assert fit_data(observed(r, g), (2.0, 30.0)).weights == "unit"
    by_sd = fit_data(observed(r, g, sd=0.1), (2.0, 30.0))
    assert by_sd.weights == "sd"
    np.testing.assert_allclose(by_sd.noise, 0.1**2 * np.eye(by_sd.r.size))


def test_a_matrix_that_is_no_covariance_is_not_used():
    r, g = clean()
    grid = STEP * np.arange(1, 120)
    bad = np.eye(119) * 1e-4
    bad[3, 4] = bad[4, 3] = 2e-4
    data = Observed(r, g, np.full_like(r, 0.01), grid, bad, QMAX, "simulated", "made.nc")
    with pytest.warns(CoherionWarning, match="eigenvalue"):
        assert fit_data(data, (2.0, 28.0)).weights == "sd"
    with pytest.raises(InputError, match="eigenvalue"):
        fit_data(data, (2.0, 28.0), "covariance")


# 3. what a recipe may say


@pytest.mark.parametrize(
    ("given", "words"),
    [
        # a parameter that symmetry fixes: the field, the name and the reason
        ({"stages": [["scale"], ["alpha"]]}, r"key stages\[1\] .*alpha.*space group"),
        ({"stages": [["Na1.x"]]}, r"key stages\[0\] .*Na1.x.*special position"),
        ({"stages": [["Cl1.u11"]]}, r"isotropic"),
        ({"stages": [["coherence_spread"]]}, "the envelope sphere has coherence_length"),
        ({"fixed": {"Na1.y": 0.1}}, r"key fixed.Na1.y.*special position"),
        # names that do not exist
        ({"stages": [["Cl9.x"]]}, "no such parameter"),
        ({"stages": [["delta3"]]}, "did you mean delta"),
        ({"bounds": {"Br1.x": [0, 1]}}, "key bounds.Br1.x"),
        ({"shared": [["Cl1.u_iso", "Cl4.u_iso"]]}, r"key shared\[0\]"),
        ({"constraints": ["Na1.occupancy = 3 - x - 2*Na2.occupancy"]}, r"constraints\[0\], character 21"),
        # what cannot be met
        (
            {"constraints": ["Na1.occupancy = 3 - x - 2*Na2.occupancy"], "values": {"x": -1.0}},
            "bounds of Na.*cannot be met",
        ),
        ({"fixed": {"*": None}}, "nothing to refine"),
    ],
)
def test_recipes_that_are_refused(given, words):
    with pytest.raises(InputError, match=words):
        prepare(make_model([cryolite()], QMAX, settings(**given)), settings(**given))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"fit_rnage": [2, 60]}, "did you mean fit_range"),
        ({"fit_range": [60, 2]}, "key fit_range: not a range"),
        ({"fit_range": "2-60"}, "key fit_range"),
        ({"qdamp": "0.01"}, "key qdamp"),
        ({"qdamp": -1}, "key qdamp.*from 0 to 1"),
        ({"envelope": "cube"}, "key envelope"),
        ({"compare_envelopes": ["cube"]}, "key compare_envelopes"),
        ({"stages": []}, "key stages"),
        ({"stages": [[]]}, r"key stages\[0\].*one or more"),
        ({"stages": [{"fre": ["a"]}]}, r"key stages\[0\]"),
        ({"bounds": {"a": 3}}, "key bounds.a"),
        ({"starts": 1.5}, "whole number"),
        ({"cumulative": 1}, "true or false"),
        ({"values": {"x": None}}, "key values.x"),
    ],
)
def test_settings_that_are_refused(given, words):
    with pytest.raises(InputError, match=words):
        settings_from(RefinementSettings, given)


def test_settings_survive_json():
    import json

    given = settings(**BALANCE, bounds={"a": [6.5, None]}, shared=[["Cl*.u_iso"]], fixed={"delta1": 0.0})
    assert settings_from(RefinementSettings, json.loads(json.dumps(as_plain(given)))) == given


def test_patterns():
    names = ["a", "beta", "Na1.x", "Na1.u_iso", "M1.occupancy.In", "Na1.occupancy", "side:a", "side:Cl1.z", "scale"]
    assert matching("lattice", names, "") == ["a", "beta", "side:a"]
    assert matching("side:*", names, "") == ["side:a", "side:Cl1.z"]
    assert matching("coordinates", names, "") == ["Na1.x", "side:Cl1.z"]
    assert matching("occupancies", names, "") == ["M1.occupancy.In", "Na1.occupancy"]
    assert matching("Na*.*", names, "") == ["Na1.x", "Na1.u_iso", "Na1.occupancy"]
    with pytest.raises(InputError, match="too long"):
        matching("*a" * 60, names, "")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"stages": [["scale", "Zr*.x"]]}, r"key stages\[0\].*matches no parameter; found Zr\*.x; did you mean"),
        ({"shared": [["Cl*.u_is"]]}, r"key shared\[0\].*found Cl\*.u_is.*Cl1.u_iso"),
        ({"fixed": {"K*.occupancy": None}}, r"key fixed.K\*.occupancy.*found K\*.occupancy"),
        ({"bounds": {"Na?.u_isoo": [0, 1]}}, r"key bounds.Na\?.u_isoo.*did you mean Na"),
        ({"start": {"trigonal:*.u_iso": 0.01}}, r"found trigonal:\*.u_iso"),
        ({"stages": [["scale", "coherance_*"]]}, r"found coherance_\*; did you mean coherence_length"),
        ({"stages": [["scale", "*.w"]]}, r"found \*.w"),
    ],
)
def test_patterns_that_match_nothing(given, words):
    with pytest.raises(InputError, match=words):
        prepare(make_model([cryolite()], QMAX, settings(**given)), settings(**given))


def test_patterns_that_name_a_quantity_may_match_nothing():
    # Rock salt has no free coordinates, no shared sites, no length: a recipe for any structure says them all the same.
    given = settings(stages=[["scale", "coordinates", "*.occupancy.*", "coherence_*", "*.u11", "salt*:all"]][:1])
    with pytest.raises(InputError, match="salt"):
        prepare(make_model([rock_salt()], QMAX, given), given)
    given = settings(envelope="none", stages=[["scale", "coordinates", "*.occupancy.*", "coherence_*", "*.u11"]])
    assert prepare(make_model([rock_salt()], QMAX, given), given).map.variables == ("scale",)
    # The built-in recipe names sodium; a structure without it is refined none the less.
    assert "a" in prepare(make_model([nickel()], QMAX, settings()), settings()).map.variables


def test_values_may_be_expressions_of_the_table():
    given = settings(
        start={"M1.occupancy.In": "1 - x", "M1.occupancy.Zr": "x"}, values={"x": 0.3}, full_mixed_sites=True
    )
    made = prepare(make_model([cryolite()], QMAX, given), given)
    assert made.start["M1.occupancy.In"] == pytest.approx(0.7)
    with pytest.raises(InputError, match="key|start"):
        bad = settings(start={"a": "1 +"})
        prepare(make_model([cryolite()], QMAX, bad), bad)


def test_configured_bounds_replace_the_built_in_ones():
    start = {"a": 6.9, "beta": 90.0, "Na1.occupancy": 1.0, "Na1.u_iso": 0.01}
    found = bounds_of(settings(bounds={"Na1.occupancy": [0.2, None], "a": [6.8, 7.0]}), start)
    assert found["Na1.occupancy"] == (0.2, np.inf) and found["a"] == (6.8, 7.0)
    assert found["beta"] == (80.0, 100.0) and found["Na1.u_iso"] == (5e-4, 0.5)


def test_correlated_motion_stays_below_the_shortest_distance():
    given = settings()
    made = prepare(make_model([rock_salt()], QMAX, given), given)
    # a/2 = 2.82 is the shortest distance of rock salt
    assert made.map.upper[made.map.variables.index("delta2")] == pytest.approx(0.9 * 2.82**2)
    wide = settings(bounds={"delta2": [0, 30]})
    made = prepare(make_model([rock_salt()], QMAX, wide), wide)
    assert made.map.upper[made.map.variables.index("delta2")] == 30.0


def test_a_start_that_constraints_move_is_told():
    # 3 - 0.9 - 2*0.97 leaves 0.16; with occ(2b) at least 0.3, occ(4e) has to start lower
    given = settings(
        constraints=BALANCE["constraints"],
        values={"x": 0.9},
        bounds={"Na1.occupancy": [0.3, 1.0]},
        stages=[["scale", "Na*.occupancy"]],
    )
    r, g = clean()
    with pytest.warns(CoherionWarning, match="Na2.occupancy starts at 0.9 instead of 0.97"):
        refine([cryolite()], observed(r, g), given)


def test_parameters_that_cannot_be_told_apart_are_named():
    # all atoms on one site: its occupancy multiplies G(r), and so does the scale
    r = np.arange(0.01, 20, 0.01)
    crystal = nickel()
    g = calculate(PairModel((crystal,), QMAX, envelope="none"), r, {"qdamp": 0.01})
    given = settings(
        fit_range=[2.0, 15.0], envelope="none", stages=[["scale", "Ni1.occupancy"]], qdamp=0.01, qbroad=0.0
    )
    with pytest.warns(CoherionWarning, match="cannot be told apart"):
        found, _ = refine([crystal], observed(r, g), given)
    assert [set(group) for group in found.result.singular] == [{"Ni1.occupancy", "scale"}]


def test_phases_need_names():
    with pytest.raises(InputError, match="different names"):
        make_model([rock_salt(), rock_salt(5.7)], QMAX, settings())
    with pytest.raises(InputError, match="not as many names"):
        make_model([rock_salt(), rock_salt(5.7)], QMAX, settings(phases=["one"]))
    model = make_model([rock_salt(), rock_salt(5.7)], QMAX, settings(phases=["one", "two"]))
    assert "two:a" in model.parameters


def test_partial_occupancies_are_those_that_start_below_one():
    start = {"a": 0.5, "Na1.occupancy": 0.55, "Cl1.occupancy": 1.0, "p:Na2.occupancy": 0.97, "M1.occupancy.In": 0.5}
    found = spelled_out(["scale", "partial_occupancies"], start)
    assert found[:1] == ["scale"] and {"Na1.occupancy", "p:Na2.occupancy"} <= set(found)
    assert not {"a", "Cl1.occupancy"} & set(found)


def test_displacements_become_anisotropic_and_isotropic_again_by_a_setting():
    def labels(**given):
        model = make_model([cryolite()], QMAX, settings(**given))
        return [site.label for site in model.phases[0].sites if site.u_aniso is not None], model

    assert labels()[0] == [] and labels(anisotropic=["*"])[0] == ["M1", "Na1", "Na2", "Cl1", "Cl2", "Cl3"]
    chosen, model = labels(anisotropic=["Cl?", "Na2"])
    assert chosen == ["Na2", "Cl1", "Cl2", "Cl3"]
    # U_eq is what it was, before and after.
    again = make_model(model.phases, QMAX, settings(anisotropic=[]))
    for site, back in zip(cryolite().sites, again.phases[0].sites, strict=True):
        assert back.u_aniso is None and back.u_iso == pytest.approx(site.u_iso)
    # One pattern for every phase, or for one.
    both = make_model(
        [rock_salt(), rock_salt(5.7)], QMAX, settings(phases=["one", "two"], anisotropic=["two:Na*", "Cl1"])
    )
    assert [[s.label for s in p.sites if s.u_aniso] for p in both.phases] == [["Cl1"], ["Na1", "Cl1"]]
    with pytest.raises(InputError, match=r"key anisotropic\[0\]: the pattern matches no site; found Br\*"):
        labels(anisotropic=["Br*"])


def test_an_anisotropic_refinement_of_an_isotropic_structure_is_measured_and_tabulated():
    from coherion.crystal.geometry_output import measure_refined
    from coherion.refinement.output import dataset_of, refined_cifs
    from coherion.settings.stages.geometry import GeometrySettings
    from coherion.tables.structures import structure_table

    sites = (
        Site("Ti1", (0, 0, 0), (("Ti", 1.0),), u_iso=0.006),
        Site("O1", (0.305, 0.305, 0), (("O", 1.0),), u_iso=0.008),
    )
    rutile = Crystal("rutile", (4.59, 4.59, 2.96, 90, 90, 90), "P 42/m n m", sites)
    r = np.arange(0.01, 20, 0.01)
    truth = {"O1.u33": 0.004, "O1.u11": 0.012, "O1.u12": 0.003, "scale": 0.9}
    g = calculate(PairModel((rutile.anisotropic(),), QMAX, envelope="none"), r, truth)
    given = settings(
        fit_range=[1.5, 18.0],
        envelope="none",
        qdamp=0.0,
        qbroad=0.0,
        anisotropic=["*"],
        stages=[["scale", "lattice"], ["displacements"], ["coordinates"]],
    )
    found, _ = refine([rutile], observed(r, g), given)
    for name, value in truth.items():
        assert found.result.values[name] == pytest.approx(value, abs=2e-3), name
    fit = dataset_of(found)
    measured = measure_refined(fit, rutile, settings_from(GeometrySettings, {"polyhedra": [], "angles": []}))
    assert measured.plain is not None
    fit.attrs["settings"] = "{}"
    assert structure_table(fit, rutile, {"sample": "rutile"}).name
    assert "_atom_site_aniso_U_11" in refined_cifs(found)["rutile"]


def two_metals(starts, **given):
    """Two metals of 3.60 (60 %) and 3.72 angstrom without noise, fitted from these edges."""

    def metal(name, a):
        return Crystal(name, (a, a, a, 90, 90, 90), "Fm-3m", (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), u_iso=0.006),))

    r = np.arange(0.01, 32, 0.01)
    model = PairModel((metal("one", 3.60), metal("two", 3.72)), 20.0, envelope="none")
    g = calculate(model, r, {"one:scale": 0.6, "two:scale": 0.4})
    observed = Observed(r, g, None, None, None, 20.0, "simulated", "two.gr", composition={"Ni": 1.0})
    told = {"fit_range": [1.5, 28.0], "envelope": "none", "qdamp": 0.0, "weights": "unit"}
    told |= {"stages": [["scale", "lattice"], ["displacements"]], **given}
    crystals = [metal("one", starts[0]), metal("two", starts[1])]
    lines: list[str] = []
    found = run_recipe(crystals, observed, settings_from(RefinementSettings, told), say=lines.append)
    return found, lines


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_spare_starts_where_two_phases_are_hardly_told_apart():
    """Both phases start beside the one: a single start leaves both there, and the data say that they are alike."""
    found, _ = two_metals((3.72, 3.74), spare_starts=0)
    assert found.rw > 0.5 and found.course.rw.size == 1
    found, lines = two_metals((3.72, 3.74))
    assert found.rw < 0.05 and found.course.rw.size == 5
    edges = sorted(found.result.values[f"{phase}:a"] for phase in ("one", "two"))
    assert edges == pytest.approx([3.60, 3.72], abs=0.002)
    assert any("4 more starts, for one:" in line and "hardly told apart" in line for line in lines)
    # Where nothing is in doubt there is one start.
    found, lines = two_metals((3.61, 3.71))
    assert found.course.rw.size == 1 and found.rw < 0.05 and not any("more starts" in line for line in lines)
