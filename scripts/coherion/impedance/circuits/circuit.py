"""Equivalent circuits: their impedance and its derivatives, made of the elements by the grammar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import Frequencies
from coherion.impedance.circuits.elements import ELEMENTS
from coherion.impedance.circuits.grammar import Element, Node, Parallel, Series, elements, parse_circuit


@dataclass(frozen=True)
class Parameter:
    """A parameter of a circuit: its name (``R1``, ``CPE1_0``), unit, limits, and whether its logarithm is fitted."""

    name: str
    unit: str
    logarithmic: bool
    lower: float
    upper: float


@dataclass(frozen=True)
class Circuit:
    """An equivalent circuit; make it with :func:`circuit`."""

    text: str
    tree: Node
    parameters: tuple[Parameter, ...]
    first: Mapping[str, int]
    """Index of the first parameter of each element."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, as impedance.py gives them."""
        return tuple(p.name for p in self.parameters)

    @property
    def logarithmic(self) -> np.ndarray:
        """True where the coordinate is the logarithm of the value."""
        return np.array([p.logarithmic for p in self.parameters])

    def coordinates(self, values: np.ndarray) -> np.ndarray:
        """Coordinates (logarithms of positive parameters) of values in their units."""
        x = np.array(values, dtype=float)
        mask = self.logarithmic
        x[mask] = np.log(x[mask])
        return x

    def values(self, coordinates: np.ndarray) -> np.ndarray:
        """Values in their units, from coordinates."""
        v = np.array(coordinates, dtype=float)
        mask = self.logarithmic
        v[mask] = np.exp(v[mask])
        return v

    def impedance(self, frequency: np.ndarray, values: np.ndarray) -> np.ndarray:
        """Complex impedance in ohm at frequencies in Hz, for parameter values in their units."""
        return self.evaluate(Frequencies(frequency), self.coordinates(values))[0]

    def evaluate(self, frequencies: Frequencies, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Impedance (points) and its derivatives by the coordinates (parameters x points), both in ohm."""
        slope = np.empty((len(self.parameters), frequencies.omega.size), dtype=complex)
        impedance, _ = _evaluate(self.tree, frequencies, [float(c) for c in coordinates], slope, 0)
        return impedance, slope

    def evaluate_many(self, frequencies: Frequencies, coordinates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The same for many sets of coordinates (sets x parameters) at once.

        Impedances (sets x points) and derivatives (parameters x sets x points), both in ohm.
        """
        shape = (len(self.parameters), len(coordinates), frequencies.omega.size)
        slope = np.empty(shape, dtype=complex)
        impedance, _ = _evaluate(self.tree, frequencies, list(coordinates.T[:, :, None]), slope, 0)
        return impedance, slope


def _evaluate(
    node: Node, frequencies: Frequencies, x: Sequence[Any], slope: np.ndarray, start: int
) -> tuple[np.ndarray, int]:
    """Impedance of a branch whose parameters begin at ``start``, and where the next branch's begin."""
    if isinstance(node, Element):
        kind = ELEMENTS[node.kind]
        stop = start + len(kind.parameters)
        return kind.formula(frequencies, x[start:stop], slope[start:stop]), stop
    branches = []
    at = start
    for part in node.parts:
        z, stop = _evaluate(part, frequencies, x, slope, at)
        branches.append((z, at, stop))
        at = stop
    if isinstance(node, Series):
        return sum((z for z, _, _ in branches[1:]), branches[0][0]), at
    total = 1 / sum((1 / z for z, _, _ in branches[1:]), 1 / branches[0][0])
    for z, begin, end in branches:
        slope[begin:end] *= (total / z) ** 2
    return total, at


@lru_cache(maxsize=256)
def circuit(text: str) -> Circuit:
    """The circuit that a text in impedance.py's notation describes.

    Raises
    ------
    InputError
        If the text cannot be read.
    """
    tree = parse_circuit(text, ELEMENTS)
    parameters: list[Parameter] = []
    first = {}
    for element in elements(tree):
        first[element.name] = len(parameters)
        own = ELEMENTS[element.kind].parameters
        for i, p in enumerate(own):
            name = element.name if len(own) == 1 else f"{element.name}_{i}"
            parameters.append(Parameter(name, p.unit, p.logarithmic, p.lower, p.upper))
    return Circuit(str(tree), tree, tuple(parameters), first)


@dataclass(frozen=True)
class Arc:
    """A resistor parallel to a capacitor or constant phase element, in series with the rest of the circuit."""

    resistance: str
    capacitive: str
    kind: str
    r: int
    """Index of the resistance among the circuit's parameters; C or Q and alpha follow from ``q``."""
    q: int

    @property
    def indices(self) -> tuple[int, ...]:
        """Indices of R, then C or Q and alpha."""
        return (self.r, self.q) if self.kind == "C" else (self.r, self.q, self.q + 1)


def arcs(model: Circuit) -> tuple[Arc, ...]:
    """The arcs of a circuit in the order of its text: every ``p(R,CPE)`` or ``p(R,C)`` anywhere in it."""
    found = []

    def visit(node: Node) -> None:
        if isinstance(node, Element):
            return
        if isinstance(node, Parallel) and len(node.parts) == 2:
            a, b = node.parts
            if isinstance(a, Element) and isinstance(b, Element):
                if b.kind == "R":
                    a, b = b, a
                if a.kind == "R" and b.kind in ("C", "CPE"):
                    found.append(Arc(a.name, b.name, b.kind, model.first[a.name], model.first[b.name]))
        for part in node.parts:
            visit(part)

    visit(model.tree)
    return tuple(found)
