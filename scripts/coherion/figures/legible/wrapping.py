"""Long words of an author: names of axes, entries of legends and titles that would run out of their panel or figure."""

from __future__ import annotations

import re
from typing import Any

from matplotlib.text import Text

#: How much of its share of the figure a panel is, beside its numbers and names.
PANEL = 0.7
#: Shares of a panel's width that the words of a legend may take, and of the figure's that a title may.
WIDEST, TITLE = 0.75, 0.9


def spell_out(figure: Any, renderer: Any) -> None:
    """Let dollars stand as they are where what they enclose is no mathematics: one label would cost all figures."""
    for text in figure.findobj(Text):
        if text.get_text().count("$") > 1:
            try:
                text.get_window_extent(renderer)
            except ValueError:
                text.set_parse_math(False)


def broken(words: str, parts: int) -> str:
    """Words in so many lines of about one length, broken at spaces that stand outside mathematics."""
    pieces = re.findall(r"(?:\$[^$]*\$|[^\s$]|\$)+", words)
    if parts < 2 or len(pieces) < 2:
        return words
    longest = len(words) / parts
    lines = [pieces[0]]
    for piece in pieces[1:]:
        if len(lines) < parts and len(lines[-1]) + len(piece) / 2 > longest:
            lines.append(piece)
        else:
            lines[-1] += f" {piece}"
    return "\n".join(lines)


def _shorten(text: Text, length: float, allowed: float) -> None:
    """Break a text of some pixels to lines of at most so many, but one that was broken by whoever wrote it."""
    if length > allowed and "\n" not in text.get_text():
        text.set_text(broken(text.get_text(), int(length // allowed) + 1))


def wrap(figure: Any, renderer: Any) -> None:
    """Break what is too long for its panel, before the figure is laid out: panels are as large as their share of it."""
    for axes in figure.axes:
        grid = axes.get_gridspec()
        size = {
            "width": PANEL * figure.bbox.width / (grid.ncols if grid else 1),
            "height": PANEL * figure.bbox.height / (grid.nrows if grid else 1),
        }
        for axis, side in ((axes.xaxis, "width"), (axes.yaxis, "height")):
            if axis.label.get_visible() and axis.label.get_text() and axes.axison:
                _shorten(axis.label, getattr(axis.label.get_window_extent(renderer), side), size[side])
        legend = axes.get_legend()
        for text in legend.get_texts() if legend is not None else ():
            _shorten(text, text.get_window_extent(renderer).width, WIDEST * size["width"])
    if figure.get_suptitle():
        above = figure._suptitle
        _shorten(above, above.get_window_extent(renderer).width, TITLE * figure.bbox.width)
