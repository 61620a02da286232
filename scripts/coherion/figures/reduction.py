"""What became of one scan: intensities with their background, S(Q), F(Q) and G(r)."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import xarray

from coherion.data.contract.units import unit_in_print
from coherion.figures.plate import COLOURS, GREY, PAGE, Plate

#: What the least value of S(Q) is called: it is far below zero where atoms differ much, as those of LaB6 do.
LEAST = "least: 1 - ⟨f²⟩/⟨f⟩²"


def envelope_guide(r: np.ndarray, pdf: np.ndarray, *, start: float = 4.0, window: float = 4.0) -> tuple[float, float]:
    """Amplitude (1/angstrom^2) and length (angstrom) of the exponential through the extremes of G(r).

    A guide to the eye, and no measurement: the highest ``|G|`` of each window of
    ``window`` angstrom beyond ``start``, their logarithms joined by a straight line in r, weighted by the height:
    where the signal has sunk into the noise the logarithm says nothing.
    """
    edges = np.arange(start, r[-1], window)
    tops = []
    for low, high in itertools.pairwise(edges):
        inside = (r >= low) & (r < high)
        if inside.any():
            top = np.argmax(np.abs(pdf[inside]))
            tops.append((r[inside][top], abs(pdf[inside][top])))
    at, height = np.array(tops).T
    slope, intercept = np.polyfit(at, np.log(np.maximum(height, 1e-300)), 1, w=height)
    return float(np.exp(intercept)), float(-1 / slope) if slope < 0 else np.inf


def draw_reduction(reduced: xarray.Dataset, title: str) -> Plate:
    """Four panels: I(Q) with background, S(Q), F(Q) and G(r) with bands of one standard uncertainty.

    ``reduced`` is a dataset that :func:`coherion.scattering.reduction.reduce_scan` made.
    """
    plate = Plate(2, 2, width=PAGE, height=4.6, origin=reduced.attrs["origin"])
    intensities, structure, reduced_structure, pair_distribution = plate.panels
    q, r = reduced["q"].values, reduced["r"].values
    unit = unit_in_print(reduced["intensity"].attrs["units"])

    plate.line(intensities, q, reduced["intensity"], label="sample", color=COLOURS[0])
    if "background" in reduced and float(np.abs(reduced["background"]).max()) > 0:
        plate.line(intensities, q, reduced["background"], label="background, scaled", color=COLOURS[1], linestyle="--")
        plate.line(
            intensities, q, reduced["intensity_net"], label="difference, corrected", color=COLOURS[2], linewidth=0.7
        )
    intensities.set(xlabel="Q / Å$^{-1}$", ylabel=f"I / {unit}")
    intensities.legend()

    panels = (
        (structure, "structure_factor", "S(Q)"),
        (reduced_structure, "reduced_structure_factor", "F(Q) / Å$^{-1}$"),
    )
    for panel, name, label in panels:
        plate.line(panel, q, reduced[name], band=reduced.get(f"{name}_sd"), label=label[:4], color=COLOURS[0])
        if name == "structure_factor" and "structure_factor_least" in reduced:
            least = reduced["structure_factor_least"]
            plate.line(panel, q, least, label=LEAST, color=COLOURS[1], linestyle="--", linewidth=0.8)
            panel.legend()
        panel.axhline(1.0 if name == "structure_factor" else 0.0, color=GREY, linewidth=0.5)
        panel.axvline(float(reduced.attrs["qmax"]), color=GREY, linewidth=0.7, linestyle=":")
        panel.set(xlabel="Q / Å$^{-1}$", ylabel=label)

    pdf = reduced["pdf"].values
    drawn = plate.line(
        pair_distribution, r, pdf, band=reduced.get("pdf_sd"), label="G(r)", color=COLOURS[0], linewidth=0.7
    )
    drawn.set_rasterized(len(r) > 20_000)
    amplitude, length = envelope_guide(r, pdf)
    guide = amplitude * np.exp(-r / length)
    far = r > 2
    for sign, label in ((1, "guide to the eye"), (-1, "guide to the eye, lower")):
        style: dict[str, Any] = {"color": GREY, "linestyle": "--", "linewidth": 0.8}
        plate.line(pair_distribution, r[far], sign * guide[far], label=label, **style)
    top = 1.15 * np.abs(pdf[far]).max() if far.any() else None
    pair_distribution.set(xlabel="r / Å", ylabel="G(r) / Å$^{-2}$", xlim=(0, r[-1]))
    if top:
        pair_distribution.set_ylim(-top, top)
    plate.figure.suptitle(title, fontsize=8)
    return plate
