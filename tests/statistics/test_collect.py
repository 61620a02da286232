"""The table of the series holds what the stages wrote, with the errors asked for; exclusions keep their reasons."""

from __future__ import annotations

import numpy as np
import pytest
import xarray

from coherion.errors import InputError
from coherion.settings.reading import settings_from
from coherion.settings.stages.series import PARAMETERS, SeriesSettings
from coherion.statistics.collect import exclusion_rows, series_row, transport_columns


def variable(dims, values):
    return dims, np.asarray(values), {"units": "1", "long_name": "x"}


def fit(length, rw=0.1):
    names = np.array(["a", "M1.occupancy.Zr", "coherence_length"], dtype=object)
    return xarray.Dataset(
        {
            "value": variable("parameter", [6.9, 0.5, length]),
            "standard_uncertainty": variable("parameter", [0.001, np.nan, 0.1]),
            "standard_uncertainty_scaled": variable("parameter", [0.002, np.nan, 0.4]),
        },
        coords={"parameter": variable("parameter", names)},
        attrs={"rw": rw, "origin": "measured"},
    )


def arrhenius():
    r = "resistance_name"
    numbers = {
        "conductivity_reference": 2e-6,
        "conductivity_measured": np.nan,
        "activation_energy": 0.5,
        "ln_prefactor": 5.0,
        "curvature_p": 0.3,
        "activation_energy_ln_prefactor_covariance": 1e-4,
    }
    data = {name: variable(r, [value]) for name, value in numbers.items()}
    data |= {f"{name}_sd": variable(r, [0.01]) for name in list(numbers)[:4]}
    data |= {
        "used": variable((r, "spectrum"), [[True, False]]),
        "exclusion": variable((r, "spectrum"), np.array([["", "arc not resolved"]], dtype=object)),
        "spectra_used": variable(r, [1]),
        "temperature": variable("spectrum", [25.0, -40.0]),
        "source": variable("spectrum", np.array(["a.mpt", "b.mpt"], dtype=object)),
    }
    return xarray.Dataset(data, coords={r: variable(r, np.array(["total"], dtype=object))})


def row(**settings):
    sample = {"sample": "x50", "x": 0.5, "group": "as_milled"}
    fits = {"2-60": fit(104.0), "2-20": fit(99.0, 0.08)}
    return series_row(
        sample,
        fits,
        None,
        arrhenius(),
        SeriesSettings(parameters=PARAMETERS | {"zr_fraction": "M1.occupancy.Zr"}, **settings),
        origin="measured",
    )


def test_the_first_range_counts_and_the_others_carry_theirs():
    found = row()
    assert (found["coherence_length_A"], found["coherence_length_A_sd"], found["rw"]) == (104.0, 0.4, 0.1)
    assert (found["coherence_length_A_2_20"], found["coherence_length_A_2_20_sd"]) == (99.0, 0.4)
    assert found["rw_2_20"] == 0.08


def test_the_uncertainty_is_the_one_asked_for_and_zero_where_a_parameter_was_held():
    assert row(uncertainty="unscaled")["coherence_length_A_sd"] == 0.1
    assert row()["zr_fraction_sd"] == 0.0
    with pytest.raises(InputError, match="uncertainty"):
        settings_from(SeriesSettings, {"uncertainty": "honest"})


def test_what_was_not_found_is_absent():
    found = row()
    assert found["activation_energy_eV"] == 0.5
    assert "sigma_measured_25C_S_per_cm" not in found
    assert "beta_deg" not in found


def test_an_unknown_resistance_is_refused_by_name():
    with pytest.raises(InputError, match="grain.*total"):
        row(resistance="grain")


def test_every_exclusion_has_a_sample_and_a_reason():
    validated = xarray.Dataset(
        {
            "removal": variable(("spectrum", "point"), [[0, 0, 4, 4]]),
            "frequency": variable(("spectrum", "point"), [[1e6, 1e3, 0.2, 0.1]]),
            "temperature": variable("spectrum", [25.0]),
        }
    )
    validated["removal"].attrs |= {"flag_values": [0, 4], "flag_meanings": "kept low_end"}
    user = [{"sample": "x95", "what": "sample", "reason": "side phase"}]
    rows = exclusion_rows(user, {"x50": arrhenius()}, {"x50": validated})
    assert [(r["sample"], r["reason"], r["points"], r["by"]) for r in rows] == [
        ("x95", "side phase", None, "user"),
        ("x50", "low end", 2, "validation"),
        ("x50", "arc not resolved", None, "arrhenius"),
    ]
    assert "0.1 to 0.2 Hz" in rows[1]["what"]
    assert "b.mpt" in rows[2]["what"]


def side_phase(excluded, **tried):
    numbers = {"side_reflection_z": 14.0, "reflection_width": 0.12, "reflection_width_sd": 0.002} | tried
    return xarray.Dataset(
        {name: variable((), value) for name, value in numbers.items()},
        attrs={"excluded": int(excluded), "reason": "side phase: 14 sigma"},
    )


TRIED = {"side_phase_fraction": 0.149, "side_phase_fraction_sd": 0.003, "rw_two_phases": 0.11}


@pytest.mark.parametrize("excluded", [True, False])
def test_a_side_phase_gives_columns_and_only_where_it_is_proven_the_reason(excluded):
    sample = {"sample": "x95", "x": 0.95, "group": "as_milled"}
    found = series_row(
        sample,
        {"2-60": fit(44.0)},
        None,
        arrhenius(),
        SeriesSettings(),
        origin="measured",
        side_phase=side_phase(excluded, **TRIED),
    )
    assert found["side_reflection_z"] == 14.0
    assert (found["reflection_width_per_A"], found["reflection_width_per_A_sd"]) == (0.12, 0.002)
    assert (found["side_phase_fraction"], found["side_phase_fraction_sd"]) == (0.149, 0.003)
    assert found["rw_two_phases"] == 0.11
    assert found["excluded"] == ("side phase: 14 sigma" if excluded else None)
    # What the sample's transport is does not depend on it.
    assert found["activation_energy_eV"] == 0.5
    rows = exclusion_rows([], {}, {}, {"x95": side_phase(excluded, **TRIED)})
    assert [(r["sample"], r["what"], r["by"]) for r in rows] == (
        [("x95", "structural series", "side phase")] if excluded else []
    )


@pytest.mark.parametrize("described", [1, 0])
def test_widths_of_reflections_give_columns_where_they_are_a_witness(described):
    numbers = {"inverse_length": 0.01, "inverse_length_sd": 1e-4, "disagreement": 1.5}
    numbers |= {"microstrain_squared": 4e-6, "microstrain_squared_sd": 1e-6}
    found = series_row(
        {"sample": "x50"},
        {},
        None,
        None,
        SeriesSettings(),
        origin="measured",
        widths=xarray.Dataset(numbers, attrs={"described": described}),
    )
    expected = {
        "inverse_length_from_widths_per_A": 0.01,
        "inverse_length_from_widths_per_A_sd": 1e-4,
        "microstrain_squared_from_widths": 4e-6,
        "microstrain_squared_from_widths_sd": 1e-6,
        "widths_disagreement": 1.5,
    }
    assert {k: v for k, v in found.items() if "widths" in k} == (expected if described else {})


def test_a_sample_whose_second_phase_was_not_tried_has_no_columns_of_it():
    found = series_row(
        {"sample": "x50"}, {}, None, None, SeriesSettings(), origin="measured", side_phase=side_phase(False)
    )
    assert "side_phase_fraction" not in found
    assert found["excluded"] is None


@pytest.mark.parametrize("arcs", [0, 1])
def test_a_sample_without_a_usable_spectrum_has_a_row(arcs):
    line = arrhenius()
    for suffix in ("", "_sd"):
        line[f"capacitance{suffix}_reference"] = variable("arc", [2e-12] * arcs)
    found = transport_columns(line, settings_from(SeriesSettings, {}))
    assert ("capacitance_25C_F" in found) is bool(arcs) and found["spectra_measured"] == 2
