"""Long words of an author: names of axes, entries of legends and titles that would run out of their panel or figure."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from matplotlib.mathtext import MathTextParser
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter

from coherion.figures.legible.mathematics import joined, pieces

#: How much of its share of the figure a panel is, beside its numbers and names.
PANEL = 0.7
#: Shares of a panel's width that the words of a legend may take, and of the figure's that a title may.
WIDEST, TITLE = 0.75, 0.9


def spell_out(figure: Any) -> None:
    """Set each text in type: what is mathematics in it, and dollars and signs that are none as they are read."""
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            # Ticks that name something take their words anew at each drawing.
            if isinstance(axis.get_major_locator(), FixedLocator):
                form = axis.get_major_formatter()
                said = [str(form(at, k)) for k, at in enumerate(axis.get_major_locator()())]
                if (printed := [_set(one) for one in said]) != said and isinstance(form, FuncFormatter):
                    axis.set_ticklabels(printed)
    for text in figure.findobj(Text):
        if text.get_text().strip():
            text.set_text(_set(text.get_text()))


@cache
def _parser() -> MathTextParser[Any]:
    return MathTextParser("path")


@cache
def _set(words: str) -> str:
    parts = pieces(words)
    return joined([(f"${piece}$" if is_math and not _is_set(piece) else piece, is_math and _is_set(piece))
                   for piece, is_math in parts])  # fmt: skip


@cache
def _is_set(mathematics: str) -> bool:
    """Whether matplotlib can set it: one label that it cannot would cost all figures."""
    try:
        _parser().parse(f"${mathematics}$")
    except ValueError:
        return False
    return True


def broken(words: str, parts: int) -> str:
    """Words in so many lines of about one length, broken at spaces that stand outside mathematics."""
    chunks = re.findall(r"(?:\\\$|\$[^$]*\$|[^\s$]|\$)+", words)
    if parts < 2 or len(chunks) < 2:
        return words
    longest = len(words) / parts
    lines = [chunks[0]]
    for piece in chunks[1:]:
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
