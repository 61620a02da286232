"""Chemical formulas and what follows from them: molar mass, number density, mass fractions."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

from coherion.atoms.elements import DEUTERIUM, ELEMENTS, atomic_mass
from coherion.constants import AVOGADRO
from coherion.errors import InputError
from coherion.settings.stages.reduction import ReductionSettings

_TOKEN = re.compile(r"(?P<element>[A-Z][a-z]?)|(?P<number>\d+(?:\.\d*)?|\.\d+)|(?P<open>[(\[])|(?P<close>[)\]])")


def check_formulas(settings: ReductionSettings) -> None:
    """Raise the InputError for a formula of a reduction's settings that cannot be read, naming its key."""
    for key in ("composition", "capillary_composition"):
        parse_formula(getattr(settings, key), place=f"key {key}")


def parse_formula(text: str, *, place: str | None = None) -> dict[str, float]:
    """Atoms per formula unit of a formula such as ``Na2.5In0.5Zr0.5Cl6``.

    Spaces are allowed between symbols, an element may occur more than once, and groups may stand in
    parentheses or square brackets. Elements come in the order of their first occurrence.

    Parameters
    ----------
    text
        The formula.
    place
        Where it stands, for messages.

    Returns
    -------
    dict
        Element symbol to number of atoms (> 0).

    Raises
    ------
    InputError
        If the formula is empty or cannot be read; the message names the position.
    """
    if not isinstance(text, str) or not text.strip():
        expected = "a formula such as Na2.5In0.5Zr0.5Cl6"
        raise InputError("the composition is empty", place=place, found=repr(text), expected=expected)

    def refuse(position: int, what: str) -> InputError:
        shown = text[position : position + 10]
        return InputError(
            f"the formula {text!r} cannot be read at character {position + 1}",
            place=place,
            found=f"{shown!r} ({what})" if shown else what,
            expected="element symbols and amounts such as Na2.5In0.5Zr0.5Cl6",
        )

    groups: list[dict[str, float]] = [{}]
    last: dict[str, float] | None = None
    opened: list[tuple[int, str]] = []
    position = 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        match = _TOKEN.match(text, position)
        if match is None:
            raise refuse(position, "not an element, a number or a bracket")
        if match["number"]:
            if last is None:
                raise refuse(position, "an amount without an element before it")
            amount = float(match["number"])
            if not (amount > 0 and math.isfinite(amount)):
                raise refuse(position, "an amount must be positive")
            for element in last:
                last[element] *= amount
            _add(groups[-1], last)
            last = None
        else:
            if last is not None:
                _add(groups[-1], last)
                last = None
            if match["element"]:
                if match["element"] not in (*ELEMENTS, DEUTERIUM):
                    raise refuse(position, "no such element")
                last = {match["element"]: 1.0}
            elif match["open"]:
                opened.append((position, ")" if match["open"] == "(" else "]"))
                groups.append({})
            else:
                if not opened or opened[-1][1] != match["close"]:
                    raise refuse(position, "a closing bracket without its opening one")
                opened.pop()
                last = groups.pop()
                if not last:
                    raise refuse(position, "empty brackets")
        position = match.end()
    if opened:
        raise refuse(opened[-1][0], "a bracket that is never closed")
    if last is not None:
        _add(groups[-1], last)
    return groups[0]


def _add(total: dict[str, float], part: Mapping[str, float]) -> None:
    for element, amount in part.items():
        total[element] = total.get(element, 0.0) + amount


def molar_mass(composition: Mapping[str, float]) -> float:
    """Molar mass in g/mol of a composition (element to atoms per formula unit)."""
    return sum(amount * atomic_mass(element) for element, amount in composition.items())


def mass_fractions(composition: Mapping[str, float]) -> dict[str, float]:
    """Mass fraction of each element of a composition (element to atoms per formula unit)."""
    total = molar_mass(composition)
    return {element: amount * atomic_mass(element) / total for element, amount in composition.items()}


def number_density(composition: Mapping[str, float], density: float) -> float:
    """Atoms per volume, rho0, from the mass density.

    Parameters
    ----------
    composition
        Element to atoms per formula unit.
    density
        Mass density of the solid itself, without pores, in g/cm^3.

    Returns
    -------
    float
        Atoms per cubic angstrom.
    """
    atoms = sum(composition.values())
    return density * AVOGADRO * atoms / molar_mass(composition) * 1e-24
