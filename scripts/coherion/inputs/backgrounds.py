"""Which scans of a folder are backgrounds: what a name suggests counts only where the scan itself agrees.

An empty capillary has no reflections and lies below every sample that was measured in it. A name that says empty, leer
or background is believed where the scan does not contradict it; a word such as capillary, glass or air, which stands in
the names of samples too, only where the scan says it itself.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coherion.inputs.contents import Found
from coherion.inputs.names import is_empty, says_empty
from coherion.quality.scans.reflections import SMOOTH, bragg_peaks, is_crystalline

# Further scans that an unnamed one must lie below to be asked about.
FEWEST_BELOW = 3
# Relative difference of steps that are the same.
SAME_STEP = 0.02


def backgrounds(scans: Sequence[Found]) -> tuple[list[Found], list[str]]:
    """The scans that are backgrounds, and what was decided against their names."""
    suggested = [one for one in scans if is_empty(one.path.stem)]
    samples = [one for one in scans if one not in suggested]
    found, told = [], []
    for one in suggested:
        below = [sample for sample in samples if covers(one, sample)]
        low = bool(below) and level(one) < min(level(sample) for sample in below)
        peaks = _peaks(one)
        if says_empty(one.path.stem):
            # A holder of metal has reflections; it is still far below what it held.
            if not _is_crystalline(one) or (below and 2 * level(one) < min(level(sample) for sample in below)):
                found.append(one)
            else:
                told.append(f"{one.path.name}: a sample for all its name, for it has {peaks} reflections")
        elif not _is_crystalline(one) and low:
            found.append(one)
        elif below:
            why = f"it has {peaks} reflections" if _is_crystalline(one) else "it does not lie below the other scans"
            told.append(f"{one.path.name}: a sample for all its name, for {why}")
    return found, told


def unnamed_background(sample: Found, scans: Sequence[Found]) -> Found | None:
    """The scan that may be the background of a sample though no name says so, or None."""
    others = [one for one in scans if one is not sample and covers(one, sample)]
    if not others:
        return None
    lowest = min(others, key=level)
    under = [one for one in scans if one is not lowest and covers(lowest, one)]
    if len(under) < FEWEST_BELOW or level(lowest) >= min(level(one) for one in under):
        return None
    return lowest if not _is_crystalline(lowest) and _is_crystalline(sample) else None


def covers(empty: Found, sample: Found) -> bool:
    """Whether one scan can be the background of another: the same abscissa, kind and radiation, the whole range.

    Scans of one folder may have other steps; those of others that have were measured on another occasion.
    """
    assert empty.scan is not None and sample.scan is not None
    if empty.abscissa != sample.abscissa or empty.scan.raw != sample.scan.raw:
        return False
    kinds = empty.intensity_kind, sample.intensity_kind
    if None not in kinds and kinds[0] != kinds[1]:
        return False
    lengths = empty.wavelength, sample.wavelength
    if None not in lengths and abs(lengths[0] / lengths[1] - 1) > 5e-4:  # type: ignore[operator]
        return False
    steps = [abs(float(np.median(np.diff(one.scan.x)))) for one in (empty, sample) if one.scan is not None]
    if empty.path.parent != sample.path.parent and abs(steps[0] / steps[1] - 1) > SAME_STEP:
        return False
    step = 2 * abs(float(sample.scan.x[1] - sample.scan.x[0]))
    return bool(empty.scan.x[0] <= sample.scan.x[0] + step and empty.scan.x[-1] >= sample.scan.x[-1] - step)


def level(found: Found) -> float:
    """The middle intensity of a scan, for each second where its counts and their time are known."""
    assert found.scan is not None
    middle = float(np.median(found.scan.y))
    return middle / found.scan.time if found.scan.time and found.intensity_kind in ("auto", "counts") else middle


def _smoothed(found: Found) -> tuple[np.ndarray, np.ndarray, str]:
    assert found.scan is not None
    x, y = found.scan.x, found.scan.y
    return (x, y, found.abscissa) if found.abscissa in SMOOTH else (2 * np.pi / x[::-1], y[::-1], "q")


def _is_crystalline(found: Found) -> bool:
    return is_crystalline(*_smoothed(found))


def _peaks(found: Found) -> int:
    return int(bragg_peaks(*_smoothed(found)).size)
