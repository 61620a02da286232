"""Spectra of one sample by temperature with their fits and tests, relaxation times, and its Arrhenius lines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.constants import BOLTZMANN
from coherion.figures.theme import graded
from coherion.page.blocks import GREY, INK, PALETTE, Block, axis, facts, half, measured, number, plot, points, table
from coherion.page.encode import plain
from coherion.page.run_files import settings_of

if TYPE_CHECKING:
    import xarray

_F = "f / Hz"


def names_of(spectra: xarray.Dataset) -> list[str]:
    """What each spectrum is called: its temperature, and its cycle where a temperature comes twice."""
    temperatures = [f"{t:g} °C".replace("-", "−") for t in spectra["temperature"].values]
    if len(set(temperatures)) == len(temperatures):
        return temperatures
    cycles = spectra["cycle"].values if "cycle" in spectra else range(1, len(temperatures) + 1)
    named = [f"{t}, cycle {c}" for t, c in zip(temperatures, cycles, strict=True)]
    if len(set(named)) == len(named):
        return named
    return [f"{name} ({i + 1})" for i, name in enumerate(named)]


def _colours(spectra: xarray.Dataset) -> list[str]:
    temperatures = spectra["temperature"].values
    order = np.argsort(np.argsort(temperatures, kind="stable"))
    palette = graded(max(len(temperatures), 2))
    return ["#" + "".join(f"{round(255 * part):02x}" for part in palette[i]) for i in order]


def spectra_blocks(circuits: xarray.Dataset, reference: float | None) -> Iterator[Block]:
    """Nyquist and Bode with fits and residuals, and relaxation times, by temperature.

    ``reference`` (degC) is the temperature that is shown first.
    """
    names, colours = names_of(circuits), _colours(circuits)
    nearest = 0
    if reference is not None and names:
        nearest = int(np.argmin(np.abs(circuits["temperature"].values - reference)))
    nyquist: list[dict[str, Any]] = []
    bode: list[dict[str, Any]] = []
    residuals: list[dict[str, Any]] = []
    for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
        f = circuits["frequency"].values[i]
        there = np.isfinite(f)
        order = np.flatnonzero(there)[np.argsort(f[there])]
        f = f[order]
        z = (circuits["impedance_real"].values[i] + 1j * circuits["impedance_imaginary"].values[i])[order]
        fit = (circuits["fitted_real"].values[i] + 1j * circuits["fitted_imaginary"].values[i])[order]
        kept = circuits["kept"].values[i].astype(bool)[order]
        fitted = np.isfinite(fit)
        said = [f"{value:.4g} Hz" for value in f]
        own: dict[str, Any] = {"choice": name, "legendgroup": name}
        for chosen, label, style in (
            (kept, name, {"symbol": "circle-open", "line": {"width": 1.4}}),
            (~kept, f"{name}, left out", {"symbol": "x-thin", "line": {"width": 1.4, "color": colour}}),
        ):
            if chosen.any():
                texts = [text for text, one in zip(said, chosen, strict=True) if one]
                nyquist.append(points(z.real[chosen], -z.imag[chosen], label, colour, marker=style, text=texts, **own))
                more: dict[str, Any] = {"showlegend": bool(chosen is kept)}
                bode.append(points(f[chosen], np.abs(z)[chosen], label, colour, marker=style, size=5, **own, **more))
                phase = -np.degrees(np.angle(z[chosen]))
                shown = own | {"showlegend": False, "yaxis": "y2"}
                bode.append(points(f[chosen], phase, f"{label}, phase", colour, marker=style, size=5, **shown))
        if fitted.any():
            bare = {
                "type": "scatter",
                "mode": "lines",
                "line": {"color": INK, "width": 1.2},
                "showlegend": False,
                **own,
            }
            fit, at = fit[fitted], f[fitted]
            # A circuit's impedance has no corners between the points measured.
            smooth = {"line": bare["line"] | {"shape": "spline"}}
            nyquist.append(bare | smooth | {"x": plain(fit.real), "y": plain(-fit.imag), "name": f"{name}, fit"})
            bode.append(bare | {"x": plain(at), "y": plain(np.abs(fit)), "name": f"{name}, fit"})
            turned = plain(-np.degrees(np.angle(fit)))
            bode.append(bare | {"x": plain(at), "y": turned, "yaxis": "y2", "name": f"{name}, phase of the fit"})
            off = 100 * (z[fitted] - fit) / np.abs(fit)
            for part, values, symbol in (("real", off.real, "circle"), ("imaginary", off.imag, "x")):
                label = f"{name}, {part}"
                residuals.append(
                    points(at, values, label, colour, size=5, symbol=symbol, choice=name, legendgroup=name)
                )
    if not names:
        return
    chosen = {"choices": names, "chosen": names[nearest]}
    yield plot(
        "nyquist",
        "Nyquist",
        nyquist,
        {
            "xaxis": axis("Re Z / Ω", exponentformat="SI"),
            "yaxis": axis("−Im Z / Ω", scaleanchor="x", exponentformat="SI"),
        },
        note="Black: the circuit. Point at a mark for its frequency; crosses were left out.",
        height=430,
        windows=_windows(circuits, names),
        **chosen,
    )
    yield plot(
        "bode",
        "Bode",
        bode,
        {
            "xaxis": axis(_F, type="log", anchor="y2", exponentformat="power", dtick=1),
            "yaxis": axis("|Z| / Ω", type="log", domain=[0.42, 1.0], exponentformat="power", dtick=1),
            "yaxis2": axis("−phase / °", domain=[0.0, 0.36]),
        },
        height=430,
        **chosen,
    )
    if residuals:
        yield plot(
            "residuals",
            "Residuals of the circuit",
            residuals,
            {"xaxis": axis(_F, type="log", exponentformat="power", dtick=1), "yaxis": axis("(Z − fit) / |fit| / %")},
            note="Dots: real part; crosses: imaginary part.",
            height=330,
            **chosen,
        )
    relaxation = list(_relaxation(circuits, names, colours))
    if relaxation:
        yield plot(
            "relaxation_times",
            "Distribution of relaxation times",
            relaxation,
            {
                "xaxis": axis("τ / s", type="log", exponentformat="power"),
                "yaxis": axis("γ(τ) / largest", range=[-0.05, 1.25]),
            },
            height=330,
            choices=names,
            chosen="",
        )


def _windows(circuits: xarray.Dataset, names: list[str]) -> dict[str, list[list[float]]]:
    """Where the arc is, of each spectrum that goes on far beyond it: the electrode would press it to a point."""
    found = {}
    for i, name in enumerate(names):
        resistance = float(np.nansum(circuits["resistance"].values[i, 0]))
        greatest = float(
            np.nanmax(np.hypot(circuits["impedance_real"].values[i], circuits["impedance_imaginary"].values[i]))
        )
        if 0 < 1.8 * resistance < greatest:
            found[name] = [[-0.08 * resistance, 1.8 * resistance], [-0.08 * resistance, 1.2 * resistance]]
    return found


def _relaxation(circuits: xarray.Dataset, names: list[str], colours: list[str]) -> Iterator[dict[str, Any]]:
    if "relaxation_distribution" not in circuits:
        return
    taus = circuits["relaxation_time"].values
    # The electrode piles up at the long end; the family is of what lies before it.
    inner = taus < 0.1 * taus[-1]
    for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
        gamma = circuits["relaxation_distribution"].values[i]
        if np.isfinite(gamma).all() and inner.any() and gamma[inner].max() > 0:
            yield {
                "type": "scatter",
                "mode": "lines",
                "x": plain(taus),
                "y": plain(gamma / gamma[inner].max()),
                "name": name,
                "line": {"color": colour, "width": 1.5},
                "choice": name,
            }


def validation_blocks(validated: xarray.Dataset) -> Iterator[Block]:
    """What the Kramers-Kronig test leaves, and how far the modulus is off its phase."""
    names, colours = names_of(validated), _colours(validated)
    limit = 100 * float(settings_of(validated).get("limit", 0.02))
    off: list[dict[str, Any]] = []
    hit: list[dict[str, Any]] = []
    for i, (name, colour) in enumerate(zip(names, colours, strict=True)):
        f = validated["frequency"].values[i]
        there = np.isfinite(f)
        for part, symbol in (("real", "circle"), ("imaginary", "x")):
            values = 100 * validated[f"kramers_kronig_{part}"].values[i]
            fine = there & np.isfinite(values)
            if fine.any():
                label = f"{name}, {part}"
                style: dict[str, Any] = {"size": 4, "symbol": symbol, "choice": name, "legendgroup": name}
                off.append(points(f[fine], values[fine], label, colour, showlegend=part == "real", **style))
        if "z_hit_residual" in validated:
            values = 100 * validated["z_hit_residual"].values[i]
            fine = there & np.isfinite(values)
            if fine.any():
                order = np.argsort(f[fine])
                hit.append(
                    {
                        "type": "scatter",
                        "mode": "lines",
                        "x": plain(f[fine][order]),
                        "y": plain(values[fine][order]),
                        "name": name,
                        "line": {"color": colour, "width": 1.3},
                        "choice": name,
                    }
                )
    x = axis(_F, type="log", exponentformat="power", dtick=1)
    if off:
        lines = [_level(sign * limit) for sign in (1, -1)]
        window = {"range": [-1.8 * limit, 1.8 * limit]}
        yield plot(
            "kramers_kronig",
            "Kramers-Kronig test",
            off,
            {"xaxis": x, "yaxis": axis("residual / % of |Z|", **window), "shapes": lines},
            note="Dots: real part; crosses: imaginary part; dashed: the limit.",
            height=330,
            choices=names,
        )
    if hit:
        yield plot(
            "z_hit",
            "Modulus against its phase (Z-HIT)",
            hit,
            {"xaxis": x, "yaxis": axis("modulus off its phase / %")},
            height=330,
            choices=names,
        )
    rows = []
    for i, name in enumerate(names):
        verdict = str(validated["verdict"].values[i]) if "verdict" in validated else ""
        source = str(validated["source"].values[i]) if "source" in validated else ""
        valid = "yes" if bool(validated["valid"].values[i]) else "no"
        rows.append([name, source, int(validated["points"].values[i]), valid, verdict])
    yield table("Spectra and their test", ["spectrum", "file", "points", "valid", "verdict"], rows, closed=True)


def arrhenius_block(found: xarray.Dataset) -> Iterator[Block]:
    """Conductivities against temperature with their line, for each resistance."""
    kelvin = found["temperature"].values + float(found.attrs["celsius_zero"])
    form = str(found.attrs.get("form", "sigma_T"))
    names = [f"{t:g} °C".replace("-", "−") for t in found["temperature"].values]
    traces: list[dict[str, Any]] = []
    rows: list[tuple[str, Any]] = []
    for k, resistance in enumerate(str(name) for name in found["resistance_name"].values):
        colour = PALETTE[k % len(PALETTE)]
        sigma, sd = found["conductivity"].values[k], found["conductivity_sd"].values[k]
        fine = np.isfinite(sigma) & (sigma > 0)
        used = found["used"].values[k].astype(bool) & fine
        scale = kelvin if form == "sigma_T" else np.ones_like(kelvin)
        with np.errstate(divide="ignore", invalid="ignore"):
            y, y_sd = np.log(sigma * scale), sd / sigma
        for chosen, label, symbol in (
            (used, resistance, "circle"),
            (fine & ~used, f"{resistance}, left out", "circle-open"),
        ):
            if chosen.any():
                texts = [name for name, one in zip(names, chosen, strict=True) if one]
                traces.append(
                    points(
                        1000 / kelvin[chosen], y[chosen], label, colour, y_sd=y_sd[chosen], symbol=symbol, text=texts
                    )
                )
        weighting = str(found.attrs["weighting"])
        chosen_form = {"form": form, "weighting": weighting}
        energy = float(found["activation_energy_by_form"].sel(chosen_form).values[k])
        intercept = float(found["ln_prefactor_by_form"].sel(chosen_form).values[k])
        if np.isfinite(energy) and used.any():
            ends = np.array([kelvin[used].min(), kelvin[used].max()])
            own = float(found["activation_energy"].values[k])
            own_sd = float(found["activation_energy_sd"].values[k])
            traces.append(
                {
                    "type": "scatter",
                    "mode": "lines",
                    "x": plain(1000 / ends),
                    "y": plain(intercept - energy / (BOLTZMANN * ends)),
                    "name": f"line, Eₐ = {number(own, own_sd)} eV",
                    "line": {"color": colour, "width": 1.4},
                }
            )
            rows.append((f"activation energy, {resistance}", f"{number(own, own_sd)} eV"))
            value, error = (float(found[f"conductivity_reference{s}"].values[k]) for s in ("", "_sd"))
            at = f"{float(found.attrs['reference_temperature']):g} °C"
            rows.append((f"conductivity at {at}, {resistance}", f"{number(value, error)} S/cm"))
            rows.append((f"spectra on the line, {resistance}", str(int(found["spectra_used"].values[k]))))
    ordinate = "ln(σT / S K cm⁻¹)" if form == "sigma_T" else "ln(σ / S cm⁻¹)"
    if traces:
        yield plot(
            "arrhenius",
            "Arrhenius line",
            traces,
            {"xaxis": axis("1000 K / T"), "yaxis": axis(ordinate)},
            height=380,
        )
        yield half(facts(rows))


def resistances_block(circuits: xarray.Dataset) -> Block:
    """Resistance and capacitance of each spectrum under its circuit."""
    names = names_of(circuits)
    resistances = [str(name) for name in circuits["resistance_name"].values]
    columns = ["spectrum", "circuit", *(f"R {name} / Ω" for name in resistances)]
    arcs = [str(name) for name in circuits["arc"].values] if "arc" in circuits else []
    columns += [f"C of {arc} / F" for arc in arcs] + ["χ², reduced"]
    rows = []
    for i, name in enumerate(names):
        circuit = str(circuits["fitted_circuit"].values[i]) if "fitted_circuit" in circuits else ""
        row: list[Any] = [name, circuit or str(circuits.attrs.get("circuit", ""))]
        for k in range(len(resistances)):
            value, sd = (float(circuits[f"resistance{s}"].values[i, k]) for s in ("", "_sd"))
            reason = str(circuits["reason"].values[i, k])
            row.append(measured(value, sd) or reason)
        row += [
            measured(*(float(circuits[f"capacitance{s}"].values[i, k]) for s in ("", "_sd"))) for k in range(len(arcs))
        ]
        row.append(measured(float(circuits["reduced_chi_squared"].values[i])))
        rows.append(row)
    told = circuits.attrs.get("resistors")
    note = f"Resistances are sums of: {_resistors(told)}." if told else ""
    return table("Resistances", columns, rows, note=note, closed=True)


def _resistors(told: str) -> str:
    try:
        found = json.loads(told)
        return "; ".join(f"{name}: {' + '.join(parts)}" for name, parts in found.items())
    except (ValueError, AttributeError, TypeError):
        return str(told)


def _level(y: float) -> dict:
    dash = {"color": GREY, "width": 1, "dash": "dash"}
    return {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": dash}
