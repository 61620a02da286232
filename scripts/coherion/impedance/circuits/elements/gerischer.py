"""Gerischer element: Z = R / sqrt(1 + j w t).

R in ohm, t in s: diffusion with a reaction beside it.

Source: Lu, Kreller and Adler, J. Electrochem. Soc. 156 (2009) B513; impedance.py 1.7.1, element G.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, Frequencies, resistance, time_constant


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
    j_omega_t = f.j_omega * np.exp(x[1])
    z = np.exp(x[0]) / np.sqrt(1 + j_omega_t)
    slope[0] = z
    slope[1] = -0.5 * z * j_omega_t / (1 + j_omega_t)
    return z


KIND = ElementKind(
    "G",
    "Gerischer element",
    (resistance(), time_constant("t")),
    impedance,
)
