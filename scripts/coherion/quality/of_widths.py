"""Alerts on size and strain from the widths of reflections, held against those from G(r) of the same scan."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from coherion.quality.alert import Alert, Grade
from coherion.quality.of_refinement import values_of
from coherion.refinement.parameters import parse
from coherion.refinement.reflection_widths.output import of_pdf, size_and_strain
from coherion.refinement.reflection_widths.widths import disagreement
from coherion.settings.stages.quality import QualitySettings

if TYPE_CHECKING:
    import xarray

# Standard deviation of the fourth power of a cosine over the directions of space, (1/9 - 1/25)^(1/2).
OF_DIRECTION = 4.0 / 15.0

Pair = tuple[np.ndarray, np.ndarray]


def alerts_of_widths(found: xarray.Dataset, fit: xarray.Dataset, settings: QualitySettings) -> Iterator[Alert]:
    """Reflections and G(r) that disagree in 1/L and strain beyond both errors, and beyond the readings of G(r).

    Of grade C where a reading that the data allow agrees with the reflections, so that the choice of the reading is
    what is in doubt, where the difference itself is small, and where the reflections are no witness.

    Parameters
    ----------
    found
        Dataset of the reflections' widths.
    fit
        Dataset of the refinement that counts.
    """
    reported, place = of_pdf(fit), "1/L and microstrain"
    if reported is None:
        return
    if not int(found.attrs["described"]):
        if "misfit_factor" not in found:
            return
        text = f"the reflections cannot say whether the length is right: {found.attrs['verdict']}"
        advice = "look for a further phase or another shape of the domains, and hold the standard's own fit to account"
        factor = float(found["misfit_factor"])
        yield Alert("C", "no-witness", factor, "1", 1.0, place, text, advice)
        return
    values = np.array([float(found["inverse_length"]), float(found["microstrain_squared"])])
    covariance = _covariance(
        float(found["inverse_length_sd"]), float(found["microstrain_squared_sd"]), float(found["covariance"])
    )
    # A strain of single axes widens one reflection more and another less than the mean over directions.
    spread = sum((OF_DIRECTION * axis) ** 2 for axis in _axial(fit))
    reported = reported[0], reported[1] + np.diag([0.0, spread])
    own = values, covariance
    apart = math.sqrt(disagreement(*own, *reported))
    if apart <= settings.significance:
        return
    agreeing = [
        name for name, other in _allowed(fit, settings) if _apart(own, other, settings) <= settings.significance
    ]
    small = _apart(own, reported, settings) == 0.0
    text = (
        f"the widths of the reflections say {size_and_strain(*own)}; G(r) says {size_and_strain(*reported)}: "
        f"{apart:.3g} standard uncertainties apart"
    )
    grade: Grade = "C" if agreeing or small else "B"
    if small:
        advice = (
            "a small difference, but not by chance: the standard may be strained or small itself, or a phase is missing"
        )
    elif agreeing:
        text += f"; G(r) read as {' or '.join(agreeing)} agrees"
        advice = "take the length of the reading that agrees"
    else:
        advice = "one is wrong: look for a further phase, glass, faults, strain inside domains, another shape"
    yield Alert(grade, "widths-disagree", apart, "sd", settings.significance, place, text, advice)


def _axial(fit: xarray.Dataset) -> list[float]:
    """Mean square strains of single axes."""
    values = values_of(fit)
    return [value for name, value in values.items() if parse(name).symbol.startswith("microstrain_squared_")]


def _covariance(sd: float, strain_sd: float, between: float) -> np.ndarray:
    return np.array([[sd**2, between], [between, strain_sd**2]])


def _apart(one: Pair, other: Pair, settings: QualitySettings) -> float:
    """Distance in standard uncertainties of both; 0 where it is let pass whatever the errors are."""
    gap = np.abs(one[0] - other[0])
    passes = gap[0] <= settings.length_difference * max(one[0][0], other[0][0])
    if passes and gap[1] <= settings.strain_difference**2:
        return 0.0
    return math.sqrt(disagreement(*one, *other))


def _allowed(fit: xarray.Dataset, settings: QualitySettings) -> Iterator[tuple[str, Pair]]:
    """Readings whose AICc the data do not speak against, by name."""
    aicc = fit["reading_aicc"].values
    for k, name in enumerate(map(str, fit["reading_name"].values)):
        if aicc[k] - aicc.min() <= settings.aicc_difference:
            values = np.array([float(fit[f"reading_{q}"].values[k]) for q in ("inverse_length", "microstrain_squared")])
            sd, strain_sd = (float(fit[f"reading_{q}_sd"].values[k]) for q in ("inverse_length", "microstrain_squared"))
            yield name, (values, _covariance(sd, strain_sd, float(fit["reading_covariance"].values[k])))
