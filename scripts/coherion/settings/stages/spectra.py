"""Impedance files to spectra."""

from __future__ import annotations

from typing import Annotated

from coherion.settings.model import NotNegative, Settings, told


class SpectraSettings(Settings, frozen=True, kw_only=True):
    """Impedance files to spectra; docs/formats-impedance.md"""

    temperature_sd: Annotated[
        NotNegative,
        told("Standard uncertainty of a temperature for which the table gives none", "K", lt=1000),
    ] = 1.0
