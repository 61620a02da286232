"""Alerts on the standard: its cell against the certified one, its own grains and strain, what is misfit."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from coherion.quality.alert import Alert
from coherion.settings.stages.quality import QualitySettings

if TYPE_CHECKING:
    import xarray

    from coherion.refinement.resolution import Resolution


#: Over ``rw_large``: a model that is another substance's, or has another cell than it could be refined from.
NO_FIT = 2.0


def alerts_of_standard(
    found: Resolution, certified: float, reduction: xarray.Dataset | None, settings: QualitySettings
) -> Iterator[Alert]:
    """A standard that is not what its CIF says, whose cell is off the certified one, or that is no standard of widths.

    Parameters
    ----------
    certified
        Its lattice parameter a, angstrom.
    reduction
        Dataset of its reduction, where wavelength and the weight of each angle come from; None gives no remedy.
    """
    if found.rw > (limit := NO_FIT * settings.rw_large):
        text = f"the structure of the standard {found.standard} does not describe its scan: Rw {found.rw:.3f}"
        advice = "check the cell and the atoms in its CIF, which scan it is, its background, and the wavelength"
        # What was not found has no zero point, grains or strain.
        yield Alert("A", "standard-misfit", found.rw, "1", limit, "rw", text, advice)
        return
    yield from _cell(found, certified, reduction, settings)
    yield from _widths(found, settings)


def _cell(
    found: Resolution, certified: float, reduction: xarray.Dataset | None, settings: QualitySettings
) -> Iterator[Alert]:
    """The cell, with the zero point or the wavelength that would mend it."""
    off = found.lattice_parameter / certified - 1
    sd = found.lattice_parameter_sd / certified
    if not (abs(off) > settings.cell_difference and abs(off) > settings.significance * sd):
        return
    text = (
        f"a of the standard {found.standard} is {found.lattice_parameter:.5f} ± {found.lattice_parameter_sd:.5f} "
        f"angstrom, certified {certified:.5f}: off by {1e6 * off:.0f} in a million"
    )
    advice = "check zero point and wavelength"
    if reduction is not None and "wavelength" in reduction.attrs:
        wavelength = float(reduction.attrs["wavelength"])
        shift = zero_of_cell(reduction["q"].values, reduction["reduced_structure_factor"].values, off, wavelength)
        advice = (
            f"a zero point of {shift:+.4f} degree in 2theta beside the present one (two_theta_zero), or a wavelength "
            f"of {wavelength / (1 + off):.6f} in place of {wavelength:.6f} angstrom would mend it"
        )
    # The same error is in every sample: its cells are off as much.
    yield Alert("B", "standard-cell", off, "1", settings.cell_difference, "a", text, advice)


def _widths(found: Resolution, settings: QualitySettings) -> Iterator[Alert]:
    """Grains, strain and misfit of the standard, which pass for the instrument's and go into every sample."""
    inverse, sd = found.grain_inverse_length, found.grain_inverse_length_sd
    if found.grain_gain > settings.aicc_difference and inverse > settings.significance * sd:
        text = (
            f"the standard {found.standard} reads as grains of {1 / inverse:.4g} ± {sd / inverse**2:.2g} angstrom "
            f"(AICc lower by {found.grain_gain:.3g}), which qdamp {found.qdamp:.5f} takes for the instrument's: "
            "lengths of all samples are off, the long ones most"
        )
        advice = "measure a standard of large grains; or the instrument's profile is no Gaussian"
        yield Alert("B", "standard-grains", inverse, "1/angstrom", settings.significance * sd, "qdamp", text, advice)
    slope = math.sqrt(max(found.qslope_squared, 0.0))
    slope_sd = 0.5 * found.qslope_squared_sd / slope if slope > 0 else 0.0
    if slope - settings.significance * slope_sd > settings.standard_slope:
        text = (
            f"the resolution found on {found.standard} grows with {slope:.5f} ± {slope_sd:.2g} of Q, more than a line "
            "or a crystal monochromator spreads it: strain of the standard looks alike, and every sample's strain is "
            "then too small by it"
        )
        advice = "anneal the standard or take another; with multilayer optics raise quality.standard_slope"
        yield Alert("B", "standard-strain", slope, "1", settings.standard_slope, "qslope_squared", text, advice)
    if found.rw > settings.rw:
        text = f"Rw of the standard {found.standard} is {found.rw:.3f}"
        advice = "its qdamp and qslope_squared are those of a poor fit: look at its reduction and structure"
        yield Alert("B", "standard-misfit", found.rw, "1", settings.rw, "rw", text, advice)


def zero_of_cell(q: np.ndarray, reduced: np.ndarray, off: float, wavelength: float) -> float:
    """The error of the angles 2theta, degree, that puts a refined cell off by a relative amount.

    An error e moves Q by (2 pi/lambda) cos(theta) e; least squares for the cell, a <- a (1 + off), makes of it
    off = -e sum(F'^2 Q (2 pi/lambda) cos theta) / sum(F'^2 Q^2).

    Parameters
    ----------
    q, reduced
        1/angstrom each, shape (n,).
    wavelength
        Angstrom.
    """
    slope = np.gradient(reduced, q)
    cosine = np.sqrt(np.clip(1 - (q * wavelength / (4 * np.pi)) ** 2, 0.0, 1.0))
    moved = float(np.sum(slope**2 * q * 2 * np.pi / wavelength * cosine))
    return float(np.degrees(-off * np.sum((slope * q) ** 2) / moved))
