"""Figures of the whole series, drawn from its table: Figs. 4, 5, 6b-d, S6, S7 and S11 of the paper.

Each panel shows one or more columns of the table against another one. Samples as milled and annealed ones have
markers of their own; a sample that was excluded from the structural series is drawn as a triangle against its
nominal composition where the panel shows transport alone, and left out elsewhere, as in the paper. What the table
does not hold is left out of the panel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.ticker import MaxNLocator

from coherion.figures.plate import COLOURS, GREY, MARKERS, PAGE, Plate
from coherion.figures.readings import draw_lengths
from coherion.statistics.series import Missing, Series

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class Curve:
    """One column of the table in a panel: its role, its label and whether it belongs to the right-hand axis."""

    role: str
    label: str
    right: bool = False


#: Roles that a side phase leaves as they are.
NOT_STRUCTURAL = frozenset(["x", "annealing", "conductivity", "activation_energy"])
#: Where a sample that was never annealed stands on an axis of annealing temperatures, degC.
AS_MILLED_AT = 25.0


@dataclass(frozen=True)
class Panel:
    """What one panel shows: columns against the role ``x``, axis labels, a logarithmic axis, a straight guide.

    ``line`` draws the line of conductivity against coherence length with its band, as the statistics found it.
    """

    x: str
    curves: tuple[Curve, ...]
    ylabel: str
    right_label: str = ""
    log_y: bool = False
    guide: bool = False
    diagonal: bool = False
    group: str = "as_milled"
    line: bool = False

    @property
    def structural(self) -> bool:
        """Whether the panel shows what a sample left out of the structural series has no place in."""
        return not {self.x, *(curve.role for curve in self.curves)} <= NOT_STRUCTURAL


LABELS: Mapping[str, str] = {
    "x": "nominal x",
    "zr_fraction": "refined x",
    "coherence_length": "coherence length / Å",
    "annealing": "annealing temperature / °C",
    "conductivity": "σ(25 °C) / S cm$^{-1}$",
}

SIGMA = LABELS["conductivity"]
FIGURES: Mapping[str, tuple[Panel, ...]] = {
    "figure_4": (
        Panel("x", (Curve("zr_fraction", "Zr"),), "refined x", diagonal=True),
        Panel("zr_fraction", (Curve("a", "a"), Curve("b", "b", right=True)), "a / Å", "b / Å"),
        Panel("zr_fraction", (Curve("c", "c"), Curve("beta", "β", right=True)), "c / Å", "β / °"),
        Panel("zr_fraction", (Curve("volume", "V"),), "V / Å$^3$"),
    ),
    "figure_5": (
        Panel("zr_fraction", (Curve("na_2b", "2b"), Curve("na_4e", "4e")), "Na occupancy", guide=True),
        Panel("zr_fraction", (Curve("octahedron_m", "(In,Zr)Cl$_6$"),), "octahedron / Å$^3$", guide=True),
        Panel(
            "zr_fraction",
            (Curve("octahedron_na", "octahedron"), Curve("prism_na", "prism")),
            "NaCl$_6$ volume / Å$^3$",
            guide=True,
        ),
        Panel("zr_fraction", (Curve("coherence_length", "L"),), LABELS["coherence_length"], guide=True),
    ),
    "figure_6bcd": (
        Panel("x", (Curve("activation_energy", "E$_a$"),), "E$_a$ / eV"),
        Panel("x", (Curve("conductivity", "σ"),), SIGMA, log_y=True),
        Panel("coherence_length", (Curve("conductivity", "σ"),), SIGMA, log_y=True, line=True),
    ),
    "figure_S6": (
        Panel("zr_fraction", (Curve("angle_cl1", "M1-M2-Cl1"),), "M1-M2-Cl1 / °"),
        Panel("zr_fraction", (Curve("angle_cl2", "M1-M2-Cl2"),), "M1-M2-Cl2 / °"),
        Panel("zr_fraction", (Curve("angle_a_cl1", "a, M-Cl1"),), "angle of a and M-Cl1 / °"),
        Panel("zr_fraction", (Curve("angle_a_cl2", "a, M-Cl2"),), "angle of a and M-Cl2 / °"),
    ),
    "figure_S7": (
        Panel(
            "zr_fraction",
            (Curve("octahedron_na_distance", "octahedron"), Curve("prism_na_distance", "prism")),
            "mean Na-Cl distance / Å",
        ),
        Panel("volume", (Curve("octahedron_na", "octahedron"), Curve("prism_na", "prism")), "NaCl$_6$ volume / Å$^3$"),
    ),
    "figure_S11": (
        Panel("annealing", (Curve("coherence_length", "L"),), LABELS["coherence_length"], group="annealed"),
        Panel("annealing", (Curve("conductivity", "σ"),), SIGMA, log_y=True, group="annealed"),
        Panel("coherence_length", (Curve("conductivity", "σ"),), SIGMA, log_y=True, group="all", line=True),
    ),
}


#: What the overview shows of each sample: roles, axis labels, logarithmic or not.
OVERVIEW = (
    ("a", "a / Å", False),
    ("coherence_length", LABELS["coherence_length"], False),
    ("activation_energy", "E$_a$ / eV", False),
    ("conductivity", SIGMA, True),
)


def draw_overview(series: Series) -> Plate:
    """Main results of every sample by name, whether or not the samples form a series."""
    names = series.texts("sample")
    origin = "simulated" if _simulated(series) else "measured"
    plate = Plate(1, len(OVERVIEW), width=PAGE, height=1.1 + 0.17 * len(names), origin=origin, sharey=True)
    for number, (panel, (role, label, logarithmic)) in enumerate(zip(plate.panels, OVERVIEW, strict=True)):
        try:
            found = series.pick(role)
        except Missing:
            found = {}
        if found:
            chosen = [names[int(i)] for i in found["row"]]
            style = {"color": COLOURS[number], "marker": MARKERS[number], "names": chosen}
            plate.points(panel, found[role], found["row"], x_sd=found[f"{role}_sd"], label=role, **style)
        if logarithmic and found and found[role].max() > 10 * found[role].min():
            panel.set_xscale("log")
        else:
            panel.xaxis.set_major_locator(MaxNLocator(3))
            panel.ticklabel_format(axis="x", useOffset=False, scilimits=(-4, 5))
        panel.set(xlabel=label, ylim=(len(names) - 0.5, -0.5), yticks=range(len(names)), yticklabels=names)
        panel.grid(axis="y", linewidth=0.3)
    return plate


def draw_trend(series: Series) -> Plate:
    """The milled series' conductivity against composition beside the trend of the annealed one (Fig. S1).

    The annealed series (the paper's reference 31) is not in the table: of it the paper says that its conductivity
    rises to a maximum at x = 0.5 and falls, and that is all the dashed line means.
    """
    plate = Plate(origin="simulated" if _simulated(series) else "measured")
    (panel,) = plate.panels
    milled = series.where(_in_group(series, "as_milled", FIGURES["figure_6bcd"][1]))
    try:
        found = milled.pick("x", "conductivity")
    except Missing:
        found = {}
    if found:
        names = [milled.texts("sample")[int(i)] for i in found["row"]]
        sigma = found["conductivity"]
        plate.points(
            panel,
            found["x"],
            sigma,
            y_sd=found["conductivity_sd"],
            label="as milled",
            names=names,
            color=COLOURS[0],
        )
        x = np.linspace(found["x"].min(), found["x"].max(), 51)
        low, high = np.log10(sigma.min()), np.log10(sigma.max())
        schematic = 10 ** (low + 0.5 * (high - low) * (1 - ((x - 0.5) / 0.5) ** 2))
        label = "annealed: schematic, no data"
        plate.line(panel, x, schematic, label=label, color=COLOURS[1], linestyle="--")
        panel.set_yscale("log")
        panel.legend(loc="upper left")
    panel.set(xlabel=LABELS["x"], ylabel=SIGMA)
    return plate


def draw_series(series: Series, name: str, correlation: xarray.Dataset | None = None) -> Plate:
    """One of :data:`FIGURES` from the table of the series, ``figure_S1``, ``readings`` or ``overview``.

    ``correlation`` is the dataset that ``judge_claims`` wrote; its line is drawn where a panel asks for it.
    """
    if name == "overview":
        return draw_overview(series)
    if name == "figure_S1":
        return draw_trend(series)
    if name == "readings":
        return draw_lengths(series)
    panels = FIGURES[name]
    columns = 3 if len(panels) == 3 else 2
    rows = -(-len(panels) // columns)
    plate = Plate(
        rows,
        columns,
        width=PAGE,
        height=2.3 * rows + 0.1,
        origin="simulated" if _simulated(series) else "measured",
        # Panel a of Fig. 6 is a figure of its own, since it is drawn from other files.
        first="b" if name == "figure_6bcd" else "a",
    )
    for axes, panel in zip(plate.panels, panels, strict=True):
        if panel.line and correlation is not None:
            draw_line(plate, axes, correlation)
        _draw_panel(plate, axes, series, panel)
    return plate


def draw_line(plate: Plate, axes, correlation: xarray.Dataset, selection: str | None = None) -> None:
    """The line of log conductivity against log coherence length with its confidence band, where there is one.

    ``selection`` names the samples of the line, by default the first that the dataset has.
    """
    if "line" not in correlation:
        return
    chosen = correlation.sel(selection=selection or str(correlation["selection"].values[0]))
    length, line = chosen["coherence_length_curve"].values, chosen["line"].values
    if not np.isfinite(line).all():
        return
    low, high = chosen["line_low"].values, chosen["line_high"].values
    exponent, sd = float(chosen["exponent"]), float(chosen["exponent_sd"])
    share = 100 * float(correlation.attrs["confidence"])
    plate.line(axes, length, line, label=f"σ ~ L$^b$, b = {exponent:.2f} ± {sd:.2f}", color=GREY, linewidth=0.8)
    axes.fill_between(length, low, high, color=GREY, alpha=0.25, linewidth=0, zorder=0)
    for end, values in (("lower", low), ("upper", high)):
        plate.remember(axes, f"{end} end of the {share:.0f} % band", length, values)


def _simulated(series: Series) -> bool:
    return "simulated" in series.texts("origin")


def _draw_panel(plate: Plate, axes, series: Series, panel: Panel) -> None:
    right = axes.twinx() if any(curve.right for curve in panel.curves) else None
    if panel.x == "annealing":
        series = _with_milled(series)
    drawn = []
    for number, curve in enumerate(panel.curves):
        target = right if curve.right else axes
        colour = COLOURS[number]
        for kind, marker, suffix in (
            ("as_milled", MARKERS[number], ""),
            ("excluded", "^", ", excluded"),
            ("annealed", MARKERS[number + 4], ", annealed"),
        ):
            if (kind == "annealed" and panel.group == "as_milled") or (kind == "excluded" and panel.structural):
                continue
            chosen = series.where(_of_kind(series, kind, panel))
            try:
                found = chosen.pick(panel.x, curve.role)
            except Missing:
                continue
            names = [chosen.texts("sample")[int(i)] for i in found["row"]]
            drawn.append(
                plate.points(
                    target,
                    found[panel.x],
                    found[curve.role],
                    x_sd=found.get(f"{panel.x}_sd"),
                    y_sd=found.get(f"{curve.role}_sd"),
                    label=curve.label + suffix,
                    names=names,
                    color=colour,
                    marker=marker,
                    # Two axes often bring two curves to one place: the second is hollow.
                    **({"mfc": "none"} if curve.right else {}),
                )
            )
            if panel.guide and len(names) > 2 and kind == "as_milled":
                _guide(plate, target, found[panel.x], found[curve.role], curve.label, colour)
    if panel.diagonal and drawn:
        plate.line(axes, [0, 1], [0, 1], label="y = x", color=GREY, linestyle="--", linewidth=0.7)
    axes.set(xlabel=LABELS.get(panel.x, "V / Å$^3$" if panel.x == "volume" else panel.x), ylabel=panel.ylabel)
    if right is not None:
        right.set_ylabel(panel.right_label)
    if panel.log_y:
        axes.set_yscale("log")
    if panel.x == "annealing" and drawn:
        ticks = sorted({float(text) for text in series.texts("annealing") if text})
        axes.set_xticks(ticks, ["as milled" if tick == AS_MILLED_AT else f"{tick:g}" for tick in ticks])
    if not drawn:
        axes.text(0.5, 0.5, "not in this series", ha="center", va="center", transform=axes.transAxes, color=GREY)
        axes.set(xticks=[], yticks=[])
        axes.minorticks_off()
    elif len(drawn) > 1 or panel.diagonal or panel.line:
        handles, labels = axes.get_legend_handles_labels()
        if right is not None:
            more, texts = right.get_legend_handles_labels()
            handles, labels = handles + more, labels + texts
        shown = [(h, t) for h, t in zip(handles, labels, strict=True) if not t.endswith("guide")]
        axes.legend(*zip(*shown, strict=True), loc="center left" if right is not None else "best")


def _with_milled(series: Series) -> Series:
    """The series with samples that were never annealed at a place of their own among the annealing temperatures."""
    column = series.names["annealing"]
    filled = tuple(
        text or (f"{AS_MILLED_AT:g}" if group == "as_milled" else "")
        for text, group in zip(series.texts("annealing"), series.texts("group"), strict=True)
    )
    return replace(series, columns={**series.columns, column: filled})


def _of_kind(series: Series, kind: str, panel: Panel) -> np.ndarray:
    """Rows of a kind of points: as milled, annealed, or left out of the structural series."""
    if kind == "excluded":
        return _in_group(series, "as_milled", panel) & ~series.included
    return _in_group(series, kind, panel) & series.included


def _in_group(series: Series, group: str, panel: Panel) -> np.ndarray:
    """Rows of a group; the annealed panels also hold the sample as milled of the same composition."""
    inside = np.array([text == group for text in series.texts("group")], bool)
    if panel.group == "annealed" and group == "as_milled":
        annealed = np.array([text == "annealed" for text in series.texts("group")], bool)
        x = np.array([float(t) if t else np.nan for t in series.texts("x")])
        inside &= np.isin(x, x[annealed])
    return inside


def _guide(plate: Plate, axes, x: np.ndarray, y: np.ndarray, label: str, colour) -> None:
    """A straight line through the points, unweighted: a guide to the eye, as the paper draws it."""
    slope, intercept = np.polyfit(x, y, 1)
    ends = np.array([np.min(x), np.max(x)])
    plate.line(axes, ends, slope * ends + intercept, label=f"{label}, guide", color=colour, linestyle="--", lw=0.7)
