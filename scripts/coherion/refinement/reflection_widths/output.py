"""What the widths of reflections leave behind: a dataset, and in words how they agree with G(r)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

from coherion.crystal.cif import with_uncertainty
from coherion.data.contract.diffraction import REFLECTION_WIDTHS
from coherion.refinement.reflection_widths.widths import (
    ALERT,
    INSTRUMENT,
    InstrumentProfile,
    ReflectionWidths,
    disagreement,
)

if TYPE_CHECKING:
    import xarray

# With a larger misfit the reflections are not those of the phase, or its domains no spheres: no witness.
LARGEST_MISFIT = 4.0


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
    found: ReflectionWidths, instrument: InstrumentProfile, fit: xarray.Dataset, *, origin: str
) -> tuple[xarray.Dataset, bool]:
    """The dataset, and whether what it says of G(r) is an alert."""
    ours = np.array([found.inverse_length, found.microstrain_squared])
    described = found.converged and found.misfit_factor <= LARGEST_MISFIT
    verdict = f"reflections: {size_and_strain(ours, found.covariance)}"
    if found.spread:
        verdict += f" (log-normal diameters of spread {found.spread:.2f})"
    theirs = of_pdf(fit)
    gap, alert = None, False
    if not described:
        verdict += (
            f"; no witness: their misfit is {found.misfit_factor:.3g} times the noise, so they are not those of "
            "spheres of the refined phase alone (another phase, another shape, a wrong standard)"
        )
    elif theirs is None:
        verdict += "; G(r) was not read for size and strain"
    else:
        gap = disagreement(found, *theirs)
        alert = gap > ALERT
        verdict += (
            f"; G(r): {size_and_strain(*theirs)}; they {'disagree' if alert else 'agree'} (chi-squared {gap:.3g})"
        )
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
        "misfit_factor": np.float64(found.misfit_factor),
        "chi_squared": np.float64(found.chi_squared),
    }
    if gap is not None:
        values["disagreement"] = np.float64(gap)
    errors = np.sqrt(np.diag(instrument.covariance))
    attributes = dict(
        instrument=json.dumps(dict(zip(INSTRUMENT, instrument.values.tolist(), strict=True))),
        instrument_sd=json.dumps(dict(zip(INSTRUMENT, errors.tolist(), strict=True))),
        reflections=found.reflections,
        described=int(described),
        verdict=verdict,
        origin=origin,
    )
    return REFLECTION_WIDTHS.dataset(values, attributes), alert
