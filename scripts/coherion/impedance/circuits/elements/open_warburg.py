"""Finite-space (open) Warburg element: Z = Z0 coth(s) / s, s = sqrt(j w tau).

Z0 in ohm, tau = l^2 / D in s: diffusion over a length l to a wall that lets nothing through, so that it blocks at low
frequency, as a capacitor tau / Z0 behind a resistor Z0 / 3.

Source: Franceschetti and Macdonald, J. Electroanal. Chem. 101 (1979) 307; impedance.py 1.7.1, element Wo.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, Frequencies, resistance, time_constant


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
    s = np.sqrt(f.j_omega * np.exp(x[1]))
    coth = 1 / np.tanh(s)
    z = np.exp(x[0]) * coth / s
    slope[0] = z
    # d ln Z / d ln s = -1 - s (coth^2 - 1) / coth, and ln s moves half as fast as ln tau.
    slope[1] = 0.5 * z * (-1 - s * (coth - 1 / coth))
    return z


KIND = ElementKind(
    "Wo",
    "finite-space Warburg element",
    (resistance("Z0"), time_constant()),
    impedance,
    blocking=True,
)
