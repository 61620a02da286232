"""Where a side phase shows: the further reflection at low Q, and G(r) with one phase and with two."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import xarray

from coherion.crystal.cif import with_uncertainty
from coherion.data.contract.units import unit_in_print
from coherion.data.netcdf import origin_of
from coherion.figures.legible.curves import band_limited
from coherion.figures.plate import COLOURS, GREY, MOST, PAGE, Plate


def draw_side_phase(found: Sequence[xarray.Dataset], titles: Sequence[str]) -> Plate:
    """The window of every sample with its fit, of many those of the most suspect; that most suspect enlarged; its G(r)
    where two phases were tried.

    Parameters
    ----------
    found
        Datasets of the search for a side phase, drawn from bottom to top.
    titles
        What each is called.
    """
    samples, excess = len(found), np.array([float(one["side_reflection_z"]) for one in found])
    shown = np.sort(np.argsort(-excess, kind="stable")[:MOST])
    found, titles, suspect = [found[i] for i in shown], [titles[i] for i in shown], int(np.argmax(excess[shown]))
    tried = "calculated_two_phases" in found[suspect]
    height = 1.6 + 0.2 * len(found)
    plate = Plate(
        2 if tried else 1,
        2,
        width=PAGE,
        height=height + (2.5 if tried else 0.0),
        origin=origin_of(*found),
        gridspec_kw={"height_ratios": [height, 2.5] if tried else [1.0]},
    )
    _draw_windows(plate, plate.panels[0], found, titles)
    _draw_reflection(plate, plate.panels[1], found[suspect], titles[suspect])
    if tried:
        _draw_pair_distributions(plate, plate.panels[2:], found[suspect], titles[suspect])
    if samples > MOST:
        plate.say_how_many(samples, "the most suspect")
    return plate


def _draw_windows(plate: Plate, panel, found: Sequence[xarray.Dataset], titles: Sequence[str]) -> None:
    """Each sample's window, scaled to its highest point and shifted by one."""
    for number, (one, title) in enumerate(zip(found, titles, strict=True)):
        q, intensity = one["q"].values, one["intensity"].values
        z = float(one["side_reflection_z"])
        seen = z > one.attrs["significance"]
        top = 1.1 * float(intensity.max())
        style = {"color": COLOURS[0], "marker": ".", "markersize": 1.6, "linestyle": "none", "markeredgewidth": 0}
        plate.line(panel, q, intensity / top + number, label=f"{title}, observed", **style)
        calculated = one["calculated_having" if seen else "calculated_without"].values
        plate.line(panel, q, calculated / top + number, label=f"{title}, fit", color=COLOURS[3], linewidth=0.6)
        said = f"{title}: {z:.1f} σ" if z < 99.95 else f"{title}: {z:.0f} σ"
        colour, weight = (COLOURS[3], "bold") if seen else ("black", "normal")
        # White below the words: the mark of the reflection's place does not strike them through.
        clear = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        words = {"ha": "right", "fontsize": 6, "color": colour, "fontweight": weight, "bbox": clear}
        panel.text(q[-1] - 0.005, number + 0.42, said, **words)
    panel.axvline(found[0].attrs["reflection_place"], color=GREY, linestyle=":", linewidth=0.7)
    low, high = float(found[0]["q"][0]), float(found[0]["q"][-1])
    panel.set(xlabel="Q / Å$^{-1}$", ylabel="I / I$_{max}$, shifted", xlim=(low, high), ylim=(-0.05, len(found) + 0.05))
    panel.set_yticks([])


def _draw_reflection(plate: Plate, panel, one: xarray.Dataset, title: str) -> None:
    """One sample's window with the fits without and with the side phase's reflection, and their differences below."""
    q, intensity = one["q"].values, one["intensity"].values
    unit = 10.0 ** np.floor(np.log10(float(intensity.max())))
    without, having = (one[f"calculated_{key}"].values / unit for key in ("without", "having"))
    measured, side = intensity / unit, one["side_reflection"].values / unit
    style = {"color": COLOURS[0], "marker": ".", "markersize": 2.2, "linestyle": "none", "markeredgewidth": 0}
    plate.line(panel, q, measured, label="observed", **style)
    plate.line(panel, q, without, label="fit without it", color=COLOURS[1], linewidth=0.8, linestyle="--")
    plate.line(panel, q, having, label="fit with it", color=COLOURS[3], linewidth=0.8)
    panel.fill_between(q, 0.0, side, color=COLOURS[4], alpha=0.4, linewidth=0)
    plate.line(panel, q, side, label=f"{one.attrs['side_phase']} alone", color=COLOURS[4], linewidth=0.7)
    offset = -1.25 * max(float((measured - without).max()), 0.05 * float(measured.max()))
    ticks = one["reflection_q"].values
    inside = (ticks > q[0]) & (ticks < q[-1])
    places = np.full(int(inside.sum()), 0.35 * offset)
    panel.plot(ticks[inside], places, linestyle="none", marker="|", markersize=5, color="black", markeredgewidth=0.6)
    plate.remember(panel, "reflections of the phase", ticks[inside], places)
    panel.axhline(offset, color=GREY, linewidth=0.4)
    label = "difference without it, shifted"
    plate.line(panel, q, measured - without + offset, label=label, color=COLOURS[1], linewidth=0.6)
    plate.line(
        panel, q, measured - having + offset, label="difference with it, shifted", color=COLOURS[3], linewidth=0.6
    )
    place = one.attrs["reflection_place"]
    panel.vlines(place, offset, np.interp(place, q, measured), color=GREY, linestyle=":", linewidth=0.7)
    power = round(float(np.log10(unit)))
    panel.set(
        xlabel="Q / Å$^{-1}$",
        ylabel=f"I / $10^{{{power}}}$ {unit_in_print(one['intensity'].attrs['units'])}",
        xlim=(q[0], q[-1]),
        title=title,
    )
    panel.legend()


def _draw_pair_distributions(plate: Plate, panels, one: xarray.Dataset, title: str) -> None:
    """Observed and calculated G(r) with the difference: one phase left, two right, on one scale."""
    r, observed = one["fitted_r"].values, one["observed"].values
    tops = []
    for panel, key, words in zip(panels, ("one_phase", "two_phases"), ("one phase", "two phases"), strict=True):
        calculated = one[f"calculated_{key}"].values
        offset = float(observed.min()) - 0.6 * float(np.abs(observed - one["calculated_one_phase"].values).max())
        style = {"color": COLOURS[0], "marker": ".", "markersize": 2.5, "linestyle": "none", "markeredgewidth": 0}
        plate.line(panel, r, observed, label=f"observed, {words}", **style)
        # G(r) is known at multiples of pi/Qmax: between them it is as smooth as that says.
        plate.line(panel, *band_limited(r, calculated), label=f"calculated, {words}", color=COLOURS[3], linewidth=0.6)
        difference = observed - calculated + offset
        plate.line(
            panel, *band_limited(r, difference), label=f"difference shifted, {words}", color=COLOURS[2], linewidth=0.6
        )
        panel.axhline(offset, color=GREY, linewidth=0.4)
        said = f"{title}, {words}, $R_w$ = {100 * float(one[f'rw_{key}']):.1f} %"
        if key == "two_phases":
            fraction, sd = (100 * float(one[f"side_phase_fraction{s}"]) for s in ("", "_sd"))
            said += f"; {with_uncertainty(fraction, sd, 1)} % {one.attrs['side_phase']} by mass"
        panel.set_title(said, loc="right", pad=3, fontsize=6.0)
        panel.set(xlabel="r / Å", ylabel="G(r) / Å$^{-2}$", xlim=(r[0], r[-1]))
        tops.append(panel.get_ylim())
    for panel in panels:
        panel.set_ylim(min(low for low, _ in tops), max(high for _, high in tops))
