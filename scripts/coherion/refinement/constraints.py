"""Linear constraints between parameters: a small grammar of our own, and the linear map it leads to.

A constraint is a text such as ``Na1.occupancy = 3 - x - 2*Na2.occupancy``: linear in the parameters, where any other
name (here ``x``) stands for a number of the sample's row in the table of samples. The text is read by the tokenizer
below; nothing in it is ever evaluated as code.

    constraint = sum, { "=", sum } ;            a = b = c is two equations
    sum        = [ sign ], product, { sign, product } ;
    product    = factor, { ( "*" | "/" | nothing after a number ), factor } ;
    factor     = number | name | '"', name, '"' | "(", sum, ")" ;
    name       = letter or "_", then letters, digits, "_", "'", ".", ":" ;

Together the equations make the affine map p = p0 + A z from the independent parameters z to all parameters p. The
name that stands alone on the left of ``=`` becomes the dependent one, as in an assignment.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

import numpy as np

from coherion.errors import InputError

MAX_LENGTH = 500
MAX_DEPTH = 20
MAX_CONSTRAINTS = 500
# Coefficients of crystallographic constraints are small fractions: what is left of one after elimination at this
# level is rounding.
TOLERANCE = 1e-9

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


def nearest(name: str, known: Iterable[str]) -> str | None:
    """A sentence that offers the names most like ``name``, or None."""
    import difflib

    close = difflib.get_close_matches(name, sorted(known), n=3)
    return f"did you mean {', '.join(close)}?" if close else None


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


@dataclass(frozen=True)
class ParameterMap:
    """All parameters p as p0 + A z of the independent ones z.

    Attributes
    ----------
    parameters
        Names of p, length n.
    free
        Names of z, length m: parameters whose value is the z itself.
    offset, matrix
        p0, shape (n,), and A, shape (n, m), each row in the parameter's own unit.
    lower, upper
        Bounds of z, shape (m,), with those of dependent parameters carried over.
    coupled
        Bounded parameters that depend on several z, as (name, lower, upper): a box on z cannot hold them, so
        they are checked after the fit.
    """

    parameters: tuple[str, ...]
    free: tuple[str, ...]
    offset: np.ndarray
    matrix: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    coupled: tuple[tuple[str, float, float], ...] = ()

    def values(self, z: np.ndarray) -> np.ndarray:
        """p of shape (n,) at z of shape (m,)."""
        return self.offset + self.matrix @ z

    def covariance(self, covariance_z: np.ndarray) -> np.ndarray:
        """A C A^T, shape (n, n), from the covariance of z, shape (m, m)."""
        return self.matrix @ covariance_z @ self.matrix.T

    def outside(self, z: np.ndarray) -> list[tuple[str, float, float, float]]:
        """Coupled parameters that are out of their bounds at z: (name, value, lower, upper)."""
        p = dict(zip(self.parameters, self.values(z), strict=True))
        slack = 1e-8
        return [
            (name, p[name], low, high) for name, low, high in self.coupled if not low - slack <= p[name] <= high + slack
        ]

    def part(self, names: Iterable[str], z: np.ndarray) -> tuple[ParameterMap, np.ndarray]:
        """The map in which only some of z are free, the others held at ``z``, and the positions of those kept.

        A name in ``names`` that is dependent frees the z it depends on.
        """
        wanted = set(names)
        touched = [
            j
            for j, name in enumerate(self.free)
            if name in wanted
            or any(p in wanted for p, row in zip(self.parameters, self.matrix, strict=True) if row[j] != 0)
        ]
        kept = np.array(touched, dtype=int)
        held = np.setdiff1d(np.arange(len(self.free)), kept)
        return (
            ParameterMap(
                self.parameters,
                tuple(self.free[j] for j in kept),
                self.offset + self.matrix[:, held] @ z[held],
                self.matrix[:, kept],
                self.lower[kept],
                self.upper[kept],
                self.coupled,
            ),
            kept,
        )


def linear_map(
    parameters: Sequence[str],
    start: Mapping[str, float],
    *,
    free: Iterable[str],
    equations: Sequence[Equation] = (),
    fixed: Mapping[str, float] | None = None,
    bounds: Mapping[str, tuple[float, float]] | None = None,
    place: str = "constraints",
) -> ParameterMap:
    """The map p = p0 + A z that fixed values, equations and bounds leave.

    Parameters
    ----------
    parameters
        All names, in the order of p.
    start
        A value for each, in its own unit.
    free
        Names to refine; what is not named, and not tied to a named one by an equation, stays at its start.
    equations
        From :func:`parse_constraint`.
    fixed
        Values that hold, by name.
    bounds
        (lower, upper) by name.

    Raises
    ------
    InputError
        If equations contradict each other, the fixed values or the bounds; the text says which.
    """
    fixed, bounds, wanted = dict(fixed or {}), dict(bounds or {}), set(free)
    if len(equations) > MAX_CONSTRAINTS:
        raise InputError(
            "too many constraints", place=place, found=len(equations), expected=f"at most {MAX_CONSTRAINTS}"
        )
    held = [Equation(Linear(-v, {n: 1.0}), n, f"{n} fixed at {v:.10g}") for n, v in fixed.items()]
    rows = _eliminate([*held, *equations], place)
    order = {name: i for i, name in enumerate(parameters)}
    independent = [n for n in parameters if n not in rows]
    used = {n for name, (linear, _) in rows.items() if name in wanted for n in linear.coefficients}
    names = [n for n in independent if n in wanted or n in used]
    offset = np.array([float(start[n]) for n in parameters])
    matrix = np.zeros((len(parameters), len(names)))
    for j, name in enumerate(names):
        offset[order[name]] = 0.0
        matrix[order[name], j] = 1.0
    column = {name: j for j, name in enumerate(names)}
    for name, (linear, _) in rows.items():
        i = order[name]
        offset[i] = linear.constant
        for other, coefficient in linear.coefficients.items():
            if other in column:
                matrix[i, column[other]] = coefficient
            else:
                offset[i] += coefficient * float(start[other])
    texts = {name: " and ".join(f'"{t}"' for t in sorted(used)) for name, (_, used) in rows.items()}
    lower, upper, coupled = _box(parameters, names, offset, matrix, bounds, texts, place)
    return ParameterMap(tuple(parameters), tuple(names), offset, matrix, lower, upper, coupled)


def _eliminate(equations: Sequence[Equation], place: str) -> dict[str, tuple[Linear, frozenset[str]]]:
    """Each dependent name as a Linear of independent ones, with the texts it came from (Gauss-Jordan)."""
    rows: dict[str, tuple[Linear, frozenset[str]]] = {}
    for equation in equations:
        linear, texts = equation.linear, frozenset([equation.text])
        size = max([abs(c) for c in linear.coefficients.values()] + [abs(linear.constant), 1e-300])
        for name in list(linear.coefficients):
            if name in rows:
                factor = linear.coefficients[name]
                known, sources = rows[name]
                linear = linear.plus(Linear(0.0, {name: 1.0}), -factor).plus(known, factor)
                texts |= sources
        left = {n: c for n, c in linear.coefficients.items() if abs(c) > TOLERANCE * size}
        if not left:
            if abs(linear.constant) > TOLERANCE * max(size, 1.0):
                raise InputError(
                    "constraints contradict each other and cannot be met",
                    place=place,
                    found=" and ".join(f'"{t}"' for t in sorted(texts)),
                    advice="remove one of them",
                )
            continue
        pivot = equation.defines if equation.defines in left else max(left, key=lambda n: abs(left[n]))
        scale = -1.0 / left[pivot]
        solved = Linear(linear.constant * scale, {n: c * scale for n, c in left.items() if n != pivot})
        for name, (known, sources) in list(rows.items()):
            factor = known.coefficients.get(pivot, 0.0)
            if factor:
                rest = Linear(known.constant, {n: c for n, c in known.coefficients.items() if n != pivot})
                rows[name] = (rest.plus(solved, factor), sources | texts)
        rows[pivot] = (solved, texts)
    return rows


def _box(parameters, names, offset, matrix, bounds, texts, place):
    """Bounds of z from those of p, and the bounded p that depend on several z."""
    lower, upper = np.full(len(names), -np.inf), np.full(len(names), np.inf)
    coupled = []

    def refuse(name, found):
        low, high = bounds[name]
        raise InputError(
            f"bounds of {name} cannot be met",
            place=place,
            found=found,
            expected=f"{name} between {low:.6g} and {high:.6g}",
            advice="change the bounds, the constraint or the table's number",
        )

    for i, name in enumerate(parameters):
        if name not in bounds:
            continue
        low, high = bounds[name]
        if not low <= high:
            raise InputError("bounds are the wrong way round", place=f"bounds.{name}", found=f"[{low}, {high}]")
        active = np.flatnonzero(matrix[i])
        reason = texts.get(name, "its starting value")
        if len(active) == 0:
            if not low - TOLERANCE <= offset[i] <= high + TOLERANCE:
                refuse(name, f"{offset[i]:.6g} from {reason}")
        elif len(active) == 1:
            (j,) = active
            ends = sorted(((low - offset[i]) / matrix[i, j], (high - offset[i]) / matrix[i, j]))
            lower[j], upper[j] = max(lower[j], ends[0]), min(upper[j], ends[1])
            if lower[j] > upper[j]:
                refuse(name, f"{reason} and the bounds of {names[j]} leave no value")
        else:
            coupled.append((name, float(low), float(high)))
    if coupled:
        _feasible(parameters, offset, matrix, lower, upper, coupled, place)
    return lower, upper, tuple(coupled)


def _feasible(parameters, offset, matrix, lower, upper, coupled, place):
    from scipy.optimize import linprog

    index = [parameters.index(name) for name, _, _ in coupled]
    low = np.array([b[1] for b in coupled]) - offset[index]
    high = np.array([b[2] for b in coupled]) - offset[index]
    rows = np.vstack([matrix[index], -matrix[index]])
    limits = np.concatenate([high, -low])
    finite = np.isfinite(limits)
    if not finite.any():
        return
    box = [
        (low if np.isfinite(low) else None, high if np.isfinite(high) else None)
        for low, high in zip(lower, upper, strict=True)
    ]
    found = linprog(np.zeros(matrix.shape[1]), A_ub=rows[finite], b_ub=limits[finite], bounds=box)
    if found.status == 2:
        raise InputError(
            "constraints and bounds cannot be met together",
            place=place,
            found=", ".join(f"{n} in [{a:.6g}, {b:.6g}]" for n, a, b in coupled),
            advice="change a bound or a constraint",
        )
