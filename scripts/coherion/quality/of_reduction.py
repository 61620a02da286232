"""Alerts on a reduction: intensity below zero, G(r) at distances where no atoms are, and what is missing in it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from coherion.atoms.composition import number_density, parse_formula
from coherion.quality.alert import Alert, Grade
from coherion.quality.of_refinement import values_of
from coherion.refinement.parameters import parse
from coherion.scattering.form_factors import average_form_factors
from coherion.settings.stages.quality import QualitySettings

if TYPE_CHECKING:
    import xarray

# How far below the first rise of the data's G(r) it is still that of no atoms, angstrom, and points a slope wants.
BELOW_RISE, FEWEST = 0.5, 3
# pi/Qmax in angstrom: coarser, neighbouring distances of atoms are one peak.
COARSEST = 0.4


def is_absolute(reduction: xarray.Dataset) -> bool:
    """Whether the scale of S(Q) is one of electrons: from the sum rule, not PDFgetX3's."""
    return str(reduction.attrs.get("normalisation_method")) == "sum_rule"


def alerts_of_reduction(
    reduction: xarray.Dataset, fit: xarray.Dataset | None, settings: QualitySettings
) -> list[Alert]:
    """What is wrong with a reduction.

    Parameters
    ----------
    reduction
        Its dataset.
    fit
        Dataset of the refinement against it, whose scale says how much of the sample the phases are.
    """
    found = [*_resolved(reduction), *_negative(reduction, settings), *_slope(reduction, settings)]
    if fit is not None and is_absolute(reduction):
        found += _share(fit, settings)
    return found


def _resolved(reduction: xarray.Dataset) -> Iterator[Alert]:
    if (alert := coarse(float(reduction.attrs["qmax"]))) is not None:
        yield alert


def coarse(qmax: float) -> Alert | None:
    """What a Qmax (1/angstrom) says of G(r) that does not reach far enough to tell distances of atoms apart."""
    if np.pi / qmax <= COARSEST:
        return None
    text = (
        f"G(r) of Qmax {qmax:g} 1/angstrom resolves {np.pi / qmax:.2g} angstrom: distances nearer to one another are "
        "one peak"
    )
    advice = "is the scan cut short, or are qmax or the wavelength wrong? Shorter wavelengths reach further"
    return Alert("B", "short-qmax", float(np.pi / qmax), "angstrom", COARSEST, "qmax", text, advice)


def _negative(reduction: xarray.Dataset, settings: QualitySettings) -> Iterator[Alert]:
    """S(Q) below 1 - <f^2>/<f>^2, where the coherent intensity would be negative (Faber-Ziman)."""
    composition = str(reduction.attrs.get("composition", ""))
    if not composition or "structure_factor_sd" not in reduction:
        return
    q, sd = reduction["q"].values, reduction["structure_factor_sd"].values
    wavelength = float(reduction.attrs["wavelength"]) if "dispersion" in reduction.attrs else None
    averages = average_form_factors(parse_formula(composition), q, wavelength=wavelength)
    ratio = averages.square_mean / averages.mean_squared
    # With the polynomial again, which is no intensity of the sample; at Q = 0 both are zero.
    measured = reduction["structure_factor"].values + reduction["polynomial"].values / np.where(q > 0, q, 1.0)
    count = min(max(round(settings.negative_band / (q[1] - q[0])), 1), len(q))
    mean = np.full(count, 1.0 / count)
    excess, error, middle, unit = (np.convolve(x, mean, "valid") for x in (measured - (1 - ratio), sd, q, ratio))
    below = -excess - np.maximum(settings.negative_significance * error, settings.negative_share * unit)
    worst = int(np.argmax(below))
    if below[worst] > 0:
        bound = float(np.interp(middle[worst], q, 1 - ratio))
        text = (
            f"S(Q) is {bound + excess[worst]:.3g} around Q {middle[worst]:.3g} 1/angstrom, below {bound:.3g}, "
            "where the intensity would be negative"
        )
        advice = "lower background_scale, or end qmaxinst before the detector's edge"
        grade: Grade = "B" if is_absolute(reduction) else "C"
        limit = float(np.maximum(settings.negative_significance * error, settings.negative_share * unit)[worst])
        place = f"Q {middle[worst]:.3g} 1/angstrom"
        yield Alert(grade, "negative-intensity", float(-excess[worst]), "1", limit, place, text, advice)


def _slope(reduction: xarray.Dataset, settings: QualitySettings) -> Iterator[Alert]:
    """G(r) off -4 pi rho0 r between what the polynomial takes and the first atoms."""
    density = json.loads(reduction.attrs.get("settings", "{}")).get("density")
    if not is_absolute(reduction) or density is None or "pdf_covariance" not in reduction:
        return
    r, g = reduction["r_nyquist"].values, reduction["pdf_nyquist"].values
    low = float(reduction.attrs.get("rpoly", 0.0))
    risen = np.flatnonzero((r > low) & (g > 0))
    if not len(risen):
        return
    inside = (r > low) & (r < r[risen[0]] - BELOW_RISE)
    if np.count_nonzero(inside) < FEWEST:
        return
    x = r[inside]
    response = x / float(x @ x)
    slope = float(response @ g[inside])
    sd = float(np.sqrt(response @ reduction["pdf_covariance"].values[np.ix_(inside, inside)] @ response))
    expected = -4 * np.pi * number_density(parse_formula(str(reduction.attrs["composition"])), density)
    off = slope / expected - 1
    if abs(off) > settings.slope_difference and abs(slope - expected) > 3 * sd:
        text = (
            f"below the first distance G(r) falls with {slope:.3g} ± {sd:.2g} 1/angstrom^3 where the density asks for "
            f"{expected:.3g}"
        )
        advice = "check density, composition and the scale of the background"
        place = f"r {x[0]:.2g} to {x[-1]:.2g} angstrom"
        yield Alert("B", "low-r-slope", off, "1", settings.slope_difference, place, text, advice)


def _share(fit: xarray.Dataset, settings: QualitySettings) -> Iterator[Alert]:
    """The scale of an absolute G(r): the share of the atoms that the phases explain."""
    values, sds = values_of(fit), values_of(fit, "standard_uncertainty_scaled")
    names = [name for name in values if parse(name).symbol == "scale"]
    leading = int(np.argmax(fit["reading_weight"].values)) if "reading_weight" in fit else -1
    if leading >= 0 and str(fit["reading_envelope"].values[leading]) != str(fit.attrs["envelope"]):
        # The data refuse the shape of the fit, whose scale is another.
        scale, of_fit = (float(fit[f"reading_scale{suffix}"].values[leading]) for suffix in ("", "_sd"))
    else:
        scale = sum(values[name] for name in names)
        of_fit = float(np.sqrt(sum(sds[name] ** 2 for name in names if np.isfinite(sds[name]))))
    # No fit knows its scale better than the normalisation does.
    sd = float(np.hypot(of_fit, settings.scale_uncertainty * scale))
    off = scale - 1
    if abs(off) > settings.scale_significance * sd:
        if off < 0:
            text = (
                f"{100 * -off:.0f} ± {100 * sd:.0f} % of the sample is not in the phases, glass of the same "
                f"composition (scale {scale:.3f})"
            )
            advice = "or composition, density, packing and absorption are not those of the sample: check them"
        else:
            text = f"the scale is {scale:.3f} ± {sd:.2f} where the phases can be 1 at most"
            advice = "check composition, density, packing, absorption and background of the reduction"
        yield Alert(
            "B",
            "scale",
            scale,
            "1",
            1 + np.sign(off) * settings.scale_significance * sd,
            ", ".join(names),
            text,
            advice,
        )
