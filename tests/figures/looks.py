"""What an editor would send a figure back for, found in the figure itself."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.text import Text

from coherion.figures.legible.legends import drawn_at, hides, sharing

MILLIMETRES = 25.4
A4 = (210, 297)


def faults(figure: Any) -> list[str]:
    """Each fault of a figure that was laid out, in words; none of a figure that may be printed."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    found = []
    width, height = (MILLIMETRES * size for size in figure.get_size_inches())
    if width > 175.1 or height > A4[1]:
        found.append(f"{width:.0f} x {height:.0f} mm")
    canvas = figure.bbox
    for text in figure.findobj(Text):
        if not text.get_visible() or not text.get_text().strip() or getattr(text, "axes", None) is None:
            continue
        if not text.axes.axison and text not in text.axes.texts:
            continue
        box = text.get_window_extent(renderer)
        if box.x0 < canvas.x0 - 2 or box.x1 > canvas.x1 + 2 or box.y0 < canvas.y0 - 2 or box.y1 > canvas.y1 + 2:
            on_axis = text in [t for axis in (text.axes.xaxis, text.axes.yaxis) for t in axis.get_ticklabels()]
            if not on_axis:
                found.append(f"outside the figure: {text.get_text()!r}")
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis) if axes.axison else ():
            box = axis.label.get_window_extent(renderer)
            beyond = max(canvas.x0 - box.x0, box.x1 - canvas.x1, canvas.y0 - box.y0, box.y1 - canvas.y1)
            if axis.label.get_visible() and axis.label.get_text() and beyond > 2:
                found.append(f"the name of an axis outside the figure: {axis.label.get_text()!r}")
        legend = axes.get_legend()
        if legend is not None and hides(legend.get_window_extent(renderer), drawn_at(axes), clear=0):
            found.append(f"a legend over what is drawn: {[t.get_text() for t in legend.get_texts()]}")
        if legend is not None:
            box = legend.get_window_extent(renderer)
            names = [axis.label for one in sharing(axes) for axis in (one.xaxis, one.yaxis)]
            for name in names:
                if name.get_visible() and name.get_text() and name.get_window_extent(renderer).overlaps(box):
                    found.append(f"a legend over the name of an axis: {name.get_text()!r}")
        for axis in (axes.xaxis, axes.yaxis):
            offset = axis.get_offset_text()
            if axes.axison and offset.get_visible() and offset.get_text():
                found.append(f"a power apart from its axis: {offset.get_text()}")
        titles = [t for t in axes.get_children() if isinstance(t, Text) and t.get_text() in said(axes)]
        for i, one in enumerate(titles):
            for other in titles[i + 1 :]:
                if one.get_window_extent(renderer).overlaps(other.get_window_extent(renderer)):
                    found.append(f"titles on one another: {one.get_text()!r}, {other.get_text()!r}")
    return found


def said(axes: Any) -> set[str]:
    return {words for place in ("left", "center", "right") if (words := axes.get_title(place))}


def colours_of_entries(axes: Any) -> list[str]:
    """Colours that more than one entry of the legend of a panel has."""
    colours = Counter(to_hex(handle.get_color()) for handle in axes.get_legend().legend_handles)
    return [colour for colour, times in colours.items() if times > 1]


def on_one_another(axes: Any) -> float:
    """Share of the points of a right-hand scale that lie on points of the left one, within a marker's width."""
    points = [
        line.get_transform().transform(line.get_xydata())
        for one in sharing(axes)
        for line in one.lines
        if len(line.get_xydata()) > 2 and line.get_marker() not in ("None", "", "|", "_")
    ]
    left, right = points
    near = abs(left[:, None] - right[None]).max(axis=2).min(axis=0) < 5
    return float(near.mean())


def fonts_of(path: Path) -> set[str]:
    """The kinds of font in a PDF; Type 3 is drawn, not set, and journals refuse it."""
    raw = path.read_bytes()
    texts = [raw]
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", raw, re.DOTALL):
        try:
            texts.append(zlib.decompress(stream))
        except zlib.error:
            continue
    return {
        kind.decode() for text in texts for kind in re.findall(rb"/Subtype\s*/(Type3|Type0|TrueType|Type1)\b", text)
    }


def page_of(path: Path) -> tuple[float, float]:
    """Width and height of the page of a PDF, mm."""
    box = re.search(rb"/MediaBox \[ ?([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) ?\]", path.read_bytes())
    assert box, path
    left, low, right, high = (float(number) for number in box.groups())
    return (right - left) * MILLIMETRES / 72, (high - low) * MILLIMETRES / 72
