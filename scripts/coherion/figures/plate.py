"""One style for every figure, and the plotted numbers written beside it.

A :class:`Plate` is a figure of one or more panels that remembers what is drawn in it, so that the picture and the
table of its numbers cannot differ. Widths are those of a journal's column; the palette is seaborn's colour-blind
safe one, and series differ by marker or line as well as by colour.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from string import ascii_lowercase
from textwrap import fill
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter
from numpy.typing import ArrayLike

from coherion.data.netcdf import write_text, write_whole
from coherion.data.stated import LEFT_OUT, hashes_of
from coherion.data.tables import write_columns
from coherion.figures.legible.legends import entry, settle, split_titles
from coherion.figures.legible.mathematics import without
from coherion.figures.legible.units import name_powers, plain_logarithms
from coherion.figures.legible.wrapping import spell_out, wrap
from coherion.figures.theme import COLOURS, THEME

#: Width of one column and of a page's type area, inch: 85 and 175 mm. No figure is higher than a page's type area.
COLUMN, PAGE, HIGHEST = 85 / 25.4, 175 / 25.4, 240 / 25.4
#: Height of a figure of one line, and of each line of more than two, inch.
STRIP, LINE_HEIGHT = 0.4, 0.13
#: Times that a figure is laid out anew for what had to be moved in it.
MOST_LAYOUTS = 3
#: Height of the strip that holds the word "simulated", inch.
MARK_HEIGHT = 0.12
#: Most samples with a panel, a curve or a line of their own: more of them nobody could tell apart.
MOST = 24
#: Most names of samples below an axis that stand upright, and how more of them stand.
MOST_UPRIGHT = 8
SLANTED: dict[str, Any] = {"rotation": 60, "ha": "right", "fontsize": 5.5}
#: Corners of a band and points, of which more make a vector file of megabytes and look the same as a picture.
MOST_DRAWN = 1000
MARKERS = "osD^vP*X<>hd"
FORMATS = (".pdf", ".svg", ".png")
GREY = "0.45"
#: Points of another scale, or that took no part: neither bars nor what lies below shows through them.
HOLLOW: dict[str, Any] = {"mfc": "white", "mew": 0.7, "zorder": 3}

_STYLE = {
    "font.size": 7.5,
    "axes.labelsize": 8,
    "axes.titlesize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 6.5,
    "legend.frameon": False,
    # A free place is looked for when the figure is laid out (legible.legends).
    "legend.loc": "upper right",
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.0,
    "lines.markersize": 3.5,
    "errorbar.capsize": 1.5,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "mathtext.default": "regular",
    # What would stand at the end of an axis is put into its label (legible.units).
    "axes.formatter.useoffset": False,
    "axes.formatter.limits": (-4, 5),
    "svg.fonttype": "none",
    # Identifiers in SVG files are otherwise random, and the same run would give other files.
    "svg.hashsalt": "coherion",
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
}


def evenly(samples: int, most: int = MOST) -> list[int]:
    """Places of the samples that a figure shows, at most so many, the first and the last among them."""
    return sorted({round(place) for place in np.linspace(0, samples - 1, min(samples, most))})


class Plate:
    """A figure whose panels remember the numbers drawn in them.

    Parameters
    ----------
    rows, columns
        Layout of the panels; ``panels`` holds them in reading order.
    width, height
        Size in inch; a height above :data:`HIGHEST` is taken for that.
    origin
        ``simulated`` prints that word on the figure.
    letters
        Whether panels are marked; by default where there are several.
    first
        Letter of the first panel: that of the paper, where its figure has others before.
    """

    def __init__(
        self,
        rows: int = 1,
        columns: int = 1,
        *,
        width: float = COLUMN,
        height: float = 2.6,
        origin: str = "measured",
        letters: bool | None = None,
        first: str = "a",
        **layout: Any,
    ) -> None:
        matplotlib.rcParams.update(THEME | _STYLE)
        self._layout = ConstrainedLayoutEngine()
        self.figure = Figure(figsize=(width, min(height, HIGHEST)), layout=self._layout)
        panels = self.figure.subplots(rows, columns, squeeze=False, **layout)
        self.panels = list(panels.flat)
        self._letters = ascii_lowercase[ascii_lowercase.index(first) :]
        self._numbers: list[dict[str, list[Any]]] = []
        self._looks: dict[str, dict[str, dict[str, Any]]] = {}
        self.left_out = ""
        if letters if letters is not None else len(self.panels) > 1:
            for letter, panel in zip(self._letters, self.panels, strict=False):
                panel.set_title(f"({letter})", loc="left", pad=3)
        if origin == "simulated":
            # Not in italics: another font in a PDF takes longer than most of what is drawn.
            self.say(origin, right=True, color=COLOURS[3])

    def say(self, words: str, *, right: bool = False, **style: Any) -> None:
        """Print words in a strip of their own above the panels, so that they touch neither frame nor title."""
        strip = MARK_HEIGHT / self.figure.get_figheight()
        self._layout.set(rect=(0, 0, 1, 1 - strip))
        self.figure.text(
            0.995 if right else 0.005,
            1 - 0.1 * strip,
            words,
            ha="right" if right else "left",
            va="top",
            fontsize=6.5,
            **style,
        )

    def leave_out(self, why: str) -> None:
        """Make of the figure one line that says why it shows nothing: files of it are expected, a page is not."""
        for panel in self.panels:
            panel.remove()
        self.panels = []
        self.left_out = why
        for text in list(self.figure.texts):
            text.remove()
        words = fill(f"Left out: {why}", 110)
        self.figure.set_size_inches(PAGE, min(max(STRIP, LINE_HEIGHT * (words.count("\n") + 2)), HIGHEST))
        self.figure.text(0.01, 0.5, words, va="center", fontsize=7)

    def say_how_many(self, samples: int, which: str = "evenly chosen") -> None:
        """Say that so many samples are more than the figure shows."""
        self.say(f"{MOST} of {samples} samples, {which}")

    def line(
        self, panel: Any, x: ArrayLike, y: ArrayLike, *, label: str, band: ArrayLike | None = None, **style: Any
    ) -> Any:
        """Draw a line, with a band of one standard uncertainty around it where ``band`` is given."""
        x, y = np.asarray(x, float), np.asarray(y, float)
        (drawn,) = panel.plot(x, y, label=entry(label), **style)
        if band is not None:
            band = np.asarray(band, float)
            filled = panel.fill_between(x, y - band, y + band, color=drawn.get_color(), alpha=0.25, linewidth=0)
            filled.set_rasterized(x.size > MOST_DRAWN)
        self.remember(panel, label, x, y, None, band)
        self._look(panel, label, drawn)
        return drawn

    def points(
        self,
        panel: Any,
        x: ArrayLike,
        y: ArrayLike,
        *,
        label: str,
        x_sd: ArrayLike | None = None,
        y_sd: ArrayLike | None = None,
        names: Sequence[str] | None = None,
        **style: Any,
    ) -> Any:
        """Draw points with error bars of one standard uncertainty; a point without one has no bar."""
        x, y = np.atleast_1d(np.asarray(x, float)), np.atleast_1d(np.asarray(y, float))
        style = {"marker": "o", "linestyle": "none", "elinewidth": 0.7} | style
        drawn = panel.errorbar(x, y, xerr=_bars(x_sd), yerr=_bars(y_sd), label=entry(label), **style)
        if x.size > MOST_DRAWN:
            for artist in drawn.get_children():
                artist.set_rasterized(True)
        self.remember(panel, label, x, y, x_sd, y_sd, names)
        self._look(panel, label, drawn[0])
        return drawn

    def legend(self, panel: Any, **style: Any) -> None:
        """A legend whose entries stand in the order in which they were drawn, points before the lines through them."""
        drawn = list(dict.fromkeys(label for one in self._numbers for label in one["series"][:1]))
        handles, labels = panel.get_legend_handles_labels()
        order = sorted(range(len(labels)), key=lambda i: drawn.index(labels[i]) if labels[i] in drawn else len(drawn))
        panel.legend([handles[i] for i in order], [labels[i] for i in order], **style)

    def remember(
        self,
        panel: Any,
        label: str,
        x: np.ndarray,
        y: np.ndarray,
        x_sd: ArrayLike | None = None,
        y_sd: ArrayLike | None = None,
        names: Sequence[str] | None = None,
    ) -> None:
        """Add numbers to the table beside the figure, for what is drawn by other means than a line or points."""
        letter = self._letters[self._number(panel)]
        columns = {"x": x, "y": y, "x_sd": x_sd, "y_sd": y_sd}
        self._numbers.append(
            {"panel": [letter] * len(x), "series": [label] * len(x)}
            | ({} if names is None else {"name": list(names)})
            | {key: np.atleast_1d(np.asarray(of, float)).tolist() for key, of in columns.items() if of is not None}
        )

    def _number(self, panel: Any) -> int:
        """Place of a panel. A right-hand axis is another object at the same place of the layout."""
        return [own.get_subplotspec() for own in self.panels].index(panel.get_subplotspec())

    def _look(self, panel: Any, label: str, drawn: Any) -> None:
        """Remember how a curve looks, so that whoever shows its numbers elsewhere shows the same."""
        number = self._number(panel)
        look = {"colour": to_hex(drawn.get_color()), "line": drawn.get_linestyle(), "mark": str(drawn.get_marker())}
        if panel is not self.panels[number]:
            look["right"] = True
        if str(drawn.get_markerfacecolor()) in ("none", HOLLOW["mfc"]):
            look["hollow"] = True
        self._looks.setdefault(self._letters[number], {})[label] = look

    def looks(self) -> dict[str, dict[str, Any]]:
        """Of each panel its axes (logarithmic, limits, names), what stands above it, and how each curve looks."""
        found: dict[str, dict[str, Any]] = {}
        for letter, panel in zip(self._letters, self.panels, strict=False):
            log = "".join(axis for axis in "xy" if getattr(panel, f"get_{axis}scale")() == "log")
            title = panel.get_title() or panel.get_title(loc="right")
            found[letter] = {"log": log, "title": title, "curves": self._looks.get(letter, {})}
            if panel.get_aspect() == 1:
                found[letter]["equal"] = True
            for axis in (panel.xaxis, panel.yaxis):
                if not getattr(panel, f"get_autoscale{axis.axis_name}_on")():
                    low, high = getattr(panel, f"get_{axis.axis_name}lim")()
                    found[letter][f"{axis.axis_name}_limits"] = [float(f"{low:.6g}"), float(f"{high:.6g}")]
                # Ticks that name samples or quantities: matplotlib lets such labels follow from a function.
                if isinstance(axis.get_major_formatter(), FuncFormatter):
                    places = [float(place) for place in axis.get_major_locator()()]
                    names = [str(axis.get_major_formatter()(place, k)) for k, place in enumerate(places)]
                    found[letter][f"{axis.axis_name}_names"] = list(zip(places, names, strict=True))
        return found

    def numbers(self) -> str:
        """The plotted numbers as a table, headed by what the axes of each panel mean."""
        if self.left_out:
            return f"{LEFT_OUT}{self.left_out}\n"
        head = []
        for letter, panel in zip(self._letters, self.panels, strict=False):
            sharing = [axes for axes in self.figure.axes if axes.get_subplotspec() == panel.get_subplotspec()]
            ordinates = " and, right, ".join(without(axes.get_ylabel()) for axes in sharing)
            head.append(f"# panel {letter}: x = {without(panel.get_xlabel())}; y = {ordinates}")
        head.append(f"# looks {json.dumps(self.looks(), ensure_ascii=False)}")
        used = [key for key in ("name", "x", "y", "x_sd", "y_sd") if any(drawn.get(key) for drawn in self._numbers)]
        return "\n".join(head) + "\n" + write_columns(self._numbers, ["panel", "series", *used])

    def _lay_out(self) -> None:
        renderer = FigureCanvasAgg(self.figure).get_renderer()
        plain_logarithms(self.figure)
        spell_out(self.figure)
        wrap(self.figure, renderer)
        self._layout.execute(self.figure)
        # What is moved beside a panel makes others narrower, where a legend may then hide something.
        for _ in range(MOST_LAYOUTS):
            moved = [name_powers(self.figure), split_titles(self.figure, renderer)]
            moved.append(settle(self.figure, renderer, HIGHEST))
            if not any(moved):
                break
            self._layout.execute(self.figure)

    def save(self, path: str | os.PathLike[str], sources: Iterable[str | os.PathLike[str]] = ()) -> None:
        """Write ``path`` with the suffixes .pdf, .svg, .png and .tsv (the plotted numbers), and close the figure.

        Each of the four names the ``sources``, the files the numbers came from, with their hashes
        (:mod:`coherion.data.stated`).
        """
        stem = Path(path)
        hashes = hashes_of(sources)
        text = json.dumps(hashes, sort_keys=True) if hashes else None
        # A date in the file would make every run's file another one.
        said: dict[str, dict[str, str | None]] = {
            ".pdf": {"CreationDate": None, "Keywords": text},
            ".svg": {"Date": None, "Source": text},
            ".png": {"Source": text} if text else {},
        }
        # The layout takes longer than the drawing, and is the same for each format. "none" would leave an empty engine,
        # for whose sake each format draws once more.
        numbers = self.numbers()
        if self.panels:
            self._lay_out()
        self.figure.set_layout_engine(None)
        for suffix in FORMATS:
            write_whole(
                stem.with_name(stem.name.removesuffix(".pdf") + suffix),
                partial(self.figure.savefig, metadata=said[suffix]),
            )
        head = "".join(f"# source {name} sha256 {digest}\n" for name, digest in sorted(hashes.items()))
        write_text(stem.with_name(stem.name.removesuffix(".pdf") + ".tsv"), head + numbers)


def _bars(sd: ArrayLike | None) -> np.ndarray | None:
    return None if sd is None else np.nan_to_num(np.atleast_1d(np.asarray(sd, float)))
