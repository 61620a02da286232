"""Geometry of a refined structure: from the dataset of a refinement to a dataset and a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.crystal.crystal import Crystal
from coherion.crystal.geometry import Geometry, measure
from coherion.crystal.propagation import as_refined, of_phase
from coherion.data.contract.diffraction import GEOMETRY
from coherion.errors import InputError
from coherion.settings.stages.geometry import GeometrySettings

if TYPE_CHECKING:
    import xarray


@dataclass(frozen=True)
class RefinedGeometry:
    """The quantities with their covariance without and with scaling by reduced chi-squared."""

    plain: Geometry
    scaled: Geometry


def measure_refined(
    fit: xarray.Dataset, start: Crystal, settings: GeometrySettings, phase: str | None = None
) -> RefinedGeometry:
    """Measure one phase of a refinement.

    Parameters
    ----------
    fit
        Dataset of the refinement.
    start
        The crystal the refinement started from.
    settings
        What to measure.
    phase
        Name of the phase; None is the first.

    Raises
    ------
    InputError
        If the refinement has no such phase, or is one of another structure.
    """
    phases = json.loads(fit.attrs["phases"])
    chosen = phases[0] if phase is None else phase
    if chosen not in phases:
        raise InputError("the refinement has no such phase", place="--phase", found=chosen, expected=", ".join(phases))
    parameters = [str(name) for name in fit["parameter"].values]
    prefix = chosen if len(phases) > 1 else None
    start = as_refined(start, parameters, prefix)
    names, index = of_phase(start, parameters, prefix)
    missing = sorted(set(start.parameters) - set(names))
    if missing:
        raise InputError(
            "the structure is not the one that was refined",
            place=f"phase {chosen}",
            found=f"no refined value of {', '.join(missing[:5])}",
            advice="give the CIF that the refinement started from",
        )
    refined = start.with_values(dict(zip(names, fit["value"].values[index].tolist(), strict=True)))
    moved = np.array([k for k, i in enumerate(index) if fit["covariance"].values[i, i] > 0], dtype=int)
    rows = index[moved]
    free = [names[k] for k in moved]
    plain = measure(refined, settings, free, fit["covariance"].values[np.ix_(rows, rows)])
    scaled = measure(refined, settings, free, fit["covariance_scaled"].values[np.ix_(rows, rows)])
    return RefinedGeometry(plain, scaled)


def table_rows(found: RefinedGeometry) -> list[dict[str, Any]]:
    """Rows of the table: name, kind, value, both standard uncertainties, unit, atoms."""
    return [
        {
            "name": quantity.name,
            "kind": quantity.kind,
            "value": float(value),
            "standard_uncertainty": float(sd),
            "standard_uncertainty_scaled": float(sd_scaled),
            "unit": quantity.unit,
            "atoms": quantity.atoms,
        }
        for quantity, value, sd, sd_scaled in zip(
            found.plain.quantities,
            found.plain.value,
            found.plain.standard_uncertainty,
            found.scaled.standard_uncertainty,
            strict=True,
        )
    ]


def dataset_of(found: RefinedGeometry, fit: xarray.Dataset) -> xarray.Dataset:
    """The quantities as a dataset; ``fit`` gives the origin."""
    rows = table_rows(found)
    names = ("value", "standard_uncertainty", "standard_uncertainty_scaled")
    values: dict[str, Any] = {name: np.array([row[name] for row in rows], float) for name in names}
    values |= {name: np.array([row[name] for row in rows], dtype=object) for name in ("kind", "unit", "atoms")}
    values |= {"covariance": found.plain.covariance, "covariance_scaled": found.scaled.covariance}
    values |= dict.fromkeys(("quantity", "quantity_2"), np.array([row["name"] for row in rows], dtype=object))
    return GEOMETRY.dataset(values, {"origin": fit.attrs["origin"]})
