"""Formulas in a text: what is one, what hardly is, and what stands below the line."""

from __future__ import annotations

import pytest

from coherion.atoms.formulas import in_unicode, pieces


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Na2.5In0.5Zr0.5Cl6", "Na₂.₅In₀.₅Zr₀.₅Cl₆"),
        ("Br0.3946 Cl3.6054 Li24", "Br₀.₃₉₄₆ Cl₃.₆₀₅₄ Li₂₄"),
        ("(Li0.5Na0.5)2CO3", "(Li₀.₅Na₀.₅)₂CO₃"),
        ("CO2", "CO₂"),
        ("?", "?"),
        ("as weighed in: 2.5", "as weighed in: 2.5"),
    ],
)
def test_a_formula(text, said):
    assert in_unicode(text, is_formula=True) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("LaB6, SRM 660c", "LaB₆, SRM 660c"),
        ("Structure of Li6PS5Cl, refined.", "Structure of Li₆PS₅Cl, refined."),
        # files, names of samples, sites and groups are none
        ("config/structures/LaB6.cif and LaB6_0p4mm.xye", "config/structures/LaB6.cif and LaB6_0p4mm.xye"),
        ("x10, b25, S4P2, Na1, P21/n, Fm3, U(Na1), 0.5NaCl", "x10, b25, S4P2, Na1, P21/n, Fm3, U(Na1), 0.5NaCl"),
        ("CuKa1 of Xy2Cl3", "CuKa1 of Xy2Cl3"),
        ("NaCl", "NaCl"),
    ],
)
def test_formulas_in_a_sentence(text, said):
    assert in_unicode(text) == said


@pytest.mark.parametrize("text", ["", "a  b ", "LaB6 LaB6", "of LaB6 in x10"])
def test_no_letter_is_lost(text):
    assert "".join(piece for piece, _ in pieces(text)) == text
