"""The whole series on the page: figures, statements with the figure that shows each, correlations, recovery."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.contract.names import name_in_print
from coherion.data.contract.units import unit_in_print
from coherion.data.netcdf import read_dataset
from coherion.data.stated import reason_left_out
from coherion.errors import CoherionError
from coherion.figures.legible.mathematics import words
from coherion.page.blocks import Block, measured, plot, table, text
from coherion.page.multiverse import sentences
from coherion.page.run_files import Run
from coherion.page.twins import read_numbers, twin
from coherion.settings.paper import figures as declared
from coherion.settings.paper.paper import Paper

if TYPE_CHECKING:
    import xarray

#: Quantities that figures of these kinds show.
_OF_KIND: Mapping[type, tuple[str, ...]] = {
    declared.Correlation: ("conductivity", "coherence_length", "log_conductivity", "inverse_length"),
    declared.Readings: ("coherence_length", "microstrain_squared"),
    declared.Arrhenius: ("conductivity", "activation_energy", "arrhenius_curvature"),
    declared.SidePhase: ("side_reflection", "reflection_width"),
}
_RECOVERY = "recovery"
#: Characters of a figure's title; the caption has the rest.
LONGEST = 110


def figure_views(
    run: Run, paper: Paper, captions: Mapping[str, str], titles: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Each figure that the run drew: name, title and blocks.

    ``captions`` are texts by the figure's name, ``titles`` names of samples by what figures call them.
    """
    found = []
    names = [figure.name for figure in paper.figures]
    kinds = {figure.name: figure for figure in paper.figures}
    for name in names:
        caption = captions.get(name, "")
        figure = kinds[name]
        blocks: list[Block] = []
        if isinstance(figure, declared.Relations):
            blocks = list(relations_blocks(run, paper))
        elif isinstance(figure, declared.Structure):
            if figure.sample in run.names("refinement"):
                blocks = [{"kind": "lead", "sample": figure.sample, "section": "structure", "text": caption}]
        elif run.path("figures", f"{name}.tsv").exists():
            try:
                panels = read_numbers(run.path("figures", f"{name}.tsv"))
            except (CoherionError, KeyError, ValueError) as problem:
                run.absent[f"figures/{name}.tsv"] = str(problem)
                continue
            why = reason_left_out(run.path("figures", f"{name}.pdf"))
            if why:
                blocks = [text(f"Not drawn: {why}", level="warning")]
            elif panels:
                blocks = [twin(name, called(name), caption, panels, titles)]
        if blocks:
            fitted = getattr(figure, "range", None)
            over = f", {fitted.replace('-', ' to ')} Å" if fitted else ""
            found.append({"id": name, "title": title_of(name, caption, over), "blocks": blocks})
    return found


def title_of(name: str, caption: str, fit_range: str = "") -> str:
    """What a figure is called: its name in words and the first sentence of its caption."""
    said = called(name)
    # Where it stands in a paper is no sentence, and a reference to it ends none.
    body = re.sub(r"^Figs?\.[^.]*\.\s*|\s*\(Figs?\.[^)]*\)", "", caption)
    first = re.split(r"(?<=[\w)])\.(?:\s|$)|;", body)[0].strip()
    if len(first) > LONGEST:
        first = first[:LONGEST].rpartition(", ")[0] or first[:LONGEST]
    return f"{said}: {first[:1].lower()}{first[1:]}{fit_range}" if first else said


def called(name: str) -> str:
    """The name of a figure in words."""
    said = name.replace("_", " ").strip()
    return said[:1].upper() + said[1:]


def figure_of(claim: Mapping[str, str], paper: Paper, drawn: list[str]) -> str:
    """The figure that shows what a statement says: the one it names, else the first that shows its quantities."""
    for number in re.findall(r"Figs?\.\s*(S?\d+)", claim.get("place", "")):
        for name in drawn:
            if re.fullmatch(rf"figure_{number}[a-z]*", name):
                return name
    statement = next((one for one in paper.statements if one.id == claim["id"]), None)
    if statement is None:
        return ""
    wanted = set(statement.test.quantities)
    best, score = "", 0
    for figure in paper.figures:
        if figure.name not in drawn:
            continue
        own = set(_OF_KIND.get(type(figure), ()))
        if isinstance(figure, declared.Series):
            for panel in figure.panels:
                own |= {curve.of for curve in panel.drawn} | ({panel.against} if panel.against else set())
        shared = len(wanted & own)
        if shared > score:
            best, score = figure.name, shared
    return best


def statements(run: Run, paper: Paper, drawn: list[str]) -> list[dict[str, Any]]:
    """The statements with verdict, number, criterion and the figure that shows each."""
    found, multiverse = [], sentences(run)
    for claim in run.claims:
        value, error = _float(claim.get("value")), _float(claim.get("error"))
        said = measured(value, error)
        found.append(
            {
                "id": claim["id"],
                "topic": claim.get("topic", ""),
                "place": claim.get("place", ""),
                "statement": claim["statement"],
                "verdict": claim["verdict"],
                "test": claim.get("test", ""),
                "criterion": claim.get("criterion", ""),
                "quantity": claim.get("quantity", ""),
                "value": said["t"] if said else "",
                "unit": claim.get("unit", "") if said else "",
                "n": claim.get("n", ""),
                "note": "; ".join(filter(None, (multiverse.get(claim["id"], ""), claim.get("note", "")))),
                "figure": figure_of(claim, paper, drawn),
            }
        )
    return found


def relations_blocks(run: Run, paper: Paper) -> Iterator[Block]:
    """Rank correlations of all quantities, two by two."""
    found = _correlation(run)
    if found is None or "rank_correlation" not in found:
        return
    columns = [str(name) for name in found["quantity"].values]
    known = paper.known
    labels = [words((known[name].label or name).split(" / ")[0]) if name in known else name for name in columns]
    # Two quantities of one label would fall on one row.
    labels = [
        label if labels.count(label) == 1 else f"{label} ({name})" for label, name in zip(labels, columns, strict=True)
    ]
    values = np.array(found["rank_correlation"].values, float)
    low, high, samples = (found[f"rank_correlation_{end}"].values for end in ("low", "high", "samples"))
    hidden = np.triu(np.ones(values.shape, bool))
    values[hidden] = np.nan
    cells = [[None if not np.isfinite(v) else round(float(v), 3) for v in row] for row in values]

    def said(i: int, j: int) -> str:
        if not np.isfinite(values[i, j]):
            return ""
        interval = f"{low[i, j]:.2f} to {high[i, j]:.2f}".replace("-", "−")
        rank = f"{values[i, j]:.2f}".replace("-", "−")
        return f"{labels[i]} and {labels[j]}: {rank} ({interval}), {int(samples[i, j])} samples"

    size = len(columns)
    yield plot(
        "relations",
        "Rank correlations of all quantities",
        [
            {
                "type": "heatmap",
                "x": labels[:-1],
                "y": labels[1:],
                "z": [row[:-1] for row in cells[1:]],
                "hovertext": [[said(i, j) for j in range(size - 1)] for i in range(1, size)],
                "hoverinfo": "text",
                "zmin": -1,
                "zmax": 1,
                "colorscale": [[0, "#2369bd"], [0.25, "#8fb1d8"], [0.5, "#f2efee"], [0.75, "#dd9a92"], [1, "#a9373b"]],
                "xgap": 1,
                "ygap": 1,
                "colorbar": {"title": {"text": "Spearman's ρ"}, "thickness": 14},
            }
        ],
        {
            "xaxis": {"tickangle": -45, "automargin": True, "showgrid": False},
            "yaxis": {"autorange": "reversed", "automargin": True, "showgrid": False},
            "annotations": [
                {
                    "x": labels[j],
                    "y": labels[i],
                    "text": f"{values[i, j]:.2f}".replace("-", "−"),
                    "showarrow": False,
                    "font": {
                        "size": 9,
                        "color": "#555"
                        if low[i, j] <= 0 <= high[i, j]
                        else "#fff"
                        if abs(values[i, j]) > 0.5
                        else "#000",
                    },
                }
                for i in range(1, size)
                for j in range(i)
                if np.isfinite(values[i, j])
            ],
        },
        note="Grey numbers: the interval holds zero. Point at a cell for the interval and the number of samples.",
        height=max(420, 34 * size + 140),
        wide=True,
    )


def correlation_blocks(run: Run, paper: Paper) -> Iterator[Block]:
    """The matrix, and what the line of conductivity against coherence length says."""
    yield from relations_blocks(run, paper)
    found = _correlation(run)
    if found is None:
        return
    if found.attrs.get("missing"):
        yield text(f"Not computed: {found.attrs['missing']}")
    if "selection" in found:
        rows = []
        for i, name in enumerate(str(one) for one in found["selection"].values):
            exponent, sd = (float(found[f"exponent{s}"].values[i]) for s in ("", "_sd"))
            low, high = (float(found[f"exponent_{end}"].values[i]) for end in ("low", "high"))
            interval = f"{low:.3g} to {high:.3g}".replace("-", "−") if np.isfinite(low) else ""
            pearson, spearman = (measured(float(found[kind].values[i])) for kind in ("pearson", "spearman"))
            rows.append([name, measured(exponent, sd), interval, pearson, spearman])
        share = f"{100 * float(found.attrs['confidence']):g} %"
        yield table(
            "Conductivity against coherence length, σ ~ Lᵇ",
            ["samples", "exponent b", f"{share} interval", "Pearson", "Spearman"],
            rows,
        )


def recovery_blocks(run: Run, titles: Mapping[str, str]) -> Iterator[Block]:
    """What the analysis of a simulated series found against what is true."""
    rows = run.rows("series/recovery.tsv", "sample", "quantity", "true", "found")
    if not rows:
        return
    yield text("These samples were simulated: what is true of them is known, and is held against what was found.")
    if run.path("figures", f"{_RECOVERY}.tsv").exists():
        try:
            panels = read_numbers(run.path("figures", f"{_RECOVERY}.tsv"))
            yield twin(_RECOVERY, "Recovery of the simulated truth", "", panels, titles)
        except (CoherionError, KeyError, ValueError) as problem:
            run.absent[f"figures/{_RECOVERY}.tsv"] = str(problem)
    summary = run.rows("series/recovery_summary.tsv", "topic", "quantity", "n")
    heads = ["topic", "quantity", "n", "within 1 σ", "chance", "within 2 σ", "chance", "root mean square pull"]
    shares = "Shares of the pulls within one and two standard uncertainties"
    yield table(shares, heads, [_share(row) for row in summary if row["quantity"] == "all"])
    yield table(
        f"{shares}, by quantity", heads, [_share(row) for row in summary if row["quantity"] != "all"], closed=True
    )
    yield table(
        "Every number: true and found",
        ["sample", "topic", "quantity", "°C", "true", "found", "unit", "(found − true) / σ"],
        [
            [
                row["sample"],
                row.get("topic", ""),
                name_in_print(row["quantity"]),
                _float(row.get("temperature_C")),
                measured(_float(row["true"])),
                measured(_float(row["found"]), _float(row.get("found_sd"))),
                unit_in_print(row.get("unit", "")),
                _rounded(row.get("pull")),
            ]
            for row in rows
        ],
        closed=True,
    )


def _share(row: Mapping[str, str]) -> list[Any]:
    counts = [_rounded(row.get("within_1")), _between(row, "chance_within_1")]
    counts += [_rounded(row.get("within_2")), _between(row, "chance_within_2")]
    return [row["topic"], name_in_print(row["quantity"]), _float(row["n"]), *counts, _rounded(row.get("rms_pull"))]


def _correlation(run: Run) -> xarray.Dataset | None:
    path = run.path("series/correlation.nc")
    if not path.exists():
        return None
    try:
        return read_dataset(path, "judge_claims")
    except CoherionError as problem:
        run.absent["series/correlation.nc"] = str(problem)
        return None


def _float(said: str | None) -> float | None:
    try:
        return float(said) if said else None
    except ValueError:
        return None


def _rounded(said: str | None) -> float | None:
    value = _float(said)
    return None if value is None else round(value, 3)


def _between(row: Mapping[str, str], name: str) -> str:
    low, high = _float(row.get(f"{name}_low")), _float(row.get(f"{name}_high"))
    return "" if low is None or high is None else f"{low:.2f} to {high:.2f}"
