"""What the tables say of one sample, held against physics."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from coherion import messages
from coherion.errors import InputError
from coherion.inputs.plausibility import (
    warn_if_charged,
    warn_if_kelvin,
    warn_if_no_pellet,
    warn_if_not_packed,
    warn_if_other_atoms,
    warn_if_other_density,
    warn_if_other_x,
    warn_if_uncertain,
)

_OCCUPANCY = re.compile(r"[A-Za-z][A-Za-z0-9_*]*\.occupancy(?:\.[A-Za-z*]+)?")


def warn_of_sample(
    row: Mapping[str, Any],
    spectra: Sequence[Mapping[str, Any]],
    structures: Sequence[str | os.PathLike[str]] = (),
    refined: Sequence[str] = (),
) -> None:
    """Warn of everything in a sample's rows that cannot be true.

    Parameters
    ----------
    row
        The sample's row of the table of samples.
    spectra
        Its rows of the table of spectra.
    structures
        Files of its starting structures; one that cannot be read is passed over, the refinement refuses it.
    refined
        Patterns of the parameters that the refinement may change.
    """
    sample = row["sample"]
    warn_if_no_pellet(sample, row)
    warn_if_not_packed(sample, row)
    warn_if_uncertain(sample, row, spectra)
    warn_if_other_x(sample, row)
    warn_if_kelvin(sample, [one["temperature_C"] for one in spectra if "temperature_C" in one])
    warn_if_kelvin(sample, [row["annealing_C"]] if "annealing_C" in row else [], "annealing_C")
    if "composition" not in row:
        return
    try:
        warn_if_charged(sample, row["composition"])
    except InputError:
        return  # told where it stands
    if not structures:
        return
    from coherion.crystal.structure_files import read_structure

    crystals = {}
    try:
        with messages.collected():
            for file in structures:
                crystals[os.fspath(file)] = read_structure(file)
        warn_if_other_atoms(sample, row["composition"], crystals, refined)
    except InputError:
        return
    if "density_g_cm3" in row:
        warn_if_other_density(sample, row["density_g_cm3"], row["composition"], crystals)


def changed_occupancies(refinement: Mapping[str, Any]) -> list[str]:
    """Patterns of the occupancies that a refinement's settings free, start, fix or constrain."""
    stages = [stage.get("free", ()) if isinstance(stage, Mapping) else stage for stage in refinement["stages"]]
    texts = [pattern for free in stages for pattern in free]
    texts += [*refinement["fixed"], *refinement["start"], *refinement["constraints"]]
    if "occupancies" in texts:
        return ["*"]
    return sorted({name for text in texts for name in _OCCUPANCY.findall(text)} | _starred(texts))


def _starred(texts: Sequence[str]) -> set[str]:
    return {text for text in texts if text.startswith("*") and "occupancy" in text}
