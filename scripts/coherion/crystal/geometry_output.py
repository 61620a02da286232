"""Geometry of a refined structure: from the dataset of a refinement to a dataset and a table."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.crystal.crystal import Crystal
from coherion.crystal.geometry import Geometry, GeometrySettings, measure
from coherion.crystal.propagation import of_phase
from coherion.errors import InputError

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
    names, index = of_phase(start, parameters, chosen if len(phases) > 1 else None)
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
    import xarray

    rows = table_rows(found)

    def words(key: str, long_name: str):
        return "quantity", np.array([row[key] for row in rows], dtype=object), {"units": "1", "long_name": long_name}

    def numbers(key: str, long_name: str):
        return "quantity", np.array([row[key] for row in rows], float), {"units": "see unit", "long_name": long_name}

    square = ("quantity", "quantity_2")
    return xarray.Dataset(
        {
            "value": numbers("value", "value"),
            "standard_uncertainty": numbers(
                "standard_uncertainty", "standard uncertainty, not scaled by reduced chi-squared"
            ),
            "standard_uncertainty_scaled": numbers(
                "standard_uncertainty_scaled", "standard uncertainty, scaled by the root of reduced chi-squared"
            ),
            "kind": words("kind", "kind of quantity"),
            "unit": words("unit", "unit of the value"),
            "atoms": words("atoms", "atoms with their symmetry images"),
            "covariance": (
                square,
                found.plain.covariance,
                {"units": "see unit", "long_name": "covariance, not scaled by reduced chi-squared"},
            ),
            "covariance_scaled": (
                square,
                found.scaled.covariance,
                {"units": "see unit", "long_name": "covariance, scaled by reduced chi-squared"},
            ),
        },
        coords={
            "quantity": words("name", "name of the quantity"),
            "quantity_2": ("quantity_2", *words("name", "name of the quantity")[1:]),
        },
        attrs={"origin": fit.attrs["origin"]},
    )
