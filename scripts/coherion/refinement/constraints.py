"""Linear constraints between parameters: a small grammar of our own.

A constraint is a text such as ``Na1.occupancy = 3 - x - 2*Na2.occupancy``: linear in the parameters, where any other
name (here ``x``) stands for a number of the sample's row in the table of samples. The text is read by the tokenizer
below; nothing in it is ever evaluated as code.

    constraint = sum, { "=", sum } ;            a = b = c is two equations
    sum        = [ sign ], product, { sign, product } ;
    product    = factor, { ( "*" | "/" | nothing after a number ), factor } ;
    factor     = number | name | '"', name, '"' | "(", sum, ")" ;
    name       = letter or "_", then letters, digits, "_", "'", ".", ":" ;

The name that stands alone on the left of ``=`` becomes the dependent one, as in an assignment; what the equations
leave free is the business of :mod:`coherion.refinement.linear_map`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

from coherion.errors import InputError
from coherion.settings.reading import nearest

MAX_LENGTH = 500
MAX_DEPTH = 20

_TOKEN = re.compile(
    r"""[ \t]*(?:(?P<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+(?![A-Za-z_.']))?)
      | (?P<name>[A-Za-z_][A-Za-z0-9_'.:]*)
      | "(?P<quoted>[^"]{1,100})"
      | (?P<operator>[-+*/()=]))""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Linear:
    """A constant and the coefficients of parameters, by name."""

    constant: float
    coefficients: Mapping[str, float]

    def plus(self, other: Linear, factor: float = 1.0) -> Linear:
        """This plus ``factor`` times ``other``."""
        names = dict.fromkeys([*self.coefficients, *other.coefficients])
        return Linear(
            self.constant + factor * other.constant,
            {n: self.coefficients.get(n, 0.0) + factor * other.coefficients.get(n, 0.0) for n in names},
        )

    def times(self, factor: float) -> Linear:
        """This times a number."""
        return Linear(self.constant * factor, {n: c * factor for n, c in self.coefficients.items()})


@dataclass(frozen=True)
class Equation:
    """``linear`` = 0, as it was written, and the name it defines if one stands alone on the left."""

    linear: Linear
    defines: str | None
    text: str


class _Parser:
    """Recursive descent over the tokens of one constraint."""

    def __init__(
        self,
        text: str,
        parameters: frozenset[str],
        values: Mapping[str, float],
        place: str,
        aliases: Mapping[str, str] | None = None,
    ):
        self.text, self.parameters, self.values, self.place = text, parameters, values, place
        self.aliases = aliases or {}
        if len(text) > MAX_LENGTH:
            raise InputError(
                "constraint is too long",
                place=place,
                found=f"{len(text)} characters",
                expected=f"at most {MAX_LENGTH}",
            )
        self.tokens = list(self._tokens())
        self.at = 0

    def _tokens(self):
        position = 0
        text = self.text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                position += len(text[position:]) - len(text[position:].lstrip())
                self._refuse("a character that is not part of the grammar", position, text[position])
            kind = str(match.lastgroup)
            yield kind, match.group(kind), match.start(kind)
            position = match.end()
        yield "end", "", len(text)

    def _refuse(self, what: str, position: int, found: object = None, expected: object = None, advice=None) -> NoReturn:
        raise InputError(
            what,
            place=f'{self.place}, character {position + 1} of "{self.text}"',
            found=found,
            expected=expected,
            advice=advice,
        )

    def _peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at]

    def _take(self, *operators: str) -> str | None:
        kind, text, _ = self._peek()
        if kind == "operator" and text in operators:
            self.at += 1
            return text
        return None

    def equations(self) -> list[Equation]:
        sides = [self._side()]
        while self._take("="):
            sides.append(self._side())
        kind, text, position = self._peek()
        if kind != "end":
            self._refuse("constraint cannot be read", position, text, "an operator or the end")
        if len(sides) < 2:
            self._refuse("constraint has no equals sign", position, expected="left = right")
        found = []
        for (left, name), (right, _) in pairwise(sides):
            linear = left.plus(right, -1.0)
            if not any(linear.coefficients.values()):
                self._refuse("constraint contains no parameter", 0, self.text)
            found.append(Equation(linear, name, self.text.strip()))
        return found

    def _side(self) -> tuple[Linear, str | None]:
        start = self.at
        made = self._sum(0)
        kind, name, _ = self.tokens[start]
        name = self.aliases.get(name, name)
        alone = self.at == start + 1 and kind in ("name", "quoted") and name in self.parameters
        return made, name if alone else None

    def _sum(self, depth: int) -> Linear:
        sign = -1.0 if self._take("+", "-") == "-" else 1.0
        made = self._product(depth).times(sign)
        while operator := self._take("+", "-"):
            made = made.plus(self._product(depth), 1.0 if operator == "+" else -1.0)
        return made

    def _product(self, depth: int) -> Linear:
        made = self._factor(depth)
        while True:
            previous = self.tokens[self.at - 1][0]
            kind, text, position = self._peek()
            # "2 Na2.occupancy" and "2(...)": a number before a name or a bracket multiplies it
            implicit = previous == "number" and (kind in ("name", "quoted") or text == "(")
            operator = "*" if implicit else self._take("*", "/")
            if operator is None:
                return made
            factor = self._factor(depth)
            variable = any(factor.coefficients.values())
            if operator == "/":
                if variable:
                    self._refuse("constraint is not linear", position, "division by a parameter")
                if factor.constant == 0:
                    self._refuse("division by zero", position)
                made = made.times(1.0 / factor.constant)
            elif not variable:
                made = made.times(factor.constant)
            elif not any(made.coefficients.values()):
                made = factor.times(made.constant)
            else:
                self._refuse("constraint is not linear", position, "a product of two parameters")
            if not math.isfinite(made.constant) or not all(map(math.isfinite, made.coefficients.values())):
                self._refuse("number is too large", position)

    def _factor(self, depth: int) -> Linear:
        if depth > MAX_DEPTH:
            self._refuse("too many brackets inside each other", self._peek()[2], expected=f"{MAX_DEPTH}")
        kind, text, position = self._peek()
        if self._take("("):
            made = self._sum(depth + 1)
            if not self._take(")"):
                self._refuse("bracket is not closed", position, expected=")")
            return made
        self.at += kind != "end"
        if kind == "number":
            number = float(text)
            if not math.isfinite(number):
                self._refuse("number is too large", position, text)
            return Linear(number, {})
        if kind in ("name", "quoted"):
            return self._named(text, position)
        self._refuse(
            "constraint cannot be read",
            position,
            "the end" if kind == "end" else text,
            "a number, a parameter, a column of the table or a bracket",
        )

    def _named(self, name: str, position: int) -> Linear:
        name = self.aliases.get(name, name)
        if name in self.parameters:
            if name in self.values:
                self._refuse("name is both a parameter and a column of the table", position, name)
            return Linear(0.0, {name: 1.0})
        if name in self.values:
            value = float(self.values[name])
            if not math.isfinite(value):
                self._refuse("table has no number here", position, f"{name} = {value}")
            return Linear(value, {})
        self._refuse(
            "name is neither a parameter that symmetry leaves free nor a number of the sample's table",
            position,
            name,
            advice=nearest(name, [*self.parameters, *self.values, *self.aliases]),
        )


def parse_constraint(
    text: str,
    parameters: Iterable[str],
    values: Mapping[str, float] | None = None,
    *,
    place: str = "constraint",
    aliases: Mapping[str, str] | None = None,
) -> list[Equation]:
    """Read one constraint as equations between parameters.

    Parameters
    ----------
    text
        The constraint, in the grammar of this module.
    parameters
        Names that stand for parameters.
    values
        Numbers by name (columns of the sample's table).
    place
        Where the text stands, for the message of an error.
    aliases
        Other names of parameters.

    Raises
    ------
    InputError
        With the character at which the text cannot be read, is not linear, or names what does not exist.
    """
    if not isinstance(text, str):
        raise InputError("constraint is not a text", place=place, found=text, expected='"left = right"')
    return _Parser(text, frozenset(parameters), values or {}, place, aliases).equations()


def parse_number(text: str, values: Mapping[str, float], *, place: str) -> float:
    """The number that an expression such as ``1 - x`` has with the numbers of the table.

    Raises
    ------
    InputError
        As :func:`parse_constraint`.
    """
    parser = _Parser(text, frozenset(), values, place)
    made, _ = parser._side()
    kind, rest, position = parser._peek()
    if kind != "end":
        parser._refuse("expression cannot be read", position, rest, "an operator or the end")
    return made.constant
