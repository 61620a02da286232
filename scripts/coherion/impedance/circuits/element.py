"""What an element of an equivalent circuit is: its symbol, its parameters with units and limits, its impedance.

Positive parameters are handled as natural logarithms, exponents as they are: in these coordinates one step length
suits 1e8 ohm and 1e-11 F alike, and no parameter can turn negative. "Coordinates" means these everywhere in this room.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


class Frequencies:
    """Frequencies in Hz with the functions of them that the elements share."""

    def __init__(self, frequency: np.ndarray) -> None:
        self.frequency = np.asarray(frequency, dtype=float)
        self.omega = 2 * np.pi * self.frequency
        self.j_omega = 1j * self.omega
        self.ln_j_omega = np.log(self.omega) + 0.5j * np.pi
        self.warburg = (1 - 1j) / np.sqrt(self.omega)


Formula = Callable[[Frequencies, Sequence[Any], np.ndarray], np.ndarray]
"""Fills ``slope`` (parameters x points) with dZ/d(coordinate) and returns Z, both in ohm.

The coordinates are numbers, or columns of many sets; ``slope`` then has the sets in the middle.
"""


@dataclass(frozen=True)
class ElementParameter:
    """A parameter of a kind of element: its symbol, unit, limits, and whether its logarithm is fitted."""

    symbol: str
    unit: str
    lower: float
    upper: float
    logarithmic: bool = True


@dataclass(frozen=True)
class ElementKind:
    """A kind of element of a circuit, such as the constant phase element."""

    symbol: str
    """As the notation of circuits writes it; impedance.py's."""
    name: str
    parameters: tuple[ElementParameter, ...]
    formula: Formula
    blocking: bool = False
    """Whether its impedance grows without limit towards low frequencies, so that it passes no direct current."""


def resistance(symbol: str = "R") -> ElementParameter:
    """A resistance in ohm."""
    return ElementParameter(symbol, "ohm", 1e-9, 1e18)


def time_constant(symbol: str = "tau") -> ElementParameter:
    """A time constant in s."""
    return ElementParameter(symbol, "s", 1e-18, 1e18)


def inductance() -> ElementParameter:
    """An inductance in H."""
    return ElementParameter("L", "H", 1e-18, 1e9)


def exponent(symbol: str = "alpha") -> ElementParameter:
    """An exponent from 0 to 1."""
    return ElementParameter(symbol, "1", 0.0, 1.0, logarithmic=False)
