"""The table of the series: one row per sample, read as text and handed out as numbers with their errors."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import compress
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coherion.data.tables import read_cell
from coherion.errors import InputError
from coherion.settings.paper.expressions import Node, parse
from coherion.settings.paper.quantities import Quantity
from coherion.settings.paper.standard import STANDARD
from coherion.statistics.quantities.expressions import evaluate

Array = NDArray[np.float64]

#: Columns that every table has, by role; all others are quantities (:mod:`coherion.settings.paper.standard`).
DESCRIBING: Mapping[str, str] = {name: name for name in ("sample", "group", "excluded", "origin")}


_NONE = Quantity()


class Missing(Exception):
    """Data that a statement needs and the table does not hold; the text names them."""


@dataclass(frozen=True)
class Series:
    """Rows of the table as text, and the quantities that they hold by name."""

    columns: Mapping[str, tuple[str, ...]]
    quantities: Mapping[str, Quantity] = field(default_factory=lambda: dict(STANDARD))
    file: str | None = None

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Column of each quantity that is one."""
        given = {name: one.column or name for name, one in self.quantities.items() if one.expression is None}
        return {**DESCRIBING, **given}

    @cached_property
    def derived(self) -> Mapping[str, Node]:
        """Expression of each quantity that is one."""
        return {name: parse(one.expression) for name, one in self.quantities.items() if one.expression is not None}

    @cached_property
    def exact(self) -> frozenset[str]:
        """Quantities without a standard error, by name and by column."""
        names = {name for name, one in self.quantities.items() if one.exact}
        names |= {name for name, node in self.derived.items() if node.names and self._all_exact(node)}
        return frozenset(names | {self.names[name] for name in names if name in self.names})

    def _all_exact(self, node: Node) -> bool:
        return all(
            self._all_exact(self.derived[name]) if name in self.derived else self.quantities.get(name, _NONE).exact
            for name in node.names
        )

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))

    def has(self, role: str) -> bool:
        """Whether the column of a quantity (or a column by its name) is there and holds anything."""
        if role in self.derived:
            return all(self.has(name) for name in self.derived[role].names)
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
        if len(self) == 0:
            raise Missing("samples: all were excluded, or belong to another group")
        if role in self.derived:
            return self._of(role)[0]
        column = self.names.get(role, role)
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

    def errors(self, role: str) -> Array:
        """Standard errors of a quantity, or of a column by its name, shape (rows,); NaN where blank.

        Raises
        ------
        Missing, InputError
            As :meth:`numbers`.
        """
        if role in self.derived:
            errors = self._of(role)[1]
            return np.zeros(len(self)) if errors is None else errors
        return self.numbers(f"{self.names.get(role, role)}_sd")

    def _of(self, role: str) -> tuple[Array, Array | None]:
        def numbers(name: str) -> tuple[Array, Array | None]:
            return self.numbers(name), None if name in self.exact else self.errors(name)

        return evaluate(self.derived[role], numbers, self.quantities[role].errors)

    def where(self, mask: NDArray[np.bool_]) -> Series:
        """The rows of a mask of shape (rows,)."""
        keep = np.asarray(mask, bool).tolist()
        kept = {name: tuple(compress(cells, keep)) for name, cells in self.columns.items()}
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

    def pick(self, *roles: str, least: int = 1) -> dict[str, Array]:
        """Arrays of several roles on the rows where all of them, and their errors, are given.

        An error of zero marks what a fit was told and not what it found: such rows are left out.

        Returns ``{role: (n,), role + "_sd": (n,), "row": (n,)}``; exact quantities have no ``_sd``.

        Raises
        ------
        Missing
            If a column is absent or fewer than ``least`` rows are complete.
        """
        found = {"row": np.arange(len(self), dtype=float)}
        for role in roles:
            found[role] = self.numbers(role)
            if role not in self.exact:
                found[f"{role}_sd"] = self.errors(role)
        whole = np.all([np.isfinite(v) for v in found.values()], axis=0)
        for role in roles:
            if role not in self.exact:
                whole &= found[f"{role}_sd"] > 0
        if whole.sum() < least:
            listed = ", ".join(self.names.get(role, role) for role in roles)
            raise Missing(f"{least} samples with {listed} and errors above zero (there are {int(whole.sum())})")
        return {name: values[whole] for name, values in found.items()}


def read_series(path: str | os.PathLike[str], quantities: Mapping[str, Quantity] | None = None) -> Series:
    """Read the tab-separated table of the series.

    Parameters
    ----------
    path
        Tab-separated text with a header; blank cells are missing values.
    quantities
        Those that the table holds, by name; by default those of any series.

    Raises
    ------
    InputError
        If the file has no header or no rows, a row has too many or too few cells, a column is named twice, or the
        column ``sample`` is missing.
    """
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
    if "sample" not in header:
        raise InputError("a column is missing", file=path, expected="sample", found=", ".join(header))
    columns = {name: tuple(line[i] for line in lines[1:]) for i, name in enumerate(header)}
    return Series(columns, dict(STANDARD) if quantities is None else quantities, os.fspath(path))
