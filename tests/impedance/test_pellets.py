"""Several pellets of one sample: their mean, their scatter, one row of the series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray

from coherion.data.netcdf import read_dataset, write_dataset
from coherion.data.series_tables import read_tables
from coherion.errors import InputError
from coherion.impedance.arrhenius_dataset import arrhenius_dataset, arrhenius_table
from coherion.impedance.pellets import beside_other_pellets, combine_pellets, random_effects
from coherion.settings.stages.arrhenius import ArrheniusSettings


def test_pellets_that_agree_are_averaged_by_their_errors():
    mean, sd, scatter = random_effects(np.array([1.0, 1.1]), np.array([0.1, 0.2]))
    assert mean == pytest.approx((1.0 / 0.01 + 1.1 / 0.04) / (1 / 0.01 + 1 / 0.04))
    assert sd == pytest.approx((1 / 0.01 + 1 / 0.04) ** -0.5) and scatter == 0


def test_scatter_between_pellets_is_found_again_and_the_mean_is_as_uncertain_as_it_makes_it():
    g = np.random.default_rng(0)
    pulls, scatters = [], []
    for _ in range(400):
        sds = g.uniform(0.01, 0.03, 6)
        values = 5.0 + 0.2 * g.normal(size=6) + sds * g.normal(size=6)
        mean, sd, scatter = random_effects(values, sds)
        pulls.append((mean - 5.0) / sd)
        scatters.append(scatter)
    assert np.sqrt(np.mean(np.square(scatters))) == pytest.approx(0.2, rel=0.1)
    # Student's distribution of five degrees of freedom has a standard deviation of sqrt(5/3).
    assert np.sqrt(np.mean(np.square(pulls))) == pytest.approx(np.sqrt(5 / 3), rel=0.1)


def row(name, sigma, energy):
    made = {"sample": name, "sigma_25C_S_per_cm": sigma, "sigma_25C_S_per_cm_sd": 0.02 * sigma}
    made |= {"activation_energy_eV": energy, "activation_energy_eV_sd": 0.002}
    made |= {"ln_prefactor": 9.0, "ln_prefactor_sd": 0.1, "activation_energy_ln_prefactor_covariance_eV": 1.9e-4}
    return made


def test_the_sample_has_one_row_and_its_pellets_are_told():
    samples = {"a": {}, "a2": {"pellet_of": "a"}, "a3": {"pellet_of": "a"}, "b": {}}
    rows = [row("a", 1e-6, 0.40), row("a2", 2e-6, 0.41), row("a3", 4e-6, 0.42), row("b", 5e-6, 0.3)]
    combined, told = combine_pellets(rows, samples)
    assert [r["sample"] for r in combined] == ["a", "b"] and combined[1] == rows[3]
    one = combined[0]
    assert one["pellets"] == 3
    # Logarithms scatter by ln 2 about their mean: a geometric mean, whose error is that of three.
    assert one["sigma_25C_S_per_cm"] == pytest.approx(2e-6, rel=0.01)
    assert one["sigma_25C_between_pellets"] == pytest.approx(np.log(2), rel=0.05)
    assert one["sigma_25C_S_per_cm_sd"] / one["sigma_25C_S_per_cm"] == pytest.approx(np.log(2) / 3**0.5, rel=0.05)
    assert one["activation_energy_eV"] == pytest.approx(0.41)
    assert one["activation_energy_between_pellets_eV"] == pytest.approx(np.sqrt(0.01**2 - 0.002**2), rel=0.02)
    covariance = one["activation_energy_ln_prefactor_covariance_eV"]
    assert covariance / (one["activation_energy_eV_sd"] * one["ln_prefactor_sd"]) == pytest.approx(0.95)
    assert [(t["sample"], t["by"]) for t in told] == [("a2", "pellets"), ("a3", "pellets")]
    assert "further pellet of a" in told[0]["reason"]


def pellet_of_line(sigma, energy, celsius=(0.0, 20.0, 40.0, 60.0), sd=0.01, geometry=0.02):
    """What fit_arrhenius makes of a pellet: of one circuit's resistances, straight in 1/T."""
    kelvin = np.array(celsius) + 273.15
    k = 8.617333262e-5
    true = sigma * np.exp(-energy / k * (1 / kelvin - 1 / 298.15)) * 298.15 / kelvin
    resistance = 0.15 / (np.pi * 0.25) / true
    rows = kelvin.size
    circuits = xarray.Dataset(
        {
            "resistance": (("spectrum", "resistance_name"), resistance[:, None]),
            "resistance_sd": (("spectrum", "resistance_name"), sd * resistance[:, None]),
            "reason": (("spectrum", "resistance_name"), np.full((rows, 1), "", dtype=object)),
            "capacitance": (("spectrum", "arc"), np.full((rows, 1), 1e-11)),
            "capacitance_sd": (("spectrum", "arc"), np.full((rows, 1), 1e-13)),
            "temperature": ("spectrum", np.array(celsius)),
            "temperature_sd": ("spectrum", np.full(rows, 0.1)),
            "cycle": ("spectrum", np.ones(rows, dtype=int)),
            "source": ("spectrum", np.full(rows, "x.mpt", dtype=object)),
        },
        coords={"resistance_name": ["total"], "arc": ["R1"]},
        attrs={"origin": "simulated"},
    )
    how = {"pellet_thickness_cm": 0.15, "pellet_diameter_cm": 1.0, "pellet_thickness_sd_cm": 0.15 * geometry}
    return arrhenius_dataset(circuits, ArrheniusSettings(**how))


def test_the_scatter_between_pellets_stands_beside_the_parts_of_one(tmp_path):
    own = pellet_of_line(1e-6, 0.40)
    others = [pellet_of_line(2e-6, 0.40, (10.0, 30.0, 50.0)), pellet_of_line(4e-6, 0.40)]
    found = beside_other_pellets(own, others)
    # Logarithms ln 2 apart scatter by ln 2, at every temperature of the pellet and at 25 degC.
    part = found["conductivity_between_pellets_sd"].values[0] / found["conductivity"].values[0]
    np.testing.assert_allclose(part, np.log(2), rtol=0.05)
    at_25 = float(found["conductivity_reference_between_pellets_sd"][0]) / float(found["conductivity_reference"][0])
    assert at_25 == pytest.approx(np.log(2), rel=0.02) and int(found["pellets"][0]) == 3
    assert float(found["activation_energy_between_pellets_sd"][0]) == 0
    # The pellet's own uncertainty is as it was.
    np.testing.assert_array_equal(found["conductivity_sd"].values, own["conductivity_sd"].values)
    cells = [line.split("\t") for line in arrhenius_table(found).splitlines()]
    assert float(cells[1][cells[0].index("scatter_between_pellets")]) == pytest.approx(
        part[0] * float(found["conductivity"][0, 0]), rel=0.01
    )
    write_dataset(found, tmp_path / "a.nc", "fit_arrhenius")
    assert "pellets" in read_dataset(tmp_path / "a.nc", "fit_arrhenius")


def test_pellets_whose_energies_differ_scatter_most_far_from_where_they_meet():
    found = beside_other_pellets(pellet_of_line(1e-6, 0.40), [pellet_of_line(1e-6, 0.50)])
    part = found["conductivity_between_pellets_sd"].values[0] / found["conductivity"].values[0]
    assert part[0] > 4 * part[1] and part[3] > part[2] > part[1]
    assert float(found["activation_energy_between_pellets_sd"][0]) == pytest.approx(0.1 / np.sqrt(2), rel=0.05)


def test_one_pellet_has_no_scatter_between_pellets():
    own = pellet_of_line(1e-6, 0.4)
    assert beside_other_pellets(own, []) is own
    header, *lines = (line.split("\t") for line in arrhenius_table(own).splitlines())
    assert all(line[header.index("scatter_between_pellets")] == "" for line in lines)


@pytest.mark.parametrize(
    ("of", "what"),
    [("nobody", "a name is not known"), ("a2", "is a pellet of a itself"), ("c", "is left out")],
)
def test_a_pellet_of_no_sample_is_refused(tmp_path, of, what):
    header = "sample\tcomposition\tpellet_thickness_cm\tpellet_diameter_cm\tpellet_of\texclude\n"
    rows = [("a", "", ""), ("a2", "a", ""), ("c", "", "broken"), ("b", of, "")]
    text = "".join(f"{name}\tLi3InCl6\t0.1\t1\t{pellet}\t{out}\n" for name, pellet, out in rows)
    (tmp_path / "samples.tsv").write_text(header + text)
    lines = "".join(f"{name}\t{name}.mpt\t25\n" for name, *_ in rows)
    (tmp_path / "spectra.tsv").write_text("sample\tfile\ttemperature_C\n" + lines)
    tables = {"samples": str(tmp_path / "samples.tsv"), "spectra": str(tmp_path / "spectra.tsv")}
    schemas = Path(__file__).parents[2] / "workflow" / "schemas"
    with pytest.raises(InputError, match=f"row 5, column pellet_of: .*{what}"):
        read_tables(tables, schemas)


def test_the_scatter_of_pellets_is_that_of_dersimonian_and_laird():
    """All errors alike: what the variance of the values has beyond them (Control. Clin. Trials 7 (1986) 177)."""
    values = np.array([1.0, 2.0, 4.0])
    mean, sd, scatter = random_effects(values, np.full(3, 0.1))
    assert mean == pytest.approx(values.mean())
    assert scatter**2 == pytest.approx(values.var(ddof=1) - 0.01, rel=1e-9)
    assert sd == pytest.approx(values.std(ddof=1) / np.sqrt(3), rel=1e-9)


def test_the_error_of_the_mean_grows_with_a_scatter_that_the_weights_do_not_explain():
    """By (sum of w (x - mean)^2 / (k - 1))^(1/2), w with the scatter, where that is above one (Hartung and Knapp)."""
    values, sds = np.array([1.0, 2.0, 4.0]), np.array([1.0, 0.1, 1.0])
    mean, sd, scatter = random_effects(values, sds)
    weight = 1 / (sds**2 + scatter**2)
    seen = float(np.sum(weight * (values - mean) ** 2)) / 2
    assert mean == pytest.approx(np.average(values, weights=weight)) and seen > 1.3
    assert sd == pytest.approx(np.sqrt(seen / weight.sum()))
