"""Voigt element, a resistor parallel to a capacitor: Z = R / (1 + j w tau).

R in ohm, tau = R C in s; the element of the linear Kramers-Kronig test.

Source: Boukamp, J. Electrochem. Soc. 142 (1995) 1885; impedance.py 1.7.1, element K.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, Frequencies, resistance, time_constant


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
    j_omega_t = f.j_omega * np.exp(x[1])
    z = np.exp(x[0]) / (1 + j_omega_t)
    slope[0] = z
    slope[1] = -z * j_omega_t / (1 + j_omega_t)
    return z


KIND = ElementKind(
    "K",
    "Voigt element",
    (resistance(), time_constant()),
    impedance,
)
