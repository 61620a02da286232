"""Resistor: Z = R.

R in ohm, the real impedance of conduction without storage of charge.

Source: Ohm's law; impedance.py 1.7.1, element R.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, Frequencies, resistance


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
    slope[0] = np.exp(x[0])
    return slope[0].copy()


KIND = ElementKind("R", "resistor", (resistance(),), impedance)
