"""Flow charts of the documents, written as GitHub draws them, as pictures in the page: no script, no network."""

from __future__ import annotations

import html
import re
import textwrap
from itertools import pairwise

NODE = re.compile(r'(\w+)(?:\[(?:"([^"]*)"|([^\]]*))\])?')
#: Pixels: of a letter, a line, within a box, between boxes of a column and between columns.
LETTER, LINE, INSIDE, APART, BETWEEN = 6.2, 13, 6, 12, 26
LONGEST = 16


def read(chart: str) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """What stands in each box by its name, and the arrows, of a ``flowchart LR``.

    Raises
    ------
    ValueError
        If a line is no row of boxes with arrows between them.
    """
    boxes: dict[str, str] = {}
    arrows: list[tuple[str, str]] = []
    first, *lines = [line.strip() for line in chart.strip().splitlines() if line.strip()]
    if first != "flowchart LR":
        raise ValueError(f"no chart from left to right: {first}")
    for line in lines:
        row = []
        for part in line.split("-->"):
            found = NODE.fullmatch(part.strip())
            if not found:
                raise ValueError(f"no box of a chart: {part.strip()}")
            name, quoted, plain = found.groups()
            row.append(name)
            if quoted or plain or name not in boxes:
                boxes[name] = quoted or plain or name
        arrows += pairwise(row)
    return boxes, arrows


def columns(
    boxes: dict[str, str], arrows: list[tuple[str, str]]
) -> tuple[list[list[str]], dict[tuple[str, str], list[str]]]:
    """Names by column, each right of all that lead to it, as high as these in the mean; and the way of each arrow.

    An arrow that passes columns has a place of its own in each of them, named for it, so that it crosses no box.
    """
    place = dict.fromkeys(boxes, 0)
    for _ in boxes:
        for one, other in arrows:
            place[other] = max(place[other], place[one] + 1)
    # What nothing leads to stands just before what it leads to.
    for name in boxes:
        after = [place[other] for one, other in arrows if one == name]
        if after and not any(other == name for _, other in arrows):
            place[name] = min(after) - 1
    ways = {}
    for one, other in arrows:
        passed = {f"{one}>{other}>{k}": k for k in range(place[one] + 1, place[other])}
        place |= passed
        ways[one, other] = [one, *passed, other]
    steps = [step for way in ways.values() for step in pairwise(way)]
    found = [[name for name in place if place[name] == column] for column in range(max(place.values()) + 1)]
    for before, here in pairwise(found):
        height = {name: row for row, name in enumerate(before)}
        sources = {name: [height[one] for one, other in steps if other == name and one in height] for name in here}
        here.sort(key=lambda name: sum(sources[name]) / len(sources[name]) if sources[name] else len(before))
    return found, ways


def draw(chart: str) -> str:
    """The chart as SVG, with its words for those who hear the page."""
    boxes, arrows = read(chart)
    lines = {name: textwrap.wrap(words, LONGEST, break_long_words=False) for name, words in boxes.items()}
    rows, ways = columns(boxes, arrows)
    passed = dict.fromkeys((name for row in rows for name in row), 0.0)
    width = passed | {name: LETTER * max(map(len, said)) + 2 * INSIDE for name, said in lines.items()}
    height = passed | {name: LINE * len(said) + 2 * INSIDE for name, said in lines.items()}
    tall = max(sum(height[name] + APART for name in row) for row in rows)
    box: dict[str, tuple[float, float]] = {}
    x = 1.0
    for row in rows:
        y = 1 + (tall - sum(height[name] + APART for name in row)) / 2
        wide = max((width[name] for name in row), default=0.0)
        width |= dict.fromkeys(set(row) - set(boxes), wide)
        for name in row:
            box[name] = (x + (wide - width[name]) / 2, y)
            y += height[name] + APART
        x += wide + BETWEEN
    parts = []
    for way in ways.values():
        path = ""
        for one, other in pairwise(way):
            x0, y0 = box[one][0] + width[one], box[one][1] + height[one] / 2
            x1, y1 = box[other][0] - (5 if other in boxes else 0), box[other][1] + height[other] / 2
            middle = (x0 + x1) / 2
            path += f"L{x0:.1f} {y0:.1f} C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f} "
        path = f"M{path[1:].strip()}"
        parts.append(f'<path d="{path}" class="arrow" marker-end="url(#head)"/>')
    for name in boxes:
        x0, y0 = box[name]
        parts.append(f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{width[name]:.1f}" height="{height[name]:.1f}" rx="4"/>')
        for i, words in enumerate(lines[name]):
            at = f'x="{x0 + width[name] / 2:.1f}" y="{y0 + INSIDE + LINE * (i + 0.75):.1f}"'
            parts.append(f"<text {at}>{html.escape(words)}</text>")
    said = "; ".join(f"{boxes[one]} leads to {boxes[other]}" for one, other in arrows)
    head = '<marker id="head" viewBox="0 0 6 6" refX="1" refY="3" markerWidth="6" markerHeight="6" orient="auto">'
    return (
        f'<div class="chart"><svg viewBox="0 0 {x - BETWEEN + 2:.0f} {tall + 2:.0f}" role="img" '
        f'aria-label="{html.escape(said)}"><defs>{head}<path d="M0 0 L6 3 L0 6 z"/></marker></defs>'
        f"{''.join(parts)}</svg></div>"
    )
