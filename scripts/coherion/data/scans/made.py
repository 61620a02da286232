"""A scan as its maker's file tells it, and several ranges of a file as one scan."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from coherion.errors import InputError
from coherion.messages import warn

# Times of one scan that differ by no more than this are the same.
SAME_TIME = 1e-3
# Scans of one file that a person tells apart by number; a map or a series has hundreds.
MAX_SCANS = 64


@dataclass(frozen=True, eq=False)
class MadeScan:
    """A scan as its maker's file tells it, angles in degree, shape n; ``kind`` None where the file is silent."""

    x: np.ndarray
    y: np.ndarray
    dy: np.ndarray | None = None
    kind: str | None = None
    wavelength: float | None = None
    time: float | None = None
    title: str = ""
    instrument: dict[str, str | float | int] = field(default_factory=dict)
    lines: np.ndarray | None = None
    decimals: int | None = None


def scaled(y: np.ndarray, factor: np.ndarray, kind: str | None) -> tuple[np.ndarray, np.ndarray | None, str | None]:
    """Intensities times a factor per point, with the errors of the counts where any factor is not 1."""
    if np.all(factor == 1) or kind != "counts":
        return y * factor, None, kind
    return y * factor, factor * np.sqrt(np.maximum(y, 1.0)), "arbitrary"


def evened(y: np.ndarray, times: np.ndarray, path: str | os.PathLike[str]) -> tuple[np.ndarray, float | None]:
    """The factor that brings counts of unequal times to the same time, and that time in s, None if it is none.

    Raises
    ------
    InputError
        If a time is not above 0.
    """
    if not np.all(times > 0):
        if np.any(times != 0):
            raise InputError("holds points with no counting time", file=path, found=f"{times.min():g} s")
        return np.ones_like(y), None
    middle = float(np.median(times))
    if np.ptp(times) <= SAME_TIME * middle:
        return np.ones_like(y), middle
    warn(
        f"{path}: points were counted for {times.min():g} to {times.max():g} s: "
        f"all intensities are brought to {middle:g} s, so that they are counts no more"
    )
    return middle / times, middle


def chosen(
    axes: Sequence[np.ndarray], times: Sequence[float | None], number: int | None, path: str | os.PathLike[str]
) -> list[int]:
    """Indices of the ranges that make the scan: the one with a number, or all if they follow on one another.

    ``axes`` are the angles of each range in degree, ``times`` the times per point in s.

    Raises
    ------
    InputError
        If there is no such range, or they cannot be joined.
    """
    if number is not None:
        check_number(len(axes), number, path)
        return [int(number) - 1]
    steps = [float(np.median(np.diff(x))) if x.size > 1 else 0.0 for x in axes]
    for k in range(1, len(axes)):
        before, after = axes[k - 1], axes[k]
        gap = after[0] - before[-1]
        earlier, later = times[k - 1] or 0.0, times[k] or 0.0
        if not 0 < gap <= 1.5 * max(steps[k - 1], steps[k]):
            reason = f"from {before[0]:g} to {before[-1]:g}, then from {after[0]:g} degree"
        elif not math.isclose(earlier, later, rel_tol=SAME_TIME):
            reason = f"{earlier:g} s, then {later:g} s per point"
        else:
            continue
        raise InputError(
            f"ranges {k} and {k + 1} cannot be joined",
            file=path,
            found=reason,
            expected="ranges that follow on one another with the same time per point",
            advice="name one in the table: range_number",
        )
    return list(range(len(axes)))


def check_number(count: int, number: int | None, path: str | os.PathLike[str]) -> None:
    """Refuse a number of a range that the file does not have.

    Raises
    ------
    InputError
        If ``number`` is above ``count``.
    """
    if number is not None and number > count:
        raise InputError(
            "has no such range", file=path, place="key range_number", found=number, expected=f"1 to {count}"
        )


def joined(scans: Sequence[MadeScan], number: int | None, path: str | os.PathLike[str]) -> MadeScan:
    """The range with a number, or all ranges of a file as one scan.

    Raises
    ------
    InputError
        As :func:`chosen`; also if the ranges do not hold the same kind of intensities.
    """
    parts = [scans[i] for i in chosen([s.x for s in scans], [s.time for s in scans], number, path)]
    first = parts[0]
    if len(parts) == 1:
        return first
    if len({(part.kind, part.dy is None, part.wavelength) for part in parts}) > 1:
        raise InputError(
            "ranges differ in wavelength, unit or attenuator",
            file=path,
            expected="ranges of one measurement",
            advice="name one in the table: range_number",
        )
    return MadeScan(
        x=np.concatenate([part.x for part in parts]),
        y=np.concatenate([part.y for part in parts]),
        dy=None if first.dy is None else np.concatenate([part.dy for part in parts if part.dy is not None]),
        kind=first.kind,
        wavelength=first.wavelength,
        time=first.time,
        title=first.title,
        instrument=first.instrument,
        decimals=first.decimals,
    )


def check_points(x: np.ndarray, y: np.ndarray, path: str | os.PathLike[str], place: str) -> None:
    """Refuse a range whose numbers are no scan: too few, not finite, or angles that do not rise.

    Raises
    ------
    InputError
        If so.
    """
    if x.size < 2 or x.size != y.size:
        raise InputError("holds no scan", file=path, place=place, found=f"{x.size} points", expected="2 or more")
    if not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise InputError(
            "holds numbers that are not finite", file=path, place=place, advice="copy or export the file again"
        )
    if not np.all(np.diff(x) > 0) or x[0] < -180 or x[-1] > 180:
        raise InputError(
            "angles do not rise within -180 to 180 degree",
            file=path,
            place=place,
            found=f"{x[0]:g} to {x[-1]:g}",
            expected="a scan of 2theta",
        )
