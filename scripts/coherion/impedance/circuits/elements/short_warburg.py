"""Finite-length (short) Warburg element: Z = Z0 tanh(s) / s, s = sqrt(j w tau).

Z0 in ohm, its resistance to direct current; tau = l^2 / D in s: diffusion over a length l to a place where the
concentration is held.

Source: Franceschetti and Macdonald, J. Electroanal. Chem. 101 (1979) 307; impedance.py 1.7.1, element Ws.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, Frequencies, resistance, time_constant


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
    s = np.sqrt(f.j_omega * np.exp(x[1]))
    tanh = np.tanh(s)
    z = np.exp(x[0]) * tanh / s
    slope[0] = z
    slope[1] = 0.5 * z * (-1 + s * (1 / tanh - tanh))
    return z


KIND = ElementKind(
    "Ws",
    "finite-length Warburg element",
    (resistance("Z0"), time_constant()),
    impedance,
)
