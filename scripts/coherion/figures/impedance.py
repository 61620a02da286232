"""Impedance spectra of one sample with their fits and tests, and its Arrhenius line (Figs. 6a, S8, S9)."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import xarray

from coherion.constants import BOLTZMANN
from coherion.data.netcdf import origin_of
from coherion.figures.plate import COLOURS, GREY, MARKERS, PAGE, Plate
from coherion.figures.theme import graded


def _nearest(spectra: xarray.Dataset, temperature: float, usable: np.ndarray) -> int:
    """Row of the usable spectrum nearest to a temperature (degC); of any spectrum where none is usable."""
    distance = np.abs(spectra["temperature"].values - temperature)
    return int(np.argmin(np.where(usable, distance, distance + 1e6)))


def nyquist(plate: Plate, panel, circuits: xarray.Dataset, row: int, *, colour=COLOURS[0], label: str = "") -> None:
    """One spectrum and its fit in the complex plane, axes of equal scale, whole decades of frequency marked."""
    f = circuits["frequency"].values[row]
    real, imaginary = circuits["impedance_real"].values[row], circuits["impedance_imaginary"].values[row]
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
        order = np.argsort(f[fitted])
        x, y = (
            circuits["fitted_real"].values[row][fitted][order],
            -circuits["fitted_imaginary"].values[row][fitted][order],
        )
        plate.line(panel, x, y, label=f"{name}, fit", color=COLOURS[3], linewidth=0.9)
    # Decades: the filled points, with the exponent of the frequency where there is room for it.
    room = 0.13 * np.nanmin([1.8 * _arc(circuits, row), _greatest(circuits, row)])
    labelled: list[tuple[float, float]] = []
    for exponent in range(int(np.ceil(np.log10(f[there].min()))), int(np.floor(np.log10(f[there].max()))) + 1):
        place = int(np.nanargmin(np.abs(np.log10(np.where(there, f, np.nan)) - exponent)))
        panel.plot(real[place], -imaginary[place], marker="o", ms=3, color=colour)
        here = (real[place], -imaginary[place])
        if all(np.hypot(here[0] - x, here[1] - y) > room for x, y in labelled):
            panel.annotate(f"$10^{{{exponent}}}$", here, (2, 3), textcoords="offset points", fontsize=5)
            labelled.append(here)
    panel.set_aspect("equal", adjustable="datalim")
    panel.set(xlabel="Re Z / Ω", ylabel="-Im Z / Ω")
    panel.ticklabel_format(style="sci", scilimits=(-2, 3))


def _arc(circuits: xarray.Dataset, row: int) -> float:
    """Resistance of the arc (ohm) where the spectrum goes on far beyond it; else NaN."""
    resistance = float(np.nansum(circuits["resistance"].values[row, 0]))
    return resistance if 0 < 1.8 * resistance < _greatest(circuits, row) else np.nan


def _greatest(circuits: xarray.Dataset, row: int) -> float:
    """Largest modulus of a spectrum (ohm)."""
    return float(
        np.nanmax(np.hypot(circuits["impedance_real"].values[row], circuits["impedance_imaginary"].values[row]))
    )


def _nyquist_window(panel, circuits: xarray.Dataset, row: int) -> None:
    """Show the arc: the electrode's tail goes on for decades and would press the arc to a point."""
    resistance = _arc(circuits, row)
    if np.isfinite(resistance):
        panel.set_xlim(-0.08 * resistance, 1.8 * resistance)
        panel.set_ylim(-0.08 * resistance, 1.2 * resistance)


def _temperature_colours(temperatures: np.ndarray) -> list:
    order = np.argsort(np.argsort(temperatures, kind="stable"))
    palette = graded(max(len(temperatures), 2))
    return [palette[i] for i in order]


def draw_impedance(validated: xarray.Dataset, circuits: xarray.Dataset, arrhenius: xarray.Dataset, title: str) -> Plate:
    """Six panels: Nyquist near the reference temperature, Bode of all, relaxation times, two residuals, Arrhenius.

    ``validated``, ``circuits`` and ``arrhenius`` are the datasets that the three stages wrote.
    """
    plate = Plate(2, 3, width=PAGE, height=4.6, origin=origin_of(validated, circuits, arrhenius))
    complex_plane, bode, times, residuals, moduli, line = plate.panels
    temperatures = circuits["temperature"].values
    row = _nearest(circuits, float(arrhenius.attrs["reference_temperature"]), circuits["resolved"].values[:, 0])
    nyquist(plate, complex_plane, circuits, row, label=f"{temperatures[row]:g} °C")
    _nyquist_window(complex_plane, circuits, row)
    complex_plane.legend(loc="upper left")

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
    residuals.set(xscale="log", ylim=(-shown, shown), xlabel="f / Hz", ylabel="Kramers-Kronig residual / % of |Z|")
    residuals.text(0.02, 0.96, "o real, x imaginary", transform=residuals.transAxes, va="top", fontsize=6)
    relaxation_family(plate, times, circuits)
    for i, colour in enumerate(_temperature_colours(temperatures)):
        off = 100 * validated["z_hit_residual"].values[i]
        if np.isfinite(off).any():
            name = f"{temperatures[i]:g} °C"
            plate.line(moduli, validated["frequency"].values[i], off, label=name, color=colour, linewidth=0.7)
    moduli.set(xscale="log", ylim=(-4 * shown, 4 * shown), xlabel="f / Hz", ylabel="modulus off its phase (Z-HIT) / %")
    draw_arrhenius_lines(plate, line, [arrhenius], [""])
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
    panel.set(xscale="log", ylim=(-0.05, 1.3), xlabel="τ / s", ylabel="γ(τ) / largest")


def _limit(validated: xarray.Dataset) -> float:
    return float(json.loads(validated.attrs.get("settings", "{}")).get("limit", 0.02))


def draw_arrhenius_lines(plate: Plate, panel, found: Sequence[xarray.Dataset], titles: Sequence[str]) -> None:
    """ln(sigma T) against 1000/T of samples with their lines; spectra that took no part are hollow."""
    for number, (one, title) in enumerate(zip(found, titles, strict=True)):
        kelvin = one["temperature"].values + float(one.attrs["celsius_zero"])
        several = one.sizes["resistance_name"] > 1
        for k, name in enumerate(str(n) for n in one["resistance_name"].values):
            label = " ".join(part for part in (title, name if several else "") if part) or "data"
            colour = COLOURS[(number + k) % 10]
            sigma, sd = one["conductivity"].values[k], one["conductivity_sd"].values[k]
            used = one["used"].values[k].astype(bool) & np.isfinite(sigma) & (sigma > 0)
            other = ~used & np.isfinite(sigma) & (sigma > 0)
            style = {"color": colour, "marker": MARKERS[(number + k) % len(MARKERS)]}
            with np.errstate(divide="ignore", invalid="ignore"):
                y, y_sd = np.log(sigma * kelvin), sd / sigma
            plate.points(panel, 1000 / kelvin[used], y[used], y_sd=y_sd[used], label=label, **style)
            if other.any():
                plate.points(panel, 1000 / kelvin[other], y[other], label=f"{label}, left out", mfc="none", **style)
            form = {"form": "sigma_T", "weighting": str(one.attrs["weighting"])}
            energy = float(one["activation_energy_by_form"].sel(form).values[k])
            intercept = float(one["ln_prefactor_by_form"].sel(form).values[k])
            if np.isfinite(energy) and used.any():
                ends = np.array([kelvin[used].min(), kelvin[used].max()])
                plate.line(
                    panel,
                    1000 / ends,
                    intercept - energy / (BOLTZMANN * ends),
                    label=f"{label}, E$_a$ = {float(one['activation_energy'].values[k]):.3f} eV",
                    color=colour,
                )
    panel.set(xlabel="1000 K / T", ylabel="ln(σT / S K cm$^{-1}$)")
    # A line and its points share colour and name: the points' entry, with the line's energy, stands for both.
    handles, labels = panel.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))
    energies = {label.rsplit(", E$_a$", 1)[0]: label for label in labels if ", E$_a$" in label}
    shown = {energies.get(label, label): handle for label, handle in named.items() if ", E$_a$" not in label}
    # Beside the panel where it would cover the points.
    outside = {"loc": "center left", "bbox_to_anchor": (1.0, 0.5)} if len(shown) > 6 else {"loc": "best"}
    panel.legend(list(shown.values()), list(shown), **outside)


def draw_arrhenius(found: Sequence[xarray.Dataset], titles: Sequence[str]) -> Plate:
    """Arrhenius lines of several samples in one panel (Figs. 6a and S9)."""
    wide = len(found) > 6
    plate = Plate(width=PAGE * (0.9 if wide else 0.6), height=3.4, origin=origin_of(*found))
    draw_arrhenius_lines(plate, plate.panels[0], found, titles)
    return plate


def draw_nyquist(found: Sequence[xarray.Dataset], titles: Sequence[str], *, temperature: float = 25.0) -> Plate:
    """Spectra of several samples near one temperature (degC) with their fits, a panel each (Fig. S8)."""
    columns = 3 if len(found) > 2 else len(found)
    rows = -(-len(found) // columns)
    plate = Plate(rows, columns, width=PAGE, height=0.2 + 2.1 * rows, origin=origin_of(*found))
    for panel, one, title in zip(plate.panels, found, titles, strict=False):
        row = _nearest(one, temperature, one["resolved"].values[:, 0])
        label = f"{title}, {one['temperature'].values[row]:g} °C"
        nyquist(plate, panel, one, row, label=label)
        _nyquist_window(panel, one, row)
        panel.set_title(label, loc="right", pad=3, fontsize=6.5)
    for panel in plate.panels[len(found) :]:
        panel.set_axis_off()
        panel.set_title("", loc="left")
    return plate
