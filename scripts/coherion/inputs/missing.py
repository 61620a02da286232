"""Files that the tables name and that are not there, told before Snakemake tells them without table and line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from coherion.data.series_tables import Tables
from coherion.data.tables import several

MOST_LINES = 10


@dataclass(frozen=True)
class Missing:
    """A line for each file that is not there, and whom that concerns.

    lines, structures
        All lines, and those of starting structures, which are a mistake in the table.
    lacking, whole
        Samples that lack something, and those that lack nothing.
    """

    lines: list[str]
    structures: list[str]
    lacking: list[str]
    whole: list[str]


def missing_files(
    tables: Tables,
    named: Mapping[str, str | os.PathLike[str] | None],
    folder: str | os.PathLike[str],
    *,
    is_made: Callable[[str, str], bool],
    located: Callable[[str], str | None],
    standard_of: Callable[[str], str | None],
) -> Missing:
    """File, table and row of each file that a run would need and that is not there.

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
    standard_of
        The standard of a sample, which lacks what its standard lacks.
    """
    absent: dict[str, bool] = {}

    def is_absent(file: str) -> bool:
        if file not in absent:
            absent[file] = not os.access(file, os.F_OK)
        return absent[file]

    def of_table(table: str, row: Mapping[str, object], files: Iterator[str]) -> list[str]:
        return [f"{named[table]}, row {row['line']}: {file} is missing" for file in files if is_absent(file)]

    of_scans: dict[str, list[str]] = {}
    for name in tables.used_scans():
        row = tables.scans[name]
        if (told := of_table("scans", row, _files(row, folder))) and not is_made("scan", name):
            of_scans[name] = told
    of_spectra: dict[str, list[str]] = {}
    for sample, rows in tables.spectra.items():
        told = [line for row in rows for line in of_table("spectra", row, _files(row, folder))]
        if told and not is_made("spectra", sample):
            of_spectra[sample] = told
    of_samples: dict[str, list[str]] = {}
    structures: list[str] = []
    for name, row in tables.samples.items():
        own = [line for key in ("scan", "background") for line in of_scans.get(row.get(key, ""), [])]
        own += of_spectra.get(name, [])
        if "pair_distribution" in row:
            own += of_table("samples", row, _files({"file": row["pair_distribution"]}, folder))
        parts = several(row.get("structure", ""))
        structures += of_table("samples", row, (located(part) or part for part in parts))
        of_samples[name] = own
    refined = set(tables.with_structure())
    lacking = [
        name
        for name, own in of_samples.items()
        if own or (name in refined and of_samples.get(standard_of(name) or "", []))
    ]
    every = [*of_scans.values(), *of_spectra.values(), *of_samples.values(), structures]
    lines = list(dict.fromkeys(line for own in every for line in own))
    return Missing(lines, structures, lacking, [name for name in of_samples if name not in set(lacking)])


def told_beforehand(missing: Missing) -> list[str]:
    """What a run says at its start where some samples lack files: the files, and what becomes of the samples."""
    lines = missing.lines[:MOST_LINES]
    if len(missing.lines) > len(lines):
        lines.append(f"and {len(missing.lines) - len(lines)} more; make check lists all")
    return [
        *(f"WARNING: {line}" for line in lines),
        f"{len(missing.lacking)} of {len(missing.lacking) + len(missing.whole)} samples lack a file and will fail: "
        f"{', '.join(missing.lacking[:MOST_LINES])}{', ...' if len(missing.lacking) > MOST_LINES else ''}. "
        "The others are analysed; the run ends as failed.",
    ]


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
    return (f"{place}/{part}" for part in several(row["file"]))
