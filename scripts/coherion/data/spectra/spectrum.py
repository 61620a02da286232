"""What every reader of impedance files makes: spectra, each with what was dropped from it and why.

Im Z is Im Z itself: negative for a capacitive sample, whatever sign the file's column carried. A row that cannot be
a measurement is dropped and counted by reason; two columns that contradict each other stop the reading.
"""

from __future__ import annotations

import datetime
import itertools
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from coherion.as_read import took
from coherion.constants import ZERO_CELSIUS
from coherion.errors import InputError

# Beyond these no instrument measures: a number outside was misread or is damaged.
FREQUENCY_LIMITS = (1e-7, 1e11)
IMPEDANCE_LIMIT = 1e18
TEMPERATURE_LIMITS = (-ZERO_CELSIUS, 2000.0)
# Above this a type K thermocouple ends, and an input without one reads full scale (Gamry: 1395 degC).
HIGHEST_SENSOR = 1372.0
# What instruments write where no sensor is plugged in, besides what no temperature can be (Gamry: -327.67 degC).
NO_SENSOR = (999.0, 999.9)
# Why a row is dropped; a row's code is the place in this list, 0 for a row that is used.
REASONS = (
    "",
    "frequency is zero",
    "frequency is negative",
    "frequency beyond any instrument",
    "not a number",
    "impedance is exactly zero",
    "impedance beyond any instrument",
)
ZERO_FREQUENCY, NEGATIVE_FREQUENCY, WILD_FREQUENCY, NO_NUMBER, ZERO_IMPEDANCE, WILD_IMPEDANCE = range(1, 7)
# A step of frequency against the direction of the sweep: smaller ones are the instrument's rounding.
SAME_FREQUENCY = 1.005
MAX_SWEEPS = 10_000


@dataclass(frozen=True)
class Dropped:
    """Rows of a file that are not in a spectrum: why, and their numbers in the file's table, from 1."""

    reason: str
    rows: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """One sweep of frequency.

    ``frequency`` (Hz), ``impedance`` (complex, ohm) and ``time`` (s, NaN where the file has none) share a length.
    ``cycle`` is the file's own cycle number where that tells the sweeps apart, else their order from 1.
    ``temperature`` and ``temperature_sd`` (degC) are the mean and scatter of a sensor's readings in the file,
    ``stated_temperature`` (degC) is what a title or file name says and serves only as a check. ``amplitude`` is the
    peak amplitude of the excitation (V). What a file does not say is None. ``notes`` tell how the file was read,
    ``doubts`` what the user should look at.
    """

    frequency: np.ndarray
    impedance: np.ndarray
    time: np.ndarray
    cycle: int
    source: str
    format: str
    origin: str = "measured"
    temperature: float | None = None
    temperature_sd: float | None = None
    stated_temperature: float | None = None
    amplitude: float | None = None
    start_time: str | None = None
    dropped: tuple[Dropped, ...] = ()
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def dropped_count(self) -> int:
        """Number of rows dropped."""
        return sum(len(d.rows) for d in self.dropped)


@dataclass
class Columns:
    """The columns of one table, arrays of one length, as a reader found them.

    ``imaginary`` is Im Z (ohm), ``phase`` in degrees, ``temperature`` in degC, ``excitation`` the measured amplitude
    of the voltage (V). ``starts`` are the rows at which the file says that a loop begins. ``cut`` are numbers (from
    1) of rows that the reader itself had to drop, by reason.
    """

    frequency: np.ndarray | None = None
    real: np.ndarray | None = None
    imaginary: np.ndarray | None = None
    modulus: np.ndarray | None = None
    phase: np.ndarray | None = None
    time: np.ndarray | None = None
    cycle: np.ndarray | None = None
    sequence: np.ndarray | None = None
    temperature: np.ndarray | None = None
    excitation: np.ndarray | None = None
    starts: Sequence[int] = ()
    cut: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What a file says of all its sweeps."""

    source: str
    format: str
    origin: str = "measured"
    amplitude: float | None = None
    start_time: str | None = None
    stated_temperature: float | None = None
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Content of a file.

    Raises
    ------
    InputError
        If there is no such file, it cannot be read or is empty.
    """
    try:
        if not Path(path).is_file():
            raise InputError("is not a file", file=path, expected="a file of impedance spectra")
        data = took(path, Path(path).read_bytes())
    except (OSError, ValueError) as problem:
        raise InputError("cannot be read", file=path, found=problem) from problem
    if not data:
        raise InputError("is empty", file=path, expected="a file of impedance spectra")
    return data


def spectra_of(columns: Columns, facts: Facts, *, tolerance: float, place: str = "row") -> list[Spectrum]:
    """The sweeps of one table, checked and separated.

    Parameters
    ----------
    columns
        Frequency (Hz), and real and imaginary part (ohm) or modulus (ohm) and phase (degree); the rest may be None.
    facts
        What the file says of all of them.
    tolerance
        How far (real, imaginary) may lie from (modulus, phase), as a fraction of the modulus.
    place
        What a row is called in messages.

    Raises
    ------
    InputError
        If a quantity is missing, if real and imaginary part contradict modulus and phase, or if no row is left.
    """
    notes: list[str] = list(facts.notes)
    doubts: list[str] = list(facts.doubts)
    frequency = _required(columns.frequency, "frequency", facts)
    reasons = _unusable(frequency, columns)
    usable = reasons == 0
    impedance = _impedance(columns, usable, facts, tolerance, place, notes, doubts)
    with np.errstate(invalid="ignore", over="ignore"):
        size = np.hypot(impedance.real, impedance.imag)
        reasons[usable & (size == 0)] = ZERO_IMPEDANCE
        reasons[usable & ~(size <= IMPEDANCE_LIMIT)] = WILD_IMPEDANCE
    rows = np.flatnonzero(reasons == 0)
    if not rows.size:
        raise InputError(
            "holds no usable row of impedance",
            file=facts.source,
            found=_listed(reasons, columns.cut) or "0 data rows",
            expected="rows with a frequency above zero and an impedance",
            advice="export the measurement again, or take the file out of the table of spectra",
        )
    inductive = int(np.count_nonzero(impedance[rows].imag > 0))
    if inductive > 0.5 * rows.size:
        doubts.append(
            f"Im Z is positive at {inductive} of {rows.size} points: the sample looks inductive, or the sign of the "
            "column is reversed (the table of spectra can say -imaginary in its column 'columns')"
        )
    negative = int(np.count_nonzero(impedance[rows].real < 0))
    if negative > 0.5 * rows.size:
        doubts.append(
            f"Re Z is negative at {negative} of {rows.size} points, as of nothing passive: its sign is reversed, or "
            "the column holds something else"
        )
    parts, unordered = _sweeps(frequency, rows, columns)
    if unordered:
        doubts.append("frequencies come in no order: the rows are kept as one sweep")
    if len(parts) > MAX_SWEEPS or (len(parts) > 10 and rows.size < 3 * len(parts)):
        raise InputError(
            "holds sweeps too many or too short to be impedance spectra",
            file=facts.source,
            found=f"{len(parts)} sweeps in {rows.size} rows",
            expected="a cycle number, loop or sequence that changes only where a new sweep of frequency begins",
        )
    cycles = _cycle_numbers(columns.cycle, parts)
    lost = _lost(reasons, parts)
    for reason, at in columns.cut.items():
        if at:
            lost.setdefault(len(parts) - 1, []).append(Dropped(reason, tuple(at)))
    made = []
    for k, (part, cycle) in enumerate(zip(parts, cycles, strict=True)):
        temperature, scatter = _mean_temperature(columns.temperature, part)
        doubted = list(doubts)
        if temperature is None and columns.temperature is not None:
            reading = float(np.median(columns.temperature[part]))
            doubted.append(f"its column of temperature reads {reading:.4g} degC: no sensor was plugged in")
        made.append(
            Spectrum(
                frequency=_frozen(frequency[part]),
                impedance=_frozen(impedance[part]),
                time=_frozen(np.full(part.size, np.nan) if columns.time is None else columns.time[part]),
                cycle=cycle,
                source=facts.source,
                format=facts.format,
                origin=facts.origin,
                temperature=temperature,
                temperature_sd=scatter,
                stated_temperature=facts.stated_temperature,
                amplitude=facts.amplitude if facts.amplitude else _mean_excitation(columns.excitation, part),
                start_time=facts.start_time,
                dropped=tuple(lost.get(k, ())),
                notes=tuple(notes),
                doubts=tuple(doubted),
            )
        )
    return made


def _required(column: np.ndarray | None, name: str, facts: Facts) -> np.ndarray:
    if column is None:
        raise InputError(
            f"has no column of {name}",
            file=facts.source,
            expected="frequency with real and imaginary part, or with modulus and phase",
            advice="export these columns too, or name the columns in the table of spectra",
        )
    return column


def _unusable(frequency: np.ndarray, columns: Columns) -> np.ndarray:
    """Per row the code of the reason why it is no measurement, or 0."""
    reasons = np.zeros(frequency.shape, dtype=np.uint8)
    with np.errstate(invalid="ignore"):
        beyond = ~((frequency >= FREQUENCY_LIMITS[0]) & (frequency <= FREQUENCY_LIMITS[1]))
        reasons[beyond] = WILD_FREQUENCY
        reasons[frequency < 0] = NEGATIVE_FREQUENCY
        reasons[frequency == 0] = ZERO_FREQUENCY
    pair = (columns.real, columns.imaginary) if columns.real is not None else (columns.modulus, columns.phase)
    if columns.imaginary is None:
        pair = (columns.modulus, columns.phase)
    for column in (frequency, *pair):
        if column is not None:
            reasons[~np.isfinite(column)] = NO_NUMBER
    return reasons


def _impedance(
    columns: Columns,
    usable: np.ndarray,
    facts: Facts,
    tolerance: float,
    place: str,
    notes: list[str],
    doubts: list[str],
) -> np.ndarray:
    modulus, phase, polar = columns.modulus, columns.phase, None
    if modulus is not None and phase is not None:
        with np.errstate(invalid="ignore", over="ignore"):
            angle = np.deg2rad(phase)
            polar = _complex(modulus * np.cos(angle), modulus * np.sin(angle))
    if columns.real is None or columns.imaginary is None:
        if polar is None or modulus is None:
            raise InputError(
                "has no impedance",
                file=facts.source,
                expected="columns of real and imaginary part, or of modulus and phase",
            )
        negative = np.flatnonzero(usable & (modulus < 0))
        if negative.size:
            raise InputError(
                "modulus of the impedance is negative",
                file=facts.source,
                place=f"{place} {negative[0] + 1}",
                found=f"{modulus[negative[0]]:.6g} ohm",
                expected="0 or more",
            )
        notes.append("real and imaginary part computed from modulus and phase")
        return polar
    impedance = _complex(columns.real, columns.imaginary)
    if polar is None or modulus is None or phase is None:
        return impedance
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        checked = usable & np.isfinite(polar) & (modulus != 0)
        size = np.abs(modulus)
        off = np.abs(impedance - polar) / size
        off_reversed = np.abs(np.conj(impedance) - polar) / size
    if not checked.any():
        notes.append("real and imaginary part could not be checked against modulus and phase")
        return impedance
    bad = checked & ~(off <= tolerance)
    if not bad.any():
        return impedance
    if np.all(off_reversed[checked] <= tolerance):
        if np.count_nonzero(polar[checked].imag < 0) > 0.5 * np.count_nonzero(checked):
            doubts.append("sign of Im Z reversed: the column contradicts the phase, which is followed")
            return np.conj(impedance)
        raise InputError(
            "the sign of Im Z contradicts the phase, and neither is plainly right",
            file=facts.source,
            found=f"phase {phase[np.flatnonzero(bad)[0]]:.6g} deg in the first row, positive at most points",
            expected="a negative phase wherever Im Z is negative",
            advice="export the file again with -Im(Z) and Phase(Z)",
        )
    first = int(np.flatnonzero(bad)[0])
    raise InputError(
        "real and imaginary part contradict modulus and phase",
        file=facts.source,
        place=f"{place} {first + 1}",
        found=f"Z = {impedance[first]:.6g} ohm",
        expected=f"{polar[first]:.6g} ohm from |Z| and phase; {np.count_nonzero(bad)} of {bad.size} rows differ",
        advice="the file is damaged or its columns are mislabelled; export it again",
    )


def _complex(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
    """real + i imaginary, also where one is infinite: a product with 1j would make the other NaN."""
    made = np.empty(real.shape, dtype=complex)
    made.real, made.imag = real, imaginary
    return made


def _listed(reasons: np.ndarray, cut: Mapping[str, tuple[int, ...]]) -> str:
    found = {REASONS[code]: int(np.count_nonzero(reasons == code)) for code in np.unique(reasons) if code}
    found |= {reason: len(at) for reason, at in cut.items() if at}
    return ", ".join(f"{count} rows dropped ({reason})" for reason, count in found.items())


def _lost(reasons: np.ndarray, parts: Sequence[np.ndarray]) -> dict[int, list[Dropped]]:
    """Dropped rows by sweep: a row belongs to the sweep that began before it, or to the first."""
    firsts = np.array([part[0] for part in parts])
    lost: dict[int, list[Dropped]] = {}
    for code in np.unique(reasons[reasons > 0]):
        at = np.flatnonzero(reasons == code)
        owners = np.maximum(np.searchsorted(firsts, at, side="right") - 1, 0)
        for owner in np.unique(owners):
            a, b = np.searchsorted(owners, owner), np.searchsorted(owners, owner, side="right")
            lost.setdefault(int(owner), []).append(Dropped(REASONS[code], tuple((at[a:b] + 1).tolist())))
    return lost


def _sweeps(frequency: np.ndarray, rows: np.ndarray, columns: Columns) -> tuple[list[np.ndarray], bool]:
    """Rows of each sweep: cut where the file says so, where its cycle or sequence changes, where it starts anew."""
    cuts = {int(np.searchsorted(rows, start)) for start in columns.starts}
    for column in (columns.cycle, columns.sequence):
        if column is not None:
            with np.errstate(invalid="ignore"):
                cuts |= {int(k) + 1 for k in np.flatnonzero(np.diff(column[rows]) != 0)}
    edges = sorted({0, rows.size} | {c for c in cuts if 0 < c < rows.size})
    parts, unordered = [], False
    for a, b in itertools.pairwise(edges):
        inner = restarts(frequency[rows[a:b]])
        # More turns than a tenth of the points is no series of sweeps but a list in no order.
        if len(inner) > max(3, 0.1 * (b - a)) and not _returns(frequency[rows[a:b]], inner):
            inner, unordered = [], True
        bounds = [a, *(a + k for k in inner), b]
        parts += [rows[i:j] for i, j in itertools.pairwise(bounds)]
    return parts, unordered


def restarts(frequency: np.ndarray) -> list[int]:
    """Indices at which a new sweep begins: the frequency goes back, by half of what was swept or for three steps.

    Parameters
    ----------
    frequency
        Frequencies (Hz) above zero in the order of measurement.
    """
    steps = np.diff(np.log(frequency))
    sign = np.where(np.abs(steps) > math.log(SAME_FREQUENCY), np.sign(steps), 0.0)
    moving = np.flatnonzero(sign)
    found: list[int] = []
    start, direction = 0, 0.0
    for n, k in enumerate(moving):
        if direction == 0.0:
            direction = sign[k]
        elif sign[k] != direction:
            swept = abs(math.log(frequency[k] / frequency[start]))
            onward = moving[n : n + 3]
            if abs(steps[k]) >= 0.5 * swept and abs(steps[k]) > 3 * math.log(SAME_FREQUENCY):
                found.append(int(k) + 1)
                start, direction = int(k) + 1, 0.0
            elif onward.size == 3 and np.all(sign[onward] == sign[k]):
                found.append(int(k) + 1)
                start, direction = int(k) + 1, sign[k]
    return found


def _returns(frequency: np.ndarray, found: Sequence[int]) -> bool:
    """Whether every part begins near the frequency at which the first began, as loops of short sweeps do."""
    starts = np.log(frequency[list(found)])
    return bool(np.all(np.abs(starts - math.log(frequency[0])) < math.log(1.5)))


def _cycle_numbers(cycle: np.ndarray | None, parts: Sequence[np.ndarray]) -> list[int]:
    if cycle is not None:
        values = [float(cycle[part[0]]) for part in parts]
        whole = all(math.isfinite(v) and v == round(v) and 0 <= v < 1e9 for v in values)
        if whole and len(set(values)) == len(values):
            return [round(v) for v in values]
    return list(range(1, len(parts) + 1))


def _mean_temperature(column: np.ndarray | None, part: np.ndarray) -> tuple[float | None, float | None]:
    if column is None:
        return None, None
    values = column[part]
    with np.errstate(invalid="ignore"):
        values = values[(values > TEMPERATURE_LIMITS[0]) & (values < HIGHEST_SENSOR)]
        values = values[~np.isin(np.round(values, 1), NO_SENSOR)]
    # A sensor that is off at most points did not measure the sample.
    if values.size < 0.5 * part.size or not values.size:
        return None, None
    return float(values.mean()), float(values.std(ddof=1)) if values.size > 1 else None


def _mean_excitation(column: np.ndarray | None, part: np.ndarray) -> float | None:
    if column is None:
        return None
    values = column[part]
    with np.errstate(invalid="ignore"):
        values = values[(values > 0) & (values < 1e3)]
    return float(np.median(values)) if values.size else None


def _frozen(values: np.ndarray) -> np.ndarray:
    values = np.array(values)
    values.flags.writeable = False
    return values


def month_first(text: str) -> str | None:
    """ISO time of a date with the month first, as EC-Lab writes it even with dots; None if it is none."""
    fields = text.replace("/", " ").replace(".", " ").replace("-", " ").replace(":", " ").split()
    if len(fields) not in (6, 7) or not all(f.isascii() and f.isdigit() for f in fields) or len(fields[2]) != 4:
        return None
    month, day, year, hour, minute, second = (int(f) for f in fields[:6])
    fraction = int(fields[6][:6].ljust(6, "0")) if len(fields) == 7 else 0
    try:
        return datetime.datetime(year, month, day, hour, minute, second, fraction).isoformat(timespec="milliseconds")
    except (ValueError, OverflowError):
        return None
