"""Observed and calculated G(r) with their difference; parameters along several fits."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray

from coherion.figures.plate import COLOURS, GREY, MOST, PAGE, Plate
from coherion.figures.readings import draw_readings

#: Most data sets of one refinement that a page has room for.
MOST_SETS = 3


def observed_points(fit: xarray.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """r (angstrom) and observed G(r) at the points that were fitted: the independent ones, pi / Qmax apart."""
    return fit["fitted_r"].values, fit["fitted_observed"].values


def further_fits(fit: xarray.Dataset) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Of each data set beside the first: what it is and its Rw in words, r (angstrom), observed and calculated G(r).

    They stand at the points that were fitted, pi / Qmax apart.
    """
    if "joint_set" not in fit:
        return
    told = json.loads(fit.attrs["data_sets"])
    of_set, columns = fit["joint_set"].values, [fit[f"joint_{name}"].values for name in ("r", "observed", "calculated")]
    for number in np.unique(of_set).astype(int):
        own, here = told[number - 1], of_set == number
        kind = {"xray": "X-rays", "neutron": "neutrons"}[own["radiation"]]
        words = f"{own['file']}, {kind}, Qmax {own['qmax']:g} Å⁻¹"
        r, observed, calculated = (column[here] for column in columns)
        yield f"{words}, Rw = {100 * own['rw']:.1f} %", r, observed, calculated


def draw_refinement(fit: xarray.Dataset, title: str, widths: xarray.Dataset | None = None) -> Plate:
    """Observed points (those that were fitted), calculated line and, below, the difference; beside it size and strain.

    The second panel stands where size and strain were read in several ways; below are further data sets that were
    refined together with the first.

    ``fit`` is a dataset that :func:`coherion.refinement.recipe.run_recipe` led to: ``observed``, ``calculated`` and
    ``difference`` against ``r``, and the attribute ``rw``. ``widths`` is what the reflections say of size and strain.
    """
    read = fit.sizes.get("reading", 0) > 1
    columns, further = 2 if read else 1, list(further_fits(fit))
    rows = 1 + len(further[: MOST_SETS - 1])
    ratios = {"width_ratios": (2.2, 1.0) if read else (1.0,)}
    plate = Plate(rows, columns, width=PAGE, height=2.6 * rows, origin=fit.attrs["origin"], gridspec_kw=ratios)
    if read:
        draw_readings(plate, plate.panels[1], fit, widths)
        for blank in plate.panels[3::2]:
            blank.set_axis_off()
    of_all = "all data sets " if further else ""
    title = f"{title}, {of_all}$R_w$ = {100 * fit.attrs['rw']:.1f} %".removeprefix(", ")
    r, observed, calculated = (fit[name].values for name in ("r", "observed", "calculated"))
    _draw_fit(plate, plate.panels[0], title, r, observed, calculated, observed_points(fit))
    for panel, (words, r, observed, calculated) in zip(plate.panels[columns::columns], further, strict=False):
        _draw_fit(plate, panel, words, r, observed, calculated, (r, observed))
    return plate


def _draw_fit(
    plate: Plate,
    panel: Any,
    title: str,
    r: np.ndarray,
    observed: np.ndarray,
    calculated: np.ndarray,
    points: tuple[np.ndarray, np.ndarray],
) -> None:
    difference = observed - calculated
    offset = min(observed.min(), calculated.min()) - 0.12 * np.ptp(observed) - difference.max()
    plate.points(panel, *points, label="observed", color=COLOURS[0], marker="o", ms=2, mew=0)
    plate.line(panel, r, calculated, label="calculated", color=COLOURS[3], linewidth=0.6)
    plate.line(panel, r, difference + offset, label="difference, shifted", color=COLOURS[2], linewidth=0.6)
    panel.axhline(offset, color=GREY, linewidth=0.4)
    panel.set(xlabel="r / Å", ylabel="G(r) / Å$^{-2}$", xlim=(r[0], r[-1]))
    # As high above the panel as the letter of its neighbour.
    panel.set_title(title, pad=3)
    plate.legend(panel, ncols=3)


COLUMNS = 3


def draw_in_turn(rows: Sequence[Mapping[str, Any]], names: Sequence[str], label: str, origin: str) -> Plate:
    """Rw and each parameter with its standard uncertainty, a panel each, the first ones of many.

    Parameters
    ----------
    rows, names
        As :func:`coherion.refinement.in_turn.rows_in_turn` makes them, and the parameters to show.
    label
        Of the abscissa.
    origin
        ``measured`` or ``simulated``.
    """
    shown = ["rw", *names[: MOST - 1]]
    lines = -(-len(shown) // COLUMNS)
    plate = Plate(lines, COLUMNS, width=PAGE, height=1.7 * lines, origin=origin)
    place = np.array([row["place"] for row in rows], dtype=float)
    for panel, name in zip(plate.panels, shown, strict=False):
        known = np.array([row.get(name) is not None for row in rows])
        value = np.array([row.get(name, np.nan) for row in rows], dtype=float)
        sd = np.array([row.get(f"{name}_sd") or 0.0 for row in rows], dtype=float)
        plate.points(panel, place[known], value[known], y_sd=sd[known], label=name, color=COLOURS[0])
        panel.set(xlabel=label, ylabel="$R_w$" if name == "rw" else name)
    for panel in plate.panels[len(shown) :]:
        panel.set_axis_off()
    return plate
