"""Impedance tables in text: what a column is by its name and unit, and its numbers.

Columns are told by name, never by place, and a unit that is not known stops the reading, since a factor of a thousand
does not show in a spectrum. A decimal comma is read as such where the comma does not separate fields.
"""

from __future__ import annotations

import io
import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from coherion.constants import ZERO_CELSIUS
from coherion.data.spectra.spectrum import Columns
from coherion.errors import InputError

OHMS = {"": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "m": 1e-3, "µ": 1e-6}
UNITS: dict[str, dict[str, float]] = {
    "frequency": {"Hz": 1.0, "hz": 1.0, "HZ": 1.0, "1/s": 1.0, "kHz": 1e3, "MHz": 1e6, "mHz": 1e-3, "GHz": 1e9},
    "real": {f"{p}{o}": v for p, v in OHMS.items() for o in ("Ohm", "ohm", "Ohms", "ohms", "OHM", "Ω")}
    | {"a": 1.0, "b": 1.0},
    "phase": {"deg": 1.0, "Deg": 1.0, "°": 1.0, "degree": 1.0, "degrees": 1.0}
    | {"rad": 180 / np.pi, "Rad": 180 / np.pi, "mrad": 0.18 / np.pi},
    "time": {"s": 1.0, "S": 1.0, "sec": 1.0, "Sec": 1.0, "ms": 1e-3, "min": 60.0, "h": 3600.0},
    "excitation": {"V": 1.0, "mV": 1e-3},
    "cycle": {},
    "sequence": {},
}
UNITS["imaginary"] = UNITS["modulus"] = UNITS["real"]

BASES = {
    "frequency": r"f|freq\.?|frequency|frequenz",
    "real": r"re\(z\)|re z|z_?re|z_?real|rez|zs?'|real|z real",
    "imaginary": r"im\(z\)|im z|z_?im|z_?imag|imz|zs?''|imag|imaginary|z imag",
    "modulus": r"\|zs?\||z_?mod|z_?abs|mod\(z\)|abs\(z\)|modulus|magnitude",
    "phase": r"phase\(z\)|phase|z_?phz|z_?phase|phase_z|arg\(z\)|theta|phi|phase angle",
    "time": r"time|elapsed time",
    "cycle": r"cycle number|cycle",
    "sequence": r"ns",
    "excitation": r"\|ewe\|",
}
ESSENTIAL = ("frequency", "real", "imaginary", "modulus", "phase")
MAX_LINE = 100_000
# The patterns of names take a time that grows with the cube of a run of blanks.
MAX_NAME = 100
SKIPPED = ("skip", "-", "_", "")
_UNIT = (
    r"\s*(?:\[\s*(?P<square>[^\]]*?)\s*\]|\(\s*(?P<round>[^)]*?)\s*\)|/\s*(?P<slash>\S.*?)|_(?P<low>[A-Za-zΩ]+))?\s*"
)
_PATTERNS = {q: re.compile(rf"(?P<sign>[-−])?\s*(?:{base}){_UNIT}", re.I) for q, base in BASES.items()}
_TEMPERATURE = re.compile(r"t(emp[a-z]*)?\.?\s*(?:/|\[|\(|_)\s*(?P<unit>°\s*c|deg\s*c|degrees? c|c|k)\s*[\])]?", re.I)
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eEdD][+-]?[0-9]{1,4})?")
_NO_NUMBER = re.compile(r"[+-]?(?:nan|inf(?:inity)?|n/?a|-{2,}|1\.#[a-z0-9]+|x{3,})", re.I)


@dataclass(frozen=True)
class Column:
    """A recognised column: its quantity, the factor to Hz, ohm, degree, s or V (sign included), an offset to add."""

    quantity: str
    factor: float = 1.0
    offset: float = 0.0
    unit: str = ""


def temperature_unit(name: str) -> str | None:
    """``degC`` or ``K`` if a column's name (``Temperatur/°C``) is one of temperature with its unit, else None."""
    match = _TEMPERATURE.fullmatch(name.strip())
    if not match:
        return None
    return "K" if match["unit"].lower() == "k" else "degC"


def column_of(name: str, *, file: str | os.PathLike[str], place: str | None = None) -> Column | None:
    """The quantity and unit of a column by its name; None for a column that is not needed.

    Raises
    ------
    InputError
        If the quantity is part of the impedance and its unit is not known.
    """
    if len(name) > MAX_NAME:
        return None
    plain = _plain(name)
    unit = temperature_unit(plain)
    if unit:
        return Column("temperature", 1.0, -ZERO_CELSIUS if unit == "K" else 0.0, unit)
    for quantity, pattern in _PATTERNS.items():
        match = pattern.fullmatch(plain)
        if not match:
            continue
        unit = match["square"] or match["round"] or match["slash"] or match["low"] or ""
        if unit and unit not in UNITS[quantity]:
            if quantity not in ESSENTIAL:
                return None
            raise InputError(
                f"unit of the column of {quantity} is not known",
                file=file,
                place=place,
                found=name,
                expected="one of " + ", ".join(u for u in UNITS[quantity] if u not in "ab"),
            )
        return Column(quantity, (-1.0 if match["sign"] else 1.0) * UNITS[quantity].get(unit, 1.0), 0.0, unit)
    return None


def _plain(name: str) -> str:
    name = name.strip().strip("\ufeff")
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = name[1:-1].strip()
    for mark, prime in (("′", "'"), ("’", "'"), ("´", "'"), ("″", "''"), ("”", "''"), ('"', "''"), ("Ω", "Ω")):
        name = name.replace(mark, prime)
    return name


def decode(data: bytes, *, file: str | os.PathLike[str]) -> str:
    """Text of a file in UTF-8 (with or without a byte order mark), UTF-16 with one, or else cp1252.

    Raises
    ------
    InputError
        If the file is not text.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = data.decode("utf-16", "replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", "replace")
    at = text.find("\0")
    if at >= 0:
        raise InputError("is not a text file", file=file, place=f"character {at}", found="a null character")
    return text


def numbered(text: str, file: str | os.PathLike[str]) -> Iterator[tuple[int, str]]:
    """Lines with their numbers from 1, whatever ends them; never all in memory at once.

    Raises
    ------
    InputError
        If a line is longer than any instrument writes.
    """
    for number, line in enumerate(io.StringIO(text, newline=None), start=1):
        if len(line) > MAX_LINE:
            raise InputError(
                "has a line longer than any instrument writes",
                file=file,
                place=f"line {number}",
                found=f"{len(line)} characters",
                expected=f"at most {MAX_LINE}",
            )
        yield number, line.rstrip("\n")


class Numbers:
    """Reads numbers of one file; refuses a file in which both points and commas are decimal marks."""

    def __init__(self, file: str | os.PathLike[str]) -> None:
        self.file = file
        self.mark = ""

    def read(self, token: str, place: str) -> float:
        """One number; NaN for the words that instruments write in its place."""
        token = token.strip().strip('"')
        if not _NUMBER.fullmatch(token):
            if _NO_NUMBER.fullmatch(token) or not token:
                return float("nan")
            raise InputError(
                "is not a number",
                file=self.file,
                place=place,
                found=token,
                expected="a number such as 1.25E+003 or 1250,5 without separators of thousands",
            )
        for mark in ".,":
            if mark in token:
                if self.mark and self.mark != mark:
                    raise InputError(
                        "points and commas are mixed in numbers",
                        file=self.file,
                        place=place,
                        found=token,
                        expected=f"only {self.mark!r} as in the rows before",
                        advice="export the file with one decimal mark and no separators of thousands",
                    )
                self.mark = mark
        return float(token.replace(",", ".").replace("d", "e").replace("D", "e"))


def is_number(token: str) -> bool:
    """Whether a field is a number or a word that stands for a missing one."""
    token = token.strip().strip('"')
    return bool(_NUMBER.fullmatch(token) or _NO_NUMBER.fullmatch(token))


def recognised(
    names: Sequence[str], *, file: str | os.PathLike[str], place: str | None, notes: list[str]
) -> dict[int, Column]:
    """The columns that are needed, by their place in the row.

    Raises
    ------
    InputError
        If two columns are the same quantity of the impedance, or a unit is not known.
    """
    found: dict[int, Column] = {}
    taken: dict[str, str] = {}
    for k, name in enumerate(names):
        column = column_of(name, file=file, place=place)
        if column is None:
            continue
        if column.quantity in taken:
            if column.quantity in ESSENTIAL:
                raise InputError(
                    f"has two columns of {column.quantity}",
                    file=file,
                    place=place,
                    found=f"{taken[column.quantity].strip()} and {name.strip()}",
                    expected="one",
                )
            notes.append(f"column {name.strip()} was not read: {taken[column.quantity].strip()} stands before it")
            continue
        taken[column.quantity] = name
        found[k] = column
    return found


def has_impedance(found: Iterable[Column]) -> bool:
    """Whether frequency and impedance, in either form, are among the columns."""
    quantities = {c.quantity for c in found}
    return "frequency" in quantities and ({"real", "imaginary"} <= quantities or {"modulus", "phase"} <= quantities)


def read_rows(
    rows: Iterable[tuple[int, list[str]]],
    names: Sequence[str],
    found: dict[int, Column],
    *,
    file: str | os.PathLike[str],
    notes: list[str],
) -> Columns:
    """Numbers of the recognised columns.

    Parameters
    ----------
    rows
        Number of the line and its fields.
    names, found
        Names of all columns and, by place, those to read.
    file, notes
        For messages; what was unusual is added to the notes.

    Raises
    ------
    InputError
        If a row before the last has another number of fields, or a field is not a number.
    """
    numbers = Numbers(file)
    values = {k: array("d") for k in found}
    optional = {k for k, c in found.items() if c.quantity not in ESSENTIAL}
    count = 0
    short: tuple[int, int] | None = None

    def differ(line: int, fields: int, advice: str) -> InputError:
        return InputError(
            "row and names of the columns differ in number",
            file=file,
            place=f"line {line}",
            found=f"{fields} fields",
            expected=f"{len(names)}: {', '.join(n.strip() for n in names)}",
            advice=advice,
        )

    for line, fields in rows:
        if short is not None:
            raise differ(*short, "the row of names or the row of numbers is damaged: export the file again")
        if len(fields) != len(names):
            short = (line, len(fields))
            continue
        count += 1
        for k in list(values):
            try:
                value = numbers.read(fields[k], f"line {line}, column {names[k].strip()}")
            except InputError:
                if k not in optional:
                    raise
                notes.append(f"column {names[k].strip()} was not read: line {line} holds no plain number")
                del values[k]
                continue
            values[k].append(value)
    cut: dict[str, tuple[int, ...]] = {}
    if short is not None:
        # A first row of the wrong length means wrong names; a last one that is too short, a file cut off.
        if count == 0 or short[1] > len(names):
            raise differ(*short, "export the file again, with the names of all columns")
        cut["last line is cut off"] = (count + 1,)
    made = Columns(cut=cut)
    for k, read in values.items():
        column = found[k]
        with np.errstate(over="ignore", invalid="ignore"):  # what becomes infinite is dropped with its reason
            setattr(made, column.quantity, np.array(read) * column.factor + column.offset)
    if "phase" in (c.quantity for c in found.values()) and made.real is None and made.phase is not None:
        unit = next(c.unit for c in found.values() if c.quantity == "phase")
        with np.errstate(invalid="ignore"):
            if not unit and made.phase.size and np.nanmax(np.abs(np.nan_to_num(made.phase))) <= 1.6:
                raise InputError(
                    "unit of the phase is not given and cannot be told from its values",
                    file=file,
                    expected="a name with a unit, such as Phase(Z)/deg or phase[rad]",
                )
    return made
