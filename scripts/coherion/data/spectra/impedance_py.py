"""Files of instruments that only the readers of impedance.py know: VersaStudio and PowerSuite.

Theirs take columns by place, whatever the file calls them, and raise whatever comes; so a file is told by its content,
the names at the places they will take are compared before, and whatever they raise becomes an error of ours. The
library is imported only for such a file. CH Instruments, Autolab (``Z60W``), Parstat, Gamry, BioLogic and ZView files
have readers of our own, which take columns by name and check what a file says twice.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np

from coherion.data.spectra.columns import decode
from coherion.data.spectra.spectrum import Columns, Facts, Spectrum, read_bytes, spectra_of
from coherion.errors import InputError

VERSASTUDIO, POWERSUITE = "VersaStudio", "PowerSuite"
_POWERSUITE = re.compile(rb"Freq(?:uency)?[^\t\r\n]*\t\s*Z_?re[^\t\r\n]*\t\s*Z_?img[^\t\r\n]*[\r\n]", re.I)
_SEGMENT = re.compile(r"<Segment([1-9][0-9]{0,3})>(.*?)</Segment\1>", re.S)
_DEFINITION = re.compile(r"^Definition=(.*)$", re.M)
# Where readVersaStudio takes its numbers, counted from 0.
_PLACES = {9: "frequency(hz)", 14: "z real", 15: "z imag"}


def instrument_of(start: bytes) -> str | None:
    """The instrument whose files begin so, None if it is none of these.

    Parameters
    ----------
    start
        The first bytes of a file, without a byte order mark.
    """
    if start.startswith(b"<Application>") and b"Name=VersaStudio" in start:
        return VERSASTUDIO
    return POWERSUITE if _POWERSUITE.match(start) else None


def read(path: str | os.PathLike[str], instrument: str) -> list[Spectrum]:
    """The sweeps of one file, read by impedance.py.

    Parameters
    ----------
    path
        The file.
    instrument
        One of those that :func:`instrument_of` names.

    Returns
    -------
    list of Spectrum
        Frequency in Hz, impedance in ohm.

    Raises
    ------
    InputError
        If impedance.py cannot read the file, or would take other columns for the impedance.
    """
    from impedance import preprocessing

    doubts = _looked_through(path) if instrument == VERSASTUDIO else []
    reader = {VERSASTUDIO: preprocessing.readVersaStudio, POWERSUITE: preprocessing.readPowerSuite}[instrument]
    try:
        frequency, impedance = reader(os.fspath(path))
        frequency, impedance = np.asarray(frequency, dtype=float), np.asarray(impedance, dtype=complex)
        if frequency.ndim != 1 or frequency.shape != impedance.shape:
            raise ValueError(f"{frequency.shape} frequencies and {impedance.shape} impedances")
    except Exception as problem:
        raise InputError(
            f"cannot be read by impedance.py as a file of {instrument}",
            file=path,
            found=f"{type(problem).__name__}: {problem}",
            expected="a file as the instrument's program writes it, with decimal points",
            advice="export it as text with named columns: frequency, Z', Z''",
        ) from problem
    columns = Columns(frequency=frequency, real=impedance.real, imaginary=impedance.imag)
    note = f"read by impedance.py as a file of {instrument}"
    facts = Facts(source=os.fspath(path), format=instrument.lower(), notes=(note,), doubts=tuple(doubts))
    return spectra_of(columns, facts, tolerance=1.0)


def _looked_through(path: str | os.PathLike[str]) -> list[str]:
    """What to doubt in a file of VersaStudio; refuses one whose impedance does not stand where it will be read."""
    text = decode(read_bytes(path), file=path)
    segments = _SEGMENT.findall(text)
    definition = _DEFINITION.search(segments[0][1]) if segments else None
    names = [n.strip() for n in definition[1].split(",")] if definition else []
    wrong = [k for k, name in _PLACES.items() if len(names) <= k or names[k].lower() != name]
    if wrong:
        raise InputError(
            "first segment of VersaStudio holds no impedance where impedance.py reads it",
            file=path,
            place="<Segment1>, Definition",
            found=", ".join(names)[:300] or "no definition of columns",
            expected="; ".join(f"column {k + 1} {name}" for k, name in _PLACES.items()),
            advice="export the impedance measurement alone, or as text with named columns",
        )
    rows = segments[0][1][definition.end() if definition else 0 :].strip().splitlines()
    for number, row in enumerate(rows, start=1):
        # The definition ends with a name, 0, that has no column.
        if row.count(",") + 1 not in (len(names), len(names) - 1):
            raise InputError(
                "row of VersaStudio has another number of fields than its definition has names",
                file=path,
                place=f"<Segment1>, row {number}",
                found=f"{row.count(',') + 1} fields",
                expected=f"{len(names) - 1}, separated by commas, with decimal points",
                advice="export the measurement again on a computer that writes decimal points",
            )
    further = len(segments) - 1
    return [f"{further} further segments of {Path(path).name} are not read"] if further else []
