"""Which tables there are and their numbers, in the order that the paper declares."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from coherion.tables.table import Table


def structures_in_order(
    samples: Mapping[str, Mapping[str, Any]],
    ranges: Sequence[str],
    groups: Sequence[Collection[str]] = (),
    every_range_of: str | None = None,
    excluded: Collection[str] = (),
) -> tuple[list[tuple[str, str]], list[tuple[str, str]], list[tuple[str, str]]]:
    """Sample and range of each table of a structure: before the resistances, after them, and those of the excluded.

    First the samples of the first group, in the order of x, in the main range; then the further ranges of one sample;
    after the resistances those of the other groups. Excluded ones come last, so that they move no number.

    Parameters
    ----------
    samples
        Rows of the samples with a structure, by name.
    ranges
        Fit ranges, the main one first.
    groups
        Names of the samples of each group; without groups all are of one.
    every_range_of
        The sample that is shown in all ranges.
    excluded
        Names of samples that are no part of the series.
    """
    if not ranges:
        return [], [], []
    main, *further = ranges
    # sorted() keeps the order of the table where x is the same, or absent.
    named = sorted(samples, key=lambda name: samples[name].get("x", math.inf))
    kept = [name for name in named if name not in excluded]
    first, *others = groups or [kept]
    shown = [(name, main) for name in kept if name in first]
    if every_range_of is not None and every_range_of in samples:
        longest = sorted(further, key=lambda text: float(text.partition("-")[2]))
        shown += [(every_range_of, one) for one in longest]
    behind = [(name, main) for group in others for name in kept if name in group and name not in first]
    return shown, behind, [(name, main) for name in named if name in excluded]


def numbered(tables: Iterable[Table | None], first: int) -> Iterator[Table]:
    """Tables with numbers from ``first`` on; those that are None take none."""
    for number, table in enumerate((t for t in tables if t is not None), start=first):
        yield table.numbered(number)
