"""Depressed arc: Z = R / (1 + (j w tau)^gamma).

R in ohm, tau in s, gamma from 0 to 1: a resistor parallel to a constant phase element, tau = (R Q)^(1/gamma).

Source: Cole and Cole, J. Chem. Phys. 9 (1941) 341; impedance.py 1.7.1, element Zarc.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, Frequencies, exponent, resistance, time_constant


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
    ln_base = x[1] + f.ln_j_omega
    power = np.exp(x[2] * ln_base)
    z = np.exp(x[0]) / (1 + power)
    by_exponent = -z * power / (1 + power)
    slope[0] = z
    slope[1] = x[2] * by_exponent
    slope[2] = ln_base * by_exponent
    return z


KIND = ElementKind(
    "Zarc",
    "depressed arc",
    (
        resistance(),
        time_constant(),
        exponent("gamma"),
    ),
    impedance,
)
