"""What the page is made of: plots, tables, lists of facts and words, each a JSON object that ``page.js`` shows.

A plot holds traces and a layout as plotly.js takes them, but for three things: arrays may be packed
(:func:`coherion.page.encode.packed`), colours may be ``ink`` or ``grey``, which are those of the page in light and
dark, and a trace may name the ``samples`` of its points, which lead there, and the ``choice`` under which it shows.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from coherion.atoms import formulas
from coherion.crystal.cif import with_uncertainty
from coherion.data.contract.units import RAISED
from coherion.page.encode import packed, plain

Block = dict[str, Any]

INK, GREY = "ink", "grey"
#: The colour-blind safe palette of the figures.
PALETTE = (
    *("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc", "#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9"),
)


def number(value: float | None, sd: float | None = None, digits: int = 5) -> str:
    """A number as people read it, its uncertainty in brackets in units of the last digit; powers of ten taken out."""
    if value is None or not math.isfinite(value):
        return ""
    known = sd is not None and math.isfinite(sd) and sd > 0
    if value and not 1e-3 <= abs(value) < 1e5:
        exponent = math.floor(math.log10(abs(value)))
        scale = 10.0**exponent
        mantissa = with_uncertainty(value / scale, sd / scale, 3) if known and sd else f"{value / scale:.3f}"
        return f"{mantissa}×10{str(exponent).translate(RAISED)}".replace("-", "−")
    text = with_uncertainty(value, float(sd)) if known and sd else f"{value:.{digits}g}"
    return text.replace("-", "−")


def measured(value: float | None, sd: float | None = None) -> dict[str, Any] | None:
    """A cell that sorts by its number and shows it with its uncertainty."""
    if value is None or not math.isfinite(value):
        return None
    return {"v": float(f"{value:.12g}"), "t": number(value, sd)}


def composition(formula: str) -> dict[str, Any]:
    """A cell that sorts by a formula and shows its amounts below the line."""
    return {"v": formula, "t": formula, "f": formulas.pieces(formula, is_formula=True)}


def table(
    title: str,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    note: str = "",
    closed: bool = False,
) -> Block:
    """A table; cells are texts, numbers, null, or what :func:`measured` makes. ``closed`` shows its title first."""
    made: Block = {"kind": "table", "title": title, "columns": list(columns), "rows": [list(row) for row in rows]}
    return made | ({"note": note} if note else {}) | ({"closed": True} if closed else {})


def facts(rows: Iterable[tuple[str, Any]]) -> Block:
    """Names and what they are; those without anything are left out."""
    return {"kind": "facts", "rows": [[name, what] for name, what in rows if what not in (None, "")]}


def half(block: Block) -> Block:
    """The block beside another one, where there is room."""
    return block | {"half": True}


def text(said: str, *, level: str = "note") -> Block:
    """A paragraph; ``level`` is note or warning."""
    return {"kind": "text", "text": said, "level": level}


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis of a layout with its title, which holds the unit."""
    return {"title": {"text": title}, **more}


def plot(
    name: str,
    title: str,
    traces: Sequence[Mapping[str, Any]],
    layout: Mapping[str, Any],
    *,
    note: str = "",
    height: int = 380,
    choices: Sequence[str] = (),
    chosen: str = "",
    windows: Mapping[str, Any] | None = None,
    wide: bool = False,
) -> Block:
    """A plot.

    Parameters
    ----------
    name
        What its files are called.
    title
        What it shows.
    traces, layout
        As plotly.js takes them, see the module.
    note
        What stands below it.
    height
        Pixels.
    choices, chosen
        Names of which the reader picks one, or all, and the one that is picked at first; ``choice`` of a trace.
    windows
        Ranges of the two axes that each choice is shown in at first.
    wide
        Whether it takes the whole width of the page.
    """
    made: Block = {"kind": "plot", "name": name, "title": title, "data": list(traces), "layout": dict(layout)}
    made["height"] = height
    if note:
        made["note"] = note
    if choices:
        made |= {"choices": list(choices), "chosen": chosen}
    if windows:
        made["windows"] = dict(windows)
    return made | ({"wide": True} if wide else {})


def line(
    x: ArrayLike,
    y: ArrayLike,
    name: str,
    colour: str,
    *,
    sd: ArrayLike | float | None = None,
    width: float = 1.3,
    **more: Any,
) -> dict[str, Any]:
    """A curve; ``sd`` is the uncertainty that its numbers are rounded to."""
    style = {"color": colour, "width": width} | more.pop("line", {})
    return {"type": "scatter", "mode": "lines", "x": packed(x), "y": packed(y, sd), "name": name, "line": style, **more}


def points(
    x: ArrayLike,
    y: ArrayLike,
    name: str,
    colour: str,
    *,
    x_sd: ArrayLike | None = None,
    y_sd: ArrayLike | None = None,
    size: float = 6,
    symbol: str = "circle",
    samples: Sequence[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Points with error bars of one standard uncertainty."""
    made: dict[str, Any] = {"type": "scatter", "mode": "markers", "name": name}
    made |= {"x": plain(x), "y": plain(y)}
    made["marker"] = {"color": colour, "size": size, "symbol": symbol} | more.pop("marker", {})
    for key, bars in (("error_x", x_sd), ("error_y", y_sd)):
        if bars is not None and np.any(np.nan_to_num(np.asarray(bars, float)) > 0):
            made[key] = {
                "array": plain(np.nan_to_num(np.asarray(bars, float))),
                "color": colour,
                "thickness": 1,
                "width": 2,
            }
    if samples is not None:
        made["samples"] = list(samples)
    return made | more


def band(x: ArrayLike, low: ArrayLike, high: ArrayLike, name: str, colour: str, **more: Any) -> list[dict[str, Any]]:
    """A filled band between two curves."""
    common = {"type": "scatter", "mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "legendgroup": name}
    upper = {"x": packed(x), "y": packed(high), "name": name, "showlegend": False}
    lower = {"x": packed(x), "y": packed(low), "name": name, "fill": "tonexty", "fillcolor": colour, "showlegend": True}
    return [common | upper | more, common | lower | more]
