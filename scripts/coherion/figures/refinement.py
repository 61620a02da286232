"""Observed and calculated G(r) with their difference, as in Fig. 2 of the paper."""

from __future__ import annotations

import numpy as np
import xarray

from coherion.figures.plate import COLOURS, GREY, PAGE, Plate
from coherion.figures.readings import draw_readings


def observed_points(fit: xarray.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """r (angstrom) and observed G(r) at the points that were fitted: the independent ones, pi / Qmax apart."""
    return fit["fitted_r"].values, fit["fitted_observed"].values


def draw_refinement(fit: xarray.Dataset, title: str, widths: xarray.Dataset | None = None) -> Plate:
    """Observed points (those that were fitted), calculated line and, below, the difference; beside it size and strain.

    The second panel stands where size and strain were read in several ways.

    ``fit`` is a dataset that :func:`coherion.refinement.recipe.run_recipe` led to: ``observed``, ``calculated`` and
    ``difference`` against ``r``, and the attribute ``rw``. ``widths`` is what the reflections say of size and strain.
    """
    read = "reading_name" in fit
    ratios = {"width_ratios": (2.2, 1.0) if read else (1.0,)}
    plate = Plate(1, 2 if read else 1, width=PAGE, height=2.6, origin=fit.attrs["origin"], gridspec_kw=ratios)
    panel = plate.panels[0]
    if read:
        draw_readings(plate, plate.panels[1], fit, widths)
    r, observed, calculated = fit["r"].values, fit["observed"].values, fit["calculated"].values
    span = np.ptp(observed)
    offset = min(observed.min(), calculated.min()) - 0.12 * span - fit["difference"].values.max()
    plate.points(panel, *observed_points(fit), label="observed", color=COLOURS[0], marker="o", ms=2, mew=0)
    plate.line(panel, r, calculated, label="calculated", color=COLOURS[3], linewidth=0.6)
    plate.line(
        panel, r, fit["difference"].values + offset, label="difference, shifted", color=COLOURS[2], linewidth=0.6
    )
    panel.axhline(offset, color=GREY, linewidth=0.4)
    title = f"{title}, $R_w$ = {100 * fit.attrs['rw']:.1f} %".removeprefix(", ")
    panel.set(xlabel="r / Å", ylabel="G(r) / Å$^{-2}$", xlim=(r[0], r[-1]), title=title)
    panel.legend(ncols=3, loc="upper center")
    return plate
