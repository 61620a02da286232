"""What the search for a side phase leaves behind: dataset and table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.crystal.reflections import ReflectionSearch
from coherion.data.contract.diffraction import SIDE_PHASE
from coherion.data.contract.tables import SIDE_PHASE_NUMBERS
from coherion.refinement.side_phase.detection import Comparison, Decision
from coherion.settings.stages.reflections import SidePhaseSettings

if TYPE_CHECKING:
    import xarray

    from coherion.refinement.recipe import RecipeResult

TABLE_COLUMNS = SIDE_PHASE_NUMBERS.names


def dataset_of(
    window: tuple[np.ndarray, np.ndarray, np.ndarray | None],
    intensity_units: str,
    found: ReflectionSearch,
    fit: xarray.Dataset,
    both: RecipeResult | None,
    two: Comparison | None,
    decision: Decision,
    settings: SidePhaseSettings,
    *,
    name: str,
    cause: str,
    origin: str,
) -> xarray.Dataset:
    """Everything that was found, as a dataset; docs/data.md lists it.

    Parameters
    ----------
    window
        Q (1/angstrom), intensity and standard uncertainties or None, (n,).
    intensity_units
        Of the intensity.
    found, fit, both, two, decision
        The search, the dataset of the refinement with one phase, that with two, their comparison, what follows.
    name, cause
        Of the side phase; why two phases were tried, or blank.
    origin
        ``measured`` or ``simulated``.
    """
    q, intensity, sd = window
    counted = found.having if found.z > settings.significance else found.without

    def number(value: float | None) -> np.float64:
        return np.float64(np.nan if value is None else value)

    values: dict[str, Any] = {
        "intensity": intensity,
        "calculated_without": found.without.calculated,
        "calculated_having": found.having.calculated,
        "background": counted.background,
        "side_reflection": found.having.side,
        "reflection_area": counted.areas,
        "side_reflection_z": number(found.z),
        "side_reflection_area": number(found.area),
        "side_reflection_area_sd": number(found.area_sd if found.z > 0 else None),
        "reflection_width": number(counted.width),
        "reflection_width_sd": number(counted.width_sd),
        "domain_length": number(counted.length),
        "strain": number(counted.strain),
        "stretch": number(counted.stretch),
        "tail": number(counted.tail),
        "rw_one_phase": number(float(fit.attrs["rw"])),
        "q": q,
        "reflection_q": counted.positions,
    }
    if sd is not None:
        values["intensity_sd"] = sd
    for key, one in (("without", found.without), ("having", found.having)):
        values[f"chi_squared_{key}"] = number(one.chi_squared)
        values[f"degrees_of_freedom_{key}"] = number(one.degrees_of_freedom)
        values[f"misfit_factor_{key}"] = number(one.misfit_factor)
    if both is not None and two is not None:
        values |= {
            "observed": both.result.observed,
            "calculated_one_phase": fit["fitted_calculated"].values,
            "calculated_two_phases": both.result.calculated,
            "rw_two_phases": number(two.rw_two),
            "chi_squared_one_phase": number(two.chi_squared_one),
            "chi_squared_two_phases": number(two.chi_squared_two),
            "aicc_difference": number(two.aicc_difference),
            "side_phase_fraction": number(two.fraction),
            "side_phase_fraction_sd": number(two.fraction_sd),
            "coherence_length_two_phases": number(two.length),
            "coherence_length_two_phases_sd": number(two.length_sd),
            "fitted_r": both.result.r,
        }
    attributes = dict(
        side_phase=name,
        reflection_place=settings.reflection_q,
        significance=float(settings.significance),
        tried_because=cause,
        excluded=int(decision.positive),
        reason=decision.reason,
        origin=origin,
    )
    return SIDE_PHASE.dataset(values, attributes, intensity=intensity_units)


def table_rows(dataset: xarray.Dataset) -> list[dict[str, Any]]:
    """The numbers and the decision as rows of a table."""
    rows: list[dict[str, Any]] = []
    for name, variable in dataset.data_vars.items():
        if variable.ndim == 0 and not str(name).endswith("_sd"):
            sd = dataset.get(f"{name}_sd")
            rows.append(
                {
                    "quantity": name,
                    "value": float(variable),
                    "standard_uncertainty": None if sd is None else float(sd),
                    "unit": variable.attrs["units"],
                    "note": variable.attrs["long_name"],
                }
            )
    rows.append({"quantity": "excluded", "value": "yes" if dataset.attrs["excluded"] else "no"})
    rows[-1]["note"] = dataset.attrs["reason"]
    return rows
