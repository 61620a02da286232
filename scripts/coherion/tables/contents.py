"""Which tables there are and their numbers, in the order of the paper's supporting information."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from coherion.tables.table import Table

#: The supporting information's Table S1 holds no result.
FIRST = 2


def structures_in_order(
    samples: Mapping[str, Mapping[str, Any]],
    ranges: Sequence[str],
    fit_of: str | None = None,
    excluded: Iterable[str] = (),
) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, str]]]:
    """Sample and range of each table of a structure: before the resistances, after them, and those of the excluded.

    First the samples that were not annealed, in the order of x, in the main range; then the further ranges of one
    sample; after the resistances those that were annealed. Excluded ones come last, so that they move no number.

    Parameters
    ----------
    samples
        Rows of the samples with a structure, by name.
    ranges
        Fit ranges, the main one first.
    fit_of
        The sample that is shown in all ranges.
    excluded
        Names of samples that are no part of the series.
    """
    if not ranges:
        return [], [], []
    main, *further = ranges
    out = set(excluded)
    # sorted() keeps the order of the table where x is the same, or absent.
    named = sorted(samples, key=lambda name: samples[name].get("x", math.inf))
    kept = [name for name in named if name not in out]
    annealed = [name for name in kept if samples[name].get("group") == "annealed"]
    first = [(name, main) for name in kept if name not in annealed]
    if fit_of is not None and fit_of in samples:
        first += [(fit_of, one) for one in sorted(further, key=lambda text: float(text.partition("-")[2]))]
    return first, [(name, main) for name in annealed], [(name, main) for name in named if name in out]


def numbered(tables: Iterable[Table | None]) -> Iterator[Table]:
    """Tables with numbers from S2 on; those that are None take none."""
    for number, table in enumerate((t for t in tables if t is not None), start=FIRST):
        yield table.numbered(number)
