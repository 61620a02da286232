"""What an error is made of: parts that are put in come out, in the unit of the number."""

import numpy as np
import pytest
import xarray
from made_series import make_rows, write_rows

from coherion.data.contract.tables import BUDGET
from coherion.multiverse.budget import budget_rows, draw_budget
from coherion.statistics.series import read_series


def arrhenius(sigma):
    """Three temperatures; the parts of the one at 27 degC are 1, 2, 3 and 4 %."""
    shape = ("resistance_name", "spectrum")
    values = np.array([[sigma / 10, sigma * 1.1, np.nan]])
    parts = {"fit": 0.01, "choice": 0.02, "geometry": 0.03, "temperature": 0.04}
    return xarray.Dataset(
        {
            "conductivity": (shape, values),
            **{f"conductivity_{part}_sd": (shape, values * [[9.0, share, 9.0]]) for part, share in parts.items()},
            "temperature": ("spectrum", [-20.0, 27.0, 25.0]),
            "activation_energy_by_form": (("resistance_name", "form", "weighting"), [[[0.48, 0.50], [0.50, 0.52]]]),
        },
        coords={"resistance_name": ["total"]},
        attrs={"reference_temperature": 25.0},
    )


@pytest.fixture
def rows(tmp_path):
    made = make_rows()
    for row in made:
        row["coherence_length_A_sd_counts"], row["coherence_length_A_sd_reading"] = 0.5, 1.5
    series = read_series(write_rows(made, tmp_path / "series.tsv"))
    spreads = [{"quantity": "coherence_length", "sample": "x0.1", "between_sd": "2.5"}]
    found = budget_rows(series, {"x0.1": arrhenius(2e-6)}, spreads, "total")
    return list(found)


def test_parts_of_each_number(rows):
    by = {(row["quantity"], row["sample"]): row for row in rows}
    length = by["coherence_length", "x0.1"]
    assert (length["counts"], length["model"], length["choices"]) == (0.5, 1.5, 2.5)
    assert by["coherence_length", "x0.2"]["choices"] is None
    sigma = by["conductivity", "x0.1"]
    parts = [sigma[part] / sigma["value"] for part in ("counts", "model", "geometry", "temperature")]
    # A spectrum without a conductivity is not the nearest, however near.
    assert parts == pytest.approx([0.01, 0.02, 0.03, 0.04])
    energy = by["activation_energy", "x0.1"]
    assert energy["model"] == pytest.approx(np.std([0.48, 0.50, 0.50, 0.52]))
    assert energy["counts"] == energy["stated_sd"]
    # Where nothing tells the parts apart, the stated error is that of the counts.
    assert by["conductivity", "x0.2"]["counts"] == by["conductivity", "x0.2"]["stated_sd"]
    assert all(set(row) <= set(BUDGET.names) for row in rows)


def test_the_figure_has_every_part_in_per_cent_of_its_number(rows):
    lines = draw_budget(rows, "simulated").numbers().splitlines()
    geometry = [line.split("\t") for line in lines if "\tgeometry\t" in line]
    assert len(geometry) == 1 and float(geometry[0][4]) == pytest.approx(3.0)
