"""Figures of the series show the numbers of the table; what a table lacks is left out, not invented."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from coherion.figures.series import FIGURES, draw_series
from coherion.paper.reading import read_paper
from coherion.statistics.series import Series

PAPER = read_paper(Path(__file__).parents[2] / "config" / "paper.yaml")


def series(origin="measured", **columns):
    size = len(columns["sample"])
    given = {name: tuple(str(v) for v in values) for name, values in columns.items()}
    given |= {name: ("",) * size for name in ("group", "excluded", "annealing_C") if name not in given}
    return Series(given | {"origin": (origin,) * size}, PAPER.known)


def plotted(plate):
    text = "\n".join(line for line in plate.numbers().splitlines() if not line.startswith("#"))
    return list(csv.DictReader(io.StringIO(text), delimiter="\t"))


SAMPLES = {
    "sample": ["x10", "x50", "x90", "x90_200C"],
    "group": ["as_milled", "as_milled", "as_milled", "annealed"],
    "x": [0.1, 0.5, 0.9, 0.9],
    "annealing_C": ["", "", "", 200],
    "coherence_length_A": [140.0, 104.0, 54.0, 86.0],
    "coherence_length_A_sd": [2.0, 1.5, 1.0, 1.2],
    "sigma_25C_S_per_cm": [1e-6, 5e-6, 5e-5, 1e-5],
    "sigma_25C_S_per_cm_sd": [3e-8, 1e-7, 2e-6, 4e-7],
}


@pytest.mark.parametrize("name", ["overview", *FIGURES])
def test_every_figure_is_drawn_from_a_table_that_lacks_most_columns(tmp_path, name):
    draw_series(series(**SAMPLES), name).save(tmp_path / f"{name}.pdf")
    assert (tmp_path / f"{name}.png").stat().st_size > 1000


def test_figure_6_shows_the_milled_samples_and_their_errors():
    rows = [row for row in plotted(draw_series(series(**SAMPLES), "figure_6bcd")) if row["panel"] == "d"]
    assert [row["name"] for row in rows] == ["x10", "x50", "x90"]
    np.testing.assert_allclose([float(row["x"]) for row in rows], SAMPLES["coherence_length_A"][:3])
    np.testing.assert_allclose([float(row["x_sd"]) for row in rows], SAMPLES["coherence_length_A_sd"][:3])
    np.testing.assert_allclose([float(row["y_sd"]) for row in rows], SAMPLES["sigma_25C_S_per_cm_sd"][:3])


def test_figure_s11_sets_annealed_samples_beside_the_milled_one_of_their_composition():
    rows = plotted(draw_series(series(**(SAMPLES | {"annealing_C": ["", "", 25, 200]})), "figure_S11"))
    assert {row["name"] for row in rows if row["panel"] == "a"} == {"x90", "x90_200C"}
    assert {row["name"] for row in rows if row["panel"] == "c"} == {"x10", "x50", "x90", "x90_200C"}


def test_samples_without_a_composition_stand_in_the_overview():
    one = series(sample=["LaB6"], x=[""], a_A=[4.1569], a_A_sd=[0.0001])
    (row,) = plotted(draw_series(one, "overview"))
    assert (row["name"], float(row["x"]), float(row["x_sd"])) == ("LaB6", 4.1569, 0.0001)
