"""The text file of a fit, laid out as the .fgr files that PDFgui saves.

A header of ``name=value`` lines, ``##### start data``, and the columns r, G(r), d_r, d_Gr, Gdiff: G(r) is the computed
one and Gdiff is observed minus calculated, so observed = G(r) + Gdiff.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from coherion import __version__
from coherion.data.netcdf import write_text
from coherion.errors import InputError

COLUMNS = "#L r(A) G(r) d_r d_Gr Gdiff"


def fit_text(
    r: np.ndarray,
    calculated: np.ndarray,
    difference: np.ndarray,
    *,
    sd: np.ndarray | None = None,
    header: Mapping[str, object] | None = None,
) -> str:
    """The text of a fit file.

    Parameters
    ----------
    r, calculated, difference
        In angstrom and 1/angstrom^2, shape (n,); difference is observed minus calculated.
    sd
        Standard uncertainty of the observed G, 1/angstrom^2, shape (n,); zero is written where it is unknown.
    header
        What stands above the data, such as stype, qmax, qdamp, qbroad, fitrmin, fitrmax, rw.
    """
    shown = np.zeros_like(r) if sd is None else sd
    lines = [
        f"History written: coherion {__version__}",
        "produced by coherion",
        "##### coherion fit, columns as in PDFgui",
        *(
            f"{name}={value:.8g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in (header or {}).items()
        ),
        "##### start data",
        COLUMNS,
    ]
    lines += [
        f"{a:.6g} {g:.8g} 0.0 {s:.6g} {d:.8g}" for a, g, s, d in zip(r, calculated, shown, difference, strict=True)
    ]
    return "\n".join(lines) + "\n"


def write_fit_text(path: str | os.PathLike[str], *arguments, **options) -> None:
    """Write :func:`fit_text` whole."""
    write_text(path, fit_text(*arguments, **options))


def read_fit_text(path: str | os.PathLike[str]) -> tuple[dict[str, str], np.ndarray]:
    """Header and columns (n, 5) of a fit file of this program or of PDFgui.

    Raises
    ------
    InputError
        With the line that is not five numbers, or if no data follow ``##### start data``.
    """
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError("fit file cannot be read", file=path, found=problem) from problem
    header: dict[str, str] = {}
    rows: list[list[float]] = []
    started = False
    for number, line in enumerate(lines, 1):
        if line.startswith("##### start data"):
            started = True
        elif not started and "=" in line and not line.startswith("#"):
            name, _, value = line.partition("=")
            header[name.strip()] = value.strip()
        elif started and line.strip() and not line.startswith("#"):
            try:
                row = [float(word) for word in line.split()]
            except ValueError:
                row = []
            if len(row) != 5 or not all(map(math.isfinite, row)):
                raise InputError(
                    "not a row of a fit file", file=path, place=f"line {number}", found=line, expected="five numbers"
                )
            rows.append(row)
    if not rows:
        raise InputError("no data in the fit file", file=path, expected="##### start data, then five columns")
    return header, np.array(rows)
