"""Tables of the whole series: all samples side by side, the verdicts on the claims, and everything left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from coherion.data.contract.names import column_in_print
from coherion.data.contract.units import in_print, unit_in_print
from coherion.figures.legible.mathematics import words
from coherion.settings.paper.paper import Paper
from coherion.tables.table import Cell, Column, Measured, Table

#: Samples that fit beside one another on a page.
ACROSS = 4
#: Columns of text of the claims, with their widths in cm.
CLAIMS = (
    Column("id", "Claim", width=2.3),
    Column("statement", "Statement", width=3.7),
    Column("place", "Place", width=2.1),
    Column("test", "Test", width=2.8),
    Column("value", "Value", measured=True, style="scientific", decimals=3),
    Column("unit", "Unit", width=1.6),
    Column("n", "n"),
    Column("verdict", "Verdict"),
)
EXCLUSIONS = (
    Column("sample", "Sample"),
    Column("what", "What", width=5.6),
    Column("points", "Points"),
    Column("reason", "Reason", width=5.6),
    Column("by", "By"),
)

Rows = Sequence[Mapping[str, str]]


def _cell(text: str | None, sd: str | None = None) -> Cell:
    """Text of a cell as a number, with its uncertainty if there is one, else as it stands."""
    text = (text or "").strip()
    try:
        value = float(text)
    except ValueError:
        return text or None
    if sd is not None:
        return Measured(value, float(sd) if sd.strip() and float(sd) > 0 else None)
    return int(text) if re.fullmatch(r"[+-]?\d+", text) else value


def _origin(rows: Rows) -> str:
    return "simulated" if any(row.get("origin") == "simulated" for row in rows) else "measured"


def labels_of(paper: Paper) -> dict[str, tuple[str, str]]:
    """What the paper calls columns of the series: word and unit of each that it labels itself."""
    own = {name: paper.known[name] for name in paper.quantities}
    return {
        one.column or name: (words(one.label.split(" / ")[0]), one.unit)
        for name, one in own.items()
        if one.label and one.expression is None
    }


def series_table(
    rows: Rows, ranges: Sequence[str] = (), labels: Mapping[str, tuple[str, str]] | None = None
) -> Table | None:
    """Quantities in rows, samples in columns.

    Parameters
    ----------
    rows
        The table of the series, one mapping from column to text per sample.
    ranges
        Fit ranges whose columns (``a_A_2_20``) have a table of their own.
    labels
        What columns are called, with their units, where the paper says so.

    Returns
    -------
    Table or None
        None where there are no samples.
    """
    if not rows:
        return None
    names, labels = list(rows[0]), labels or {}
    endings = tuple(f"_{one.replace('-', '_')}" for one in ranges)
    left_out = {"sample", "origin", *(n for n in names if n.removesuffix("_sd").endswith(endings) and endings)}
    samples = [str(row["sample"]) for row in rows]
    lines: list[dict[str, Cell]] = []
    for name in names:
        if name in left_out or (name.endswith("_sd") and name.removesuffix("_sd") in names):
            continue
        cells = [_cell(in_print(row[name]) if name == "excluded" else row[name], row.get(f"{name}_sd")) for row in rows]
        if any(cell is not None for cell in cells):
            said, unit = labels.get(name) or column_in_print(name)
            unit = unit_in_print(unit)
            quantity = f"{said} ({unit})" if unit else said
            lines.append({"quantity": quantity, **dict(zip(samples, cells, strict=True))})
    columns = [
        Column("quantity", "Quantity", width=2.9),
        *(Column(s, s, measured=True, style="scientific", width=2.9) for s in samples),
    ]
    return Table("series", "All samples side by side.", columns, lines, origin=_origin(rows), across=ACROSS)


def claims_table(rows: Rows) -> Table | None:
    """The verdict on every statement; None where there are none."""
    if not rows:
        return None
    lines = [
        {
            **{key: text or None for key, text in row.items() if key not in ("value", "error", "n")},
            **{key: in_print(row.get(key) or "") or None for key in ("statement", "criterion", "note")},
            "unit": unit_in_print(row.get("unit") or "") or None,
            "value": _cell(row["value"], row["error"]),
            "n": _cell(row["n"]),
        }
        for row in rows
    ]
    counts = {verdict: sum(row["verdict"] == verdict for row in rows) for verdict in ("holds", "fails", "undecided")}
    said = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
    caption = f"Every statement of the paper as a test, and the verdict ({said})."
    return Table("claims", caption, CLAIMS, lines, origin=_origin(rows))


def exclusions_table(rows: Rows, origin: str) -> Table | None:
    """Everything that was left out, and why; None where that is nothing."""
    lines = [
        {key: _cell(text) if key == "points" else text or None for key, text in row.items()}
        | {"reason": in_print(row["reason"])}
        for row in rows
    ]
    return (
        Table("exclusions", "Everything that was left out, and why.", EXCLUSIONS, lines, origin=origin)
        if lines
        else None
    )
