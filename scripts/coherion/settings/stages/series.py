"""What goes into the table of the series."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from coherion.settings.model import Settings, told

#: Columns of refined parameters: those every structure may have, and those of the paper's labels.
PARAMETERS: dict[str, str] = {
    "a_A": "a",
    "b_A": "b",
    "c_A": "c",
    "beta_deg": "beta",
    "zr_fraction": "M1.occupancy.Zr",
    "na_2b_occupancy": "Na1.occupancy",
    "na_4e_occupancy": "Na2.occupancy",
    "coherence_length_A": "coherence_length",
}
#: Columns of measured geometry, for the paper's labels.
GEOMETRY: dict[str, str] = {
    "octahedron_M_volume_A3": "M1 volume",
    "octahedron_Na_volume_A3": "Na1 volume",
    "prism_Na_volume_A3": "Na2 volume",
    "octahedron_M_distance_A": "M1 mean distance",
    "octahedron_Na_distance_A": "Na1 mean distance",
    "prism_Na_distance_A": "Na2 mean distance",
    "angle_M1_M2_Cl1_deg": "M1-M2-Cl1",
    "angle_M1_M2_Cl2_deg": "M1-M2-Cl2",
    "angle_a_M_Cl1_deg": "a-M-Cl1",
    "angle_a_M_Cl2_deg": "a-M-Cl2",
}


class SeriesSettings(Settings, frozen=True, kw_only=True):
    """What goes into the table of the series"""

    parameters: Annotated[
        dict[str, str],
        told("Columns of the table and the refined parameters they hold; a phase may stand before a name, trigonal:a"),
    ] = msgspec.field(default_factory=lambda: dict(PARAMETERS))
    geometry: Annotated[
        dict[str, str],
        told("Columns of the table and the measured quantities they hold, by name as in the geometry's table"),
    ] = msgspec.field(default_factory=lambda: dict(GEOMETRY))
    resistance: Annotated[str, told("Which resistance of the circuit the conductivity comes from")] = "total"
    uncertainty: Annotated[
        Literal["scaled", "unscaled"],
        told(
            "Which standard uncertainties of refined numbers the table holds: scaled by the root of reduced "
            "chi-squared, or unscaled"
        ),
    ] = "scaled"
