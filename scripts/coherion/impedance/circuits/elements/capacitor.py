"""Capacitor: Z = 1 / (j w C).

C in F; w = 2 pi f in rad/s.

Source: impedance.py 1.7.1, element C.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, ElementParameter, Frequencies


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
    z = np.exp(-x[0]) / f.j_omega
    slope[0] = -z
    return z


KIND = ElementKind("C", "capacitor", (ElementParameter("C", "F", 1e-20, 1e6),), impedance, blocking=True)
