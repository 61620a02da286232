"""The next sample: what is simulated, and that it tells a sample which decides from one that cannot."""

from pathlib import Path

import numpy as np
import pytest
from made_series import lengths, make_rows, write_rows

from coherion.multiverse.next_sample import Candidate, _decided, added, candidates_of, expected, model_of, prospects
from coherion.paper.reading import read_paper
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.series import read_series

PAPER = read_paper(Path(__file__).parents[2] / "config" / "paper.yaml")
BY_ID = {one.id: one for one in PAPER.statements}
HEADLINE = BY_ID["length-influences-conductivity"]
SETTINGS = ClaimSettings(resamples=100, exact_limit=5040)


@pytest.fixture
def table(tmp_path):
    def made(**more):
        told = {"seed": 2, "exponent": -2.0, "by_composition": 0.3, "scatter": 0.05, "annealed": ((200.0, 72.0),)}
        return read_series(write_rows(make_rows(**(told | more)), tmp_path / "series.tsv"), PAPER.known)

    return made


def test_the_model_knows_the_lengths_of_the_series_and_what_annealing_adds(table):
    model = model_of(HEADLINE, table(noise=0.0, scatter=1e-6), PAPER)
    for x in (0.2, 0.5, 0.8):
        assert model.length(x, None) == pytest.approx(np.log10(lengths(x)), abs=0.05)
    assert model.length(0.9, 200.0) == pytest.approx(np.log10(72.0), abs=0.01)
    # b of the exponent and c of composition are those of the world where both are told apart.
    clear = model_of(HEADLINE, table(noise=0.0, scatter=1e-6, decoupled=10), PAPER)
    assert clear.effect.coefficients[1:] == pytest.approx([-2.0, 0.3], abs=0.01)


def test_other_statements_have_no_model(table):
    assert model_of(BY_ID["energy-drop"], table(), PAPER) is None
    assert prospects(BY_ID["energy-drop"], table(), PAPER, SETTINGS) == []


def test_candidates_lie_within_the_series_and_are_annealed_only_where_samples_were(table):
    made = candidates_of(model_of(HEADLINE, table(), PAPER))
    assert {c.annealing for c in made} == {None, 200.0} and {c.time for c in made} == {1.0, 4.0}
    assert min(c.abscissa for c in made) == 0.1 and max(c.abscissa for c in made) == 0.9
    assert all(c.annealing is None for c in candidates_of(model_of(HEADLINE, table(annealed=()), PAPER)))


def test_a_candidate_is_a_row_more_like_the_nearest_sample_made_alike(table):
    series = table()
    model = model_of(HEADLINE, series, PAPER)
    candidate = Candidate(0.3, 200.0, 1.0)
    more = added(series, HEADLINE, PAPER, model, candidate, [2.0, -6.0], [0.01, 0.02])
    assert len(more) == len(series) + 1 and more.texts("sample")[-1] == "next"
    assert more.texts("group")[-1] == "annealed" and more.numbers("annealing")[-1] == 200.0
    assert more.numbers("x")[-1] == 0.3
    assert more.numbers("coherence_length")[-1] == pytest.approx(100.0)
    assert more.errors("conductivity")[-1] == pytest.approx(1e-6 * 0.02 * np.log(10))
    # What was there stays.
    assert more.texts("coherence_length")[:-1] == series.texts("coherence_length")


def test_a_sample_whose_length_does_not_follow_its_composition_is_worth_more_than_one_that_does(table):
    series = table()
    apart, alike = Candidate(0.5, 200.0, 1.0), Candidate(0.5, None, 1.0)
    found = prospects(HEADLINE, series, PAPER, SETTINGS, simulations=4, candidates=[alike, apart])
    assert found[0].candidate == apart
    assert found[0].decided >= found[1].decided and found[0].error < found[1].error
    assert all(one.decided == one.holds + one.fails for one in found)


def test_the_same_numbers_come_out_of_the_same_seed(table):
    told = {"simulations": 2, "candidates": [Candidate(0.5, 200.0, 1.0)]}
    first, again = (prospects(HEADLINE, table(), PAPER, SETTINGS, **told) for _ in range(2))
    assert first == again


@pytest.mark.parametrize(("slope", "small"), [(-0.4, 0.0), (-0.1, 0.3), (0.5, 0.3)])
def test_the_closed_form_is_the_share_of_drawn_intervals_that_decide(slope, small):
    before, after, freedom = 0.05, 0.01, 400
    drawn = slope + np.sqrt(before - after) * np.random.default_rng(3).normal(size=100_000)
    half = 1.966 * np.sqrt(after)
    told = (drawn + half < 0) | (drawn - half > 0) | ((drawn - half > -small) & (drawn + half < small))
    assert _decided(slope, before, after, freedom, small, True, 0.95, -1) == pytest.approx(told.mean(), abs=0.006)
    # Where two explanations run together the statement cannot hold, here that the slope falls.
    never = told & ~(drawn + half < 0)
    assert _decided(slope, before, after, freedom, small, False, 0.95, -1) == pytest.approx(never.mean(), abs=0.006)


def test_a_longer_measurement_and_a_sample_farther_off_the_line_promise_more(table):
    model = model_of(HEADLINE, table(), PAPER)
    found = [
        expected(HEADLINE.test, model, SETTINGS, Candidate(0.1, temperature, time))
        for temperature, time in ((None, 1.0), (None, 4.0), (200.0, 4.0))
    ]
    assert 0 <= found[0] <= found[1] + 1e-9 and found[1] < found[2] <= 1


def test_only_the_shortlist_is_simulated_and_it_stands_first(table):
    found = prospects(HEADLINE, table(), PAPER, SETTINGS, simulations=1, shortlist=2)
    assert [one.decided is None for one in found] == [False] * 2 + [True] * (len(found) - 2)
    rest = [one.expected for one in found[2:]]
    assert rest == sorted(rest, reverse=True) and min(one.expected for one in found[:2]) >= rest[0]


def test_the_benchmark_counts_pairs_and_its_worlds_are_no_line(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2] / "benchmarks"))
    import importlib

    study = importlib.import_module("next_sample")
    first, second = np.array([0.5, 1.0, 0.2, 0.0, 0.3]), np.array([0.1, 0.0, 0.0, 1.0, 0.3])
    assert study.paired(first, second) == (3, 1, pytest.approx(5 / 16))
    found = study.study(0, ["correlation-pearson"], 4)
    assert all(0 <= found[f"{made}, rightly"] <= found[made] <= 1 for made in study.MADE)
    assert found == study.study(0, ["correlation-pearson"], 4)
