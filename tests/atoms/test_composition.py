"""Formulas, masses and densities."""

from __future__ import annotations

import pytest

from coherion.atoms.composition import mass_fractions, molar_mass, number_density, parse_formula
from coherion.errors import InputError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ni", {"Ni": 1}),
        ("LaB6", {"La": 1, "B": 6}),
        ("Na2.5In0.5Zr0.5Cl6", {"Na": 2.5, "In": 0.5, "Zr": 0.5, "Cl": 6}),
        (" Na 2.5 In.5 Zr0.50 Cl6 ", {"Na": 2.5, "In": 0.5, "Zr": 0.5, "Cl": 6}),
        ("CH3CH2OH", {"C": 2, "H": 6, "O": 1}),
        ("Na3(In0.4Zr0.6)Cl6", {"Na": 3, "In": 0.4, "Zr": 0.6, "Cl": 6}),
        ("Ca[Fe(CN)6]2", {"Ca": 1, "Fe": 2, "C": 12, "N": 12}),
        ("CoCO", {"Co": 1, "C": 1, "O": 1}),
    ],
)
def test_formulas(text, expected):
    assert parse_formula(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("Na3XxCl6", "character 4"),
        ("3Na", "character 1"),
        ("Na3 InCl6)", "character 10"),
        ("Na3(InCl6", "character 4"),
        ("Na0Cl", "character 3"),
        ("NaCl--", "character 5"),
        ("nacl", "character 1"),
        ("__import__('os').system('true')", "character 1"),
        ("Na()Cl", "character 4"),
        ("Na(In]Cl", "character 6"),
    ],
)
def test_unreadable_formula_names_the_place(text, place):
    with pytest.raises(InputError, match=place):
        parse_formula(text)


def test_masses_and_density():
    # 1. IUPAC standard atomic weights: Na 22.990, Cl 35.45.
    assert molar_mass({"Na": 1, "Cl": 1}) == pytest.approx(58.44, abs=0.01)
    assert sum(mass_fractions({"La": 1, "B": 6}).values()) == pytest.approx(1)
    # 2. Rock salt: 8 atoms in a cube of 5.6402 angstrom at 2.163 g/cm^3.
    assert number_density({"Na": 1, "Cl": 1}, 2.163) == pytest.approx(8 / 5.6402**3, rel=2e-3)
    # 3. LaB6, SRM 660c: 7 atoms in a cube of 4.156826 angstrom, density 4.71 g/cm^3.
    assert number_density({"La": 1, "B": 6}, 4.71) == pytest.approx(7 / 4.156826**3, rel=5e-3)
