"""A table before it is written: columns with units, cells with uncertainties, and the two ways a number is shown.

In a ``.tsv`` a measured column becomes two, ``name (unit)`` and ``name_sd (unit)``, both with twelve digits. In print
it becomes one, with the uncertainty in brackets in units of the last digit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from coherion.crystal.cif import with_uncertainty
from coherion.data.contract.units import unit_in_print

Style = Literal["plain", "scientific"]
#: What the caption of everything says that was made from simulated data.
SIMULATED = "Simulated data, not a measurement."
#: What a row is called that holds the formula of a cell.
CONTENT = "refined content of the cell"


@dataclass(frozen=True)
class Measured:
    """A number with its standard uncertainty in the same unit; None where it was held or symmetry fixes it."""

    value: float
    sd: float | None = None


Cell = Measured | float | int | str | None


@dataclass(frozen=True)
class Column:
    """One column.

    key
        Name in the ``.tsv``, and the key of its cells.
    title
        Heading in print; the key if empty.
    unit
        Empty for numbers without unit and for text.
    measured
        Whether the ``.tsv`` has a column of uncertainties beside it.
    style
        ``scientific`` takes powers of ten out of numbers, ``plain`` never.
    decimals
        Most decimals of a number without uncertainty.
    width
        Width in cm of a column whose text runs over several lines; None keeps it on one.
    """

    key: str
    title: str = ""
    unit: str = ""
    measured: bool = False
    style: Style = "plain"
    decimals: int = 5
    width: float | None = None

    @property
    def heading(self) -> str:
        """Title and unit as printed."""
        title = self.title or self.key
        return f"{title} / {unit_in_print(self.unit)}" if self.unit else title


@dataclass(frozen=True)
class Table:
    """One table.

    name
        Stem of its files.
    caption
        A sentence or several; plain text.
    columns, rows
        Cells by the columns' keys; absent ones are blank.
    number
        Number in the supporting information, the 2 of Table S2.
    origin
        ``measured`` or ``simulated``; the caption says the latter.
    head
        Quantities that stand above the rows, as a table of their own.
    across
        Most columns beside the first that fit on a page; None where all do.
    brief
        What stands in print instead of very many rows, which the ``.tsv`` and the workbook have.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    number: int = 0
    origin: str = "measured"
    head: Table | None = None
    across: int | None = None
    brief: Table | None = None

    @property
    def in_print(self) -> Table:
        """The table as it is printed, with the caption, name and number of the whole one."""
        if self.brief is None:
            return self
        return replace(self.brief, name=self.name, caption=self.caption, number=self.number, origin=self.origin)

    @property
    def full_caption(self) -> str:
        """The caption with a warning where the data are simulated."""
        return f"{self.caption} {SIMULATED}" if self.origin == "simulated" else self.caption

    def is_formula(self, row: Mapping[str, Any], column: Column) -> bool:
        """Whether a cell holds a composition: by the name of its column or of its row."""
        return "composition" in (column.key, row.get(self.columns[0].key)) or row.get(self.columns[0].key) == CONTENT

    def numbered(self, number: int) -> Table:
        """The same table with its number, also in the name of its files."""
        # A phase is named by its CIF, which may say anything.
        safe = re.sub(r"[^A-Za-z0-9_.+-]", "_", self.name)
        return replace(self, number=number, name=f"table_S{number}_{safe}")


def printed(cell: Cell, column: Column) -> str:
    """A cell as plain text for print, ``6.9150(12)`` or ``1.44(3)×10^-6``.

    Uncertainties are rounded by the rule of 19 (one or two digits between 2 and 19: notes for authors of the IUCr's
    journals), which :func:`coherion.crystal.cif.with_uncertainty` does.
    """
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell
    value, sd = (cell.value, cell.sd) if isinstance(cell, Measured) else (cell, None)
    if not math.isfinite(value):
        return ""
    sd = math.nan if sd is None else sd
    exponent = _exponent(value) if column.style == "scientific" else 0
    if exponent == 0:
        return str(value) if isinstance(value, int) else with_uncertainty(value, sd, column.decimals)
    # Below 1e-9 of the value there is no uncertainty; dividing by a power of ten may not make one.
    return f"{with_uncertainty(value / 10.0**exponent, sd / 10.0**exponent, 3)}×10^{exponent}"


def _exponent(value: float) -> int:
    """Power of ten to take out: none between 0.01 and 10000."""
    size = abs(value)
    return 0 if size == 0 or 1e-2 <= size < 1e4 else math.floor(math.log10(size))


def tsv_names(column: Column) -> list[str]:
    """The one or two columns that a column becomes in a ``.tsv``."""
    unit = f" ({column.unit})" if column.unit else ""
    return [f"{column.key}{unit}", f"{column.key}_sd{unit}"][: 2 if column.measured else 1]


def tsv_rows(table: Table) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows and column names for :func:`coherion.data.tables.write_table`."""
    names = [name for column in table.columns for name in tsv_names(column)]
    rows = []
    for row in table.rows:
        cells: list[Any] = []
        for column in table.columns:
            cell = row.get(column.key)
            value, sd = (cell.value, cell.sd) if isinstance(cell, Measured) else (cell, None)
            cells += [value, sd][: 2 if column.measured else 1]
        rows.append(dict(zip(names, cells, strict=True)))
    return rows, names
