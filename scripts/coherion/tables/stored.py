"""Tables read back from the folder they were written to: numbers from the .tsv files, their print from tables.json.

``tables.json`` holds no number of a table. It says what a ``.tsv`` cannot: caption, headings, how a column is printed,
and which cells are words, since a sample may be called 10.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from coherion.data.tables import read_rows
from coherion.errors import InputError
from coherion.settings.plain import read_json
from coherion.tables.table import Cell, Column, Measured, Table, tsv_names

NAME = "tables.json"


def description(tables: Iterable[Table]) -> str:
    """What ``tables.json`` holds of these tables."""
    return json.dumps({"tables": [_described(table) for table in tables]}, ensure_ascii=False) + "\n"


def _described(table: Table) -> dict[str, Any]:
    columns = [
        asdict(column) | {"words": [i for i, row in enumerate(table.rows) if isinstance(row.get(column.key), str)]}
        for column in table.columns
    ]
    head, brief = (None if part is None else _described(part) for part in (table.head, table.brief))
    kept = {key: getattr(table, key) for key in ("name", "caption", "number", "origin", "across")}
    return kept | {"columns": columns, "head": head, "brief": brief}


def read_tables(folder: str | os.PathLike[str]) -> list[Table]:
    """The tables that ``write_tables`` wrote to a folder, in their order.

    Raises
    ------
    InputError
        If a file is missing or is not what ``write_tables`` writes.
    """
    file = Path(folder) / NAME
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError("the list of tables cannot be read", file=file, found=problem) from problem
    listed = read_json(text, file=file)
    try:
        return [_read(Path(folder), table["name"], table) for table in listed["tables"]]
    except (AttributeError, KeyError, TypeError) as problem:
        raise InputError(
            "not a list of tables", file=file, found=repr(problem), expected="what write_tables writes beside them"
        ) from problem


def files_of(folder: str | os.PathLike[str]) -> list[Path]:
    """The files that :func:`read_tables` reads."""
    return [Path(folder) / NAME, *sorted(Path(folder).glob("*.tsv"))]


def _read(folder: Path, stem: str, table: Mapping[str, Any]) -> Table:
    words = {column["key"]: set(column["words"]) for column in table["columns"]}
    columns = [Column(**{key: value for key, value in c.items() if key != "words"}) for c in table["columns"]]
    rows = read_rows(folder / f"{stem}.tsv", *(name for column in columns for name in tsv_names(column)))
    head, brief = table["head"], table["brief"]
    return Table(
        name=table["name"],
        caption=table["caption"],
        columns=columns,
        rows=[{c.key: _cell(row, c, i in words[c.key]) for c in columns} for i, row in enumerate(rows)],
        number=table["number"],
        origin=table["origin"],
        head=None if head is None else _read(folder, f"{stem}_fit", head),
        across=table["across"],
        brief=None if brief is None else _read(folder, f"{stem}_brief", brief),
    )


def _cell(row: Mapping[str, str], column: Column, is_word: bool) -> Cell:
    text, *sd = (row[name] for name in tsv_names(column))
    if is_word or not text:
        return text or None
    if not sd and re.fullmatch(r"[+-]?\d+", text):
        return int(text)
    value = float(text)
    return Measured(value, float(sd[0]) if sd[0] else None) if sd else value
