"""From the files of a run to tables, and from tables to files."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coherion.crystal.crystal import Crystal
from coherion.crystal.structure_files import read_structure
from coherion.data.netcdf import write_text, write_whole
from coherion.data.tables import several, write_table
from coherion.errors import CoherionWarning
from coherion.tables import stored, workbook
from coherion.tables.html import html
from coherion.tables.latex import document, latex
from coherion.tables.structures import structure_table
from coherion.tables.table import Table, tsv_rows

if TYPE_CHECKING:
    import xarray


def read_structures(named: str, folder: str | os.PathLike[str]) -> list[Crystal]:
    """The starting structures of a sample: CIFs separated by ``|``, below the working folder or else below ``folder``.

    Raises
    ------
    InputError
        If a CIF is missing or is none.
    """
    paths = [Path(part) for part in several(named)]
    with warnings.catch_warnings():
        # Whoever refined them was warned of what is strange in them.
        warnings.simplefilter("ignore", CoherionWarning)
        return [read_structure(path if path.exists() else Path(folder) / path) for path in paths]


def structure_tables(
    fit: xarray.Dataset, starts: Sequence[Crystal], sample: Mapping[str, Any], *, name: str, excluded: str = ""
) -> Iterator[Table]:
    """A table for each phase of a refinement.

    Parameters
    ----------
    fit
        Dataset of the refinement.
    starts
        The crystals it started from, a phase each.
    sample, name, excluded
        As for :func:`coherion.tables.structures.structure_table`.
    """
    phases = json.loads(fit.attrs["phases"])
    for phase, start in zip(phases, starts, strict=True):
        yield structure_table(fit, start, sample, phase if len(phases) > 1 else None, name=name, excluded=excluded)


def write_all(tables: Iterable[Table], folder: Path) -> None:
    """Each table as ``.tsv``, ``.tex`` and ``.html``, a head also as ``_fit.tsv``, what stands in print instead
    as ``_brief.tsv``; ``tables.tex`` and ``results.xlsx``
    of them all, and ``tables.json``, with which they can be read back."""
    written = []
    for table in tables:
        write_text(folder / f"{table.name}.tsv", write_table(*tsv_rows(table)))
        if table.head is not None:
            write_text(folder / f"{table.name}_fit.tsv", write_table(*tsv_rows(table.head)))
        if table.brief is not None:
            write_text(folder / f"{table.name}_brief.tsv", write_table(*tsv_rows(table.brief)))
        write_text(folder / f"{table.name}.tex", latex(table.in_print))
        write_text(folder / f"{table.name}.html", html(table.in_print))
        written.append(table)
    write_text(folder / "tables.tex", document(written))
    write_text(folder / stored.NAME, stored.description(written))
    write_whole(folder / workbook.NAME, lambda temporary: workbook.write_workbook(written, temporary))
