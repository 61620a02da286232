"""Alerts on the standard: its cell against the certified one, its own grains and strain, what is misfit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from coherion.quality.alert import Alert
from coherion.quality.of_refinement import zero_point_of
from coherion.settings.stages.quality import QualitySettings

if TYPE_CHECKING:
    import xarray

    from coherion.refinement.resolution import Resolution


#: Over ``rw_large``: a model that is another substance's, or has another cell than it could be refined from.
NO_FIT = 2.0


def alerts_of_standard(
    found: Resolution,
    certified: float,
    reduction: xarray.Dataset | None,
    settings: QualitySettings,
    name: str = "",
    samples: Sequence[str] | None = None,
    fit: xarray.Dataset | None = None,
) -> Iterator[Alert]:
    """A standard that is not what its CIF says, whose cell is off the certified one, or that is no standard of widths.

    Parameters
    ----------
    certified
        Its lattice parameter a, angstrom.
    reduction
        Dataset of its reduction, where wavelength, zero point and the weight of each angle come from; None gives no
        remedy.
    name, samples
        Of the standard, and those that have their resolution of it; None where it is the only one of the series.
    fit
        Dataset of its refinement, where the zero point is read; None reads none.
    """
    if found.rw > (limit := NO_FIT * settings.rw_large):
        text = f"the structure of the standard {found.standard} does not describe its scan: Rw {found.rw:.3f}"
        advice = "check the cell and the atoms in its CIF, which scan it is, its background, and the wavelength"
        # What was not found has no zero point, grains or strain.
        yield Alert("A", "standard-misfit", found.rw, "1", limit, "rw", text, advice)
        return
    named = None if samples is None else [name, *samples]
    yield from _cell(found, certified, reduction, settings, named)
    if fit is not None and reduction is not None and "wavelength" in reduction.attrs:
        yield from _zero_point(found, fit, reduction, settings, named)
    yield from _widths(found, settings)


def _cell(
    found: Resolution,
    certified: float,
    reduction: xarray.Dataset | None,
    settings: QualitySettings,
    named: Sequence[str] | None,
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
        zero = _present_zero(reduction)
        advice = (
            f"a zero point of {shift:+.4f} degree in 2theta beside the present one, or a wavelength of "
            f"{wavelength / (1 + off):.6f} in place of {wavelength:.6f} angstrom would mend it, for the samples too: "
            f"write {setting_of('two_theta_zero', f'{zero + shift:.4f}', named)} or "
            f"{setting_of('wavelength', f'{wavelength / (1 + off):.6f}', named)} in the configuration"
        )
    # The same error is in every sample: its cells are off as much.
    yield Alert("B", "standard-cell", off, "1", settings.cell_difference, "a", text, advice)


def _zero_point(
    found: Resolution,
    fit: xarray.Dataset,
    reduction: xarray.Dataset,
    settings: QualitySettings,
    named: Sequence[str] | None,
) -> Iterator[Alert]:
    """The zero point that low and high angles ask for: with one the cell is so uncertain that it may seem right."""
    shift, sd = zero_point_of(fit, float(reduction.attrs["wavelength"]))
    if not (abs(shift) > settings.zero_shift and abs(shift) > settings.significance * sd):
        return
    text = (
        f"angles of the standard {found.standard} are too {'high' if shift > 0 else 'low'} by about {abs(shift):.4f} ± "
        f"{sd:.4f} degree in 2theta: reflections at low and at high angle ask for different cells"
    )
    line = setting_of("two_theta_zero", f"{_present_zero(reduction) + shift:.4f}", named)
    advice = f"where it is the instrument's, the samples have it too: write {line} in the configuration"
    yield Alert("B", "zero-point", shift, "degree", settings.zero_shift, "two_theta_zero", text, advice)


def _present_zero(reduction: xarray.Dataset) -> float:
    """The zero point of 2theta, degree, with which a scan was reduced."""
    return float(json.loads(reduction.attrs.get("settings", "{}")).get("two_theta_zero", 0.0))


def setting_of(key: str, value: str, samples: Sequence[str] | None) -> str:
    """A setting of the reduction as a line of the configuration: of these samples, or of all where None."""
    line = f"reduction: {{{key}: {value}}}"
    if samples is None:
        return line
    return f"per_sample: {{{', '.join(f'{sample}: {{{line}}}' for sample in samples)}}}"


def unused_standard() -> Alert:
    """A standard that was refined and of which no sample has its resolution."""
    text = "no sample takes its resolution from this standard"
    advice = "name it in the column standard of the samples measured with it, or as refinement.resolution_from"
    return Alert("C", "standard-unused", 0, "samples", 1, "standard", text, advice)


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
