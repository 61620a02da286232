"""Quantities of a paper and groups of its samples, as its author declares them."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from coherion.settings.model import NotNegative, Positive, Settings, refuse, told

Name = Annotated[
    str,
    msgspec.Meta(pattern=r"^[A-Za-z][A-Za-z0-9_]*$(?!\n)", max_length=80, extra={"words": "letters, digits and _"}),
]
#: Cells that a quantity may come from or that samples may be chosen by: a column's name, or a quantity's.
Cell = float | str


class Quantity(Settings, frozen=True, kw_only=True):
    """A quantity: a column of the table of the series, what fills it, or an expression of other quantities."""

    column: Annotated[str | None, told("Column of the table of the series; by default the quantity's name")] = None
    parameter: Annotated[
        str | None, told("Refined parameter that fills the column, such as M1.occupancy.Zr or trigonal:a")
    ] = None
    geometry: Annotated[
        str | None, told("Measured bond, angle or volume that fills it, by name as in the geometry's table")
    ] = None
    expression: Annotated[
        str | None,
        told("Of other quantities, by + - * / ^ ( ) log10 ln exp sqrt, such as occupied_a - 2*occupied_b"),
    ] = None
    errors: Annotated[
        Literal["independent", "added"],
        told("Whether errors of an expression add in squares, or by their size where they may go together"),
    ] = "independent"
    exact: Annotated[bool, told("Whether it has no error: set by the chemist, or itself a statistic")] = False
    label: Annotated[str, told("What figures and tables call it, with its unit after a slash")] = ""
    unit: Annotated[str, told("Unit as the table of verdicts names it")] = "1"
    margin: Annotated[NotNegative | None, told("Difference too small to matter, in its unit")] = None
    relative_margin: Annotated[
        Positive | None, told("Difference too small to matter, as a fraction of the median of the samples")
    ] = None

    def __post_init__(self) -> None:
        sources = [key for key in ("parameter", "geometry", "expression") if getattr(self, key) is not None]
        if len(sources) > 1:
            refuse(self, sources[1], f"no {sources[1]} beside {sources[0]}", "a quantity comes from one source")
        if self.expression is not None and self.column is not None:
            refuse(self, "column", "no column beside expression", "a quantity comes from one source")
        if self.margin is not None and self.relative_margin is not None:
            refuse(self, "relative_margin", "one of margin and relative_margin", "two margins")


class Range(Settings, frozen=True, kw_only=True):
    """Numbers between two ends."""

    above: Annotated[float | None, told("Numbers above this one")] = None
    least: Annotated[float | None, told("This number or more")] = None
    below: Annotated[float | None, told("Numbers below this one")] = None
    most: Annotated[float | None, told("This number or less")] = None


class Group(Settings, frozen=True, kw_only=True):
    """Samples chosen by what their columns say, and how figures show them."""

    where: Annotated[
        dict[str, Range | Cell | tuple[Cell, ...]],
        told(
            "Quantities or columns with the value, the list of values or the range (above, least, below, most) that "
            'they must have; "" is a blank cell'
        ),
    ] = {}
    excluded: Annotated[
        Literal["without", "with", "only"],
        told("What becomes of samples that were left out of the structural series"),
    ] = "without"
    label: Annotated[str, told("What legends call the group")] = ""
    colour: Annotated[str | None, told("Colour, by name or #rrggbb; null takes that of the quantity")] = None
    marker: Annotated[str | None, told("Marker, as matplotlib names it; null takes that of the quantity")] = None
