"""seaborn's look without seaborn: to import it takes longer than to draw most figures, because it imports scipy.stats.

The values are those that ``seaborn.set_theme(context="paper", style="ticks", palette="colorblind")`` sets, and a test
holds them to it.
"""

from __future__ import annotations

from typing import Any

import matplotlib
from cycler import cycler
from matplotlib.colors import to_rgb

#: The colour-blind safe palette.
COLOURS: list[Any] = [
    to_rgb(colour)
    for colour in (
        "#0173b2",
        "#de8f05",
        "#029e73",
        "#d55e00",
        "#cc78bc",
        "#ca9161",
        "#fbafe4",
        "#949494",
        "#ece133",
        "#56b4e9",
    )
]

#: Series up to which the palette's colours are told apart at a glance.
MOST_COLOURS = 6

#: Least contrast of words with their paper.
LEGIBLE = 4.5

#: What seaborn changes of matplotlib's own settings, but for the map of images, which no figure takes.
THEME: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": ".15",
    "axes.labelcolor": ".15",
    "axes.labelsize": 9.6,
    "axes.linewidth": 1.0,
    "axes.prop_cycle": cycler("color", COLOURS),
    "axes.titlesize": 9.6,
    "font.sans-serif": ["Arial", "DejaVu Sans", "Liberation Sans", "Bitstream Vera Sans", "sans-serif"],
    "font.size": 9.6,
    "grid.color": ".8",
    "legend.fontsize": 8.8,
    "legend.title_fontsize": 9.6,
    "lines.linewidth": 1.2,
    "lines.markersize": 4.8,
    "lines.solid_capstyle": "round",
    "patch.edgecolor": "w",
    "patch.force_edgecolor": True,
    "patch.linewidth": 0.8,
    "text.color": ".15",
} | {
    f"{axis}tick.{key}": value
    for axis in "xy"
    for key, value in {
        "color": ".15",
        "labelsize": 8.8,
        "major.size": 4.8,
        "major.width": 1.0,
        "minor.size": 3.2,
        "minor.width": 0.8,
    }.items()
}


def contrast(colour: Any) -> float:
    """Contrast of a colour with white paper, 1 to 21 (Web Content Accessibility Guidelines 2.2)."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(colour)]
    return 1.05 / (0.05 + 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2])


def legible(colour: Any) -> Any:
    """A colour for words on white paper: the colour itself, darker until it can be read."""
    words: tuple[float, ...] = to_rgb(colour)
    while contrast(words) < LEGIBLE:
        words = tuple(0.95 * part for part in words)
    return words


def of_order(count: int) -> list[Any]:
    """A colour for each of so many series: the palette's, and of more than it can tell apart those of a scale."""
    return COLOURS[:count] if count <= MOST_COLOURS else graded(count)


def graded(count: int) -> list[Any]:
    """So many colours from dark to light, for series in an order, evenly out of viridis without its ends."""
    whole = matplotlib.colormaps["viridis"]
    return [whole((place + 1) / (count + 1))[:3] for place in range(count)]
