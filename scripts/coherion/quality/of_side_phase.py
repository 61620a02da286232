"""Alerts on the search for a side phase."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from coherion.quality.alert import Alert

if TYPE_CHECKING:
    import xarray


def alerts_of_side_phase(found: xarray.Dataset) -> Iterator[Alert]:
    """A sample that leaves the structural series because it holds a second phase: known, and acted on."""
    if int(found.attrs["excluded"]):
        z = float(found["side_reflection_z"])
        text = f"left out of the structural series: {found.attrs['reason']}"
        yield Alert("C", "side-phase", z, "sd", 0.0, "", text, "refine it with both phases to use its numbers")
