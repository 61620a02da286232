"""Which quantities of a series rise and fall together: Spearman's rank correlation of every pair.

Ranks do not ask whether a relation is linear or logarithmic. In a series that one composition leads, nearly everything
goes with everything: the table of pairs shows how little a single one of them proves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coherion.statistics.correlation import coefficient, fisher_interval
from coherion.statistics.series import Missing, Series

Array = NDArray[np.float64]

#: Fewer samples than this have no coefficient worth showing.
LEAST = 5


@dataclass(frozen=True)
class Relations:
    """Rank correlations of ``names`` (k of them) with standard error, ends of the interval and number of samples.

    Arrays of shape (k, k); NaN where too few samples have both quantities or one of them is constant.
    """

    names: tuple[str, ...]
    coefficient: Array
    sd: Array
    low: Array
    high: Array
    samples: NDArray[np.int64]


def relations(rows: Series, names: Sequence[str], confidence: float) -> Relations:
    """Rank correlations of quantities, with Fisher's intervals.

    Quantities that fewer than ``LEAST`` samples have are left out.

    Raises
    ------
    Missing
        If fewer than two quantities remain.
    """
    given: dict[str, Array] = {}
    for name in names:
        try:
            values = rows.numbers(name)
        except Missing:
            continue
        if np.isfinite(values).sum() >= LEAST:
            given[name] = values
    if len(given) < 2:
        raise Missing(f"two quantities that {LEAST} samples of the structural series have")
    size = len(given)
    found = {name: np.full((size, size), np.nan) for name in ("coefficient", "sd", "low", "high")}
    samples = np.zeros((size, size), dtype=np.int64)
    for i, one in enumerate(given.values()):
        for j, other in enumerate(given.values()):
            both = np.isfinite(one) & np.isfinite(other)
            samples[i, j] = n = int(both.sum())
            if n < LEAST:
                continue
            rho = coefficient(one[both], other[both], "spearman")
            found["coefficient"][i, j] = rho
            if np.isfinite(rho):
                # Of artanh(rho) as in Fisher's interval (Bonett and Wright 2000), carried over to rho.
                found["sd"][i, j] = (1 - rho**2) * np.sqrt((1 + rho**2 / 2) / (n - 3))
                found["low"][i, j], found["high"][i, j] = fisher_interval(rho, n, confidence, "spearman")
    return Relations(tuple(given), samples=samples, **found)
