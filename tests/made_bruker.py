"""Bruker's raw files of four versions, as their layouts tell: written for tests, by no code of the reader."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

Range = tuple[float, float, Sequence[float]]  # begin and step in degree, intensities


def field(size: int, **at: tuple) -> bytes:
    """A record of ``size`` zeros with values at places: ``_16=("<d", 2.0)``, or bytes."""
    record = bytearray(size)
    for place, value in at.items():
        where = int(place[1:])
        stored = value if isinstance(value, bytes) else struct.pack(value[0], *value[1:])
        record[where : where + len(stored)] = stored
    return bytes(record)


def singles(values: Sequence[float]) -> bytes:
    return np.asarray(values, dtype="<f4").tobytes()


def version_1(*ranges: Range, time=2.5, length=1.5406, repeated=True) -> bytes:
    made = b"RAW "
    for n, (begin, step, y) in enumerate(ranges):
        head = field(
            152, _0=("<I", len(y)), _4=("<f", time), _8=("<f", step), _20=("<f", begin), _24=("<3f", -1e6, -1e6, -1e6),
            _36=b"pellet 7", _68=("<2f", length, 1.54439), _148=("<I", len(ranges) - n - 1),
        )  # fmt: skip
        made += (b"RAW " if n and repeated else b"") + head + singles(y)
    return made


def version_2(*ranges: Range, time=2.5, length=1.5406, anode=b"Cu", extra=16) -> bytes:
    made = field(256, _0=b"RAW2", _4=("<H", len(ranges)), _168=b"01-Jan-98 10:00:00", _188=anode,
                 _190=("<3f", length, 1.54439, 0.5))  # fmt: skip
    for begin, step, y in ranges:
        head = field(48 + extra, _0=("<2H", 48 + extra, len(y)), _8=("<3f", time, step, begin), _46=("<H", 298))
        made += head + singles(y)
    return made


def version_3(
    *ranges: Range, time=2.5, length=1.5406, used=1.5406, anode=b"Cu", code=0, varied=0, extra=0, size=None
) -> bytes:
    made = field(
        712, _0=b"RAW1.01", _8=("<2I", 1, len(ranges)), _16=b"09/24/2004", _326=b"pellet 7", _608=anode,
        _616=("<5d", 1.5418, length, 1.54439, 1.39222, 0.5), _656=b"A",
    )  # fmt: skip
    for begin, step, y in ranges:
        point = 4 + 8 * bin(varied).count("1")
        made += field(
            304, _0=("<2I", 304, len(y)), _8=("<2d", begin / 2, begin), _176=("<d", step), _192=("<fI", time, code),
            _224=("<2I", 40, 30), _240=("<d", used), _248=("<3I", varied, point if size is None else size, extra),
        ) + bytes(extra)  # fmt: skip
        made += b"".join(struct.pack("<f", v) + struct.pack("<d", 7.0) * (point // 8) for v in y)
    return made


def segment(kind: int, size: int, **at: tuple) -> bytes:
    return struct.pack("<2I", kind, size) + field(size, **at)[8:]


def version_4(*ranges: Range, length=1.5406, used=1.5406, anode=b"Cu", what=b"Locked Coupled", size=4) -> bytes:
    made = field(61, _0=b"RAW4.00", _12=b"04/07/2025", _24=b"20:48:56")
    made += segment(10, 49, _12=b"USER", _36=b"nobody") + segment(10, 60, _12=b"SAMPLEID", _36=b"pellet 7")
    made += segment(30, 136, _72=("<5d", 1.5418, length, 1.54439, 1.39222, 0.5), _116=anode) + segment(60, 76)
    for n, (begin, step, y) in enumerate(ranges):
        drives = segment(50, 64, _12=b"Theta", _56=("<d", begin / 2)) + segment(50, 72, _12=b"2Theta", _8=("<I", 1))
        made += field(
            160, _0=("<I", 160 if n else 0), _32=what, _72=("<2dIf", begin, step, len(y), 310.0), _100=("<2f", 40, 40),
            _112=("<d", used), _136=("<2I", size, len(drives)),
        ) + drives  # fmt: skip
        made += b"".join(struct.pack("<f", v) + b"\1" * (size - 4) for v in y)
    return made
