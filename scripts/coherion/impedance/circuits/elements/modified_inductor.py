"""Modified inductor: Z = (j w L)^alpha.

L in H (exactly so only for alpha = 1), alpha from 0 to 1; leads and windings whose loss grows with frequency.

Source: BioLogic, EC-Lab application note 42 (2019), in the form that impedance.py 1.7.1 computes for its element La
(its documentation writes L (j w)^alpha, its code raises L too).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from coherion.impedance.circuits.element import ElementKind, Frequencies, exponent, inductance


def impedance(f: Frequencies, x: Sequence[Any], slope: np.ndarray) -> np.ndarray:
    """Z and its derivatives by the coordinates."""
    ln_base = x[0] + f.ln_j_omega
    z = np.exp(x[1] * ln_base)
    slope[0] = x[1] * z
    slope[1] = ln_base * z
    return z


KIND = ElementKind(
    "La",
    "modified inductor",
    (inductance(), exponent()),
    impedance,
)
