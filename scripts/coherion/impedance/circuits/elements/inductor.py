"""Inductor: Z = j w L.

L in H; in a spectrum of a pellet that of the leads (0.1 to 1 uH for half a metre).

Source: impedance.py 1.7.1, element L.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, Frequencies, inductance


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
    z = np.exp(x[0]) * f.j_omega
    slope[0] = z
    return z


KIND = ElementKind("L", "inductor", (inductance(),), impedance)
