"""Alerts on a refined structure whose atoms are not those that the table of samples states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coherion.atoms.composition import parse_formula
from coherion.errors import InputError
from coherion.quality.alert import Alert
from coherion.settings.stages.quality import QualitySettings


def alerts_of_composition(stated: str, refined: Mapping[str, float], settings: QualitySettings) -> Iterator[Alert]:
    """Occupancies that refined to another composition than the table's: another sample, or what they make up for.

    Parameters
    ----------
    stated
        Formula of the sample.
    refined
        Atoms of each element in the refined cell.
    """
    try:
        formula = parse_formula(stated)
    except InputError:
        return
    if set(formula) != set(refined):
        return  # told before anything is computed
    atoms, cell = sum(formula.values()), sum(refined.values())
    # In atoms of the formula, with as many atoms in all.
    found = {element: refined[element] * atoms / cell for element in formula}
    off = {element: (found[element] - formula[element]) / atoms for element in formula}
    worst = max(off, key=lambda element: abs(off[element]))
    if abs(off[worst]) > settings.composition_difference:
        numbers = ", ".join(f"{element} {found[element]:.2f} for {formula[element]:g}" for element in formula)
        yield Alert(
            "B",
            "composition",
            off[worst],
            "1",
            settings.composition_difference,
            f"{worst} occupancy",
            f"the refined occupancies make {worst} {found[worst]:.2f} where {stated} states {formula[worst]:g} "
            f"({numbers})",
            "check that scan, composition and background are this sample's, and what else the occupancies make up for",
        )
