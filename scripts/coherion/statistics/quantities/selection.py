"""Samples that a group holds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from coherion.settings.paper.quantities import Cell, Group, Range
from coherion.statistics.series import Missing, Series

#: Numbers of a table that a person wrote are the same to this much.
SAME = 1e-6


def mask_of(group: Group | None, series: Series) -> NDArray[np.bool_]:
    """Rows of a group, shape (rows,); of no group, those of the structural series."""
    kept = np.ones(len(series), bool)
    excluded = "without" if group is None else group.excluded
    if excluded != "with":
        kept &= series.included == (excluded == "without")
    for name, condition in ({} if group is None else group.where).items():
        kept &= _met(condition, name, series)
    return kept


def _met(condition: Range | Cell | tuple[Cell, ...], name: str, series: Series) -> NDArray[np.bool_]:
    if isinstance(condition, Range):
        values = _numbers(name, series)
        with np.errstate(invalid="ignore"):
            met = np.isfinite(values)
            for end, holds in (
                (condition.above, lambda v, e: v > e + SAME),
                (condition.least, lambda v, e: v >= e - SAME),
                (condition.below, lambda v, e: v < e - SAME),
                (condition.most, lambda v, e: v <= e + SAME),
            ):
                if end is not None:
                    met &= holds(values, end)
        return met
    wanted = condition if isinstance(condition, tuple) else (condition,)
    texts = np.array(series.texts(name), object)
    met = np.isin(texts, [w for w in wanted if isinstance(w, str)])
    numbers = [w for w in wanted if not isinstance(w, str)]
    if numbers:
        values = _numbers(name, series)
        met |= np.any(np.abs(values[:, None] - np.array(numbers)) < SAME, axis=1)
    return met


def _numbers(name: str, series: Series) -> NDArray[np.float64]:
    try:
        return series.numbers(name)
    except Missing:
        return np.full(len(series), np.nan)
