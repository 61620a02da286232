"""Figures of the paper as interactive twins, made of the numbers that stand beside each picture."""

from __future__ import annotations

import csv
import itertools
import json
import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from coherion.data.tables import read_cell
from coherion.errors import InputError
from coherion.figures.legible.mathematics import words
from coherion.page.blocks import GREY, INK, PALETTE, Block, axis, line, plot, points
from coherion.page.encode import thinned

#: A curve of more points without names is a line, where the file does not say how it looks.
MOST_MARKS = 60
COLUMNS = 3
#: Names at the ticks of an axis of which more are set smaller.
MOST_NAMES = 16
_SYMBOLS = {
    "o": "circle",
    ".": "circle",
    "s": "square",
    "D": "diamond",
    "d": "diamond-tall",
    "^": "triangle-up",
    "v": "triangle-down",
    "<": "triangle-left",
    ">": "triangle-right",
    "P": "cross",
    "X": "x",
    "x": "x",
    "*": "star",
    "h": "hexagon",
    "_": "line-ew-open",
    "|": "line-ns-open",
}
_DASHES = {"--": "dash", ":": "dot", "-.": "dashdot"}


@dataclass
class Curve:
    """Numbers of one curve."""

    name: str
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    x_sd: list[float] = field(default_factory=list)
    y_sd: list[float] = field(default_factory=list)
    names: list[str] = field(default_factory=list)


@dataclass
class Panel:
    """Curves of one panel, and what its axes mean."""

    letter: str
    x: str = ""
    y: str = ""
    look: Mapping[str, Any] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)


def read_numbers(path: str | os.PathLike[str]) -> list[Panel]:
    """The table beside a figure, panel by panel; panels without numbers are left out.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError("numbers of a figure cannot be read", file=path, found=problem) from problem
    panels: dict[str, Panel] = {}
    looks: Mapping[str, Any] = {}
    body = [text for text in lines if not text.startswith("#")]
    for text in lines[: len(lines) - len(body)]:
        if found := re.match(r"# panel (\w): x = (.*?); y = (.*)$", text):
            panels[found[1]] = Panel(found[1], words(found[2], formula=True), words(found[3], formula=True))
        elif text.startswith("# looks "):
            looks = json.loads(text.removeprefix("# looks "))
    for row in csv.DictReader(body, delimiter="\t", quoting=csv.QUOTE_NONE):
        panel = panels.setdefault(row["panel"], Panel(row["panel"]))
        name = read_cell(row["series"])
        curve = panel.curves.setdefault(name, Curve(name))
        curve.x.append(_number(row["x"]))
        curve.y.append(_number(row["y"]))
        curve.x_sd.append(_number(row.get("x_sd")))
        curve.y_sd.append(_number(row.get("y_sd")))
        curve.names.append(read_cell(row.get("name") or ""))
    for letter, panel in panels.items():
        panel.look = looks.get(letter, {})
    return [panel for panel in panels.values() if panel.curves]


def _number(text: str | None) -> float:
    try:
        return float(text) if text else math.nan
    except ValueError:
        return math.nan


def twin(
    name: str,
    title: str,
    caption: str,
    panels: list[Panel],
    samples: Mapping[str, str],
    *,
    columns: int | None = None,
) -> Block:
    """A figure with its panels as they stand in the picture.

    Parameters
    ----------
    name, title, caption
        What the figure is called and what is said of it.
    panels
        Its numbers.
    samples
        Names of samples by what a figure may call them, their name or their title: points and curves lead there.
    columns
        Panels beside one another, where the picture has them otherwise than most; one of many named lines is higher.
    """
    lines = [len(panel.look.get("y_names", [])) if columns else 0 for panel in panels]
    columns = columns or min(len(panels), 1 if len(panels) == 1 else 2 if len(panels) in (2, 4) else COLUMNS)
    rows = -(-len(panels) // columns)
    right = any(" and, right, " in panel.y for panel in panels)
    gap_x, gap_y = (0.16 if right else 0.09) if columns < COLUMNS else 0.08, min(0.3 / rows, 0.14)
    width = (1 - gap_x * (columns - 1)) / columns
    shares = [max(1.0, *(n / MOST_NAMES for n in lines[k * columns : (k + 1) * columns])) for k in range(rows)]
    gap_y *= rows / sum(shares)
    heights = [(1 - gap_y * (rows - 1)) * share / sum(shares) for share in shares]
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {"annotations": [], "showlegend": any(len(panel.curves) > 1 for panel in panels)}
    shown: set[str] = set()
    heads = _heads(panels)
    for number, panel in enumerate(panels):
        column, row = number % columns, number // columns
        left, height = column * (width + gap_x), heights[row]
        top = 1 - sum(heights[:row]) - row * gap_y
        suffix = "" if number == 0 else str(number + 1)
        left_title, _, right_title = panel.y.partition(" and, right, ")
        log = panel.look["log"] if panel.look else _guessed_log(panel)
        x_axis = axis(panel.x, domain=[left, left + width], anchor=f"y{suffix}", **_scale("x" in log))
        y_axis = axis(left_title, domain=[max(top - height, 0.0), top], anchor=f"x{suffix}", **_scale("y" in log))
        for one, named in ((x_axis, panel.look.get("x_names", [])), (y_axis, panel.look.get("y_names", []))):
            if any(text for _, text in named):
                one |= {"tickvals": [place for place, _ in named], "ticktext": [words(text) for _, text in named]}
                one["tickfont"] = {"size": 8 if len(named) > MOST_NAMES else 10}
                if one is y_axis and "y_limits" not in panel.look:
                    # Lists are read downwards.
                    one["autorange"] = "reversed"
        for letter, one in (("x", x_axis), ("y", y_axis)):
            limits = panel.look.get(f"{letter}_limits")
            if limits and (letter not in log or min(limits) > 0):
                one["range"] = [math.log10(end) for end in limits] if letter in log else limits
        if panel.look.get("equal"):
            y_axis["scaleanchor"] = f"x{suffix}"
        layout[f"xaxis{suffix}"], layout[f"yaxis{suffix}"] = x_axis, y_axis
        axes = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
        second = str(100 + number)
        looks = panel.look.get("curves", {})
        if right_title and any(look.get("right") for look in looks.values()):
            layout[f"yaxis{second}"] = axis(right_title, overlaying=f"y{suffix}", side="right", anchor=f"x{suffix}")
            layout[f"yaxis{second}"] |= {"showgrid": False, "tickmode": "auto"}
            y_axis["mirror"] = False
        heading = f"({panel.letter})" if len(panels) > 1 else ""
        head = heads[number]
        if above := words(str(panel.look.get("title") or head)):
            heading = f"{heading} {above}".strip()
        if heading:
            layout["annotations"].append(
                {
                    "text": heading,
                    "xref": "paper",
                    "yref": "paper",
                    "x": left,
                    "y": top,
                    "xanchor": "left",
                    "yanchor": "bottom",
                    "showarrow": False,
                }
            )
        for place, curve in enumerate(panel.curves.values()):
            look = looks.get(curve.name, {})
            own = dict(axes)
            if look.get("right") and f"yaxis{second}" in layout:
                own["yaxis"] = f"y{second}"
            for trace in _traces(curve, look, place, samples):
                if head:
                    trace["name"] = words(curve.name.removeprefix(head).removeprefix(", ")) or "data"
                group = f"{trace['name']} {trace.get('line', trace.get('marker', {})).get('color')}"
                # What a panel's only curve shows, its axes say.
                single = len(panel.curves) == 1 and len(panels) > 1
                hidden = {"showlegend": False} if single or group in shown else {}
                shown.add(group)
                traces.append(trace | own | hidden | {"legendgroup": group})
    made = plot(name, title, traces, layout, note=caption, height=max(380, round(300 * sum(shares)) + 60), wide=True)
    # On a narrow screen they stand below one another.
    return made | {"panels": len(panels)}


def _heads(panels: list[Panel]) -> list[str]:
    """What the names of all curves of a panel begin with, where each panel has something of its own: a sample."""
    heads = []
    for panel in panels:
        parts = [name.split(", ") for name in panel.curves]
        alike = itertools.takewhile(lambda same: len(set(same)) == 1, zip(*parts, strict=False))
        heads.append(", ".join(same[0] for same in alike))
    told_apart = len(panels) > 1 and all(heads) and len(set(heads)) == len(heads)
    return heads if told_apart and any(len(panel.curves) > 1 for panel in panels) else [""] * len(panels)


def _scale(log: bool) -> dict[str, Any]:
    return {"type": "log", "exponentformat": "power", "dtick": 1} if log else {}


def _guessed_log(panel: Panel) -> str:
    """Axes over whose numbers, all positive, three decades lie."""
    found = ""
    for name in "xy":
        values = np.array([v for curve in panel.curves.values() for v in getattr(curve, name)])
        values = values[np.isfinite(values)]
        if values.size and values.min() > 0 and values.max() > 1000 * values.min():
            found += name
    return found


def _traces(curve: Curve, look: Mapping[str, Any], place: int, samples: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    colour = _colour(look.get("colour")) or PALETTE[place % len(PALETTE)]
    named = any(curve.names)
    if look:
        is_line = look["line"] not in ("None", "none", " ", "")
    else:
        is_line = not named and (len(curve.x) == 2 or (len(curve.x) > MOST_MARKS and _is_grid(curve.x)))
        colour = GREY if is_line else colour
    label = words(curve.name)
    titled = [title for title in samples if title and f"{curve.name},".startswith(f"{title},")]
    led = samples[max(titled, key=len)] if titled else ""
    if is_line:
        x, y = thinned(curve.x, curve.y)
        sd = np.array(curve.y_sd)
        noise = float(np.nanmedian(sd)) if np.isfinite(sd).any() else None
        style = {"dash": _DASHES[look["line"]]} if look.get("line") in _DASHES else {}
        if not look:
            style = {"dash": "dot"}
        more: dict[str, Any] = {"samples": [led]} if led else {}
        yield line(x, y, label, colour, sd=noise, line=style, **more)
        return
    mark = str(look.get("mark", "o"))
    many = len(curve.x) > MOST_MARKS
    leads = [samples.get(name, "") for name in curve.names] if named else [led] if led else None
    made = points(
        curve.x,
        curve.y,
        label,
        colour,
        x_sd=curve.x_sd,
        y_sd=curve.y_sd,
        size=3.5 if many or mark == "." else 8,
        symbol=_SYMBOLS.get(mark, "circle") if look or named else "line-ns-open",
    )
    if look.get("hollow"):
        made["marker"] |= {"symbol": f"{made['marker']['symbol'].removesuffix('-open')}-open", "line": {"width": 1.5}}
    if named:
        made["text"] = curve.names
    if leads and any(leads):
        made["samples"] = leads
    yield made


def _is_grid(x: list[float]) -> bool:
    """Whether numbers rise by equal steps or equal factors: the abscissa of a curve, not places of something."""
    values = np.asarray(x)
    for grid in (values, np.log(values) if (values > 0).all() else values):
        steps = np.diff(grid)
        if (steps > 0).all() and np.ptp(steps) < 1e-3 * steps.max():
            return True
    return False


def _colour(said: Any) -> str:
    """Black and greys are those of the page."""
    if not isinstance(said, str) or not re.fullmatch(r"#[0-9a-f]{6}", said):
        return ""
    parts = {said[1:3], said[3:5], said[5:7]}
    if len(parts) == 1:
        return INK if int(said[1:3], 16) < 80 else GREY
    return said
