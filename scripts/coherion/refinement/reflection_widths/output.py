"""What the widths of reflections leave behind: a dataset, and in words how they agree with G(r)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from coherion.crystal.cif import with_uncertainty
from coherion.crystal.crystal import Crystal
from coherion.data.contract.diffraction import REFLECTION_WIDTHS
from coherion.errors import InputError
from coherion.refinement.reflection_widths.widths import (
    INSTRUMENT,
    InstrumentProfile,
    ReflectionWidths,
    disagreement,
    instrument_profile,
    sample_widths,
)
from coherion.settings.stages.reflections import ReflectionWidthsSettings

if TYPE_CHECKING:
    import xarray


def read_widths(
    reduced: xarray.Dataset,
    fit: xarray.Dataset,
    refined: Crystal,
    standard: xarray.Dataset,
    certified: Crystal,
    settings: ReflectionWidthsSettings,
    *,
    origin: str,
) -> xarray.Dataset:
    """Size and strain from the reflections of a sample's scan, or why they say nothing: a witness does not end a run.

    Parameters
    ----------
    reduced, standard
        Reductions of the sample and of the standard.
    fit, refined
        Refinement of the sample with one phase, and its structure.
    certified
        Structure of the standard.
    """
    try:
        if len(json.loads(fit.attrs["phases"])) > 1:
            raise InputError("the sample was refined with several phases", advice="widths are read of one phase alone")
        wavelengths = [float(one.attrs.get("wavelength", 0.0)) for one in (standard, reduced)]
        if not min(wavelengths) > 0:
            raise InputError("a reduction knows no wavelength", advice="say reduction.wavelength")
        instrument = instrument_profile(
            certified,
            curve_of(standard),
            wavelengths[0],
            limits=settings.standard_q_range,
            dispersion=dispersion_of(standard),
        )
        read = of_pdf(fit)
        start = {}
        if read is not None and read[0][0] > 0:
            start = {"length": float(1 / read[0][0]), "microstrain_squared": float(max(read[0][1], 0.0))}
        found = sample_widths(
            refined,
            curve_of(reduced),
            wavelengths[1],
            instrument,
            limits=settings.q_range,
            freedom=settings.area_freedom,
            knots=settings.knots,
            dispersion=dispersion_of(reduced),
            **start,
        )
    except InputError as problem:
        return REFLECTION_WIDTHS.dataset({}, {"described": 0, "verdict": f"no witness: {problem}", "origin": origin})
    except np.linalg.LinAlgError as problem:
        verdict = f"no witness: the reflections determine no profile ({problem})"
        return REFLECTION_WIDTHS.dataset({}, {"described": 0, "verdict": verdict, "origin": origin})
    return dataset_of(found, instrument, read, settings.largest_misfit, origin=origin)


def curve_of(reduced: xarray.Dataset) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Q, F(Q) and its standard deviations of a reduction, 1/angstrom, (n,); of even weight where there are none."""
    values = reduced["reduced_structure_factor"].values
    name = "reduced_structure_factor_sd"
    sd = reduced[name].values if name in reduced else np.full(len(values), 0.01 * float(np.std(values)))
    return reduced["q"].values, values, sd


def dispersion_of(reduced: xarray.Dataset) -> dict[str, complex]:
    """f' + i f'' by element that the reduction used."""
    return {key: complex(*pair) for key, pair in json.loads(reduced.attrs.get("dispersion", "{}")).items()}


def of_pdf(fit: xarray.Dataset) -> tuple[np.ndarray, np.ndarray] | None:
    """1/L and e^2 that G(r) gave, (2,), and their covariance (2, 2); None where it read none."""
    if "read_inverse_length" not in fit:
        return None
    values = np.array([float(fit["read_inverse_length"]), float(fit["read_microstrain_squared"])])
    sds = [float(fit["read_inverse_length_sd"]), float(fit["read_microstrain_squared_sd"])]
    covariance = np.diag(np.square(sds))
    covariance[0, 1] = covariance[1, 0] = float(fit["read_covariance"])
    return values, covariance


def size_and_strain(values: np.ndarray, covariance: np.ndarray) -> str:
    """1/L and e^2 as a sentence reads them: L in angstrom, e^2 in 1e-6."""
    inverse, strain = values
    sds = np.sqrt(np.diag(covariance))
    length = with_uncertainty(1 / inverse, sds[0] / inverse**2) if inverse > 2 * sds[0] else "without limit"
    return f"L {length} angstrom, microstrain squared {with_uncertainty(1e6 * strain, 1e6 * sds[1])}e-6"


def dataset_of(
    found: ReflectionWidths,
    instrument: InstrumentProfile,
    read: tuple[np.ndarray, np.ndarray] | None,
    largest_misfit: float,
    *,
    origin: str,
) -> xarray.Dataset:
    """The dataset of what the reflections say; ``read`` is what G(r) says (:func:`of_pdf`)."""
    ours = np.array([found.inverse_length, found.microstrain_squared])
    described = found.converged and found.misfit_factor <= largest_misfit
    verdict = f"reflections: {size_and_strain(ours, found.covariance)}"
    if found.spread:
        verdict += f" (log-normal diameters of spread {found.spread:.2f})"
    gap = None
    if not found.converged:
        verdict += (
            f"; no witness: the fit of their profiles came to no end (misfit {found.misfit_factor:.3g} times the noise)"
        )
    elif not described:
        verdict += (
            f"; no witness: their misfit is {found.misfit_factor:.3g} times the noise, so they are not those of "
            "spheres of the refined phase alone (another phase, another shape, a wrong standard)"
        )
    elif read is None:
        verdict += "; G(r) was not read for size and strain"
    else:
        gap = disagreement(ours, found.covariance, *read)
        verdict += f"; G(r): {size_and_strain(*read)}; {np.sqrt(gap):.2g} standard uncertainties apart"
    sds = np.sqrt(np.diag(found.covariance))
    values = {
        "q": found.q,
        "observed": found.observed,
        "calculated": found.calculated,
        "background": found.background,
        "inverse_length": np.float64(found.inverse_length),
        "inverse_length_sd": np.float64(sds[0]),
        "microstrain_squared": np.float64(found.microstrain_squared),
        "microstrain_squared_sd": np.float64(sds[1]),
        "covariance": np.float64(found.covariance[0, 1]),
        "spread": np.float64(found.spread),
        "zero": np.float64(found.zero),
        "zero_sd": np.float64(found.zero_sd),
        "misfit_factor": np.float64(found.misfit_factor),
        "chi_squared": np.float64(found.chi_squared),
    }
    if gap is not None:
        values["disagreement"] = np.float64(np.sqrt(gap))
    errors = np.sqrt(np.diag(instrument.covariance))
    attributes = dict(
        instrument=json.dumps(dict(zip(INSTRUMENT, instrument.values.tolist(), strict=True))),
        instrument_sd=json.dumps(dict(zip(INSTRUMENT, errors.tolist(), strict=True))),
        reflections=found.reflections,
        described=int(described),
        verdict=verdict,
        origin=origin,
    )
    return REFLECTION_WIDTHS.dataset(values, attributes)
