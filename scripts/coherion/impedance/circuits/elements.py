"""Equivalent circuits: their impedance and its derivatives.

Elements and parameters are those of impedance.py 1.7.1 (angular frequency w = 2 pi f in rad/s):

======  ==========================  ===========================================
kind    parameters                  impedance in ohm
======  ==========================  ===========================================
R       R (ohm)                     R
C       C (F)                       1 / (j w C)
L       L (H)                       j w L
W       A (ohm s^-1/2)              A (1 - j) / sqrt(w)
CPE     Q (s^alpha/ohm), alpha      1 / (Q (j w)^alpha)
La      L (H), alpha                (j w L)^alpha
Wo      Z0 (ohm), tau (s)           Z0 coth(s) / s, s = sqrt(j w tau)
Ws      Z0 (ohm), tau (s)           Z0 tanh(s) / s, s = sqrt(j w tau)
G       R (ohm), t (s)              R / sqrt(1 + j w t)
Gs      R (ohm), t (s), phi         R / (u tanh(phi u)), u = sqrt(1 + j w t)
K       R (ohm), tau (s)            R / (1 + j w tau)
Zarc    R (ohm), tau (s), gamma     R / (1 + (j w tau)^gamma)
======  ==========================  ===========================================

Positive parameters are handled as natural logarithms, exponents as they are: in these coordinates one step length
suits 1e8 ohm and 1e-11 F alike, and no parameter can turn negative. "Coordinates" below means these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from coherion.impedance.circuits.grammar import Element, Node, Parallel, Series, elements, parse_circuit


@dataclass(frozen=True)
class Parameter:
    """A parameter of a circuit: its name (``R1``, ``CPE1_0``), unit, limits, and whether its logarithm is fitted."""

    name: str
    unit: str
    logarithmic: bool
    lower: float
    upper: float


class Frequencies:
    """Frequencies in Hz with the functions of them that the elements share."""

    def __init__(self, frequency: np.ndarray) -> None:
        self.frequency = np.asarray(frequency, dtype=float)
        self.omega = 2 * np.pi * self.frequency
        self.j_omega = 1j * self.omega
        self.ln_j_omega = np.log(self.omega) + 0.5j * np.pi
        self.warburg = (1 - 1j) / np.sqrt(self.omega)


# Each function fills ``slope`` (parameters x points) with dZ/d(coordinate) and returns Z. The coordinates are numbers,
# or columns of many sets; ``slope`` then has the sets in the middle.
_Formula = Callable[[Frequencies, Sequence[Any], np.ndarray], np.ndarray]


def _resistor(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    slope[0] = np.exp(x[0])
    return slope[0].copy()


def _capacitor(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    z = np.exp(-x[0]) / f.j_omega
    slope[0] = -z
    return z


def _inductor(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    z = np.exp(x[0]) * f.j_omega
    slope[0] = z
    return z


def _warburg(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    z = np.exp(x[0]) * f.warburg
    slope[0] = z
    return z


def _constant_phase(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    z = np.exp(-x[0] - x[1] * f.ln_j_omega)
    np.negative(z, out=slope[0])
    np.multiply(slope[0], f.ln_j_omega, out=slope[1])
    return z


def _modified_inductor(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    ln_base = x[0] + f.ln_j_omega
    z = np.exp(x[1] * ln_base)
    slope[0] = x[1] * z
    slope[1] = ln_base * z
    return z


def _open_warburg(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    s = np.sqrt(f.j_omega * np.exp(x[1]))
    coth = 1 / np.tanh(s)
    z = np.exp(x[0]) * coth / s
    slope[0] = z
    # d ln Z / d ln s = -1 - s (coth^2 - 1) / coth, and ln s moves half as fast as ln tau.
    slope[1] = 0.5 * z * (-1 - s * (coth - 1 / coth))
    return z


def _short_warburg(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    s = np.sqrt(f.j_omega * np.exp(x[1]))
    tanh = np.tanh(s)
    z = np.exp(x[0]) * tanh / s
    slope[0] = z
    slope[1] = 0.5 * z * (-1 + s * (1 / tanh - tanh))
    return z


def _gerischer(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    j_omega_t = f.j_omega * np.exp(x[1])
    z = np.exp(x[0]) / np.sqrt(1 + j_omega_t)
    slope[0] = z
    slope[1] = -0.5 * z * j_omega_t / (1 + j_omega_t)
    return z


def _finite_gerischer(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    j_omega_t = f.j_omega * np.exp(x[1])
    u = np.sqrt(1 + j_omega_t)
    s = np.exp(x[2]) * u
    tanh = np.tanh(s)
    z = np.exp(x[0]) / (u * tanh)
    by_s = s * (1 / tanh - tanh)  # -d ln Z / d ln s through tanh
    slope[0] = z
    slope[1] = -0.5 * z * (1 + by_s) * j_omega_t / (1 + j_omega_t)
    slope[2] = -z * by_s
    return z


def _voigt(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    j_omega_t = f.j_omega * np.exp(x[1])
    z = np.exp(x[0]) / (1 + j_omega_t)
    slope[0] = z
    slope[1] = -z * j_omega_t / (1 + j_omega_t)
    return z


def _zarc(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    ln_base = x[1] + f.ln_j_omega
    power = np.exp(x[2] * ln_base)
    z = np.exp(x[0]) / (1 + power)
    by_exponent = -z * power / (1 + power)
    slope[0] = z
    slope[1] = x[2] * by_exponent
    slope[2] = ln_base * by_exponent
    return z


_OHM = ("ohm", True, 1e-9, 1e18)
_SECOND = ("s", True, 1e-18, 1e18)
_EXPONENT = ("1", False, 0.0, 1.0)

ELEMENTS: dict[str, tuple[_Formula, tuple[tuple[str, bool, float, float], ...]]] = {
    "R": (_resistor, (_OHM,)),
    "C": (_capacitor, (("F", True, 1e-20, 1e6),)),
    "L": (_inductor, (("H", True, 1e-18, 1e9),)),
    "W": (_warburg, (("ohm s^-1/2", True, 1e-9, 1e18),)),
    "CPE": (_constant_phase, (("s^alpha/ohm", True, 1e-20, 1e6), _EXPONENT)),
    "La": (_modified_inductor, (("H", True, 1e-18, 1e9), _EXPONENT)),
    "Wo": (_open_warburg, (_OHM, _SECOND)),
    "Ws": (_short_warburg, (_OHM, _SECOND)),
    "G": (_gerischer, (_OHM, _SECOND)),
    "Gs": (_finite_gerischer, (_OHM, _SECOND, ("1", True, 1e-6, 1e6))),
    "K": (_voigt, (_OHM, _SECOND)),
    "Zarc": (_zarc, (_OHM, _SECOND, _EXPONENT)),
}


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
        formula, kinds = ELEMENTS[node.kind]
        stop = start + len(kinds)
        return formula(frequencies, x[start:stop], slope[start:stop]), stop
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
        kinds = ELEMENTS[element.kind][1]
        for i, (unit, logarithmic, lower, upper) in enumerate(kinds):
            name = element.name if len(kinds) == 1 else f"{element.name}_{i}"
            parameters.append(Parameter(name, unit, logarithmic, lower, upper))
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
