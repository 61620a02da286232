"""Which quantities of a series rise and fall together: Spearman's rank correlation of every pair.

Ranks do not ask whether a relation is linear or logarithmic. In a series that one composition leads, nearly everything
goes with everything: the table of pairs shows how little a single one of them proves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coherion.statistics.correlation import coefficient, fisher_interval
from coherion.statistics.series import Missing, Series

Array = NDArray[np.float64]

#: Roles of the table that are compared, in the order of the figure.
COMPARED = (
    "composition",
    "zr_fraction",
    "na_2b",
    "na_4e",
    "a",
    "b",
    "c",
    "beta",
    "volume",
    "octahedron_m",
    "octahedron_na",
    "prism_na",
    "coherence_length",
    "reflection_width",
    "conductivity",
    "activation_energy",
    "ln_prefactor",
    "capacitance",
)
#: Fewer samples than this have no coefficient worth showing.
LEAST = 5


@dataclass(frozen=True)
class Relations:
    """Rank correlations of ``roles`` (k of them) with standard error, ends of the interval and number of samples.

    Arrays of shape (k, k); NaN where too few samples have both quantities or one of them is constant.
    """

    roles: tuple[str, ...]
    coefficient: Array
    sd: Array
    low: Array
    high: Array
    samples: NDArray[np.int64]


def relations(series: Series, confidence: float) -> Relations:
    """Rank correlations of the milled samples of the structural series, with Fisher's intervals.

    Raises
    ------
    Missing
        If fewer than two quantities are given for ``LEAST`` samples.
    """
    rows = series.where(series.included & series.milled)
    given: dict[str, Array] = {}
    for role in COMPARED:
        try:
            values = rows.numbers(role)
        except Missing:
            continue
        if np.isfinite(values).sum() >= LEAST:
            given[role] = values
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
