"""STOE WinXPOW raw files (``RAW_1.06``): reading with integrity checks, and writing.

The file is binary, little-endian and packed, in records of 512 bytes; record n starts at byte (n - 1) * 512.
Record 1 is the file header, records 2 and 3 hold the planned ranges. The header of each measured range stands
at the record that the file header names (``HeadRec``), its counts in the records after. The layout is the one
published with DASH (CCDC, MIT licence, ``LoadRAWFiles.f90``); what is said here of real files was measured.

Quirks of real files:

- The range header does not stand at a fixed place: a provisional snapshot of the scan, a few points short, is
  often left in front of it. Only ``HeadRec`` tells.
- A file of 2048 bytes is a header without a range: an aborted scan, or the master of a serial measurement whose
  frames are ``name.001``, ``name.002``, ... Files are known by their first bytes, never by their extension.
- Text is cut at the first NUL; stale text of an earlier measurement may follow it.
- History bits 0-3 stand in the file header, bits 4-15 in the header of the range they apply to.
- Begin, end and step are single precision numbers of what were decimal fractions (0.015 degree): they are read
  back as the shortest decimal that gives the same single, so that the grid equals that of a text export.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from coherion.as_read import took
from coherion.errors import InputError

RECORD = 512
MAX_RANGES = 8
MAX_POINTS = 0x7FFF
MIN_STEP = 1e-6  # degree; the grid is kept to 1e-9
# Record numbers are 16-bit: no range can start behind this, so nothing larger is a raw file.
MAX_BYTES = (0xFFFF + 2 * MAX_RANGES * 1024) * RECORD

GEOMETRY = {
    1: "transmission",
    2: "Bragg-Brentano",
    3: "theta/theta",
    4: "double monochromator",
    5: "fixed stage",
}
MONOCHROMATOR = {
    1: "secondary",
    2: "curved Ge(111)",
    3: "graphite",
    4: "quartz",
    6: "Ge(111), double",
    7: "Ge(220), double",
    8: "GaAs(400), double",
}
ANODE = {1: "Ag", 2: "Mo", 3: "Cu", 4: "Co", 5: "Fe", 6: "Cr"}
DETECTOR = {
    1: "scintillation",
    2: "curved PSD",
    3: "linear PSD",
    4: "image plate",
    5: "MYTHEN",
    7: "MYTHEN",
}
SCAN_MODE = {1: "transmission", 2: "reflection", 3: "Debye-Scherrer"}
SCAN_TYPE = {1: "2theta", 2: "omega", 3: "2theta/omega", 4: "free"}
HISTORY = {
    0: "psd-corrected",
    1: "calibrated",
    4: "angles-changed",
    5: "smoothed",
    6: "background-subtracted",
    7: "ka2-stripped",
    8: "modified",
    9: "absorption-corrected",
}
# Treatment that changes intensities or their statistics in a way a reduction to G(r) cannot undo.
SPOILING_HISTORY = tuple(HISTORY[bit] for bit in range(4, 10))

_VERSION = re.compile(rb"RAW_1\.0[3-6]")
_FILE_HEADER = struct.Struct("<8s8s16s80s192s9h3f")  # 0..333
_RANGE_HEADER = struct.Struct("<16s16shHhh8f")  # 0..71


@dataclass(frozen=True)
class RawHeader:
    """The file header: codes as stored (see the tables of this module), words through the properties.

    Wavelengths in angstrom, ``d_star`` of the monochromator in 1/angstrom, tube in kV and mA.
    """

    wavelength: float
    version: str = "RAW_1.06"
    program: str = "Powdat"
    date: str = ""
    title: str = ""
    user_text: str = ""
    geometry: int = 1
    monochromator: int = 2
    anode: int = 7
    detector: int = 5
    voltage: int = 40
    current: int = 40
    wavelength_2: float = 0.0
    d_star: float = 0.0
    scan_mode: int = 3
    scan_type: int = 1
    use: int = 0
    data_type: int = 1
    history: int = 0
    ranges_planned: int = 1
    ranges_done: int = 1

    @property
    def anode_element(self) -> str | None:
        """Symbol of the anode, None where the file says 'user'."""
        return ANODE.get(self.anode)

    @property
    def simulated(self) -> bool:
        """Whether the file says that nobody measured it: the word SIMULATED, or data of type 'theory'."""
        return bool(re.search(r"\bSIMULATED\b", f"{self.title} {self.user_text}")) or self.data_type == 2


@dataclass(frozen=True, eq=False)
class RawRange:
    """One measured range: 2theta begin, end and step in degrees, counts per point, effective time in s.

    ``counts`` (shape n) are the stored integers divided by ``count_factor`` where that is above 1.
    """

    begin: float
    step: float
    counts: np.ndarray
    time_per_point: float
    start_time: str = ""
    end_time: str = ""
    end: float = field(default=float("nan"))
    omega: tuple[float, float, float] = (0.0, 0.0, 0.0)
    count_factor: float = 0.0
    history: int = 0
    provisional: bool = False
    short_integers: bool = False

    @property
    def two_theta(self) -> np.ndarray:
        """The 2theta grid in degrees, shape n, without the noise of single precision."""
        return np.round(self.begin + self.step * np.arange(self.counts.size), 9)


@dataclass(frozen=True, eq=False)
class RawFile:
    """A raw file: header and measured ranges, none for a header-only file."""

    header: RawHeader
    ranges: tuple[RawRange, ...]

    def history_words(self, number: int | None = None) -> tuple[str, ...]:
        """Treatment recorded for one range (from 0) or for any, in the words of ``HISTORY``."""
        bits = self.header.history
        for r in self.ranges if number is None else self.ranges[number : number + 1]:
            bits |= r.history
        return tuple(word for bit, word in HISTORY.items() if bits >> bit & 1)


def is_raw(start: bytes) -> bool:
    """Whether a file that starts with these bytes calls itself a STOE raw file."""
    return start.startswith(b"RAW_")


def read_raw(path: str | os.PathLike[str]) -> RawFile:
    """Read a STOE raw file with all its ranges.

    Raises
    ------
    InputError
        If the file is missing, foreign, truncated or contradicts itself.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise InputError("is not a file" if path.exists() else "file is missing", file=path)
        with path.open("rb") as stream:
            data = stream.read(RECORD)
            check_magic(data, path)
            # A buffer of the limit's size would be made for the smallest file.
            data += stream.read(min(MAX_BYTES, os.fstat(stream.fileno()).st_size) - RECORD + 1)
    except (OSError, ValueError) as problem:
        raise InputError("cannot be read", file=path, found=problem) from problem
    if len(data) > MAX_BYTES:
        raise InputError("is larger than a raw file can be", file=path, expected=f"at most {MAX_BYTES} bytes")
    return parse_raw(took(path, data), path)


def check_magic(start: bytes, file: str | os.PathLike[str] | None = None) -> None:
    """Refuse whatever does not start as a STOE raw file of a known version; the message names what it is.

    Raises
    ------
    InputError
        For unknown STOE versions and anything else.
    """
    if not _VERSION.fullmatch(start[:8]):
        raise InputError(
            "is not a STOE raw file of a known version",
            file=file,
            place="byte 0",
            found=start[:8].decode("latin-1"),
            expected="RAW_1.03 to RAW_1.06",
            advice="export the scan as .xyd from WinXPOW if it is one",
        )


def parse_raw(data: bytes, file: str | os.PathLike[str] | None = None) -> RawFile:
    """Interpret the bytes of a STOE raw file; ``file`` is only named in errors.

    Raises
    ------
    InputError
        As :func:`read_raw`.
    """
    check_magic(data, file)
    if len(data) < RECORD:
        raise InputError("is truncated within its header", file=file, found=f"{len(data)} bytes", expected=RECORD)
    header = _parse_header(data, file)
    done = header.ranges_done
    if not 0 <= done <= MAX_RANGES:
        raise InputError(
            "number of measured ranges makes no sense",
            file=file,
            place="byte 378",
            found=done,
            expected="0 to 8",
        )
    positions = struct.unpack_from(f"<{MAX_RANGES}H", data, 480)[:done]
    ranges: list[RawRange] = []
    taken: list[tuple[int, int]] = []
    for number, record in enumerate(positions, start=1):
        place = f"range {number}"
        # Records 1 to 3 are the file header and the planned ranges.
        if record < 4:
            raise InputError(
                "record of the range header makes no sense",
                file=file,
                place=f"{place}, byte {478 + 2 * number}",
                found=record,
                expected="4 or more",
            )
        start = (record - 1) * RECORD
        found, stop = _parse_range(data, start, header.version, file, place)
        if any(start < other_stop and other_start < stop for other_start, other_stop in taken):
            raise InputError("overlaps another range in the file", file=file, place=f"{place}, byte {start}")
        taken.append((start, stop))
        ranges.append(found)
    return RawFile(header, tuple(ranges))


def _parse_header(data: bytes, file) -> RawHeader:
    values = _FILE_HEADER.unpack_from(data)
    version, program, date, title, user_text = (_text(v) for v in values[:5])
    geometry, _, monochromator, anode, detector, _, _, voltage, current = values[5:14]
    wavelength, wavelength_2, d_star = (_decimal(v) for v in values[14:17])
    for place, name, value in ((322, "Ka1", wavelength), (326, "Ka2", wavelength_2), (330, "d*", d_star)):
        if not 0 <= value <= 10:
            raise InputError(
                f"{name} of the header makes no sense",
                file=file,
                place=f"byte {place}",
                found=value,
                expected="a number from 0 to 10",
            )
    scan_mode, scan_type = struct.unpack_from("<2h", data, 358)
    (use,) = struct.unpack_from("<h", data, 366)
    planned, done = struct.unpack_from("<2h", data, 376)
    data_type, history = struct.unpack_from("<hH", data, 470)
    return RawHeader(
        wavelength=wavelength,
        version=version,
        program=program,
        date=date,
        title=title,
        user_text=user_text,
        geometry=geometry,
        monochromator=monochromator,
        anode=anode,
        detector=detector,
        voltage=voltage,
        current=current,
        wavelength_2=wavelength_2,
        d_star=d_star,
        scan_mode=scan_mode,
        scan_type=scan_type,
        use=use,
        data_type=data_type,
        history=history,
        ranges_planned=planned,
        ranges_done=done,
    )


def _parse_range(data: bytes, start: int, version: str, file, place: str) -> tuple[RawRange, int]:
    """The range whose header starts at a byte, and the byte after its last count."""

    def wrong(what, offset, found, expected, advice=None):
        return InputError(
            what,
            file=file,
            place=f"{place}, byte {start + offset}",
            found=found,
            expected=expected,
            advice=advice,
        )

    if start + RECORD > len(data):
        raise wrong(
            "is truncated before the range header",
            0,
            f"{len(data)} bytes",
            f"at least {start + RECORD}",
            "copy the file again from the instrument",
        )
    values = _RANGE_HEADER.unpack_from(data, start)
    start_time, end_time = _text(values[0]), _text(values[1])
    status, points, _, form = values[2:6]
    factor, begin, omega_begin, end, omega_end, step, omega_step, time = (_decimal(v) for v in values[6:])
    (history,) = struct.unpack_from("<H", data, start + 118)
    minimum, maximum = struct.unpack_from("<2i", data, start + 120)
    if status not in (0, -1):
        raise wrong("status of the range is unknown", 32, status, "0 (complete) or -1 (provisional)")
    if points == 0:
        raise wrong("range has no points", 34, 0, "1 or more")
    if form not in (0, 1):
        raise wrong("format of the counts is unknown", 38, form, "0 (int32) or 1 (int16)")
    # The scale factor of counts exists since RAW_1.05; before, the place was free.
    if version < "RAW_1.05":
        factor = 0.0
    if not 0 <= factor <= 1e6:
        raise wrong("count factor makes no sense", 40, factor, "0 to 1e6")
    last = begin + (points - 1) * step
    if not (-180 <= begin <= 180 and -180 <= last <= 180):
        raise wrong("2theta of the range makes no sense", 44, f"{begin} to {last}", "-180 to 180 degree")
    if not (step >= MIN_STEP or points == 1):
        raise wrong("2theta step is not positive", 60, step, "a 2theta scan with rising angles")
    if not 0 <= time <= 1e7:
        raise wrong("time per point makes no sense", 68, time, "0 to 1e7 s")
    dtype = np.dtype("<i2" if form == 1 else "<i4")
    first = start + RECORD
    stop = first + points * dtype.itemsize
    if stop > len(data):
        raise wrong(
            "is truncated within the counts",
            RECORD,
            f"{len(data)} bytes",
            f"at least {stop} for {points} points",
            "copy the file again from the instrument",
        )
    raw = np.frombuffer(data, dtype, points, first)
    if status == 0 and (int(raw.min()), int(raw.max())) != (minimum, maximum):
        raise wrong(
            "counts contradict the stored minimum and maximum",
            120,
            f"{raw.min()} to {raw.max()}",
            f"{minimum} to {maximum}",
            "the file is damaged: copy it again from the instrument",
        )
    negative = np.flatnonzero(raw < 0)
    if negative.size:
        raise wrong("negative counts", RECORD + int(negative[0]) * dtype.itemsize, int(raw[negative[0]]), "0 or more")
    return (
        RawRange(
            begin=begin,
            step=step,
            counts=raw / max(factor, 1.0),
            time_per_point=time,
            start_time=start_time,
            end_time=end_time,
            end=end,
            omega=(omega_begin, omega_end, omega_step),
            count_factor=factor,
            history=history,
            provisional=status == -1,
            short_integers=form == 1,
        ),
        stop,
    )


def _decimal(single: float) -> float:
    """The shortest decimal number with this single precision value."""
    return float(str(np.float32(single)))


def _text(stored: bytes) -> str:
    """Text up to the first NUL, in one line of printable characters."""
    text = stored.split(b"\0", 1)[0].decode("cp1252", errors="replace")
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def write_raw(
    path: str | os.PathLike[str],
    ranges: Sequence[RawRange] | RawRange,
    header: RawHeader,
    *,
    provisional_copy: bool = False,
) -> None:
    """Write a ``RAW_1.06`` file that :func:`read_raw` and STOE's layout agree on.

    Parameters
    ----------
    path
        The file to make, whole or not at all.
    ranges
        Up to eight measured ranges, or none for a header-only file. ``counts`` times ``count_factor`` (where
        that is above 1) are whole numbers that fit int32, or int16 for ``short_integers``.
    header
        The file header; its numbers of ranges are set from ``ranges``.
    provisional_copy
        Leave a snapshot of the first range in front of it, as the instrument does.

    Raises
    ------
    ValueError
        If the counts are not whole numbers, do not fit, or there are too many ranges or points.
    """
    from coherion.data.netcdf import write_whole

    content = format_raw(ranges, header, provisional_copy=provisional_copy)
    write_whole(path, lambda temporary: temporary.write_bytes(content))


def format_raw(ranges: Sequence[RawRange] | RawRange, header: RawHeader, *, provisional_copy: bool = False) -> bytes:
    """The bytes of the file that :func:`write_raw` makes; arguments and errors are the same."""
    ranges = (ranges,) if isinstance(ranges, RawRange) else tuple(ranges)
    if len(ranges) > MAX_RANGES:
        raise ValueError(f"{len(ranges)} ranges, a raw file holds {MAX_RANGES}")
    body = bytearray(3 * RECORD)  # behind the file header: records 2 to 4, left free
    records, sizes = [], []
    if provisional_copy and ranges:
        body += _format_range(ranges[0], drop=min(3, ranges[0].counts.size - 1), status=-1)
    for r in ranges:
        block = _format_range(r, status=-1 if r.provisional else 0)
        records.append(2 + len(body) // RECORD)
        sizes.append(len(block) // RECORD)
        body += block
    if records and records[-1] > 0x7FFF:
        raise ValueError("too many points for a raw file")
    first = bytearray(RECORD)
    _FILE_HEADER.pack_into(
        first,
        0,
        b"RAW_1.06",
        _bytes(header.program, 8),
        _bytes(header.date, 16),
        _bytes(header.title, 80),
        _bytes(header.user_text, 192),
        header.geometry,
        0,
        header.monochromator,
        header.anode,
        header.detector,
        0,
        0,
        header.voltage,
        header.current,
        header.wavelength,
        header.wavelength_2,
        header.d_star,
    )
    struct.pack_into("<2h", first, 358, header.scan_mode, header.scan_type)
    struct.pack_into("<h", first, 366, header.use)
    struct.pack_into("<3h", first, 376, max(len(ranges), header.ranges_planned), len(ranges), 0)
    struct.pack_into("<i", first, 466, sum(r.counts.size + 1 for r in ranges))
    struct.pack_into("<hH", first, 470, header.data_type, header.history)
    struct.pack_into("<3H", first, 474, sum(sizes), (1 + len(body) // RECORD) & 0xFFFF, 0)
    struct.pack_into(f"<{len(records)}H", first, 480, *records)
    struct.pack_into(f"<{len(sizes)}H", first, 496, *sizes)
    return bytes(first + body)


def _format_range(r: RawRange, status: int, drop: int = 0) -> bytes:
    raw = np.asarray(r.counts, dtype=float) * max(r.count_factor, 1.0)
    whole = np.rint(raw)
    if raw.ndim != 1 or not 1 <= raw.size <= MAX_POINTS:
        raise ValueError(f"a range has 1 to {MAX_POINTS} points in one dimension, found shape {raw.shape}")
    limits = np.iinfo(np.int16 if r.short_integers else np.int32)
    if not (np.all(whole >= 0) and np.all(whole <= limits.max)):
        raise ValueError(f"counts outside 0 to {limits.max}")
    if np.any(np.abs(raw - whole) > 1e-6 * np.maximum(whole, 1)):
        raise ValueError("counts times count factor are not whole numbers")
    stored = whole[: raw.size - drop].astype(limits.dtype.newbyteorder("<"))
    end = r.end if np.isfinite(r.end) else r.begin + (raw.size - 1) * r.step
    head = bytearray(RECORD)
    _RANGE_HEADER.pack_into(
        head,
        0,
        _bytes(r.start_time, 16),
        _bytes(r.end_time, 16),
        status,
        stored.size,
        0,
        1 if r.short_integers else 0,
        r.count_factor,
        r.begin,
        r.omega[0],
        end,
        r.omega[1],
        r.step,
        r.omega[2],
        r.time_per_point,
    )
    struct.pack_into("<H", head, 118, r.history)
    struct.pack_into("<2i", head, 120, int(stored.min()), int(stored.max()))
    counts = stored.tobytes()
    return bytes(head) + counts + bytes(-len(counts) % RECORD)


def _bytes(text: str, size: int) -> bytes:
    """Text in the file's character set, cut so that a NUL ends it."""
    return text.encode("cp1252", errors="replace")[: size - 1]
