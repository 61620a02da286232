"""Tables S2 to S13, S15 and S16: one refined structure each, its fit above and its atoms below."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.crystal.cif import formula, numbers_with_uncertainties
from coherion.crystal.crystal import Crystal
from coherion.crystal.propagation import as_refined, of_phase
from coherion.crystal.site_symmetry import site_symmetry
from coherion.crystal.symmetry import LATTICE_NAMES
from coherion.data.contract.names import name_in_print
from coherion.data.contract.units import in_print, unit_in_print
from coherion.errors import InputError
from coherion.refinement.parameters import parse
from coherion.tables.table import CONTENT, Cell, Column, Measured, Table

if TYPE_CHECKING:
    import xarray

HEAD = (
    Column("quantity", "Quantity"),
    Column("value", "Value", measured=True, style="scientific", decimals=6),
    Column("unit", "Unit"),
    Column("note", "Note", width=7.0),
)
ATOMS = (
    Column("atom", "Atom"),
    Column("element", "Element"),
    Column("multiplicity", "Mult."),
    Column("site_symmetry", "Site symm."),
    *(Column(c, c, measured=True, decimals=6) for c in "xyz"),
    Column("occupancy", "Occ.", measured=True),
    Column("u_iso", "U", "Å²", measured=True),
)


def reported_suffix(fit: xarray.Dataset) -> str:
    """``_scaled`` where the refined CIF has uncertainties scaled by the root of reduced chi-squared, else nothing."""
    return "_scaled" if json.loads(fit.attrs["settings"]).get("reported", "scaled") == "scaled" else ""


def _measured(value: float, sd: float) -> Measured:
    return Measured(float(value), float(sd) if np.isfinite(sd) and sd > 0 else None)


def structure_table(
    fit: xarray.Dataset,
    start: Crystal,
    sample: Mapping[str, Any],
    phase: str | None = None,
    *,
    name: str | None = None,
    excluded: str = "",
) -> Table:
    """The table of one refined phase, with the numbers of its CIF.

    Parameters
    ----------
    fit
        Dataset of the refinement.
    start
        The crystal the refinement started from. (The refined CIF would do, were its numbers not rounded: occupancies
        of one site no longer add up.)
    sample
        The sample's row: ``sample`` and, if given, ``title`` and ``composition``.
    phase
        Name of the phase where the refinement has several; None where it has one.
    name
        What the table's files are called; the sample if None.
    excluded
        Why the sample is no part of the series; empty if it is.

    Raises
    ------
    InputError
        If the refinement is one of another structure.
    """
    suffix = reported_suffix(fit)
    parameters = [str(n) for n in fit["parameter"].values]
    start = as_refined(start, parameters, phase)
    names, index = of_phase(start, parameters, phase)
    if missing := sorted(set(start.parameters) - set(names)):
        raise InputError(
            "the structure is not the one that was refined",
            place=f"sample {sample['sample']}, phase {phase or start.name}",
            found=f"no refined value of {', '.join(missing[:5])}",
            advice="run the refinement again",
        )
    crystal = start.with_values(dict(zip(names, fit["value"].values[index].tolist(), strict=True)))
    covariance = fit[f"covariance{suffix}"].values[np.ix_(index, index)]
    moved = np.flatnonzero(np.diag(covariance) > 0)
    numbers, sds = numbers_with_uncertainties(crystal, [names[k] for k in moved], covariance[np.ix_(moved, moved)])
    shown = [_measured(value, sd) for value, sd in zip(numbers, sds, strict=True)]

    low, high = (float(end) for end in fit.attrs["fit_range"])
    what = " of the phase " + phase if phase else ""
    caption = f"Structure{what} of {sample.get('title', sample['sample'])}"
    caption += f", refined against G(r) from {low:g} to {high:g} Å."
    if excluded:
        caption += f" Excluded from the series: {in_print(excluded).rstrip('.')}."
    name = (name or str(sample["sample"])) + (f"_{phase}" if phase else "")
    origin = str(fit.attrs["origin"])
    return Table(
        name,
        caption,
        ATOMS,
        _atoms(crystal, shown[7:]),
        origin=origin,
        head=Table(f"{name}_fit", caption, HEAD, _head(fit, crystal, sample, phase, shown[:7], suffix), origin=origin),
    )


def _row(quantity: str, value: Cell, unit: str = "", note: str = "") -> dict[str, Cell]:
    return {"quantity": quantity, "value": value, "unit": unit, "note": note}


def _head(
    fit: xarray.Dataset,
    crystal: Crystal,
    sample: Mapping[str, Any],
    phase: str | None,
    cell: list[Measured],
    suffix: str,
) -> list[dict[str, Cell]]:
    low, high = (float(end) for end in fit.attrs["fit_range"])
    rows = [_row("sample", sample["sample"])]
    if sample.get("composition"):
        rows.append(_row("composition", sample["composition"], "", "as weighed in"))
    rows += [
        _row(CONTENT, formula(crystal)),
        _row("space group", crystal.space_group),
        _row("range of r", f"{low:g} to {high:g}", "Å"),
        _row("Rw", float(fit.attrs["rw"])),
        _row("reduced χ²", float(fit.attrs["chi_squared_reduced"])),
    ]
    notes = dict(zip(map(str, fit["parameter"].values), map(str, fit["note"].values), strict=True))
    prefix = f"{phase}:" if phase else ""
    for name, value in zip(LATTICE_NAMES, cell[:6], strict=True):
        angle = name in ("alpha", "beta", "gamma")
        said = notes.get(prefix + name, "set by symmetry")
        rows.append(_row(name_in_print(name), value, "°" if angle else "Å", _note(said)))
    rows.append(_row("V", cell[6], "Å³"))
    intervals = _intervals(fit)
    own = set(crystal.parameters)
    for i, name in enumerate(map(str, fit["parameter"].values)):
        meant = parse(name)
        if meant.own in own or meant.phase not in ("", phase or ""):
            continue
        value = _measured(fit["value"].values[i], fit[f"standard_uncertainty{suffix}"].values[i])
        note = "; ".join(filter(None, [_note(notes[name]), intervals.get(name, "")]))
        rows.append(_row(name_in_print(meant.own), value, unit_in_print(str(fit["unit"].values[i])), note))
    return rows


def _note(said: str) -> str:
    return "held" if said == "fixed" else said


def _intervals(fit: xarray.Dataset) -> dict[str, str]:
    """Profile-likelihood intervals by parameter, in words."""
    if "profile_name" not in fit:
        return {}
    level = json.loads(fit.attrs["settings"]).get("profile_level")
    said = "profile likelihood" + (f" ({100 * level:.4g} %)" if level else "")
    made = {}
    for i, name in enumerate(fit["profile_name"].values):
        ends = [float(fit[f"profile_{end}"].values[i]) for end in ("lower", "upper")]
        texts = [f"{end:.6g}" if np.isfinite(end) else "open" for end in ends]
        made[str(name)] = f"{said}: {texts[0]} to {texts[1]}"
    return made


def _atoms(crystal: Crystal, shown: list[Measured]) -> list[dict[str, Cell]]:
    """A row for each species of each site; ``shown`` in the order of ``coherion.crystal.cif.printed_numbers``."""
    rows: list[dict[str, Cell]] = []
    left = iter(shown)
    for site in crystal.sites:
        x, y, z, first, *_, equivalent = (next(left) for _ in range(10))
        for element, _ in site.species:
            rows.append(
                {
                    "atom": site.label,
                    "element": element,
                    "multiplicity": crystal.multiplicity(site.label),
                    "site_symmetry": site_symmetry(crystal, site.label),
                    **dict(zip("xyz", (x, y, z), strict=True)),
                    "occupancy": next(left),
                    "u_iso": first if site.u_aniso is None else equivalent,
                }
            )
    return rows
