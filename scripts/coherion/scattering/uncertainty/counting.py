"""Whether intensities that are said to be counted scatter as counts do.

Counts scatter by their square root. Numbers that were divided by a time, averaged over frames or smoothed scatter less,
numbers that were multiplied scatter more; where a pattern is smooth, that shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from coherion.messages import warn
from coherion.scattering.uncertainty.noise import SMOOTH, measured_correlation

if TYPE_CHECKING:
    import xarray

FEWEST_COUNTS = 5.0
"""Below, the square root of a count is no longer a standard deviation."""
QUIET = 0.3
"""Ratio of variances; interpolation between a detector's channels goes down to 0.45, real scans to 0.54."""
LOUD = 4.0
"""Remains of reflections raise the ratio of real scans to 2."""


def scatter_of_counts(scan: xarray.Dataset) -> float | None:
    """Variance of the points about a smooth course, in units of that of counts, where it is certainly not that.

    Parameters
    ----------
    scan
        A scan as the readers make it.

    Returns
    -------
    float or None
        None where the scan is not said to be counted, has too few smooth regions or counts to tell, or scatters as
        counts may.
    """
    if scan.attrs["intensity_kind"] not in ("counts", "counts_per_second") or "intensity_sd" not in scan:
        return None
    intensity = np.asarray(scan["intensity"].values, dtype=float)
    sd = np.asarray(scan["intensity_sd"].values, dtype=float)
    # (intensity / sd)^2 is the number of counts, whatever the unit.
    counts = np.divide(intensity, sd, out=np.zeros_like(intensity), where=sd > 0) ** 2
    if np.median(counts) < FEWEST_COUNTS:
        return None
    noise = measured_correlation(intensity, sd)
    if not noise.windows:
        return None
    margin = 3 * noise.total_sd
    # Points that only share their counts scatter less and together, so that the sum over neighbours stays.
    if noise.ratios[0] < QUIET and noise.total + margin < 2 * QUIET:
        return noise.ratios[0]
    if noise.smooth >= SMOOTH and noise.ratios[0] > LOUD and noise.total - margin > LOUD:
        return noise.ratios[0]
    return None


def warn_if_not_counted(scan: xarray.Dataset, name: str) -> None:
    """Warn where intensities that are said to be counted cannot have been.

    Parameters
    ----------
    scan
        A scan as the readers make it.
    name
        How the message calls it.
    """
    ratio = scatter_of_counts(scan)
    if ratio is None:
        return
    if scan.attrs["intensity_kind"] == "counts":
        advice = (
            f"were they divided by a time of about {1 / ratio:.2g} s, averaged over frames, or smoothed? "
            "Say intensity_kind counts_per_second with time_per_point_s, or arbitrary"
            if ratio < 1
            else "were they multiplied, or normalised? Say intensity_kind arbitrary"
        )
        warn(f"{name}: said to be counts, but they scatter {ratio:.2g} times as much (variance) as counts do: {advice}")
        return
    time = scan.attrs.get("time_per_point")
    fitting = f"a time of about {time / ratio:.2g} s would fit" if time else "is the time right?"
    warn(
        f"{name}: said to be counts per second, but they scatter {ratio:.2g} times as much (variance) as "
        f"{f'{time:g} s of ' if time else ''}counting makes them: {fitting}; check intensity_kind and time_per_point_s"
    )
