"""All tables as one workbook, ``results.xlsx``: a sheet each, numbers as numbers, uncertainties beside them."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from coherion.data.contract.units import unit_in_print
from coherion.tables.table import Column, Measured, Table

NAME = "results.xlsx"
#: Sheets that a reader still finds his way among; further tables stand below one another on a last one.
MOST_SHEETS = 120
FURTHER = "further tables"
#: The date that every workbook states, so that the same tables give the same file.
CREATED = datetime.datetime(2000, 1, 1)
#: Most characters of a sheet's name and of a cell, as the format has them.
LONGEST_NAME, LONGEST_CELL = 31, 32_767
_FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
_CONTROL = re.compile(r"[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def headings(column: Column) -> list[str]:
    """Headings of the one or two columns of the sheet that a column becomes."""
    sd = f"s.u. of {column.title or column.key}"
    unit = unit_in_print(column.unit)
    return [column.heading, f"{sd} / {unit}" if unit else sd][: 2 if column.measured else 1]


def sheet_names(tables: Sequence[Table]) -> list[str]:
    """A name for the sheet of each table: its number and name, in characters that a name may have, each once."""
    found: list[str] = []
    for table in tables:
        whole = _FORBIDDEN.sub("_", table.name.removeprefix("table_")) or "table"
        name, place = whole[:LONGEST_NAME], 1
        while name.lower() in map(str.lower, found):
            place += 1
            name = f"{whole[: LONGEST_NAME - len(str(place)) - 1]}_{place}"
        found.append(name)
    return found


def write_workbook(tables: Sequence[Table], path: Path) -> None:
    """Write tables to a workbook.

    A text is a text, whatever it begins with: no cell is a formula or a link. Of more than :data:`MOST_SHEETS` tables
    the last ones share a sheet.
    """
    import xlsxwriter

    options = {name: False for name in ("strings_to_formulas", "strings_to_urls", "strings_to_numbers")}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": CREATED})
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        own, further = list(tables[:MOST_SHEETS]), list(tables[MOST_SHEETS:])
        for table, name in zip(own, sheet_names(own), strict=True):
            sheet = book.add_worksheet(name)
            below = _write(sheet, table, 0, bold, wrapped)
            sheet.freeze_panes(below - len(table.rows), 1)
        if further:
            sheet, row = book.add_worksheet(FURTHER), 0
            for table in further:
                row = _write(sheet, table, row, bold, wrapped) + 1


def _write(sheet: Any, table: Table, row: int, bold: Any, wrapped: Any) -> int:
    """One table with its caption from a row on; gives the row after it."""
    label = f"Table S{table.number}. " if table.number else ""
    sheet.write_string(row, 0, _text(f"{label}{table.full_caption}"), bold)
    row += 1
    for part in (table.head, table) if table.head is not None else (table,):
        names = [name for column in part.columns for name in headings(column)]
        row += 1 if part is table and table.head is not None else 0
        for place, name in enumerate(names):
            sheet.write_string(row, place, _text(name), bold)
            sheet.set_column(place, place, min(max(len(name) + 2, 10), 40))
        row += 1
        for cells in part.rows:
            for place, cell in _cells(part, cells):
                if isinstance(cell, str):
                    sheet.write_string(row, place, _text(cell), wrapped if len(cell) > 40 else None)
                else:
                    sheet.write_number(row, place, cell)
            row += 1
    return row


def _cells(table: Table, row: Any) -> Iterator[tuple[int, float | int | str]]:
    """Place and value of each cell of a row that holds something."""
    place = 0
    for column in table.columns:
        cell = row.get(column.key)
        value, sd = (cell.value, cell.sd) if isinstance(cell, Measured) else (cell, None)
        for at, one in ((place, value), (place + 1, sd)):
            # A workbook has no cell for what is no number.
            if one not in (None, "") and (isinstance(one, str) or math.isfinite(one)):
                yield at, one
        place += 2 if column.measured else 1


def _text(text: str) -> str:
    return _CONTROL.sub("", text)[:LONGEST_CELL]
