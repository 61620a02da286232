"""What a detector or a file can do to the counts of one scan, seen by its own neighbouring points and smooth part."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from coherion.quality.alert import Alert
from coherion.quality.scans.reflections import (
    CORRELATED,
    FEWEST_POINTS,
    MOST_TOLD,
    UNITS,
    bragg_peaks,
    counted,
    runs_of,
)

if TYPE_CHECKING:
    import xarray

# A gap is a step so many times the larger of those beside it; a missing row in coarse data is one of 2.
GAP = 2.5
# A point that no reflection can make stands so many sd out, so many times as high as its neighbours do, and by such a
# share of their sum.
GLITCH_SD, GLITCH_RATIO, GLITCH_SHARE = 12.0, 8.0, 0.1
# Side by side that many points may be such a spike: a pixel that a cosmic ray hit spreads over a few.
GLITCH_POINTS = (1, 2, 3)
# Of so many points on each side the lowest is what a valley may go down to; odd.
BESIDE_GLITCH = 9
# A step of the level stands so many sd out, and so many times what it is within so many points on both sides; beside
# it, where its own foot is, it is half as high.
STEP_SD, STEP_RATIO, STEP_POINTS, STEP_FOOT = 8.0, 4.0, 6, 0.8
# A clipped maximum is reached by so many points, two of them side by side.
CLIPPED = 4
# Counting alone repeats a point's counts N with probability 1/(2 sqrt(pi N)).
STEPS_ALIKE = 1e-3


def alerts_of_scan(scan: xarray.Dataset) -> list[Alert]:
    """What is wrong with one scan: gaps, single points, dead channels, a clipped maximum, steps of the level.

    Parameters
    ----------
    scan
        As :func:`coherion.data.scans.reader.read_scan` gives it.
    """
    dim = str(scan.attrs["abscissa"])
    x, y = scan[dim].values, scan["intensity"].values
    sd = scan["intensity_sd"].values if "intensity_sd" in scan else None
    if x.size < FEWEST_POINTS:
        return []
    points = [*_glitches(x, y, sd, UNITS[dim]), *_dead(x, y, UNITS[dim])]
    # Beyond its edges a detector has zeros; what fills in a dead module begins and ends with a step.
    held = np.flatnonzero(y)
    levels: Iterable[Alert] = []
    if not points and held.size >= FEWEST_POINTS:
        lit = slice(held[0], held[-1] + 1)
        levels = _steps(x[lit], y[lit], None if sd is None else sd[lit], UNITS[dim])
    return [*_gaps(x, UNITS[dim]), *points, *levels, *_clipped(x, y, dim)]


def _gaps(x: np.ndarray, unit: str) -> Iterator[Alert]:
    steps = np.diff(x)
    beside = np.maximum(np.append(steps[1:], steps[-2]), np.insert(steps[:-1], 0, steps[1]))
    gaps = np.flatnonzero(steps > GAP * beside)
    if not gaps.size:
        return
    widest = gaps[np.argmax(steps[gaps])]
    missing = float(np.sum(steps[gaps] - beside[gaps]))
    places = ", ".join(f"{x[k]:g} to {x[k + 1]:g}" for k in gaps[:MOST_TOLD])
    yield Alert(
        "B",
        "scan-gap",
        missing,
        unit,
        float(GAP * beside[widest]),
        f"{places} {unit}",
        f"the scan has {counted(gaps.size, 'gap')}, {missing:.3g} {unit} without points ({places}), which are "
        "interpolated over",
        "find the missing rows, or measure again",
    )


def _glitches(x: np.ndarray, y: np.ndarray, sd: np.ndarray | None, unit: str) -> Iterator[Alert]:
    scatter = np.full(y.size, _scatter(y)) if sd is None else sd
    high, low = (
        np.concatenate(parts) for parts in zip(*(_standing_alone(y, scatter, n) for n in GLITCH_POINTS), strict=True)
    )
    # Where many reflections are one point wide, the grid is coarse and nothing is wrong.
    if len(high) > max(5, 0.2 * bragg_peaks(x, y, "two_theta" if unit == "degree" else "q").size):
        return
    found = np.concatenate([high, low])
    if not found.size:
        return
    first, points, size = found[np.argsort(found[:, 0])].T
    worst = int(np.argmax(size))
    begin, end = int(first[worst]), int(first[worst] + points[worst])
    k = begin + int(np.argmax(np.abs(y[begin:end] - y[begin - 1])))
    places = ", ".join(f"{x[int(place)]:g}" for place in first[:MOST_TOLD])
    number = int(points.sum())
    alone = f"{number} points alone" if len(first) > 1 or number == 1 else f"{number} points side by side alone"
    yield Alert(
        "B",
        "scan-glitch",
        float(y[k]),
        "intensity",
        float(max(y[begin - 1], y[end])),
        f"{places} {unit}",
        f"{alone if number > 1 else '1 point alone'} in standing out, {y[k]:.4g} at {x[k]:g} {unit} between "
        f"{y[begin - 1]:.4g} and {y[end]:.4g}, as no reflection does",
        "take the point out of the file (a spike of the detector, a cosmic ray, a digit lost), or measure again",
    )


def _standing_alone(y: np.ndarray, sd: np.ndarray, points: int) -> tuple[np.ndarray, np.ndarray]:
    """Begin, number and size of so many points in a row far above, and far below, the points on both sides."""
    from scipy.ndimage import minimum_filter1d

    blocks = np.lib.stride_tricks.sliding_window_view(y, points)[2 : y.size - points - 1]
    left, right = y[1 : y.size - points - 2], y[points + 2 : y.size - 1]
    # The level around: two points on, of both sides, so that the neighbours are seen against it.
    level = np.minimum(y[: y.size - points - 3], y[points + 3 :])
    least = GLITCH_SD * np.maximum(sd[1 : y.size - points - 2], sd[points + 2 : y.size - 1])
    upper, lower = np.maximum(left, right), np.minimum(left, right)
    above, below = blocks.min(axis=1) - upper, lower - blocks.max(axis=1)
    high = above > np.maximum(least, GLITCH_RATIO * np.abs(upper - level))
    low = np.zeros_like(high)
    if points == 1:
        low = below > np.maximum(least, GLITCH_RATIO * np.abs(left - right))
    # A valley between two reflections is no deeper than what lies beside them.
    bottom = np.pad(minimum_filter1d(y, BESIDE_GLITCH), BESIDE_GLITCH, mode="edge")
    half, count = BESIDE_GLITCH // 2 + 1, above.size
    before, after = bottom[BESIDE_GLITCH + 2 - half :][:count], bottom[BESIDE_GLITCH + 1 + points + half :][:count]
    floor = np.minimum(before, after)
    low |= (floor - blocks.max(axis=1) > least) & (blocks.max(axis=1) < 0.5 * floor)
    size = np.maximum(above, below) + 0.5 * np.abs(left - right)
    tall = size > GLITCH_SHARE * np.abs(left + right)

    def listed(found: np.ndarray) -> np.ndarray:
        places = np.flatnonzero(found & tall)
        return np.column_stack([places + 2, np.full(places.size, points), size[places]]).astype(float)

    return listed(high), listed(low)


def _steps(x: np.ndarray, y: np.ndarray, sd: np.ndarray | None, unit: str) -> Iterator[Alert]:
    """Places where the level goes up or down from one point to the next, which no reflection does."""
    from scipy.ndimage import maximum_filter1d

    rise = np.diff(y)
    # What the neighbours' rise leaves; four points of errors sd have sqrt(5) sd of it.
    jump = np.zeros_like(rise)
    jump[1:-1] = rise[1:-1] - 0.5 * (rise[:-2] + rise[2:])
    size = np.abs(jump)
    scatter = np.full(y.size, _scatter(y)) if sd is None else sd
    noise = np.sqrt(5) * 0.5 * (scatter[1:] + scatter[:-1])
    # The largest of the points from the second to the last of each side.
    far, side = STEP_POINTS + 2, STEP_POINTS - 1
    shifted = np.pad(maximum_filter1d(size, side), far, mode="edge")
    reach = far + (STEP_POINTS + 2) // 2
    beside = np.maximum(shifted[reach : reach + size.size], shifted[2 * far - reach : 2 * far - reach + size.size])
    foot = np.pad(size, 1, mode="edge")
    foot = np.maximum(foot[:-2], foot[2:])
    found = (size > STEP_SD * noise) & (size > STEP_RATIO * beside) & (foot < STEP_FOOT * size)
    even = np.diff(x) < 1.5 * np.median(np.diff(x))
    found &= even & (maximum_filter1d((~even).astype(np.int8), 2 * STEP_POINTS + 1) == 0)
    found[:far] = found[-far:] = False
    places = np.flatnonzero(found)
    if not places.size:
        return
    worst = int(places[np.argmax(size[places] / noise[places])])
    where = ", ".join(f"{x[k]:g}" for k in places[:MOST_TOLD])
    yield Alert(
        "B",
        "scan-step",
        float(jump[worst]),
        "intensity",
        float(STEP_SD * noise[worst]),
        f"{where} {unit}",
        f"the level steps at {counted(places.size, 'place')} ({where} {unit}), from {y[worst]:.5g} to "
        f"{y[worst + 1]:.5g} at {x[worst]:g} {unit}, as no reflection does",
        "are rows of another scan pasted in, or did attenuator, counting time or detector module change there? Export "
        "or measure again",
    )


def _scatter(y: np.ndarray) -> float:
    return float(np.median(np.abs(np.diff(y))) / (0.6745 * np.sqrt(2)))


def _dead(x: np.ndarray, y: np.ndarray, unit: str) -> Iterator[Alert]:
    """Points that counted nothing, or all the same, amid others that count."""
    live = np.flatnonzero(y > 0)
    if live.size < FEWEST_POINTS:
        return
    inner = slice(int(live[0]), int(live[-1]) + 1)
    part, where = y[inner], x[inner]
    same = np.append(part[1:] == part[:-1], False)
    # How many points alike in a row chance makes, from the level: for few counts many.
    level = np.maximum(np.median(part), 0.25)
    chance = min(0.9, CORRELATED / (2 * np.sqrt(np.pi * level)))
    least = max(8, int(np.ceil(np.log(STEPS_ALIKE / part.size) / np.log(chance))))
    runs = [(first, end + 1) for first, end in runs_of(same) if end + 1 - first >= least]
    # A maximum that is reached by many points is told as clipped.
    runs = [(first, end) for first, end in runs if part[first] < part.max()]
    if not runs:
        return
    first, end = max(runs, key=lambda run: run[1] - run[0])
    points = sum(end - first for first, end in runs)
    places = f"{where[first]:g} to {where[end - 1]:g} {unit}"
    yield Alert(
        "B",
        "scan-dead",
        float(points),
        "points",
        float(least),
        places,
        f"{points} points have the same intensity as their neighbours ({part[first]:g} at {places}): a dead module or "
        "filled-in rows",
        "mask the module and measure or merge again; leave the scan out otherwise",
    )


def _clipped(x: np.ndarray, y: np.ndarray, dim: str) -> Iterator[Alert]:
    top = float(y.max())
    at_top = y == top
    number = int(np.count_nonzero(at_top))
    if number < CLIPPED or top < 1.5 * float(np.median(y)) or top < 100:
        return
    runs = runs_of(at_top)
    if max(end - first for first, end in runs) < 2:
        return
    places = ", ".join(f"{x[first]:g}" for first, _ in runs[:MOST_TOLD])
    yield Alert(
        "B",
        "scan-clipped",
        float(number),
        "points",
        float(CLIPPED),
        f"{places} {UNITS[dim]}",
        f"{number} points have exactly the highest intensity, {top:.6g} (at {places} {UNITS[dim]}): the detector or a "
        "conversion clipped the reflections",
        "measure with an attenuator or for a shorter time, or export the file without its limit",
    )
