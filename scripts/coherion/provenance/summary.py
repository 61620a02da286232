"""A run in three tables: what it found, what it warned of, and every setting it was told."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from coherion.data.contract.contracts import CONTRACTS
from coherion.data.contract.units import in_print
from coherion.data.netcdf import versions_of
from coherion.data.stated import attributes
from coherion.tables.table import Column, Table

RUN = ("snakemake", "matplotlib", "typst")

Rows = Sequence[Mapping[str, str]]


def software_of_run(results: str | os.PathLike[str]) -> tuple[str, ...]:
    """Libraries of jobs, figures and the document, whose files do not all say what they were made with."""
    return (*RUN, "seaborn") if Path(results, "figures", "relations.pdf").exists() else RUN


def versions(results: str | os.PathLike[str]) -> dict[str, str]:
    """Version of coherion and of each library that made something in a results folder, as its files say."""
    folders = {Path(file).parts[1] for one in CONTRACTS.values() for file in one.file.split(", ")}
    used: dict[str, str] = {}
    for path in sorted(path for folder in folders for path in Path(results, folder).rglob("*.nc")):
        used |= json.loads(attributes(path).get("versions", "{}"))
    found = versions_of(software_of_run(results)) | used
    return {name: found[name] for name in sorted(found, key=str.lower)}


def origin_of_rows(rows: Rows) -> str:
    """``simulated`` if any sample is, else ``measured``."""
    return "simulated" if any(row.get("origin") == "simulated" for row in rows) else "measured"


def run_table(
    series: Rows,
    exclusions: Rows,
    claims: Rows,
    warned: Sequence[tuple[str, str]],
    computed_with: Mapping[str, str],
) -> Table:
    """What a run found, in counts, and with which versions.

    Parameters
    ----------
    series, exclusions, claims
        Rows of ``series.tsv``, ``exclusions.tsv`` and ``claims.tsv`` as text.
    warned
        Job and text of each warning.
    computed_with
        Version of each library that took part.
    """
    origin = origin_of_rows(series)
    left_out = [f"{row['sample']}: {in_print(row['excluded'])}" for row in series if row.get("excluded")]
    lines: list[tuple[str, int | str]] = [
        ("data", "simulated: no measurement" if origin == "simulated" else "measured"),
        ("samples", len(series)),
        ("samples left out", "; ".join(left_out) or "none"),
        ("exclusions, each with its reason", len(exclusions)),
    ]
    counts = Counter(row["verdict"] for row in claims)
    lines += [(f"statements of the paper: {verdict}", count) for verdict, count in sorted(counts.items())]
    lines.append(("warnings", len(warned)))
    lines += [(f"version of {name}", version) for name, version in computed_with.items()]
    return Table(
        "run",
        "What the run found, and the versions it computed with.",
        [Column("quantity", "Quantity"), Column("value", "Value", width=9)],
        [{"quantity": quantity, "value": value} for quantity, value in lines],
        origin=origin,
    )


def warnings_table(warned: Iterable[tuple[str, str]], origin: str) -> Table:
    """Every warning that belongs to a result of the run."""
    rows = [{"job": job, "warning": in_print(text)} for job, text in warned]
    return Table(
        "warnings",
        "What the jobs warned of. The results were still computed." if rows else "No job warned of anything.",
        [Column("job", "Job"), Column("warning", "Warning", width=12)],
        rows,
        origin=origin,
    )


def settings_table(settings: Mapping[str, Any], schema: Mapping[str, Any], origin: str) -> Table:
    """Every setting with its default and its meaning.

    Parameters
    ----------
    settings
        The configuration completed with defaults.
    schema
        Its JSON Schema.
    origin
        ``measured`` or ``simulated``.
    """
    return Table(
        "settings",
        "Every setting of the run; a default stands only where the run departs from it.",
        [
            Column("key", "Key"),
            Column("value", "Value", width=6),
            Column("default", "Default", width=4),
            Column("meaning", "Meaning", width=10),
        ],
        # What the run departs in stands first.
        sorted(_settings_rows(settings, schema), key=lambda row: row["default"] is None),
        origin=origin,
    )


def _settings_rows(settings: Mapping[str, Any], schema: Mapping[str, Any], above: str = "") -> Iterator[dict[str, Any]]:
    properties = schema.get("properties", {})
    for key, value in settings.items():
        own = properties.get(key, {})
        if isinstance(value, Mapping) and own.get("properties"):
            yield from _settings_rows(value, own, f"{above}{key}.")
            continue
        changed = "default" in own and own["default"] != value
        yield {
            "key": f"{above}{key}",
            "value": _shown(value),
            "default": _shown(own["default"]) if changed else None,
            "meaning": in_print(" ".join(str(own.get("description", "")).split())) or None,
        }


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
