"""Bruker's and Siemens' binary raw files, versions 1 (``RAW ``), 2 (``RAW2``), 3 (``RAW1.01``) and 4 (``RAW4.00``).

All are little-endian and packed; intensities are single precision. Versions 1 to 3 are as the manuals of DIFFRAC-AT and
DIFFRAC plus print them: a header of the file, then for each range a header and its points. Version 4, of which no
description is public, is a header of 61 bytes and a chain of segments (type, length); a segment of type 0 or 160 begins
a range: a header of 160 bytes, segments of the drives, then the points.

- A point may hold more than its intensity: the header says how many bytes it takes. All versions step 2theta evenly.
- Ranges of drives other than 2theta (rocking curves, chi, phi, a detector that stands still) are refused by name.
- No version says whether intensities are counts or a rate. Whole numbers are taken as counts; others are asked back.
- Version 4 stores a time per step whose unit nobody knows for certain: it is not read.
- In versions 1 and 2 begin, step and wavelength are the shortest decimals that give the stored singles.
"""

from __future__ import annotations

import math
import os
import re
import struct
from dataclasses import dataclass

import numpy as np

from coherion.data.scans.made import MadeScan, check_points, joined
from coherion.errors import InputError

MAX_RANGES = 1000
_ANODES = re.compile(r"(Ag|Mo|Cu|Co|Fe|Cr)\b", re.I)
_V3_HEADER, _V4_HEADER = 712, 61
# Codes of version 3 whose stepped drive is 2theta, and names of the others.
_V3_TWO_THETA = (0, 1, 2, 20, 130)
_V3_OTHER = {
    3: "a rocking curve", 4: "a chi scan", 5: "a phi scan", 6: "an x scan", 7: "a y scan", 8: "a z scan",
    9: "an auxiliary scan", 10: "an auxiliary scan", 11: "an auxiliary scan", 12: "a psi scan", 13: "an hkl scan",
    14: "a scan of reciprocal space", 129: "a detector that stands still", 9999: "no scan",
}  # fmt: skip
_V4_TWO_THETA = ("locked coupled", "unlocked coupled", "detector scan", "psd fast scan", "2theta")
_V4_RANGES = (0, 160)
_UNKNOWN = -1e5  # angles that version 1 does not know are -1e6


def is_bruker(start: bytes) -> bool:
    """Whether a file that starts with these bytes is a raw file of Bruker's or Siemens'."""
    # A number follows the shorter words, in text a letter.
    return start.startswith((b"RAW1.01", b"RAW4.00")) or (start.startswith((b"RAW ", b"RAW2")) and b"\0" in start[4:8])


def scan_of_raw(data: bytes, path: str | os.PathLike[str], range_number: int | None = None) -> MadeScan:
    """The scan of a raw file of any version: the range with a number, or all that follow on one another.

    Raises
    ------
    InputError
        If the file is cut short, contradicts itself, or holds no scan of 2theta.
    """
    read = {b"RAW1": _version_3, b"RAW4": _version_4, b"RAW2": _version_2, b"RAW ": _version_1}[data[:4]]
    return joined(read(_Bytes(data, path)), range_number, path)


@dataclass(frozen=True)
class _Bytes:
    """A file's bytes, whose numbers are refused where they are cut off."""

    data: bytes
    path: str | os.PathLike[str]

    def wrong(self, what: str, at: int, found: object, expected: object) -> InputError:
        return InputError(
            what,
            file=self.path,
            place=f"byte {at}",
            found=found,
            expected=expected,
            advice="copy the file again, or export it as text of two columns (2theta, counts)",
        )

    def unpack(self, form: str, at: int) -> tuple:
        size = struct.calcsize("<" + form)
        if at + size > len(self.data):
            raise self.wrong("was cut short", at, f"{len(self.data)} bytes", f"{at + size} or more")
        return struct.unpack_from("<" + form, self.data, at)

    def one(self, form: str, at: int):
        return self.unpack(form, at)[0]

    def text(self, at: int, size: int) -> str:
        stored = self.data[at : at + size].split(b"\0", 1)[0].decode("cp1252", errors="replace")
        return " ".join("".join(c if c.isprintable() else " " for c in stored).split())

    def wavelength(self, value: float, at: int) -> float | None:
        if not 0 <= value <= 10:
            raise self.wrong("wavelength makes no sense", at, f"{value:g}", "a number from 0 to 10 angstrom")
        return value or None

    def count(self, value: int, at: int, most: int, what: str) -> int:
        if not 1 <= value <= most:
            raise self.wrong(f"number of {what} makes no sense", at, value, f"1 to {most}")
        return value

    def points(self, count: int, size: int, start: int, head: int) -> np.ndarray:
        """Intensities: the first number of each of ``count`` points of ``size`` bytes."""
        self.count(count, head, max(len(self.data) // size, 1), "points")
        if start + count * size > len(self.data):
            raise self.wrong(
                "was cut short within its points", start, f"{len(self.data)} bytes", f"{start + count * size} or more"
            )
        stored = np.frombuffer(self.data, np.uint8, count * size, start).reshape(count, size)
        return np.ascontiguousarray(stored[:, :4]).view("<f4").astype(float).ravel()

    def scan(
        self,
        begin: float,
        step: float,
        y: np.ndarray,
        at: int,
        *,
        time: float = 0.0,
        wavelength: float | None,
        anode: str,
        title: str = "",
    ) -> MadeScan:
        """A range that steps evenly from ``begin``, whose header is at byte ``at``."""
        if not (math.isfinite(begin) and 1e-6 <= step <= 90):
            raise self.wrong("begin or step makes no sense", at, f"{begin:g} and {step:g} degree", "a step above 0")
        x = np.round(begin + step * np.arange(y.size), 9)
        check_points(x, y, self.path, f"byte {at}")
        found = _ANODES.match(anode)
        return MadeScan(
            x=x,
            y=y,
            kind="counts" if np.all((y >= 0) & (y == np.rint(y))) else None,
            wavelength=wavelength,
            time=float(time) if 0 < time <= 1e7 else None,
            title=title,
            instrument={"anode": found[1].capitalize()} if found else {},
        )


def _decimal(single: float) -> float:
    return float(str(np.float32(single)))


def _version_1(of: _Bytes) -> list[MadeScan]:
    scans: list[MadeScan] = []
    at, more = 4, 1
    while more:
        if len(scans) >= MAX_RANGES:
            raise of.wrong("holds too many ranges", at, len(scans) + 1, f"at most {MAX_RANGES}")
        # Early files do not repeat the first word in each range.
        at += 4 if scans and of.data[at : at + 4] == b"RAW " else 0
        count, time, step, _, _, begin = of.unpack("IffIIf", at)
        length, _, more = *of.unpack("ff", at + 68), of.one("I", at + 148)
        if begin < _UNKNOWN:
            raise of.wrong("has a range without 2theta", at + 20, f"{begin:g}", "the begin of a scan of 2theta")
        y = of.points(count, 4, at + 152, at)
        where = of.wavelength(_decimal(length), at + 68)
        title = of.text(at + 36, 32)
        scans.append(
            of.scan(
                _decimal(begin), _decimal(step), y, at, time=_decimal(time), wavelength=where, anode="", title=title
            )
        )
        at += 152 + 4 * count
    return scans


def _version_2(of: _Bytes) -> list[MadeScan]:
    ranges = of.count(of.one("H", 4), 4, MAX_RANGES, "ranges")
    wavelength = of.wavelength(_decimal(of.one("f", 190)), 190)
    scans, at = [], 256
    for _ in range(ranges):
        length, count, _, time, step, begin = of.unpack("HHIfff", at)
        if length < 48:
            raise of.wrong("header of the range is too short", at, length, "48 bytes or more")
        y = of.points(count, 4, at + length, at + 2)
        scans.append(
            of.scan(
                _decimal(begin),
                _decimal(step),
                y,
                at,
                time=_decimal(time),
                wavelength=wavelength,
                anode=of.text(188, 2),
            )
        )
        at += length + 4 * count
    return scans


def _version_3(of: _Bytes) -> list[MadeScan]:
    ranges = of.count(of.one("I", 12), 12, MAX_RANGES, "ranges")
    anode, title = of.text(608, 4), of.text(326, 60)
    first = of.wavelength(of.one("d", 624), 624)
    scans, at = [], _V3_HEADER
    for _ in range(ranges):
        length, count = of.unpack("II", at)
        begin, step = of.one("d", at + 16), of.one("d", at + 176)
        time, code = of.unpack("fI", at + 192)
        varied, size, extra = of.unpack("III", at + 248)
        used = of.one("d", at + 240)
        if not 260 <= length <= 4096:
            raise of.wrong("header of the range makes no sense", at, length, "304 bytes")
        if code not in _V3_TWO_THETA:
            raise of.wrong("is no scan of 2theta", at + 196, _V3_OTHER.get(code, f"code {code}"), "a scan of 2theta")
        # One number and as many doubles as drives are told to vary.
        wanted = 4 + 8 * bin(varied).count("1")
        if size not in (wanted, 0) or (not size and varied):
            raise of.wrong("bytes of a point contradict its content", at + 252, size, wanted)
        y = of.points(count, wanted, at + length + extra, at + 4)
        # Of the file the Ka1, of the range what was used: with a monochromator or a filter they may differ.
        wavelength = first or of.wavelength(used, at + 240)
        scans.append(of.scan(begin, step, y, at, time=time, wavelength=wavelength, anode=anode, title=title))
        at += length + extra + wanted * count
    if any(of.data[at:]):
        raise of.wrong("goes on behind its last range", at, f"{len(of.data) - at} bytes", "the end, or zeros")
    return scans


def _version_4(of: _Bytes) -> list[MadeScan]:
    scans: list[MadeScan] = []
    anode, title, first = "", "", None
    at = _V4_HEADER
    while at + 8 <= len(of.data):
        kind, length = of.unpack("II", at)
        if kind in _V4_RANGES:
            if len(scans) >= MAX_RANGES:
                raise of.wrong("holds too many ranges", at, len(scans) + 1, f"at most {MAX_RANGES}")
            scan, at = _range_4(of, at, first, anode, title)
            scans.append(scan)
            continue
        if length < 8 or at + length > len(of.data):
            raise of.wrong("has a segment that makes no sense", at, f"{length} bytes", "8 or more, within the file")
        if kind == 10 and length > 36 and of.text(at + 12, 24).upper() == "SAMPLEID":
            title = of.text(at + 36, min(length - 36, 200))
        elif kind == 30 and length >= 120:
            first = of.wavelength(of.one("d", at + 80), at + 80)
            anode = of.text(at + 116, 4)
        at += length
    if not scans:
        raise of.wrong("holds no scan", at, "no range", "a measured range")
    return scans


def _range_4(of: _Bytes, at: int, first: float | None, anode: str, title: str) -> tuple[MadeScan, int]:
    """The range whose header is at a byte, and the byte behind it."""
    begin, step, count = of.unpack("ddI", at + 72)
    size, drives = of.unpack("II", at + 136)
    what = of.text(at + 32, 24)
    if what.lower() not in _V4_TWO_THETA:
        raise of.wrong("is no scan of 2theta, by its name", at + 32, what or "no name", "Locked Coupled or the like")
    if size < 4 or size % 4 or size > 1024:
        raise of.wrong("bytes of a point make no sense", at + 136, size, "a multiple of 4")
    inner, start = at + 160, at + 160 + drives
    while inner < start:
        length = of.one("I", inner + 4)
        if length < 8 or inner + length > start:
            raise of.wrong("has a segment that makes no sense", inner, f"{length} bytes", f"8 to {start - inner}")
        inner += length
    y = of.points(count, size, start, at + 88)
    wavelength = first or of.wavelength(of.one("d", at + 112), at + 112)
    return of.scan(begin, step, y, at, wavelength=wavelength, anode=anode, title=title), start + size * count
