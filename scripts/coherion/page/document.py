"""The page itself: one HTML file with its style, its program, plotly.js and the data of the run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from coherion import __version__
from coherion.data.contract.units import in_print
from coherion.errors import CoherionError
from coherion.figures.legible.mathematics import without, words
from coherion.page import series
from coherion.page.blocks import Block, composition, table, text
from coherion.page.comparison import comparison_blocks
from coherion.page.encode import island, json_text, zipped
from coherion.page.multiverse import multiverse_blocks
from coherion.page.run_files import Run
from coherion.page.sample import FAILED, columns_of, listed, names_of, sections
from coherion.provenance.logs import warnings_of_logs
from coherion.settings.paper.paper import Paper
from coherion.tables.stored import read_tables
from coherion.tables.table import Column, Table, printed

_OWN = Path(__file__).parent
#: A page with the plots of more samples would be too large to open and to send.
MOST_SAMPLES = 40
FEW = (
    "The plots of {shown} of {all} samples are here, those with the gravest alerts first; the numbers of all "
    "stand in the list."
)


def page(
    run: Run,
    paper: Paper,
    *,
    samples: Sequence[str] = (),
    captions: Mapping[str, str] | None = None,
    other: Run | None = None,
    other_name: str = "",
    title: str = "",
) -> str:
    """The text of the page.

    Parameters
    ----------
    run
        The results.
    paper
        What the paper says: quantities, figures, statements.
    samples
        Names of the samples that the run was told of, in their order; what failed is missing in its results.
    captions
        Captions of figures by name.
    other, other_name
        Another run that this one is held against, and what it is called.
    title
        What the run is called.
    """
    captions = captions or {}
    warnings = [(job, in_print(said)) for job, said in warnings_of_logs(run.path("logs"))]
    names = names_of(run, list(samples))
    columns = columns_of(run, paper)
    titles = {row.get("title") or row["sample"]: row["sample"] for row in run.series}
    titles |= {without(name): sample for name, sample in titles.items()} | {name: name for name in names}
    lines = [listed(run, name, columns, name in samples) for name in names]
    shown = with_plots(lines)
    views: dict[str, Any] = {f"sample/{name}": sections(run, paper, name, warnings, name in samples) for name in shown}
    figures = series.figure_views(run, paper, captions, titles)
    for figure in figures:
        views[f"figure/{figure['id']}"] = figure["blocks"]
    views["correlation"] = list(series.correlation_blocks(run, paper))
    views["multiverse"] = list(multiverse_blocks(run, paper, titles))
    views["recovery"] = list(series.recovery_blocks(run, titles))
    views["tables"] = list(_tables(run))
    views["run"] = list(_run(run, warnings))
    if other is not None:
        views["compare"] = list(comparison_blocks(run, other, paper, other_name))
    index = {
        "title": title,
        "simulated": run.is_simulated,
        "version": __version__,
        "columns": [label for _, label in columns],
        "samples": lines,
        "note": "" if len(shown) == len(names) else FEW.format(shown=len(shown), all=len(names)),
        "files": _files(run),
        "figures": [{"id": one["id"], "title": one["title"]} for one in figures],
        "statements": series.statements(run, paper, [one["id"] for one in figures]),
        "views": [name for name, blocks in views.items() if blocks],
        "absent": [[name, why] for name, why in sorted(run.absent.items())],
        "failures": [list(one) for one in run.failures],
    }
    return _written(index, {name: blocks for name, blocks in views.items() if blocks}, title)


def with_plots(lines: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of the samples whose plots the page holds: all, of many the gravest and some of the others."""
    names = [line["sample"] for line in lines]
    if len(names) <= MOST_SAMPLES:
        return names
    gravity = {FAILED: 0, "A": 1, "B": 2}
    grave = sorted((line for line in lines if line["light"] in gravity), key=lambda line: gravity[line["light"]])
    chosen = {line["sample"] for line in grave[: MOST_SAMPLES // 2]}
    others = [name for name in names if name not in chosen]
    step = len(others) / (MOST_SAMPLES - len(chosen))
    chosen |= {others[int(k * step)] for k in range(MOST_SAMPLES - len(chosen))}
    return [name for name in names if name in chosen]


def _written(index: Mapping[str, Any], views: Mapping[str, Any], title: str) -> str:
    from plotly.offline import get_plotlyjs

    plotly, program = get_plotlyjs(), _safe((_OWN / "page.js").read_text(encoding="utf-8"))
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(one.encode()).digest()).decode()}'" for one in (plotly, program)
    )
    # plotly.js sets styles by attribute and makes pictures by way of data and blob addresses; nothing else is let in.
    policy = (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    places = {name: f"data-{number}" for number, name in enumerate(views)}
    islands = "\n".join(
        f'<script type="text/plain" id="{places[name]}">{island(blocks)}</script>' for name, blocks in views.items()
    )
    parts = {
        "TITLE": escape(f"{title}: results" if title else "Results"),
        "POLICY": escape(policy),
        "STYLE": (_OWN / "page.css").read_text(encoding="utf-8"),
        "INDEX": json_text({**index, "places": places}),
        "ISLANDS": islands,
        "PLOTLY": zipped(plotly),
        "PROGRAM": program,
    }
    template = (_OWN / "page.html").read_text(encoding="utf-8")
    return re.sub(r"@@([A-Z]+)@@", lambda found: parts[found[1]], template)


def _safe(program: str) -> str:
    """A program as it may stand in a script element: no end of it and no comment of HTML in its texts."""
    return re.sub(r"<(?=/script|!--)", r"\\x3c", program, flags=re.IGNORECASE).replace("\r\n", "\n")


def _files(run: Run) -> list[dict[str, Any]]:
    """Files that were read, scans and spectra, with their alerts."""
    found = []
    for name in run.names("scans"):
        grades = [row["grade"] for row in run.alerts_by_sample[name] if row.get("stage") == "scan"]
        stated = run.attributes(f"scans/{name}.nc")
        if not stated:
            why = run.absent.get(f"scans/{name}.nc", "")
            found.append({"name": name, "light": FAILED, "kind": "scan", "told": why})
            continue
        source = ", ".join(sorted(one[1] for one in run.sources(f"scans/{name}.nc")))
        told = " ".join(str(stated.get("title", "")).split())
        light = min(grades) if grades else ""
        found.append({"name": name, "light": light, "kind": "scan", "source": source, "told": told})
    for name in run.names("spectra"):
        grades = [row["grade"] for row in run.alerts_by_sample[name] if row.get("stage") == "impedance"]
        sources = sorted(one[1] for one in run.sources(f"spectra/{name}.nc"))
        light = min(grades) if grades else ""
        said = ", ".join(sources[:4]) + (f" and {len(sources) - 4} more" if len(sources) > 4 else "")
        found.append({"name": name, "light": light, "kind": "spectra", "source": said, "told": f"{len(sources)} files"})
    return found


def _tables(run: Run) -> list[Block]:
    if not run.path("tables", "tables.json").exists():
        return []
    try:
        stored = read_tables(run.path("tables"))
    except CoherionError as problem:
        run.absent["tables/tables.json"] = str(problem)
        return []
    found = []
    for one in stored:
        rows = [[_cell(row, column, one) for column in one.columns] for row in one.rows]
        label = f"Table S{one.number}. " if one.number else ""
        caption = label + one.full_caption
        first = caption.split(". ", 2 if label else 1)
        title = ". ".join(first[: 2 if label else 1])
        found.append(table(title, [column.heading for column in one.columns], rows, note=caption, closed=True))
    return found


def _cell(row: Mapping[str, Any], column: Column, of: Table) -> Any:
    cell = row.get(column.key)
    if isinstance(cell, str) and of.is_formula(row, column):
        return composition(cell)
    if cell is None or isinstance(cell, str):
        return cell
    value = getattr(cell, "value", cell)
    said = printed(cell, column).replace("-", "−")
    mantissa, _, exponent = said.partition("×10^")
    return {"v": value, "t": words(f"{mantissa}×10^{exponent}") if exponent else mantissa}


def _run(run: Run, warnings: list[tuple[str, str]]) -> list[Block]:
    """What holds for the whole run: counts and versions, warnings, exclusions, settings, sources."""
    found: list[Block] = []
    if run.failures:
        found.append(table("Jobs that failed", ["job", "what it said"], run.failures))
    if run.absent:
        found.append(table("Files that cannot be read", ["file", "why"], sorted(run.absent.items())))
    rows = run.rows("summary/run.tsv", "quantity", "value")
    if rows:
        found.append(table("The run", ["quantity", "value"], [[row["quantity"], row["value"]] for row in rows]))
    if run.alerts:
        found.append({"kind": "alerts", "rows": run.alerts, "title": "Alerts"})
    if warnings:
        found.append(table("Warnings", ["job", "warning"], warnings, closed=True))
    if run.exclusions:
        said = [[row["sample"], row.get("what", ""), row["reason"], row.get("by", "")] for row in run.exclusions]
        found.append(table("Left out", ["sample", "what", "why", "by"], said, closed=True))
    settings = run.rows("summary/settings.tsv", "key", "value")
    if settings:
        rows_ = [
            [row["key"], row["value"], row.get("default", ""), in_print(row.get("meaning", ""))] for row in settings
        ]
        note = "A default stands only where the run departs from it."
        found.append(table("Settings", ["key", "value", "default", "meaning"], rows_, note=note, closed=True))
    raw = [f"{stage}/{name}.nc" for stage in ("scans", "spectra") for name in run.names(stage)]
    sources = run.sources(*raw)
    if sources:
        found.append(table("Raw files", ["read into", "file", "SHA-256"], sources, closed=True))
    if not found:
        found.append(text("The run has no summary."))
    return found
