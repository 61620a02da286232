"""Finite-length Gerischer element: Z = R / (u tanh(phi u)), u = sqrt(1 + j w t).

R in ohm, t in s, phi (1) the length in units of that over which the reaction reaches.

Source: Green, Liu and Adler, Solid State Ionics 179 (2008) 647; impedance.py 1.7.1, element Gs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, ElementParameter, Frequencies, resistance, time_constant


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
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


KIND = ElementKind(
    "Gs",
    "finite-length Gerischer element",
    (
        resistance(),
        time_constant("t"),
        ElementParameter("phi", "1", 1e-6, 1e6),
    ),
    impedance,
)
