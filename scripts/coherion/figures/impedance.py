"""Impedance spectra of one sample with their fits and tests, and its Arrhenius line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray
from matplotlib.lines import Line2D

from coherion.constants import BOLTZMANN
from coherion.crystal.cif import with_uncertainty
from coherion.data.netcdf import origin_of
from coherion.figures.legible.curves import spline
from coherion.figures.legible.units import prefixed
from coherion.figures.plate import COLOURS, COLUMN, GREY, HOLLOW, MARKERS, PAGE, Plate, evenly
from coherion.figures.theme import graded, of_order

#: Temperatures that the key names.
MOST_KEYED = 12
#: So many stand in one line of a figure as wide as a page.
CLOSE: dict[str, Any] = {"columnspacing": 1.0, "handlelength": 1.3}
#: Points drawn of a fit for each one measured.
FINER = 5
#: How far from its point an exponent stands, in parts of the panel's width.
BESIDE = 0.07


def _nearest(spectra: xarray.Dataset, temperature: float, usable: np.ndarray) -> int:
    """Row of the usable spectrum nearest to a temperature (degC); of any spectrum where none is usable."""
    distance = np.abs(spectra["temperature"].values - temperature)
    return int(np.argmin(np.where(usable, distance, distance + 1e6)))


def nyquist(plate: Plate, panel, circuits: xarray.Dataset, row: int, *, colour=COLOURS[0], label: str = "") -> None:
    """One spectrum and its fit in the complex plane, axes of equal scale, whole decades of frequency marked."""
    f = circuits["frequency"].values[row]
    factor, unit = prefixed(_shown_to(circuits, row), "Ω")
    real, imaginary = (circuits[f"impedance_{part}"].values[row] / factor for part in ("real", "imaginary"))
    kept = circuits["kept"].values[row].astype(bool)
    there = np.isfinite(f)
    left_out = there & ~kept
    name = label or "data"
    plate.points(panel, real[kept], -imaginary[kept], label=name, color=colour, ms=3, mfc="none", mew=0.6)
    if left_out.any():
        plate.points(
            panel, real[left_out], -imaginary[left_out], label=f"{name}, left out", color=GREY, marker="x", ms=3
        )
    fitted = np.isfinite(circuits["fitted_real"].values[row]) & there
    if fitted.any():
        log_f, order = np.unique(np.log10(f[fitted]), return_index=True)
        # Between the points measured the fit goes on: a circuit's impedance has no corners.
        x, y = (
            spline(log_f, sign * circuits[f"fitted_{part}"].values[row][fitted][order] / factor, FINER * len(order))[1]
            for part, sign in (("real", 1), ("imaginary", -1))
        )
        plate.line(panel, x, y, label=f"{name}, fit", color=COLOURS[3], linewidth=0.9)
    panel.set(xlabel=f"Re Z / {unit}", ylabel=f"−Im Z / {unit}")
    # The arc: the electrode's tail goes on for decades and would press the arc to a point.
    resistance = _arc(circuits, row) / factor
    # A spectrum that is far higher than wide would leave a line of its panel.
    wide, high = float(np.nanmax(real[there])), float(np.nanmax(-imaginary[there]))
    whole = 0 < high < 3 * wide
    panel.set_aspect("equal", adjustable="box" if np.isfinite(resistance) or whole else "datalim")
    if np.isfinite(resistance):
        panel.set_xlim(-0.08 * resistance, 1.8 * resistance)
        panel.set_ylim(-0.08 * resistance, 1.2 * resistance)
    elif whole:
        panel.set_xlim(-0.05 * wide, 1.08 * wide)
        panel.set_ylim(-0.05 * wide, max(1.08 * high, 0.75 * wide))
    _mark_decades(panel, f, real, -imaginary, colour)


def _mark_decades(panel, f: np.ndarray, x: np.ndarray, y: np.ndarray, colour) -> None:
    """Fill the points of whole decades, each with the exponent of its frequency where there is room for it.

    An exponent stands where most of the panel is free about it: in the panel, off the points and off other exponents.
    """
    there = np.isfinite(f)
    (left, right), (low, high) = panel.get_xlim(), panel.get_ylim()
    room = BESIDE * (right - left)
    drawn = np.column_stack([x, y])[there]
    turns = np.arange(16) * np.pi / 8
    directions = np.column_stack([np.cos(turns), np.sin(turns)])
    for exponent in range(int(np.ceil(np.log10(f[there].min()))), int(np.floor(np.log10(f[there].max()))) + 1):
        place = int(np.nanargmin(np.abs(np.log10(np.where(there, f, np.nan)) - exponent)))
        panel.plot(x[place], y[place], marker="o", ms=3, color=colour)
        tried = np.array([x[place], y[place]]) + room * directions
        inside = (tried[:, 0] > left + room) & (tried[:, 0] < right - room)
        inside &= (tried[:, 1] > low + 0.6 * room) & (tried[:, 1] < high - 0.6 * room)
        free = np.where(inside, np.hypot(*(tried[:, None] - drawn).transpose(2, 0, 1)).min(axis=1), 0.0)
        best = int(np.argmax(free))
        if free[best] < 0.85 * room:
            continue
        panel.text(*tried[best], f"$10^{{{exponent}}}$", fontsize=5, ha="center", va="center")
        # The next exponent keeps off this one: twice as far as from a point.
        drawn = np.vstack([drawn, tried[best] + 0.7 * room * np.vstack([directions, [[0.0, 0.0]]])])


def _shown_to(circuits: xarray.Dataset, row: int) -> float:
    """How far the complex plane of a spectrum is shown (ohm)."""
    return float(np.nanmin([1.8 * _arc(circuits, row), _greatest(circuits, row)]))


def _arc(circuits: xarray.Dataset, row: int) -> float:
    """Where the last arc ends (ohm) if the spectrum goes on far beyond it; else NaN."""
    # The total where several resistances are told apart: the first of them may be the smallest arc.
    resistance = float(
        np.max(circuits["resistance"].values[row], initial=0.0, where=circuits["resistance"].values[row] > 0)
    )
    return resistance if 0 < 1.8 * resistance < _greatest(circuits, row) else np.nan


def _greatest(circuits: xarray.Dataset, row: int) -> float:
    """Largest modulus of a spectrum (ohm)."""
    return float(
        np.nanmax(np.hypot(circuits["impedance_real"].values[row], circuits["impedance_imaginary"].values[row]))
    )


def _temperature_colours(temperatures: np.ndarray) -> list:
    order = np.argsort(np.argsort(temperatures, kind="stable"))
    palette = graded(max(len(temperatures), 2))
    return [palette[i] for i in order]


def _key_of_temperatures(plate: Plate, temperatures: np.ndarray) -> None:
    """Say below the panels which colour is which temperature; of many every so many."""
    colours = _temperature_colours(temperatures)
    order = np.argsort(temperatures, kind="stable")
    shown = order[[i for i in evenly(len(order), MOST_KEYED)]]
    handles = [Line2D([], [], color=colours[i], linewidth=1.5, label=f"{temperatures[i]:g} °C") for i in shown]
    plate.figure.legend(handles=handles, loc="outside lower center", ncols=min(len(handles), MOST_KEYED), **CLOSE)


def draw_impedance(validated: xarray.Dataset, circuits: xarray.Dataset, arrhenius: xarray.Dataset, title: str) -> Plate:
    """Six panels: Nyquist near the reference temperature, Bode of all, relaxation times, two residuals, Arrhenius.

    ``validated``, ``circuits`` and ``arrhenius`` are the datasets that the three stages wrote.
    """
    plate = Plate(2, 3, width=PAGE, height=4.6, origin=origin_of(validated, circuits, arrhenius))
    complex_plane, bode, times, residuals, moduli, line = plate.panels
    temperatures = circuits["temperature"].values
    row = _nearest(circuits, float(arrhenius.attrs["reference_temperature"]), circuits["resolved"].values[:, 0])
    nyquist(plate, complex_plane, circuits, row, label=f"{temperatures[row]:g} °C")
    plate.legend(complex_plane)

    phase = bode.twinx()
    for i, colour in enumerate(_temperature_colours(temperatures)):
        f = circuits["frequency"].values[i]
        z = circuits["impedance_real"].values[i] + 1j * circuits["impedance_imaginary"].values[i]
        name = f"{temperatures[i]:g} °C"
        plate.line(bode, f, np.abs(z), label=f"|Z|, {name}", color=colour, linewidth=0.8)
        plate.line(phase, f, np.degrees(np.angle(z)), label=f"phase, {name}", color=colour, linewidth=0.6, ls=":")
        if np.isfinite(circuits["fitted_real"].values[i]).any():
            fit = circuits["fitted_real"].values[i] + 1j * circuits["fitted_imaginary"].values[i]
            plate.line(bode, f, np.abs(fit), label=f"|Z| fit, {name}", color="black", linewidth=0.4)
        for part, marker in (("real", "o"), ("imaginary", "x")):
            plate.points(
                residuals,
                f,
                100 * validated[f"kramers_kronig_{part}"].values[i],
                label=f"{part}, {name}",
                color=colour,
                marker=marker,
                ms=1.5,
                mew=0.4,
            )
    bode.set(xscale="log", yscale="log", xlabel="f / Hz", ylabel="|Z| / Ω (line), fit (black)")
    phase.set_ylabel("phase / ° (dotted)")
    limit = 100 * _limit(validated)
    for sign in (1, -1):
        residuals.axhline(sign * limit, color=GREY, linestyle="--", linewidth=0.6)
    shown = 1.6 * limit
    residuals.set(xscale="log", ylim=(-shown, shown), xlabel="f / Hz", ylabel="Kramers-Kronig residual\n/ % of |Z|")
    residuals.set_title("o real, x imaginary", loc="right", pad=3, fontsize=6)
    relaxation_family(plate, times, circuits)
    for i, colour in enumerate(_temperature_colours(temperatures)):
        off = 100 * validated["z_hit_residual"].values[i]
        if np.isfinite(off).any():
            name = f"{temperatures[i]:g} °C"
            plate.line(moduli, validated["frequency"].values[i], off, label=name, color=colour, linewidth=0.7)
    moduli.set(xscale="log", ylim=(-4 * shown, 4 * shown), xlabel="f / Hz", ylabel="modulus off its phase\n(Z-HIT) / %")
    draw_arrhenius_lines(plate, line, [arrhenius], [""], fontsize=5.5)
    _key_of_temperatures(plate, temperatures)
    plate.figure.suptitle(title, fontsize=8)
    return plate


def relaxation_family(plate: Plate, panel, circuits: xarray.Dataset) -> None:
    """Distributions of relaxation times of all temperatures, each in parts of its largest peak."""
    temperatures, taus = circuits["temperature"].values, circuits["relaxation_time"].values
    for i, colour in enumerate(_temperature_colours(temperatures)):
        gamma = circuits["relaxation_distribution"].values[i]
        # The electrode piles up at the long end; the family is of what lies before it.
        inner = taus < 0.1 * taus[-1]
        if not np.isfinite(gamma).all() or not gamma[inner].max() > 0:
            continue
        name = f"{temperatures[i]:g} °C"
        plate.line(panel, taus, gamma / gamma[inner].max(), label=name, color=colour, linewidth=0.8)
    panel.set(xscale="log", ylim=(-0.05, 1.3), xlabel="τ / s", ylabel="γ(τ) / largest\nbefore the electrode")


def _limit(validated: xarray.Dataset) -> float:
    return float(json.loads(validated.attrs.get("settings", "{}")).get("limit", 0.02))


def draw_arrhenius_lines(
    plate: Plate, panel, found: Sequence[xarray.Dataset], titles: Sequence[str], fontsize: float | None = None
) -> None:
    """ln(sigma T) against 1000/T of samples with their lines; spectra that took no part are hollow."""
    colours = of_order(sum(one.sizes["resistance_name"] for one in found))
    taken = 0
    for number, (one, title) in enumerate(zip(found, titles, strict=True)):
        kelvin = one["temperature"].values + float(one.attrs["celsius_zero"])
        several = one.sizes["resistance_name"] > 1
        for k, name in enumerate(str(n) for n in one["resistance_name"].values):
            label = " ".join(part for part in (title, name if several else "") if part) or "data"
            colour, taken = colours[taken], taken + 1
            sigma, sd = one["conductivity"].values[k], one["conductivity_sd"].values[k]
            used = one["used"].values[k].astype(bool) & np.isfinite(sigma) & (sigma > 0)
            other = ~used & np.isfinite(sigma) & (sigma > 0)
            style = {"color": colour, "marker": MARKERS[(number + k) % len(MARKERS)]}
            with np.errstate(divide="ignore", invalid="ignore"):
                y, y_sd = np.log(sigma * kelvin), sd / sigma
            plate.points(panel, 1000 / kelvin[used], y[used], y_sd=y_sd[used], label=label, **style)
            if other.any():
                plate.points(
                    panel, 1000 / kelvin[other], y[other], label=f"{label}, left out", **style | HOLLOW | {"ms": 4.5}
                )
            form = {"form": "sigma_T", "weighting": str(one.attrs["weighting"])}
            energy = float(one["activation_energy_by_form"].sel(form).values[k])
            intercept = float(one["ln_prefactor_by_form"].sel(form).values[k])
            if np.isfinite(energy) and used.any():
                ends = np.array([kelvin[used].min(), kelvin[used].max()])
                plate.line(
                    panel,
                    1000 / ends,
                    intercept - energy / (BOLTZMANN * ends),
                    label=f"{label}, E$_a$ = {_energy(one, k)} eV",
                    color=colour,
                )
    panel.set(xlabel="1000 K / T", ylabel="ln(σT / S K cm$^{-1}$)")
    # A line and its points share colour and name: the points' entry, with the line's energy, stands for both.
    handles, labels = panel.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))
    energies = {label.rsplit(", E$_a$", 1)[0]: label for label in labels if ", E$_a$" in label}
    shown = {
        energies.get(label, label): handle
        for label, handle in named.items()
        if ", E$_a$" not in label and not label.endswith(", left out")
    }
    if any(label.endswith(", left out") for label in named):
        shown["left out"] = Line2D(
            [], [], linestyle="", marker="o", color=GREY, ms=4.5, mfc=HOLLOW["mfc"], mew=HOLLOW["mew"]
        )
    panel.legend(list(shown.values()), list(shown), fontsize=fontsize, labelspacing=0.3)


def _energy(one: xarray.Dataset, k: int) -> str:
    sd = float(one["activation_energy_sd"].values[k])
    return with_uncertainty(float(one["activation_energy"].values[k]), sd, 3)


def draw_arrhenius(found: Sequence[xarray.Dataset], titles: Sequence[str]) -> Plate:
    """Arrhenius lines of several samples in one panel."""
    wide = len(found) > 4
    plate = Plate(width=PAGE if wide else COLUMN, height=3.4 if wide else 2.8, origin=origin_of(*found))
    draw_arrhenius_lines(plate, plate.panels[0], found, titles)
    return plate


def draw_nyquist(found: Sequence[xarray.Dataset], titles: Sequence[str], *, temperature: float = 25.0) -> Plate:
    """Spectra of several samples near one temperature (degC) with their fits, a panel each."""
    columns = min(len(found), 3 if len(found) <= 15 else 4)
    rows = -(-len(found) // columns)
    width = PAGE if columns > 1 else COLUMN
    plate = Plate(rows, columns, width=width, height=0.2 + 2.1 * rows, origin=origin_of(*found))
    for panel, one, title in zip(plate.panels, found, titles, strict=False):
        row = _nearest(one, temperature, one["resolved"].values[:, 0])
        label = f"{title}, {one['temperature'].values[row]:g} °C"
        nyquist(plate, panel, one, row, label=label)
        panel.set_title(label, loc="right", pad=3, fontsize=6.5)
    for panel in plate.panels[len(found) :]:
        panel.set_axis_off()
        panel.set_title("", loc="left")
    return plate
