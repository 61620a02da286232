"""BioLogic EC-Lab's binary files (``.mpr``) of impedance: reading, and writing of simple ones.

A file is a magic line and a chain of modules; a module's payload starts with what its name says:

``VMP Set``     technique (u8 at 0; 29 potentiostatic, 30 galvanostatic impedance), comment (length u8 at 7, text),
                sequences (u16) and parameters per sequence (u16) at 0x1845, 0x1846 or 0x1847, then the first sequence
``VMP data``    points (u32 at 0), columns (u8 at 4 in versions 2 and 3, u16 in 10 and 11), then u16 identifiers;
                rows from 405 (version 2), 406 (3) or 1007 (10, 11)
``VMP LOG``     start of the measurement as days since 1899-12-30 (float64 at 585, older 473)
``VMP loop``    number of bounds (u32), then the first row of each loop and one past the last
``VMP ExtDev``  what is plugged into the analog inputs, names in slots of 45 bytes from 54

Integers are little-endian, texts cp1252 with their length before them. Measured on files of EC-Lab 10.33 to 11.61.
"""

from __future__ import annotations

import datetime
import itertools
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coherion.constants import ZERO_CELSIUS
from coherion.data.spectra.columns import temperature_unit
from coherion.data.spectra.spectrum import Columns, Facts, Spectrum, read_bytes, spectra_of
from coherion.errors import InputError

MAGIC = b"BIO-LOGIC MODULAR FILE\x1a"
FIRST_MODULE = 52
ROWS_AT = {2: 405, 3: 406, 10: 1007, 11: 1007}
POTENTIOSTATIC = 29
MAX_COLUMNS = 300
# Stored values are float32; real files agree to 1e-7.
TOLERANCE = 1e-5

FREQUENCY, REAL, MINUS_IMAGINARY, MODULUS, PHASE = 32, 37, 38, 36, 35
TIME, CYCLE, EXCITATION, SEQUENCE, TEMPERATURE = 4, 24, 33, 131, 462
ANALOG_INPUTS = {16: 0, 17: 1}
ESSENTIAL = (FREQUENCY, REAL, MINUS_IMAGINARY, MODULUS, PHASE)

# Identifiers whose column is not float32. Those of the flag byte share one byte per row.
FLAGS = frozenset((1, 2, 3, 21, 31, 65))
DOUBLES = frozenset((4, 7, 11, 13, 23, 24, 74, 123, 124, 125, 126, 182, 211, 467, 498, 499, 500, 501, 502))
SHORTS = frozenset((39, 131))
LONGS = frozenset((212, 213, 468, 469))
# First and last of each run of identifiers stored as float32.
SINGLE_RUNS = (
    *((5, 6), (8, 9), (16, 20), (26, 27), (32, 38), (69, 70), (75, 78), (96, 96), (98, 101), (163, 163), (168, 169)),
    *((172, 174), (178, 179), (185, 185), (215, 215), (217, 241), (271, 276), (301, 306), (331, 336), (361, 366)),
    *((391, 396), (422, 426), (430, 433), (462, 462), (471, 471), (473, 474), (476, 477), (479, 480), (486, 497)),
    (505, 505),
)

SLOTS_AT, SLOT, SLOTS = 54, 45, 3
EPOCH = datetime.datetime(1899, 12, 30)
FREQUENCY_UNITS = (1e6, 1e3, 1.0, 1e-3)


@dataclass(frozen=True)
class _Module:
    name: str
    version: int
    start: int
    payload: memoryview


def read_mpr(path: str | os.PathLike[str]) -> list[Spectrum]:
    """The sweeps of an ``.mpr`` file, one spectrum per loop and cycle.

    Parameters
    ----------
    path
        The file; impedance of a single cell (``PEIS``, ``GEIS`` and what stores the same columns).

    Returns
    -------
    list of Spectrum
        In the order of measurement; frequency in Hz, impedance in ohm, time in s, temperature in degC.

    Raises
    ------
    InputError
        If the file is no ``.mpr``, is truncated, holds no impedance or no rows, or contradicts itself; the place is
        a byte or a row.
    """
    data = read_bytes(path)
    if not data.startswith(MAGIC):
        raise InputError(
            "is not a BioLogic .mpr file",
            file=path,
            place="byte 0",
            found=data[: len(MAGIC)],
            expected="BIO-LOGIC MODULAR FILE",
        )
    modules, doubts = _modules(data, path)
    notes: list[str] = []
    tables = [m for m in modules if m.name == "VMP data"]
    if len(tables) != 1:
        raise InputError(
            "holds several data modules" if tables else "holds no data module",
            file=path,
            found=", ".join(m.name for m in modules[:10]) or "no module",
            expected="one module VMP data",
            advice="export the file as text (.mpt) from EC-Lab"
            if tables
            else "the measurement was not started, or the file is truncated: copy it again",
        )
    named = {m.name: m for m in reversed(modules)}
    columns = _columns(tables[0], named, path, notes, doubts)
    settings = named.get("VMP Set")
    comment = _comment(settings.payload) if settings else ""
    facts = Facts(
        source=os.fspath(path),
        format="mpr",
        origin="simulated" if "SIMULATED" in comment else "measured",
        amplitude=_amplitude(settings.payload, columns.frequency) if settings else None,
        start_time=_start_time(named["VMP LOG"].payload) if "VMP LOG" in named else None,
        notes=tuple(notes),
        doubts=tuple(doubts),
    )
    return spectra_of(columns, facts, tolerance=TOLERANCE)


def _modules(data: bytes, path: str | os.PathLike[str]) -> tuple[list[_Module], list[str]]:
    """The chain of modules. One cut short after the data is a doubt, the data module itself must be whole."""
    view = memoryview(data)
    found: list[_Module] = []
    doubts: list[str] = []
    at = FIRST_MODULE
    while at < len(data):
        head = data[at : at + 65]
        if not head.startswith(b"MODULE") or len(head) < 57:
            doubts.append(f"no module stands at byte {at}, where the one before it ends: the rest was not read")
            break
        name = head[6:16].decode("cp1252", "replace").strip()
        length, version = struct.unpack_from("<II", head, 41)
        start = at + 57
        if length == 0xFFFFFFFF:
            if len(head) < 65:
                doubts.append(f"module {name} at byte {at} is cut off")
                break
            length, version = struct.unpack_from("<QI", head, 45)
            start = at + 65
        if start + length > len(data):
            if name == "VMP data":
                raise InputError(
                    "is truncated",
                    file=path,
                    place=f"byte {start}",
                    found=f"{len(data) - start} bytes of data",
                    expected=f"{length}",
                    advice="copy the file again from the instrument's computer",
                )
            doubts.append(f"module {name} at byte {at} is cut off")
            break
        found.append(_Module(name, version, start, view[start : start + length]))
        at = start + length
    return found, doubts


def _columns(
    table: _Module,
    named: dict[str, _Module],
    path: str | os.PathLike[str],
    notes: list[str],
    doubts: list[str],
) -> Columns:
    payload, version = table.payload, table.version
    offset = ROWS_AT.get(version)
    if offset is None:
        raise InputError(
            "data module has an unknown version",
            file=path,
            place=f"byte {table.start}",
            found=version,
            expected="2, 3, 10 or 11",
            advice="export the file as text (.mpt) from EC-Lab",
        )
    if len(payload) < offset:
        raise InputError(
            "data module is too short",
            file=path,
            place=f"byte {table.start}",
            found=f"{len(payload)} bytes",
            expected=f"at least {offset}",
        )
    (points,) = struct.unpack_from("<I", payload, 0)
    first = 6 if version >= 10 else 5
    count = struct.unpack_from("<H", payload, 4)[0] if version >= 10 else payload[4]
    if not 0 < count <= MAX_COLUMNS or first + 2 * count > offset:
        raise InputError(
            "number of columns is impossible",
            file=path,
            place=f"byte {table.start + 4}",
            found=count,
            expected=f"1 to {min(MAX_COLUMNS, (offset - first) // 2)}",
        )
    identifiers = struct.unpack_from(f"<{count}H", payload, first)
    if points == 0:
        raise InputError(
            "holds 0 data rows",
            file=path,
            place=f"byte {table.start}",
            expected="at least one",
            advice="the measurement was stopped before its first point: take the file out of the table of spectra",
        )
    stride, rest = divmod(len(payload) - offset, points)
    if rest or stride == 0:
        raise InputError(
            "size of the data is no whole number of rows",
            file=path,
            place=f"byte {table.start}",
            found=f"{len(payload) - offset} bytes for {points} rows",
            expected="the same number of bytes for each row",
            advice="the file is damaged or truncated: copy it again",
        )
    layout = _layout(identifiers, stride, path, table.start, notes)
    missing = {FREQUENCY} - set(layout)
    if missing or not ({REAL, MINUS_IMAGINARY} <= set(layout) or {MODULUS, PHASE} <= set(layout)):
        raise InputError(
            "holds no impedance columns",
            file=path,
            place=f"byte {table.start + first}",
            found="columns " + ", ".join(str(i) for i in identifiers),
            expected="32, 37, 38 (frequency, Re Z, -Im Z) or 32, 36, 35 (frequency, |Z|, phase)",
            advice="give a file of an impedance technique (PEIS or GEIS)",
        )
    rows = np.frombuffer(payload, dtype=np.uint8, count=points * stride, offset=offset).reshape(points, stride)

    def column(identifier: int) -> np.ndarray | None:
        if identifier not in layout:
            return None
        at, kind = layout[identifier]
        width = np.dtype(kind).itemsize
        with np.errstate(invalid="ignore"):
            return np.ascontiguousarray(rows[:, at : at + width]).view(kind)[:, 0].astype(float)

    minus_imaginary = column(MINUS_IMAGINARY)
    return Columns(
        frequency=column(FREQUENCY),
        real=column(REAL),
        imaginary=None if minus_imaginary is None else -minus_imaginary,
        modulus=column(MODULUS),
        phase=column(PHASE),
        time=column(TIME),
        cycle=column(CYCLE),
        sequence=column(SEQUENCE),
        temperature=_temperature(column, named, notes),
        excitation=column(EXCITATION),
        starts=_loop_starts(named.get("VMP loop"), points, doubts),
    )


def _layout(
    identifiers: Sequence[int], stride: int, path: str | os.PathLike[str], start: int, notes: list[str]
) -> dict[int, tuple[int, str]]:
    """Where in a row each column stands: from the front up to the first unknown one, from the back down to the last.

    All known: their widths must add up to the row. Unknown ones leave what lies between them unread.
    """
    kinds: list[str | None] = []
    flagged = False
    for identifier in identifiers:
        if identifier in FLAGS:
            kinds.append("" if flagged else "u1")
            flagged = True
        else:
            kinds.append(_kind(identifier))
    widths = [None if kind is None else np.dtype(kind).itemsize if kind else 0 for kind in kinds]
    known = sum(w for w in widths if w is not None)
    unknown = [i for i, w in zip(identifiers, widths, strict=True) if w is None]
    if known + len(unknown) > stride or (not unknown and known != stride):
        raise InputError(
            "columns do not fill a row of data",
            file=path,
            place=f"byte {start}",
            found=f"{stride} bytes per row",
            expected=f"{known} bytes" + (f" and columns {unknown}" if unknown else ""),
            advice="export the file as text (.mpt) from EC-Lab",
        )
    layout: dict[int, tuple[int, str]] = {}
    at = 0
    for identifier, kind, width in zip(identifiers, kinds, widths, strict=True):
        if width is None:
            break
        if kind and identifier not in FLAGS:
            layout.setdefault(identifier, (at, kind))
        at += width
    if unknown:
        notes.append(f"columns of unknown kind were not read: {', '.join(str(i) for i in unknown[:10])}")
        end = stride
        for identifier, kind, width in zip(reversed(identifiers), reversed(kinds), reversed(widths), strict=True):
            if width is None:
                break
            end -= width
            if kind and identifier not in FLAGS:
                layout.setdefault(identifier, (end, kind))
    return layout


def _kind(identifier: int) -> str | None:
    """Stored type of a column, or None where it is not known."""
    for members, kind in ((DOUBLES, "<f8"), (SHORTS, "<u2"), (LONGS, "<u4")):
        if identifier in members:
            return kind
    return "<f4" if any(first <= identifier <= last for first, last in SINGLE_RUNS) else None


def _temperature(column, named: dict[str, _Module], notes: list[str]) -> np.ndarray | None:
    """The column of temperature in degC, or the analog input that the external device calls a temperature."""
    direct = column(TEMPERATURE)
    if direct is not None:
        return direct
    if "VMP ExtDev" not in named:
        return None
    names = _input_names(named["VMP ExtDev"].payload)
    for identifier, place in ANALOG_INPUTS.items():
        unit = temperature_unit(names.get(place, ""))
        if unit is None:
            continue
        found = column(identifier)
        if found is not None:
            notes.append(f"temperature taken from analog input {place + 1}, named {names[place]!r} in the file")
            return found - ZERO_CELSIUS if unit == "K" else found
    return None


def _input_names(payload: memoryview) -> dict[int, str]:
    names = {}
    for k in range(SLOTS):
        at = SLOTS_AT + SLOT * k
        if at < len(payload) and 0 < payload[at] < SLOT and at + 1 + payload[at] <= len(payload):
            text = bytes(payload[at + 1 : at + 1 + payload[at]]).decode("cp1252", "replace")
            if text.isprintable():
                names[k] = text
    return names


def _loop_starts(module: _Module | None, points: int, doubts: list[str]) -> list[int]:
    """First rows of the loops, if the module's bounds rise from 0 to the number of rows."""
    if module is None or len(module.payload) < 4:
        return []
    (count,) = struct.unpack_from("<I", module.payload, 0)
    if not 0 < count <= (len(module.payload) - 4) // 4:
        doubts.append("the list of loops is damaged: loops are told apart by cycle number and frequency")
        return []
    bounds = np.frombuffer(module.payload, dtype="<u4", count=count, offset=4).astype(np.int64)
    if bounds[0] != 0 or np.any(np.diff(bounds) < 0) or bounds[-1] > points:
        doubts.append("the list of loops is damaged: loops are told apart by cycle number and frequency")
        return []
    return [int(b) for b in bounds if b < points]


def _comment(payload: memoryview) -> str:
    if len(payload) < 8:
        return ""
    return bytes(payload[8 : 8 + payload[7]]).decode("cp1252", "replace")


def _amplitude(payload: memoryview, frequency: np.ndarray | None) -> float | None:
    """Amplitude (V) of a potentiostatic sweep of one sequence, believed only if the settings fit the data.

    The first frequency, its unit and the amplitude in mV stand at fixed places of the sequence; where the frequency
    is not that of the first row the places are not what we take them for.
    """
    if frequency is None or not len(payload) or payload[0] != POTENTIOSTATIC:
        return None
    # EC-Lab 11.50 moved the parameters by a byte, and those after the third by three more.
    for at, shift in itertools.product((0x1845, 0x1846, 0x1847), (0, 3)):
        if at + shift + 44 > len(payload):
            continue
        sequences, parameters = struct.unpack_from("<HH", payload, at)
        if sequences != 1 or not 10 < parameters < 200:
            continue
        first, unit = struct.unpack_from("<fB", payload, at + shift + 24)
        (amplitude,) = struct.unpack_from("<f", payload, at + shift + 40)
        if unit >= len(FREQUENCY_UNITS) or not 0 < amplitude <= 5000:
            continue
        measured = frequency[frequency > 0]
        if measured.size and abs(first * FREQUENCY_UNITS[unit] - measured[0]) <= 0.02 * measured[0]:
            return float(np.float32(amplitude)) / 1000
    return None


def _start_time(payload: memoryview) -> str | None:
    for at in (585, 473):
        if at + 8 <= len(payload):
            (days,) = struct.unpack_from("<d", payload, at)
            # 1990 to 2100; anything else there is not the time.
            if 32874 < days < 73050:
                moment = EPOCH + datetime.timedelta(days=days)
                return (moment + datetime.timedelta(microseconds=500)).isoformat(timespec="milliseconds")
    return None


def write_mpr(path: str | os.PathLike[str], spectra: Sequence[Spectrum], *, comment: str = "") -> None:
    """Write spectra as the loops of one ``.mpr`` file (data module version 3, values in float32).

    Parameters
    ----------
    path
        The file to make; it appears whole or not at all.
    spectra
        In the order of measurement: frequency (Hz), impedance (ohm), time (s), temperature (degC; written as a
        constant column where every spectrum has one), amplitude (V) and start time of the first.
    comment
        Stored as the user's comment; ``SIMULATED`` is put before it if a spectrum is simulated.

    Raises
    ------
    ValueError
        If there is no spectrum or no point.
    """
    from coherion.data.netcdf import write_whole

    data = _encode(spectra, comment)
    write_whole(path, lambda temporary: temporary.write_bytes(data))


def _encode(spectra: Sequence[Spectrum], comment: str) -> bytes:
    points = sum(s.frequency.size for s in spectra)
    if not points:
        raise ValueError("no point to write")
    with_temperature = all(s.temperature is not None for s in spectra)
    identifiers = [*ESSENTIAL[:3], MODULUS, PHASE, TIME, CYCLE, *([TEMPERATURE] if with_temperature else [])]
    row = np.dtype([(str(i), _kind(i)) for i in identifiers])
    table = np.zeros(points, dtype=row)
    at = 0
    for s in spectra:
        part = table[at : at + s.frequency.size]
        for identifier, values in (
            (FREQUENCY, s.frequency),
            (REAL, s.impedance.real),
            (MINUS_IMAGINARY, -s.impedance.imag),
            (MODULUS, np.abs(s.impedance)),
            (PHASE, np.rad2deg(np.angle(s.impedance))),
            (TIME, np.nan_to_num(s.time)),
            (CYCLE, s.cycle),
            *([(TEMPERATURE, s.temperature)] if with_temperature else []),
        ):
            part[str(identifier)] = values
        at += s.frequency.size
    head = struct.pack(f"<IB{len(identifiers)}H", points, len(identifiers), *identifiers)
    if any(s.origin == "simulated" for s in spectra):
        comment = f"SIMULATED {comment}".strip()
    text = comment.encode("cp1252", "replace")[:250]
    settings = bytearray(6743)
    settings[0] = POTENTIOSTATIC
    settings[7 : 8 + len(text)] = bytes([len(text)]) + text
    struct.pack_into("<HH", settings, 0x1846, 1, 52)
    struct.pack_into("<fB", settings, 0x1846 + 24, spectra[0].frequency[0], 2)
    struct.pack_into("<f", settings, 0x1846 + 40, 1000 * (spectra[0].amplitude or 0))
    log = bytearray(700)
    if spectra[0].start_time:
        elapsed = datetime.datetime.fromisoformat(spectra[0].start_time) - EPOCH
        struct.pack_into("<d", log, 585, elapsed / datetime.timedelta(days=1))
    bounds = np.cumsum([0, *(s.frequency.size for s in spectra)])
    modules = (
        ("VMP Set", "VMP settings", 0, bytes(settings)),
        ("VMP data", "VMP data", 3, head.ljust(ROWS_AT[3], b"\0") + table.tobytes()),
        ("VMP LOG", "VMP LOG", 0, bytes(log)),
        ("VMP loop", "VMP expt. loop indexes", 0, struct.pack(f"<I{bounds.size}I", bounds.size, *bounds)),
    )
    made = [MAGIC.ljust(48) + bytes(4)]
    for short, long, version, payload in modules:
        name = b"MODULE" + short.ljust(10).encode() + long.ljust(25).encode()
        made += [name, struct.pack("<II", len(payload), version), b"01/01/24", payload]
    return b"".join(made)
