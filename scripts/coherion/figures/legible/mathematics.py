r"""What of a text is mathematics: an author writes pairs of dollars around it, and a dollar alone is a dollar.

A pair encloses something that begins and ends without a blank, and no digit follows it: of ``5$ to 7$, R$_w$`` only the
last two are one. ``\$`` is a dollar always.
"""

from __future__ import annotations

import re

from coherion.atoms import formulas
from coherion.data.contract.names import SUBSCRIPTS
from coherion.data.contract.units import RAISED

#: What begins with a sign of TeX is mathematics before anything else, as in ``R$_w$`` behind an author's dollar.
_PAIRS = (re.compile(r"(?<!\\)\$([_^\\][^$]*(?<!\s))\$"), re.compile(r"(?<!\\)\$(?!\s)([^$]+)(?<!\s)\$(?!\d)"))
_RANGE = re.compile(r"(?<![\w.-])(\d+(?:\.\d+)?)-(\d+(?:\.\d+)?)(?= Å)")


def pieces(words: str, pairs: tuple[re.Pattern[str], ...] = _PAIRS) -> list[tuple[str, bool]]:
    """The text in pieces, and of each whether it is mathematics; other pieces have their dollars as they are read."""
    if not pairs:
        return [(words.replace(r"\$", "$"), False)] if words else []
    found: list[tuple[str, bool]] = []
    for place, piece in enumerate(pairs[0].split(words)):
        found += [(piece, True)] if place % 2 else pieces(piece, pairs[1:])
    return found


def joined(parts: list[tuple[str, bool]]) -> str:
    """Pieces as matplotlib reads them, with the signs of print and formulas in what is no mathematics."""
    return "".join(f"${piece}$" if is_math else _with_formulas(in_type(piece)) for piece, is_math in parts)


def _with_formulas(words: str) -> str:
    return "".join(f"$_{{{part}}}$" if low else part.replace("$", r"\$") for part, low in formulas.pieces(words))


def without(words: str) -> str:
    """The text as it is read, without the signs that only say how mathematics is set."""
    return "".join(re.sub(r"\\mathrm|[\\{}]", "", piece) if is_math else piece for piece, is_math in pieces(words))


def in_type(words: str) -> str:
    """Minus signs and the dash of a range where a keyboard has one sign for all."""
    words = re.sub(r"(?<![^\s=(,/])-(?=\d)|(?<= )-(?= )", "\N{MINUS SIGN}", words)
    return _RANGE.sub("\\1\N{EN DASH}\\2", words)


def words(label: str, *, formula: bool = False) -> str:
    """A label of the paper without mathtext: ``Å$^{-2}$`` and ``Å^-2`` become ``Å⁻²``, ``R$_w$`` becomes ``Rw``.

    Below the line stand digits alone where ``formula`` is true or mathtext says so; a name may hold an underscore.
    """
    parts = []
    for part, is_math in pieces(label):
        inside = is_math or formula
        part = re.sub(r"\\(?:mathrm|mathit|text|left|right)", "", part) if is_math else part
        part = re.sub(r"\^(?:\{([^{}]*)\}|([-−+]?\w[\d.]*))", lambda m: (m[1] or m[2]).translate(RAISED), part)
        if inside:
            part = re.sub(r"_(?:\{([^{}]*)\}|(\w))", lambda m: _lowered(m[1] or m[2]), part)
        plain = part.replace("{", "").replace("}", "").replace("\\", "")
        parts.append(plain if is_math else formulas.in_unicode(in_type(part)))
    return "".join(parts)


def _lowered(index: str) -> str:
    """An index below the line where there is a sign for each of its letters; half of it would not be read."""
    return index.translate(SUBSCRIPTS) if all(ord(letter) in SUBSCRIPTS for letter in index) else index
