"""Conductivity against coherence length: readings, composition held fixed, single samples left out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray

from coherion.crystal.cif import with_uncertainty
from coherion.figures.legible.units import with_exponent
from coherion.figures.plate import COLOURS, COLUMN, GREY, MARKERS, MOST_UPRIGHT, PAGE, SLANTED, Plate, evenly
from coherion.figures.series import draw_line, label_of
from coherion.settings.paper.paper import Paper

#: What the readings of "logarithmic" are called in a legend.
READINGS = {
    "sigma_log_length": "σ - ln L",
    "log_sigma_length": "ln σ - L",
    "log_sigma_log_length": "ln σ - ln L",
    "sigma_length": "σ - L",
    "sigma_log_length_relative": "σ - ln L, scatter of ln σ",
    "sigma_length_relative": "σ - L, scatter of ln σ",
}
#: Entries of a legend beyond which its letters are smaller.
MOST_ENTRIES = 5
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)))


def draw_correlation(found: xarray.Dataset, paper: Paper) -> Plate:
    """Up to four panels from the dataset that ``judge_claims`` wrote; what it lacks is left out.

    The line through all samples, the readings of "logarithmic" with their Akaike weights, both quantities less their
    lines through the paper's abscissa (added-variable plot), and the correlation coefficients without each sample.
    """
    drawing = [draw for draw, there in _panels(found) if there]
    rows, columns = -(-len(drawing) // 2) or 1, min(max(len(drawing), 1), 2)
    width = PAGE if columns > 1 else COLUMN
    plate = Plate(rows, columns, width=width, height=2.4 * rows, origin=str(found.attrs["origin"]))
    if not drawing:
        plate.leave_out(str(found.attrs.get("missing", "")) or "too few samples have both quantities")
        return plate
    for panel, draw in zip(plate.panels, drawing, strict=False):
        draw(plate, panel, found, paper)
        entries = len(panel.get_legend_handles_labels()[0])
        if entries > 1:
            panel.legend(fontsize=5.5 if entries > MOST_ENTRIES else None)
    for panel in plate.panels[len(drawing) :]:
        panel.set_axis_off()
        panel.set_title("", loc="left")
    return plate


def _panels(found: xarray.Dataset) -> list[tuple[Callable[..., None], bool]]:
    """What draws each panel, and whether the dataset has anything of it."""

    def there(name: str, **chosen: str) -> bool:
        return name in found and bool(np.isfinite(found[name].sel(chosen).values).any())

    if "selection" not in found:
        return []
    widest = str(found["selection"].values[-1])
    return [
        (_line_of_all, there("line", selection=widest)),
        (_readings, there("reading_curve")),
        (_given_third, there("log_length_given_third") and there("exponent_given_third")),
        (_without_each, there("pearson_without", selection=widest)),
    ]


def _line_of_all(plate: Plate, panel, found: xarray.Dataset, paper: Paper) -> None:
    length, sigma = (label_of(paper, name) for name in ("coherence_length", "conductivity"))
    draw_line(plate, panel, found, paper, str(found["selection"].values[-1]))
    _samples(plate, panel, found, _groups(found, paper))
    panel.set(xscale="log", yscale="log", xlabel=length, ylabel=sigma)


def _readings(plate: Plate, panel, found: xarray.Dataset, paper: Paper) -> None:
    curve_x = found["coherence_length_curve"].values
    for number, name in enumerate(str(n) for n in found["reading"].values):
        curve = found["reading_curve"].values[number]
        label = f"{READINGS.get(name, name)}: weight {with_exponent(float(found['reading_weight'].values[number]))}"
        shown = curve > 0
        style = {"color": COLOURS[number], "linestyle": STYLES[number % len(STYLES)], "linewidth": 0.8}
        plate.line(panel, curve_x[shown], curve[shown], label=label, **style)
    _samples(plate, panel, found, _groups(found, paper)[:1])
    length, sigma = (label_of(paper, name) for name in ("coherence_length", "conductivity"))
    panel.set(yscale="log", xlabel=length, ylabel=sigma)


def _given_third(plate: Plate, panel, found: xarray.Dataset, paper: Paper) -> None:
    names = [str(name) for name in found["sample"].values]
    x, y = found["log_length_given_third"].values, found["log_conductivity_given_third"].values
    for mask, label, marker in _groups(found, paper):
        if mask.any():
            chosen = [name for name, there in zip(names, mask, strict=True) if there]
            plate.points(panel, x[mask], y[mask], label=label, names=chosen, color=COLOURS[0], marker=marker)
    exponent, sd = float(found["exponent_given_third"]), float(found["exponent_given_third_sd"])
    ends = np.array([np.nanmin(x), np.nanmax(x)])
    third = paper.known[paper.abscissa].label or paper.abscissa
    label = f"b = {with_uncertainty(exponent, sd, 2)},\n{third} held fixed"
    plate.line(panel, ends, exponent * ends, label=label, color=GREY, linewidth=0.8)
    panel.set(
        xlabel=f"log$_{{10}}$ L less its line through {third}", ylabel=f"log$_{{10}}$ σ less its line through {third}"
    )


def _without_each(plate: Plate, panel, found: xarray.Dataset, paper: Paper) -> None:
    widest = str(found["selection"].values[-1])
    names = [str(name) for name in found["sample"].values]
    place = np.arange(len(names))
    for number, kind in enumerate(("pearson", "spearman")):
        values = found[f"{kind}_without"].sel(selection=widest).values
        there = np.isfinite(values)
        chosen = [name for name, shown in zip(names, there, strict=True) if shown]
        style = {"color": COLOURS[number], "marker": MARKERS[number]}
        plate.points(panel, place[there], values[there], label=kind.title(), names=chosen, **style)
        panel.axhline(float(found[kind].sel(selection=widest)), color=COLOURS[number], linewidth=0.6, linestyle="--")
    # Of many samples some are named; the points are those of all.
    named = evenly(len(names))
    panel.set_xticks(named, [names[i] for i in named], **(SLANTED if len(named) > MOST_UPRIGHT else {}))
    panel.set(ylabel="correlation without the sample")


Groups = list[tuple[np.ndarray, str, str]]


def _groups(found: xarray.Dataset, paper: Paper) -> Groups:
    """Samples of each shown group, its label and its marker; without groups all samples alike."""
    shown = paper.correlation.shown
    if not shown:
        return [(np.ones(found.sizes["sample"], bool), "samples", MARKERS[0])]
    own = found["group"].values.astype(str)
    return [
        (own == name, paper.groups[name].label or name, paper.groups[name].marker or MARKERS[4 * i % len(MARKERS)])
        for i, name in enumerate(shown)
    ]


def _samples(plate: Plate, panel, found: xarray.Dataset, groups: Groups) -> None:
    names = [str(name) for name in found["sample"].values]
    for mask, label, marker in groups:
        if mask.any():
            values = [
                found[name].values[mask]
                for name in ("coherence_length", "conductivity", "coherence_length_sd", "conductivity_sd")
            ]
            chosen = [name for name, there in zip(names, mask, strict=True) if there]
            x, y, x_sd, y_sd = values
            plate.points(panel, x, y, x_sd=x_sd, y_sd=y_sd, label=label, names=chosen, color=COLOURS[0], marker=marker)
