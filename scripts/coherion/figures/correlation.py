"""Conductivity against coherence length: readings, composition held fixed, single samples left out."""

from __future__ import annotations

import numpy as np
import xarray

from coherion.figures.plate import COLOURS, GREY, MARKERS, PAGE, Plate, evenly
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
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)))


def draw_correlation(found: xarray.Dataset, paper: Paper) -> Plate:
    """Four panels from the dataset that ``judge_claims`` wrote; what it lacks is left out.

    The line through all samples, the readings of "logarithmic" with their Akaike weights, both quantities less their
    lines through the paper's abscissa (added-variable plot), and the correlation coefficients without each sample.
    """
    plate = Plate(2, 2, width=PAGE, height=4.8, origin=str(found.attrs["origin"]))
    points, readings, given, without = plate.panels
    if "line" not in found:
        plate.leave_out(str(found.attrs.get("missing", "")) or "too few samples have both quantities")
        return plate
    length, sigma = (label_of(paper, name) for name in ("coherence_length", "conductivity"))
    names = [str(name) for name in found["sample"].values]
    groups = _groups(found, paper)
    widest = str(found["selection"].values[-1])
    draw_line(plate, points, found, paper, widest)
    _samples(plate, points, found, groups, names)
    points.set(xscale="log", yscale="log", xlabel=length, ylabel=sigma)
    points.legend()

    if "reading" in found:
        curve_x = found["coherence_length_curve"].values
        for number, name in enumerate(str(n) for n in found["reading"].values):
            curve = found["reading_curve"].values[number]
            label = f"{READINGS.get(name, name)}: weight {float(found['reading_weight'].values[number]):.2g}"
            shown = curve > 0
            plate.line(
                readings,
                curve_x[shown],
                curve[shown],
                label=label,
                color=COLOURS[number],
                linestyle=STYLES[number % len(STYLES)],
                linewidth=0.8,
            )
        _samples(plate, readings, found, groups[:1], names)
        readings.legend(fontsize=5.5)
    readings.set(yscale="log", xlabel=length, ylabel=sigma)

    if "log_length_given_third" in found:
        x, y = found["log_length_given_third"].values, found["log_conductivity_given_third"].values
        for mask, label, marker in groups:
            if mask.any():
                chosen = [name for name, there in zip(names, mask, strict=True) if there]
                plate.points(given, x[mask], y[mask], label=label, names=chosen, color=COLOURS[0], marker=marker)
        exponent = float(found["exponent_given_third"])
        ends = np.array([np.nanmin(x), np.nanmax(x)])
        sd, third = float(found["exponent_given_third_sd"]), paper.known[paper.abscissa].label or paper.abscissa
        label = f"b = {exponent:.2f} ± {sd:.2f},\n{third} held fixed"
        plate.line(given, ends, exponent * ends, label=label, color=GREY, linewidth=0.8)
        given.legend()
    third = paper.known[paper.abscissa].label or paper.abscissa
    given.set(
        xlabel=f"log$_{{10}}$ L less its line through {third}", ylabel=f"log$_{{10}}$ σ less its line through {third}"
    )

    place = np.arange(len(names))
    for number, kind in enumerate(("pearson", "spearman")):
        values = found[f"{kind}_without"].sel(selection=widest).values
        there = np.isfinite(values)
        chosen = [name for name, shown in zip(names, there, strict=True) if shown]
        style = {"color": COLOURS[number], "marker": MARKERS[number]}
        plate.points(without, place[there], values[there], label=kind.title(), names=chosen, **style)
        without.axhline(float(found[kind].sel(selection=widest)), color=COLOURS[number], linewidth=0.6, linestyle="--")
    # Of many samples some are named; the points are those of all.
    named = evenly(len(names))
    without.set_xticks(named, [names[i] for i in named], rotation=60, ha="right", fontsize=5.5)
    without.set(ylabel="correlation without the sample")
    without.legend()
    return plate


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


def _samples(plate: Plate, panel, found: xarray.Dataset, groups: Groups, names: list[str]) -> None:
    for mask, label, marker in groups:
        if mask.any():
            values = [
                found[name].values[mask]
                for name in ("coherence_length", "conductivity", "coherence_length_sd", "conductivity_sd")
            ]
            chosen = [name for name, there in zip(names, mask, strict=True) if there]
            x, y, x_sd, y_sd = values
            plate.points(panel, x, y, x_sd=x_sd, y_sd=y_sd, label=label, names=chosen, color=COLOURS[0], marker=marker)
