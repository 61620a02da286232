"""Many samples in one picture: diffraction patterns and pair distribution functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray

from coherion.crystal.reflections import reference_reflections
from coherion.data.netcdf import origin_of
from coherion.figures.plate import COLOURS, GREY, PAGE, Plate
from coherion.figures.reduction import envelope_guide
from coherion.figures.refinement import observed_points
from coherion.figures.theme import legible, of_order

if TYPE_CHECKING:
    from coherion.crystal.crystal import Crystal


#: Where the guide of an envelope begins, angstrom.
ENVELOPE_FROM = 4.0


def _height(count: int) -> float:
    return 1.2 + 0.42 * count


def _beside(panel, height: float, words: str, colour) -> None:
    """Words to the right of a panel, at a height in its own unit, where no curve runs through them."""
    place = panel.get_yaxis_transform()
    panel.text(1.01, height, words, ha="left", va="center", fontsize=6.5, color=legible(colour), transform=place)


def draw_patterns(
    reduced: Sequence[xarray.Dataset],
    titles: Sequence[str],
    *,
    qmax: float = 6.0,
    mark: float | None = None,
    reference: Crystal | None = None,
) -> Plate:
    """Background-subtracted intensity against Q, each scaled to its maximum and shifted by one.

    Parameters
    ----------
    reduced
        Datasets of the reduction, drawn from bottom to top.
    titles
        What each is called.
    qmax
        End of the axis, 1/angstrom.
    mark
        Q of a reflection to mark, 1/angstrom; None marks nothing.
    reference
        A structure whose reflections are marked below the patterns, the stronger the longer the mark.
    """
    plate = Plate(width=PAGE, height=_height(len(reduced)), origin=origin_of(*reduced))
    (panel,) = plate.panels
    colours = of_order(len(reduced))
    for number, (one, title) in enumerate(zip(reduced, titles, strict=True)):
        q, intensity = one["q"].values, one["intensity_net"].values
        shown = (q > 0.4) & (q < qmax)
        scaled = intensity[shown] / np.max(intensity[shown]) + number
        plate.line(panel, q[shown], scaled, label=title, color=colours[number], linewidth=0.7)
        _beside(panel, number, title, colours[number])
    if reference is not None:
        q, strength = reference_reflections(reference, qmax)
        panel.vlines(q, -0.45, -0.45 + 0.4 * np.sqrt(strength), color=GREY, linewidth=0.6)
        _beside(panel, -0.3, reference.name, GREY)
        plate.remember(panel, f"reflections of {reference.name}, relative intensity", q, strength)
    if mark is not None:
        panel.axvline(mark, color=GREY, linestyle=":", linewidth=0.7)
    panel.set(xlabel="Q / Å$^{-1}$", ylabel="I / I$_{max}$, shifted", xlim=(0.4, qmax), yticks=[])
    panel.set_ylim(-0.6 if reference is not None else -0.15, len(reduced) + 0.15)
    return plate


def draw_pair_distributions(
    reduced: Sequence[xarray.Dataset], titles: Sequence[str], *, rmax: float = 60.0, guide: bool = True
) -> Plate:
    """G(r) of several samples, each with its envelope as a guide to the eye, shifted against one another.

    ``reduced`` and ``titles`` as for :func:`draw_patterns`; ``rmax`` in angstrom.
    """
    plate = Plate(width=PAGE, height=_height(2 * len(reduced)), origin=origin_of(*reduced))
    (panel,) = plate.panels
    colours, shift, below = of_order(len(reduced)), 0.0, 0.0
    for number, (one, title) in enumerate(zip(reduced, titles, strict=True)):
        r, pdf = one["r"].values, one["pdf"].values
        shown = (r > 1.5) & (r < rmax)
        colour = colours[number]
        # How far a curve and its envelope reach, so that those of neighbours do not cross.
        reach = float(np.abs(pdf[shown & (r > 2)]).max(initial=0.0))
        if guide:
            amplitude, length = envelope_guide(r[shown], pdf[shown])
            reach = max(reach, amplitude * float(np.exp(-ENVELOPE_FROM / length)))
        shift += 1.05 * (below + reach)
        below = reach
        plate.line(panel, r[shown], pdf[shown] + shift, label=title, color=colour, linewidth=0.6)
        if guide:
            far = shown & (r > ENVELOPE_FROM)
            for sign in (1, -1):
                envelope = shift + sign * amplitude * np.exp(-r[far] / length)
                panel.plot(r[far], envelope, color=GREY, linestyle="--", linewidth=0.6)
        _beside(panel, shift, title, colour)
    panel.set(xlabel="r / Å", ylabel="G(r) / Å$^{-2}$, shifted", xlim=(0, rmax))
    return plate


def _draw_fit(plate: Plate, panel, fit: xarray.Dataset, title: str) -> float:
    """Observed and calculated G(r) with the difference below; gives the ordinate that the difference is drawn about."""
    r, observed, calculated = fit["r"].values, fit["observed"].values, fit["calculated"].values
    offset = min(observed.min(), calculated.min()) - 0.15 * np.ptp(observed)
    points = observed_points(fit)
    plate.line(panel, *points, label=f"{title}, observed", color=COLOURS[0], marker="o", ms=1.6, mew=0, lw=0)
    plate.line(panel, r, calculated, label=f"{title}, calculated", color=COLOURS[3], linewidth=0.6)
    plate.line(
        panel,
        r,
        fit["difference"].values + offset,
        label=f"{title}, difference shifted",
        color=COLOURS[2],
        linewidth=0.5,
    )
    panel.set(xlabel="r / Å", ylabel="G(r) / Å$^{-2}$", xlim=(r[0], r[-1]))
    return float(offset)


def draw_fits(fits: Sequence[xarray.Dataset], titles: Sequence[str]) -> Plate:
    """Observed and calculated G(r) with differences of several fits, a panel each.

    ``fits`` are datasets of refinements; panels stand in two columns.
    """
    columns = 1 if len(fits) == 1 else 2 if len(fits) <= 10 else 3
    rows = -(-len(fits) // columns)
    plate = Plate(rows, columns, width=PAGE, height=0.3 + 1.75 * rows, origin=origin_of(*fits))
    for panel, fit, title in zip(plate.panels, fits, titles, strict=False):
        _draw_fit(plate, panel, fit, title)
        panel.set_title(f"{title}, $R_w$ = {100 * fit.attrs['rw']:.1f} %", loc="right", pad=3, fontsize=6.5)
    for panel in plate.panels[len(fits) :]:
        panel.set_axis_off()
        panel.set_title("", loc="left")
    return plate


def draw_fit_ranges(fits: Sequence[xarray.Dataset], titles: Sequence[str]) -> Plate:
    """One sample's fit over the widest range, and how fits over shorter ones differ from it.

    ``fits`` are datasets of refinements of one G(r), the widest range first. Each further panel shows the fit over its
    range, and in grey what the widest fit gives there, with both differences below.
    """
    plate = Plate(len(fits), 1, width=PAGE, height=0.3 + 1.9 * len(fits), origin=origin_of(*fits))
    widest = fits[0]
    names = ["{:g}-{:g} Å".format(*_range_of(fit)) for fit in fits]
    for number, (panel, fit, title) in enumerate(zip(plate.panels, fits, titles, strict=True)):
        offset = _draw_fit(plate, panel, fit, names[number])
        said = f"{title}, {names[number]}: $R_w$ = {100 * fit.attrs['rw']:.1f} %"
        if number:
            r = widest["r"].values
            inside = (r >= fit["r"].values[0]) & (r <= fit["r"].values[-1])
            style: dict[str, Any] = {"color": GREY, "linewidth": 0.6, "linestyle": "--"}
            plate.line(panel, r[inside], widest["calculated"].values[inside], label=f"{names[0]}, calculated", **style)
            shift = offset - 0.12 * np.ptp(fit["observed"].values)
            difference = widest["difference"].values[inside] + shift
            plate.line(panel, r[inside], difference, label=f"{names[0]}, difference shifted", **style)
            said += f"; grey: fit of {names[0]}"
        panel.set_title(said, loc="right", fontsize=6.5)
    return plate


def _range_of(fit: xarray.Dataset) -> tuple[float, float]:
    low, high = np.atleast_1d(fit.attrs["fit_range"])
    return float(low), float(high)
