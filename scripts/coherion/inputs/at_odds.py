"""What a refinement or its widths ask of a G(r) that is still to be reduced, and that G(r) will not have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from coherion.errors import InputError
from coherion.refinement.observed import SAME_QMAX, refuse_short


def asked_in_vain(
    reduction: Mapping[str, Any], recipe: Mapping[str, Any], ranges: Sequence[tuple[float, float]], place: str
) -> Iterator[str]:
    """All that a job would refuse when it reads the reduction of its sample, in words.

    Parameters
    ----------
    reduction, recipe
        Settings of one sample's reduction and of the refinement of its G(r), every default filled in.
    ranges
        First and last r of each fit, angstrom.
    place
        The key that these ranges stand under.
    """
    first, last, step, qmax = (reduction[key] for key in ("rmin", "rmax", "rstep", "qmax"))
    for low, high in ranges:
        outside = f"key {place}: {low:g} to {high:g} angstrom does not lie within G(r), which"
        if low < first - step:
            yield f"{outside} begins at reduction.rmin = {first:g}"
        if high > last + step:
            yield f"{outside} ends at reduction.rmax = {last:g}"
        if qmax is not None:
            try:
                refuse_short((low, high), qmax, f"key {place}")
            except InputError as problem:
                yield str(problem)
    stage = place.partition(".")[0]
    if None not in (recipe["qmax"], qmax) and abs(recipe["qmax"] - qmax) > SAME_QMAX:
        yield f"key {stage}.qmax: {recipe['qmax']:g} is not reduction.qmax = {qmax:g}; leave it out to take that"
    if recipe["radiation"] == "neutron":
        yield f"key {stage}.radiation: neutron, and scans are reduced as X-rays'; leave it out, or name a .gr file"
    if recipe["weights"] in ("sd", "covariance") and not reduction["covariance"]:
        yield (
            f"key {stage}.weights: {recipe['weights']}, and there is none with reduction.covariance: false; set "
            "weights to auto or unit"
        )


def widths_in_vain(reduction: Mapping[str, Any], q_range: Sequence[float], key: str) -> Iterator[str]:
    """The same of the range of Q (1/angstrom) whose reflections are described."""
    if reduction["qmax"] is not None and q_range[0] >= reduction["qmax"]:
        yield (
            f"key reflection_widths.{key}: {q_range[0]:g} to {q_range[1]:g} 1/angstrom lies beyond F(Q), which ends at "
            f"reduction.qmax = {reduction['qmax']:g}"
        )
