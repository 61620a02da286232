"""Units are printed in one way, whoever prints them."""

from __future__ import annotations

import re

import msgspec
import pytest

from coherion.data.contract.contracts import CONTRACTS
from coherion.data.contract.tables import TABLES, UNIT_ENDINGS
from coherion.data.contract.units import in_print, unit_in_print
from coherion.settings.reading import fields, meaning, options, peeled
from coherion.settings.run import Configuration

RAW = re.compile(r"angstrom|degC|degree|ohm|[\^/]|[a-z]\d")


@pytest.mark.parametrize(
    ("unit", "printed"),
    [
        ("1", ""),
        ("", ""),
        ("see derived_unit", ""),
        ("angstrom", "Å"),
        ("angstrom^3", "Å³"),
        ("1/angstrom", "Å⁻¹"),
        ("1/angstrom^2", "Å⁻²"),
        ("S/cm", "S cm⁻¹"),
        ("S K/cm", "S K cm⁻¹"),
        ("S cm^-1", "S cm⁻¹"),
        ("g/cm^3", "g cm⁻³"),
        ("kg m/s^2", "kg m s⁻²"),
        ("counts/angstrom", "counts Å⁻¹"),
        ("ohm cm^2", "Ω cm²"),
        ("arbitrary", "arbitrary units"),
        ("%", "%"),
        ("decades of conductivity", "decades of conductivity"),
        ("ln(S K/cm)", "ln(S K/cm)"),
    ],
)
def test_a_unit_stands_as_people_write_it_and_stays_so(unit, printed):
    assert unit_in_print(unit) == printed
    assert unit_in_print(printed) == printed


def of_settings(model):
    """Units of all settings of a model, and of those below it."""
    for field in fields(model).values():
        yield meaning(field.type)[1]
        # A group may be given by its name or be none.
        for one in options(field.type):
            inner = peeled(one)[0]
            if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
                yield from of_settings(inner)


def test_no_unit_that_the_package_declares_is_printed_in_letters_of_the_keyboard():
    units = set(UNIT_ENDINGS.values())
    for contract in CONTRACTS.values():
        units |= {one.unit for one in (*contract.coordinates, *contract.variables, *contract.attributes)}
    units |= {column.unit for table in TABLES for column in table.columns}
    settings = {unit for unit in of_settings(Configuration) if unit}
    assert len(settings) > 8 and "g/cm^3" in settings
    plain = {one for one in units if "{" not in one} | settings
    assert len(plain) > 20
    assert [one for one in sorted(plain) if RAW.search(unit_in_print(one))] == []


@pytest.mark.parametrize(
    ("sentence", "printed"),
    [
        ("a reflection near 1.47 1/angstrom (d 2.68 angstrom)", "a reflection near 1.47 Å⁻¹ (d 2.68 Å)"),
        ("fits over 2-60 angstrom at 25 degC", "fits over 2-60 Å at 25 °C"),
        ("starts at 0.01 angstrom^2", "starts at 0.01 Å²"),
        ("5.8 +- 0.2", "5.8 ± 0.2"),
        ("Kohm, angstroms_of_x90 and 1/angstromless", "Kohm, angstroms_of_x90 and 1/angstromless"),
    ],
)
def test_sentences_have_their_units_printed_and_their_names_left(sentence, printed):
    assert in_print(sentence) == printed
