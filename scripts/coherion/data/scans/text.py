"""Scans as text: ``.xyd .xy .xye .chi .dat``, two or three columns of numbers behind whatever header.

What is read, and the quirks of real files:

- Two columns (abscissa, intensity) or three (with its standard uncertainty), separated by blanks, tabs,
  semicolons or commas; decimal points or decimal commas, one kind per file.
- The data are the first ten or more rows of numbers with the same two or three columns; everything before is
  header. Behind that start each line is data, empty or a comment, so that a damaged line is an error with its
  number, not the quiet end of the scan.
- UTF-8 with or without byte order mark, UTF-16 with one, else Windows-1252; any line ends; trailing blanks.
- The abscissa rises strictly (or falls, where the header calls it d), intensities are finite, uncertainties are
  finite and not negative, or the line is named. Intensities may be negative: a dark image was subtracted, or a
  background.

Counts and counts per second, 2theta and Q look the same in these files where no header names them: see
:mod:`coherion.data.scans.headers` and :mod:`coherion.data.scans.reader`.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from coherion.as_read import took
from coherion.data.scans import headers
from coherion.errors import InputError

MIN_ROWS = 10
MAX_BYTES = 16 * 1024 * 1024
MAX_LINE = 400
MAX_HEADER = 1000  # lines that are kept
MAX_SEARCH = 100_000  # lines among which the data must begin
_FIRST = frozenset("0123456789+-.,nNiI")  # how a number, a hole or infinity begins
_COMMENTS = tuple("#!;%'\"")
LINE = re.compile(r"([^\r\n]*)(?:\r\n?|\n|\Z)")
_PLAIN = re.compile(r"[0-9eE+\-. \t\n]*")
_INNER_COMMA = re.compile(r"\d,\d")
_EMPTY_CELL = re.compile(r"[,;]\s*[,;]")


@dataclass(frozen=True, eq=False)
class ScanText:
    """A scan as its text file has it: units and meaning are the user's to tell.

    ``x``, ``y`` and ``dy`` (None for two columns) have shape n; ``lines`` are the line numbers of the points;
    ``decimals`` is the largest number of decimals in the second column, None where exponents are used.
    """

    x: np.ndarray
    y: np.ndarray
    dy: np.ndarray | None
    lines: np.ndarray
    header: tuple[str, ...]
    decimals: int | None

    @cached_property
    def columns(self) -> headers.Columns | None:
        """What the columns are called, None where no line names them."""
        return headers.columns_of(self.header, 2 if self.dy is None else 3)

    @property
    def stated_wavelength(self) -> float | None:
        """Wavelength that the header states, in angstrom, or None."""
        return headers.stated_wavelength(self.header)

    @property
    def stated_abscissa(self) -> tuple[str, ...]:
        """The abscissas that the header's words allow (see :mod:`coherion.data.scans.headers`); empty if silent."""
        return headers.stated_abscissa(self.header, self.columns)


def read_bytes(path: str | os.PathLike[str], limit: int = MAX_BYTES) -> bytes:
    """A file's bytes.

    Raises
    ------
    InputError
        If the file is missing, not a plain file, unreadable or larger than ``limit`` bytes.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise InputError("is not a file" if path.exists() else "file is missing", file=path)
        with path.open("rb") as stream:
            # A buffer of the limit's size would be made for the smallest file.
            data = stream.read(min(limit, os.fstat(stream.fileno()).st_size) + 1)
    except (OSError, ValueError) as problem:
        raise InputError("cannot be read", file=path, found=problem) from problem
    if len(data) > limit:
        raise InputError("is too large for a scan", file=path, expected=f"at most {limit // 2**20} MiB")
    return took(path, data)


def decode(data: bytes, file: str | os.PathLike[str] | None = None) -> str:
    """Text of unknown encoding: a byte order mark decides, then UTF-8, then Windows-1252.

    Raises
    ------
    InputError
        If the bytes are binary data.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16", errors="replace")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("cp1252", errors="replace")
    if "\0" in text:
        raise InputError(
            "is a binary file, not text",
            file=file,
            place=f"character {text.index(chr(0)) + 1}",
            expected="a text file, or a STOE raw file",
        )
    return text


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text one by one, whatever their ends, so that a long file costs no list of strings."""
    return (found.group(1) for found in LINE.finditer(text))


def row_of(line: str, decimal_comma: bool = False) -> list[float] | None:
    """The numbers of a line, or None if it is anything but numbers and separators."""
    if line.lstrip()[:1] not in _FIRST or len(line) > MAX_LINE or not line.isascii():
        return None
    if "_" in line or _EMPTY_CELL.search(line):
        return None
    if decimal_comma:
        if "." in line:
            return None
        line = line.replace(";", " ").replace(", ", " ").rstrip().removesuffix(",").replace(",", ".")
    else:
        line = line.replace(";", " ").replace(",", " ")
    tokens = line.split()
    if not tokens:
        return None
    try:
        return [float(token) for token in tokens]
    except ValueError:
        pass
    try:  # Fortran's double precision
        return [float(token.lower().replace("d", "e", 1)) for token in tokens]
    except ValueError:
        return None


def bulk_rows(rest: str, width: int) -> np.ndarray | None:
    """All lines of a text as rows of ``width`` plain numbers, shape (lines, width), by NumPy's fast reader.

    None if anything but such rows is there: then the careful way finds out what and where.
    """
    rest = rest.rstrip().replace("\r\n", "\n")
    if not rest or not _PLAIN.fullmatch(rest):
        return None
    try:
        table = np.loadtxt(rest.split("\n"), ndmin=2, comments=None)
    except ValueError:
        return None
    return table if table.shape == (rest.count("\n") + 1, width) else None


def uses_decimal_comma(lines: Iterable[str]) -> bool:
    """Whether more rows of numbers have decimal commas than decimal points."""
    commas = points = 0
    for line in islice(lines, MAX_SEARCH):
        if "." in line:
            points += row_of(line) is not None
        elif _INNER_COMMA.search(line[:MAX_LINE]):
            row = row_of(line, decimal_comma=True)
            commas += row is not None and len(row) in (2, 3)
    return commas > points


def is_remark(line: str) -> bool:
    """Whether a line is empty or a comment."""
    stripped = line.lstrip()
    return not stripped or stripped.startswith(_COMMENTS)


def read_scan_text(path: str | os.PathLike[str]) -> ScanText:
    """Read a scan from a text file.

    Raises
    ------
    InputError
        If there is no block of numbers, or a line of it cannot be used; the line is named.
    """
    return parse_scan_text(decode(read_bytes(path), path), path)


def parse_scan_text(text: str, file: str | os.PathLike[str] | None = None) -> ScanText:
    """Interpret the text of a scan; ``file`` is only named in errors. As :func:`read_scan_text`."""
    comma = "," in text and uses_decimal_comma(lines_of(text))
    block, header = _first_block(text, comma, file)
    table = np.array(block.values).reshape(-1, block.width)
    where = np.array(block.numbers)
    if np.all(np.diff(table[:, 0]) < 0):
        named = headers.columns_of(header, block.width)
        if headers.stated_abscissa(header, named) == ("d",):  # d falls where angles rise
            table, where = table[::-1], where[::-1]

    def refuse(bad: np.ndarray, what: str, expected: str, column: int, advice: str | None = None) -> None:
        if bad.any():
            index = int(np.argmax(bad))
            raise InputError(
                what,
                file=file,
                place=f"line {where[index]}",
                found=f"{table[index, column]:.10g}",
                expected=expected,
                advice=advice,
            )

    for column in range(table.shape[1]):
        refuse(~np.isfinite(table[:, column]), "number is not finite", "finite numbers", column)
    refuse(
        np.diff(table[:, 0], prepend=-np.inf) <= 0,
        "abscissa does not rise",
        "strictly rising values in the first column",
        0,
        "sort the file, or split it if it holds several scans",
    )
    if table.shape[1] > 2:
        refuse(table[:, 2] < 0, "negative uncertainty", "0 or more", 2)
    return ScanText(
        x=table[:, 0].copy(),
        y=table[:, 1].copy(),
        dy=table[:, 2].copy() if table.shape[1] == 3 else None,
        lines=where,
        header=tuple(header),
        decimals=block.decimals if block.decimals >= 0 else None,
    )


class _Block:
    """Rows of like numbers as they are met: flat values, line numbers, decimals of the second column."""

    def __init__(self, width: int = 0) -> None:
        self.width = width
        self.values = array("d")
        self.numbers = array("q")
        self.decimals = 0

    def add(self, row: list[float], number: int, line: str, comma: bool) -> None:
        self.values.extend(row)
        self.numbers.append(number)
        if self.decimals >= 0:
            token = line.replace(";", " ").replace(", " if comma else ",", " ").split()[1]
            whole, _, fraction = token.rstrip(",").replace(",", ".").lstrip("+-").partition(".")
            # An exponent hides how many decimals were kept.
            self.decimals = max(self.decimals, len(fraction)) if (whole + fraction).isdigit() else -1

    def add_rest(self, table: np.ndarray, lines: str) -> None:
        """Rows that follow line by line, as :func:`bulk_rows` read them."""
        first = self.numbers[-1] + 1
        self.values.frombytes(table.astype(float).tobytes())
        self.numbers.extend(range(first, first + len(table)))
        if self.decimals >= 0:
            tokens = [line.split()[1] for line in lines.rstrip().splitlines()]
            if any("e" in token.lower() for token in tokens):
                self.decimals = -1
            else:
                self.decimals = max(self.decimals, *(len(t.partition(".")[2]) for t in tokens))


def _first_block(text: str, comma: bool, file) -> tuple[_Block, list[str]]:
    """The data, from the first ten like rows of two or three numbers to the end, and the header's lines."""
    header: list[str] = []
    block = _Block()
    widest = 0
    for number, found in enumerate(LINE.finditer(text), start=1):
        line = found.group(1)
        started = len(block.numbers) >= MIN_ROWS
        if number > MAX_SEARCH and not started:
            break
        row = None if is_remark(line) else row_of(line, comma)
        if row is not None and len(row) == block.width:
            block.add(row, number, line, comma)
            if not comma and len(block.numbers) == MIN_ROWS:
                rest = text[found.end() :]
                table = bulk_rows(rest, block.width)
                if table is not None:
                    block.add_rest(table, rest)
                    break
        elif row is not None and not started:
            widest = max(widest, len(row))
            block = _Block(len(row) if len(row) in (2, 3) else 0)
            if block.width:
                block.add(row, number, line, comma)
        elif not started:
            if line.strip() and len(header) < MAX_HEADER:
                header.append(line[:MAX_LINE].strip())
            block = block if is_remark(line) else _Block()
        elif not is_remark(line):
            raise InputError(
                "line among the data cannot be read",
                file=file,
                place=f"line {number}",
                found=line.strip(),
                expected=f"{block.width} numbers, as in line {block.numbers[0]}",
            )
    if len(block.numbers) < MIN_ROWS and widest in (4, 6) and not comma and re.search(r"\d,\d+,\d", text):
        raise InputError(
            "has commas both as decimal marks and between the columns",
            file=file,
            found=f"rows of {widest} whole numbers",
            expected="decimal commas with semicolons, tabs or blanks between the columns, or decimal points",
            advice="export it again with another mark between the columns",
        )
    if len(block.numbers) < MIN_ROWS:
        raise InputError(
            "has no scan",
            file=file,
            found=f"rows of {widest} numbers" if widest > 3 else f"{len(block.numbers)} rows of numbers",
            expected=f"at least {MIN_ROWS} rows of two or three numbers",
            advice="columns are: abscissa, intensity, uncertainty",
        )
    return block, header


def write_scan_text(
    path: str | os.PathLike[str],
    x: np.ndarray,
    y: np.ndarray,
    dy: np.ndarray | None = None,
    *,
    form: str = "xye",
    header: str = "",
    decimal_comma: bool = False,
    newline: str = "\n",
) -> None:
    """Write a scan as text, whole or not at all; arguments and errors as :func:`format_scan_text`."""
    from coherion.data.netcdf import write_text

    write_text(path, format_scan_text(x, y, dy, form=form, header=header, decimal_comma=decimal_comma, newline=newline))


def format_scan_text(
    x: np.ndarray,
    y: np.ndarray,
    dy: np.ndarray | None = None,
    *,
    form: str = "xye",
    header: str = "",
    decimal_comma: bool = False,
    newline: str = "\n",
) -> str:
    """A scan as text in one of the forms that instruments and peers write.

    Parameters
    ----------
    x, y, dy
        Abscissa, intensity and its uncertainty, each of shape n, in any units.
    form
        ``xyd`` (WinXPOW, whole counts), ``xyd_cps`` (WinXPOW, counts per second), ``xy`` (as ``xyd``),
        ``xye`` (two or three columns, ten digits), ``dat`` (as ``xye``, header lines behind ``#``),
        ``chi`` (four header lines: title, names of the axes, number of points).
    header
        Text before the data; ``dat`` and ``chi`` only.
    decimal_comma, newline
        Decimal commas instead of points, and the line end.

    Raises
    ------
    ValueError
        If the form is unknown or cannot hold the numbers (uncertainties, fractions of counts, a fine grid).
    """
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    layout = {"xyd": "%9.3f%9d", "xy": "%9.3f%9d", "xyd_cps": "%9.3f%10.4f"}.get(form)
    head: list[str] = []
    if layout is not None:
        if dy is not None or header:
            raise ValueError(f"form {form!r} holds neither uncertainties nor a header")
        if form != "xyd_cps" and np.any(y != np.rint(y)):
            raise ValueError(f"form {form!r} holds whole counts only")
        if np.any(np.diff(np.round(x, 3)) <= 0):
            raise ValueError(f"form {form!r} has three decimals, too few for this grid")
        if np.any(y > 99_999_999 if form != "xyd_cps" else y > 9_999.9999):
            layout = layout.replace("%9d", " %d").replace("%10.4f", " %.4f")
        columns = [x, y]
    elif form in ("xye", "dat", "chi"):
        columns = [x, y] if dy is None else [x, y, np.asarray(dy, dtype=float)]
        layout = "  ".join(["%.9e"] * len(columns))
        text = header.splitlines()
        if form == "dat":
            head = [f"# {line}" for line in text]
        elif form == "chi":
            head = [" ".join(text) or "scan", "abscissa", "intensity", f"      {x.size}"]
        elif text:
            raise ValueError("form 'xye' holds no header")
    else:
        raise ValueError(f"unknown form {form!r}: xyd, xyd_cps, xy, xye, dat or chi")
    rows = [layout % row for row in zip(*(c.tolist() for c in columns), strict=True)]
    if decimal_comma:
        rows = [row.replace(".", ",") for row in rows]
    return newline.join([*head, *rows, ""])
