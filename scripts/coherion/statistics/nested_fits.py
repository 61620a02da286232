"""Two fits of which one saw a part of the other's data: the error of the difference of their results."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class DifferenceError:
    """Standard errors of a difference, in its unit.

    nested
        If the longer fit is efficient, var(part) - var(whole); None where that is not positive.
    independent
        As if the two had no data in common, var(part) + var(whole).
    """

    nested: float | None
    independent: float

    @property
    def chosen(self) -> float:
        """The nested one, else the independent one."""
        return self.independent if self.nested is None else self.nested


def sd_of_difference(part_sd: float, whole_sd: float) -> DifferenceError:
    """Standard errors of (value from a part of the data) - (value from all of them).

    An efficient estimator has no correlation with its difference from another one of the same quantity, so
    var(part - whole) = var(part) - var(whole) (Hausman, Econometrica 46 (1978) 1251). Where the part comes out more
    certain than the whole, one of the two errors is not what it claims to be, and nothing better than the sum is
    known.

    Parameters
    ----------
    part_sd, whole_sd
        Standard uncertainties from the part and from the whole, in one unit.
    """
    variance = float(part_sd) ** 2 - float(whole_sd) ** 2
    nested = math.sqrt(variance) if variance > 0 else None
    return DifferenceError(nested, math.hypot(part_sd, whole_sd))
