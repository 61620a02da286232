"""Several pellets of one sample: their mean, their scatter, one row of the series."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.impedance.pellets import combine_pellets, random_effects


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
