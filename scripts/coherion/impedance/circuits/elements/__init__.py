"""The elements of a circuit, one a file: equation, parameters with units and limits, source.

Symbols, parameters and equations are those of impedance.py 1.7.1. A new element is a new file here and a name below.
"""

from __future__ import annotations

from coherion.impedance.circuits.element import ElementKind
from coherion.impedance.circuits.elements import (
    capacitor,
    constant_phase,
    finite_gerischer,
    gerischer,
    inductor,
    modified_inductor,
    open_warburg,
    resistor,
    short_warburg,
    voigt,
    warburg,
    zarc,
)

ELEMENTS: dict[str, ElementKind] = {
    module.KIND.symbol: module.KIND
    for module in (
        resistor,
        capacitor,
        inductor,
        warburg,
        constant_phase,
        modified_inductor,
        open_warburg,
        short_warburg,
        gerischer,
        finite_gerischer,
        voigt,
        zarc,
    )
}
"""Every kind of element by its symbol."""
