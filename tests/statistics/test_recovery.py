"""Recovery: pulls are what they are defined as, shares are those of a normal distribution, reasons take rows out."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest
import xarray

from coherion.data.tables import write_table
from coherion.errors import InputError
from coherion.figures.recovery import draw_recovery
from coherion.statistics import recovery


def truth_of_scan():
    return {
        "origin": "simulated",
        "delta2": 2.4,
        "coherence_length": 100.0,
        "phases": [
            {
                "parameters": {"a": 6.9, "M1.occupancy.In": 0.5, "M1.occupancy.Zr": 0.5, "Na1.occupancy": 0.5},
                "realised_occupancy": {"M1.In": 0.2, "M1.Zr": 0.6, "Na1.Na": 0.48},
            }
        ],
    }


def fit(**values):
    """A refinement that found ``name=(value, standard uncertainty)``."""
    names = [name.replace("__", ".") for name in values]
    found = np.array(list(values.values()))
    return xarray.Dataset(
        {"value": ("parameter", found[:, 0]), "standard_uncertainty_scaled": ("parameter", found[:, 1])},
        coords={"parameter": np.array(names, dtype=object), "unit": ("parameter", np.array(["1"] * len(names)))},
    )


def test_a_pull_is_the_difference_in_standard_uncertainties_and_occupancies_are_those_that_came_out():
    found = fit(
        a=(6.91, 0.005), M1__occupancy__In=(0.25, 0.01), M1__occupancy__Zr=(0.75, 0.01), Na1__occupancy=(0.5, 0.01)
    )
    rows = {row["quantity"]: row for row in recovery.structure_rows("s", truth_of_scan(), found)}
    assert rows["a"]["pull"] == pytest.approx(2.0)
    assert rows["a"]["relative_difference"] == pytest.approx(0.01 / 6.9)
    # 0.2 and 0.6 of the sites hold In and Zr: fractions 0.25 and 0.75; the second is the mirror of the first.
    assert rows["M1.occupancy.In"]["pull"] == pytest.approx(0.0)
    assert "M1.occupancy.Zr" not in rows
    assert rows["Na1.occupancy"]["pull"] == pytest.approx(2.0)


def test_a_parameter_that_was_held_has_no_pull():
    rows = recovery.structure_rows("s", truth_of_scan(), fit(a=(6.9, 0.0), delta2=(2.5, 0.05), scale=(1.0, 0.1)))
    assert [row["quantity"] for row in rows] == ["delta2"]


def test_a_strain_is_held_against_its_square_where_both_are_known():
    truth = truth_of_scan() | {"microstrain_squared": 9e-6}
    (row,) = recovery.structure_rows("s", truth, fit(microstrain_squared=(1.1e-5, 1e-6)))
    assert (row["topic"], row["pull"]) == ("microstrain", pytest.approx(2.0))
    assert recovery.summary_rows([row])[0]["topic"] == "microstrain"
    assert recovery.structure_rows("s", truth_of_scan(), fit(microstrain_squared=(1.1e-5, 1e-6))) == []
    assert [r["quantity"] for r in recovery.structure_rows("s", truth, fit(a=(6.9, 0.1)))] == ["a"]


def test_the_cell_of_strained_domains_is_that_of_their_reflections():
    # Domains of 6.9 (1 + e) and 6.9 (1 - e) show reflections in the mean at 2 pi/6.9 (1 + e^2).
    truth = truth_of_scan() | {"microstrain_squared": 1e-4}
    seen = 2 / (1 / (6.9 * 1.01) + 1 / (6.9 * 0.99))
    for field, cell in ((0.0, seen), (50.0, 6.9)):
        (row,) = recovery.structure_rows("s", truth | {"strain_correlation": field}, fit(a=(cell, 1e-4)))
        assert row["pull"] == pytest.approx(0.0, abs=1e-3)


def test_normal_pulls_have_the_shares_of_a_normal_distribution_and_twice_too_small_errors_do_not():
    rng = np.random.default_rng(5)
    pulls = rng.standard_normal(400)

    def summary(factor):
        rows = [recovery._row("s", "structure", "a", "1", 0.0, float(factor * p), 1.0) for p in pulls]
        return recovery.summary_rows(rows)[0]

    honest = summary(1.0)
    assert honest["chance_within_1_low"] <= honest["within_1"] <= honest["chance_within_1_high"]
    assert honest["chance_within_2_low"] <= honest["within_2"] <= honest["chance_within_2_high"]
    assert abs(honest["mean_pull"]) < 3 * honest["mean_pull_sd"]
    bold = summary(2.0)
    assert bold["within_1"] < bold["chance_within_1_low"]
    assert bold["within_2"] < bold["chance_within_2_low"]


@pytest.mark.parametrize(("n", "share"), [(20, 0.6827), (336, 0.6827), (336, 0.9545), (1030, 0.6827), (40_000, 0.9545)])
def test_the_range_of_chance_is_the_binomial_one(n, share):
    from scipy.stats import binom

    low, high = recovery.binomial_range(n, share)
    assert (round(low * n), round(high * n)) == tuple(binom.ppf([0.025, 0.975], n, share))


def test_rows_with_a_reason_do_not_count():
    rows = [recovery._row("good", "structure", "a", "1", 1.0, 1.5, 1.0)]
    rows += [recovery._row("bad", "structure", "a", "1", 1.0, 9.0, 1.0) | {"left_out": "side phase"}]
    for row in recovery.summary_rows(rows):
        assert row["n"] == 1 and row["within_1"] == 1.0


def test_drift_has_a_line_of_its_own():
    truth = {"spectra": [{"nominal_temperature": t, "resistance": 100.0, "drift": t == -40} for t in (-40, 25)]}
    one = ("spectrum", "resistance_name")
    circuits = xarray.Dataset(
        {
            "temperature": ("spectrum", [-40.0, 25.0]),
            "resistance": (one, [[90.0], [101.0]]),
            "resistance_sd": (one, [[1.0], [1.0]]),
            "resolved": (one, [[True], [True]]),
        }
    )
    rows = recovery.resistance_rows("s", truth, circuits)
    assert [(row["quantity"], row["pull"]) for row in rows] == [("R of the drifting spectrum", -10.0), ("R", 1.0)]


def test_what_is_no_truth_is_refused(tmp_path):
    path = tmp_path / "t.json"
    for text in ("", "[]", json.dumps({"origin": "measured"})):
        path.write_text(text)
        with pytest.raises(InputError, match=r"t\.json"):
            recovery.read_truth(path)


def test_the_figure_says_simulated_and_its_numbers_are_the_table(tmp_path):
    rows = [
        recovery._row(f"s{i}", "coherence length", "coherence_length", "angstrom", 100.0, 101.0, 2.0) for i in (1, 2)
    ]
    rows += [recovery._row("s1", "structure", "a", "angstrom", 7.0, 7.01, 0.005)]
    text = write_table([row | {"origin": "simulated"} for row in rows], recovery.COLUMNS)
    plate = draw_recovery(list(csv.DictReader(text.splitlines(), delimiter="\t")))
    assert "simulated" in [t.get_text() for t in plate.figure.texts]
    plate.save(tmp_path / "recovery.pdf")
    drawn = (tmp_path / "recovery.tsv").read_text().splitlines()
    table = list(csv.DictReader([line for line in drawn if not line.startswith("#")], delimiter="\t"))
    assert [float(row["x"]) for row in table if row["panel"] == "a"] == [pytest.approx(2.0)]
    assert all(math.isclose(float(row["y"]), 1.0) for row in table if row["panel"] == "b")
