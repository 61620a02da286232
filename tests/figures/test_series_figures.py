"""Figures of the series show the numbers of the table; what a table lacks is left out, not invented."""

from __future__ import annotations

import csv
import io
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure

from coherion.figures import series as of_series
from coherion.figures.series import draw_overview, draw_series
from coherion.paper.reading import read_paper
from coherion.settings.paper import figures
from coherion.settings.paper.paper import Paper
from coherion.settings.reading import settings_from
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


FIGURES = {one.name: one for one in PAPER.figures if isinstance(one, figures.Series)}


def drawn(rows, name):
    return draw_series(rows, PAPER, FIGURES[name])


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_drawn_from_a_table_that_lacks_most_columns(tmp_path, name):
    drawn(series(**SAMPLES), name).save(tmp_path / f"{name}.pdf")
    assert (tmp_path / f"{name}.png").stat().st_size > 1000


def test_figure_6_shows_the_milled_samples_and_their_errors():
    rows = [row for row in plotted(drawn(series(**SAMPLES), "figure_6bcd")) if row["panel"] == "c"]
    assert [row["name"] for row in rows] == ["x10", "x50", "x90"]
    np.testing.assert_allclose([float(row["x"]) for row in rows], SAMPLES["coherence_length_A"][:3])
    np.testing.assert_allclose([float(row["x_sd"]) for row in rows], SAMPLES["coherence_length_A_sd"][:3])
    np.testing.assert_allclose([float(row["y_sd"]) for row in rows], SAMPLES["sigma_25C_S_per_cm_sd"][:3])


def test_a_line_that_equal_lengths_leave_open_does_not_take_its_panel_from_the_points(tmp_path):
    import xarray

    length = np.linspace(149.9, 150.1, 50)
    ends = {
        "line": 1e-5 * (length / 150) ** -14_000.0,
        "line_low": np.full(50, 1e-190),
        "line_high": np.full(50, 1e207),
    }
    correlation = xarray.Dataset(
        {
            name: (("selection", "point"), [values])
            for name, values in (ends | {"coherence_length_curve": length}).items()
        }
        | {"exponent": ("selection", [-14_000.0]), "exponent_sd": ("selection", [70_000.0])},
        coords={"selection": ["milled"]},
        attrs={"confidence": 0.95},
    )
    rows = series(**(SAMPLES | {"coherence_length_A": [149.9, 150.0, 150.1, 150.0]}))
    plate = draw_series(rows, PAPER, FIGURES["figure_6bcd"], correlation)
    low, high = plate.panels[1].get_ylim()
    assert 1e-9 < low < 1e-6 and 5e-5 < high < 1e-2
    plate.save(tmp_path / "figure.pdf")
    # What is written of the band is all of it.
    assert max(float(row["y"]) for row in plotted(plate) if row["panel"] == "c") == 1e207


def test_figure_s11_sets_annealed_samples_beside_the_milled_one_of_their_composition():
    rows = plotted(drawn(series(**(SAMPLES | {"annealing_C": ["", "", 25, 200]})), "figure_S11"))
    assert {row["name"] for row in rows if row["panel"] == "a"} == {"x90", "x90_200C"}
    assert {row["name"] for row in rows if row["panel"] == "c"} == {"x10", "x50", "x90", "x90_200C"}


def test_samples_without_a_composition_stand_in_the_overview():
    one = series(sample=["LaB6"], x=[""], a_A=[4.1569], a_A_sd=[0.0001])
    (row,) = plotted(draw_overview(one, PAPER, figures.Overview(name="overview")))
    assert (row["name"], float(row["x"]), float(row["x_sd"])) == ("LaB6", 4.1569, 0.0001)


def test_a_panel_of_nothing_is_left_out_and_the_letters_have_no_gap():
    panels = [
        {"curves": ["volume"]},
        {"curves": ["conductivity"]},
        {"curves": ["beta"]},
        {"curves": ["coherence_length"]},
    ]
    paper = settings_from(Paper, {"figures": [{"kind": "series", "name": "f", "panels": panels}]})
    plate = draw_series(series(**SAMPLES), paper, paper.figures[0])
    assert {row["panel"] for row in plotted(plate)} == {"a", "b"}
    assert len(plate.panels) == 2


def test_further_quantities_of_the_table_have_panels_of_their_own():
    more = {
        "Br1_occupancy": [0.1, 0.2, 0.3, 0.4],
        "Br1_occupancy_sd": [0.01] * 4,
        "rw_sd": [1] * 4,
        "a_A_2_20": [1] * 4,
    }
    figure = {"kind": "series", "name": "f", "further": True, "panels": [{"curves": ["coherence_length"]}]}
    paper = settings_from(Paper, {"figures": [figure]})
    plate = draw_series(series(**(SAMPLES | more)), paper, paper.figures[0])
    assert [panel.get_ylabel() for panel in plate.panels] == ["coherence length / Å", "Br1_occupancy"]


def test_a_sketch_is_no_data():
    plate = drawn(series(**SAMPLES), "figure_S1")
    assert {row["series"] for row in plotted(plate)} == {"as milled"}


def test_two_scales_of_thousands_of_points_keep_apart_in_little_memory():
    """All distances at once were 2.5 GB where a series has 2,000 samples."""
    figure = Figure()
    left = figure.add_subplot()
    right = left.twinx()
    x = np.linspace(0, 1, 4000)
    left.plot(x, 5 + 2 * x)
    right.plot(x, 70 - 30 * (1 - x))
    tracemalloc.start()
    try:
        of_series._keep_apart(left, right)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 5e6
    # The points of the left scale now stand in the lower part of the panel, those of the right one above them.
    assert left.get_ylim() == pytest.approx((5 - 0.2, 7 + 1.2)) and right.get_ylim() == pytest.approx((40 - 18, 70 + 3))
    apart = figure.add_subplot(), figure.add_subplot()
    apart[0].plot(x, x)
    apart[1].plot(x, 1 - x)
    before = apart[0].get_ylim()
    of_series._keep_apart(*apart)
    assert apart[0].get_ylim() == before
