"""Chemical formulas as people write them: what in a text is one, and what of it stands below the line."""

from __future__ import annotations

import itertools
import re

from coherion.atoms.elements import DEUTERIUM, ELEMENTS
from coherion.data.contract.names import SUBSCRIPTS

_AMOUNT = r"\d+(?:\.\d+)?"
_ELEMENT = rf"[A-Z][a-z]?(?:{_AMOUNT})?"
_GROUP = rf"(?:{_ELEMENT}|[(\[](?:{_ELEMENT})+[)\]](?:{_AMOUNT})?)"
_WHOLE = re.compile(rf"{_GROUP}+(?: {_GROUP}+)*")
#: In a sentence: no part of a path, of a file's name or of a longer word.
_WITHIN = re.compile(rf"(?<![\w./\\:\-])({_GROUP}{{2,}})(?![\w(/\\]|[.:]\w)")
_KNOWN = {*ELEMENTS, DEUTERIUM}

Pieces = list[tuple[str, bool]]


def pieces(text: str, *, is_formula: bool = False) -> Pieces:
    """The text in pieces, and of each whether it stands below the line.

    Parameters
    ----------
    text
        A sentence or a name, in which formulas are sought, or a formula.
    is_formula
        Whether the text is known to be a formula. Otherwise only what can hardly be something else is one: of two
        elements or more, with an amount, and no two capitals with figures as names of samples have.
    """
    if is_formula:
        return _cut(text) if _WHOLE.fullmatch(text) else [(text, False)]
    found: Pieces = []
    at = 0
    for one in _WITHIN.finditer(text):
        if _is_certain(one[1]):
            found += [(text[at : one.start()], False), *_cut(one[1])]
            at = one.end()
    found.append((text[at:], False))
    alike = itertools.groupby(found, key=lambda piece: piece[1])
    joined = [("".join(part for part, _ in run), low) for low, run in alike]
    return [piece for piece in joined if piece[0]]


def in_unicode(text: str, *, is_formula: bool = False) -> str:
    """The text with amounts as subscripts, ``Na₂.₅In₀.₅Zr₀.₅Cl₆``; as for :func:`pieces`."""
    return "".join(piece.translate(SUBSCRIPTS) if low else piece for piece, low in pieces(text, is_formula=is_formula))


def _cut(formula: str) -> Pieces:
    return [(part, bool(place % 2)) for place, part in enumerate(re.split(rf"({_AMOUNT})", formula)) if part]


def _is_certain(token: str) -> bool:
    # U(Na1) is the displacement of an atom, not a salt of uranium.
    if re.fullmatch(r"[A-Z]\([^()]*\)", token):
        return False
    elements = re.findall(r"[A-Z][a-z]?", token)
    kinds = set(elements)
    amounts = re.findall(_AMOUNT, token)
    telling = len(kinds) > 2 or any(len(one) > 1 for one in kinds) or any("." in one for one in amounts)
    return bool(amounts) and len(kinds) > 1 and kinds <= _KNOWN and telling
