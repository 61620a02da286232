"""Legends that hide nothing: in a free place of their panel, else in room made above the curves, else beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.container import ErrorbarContainer
from matplotlib.legend import Legend
from matplotlib.legend_handler import HandlerErrorbar
from matplotlib.text import Text
from numpy.typing import NDArray

PLACES = (
    "upper right",
    "upper left",
    "lower left",
    "lower right",
    "upper center",
    "lower center",
    "center right",
    "center left",
    "center",
)
#: Share of a panel's height that may be added for a legend; a higher one stands beside the panel.
MOST_ROOM = 0.45
#: Part of a panel's share of the figure that a legend beside it may take; a wider one stands below the panel.
MOST_BESIDE = 0.42
#: Free space around a legend, in pixels at the figure's resolution.
CLEAR = 2.0
#: Least number of places of a line that are looked at.
LOOKED_AT = 400


class PointAlone(HandlerErrorbar):
    """The entry of points with error bars: the marker, for most bars are shorter than it."""

    def create_artists(self, legend: Any, orig_handle: Any, *place: Any) -> list[Any]:
        return list(super().create_artists(legend, orig_handle, *place)[-1:])


Legend.update_default_handler_map({ErrorbarContainer: PointAlone()})


def entry(label: str) -> str:
    """A label as a legend takes it: one that begins with an underscore would be left out."""
    return f" {label}" if label.startswith("_") else label


def sharing(axes: Any) -> list[Any]:
    """The axes at the same place of the layout: itself, and the right-hand one of two scales."""
    return [one for one in axes.figure.axes if one.get_subplotspec() == axes.get_subplotspec()]


def drawn_at(axes: Any) -> NDArray[np.float64]:
    """Where something is drawn in a panel, shape (n, 2), in pixels: along lines, at points, along error bars."""
    found = [np.empty((0, 2))]
    for one in sharing(axes):
        for line in one.lines:
            path = line.get_transform().transform(np.asarray(line.get_xydata(), float))
            path = path[np.isfinite(path).all(axis=1)]
            joined = line.get_linestyle() not in ("None", "none", "", " ")
            if joined and 1 < len(path) < LOOKED_AT:
                at = np.linspace(0, len(path) - 1, LOOKED_AT)
                path = np.column_stack([np.interp(at, np.arange(len(path)), part) for part in path.T])
            found.append(path)
        for collection in one.collections:
            transform = collection.get_transform()
            for path in collection.get_paths():
                corners = transform.transform(path.vertices)
                at = np.linspace(0, len(corners) - 1, max(60, len(corners)))
                found.append(np.column_stack([np.interp(at, np.arange(len(corners)), part) for part in corners.T]))
    every = np.concatenate(found)
    inside = axes.get_window_extent()
    kept = np.isfinite(every).all(axis=1)
    every = every[kept]
    return every[
        (every[:, 0] >= inside.x0 - 1)
        & (every[:, 0] <= inside.x1 + 1)
        & (every[:, 1] >= inside.y0 - 1)
        & (every[:, 1] <= inside.y1 + 1)
    ]


def hides(box: Any, places: NDArray[np.float64], clear: float = CLEAR) -> bool:
    """Whether a box (pixels) covers any of the places."""
    x, y = places.T
    within = (x > box.x0 - clear) & (x < box.x1 + clear) & (y > box.y0 - clear) & (y < box.y1 + clear)
    return bool(within.any())


def _found_place(axes: Any, legend: Legend, renderer: Any, places: Sequence[str]) -> bool:
    points, frame = drawn_at(axes), axes.get_window_extent()
    for place in places:
        legend.set_loc(place)
        box = legend.get_window_extent(renderer)
        fits = box.x0 >= frame.x0 - 1 and box.x1 <= frame.x1 + 1 and box.y0 >= frame.y0 - 1
        if fits and not hides(box, points):
            return True
    return False


def _make_room(axes: Any, share: float) -> None:
    """Let the ordinate of a panel, and of the one that shares it, go on upwards by a share of its height."""
    for one in sharing(axes):
        scale = one.yaxis.get_transform()
        low, high = scale.transform(np.array(one.get_ylim()))
        one.set_ylim(*scale.inverted().transform(np.array([low, low + (high - low) / (1 - share)])))


def settle(figure: Any, renderer: Any, highest: float) -> bool:
    """Move each legend that hides something; gives whether the figure must be laid out again.

    A figure that must be higher for it grows to at most ``highest`` inch.
    """
    changed = False
    for axes in list(figure.axes):
        # Axes of one scale for both directions take their place only when they are drawn.
        axes.apply_aspect()
        legend = axes.get_legend()
        if legend is None or _is_outside(axes, legend, renderer) or _found_place(axes, legend, renderer, PLACES):
            continue
        changed = True
        height = legend.get_window_extent(renderer).height + 4 * CLEAR
        share = height / axes.get_window_extent().height
        width = legend.get_window_extent(renderer).width / axes.get_window_extent().width
        if share < MOST_ROOM and width < 1 and axes.get_aspect() == "auto":
            _make_room(axes, share)
            if _found_place(axes, legend, renderer, PLACES):
                continue
        box = legend.get_window_extent(renderer)
        grid = axes.get_gridspec()
        share = figure.bbox.width / (grid.ncols if grid else 1)
        if box.width < MOST_BESIDE * share and len(sharing(axes)) == 1:
            legend.set_bbox_to_anchor((1.0, 0.5), transform=axes.transAxes)
            legend.set_loc("center left")
        else:
            # Beside it would leave nothing of the panel, or lie over the scale there: it stands below, and the figure
            # is as much higher.
            frame, below = axes.get_window_extent(), axes.get_tightbbox(renderer).y0
            legend.set_bbox_to_anchor((0.5, (below - frame.y0) / frame.height), transform=axes.transAxes)
            legend.set_loc("upper center")
            width, height = figure.get_size_inches()
            figure.set_size_inches(width, min(height + box.height / figure.dpi, highest))
    return changed


def split_titles(figure: Any, renderer: Any) -> bool:
    """Break each title that runs into the panel's letter, or out of the figure, at a comma near its middle."""
    changed = False
    for axes in figure.axes:
        said = [axes.get_title(place) for place in ("left", "right")]
        if not all(said):
            continue
        texts = {text.get_text(): text for text in axes.get_children() if isinstance(text, Text)}
        left, right = (texts[words] for words in said)
        if "\n" in said[1] or left.get_window_extent(renderer).x1 + CLEAR < right.get_window_extent(renderer).x0:
            continue
        breaks = [i + 1 for i, sign in enumerate(said[1][:-1]) if sign in ",;"]
        if breaks:
            middle = min(breaks, key=lambda i: abs(i - len(said[1]) / 2))
            right.set_text(f"{said[1][:middle]}\n{said[1][middle:].strip()}")
            changed = True
    return changed


def _is_outside(axes: Any, legend: Legend, renderer: Any) -> bool:
    box, frame = legend.get_window_extent(renderer), axes.get_window_extent()
    return bool(box.x0 >= frame.x1 - 1 or box.y0 >= frame.y1 - 1 or box.x1 <= frame.x0 + 1 or box.y1 <= frame.y0 + 1)
