"""For every parameter: do the fits of a shorter range of r say something else?"""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from coherion.data.contract.units import unit_in_print
from coherion.data.netcdf import origin_of
from coherion.statistics.nested_fits import sd_of_difference
from coherion.tables.structures import reported_suffix
from coherion.tables.table import Cell, Column, Measured, Table

if TYPE_CHECKING:
    import xarray

COLUMNS = (
    Column("sample", "Sample"),
    Column("parameter", "Parameter"),
    Column("unit", "Unit"),
    Column("range", "Range / Å"),
    Column("value", "Value", measured=True),
    Column("value_main", "Main range", measured=True),
    Column("difference", "Difference", decimals=5),
    Column("error_nested", "s(part)", decimals=5),
    Column("error_independent", "s(sum)", decimals=5),
    Column("sigma_nested", "Δ/s(part)", decimals=2),
    Column("sigma_independent", "Δ/s(sum)", decimals=2),
)


#: Samples beside one another in print.
ACROSS = 13


def _refined(fit: xarray.Dataset) -> dict[str, tuple[float, float, str, bool]]:
    """Value, standard uncertainty and unit of what was refined or derived, and whether it is free, not a function."""
    suffix = reported_suffix(fit)
    found = {}
    for prefix, names in (("", "parameter"), ("derived_", "derived_name")):
        if names not in fit:
            continue
        for i, name in enumerate(map(str, fit[names].values)):
            value = float(fit[f"{prefix}value"].values[i])
            sd = float(fit[f"{prefix}standard_uncertainty{suffix}"].values[i])
            if np.isfinite(value) and np.isfinite(sd) and sd > 0:
                follows = bool(prefix) or str(fit["note"].values[i]).startswith("=")
                found[name] = value, sd, unit_in_print(str(fit[f"{prefix}unit"].values[i])), not follows
    return found


def _contains(outer: xarray.Dataset, inner: xarray.Dataset) -> bool:
    (a, b), (c, d) = outer.attrs["fit_range"], inner.attrs["fit_range"]
    return bool(a <= c and d <= b)


def _compared(fits: Mapping[str, xarray.Dataset]) -> Iterator[tuple[str, str, dict[str, Cell]]]:
    """Range, parameter and cells of every refined parameter in every further range."""
    main, *others = fits
    reference = _refined(fits[main])
    for other in others:
        found = _refined(fits[other])
        for name in [n for n in reference if n in found]:
            (long, long_sd, unit, free), (short, short_sd, *_) = reference[name], found[name]
            part, whole = short_sd, long_sd
            if _contains(fits[other], fits[main]):
                part, whole = whole, part
            error = sd_of_difference(part, whole)
            # Two ranges that only overlap are neither nested nor independent; the sum errs on no known side.
            is_part = _contains(fits[main], fits[other]) or _contains(fits[other], fits[main])
            nested = error.nested if is_part else None
            difference = short - long
            yield (
                other,
                name,
                {
                    "unit": unit,
                    "value": Measured(short, short_sd),
                    "value_main": Measured(long, long_sd),
                    "difference": difference,
                    "error_nested": nested,
                    "error_independent": error.independent,
                    "sigma_nested": None if nested is None else difference / nested,
                    "sigma_independent": difference / error.independent,
                    "counts": int(free),
                },
            )


def ranges_table(fits: Mapping[str, Mapping[str, xarray.Dataset]], excluded: Container[str] = ()) -> Table | None:
    """Differences of all refined parameters between the main range and every other, in standard errors.

    Parameters
    ----------
    fits
        By sample and range of r, the main range first.
    excluded
        Samples that are no part of the series: they have rows, but the caption does not count them.

    Returns
    -------
    Table or None
        None where there are no two ranges.
    """
    rows: list[dict[str, Cell]] = []
    for sample, of_sample in fits.items():
        by_name = list(_compared(of_sample))
        # Ranges of one parameter stand together.
        order = {name: k for k, name in enumerate(dict.fromkeys(name for _, name, _ in by_name))}
        for other, name, cells in sorted(by_name, key=lambda one: order[one[1]]):
            rows.append({"sample": sample, "parameter": name, "range": other, **cells})
    if not rows:
        return None
    mains = sorted({next(iter(of_sample)) for of_sample in fits.values()})
    caption = (
        f"Refined parameters of other ranges of r compared with those of {' and '.join(mains)} Å. Where one range is "
        "part of the other, the difference has the variance var(short) - var(long): s(part), blank where that "
        "is not positive; s(sum) is the error as if the two had no data in common. Printed is the difference in "
        "s(part), or in s(sum) in brackets; the values stand in the .tsv file and in results.xlsx. "
    )
    return Table(
        "fit_ranges",
        caption + _counted([row for row in rows if row["counts"] and row["sample"] not in excluded]),
        COLUMNS,
        rows,
        origin=origin_of(*(fit for of_sample in fits.values() for fit in of_sample.values())),
        brief=_brief(rows),
    )


def _brief(rows: Sequence[Mapping[str, Cell]]) -> Table:
    """The differences alone: parameters and ranges in rows, samples in columns."""
    samples = list(dict.fromkeys(str(row["sample"]) for row in rows))
    lines: dict[tuple[str, str], dict[str, Cell]] = {}
    for row in rows:
        parameter, other = str(row["parameter"]), str(row["range"])
        line = lines.setdefault((parameter, other), {"difference": f"{parameter}, {other} Å"})
        line[f"of {row['sample']}"] = _in_brackets(row)
    columns = [Column("difference", "Parameter, range"), *(Column(f"of {name}", name) for name in samples)]
    return Table("fit_ranges", "", columns, list(lines.values()), across=ACROSS)


def _in_brackets(row: Mapping[str, Cell]) -> str:
    nested, independent = row["sigma_nested"], row["sigma_independent"]
    if isinstance(nested, float):
        return f"{nested:.1f}".replace("-", "\N{MINUS SIGN}")
    return f"({independent:.1f})".replace("-", "\N{MINUS SIGN}")


def _counted(rows: list[dict[str, Cell]]) -> str:
    """How many differences exceed two and three standard errors: s(part), or s(sum) where that is blank."""
    said = []
    for other in dict.fromkeys(str(row["range"]) for row in rows):
        sigmas = []
        for row in rows:
            if row["range"] == other:
                chosen = row["sigma_independent"] if row["sigma_nested"] is None else row["sigma_nested"]
                if isinstance(chosen, float):
                    sigmas.append(abs(chosen))
        above = [sum(s > limit for s in sigmas) for limit in (2, 3)]
        expected = len(sigmas) * math.erfc(2 / math.sqrt(2))
        said.append(
            f"{other} Å: of {len(sigmas)} differences of free parameters {above[0]} exceed two standard errors "
            f"(chance: {expected:.0f}) and {above[1]} three."
        )
    return " ".join(said)
