"""Impedance files of other instruments: ZView ``.z``, Gamry ``.DTA`` and text with named columns.

A ``.z`` file names its columns in the line before ``End Comments``; older ones (``Z60W``), those of calculated data and
those that other programs write in its name have no such line, and their numbers follow the names at once. A ``.DTA``
file holds tables ``ZCURVE`` with a row of names and one of units. Text with columns may be separated by tabulators,
semicolons, commas or blanks; the names stand in the last line before the numbers (``Freq.[Hz]  Zs'[ohm]  Zs''[ohm]``,
as Novocontrol exports), else the user's table gives them.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath

import numpy as np

from coherion.constants import ZERO_CELSIUS
from coherion.data.spectra.columns import (
    SKIPPED,
    Column,
    Numbers,
    column_of,
    decode,
    has_impedance,
    is_number,
    numbered,
    read_rows,
    recognised,
)
from coherion.data.spectra.file_names import stated_temperature
from coherion.data.spectra.spectrum import Facts, Spectrum, read_bytes, spectra_of
from coherion.errors import InputError

# Text is often rounded to three digits.
TOLERANCE = 1e-2
MAX_HEADER_LINES = 5000
_VRMS = re.compile(r"AC Volt\s*\[Vrms\]\s*=\s*([0-9.,eE+-]+)")
_FIXED_TEMPERATURE = re.compile(r"Temp\.?\s*\[(°C|C|K)\]\s*=\s*([0-9.,eE+-]+)")
SQRT_2 = 2**0.5


def read_z(path: str | os.PathLike[str]) -> list[Spectrum]:
    """The sweeps of a ZView or ZPlot ``.z`` file.

    Parameters
    ----------
    path
        The file; columns by the names in the line before ``End Comments``.

    Returns
    -------
    list of Spectrum
        Frequency in Hz, impedance in ohm, time in s. The amplitude is as stored: the file does not say peak or rms.

    Raises
    ------
    InputError
        If the end of the comments or the names are missing, or a row is damaged; the place is a line.
    """
    text = decode(read_bytes(path), file=path)
    header, end = _z_header(text, path)
    notes: list[str] = []
    doubts: list[str] = []
    rows = ((n, line) for n, line in numbered(text, path) if n > end and line.strip())
    first = next(rows, None)
    if first is None:
        raise InputError("holds 0 data rows", file=path, place=f"line {end}", expected="rows after the names")
    separator = _separator(first[1])
    names = _names(header[-1], separator, len(_fields(first[1], separator)))
    place = f"line {len(header)}"
    found = recognised(names, file=path, place=place, notes=notes)
    _require(found, names, path, place)
    columns = read_rows(
        ((n, _fields(line, separator)) for n, line in itertools.chain([first], rows)),
        names,
        found,
        file=path,
        notes=notes,
    )
    count = columns.frequency.size if columns.frequency is not None else 0
    claimed = _after(header, "Data Points:")
    if claimed is None and end == len(header) > 1 and header[-2].strip().isdecimal():
        claimed = header[-2].strip()
    if claimed is not None and claimed != str(count):
        doubts.append(f"header says {claimed} data points, the file holds {count}")
    amplitude = _positive(_after(header, "Potential-AC:"))
    facts = Facts(
        source=os.fspath(path),
        format="z",
        origin=_origin(header),
        amplitude=None if amplitude is None else amplitude / 1000,
        notes=tuple(notes),
        doubts=tuple(doubts),
    )
    return spectra_of(columns, facts, tolerance=TOLERANCE)


def _z_header(text: str, path: str | os.PathLike[str]) -> tuple[list[str], int]:
    """Lines up to the names of the columns, these included, and the number of the line before the first row."""
    header: list[str] = []
    named = None
    for number, line in numbered(text, path):
        if line.strip().lower() == "end comments" and header:
            return header, number
        if named == number - 1 and not is_number(line.replace(",", " ").split()[0] if line.strip() else ""):
            named = None  # more of the header follows, or a line 'End Comments' that is damaged
        header.append(line[:1000])
        if named is None and line.lstrip(' "').lower().startswith("freq") and line.count("'") >= 3:
            named = number
        if number > MAX_HEADER_LINES:
            break
    if named is not None:
        return header[:named], named
    raise InputError(
        "has no line 'End Comments'",
        file=path,
        expected="the header of a .z file, with the names of the columns in its last line",
        advice="save the measurement from ZView again",
    )


def read_dta(path: str | os.PathLike[str]) -> list[Spectrum]:
    """The sweeps of a Gamry ``.DTA`` file, one or more per table ``ZCURVE``.

    Parameters
    ----------
    path
        The file of an impedance experiment.

    Returns
    -------
    list of Spectrum
        Frequency in Hz, impedance in ohm, time in s, temperature in degC where a sensor was read. The amplitude is
        the peak's, from the rms that the file gives.

    Raises
    ------
    InputError
        If there is no table of impedance or a row is damaged; the place is a line.
    """
    text = decode(read_bytes(path), file=path)
    lines = numbered(text, path)
    header: list[str] = []
    made: list[Spectrum] = []
    # The line that ends one table may begin the next.
    ended: list[tuple[int, str]] = []
    while (item := ended.pop() if ended else next(lines, None)) is not None:
        number, line = item
        if not (line.startswith("ZCURVE") and "TABLE" in line):
            if len(header) < MAX_HEADER_LINES and line[:1].strip():
                header.append(line[:400])
            continue
        names_line, units_line = next(lines, (number, "")), next(lines, (number, ""))
        names = [n.strip() for n in names_line[1].split("\t")]
        units = [u.strip() for u in units_line[1].split("\t")] + [""] * len(names)
        while names and not names[-1]:
            names.pop()
        joined = [_with_unit(n, u) for n, u in zip(names, units, strict=False)]
        notes: list[str] = []
        doubts: list[str] = []
        place = f"line {names_line[0]}"
        found = recognised(joined, file=path, place=place, notes=notes)
        _require(found, names, path, place)
        columns = read_rows(_table(lines, len(names), ended), joined, found, file=path, notes=notes)
        claimed = "".join(line.split("\t")[2:3]).strip()[:9]
        count = columns.frequency.size if columns.frequency is not None else 0
        if claimed.isascii() and claimed.isdigit() and int(claimed) != count:
            doubts.append(f"header says {claimed} data points, the file holds {count}")
        amplitude = next((_positive(h.split("\t")[2]) for h in header if h.startswith("VAC\tQUANT\t")), None)
        facts = Facts(
            source=os.fspath(path),
            format="dta",
            origin=_origin(header),
            amplitude=None if amplitude is None else amplitude / 1000 * SQRT_2,
            notes=tuple(notes),
            doubts=tuple(doubts),
        )
        made += spectra_of(columns, facts, tolerance=TOLERANCE)
        if len(made) > 10_000:
            raise InputError("holds more tables than an instrument writes", file=path, found=len(made))
    if not made:
        raise InputError(
            "holds no table of impedance",
            file=path,
            expected="a table ZCURVE",
            advice="give the file of an impedance experiment (EISPOT or EISGALV)",
        )
    if len({s.cycle for s in made}) < len(made):
        made = [replace(s, cycle=k) for k, s in enumerate(made, start=1)]
    return made


def _table(
    lines: Iterator[tuple[int, str]], width: int, ended: list[tuple[int, str]]
) -> Iterator[tuple[int, list[str]]]:
    """Rows of a table of Gamry's: they begin with a tabulator, the line that does not is put into ``ended``."""
    for number, line in lines:
        if not line.startswith("\t"):
            ended.append((number, line))
            return
        fields = line.split("\t")
        while len(fields) > width and not fields[-1].strip():
            fields.pop()
        yield number, fields


_DTA_UNITS = {"ohm": "ohm", "s": "s", "hz": "Hz", "°": "deg", "deg": "deg", "deg c": "degC", "v": "V"}
_DTA_NAMES = {"T": "Time", "Temp": "Temperature"}


def _with_unit(name: str, unit: str) -> str:
    known = _DTA_UNITS.get(unit.lower(), unit)
    # The degree sign of Gamry's cp1252 survives few conversions; nothing else is the unit of a phase.
    if name.lower() == "zphz" and known not in ("deg", "rad"):
        known = "deg"
    if known == "#" or not known:
        return name
    return f"{_DTA_NAMES.get(name, name)}[{known}]"


def read_columns(path: str | os.PathLike[str], columns: str | Sequence[str] | None = None) -> list[Spectrum]:
    """The sweeps of a text file with columns.

    Parameters
    ----------
    path
        The file. If a line before the numbers names the columns it is followed.
    columns
        Names of the columns in order, separated by commas, such as ``frequency,real,-imaginary`` or
        ``frequency[kHz],modulus,phase[deg],skip``; needed where no line names them, refused where they contradict it.

    Returns
    -------
    list of Spectrum
        Frequency in Hz, impedance in ohm; temperature in degC where a header line fixes it. The amplitude is the
        peak's, from the rms that a Novocontrol header gives.

    Raises
    ------
    InputError
        If no numbers are found, the columns cannot be told or a row is damaged; the place is a line.
    """
    text = decode(read_bytes(path), file=path)
    header, start, first = _start(text, path)
    separator = _separator(first)
    width = len(_fields(first, separator))
    notes: list[str] = []
    names, place = _header_names(header, separator, width, path)
    found = recognised(names, file=path, place=place, notes=notes) if names else {}
    if columns:
        given = [c.strip() for c in columns.split(",")] if isinstance(columns, str) else [str(c) for c in columns]
        names, found = _given(given, width, found, names, path, notes), {}
        found = recognised(names, file=path, place="columns", notes=notes)
        place = "columns of the table of spectra"
    if not names:
        raise InputError(
            "no line names the columns",
            file=path,
            place=f"line {start}",
            found=" ".join(first[:200].split()),
            expected=f"a line with {width} names, such as Freq.[Hz], Z'[ohm], Z''[ohm], before the numbers",
            advice="say them in the column 'columns' of the table of spectra, such as frequency,real,imaginary",
        )
    _require(found, names, path, place)
    rows = ((n, _fields(line, separator)) for n, line in numbered(text, path) if n >= start and line.strip())
    table = read_rows(rows, names, found, file=path, notes=notes)
    title = "\n".join(header[:10])
    temperature = _FIXED_TEMPERATURE.search("\n".join(header))
    if temperature and table.temperature is None and table.frequency is not None:
        value = Numbers(path).read(temperature[2], "header") - (ZERO_CELSIUS if temperature[1] == "K" else 0.0)
        table.temperature = np.full(table.frequency.shape, value)
    volt = _VRMS.search("\n".join(header))
    rms = _positive(volt[1]) if volt else None
    stated = stated_temperature(title)
    facts = Facts(
        source=os.fspath(path),
        format="text",
        origin=_origin(header),
        amplitude=None if rms is None else rms * SQRT_2,
        stated_temperature=stated_temperature(PurePath(path).stem) if stated is None else stated,
        notes=tuple(notes),
    )
    return spectra_of(table, facts, tolerance=TOLERANCE)


def unnamed_columns(path: str | os.PathLike[str]) -> np.ndarray | None:
    """Numbers (rows x columns) of a text that holds nothing else, decimal commas read as such; None if it is none.

    Raises
    ------
    InputError
        If the file cannot be read or is not text.
    """
    numbers = Numbers(path)
    separator: str | None = None
    rows: list[list[float]] = []
    for number, line in numbered(decode(read_bytes(path), file=path), path):
        if not line.strip():
            continue
        separator = separator if rows else _separator(line)
        fields = _fields(line, separator)
        if len(fields) != (len(rows[0]) if rows else len(fields)) or not all(is_number(f) for f in fields):
            return None
        rows.append([numbers.read(f, f"line {number}") for f in fields])
    return np.array(rows) if rows else None


def _start(text: str, path: str | os.PathLike[str]) -> tuple[list[str], int, str]:
    """Lines before the first row of numbers, its number, the row itself."""
    header: list[str] = []
    for number, line in numbered(text, path):
        if not line.strip():
            continue
        fields = _fields(line, _separator(line))
        if len(fields) >= 3 and all(is_number(f) for f in fields[:3]):
            return header, number, line
        header.append(line[:1000])
        if len(header) > MAX_HEADER_LINES:
            break
    raise InputError(
        "holds no row of numbers",
        file=path,
        found=f"{len(header)} lines, the last {header[-1] if header else ''!r}",
        expected="rows of frequency and impedance",
        advice="give a file of .mpr, .mpt, .z, .DTA or text with three columns of numbers",
    )


def _separator(line: str) -> str | None:
    """What separates the fields of a row of numbers; None stands for blanks."""
    for mark in "\t;":
        if mark in line.strip():
            return mark
    if "," in line:
        tokens = line.split()
        # 1000,25 2,5 -3,1: a comma inside every field and none after it is a decimal mark.
        if len(tokens) >= 3 and all(is_number(t) and t[-1] != "," and "." not in t for t in tokens):
            return None
        return ","
    return None


def _fields(line: str, separator: str | None) -> list[str]:
    if separator is None:
        return line.split()
    fields = [f.strip() for f in line.split(separator)]
    # Exports align columns with doubled tabulators; between commas a blank is a missing number.
    return [f for f in fields if f] if separator == "\t" else fields


def _names(line: str, separator: str | None, width: int) -> list[str]:
    """Names in a header line, in whichever way of separating gives the number of columns."""
    line = line.strip().lstrip("#%").strip()
    if line.count('"') == 2 and line[0] == line[-1] == '"':  # all names in one pair of quotes, as ZView writes them
        line = line[1:-1].strip()
    together = re.sub(r"\s+(?=[\[(/])|(?<=/)\s+", "", line)
    ways = [_fields(line, mark) for mark in dict.fromkeys((separator, "\t", ";", ",")) if mark and mark in line]
    ways += [re.split(r"\s{2,}", line), line.split(), together.split()]
    return next((way for way in ways if len(way) == width), [])


def _header_names(
    header: list[str], separator: str | None, width: int, path: str | os.PathLike[str]
) -> tuple[list[str], str]:
    """Names from the last line before the numbers, or from the one before it with units in the last."""
    for back, place in ((1, "the line before the numbers"), (2, "the second line before the numbers")):
        if len(header) < back:
            break
        names = _names(header[-back], separator, width)
        if sum(column_of(n, file=path, place=place) is not None for n in names) < 2:
            continue
        if back == 2:
            units = [u.strip("[]() ") for u in _names(header[-1], separator, width)]
            if len(units) == width:
                return [
                    f"{n}[{u}]" if u and column_of(n, file=path) else n for n, u in zip(names, units, strict=True)
                ], place
        return names, place
    return [], ""


def _given(
    given: list[str],
    width: int,
    found: dict[int, Column],
    names: list[str],
    path: str | os.PathLike[str],
    notes: list[str],
) -> list[str]:
    """The user's names of the columns, checked against the file's."""
    if len(given) != width:
        raise InputError(
            "the table of spectra names another number of columns than the file has",
            file=path,
            place="columns",
            found=", ".join(given),
            expected=f"{width} names; skip stands for one that is not needed",
        )
    for k, name in enumerate(given):
        column = None if name.lower() in SKIPPED else column_of(name, file=path, place="columns")
        if column is None and name.lower() not in SKIPPED:
            raise InputError(
                "name of a column is not known",
                file=path,
                place="columns",
                found=name,
                expected="frequency, real, imaginary, -imaginary, modulus, phase, time, temperature[degC] or skip",
            )
        theirs = found.get(k)
        if column and theirs and column.quantity != theirs.quantity:
            raise InputError(
                "the table of spectra contradicts the names in the file",
                file=path,
                place=f"column {k + 1}",
                found=f"{name} in the table",
                expected=f"{names[k].strip()} as the file says",
                advice="clear the column 'columns' of this row",
            )
        if column and theirs and (column.factor, column.offset) != (theirs.factor, theirs.offset):
            notes.append(f"column {k + 1} is read as {name}, as the table of spectra says, not as {names[k].strip()}")
    return ["" if name.lower() in SKIPPED else name for name in given]


def _require(found: dict[int, Column], names: Sequence[str], path: str | os.PathLike[str], place: str) -> None:
    if not has_impedance(found.values()):
        raise InputError(
            "columns of frequency and impedance cannot be told",
            file=path,
            place=place,
            found=", ".join(n.strip() for n in names),
            expected="frequency with real and imaginary part, or with modulus and phase",
            advice="say them in the column 'columns' of the table of spectra, such as frequency,real,imaginary",
        )


def _after(header: Sequence[str], label: str) -> str | None:
    line = next((h.strip() for h in header if h.strip().startswith(label)), None)
    return None if line is None else line[len(label) :].strip()


def _positive(text: str | None) -> float | None:
    """A number above zero, or None."""
    if text is None:
        return None
    try:
        value = Numbers("").read(text, "")
    except InputError:
        return None
    return value if 0 < value < 1e6 else None


def _origin(header: Sequence[str]) -> str:
    return "simulated" if any("SIMULATED" in line for line in header) else "measured"
