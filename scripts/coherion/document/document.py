"""The supporting information as data, and Typst that makes a PDF of it.

The document is one static file of ours, ``template.typ``. What a run wrote reaches it as strings of a JSON file, which
Typst prints and never reads as markup. Typst sees nothing but the temporary folder that the three lie in: the template,
the data and the figures. It takes its own fonts, no date, and nothing from a network, so that the same run gives
the same bytes everywhere.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coherion import __version__
from coherion.atoms import formulas
from coherion.data.contract.units import in_print
from coherion.data.stated import hashes_of, reason_left_out
from coherion.document.captions import read_caption
from coherion.document.layout import first_sentence, laid_out, line, plain
from coherion.errors import InputError
from coherion.tables.table import SIMULATED, Column, Table

TEMPLATE = Path(__file__).with_name("template.typ")
HEADING = "Supporting information"
_SERIES = (
    Column("sample", "Sample"),
    Column("title", "Title"),
    Column("group", "Group"),
    Column("annealing_C", "Annealing", "°C"),
    Column("x", "x"),
    Column("composition", "Composition as weighed in"),
)
_SETTINGS = (
    Column("key", "Key"),
    Column("value", "Value", width=4.0),
    Column("default", "Default", width=2.0),
    Column("meaning", "Meaning", width=6.5),
)
#: What the first page says of a run in its own words.
_TOLD = ("data", "samples", "samples left out")
_VERSION = "version of "
#: Tables of single samples and cells of a table that are printed of a large series: Typst takes some 25 kB for a cell.
MOST_SINGLE, MOST_CELLS = 60, 8000
#: Where the raw files lie is said in words; where results lie is the machine's affair.
_PLACES = ("data_folder", "results")

Rows = Sequence[Mapping[str, str]]


@dataclass(frozen=True)
class Figure:
    """One figure.

    name
        What the run calls it.
    file
        Its PDF.
    caption
        Plain text.
    number
        Its number, or None for the one after the last.
    left_out
        Why it shows nothing; it then has no page.
    """

    name: str
    file: Path
    caption: str
    number: int | None = None
    left_out: str = ""


def read_figures(listed: Mapping[str, Any]) -> list[Figure]:
    """Figures from what the command line says: of each name its ``file``, ``caption`` and perhaps fit ``range``.

    Raises
    ------
    InputError
        If a figure is described otherwise, is missing, or is no PDF.
    """
    figures = []
    for name, told in listed.items():
        place = f"figure {name}"
        if not isinstance(told, dict) or set(told) - {"range", "number"} != {"file", "caption"}:
            raise InputError("not a figure", place=place, found=told, expected="file and caption, and perhaps range")
        number = told.get("number")
        if not all(isinstance(text, str) for key, text in told.items() if key != "number") or not (
            number is None or isinstance(number, int)
        ):
            raise InputError("not a figure", place=place, found=told, expected="texts")
        with Path(told["file"]).open("rb") as stream:
            begins = stream.read(5)
        if begins != b"%PDF-":
            raise InputError("not a PDF", file=told["file"], found=begins, expected="%PDF-")
        caption = read_caption(told["caption"])
        if told.get("range"):
            title = first_sentence(caption)
            caption = f"{title}: {told['range'].replace('-', ' to ')} Å{caption.removeprefix(title)}"
        figures.append(Figure(name, Path(told["file"]), caption, number, reason_left_out(told["file"])))
    return figures


def _labelled(figures: Iterable[Figure]) -> list[tuple[str, Figure]]:
    """Figures that show something in the order of their numbers, those without one last."""
    figures = [one for one in figures if not one.left_out]
    number = {one.name: one.number for one in figures if one.number is not None}
    following = max(number.values(), default=0)
    for one in figures:
        if one.name not in number:
            following += 1
            number[one.name] = following
    return [(f"Figure S{number[one.name]}", one) for one in sorted(figures, key=lambda one: number[one.name])]


def _missing(figures: Iterable[Figure]) -> list[str]:
    """One line that names the figures of which nothing is there."""
    reasons = [f"{first_sentence(one.caption).rstrip('.')} ({one.left_out})" for one in figures if one.left_out]
    return [f"Left out: {'; '.join(reasons)}."] if reasons else []


def _few(tables: Sequence[Table]) -> list[Table]:
    """The tables that are printed: all of the series, and so many of single samples."""
    left_out = {*[table.name for table in tables if table.head is not None][MOST_SINGLE:]}
    return [table for table in tables if table.name not in left_out]


def _cut(table: Table) -> Table:
    """A table as it is printed, with its first rows, or columns where there are more of these, if it is very large."""
    table = table.in_print
    rows, columns = len(table.rows), len(table.columns)
    if rows * columns <= MOST_CELLS:
        return table
    whole = f"{table.name}.tsv has all."
    if columns > rows:
        most = max(MOST_CELLS // rows, 2)
        said = f"{table.caption} The first {most - 1} of {columns - 1} columns; {whole}"
        return replace(table, columns=table.columns[:most], caption=said)
    most = max(MOST_CELLS // columns, 1)
    return replace(table, rows=table.rows[:most], caption=f"{table.caption} The first {most} of {rows} rows; {whole}")


def _samples(series: Rows) -> dict[str, Any]:
    """The samples, with a note below for each that was left out."""
    columns = [c for c in _SERIES if any(row.get(c.key) for row in series)]
    table = _cut(Table("samples", "", columns, series))
    title = "Samples" if len(table.rows) == len(series) else f"Samples, the first {len(table.rows)} of {len(series)}"
    made = laid_out(table) | {"title": title, "notes": []}
    for row, cells in zip(table.rows, made["parts"][0]["rows"], strict=True):
        if row.get("excluded"):
            mark = ["super", str(len(made["notes"]) + 1)]
            cells[0].append(mark)
            said = f" {row['sample']}: left out of the structural series; {in_print(row['excluded'])}"
            made["notes"].append([mark, ["", line(said)]])
    return made


def _settings(rows: Rows) -> dict[str, Any]:
    """The settings that the run departs in."""
    changed = [row for row in rows if row["default"] and row["key"] not in _PLACES]
    title = "Settings that differ from their defaults" + ("" if changed else ": none")
    made = laid_out(Table("settings", "", _SETTINGS, changed))
    return made | {"title": title, "notes": [], "parts": made["parts"] if changed else []}


def _found(run: Rows) -> str:
    """The counts of a run and the versions it computed with."""
    counts = [f"{row['quantity']}: {row['value']}" for row in run if not row["quantity"].startswith(_VERSION)]
    versions = [
        f"{row['quantity'].removeprefix(_VERSION)} {row['value']}" for row in run if _VERSION in row["quantity"]
    ]
    counts = [text for text in counts if text.partition(":")[0] not in _TOLD]
    return f"In counts: {'; '.join(counts)}. Computed with {', '.join(versions)}."


def _sources(settings: Mapping[str, Any]) -> str:
    data = Path(str(settings.get("data_folder", "")))
    tables = [str(path) for path in settings.get("tables", {}).values() if path]
    # Where a folder lies on somebody's disk is no matter of a publication.
    named = [path.name if path.is_absolute() else str(path) for path in map(Path, [str(data), *tables])]
    return (
        f"Raw files: folder {named[0]}; tables of the series: {', '.join(named[1:])}. The run's crate (make crate) "
        "lists every file that was read or written with its SHA-256; each figure's PDF names the files it was drawn "
        "from, and scripts/trace_result.py follows a result back to the raw files."
    )


def content(
    tables: Sequence[Table],
    figures: Sequence[Figure],
    series: Rows,
    run: Rows,
    settings: Rows,
    told: Mapping[str, Any],
    sources: Sequence[str | os.PathLike[str]] = (),
    note: str = "",
) -> dict[str, Any]:
    """Everything that the document says, as strings, numbers and lists.

    Parameters
    ----------
    tables
        With their numbers.
    figures
        In any order.
    series
        Rows of ``series.tsv`` as text.
    run, settings
        Rows of ``summary/run.tsv`` and ``summary/settings.tsv`` as text.
    told
        The settings of the run (``summary/settings.json``).
    sources
        The files it is made from; the document names them with their hashes (:mod:`coherion.data.stated`).
    note
        What the paper says of the numbering.
    """
    origins = {row.get("origin") for row in series} | {table.origin for table in tables}
    simulated = "simulated" in origins
    crate = told.get("crate", {})
    people = [line(str(person.get("name", ""))) for person in crate.get("people", [])]
    left_out = sum(bool(row.get("excluded")) for row in series)
    samples = f"{len(series)} sample" + ("" if len(series) == 1 else "s")
    named = f"{samples}, of which {left_out} left out of the structural series" if left_out else samples
    printed = _few(tables)
    paragraphs = [
        f"Written by coherion {__version__} from the files of one finished run: {named}. Every number of a table is "
        "that of the table's .tsv file in the run's folder tables/, where it stands with all its digits; every figure "
        "is the one of the run, whose plotted numbers stand beside it.",
        "Digits in brackets are one standard uncertainty in units of the last digit. A blank was not found, and a "
        "number without brackets was held, is fixed by symmetry or has no uncertainty. Everything that was left out is "
        "listed with its reason in the table of exclusions.",
        *([note] if note else []),
        *(
            [f"Of {len(tables)} tables {len(printed)} are printed: of single samples the first {MOST_SINGLE}."]
            if len(printed) < len(tables)
            else []
        ),
        *_missing(figures),
        _sources(told),
        _found(run),
    ]
    return {
        "title": plain(f"{HEADING}: {crate['title']}" if crate.get("title") else HEADING),
        "heading": HEADING,
        "subtitle": line(crate.get("title") or f"Series of {samples}" + (", simulated" if simulated else "")),
        "people": people,
        "keywords": [json.dumps(hashes_of(sources), sort_keys=True)] if sources else [],
        "simulated": simulated,
        "notice": SIMULATED,
        "notice_more": "The raw scans and spectra were computed from an assumed series whose truth is known "
        "(docs/simulated-series.md of the software); the analysis reads them as measured ones. Nothing here is a "
        "property of a material.",
        "paragraphs": [line(text) for text in paragraphs],
        "overview": [_samples(series), _settings(settings)],
        "tables": [laid_out(_cut(table)) | {"label": f"Table S{table.number}"} for table in printed],
        "figures": [
            {
                "label": label,
                "title": line(formulas.in_unicode(first_sentence(figure.caption))),
                "caption": line(formulas.in_unicode(f"{figure.caption} {SIMULATED}" if simulated else figure.caption)),
                "file": f"{label.replace(' ', '_')}.pdf",
            }
            for label, figure in _labelled(figures)
        ],
    }


@contextmanager
def compiler(content: Mapping[str, Any], figures: Iterable[Figure]) -> Iterator[Any]:
    """Typst with the document before it, ``typst.Compiler``; what it may read is gone afterwards.

    Parameters
    ----------
    content
        What :func:`content` made.
    figures
        The same figures.

    Raises
    ------
    InputError
        If a figure cannot be read as a PDF.
    """
    # Typst would start a thread for each processor; the job was given one.
    os.environ.setdefault("RAYON_NUM_THREADS", "1")
    import typst

    files = {
        item["file"]: figure.file for item, (_, figure) in zip(content["figures"], _labelled(figures), strict=True)
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copyfile(TEMPLATE, folder / "main.typ")
        (folder / "data.json").write_text(json.dumps(content), encoding="utf-8")
        for copy, file in files.items():
            shutil.copyfile(file, folder / copy)
        try:
            yield typst.Compiler(
                folder / "main.typ",
                root=folder,
                font_paths=typst.Fonts(include_system_fonts=False),
                ignore_system_fonts=True,
            )
        except typst.TypstError as problem:
            bad = next((file for copy, file in files.items() if copy in problem.diagnostic), None)
            if bad is None:
                raise
            raise InputError(
                "a figure cannot be read", file=bad, found=problem.message, advice="run the workflow again"
            ) from problem


def compiled(content: Mapping[str, Any], figures: Iterable[Figure]) -> bytes:
    """The document as PDF; see :func:`compiler`."""
    with compiler(content, figures) as made:
        return made.compile(format="pdf")
