"""What a test sees of a series: its quantities, the groups of its samples, and what difference matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from coherion.settings.paper.quantities import Group
from coherion.statistics.quantities.selection import mask_of
from coherion.statistics.sensitivity import LENGTH, length_or_inverse
from coherion.statistics.series import Array, Missing, Series


@dataclass(frozen=True)
class Design:
    """Of a whole series: the abscissa, groups, and margins (absolute, relative to the median) by quantity."""

    abscissa: str
    groups: Mapping[str, Group] = field(default_factory=dict)
    margins: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)


@dataclass(frozen=True)
class View:
    """A series as one test sees it: ``samples`` is the group that it is about, None all but the excluded."""

    whole: Series
    design: Design
    samples: str | None = None

    @property
    def series(self) -> Series:
        """The samples that the test is about."""
        return self.whole.where(self.mask(self.samples))

    def mask(self, group: str | None) -> NDArray[np.bool_]:
        """Rows of a group, shape (rows of the whole,)."""
        return mask_of(None if group is None else self.design.groups[group], self.whole)

    def of(self, group: str | None) -> View:
        """The same of another group."""
        return replace(self, samples=group)

    def within(self, group: str) -> NDArray[np.bool_]:
        """Which of the test's samples are in another group, shape (rows of ``series``,)."""
        return self.mask(group)[self.mask(self.samples)]

    def against(self, name: str | None) -> str:
        """An abscissa, by default the series'."""
        return name or self.design.abscissa

    def margin(self, name: str, values: Array, *, otherwise: float | None = None) -> float:
        """Difference of a quantity too small to matter, ``otherwise`` where that is given and none is declared.

        Raises
        ------
        Missing
            If none is declared, and nothing stands in.
        """
        absolute, relative = self.design.margins.get(name, (None, None))
        if absolute is not None:
            return absolute
        if relative is not None:
            return relative * float(np.median(np.abs(values)))
        if otherwise is not None:
            return otherwise
        raise Missing(f"a margin of the quantity {name}: what difference would not matter")

    def curve(self, against: str | None, name: str, least: int) -> tuple[Array, Array, Array, list[str]]:
        """Abscissa, a quantity and its errors, each (n,), and names of the samples."""
        s, x = self.series, self.against(against)
        d = length_or_inverse(s, least, x) if name == LENGTH else s.pick(x, name, least=least)
        labels = s.texts("sample")
        sds = d.get(f"{name}_sd", np.zeros_like(d[name]))
        return d[x], d[name], sds, [labels[int(row)] for row in d["row"]]
