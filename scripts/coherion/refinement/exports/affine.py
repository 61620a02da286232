"""What of a refined structure follows from which variable: numbers of atoms as constant plus multiples of variables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from coherion.crystal.crystal import Crystal
from coherion.crystal.propagation import jacobian
from coherion.refinement.parameters import parse
from coherion.refinement.steps.refined import Refined

# Coefficients are small fractions, or cosines of a cell's angles; what is below this is rounding.
TOLERANCE = 1e-7


@dataclass(frozen=True)
class Affine:
    """A number of a structure.

    value
        As refined.
    terms
        Coefficient by variable; empty for a number that no variable moves.
    """

    value: float
    terms: dict[str, float]

    def constant(self, values: dict[str, float]) -> float:
        """What is left without the variables, whose refined values are given."""
        return round(self.value - sum(factor * values[name] for name, factor in self.terms.items()), 10)


def variables_of(found: Refined) -> dict[str, float]:
    """The variables that the last stage moved, with their refined values."""
    map_ = found.result.map
    return dict(zip(map_.variables, map_.variables_at(found.result.values).tolist(), strict=True))


def of_parameter(found: Refined, name: str) -> Affine:
    """A parameter of the model in the variables of the last stage."""
    map_ = found.result.map
    terms = {}
    if name in map_.parameters:
        row = map_.matrix[map_.parameters.index(name)]
        terms = {v: float(c) for v, c in zip(map_.variables, row, strict=True) if abs(c) > TOLERANCE}
    return Affine(float(found.result.values[name]), terms)


def of_crystal(
    found: Refined, crystal: Crystal, prefix: str, numbers: Callable[[Crystal], np.ndarray], kind: str
) -> list[Affine]:
    """Numbers that a function makes of a refined phase, in the variables that belong to parameters of one kind.

    Parameters
    ----------
    crystal, prefix
        A phase with its refined values, and what stands before the names of its parameters.
    numbers
        Linear in the parameters of that kind.
    kind
        Of :class:`coherion.refinement.parameters.Symbol`.
    """
    names = [name for name in crystal.parameters if parse(name).meaning.kind == kind]
    values = numbers(crystal)
    if not names:
        return [Affine(float(value), {}) for value in values]
    slopes = jacobian(numbers, crystal, names)
    own = [of_parameter(found, prefix + name).terms for name in names]
    made = []
    for value, row in zip(values, slopes, strict=True):
        terms: dict[str, float] = {}
        for slope, parts in zip(row, own, strict=True):
            for variable, factor in parts.items():
                terms[variable] = terms.get(variable, 0.0) + float(slope) * factor
        # Differences leave some 1e-11 on what are whole numbers and fractions.
        made.append(Affine(float(value), {v: round(c, 9) for v, c in terms.items() if abs(c) > TOLERANCE}))
    return made
