"""Figures of the whole series, drawn from its table as a paper declares them (:mod:`coherion.settings.paper.figures`).

Each panel shows one or more quantities against another one. Groups of samples have markers of their own. What the
table does not hold is left out of the panel, and a panel of which it holds nothing is left out of the figure.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from coherion.crystal.cif import with_uncertainty
from coherion.data.contract.tables import SERIES
from coherion.figures.legible.curves import spline
from coherion.figures.legible.legends import entry
from coherion.figures.plate import COLOURS, COLUMN, GREY, HOLLOW, MARKERS, PAGE, Plate, evenly
from coherion.settings.paper import figures as declared
from coherion.settings.paper.paper import Paper
from coherion.statistics.quantities.selection import mask_of
from coherion.statistics.series import Missing, Series

if TYPE_CHECKING:
    import xarray

#: Points of two scales so near, in parts of the panel, stand on one another; so many of them may.
ON_ONE_ANOTHER, MOST_ON_ONE_ANOTHER = 0.05, 0.25
#: A figure of more has letters beyond z.
MOST_PANELS = 15


def label_of(paper: Paper, name: str) -> str:
    """What axes call a quantity, with its unit."""
    return paper.known[name].label or name if name in paper.known else name


def word_of(paper: Paper, name: str) -> str:
    """What legends call a quantity: its label without the unit."""
    return label_of(paper, name).split(" / ")[0]


def is_simulated(series: Series) -> bool:
    """Whether any sample was simulated: what is drawn from the table then is."""
    return "simulated" in series.texts("origin")


def draw_overview(series: Series, paper: Paper, figure: declared.Overview) -> Plate:
    """Main results of every sample by name, whether or not the samples form a series; of many samples those of some."""
    samples = len(series)
    series = series.where(np.isin(np.arange(samples), evenly(samples)))
    names = series.texts("sample")
    origin = "simulated" if is_simulated(series) else "measured"
    found: dict[str, dict[str, Any]] = {}
    for name in figure.quantities:
        try:
            found[name] = series.pick(name)
        except Missing:
            continue
    height = 1.1 + 0.17 * len(names)
    plate = Plate(1, max(len(found), 1), width=PAGE, height=height, origin=origin, sharey=True)
    if not found:
        plate.leave_out(f"no sample has any of {', '.join(figure.quantities)}")
        return plate
    for number, (panel, (name, d)) in enumerate(zip(plate.panels, found.items(), strict=False)):
        chosen = [names[int(i)] for i in d["row"]]
        style = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[number % len(MARKERS)], "names": chosen}
        plate.points(panel, d[name], d["row"], x_sd=d.get(f"{name}_sd"), label=name, **style)
        if d[name].min() > 0 and d[name].max() > 10 * d[name].min():
            panel.set_xscale("log")
        else:
            panel.xaxis.set_major_locator(MaxNLocator(3))
            panel.ticklabel_format(axis="x", useOffset=False, scilimits=(-4, 5))
        rows = {"ylim": (len(names) - 0.5, -0.5), "yticks": range(len(names)), "yticklabels": names}
        panel.set(xlabel=label_of(paper, name), **rows)
        panel.grid(axis="y", linewidth=0.3)
    if samples > len(names):
        plate.say_how_many(samples)
    return plate


def draw_series(
    series: Series, paper: Paper, figure: declared.Series, correlation: xarray.Dataset | None = None
) -> Plate:
    """Quantities of the table, panel by panel.

    ``correlation`` is the dataset that ``judge_claims`` wrote; its line is drawn where a panel asks for it.
    """
    panels = [p for p in figure.panels if not figure.drop_empty or _has_points(series, paper, p)]
    if figure.further:
        panels += [p for p in _further(series, paper, figure) if _has_points(series, paper, p)]
        panels = panels[:MOST_PANELS]
    columns = min(figure.columns if len(panels) <= 8 else max(figure.columns, 3), max(len(panels), 1))
    rows = max(-(-len(panels) // columns), 1)
    plate = Plate(
        rows,
        columns,
        width=PAGE if columns > 1 else COLUMN,
        height=2.3 * rows + 0.1,
        origin="simulated" if is_simulated(series) else "measured",
        first=figure.first,
    )
    for axes, panel in zip(plate.panels, panels, strict=False):
        if panel.line and correlation is not None:
            draw_line(plate, axes, correlation, paper, panel.line)
        _draw_panel(plate, axes, series, paper, panel)
        if panel.line:
            _keep_to_points(axes, series, paper, panel)
    for axes in plate.panels[len(panels) :]:
        axes.set_axis_off()
    if not any(_has_points(series, paper, panel) for panel in panels):
        plate.leave_out("no sample of this series has what it shows")
    return plate


def draw_line(plate: Plate, axes, correlation: xarray.Dataset, paper: Paper, selection: str | None = None) -> None:
    """The line of log conductivity against log coherence length with its confidence band, where there is one.

    ``selection`` names the samples of the line, by default the first that the dataset has. The legend says which they
    are: through other samples the same law has another exponent.
    """
    if "line" not in correlation:
        return
    known = [str(name) for name in correlation["selection"].values]
    if selection is not None and selection not in known:
        return
    chosen = correlation.sel(selection=selection or known[0])
    length, line = chosen["coherence_length_curve"].values, chosen["line"].values
    if not np.isfinite(line).all():
        return
    low, high = chosen["line_low"].values, chosen["line_high"].values
    exponent, sd = float(chosen["exponent"]), float(chosen["exponent_sd"])
    share = 100 * float(correlation.attrs["confidence"])
    of = str(chosen["selection"].values)
    which = paper.groups[of].label or of if of in paper.groups else of
    label = f"σ ~ L$^b$ ({which}),\nb = {with_uncertainty(exponent, sd, 2)}"
    plate.line(axes, length, line, label=label, color=GREY, linewidth=0.8)
    axes.fill_between(length, low, high, color=GREY, alpha=0.25, linewidth=0, zorder=0)
    for end, values in (("lower", low), ("upper", high)):
        plate.remember(axes, f"{end} end of the {share:.0f} % band", length, values)


def _keep_to_points(axes: Any, series: Series, paper: Paper, panel: declared.Panel) -> None:
    """Let the band of a line that the points hardly determine reach no further beyond them than they span themselves.

    Where all lengths are alike the line may have any exponent, and its band goes on for hundreds of decades.
    """
    left = [curve.of for curve in panel.drawn if not curve.right]
    found = [(of, _rows(series, paper, panel, group, of)[1]) for group in _groups(paper, panel) for of in left]
    scale = axes.yaxis.get_transform()
    points = scale.transform(np.concatenate([[], *(own[of] for of, own in found if own)]))
    points = points[np.isfinite(points)]
    low, high = scale.transform(np.array(axes.get_ylim()))
    if points.size:
        span = max(float(np.ptp(points)), 1.0)
        kept = max(low, points.min() - span), min(high, points.max() + span)
        if kept != (low, high):
            axes.set_ylim(*scale.inverted().transform(np.array(kept)))


def _further(series: Series, paper: Paper, figure: declared.Series) -> list[declared.Panel]:
    """A panel for each column of a refined or measured quantity that the figure does not name."""
    named = {series.names.get(curve.of, curve.of) for panel in figure.panels for curve in panel.drawn}
    columns = [name for name in series.columns if f"{name}_sd" in series.columns and name not in named]
    own = {column: name for name, column in series.names.items()}
    found = [name for name in SERIES.undeclared(columns) if not re.search(r"_[\d.]+_[\d.]+$", name)]
    return [declared.Panel(curves=(declared.Curve(of=own.get(name, name)),)) for name in found]


def _groups(paper: Paper, panel: declared.Panel) -> tuple[str | None, ...]:
    return panel.groups or (paper.samples,)


def _rows(series: Series, paper: Paper, panel: declared.Panel, group: str | None, of: str) -> tuple[Series, dict]:
    """Samples of a group, and the points of one quantity of them."""
    chosen = series.where(mask_of(None if group is None else paper.groups[group], series))
    against = panel.against or paper.abscissa
    if panel.blank_at is not None and len(chosen):
        column = chosen.names.get(against, against)
        filled = tuple(text or f"{panel.blank_at:g}" for text in chosen.texts(against))
        chosen = replace(chosen, columns={**chosen.columns, column: filled})
    try:
        return chosen, chosen.pick(against, of)
    except Missing:
        return chosen, {}


def _has_points(series: Series, paper: Paper, panel: declared.Panel) -> bool:
    return any(
        _rows(series, paper, panel, group, curve.of)[1] for group in _groups(paper, panel) for curve in panel.drawn
    )


def _draw_panel(plate: Plate, axes: Any, series: Series, paper: Paper, panel: declared.Panel) -> None:
    right = axes.twinx() if any(curve.right for curve in panel.drawn) else None
    against = panel.against or paper.abscissa
    drawn, places = 0, set()
    groups = _groups(paper, panel)
    for number, curve in enumerate(panel.drawn):
        target = right if curve.right else axes
        for place, group in enumerate(groups):
            chosen, found = _rows(series, paper, panel, group, curve.of)
            if not found:
                continue
            shown = None if group is None else paper.groups[group]
            word = curve.label or word_of(paper, curve.of)
            # Of the group that the paper is about the quantity says enough, as of a first one without a label.
            named = place or (group != paper.samples and shown is not None and shown.label)
            suffix = f", {shown.label or group}" if shown is not None and named and len(groups) > 1 else ""
            marker = (shown.marker if shown else None) or MARKERS[(number + 4 * place) % len(MARKERS)]
            colour: Any = (shown.colour if shown else None) or COLOURS[number % len(COLOURS)]
            labels = chosen.texts("sample")
            names = [labels[int(i)] for i in found["row"]]
            plate.points(
                target,
                found[against],
                found[curve.of],
                x_sd=found.get(f"{against}_sd"),
                y_sd=found.get(f"{curve.of}_sd"),
                label=word + suffix,
                names=names,
                color=colour,
                marker=marker,
                # Two axes often bring two curves to one place: the second is hollow.
                **(HOLLOW if curve.right else {}),
            )
            drawn += 1
            places |= {float(v) for v in found[against]}
            if panel.guide and len(names) > 2 and place == 0:
                _guide(plate, target, found[against], found[curve.of], word, colour)
    if panel.diagonal and drawn:
        plate.line(axes, [0, 1], [0, 1], label="y = x", color=GREY, linestyle="--", linewidth=0.7)
    if panel.sketch is not None and drawn:
        x, y = np.array(panel.sketch.points, float).T
        style = {"color": COLOURS[1], "linestyle": "--", "transform": axes.transAxes}
        axes.plot(*spline(x, y), label=entry(panel.sketch.label), **style)
    left = [curve.of for curve in panel.drawn if not curve.right]
    ylabel = panel.label or (label_of(paper, left[0]) if left else "")
    axes.set(xlabel=label_of(paper, against), ylabel=ylabel)
    if right is not None:
        right.set_ylabel(panel.right_label or label_of(paper, next(c.of for c in panel.drawn if c.right)))
    if right is not None:
        _keep_apart(axes, right)
    if panel.log_y:
        axes.set_yscale("log")
    if panel.log_x:
        axes.set_xscale("log")
    if panel.blank_at is not None and drawn:
        ticks = sorted(places)
        axes.set_xticks(ticks, [panel.blank_label if tick == panel.blank_at else f"{tick:g}" for tick in ticks])
    if not drawn:
        axes.text(0.5, 0.5, "not in this series", ha="center", va="center", transform=axes.transAxes, color=GREY)
        axes.set(xticks=[], yticks=[])
        axes.minorticks_off()
    else:
        handles, labels = axes.get_legend_handles_labels()
        if right is not None:
            more, texts = right.get_legend_handles_labels()
            handles, labels = handles + more, labels + texts
        kept = [(h, t) for h, t in zip(handles, labels, strict=True) if not t.endswith("guide")]
        # What a single curve is stands at its axis.
        if len(kept) > 1:
            axes.legend(*zip(*kept, strict=True))


def _keep_apart(left: Any, right: Any) -> None:
    """Let the points of two scales stand one above the other where they would stand on one another."""
    lower, upper = (
        np.concatenate([np.empty((0, 2)), *(line.get_xydata() for line in axes.lines if len(line.get_xydata()) > 1)])
        for axes in (left, right)
    )
    if not len(lower) or not len(upper):
        return
    spans = [np.ptp(points, axis=0) + 1e-12 for points in (lower, upper)]
    width = max(spans[0][0], spans[1][0])
    heights = [
        (points[:, 1] - points[:, 1].min()) / span[1] for points, span in zip((lower, upper), spans, strict=True)
    ]
    # One after the other: all distances at once are gigabytes where there are thousands of samples.
    nearest = [
        np.hypot((lower[:, 0] - x) / width, heights[0] - height).min()
        for x, height in zip(upper[:, 0], heights[1], strict=True)
    ]
    close = np.array(nearest) < ON_ONE_ANOTHER
    if close.mean() <= MOST_ON_ONE_ANOTHER:
        return
    for axes, points, span, below, over in (
        (left, lower, spans[0][1], 0.1, 0.6),
        (right, upper, spans[1][1], 0.6, 0.1),
    ):
        axes.set_ylim(points[:, 1].min() - below * span, points[:, 1].max() + over * span)


def _guide(plate: Plate, axes: Any, x: np.ndarray, y: np.ndarray, label: str, colour: Any) -> None:
    """A straight line through the points, unweighted: a guide to the eye."""
    slope, intercept = np.polyfit(x, y, 1)
    ends = np.array([np.min(x), np.max(x)])
    plate.line(axes, ends, slope * ends + intercept, label=f"{label}, guide", color=colour, linestyle="--", lw=0.7)
