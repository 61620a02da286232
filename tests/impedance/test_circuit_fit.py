"""Circuit fit: recovery of simulated truth from bad starts, calibrated errors, limits, model choice, resolution."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs

from coherion.errors import InputError
from coherion.impedance.circuits.capacitance import arc_properties, suggested_origins
from coherion.impedance.circuits.choice.comparison import (
    CONFIGURED,
    NO_ELECTRODE,
    SECOND_ARC,
    choose_model,
    unresolved_reason,
    with_one_more_arc,
    without_electrode,
)
from coherion.impedance.circuits.circuit import arcs, circuit
from coherion.impedance.circuits.fit import fit_circuit, weights_of
from coherion.settings.stages.circuits import CircuitSettings

FREQUENCY = np.geomspace(7e6, 0.1, 90)
PAPER = "p(R1,CPE1)-CPE2"
MODEL = circuit(PAPER)


def problem(generator, noise=0.01):
    """Truth as halide pellets have it, and its spectrum."""
    truth = np.array(
        [
            10 ** generator.uniform(5, 8),
            1e-11 * 10 ** generator.uniform(-0.3, 0.3),
            generator.uniform(0.85, 0.95),
            10 ** generator.uniform(-6.5, -5.5),
            generator.uniform(0.6, 0.95),
        ]
    )
    return truth, noisy(MODEL.impedance(FREQUENCY, truth), generator, noise)


def noisy(z, generator, noise):
    return z + noise * np.abs(z) * (generator.normal(size=z.size) + 1j * generator.normal(size=z.size))


def far_start(truth, generator):
    """Up to one and a half decades off in every scale, anywhere in the exponents."""
    start = truth * 10 ** generator.uniform(-1.5, 1.5, truth.size)
    start[[2, 4]] = generator.uniform(0.6, 1.0, 2)
    return dict(zip(MODEL.names, start, strict=True))


def test_hundred_of_hundred_problems_end_in_the_global_minimum_from_far_starts():
    generator = np.random.default_rng(20240205)
    for k in range(100):
        truth, z = problem(generator)
        lowest = fit_circuit(FREQUENCY, z, PAPER, start=dict(zip(MODEL.names, truth, strict=True)), restarts=6)
        started = fit_circuit(FREQUENCY, z, PAPER, start=far_start(truth, generator))
        alone = fit_circuit(FREQUENCY, z, PAPER)
        for found in (started, alone):
            assert found.chi_squared <= lowest.chi_squared * (1 + 1e-6), (k, truth)
            # The result does not depend on where it began.
            np.testing.assert_allclose(found.values, lowest.values, rtol=2e-3)
        # 1 % noise in 180 numbers, 5 parameters.
        assert found.chi_squared == pytest.approx(175e-4, rel=0.45)


def test_pulls_of_every_parameter_have_unit_standard_deviation():
    generator = np.random.default_rng(7)
    truth = np.array([2e6, 1.2e-11, 0.9, 1e-6, 0.8])
    clean = MODEL.impedance(FREQUENCY, truth)
    pulls = []
    for _ in range(400):
        fit = fit_circuit(FREQUENCY, noisy(clean, generator, 0.01), PAPER, restarts=0, tolerance=1e-8)
        pulls.append((fit.values - truth) / fit.standard_uncertainty)
    assert np.all(np.abs(np.std(pulls, axis=0) - 1) < 0.1)
    # The error of the mean of 400 is 0.05. Weights 1/|Z| of noisy data pull the fit towards points that are too low by
    # chance, which biases R by a few times noise^2: a fifth of its error here, and less with less noise.
    mean = np.mean(pulls, axis=0)
    assert np.all(np.abs(mean[1:]) < 0.15) and -0.35 < mean[0] < 0


def test_covariance_is_that_of_the_draws():
    generator = np.random.default_rng(8)
    truth = np.array([2e6, 1.2e-11, 0.9, 1e-6, 0.8])
    clean = MODEL.impedance(FREQUENCY, truth)
    fits = [fit_circuit(FREQUENCY, noisy(clean, generator, 0.005), PAPER, restarts=0) for _ in range(150)]
    drawn = np.corrcoef(np.array([f.values for f in fits]).T)
    stated = np.mean([f.correlation for f in fits], axis=0)
    np.testing.assert_allclose(stated, drawn, atol=0.2)
    assert stated[1, 2] < -0.9


def test_exact_data_give_the_exact_parameters():
    for text, values in [
        (PAPER, [1e7, 1e-11, 0.88, 2e-6, 0.75]),
        ("R0-p(R1,C1)-p(R2,C2)", [475.0, 1018.0, 8.2e-9, 3561.0, 2.3e-6]),
        ("L1-p(R1,CPE1)-p(R2,CPE2)-CPE3", [1e-5, 1e4, 1e-10, 0.9, 3e4, 1e-7, 0.8, 1e-5, 0.7]),
        ("R0-p(R1-Wo1,C1)", [20.0, 300.0, 150.0, 0.5, 1e-6]),
    ]:
        fit = fit_circuit(FREQUENCY, circuit(text).impedance(FREQUENCY, values), text)
        np.testing.assert_allclose(fit.values, values, rtol=1e-5)
        assert fit.chi_squared < 1e-12


def test_the_same_seed_gives_the_same_result():
    _, z = problem(np.random.default_rng(3))
    a, b = (fit_circuit(FREQUENCY, z, PAPER, seed=5) for _ in range(2))
    np.testing.assert_array_equal(a.values, b.values)


def test_order_of_the_points_does_not_matter():
    _, z = problem(np.random.default_rng(4))
    shuffled = np.random.default_rng(0).permutation(90)
    a, b = fit_circuit(FREQUENCY, z, PAPER), fit_circuit(FREQUENCY[shuffled], z[shuffled], PAPER)
    np.testing.assert_allclose(a.values, b.values, rtol=1e-6)


def test_interchangeable_arcs_come_out_fastest_first():
    text = "p(R1,CPE1)-p(R2,CPE2)-CPE3"
    fast, slow, electrode = [1e5, 1e-11, 0.9], [1e6, 1e-9, 0.85], [1e-5, 0.8]
    z = circuit(text).impedance(FREQUENCY, [*slow, *fast, *electrode])
    fit = fit_circuit(FREQUENCY, z, text)
    np.testing.assert_allclose(fit.values, [*fast, *slow, *electrode], rtol=1e-4)


def test_fixed_values_and_limits_are_kept():
    truth = [2e6, 1.2e-11, 0.9, 1e-6, 0.8]
    z = noisy(MODEL.impedance(FREQUENCY, truth), np.random.default_rng(1), 0.01)
    free = fit_circuit(FREQUENCY, z, PAPER)
    # 1. A fixed value has no error and costs nothing; the others move.
    fixed = fit_circuit(FREQUENCY, z, PAPER, fixed={"CPE1_1": 0.9})
    assert fixed["CPE1_1"] == 0.9 and fixed.uncertainty("CPE1_1") == 0.0
    assert fixed.degrees_of_freedom == free.degrees_of_freedom + 1
    assert fixed.chi_squared >= free.chi_squared and fixed.uncertainty("CPE1_0") < free.uncertainty("CPE1_0")
    # 2. A limit in the way is reached and told.
    limited = fit_circuit(FREQUENCY, z, PAPER, bounds={"CPE1_1": [0.5, 0.85]})
    assert limited["CPE1_1"] == pytest.approx(0.85, abs=1e-4)
    assert limited.at_limit == ("CPE1_1",)
    # 3. A limit out of the way changes nothing, though it changes the minimiser's coordinates.
    wide = fit_circuit(FREQUENCY, z, PAPER, bounds={"CPE1_1": [0.5, 1.0], "R1": [1e3, 1e9]})
    np.testing.assert_allclose(wide.values, free.values, rtol=1e-4)


def test_weights_by_name():
    z = np.array([3 - 4j, 1 - 1j])
    np.testing.assert_allclose(weights_of(z, "modulus"), [0.2, 0.2, 2**-0.5, 2**-0.5])
    np.testing.assert_allclose(weights_of(z, "proportional"), [1 / 3, 1 / 4, 1, 1])
    np.testing.assert_allclose(weights_of(z, "unit"), 1)
    np.testing.assert_allclose(weights_of(z, "fitted"), weights_of(z, "modulus"))
    # All find the truth of exact data.
    exact = MODEL.impedance(FREQUENCY, [2e6, 1.2e-11, 0.9, 1e-6, 0.8])
    for name in ("fitted", "modulus", "proportional", "unit"):
        np.testing.assert_allclose(fit_circuit(FREQUENCY, exact, PAPER, weights=name)["R1"], 2e6, rtol=1e-4)


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        # Of some hundred random spectra, those in which the first starts ended in another minimum.
        ("R0-p(R1-Wo1,CPE1)", [3.05e4, 2.2e5, 2.7e5, 0.038, 8.07e-11, 0.686]),
        ("p(R1,CPE1)-p(R2,CPE2)-CPE3", [2.25e5, 1.8e-7, 0.756, 2.2e4, 3.13e-6, 0.958, 3.07e-6, 0.626]),
        ("R0-p(R1,CPE1)-CPE2", [1.26e4, 7.58e4, 1.94e-6, 0.979, 5.43e-7, 0.743]),
        ("R0-p(R1,CPE1)-CPE2", [997, 526, 3.04e-4, 0.825, 2.07e-5, 0.635]),
    ],
)
def test_a_misfit_that_is_no_noise_is_searched_for_a_lower_minimum(text, truth):
    frequency = np.geomspace(1e6, 0.1, 71)
    fit = fit_circuit(frequency, circuit(text).impedance(frequency, truth), text)
    assert np.abs(fit.residual).max() < 1e-5
    np.testing.assert_allclose(sorted(fit.values), sorted(truth), rtol=1e-3)


def test_weights_of_a_first_fit_do_not_draw_the_resistance_down():
    """With noise s of each component, weights from the noisy modulus lower R by 2 s^2: by 0.32 % of 4 %."""
    truth, noise, generator = np.array([2e6, 1.2e-11, 0.9, 1e-6, 0.8]), 0.04, np.random.default_rng(5)
    found = []
    for _ in range(60):
        z = noisy(MODEL.impedance(FREQUENCY, truth), generator, noise)
        start = dict(zip(MODEL.names, truth, strict=True))
        fits = [fit_circuit(FREQUENCY, z, PAPER, weights=w, start=start, restarts=0) for w in ("modulus", "fitted")]
        found.append([*(fit["R1"] / truth[0] - 1 for fit in fits), fits[1].uncertainty("R1") / truth[0]])
    low, right, sd = np.mean(found, axis=0)
    assert low - right == pytest.approx(-2 * noise**2, rel=0.25)
    assert abs(right) < 2 * sd / np.sqrt(60)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "equal"}, "unknown weights.*modulus"),
        ({"start": {"R7": 1.0}}, "no parameter 'R7'.*key start|key start.*no parameter 'R7'"),
        ({"fixed": {"R1": -5.0}}, "key fixed.*out of range"),
        ({"bounds": {"R1": [5.0, 1.0]}}, "bounds of R1"),
        ({"bounds": {"CPE1_1": 3.0}}, "bounds of CPE1_1"),
    ],
)
def test_wrong_options_are_refused_by_name(options, message):
    with pytest.raises(InputError, match=message):
        fit_circuit(FREQUENCY, MODEL.impedance(FREQUENCY, [2e6, 1e-11, 0.9, 1e-6, 0.8]), PAPER, **options)


def test_too_few_points_are_refused():
    with pytest.raises(InputError, match="too few points"):
        fit_circuit(FREQUENCY[:2], np.array([1 - 1j, 2 - 2j]), PAPER)


def test_a_direction_without_data_has_a_huge_error_not_none():
    # Far below the arc's apex the capacitance cannot be seen.
    f = np.geomspace(1e-3, 1e-1, 30)
    z = noisy(circuit("p(R1,C1)").impedance(f, [100.0, 1e-12]), np.random.default_rng(2), 0.001)
    fit = fit_circuit(f, z, "p(R1,C1)")
    assert fit["R1"] == pytest.approx(100.0, rel=1e-3)
    assert fit.uncertainty("C1") > fit["C1"]


class TestCapacitance:
    def fit(self, noise=0.01, seed=0):
        z = MODEL.impedance(FREQUENCY, [2e6, 3e-11, 0.85, 1e-6, 0.8])
        return fit_circuit(FREQUENCY, noisy(z, np.random.default_rng(seed), noise), PAPER, restarts=0)

    def test_is_the_one_of_brug(self):
        found = arc_properties(self.fit(noise=1e-6), arcs(MODEL)[0])
        assert found.capacitance == pytest.approx((3e-11 * 2e6 ** (1 - 0.85)) ** (1 / 0.85), rel=1e-4)
        # At the apex the imaginary part of the arc is largest.
        z = circuit("p(R1,CPE1)").impedance(FREQUENCY, [2e6, 3e-11, 0.85])
        assert found.frequency == pytest.approx(FREQUENCY[np.argmin(z.imag)], rel=0.12)

    def test_error_is_calibrated(self):
        fits = [self.fit(seed=s) for s in range(150)]
        found = [arc_properties(f, arcs(MODEL)[0]) for f in fits]
        truth = (3e-11 * 2e6**0.15) ** (1 / 0.85)
        pulls = [(p.capacitance - truth) / p.capacitance_sd for p in found]
        assert np.std(pulls) == pytest.approx(1, abs=0.17)
        # Q and alpha compensate one another: the sum of their relative errors is several times too large.
        plain = arc_properties(fits[0], arcs(MODEL)[0], "sum_of_relative")
        assert plain.capacitance_sd > 2 * found[0].capacitance_sd

    def test_of_a_capacitor_is_itself(self):
        z = circuit("p(R1,C1)").impedance(FREQUENCY, [1e4, 1e-10])
        fit = fit_circuit(FREQUENCY, noisy(z, np.random.default_rng(0), 0.001), "p(R1,C1)")
        found = arc_properties(fit, arcs(fit.circuit)[0])
        assert (found.capacitance, found.capacitance_sd) == pytest.approx((fit["C1"], fit.uncertainty("C1")))

    def test_origins_of_irvine_sinclair_and_west(self):
        assert suggested_origins(1e-12) == ("bulk",)
        assert "grain boundary" in suggested_origins(1e-9)
        assert suggested_origins(1e-6) == ("sample-electrode interface",)
        # The paper's 1e-11 F "do not allow the exclusion of grain boundary contributions".
        assert {"minor second phase", "grain boundary"} <= set(suggested_origins(1e-11, 1e-12))
        # Below the least of a bulk by less than twice its error: 10^-12.5 F is 3.2e-13.
        assert suggested_origins(2e-13, 1e-13) == ("bulk",) != suggested_origins(2e-13, 1e-14)
        # A thin pellet shows a larger capacitance; the table is for 1/cm.
        assert suggested_origins(4e-12, cell_constant=0.25) == ("bulk",)


class TestModelChoice:
    TWO = "p(R1,CPE1)-p(R2,CPE2)-CPE3"

    def test_circuits_to_compare_with(self):
        assert with_one_more_arc(MODEL) == "p(R1,CPE1)-p(R2,CPE3)-CPE2"
        assert without_electrode(MODEL) == "p(R1,CPE1)"
        assert with_one_more_arc(circuit("R1-C1")) is None
        assert without_electrode(circuit("R1-p(R2,C2)")) is None

    def test_one_arc_is_enough_where_there_is_one(self):
        wrong = 0
        for seed in range(10):
            z = noisy(MODEL.impedance(FREQUENCY, [2e6, 1e-11, 0.9, 1e-6, 0.8]), np.random.default_rng(seed), 0.003)
            found = choose_model(FREQUENCY, z, fit_circuit(FREQUENCY, z, PAPER))
            wrong += found.preferred != CONFIGURED
            assert found.delta_aicc[NO_ELECTRODE] > 100
        assert wrong == 0

    def test_a_second_arc_is_found(self):
        values = [1e6, 1e-11, 0.9, 5e5, 1e-9, 0.85, 1e-6, 0.8]
        z = noisy(circuit(self.TWO).impedance(FREQUENCY, values), np.random.default_rng(0), 0.003)
        found = choose_model(FREQUENCY, z, fit_circuit(FREQUENCY, z, PAPER))
        assert found.preferred == SECOND_ARC and found.delta_aicc[SECOND_ARC] < -100
        np.testing.assert_allclose(found.fits[SECOND_ARC]["R1"], 1e6, rtol=0.05)

    def test_an_electrode_out_of_sight_is_not_needed(self):
        # 1e9 ohm: the electrode's 1e6 ohm at 0.1 Hz lie below the noise.
        for seed in range(5):
            z = noisy(circuit("p(R1,CPE1)").impedance(FREQUENCY, [1e9, 1e-11, 0.9]), np.random.default_rng(seed), 0.01)
            found = choose_model(FREQUENCY, z, fit_circuit(FREQUENCY, z, PAPER))
            assert found.preferred == NO_ELECTRODE
            assert found.delta_aicc[NO_ELECTRODE] < 0


class TestResolution:
    LIMITS = CircuitSettings(largest_relative_sd=0.1, lowest_apex_ratio=1.0, largest_misfit=0.05)

    def reason(self, resistance, frequency=FREQUENCY, noise=0.01, **rule):
        z = noisy(MODEL.impedance(frequency, [resistance, 1e-11, 0.9, 1e-6, 0.8]), np.random.default_rng(0), noise)
        fit = fit_circuit(frequency, z, PAPER)
        found = [arc_properties(fit, a) for a in arcs(MODEL)]
        limits = structs.replace(self.LIMITS, **rule)
        return unresolved_reason(fit, frequency, ["R1"], fit["R1"], fit.uncertainty("R1"), found, limits)

    def test_a_closed_arc_is_resolved(self):
        assert self.reason(1e6) == ""

    def test_an_arc_whose_apex_lies_below_the_range_is_not(self):
        # 1e12 ohm and 1e-11 F: apex near 0.01 Hz, a tenth of the lowest frequency.
        assert "not closed" in self.reason(1e12)

    def test_an_uncertain_resistance_is_not(self):
        # The arc lies above the highest frequency, and noise hides what the intercept would tell.
        assert "uncertain" in self.reason(1e6, noise=0.02, largest_relative_sd=1e-3)

    def test_a_spectrum_that_the_circuit_misses_is_not(self):
        assert "misses the spectrum" in self.reason(1e6, noise=0.05, largest_misfit=0.03)
