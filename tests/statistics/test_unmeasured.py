"""Strength that an unseen confounder needs: against PySensemakr, published numbers, and a confounder that is there."""

from pathlib import Path

import numpy as np
import pytest
from made_series import make_rows, write_rows

from coherion.data.contract.tables import UNMEASURED
from coherion.paper.claims import unmeasured_rows
from coherion.paper.reading import read_paper
from coherion.paper.statements import unmeasured_of
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.kinds.points import points
from coherion.statistics.regression import Undetermined
from coherion.statistics.series import read_series
from coherion.statistics.unmeasured.confounder import Benchmark, Treatment, benchmark_of, treatment_of


def made(seed, n=14):
    generator = np.random.default_rng(seed)
    z = generator.normal(size=(n, 2))
    d = 0.6 * z[:, 0] - 0.3 * z[:, 1] + generator.normal(size=n)
    return d, -0.8 * d + 0.5 * z[:, 0] + 0.4 * z[:, 1] + 0.7 * generator.normal(size=n), z


# Effect of exposure to violence on attitudes to peace in Darfur, Cinelli and Hazlett's example: estimate, standard
# error, freedom, then bounds by the covariate "female" times 1, 2, 3. More digits than the paper's are their package's.
DARFUR = Treatment(0.09731582, 0.02325654, 783)
FEMALE = [
    (0.009164287, 0.1246409, 0.07522027, 0.02187333, 3.438904),
    (0.018328573, 0.2493241, 0.05291517, 0.02035006, 2.600246),
    (0.027492860, 0.3740505, 0.03039602, 0.01867006, 1.628062),
]


def test_published_numbers_of_darfur():
    assert DARFUR.partial_r2 == pytest.approx(0.02187, abs=1e-5)
    assert DARFUR.robustness_value() == pytest.approx(0.13878, abs=1e-5)
    assert DARFUR.robustness_value(1.0, 0.05) == pytest.approx(0.07626, abs=1e-5)
    # The covariate's own strength follows from the first bound; the second and third are then predictions.
    r2_dz, r2_yz = FEMALE[0][:2]
    r2_dx = r2_dz / (1 + r2_dz)
    shared = r2_dx**2 / (1 - r2_dx) ** 2
    odds = r2_yz * (1 - shared) / (1 + np.sqrt(shared)) ** 2
    female = Benchmark(DARFUR, r2_dx, odds / (1 + odds))
    for times, (strength_d, strength_y, estimate, se, t) in enumerate(FEMALE, start=1):
        assert female.as_strong(times) == pytest.approx((strength_d, strength_y), rel=1e-5)
        beside = female.beside(times)
        assert (beside.estimate, beside.se, beside.t) == pytest.approx((estimate, se, t), rel=1e-4)
    # Three times as strong takes the significance at 5 % away, twice does not; the estimate keeps its sign.
    assert 2 < female.times_to_undo(0.05) < 3 < female.times_to_undo()


@pytest.mark.parametrize("seed", range(5))
def test_pysensemakr_finds_the_same_to_six_digits(seed):
    sensemakr = pytest.importorskip(
        "sensemakr", reason="PySensemakr brings Jupyter with it and is no part of the lock: pip install PySensemakr"
    )
    pandas = pytest.importorskip("pandas")
    formula = pytest.importorskip("statsmodels.formula.api")
    d, y, z = made(seed)
    frame = pandas.DataFrame({"y": y, "d": d, "z1": z[:, 0], "z2": z[:, 1]})
    model, of_treatment = (formula.ols(one, frame).fit() for one in ("y ~ d + z1 + z2", "d ~ z1 + z2"))
    # Only what it computes from numbers is asked of it: what it does with fitted models needs an old pandas.
    told = {"estimate": float(model.params["d"]), "se": float(model.bse["d"]), "dof": int(model.df_resid)}
    t = told["estimate"] / told["se"]
    own = treatment_of(d, y, z)
    assert (own.estimate, own.se, own.freedom) == pytest.approx(tuple(told.values()), rel=1e-9)
    assert own.partial_r2 == pytest.approx(sensemakr.partial_r2(t_statistic=t, dof=told["dof"]), rel=1e-6)
    for share, alpha in ((1.0, 0.9999), (1.0, 0.05), (0.5, 0.05), (0.5, 0.3)):
        theirs = sensemakr.robustness_value(t_statistic=t, dof=told["dof"], q=share, alpha=alpha)
        assert own.robustness_value(share, alpha) == pytest.approx(float(theirs.iloc[0]), rel=1e-6, abs=1e-12)
    compared = 0
    for column, name in enumerate(("z1", "z2")):
        strength = benchmark_of(d, y, z, column)
        r2 = [float(m.tvalues[name] ** 2 / (m.tvalues[name] ** 2 + m.df_resid)) for m in (of_treatment, model)]
        assert (strength.r2_dx, strength.r2_yx) == pytest.approx(r2, rel=1e-9)
        for times in (0.3, 1.0, 2.0):
            mine = strength.as_strong(times)
            if mine is None or mine[1] == 1:
                continue
            bound = sensemakr.ovb_partial_r2_bound(
                r2dxj_x=r2[0], r2yxj_dx=r2[1], benchmark_covariates=name, kd=times
            ).iloc[0]
            strong = float(bound["r2dz_x"]), float(bound["r2yz_dx"])
            assert mine == pytest.approx(strong, rel=1e-6)
            beside = strength.beside(times)
            assert beside.estimate == pytest.approx(sensemakr.adjusted_estimate(*strong, **told), rel=1e-6)
            assert beside.t == pytest.approx(sensemakr.adjusted_t(*strong, **told), rel=1e-6)
            compared += 1
    assert compared


@pytest.mark.parametrize("seed", range(8))
def test_a_confounder_that_is_added_changes_the_estimate_as_its_strength_says(seed):
    d, y, z = made(seed, 30)
    without, beside = treatment_of(d, y, z[:, :1]), treatment_of(d, y, z)
    hidden = benchmark_of(d, y, z, 1)
    told = without.adjusted(hidden.r2_dx, hidden.r2_yx)
    # The formula is exact for a confounder that works against the estimate; one that works with it adds as much.
    moved = abs(beside.estimate - without.estimate)
    assert abs(told.estimate - without.estimate) == pytest.approx(moved, rel=1e-9)
    assert told.se == pytest.approx(beside.se, rel=1e-9)


@pytest.mark.parametrize("t", [2.8, 3.5, 6.0, 12.0])
@pytest.mark.parametrize("significance", [1.0, 0.05, 0.3])
def test_the_worst_confounder_of_the_robustness_value_just_undoes_it(significance, t):
    from scipy.stats import t as student

    found = Treatment(-t, 1.0, 10)
    value = found.robustness_value(1.0, significance)
    assert 0 < value < 1
    critical = student.ppf(1 - significance / 2, found.freedom - 1)
    # To explain more of y also narrows the error: of all that explain no more than the value, the worst counts.
    worst = min(-found.adjusted(value, r2_yz).t for r2_yz in np.linspace(0, value, 20001))
    assert worst == pytest.approx(critical, abs=1e-6)


def test_what_is_not_significant_needs_no_confounder():
    assert Treatment(1.0, 1.0, 10).robustness_value(1.0, 0.05) == 0
    assert Treatment(1.0, 1.0, 10).robustness_value() > 0


def test_times_as_strong_as_an_observed_covariate():
    strength = Benchmark(Treatment(-1.5, 0.4, 10), 0.1, 0.08)
    times = strength.times_to_undo()
    assert strength.beside(times * 0.999).estimate < 0 < strength.beside(times * 1.001).estimate
    assert strength.times_to_undo(0.05) < times
    # What has nothing to do with y, or with the treatment, is no measure of a confounder.
    assert Benchmark(Treatment(-20.0, 0.4, 10), 0.45, 0.0).times_to_undo() is None
    assert Benchmark(Treatment(-20.0, 0.4, 10), 0.0, 0.45).times_to_undo() is None


def test_too_few_points_and_points_on_a_line():
    with pytest.raises(Undetermined, match="too few"):
        treatment_of([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])
    with pytest.raises(Undetermined, match="line"):
        treatment_of(np.arange(8.0), 2 * np.arange(8.0) + 1)


PAPER = read_paper(Path(__file__).parents[2] / "config" / "paper.yaml")
BY_ID = {one.id: one for one in PAPER.statements}


def table(tmp_path, rows):
    return read_series(write_rows(rows, tmp_path / "series.tsv"), PAPER.known)


def test_statements_of_two_quantities_have_rows_and_others_none(tmp_path):
    series = table(tmp_path, make_rows(decoupled=6))
    rows = list(unmeasured_rows(series, PAPER, ClaimSettings(), "simulated"))
    found = {row["statement"]: row for row in rows}
    assert {"correlation-pearson", "correlation-spearman", "exponent", "length-influences-conductivity"} <= set(found)
    assert "cell-a" not in found and all(set(row) <= set(UNMEASURED.names) for row in rows)
    plain = found["correlation-pearson"]
    milled = series.where(series.included & np.array([g == "as_milled" for g in series.texts("group")]))
    p = points(milled, of="conductivity", against="coherence_length")
    # Without covariates the partial R^2 is the square of the correlation.
    assert plain["partial_r2"] == pytest.approx(np.corrcoef(p.log_x, p.log_y)[0, 1] ** 2)
    assert plain["observed"] == "x" and plain["observed_n"] == plain["n"] == len(p.sample)
    assert found["length-influences-conductivity"]["fixed"] == "x"


def test_the_sentence_says_what_it_takes_and_is_silent_where_the_sign_is_the_other(tmp_path):
    falling = unmeasured_of(BY_ID["exponent"], table(tmp_path, make_rows()), PAPER)
    said = falling.sentence(0.05)
    assert f"{falling.treatment.robustness_value():.2f}" in said and "times x" in said
    rising = unmeasured_of(BY_ID["exponent"], table(tmp_path, make_rows(exponent=3.0)), PAPER)
    assert rising.sentence(0.05) == ""


def test_a_stronger_rival_leaves_less_to_be_undone(tmp_path):
    """The more of the conductivity composition explains by itself, the fewer times as strong need the unseen be."""
    times = []
    for by_composition in (0.1, 1.0):
        series = table(tmp_path, make_rows(exponent=-1.5, by_composition=by_composition, decoupled=8, scatter=0.05))
        found = unmeasured_of(BY_ID["length-influences-conductivity"], series, PAPER)
        strength = found.observed[0].strength
        times.append(strength.times_to_undo() or np.inf)
    assert times[1] < times[0]


def test_an_observed_quantity_that_the_table_has_not_is_passed_over(tmp_path):
    found = unmeasured_of(BY_ID["exponent"], table(tmp_path, make_rows()), PAPER)
    assert [one.name for one in found.observed] == ["x"]
