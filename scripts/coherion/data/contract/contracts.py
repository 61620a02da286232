"""All contracts, by the command whose output they describe."""

from __future__ import annotations

from collections.abc import Mapping

from coherion.data.contract.correlation import CORRELATION
from coherion.data.contract.declared import Contract
from coherion.data.contract.diffraction import GEOMETRY, REDUCTION, REFINEMENT, REFLECTION_WIDTHS, SCAN, SIDE_PHASE
from coherion.data.contract.impedance import ARRHENIUS, CIRCUITS, SPECTRA, VALIDATION

CONTRACTS: Mapping[str, Contract] = {
    one.command: one
    for one in (
        *(SCAN, REDUCTION, REFINEMENT, GEOMETRY, SIDE_PHASE, REFLECTION_WIDTHS),
        *(SPECTRA, VALIDATION, CIRCUITS, ARRHENIUS, CORRELATION),
    )
}
