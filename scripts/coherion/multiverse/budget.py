"""What the error of each main number is made of: counts, choice of model, geometry, temperature, choices of analysis.

counts
    What the data leave uncertain under one model: of G(r) under one reading, of the resistance in one circuit; of the
    activation energy its stated error.
model
    The choice of a reading of the damping; of a circuit; of the form and the weights of the Arrhenius line (standard
    deviation between the four).
geometry, temperature
    Of the pellet, and of the spectrum nearest to the reference temperature.
choices
    Spread between analyses under other choices (:mod:`coherion.multiverse.results`), where they were run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray

from coherion.figures.plate import COLOURS, MARKERS, MOST, PAGE, Plate
from coherion.statistics.series import Missing, Series

SOURCES = ("counts", "model", "geometry", "temperature", "choices")
#: Main numbers, and what their panels are headed.
NUMBERS: Mapping[str, str] = {
    "coherence_length": "coherence length",
    "conductivity": "conductivity",
    "activation_energy": "activation energy",
}
Row = dict[str, Any]


def budget_rows(
    series: Series, arrhenius: Mapping[str, xarray.Dataset], spreads: Sequence[Mapping[str, str]], resistance: str
) -> Iterator[Row]:
    """A row for each main number of each sample that has it, all parts in the number's unit.

    Parameters
    ----------
    arrhenius
        What fit_arrhenius wrote, by sample.
    spreads
        Rows of the multiverse's table of quantities; none where it was not run.
    resistance
        Which resistance the conductivity comes from.
    """
    between = {(row["quantity"], row["sample"]): float(row["between_sd"]) for row in spreads if row["between_sd"]}
    for quantity in NUMBERS:
        try:
            values, stated = series.numbers(quantity), series.errors(quantity)
        except Missing:
            continue
        for k, sample in enumerate(series.texts("sample")):
            if not np.isfinite(values[k]):
                continue
            value = float(values[k])
            parts = _parts(quantity, value, float(stated[k]), k, series, arrhenius.get(sample), resistance)
            row: Row = {"quantity": quantity, "sample": sample, "value": value, "stated_sd": float(stated[k])}
            yield row | parts | {"choices": between.get((quantity, sample))}


def _parts(
    quantity: str,
    value: float,
    stated: float,
    row: int,
    series: Series,
    arrhenius: xarray.Dataset | None,
    resistance: str,
) -> Row:
    if quantity == "coherence_length":
        column = series.names[quantity]
        try:
            counts, model = (float(series.numbers(f"{column}_sd_{part}")[row]) for part in ("counts", "reading"))
        except Missing:
            return {"counts": stated}
        return {"counts": counts, "model": model}
    if arrhenius is None:
        return {"counts": stated}
    names = [str(name) for name in arrhenius["resistance_name"].values]
    k = names.index(resistance) if resistance in names else 0
    if quantity == "activation_energy":
        return {"counts": stated, "model": float(np.std(arrhenius["activation_energy_by_form"].values[k]))}
    away = np.abs(arrhenius["temperature"].values - float(arrhenius.attrs["reference_temperature"]))
    measured = arrhenius["conductivity"].values[k]
    nearest = int(np.argmin(np.where(np.isfinite(measured), away, np.inf)))
    parts = {"counts": "fit", "model": "choice", "geometry": "geometry", "temperature": "temperature"}
    return {
        name: value * float(arrhenius[f"conductivity_{part}_sd"].values[k, nearest] / measured[nearest])
        for name, part in parts.items()
    }


def draw_budget(rows: Sequence[Row], origin: str) -> Plate:
    """Each part of each main number in per cent of it, against the samples."""
    shown = [name for name in NUMBERS if any(row["quantity"] == name for row in rows)]
    plate = Plate(len(shown), 1, width=PAGE, height=0.5 + 1.75 * len(shown), origin=origin)
    for panel, quantity in zip(plate.panels, shown, strict=True):
        own = [row for row in rows if row["quantity"] == quantity][:MOST]
        place = np.arange(len(own), dtype=float)
        for i, source in enumerate(SOURCES):
            part = np.array([np.nan if row.get(source) is None else row[source] for row in own], float)
            percent = 100 * part / np.array([abs(row["value"]) for row in own])
            # What is nothing has no place on a logarithmic scale.
            has = np.isfinite(percent) & (percent > 0)
            if has.any():
                plate.points(
                    panel,
                    place[has] + 0.12 * (i - 2),
                    percent[has],
                    names=[str(row["sample"]) for row, there in zip(own, has, strict=True) if there],
                    label=source,
                    marker=MARKERS[i],
                    color=COLOURS[i],
                )
        panel.set(yscale="log", ylabel=f"{NUMBERS[quantity]}: part / %")
        panel.set_xticks(place, [str(row["sample"]) for row in own], rotation=45 if len(own) > 8 else 0)
        panel.margins(y=0.25)
        panel.set_xlim(-0.6, len(own) - 0.4)
        panel.legend(ncols=5, loc="upper center")
    return plate
