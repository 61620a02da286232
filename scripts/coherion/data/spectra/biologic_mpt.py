"""BioLogic EC-Lab's text files (``.mpt``) of impedance: reading and writing.

Line 1 says ``EC-Lab ASCII FILE`` (or ``BT-Lab``), line 2 the number of header lines with the row of names among them,
which can be as small as 3 and is not always true. The table is separated by tabulators, with or without one at the
end of a row, in cp1252 or UTF-8, with decimal points or commas, with or without a newline at the end of the file.
Dates have the month first, even with dots. A sensor on an analog input keeps its volt label here and the file does
not say what it is; only the ``.mpr`` does. ``Electrode surface area`` is a default that nobody sets: it is not read.
"""

from __future__ import annotations

import datetime
import itertools
import os
import re
from collections.abc import Iterator, Sequence

import numpy as np

from coherion.data.spectra.columns import (
    ESSENTIAL,
    Column,
    Numbers,
    column_of,
    decode,
    has_impedance,
    numbered,
    read_rows,
    recognised,
)
from coherion.data.spectra.spectrum import Columns, Facts, Spectrum, month_first, read_bytes, spectra_of
from coherion.errors import InputError

TITLES = ("EC-Lab ASCII FILE", "BT-Lab ASCII FILE")
# Exports have 8 digits, or the few that a user chose.
TOLERANCE = 1e-3
_LOOP = re.compile(r"\s*Loop\s+(\d{1,9})\s+from point number\s+(\d{1,9})\s+to\s+(\d{1,9})\s*", re.A)
_COUNT = re.compile(r"\s*Nb header lines\s*:\s*(\d{1,9})\s*", re.A)
_LOOPS = re.compile(r"\s*Number of loops\s*:\s*(\d{1,9})\s*", re.A)


def read_mpt(path: str | os.PathLike[str]) -> list[Spectrum]:
    """The sweeps of an ``.mpt`` file, one spectrum per loop and cycle.

    Parameters
    ----------
    path
        The file, with columns of frequency and of Re Z and Im Z, or of modulus and phase.

    Returns
    -------
    list of Spectrum
        In the order of measurement; frequency in Hz, impedance in ohm, time in s, temperature in degC.

    Raises
    ------
    InputError
        If the file is no ``.mpt``, has no row of names or no impedance among them, or contradicts itself; the place
        is a line.
    """
    text = decode(read_bytes(path), file=path)
    header, at, names = _header(text, path)
    notes: list[str] = []
    doubts: list[str] = []
    claimed = next((int(m[1]) for line in header[:5] if (m := _COUNT.fullmatch(line))), None)
    if claimed != at:
        notes.append(f"header says that names stand in line {claimed}, they stand in line {at}")
    found = recognised(names, file=path, place=f"line {at}", notes=notes)
    if not has_impedance(found.values()):
        raise InputError(
            "holds no columns of impedance",
            file=path,
            place=f"line {at}",
            found=", ".join(n.strip() for n in names),
            expected="freq/Hz with Re(Z)/Ohm and -Im(Z)/Ohm, or with |Z|/Ohm and Phase(Z)/deg",
            advice="export the file again with these columns",
        )
    names, found = _without_surplus(names, found, next(_rows(text, path, at, len(names)), (0, names))[1], notes)
    columns = read_rows(_rows(text, path, at, len(names)), names, found, file=path, notes=notes)
    columns.starts = _loop_starts(header, columns, doubts)
    started = next((line.partition(":")[2] for line in header if line.startswith("Acquisition started on")), None)
    facts = Facts(
        source=os.fspath(path),
        format="mpt",
        origin="simulated" if any("SIMULATED" in line for line in header) else "measured",
        amplitude=_amplitude(header),
        start_time=month_first(started.strip()) if started else None,
        notes=tuple(notes),
        doubts=tuple(doubts),
    )
    return spectra_of(columns, facts, tolerance=TOLERANCE)


def _header(text: str, path: str | os.PathLike[str]) -> tuple[list[str], int, list[str]]:
    """Lines before the names, the number of the line with the names, the names."""
    header: list[str] = []
    for number, line in numbered(text, path):
        if number == 1 and not line.strip().startswith(TITLES):
            raise InputError("is not an EC-Lab text file", file=path, place="line 1", found=line, expected=TITLES[0])
        fields = line.split("\t")
        if len(fields) >= 3 and _is_names(fields, path, number):
            while fields and not fields[-1].strip():
                fields.pop()
            return header, number, fields
        header.append(line[:400])
        if number > 5000:
            break
    raise InputError(
        "has no row with the names of the columns",
        file=path,
        found=f"{len(header)} lines without freq/Hz, Re(Z)/Ohm or |Z|/Ohm",
        expected="a row such as freq/Hz, Re(Z)/Ohm, -Im(Z)/Ohm separated by tabulators",
        advice="export the impedance measurement again as text",
    )


def _is_names(fields: Sequence[str], path: str | os.PathLike[str], number: int) -> bool:
    found: list[Column] = [c for f in fields[:60] if (c := column_of(f, file=path, place=f"line {number}")) is not None]
    return sum(c.quantity in ("frequency", "real", "imaginary", "modulus", "phase") for c in found) >= 2


def _rows(text: str, path: str | os.PathLike[str], at: int, width: int) -> Iterator[tuple[int, list[str]]]:
    for number, line in numbered(text, path):
        if number <= at or not line.strip():
            continue
        fields = line.split("\t")
        while len(fields) > width and not fields[-1].strip():
            fields.pop()
        yield number, fields


def _without_surplus(
    names: list[str], found: dict[int, Column], first: Sequence[str], notes: list[str]
) -> tuple[list[str], dict[int, Column]]:
    """Names and columns to read where EC-Lab wrote more names than columns, else as they are.

    Which name is the surplus one nothing says. Columns up to the last of the impedance are right if Re Z and Im Z
    agree with the modulus and phase, which is looked at later; what stands behind them may be shifted and is not read.
    """
    essential = {c.quantity: k for k, c in found.items() if c.quantity in ESSENTIAL}
    if len(first) >= len(names) or set(essential) != set(ESSENTIAL) or max(essential.values()) >= len(first):
        return names, found
    notes.append(
        f"{len(names)} names stand over {len(first)} columns: only the impedance, checked against its modulus and "
        "phase, is read"
    )
    return names[: len(first)], {k: c for k, c in found.items() if k <= max(essential.values())}


def _loop_starts(header: Sequence[str], columns: Columns, doubts: list[str]) -> list[int]:
    """First rows of the loops, where the list in the header covers the table without a gap."""
    found = [(int(m[2]), int(m[3])) for line in header if (m := _LOOP.fullmatch(line))]
    if not found:
        return []
    points = 0 if columns.frequency is None else columns.frequency.size
    counted = next((int(m[1]) for line in header if (m := _LOOPS.fullmatch(line))), len(found))
    follows = all(b[0] == a[1] + 1 for a, b in itertools.pairwise(found))
    if counted != len(found) or not follows or found[0][0] != 0 or found[-1][1] != points - 1:
        doubts.append("the list of loops does not fit the table: loops are told apart by cycle number and frequency")
        return []
    return [first for first, _ in found]


def _amplitude(header: Sequence[str]) -> float | None:
    """Amplitude of the excitation (V) if all sequences of the technique share it."""
    for line in header:
        for label, factor in (("Va (mV)", 1e-3), ("Va (V)", 1.0)):
            if line.startswith(label):
                try:
                    values = {Numbers("").read(t, "") for t in line[len(label) :].split()}
                except InputError:
                    return None
                return values.pop() * factor if len(values) == 1 and max(values) > 0 else None
    return None


def write_mpt(
    path: str | os.PathLike[str],
    spectra: Sequence[Spectrum],
    *,
    comment: str = "",
    device: str = "none",
    with_temperature: bool = False,
) -> None:
    """Write spectra as the loops of one ``.mpt`` file, the way EC-Lab exports them (cp1252, CRLF).

    Parameters
    ----------
    path
        The file to make; it appears whole or not at all.
    spectra
        In the order of measurement: frequency (Hz), impedance (ohm), time (s; 0 where NaN); ``amplitude`` (V) and
        ``start_time`` are taken from the first. If one is simulated the header says ``SIMULATED``.
    comment, device
        Text of these header lines.
    with_temperature
        Write a column ``Temperature/°C`` with each spectrum's temperature.

    Raises
    ------
    ValueError
        If there is nothing to write, or a temperature to be written is missing.
    """
    from coherion.data.netcdf import write_text

    write_text(path, _encode(spectra, comment, device, with_temperature), encoding="cp1252")


def _encode(spectra: Sequence[Spectrum], comment: str, device: str, with_temperature: bool) -> str:
    if not sum(s.frequency.size for s in spectra):
        raise ValueError("no point to write")
    names = ["freq/Hz", "Re(Z)/Ohm", "-Im(Z)/Ohm", "|Z|/Ohm", "Phase(Z)/deg", "time/s", "cycle number"]
    if with_temperature:
        if any(s.temperature is None for s in spectra):
            raise ValueError("a spectrum has no temperature to write")
        names.append("Temperature/°C")
    simulated = any(s.origin == "simulated" for s in spectra)
    started = spectra[0].start_time
    header = ["", "Potentio Electrochemical Impedance Spectroscopy", ""]
    if started:
        moment = datetime.datetime.fromisoformat(started)
        header.append(f"Acquisition started on : {moment:%m/%d/%Y %H:%M:%S}.{moment.microsecond // 1000:03d}")
    one_line = " ".join(comment.split())
    header += [f"Device : {device}", f"Comments : {'SIMULATED ' if simulated else ''}{one_line}".rstrip()]
    if spectra[0].amplitude:
        header.append(f"{'Va (mV)':<20}{1000 * spectra[0].amplitude:<20.4g}")
    header.append("")
    bounds = np.cumsum([0, *(s.frequency.size for s in spectra)])
    if len(spectra) > 1:
        header.append(f"Number of loops : {len(spectra)}")
        header += [f"Loop {k} from point number {a} to {b - 1}" for k, (a, b) in enumerate(itertools.pairwise(bounds))]
        header.append("")
    lines = [TITLES[0], f"Nb header lines : {len(header) + 3:<28}", *header, "\t".join(names) + "\t"]
    for s in spectra:
        phase = np.rad2deg(np.angle(s.impedance))
        for f, z, angle, time in zip(s.frequency, s.impedance, phase, np.nan_to_num(s.time), strict=True):
            row = [_scientific(v, 8) for v in (f, z.real, -z.imag, abs(z), angle)]
            row += [_scientific(time, 15), _scientific(s.cycle, 15)]
            if with_temperature and s.temperature is not None:
                row.append(_scientific(s.temperature, 7))
            lines.append("\t".join(row) + "\t")
    return "\r\n".join(lines) + "\r\n"


def _scientific(value: float, digits: int) -> str:
    """A number as EC-Lab writes it, with three digits of exponent."""
    mantissa, exponent = f"{value:.{digits}E}".split("E")
    return f"{mantissa}E{exponent[0]}{int(exponent[1:]):03d}"
