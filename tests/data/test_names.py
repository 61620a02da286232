"""What a reader is told in place of the names of files and configuration."""

from __future__ import annotations

import re

import pytest

from coherion.data.contract.names import column_in_print, name_in_print
from coherion.data.contract.tables import SERIES


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a", "a"),
        ("beta", "β"),
        ("M1.u_iso", "U(M1)"),
        ("S2.u12", "U₁₂(S2)"),
        ("M1.occupancy.In", "In on M1"),
        ("Na1.occupancy", "occupancy of Na1"),
        ("trigonal:Na1.x", "trigonal: x(Na1)"),
        ("delta2", "δ₂"),
        ("qdamp_2", "Qdamp, data set 2"),
        ("microstrain_squared", "mean square strain"),
        ("microstrain squared read as size_strain", "mean square strain read as size and strain"),
        ("coherence_spread as lognormal", "relative spread of the coherence length as log-normal spheres"),
        ("sigma_25C", "σ(25 °C)"),
        ("halide_motion", "halide motion"),
        # what only looks like one: an atom of another cell, a resistance, words
        ("P1-S2 2_556", "P1-S2 2_556"),
        ("R1", "R1"),
        ("size of it", "size of it"),
    ],
)
def test_a_name_as_people_say_it(name, said):
    assert name_in_print(name) == said


@pytest.mark.parametrize(
    ("column", "said", "unit"),
    [
        ("sigma_25C_S_per_cm", "σ(25 °C)", "S/cm"),
        ("sigma_measured_-40C_S_per_cm", "σ(-40 °C) as measured", "S/cm"),
        ("inverse_length_as_size_strain_per_A", "1/L, read as size and strain", "1/angstrom"),
        ("coherence_length_A_sd_counts", "coherence length, s.u. from the data", "angstrom"),
        ("coherence_length_exponential_A", "coherence length, exponential", "angstrom"),
        ("volume_A3", "V", "angstrom^3"),
        ("milling_h", "milling h", ""),
    ],
)
def test_a_column_of_the_series_as_people_say_it(column, said, unit):
    assert column_in_print(column) == (said, unit)


def test_no_column_of_the_series_is_told_raw():
    choices = {"shape": "exponential", "reading": "lognormal"}
    for one in SERIES.columns:
        said, _ = column_in_print(one.name.format_map(choices))
        assert "_" not in said and not re.search(r"\bsd\b|squared\b|\d+C\b", said), said
