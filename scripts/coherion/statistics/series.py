"""The table of the series: one row per sample, read as text and handed out as numbers with their errors."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coherion.data.tables import read_cell
from coherion.errors import InputError

Array = NDArray[np.float64]

# What the statements are about, and the column that holds it; its standard error is in `<column>_sd`.
COLUMNS: Mapping[str, str] = {
    "sample": "sample",
    "composition": "x",
    "group": "group",
    "annealing": "annealing_C",
    "excluded": "excluded",
    "origin": "origin",
    "a": "a_A",
    "b": "b_A",
    "c": "c_A",
    "beta": "beta_deg",
    "volume": "volume_A3",
    "zr_fraction": "zr_fraction",
    "na_2b": "na_2b_occupancy",
    "na_4e": "na_4e_occupancy",
    "octahedron_m": "octahedron_M_volume_A3",
    "octahedron_na": "octahedron_Na_volume_A3",
    "prism_na": "prism_Na_volume_A3",
    "octahedron_na_distance": "octahedron_Na_distance_A",
    "prism_na_distance": "prism_Na_distance_A",
    "angle_cl1": "angle_M1_M2_Cl1_deg",
    "angle_cl2": "angle_M1_M2_Cl2_deg",
    "angle_a_cl1": "angle_a_M_Cl1_deg",
    "angle_a_cl2": "angle_a_M_Cl2_deg",
    "coherence_length": "coherence_length_A",
    "inverse_length": "inverse_length_per_A",
    "microstrain_squared": "microstrain_squared",
    "rw": "rw",
    "reflection_width": "reflection_width_per_A",
    "side_reflection": "side_reflection_z",
    "conductivity": "sigma_25C_S_per_cm",
    "activation_energy": "activation_energy_eV",
    "ln_prefactor": "ln_prefactor",
    "prefactor_covariance": "activation_energy_ln_prefactor_covariance_eV",
    "capacitance": "capacitance_25C_F",
    "arrhenius_curvature": "arrhenius_curvature_p",
}

# Columns without a `_sd` of their own: set by the chemist, or themselves a statistic.
EXACT = frozenset(["composition", "annealing", "rw", "prefactor_covariance", "arrhenius_curvature", "side_reflection"])

AS_MILLED, ANNEALED = "as_milled", "annealed"


class Missing(Exception):
    """Data that a statement needs and the table does not hold; the text names them."""


@dataclass(frozen=True)
class Series:
    """Rows of the table as text; ``names`` maps roles of :data:`COLUMNS` to columns."""

    columns: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str]
    file: str | None = None

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def has(self, role: str) -> bool:
        """Whether the column of a role is there and holds anything."""
        return any(text.strip() for text in self.columns.get(self.names.get(role, role), ()))

    def texts(self, role: str) -> tuple[str, ...]:
        """Cells of a role's column, stripped; blanks where the column is absent."""
        return tuple(t.strip() for t in self.columns.get(self.names.get(role, role), ("",) * len(self)))

    def numbers(self, role: str) -> Array:
        """Numbers of a column (role, or name of a column), shape (rows,); NaN where blank.

        Raises
        ------
        Missing
            If the column is absent or blank throughout.
        InputError
            If a cell is not a number.
        """
        column = self.names.get(role, role)
        if len(self) == 0:
            raise Missing("samples: all were excluded, or belong to another group")
        if not self.has(role):
            raise Missing(f"column {column}")
        values = np.full(len(self), np.nan)
        for row, text in enumerate(self.texts(role)):
            if text:
                try:
                    values[row] = float(text)
                    if math.isinf(values[row]):
                        raise ValueError
                except ValueError:
                    raise InputError(
                        "not a number",
                        file=self.file,
                        place=f"row {row + 2}, column {column}",
                        found=text,
                        expected="a finite number, or a blank cell where there is none",
                    ) from None
        return values

    def where(self, mask: NDArray[np.bool_]) -> Series:
        """The rows of a mask of shape (rows,)."""
        kept = {name: tuple(c for c, m in zip(cells, mask, strict=True) if m) for name, cells in self.columns.items()}
        return replace(self, columns=kept)

    def put(self, role: str, values: ArrayLike, sds: ArrayLike) -> Series:
        """The table with other numbers of a role and their errors, shape (rows,); NaN leaves a cell blank."""
        column = self.names.get(role, role)
        made = {
            name: tuple("" if np.isnan(v) else repr(float(v)) for v in np.asarray(numbers, float))
            for name, numbers in ((column, values), (f"{column}_sd", sds))
        }
        return replace(self, columns={**self.columns, **made})

    @property
    def included(self) -> NDArray[np.bool_]:
        """Rows without a reason in the column ``excluded``."""
        return np.array([not reason for reason in self.texts("excluded")], bool)

    @property
    def milled(self) -> NDArray[np.bool_]:
        """Rows of the group ``as_milled`` (or of no group)."""
        return np.array([text in ("", AS_MILLED) for text in self.texts("group")], bool)

    def pick(self, *roles: str, least: int = 1) -> dict[str, Array]:
        """Arrays of several roles on the rows where all of them, and their errors, are given.

        An error of zero marks what a fit was told and not what it found: such rows are left out.

        Returns ``{role: (n,), role + "_sd": (n,), "row": (n,)}``; columns of :data:`EXACT` have no ``_sd``.

        Raises
        ------
        Missing
            If a column is absent or fewer than ``least`` rows are complete.
        """
        found = {"row": np.arange(len(self), dtype=float)}
        for role in roles:
            found[role] = self.numbers(role)
            if role not in EXACT:
                found[f"{role}_sd"] = self.numbers(f"{self.names.get(role, role)}_sd")
        whole = np.all([np.isfinite(v) for v in found.values()], axis=0)
        for role in roles:
            if role not in EXACT:
                whole &= found[f"{role}_sd"] > 0
        if whole.sum() < least:
            listed = ", ".join(self.names.get(role, role) for role in roles)
            raise Missing(f"{least} samples with {listed} and errors above zero (there are {int(whole.sum())})")
        return {name: values[whole] for name, values in found.items()}


def read_series(path: str | os.PathLike[str], names: Mapping[str, str] | None = None) -> Series:
    """Read the tab-separated table of the series.

    Parameters
    ----------
    path
        Tab-separated text with a header; blank cells are missing values.
    names
        Roles of :data:`COLUMNS` with other columns than the defaults.

    Raises
    ------
    InputError
        If the file has no header or no rows, a row has too many or too few cells, a column is named twice, the
        columns ``sample`` or ``x`` are missing, or ``names`` holds an unknown role.
    """
    roles = dict(COLUMNS)
    for role, column in (names or {}).items():
        if role not in roles:
            raise InputError("unknown role", place=f"key columns.{role}", expected=", ".join(sorted(roles)))
        roles[role] = str(column)
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        lines = [line for line in csv.reader(text.splitlines(), delimiter="\t") if any(c.strip() for c in line)]
    except UnicodeDecodeError as problem:
        raise InputError("not UTF-8 text", file=path, found=problem, expected="a tab-separated table") from problem
    except csv.Error as problem:
        raise InputError("not a table", file=path, found=problem, expected="a tab-separated table") from problem
    if len(lines) < 2:
        raise InputError("the table has no rows", file=path, expected="a header and one row per sample")
    lines = [[read_cell(cell) for cell in line] for line in lines]
    header = [cell.strip() for cell in lines[0]]
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        raise InputError("a column is named twice", file=path, place="line 1", found=", ".join(sorted(twice)))
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(header):
            raise InputError(
                "wrong number of cells",
                file=path,
                place=f"row {number}",
                found=len(line),
                expected=f"{len(header)} as in the header",
            )
    for role in ("sample", "composition"):
        if roles[role] not in header:
            raise InputError("a column is missing", file=path, expected=roles[role], found=", ".join(header))
    columns = {name: tuple(line[i] for line in lines[1:]) for i, name in enumerate(header)}
    return Series(columns, roles, os.fspath(path))
