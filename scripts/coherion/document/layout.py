"""How each table stands on the page, as plain data: which text in which cell, how wide, on which paper.

What is raised or lowered is decided here from what a cell holds, a number or the formula of a composition, and handed
on as pairs of a kind and a text. No text is ever read as markup.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from coherion.atoms import formulas
from coherion.tables.table import Cell, Column, Table, printed

#: Text and how it stands: "" on the line, "super" above, "sub" below it.
Pieces = list[list[str]]

#: Widths of the type area upright and across, mm, and sizes of type of a table, pt, in the order they are tried.
UPRIGHT, ACROSS = 178.0, 265.0
SIZES = (8.5, 7.5, 7.0)
#: Height of the type area for each of the widths, less that of a caption, mm.
_HEIGHTS = {UPRIGHT: 235.0, ACROSS: 150.0}
#: Mean width of a character and height of a line in units of the type's size, and the blank between two columns, mm.
_CHARACTER, _LINE, _GAP = 0.46, 1.35, 3.0
_MM_PER_POINT = 0.3528
#: Narrower than this, mm, a column of text is not read but spelled.
_NARROWEST = 14.0
#: A table that takes more of a page begins on one of its own.
_SHORT = 0.6
#: A row that takes more of a page may be broken over pages.
_HIGH = 0.3
#: A word longer than this may be broken, in a cell and in a line as wide as the page.
_WORD, _WORD_OF_LINE = 18, 60
_MINUS = "\N{MINUS SIGN}"
_BREAK = "\N{ZERO WIDTH SPACE}"


def plain(text: str) -> str:
    """Text in one line of characters that the fonts have; another stands as its number, [U+4E2D]."""
    return "".join(c if _has_glyph(c) else f"[U+{ord(c):04X}]" for c in " ".join(text.split()) if c.isprintable())


def _has_glyph(c: str) -> bool:
    # Latin, Greek and Cyrillic letters, and punctuation, arrows, mathematical and technical signs.
    return c < "\u0530" or "\u1e00" <= c <= "\u23ff" or "\u2500" <= c <= "\u27bf"


def breakable(text: str, longest: int = _WORD) -> str:
    """The text with places where a long word may be broken: after signs, and where there are none, anywhere."""
    return " ".join(_broken(word, longest) if sum(map(_wide, word)) > longest else word for word in text.split(" "))


def line(text: str) -> str:
    """A text that runs over the width of the page."""
    return breakable(plain(text), _WORD_OF_LINE)


def _broken(word: str, longest: int) -> str:
    made = re.sub(r"(?<=[_/,.;:=|\-\\+)\]}])(?=[^_/,.;:=|\-\\+)\]}])", _BREAK, word.replace(_BREAK, ""))
    return _BREAK.join(piece for part in made.split(_BREAK) for piece in _cut(part, longest))


def _cut(word: str, longest: int) -> Iterator[str]:
    """A word in pieces as wide as so many letters, of which some are wider than others."""
    start, width = 0, 0.0
    for i, c in enumerate(word):
        if width + _wide(c) > longest and i > start:
            yield word[start:i]
            start, width = i, 0.0
        width += _wide(c)
    yield word[start:]


def _wide(c: str) -> float:
    return 2.0 if c in "mwMW@%" else 1.3 if c.isupper() or not c.isascii() else 1.0


def pieces(cell: Cell, column: Column, *, is_formula: bool = False) -> Pieces:
    """A cell as it is printed, cut where it is raised or lowered.

    Parameters
    ----------
    cell, column
        As for :func:`coherion.tables.table.printed`.
    is_formula
        Whether a text is a composition, whose numbers are lowered.
    """
    text = printed(cell, column)
    if isinstance(cell, str):
        found = formulas.pieces(plain(text), is_formula=is_formula)
        return [["sub" if low else "", part] for part, low in found] or [["", ""]]
    mantissa, _, exponent = text.partition("×10^")
    made = [["", mantissa.replace("-", _MINUS) + ("×10" if exponent else "")]]
    return [*made, ["super", exponent.replace("-", _MINUS)]] if exponent else made


def _rows(table: Table, columns: Sequence[Column]) -> list[list[Pieces]]:
    return [[pieces(row.get(c.key), c, is_formula=table.is_formula(row, c)) for c in columns] for row in table.rows]


@dataclass(frozen=True)
class _Setting:
    """Some columns of a table on paper of some width, in type of some size."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Pieces]]
    width: float
    size: float

    @cached_property
    def lines(self) -> list[list[float]]:
        """Width of each cell of each row on one line, mm, the headings first."""
        unit = _CHARACTER * self.size * _MM_PER_POINT
        lengths = [[sum(len(text) for _, text in cell) for cell in row] for row in self.rows]
        return [[n * unit + _GAP for n in row] for row in ([len(c.heading) for c in self.columns], *lengths)]

    @cached_property
    def wanted(self) -> list[float]:
        """Width that each column wants, mm: that of its longest text on one line, or what it says of itself."""
        longest = [max(column) for column in zip(*self.lines, strict=True)]
        return [
            line if column.width is None else min(line, max(10 * column.width, _NARROWEST))
            for line, column in zip(longest, self.columns, strict=True)
        ]

    @property
    def fits(self) -> bool:
        return sum(self.wanted) <= self.width

    @property
    def _words(self) -> list[float]:
        """Width of the longest word of each column, mm: what is not broken without need."""
        unit = 1.15 * _CHARACTER * self.size * _MM_PER_POINT
        texts = [[column.heading] for column in self.columns]
        for row in self.rows:
            for cell, of_column in zip(row, texts, strict=True):
                of_column.append("".join(text for _, text in cell))
        longest = [max(len(word) for text in column for word in re.split(r"[ -]", text)) for column in texts]
        return [min(n + 1, _WORD) * unit + _GAP for n in longest]

    @cached_property
    def widths(self) -> list[float]:
        """Width that each column gets, mm.

        Columns of text share what is left by the others. They do it by their mean length, since rows are lowest where
        all cells have equally many lines, but none gets less than its longest word.
        """
        if not self.fits or all(column.width is not None for column in self.columns[1:]):
            return [want * self.width / sum(self.wanted) for want in self.wanted]
        widths = list(self.wanted)
        sharing = [i for i, column in enumerate(self.columns) if column.width is not None]
        means = [sum(column) / len(column) for column in zip(*self.lines, strict=True)]
        words = self._words
        left = self.width - sum(want for i, want in enumerate(widths) if i not in sharing)
        while sharing:
            scale = left / sum(means[i] for i in sharing)
            tight = [i for i in sharing if means[i] * scale < words[i]]
            if not tight or sum(words[i] for i in sharing) > left:
                for i in sharing:
                    widths[i] = means[i] * scale
                break
            for i in tight:
                widths[i] = words[i]
                left -= words[i]
                sharing.remove(i)
        return widths

    @property
    def shares(self) -> list[float | None]:
        """The share of each column in what is left by those that have the width of their text (None)."""
        return [
            round(width, 2) if not self.fits or column.width is not None else None
            for width, column in zip(self.widths, self.columns, strict=True)
        ]

    @cached_property
    def heights(self) -> list[float]:
        """How much of a page each row takes, about, the headings first."""
        height = self.size * _LINE * _MM_PER_POINT / _HEIGHTS[self.width]
        return [
            height * max(math.ceil(line / room) for line, room in zip(row, self.widths, strict=True))
            for row in self.lines
        ]

    @property
    def pages(self) -> float:
        """How many pages it takes, about."""
        return sum(self.heights)

    def part(self, *, ruled: bool) -> dict[str, Any]:
        """What the document is told of it; ``ruled`` draws a fine line between rows."""
        # A word that does not fit would run into its neighbour.
        unit = 1.15 * _CHARACTER * self.size * _MM_PER_POINT
        limits = [max(int((room - _GAP) / unit), 2) for room in self.widths]
        return {
            "columns": [
                {"heading": breakable(plain(column.heading), limit), "share": share}
                for column, share, limit in zip(self.columns, self.shares, limits, strict=True)
            ],
            "rows": [
                [
                    cell if share is None else [[kind, breakable(text, limit)] for kind, text in cell]
                    for cell, share, limit in zip(row, self.shares, limits, strict=True)
                ]
                for row in self.rows
            ],
            "lines": ruled,
            # Rows stay whole, but for one that may be higher than a page.
            "whole": max(self.heights) < _HIGH,
        }


def _fitting(table: Table) -> _Setting:
    """The table on the paper on which it takes fewer pages, in the largest type with which it fits there."""
    found, rows = [], _rows(table, table.columns)
    for width in (UPRIGHT, ACROSS):
        settings = [_Setting(table.columns, rows, width, size) for size in SIZES]
        found.append(next((one for one in settings if one.fits), settings[-1]))
    upright, across = found
    if upright.fits and math.ceil(upright.pages) <= math.ceil(across.pages):
        return upright
    return across


def _groups(whole: _Setting) -> list[list[Column]]:
    """The columns of a table of many samples that fit beside one another, the first repeated in each group."""
    first, *others = whole.columns
    head, *wanted = whole.wanted
    fitting = max(int((whole.width - head) / max(wanted, default=1.0)), 1)
    count = max(math.ceil(len(others) / fitting), 1)
    step = math.ceil(len(others) / count) or 1
    return [[first, *others[i : i + step]] for i in range(0, max(len(others), 1), step)]


def first_sentence(text: str) -> str:
    """What a list of contents says of a caption."""
    return re.split(r"(?<!Fig)(?<!Figs)\.(?: |$)", text, maxsplit=1)[0]


def laid_out(table: Table) -> dict[str, Any]:
    """A table for the document.

    Returns
    -------
    dict
        ``caption``, ``title`` for the contents, ``parts`` that stand below one another, ``across`` whether they stand
        on pages turned on their side, ``size`` of the type in pt, ``own_pages`` whether it begins a page.
    """
    table = table.in_print
    chosen = _fitting(table)
    width, size = chosen.width, chosen.size
    if table.across is not None and not chosen.fits:
        settings = [_Setting(group, _rows(table, group), width, size) for group in _groups(chosen)]
    else:
        head = table.head
        above = [] if head is None else [_Setting(head.columns, _rows(head, head.columns), width, size)]
        settings = [*above, chosen]
    # Fine lines lead along rows whose cells run over several lines.
    ruled = table.across is None and any(column.width is not None for one in settings for column in one.columns)
    return {
        "title": line(formulas.in_unicode(first_sentence(table.caption))),
        "caption": line(formulas.in_unicode(table.full_caption)),
        "parts": [one.part(ruled=ruled) for one in settings],
        "across": width > UPRIGHT,
        "size": size,
        "own_pages": width > UPRIGHT or sum(one.pages for one in settings) > _SHORT,
    }
