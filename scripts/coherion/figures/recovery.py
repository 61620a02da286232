"""What the analysis found in the simulated series against what is true in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from coherion.data.contract.names import name_in_print
from coherion.figures.plate import COLOURS, GREY, MARKERS, MOST_UPRIGHT, PAGE, SLANTED, Plate, evenly

Row = Mapping[str, str]


def _numbers(rows: Sequence[Row], column: str) -> np.ndarray:
    return np.array([float(row[column]) for row in rows])


def _share(rows: Sequence[Row]) -> str:
    pulls = np.abs(_numbers(rows, "pull"))
    return f"{len(rows)}: {100 * np.mean(pulls <= 1):.0f} % within 1σ, {100 * np.mean(pulls <= 2):.0f} % within 2σ"


def _bands(panel, *, along: str = "y") -> None:
    """Shade one and two standard uncertainties."""
    span = panel.axhspan if along == "y" else panel.axvspan
    for reach, shade in ((2, 0.92), (1, 0.84)):
        span(-reach, reach, color=str(shade), linewidth=0, zorder=0)


def draw_recovery(rows: Sequence[Row]) -> Plate:
    """Pulls of structural parameters, resistances, activation energies and conductivities; lengths against truth.

    ``rows`` is the table that ``measure_recovery`` wrote, as text. Rows with a reason in ``left_out`` are drawn in
    grey and do not count in the shares.
    """
    plate = Plate(2, 2, width=PAGE, height=5.6, origin="simulated", width_ratios=(1, 1), height_ratios=(1.5, 1))
    structure, length, resistance, transport = plate.panels
    of = {topic: [row for row in rows if row["topic"] == topic] for topic in {row["topic"] for row in rows}}
    of["structure"] = of.get("structure", []) + of.get("microstrain", [])
    if found := of.get("structure"):
        _draw_structure(plate, structure, found)
    if found := of.get("coherence length"):
        _draw_lengths(plate, length, found)
    if found := of.get("resistance"):
        _draw_resistances(plate, resistance, found)
    if found := of.get("transport"):
        _draw_transport(plate, transport, found)
    return plate


def _draw_structure(plate: Plate, panel, rows: Sequence[Row]) -> None:
    quantities = list(dict.fromkeys(row["quantity"] for row in rows))
    counted = [row for row in rows if not row["left_out"]]
    _bands(panel, along="x")
    for name, chosen, colour in (
        ("counted", counted, COLOURS[0]),
        ("left out of the series", [row for row in rows if row["left_out"]], GREY),
    ):
        if chosen:
            place = np.array([quantities.index(row["quantity"]) for row in chosen], float)
            # Samples a little apart, so that equal pulls do not hide one another.
            _, order = np.unique([row["sample"] for row in chosen], return_inverse=True)
            place += 0.5 * (order - order.mean()) / max(order.max(), 1)
            pulls = np.clip(_numbers(chosen, "pull"), -6, 6)
            plate.points(
                panel, pulls, place, label=name, names=[r["sample"] for r in chosen], color=colour, marker=".", ms=3
            )
    panel.set(
        xlabel="(found - true) / σ, cut at ±6",
        yticks=range(len(quantities)),
        yticklabels=[name_in_print(name) for name in quantities],
        ylim=(len(quantities) - 0.5, -0.5),
        xlim=(-6.3, 6.3),
    )
    panel.tick_params(axis="y", labelsize=5.5)
    panel.set_title(f"structure, {_share(counted)}", fontsize=6.5, loc="right")


def _draw_lengths(plate: Plate, panel, rows: Sequence[Row]) -> None:
    true, found, sd = (_numbers(rows, column) for column in ("true", "found", "found_sd"))
    left_out = np.array([bool(row["left_out"]) for row in rows])
    names = np.array([row["sample"] for row in rows])
    # Where one phase cannot describe the sample its length says nothing and would flatten all others.
    shown = ~left_out
    plate.points(
        panel,
        true[shown],
        100 * (found / true - 1)[shown],
        y_sd=(100 * sd / true)[shown],
        label="coherence length",
        names=list(names[shown]),
        color=COLOURS[1],
        marker=MARKERS[1],
    )
    panel.axhline(0, color=GREY, linewidth=0.6)
    reach = 1.6 * np.max(np.abs(100 * (found / true - 1)) + 100 * sd / true, where=shown, initial=0.1)
    panel.set(xlabel="true coherence length / Å", ylabel="found - true / %", ylim=(-reach, reach))
    panel.set_title(f"lengths, {_share([r for r in rows if not r['left_out']])}", fontsize=6.5, loc="right")


def _draw_resistances(plate: Plate, panel, rows: Sequence[Row]) -> None:
    _bands(panel)
    for number, name in enumerate(dict.fromkeys(row["quantity"] for row in rows)):
        chosen = [row for row in rows if row["quantity"] == name]
        pulls = np.clip(_numbers(chosen, "pull"), -6, 6)
        plate.points(
            panel,
            _numbers(chosen, "temperature_C"),
            pulls,
            label=name,
            names=[row["sample"] for row in chosen],
            color=COLOURS[2 + number],
            marker=MARKERS[number],
            ms=3,
            mfc="none",
        )
    panel.set(xlabel="T / °C", ylabel="(found - true) / σ, cut at ±6", ylim=(-6.5, 6.5))
    steady = [row for row in rows if row["quantity"] == "R"]
    panel.set_title(f"R, steady, {_share(steady)}", fontsize=6.5, loc="right")
    panel.legend(loc="lower right")


def _draw_transport(plate: Plate, panel, rows: Sequence[Row]) -> None:
    samples = {name: number for number, name in enumerate(dict.fromkeys(row["sample"] for row in rows))}
    _bands(panel)
    for number, name in enumerate(dict.fromkeys(row["quantity"] for row in rows)):
        chosen = [row for row in rows if row["quantity"] == name]
        places = np.array([samples[row["sample"]] for row in chosen]) + 0.16 * (number - 0.5)
        plate.points(
            panel,
            places,
            _numbers(chosen, "pull"),
            label=name_in_print(name),
            names=[row["sample"] for row in chosen],
            color=COLOURS[4 + number],
            marker=MARKERS[2 + number],
        )
    panel.set(ylabel="(found - true) / σ", ylim=(-5, 5))
    # Of many samples some are named; the points are those of all.
    named = evenly(len(samples))
    names = [list(samples)[i] for i in named]
    panel.set_xticks(named, names, **(SLANTED if len(names) > MOST_UPRIGHT else {}))
    panel.set_title(f"transport, {_share(rows)}", fontsize=6.5, loc="right")
    panel.legend(loc="lower right", ncols=2)
