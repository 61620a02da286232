"""The notation of equivalent circuits, read by a grammar and never evaluated as code.

The notation is that of impedance.py (Murbach et al., J. Open Source Softw. 5 (2020) 2349)::

    series   = term { "-" term }
    term     = element | "p(" series "," series { "," series } ")"
    element  = kind [ label ]            label of digits and underscores

``p(R1,CPE1)-CPE2`` is a resistor parallel to a constant phase element, in series with another constant phase
element. Blanks mean nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from coherion.errors import InputError

# Longer than any circuit that a spectrum can support; they keep hostile text from exhausting the stack.
LONGEST_TEXT = 400
DEEPEST = 20

_TOKEN = re.compile(r"p\(|[A-Za-z]+[0-9_]*|[-,()]")


@dataclass(frozen=True)
class Element:
    """One element: its kind (``CPE``) and its name in the circuit (``CPE1``)."""

    kind: str
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Series:
    """Branches one after the other: impedances add."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return "-".join(map(str, self.parts))


@dataclass(frozen=True)
class Parallel:
    """Branches side by side: admittances add."""

    parts: tuple[Node, ...]

    def __str__(self) -> str:
        return f"p({','.join(map(str, self.parts))})"


Node = Element | Series | Parallel


def parse_circuit(text: str, kinds: Collection[str]) -> Node:
    """Tree of a circuit written in the notation of impedance.py.

    Parameters
    ----------
    text
        The circuit, such as ``p(R1,CPE1)-CPE2``.
    kinds
        The kinds of element that exist.

    Raises
    ------
    InputError
        If the text does not follow the grammar, names an unknown kind or uses a name twice.
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError("no circuit given", place="circuit", expected="text such as p(R1,CPE1)-CPE2")
    if len(text) > LONGEST_TEXT:
        raise InputError("circuit is too long", place="circuit", found=f"{len(text)} characters")
    reader = _Reader(text, tuple(_tokens(text)), frozenset(kinds))
    tree = reader.series(0)
    reader.expect("", "the end of the circuit, '-' or ','")
    return tree


def elements(node: Node) -> Iterator[Element]:
    """The elements of a circuit, in the order of their parameters."""
    if isinstance(node, Element):
        yield node
    else:
        for part in node.parts:
            yield from elements(part)


def terms(node: Node) -> tuple[Node, ...]:
    """The branches in series at the top of a circuit."""
    return node.parts if isinstance(node, Series) else (node,)


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    place = 0
    while place < len(text):
        if text[place].isspace():
            place += 1
            continue
        match = _TOKEN.match(text, place)
        if match is None:
            raise _wrong(text, place, text[place], "an element such as R1, 'p(', ',', '-' or ')'")
        yield place, match.group()
        place = match.end()
    yield place, ""


def _wrong(text: str, place: int, found: str, expected: str) -> InputError:
    return InputError(
        f"circuit {text.strip()!r} cannot be read",
        place=f"character {place + 1}",
        found=repr(found) if found else "its end",
        expected=expected,
    )


class _Reader:
    """Recursive descent over the tokens."""

    def __init__(self, text: str, tokens: tuple[tuple[int, str], ...], kinds: frozenset[str]) -> None:
        self.text, self.tokens, self.kinds = text, tokens, kinds
        self.at = 0
        self.names: set[str] = set()

    def expect(self, token: str, description: str) -> None:
        place, found = self.tokens[self.at]
        if found != token:
            raise _wrong(self.text, place, found, description)
        self.at += 1

    def next_is(self, token: str) -> bool:
        if self.tokens[self.at][1] != token:
            return False
        self.at += 1
        return True

    def series(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise InputError("circuit is nested too deeply", place="circuit", expected=f"{DEEPEST} levels")
        parts = [self.term(depth)]
        while self.next_is("-"):
            parts.append(self.term(depth))
        if len(parts) == 1:
            return parts[0]
        # A series within a series is one series; only p( ) can stand between, so nothing needs flattening.
        return Series(tuple(parts))

    def term(self, depth: int) -> Node:
        if self.next_is("p("):
            branches = [self.series(depth + 1)]
            self.expect(",", "',' (a parallel circuit has two branches or more)")
            branches.append(self.series(depth + 1))
            while self.next_is(","):
                branches.append(self.series(depth + 1))
            self.expect(")", "',' or ')'")
            return Parallel(tuple(branches))
        return self.element()

    def element(self) -> Element:
        place, name = self.tokens[self.at]
        kind = name.rstrip("0123456789_")
        if not name or not name[0].isalpha():
            raise _wrong(self.text, place, name, "an element such as R1, or 'p('")
        if kind not in self.kinds:
            raise _wrong(self.text, place, name, f"an element of kind {', '.join(sorted(self.kinds))}")
        if name in self.names:
            raise InputError(
                f"circuit {self.text.strip()!r} uses the name {name} twice",
                place=f"character {place + 1}",
                advice="number the elements: R1, R2",
            )
        self.names.add(name)
        self.at += 1
        return Element(kind, name)
