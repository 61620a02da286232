"""Tables: those of the user, read and checked against schemas, and those that the workflow writes.

Every row is an object with the columns as keys; a blank cell means that the key is absent. What a schema is stands in
:mod:`coherion.settings.configuration`.
"""

from __future__ import annotations

import csv
import difflib
import io
import math
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from coherion.as_read import took
from coherion.errors import InputError
from coherion.settings.configuration import departures, with_defaults

Row = dict[str, Any]

FORMULA = tuple("=+-@")
_NUMERIC = re.compile(r"[-+][\d.,eE()+\-]*( to [-+]?[\d.,eE()+\-]*)?|[-+]?(?:inf|nan)")

TO_FILL_IN = "?"
"""Stands in a cell that only the user can fill in; whatever reads the table refuses it."""

OWN = "own"
"""Where a row has the cells of columns of the author's own."""

SLIP = 0.8
"""How like the name of a declared column an unknown one is (0 to 1) that is taken for a slip of it."""

MOST_PROBLEMS = 500
"""A table with more wrong cells than this is another kind of file: the rest of it is not looked at."""


def read_table(
    path: str | os.PathLike[str],
    schema: Mapping[str, Any],
    *,
    key: str | None = None,
    problems: list[InputError] | None = None,
) -> list[Row]:
    """Rows of a tab-separated table, each cell in the type its schema says.

    Lines that start with ``#`` and blank lines are skipped; blank cells are absent from the row unless the column
    has a default. Each row carries its line number in the file under ``line``, and under ``own`` the cells of columns
    that the schema does not declare but allows (``patternProperties``), numbers where they are numbers.

    Parameters
    ----------
    path
        The table, UTF-8 with or without byte order mark, its first line the names of the columns.
    schema
        Schema of one row.
    key
        The column that must not repeat.
    problems
        Where given, cells and rows that cannot be used are appended here in place of being raised, and the cells
        are absent from their rows. Rows after the first ``MOST_PROBLEMS`` are not read.

    Raises
    ------
    InputError
        Naming file, row and column: an empty table, a column that is missing or unknown, a cell that is not of its
        type or outside its range, a cell still to be filled in, a row listed twice.
    """
    lines = _table_lines(path)
    if not lines:
        raise InputError("the table is empty", file=path, expected="a line of column names and at least one row")
    properties = schema["properties"]
    header_line, header = lines[0]
    header = [name.strip() for name in header]
    for name in header:
        if name not in properties:
            near = _like(name, properties)
            if not near and _may_be_own(name, schema):
                continue
            raise InputError(
                "a column is not known",
                file=path,
                place=f"line {header_line}",
                found=name or "a column without a name",
                expected="columns among " + ", ".join(properties),
                advice=f"did you mean {near}?" if near else "columns are separated by one tab",
            )
        if header.count(name) > 1:
            raise InputError("a column stands twice", file=path, place=f"line {header_line}", found=name)
    for name in schema.get("required", ()):
        if name not in header:
            raise InputError("a column is missing", file=path, place=f"line {header_line}", expected=name)
    if len(lines) == 1:
        raise InputError("the table has no rows", file=path, expected="at least one row under the column names")
    found: list[InputError] = []
    rows: list[Row] = []

    def read() -> Iterator[Row]:
        for number, cells in lines[1:]:
            if len(found) > (MOST_PROBLEMS if problems is not None else 0):
                return
            rows.append(_row(path, number, header, cells, schema, found))
            yield rows[-1]

    for problem in repeats(path, read(), key):
        found.append(problem)
    if problems is None and found:
        raise found[0]
    if problems is not None:
        problems += found
    return rows


def several(cell: str) -> list[str]:
    """The names in a cell that may hold several, as in ``one | two``, in their order and without blank ones."""
    return [name for part in cell.split("|") if (name := part.strip())]


def _may_be_own(name: str, schema: Mapping[str, Any]) -> bool:
    """Whether a table may have a column of that name beside those that its schema declares."""
    return any(re.search(pattern, name) for pattern in schema.get("patternProperties", {}))


def _like(name: str, known: Iterable[str]) -> str | None:
    """The declared column that a name is a slip of, if any."""
    lower = {one.lower(): one for one in known}
    close = difflib.get_close_matches(name.lower(), lower, n=1, cutoff=SLIP)
    return lower[close[0]] if close else None


def _own_value(text: str) -> float | str:
    """A cell of a column of the author's own: a number where it is one."""
    try:
        value = float(text)
    except ValueError:
        return text
    return value if math.isfinite(value) else text


def _table_lines(path: str | os.PathLike[str]) -> list[tuple[int, list[str]]]:
    try:
        text = took(path, Path(path).read_bytes()).decode("utf-8-sig")
    except OSError as problem:
        raise InputError("cannot be read", file=path, found=problem.strerror, expected="a table") from problem
    except UnicodeDecodeError as problem:
        raise InputError(
            "is not UTF-8 text", file=path, place=f"byte {problem.start}", advice="save the table as UTF-8"
        ) from problem
    reader = csv.reader(io.StringIO(text, newline=""), delimiter="\t", quoting=csv.QUOTE_NONE)
    try:
        return [
            (reader.line_num, [_unquoted(cell) for cell in cells])
            for cells in reader
            if any(cell.strip() for cell in cells) and not _unquoted(cells[0]).startswith("#")
        ]
    except csv.Error as problem:
        raise InputError(
            "cannot be read as a table", file=path, place=f"line {reader.line_num}", found=problem
        ) from problem


def _unquoted(cell: str) -> str:
    """A cell without the quotes that spreadsheets put around one that holds a comma."""
    text = cell.strip()
    if len(text) >= 2 and text.startswith('"') and text.endswith('"'):
        return text[1:-1].replace('""', '"')
    return text


def _row(
    path: str | os.PathLike[str],
    number: int,
    header: list[str],
    cells: list[str],
    schema: Mapping[str, Any],
    problems: list[InputError],
) -> Row:
    """One row; what is wrong with it is appended to ``problems``."""
    if any(cell.strip() for cell in cells[len(header) :]):
        problems.append(
            InputError(
                "a row has more cells than there are columns",
                file=path,
                place=f"row {number}",
                found=len(cells),
                expected=len(header),
                advice="columns are separated by one tab",
            )
        )
    row: Row = {}
    own: Row = {}
    unusable = set()
    for name, cell in zip(header, cells, strict=False):
        if text := cell.strip():
            if name not in schema["properties"]:
                own[name] = _own_value(text)
                continue
            try:
                if text == TO_FILL_IN:
                    raise _to_fill_in(path, number, name, cells[0].strip(), schema["properties"][name])
                row[name] = _cell(path, number, name, text, schema["properties"][name])
            except InputError as refused:
                problems.append(refused)
                unusable.add(name)
    row = with_defaults(row, schema)
    for problem in departures(row, schema):
        column = problem["path"][0] if problem["path"] else None
        if column in unusable:
            continue
        problems.append(
            InputError(
                "a cell is not as expected" if column in row else "a cell is blank",
                file=path,
                place=f"row {number}" + (f", column {column}" if column else ""),
                found=problem["found"],
                expected=problem["expected"],
                advice=problem["advice"],
            )
        )
        if column in row:
            del row[column]
    row["line"] = number
    if own:
        row[OWN] = own
    return row


def _to_fill_in(
    path: str | os.PathLike[str], number: int, name: str, row_name: str, schema: Mapping[str, Any]
) -> InputError:
    allowed = schema.get("enum")
    return InputError(
        f"still to be filled in for {row_name}",
        file=path,
        place=f"row {number}, column {name}",
        found=TO_FILL_IN,
        expected="one of " + ", ".join(map(str, allowed)) if allowed else schema.get("description", "a value"),
    )


def _cell(path: str | os.PathLike[str], number: int, name: str, text: str, schema: Mapping[str, Any]) -> Any:
    kinds = schema.get("type", "string")
    kinds = [kinds] if isinstance(kinds, str) else kinds
    for kind in kinds:
        try:
            if kind == "integer":
                return int(text)
            if kind == "number":
                value = float(text)
                if math.isfinite(value):
                    return value
        except ValueError:
            continue
        if kind == "boolean" and text.lower() in ("true", "false", "yes", "no"):
            return text.lower() in ("true", "yes")
        if kind == "string":
            return text
    raise InputError(
        "a cell is not as expected",
        file=path,
        place=f"row {number}, column {name}",
        found=text,
        expected="a value of type " + " or ".join(kinds),
        advice="write a decimal point, not a comma" if "," in text else schema.get("description"),
    )


def repeats(path: str | os.PathLike[str], rows: Iterable[Row], key: str | None) -> Iterator[InputError]:
    """An error for each row whose value of ``key`` an earlier row has, whatever its case.

    Case is disregarded because the value names files, and not every file system tells cases apart.
    """
    seen: dict[str, Row] = {}
    for row in rows:
        if key not in row:
            continue
        other = seen.setdefault(str(row[key]).casefold(), row)
        if other is not row:
            yield InputError(
                f"the same {key} is listed twice",
                file=path,
                place=f"row {row['line']}, column {key}",
                found=row[key],
                expected=f"a {key} that row {other['line']} does not have",
            )


def unknown_names(
    path: str | os.PathLike[str], rows: Iterable[Row], column: str, known: Iterable[str], where: str
) -> Iterator[InputError]:
    """An error for each name in ``column`` that ``known`` (from the table ``where``) lacks, with all of its rows."""
    known = set(known)
    lines: dict[Any, list[int]] = {}
    for row in rows:
        if column in row and row[column] not in known:
            lines.setdefault(row[column], []).append(row["line"])
    for name, found in lines.items():
        yield InputError(
            "a name is not known",
            file=path,
            place=f"row{'s' if len(found) > 1 else ''} {spans(found)}, column {column}",
            found=name,
            expected=f"one of the names in {where}",
            advice="check the spelling, or add the row there",
        )


def spans(numbers: Iterable[int]) -> str:
    """Whole numbers as one writes them: ``2-11, 15``."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ", ".join(f"{low}" if low == high else f"{low}-{high}" for low, high in runs)


def read_rows(path: str | os.PathLike[str], *needed: str) -> list[dict[str, str]]:
    """Rows of a tab-separated table that the workflow wrote, as text.

    Raises
    ------
    InputError
        If the file cannot be read, lacks one of the ``needed`` columns, or has a row of another length than its header.
    """
    try:
        lines = took(path, Path(path).read_bytes()).decode("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError("table cannot be read", file=path, found=problem) from problem
    rows = [[read_cell(cell) for cell in line.split("\t")] for line in lines]
    header = rows[0] if rows else []
    if missing := [name for name in needed if name not in header]:
        raise InputError(
            "a column is missing", file=path, place="line 1", found="\t".join(header) or "nothing", expected=missing[0]
        )
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            raise InputError(
                "a row of another length", file=path, place=f"line {number}", found=len(row), expected=len(header)
            )
    return [dict(zip(header, row, strict=True)) for row in rows[1:]]


def write_table(rows: Iterable[Mapping[str, Any]], columns: Iterable[str] | None = None) -> str:
    """Tab-separated text of rows, blank where a value is absent; floats with twelve significant digits.

    Columns default to all keys in the order of their first appearance.
    """
    rows = list(rows)
    names = list(columns) if columns is not None else list(dict.fromkeys(key for row in rows for key in row))
    lines = ["\t".join(map(text_cell, names))]
    lines += ["\t".join(_written(row.get(name)) for name in names) for row in rows]
    return "\n".join(lines) + "\n"


def write_columns(parts: Iterable[Mapping[str, Sequence[Any]]], columns: Sequence[str]) -> str:
    """The text that :func:`write_table` makes of rows, of rows that come as columns: quick where there are many."""
    lines = ["\t".join(map(text_cell, columns))]
    for part in parts:
        length = len(next(iter(part.values())))
        blank = [""] * length
        written = [list(map(_written, part[name])) if name in part else blank for name in columns]
        lines += map("\t".join, zip(*written, strict=True))
    return "\n".join(lines) + "\n"


def _written(value: Any) -> str:
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.12g}"
    return "" if value is None else text_cell(str(value))


@lru_cache(maxsize=1024)
def text_cell(text: str) -> str:
    """A text as a cell of a table: on one line, and never a formula where a spreadsheet opens the table.

    An apostrophe goes before a text that begins like a formula; numbers, with their uncertainty in brackets or
    without, and intervals ("-0.9 to -0.8") stay as they are. :func:`read_rows` takes it away again.
    """
    text = " ".join(text.split())
    return f"'{text}" if text[:1] in FORMULA and text[1:] and not _NUMERIC.fullmatch(text) else text


def read_cell(cell: str) -> str:
    """The text that :func:`text_cell` made a cell of."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in FORMULA else cell
