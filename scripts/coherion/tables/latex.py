"""Tables as LaTeX: booktabs and longtable only, every character of the data escaped."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from coherion.atoms import formulas
from coherion.tables.table import Column, Table, printed

_ESCAPED = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "_": r"\_",
    "%": r"\%",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    # Two hyphens or a bracket after a line's end would be read as something else.
    "-": r"{-}",
    "[": r"{[}",
    "]": r"{]}",
    "Å": r"\AA{}",
    "\N{ANGSTROM SIGN}": r"\AA{}",
    "°": r"\textdegree{}",
    "µ": r"\textmu{}",
    "×": r"$\times$",
    "±": r"$\pm$",
    "·": r"$\cdot$",
    "\N{MINUS SIGN}": "$-$",
    "–": "--",
    "—": "---",
    "≤": r"$\leq$",
    "≥": r"$\geq$",
    "≈": r"$\approx$",
    "√": r"$\surd$",
    "∞": r"$\infty$",
    "→": r"$\rightarrow$",
    "Ω": r"$\Omega$",
    "\N{OHM SIGN}": r"$\Omega$",
}
#: Letters that LaTeX has a command for; the other capitals look like Latin ones.
_GREEK = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨ"
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))


def escape(text: str) -> str:
    """Any text as LaTeX that prints it and does nothing else.

    A character that the usual fonts lack is printed as its nearest relative, or as its number, [U+4E2D].
    """
    return _escaped(" ".join(text.split()))


def _escaped(text: str) -> str:
    made = "".join(map(_character, text))
    # Neighbouring raised (lowered) characters make one exponent.
    return made.replace("}$$^{", "").replace("}$$_{", "")


def _character(c: str) -> str:
    if c in _ESCAPED:
        return _ESCAPED[c]
    if c in _GREEK:
        word = unicodedata.name(c).rpartition(" ")[2].lower().replace("lamda", "lambda")
        return rf"$\{word if c.islower() else word.capitalize()}$"
    if c in _RAISED:
        return f"$^{{{_RAISED[c]}}}$"
    if c in _LOWERED:
        return f"$_{{{_LOWERED[c]}}}$"
    if c.isascii():
        return c if c.isprintable() else ""
    # Letters of western languages are there in every T1 font.
    if "À" <= c <= "ÿ":
        return c
    plain = "".join(p for p in unicodedata.normalize("NFKD", c) if p.isascii() and p.isprintable())
    return "".join(_character(p) for p in plain) if plain else f"{{[}}U+{ord(c):04X}{{]}}"


def _number(text: str) -> str:
    """A printed number: minus signs as such, powers of ten raised."""
    mantissa, _, exponent = text.partition("×10^")
    made = mantissa.replace("-", "$-$")
    return f"{made}$\\times 10^{{{exponent}}}$" if exponent else made


def _text(text: str, *, is_formula: bool = False) -> str:
    """A text of which the amounts in formulas stand below the line."""
    found = formulas.pieces(" ".join(text.split()), is_formula=is_formula)
    return "".join(f"$_{{{part}}}$" if low else _escaped(part) for part, low in found)


def _cell(table: Table, row: Mapping[str, Any], column: Column) -> str:
    cell = row.get(column.key)
    if isinstance(cell, str):
        return _text(cell, is_formula=table.is_formula(row, column))
    return _number(printed(cell, column))


def _alignment(column: Column) -> str:
    return "l" if column.width is None else rf">{{\raggedright\arraybackslash}}p{{{column.width:g}cm}}"


def _body(table: Table) -> list[str]:
    # {} first: a row that begins with a bracket would be taken for an argument of the \\ before it.
    return ["{}" + " & ".join(_cell(table, row, column) for column in table.columns) + r" \\" for row in table.rows]


def _tabular(table: Table) -> list[str]:
    headings = " & ".join(escape(column.heading) for column in table.columns)
    return [
        rf"\begin{{tabular}}{{@{{}}{''.join(map(_alignment, table.columns))}@{{}}}}",
        r"\toprule",
        rf"{headings} \\",
        r"\midrule",
        *_body(table),
        r"\bottomrule",
        r"\end{tabular}",
    ]


def _longtable(table: Table, columns: Sequence[Column], caption: str) -> list[str]:
    headings = " & ".join(escape(column.heading) for column in columns)
    part = Table(table.name, table.caption, columns, table.rows)
    again = rf"\multicolumn{{{len(columns)}}}{{@{{}}l}}{{continued}} \\"
    return [
        rf"\begin{{longtable}}{{@{{}}{''.join(map(_alignment, columns))}@{{}}}}",
        caption,
        r"\toprule",
        rf"{headings} \\",
        r"\midrule",
        r"\endfirsthead",
        again,
        r"\toprule",
        rf"{headings} \\",
        r"\midrule",
        r"\endhead",
        r"\bottomrule",
        r"\endlastfoot",
        *_body(part),
        r"\end{longtable}",
    ]


def latex(table: Table) -> str:
    """One table, to be put in a document with ``\\input``.

    With a head it is a float, else a longtable; one with too many columns is continued in further longtables, each
    with the first column.
    """
    label = rf"\label{{tab:{_label(table.name)}}}"
    caption = rf"\caption{{{_text(table.full_caption)}}}"
    if table.head is not None:
        lines = [
            r"\begin{table}[p]",
            r"\centering\footnotesize",
            f"{caption}{label}",
            *_tabular(table.head),
            "",
            r"\medskip",
            *_tabular(table),
            r"\end{table}",
        ]
        return "\n".join(lines) + "\n"
    first, *others = table.columns
    step = table.across or max(len(others), 1)
    lines = [r"\begingroup\footnotesize\setlength{\tabcolsep}{4pt}\setlength{\LTcapwidth}{\linewidth}"]
    for start in range(0, max(len(others), 1), step):
        columns = [first, *others[start : start + step]]
        if start == 0:
            lines += _longtable(table, columns, rf"{caption}{label}\\")
        else:
            # Every longtable takes a number, with a caption or without.
            lines += [r"\addtocounter{table}{-1}", *_longtable(table, columns, "")]
    return "\n".join([*lines, r"\endgroup"]) + "\n"


def _label(name: str) -> str:
    return "".join(c if c.isascii() and (c.isalnum() or c in "-.") else "-" for c in name)


def document(tables: Sequence[Table]) -> str:
    """A complete document that inputs ``<name>.tex`` of each table, numbered S2, S3, ... as the files are."""
    lines = [
        r"\documentclass[a4paper]{article}",
        r"\usepackage[T1]{fontenc}",
        r"\usepackage{textcomp}",
        r"\usepackage[utf8]{inputenc}",
        # Scalable fonts with western letters, where they are installed.
        r"\IfFileExists{lmodern.sty}{\usepackage{lmodern}}{}",
        r"\usepackage[margin=1.5cm]{geometry}",
        r"\usepackage{array,booktabs,longtable}",
        r"\renewcommand{\thetable}{S\arabic{table}}",
        r"\begin{document}",
    ]
    for table in tables:
        lines += [rf"\setcounter{{table}}{{{table.number - 1}}}", rf"\input{{{table.name}.tex}}", r"\clearpage"]
    if not tables:
        lines.append("No tables.")
    return "\n".join([*lines, r"\end{document}"]) + "\n"
