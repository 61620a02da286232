"""Figures of the whole series, drawn from its table: Figs. 4, 5, 6b-d, S6, S7 and S11 of the paper.

Each panel shows one or more columns of the table against another one. Samples as milled and annealed ones have
markers of their own; a sample that was excluded from the structural series is drawn as a triangle against its
nominal composition, as in the paper. What the table does not hold is left out of the panel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

from coherion.figures.plate import COLOURS, GREY, MARKERS, PAGE, Plate
from coherion.statistics.series import Missing, Series


@dataclass(frozen=True)
class Curve:
    """One column of the table in a panel: its role, its label and whether it belongs to the right-hand axis."""

    role: str
    label: str
    right: bool = False


@dataclass(frozen=True)
class Panel:
    """What one panel shows: columns against the role ``x``, axis labels, a logarithmic axis, a straight guide."""

    x: str
    curves: tuple[Curve, ...]
    ylabel: str
    right_label: str = ""
    log_y: bool = False
    guide: bool = False
    diagonal: bool = False
    group: str = "as_milled"


LABELS: Mapping[str, str] = {
    "composition": "nominal x",
    "zr_fraction": "refined x",
    "coherence_length": "coherence length / Å",
    "annealing": "annealing temperature / °C",
    "conductivity": "σ(25 °C) / S cm$^{-1}$",
}

SIGMA = LABELS["conductivity"]
FIGURES: Mapping[str, tuple[Panel, ...]] = {
    "figure_4": (
        Panel("composition", (Curve("zr_fraction", "Zr"),), "refined x", diagonal=True),
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
        Panel("composition", (Curve("activation_energy", "E$_a$"),), "E$_a$ / eV"),
        Panel("composition", (Curve("conductivity", "σ"),), SIGMA, log_y=True),
        Panel("coherence_length", (Curve("conductivity", "σ"),), SIGMA, log_y=True),
    ),
    "figure_S6": (
        Panel("zr_fraction", (Curve("angle_cl1", "M1-M2-Cl1"),), "angle / °"),
        Panel("zr_fraction", (Curve("angle_cl2", "M1-M2-Cl2"),), "angle / °"),
        Panel("zr_fraction", (Curve("angle_a_cl1", "a, M-Cl1"),), "angle / °"),
        Panel("zr_fraction", (Curve("angle_a_cl2", "a, M-Cl2"),), "angle / °"),
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
        Panel("coherence_length", (Curve("conductivity", "σ"),), SIGMA, log_y=True, group="all"),
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


def draw_series(series: Series, name: str) -> Plate:
    """One of :data:`FIGURES` from the table of the series, or ``overview``."""
    if name == "overview":
        return draw_overview(series)
    panels = FIGURES[name]
    columns = 3 if len(panels) == 3 else 2
    rows = -(-len(panels) // columns)
    plate = Plate(
        rows, columns, width=PAGE, height=2.3 * rows + 0.1, origin="simulated" if _simulated(series) else "measured"
    )
    for axes, panel in zip(plate.panels, panels, strict=True):
        _draw_panel(plate, axes, series, panel)
    return plate


def _simulated(series: Series) -> bool:
    return "simulated" in series.texts("origin")


def _draw_panel(plate: Plate, axes, series: Series, panel: Panel) -> None:
    right = axes.twinx() if any(curve.right for curve in panel.curves) else None
    drawn = []
    for number, curve in enumerate(panel.curves):
        target = right if curve.right else axes
        colour = COLOURS[number]
        for group, marker in (("as_milled", MARKERS[number]), ("annealed", MARKERS[number + 4])):
            if panel.group not in (group, "all") and not (panel.group == "annealed" and group == "as_milled"):
                continue
            chosen = series.where(_in_group(series, group, panel))
            try:
                found = chosen.pick(panel.x, curve.role)
            except Missing:
                continue
            names = [chosen.texts("sample")[int(i)] for i in found["row"]]
            label = curve.label + (", annealed" if group == "annealed" else "")
            drawn.append(
                plate.points(
                    target,
                    found[panel.x],
                    found[curve.role],
                    x_sd=found.get(f"{panel.x}_sd"),
                    y_sd=found.get(f"{curve.role}_sd"),
                    label=label,
                    names=names,
                    color=colour,
                    marker=marker,
                )
            )
            if panel.guide and len(names) > 2 and group == "as_milled":
                _guide(plate, target, found[panel.x], found[curve.role], curve.label, colour)
    if panel.diagonal and drawn:
        plate.line(axes, [0, 1], [0, 1], label="y = x", color=GREY, linestyle="--", linewidth=0.7)
    axes.set(xlabel=LABELS.get(panel.x, "V / Å$^3$" if panel.x == "volume" else panel.x), ylabel=panel.ylabel)
    if right is not None:
        right.set_ylabel(panel.right_label)
    if panel.log_y:
        axes.set_yscale("log")
    if not drawn:
        axes.text(0.5, 0.5, "not in this series", ha="center", va="center", transform=axes.transAxes, color=GREY)
        axes.set(xticks=[], yticks=[])
        axes.minorticks_off()
    elif len(drawn) > 1 or panel.diagonal:
        handles, labels = axes.get_legend_handles_labels()
        if right is not None:
            more, texts = right.get_legend_handles_labels()
            handles, labels = handles + more, labels + texts
        shown = [(h, t) for h, t in zip(handles, labels, strict=True) if not t.endswith("guide")]
        axes.legend(*zip(*shown, strict=True))


def _in_group(series: Series, group: str, panel: Panel) -> np.ndarray:
    """Rows of a group; the annealed panels also hold the sample as milled of the same composition."""
    inside = np.array([text == group for text in series.texts("group")], bool)
    if panel.group == "annealed" and group == "as_milled":
        annealed = np.array([text == "annealed" for text in series.texts("group")], bool)
        x = np.array([float(t) if t else np.nan for t in series.texts("composition")])
        inside &= np.isin(x, x[annealed])
    return inside


def _guide(plate: Plate, axes, x: np.ndarray, y: np.ndarray, label: str, colour) -> None:
    """A straight line through the points, unweighted: a guide to the eye, as the paper draws it."""
    slope, intercept = np.polyfit(x, y, 1)
    ends = np.array([np.min(x), np.max(x)])
    plate.line(axes, ends, slope * ends + intercept, label=f"{label}, guide", color=colour, linestyle="--", lw=0.7)
