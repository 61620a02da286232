"""What goes into the table of the series."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from coherion.settings.model import Settings, told

#: Columns of refined parameters that every structure has; a paper's quantities bring theirs.
PARAMETERS: dict[str, str] = {
    **{f"{name}_A": name for name in ("a", "b", "c")},
    **{f"{name}_deg": name for name in ("alpha", "beta", "gamma")},
    "coherence_length_A": "coherence_length",
}


Column = Annotated[
    str,
    msgspec.Meta(pattern=r"^[^\s\x00-\x1f][^\t\r\n\x00-\x1f]*$(?!\n)", extra={"words": "a column's name on one line"}),
]


class SeriesSettings(Settings, frozen=True, kw_only=True):
    """What goes into the table of the series"""

    parameters: Annotated[
        dict[Column, str],
        told(
            "Columns of the table and the refined parameters they hold beside those of the paper's quantities; a phase "
            "may stand before a name, side:a"
        ),
    ] = msgspec.field(default_factory=lambda: dict(PARAMETERS))
    geometry: Annotated[
        dict[Column, str],
        told(
            "Columns of the table and the measured quantities they hold, by name as in the geometry's table, beside "
            "those of the paper's quantities"
        ),
    ] = {}
    further: Annotated[
        bool,
        told(
            "Whether occupancies, displacements and measured quantities that none of these names have columns, too; "
            "without a paper they have"
        ),
    ] = False
    resistance: Annotated[str, told("Which resistance of the circuit the conductivity comes from")] = "total"
    uncertainty: Annotated[
        Literal["scaled", "unscaled"],
        told(
            "Which standard uncertainties of refined numbers the table holds: scaled by the root of reduced "
            "chi-squared, or unscaled"
        ),
    ] = "scaled"
