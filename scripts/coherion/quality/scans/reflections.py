"""Reflections that stand out of the smooth part of a scan, found without a structure."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

# The smooth part is the median over so much of each abscissa: broader than a reflection, narrower than a glass hump.
SMOOTH = {"two_theta": 3.0, "theta": 1.5, "q": 0.5, "q_nm": 5.0}
# A reflection stands out of the smooth part by these, and a crystalline sample has so many.
PEAK_SD, PEAK_SHARE, FEWEST_PEAKS = 8.0, 0.15, 4
# Interpolated points scatter less from neighbour to neighbour than from the truth.
CORRELATED = 1.6
# Of so few points nothing is told.
FEWEST_POINTS = 50
UNITS = {"two_theta": "degree", "q": "1/angstrom"}
MOST_TOLD = 3


def bragg_peaks(x: np.ndarray, y: np.ndarray, abscissa: str = "two_theta") -> np.ndarray:
    """Where reflections stand out of the smooth part of a scan.

    Parameters
    ----------
    x, y
        Abscissa and intensity, shape (n,), x rising.
    abscissa
        Key of ``SMOOTH``.

    Returns
    -------
    Values of x, shape (m,), the nearest to one another merged.
    """
    return _bragg_peaks(np.asarray(x, float).tobytes(), np.asarray(y, float).tobytes(), abscissa)


@lru_cache(maxsize=16)
def _bragg_peaks(x_bytes: bytes, y_bytes: bytes, abscissa: str) -> np.ndarray:
    """Kept for the last scans: the same background stands beside each sample of a series."""
    from scipy.ndimage import median_filter

    x, y = np.frombuffer(x_bytes), np.frombuffer(y_bytes)
    if x.size < FEWEST_POINTS:
        return np.empty(0)
    step = float(np.median(np.diff(x)))
    width = min(max(5, round(SMOOTH[abscissa] / step)) | 1, x.size // 4 * 2 + 1)
    base = median_filter(y, width, mode="nearest")
    scatter = np.append(np.abs(np.diff(y)), 0.0)
    sd = CORRELATED * median_filter(scatter, width, mode="nearest") / (0.6745 * np.sqrt(2))
    above = (y - base > PEAK_SD * sd) & (y - base > PEAK_SHARE * np.abs(base)) & (y > base)
    above[: width // 2] = above[-(width // 2) :] = False
    runs = [run for run in runs_of(above) if run[1] - run[0] >= 2]
    tops = np.array([first + int(np.argmax(y[first:end])) for first, end in runs], dtype=int)
    places = x[tops]
    return places[np.diff(places, prepend=-np.inf) > SMOOTH[abscissa] / 10]


def is_crystalline(x: np.ndarray, y: np.ndarray, abscissa: str = "two_theta") -> bool:
    """Whether a scan has the reflections of a crystalline sample, which no empty capillary has."""
    return bragg_peaks(x, y, abscissa).size >= FEWEST_PEAKS


def runs_of(mask: np.ndarray) -> list[tuple[int, int]]:
    """Begin and end (exclusive) of each run of True."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
