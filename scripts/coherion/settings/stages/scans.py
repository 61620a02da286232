"""What the table of scans says of a scan beyond its file."""

from __future__ import annotations

from typing import Annotated, Literal

from coherion.settings.model import Settings, Wavelength, told

Abscissa = Literal["two_theta", "theta", "q", "q_nm", "d"]
IntensityKind = Literal["auto", "counts", "counts_per_second", "arbitrary"]


class ScanSettings(Settings, frozen=True, kw_only=True):
    """What the user's table says of a scan."""

    abscissa: Annotated[Abscissa, told("What the first column of a text is")] = "two_theta"
    intensity_kind: Annotated[IntensityKind, told("What the intensities are")] = "auto"
    time_per_point: Annotated[
        Annotated[float, told("", gt=0, le=1e7)] | None, told("Counting time of each point", "s")
    ] = None
    wavelength: Annotated[Wavelength | None, told("Wavelength", "angstrom")] = None
    range_number: Annotated[
        Annotated[int, told("", ge=1, le=8)] | None, told("Which range of the file, counted from 1")
    ] = None
