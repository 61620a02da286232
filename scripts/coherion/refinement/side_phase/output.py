"""What the search for a side phase leaves behind: dataset and table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.crystal.reflections import ReflectionSearch
from coherion.refinement.side_phase.detection import Comparison, Decision, SidePhaseSettings

if TYPE_CHECKING:
    import xarray

    from coherion.refinement.recipe import RecipeResult

TABLE_COLUMNS = ("quantity", "value", "standard_uncertainty", "unit", "note")


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
    """Everything that was found, as a dataset; docs/method-refinement.md lists it.

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
    import xarray

    q, intensity, sd = window
    counted = found.having if found.z > settings.significance else found.without

    def variable(dims, data, units, long_name):
        return dims, data, {"units": units, "long_name": long_name}

    def number(value, units, long_name):
        return variable((), np.float64(np.nan if value is None else value), units, long_name)

    area = f"{intensity_units}/angstrom"
    lines = "the phase's reflections"
    data = {
        "intensity": variable("q", intensity, intensity_units, "corrected intensity without background"),
        "calculated_without": variable("q", found.without.calculated, intensity_units, f"{lines} and background"),
        "calculated_having": variable(
            "q", found.having.calculated, intensity_units, f"{lines}, background and the side phase's reflection"
        ),
        "background": variable("q", counted.background, intensity_units, "smooth background of the fit that counts"),
        "side_reflection": variable("q", found.having.side, intensity_units, "the side phase's reflection alone"),
        "reflection_area": variable("reflection_q", counted.areas, area, f"areas of {lines}"),
        "side_reflection_z": number(found.z, "1", "excess of the side phase's reflection over its standard error"),
        "side_reflection_area": number(found.area, area, "area of the side phase's reflection"),
        "side_reflection_area_sd": number(
            found.area_sd if found.z > 0 else None, area, "area over z: the error against which it is seen"
        ),
        "reflection_width": number(
            counted.width, "1/angstrom", f"full width at half maximum of {lines} at the side phase's place"
        ),
        "reflection_width_sd": number(counted.width_sd, "1/angstrom", "standard uncertainty of reflection_width"),
        "domain_length": number(counted.length, "angstrom", f"length of the domains in the profile of {lines}"),
        "strain": number(counted.strain, "1", "relative standard deviation of lattice spacings in the profile"),
        "stretch": number(counted.stretch, "1", "relative shift of all positions from the refined cell"),
        "tail": number(counted.tail, "1", "exponential part of the envelope in the profile"),
        "rw_one_phase": number(float(fit.attrs["rw"]), "1", "Rw of the refinement with one phase"),
    }
    if sd is not None:
        data["intensity_sd"] = variable("q", sd, intensity_units, "standard uncertainty of intensity")
    for key, one in (("without", found.without), ("having", found.having)):
        words = "without" if key == "without" else "with"
        data[f"chi_squared_{key}"] = number(one.chi_squared, "1", f"chi-squared {words} the side phase's reflection")
        data[f"degrees_of_freedom_{key}"] = number(one.degrees_of_freedom, "1", f"degrees of freedom {words} it")
        data[f"misfit_factor_{key}"] = number(
            one.misfit_factor, "1", f"long-run variance of the weighted residual {words} it"
        )
    coords = {
        "q": variable("q", q, "1/angstrom", "scattering vector"),
        "reflection_q": variable("reflection_q", counted.positions, "1/angstrom", f"positions of {lines}"),
    }
    if both is not None and two is not None:
        density = "1/angstrom^2"
        data |= {
            "observed": variable("fitted_r", both.result.observed, density, "observed G(r) at the points fitted"),
            "calculated_one_phase": variable(
                "fitted_r", fit["fitted_calculated"].values, density, "G(r) of the refinement with one phase"
            ),
            "calculated_two_phases": variable(
                "fitted_r", both.result.calculated, density, "G(r) of the refinement with two phases"
            ),
            "rw_two_phases": number(two.rw_two, "1", "Rw of the refinement with two phases"),
            "chi_squared_one_phase": number(two.chi_squared_one, "1", "chi-squared with one phase"),
            "chi_squared_two_phases": number(
                two.chi_squared_two, "1", "chi-squared with two phases and the weights of the fit with one"
            ),
            "aicc_difference": number(two.aicc_difference, "1", "AICc with one phase less AICc with two"),
            "side_phase_fraction": number(two.fraction, "1", "mass fraction of the side phase"),
            "side_phase_fraction_sd": number(
                two.fraction_sd, "1", "standard uncertainty of side_phase_fraction, scaled by reduced chi-squared"
            ),
            "coherence_length_two_phases": number(
                two.length, "angstrom", "coherence length of the first phase, refined with the side phase"
            ),
            "coherence_length_two_phases_sd": number(
                two.length_sd, "angstrom", "standard uncertainty of coherence_length_two_phases"
            ),
        }
        coords["fitted_r"] = variable("fitted_r", both.result.r, "angstrom", "distance of the points fitted")
    made = xarray.Dataset(data, coords=coords)
    made.attrs.update(
        side_phase=name,
        reflection_place=float(settings.reflection_q),
        significance=float(settings.significance),
        tried_because=cause,
        excluded=int(decision.positive),
        reason=decision.reason,
        origin=origin,
    )
    return made


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
