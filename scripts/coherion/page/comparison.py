"""Two runs side by side: what changed from one to the other, and by how many standard uncertainties."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any

from coherion.data.contract.units import unit_in_print
from coherion.figures.legible.mathematics import words
from coherion.page.blocks import PALETTE, Block, axis, measured, plot, points, table, text
from coherion.page.run_files import Run
from coherion.page.sample import number_of
from coherion.settings.paper.paper import Paper

#: Changes of more are shown at the edge of the plot.
MOST_SIGMA = 8.0
#: A longer table shows its title first.
MOST_OPEN = 40


def comparison_blocks(run: Run, other: Run, paper: Paper, name: str) -> Iterator[Block]:
    """Numbers, verdicts, alerts, exclusions and settings that differ; ``name`` is what the other run is called."""
    rows = list(_changes(run, other, paper))
    both = [sample for sample in run.by_sample if sample in other.by_sample]
    yield text(
        f"This run beside {name}: {len(both)} samples are in both. A change is given in σ, the root of the sum of both "
        "squared uncertainties, as if the two runs had no data in common; where both read the same files, a change of "
        "less than one σ may still be one of the analysis."
    )
    for words_, ours, theirs in (("only in this run", run, other), ("only in the other", other, run)):
        missing = [sample for sample in ours.by_sample if sample not in theirs.by_sample]
        if missing:
            yield text(f"Samples {words_}: {', '.join(missing)}")
    changed = [row for row in rows if row["sigma"] is not None and row["sigma"] != 0]
    if changed:
        quantities = list(dict.fromkeys(row["label"] for row in changed))
        yield plot(
            "comparison",
            "What changed, by how many σ",
            [
                points(
                    [max(-MOST_SIGMA, min(MOST_SIGMA, row["sigma"])) for row in changed],
                    [quantities.index(row["label"]) for row in changed],
                    "change",
                    PALETTE[0],
                    samples=[row["sample"] for row in changed],
                    text=[f"{row['sample']}, {row['label']}: {row['sigma']:.2f} σ" for row in changed],
                    hoverinfo="text",
                )
            ],
            {
                "xaxis": axis(
                    f"(this − other) / σ, cut at ±{MOST_SIGMA:g}", range=[-1.05 * MOST_SIGMA, 1.05 * MOST_SIGMA]
                ),
                "yaxis": {
                    "tickvals": list(range(len(quantities))),
                    "ticktext": quantities,
                    "automargin": True,
                    "range": [len(quantities) - 0.5, -0.5],
                },
            },
            height=max(320, 22 * len(quantities) + 120),
            wide=True,
        )
    differing = [row for row in rows if row["difference"] != 0]
    if differing:
        differing.sort(key=lambda row: -abs(row["sigma"]) if row["sigma"] is not None else 0.0)
        certain = [row for row in differing if row["sigma"] is None or abs(row["sigma"]) >= 1]
        if certain:
            yield _numbers("Numbers that changed by one σ or more", certain, closed=len(certain) > MOST_OPEN)
        if less := [row for row in differing if row not in certain]:
            yield _numbers("Numbers that changed by less", less, closed=True)
    elif both:
        yield text("No number of the table of the series changed.")
    else:
        yield text("No sample is in both runs, so no number of the table of the series can be compared.")
    yield from _verdicts(run, other)
    yield from _listed("Alerts", run.alerts, other.alerts, ("grade", "sample", "stage", "code", "place"))
    yield from _listed("Exclusions", run.exclusions, other.exclusions, ("sample", "what", "reason"))
    yield from _settings(run, other)
    yield from _files(run, other)


def _numbers(title: str, rows: list[dict[str, Any]], *, closed: bool) -> Block:
    def cells(row: dict[str, Any]) -> list[Any]:
        sigma = None if row["sigma"] is None else round(row["sigma"], 2)
        return [row["sample"], row["label"], row["this"], row["other"], measured(row["difference"]), sigma]

    heads = ["sample", "quantity", "this run", "other run", "difference", "σ"]
    return table(title, heads, map(cells, rows), closed=closed)


def _changes(run: Run, other: Run, paper: Paper) -> Iterator[dict[str, Any]]:
    labels = {one.column or name: (one.label, one.unit) for name, one in paper.known.items() if one.expression is None}
    for sample, row in run.by_sample.items():
        old = other.by_sample.get(sample)
        if old is None:
            continue
        for column in row:
            if column.endswith("_sd") or "_sd_" in column:
                continue
            value, sd = number_of(row, column)
            before, before_sd = number_of(old, column)
            if value is None or before is None:
                continue
            error = math.hypot(sd or 0.0, before_sd or 0.0)
            said, unit = labels.get(column, ("", ""))
            unit = unit_in_print(unit or "")
            shown = words((said or column).split(" / ")[0])
            yield {
                "sample": sample,
                "label": f"{shown} / {unit}" if unit else shown,
                "this": measured(value, sd),
                "other": measured(before, before_sd),
                "difference": value - before,
                "sigma": (value - before) / error if error > 0 else None,
            }


def _verdicts(run: Run, other: Run) -> Iterator[Block]:
    before = {claim["id"]: claim for claim in other.claims}
    rows = []
    for claim in run.claims:
        old = before.get(claim["id"])
        if old is None:
            rows.append([claim["id"], claim["statement"], claim["verdict"], "not judged"])
        elif old["verdict"] != claim["verdict"]:
            rows.append([claim["id"], claim["statement"], claim["verdict"], old["verdict"]])
    now = {claim["id"] for claim in run.claims}
    rows += [
        [old["id"], old["statement"], "not judged", old["verdict"]] for old in other.claims if old["id"] not in now
    ]
    if rows:
        yield table("Verdicts that changed", ["statement", "words", "this run", "other run"], rows)
    elif run.claims:
        yield text("No verdict changed.")


def _listed(
    title: str, ours: list[dict[str, str]], theirs: list[dict[str, str]], keys: tuple[str, ...]
) -> Iterator[Block]:
    def of(rows: list[dict[str, str]]) -> dict[tuple[str, ...], None]:
        return dict.fromkeys(tuple(row.get(key, "") for key in keys) for row in rows)

    now, before = of(ours), of(theirs)
    rows = [["only in this run", *one] for one in now if one not in before]
    rows += [["only in the other", *one] for one in before if one not in now]
    if rows:
        yield table(f"{title} that differ", ["", *keys], rows, closed=len(rows) > MOST_OPEN)


def _settings(run: Run, other: Run) -> Iterator[Block]:
    now, before = (dict(_flat(one.json("summary/settings.json"))) for one in (run, other))
    if not now or not before:
        return
    rows = [
        [key, now.get(key, "not there"), before.get(key, "not there")]
        for key in dict.fromkeys((*now, *before))
        if now.get(key) != before.get(key)
    ]
    if rows:
        yield table("Settings that differ", ["setting", "this run", "other run"], rows, closed=len(rows) > MOST_OPEN)
    else:
        yield text("Both runs had the same settings.")


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for key, value in settings.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value if isinstance(value, str) else json.dumps(value)


def _files(run: Run, other: Run) -> Iterator[Block]:
    """Raw files that are not the same bytes."""
    rows = []
    for stage in ("scans", "spectra"):
        for name in run.names(stage):
            now, before = (
                {source: digest for _, source, digest in one.sources(f"{stage}/{name}.nc")} for one in (run, other)
            )
            if before:
                rows += [
                    [name, source, now.get(source, "not there"), before.get(source, "not there")]
                    for source in dict.fromkeys((*now, *before))
                    if now.get(source) != before.get(source)
                ]
    if rows:
        yield table(
            "Raw files that differ", ["of", "file", "this run, SHA-256", "other run, SHA-256"], rows, closed=True
        )
