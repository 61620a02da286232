"""Units as people write them, for whatever a reader is shown: pages, tables, figures, sentences.

Files and configuration have them in letters that any keyboard has (``1/angstrom^2``); nothing else in the package knows
how they are printed.
"""

from __future__ import annotations

import re

_NAMES = {
    "angstrom": "Å",
    "degree": "°",
    "degC": "°C",
    "ohm": "Ω",
}
#: What is said of a number without unit, or of one whose unit stands beside it.
_NONE = re.compile(r"1?|see .*")
_FACTOR = r"[^\s/^()]+(?:\^[-+]?[\w.]+)?"
_UNIT = re.compile(rf"(1|{_FACTOR}(?: {_FACTOR})*)(?:/({_FACTOR}(?: {_FACTOR})*))?")
_WORD = re.compile(r"\b(?:1/)?(?:angstrom|degC|ohm)(?:\^\d+)?\b")
RAISED = str.maketrans("0123456789+-−abn", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻ᵃᵇⁿ")


def unit_in_print(unit: str) -> str:
    """``Å⁻²`` for ``1/angstrom^2``, ``S K cm⁻¹`` for ``S K/cm``; empty for a pure number; another text as it is."""
    if _NONE.fullmatch(unit):
        return ""
    if unit == "arbitrary":
        return "arbitrary units"
    parts = _UNIT.fullmatch(unit)
    if parts is None:
        return in_print(unit)
    above, below = parts[1], parts[2] or ""
    factors = [] if above == "1" else [_factor(one) for one in above.split(" ")]
    return " ".join([*factors, *(_factor(one, below=True) for one in below.split())])


def _factor(text: str, *, below: bool = False) -> str:
    name, _, power = text.partition("^")
    power = f"-{power or '1'}".replace("--", "") if below else power
    return _NAMES.get(name, name) + power.translate(RAISED)


def in_print(sentence: str) -> str:
    """A sentence of the program or of an author with its units as people write them."""
    return _WORD.sub(lambda found: unit_in_print(found[0]), sentence).replace("+-", "±")
