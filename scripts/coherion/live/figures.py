"""Plots of the results page as figures of plotly, and what the live page draws besides."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from coherion.page.blocks import GREY, INK, Block
from coherion.page.encode import unpacked

#: What stands for the page's ink: live.css gives it the colour of light or dark.
INK_MARK = "#010101"
GREY_COLOUR = "#868e96"
_OURS = ("choice", "samples")
_AXIS = {
    "exponentformat": "power",
    "ticks": "outside",
    "ticklen": 4,
    "mirror": True,
    "showline": True,
    "zeroline": False,
    "automargin": True,
}

Figure = dict[str, Any]


def figure(block: Block, choice: str = "") -> Figure:
    """A plot of the results page, of one of its choices, as plotly takes it; texts stay text."""
    traces = [
        _on_grid({key: value for key, value in trace.items() if key not in _OURS})
        for trace in block["data"]
        if not choice or trace.get("choice") in (choice, None)
    ]
    layout = _shown(block["layout"])
    for key, value in layout.items():
        if key.startswith(("xaxis", "yaxis")):
            layout[key] = {**_AXIS, **value, "title": {"standoff": 6, **value.get("title", {})}}
    return {"data": traces, "layout": layout | _common(block["title"])}


def _common(title: str) -> Figure:
    return {
        "title": {"text": escape(title, quote=False), "font": {"size": 13}, "x": 0, "xref": "paper", "y": 0.98},
        "margin": {"l": 50, "r": 12, "t": 44, "b": 36},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 11},
        "legend": {"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom", "font": {"size": 10}},
        # What was zoomed stays so while settings move.
        "uirevision": "kept",
        "autosize": True,
    }


def _shown(value: Any, key: str = "") -> Any:
    if isinstance(value, Mapping):
        if "n" in value and ("step" in value or "d" in value):
            return _array(unpacked(value))
        return {k: _shown(one, k) for k, one in value.items()}
    if isinstance(value, list):
        if key in ("x", "y", "array") and len(value) > 1 and all(isinstance(one, float) for one in value):
            return _array(np.array(value))
        return [_shown(one, key) for one in value]
    # Abscissae and ordinates may be names, too: of parameters, after the sites of a structure's file.
    if key in ("name", "text", "hovertext", "ticktext", "x", "y") and isinstance(value, str):
        return escape(value, quote=False)
    if key in ("color", "fillcolor") and value in (INK, GREY):
        return INK_MARK if value == INK else GREY_COLOUR
    return value


def _on_grid(trace: Mapping[str, Any]) -> dict[str, Any]:
    """The trace, its abscissa by first value and step where it is a regular grid."""
    grid = trace.get("x")
    if not isinstance(grid, Mapping) or "step" not in grid:
        return _shown(trace)
    rest = _shown({key: value for key, value in trace.items() if key != "x"})
    return rest | {"x0": grid["from"], "dx": grid["step"]}


def _array(values: np.ndarray) -> dict[str, str]:
    """Numbers as plotly.js takes them packed."""
    return {"dtype": "f4", "bdata": base64.b64encode(values.astype("<f4").tobytes()).decode()}
