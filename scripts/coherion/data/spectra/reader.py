"""The impedance spectra of a sample: files and the user's table made into one dataset.

Each row of the table of spectra names a file and, where the file does not know it, the temperature. Sweeps stay apart;
every row of a file that is not in the dataset is counted and named there.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion import messages
from coherion.constants import ZERO_CELSIUS
from coherion.data.contract.impedance import SPECTRA
from coherion.data.spectra.file_names import temperature_in
from coherion.data.spectra.leads import Leads, leads_of, without_leads
from coherion.data.spectra.spectrum import TEMPERATURE_LIMITS, Spectrum, read_bytes
from coherion.data.spectra.spreadsheets import refuse_spreadsheet
from coherion.errors import InputError
from coherion.settings.stages.spectra import SpectraSettings

if TYPE_CHECKING:
    import xarray

ROW_KEYS = (
    "sample",
    "file",
    "temperature_C",
    "temperature_sd_C",
    "cycles",
    "columns",
    "short_circuit",
    "exclude",
    "line",
)
# Two temperatures nearer than this are one set point.
SAME_TEMPERATURE = 0.01
# Sensor and table may differ by the gradient in a sample holder; beyond it one of them is wrong.
TEMPERATURE_TOLERANCE = 3.0
LISTED_ROWS = 100


@dataclass(frozen=True)
class SpectraRow:
    """One row of the table of spectra: a file, and what it does not say itself.

    ``temperature`` in degC, ``temperature_sd`` in K; ``cycles`` are the sweeps to take, None for all; ``columns`` are
    the names of a text file's columns. ``short_circuit`` is a file measured with the cell shorted.
    """

    file: str
    temperature: float | None = None
    temperature_sd: float | None = None
    cycles: tuple[int, ...] | None = None
    columns: str | None = None
    short_circuit: str | None = None


def row_of(given: Mapping[str, Any], file: str | os.PathLike[str] | None = None) -> SpectraRow:
    """A row of the table of spectra from its cells.

    Parameters
    ----------
    given
        Cells by column: ``file``, and optionally ``temperature_C``, ``temperature_sd_C``, ``cycles`` (``1`` or
        ``1,3``), ``columns``, ``short_circuit``. Blank cells are absent or None.
    file
        Where the file stands, if not at ``given["file"]``.

    Raises
    ------
    InputError
        Naming the cell that cannot be used.
    """
    place = f"row {given['line']}" if "line" in given else "table of spectra"
    for key in given:
        if key not in ROW_KEYS:
            raise InputError(
                "column is not known", place=f"{place}, column {key}", expected="one of " + ", ".join(ROW_KEYS)
            )
    name = given.get("file")
    if not isinstance(name, str) or not name:
        raise InputError("names no file", place=f"{place}, column file", found=name)
    temperature, scatter = given.get("temperature_C"), given.get("temperature_sd_C")
    low, high = TEMPERATURE_LIMITS
    for key, value, least in (("temperature_C", temperature, low), ("temperature_sd_C", scatter, 0.0)):
        if value is not None and (not _is_number(value) or not least <= value <= high):
            raise InputError(
                "is no possible temperature" if key == "temperature_C" else "is no possible uncertainty",
                file=name,
                place=f"{place}, column {key}",
                found=value,
                expected=f"a number from {least:g} to {high:g}",
            )
    columns = given.get("columns") or None
    return SpectraRow(
        file=os.fspath(file or name),
        temperature=None if temperature is None else float(temperature),
        temperature_sd=None if scatter is None else float(scatter),
        cycles=_cycles_of(given.get("cycles"), name, place),
        columns=None if columns is None else str(columns),
        short_circuit=str(given["short_circuit"]) if given.get("short_circuit") else None,
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _cycles_of(cell: object, file: str, place: str) -> tuple[int, ...] | None:
    if cell is None or cell == "":
        return None
    words = cell.split(",") if isinstance(cell, str) else list(cell) if isinstance(cell, (list, tuple)) else [cell]
    texts = [str(w).strip() for w in words]
    if not all(t.isascii() and t.isdigit() and len(t) < 10 for t in texts) or len(set(texts)) < len(texts):
        raise InputError(
            "cycles cannot be used",
            file=file,
            place=f"{place}, column cycles",
            found=cell,
            expected="different whole numbers such as 1 or 1,3",
        )
    return tuple(int(t) for t in texts)


def read_spectra(
    path: str | os.PathLike[str], *, columns: str | None = None, cycles: Sequence[int] | None = None
) -> list[Spectrum]:
    """The sweeps of one file of impedance, told by its content: a maker's format or text with columns.

    Parameters
    ----------
    path
        The file.
    columns
        Names of the columns of a text file that does not name them (see :func:`read_columns`).
    cycles
        Cycle numbers of the sweeps to take; None takes all.

    Returns
    -------
    list of Spectrum
        Frequency (Hz), impedance (ohm; Im Z negative where capacitive), time (s), temperature (degC) if known.

    Raises
    ------
    InputError
        If the file cannot be read or contradicts itself, if columns are given for a file that names its own, or if a
        cycle asked for is not in it.
    """
    from coherion.data.spectra import biologic
    from coherion.data.spectra import impedance_py as peer
    from coherion.data.spectra import text as impedance_text

    start = read_bytes(path)[:4096]
    refuse_spreadsheet(start, path)
    text = start.lstrip(b"\xef\xbb\xbf").lstrip()
    suffix = PurePath(path).suffix.lower()
    named = columns is not None
    if start.startswith(b"BIO-LOGIC MODULAR FILE") or suffix == ".mpr":
        spectra = biologic.read_mpr(path)
    elif text.startswith((b"EC-Lab ASCII FILE", b"BT-Lab ASCII FILE")) or suffix == ".mpt":
        spectra = biologic.read_mpt(path)
    elif text.lstrip(b'"').startswith((b"ZPLOT", b"ZPlot", b"ZView", b"Z60W")):
        spectra = impedance_text.read_z(path)
    elif text.startswith(b"EXPLAIN"):
        spectra = impedance_text.read_dta(path)
    elif (instrument := peer.instrument_of(text)) is not None:
        spectra = peer.read(path, instrument)
    else:
        spectra, named = impedance_text.read_columns(path, columns), False
    if named:
        raise InputError(
            "names its own columns",
            file=path,
            place="columns",
            found=columns,
            expected="nothing for this kind of file",
            advice="clear the column 'columns' of this row of the table of spectra",
        )
    if cycles is None:
        return spectra
    there = [s.cycle for s in spectra]
    for cycle in cycles:
        if cycle not in there:
            raise InputError(
                "has no such cycle",
                file=path,
                place="cycles",
                found=cycle,
                expected="one of " + ", ".join(str(c) for c in there[:30]),
            )
    return [s for s in spectra if s.cycle in set(cycles)]


@dataclass(frozen=True)
class _Placed:
    """A sweep with its temperature, and whether its row asked for cycles."""

    spectrum: Spectrum
    temperature: float
    temperature_sd: float
    temperature_from: str
    chosen: bool
    leads: Leads | None = None


def assemble(sample: str, rows: Sequence[SpectraRow], settings: SpectraSettings | None = None) -> xarray.Dataset:
    """All spectra of a sample, sorted by temperature and cycle.

    Parameters
    ----------
    sample
        Name of the sample.
    rows
        The sample's rows of the table of spectra. A temperature in the table is taken before one in the file; where
        both are known and differ by more than 3 K a warning says so.
    settings
        Choices of the stage.

    Returns
    -------
    xarray.Dataset
        Dims (``spectrum``, ``point``), shorter spectra padded with NaN: ``frequency`` (Hz), ``impedance_real`` and
        ``impedance_imaginary`` (ohm; Im Z itself), ``time`` (s). Per spectrum: ``temperature`` (degC),
        ``temperature_sd`` (K), ``cycle``, ``amplitude`` (V, NaN where unknown), ``points`` and ``dropped`` (numbers of
        rows used and dropped), ``source``, ``start_time``. Attributes ``sample``, ``origin``, and as JSON
        ``dropped_rows`` and ``notes``.

    Raises
    ------
    InputError
        If a file cannot be read, a temperature is missing, one measurement is given twice, or two files claim the
        same temperature without distinct cycles being asked for.
    """
    settings = settings or SpectraSettings()
    if not rows:
        raise InputError("sample has no spectra", place=f"sample {sample}", expected="rows in the table of spectra")
    placed: list[_Placed] = []
    told: set[str] = set()
    shorted = {s: leads_of(read_spectra(s), s) for s in dict.fromkeys(row.short_circuit for row in rows) if s}
    for row in rows:
        leads = shorted.get(row.short_circuit or "")
        for measured in read_spectra(row.file, columns=row.columns, cycles=row.cycles):
            spectrum = measured if leads is None else without_leads(measured, leads)
            placed.append(replace(_place(spectrum, row, settings, sample), leads=leads))
            _tell(spectrum, told)
    placed.sort(key=lambda p: (p.temperature, p.spectrum.cycle, PurePath(p.spectrum.source).name))
    _refuse_repeats(placed, sample)
    return _dataset(sample, placed)


def _place(spectrum: Spectrum, row: SpectraRow, settings: SpectraSettings, sample: str) -> _Placed:
    measured, given = spectrum.temperature, row.temperature
    name = PurePath(row.file).name
    if measured is None and given is None:
        hint = spectrum.stated_temperature
        hint = temperature_in(PurePath(row.file).stem) if hint is None else hint
        raise InputError(
            "temperature is missing",
            file=row.file,
            place=f"sample {sample}, cycle {spectrum.cycle}",
            found="none in the file and none in the table of spectra",
            expected="a temperature in degC",
            advice="write it in the column temperature_C of the table of spectra"
            + (f" (the file's title or name says {hint:g})" if hint is not None else ""),
        )
    if given is not None:
        for other, what in ((measured, "its sensor"), (spectrum.stated_temperature, "its title or name")):
            if other is not None and abs(given - other) > TEMPERATURE_TOLERANCE:
                kelvin = abs(given - ZERO_CELSIUS - other) <= TEMPERATURE_TOLERANCE
                messages.warn(
                    f"{name}: the table of spectra says {given:g} degC, {what} says {other:.4g} degC; "
                    + ("the table seems to be in kelvin: " if kelvin else "the table is followed: ")
                    + "check the column temperature_C"
                )
    named = spectrum.stated_temperature
    if named is None or given is None:
        # A name may hold another temperature, such as that of an annealing: only the shift of kelvin is told.
        named = temperature_in(PurePath(row.file).stem) if named is None else named
        used, what = (measured, "its sensor says") if given is None else (given, "the table of spectra says")
        if named is not None and used is not None and abs(used - ZERO_CELSIUS - named) <= TEMPERATURE_TOLERANCE:
            messages.warn(
                f"{name}: {what} {used:.5g} degC, its title or name {named:g} degC: the former seems to be in kelvin: "
                "write the temperature in degC in the column temperature_C"
            )
    scatter = row.temperature_sd
    if scatter is None:
        drift = spectrum.temperature_sd or 0.0
        scatter = math.hypot(settings.temperature_sd, drift)
    temperature = given if given is not None else measured
    assert temperature is not None
    return _Placed(spectrum, temperature, scatter, "table" if given is not None else "file", row.cycles is not None)


def _tell(spectrum: Spectrum, told: set[str]) -> None:
    """Warn of what a user should look at, once per file."""
    name = PurePath(spectrum.source).name
    lost = [d for d in spectrum.dropped if d.reason != "frequency is zero"]
    remarks = [*spectrum.doubts, *(f"{len(d.rows)} rows dropped ({d.reason})" for d in lost)]
    for message in remarks:
        if f"{name}: {message}" not in told:
            told.add(f"{name}: {message}")
            messages.warn(f"{name}: {message}")


def _refuse_repeats(placed: Sequence[_Placed], sample: str) -> None:
    seen: dict[bytes, _Placed] = {}
    for p in placed:
        key = hashlib.sha256(p.spectrum.frequency.tobytes() + p.spectrum.impedance.tobytes()).digest()
        if key in seen:
            raise InputError(
                "the same measurement is given twice",
                file=p.spectrum.source,
                place=f"sample {sample}, cycle {p.spectrum.cycle}",
                found=f"{p.temperature:g} degC here, {seen[key].temperature:g} degC as {seen[key].spectrum.source}",
                expected="each measurement once",
                advice="delete one of the two rows of the table of spectra",
            )
        seen[key] = p
    for a, b in itertools.pairwise(placed):
        if abs(a.temperature - b.temperature) > SAME_TEMPERATURE or a.spectrum.source == b.spectrum.source:
            continue
        if a.chosen and b.chosen and a.spectrum.cycle != b.spectrum.cycle:
            continue
        raise InputError(
            "two files claim the same sample and temperature",
            file=b.spectrum.source,
            place=f"sample {sample}",
            found=f"{b.temperature:g} degC, as {PurePath(a.spectrum.source).name}",
            expected="one file per temperature, or distinct cycles in the column cycles of both rows",
            advice="correct temperature_C, or leave one out with a reason in the column exclude",
        )


def _dataset(sample: str, placed: Sequence[_Placed]) -> xarray.Dataset:
    spectra = [p.spectrum for p in placed]
    width = max(s.frequency.size for s in spectra)

    def padded(values: Sequence[np.ndarray]) -> np.ndarray:
        table = np.full((len(spectra), width), np.nan)
        for k, v in enumerate(values):
            table[k, : v.size] = v
        return table

    values: dict[str, Any] = {
        "frequency": padded([s.frequency for s in spectra]),
        "impedance_real": padded([s.impedance.real for s in spectra]),
        "impedance_imaginary": padded([s.impedance.imag for s in spectra]),
        "time": padded([s.time for s in spectra]),
        "temperature": [p.temperature for p in placed],
        "temperature_sd": [p.temperature_sd for p in placed],
        "temperature_from": [p.temperature_from for p in placed],
        "cycle": np.array([s.cycle for s in spectra], dtype=np.int64),
        "amplitude": [np.nan if s.amplitude is None else s.amplitude for s in spectra],
        "points": np.array([s.frequency.size for s in spectra], dtype=np.int64),
        "dropped": np.array([s.dropped_count for s in spectra], dtype=np.int64),
        "source": [PurePath(s.source).name for s in spectra],
        "start_time": [s.start_time or "" for s in spectra],
    }
    if any(p.leads is not None for p in placed):
        for name in ("resistance", "resistance_sd", "inductance", "inductance_sd"):
            values[f"leads_{name}"] = [0.0 if p.leads is None else getattr(p.leads, name) for p in placed]
    dropped = [
        {"source": PurePath(s.source).name, "cycle": s.cycle, "reason": d.reason, "count": len(d.rows)}
        | {"rows": list(d.rows[:LISTED_ROWS])}
        for s in spectra
        for d in s.dropped
    ]
    notes: dict[str, list[str]] = {}
    for s in spectra:
        for note in (*s.notes, *s.doubts):
            listed = notes.setdefault(PurePath(s.source).name, [])
            if note not in listed:
                listed.append(note)
    attributes = {
        "sample": sample,
        "origin": "simulated" if any(s.origin == "simulated" for s in spectra) else "measured",
        "dropped_rows": json.dumps(dropped),
        "notes": json.dumps(notes, ensure_ascii=False),
    }
    return SPECTRA.dataset(values, attributes)


def files_of_rows(rows: Sequence[Mapping[str, Any]], files: Sequence[str]) -> list[SpectraRow]:
    """Rows with the files that stand for them: a file belongs to the rows whose ``file`` its path ends with.

    Raises
    ------
    InputError
        If a row has no file or several, or a file no row.
    """
    found: list[SpectraRow] = []
    unused = set(files)
    for row in rows:
        wanted = PurePath(str(row.get("file", ""))).parts
        fits = [f for f in dict.fromkeys(files) if wanted and Path(f).parts[-len(wanted) :] == wanted]
        if len(fits) != 1:
            raise InputError(
                "row of the table of spectra has no file" if not fits else "row fits several files",
                place=f"row {row['line']}" if "line" in row else "table of spectra",
                found=row.get("file") if not fits else ", ".join(fits),
                expected="one of the files given" if not fits else "one file",
            )
        unused.discard(fits[0])
        found.append(row_of(row, fits[0]))
    if unused:
        raise InputError("no row of the table of spectra names this file", file=min(unused))
    return found
