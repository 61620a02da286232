"""What one whole analysis came to, as it is written and read."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from coherion.settings.paper.paper import Paper
from coherion.settings.paper.statements import Statement


@dataclass
class Outcome:
    """What one analysis came to.

    ``quantities``: by quantity and sample, value and standard uncertainty; ``statements``: by id, verdict, value, error
    and number of samples; ``failed``: samples of which a part could not be computed, and why; ``cold``: by sample, how
    far a refinement from nothing ended from the warm one, in standard uncertainties of 1/L, and the change of Rw.
    """

    number: int
    sort: str
    options: dict[str, Any]
    seconds: float = 0.0
    quantities: dict[str, dict[str, tuple[float, float]]] = field(default_factory=dict)
    statements: dict[str, dict[str, Any]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    cold: dict[str, dict[str, float]] = field(default_factory=dict)


def statements_of(paper: Paper) -> list[Statement]:
    """The statements that a multiverse judges: those it names, else all about a trend."""
    by_id = {one.id: one for one in paper.statements}
    named = paper.multiverse.statements
    return [by_id[name] for name in named] if named else [one for one in paper.statements if one.test.of_trend]
