"""Semi-infinite Warburg element: Z = A (1 - j) / sqrt(w).

A in ohm s^-1/2: diffusion into a space without end.

Source: Warburg, Ann. Phys. Chem. 67 (1899) 493; impedance.py 1.7.1, element W.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, ElementParameter, Frequencies


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
    z = np.exp(x[0]) * f.warburg
    slope[0] = z
    return z


KIND = ElementKind("W", "Warburg element", (ElementParameter("A", "ohm s^-1/2", 1e-9, 1e18),), impedance, blocking=True)
