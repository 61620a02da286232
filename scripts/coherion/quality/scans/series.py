"""Alerts on the scans of a series, seen before anything is computed.

Every test compares a scan with itself (neighbouring points, its own smooth part) or with another of the series, so
that no wavelength and no structure is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from coherion.quality.alert import Told, told
from coherion.quality.scans.alone import alerts_of_scan
from coherion.quality.scans.background import alerts_of_pair
from coherion.quality.scans.copies import alerts_of_copies
from coherion.quality.scans.use import Use, alerts_of_settings, unlike_reach

if TYPE_CHECKING:
    import xarray


def alerts_of_scans(
    scans: Mapping[str, xarray.Dataset],
    used: Mapping[str, Use],
    hashes: Mapping[str, Sequence[str]],
) -> list[Told]:
    """What is wrong with the scans of a series, each alone, with its background and against the others.

    Parameters
    ----------
    scans
        By name.
    used
        What each sample's reduction makes of them.
    hashes
        Of each scan: the sha256 of its files.
    """
    found: list[Told] = []
    for name, scan in scans.items():
        found += told(name, "scan", alerts_of_scan(scan))
    for sample, use in used.items():
        if use.scan in scans:
            found += told(sample, "scan", alerts_of_settings(scans[use.scan], use))
        if use.scan in scans and (use.background is None or use.background in scans):
            background = scans.get(use.background or "")
            found += told(sample, "scan", alerts_of_pair(scans[use.scan], background, use.background_scale))
    return [*found, *alerts_of_copies(scans, used, hashes), *unlike_reach(scans, used)]
