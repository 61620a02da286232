"""How a statement of the paper is written down: what is tested, by which rule, and the function that tests it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from coherion.paper.criteria import ClaimSettings, Finding
from coherion.statistics.series import Missing, Series

Evaluate = Callable[[Series, ClaimSettings], Finding]


@dataclass(frozen=True)
class Statement:
    """One statement: ``statement`` in our words, ``place`` in the paper, ``criterion`` fixed beforehand."""

    id: str
    topic: str
    place: str
    statement: str
    test: str
    criterion: str
    quantity: str
    unit: str
    evaluate: Evaluate


@dataclass(frozen=True)
class Claim:
    """A statement with its verdict; ``value`` and ``error`` are absent where nothing could be computed."""

    id: str
    topic: str
    place: str
    statement: str
    test: str
    criterion: str
    quantity: str
    value: float | None
    error: float | None
    unit: str
    n: int
    verdict: str
    note: str


def judge_one(statement: Statement, series: Series, settings: ClaimSettings) -> Claim:
    """Evaluate one statement; where data are missing the verdict is 'undecided' and the note says which."""
    try:
        found = statement.evaluate(series, settings)
    except Missing as lack:
        found = Finding("undecided", note=f"missing: {lack}")
    return Claim(
        id=statement.id,
        topic=statement.topic,
        place=statement.place,
        statement=statement.statement,
        test=statement.test,
        criterion=statement.criterion,
        quantity=statement.quantity,
        value=found.value,
        error=found.error,
        unit=statement.unit,
        n=found.n,
        verdict=found.verdict,
        note=found.note,
    )


def lacking(what: str) -> Evaluate:
    """A statement about data that the table of the series cannot hold."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        raise Missing(what)

    return evaluate
