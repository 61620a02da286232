"""Alerts on scans: what a detector, a copy or a table of scans can do to counts, seen before anything is computed.

Every test compares a scan with itself (neighbouring points, its own smooth part) or with another of the series, so
that no wavelength and no structure is needed.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.scans.reader import KA1, KA2
from coherion.errors import InputError
from coherion.quality.alert import Alert, Told, told
from coherion.scattering.corrections.polarisation import monochromator_angle

if TYPE_CHECKING:
    import xarray

# The smooth part is the median over so much of each abscissa: broader than a reflection, narrower than a glass hump.
SMOOTH = {"two_theta": 3.0, "theta": 1.5, "q": 0.5, "q_nm": 5.0}
# A reflection stands out of the smooth part by these, and a crystalline sample has so many.
PEAK_SD, PEAK_SHARE, FEWEST_PEAKS = 8.0, 0.15, 4
# Interpolated points scatter less from neighbour to neighbour than from the truth.
CORRELATED = 1.6
# Of so few points nothing is told.
FEWEST_POINTS = 50
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
# Ka1 from which a wavelength may be off to the mean of Ka1 and Ka2, and what Ka2 adds to so many reflections, or such a
# share of those it is resolved from: about half their height, and little between and beyond.
KA_MEAN, KA2_FEWEST, KA2_SHARE, KA2_HEIGHTS, KA2_BESIDE = 0.004, 5, 0.25, (0.35, 0.65), 0.25
# A clipped maximum is reached by so many points, two of them side by side.
CLIPPED = 4
# Counts that are the same point by point in two scans: so many in a row, of so many counts or more.
COPIED, COPIED_COUNTS = 25, 20.0
BLOCK = (COPIED - 1) // 2
# With so many that follow a scan is compared, of those that have a block of it.
MOST_PAIRED = 10
# Counting alone repeats a point's counts N with probability 1/(2 sqrt(pi N)).
STEPS_ALIKE = 1e-3
# Scans of fewer points are not compared; the share of the intensity in the first half that copies have in common; how
# much less than by counting noise they differ.
SMALLEST, SAME_SHARE, SCALED_NOISE = 200, 1e-4, 0.1
# Degrees between the monochromator of the settings and that of the file: graphite and Ge(111) differ by more.
MONOCHROMATOR = 0.2
# Of a scan more is used than this share; less than this share of what the others of a series reach is told, if so many
# others agree.
USED_OF_SCAN, REACHED_OF_OTHERS, FEWEST_OTHERS = 0.7, 0.8, 3
MOST_TOLD = 3
UNITS = {"two_theta": "degree", "q": "1/angstrom"}


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
    runs = [run for run in _runs(above) if run[1] - run[0] >= 2]
    tops = np.array([first + int(np.argmax(y[first:end])) for first, end in runs], dtype=int)
    places = x[tops]
    return places[np.diff(places, prepend=-np.inf) > SMOOTH[abscissa] / 10]


def is_crystalline(x: np.ndarray, y: np.ndarray, abscissa: str = "two_theta") -> bool:
    """Whether a scan has the reflections of a crystalline sample, which no empty capillary has."""
    return bragg_peaks(x, y, abscissa).size >= FEWEST_PEAKS


@dataclass(frozen=True)
class Use:
    """What a sample's reduction makes of its scans.

    ``background`` is None where none is subtracted; ``wavelength`` in angstrom is that of a scan that states none,
    ``qmin`` and ``qmax`` in 1/angstrom, the latter None for the end of the scan; ``monochromator`` None where no
    polarisation is corrected. ``structure`` is the file of its starting structure, None where there are several phases
    or none.
    """

    scan: str
    background: str | None = None
    background_scale: str | float = 1.0
    monochromator: str | float | None = None
    wavelength: float | None = None
    qmin: float = 0.0
    qmax: float | None = None
    structure: str | None = None


def uses_of(settings: Mapping[str, Any]) -> dict[str, Use]:
    """What each sample's reduction makes of its scans, from plain values by sample.

    Raises
    ------
    InputError
        If the values are no such thing.
    """
    try:
        return {sample: Use(**values) for sample, values in settings.items()}
    except (AttributeError, TypeError) as problem:
        raise InputError("does not say what is used of the scans", place="key scans", found=problem) from problem


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
        f"the scan has {_count(gaps.size, 'gap')}, {missing:.3g} {unit} without points ({places}), which are "
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
        f"the level steps at {_count(places.size, 'place')} ({where} {unit}), from {y[worst]:.5g} to "
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
    runs = [(first, end + 1) for first, end in _runs(same) if end + 1 - first >= least]
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
    runs = _runs(at_top)
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


def alerts_of_settings(scan: xarray.Dataset, use: Use) -> Iterator[Alert]:
    """Settings that the scan contradicts: a lower end of Q above its first reflections, another monochromator."""
    dim = str(scan.attrs["abscissa"])
    wavelength = scan.attrs.get("wavelength") or use.wavelength
    peaks = bragg_peaks(scan[dim].values, scan["intensity"].values, dim)
    if dim == "two_theta":
        peaks = 4 * np.pi / float(wavelength) * np.sin(np.radians(peaks / 2)) if wavelength else np.empty(0)
    if np.any(peaks < use.qmin):
        lost = peaks[peaks < use.qmin]
        yield Alert(
            "B",
            "qmin-cuts",
            use.qmin,
            "1/angstrom",
            float(lost[0]),
            "reduction.qmin",
            f"qmin {use.qmin:g} cuts {_count(lost.size, 'reflection')} off, the first at Q {lost[0]:.3g} 1/angstrom",
            "lower reduction.qmin below the first reflection",
        )
    there, used = _reach(scan, use)
    if there and used and used < USED_OF_SCAN * there:
        yield Alert(
            "B",
            "qmax-cuts",
            used,
            "1/angstrom",
            there,
            "reduction.qmax",
            f"the scan reaches Q {there:.4g} 1/angstrom, and {used:.4g} of it is used: G(r) resolves "
            f"{np.pi / used:.2g} angstrom in place of {np.pi / there:.2g}",
            "raise reduction.qmax and qmaxinst, unless what lies beyond is noise",
        )
    if dim == "two_theta" and wavelength:
        yield from _ka2(scan[dim].values, scan["intensity"].values, float(wavelength))
    spacing = float(scan.attrs.get("instrument_monochromator_d_star", 0.0))
    if spacing > 0 and wavelength and use.monochromator is not None and spacing * float(wavelength) < 2:
        measured = 2 * np.degrees(np.arcsin(spacing * float(wavelength) / 2))
        assumed = monochromator_angle(use.monochromator, float(wavelength))
        if abs(assumed - measured) > MONOCHROMATOR:
            yield Alert(
                "B",
                "monochromator",
                float(assumed),
                "degree",
                float(measured),
                "reduction.monochromator",
                f"the polarisation is corrected for a monochromator at {assumed:.2f} degree ({use.monochromator}), the "
                f"file says {scan.attrs.get('instrument_monochromator', 'one')} at {measured:.2f}",
                "set reduction.monochromator to the one of the instrument",
            )


def _reach(scan: xarray.Dataset, use: Use) -> tuple[float | None, float | None]:
    """Where a scan ends, and what of it is used, in 1/angstrom; None where its wavelength is not known."""
    dim = str(scan.attrs["abscissa"])
    wavelength = scan.attrs.get("wavelength") or use.wavelength
    end = float(scan[dim].values[-1])
    if dim == "two_theta":
        if not wavelength:
            return None, use.qmax
        end = 4 * np.pi / float(wavelength) * float(np.sin(np.radians(end / 2)))
    return end, end if use.qmax is None else min(use.qmax, end)


def _unlike_reach(scans: Mapping[str, xarray.Dataset], used: Mapping[str, Use]) -> Iterator[Told]:
    """Samples of which less is used, in Q, than of the others, which agree."""
    reached = ((sample, _reach(scans[use.scan], use)[1]) for sample, use in used.items() if use.scan in scans)
    ends = {sample: end for sample, end in reached if end is not None}
    for place, (sample, end) in enumerate(ends.items()):
        others = np.delete(np.array(list(ends.values())), place)
        if others.size < FEWEST_OTHERS:
            continue
        middle = float(np.median(others))
        alike = np.count_nonzero(np.abs(others / middle - 1) < 1 - REACHED_OF_OTHERS)
        if end < REACHED_OF_OTHERS * middle and alike >= 0.75 * others.size:
            text = f"G(r) is of Q up to {end:.4g} 1/angstrom, that of the other samples up to {middle:.4g}"
            advice = "is the scan cut short, or its wavelength or qmax wrong? Peaks of another width compare badly"
            yield from told(
                sample, "scan", [Alert("B", "unlike-qmax", end, "1/angstrom", middle, "qmax", text, advice)]
            )


def _ka2(x: np.ndarray, y: np.ndarray, wavelength: float) -> Iterator[Alert]:
    """Reflections of Ka2 at the side of those of Ka1, where the lines are narrow enough to see them."""
    anode = next((name for name, line in KA1.items() if abs(wavelength / line - 1) < KA_MEAN), None)
    if anode is None:
        return
    ratio, step = KA2[anode] / KA1[anode], float(np.median(np.diff(x)))
    resolved, paired = 0, []
    for top in bragg_peaks(x, y):
        sine = ratio * np.sin(np.radians(top / 2))
        apart = 2 * np.degrees(np.arcsin(min(1.0, sine))) - top
        if apart < STEP_POINTS * step or top + 2 * apart > x[-1]:
            continue
        reach = max(SMOOTH["two_theta"] / 2, 3 * apart)
        base = float(np.median(y[slice(*np.searchsorted(x, (top - reach, top + reach)))]))
        own, half, *there, beyond = np.interp(top + apart * np.array([0, 0.5, 0.95, 1, 1.05, 1.5]), x, y) - base
        if half > KA2_BESIDE * own:
            continue
        resolved += 1
        if KA2_HEIGHTS[0] < max(there) / own < KA2_HEIGHTS[1] and beyond < KA2_BESIDE * own:
            paired.append(float(top))
    if len(paired) < max(KA2_FEWEST, KA2_SHARE * resolved):
        return
    places = ", ".join(f"{place:.4g}" for place in paired[:MOST_TOLD])
    yield Alert(
        "B",
        "ka2",
        float(len(paired)),
        "reflections",
        float(max(KA2_FEWEST, KA2_SHARE * resolved)),
        f"{places} degree",
        f"{len(paired)} of {resolved} resolved reflections (at {places} degree, ...) have another half as high where "
        f"Ka2 of {anode} puts it: two wavelengths, of which one is reckoned with",
        "measure with a monochromator for Ka1, or strip Ka2 before",
    )


def alerts_of_pair(
    sample: xarray.Dataset, background: xarray.Dataset | None, background_scale: str | float
) -> list[Alert]:
    """What is wrong with a sample's scan together with its background's."""
    if background is None:
        return [
            Alert(
                "C",
                "no-background",
                0.0,
                "1",
                1.0,
                "column background",
                "no background is subtracted from the scan",
                "measure the empty capillary and name it in the column background",
            )
        ]
    found: list[Alert] = []
    dim = str(background.attrs["abscissa"])
    peaks = bragg_peaks(background[dim].values, background["intensity"].values, dim)
    if peaks.size >= FEWEST_PEAKS:
        places = ", ".join(f"{place:.4g}" for place in peaks[:MOST_TOLD])
        found.append(
            Alert(
                "A",
                "background-reflections",
                float(peaks.size),
                "reflections",
                float(FEWEST_PEAKS),
                f"{places} {UNITS[dim]}",
                f"the background has {peaks.size} reflections (at {places} {UNITS[dim]}, ...), as a crystalline sample "
                "does and no empty capillary",
                "name the scan of the empty capillary in the column background",
            )
        )
    if str(sample.attrs["abscissa"]) != dim:
        return found
    x, other = sample[dim].values, background[dim].values
    steps = float(np.median(np.diff(x))), float(np.median(np.diff(other)))
    if abs(steps[1] / steps[0] - 1) > 0.02:
        found.append(
            Alert(
                "C",
                "background-step",
                steps[1],
                UNITS[dim],
                steps[0],
                "background",
                f"sample and background have different steps, {steps[0]:.4g} and {steps[1]:.4g} {UNITS[dim]}",
                "check that they were measured alike; counts for each point may differ with the step",
            )
        )
    short = float(x[-1] - other[-1])
    if short > 2 * max(steps):
        found.append(
            Alert(
                "B",
                "background-short",
                float(other[-1]),
                UNITS[dim],
                float(x[-1]),
                "background",
                f"the background ends at {other[-1]:.4g} {UNITS[dim]}, the sample at {x[-1]:.4g}",
                "measure it over the whole range, or end qmaxinst where the background ends",
            )
        )
    elif -short > 2 * max(steps) and np.allclose(x[:2], other[:2], rtol=0, atol=0.1 * steps[0]):
        found.append(
            Alert(
                "B",
                "sample-short",
                float(x[-1]),
                UNITS[dim],
                float(other[-1]),
                "scan",
                f"the sample ends at {x[-1]:.4g} {UNITS[dim]}, the background of the same first points at "
                f"{other[-1]:.4g}",
                "is the file cut short? Copy or export it again, or measure to the end",
            )
        )
    late = float(x[0] - other[0])
    if late > 2 * max(steps) and np.allclose(x[-2:], other[-2:], rtol=0, atol=0.1 * steps[0]):
        found.append(
            Alert(
                "B",
                "sample-short",
                float(x[0]),
                UNITS[dim],
                float(other[0]),
                "scan",
                f"the sample begins at {x[0]:.4g} {UNITS[dim]}, the background of the same last points at "
                f"{other[0]:.4g}",
                "do the first rows of the file lack? Copy or export it again, or measure from the beginning",
            )
        )
    kinds = {str(one.attrs["intensity_kind"]) for one in (sample, background)}
    times = [float(one.attrs.get("time_per_point", 0.0)) for one in (sample, background)]
    if kinds == {"counts"} and min(times) > 0 and background_scale not in ("time", "estimate"):
        ratio, scale = times[0] / times[1], float(background_scale)
        if abs(scale / ratio - 1) > 0.02 and abs(ratio - 1) > 0.02:
            found.append(
                Alert(
                    "B",
                    "background-time",
                    scale,
                    "1",
                    ratio,
                    "background_scale",
                    f"sample and background were counted for {times[0]:g} and {times[1]:g} s per point, but the "
                    f"background is scaled by {scale:g}",
                    f"set reduction.background_scale: time (here {ratio:.4g})",
                )
            )
    return found


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
    found += _same_files(used, hashes)
    alike: dict[tuple[str, bytes, bytes], list[str]] = {}
    for name, scan in scans.items():
        alike.setdefault(_content(scan), []).append(name)
    # Of a thousand scans with the same counts each is told with the next one: there are half a million pairs.
    twins = [pair for names in alike.values() for pair in itertools.pairwise(names)]
    different = {names[0]: scans[names[0]] for names in alike.values()}
    for one, other in [*twins, *_perhaps_copied(different)]:
        if not {*hashes.get(one, ())} & {*hashes.get(other, ())}:
            ways = _copied(scans[one], scans[other], other), _copied(scans[other], scans[one], other)
            # Of a scan that was thinned out, only its own points follow one another.
            found += told(one, "scan", next(filter(None, map(list, ways)), []))
    return [*found, *_unlike_reach(scans, used), *_scaled(different)]


def _content(scan: xarray.Dataset) -> tuple[str, bytes, bytes]:
    """What scans with the same counts at the same places have in common."""
    dim = str(scan.attrs["abscissa"])
    x, y = (hashlib.sha256(np.asarray(scan[name].values, float).tobytes()).digest() for name in (dim, "intensity"))
    return dim, x, y


def _scaled(scans: Mapping[str, xarray.Dataset]) -> Iterator[Told]:
    """Scans that are another one times a factor: two measurements differ by the noise of their counts besides.

    No two of them have the same counts. Each is told with one other.
    """
    grids: dict[tuple[str, bytes], list[tuple[float, str, np.ndarray, np.ndarray]]] = {}
    for name, scan in scans.items():
        dim, y = str(scan.attrs["abscissa"]), np.asarray(scan["intensity"].values, float)
        if "intensity_sd" in scan and y.size > SMALLEST and (total := float(y.sum())) > 0:
            share = float(y[: y.size // 2].sum()) / total
            grid = grids.setdefault((dim, np.asarray(scan[dim].values, float).tobytes()), [])
            grid.append((share, name, y, np.square(scan["intensity_sd"].values)))
    for alike in grids.values():
        alike.sort(key=lambda one: one[0])
        for place, (share, name, y, variance) in enumerate(alike):
            for other_share, other, z, other_variance in alike[place + 1 :]:
                if other_share > share + SAME_SHARE:
                    break
                factor = float(y.sum() / z.sum())
                noise = float(np.mean(variance + factor**2 * other_variance))
                if not float(np.mean((y - factor * z) ** 2)) < SCALED_NOISE * noise:
                    continue
                text = f"the scan is that of {other} times {factor:.4g}, without the noise of a measurement of its own"
                advice = "one measurement stands under two names: give each sample its own scan"
                alert = Alert("A", "same-file", factor, "1", 1.0, "column scan", text, advice)
                yield from told(name, "scan", [alert])
                break


def _same_files(used: Mapping[str, Use], hashes: Mapping[str, Sequence[str]]) -> Iterator[Told]:
    """One measurement given for two: two samples, a sample and its background, two frames of one scan."""
    for name, own in hashes.items():
        if len(set(own)) < len(own):
            text = f"the same content stands under two names among the {len(own)} files of one scan: counted twice"
            alert = Alert("A", "same-file", 2.0, "1", 1.0, "column file", text, "name each frame once")
            yield Told(name, "scan", alert)
    holders: dict[str, list[str]] = {}
    emptied: dict[str, list[str]] = {}
    for sample in reversed(list(used)):
        for content in dict.fromkeys(hashes.get(used[sample].scan, ())):
            holders.setdefault(content, []).append(sample)
    for one, use in used.items():
        for content in hashes.get(use.background or "", ()):
            emptied.setdefault(content, []).append(one)
        contents = dict.fromkeys(hashes.get(use.scan, ()))
        for content in contents:
            holders[content].pop()
        # One alert for all samples that follow: of a thousand copies there are half a million pairs.
        if follow := max((holders[content] for content in contents), key=len, default=[]):
            names = use.scan, used[follow[-1]].scan
            more = f" (and {len(follow) - 1} more)" if len(follow) > 1 else ""
            what = f"samples {one} and {follow[-1]}{more} have the same scan"
            what += "" if names[0] == names[1] else f" under two names, {names[0]} and {names[1]}"
            number = 1.0 + len(follow)
            alert = Alert("A", "same-file", number, "1", 1.0, "column scan", what, "give each sample its own scan")
            yield Told(one, "scan", alert)
    for sample, use in used.items():
        if use.background is not None and set(hashes.get(use.scan, ())) & set(hashes.get(use.background, ())):
            text = f"a file of the background {use.background} is one of the sample's scan {use.scan} too"
            alert = Alert("A", "same-file", 2.0, "1", 1.0, "column background", text, "name the empty capillary's scan")
            yield Told(sample, "scan", alert)
        whose = (name for content in hashes.get(use.scan, ()) for name in emptied.get(content, ()) if name != sample)
        # Nobody refines the structure of an empty capillary.
        if use.structure is not None and (other := next(whose, None)):
            text = f"its scan {use.scan} is the background of sample {other}"
            alert = Alert("A", "same-file", 2.0, "1", 1.0, "column scan", text, "name the sample's own scan")
            yield Told(sample, "scan", alert)


def _perhaps_copied(scans: Mapping[str, xarray.Dataset]) -> list[tuple[str, str]]:
    """Pairs of scans, in order, of which :func:`_copied` could find something, among perhaps a million pairs.

    A run of COPIED points covers a whole one of the blocks into which a scan is divided, so that the counts of a block
    are looked up among the blocks of all other scans. Of many scans with the same block each is paired with the next
    MOST_PAIRED: a row that stands in a thousand files is told of each.
    """
    grids: dict[tuple[str, bytes], list[str]] = {}
    for name, scan in scans.items():
        dim = str(scan.attrs["abscissa"])
        grids.setdefault((dim, np.asarray(scan[dim].values, float).tobytes()), []).append(name)
    order = {name: place for place, name in enumerate(scans)}
    pairs = set()
    for (dim, own), (other_dim, others) in itertools.product(grids, repeat=2):
        if dim != other_dim:
            continue
        x, there = np.frombuffer(own), np.frombuffer(others)
        firsts = np.arange(0, x.size - BLOCK + 1, BLOCK)
        # Of many grids few share places, which the first and the last of each block tell soonest.
        if not (_same_places(x[firsts], there)[1] & _same_places(x[firsts + BLOCK - 1], there)[1]).any():
            continue
        k, together = _same_places(x, there)
        begins = [a for a in firsts.tolist() if together[a : a + BLOCK].all()]
        known: dict[int, list[int]] = {}
        for name in grids[dim, own]:
            for key in _blocks(scans[name]["intensity"].values, begins):
                known.setdefault(key, []).append(order[name])
        for name in grids[dim, others] if others != own else ():
            for key in _blocks(scans[name]["intensity"].values[k], begins):
                known.setdefault(key, []).append(order[name])
        for alike in known.values():
            alike.sort()
            for place, one in enumerate(alike):
                pairs |= {(one, other) for other in alike[place + 1 : place + 1 + MOST_PAIRED]}
    names = list(scans)
    return [(names[one], names[other]) for one, other in sorted(pairs)]


def _blocks(y: np.ndarray, begins: Sequence[int]) -> Iterator[int]:
    """A number for place and content of each block of counts that are high enough to tell a copy."""
    y = np.asarray(y, float)
    for begin in begins:
        block = y[begin : begin + BLOCK]
        if (np.abs(block) >= COPIED_COUNTS).all():
            yield hash((begin, block.tobytes()))


def _same_places(x: np.ndarray, there: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each point of x the index of the one of another scan at the same place, and whether there is one."""
    k = np.clip(np.searchsorted(there, x - 1e-6), 0, there.size - 1)
    return k, np.abs(there[k] - x) < 1e-5


def _copied(scan: xarray.Dataset, other: xarray.Dataset, name: str) -> Iterator[Alert]:
    """Counts that are those of another scan point by point: rows pasted, or one file saved twice."""
    dims = [str(one.attrs["abscissa"]) for one in (scan, other)]
    x = scan[dims[0]].values
    k, together = _same_places(x, other[dims[1]].values)
    y, z = scan["intensity"].values, other["intensity"].values[k]
    # Equal constants say nothing: a flat or empty part is the same everywhere.
    equal = together & (y == z) & (np.abs(y) >= COPIED_COUNTS)
    runs = [(a, b) for a, b in _runs(equal) if b - a >= COPIED and np.ptp(y[a:b]) > 0]
    if not runs:
        return
    points = sum(b - a for a, b in runs)
    places = ", ".join(f"{x[a]:g} to {x[b - 1]:g}" for a, b in runs[:MOST_TOLD])
    yield Alert(
        "A",
        "copied-rows",
        float(points),
        "points",
        float(COPIED),
        f"{places} {UNITS[dims[0]]}",
        f"{points} of {x.size} points are those of the scan {name}, count by count ({places} {UNITS[dims[0]]})",
        "one of the two files holds rows of the other: export both again",
    )


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """Begin and end (exclusive) of each run of True."""
    edges = np.diff(np.concatenate([[0], mask.astype(np.int8), [0]]))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
