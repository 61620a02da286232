"""Constant phase element: Z = 1 / (Q (j w)^alpha).

Q in s^alpha/ohm, alpha from 0 (a resistor) to 1 (a capacitor); 0.5 is a Warburg element.

Source: Brug, van den Eeden, Sluyters-Rehbach and Sluyters, J. Electroanal. Chem. 176 (1984) 275; impedance.py 1.7.1,
element CPE.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, ElementParameter, Frequencies, exponent


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
    z = np.exp(-x[0] - x[1] * f.ln_j_omega)
    np.negative(z, out=slope[0])
    np.multiply(slope[0], f.ln_j_omega, out=slope[1])
    return z


KIND = ElementKind(
    "CPE",
    "constant phase element",
    (ElementParameter("Q", "s^alpha/ohm", 1e-20, 1e6), exponent()),
    impedance,
    blocking=True,
)
