"""What the files of a folder hold: scans, spectra, structures, or nothing that a series is made from.

The readers decide, not the names: a file is what can be read from it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from coherion import messages
from coherion.data.scans.archives import is_archive
from coherion.data.scans.bruker import is_bruker
from coherion.data.spectra.spreadsheets import refuse_spreadsheet
from coherion.errors import InputError

if TYPE_CHECKING:
    from coherion.data.scans.sources import ScanSource
    from coherion.data.spectra.spectrum import Spectrum

MAX_BYTES = 64 * 1024 * 1024
MAX_FILES = 5000
# A scan that ends here or earlier was for adjustment.
SHORTEST_SCAN = 5.0  # degree, or 1/angstrom
FEWEST_POINTS = 100
# Spectra without names of columns are known by the span of their frequencies.
FEWEST_DECADES = 3.0
_NOTHING = "has no scan; found 0 rows"
# G(r): of PDFgetX3 and its kin, and of Gudrun, which numbers the groups of its detectors.
PAIR_DISTRIBUTIONS = re.compile(r"\.(gr|mdor\d*)")
MADE_BY_REDUCTION = (".gr", ".sq", ".fq", ".iq")
STRUCTURES = (".cif", ".stru", ".pdb")
# CIF that holds a pattern, or a structure, or both.
PATTERNS = (".cif", ".pdcif", ".rtv")


@dataclass(frozen=True)
class Found:
    """What one file holds. ``kind`` is ``scan``, ``spectra``, ``structure``, ``pair_distribution``, ``recipe``
    (settings of PDFgetX3) or ``other``, and then ``why`` says why.

    Of a pair distribution and a recipe: the ``header``, and how far G(r) reaches in angstrom.

    Of a scan: ``scan`` with its numbers, ``abscissa``, whether the file states it and whether its unit is a guess,
    ``intensity_kind`` (None where only the user can know) and ``wavelength`` in angstrom. Of spectra: ``spectra``, and
    ``columns_unnamed`` where the file does not name them. Of a structure: its ``elements`` with atoms per cell.
    ``guesses`` tell what was
    not certain.
    """

    path: Path
    kind: str
    why: str = ""
    scan: ScanSource | None = None
    abscissa: str = "two_theta"
    abscissa_stated: bool = False
    abscissa_guessed: bool = False
    intensity_kind: str | None = None
    wavelength: float | None = None
    spectra: Sequence[Spectrum] = ()
    columns_unnamed: bool = False
    elements: dict[str, float] = field(default_factory=dict)
    guesses: tuple[str, ...] = ()
    header: Mapping[str, str] = field(default_factory=dict)
    reach: float | None = None


def files_below(folder: str | os.PathLike[str]) -> Iterator[Path]:
    """Plain files below a folder, sorted, hidden ones and links to folders left out.

    Raises
    ------
    InputError
        If the folder is none, or holds too many files to be one series.
    """
    root = Path(folder)
    if not root.is_dir():
        raise InputError(
            "is no folder" if root.exists() else "is missing", file=root, expected="the folder with the raw files"
        )
    count = 0
    for where, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(where) / name
            if name.startswith(".") or not path.is_file():
                continue
            count += 1
            if count > MAX_FILES:
                raise InputError("holds too many files for one series", file=root, expected=f"at most {MAX_FILES}")
            yield path


def contents_of(path: Path) -> Found:
    """What a file holds; whatever stands in it, nothing is raised."""
    with messages.collected():
        try:
            return _contents_of(path)
        except InputError as problem:
            why = str(problem).removeprefix(str(path)).lstrip(":, ")
            return Found(path, "other", why="holds neither a scan nor spectra" if why.startswith(_NOTHING) else why)
        except OSError as problem:
            return Found(path, "other", why=str(problem.strerror))


def _contents_of(path: Path) -> Found:
    size = path.stat().st_size
    if size == 0:
        return Found(path, "other", why="is empty")
    if size > MAX_BYTES:
        return Found(path, "other", why=f"is larger than {MAX_BYTES // 2**20} MiB")
    if PAIR_DISTRIBUTIONS.fullmatch(path.suffix.lower()):
        from coherion.data.pdf_text import read_pdf_text

        text = read_pdf_text(path)
        why = "neutrons" if text.radiation == "neutron" else ""
        return Found(path, "pair_distribution", why=why, header=text.header, reach=float(text.x[-1]))
    if path.suffix.lower() in MADE_BY_REDUCTION:
        return Found(path, "other", why="is the result of a reduction, not a raw file")
    if path.suffix.lower() == ".cfg":
        from coherion.data.pdf_text import header_of

        header = header_of(path.read_text(encoding="utf-8", errors="replace"))
        if "composition" in header or "dataformat" in header:
            return Found(path, "recipe", header=header)
    with path.open("rb") as stream:
        start = stream.read(4096)
    refuse_spreadsheet(start, path)
    if is_archive(start) or is_bruker(start):
        return _scan_of(path, start)
    if path.suffix.lower() in (*STRUCTURES, *PATTERNS) or (b"\ndata_" in b"\n" + start and b"_cell_length_a" in start):
        from coherion.crystal.structure_files import read_structure
        from coherion.data.scans.pdcif import holds_atoms, holds_pattern

        cif = path.read_text(encoding="utf-8", errors="replace")
        if not holds_pattern(cif) or holds_atoms(cif):
            return Found(path, "structure", elements=read_structure(path).composition)
        return _scan_of(path, start)
    try:
        from coherion.data.spectra.reader import read_spectra

        return Found(path, "spectra", spectra=read_spectra(path))
    except InputError as problem:
        if _is_impedance(start, path):
            raise problem
    try:
        return _scan_of(path, start)
    except InputError as problem:
        unnamed = None if b"\0" in start else _unnamed_spectra(path)
        if unnamed is None:
            raise problem
        return unnamed


def _is_impedance(start: bytes, path: Path) -> bool:
    """Whether a file says that it holds impedance, so that what its reader refuses needs no other reader."""
    known = (b"BIO-LOGIC", b"EC-Lab ASCII", b"BT-Lab ASCII", b"ZPLOT", b"ZPlot", b"ZView", b"Z60W", b"EXPLAIN")
    return start.lstrip(b'\xef\xbb\xbf \r\n"').startswith(known) or path.suffix.lower() in (".mpr", ".mpt")


def _scan_of(path: Path, start: bytes) -> Found:
    from coherion.data.scans.grids import LONGEST_Q, q_of_equal_angles
    from coherion.data.scans.sources import load, says_what_it_is
    from coherion.data.scans.text import read_scan_text

    guesses: list[str] = []
    abscissa, guessed = "two_theta", False
    try:
        source = load(path)
    except InputError:
        if says_what_it_is(start) or path.suffix.lower() in PATTERNS:
            raise
        allowed = read_scan_text(path).stated_abscissa
        if not allowed or "two_theta" in allowed or allowed == ("other",):
            raise
        abscissa = allowed[0]
        source = load(path, abscissa=abscissa)
        if len(allowed) > 1:
            abscissa = "q" if source.x[-1] < LONGEST_Q else "q_nm"
            guesses.append(f"abscissa {abscissa}: the header says Q, its unit is guessed from its end {source.x[-1]:g}")
            guessed = True
    grid = None if source.raw or source.abscissa_stated else q_of_equal_angles(source.x)
    if grid is not None:
        abscissa, wavelength = grid
        source = replace(source, wavelength=source.wavelength or wavelength)
        guesses.append(
            f"abscissa {abscissa}: nothing says so, but its steps are those of equal angles at {wavelength:.6g} A"
        )
    widest = {"two_theta": 180, "theta": 90}.get(abscissa)
    if widest and (source.x[0] < -widest or source.x[-1] > widest):
        raise InputError(
            "neither angles nor frequencies with an impedance", found=f"{source.x[0]:g} to {source.x[-1]:g}"
        )
    if source.x.size < FEWEST_POINTS or farthest(source.x, abscissa) < SHORTEST_SCAN:
        raise InputError(
            "is too short a scan for a reduction",
            found=f"{source.x.size} points from {source.x[0]:g} to {source.x[-1]:g}",
        )
    kind, more = _kind_of(source)
    return Found(
        path,
        "scan",
        scan=source,
        abscissa=abscissa,
        abscissa_stated=source.abscissa_stated or grid is not None,
        abscissa_guessed=guessed,
        intensity_kind=kind,
        wavelength=source.wavelength,
        guesses=(*guesses, *more),
    )


def farthest(x: np.ndarray, abscissa: str) -> float:
    """The end of a scan in degrees of 2theta, or in 1/angstrom."""
    if abscissa == "d":
        return 2 * np.pi / float(x[0]) if x[0] > 0 else 0.0
    return float(x[-1]) * {"theta": 2.0, "q_nm": 0.1}.get(abscissa, 1.0)


def _kind_of(source: ScanSource) -> tuple[str | None, list[str]]:
    """What intensities are, None where the file cannot tell, and what was guessed."""
    if source.raw:
        return "auto", []
    if source.doubt:
        return None, [f"intensity_kind open: nothing says what the third column is, and {source.doubt}"]
    if source.kind is not None and (source.kind != "counts" or np.all(source.y == np.rint(source.y))):
        return source.kind, []
    if source.dy is not None:
        return "arbitrary", ["intensity_kind arbitrary: the file has a column of uncertainties"]
    if np.all(source.y == np.rint(source.y)):
        return "counts", ["intensity_kind counts: all intensities are whole numbers"]
    if np.any(source.y < 0):
        return "arbitrary", ["intensity_kind arbitrary: intensities below zero, so something was subtracted"]
    return None, []


def _unnamed_spectra(path: Path) -> Found | None:
    """Spectra in three columns that nothing names, if the first can only be frequencies."""
    from coherion.data.spectra.text import unnamed_columns

    try:
        table = unnamed_columns(path)
    except InputError:
        return None
    if table is None or table.shape[0] < 10 or table.shape[1] < 3:
        return None
    frequency = table[:, 0]
    steps = np.diff(frequency)
    if not np.all(frequency > 0) or not (np.all(steps > 0) or np.all(steps < 0)):
        return None
    if np.log10(frequency.max() / frequency.min()) < FEWEST_DECADES:
        return None
    return Found(path, "spectra", columns_unnamed=True)
