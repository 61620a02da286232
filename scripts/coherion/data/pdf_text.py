"""Text files of a reduction, ``.iq .sq .fq .gr``, as PDFgetX3 writes them and PDFgui and diffpy read them.

A header of ``key = value`` lines, a line ``#### start data``, scan and column labels (``#S``, ``#L``), then two
to four columns: x, y and, for those who read them, the uncertainties of x and of y.

What is read, and the quirks of real files:

- Headers of PDFgetX3 1.x and 2.x (INI sections and comments), xPDFsuite, PDFgetN, PDFgetX2 and PDFgui ('History
  written' and ``key=value``, several on a line, PDFgetX2's Qmax in a comment), Mantid ('#Comment: neutron, Qmin=0.5,
  Qmax=25') or no header at all (PDFgetX3's ``.iq``).
- Columns: 2 are x, y; 3 are x, y, dy; 4 or more are x, y, dx, dy and what is ignored. Some programs append
  zeros to some rows only: uncertainties count only where each row has them and one differs from zero.
- Decimal commas, with blanks or semicolons between the columns; r in nm where the label of its column says so, and a
  header's Qmax in nm^-1, wavelength in nm or pm, temperature in degC where the unit stands there.
- A header's 13,5 has a decimal comma; 1,500 is 1.5 only where the rest of the file has decimal commas, and is refused
  where it does not.
- Files of a fit (.fgr, diffpy's tables of x, ycalc, y) hold a calculated G(r) in the second column: no data.
- Two ångström signs are written (UTF-8 and TeX); Windows-1252 occurs.

PDFgui and diffpy take uncertainties of y from the fourth column, and drop all of them as soon as one is not
positive. G(0) = 0 has no uncertainty, so the writer leaves that row out when it writes uncertainties.
"""

from __future__ import annotations

import os
import re
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from coherion.constants import ZERO_CELSIUS
from coherion.data.scans.text import (
    LINE,
    MAX_HEADER,
    MAX_LINE,
    MAX_SEARCH,
    bulk_rows,
    decode,
    is_remark,
    read_bytes,
    row_of,
)
from coherion.errors import InputError

LABELS = {
    "iq": "Q(Å$^{-1}$)  I(a.u.)",
    "sq": "Q(Å$^{-1}$)  S(a.u.)",
    "fq": "Q(Å$^{-1}$)  F(Å$^{-1}$)",
    "gr": "r(Å)  G(Å$^{-2}$)",
}
# Rows that are looked at for decimal commas.
MOST_LOOKED_AT = 20
_KIND_OF_SYMBOL = {"I": "iq", "S": "sq", "F": "fq", "G": "gr"}
_PAIR = re.compile(r"\b([A-Za-z]\w{0,40})=([^\s=]{1,80})")
# What the words behind a number say of its unit: a factor and what is added. Reciprocal lengths come first.
_UNITS = (
    (re.compile(r"\W*(1/nm|nm\W*-1)", re.I), 0.1, 0.0),
    (re.compile(r"\W*nm\b", re.I), 10.0, 0.0),
    (re.compile(r"\W*pm\b", re.I), 0.01, 0.0),
    (re.compile(r"\W*(deg(rees?)?\W*)?C(elsius)?\b"), 1.0, ZERO_CELSIUS),
)
# 1,500 and 1,500,000: the comma may stand between thousands.
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+(\.\d*)?")
_COMMA = re.compile(r"[+-]?\d+,\d+")
# Keys that numbers are taken from, as comments and other programs spell them: '# Qmax (1/A): 25'.
_SPELLED = re.compile(
    r"\b(q[ _]?max|q[ _]?min|wavelength|lambda|temperature)\b\s*([(\[][^)\]]{1,20}[)\]])?\s*[=:]\s*"
    r"([-+\d.,eE]+(?:\s*(?:1/|[ÅAnp°]|deg|K\b|C\b)[^\s,;=]{0,8})?)",
    re.I,
)
# Names of a column that somebody's model calculated.
_CALCULATED = re.compile(r"(g|y)?_?(calc|fit|cal|model)|g(calc|fit)\(r\)", re.I)
# r in nm in the labels of the columns.
_IN_NM = re.compile(r"r\s*[(\[/]\s*nm\b", re.I)
_START = re.compile(r"^#+ start data\b", re.M)


@dataclass(frozen=True, eq=False)
class PdfText:
    """Columns of a reduction's text file; ``x``, ``y``, ``dx``, ``dy`` have shape n, the last two or None.

    ``kind`` is ``iq``, ``sq`` or ``fq`` (x is Q in 1/angstrom) or ``gr`` (x is r in angstrom, y is G in
    1/angstrom^2), ``fgr`` (y is what a model gives), or ``unknown``. ``header`` maps the header's keys to its words,
    ``radiation`` is ``xray`` or ``neutron`` as the header says, or None; ``decimal_comma`` how numbers are written.
    """

    header: dict[str, str]
    x: np.ndarray
    y: np.ndarray
    dx: np.ndarray | None
    dy: np.ndarray | None
    kind: str
    radiation: str | None = None
    decimal_comma: bool = False

    def number(self, key: str) -> float | None:
        """A header's number, such as ``qmax``, in angstrom, 1/angstrom or kelvin; None where it is absent.

        Raises
        ------
        InputError
            If its comma may be a decimal one or one between thousands.
        """
        words = self.header.get(key) or next((v for k, v in self.header.items() if k.lower() == key), "")
        number, _, unit = words.strip().partition(" ")
        try:
            value = float(self._with_point(number.rstrip(",;"), key))
        except ValueError:
            return None
        for known, factor, zero in _UNITS:
            if known.match(unit):
                value = value * factor + zero
                break
        return value if np.isfinite(value) else None

    def _with_point(self, number: str, key: str) -> str:
        """A number of the header with a decimal point, whatever its commas mean."""
        if not _GROUPED.fullmatch(number):
            return number.replace(",", ".")
        if "." in number or number.count(",") > 1:
            return number.replace(",", "")
        others = (words.split()[0].rstrip(",;") for words in self.header.values() if words.split())
        if self.decimal_comma or any(_COMMA.fullmatch(one) and not _GROUPED.fullmatch(one) for one in others):
            return number.replace(",", ".")
        raise InputError(
            "a number of the header can be read in two ways",
            place=f"header, key {key}",
            found=number,
            expected=f"{number.replace(',', '.')} or {number.replace(',', '')}",
            advice="write it with a decimal point and without a comma",
        )


def read_pdf_text(path: str | os.PathLike[str]) -> PdfText:
    """Read a text file of a reduction.

    Raises
    ------
    InputError
        If there are no data, or a line of them cannot be used; the line is named.
    """
    return parse_pdf_text(decode(read_bytes(path), path), path)


def parse_pdf_text(text: str, file: str | os.PathLike[str] | None = None) -> PdfText:
    """Interpret the text of such a file; ``file`` is named in errors, its extension tells the kind at last."""
    marked = _START.search(text) is not None
    head: list[str] = []
    rows, numbers = array("d"), array("q")
    width = 4
    comma = _has_decimal_commas(text)
    for number, found in enumerate(LINE.finditer(text), start=1):
        line = found.group(1)
        if number > MAX_SEARCH and not numbers:
            break
        if is_remark(line) or marked:
            marked = marked and not _START.match(line)
            row = None
        else:
            row = row_of(line, comma)
        if row is not None and len(row) > 1:
            width = min(width, len(row))
            rows.extend([*row, 0.0, 0.0][:4])
            numbers.append(number)
            rest = text[found.end() :] if len(numbers) == 1 else ""
            table = bulk_rows(rest, len(row)) if rest and not comma else None
            if table is not None:
                rows.frombytes(np.pad(table, ((0, 0), (0, 4)))[:, :4].tobytes())
                numbers.extend(range(number + 1, number + 1 + len(table)))
                break
        elif not numbers:
            if len(head) < MAX_HEADER:
                head.append(line[:MAX_LINE].strip())
        elif not is_remark(line):
            raise InputError(
                "line among the data cannot be read",
                file=file,
                place=f"line {number}",
                found=line.strip(),
                expected="two or more numbers",
            )
    if len(numbers) < 2:
        raise InputError(
            "has no data",
            file=file,
            found=f"{len(numbers)} rows of numbers",
            expected="a .gr, .fq, .sq or .iq file with two columns or more",
        )
    table = np.array(rows).reshape(-1, 4)
    bad = ~np.isfinite(table[:, :2]).all(axis=1)
    if bad.any():
        raise InputError("number is not finite", file=file, place=f"line {numbers[int(np.argmax(bad))]}")
    fallen = np.diff(table[:, 0], prepend=-np.inf) <= 0
    if fallen.any():
        raise InputError(
            "first column does not rise",
            file=file,
            place=f"line {numbers[int(np.argmax(fallen))]}",
            found=f"{table[int(np.argmax(fallen)), 0]:.10g}",
            expected="strictly rising values",
        )
    dx = _uncertainty(table[:, 2]) if width == 4 else None
    dy = _uncertainty(table[:, width - 1]) if width > 2 else None
    header, label = _parse_header(head)
    kind = "fgr" if _is_calculated(label, head) else _kind(label, header, file)
    if kind == "gr" and _IN_NM.match(label):
        # r in nm and G in 1/nm^2, with their errors.
        table[:, 0] *= 10.0
        table[:, 1] /= 100.0
        dx, dy = (None if sd is None else sd * factor for sd, factor in ((dx, 10.0), (dy, 0.01)))
    return PdfText(header, table[:, 0].copy(), table[:, 1].copy(), dx, dy, kind, _radiation(header, head), comma)


def _has_decimal_commas(text: str) -> bool:
    """Whether of the first rows of numbers more have decimal commas than decimal points."""
    commas = points = 0
    for line in islice((found.group(1) for found in LINE.finditer(text)), MAX_SEARCH if "," in text else 0):
        if "." in line:
            points += row_of(line) is not None
        elif "," in line:
            row = row_of(line, decimal_comma=True)
            commas += row is not None and len(row) > 1
        if commas + points == MOST_LOOKED_AT:
            break
    return commas > points


def _uncertainty(column: np.ndarray) -> np.ndarray | None:
    """A column of uncertainties, None where it holds none: not finite, negative, or zero throughout."""
    usable = np.isfinite(column).all() and (column >= 0).all() and (column > 0).any()
    return column.copy() if usable else None


def header_of(text: str) -> dict[str, str]:
    """Keys with their words of a settings file that is a header and nothing else."""
    lines = [line.strip()[:MAX_LINE] for line in text.splitlines()[:MAX_HEADER]]
    # Blanks before a key's own name, and remarks that hide a default, are usual in such files.
    return _parse_header([line for line in lines if not line.startswith("#")])[0]


def _parse_header(lines: list[str]) -> tuple[dict[str, str], str]:
    """Keys with their words, and the last label of columns."""
    header: dict[str, str] = {}
    label = section = ""
    for line in lines:
        if line.startswith("#L"):
            label = line[2:].strip()
        elif line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif line and not line.startswith(("#", ";")):
            key, separator, value = line.partition("=")
            pairs = _PAIR.findall(line)
            if len(pairs) > 1:  # PDFgetN puts several on a line
                found = pairs
            elif separator and re.fullmatch(r"[A-Za-z]\w{0,40}", key.strip()):
                found = [(key.strip(), value.strip())]
            else:
                found = []
            for name, words in found:
                header.setdefault(name if name not in header else f"{section}.{name}", words)
    known = {key.lower() for key in header}
    for line in lines:
        if line.startswith("#"):
            for name, words in _PAIR.findall(line):
                if name.lower() not in known:
                    header.setdefault(name, words.rstrip(",;"))
    known = {key.lower() for key in header}
    for line in lines:
        for name, unit, words in _SPELLED.findall(line):
            key = re.sub("[ _]", "", name.lower())
            if key not in known:
                header.setdefault(key, f"{words.strip().rstrip(',;')} {unit[1:-1]}".strip())
    return header, label


def _is_calculated(label: str, lines: list[str]) -> bool:
    """Whether the columns are those of a fit: its own G(r) second, and the data elsewhere."""
    named = (label or next((line.lstrip("# ") for line in reversed(lines) if line), "")).replace(",", " ").split()
    return "Gdiff" in named or (len(named) > 1 and _CALCULATED.fullmatch(named[1]) is not None)


# Words by which programs name what was scattered, in their headers' first place for it.
_RADIATIONS = {"x": "xray", "xray": "xray", "x-ray": "xray", "n": "neutron", "neutron": "neutron"}
_NEUTRONS, _X_RAYS = (
    re.compile(r"neutron|PDFgetN|GudrunN", re.I),
    re.compile(r"x[- ]?ray|PDFgetX|xPDFsuite|GudrunX", re.I),
)


def _radiation(header: Mapping[str, str], lines: list[str]) -> str | None:
    """What was scattered: by the key of PDFgui or of PDFgetX3, else by the words of the header if they agree."""
    for key in ("stype", "mode"):
        words = header.get(key, "").split()
        if words and words[0].lower() in _RADIATIONS:
            return _RADIATIONS[words[0].lower()]
    text = "\n".join(lines)
    neutrons, x_rays = _NEUTRONS.search(text) is not None, _X_RAYS.search(text) is not None
    return None if neutrons == x_rays else "neutron" if neutrons else "xray"


def _kind(label: str, header: Mapping[str, str], file) -> str:
    """Kind of data: the label of the second column decides, then the header, then the file's extension."""
    columns = label.split()
    if len(columns) > 1 and re.match(r"[ISFG](\W|$|obs|calc)", columns[1]):
        return _KIND_OF_SYMBOL[columns[1][0]]
    for word in (header.get("outputtype", ""), Path(file).suffix[1:] if file is not None else ""):
        if word.lower() in LABELS:
            return word.lower()
    return "unknown"


def write_pdf_text(
    path: str | os.PathLike[str],
    kind: str,
    x: np.ndarray,
    y: np.ndarray,
    *,
    dy: np.ndarray | None = None,
    dx: np.ndarray | None = None,
    header: Mapping[str, object] | None = None,
) -> None:
    """Write a reduction's text file, whole or not at all; arguments and errors as :func:`format_pdf_text`."""
    from coherion.data.netcdf import write_text

    write_text(path, format_pdf_text(kind, x, y, dy=dy, dx=dx, header=header))


def format_pdf_text(
    kind: str,
    x: np.ndarray,
    y: np.ndarray,
    *,
    dy: np.ndarray | None = None,
    dx: np.ndarray | None = None,
    header: Mapping[str, object] | None = None,
) -> str:
    """The text of a ``.iq``, ``.sq``, ``.fq`` or ``.gr`` file.

    Parameters
    ----------
    kind
        ``iq``, ``sq``, ``fq`` or ``gr``.
    x, y
        Shape n: Q in 1/angstrom, or r in angstrom; the intensity, S(Q), F(Q) in 1/angstrom or G(r) in
        1/angstrom^2.
    dy, dx
        Standard uncertainties of y and x, shape n; written as columns x, y, dx, dy (dx 0 where not given).
        A first row at x = 0 without uncertainty is then left out (see the module).
    header
        Keys and values of the header, in their order. Give ``mode = xray`` and ``qmax``, which PDFgui and
        diffpy look for.

    Raises
    ------
    ValueError
        If the kind is unknown, shapes differ, or a key of the header is not a word.
    """
    from coherion import __version__

    if kind not in LABELS:
        raise ValueError(f"unknown kind {kind!r}: iq, sq, fq or gr")
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    columns = [x, y]
    label = LABELS[kind]
    if dy is not None:
        columns += [np.zeros_like(x) if dx is None else np.asarray(dx, dtype=float), np.asarray(dy, float)]
        symbol = "r" if kind == "gr" else "Q"
        label += f"  d{symbol}  d{kind[0].upper()}"
    elif dx is not None:
        raise ValueError("dx is written with dy only")
    if any(c.shape != x.shape or c.ndim != 1 for c in columns):
        raise ValueError(f"columns of different shapes: {[c.shape for c in columns]}")
    if dy is not None and x.size and x[0] == 0 and columns[3][0] == 0:
        columns = [c[1:] for c in columns]
    lines = ["[DEFAULT]", "", f"version = coherion-{__version__}", f"outputtype = {kind}"]
    for key, value in (header or {}).items():
        if not re.fullmatch(r"[A-Za-z]\w*", key):
            raise ValueError(f"header key {key!r} is not a word")
        if key not in ("version", "outputtype"):
            lines.append(f"{key} = {_value(value)}")
    lines += ["", "#### start data", "#S 1", f"#L {label}"]
    layout = " ".join(["%.10g", "%.9g", "%.6g", "%.6g"][: len(columns)])
    lines += [layout % row for row in zip(*(c.tolist() for c in columns), strict=True)]
    return "\n".join([*lines, ""])


def _value(value: object) -> str:
    """A header's value in one line."""
    if isinstance(value, float):
        return f"{value:.10g}"
    return " ".join(str(value).split())
