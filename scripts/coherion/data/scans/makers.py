"""Scans of other makers in text: PANalytical ``.xrdml``, Rigaku ``.ras``, GSAS ``.fxye``.

- ``.xrdml``: XML; positions by their ends or as a list, ``counts`` (as counted, times the attenuation) or
  ``intensities`` (attenuation taken into account already), time per point, Ka1, anode. Several scans of one file are
  chosen from by ``range_number``.
- ``.ras``: header of ``*KEY "value"``, then angle, intensity and the factor of the attenuator, which multiplies it.
- ``.fxye``: ``BANK`` line with ``CONS`` and ``FXYE``; angles in hundredths of a degree, third column the standard
  uncertainty. Times of flight and packed forms (``STD``, ``ESD``) are refused.

Where a factor other than 1 multiplies counts they are counts no more: their errors go with them, kind ``arbitrary``.
"""

from __future__ import annotations

import math
import os
import re
from xml.etree import ElementTree

import numpy as np

from coherion.data.scans import headers
from coherion.data.scans.made import MadeScan, check_number, scaled
from coherion.data.scans.text import ScanText, parse_scan_text
from coherion.errors import InputError

PLAIN_TEXT = "export it as text of two columns (2theta, counts)"


def scan_of_maker(text: str, path: str | os.PathLike[str], range_number: int | None = None) -> MadeScan | None:
    """The scan of a maker's text format, None for any other text.

    Raises
    ------
    InputError
        If the format is known and its content cannot be used.
    """
    start = text[:4096]
    if "<xrdMeasurement" in start:
        return _xrdml(text, path, range_number)
    if start.lstrip().startswith("*RAS_"):
        return _ras(text, path)
    if bank := re.search(r"^BANK[ \t]+\d[^\r\n]{0,200}", text[:20_000], re.M):
        return _gsas(text, bank, path)
    return None


def _xrdml(text: str, path: str | os.PathLike[str], range_number: int | None) -> MadeScan:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError("declares entities, which no .xrdml needs", file=path, advice="export it again")
    try:
        root = ElementTree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
    except ElementTree.ParseError as problem:
        raise InputError("is no whole .xrdml file", file=path, found=problem, advice="copy it again") from problem
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""
    scans = [one for one in root.iter("scan") if one.find("dataPoints") is not None]
    if not scans or (range_number is None and len(scans) > 1):
        raise InputError(
            f"holds {len(scans)} scans" if scans else "holds no scan",
            file=path,
            expected="one",
            advice="name one in the table: range_number" if scans else None,
        )
    check_number(len(scans), range_number, path)
    scan = scans[(range_number or 1) - 1]
    data = scan.find("dataPoints")
    assert data is not None
    counts = data.find("counts")
    element = data.find("intensities") if counts is None else counts
    if element is None:
        raise InputError("holds no intensities", file=path, expected="<counts> or <intensities>")
    y = _numbers(element.text, path)
    x = _positions(data, len(y), path)
    kind: str | None = "counts_per_second" if element.get("unit", "counts").lower() == "cps" else "counts"
    factors = data.find("beamAttenuationFactors")
    dy: np.ndarray | None = None
    if factors is not None:
        factor = _numbers(factors.text, path)
        if factor.shape != y.shape:
            raise InputError(
                "has another number of attenuation factors than of points",
                file=path,
                found=factor.size,
                expected=y.size,
            )
        y, dy, kind = scaled(y if element.tag == "counts" else y / factor, factor, kind)
    time = data.findtext("commonCountingTime")
    length = root.find(".//usedWavelength/kAlpha1")
    wavelength = None
    if length is not None:
        unit = {"nanometer": " nm", "nm": " nm"}.get(length.get("unit", "").lower(), "")
        wavelength = headers.stated_wavelength([f"wavelength: {(length.text or '').strip()}{unit}"])
    anode = root.findtext(".//anodeMaterial")
    return MadeScan(
        x=x,
        y=y,
        dy=dy,
        kind=kind,
        wavelength=wavelength,
        time=float(_numbers(time, path)[0]) if time else None,
        title=(root.findtext(".//sample/id") or root.findtext(".//sample/name") or "").strip()[:200],
        instrument={"anode": anode.strip()} if anode else {},
        decimals=0,
    )


def _positions(data: ElementTree.Element, count: int, path: str | os.PathLike[str]) -> np.ndarray:
    axes = {one.get("axis", ""): one for one in data.findall("positions")}
    axis = axes.get("2Theta")
    if axis is None:
        raise InputError(
            "has no axis 2Theta", file=path, found=", ".join(axes) or "no positions", expected="a scan of 2Theta"
        )
    listed = axis.findtext("listPositions")
    if listed:
        x = _numbers(listed, path)
    else:
        begin, end = (axis.findtext(name) for name in ("startPosition", "endPosition"))
        if not begin or not end:
            raise InputError("does not scan 2Theta", file=path, expected="startPosition and endPosition of the axis")
        x = np.linspace(_numbers(begin, path)[0], _numbers(end, path)[0], count)
    if len(x) != count or count < 2 or not np.all(np.diff(x) > 0):
        raise InputError("angles do not rise with the points", file=path, found=f"{len(x)} angles, {count} points")
    return x


def _numbers(text: str | None, path: str | os.PathLike[str]) -> np.ndarray:
    try:
        found = np.array([float(word) for word in (text or "").split()])
    except ValueError as problem:
        raise InputError("holds a word among its numbers", file=path, found=problem) from problem
    if not found.size or not np.isfinite(found).all():
        raise InputError("holds no finite numbers where some must be", file=path, found=(text or "")[:40])
    return found


def _ras(text: str, path: str | os.PathLike[str]) -> MadeScan:
    parts = re.split(r"^\*RAS_INT_START[^\r\n]*\r?\n", text, flags=re.M)
    if len(parts) != 2:
        raise InputError(
            f"holds {len(parts) - 1} scans", file=path, expected="one", advice="export each to a file of its own"
        )
    head, body = parts
    body, ended, _ = body.partition("*RAS_INT_END")
    if not ended:
        raise InputError("ends before *RAS_INT_END: it was cut short", file=path, advice="copy it again")
    keys = {key: value.strip() for key, value in re.findall(r'^\*(\w{1,60})[ \t]+"([^"\r\n]{0,300})"', head, re.M)}
    # The line numbers of errors are those of the file.
    shift = head.count("\n") + 1
    found = parse_scan_text("\n" * shift + body, path)
    return rigaku_scan(found, keys, path)


def rigaku_scan(found: ScanText, keys: dict[str, str], path: str | os.PathLike[str]) -> MadeScan:
    """A scan of Rigaku's columns (angle, intensity, factor of the attenuator) and the keys that tell of it.

    Raises
    ------
    InputError
        If the axis is not 2theta, a factor is none, or rows are missing.
    """
    kind = {"counts": "counts", "cps": "counts_per_second"}.get(keys.get("MEAS_SCAN_UNIT_Y", "").lower())
    axis = keys.get("MEAS_SCAN_AXIS_X", "")
    if axis and not re.search(r"2.?theta|twotheta", axis, re.I):
        raise InputError("is no scan of 2theta", file=path, found=axis, expected="TwoTheta or TwoThetaTheta")
    told = keys.get("MEAS_DATA_COUNT", "")
    # A damaged first row would pass for a header of the numbers.
    stray = next((line for line in found.header if line.strip()), "")
    if stray or (told.isdecimal() and int(told[:9]) not in (0, found.x.size)):
        raise InputError(
            "has another number of points than it says" if not stray else "begins with a line that is no row",
            file=path,
            found=stray or found.x.size,
            expected="angle, intensity, factor of the attenuator" if stray else told[:9],
            advice="copy or export the file again",
        )
    y, dy = found.y, None
    if found.dy is not None:
        if not np.all(found.dy > 0):
            raise InputError(
                "factor of the attenuator is none",
                file=path,
                place=f"line {found.lines[np.argmin(found.dy)]}",
                found=f"{found.dy.min():g}",
                expected="above 0",
            )
        y, dy, kind = scaled(found.y, found.dy, kind)
    title = keys.get("FILE_SAMPLE") or keys.get("FILE_COMMENT") or ""
    anode = headers.stated_anode([f"anode = {keys.get('HW_XG_TARGET_NAME', '')}"])
    return MadeScan(
        x=found.x,
        y=y,
        dy=dy,
        kind=kind,
        wavelength=_ras_wavelength(keys),
        time=_ras_time(keys),
        title=title[:200],
        instrument={"anode": anode} if anode else {},
        lines=found.lines,
        decimals=found.decimals,
    )


def _ras_wavelength(keys: dict[str, str]) -> float | None:
    for key in ("HW_XG_WAVE_LENGTH_ALPHA1", "WAVE_LENGTH1", "MEAS_COND_XG_WAVE_LENGTH1"):
        if key in keys:
            unit = " nm" if keys.get("HW_XG_WAVE_LENGTH_UNIT", "").lower() == "nm" else ""
            return headers.stated_wavelength([f"wavelength: {keys[key]}{unit}"])
    return None


def _ras_time(keys: dict[str, str]) -> float | None:
    """Time per point in s: the speed is one in s, or in degrees per minute."""
    try:
        speed, step = float(keys["MEAS_SCAN_SPEED"]), float(keys["MEAS_SCAN_STEP"])
    except (KeyError, ValueError):
        return None
    unit = keys.get("MEAS_SCAN_SPEED_UNIT", "").lower()
    time = speed if unit.startswith("s") else 60 * step / speed if "min" in unit and speed > 0 else math.nan
    return time if 0 < time <= 1e7 else None


def _gsas(text: str, bank: re.Match[str], path: str | os.PathLike[str]) -> MadeScan:
    words = bank[0].split()
    form = words[-1].upper()
    binnings = ("CONS", "CONST", "SLOG", "RALF", "TIME_MAP")
    binning = next((word.upper() for word in words if word.upper() in binnings), "")
    if binning not in ("CONS", "CONST") or form not in ("FXYE", "FXY"):
        raise InputError(
            "is GSAS data of another form",
            file=path,
            found=" ".join(w for w in (binning, form) if w),
            expected="CONS (constant wavelength) and FXYE or FXY",
            advice=PLAIN_TEXT,
        )
    if len(re.findall(r"^BANK[ \t]+\d", text, re.M)) > 1:
        raise InputError("holds several banks", file=path, expected="one", advice="export each to a file of its own")
    head = text[: bank.start()]
    found: ScanText = parse_scan_text("\n" * (head.count("\n") + 1) + text[bank.end() :], path)
    if found.dy is None and form == "FXYE":
        raise InputError("says FXYE but has two columns", file=path, expected="angle, intensity, uncertainty")
    return MadeScan(
        x=found.x / 100,
        y=found.y,
        dy=found.dy,
        wavelength=headers.stated_wavelength(head.splitlines()),
        title=(head.splitlines() or [""])[0].strip()[:200],
        lines=found.lines,
        decimals=found.decimals,
    )
