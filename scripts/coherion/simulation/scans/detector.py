"""A strip detector that is moved along the circle: Poisson counts in its channels, interpolated onto an even grid.

Real scans of this kind are not white: interpolation shares each channel's count between neighbouring points, so the
points scatter less than sqrt(N) and neighbours go together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def interpolated_counts(
    expected: Callable[[np.ndarray], np.ndarray],
    begin: float,
    step: float,
    points: int,
    rng: np.random.Generator,
    *,
    pitch: float,
    exposures: int,
) -> np.ndarray:
    """Whole counts at ``begin + i*step`` (degrees).

    Parameters
    ----------
    expected
        Expected counts per step of the grid for the whole measurement, at any angles (degrees).
    begin, step, points
        The grid written to the file.
    rng
        Source of the counts.
    pitch
        Width of a channel, degrees.
    exposures
        Times the detector passes over each angle, every time at another fraction of a channel.

    Returns
    -------
    (points,) int64. Each exposure's channels take Poisson counts and are interpolated linearly; the sum is rounded.
    """
    two_theta = begin + step * np.arange(points)
    total = np.zeros(points)
    for _ in range(exposures):
        first = begin - pitch * (1 + rng.random())
        channels = first + pitch * np.arange(int((two_theta[-1] - first) / pitch) + 3)
        mean = np.maximum(expected(channels), 0.0) * (pitch / step) / exposures
        total += np.interp(two_theta, channels, rng.poisson(mean)) * (step / pitch)
    return np.rint(total).astype(np.int64)
