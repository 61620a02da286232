"""Table S14: resistances and conductivities of every spectrum; and what the Arrhenius lines give for each sample."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from coherion.data.contract.units import unit_in_print
from coherion.data.netcdf import origin_of
from coherion.tables.table import Cell, Column, Measured, Table

if TYPE_CHECKING:
    import xarray

RESISTANCES = (
    Column("sample", "Sample"),
    Column("temperature", "T", "°C"),
    Column("cycle", "Cycle"),
    Column("resistance_name", "Part"),
    Column("resistance", "R", "Ω", measured=True, style="scientific"),
    Column("conductivity", "σ", "S/cm", measured=True, style="scientific"),
    Column("capacitance", "C", "F", measured=True, style="scientific"),
    Column("chi_squared", "χ²", decimals=4, style="scientific"),
    Column("points_kept", "Points"),
    Column("points_measured", "of"),
    Column("not_used_because", "Not used because", width=3.6),
)
CONDUCTIVITIES = (
    Column("sample", "Sample"),
    Column("resistance_name", "Part"),
    Column("conductivity_reference", "σ at the reference", "S/cm", measured=True, style="scientific"),
    Column("reference_temperature", "Reference", "°C"),
    Column("activation_energy", "Ea", "eV", measured=True),
    Column("prefactor", "Prefactor", "", measured=True, style="scientific"),
    Column("prefactor_unit", "Unit"),
    Column("ln_prefactor", "ln prefactor", measured=True),
    Column("spectra_used", "Spectra"),
    Column("spectra_measured", "of"),
)


def _measured(value: float, sd: float) -> Measured | None:
    if not np.isfinite(value):
        return None
    return Measured(float(value), float(sd) if np.isfinite(sd) and sd > 0 else None)


def resistances_table(circuits: Mapping[str, xarray.Dataset], arrhenius: Mapping[str, xarray.Dataset]) -> Table:
    """R, sigma, effective capacitance and quality of every spectrum, or why it takes no part.

    Parameters
    ----------
    circuits, arrhenius
        What the two stages wrote, by sample. Of a sum of several resistors no single capacitance is given.
    """
    rows: list[dict[str, Cell]] = []
    for sample, fitted in circuits.items():
        line = arrhenius[sample]
        members = json.loads(fitted.attrs["resistors"])
        arcs = [str(arc) for arc in fitted["arc"].values]
        measured = np.isfinite(fitted["impedance_real"].values).sum(axis=1)
        kept = fitted["kept"].values.sum(axis=1)
        for i in range(fitted.sizes["spectrum"]):
            for k, name in enumerate(map(str, fitted["resistance_name"].values)):
                row: dict[str, Cell] = {
                    "sample": sample,
                    "temperature": float(fitted["temperature"].values[i]),
                    "cycle": int(fitted["cycle"].values[i]),
                    "resistance_name": name,
                    "resistance": _pair(fitted, "resistance", i, k),
                    "conductivity": _pair(line, "conductivity", k, i),
                    "points_kept": int(kept[i]),
                    "points_measured": int(measured[i]),
                    "not_used_because": str(line["exclusion"].values[k, i]) or str(fitted["reason"].values[i, k]),
                }
                chi_squared = float(fitted["chi_squared"].values[i])
                row["chi_squared"] = chi_squared if np.isfinite(chi_squared) else None
                resistors = members.get(name, [])
                if len(resistors) == 1 and resistors[0] in arcs:
                    row["capacitance"] = _pair(fitted, "capacitance", i, arcs.index(resistors[0]))
                rows.append(row)
    return Table(
        "resistances",
        "Resistances R, conductivities σ and effective capacitances C from the fits of the circuit, with the weighted "
        "sum of squared residuals and the number of points that passed the Kramers-Kronig test.",
        _without_constant(RESISTANCES, rows, "cycle", "resistance_name"),
        rows,
        origin=origin_of(*circuits.values()),
    )


def _pair(dataset: xarray.Dataset, name: str, *place: int) -> Measured | None:
    return _measured(dataset[name].values[place], dataset[f"{name}_sd"].values[place])


def _without_constant(columns: tuple[Column, ...], rows: list[dict[str, Cell]], *names: str) -> tuple[Column, ...]:
    """Columns without those of ``names`` that say the same in every row."""
    return tuple(c for c in columns if c.key not in names or len({row.get(c.key) for row in rows}) > 1)


def conductivities_table(arrhenius: Mapping[str, xarray.Dataset]) -> Table:
    """Conductivity at the reference temperature, activation energy and prefactor of every sample.

    The prefactor's uncertainty is that of its logarithm times the prefactor, which is meant for small ones; the
    logarithm stands beside it.
    """
    rows: list[dict[str, Cell]] = []
    for sample, line in arrhenius.items():
        for k, name in enumerate(map(str, line["resistance_name"].values)):
            logarithm = _pair(line, "ln_prefactor", k)
            row: dict[str, Cell] = {
                "sample": sample,
                "resistance_name": name,
                "conductivity_reference": _pair(line, "conductivity_reference", k),
                "reference_temperature": float(line.attrs["reference_temperature"]),
                "activation_energy": _pair(line, "activation_energy", k),
                "ln_prefactor": logarithm,
                "spectra_used": int(line["spectra_used"].values[k]),
                "spectra_measured": int(line.sizes["spectrum"]),
            }
            if logarithm is not None:
                value = float(np.exp(logarithm.value))
                row["prefactor"] = Measured(value, None if logarithm.sd is None else value * logarithm.sd)
                row["prefactor_unit"] = unit_in_print("S K/cm" if line.attrs["form"] == "sigma_T" else "S/cm")
            rows.append(row)
    return Table(
        "conductivities",
        "Conductivities at the reference temperature, on the Arrhenius line, activation energies and prefactors.",
        _without_constant(CONDUCTIVITIES, rows, "resistance_name"),
        rows,
        origin=origin_of(*arrhenius.values()),
    )
