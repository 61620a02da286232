"""A figure and the numbers beside it are the same, and the same run draws the same file."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from coherion.figures.plate import FORMATS, MOST, Plate, evenly
from coherion.figures.reduction import envelope_guide


def drawn(origin="measured"):
    plate = Plate(1, 2, origin=origin)
    left, right = plate.panels
    plate.line(left, [0, 1, 2], [0.1, 0.2, 0.3], label="line", band=[0.01, 0.02, 0.03])
    plate.points(right, [1.0, 2.0], [3.0, 4.0], label="points", y_sd=[0.1, np.nan], names=["x=0.1", "x=0.2"])
    left.set(xlabel="Q / Å$^{-1}$", ylabel="S(Q)")
    return plate


def test_the_numbers_beside_a_figure_are_those_of_its_artists(tmp_path):
    plate = drawn()
    artists = [line.get_xydata() for panel in plate.panels for line in panel.lines if len(line.get_xydata()) > 1]
    plate.save(tmp_path / "figure.pdf")
    lines = (tmp_path / "figure.tsv").read_text().splitlines()
    assert lines[0] == "# panel a: x = Q / Å^-1; y = S(Q)"
    rows = list(csv.DictReader([line for line in lines if not line.startswith("#")], delimiter="\t"))
    written = {
        s: np.array([[float(r["x"]), float(r["y"])] for r in rows if r["series"] == s]) for s in ("line", "points")
    }
    np.testing.assert_allclose(written["line"], artists[0])
    np.testing.assert_allclose(written["points"], artists[1])
    assert [r["y_sd"] for r in rows] == ["0.01", "0.02", "0.03", "0.1", ""]
    assert rows[3]["name"] == "x=0.1"


def test_the_same_numbers_give_the_same_files(tmp_path):
    for name in ("first", "second"):
        drawn().save(tmp_path / name / "figure.pdf")
    for suffix in (*FORMATS, ".tsv"):
        first, second = ((tmp_path / name / f"figure{suffix}").read_bytes() for name in ("first", "second"))
        assert first == second, suffix


@pytest.mark.parametrize(("origin", "said"), [("simulated", True), ("measured", False)])
def test_a_simulated_figure_says_so(tmp_path, origin, said):
    drawn(origin).save(tmp_path / "figure.pdf")
    assert ("simulated" in (tmp_path / "figure.svg").read_text()) is said


def test_the_envelope_guide_follows_an_exponential():
    r = np.arange(0.01, 60, 0.01)
    amplitude, length = envelope_guide(r, 3 * np.exp(-r / 15) * np.cos(2 * np.pi * r))
    assert length == pytest.approx(15, rel=0.02)
    assert amplitude == pytest.approx(3, rel=0.03)


def test_of_many_samples_some_are_shown_the_first_and_the_last_among_them(tmp_path):
    assert evenly(5) == [0, 1, 2, 3, 4]
    shown = evenly(2000)
    assert len(shown) == MOST and shown[0] == 0 and shown[-1] == 1999
    assert max(np.diff(shown)) - min(np.diff(shown)) <= 1
    plate = drawn()
    plate.say_how_many(2000)
    plate.save(tmp_path / "figure.pdf")
    assert f"{MOST} of 2000 samples" in (tmp_path / "figure.svg").read_text()
