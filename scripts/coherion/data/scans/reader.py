"""One scan from whatever file it stands in, with what the file knows and what the user's table says.

STOE raw files are known by their first bytes and tell counts, angles, wavelength and time themselves; text files
tell numbers only. What a file does not say the table must, and where both speak they must agree:

``abscissa``
    ``two_theta`` (degree), ``theta`` (degree, stored as 2theta), ``q`` (1/angstrom), ``q_nm`` (1/nm, stored in
    1/angstrom) or ``d`` (angstrom, stored as Q). A header that says another is an error.
``intensity_kind``
    ``counts``, ``counts_per_second``, ``arbitrary``, or ``auto``: what the file says; arbitrary for text with
    a column of uncertainties; counts, with a warning, for whole numbers; else refused, never guessed. A third column
    that nothing names and that looks like none of uncertainties is left out where ``counts`` or
    ``counts_per_second`` is told, taken where ``arbitrary`` is, and refused with ``auto``.
``time_per_point``
    Seconds; needed for the errors of counts per second.
``wavelength``
    Angstrom. A table that contradicts the file by more than 3e-4 (Ka1 against the mean of Ka1 and Ka2 is 8e-4)
    is an error, as is one in the file outside 0.1 to 3 angstrom unless the table says another.
``range_number``
    Which range of a raw file, from 1. Without it, ranges that follow on one another with the same time per
    point are joined, others refused.

Standard uncertainties are sqrt(max(counts, 1)), divided by the time for counts per second, or the file's third
column. They are absent for arbitrary units without such a column. That neighbouring points are correlated
(detector points are interpolated onto the grid) is measured by the reduction, not here.
"""

from __future__ import annotations

import dataclasses
import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.contract.diffraction import INTENSITY_UNITS, SCAN
from coherion.data.scans.grids import q_of_equal_angles
from coherion.data.scans.sources import ScanSource, load
from coherion.errors import InputError
from coherion.messages import warn
from coherion.settings.reading import settings_from
from coherion.settings.stages.scans import ScanSettings

if TYPE_CHECKING:
    import xarray

# Ka1 in angstrom: International Tables for Crystallography C, table 4.2.2.4 (2004), rounded.
KA1 = {"Ag": 0.55942, "Mo": 0.70932, "Cu": 1.54059, "Co": 1.78900, "Fe": 1.93604, "Cr": 2.28973}
# Ka2 likewise; half as strong as Ka1.
KA2 = {"Ag": 0.56381, "Mo": 0.71361, "Cu": 1.54443, "Co": 1.79290, "Fe": 1.93997, "Cr": 2.29365}
WAVELENGTH_TOLERANCE = 3e-4
# Covers Ka1, Ka2 and their mean (Ka2 of Ag is 0.8 % longer), not Kb or another anode.
ANODE_TOLERANCE = 0.01
TIME_TOLERANCE = 0.01
# Frames of one sample differ by noise: by less than this share of a frame's own variation, or this over the noise.
FRAME_SHARE, FRAME_EXCESS = 0.05, 2.0
# X-rays that a powder is measured with for its pair distribution or its structure, angstrom.
PLAUSIBLE_WAVELENGTHS = (0.1, 3.0)


def read_scan(
    path: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    *,
    abscissa: str = "two_theta",
    intensity_kind: str = "auto",
    time_per_point: float | None = None,
    wavelength: float | None = None,
    range_number: int | None = None,
) -> xarray.Dataset:
    """Read a scan, or sum several of the same grid such as the frames of a serial measurement.

    Parameters
    ----------
    path
        A file, or a list of files whose counts and times are summed.
    abscissa, intensity_kind, time_per_point, wavelength, range_number
        What the table says (see the module): time in s per file, wavelength in angstrom.

    Returns
    -------
    xarray.Dataset
        Dimension ``two_theta`` (degree) or ``q`` (1/angstrom), shape n; variables ``intensity`` and, where it is
        known, ``intensity_sd``; attributes ``abscissa``, ``intensity_kind``, ``title``, ``history`` (words with
        commas between), ``instrument_*``, ``origin``, and ``wavelength`` (angstrom) and ``time_per_point`` (s)
        where known.

    Raises
    ------
    InputError
        If a file cannot be used, or contradicts the table or itself.
    """
    told = {
        "abscissa": abscissa,
        "intensity_kind": intensity_kind,
        "time_per_point": time_per_point,
        "wavelength": wavelength,
        "range_number": range_number,
    }
    settings = settings_from(ScanSettings, told)
    paths = [path] if isinstance(path, str | os.PathLike) else list(path)
    if not paths:
        raise InputError("no files are given for the scan")
    repeated = {os.fspath(p) for i, p in enumerate(paths) if p in paths[:i]}
    if repeated:
        raise InputError("file is listed twice for one scan", file=sorted(repeated)[0])
    single = [_read_one(p, settings) for p in paths]
    return single[0] if len(single) == 1 else _sum(single, paths)


def _read_one(path: str | os.PathLike[str], settings: ScanSettings) -> xarray.Dataset:
    found = load(path, abscissa=settings.abscissa, range_number=settings.range_number)
    x, y, dy, lines = found.x, found.y, found.dy, found.lines
    _check_abscissa(found, settings, path)
    wavelength = _wavelength(found, settings, path)
    angles = settings.abscissa in ("two_theta", "theta")
    if settings.abscissa == "q_nm":
        x = x / 10
    elif settings.abscissa == "theta":
        x = 2 * x
    elif settings.abscissa == "d":
        x, y = 2 * math.pi / x[::-1], y[::-1]
        dy, lines = None if dy is None else dy[::-1], None if lines is None else lines[::-1]
    if angles and x[0] < 0:
        kept = x >= 0
        warn(f"{path}: {np.count_nonzero(~kept)} points at negative 2theta (from {x[0]:g}) were left out")
        x, y = x[kept], y[kept]
        dy = None if dy is None else dy[kept]
        lines = None if lines is None else lines[kept]
    if not angles and wavelength and x[-1] * wavelength > 4 * math.pi:
        raise InputError(
            f"Q up to {x[-1]:g} 1/angstrom cannot be reached with wavelength {wavelength:g} angstrom",
            file=path,
            expected=f"at most {4 * math.pi / wavelength:.4g} 1/angstrom",
            advice="is the abscissa q_nm (1/nm), d or 2theta?",
        )
    if x.size < 2:
        raise InputError("has too few points at 2theta of 0 or more", file=path, found=x.size, expected="2 or more")
    found = dataclasses.replace(found, x=x, y=y, dy=dy, lines=lines)
    time = _time(found, settings, path)
    found = _without_doubtful_column(found, settings, path)
    kind = _kind(found, settings, path)
    return _dataset(found, "two_theta" if angles else "q", kind, _sd(found, kind, time), wavelength, time)


def _without_doubtful_column(found: ScanSource, settings: ScanSettings, path: str | os.PathLike[str]) -> ScanSource:
    if not found.doubt or settings.intensity_kind == "arbitrary":
        return found
    if settings.intensity_kind == "auto":
        raise InputError(
            "what the third column is nothing tells, and it looks like no uncertainty",
            file=path,
            found=found.doubt,
            expected="a name above the column, or intensity_kind in the table",
            advice="say counts or counts_per_second to leave it out, arbitrary to confirm that it is the uncertainty",
        )
    warn(f"{path}: the third column was left out as no uncertainty: {found.doubt}")
    return dataclasses.replace(found, dy=None)


def _check_abscissa(found: ScanSource, settings: ScanSettings, path: str | os.PathLike[str]) -> None:
    x = found.x
    grid = None if found.raw or found.abscissa_stated else q_of_equal_angles(x)
    if grid is not None and settings.abscissa in ("two_theta", "theta"):
        raise InputError(
            "abscissa of the table contradicts the numbers: their steps are those of Q of equal angles",
            file=path,
            place="key abscissa",
            found=f"{settings.abscissa}; steps of {x[1] - x[0]:.4g} that become {x[-1] - x[-2]:.4g}",
            expected=f"{grid[0]}, at {grid[1]:.6g} angstrom",
            advice="say what it is in the table of scans",
        )
    if settings.abscissa in ("two_theta", "theta"):
        widest = 180 if settings.abscissa == "two_theta" else 90
        if x[0] < -widest or x[-1] > widest:
            raise InputError(
                f"abscissa is not {'2' if widest == 180 else ''}theta in degrees",
                file=path,
                found=f"{x[0]:g} to {x[-1]:g}",
                expected=f"-{widest} to {widest}",
                advice="say what it is in the table: abscissa q or q_nm",
            )
    elif settings.abscissa == "d" and x[0] <= 0:
        raise InputError("d is not above 0", file=path, found=f"{x[0]:g}", expected="above 0")
    elif x[0] < 0:
        raise InputError("Q is negative", file=path, found=f"{x[0]:g}", expected="0 or more")


def _wavelength(found: ScanSource, settings: ScanSettings, path: str | os.PathLike[str]) -> float | None:
    """The wavelength that file, table and anode agree on."""
    stated, told = found.wavelength, settings.wavelength
    low, high = PLAUSIBLE_WAVELENGTHS
    if stated is not None and not low <= stated <= high:
        where = f"{path}: wavelength in the file is {stated:.6g} angstrom, outside {low:g} to {high:g}"
        if told is None:
            raise InputError(
                "wavelength is none of a powder diffractometer",
                file=path,
                found=f"{stated:.6g} angstrom in the file" + (f" ({10 * stated:.6g} if in nm)" if stated < low else ""),
                expected=f"{low:g} to {high:g} angstrom",
                advice="give the true one in the table of scans, wavelength_A",
            )
        warn(f"{where}; the table's {told:.6g} is used")
        stated = None
    if told is not None and not low <= told <= high:
        warn(f"{path}: wavelength_A {told:.6g} is outside {low:g} to {high:g} angstrom: is it in another unit?")
    if stated is not None and told is not None and abs(told / stated - 1) > WAVELENGTH_TOLERANCE:
        raise InputError(
            "wavelength of the table contradicts the file",
            file=path,
            place="key wavelength",
            found=f"{told:.6g} in the table and {stated:.6g} in the file",
            advice="correct the table, or leave the wavelength out of it",
        )
    used = told if told is not None else stated
    anode = str(found.instrument.get("anode", ""))
    if used is not None and anode in KA1 and abs(used / KA1[anode] - 1) > ANODE_TOLERANCE:
        numbers = f"wavelength {used:.6g} angstrom, anode {anode} (Ka1 {KA1[anode]:.6g} angstrom)"
        if told is None:
            raise InputError(
                "wavelength contradicts the anode",
                file=path,
                found=numbers,
                advice="give the true wavelength in the table if the file's is right and its anode wrong",
            )
        warn(f"{path}: wavelength contradicts the anode: {numbers}; the table's is used")
    return None if used is None else float(used)


def _time(found: ScanSource, settings: ScanSettings, path: str | os.PathLike[str]) -> float | None:
    stored, told = found.time, settings.time_per_point
    if stored is not None and told is not None and abs(told / stored - 1) > TIME_TOLERANCE:
        raise InputError(
            "time per point of the table contradicts the file",
            file=path,
            place="key time_per_point",
            found=f"{told:g} s in the table and {stored:g} s in the file",
            advice="correct the table, or leave the time out of it",
        )
    return stored if stored is not None else (None if told is None else float(told))


def _kind(found: ScanSource, settings: ScanSettings, path: str | os.PathLike[str]) -> str:
    """What the intensities are, as the table says and the numbers allow."""
    kind = settings.intensity_kind
    if found.raw:
        if kind not in ("auto", "counts"):
            raise InputError(
                "intensities of a raw file are counts",
                file=path,
                place="key intensity_kind",
                found=kind,
                expected="counts or auto",
            )
        return "counts"
    fractions, negative = np.flatnonzero(found.y != np.rint(found.y)), np.flatnonzero(found.y < 0)
    if negative.size and kind in ("counts", "counts_per_second"):
        raise InputError(
            "what was counted cannot be negative",
            file=path,
            place=_line(found, negative),
            found=f"{found.y[negative[0]]:.10g}, {negative.size} of {found.y.size} points below zero",
            advice="say intensity_kind arbitrary in the table where a dark image or a background was subtracted",
        )
    if kind == "auto":
        if negative.size:
            warn(
                f"{path}: {negative.size} of {found.y.size} intensities are below zero, so something was subtracted: "
                "they are no counts and taken as arbitrary"
            )
        if found.kind == "counts_per_second" and not negative.size and found.dy is None:
            _check_rate(found, settings, path, fractions.size)
            return found.kind
        if found.dy is not None or negative.size:
            return "arbitrary"
        if found.kind == "counts" and not fractions.size:
            return found.kind
        if fractions.size:
            raise InputError(
                "intensities are not whole numbers, and what they are is not told",
                file=path,
                place=_line(found, fractions),
                found=f"{found.y[fractions[0]]:.10g}",
                expected="intensity_kind counts_per_second (with time_per_point) or arbitrary in the table",
            )
        warn(f"{path}: whole numbers were taken as counts; say intensity_kind counts in the table to confirm it")
        return "counts"
    if kind == "counts" and fractions.size:
        raise InputError(
            "intensities are told to be counts but are not whole numbers",
            file=path,
            place=_line(found, fractions),
            found=f"{found.y[fractions[0]]:.10g}, {fractions.size} of {found.y.size} points with fractions",
            advice="say counts_per_second (with time_per_point) or arbitrary in the table",
        )
    if kind == "counts_per_second" and found.dy is None:
        _check_rate(found, settings, path, fractions.size)
    return kind


def _line(found: ScanSource, indices: np.ndarray) -> str | None:
    return None if found.lines is None else f"line {found.lines[indices[0]]}"


def _check_rate(found: ScanSource, settings: ScanSettings, path: str | os.PathLike[str], fractions: int) -> None:
    """Counts per second times the time are whole counts: a wrong time, or counts called a rate, show there."""
    time = _time(found, settings, path)
    if time is None:
        raise InputError(
            "counts per second have no errors without the time",
            file=path,
            place="key time_per_point",
            advice="give time_per_point (s) in the table, or say intensity_kind arbitrary",
        )
    if not fractions and found.y.max() > 0:
        warn(f"{path}: all intensities are whole numbers though told to be counts per second: are they counts?")
        return
    rounding = 0.5 * 10.0 ** -(found.decimals or 0) * time
    if found.decimals is None or rounding > 0.05:
        return
    counts = found.y * time
    off = np.count_nonzero(np.abs(counts - np.rint(counts)) > rounding * 1.01 + 1e-9 * counts)
    if off > 0.05 * counts.size:
        warn(
            f"{path}: counts per second times {time:g} s are not whole counts at {off} of {counts.size} points: "
            "is time_per_point right?"
        )


def _sd(found: ScanSource, kind: str, time: float | None) -> np.ndarray | None:
    if found.dy is not None:
        return found.dy
    if kind == "counts":
        return np.sqrt(np.maximum(found.y, 1.0))
    if kind == "counts_per_second" and time is not None:
        return np.sqrt(np.maximum(found.y * time, 1.0)) / time
    return None


def _dataset(
    found: ScanSource,
    dim: str,
    kind: str,
    sd: np.ndarray | None,
    wavelength: float | None,
    time: float | None,
) -> xarray.Dataset:
    attrs: dict[str, Any] = {
        "abscissa": dim,
        "intensity_kind": kind,
        "title": found.title,
        "history": ", ".join(found.history),
        "origin": "simulated" if found.simulated else "measured",
    }
    if wavelength is not None:
        attrs["wavelength"] = wavelength
    if time is not None:
        attrs["time_per_point"] = time
    attrs |= {f"instrument_{key}": value for key, value in found.instrument.items()}
    values = {"intensity": found.y, dim: found.x} | ({} if sd is None else {"intensity_sd": sd})
    return SCAN.dataset(values, attrs, abscissa=dim, intensity=INTENSITY_UNITS[kind])


def _sum(scans: Sequence[xarray.Dataset], paths: Sequence[str | os.PathLike[str]]) -> xarray.Dataset:
    """Sum of counts of scans on one grid; times add, variances add."""
    from coherion.data.netcdf import origin_of

    first = scans[0]
    dim = first.attrs["abscissa"]
    for scan, path in zip(scans, paths, strict=True):
        if scan.attrs["intensity_kind"] != "counts":
            raise InputError(
                "only counts can be summed over files",
                file=path,
                found=scan.attrs["intensity_kind"],
                expected="counts",
            )
        here, there = scan[dim].values, first[dim].values
        if here.shape != there.shape or np.abs(here - there).max() > 1e-6:
            raise InputError(
                f"grid differs from that of {os.fspath(paths[0])}",
                file=path,
                found=f"{here.size} points from {here[0]:g} to {here[-1]:g}",
                expected=f"{there.size} points from {there[0]:g} to {there[-1]:g}",
                advice="only scans of the same grid can be summed",
            )
        lengths = [d.attrs.get("wavelength", 0.0) for d in (scan, first)]
        if not math.isclose(lengths[0], lengths[1], rel_tol=WAVELENGTH_TOLERANCE):
            raise InputError(
                f"wavelength differs from that of {os.fspath(paths[0])}",
                file=path,
                found=f"{lengths[0]:.6g} angstrom" if lengths[0] else "none",
                expected=f"{lengths[1]:.6g} angstrom" if lengths[1] else "none",
            )
    _refuse_repeated(scans, paths)
    _warn_if_frames_differ(scans, paths)
    total = first.copy(deep=True)
    total["intensity"].values[:] = np.sum([s["intensity"].values for s in scans], axis=0)
    variance = np.sum([s["intensity_sd"].values ** 2 for s in scans], axis=0)
    # One count is the least error of the sum, not of each frame.
    given = any(not np.array_equal(s["intensity_sd"], np.sqrt(np.maximum(s["intensity"], 1))) for s in scans)
    total["intensity_sd"].values[:] = np.sqrt(variance if given else np.maximum(total["intensity"].values, 1.0))
    words = dict.fromkeys(w for s in scans for w in s.attrs["history"].split(", ") if w)
    times = [s.attrs.get("time_per_point") for s in scans]
    total.attrs |= {"history": ", ".join(words), "origin": origin_of(*scans), "frames": len(scans)}
    total.attrs.pop("time_per_point", None)
    if None not in times:
        total.attrs["time_per_point"] = sum(times)
    return total


def _refuse_repeated(scans: Sequence[xarray.Dataset], paths: Sequence[str | os.PathLike[str]]) -> None:
    """One measurement among the frames twice, under another name, title or format: no two count alike everywhere."""
    seen: dict[bytes, str | os.PathLike[str]] = {}
    for scan, path in zip(scans, paths, strict=True):
        counts = np.asarray(scan["intensity"].values, dtype=float)
        if np.ptp(counts) > 0 and (first := seen.setdefault(counts.tobytes(), path)) is not path:
            raise InputError(
                "the same measurement is given twice for one scan",
                file=path,
                found=f"the counts of {os.fspath(first)} at each of {counts.size} points",
                expected="each frame once",
                advice="name it once in the column file",
            )


def _warn_if_frames_differ(scans: Sequence[xarray.Dataset], paths: Sequence[str | os.PathLike[str]]) -> None:
    """Warn of a frame that is no repetition of the others: another sample, an empty capillary, a sample that moved."""
    counts = np.array([scan["intensity"].values for scan in scans], dtype=float)
    worst, where = FRAME_SHARE, None
    for k, own in enumerate(counts):
        others = counts.sum(axis=0) - own
        if min(own.sum(), others.sum()) <= 0:
            continue
        scale = own.sum() / others.sum()
        apart, noise = (own - scale * others) ** 2, own + scale**2 * others
        structure = float(np.sum((own - own.mean()) ** 2))
        share = math.sqrt(max(0.0, float(np.sum(apart - noise))) / structure) if structure > 0 else 0.0
        if share > worst and np.sum(apart) > FRAME_EXCESS * np.sum(noise):
            worst, where = share, k
    if where is not None:
        warn(
            f"{os.fspath(paths[where])} differs from the other frames of its scan by {100 * worst:.0f} % of its own "
            f"variation, {FRAME_SHARE:.0%} at most in repetitions: is it another sample's, an empty capillary's, or "
            "did the sample change? Name frames of one sample only"
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
