"""Files that the tables name and that are not there, told before Snakemake tells them without table and line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping

from coherion.data.series_tables import Tables

MOST_LINES = 10


def missing_files(
    tables: Tables,
    named: Mapping[str, str | os.PathLike[str] | None],
    folder: str | os.PathLike[str],
    *,
    is_made: Callable[[str, str], bool],
    located: Callable[[str], str | None],
) -> list[str]:
    """A line with file, table and row for each file that a run would need and that is not there.

    A file that nothing is computed from any more, because its result is there, is not missed: results can be drawn
    and collected where the raw files are not.

    Parameters
    ----------
    tables
        The tables, without what the user left out.
    named
        Files of the tables ``samples``, ``scans`` and ``spectra``, for messages.
    folder
        Folder that the raw files stand in.
    is_made
        Whether the result of a scan (``scan`` and its name) or of a sample's spectra (``spectra``) is there.
    located
        Where a structure that the table of samples names is.
    """
    absent: dict[str, bool] = {}

    def is_absent(file: str) -> bool:
        if file not in absent:
            absent[file] = not os.access(file, os.F_OK)
        return absent[file]

    def of_table(table: str, row: Mapping[str, object], files: Iterator[str]) -> list[str]:
        return [f"{named[table]}, row {row['line']}: {file} is missing" for file in files if is_absent(file)]

    lines: list[str] = []
    for name in tables.used_scans():
        row = tables.scans[name]
        if (told := of_table("scans", row, _files(row, folder))) and not is_made("scan", name):
            lines += told
    for sample, rows in tables.spectra.items():
        told = [line for row in rows for line in of_table("spectra", row, _files(row, folder))]
        if told and not is_made("spectra", sample):
            lines += told
    for row in tables.samples.values():
        if "pair_distribution" in row:
            lines += of_table("samples", row, _files({"file": row["pair_distribution"]}, folder))
        parts = (part.strip() for part in row.get("structure", "").split("|") if part.strip())
        lines += of_table("samples", row, (located(part) or part for part in parts))
    return list(dict.fromkeys(lines))


def told_in_brief(lines: list[str]) -> str:
    """The first ten of the missing files, how many more there are, and what to do."""
    shown = lines[:MOST_LINES]
    if len(lines) > len(shown):
        shown.append(f"and {len(lines) - len(shown)} more; make check lists all")
    return "\n".join(
        [
            *shown,
            "Nothing was run. Put the files there, correct the tables or data_folder, or leave a sample or a file out: "
            "say why in the column exclude of the table of samples or spectra.",
        ]
    )


def _files(row: Mapping[str, str], folder: str | os.PathLike[str]) -> Iterator[str]:
    place = os.fspath(folder).rstrip("/")
    return (f"{place}/{part.strip()}" for part in row["file"].split("|"))
