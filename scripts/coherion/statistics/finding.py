"""What a test of a statement finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["holds", "fails", "undecided"]


@dataclass(frozen=True)
class Finding:
    """What a test found: verdict, number, its standard error (None where it has none), samples used, remark.

    Without a number nothing was tested: the remark says what is missing, or why the data cannot tell. ``small``: it
    fails since the effect is certainly too small to matter, not since the data say the opposite. ``inseparable``: the
    numbers would let it hold, and only the design of the series (two explanations that run together) does not.
    """

    verdict: Verdict
    value: float | None = None
    error: float | None = None
    n: int = 0
    note: str = ""
    small: bool = False
    inseparable: bool = False
