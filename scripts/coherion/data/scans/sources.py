"""What a scan's file, STOE's, another maker's or text, says of itself before the user's table is heard."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from coherion.data.scans import bruker, headers, pdcif, stoe
from coherion.data.scans.archives import is_archive, scan_of_archive
from coherion.data.scans.made import MadeScan, chosen
from coherion.data.scans.makers import scan_of_maker
from coherion.data.scans.text import MIN_ROWS, ScanText, decode, parse_scan_text, read_bytes
from coherion.errors import InputError
from coherion.messages import warn


@dataclass(frozen=True, eq=False)
class ScanSource:
    """One file's scan: arrays of shape n in the file's own units.

    ``wavelength`` in angstrom, ``time`` per point in s and the ``kind`` of the intensities are None where the file is
    silent; ``decimals`` of the intensities and the ``lines`` of the points are known for text only. ``doubt`` says why
    a third column that nothing names, ``dy``, may be no uncertainty.
    """

    x: np.ndarray
    y: np.ndarray
    dy: np.ndarray | None
    wavelength: float | None
    time: float | None
    title: str
    history: tuple[str, ...]
    instrument: dict[str, str | float | int]
    simulated: bool
    raw: bool
    decimals: int | None = None
    lines: np.ndarray | None = None
    kind: str | None = None
    doubt: str = ""
    abscissa_stated: bool = True


def load(path: str | os.PathLike[str], *, abscissa: str = "two_theta", range_number: int | None = None) -> ScanSource:
    """The scan of a file, raw or text as its first bytes tell.

    ``abscissa`` and ``range_number`` are the table's, see :mod:`coherion.data.scans.reader`.

    Raises
    ------
    InputError
        If the file cannot be used, has no such range or contradicts the abscissa.
    """
    try:
        with Path(path).open("rb") as stream:
            start = stream.read(8)
    except (OSError, ValueError):
        start = b""  # the reader says what is wrong with the file
    if stoe.is_raw(start):
        return _from_raw(stoe.read_raw(path), abscissa, range_number, path)
    data = read_bytes(path)
    made: MadeScan | None
    if bruker.is_bruker(data[:8]):
        made = bruker.scan_of_raw(data, path, range_number)
    elif is_archive(data):
        made = scan_of_archive(data, path, range_number)
    else:
        content = decode(data, path)
        reader = pdcif.scan_of_cif if pdcif.holds_pattern(content) else scan_of_maker
        made = reader(content, path, range_number)
    if made is not None:
        _refuse_other(("two_theta",), abscissa, path)
        values = {one.name: getattr(made, one.name) for one in fields(made)}
        return ScanSource(**values, history=(), simulated=False, raw=False)
    if range_number is not None:
        raise InputError(
            "range_number is given for a text file",
            file=path,
            found=range_number,
            advice="leave it empty: only raw files have ranges",
        )
    text = parse_scan_text(content, path)
    if axis := headers.stated_other_axis(text.header):
        raise InputError(
            "is a scan of adjustment, by its header: the angle of scattering did not move",
            file=path,
            found=f"scan of {axis}",
            expected="a scan of 2theta",
        )
    _refuse_other(text.stated_abscissa, abscissa, path)
    words = " ".join(text.header)
    first = text.header[0].lstrip("#!;'\" ") if text.header else ""
    dy, doubt = _third_column(text, path)
    anode = headers.stated_anode(text.header)
    return ScanSource(
        x=text.x,
        y=text.y,
        dy=dy,
        wavelength=text.stated_wavelength,
        time=headers.stated_time(text.header),
        title="".join(c for c in first[:200] if c.isprintable()),
        history=(),
        instrument={"anode": anode} if anode else {},
        simulated=bool(re.search(r"\bSIMULATED\b", words)),
        raw=False,
        decimals=text.decimals,
        lines=text.lines,
        kind=headers.stated_kind(text.header, text.columns),
        doubt=doubt,
        abscissa_stated=bool(text.stated_abscissa),
    )


def says_what_it_is(start: bytes) -> bool:
    """Whether a file that starts with these bytes is a maker's, so that what its reader refuses is no other text."""
    known = stoe.is_raw(start) or bruker.is_bruker(start) or is_archive(start)
    return known or b"<xrdMeasurement" in start or start.lstrip(b"\xef\xbb\xbf \r\n").startswith(b"*RAS_")


def _refuse_other(allowed: tuple[str, ...], abscissa: str, path: str | os.PathLike[str]) -> None:
    if allowed == ("other",):
        raise InputError(
            "first column is no abscissa of powder diffraction, by its name",
            file=path,
            expected="2theta, theta, Q or d",
            advice="export it against one of them",
        )
    if allowed and abscissa not in allowed:
        raise InputError(
            "abscissa of the table contradicts the file's header",
            file=path,
            place="key abscissa",
            found=abscissa,
            expected=" or ".join(allowed),
        )


def _third_column(text: ScanText, path: str | os.PathLike[str]) -> tuple[np.ndarray | None, str]:
    """The uncertainties that a third column holds, None if it holds something else, and what is doubtful about it."""
    dy = text.dy
    if dy is None:
        return None, ""
    named = text.columns
    if named is not None and named.third == "other":
        warn(f"{path}: the third column is called {named.names[2]!r}, no uncertainty of the second: it was left out")
        return None, ""
    if not dy.any():
        warn(f"{path}: uncertainties are all zero: treated as none")
        return None, ""
    if named is not None:
        return (np.sqrt(dy) if named.third == "variance" else dy), ""
    return dy, _doubt(text.y, dy)


def _doubt(y: np.ndarray, dy: np.ndarray) -> str:
    """Why a third column that nothing names can be no uncertainty: constant, proportional, or a model of the second."""
    if np.ptp(dy) == 0:
        return f"it is {dy[0]:g} throughout"
    inside = (y > 0) & (dy > 0)
    if np.count_nonzero(inside) < MIN_ROWS or np.count_nonzero(inside) < 0.5 * y.size:
        return ""
    ratio = np.log(dy[inside] / y[inside])
    middle = float(np.median(ratio))
    spread = float(np.median(np.abs(ratio - middle)))
    varied = float(np.subtract(*np.log(np.percentile(y[inside], (95, 5)))))
    if varied > 0.2 and spread < 0.01 * varied:
        return f"it is {math.exp(middle):.3g} times the second throughout"
    # An uncertainty as large as what it belongs to belongs to no measurement of it.
    if abs(middle) < 0.2 and spread < 0.3 and np.median(y[inside]) > 10:
        return "it follows the second, as a calculated pattern does"
    return ""


def _from_raw(raw: stoe.RawFile, abscissa: str, range_number: int | None, path: str | os.PathLike[str]) -> ScanSource:
    """The scan of a raw file: its ranges joined, or the one that is asked for."""
    if abscissa != "two_theta":
        raise InputError(
            "abscissa of a raw file is 2theta",
            file=path,
            place="key abscissa",
            found=abscissa,
            expected="two_theta",
        )
    if not raw.ranges:
        frames = _frames(path)
        raise InputError(
            "holds a header but no scan: an aborted scan or the master of a serial measurement",
            file=path,
            found=f"{len(frames)} frames beside it" if frames else "no frames (name.001, ...) beside it",
            advice="list the frames in the table" if frames else None,
        )
    which = chosen([r.two_theta for r in raw.ranges], [r.time_per_point for r in raw.ranges], range_number, path)
    header = raw.header
    if header.scan_type == 2:
        raise InputError("is an omega scan", file=path, place="byte 360", expected="a 2theta scan")
    ranges = [raw.ranges[i] for i in which]
    history = tuple(dict.fromkeys(word for i in which for word in raw.history_words(i)))
    spoiled = [word for word in history if word in stoe.SPOILING_HISTORY]
    if spoiled:
        warn(
            f"{path}: counts were treated before ({', '.join(spoiled)}): G(r) and its errors suffer; "
            "use the untreated scan if there is one"
        )
    for i in which:
        r = raw.ranges[i]
        if r.provisional:
            warn(f"{path}, range {i + 1}: provisional, the scan was not finished ({r.counts.size} points)")
        elif math.isfinite(r.end) and abs(r.two_theta[-1] - r.end) > r.step / 2:
            warn(
                f"{path}, range {i + 1}: last point at 2theta {r.two_theta[-1]:g}, end in the header {r.end:g}: "
                "was the scan cut short?"
            )
    instrument: dict[str, str | float | int] = {
        "program": f"{header.program} {header.version}",
        "date": header.date,
        "geometry": stoe.GEOMETRY.get(header.geometry, f"code {header.geometry}"),
        "scan_mode": stoe.SCAN_MODE.get(header.scan_mode, f"code {header.scan_mode}"),
        "detector": stoe.DETECTOR.get(header.detector, f"code {header.detector}"),
        "anode": header.anode_element or "user",
        "tube_voltage_kV": header.voltage,
        "tube_current_mA": header.current,
        "monochromator": stoe.MONOCHROMATOR.get(header.monochromator % 100, f"code {header.monochromator}"),
    }
    if header.d_star > 0:
        instrument["monochromator_d_star"] = header.d_star
    return ScanSource(
        x=np.concatenate([r.two_theta for r in ranges]),
        y=np.concatenate([r.counts for r in ranges]),
        dy=None,
        wavelength=header.wavelength or None,
        time=ranges[0].time_per_point or None,
        title=header.title,
        history=history,
        instrument={k: v for k, v in instrument.items() if v != ""},
        simulated=header.simulated,
        raw=True,
    )


def _frames(path: str | os.PathLike[str]) -> list[Path]:
    """Frames ``name.001``, ... that stand beside the master of a serial measurement."""
    stem = Path(path).with_suffix("")
    try:
        return sorted(p for p in stem.parent.iterdir() if p.stem == stem.name and p.suffix[1:].isdigit())
    except OSError:
        return []
