"""What a refinement leaves behind: dataset, table of parameters, fit file, refined CIF."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.crystal.cif import cif_text
from coherion.crystal.propagation import of_phase, propagated
from coherion.crystal.structure_files import stru_text
from coherion.data.contract.diffraction import REFINEMENT
from coherion.data.contract.tables import PARAMETERS
from coherion.data.pdf_text import format_pdf_text
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.width import TOPAS_E0
from coherion.refinement.fit_text import fit_text
from coherion.refinement.least_squares.weights import Misfit
from coherion.refinement.parameters import Parameter, parse
from coherion.refinement.readings import Readings
from coherion.refinement.recipe import RecipeResult
from coherion.refinement.side_phase.weight_fractions import weight_fractions
from coherion.refinement.steps.otherwise import Otherwise
from coherion.refinement.steps.refined import Refined

if TYPE_CHECKING:
    import xarray


def derived(found: RecipeResult) -> list[dict[str, Any]]:
    """Cell volumes and, with several phases, weight fractions: name, value, unit and both uncertainties."""
    result = found.result
    crystals = found.model.crystals(result.values)
    several = len(crystals) > 1
    rows = []
    for crystal in crystals:
        names, index = of_phase(crystal, result.parameters, crystal.name if several else None)

        def volume(c):
            return np.array([c.volume])

        sds = [
            float(np.sqrt(propagated(volume, crystal, names, found.covariance(s)[np.ix_(index, index)])[0, 0]))
            for s in (False, True)
        ]
        name = f"{crystal.name}:volume" if several else "volume"
        rows.append(_row(name, crystal.volume, "angstrom^3", sds))
    if several:
        scales = [f"{crystal.name}:scale" for crystal in crystals]
        values = np.array([result.values[n] for n in scales])
        both = []
        for scaled in (False, True):
            covariance = np.zeros((len(scales), len(scales)))
            at = [k for k, n in enumerate(scales) if n in result.parameters]
            rows_of = [result.parameters.index(scales[k]) for k in at]
            covariance[np.ix_(at, at)] = found.covariance(scaled)[np.ix_(rows_of, rows_of)]
            both.append(weight_fractions(crystals, values, covariance, found.model.radiation))
        for k, crystal in enumerate(crystals):
            sds = [float(np.sqrt(spread[k, k])) for _, spread in both]
            rows.append(_row(f"{crystal.name}:weight_fraction", float(both[0][0][k]), "1", sds))
    return rows


def _row(name: str, value: float, unit: str, sds: Sequence[float | None]) -> dict[str, Any]:
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "standard_uncertainty": sds[0],
        "standard_uncertainty_scaled": sds[1],
    }


def _row_of(parameter: Parameter) -> dict[str, Any]:
    sds = parameter.uncertainty, parameter.uncertainty_scaled
    return _row(parameter.name, float(parameter.value), parameter.unit, sds)


def _shape(found: Refined) -> list[Parameter]:
    """The refined parameters of the domains' shape."""
    return [p for p in found.parameters if p.refined and p.kind == "envelope"]


def table_rows(found: RecipeResult) -> list[dict[str, Any]]:
    """Rows of the table of parameters, ready for :func:`coherion.data.tables.write_table`."""
    rows = [{**_row_of(p), "note": p.note} for p in found.parameters]
    rows += [{**row, "note": "derived"} for row in derived(found)]
    for profile in found.profiles:
        for end in ("lower", "upper"):
            bound = getattr(profile, end)
            note = f"profile likelihood, {100 * profile.level:.4g} %, "
            note += "scaled by reduced chi-squared"
            rows.append(
                {
                    "name": f"{profile.name} {end} end",
                    "value": bound,
                    "unit": parse(profile.name).meaning.unit,
                    "note": note if bound is not None else f"{note}, does not close",
                }
            )
    for other in found.envelopes:
        note = f"with the envelope {other.model.envelope}, Rw {other.rw:.5f}"
        rows += [{**_row_of(p), "name": f"{p.name} as {other.model.envelope}", "note": note} for p in _shape(other)]
    if found.readings is not None and len(found.readings.readings) > 1:
        rows += _read_rows(found.readings)
    result = found.result
    if found.model.further:
        each = enumerate(data_sets(found), 1)
        rows += [
            {
                "name": f"rw of data set {k}",
                "value": one["rw"],
                "unit": "1",
                "note": f"{one['file']}, {one['radiation']}",
            }
            for k, one in each
        ]
    for name, value in (("rw", found.rw), ("chi_squared_reduced", result.chi_squared_reduced)):
        rows.append({"name": name, "value": float(value), "unit": "1", "note": "of the whole fit"})
    return rows


TABLE_COLUMNS = PARAMETERS.names


def curves(found: RecipeResult) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray | None]:
    """r (angstrom), observed and calculated G (1/angstrom^2) and sd or None, on the data's grid in the fit range."""
    low, high = found.settings.fit_range
    observed = found.observed
    inside = (observed.r >= low - 1e-9) & (observed.r <= high + 1e-9)
    r = observed.r[inside]
    sd = None if observed.sd is None else observed.sd[inside]
    return r, observed.g[inside], calculate(found.model, r, found.result.values), sd


def dataset_of(found: RecipeResult, otherwise: Otherwise | None = None) -> xarray.Dataset:
    """The refinement as a dataset, as :data:`coherion.data.contract.diffraction.REFINEMENT` declares it.

    ``otherwise`` is what describes the data better than what they were taken for, if something does.
    """
    result = found.result
    r, observed, calculated, _ = curves(found)
    parameters = found.parameters
    names = [p.name for p in parameters]
    first, *others = result.target.parts
    index = [names.index(n) for n in result.parameters]
    square = {}
    for key, kind in (("covariance", False), ("covariance_scaled", True)):
        square[key] = np.zeros((len(names), len(names)))
        square[key][np.ix_(index, index)] = found.covariance(kind)
    values: dict[str, Any] = {
        "observed": observed,
        "calculated": calculated,
        "difference": observed - calculated,
        "fitted_observed": result.observed[first],
        "fitted_calculated": result.calculated[first],
        "value": np.array([p.value for p in parameters]),
        "standard_uncertainty": np.array([p.uncertainty for p in parameters], float),
        "standard_uncertainty_scaled": np.array([p.uncertainty_scaled for p in parameters], float),
        **square,
        "unit": np.array([p.unit for p in parameters], dtype=object),
        "note": np.array([p.note for p in parameters], dtype=object),
        "start_rw": found.course.rw,
        "start_value": found.course.values,
        "r": r,
        "fitted_r": result.r[first],
        "parameter": np.array(names, dtype=object),
        "parameter_2": np.array(names, dtype=object),
    }
    if others:
        further = slice(first.stop, None)
        values |= {
            "joint_r": result.r[further],
            "joint_observed": result.observed[further],
            "joint_calculated": result.calculated[further],
            "joint_set": np.concatenate([np.full(p.stop - p.start, k) for k, p in enumerate(others, 2)]),
        }
    if found.readings is not None:
        values |= _read(found.readings)
    for table, rows in _tables(found).items():
        for column, first in rows[0].items():
            dtype: Any = object if isinstance(first, str) else float
            values[f"{table}_{column}"] = np.array([row[column] for row in rows], dtype=dtype)
    attributes = _attributes(found)
    if otherwise is not None:
        attributes |= {"otherwise": json.dumps(asdict(otherwise))}
    return REFINEMENT.dataset(values, attributes)


def _attributes(found: RecipeResult) -> dict[str, Any]:
    """What is true of the whole refinement, as values that netCDF holds."""
    model, result, misfit = found.model, found.result, found.misfit or Misfit(0.0, 0.0)
    return dict(
        rw=found.rw,
        rw_weighted=float(result.rw),
        chi_squared=float(result.chi_squared),
        chi_squared_reduced=float(found.chi_squared_reduced),
        degrees_of_freedom=float(found.degrees_of_freedom),
        weights=found.data.weights,
        misfit=misfit.rms(found.data.r),
        misfit_near=misfit.near,
        misfit_far=misfit.far,
        counting_noise=float(np.sqrt(found.data.mean_variance)),
        convention=model.convention,
        envelope=model.envelope,
        radiation=model.radiation,
        window=model.window,
        qmax=float(model.qmax),
        fit_range=list(map(float, found.settings.fit_range)),
        phases=json.dumps([c.name for c in model.phases]),
        space_groups=json.dumps([c.space_group for c in model.phases]),
        stages=json.dumps([asdict(stage) for stage in found.course.stages]),
        constraints=json.dumps(list(found.settings.constraints)),
        singular=json.dumps([list(group) for group in result.singular]),
        at_bound=json.dumps(list(result.at_bound)),
        converged=int(result.converged),
        continued=int(found.course.continued),
        jumped=int(found.course.jumped),
        q_shift=found.shift_of_q.value,
        q_shift_sd=found.shift_of_q.sd,
        origin=found.observed.origin,
        data_sets=json.dumps(data_sets(found)),
    )


def data_sets(found: Refined) -> list[dict[str, Any]]:
    """Of each G(r) that was fitted its file, radiation, Qmax (1/angstrom), range (angstrom), points and Rw."""
    result, made = found.result, []
    for number, (part, observed) in enumerate(
        zip(result.target.parts, (found.observed, *found.observed.further), strict=True), 1
    ):
        model, r = found.model.of_set(number), result.r[part]
        rw = float(np.linalg.norm(result.difference[part]) / np.linalg.norm(result.observed[part]))
        made.append(
            {
                "file": Path(observed.file).name,
                "radiation": model.radiation,
                "qmax": float(model.qmax),
                "fit_range": [float(r[0]), float(r[-1])],
                "points": len(r),
                "rw": rw,
            }
        )
    return made


def _read(readings: Readings) -> dict[str, Any]:
    """Size and strain under each reading, and as reported."""
    each = readings.readings
    made: dict[str, Any] = {
        "reading_name": np.array([r.name for r in each], dtype=object),
        "reading_covariance": np.array([r.covariance[0, 1] for r in each]),
        "read_covariance": np.float64(readings.covariance[0, 1]),
        "reading_aicc": np.array([r.aicc for r in each]),
        "reading_rw": np.array([r.refined.rw for r in each]),
        "reading_scale": np.array([r.scale[0] for r in each]),
        "reading_scale_sd": np.array([r.scale[1] for r in each]),
        "reading_weight": np.array(readings.weights),
        "reading_envelope": np.array([r.refined.model.envelope for r in each], dtype=object),
        "reading_parameters": np.array([r.parameters for r in each]),
    }
    for k, name in enumerate(("inverse_length", "microstrain_squared")):
        made |= {
            f"reading_{name}": np.array([r.values[k] for r in each]),
            f"reading_{name}_sd": np.array([r.sds[k] for r in each]),
            f"read_{name}": np.float64(readings.values[k]),
            f"read_{name}_sd": np.sqrt(readings.covariance[k, k]),
            f"read_{name}_sd_counts": np.sqrt(readings.covariance_counts[k, k]),
            f"read_{name}_sd_reading": np.sqrt(readings.covariance_reading[k, k]),
        }
    return made


def _read_rows(readings: Readings) -> list[dict[str, Any]]:
    """Rows of the table of parameters: what is reported, then each reading."""
    inverse, strain = readings.values.tolist()
    sd_inverse, sd_strain = np.sqrt(np.diag(readings.covariance)).tolist()
    counting = ", ".join(f"{r.name} {w:.2g}" for r, w in zip(readings.readings, readings.weights, strict=True) if w)
    rows = [
        {
            "name": "mean domain length",
            "value": 1.0 / inverse,
            "standard_uncertainty_scaled": sd_inverse / inverse**2,
            "unit": "angstrom",
            "note": f"weighted by area, -3/2 by the first slope of the envelope; readings that count: {counting}",
        },
        {
            "name": "microstrain squared, all readings",
            "value": strain,
            "standard_uncertainty_scaled": sd_strain,
            "unit": "1",
            "note": f"readings that count: {counting}",
        },
    ]
    if strain > 2.0 * sd_strain:
        e = math.sqrt(strain)
        note = f"rms; TOPAS' e0 is {TOPAS_E0:.4f} times it"
        rows.append(
            {
                "name": "microstrain",
                "value": e,
                "standard_uncertainty_scaled": sd_strain / (2.0 * e),
                "unit": "1",
                "note": note,
            }
        )
    else:
        limit = math.sqrt(max(strain, 0.0) + 2.0 * sd_strain)
        note = f"upper limit, two standard uncertainties; TOPAS' e0 is {TOPAS_E0:.4f} times it"
        rows.append({"name": "microstrain below", "value": limit, "unit": "1", "note": note})
    for r in readings.readings:
        rows += [
            {
                "name": f"{quantity} read as {r.name}",
                "value": r.values[k],
                "standard_uncertainty_scaled": r.sds[k],
                "unit": unit,
                "note": f"Rw {r.refined.rw:.5f}, AICc {r.aicc:.1f}",
            }
            for k, (quantity, unit) in enumerate((("1/L", "1/angstrom"), ("microstrain squared", "1")))
        ]
    return rows


def _tables(found: RecipeResult) -> dict[str, list[dict[str, Any]]]:
    """Rows of the small tables that the dataset carries; those without rows are left out."""
    nan = float("nan")
    made: dict[str, list[dict[str, Any]]] = {"derived": derived(found)}
    made["profile"] = [
        {
            "name": p.name,
            "lower": nan if p.lower is None else p.lower,
            "upper": nan if p.upper is None else p.upper,
        }
        for p in found.profiles
    ]
    made["envelope"] = [
        {
            "shape": other.model.envelope,
            "rw": other.rw,
            "parameter_name": p.name,
            "value": p.value,
            "standard_uncertainty": p.uncertainty,
            "standard_uncertainty_scaled": p.uncertainty_scaled,
        }
        for other in found.envelopes
        for p in _shape(other)
    ]
    return {key: rows for key, rows in made.items() if rows}


def fit_file(found: RecipeResult) -> str:
    """The text of the fit as PDFgui's .fgr."""
    r, observed, calculated, sd = curves(found)
    model, values = found.model, found.result.values
    header = {
        "stype": "X  x-ray scattering" if model.radiation == "xray" else "N  neutron scattering",
        "qmax": float(model.qmax),
        "qdamp": float(values["qdamp"]),
        "qbroad": float(values["qbroad"]),
        "dscale": 1.0,
        "fitrmin": float(r[0]),
        "fitrmax": float(r[-1]),
        "rw": float(found.result.rw),
        "origin": found.observed.origin,
    }
    return fit_text(r, calculated, observed - calculated, sd=sd, header=header)


def data_file(found: RecipeResult) -> str:
    """The observed G(r) as a ``.gr`` file: all of it, for PDFfit2 calculates no ripple from below the first datum."""
    header = {
        "mode": found.model.radiation,
        "qmin": float(found.observed.qmin),
        "qmax": float(found.model.qmax),
        "inputfile": Path(found.observed.file).name,
        "origin": found.observed.origin,
    }
    return format_pdf_text("gr", found.observed.r, found.observed.g, header=header)


def data_columns(found: RecipeResult) -> list[str]:
    """Of each data set r (angstrom) and observed G(r) (1/angstrom^2) of the fit range, nothing else."""
    low, high = found.settings.fit_range
    made = []
    for one in (found.observed, *found.observed.further):
        inside = (one.r >= low - 1e-9) & (one.r <= high + 1e-9)
        made.append("".join(f"{x:.6f} {g:.9g}\n" for x, g in zip(one.r[inside], one.g[inside], strict=True)))
    return made


def refined_strus(found: RecipeResult) -> dict[str, str]:
    """The refined phases as PDFgui's ``.stru`` by name, with the standard uncertainties the settings ask for."""
    result, model = found.result, found.model
    covariance = found.covariance(found.settings.reported == "scaled")
    crystals = model.crystals(result.values)
    made = {}
    for crystal in crystals:
        phase = crystal.name if len(crystals) > 1 else None
        names, index = of_phase(crystal, result.parameters, phase)
        own = {name: result.values.get(f"{phase}:{name}" if phase else name) for name in ("scale", "delta1", "delta2")}
        if model.envelope == "sphere":
            own["spdiameter"] = result.values.get(f"{phase}:coherence_length", result.values.get("coherence_length"))
        known = {name: float(value) for name, value in own.items() if value is not None}
        made[crystal.name] = stru_text(crystal, names, covariance[np.ix_(index, index)], model=known)
    return made


def refined_cifs(found: RecipeResult) -> dict[str, str]:
    """The refined phases as CIFs by name, with the standard uncertainties the settings ask for.

    One text for each: readers of structures take the first block of a file or refuse a second.
    """
    result, model = found.result, found.model
    scaled = found.settings.reported == "scaled"
    low, high = found.settings.fit_range
    details = (
        f"Refined against the pair distribution function with coherion: r from {low:g} to {high:g} angstrom, "
        f"Qmax {model.qmax:g} 1/angstrom,\n"
        f"convention {model.convention}, envelope {model.envelope}, Rw {found.rw:.5f}, "
        f"reduced chi-squared {found.chi_squared_reduced:.5g}.\n"
        f"Standard uncertainties are {'scaled' if scaled else 'not scaled'} by the root of reduced chi-squared."
    )
    if found.observed.origin == "simulated":
        details += "\nSIMULATED data, not a measurement."
    observed = found.observed
    items: dict[str, str | float] = {
        "_diffrn_radiation_probe": "x-ray" if model.radiation == "xray" else "neutron",
        "_diffrn_measurement_method": "total scattering, pair distribution function",
        "_pd_proc_ls_prof_wR_factor": float(found.rw),
        "_refine_ls_number_parameters": str(len(result.variables)),
    }
    if found.data.weights != "unit":
        items["_refine_ls_goodness_of_fit_all"] = math.sqrt(found.chi_squared_reduced)
    if observed.wavelength is not None:
        items["_diffrn_radiation_wavelength"] = observed.wavelength
    if observed.temperature is not None:
        items["_diffrn_ambient_temperature"] = observed.temperature
    made = {}
    crystals = model.crystals(result.values)
    for crystal in crystals:
        names, index = of_phase(crystal, result.parameters, crystal.name if len(crystals) > 1 else None)
        covariance = found.covariance(scaled)[np.ix_(index, index)]
        made[crystal.name] = cif_text(crystal, names, covariance, details=details, items=items)
    return made
