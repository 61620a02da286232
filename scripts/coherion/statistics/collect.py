"""The table of the series: one row per sample from everything its analysis wrote, and the table of exclusions."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.contract.tables import SERIES
from coherion.data.tables import OWN
from coherion.errors import InputError
from coherion.settings.stages.series import SeriesSettings

if TYPE_CHECKING:
    import xarray

# Columns of the table of samples that the table of the series has, too.
_OF_SAMPLES = ("sample", "title", "group", "annealing_C", "temperature_K", "time_h", "x", "composition")

Row = dict[str, Any]

#: Columns of the Arrhenius stage and the variables they come from.
TRANSPORT: Mapping[str, str] = {
    "sigma_25C_S_per_cm": "conductivity_reference",
    "sigma_measured_25C_S_per_cm": "conductivity_measured",
    "activation_energy_eV": "activation_energy",
    "ln_prefactor": "ln_prefactor",
}


def _put(row: Row, column: str, value: float, sd: float) -> None:
    if np.isfinite(value):
        row[column] = float(value)
        row[f"{column}_sd"] = float(sd) if np.isfinite(sd) else None


def structure_columns(fit: xarray.Dataset, settings: SeriesSettings) -> Row:
    """Refined parameters, cell volume and Rw of one refinement, each with its standard uncertainty.

    Parameters that the structure does not have are left out. A parameter that was fixed has uncertainty 0.
    """
    suffix = "_scaled" if settings.uncertainty == "scaled" else ""
    names = [str(name) for name in fit["parameter"].values]
    row: Row = {}
    for column, name in settings.parameters.items():
        if name in names:
            place = names.index(name)
            sd = float(fit[f"standard_uncertainty{suffix}"].values[place])
            _put(row, column, float(fit["value"].values[place]), sd if np.isfinite(sd) else 0.0)
    if "derived_name" in fit:
        derived = [str(name) for name in fit["derived_name"].values]
        if "volume" in derived:
            place = derived.index("volume")
            sds = fit[f"derived_standard_uncertainty{suffix}"].values
            _put(row, "volume_A3", float(fit["derived_value"].values[place]), float(sds[place]))
    if "envelope_value" in fit:
        row |= _other_envelopes(fit, suffix)
    if "reading_name" in fit:
        row |= _readings(fit)
    row["rw"] = float(fit.attrs["rw"])
    return row


def _readings(fit: xarray.Dataset) -> Row:
    """Length and strain as reported, and under each reading; the length with both its errors."""
    row: Row = {}
    inverse = float(fit["read_inverse_length"])
    for suffix in ("", "_counts", "_reading"):
        row[f"coherence_length_A_sd{suffix}"] = float(fit[f"read_inverse_length_sd{suffix}"]) / inverse**2
        if float(fit["read_microstrain_squared_sd"]) > 0:
            row[f"microstrain_squared_sd{suffix}"] = float(fit[f"read_microstrain_squared_sd{suffix}"])
            row["microstrain_squared"] = float(fit["read_microstrain_squared"])
    row["coherence_length_A"] = 1.0 / inverse
    for i, name in enumerate(fit["reading_name"].values):
        _put(row, f"inverse_length_as_{name}_per_A", *_at(fit, "reading_inverse_length", i))
        value, sd = _at(fit, "reading_microstrain_squared", i)
        if sd > 0:
            _put(row, f"microstrain_squared_as_{name}", value, sd)
        row[f"aicc_as_{name}"] = float(fit["reading_aicc"].values[i])
        row[f"rw_as_{name}"] = float(fit["reading_rw"].values[i])
    return row


def _at(fit: xarray.Dataset, name: str, place: int) -> tuple[float, float]:
    return float(fit[name].values[place]), float(fit[f"{name}_sd"].values[place])


def _other_envelopes(fit: xarray.Dataset, suffix: str) -> Row:
    """The coherence length with other shapes of the domains, a column for each shape."""
    row: Row = {}
    for i, shape in enumerate(fit["envelope_shape"].values):
        if str(fit["envelope_parameter_name"].values[i]) == "coherence_length":
            sd = float(fit[f"envelope_standard_uncertainty{suffix}"].values[i])
            _put(row, f"coherence_length_{shape}_A", float(fit["envelope_value"].values[i]), sd)
    return row


def geometry_columns(geometry: xarray.Dataset, settings: SeriesSettings) -> Row:
    """Measured quantities of one structure, each with its standard uncertainty."""
    suffix = "_scaled" if settings.uncertainty == "scaled" else ""
    names = [str(name) for name in geometry["quantity"].values]
    row: Row = {}
    for column, name in settings.geometry.items():
        if name in names:
            place = names.index(name)
            sd = float(geometry[f"standard_uncertainty{suffix}"].values[place])
            _put(row, column, float(geometry["value"].values[place]), sd)
    return row


def transport_columns(arrhenius: xarray.Dataset, settings: SeriesSettings) -> Row:
    """Conductivity at the reference temperature, activation energy and prefactor of one sample.

    Raises
    ------
    InputError
        If the circuit has no resistance of the configured name.
    """
    names = [str(name) for name in arrhenius["resistance_name"].values]
    if settings.resistance not in names:
        raise InputError(
            "no such resistance", place="key series.resistance", found=settings.resistance, expected=", ".join(names)
        )
    k = names.index(settings.resistance)
    row: Row = {}
    for column, name in TRANSPORT.items():
        _put(row, column, float(arrhenius[name].values[k]), float(arrhenius[f"{name}_sd"].values[k]))
    if "activation_energy_eV" in row:
        name = "activation_energy_ln_prefactor_covariance"
        row[f"{name}_eV"] = float(arrhenius[name].values[k])
        row["arrhenius_curvature_p"] = float(arrhenius["curvature_p"].values[k])
    # Where no spectrum is usable there is no arc.
    if "capacitance_reference" in arrhenius and arrhenius["capacitance_reference"].size:
        value, sd = (float(arrhenius[f"capacitance{s}_reference"].values[0]) for s in ("", "_sd"))
        _put(row, "capacitance_25C_F", value, sd)
    row["spectra_used"] = int(arrhenius["spectra_used"].values[k])
    row["spectra_measured"] = int(arrhenius.sizes["spectrum"])
    return row


def side_phase_columns(found: xarray.Dataset) -> Row:
    """What the search for a side phase found: excess of its reflection, width of the others, and, where it was tried,
    the second phase's mass fraction and Rw with two phases."""
    row: Row = {"side_reflection_z": float(found["side_reflection_z"])}
    _put(row, "reflection_width_per_A", float(found["reflection_width"]), float(found["reflection_width_sd"]))
    if "side_phase_fraction" in found:
        _put(row, "side_phase_fraction", float(found["side_phase_fraction"]), float(found["side_phase_fraction_sd"]))
        row["rw_two_phases"] = float(found["rw_two_phases"])
    return row


def widths_columns(found: xarray.Dataset) -> Row:
    """Size and strain as the reflections of the same scan have it; nothing where they are no witness."""
    row: Row = {}
    if int(found.attrs["described"]):
        for column, name in (
            ("inverse_length_from_widths_per_A", "inverse_length"),
            ("microstrain_squared_from_widths", "microstrain_squared"),
        ):
            _put(row, column, float(found[name]), float(found[f"{name}_sd"]))
        if "disagreement" in found:
            row["widths_disagreement"] = float(found["disagreement"])
    return row


def series_row(
    sample: Mapping[str, Any],
    fits: Mapping[str, xarray.Dataset],
    geometry: xarray.Dataset | None,
    arrhenius: xarray.Dataset | None,
    settings: SeriesSettings,
    *,
    origin: str,
    side_phase: xarray.Dataset | None = None,
    widths: xarray.Dataset | None = None,
) -> Row:
    """One row of the table of the series.

    Parameters
    ----------
    sample
        The sample's row of the user's table.
    fits
        Refinements by fit range (``2-60``), the one that counts first; the columns of the others carry the range.
    geometry, arrhenius
        What these stages wrote for the sample, or None.
    settings
        What goes into the table.
    origin
        ``measured`` or ``simulated``.
    side_phase
        What the search for a side phase wrote, or None. A sample in which it was found carries the reason in the
        column ``excluded``: it leaves the structural series.
    widths
        What the widths of the reflections gave, or None.
    """
    row: Row = {key: sample.get(key) for key in _OF_SAMPLES}
    row["origin"] = origin
    for number, (fit_range, fit) in enumerate(fits.items()):
        columns = structure_columns(fit, settings)
        _refuse_undeclared(columns, settings)
        if number:
            columns = {_ranged(column, fit_range): value for column, value in columns.items()}
        row |= columns
        if settings.further and not number:
            row |= _further(fit, "parameter", settings.parameters, settings, _OF_SITES)
    if geometry is not None:
        row |= geometry_columns(geometry, settings)
        if settings.further:
            row |= _further(geometry, "quantity", settings.geometry, settings, "")
    others = {} if arrhenius is None else transport_columns(arrhenius, settings)
    others |= {} if widths is None else widths_columns(widths)
    others |= {} if side_phase is None else side_phase_columns(side_phase)
    _refuse_undeclared(others, settings)
    row |= others
    row["excluded"] = side_phase.attrs["reason"] if side_phase is not None and side_phase.attrs["excluded"] else None
    for name, value in sample.get(OWN, {}).items():
        if name in row:
            raise InputError(
                "a column of the table of samples has the name of one that the run writes",
                place=f"column {name}",
                expected="another name for what is yours",
            )
        row[name] = value
    return row


#: Refined parameters of sites that a series may show; where an atom lies is no quantity of a series.
_OF_SITES = r".+\.(occupancy|u_)"


def _further(
    found: xarray.Dataset, dimension: str, named: Mapping[str, str], settings: SeriesSettings, wanted: str
) -> Row:
    """What was refined or measured, has an uncertainty, and is no column by name: columns that are called as it is."""
    suffix = "_scaled" if settings.uncertainty == "scaled" else ""
    sds = found[f"standard_uncertainty{suffix}"].values
    row: Row = {}
    for place, name in enumerate(str(one) for one in found[dimension].values):
        if name not in named.values() and re.match(wanted, name) and sds[place] > 0:
            column = re.sub(r"\W+", "_", name).strip("_")
            _put(row, column, float(found["value"].values[place]), float(sds[place]))
    return row


def _refuse_undeclared(row: Row, settings: SeriesSettings) -> None:
    own = {f"{name}{sd}" for name in (*settings.parameters, *settings.geometry) for sd in ("", "_sd")}
    if names := SERIES.undeclared(name for name in row if name not in own):
        raise ValueError(f"the table of the series declares no column {', '.join(names)}")


def refuse_taken(settings: SeriesSettings) -> None:
    """Raise an InputError where a column that the settings name is one that the table has in any case."""
    for key in ("parameters", "geometry"):
        for name in getattr(settings, key):
            if not SERIES.undeclared([name]):
                raise InputError(
                    "a column of the table of the series has this name already",
                    place=f"key series.{key}",
                    found=name,
                    expected="another name",
                )


def _ranged(column: str, fit_range: str) -> str:
    base, sd = (column[:-3], "_sd") if column.endswith("_sd") else (column, "")
    return f"{base}_{fit_range.replace('-', '_')}{sd}"


def exclusion_rows(
    excluded: Sequence[Mapping[str, str]],
    arrhenius: Mapping[str, xarray.Dataset],
    validated: Mapping[str, Any],
    side_phases: Mapping[str, xarray.Dataset] | None = None,
) -> list[Row]:
    """Everything that was left out, one row each: sample, what, how many points, and the reason.

    Parameters
    ----------
    excluded
        What the user left out, with ``sample``, ``what`` and ``reason``.
    arrhenius
        The Arrhenius stage's datasets by sample: spectra that take no part.
    validated
        The validation's datasets by sample: points that the Kramers-Kronig test removed.
    side_phases
        What the search for a side phase wrote, by sample: a sample with one leaves the structural series.
    """
    rows: list[Row] = [{**row, "points": None, "by": "user"} for row in excluded]
    rows += [
        {
            "sample": sample,
            "what": "structural series",
            "points": None,
            "reason": found.attrs["reason"],
            "by": "side phase",
        }
        for sample, found in (side_phases or {}).items()
        if found.attrs["excluded"]
    ]
    for sample, one in validated.items():
        rows += _removed_points(sample, one)
    for sample, one in arrhenius.items():
        # Several resistances of one spectrum are left out for the same reason more often than not.
        said: dict[tuple[str, str], None] = {}
        for k in range(one.sizes["resistance_name"]):
            for i in np.flatnonzero(~one["used"].values[k].astype(bool)):
                what = f"spectrum at {float(one['temperature'].values[i]):g} °C, {one['source'].values[i]}"
                said[what, str(one["exclusion"].values[k, i])] = None
        rows += [
            {"sample": sample, "what": what, "points": None, "reason": reason, "by": "arrhenius"}
            for what, reason in said
        ]
    return rows


def rows_of_failed(failed: Sequence[Mapping[str, str]]) -> list[Row]:
    """What samples lack because a job failed, as rows of the exclusions, from rows of the table of what failed."""
    return [
        {
            "sample": row["sample"],
            "what": row["without"],
            "points": None,
            "reason": f"{row['step']} failed: {row['reason']}",
            "by": "failure",
        }
        for row in failed
    ]


def _removed_points(sample: str, validated: xarray.Dataset) -> list[Row]:
    removal = validated["removal"]
    meanings = dict(zip(removal.attrs["flag_values"], removal.attrs["flag_meanings"].split(), strict=True))
    rows: list[Row] = []
    for i in range(validated.sizes["spectrum"]):
        for code in np.unique(removal.values[i][removal.values[i] > 0]):
            chosen = removal.values[i] == code
            f = validated["frequency"].values[i][chosen]
            ends = list(dict.fromkeys(f"{end:.4g}" for end in (f.min(), f.max())))
            what = f"points of the spectrum at {float(validated['temperature'].values[i]):g} °C, "
            what += f"{' to '.join(ends)} Hz"
            reason = meanings[code].replace("_", " ")
            rows.append(
                {"sample": sample, "what": what, "points": int(chosen.sum()), "reason": reason, "by": "validation"}
            )
    return rows
