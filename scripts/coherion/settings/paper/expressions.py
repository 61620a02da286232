"""Expressions of quantities: parsed by the grammar below, never evaluated as code.

sum     = product { ("+" | "-") product }
product = signed { ("*" | "/") signed }
signed  = "-" signed | power
power   = atom [ "^" [ "-" ] number ]
atom    = number | name | function "(" sum ")" | "(" sum ")"
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from coherion.errors import InputError

FUNCTIONS = ("log10", "ln", "exp", "sqrt")
LONGEST, DEEPEST = 500, 30
_TOKEN = re.compile(r"\s*(?:(\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?)|([A-Za-z]\w*)|([-+*/^()]))")


@dataclass(frozen=True)
class Node:
    """A part of an expression: ``kind`` is number, name, a function, or one of ``+ - * / ^ neg``."""

    kind: str
    parts: tuple[Node, ...] = ()
    value: float = 0.0
    name: str = ""

    @property
    def names(self) -> frozenset[str]:
        """The quantities that it names."""
        own = {self.name} if self.kind == "name" else set()
        return frozenset(own.union(*(part.names for part in self.parts)))


@functools.cache
def parse(text: str) -> Node:
    """An expression as a tree.

    Raises
    ------
    InputError
        If the text is not one; the place is the character.
    """
    return _Parser(text).whole()


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        if len(text) > LONGEST:
            raise InputError("an expression is too long", found=len(text), expected=f"at most {LONGEST} characters")
        self.tokens = list(self._tokens())
        self.place = 0
        self.depth = 0

    def _tokens(self) -> Iterator[tuple[str, str, int]]:
        at = 0
        while self.text[at:].strip():
            match = _TOKEN.match(self.text, at)
            if match is None:
                raise self._refused(at)
            kind = ("number", "name", "mark")[(match.lastindex or 1) - 1]
            yield kind, match.group(match.lastindex or 1), match.start(match.lastindex or 1)
            at = match.end()

    def _refused(self, at: int, expected: str = "") -> InputError:
        return InputError(
            "an expression cannot be read",
            place=f"character {at + 1}",
            found=self.text[at : at + 20] or "the end",
            expected=expected or "quantities, numbers, + - * / ^ ( ) and " + ", ".join(FUNCTIONS),
        )

    def _next(self) -> tuple[str, str, int]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "", len(self.text))

    def _take(self, *marks: str) -> str:
        kind, text, _ = self._next()
        if kind == "mark" and text in marks:
            self.place += 1
            return text
        return ""

    def whole(self) -> Node:
        made = self._sum()
        if self._next()[0] != "end":
            raise self._refused(self._next()[2])
        return made

    def _sum(self) -> Node:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self._refused(self._next()[2], f"at most {DEEPEST} brackets in one another")
        made = self._product()
        while mark := self._take("+", "-"):
            made = Node(mark, (made, self._product()))
        self.depth -= 1
        return made

    def _product(self) -> Node:
        made = self._signed()
        while mark := self._take("*", "/"):
            made = Node(mark, (made, self._signed()))
        return made

    def _signed(self) -> Node:
        signs = 0
        while self._take("-"):
            signs += 1
        made = self._atom()
        if self._take("^"):
            sign = -1 if self._take("-") else 1
            kind, text, at = self._next()
            if kind != "number":
                raise self._refused(at, "a number after ^")
            self.place += 1
            made = Node("^", (made,), value=sign * float(text))
        return Node("neg", (made,)) if signs % 2 else made

    def _atom(self) -> Node:
        kind, text, at = self._next()
        self.place += 1
        if kind == "number":
            return Node("number", value=float(text))
        if kind == "name" and text in FUNCTIONS:
            if not self._take("("):
                raise self._refused(self._next()[2], f"( after {text}")
            return Node(text, (self._closed(),))
        if kind == "name":
            return Node("name", name=text)
        if kind == "mark" and text == "(":
            return self._closed()
        raise self._refused(at, "a quantity, a number or (")

    def _closed(self) -> Node:
        made = self._sum()
        if not self._take(")"):
            raise self._refused(self._next()[2], ")")
        return made
