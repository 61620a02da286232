"""Constants of nature agree with CODATA as scipy holds it, and stand in one place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from scipy.constants import physical_constants

from coherion import constants

PACKAGE = Path(__file__).parents[1] / "scripts" / "coherion"


@pytest.mark.parametrize(
    ("name", "known", "factor"),
    [
        ("ELEMENTARY_CHARGE", "elementary charge", 1.0),
        ("BOLTZMANN", "Boltzmann constant in eV/K", 1.0),
        ("HC", "inverse meter-electron volt relationship", 1e10),
        ("AVOGADRO", "Avogadro constant", 1.0),
        ("ELECTRON_REST_ENERGY", "electron mass energy equivalent in MeV", 1e6),
        ("ELECTRON_RADIUS", "classical electron radius", 1e2),
    ],
)
def test_constants_are_those_of_codata(name, known, factor):
    # The adjustments of 2018 and 2022 differ by 2e-9 in the last two.
    assert getattr(constants, name) == pytest.approx(factor * physical_constants[known][0], rel=3e-9)


@pytest.mark.parametrize(
    "digits", [r"8\.617", r"1239[78]\.|12\.398", r"6\.022|0\.6022", r"273\.15", r"51[01]_?99[89]", r"2\.81794"]
)
def test_no_other_module_writes_a_constant_again(digits):
    numbers = re.compile(rf"(?<![\w.\"])(?:{digits})\d*")
    found = [
        f"{file.relative_to(PACKAGE)}: {line.strip()}"
        for file in sorted(PACKAGE.rglob("*.py"))
        if file.name != "constants.py"
        for line in file.read_text(encoding="utf-8").splitlines()
        if numbers.search(re.sub(r"\"[^\"]*\"", "", line)) and not line.strip().startswith("#")
    ]
    assert found == []
