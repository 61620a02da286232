"""Rank correlations of all quantities of a series agree with SciPy's, and their errors with the scatter of draws."""

import numpy as np
import pytest
from matplotlib.text import Text
from scipy.stats import spearmanr

from coherion.figures.relations import draw_relations
from coherion.paper.curves import correlation_dataset
from coherion.settings.paper.paper import Paper
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.relations import LEAST, relations
from coherion.statistics.series import Missing, Series

PAPER = Paper()
NAMES = ("x", "coherence_length", "activation_energy")
ALL = tuple(PAPER.known)


def series(size, excluded=(), **columns):
    given = {name: tuple("" if np.isnan(v) else f"{v:.12g}" for v in values) for name, values in columns.items()}
    given["sample"] = tuple(f"s{i}" for i in range(size))
    given["group"] = ("as_milled",) * size
    given["excluded"] = tuple("side phase" if i in excluded else "" for i in range(size))
    given["origin"] = ("simulated",) * size
    return Series(given)


def kept_of(whole):
    return whole.where(whole.included)


def test_coefficients_are_scipys_and_missing_or_excluded_samples_are_left_out():
    rng = np.random.default_rng(3)
    x, length, energy = rng.normal(size=(3, 12))
    length[2] = np.nan
    found = relations(
        kept_of(series(12, excluded=[5], x=x, coherence_length_A=length, activation_energy_eV=energy)), ALL, 0.95
    )
    assert found.names == NAMES
    kept = np.delete(np.arange(12), [2, 5])
    expected = spearmanr(x[kept], length[kept]).statistic
    assert found.coefficient[0, 1] == pytest.approx(expected) == found.coefficient[1, 0]
    assert found.samples[0, 1] == 10 and found.samples[0, 2] == 11
    assert found.low[0, 1] < expected < found.high[0, 1]
    np.testing.assert_allclose(np.diag(found.coefficient), 1)


def test_the_error_is_the_scatter_of_series_drawn_anew():
    rng = np.random.default_rng(11)
    drawn, stated = [], []
    for _ in range(400):
        x, noise = rng.normal(size=(2, 30))
        found = relations(series(30, x=x, a_A=0.6 * x + 0.8 * noise), ALL, 0.95)
        drawn.append(found.coefficient[0, 1])
        stated.append(found.sd[0, 1])
    # 400 draws know a standard deviation to 3.5 %; the formula is of large samples.
    assert np.mean(stated) == pytest.approx(np.std(drawn), rel=0.12)


def test_a_curved_relation_counts_in_full_and_a_constant_quantity_not_at_all():
    x = np.linspace(0.1, 0.9, 9)
    found = relations(series(9, x=x, sigma_25C_S_per_cm=np.exp(9 * x), a_A=np.full(9, 6.9)), ALL, 0.95)
    place = {role: i for i, role in enumerate(found.names)}
    assert found.coefficient[place["x"], place["conductivity"]] == pytest.approx(1)
    assert np.isnan(found.coefficient[place["x"], place["a"]])


def test_too_few_samples_say_so_in_dataset_and_figure(tmp_path):
    x = np.linspace(0.1, 0.4, LEAST - 1)
    few = series(LEAST - 1, x=x, a_A=x)
    with pytest.raises(Missing, match="two quantities"):
        relations(few, ALL, 0.95)
    dataset = correlation_dataset(few, PAPER, ClaimSettings(), "simulated")
    assert "relations: two quantities" in dataset.attrs["missing"]
    draw_relations(dataset, PAPER).save(tmp_path / "relations.pdf")
    assert (tmp_path / "relations.png").stat().st_size > 1000


def test_the_figure_writes_each_pair_once_with_its_error(tmp_path):
    x = np.linspace(0.1, 0.9, 9)
    wave = np.sin(9 * x)
    dataset = correlation_dataset(series(9, x=x, a_A=-x, b_A=wave), PAPER, ClaimSettings(), "simulated")
    draw_relations(dataset, PAPER).save(tmp_path / "relations.pdf")
    lines = [line.split("\t") for line in (tmp_path / "relations.tsv").read_text().splitlines() if line[0] != "#"]
    assert [line[1] for line in lines[1:]] == ["a and x", "b and x", "b and a"]
    assert float(lines[1][3]) == pytest.approx(-1)
    assert float(lines[2][4]) == pytest.approx(float(dataset["rank_correlation_sd"].values[2, 0]), rel=1e-6)


def test_a_small_coefficient_of_many_samples_is_dark_on_its_pale_cell():
    rng = np.random.default_rng(5)
    x, noise = rng.normal(size=(2, 2000))
    many = series(2000, x=x, a_A=6.9 + 0.001 * (0.15 * x + noise), b_A=7.1 - 0.01 * x)
    plate = draw_relations(correlation_dataset(many, PAPER, ClaimSettings(), "simulated"), PAPER)
    written = {text.get_text(): text.get_color() for text in plate.figure.findobj(Text) if text.get_weight() == "bold"}
    assert written.pop("-1.00") == "white"
    assert written and all(0 < abs(float(text)) < 0.3 and colour == "0.3" for text, colour in written.items())
