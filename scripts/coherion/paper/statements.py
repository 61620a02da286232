"""How a statement of the paper is written down: what is tested, by which rule, and the function that tests it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from coherion.paper.criteria import ClaimSettings, Finding
from coherion.statistics.regression import Undetermined
from coherion.statistics.sensitivity import Readings, readings_of, turned_by, under_each
from coherion.statistics.series import Missing, Series

Evaluate = Callable[[Series, ClaimSettings], Finding]


@dataclass(frozen=True)
class Statement:
    """One statement: ``statement`` in our words, ``place`` in the paper, ``criterion`` fixed beforehand.

    ``on_length``: it uses coherence lengths, so that every reading of them must agree. ``of_trend``: it is about a
    trend or a correlation, which no single sample may decide.
    """

    id: str
    topic: str
    place: str
    statement: str
    test: str
    criterion: str
    quantity: str
    unit: str
    evaluate: Evaluate
    on_length: bool = False
    of_trend: bool = False


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
    """Evaluate one statement under every reading of the data and without each sample, as far as it concerns them.

    Where data are missing, or cannot tell, the verdict is 'undecided' and the note says why.
    """
    readings = Readings((), settings.reading_difference, settings.resolved_length)
    if statement.on_length:
        readings = readings_of(series, limit=readings.limit, resolved=readings.resolved)

    found = under_each(lambda rows: _evaluated(statement.evaluate, rows, settings), series, readings)
    if statement.of_trend and found.verdict != "undecided":
        coarse = settings.coarse()
        if turned := turned_by(lambda rows: _evaluated(statement.evaluate, rows, coarse), series, found):
            listed = ", ".join(f"without {sample} {verdict}" for sample, verdict in turned)
            found = replace(found, verdict="undecided", note=f"{found.verdict} with all, but {listed}; {found.note}")
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


def _evaluated(evaluate: Evaluate, series: Series, settings: ClaimSettings) -> Finding:
    try:
        found = evaluate(series, settings)
    except Missing as lack:
        return Finding("undecided", note=f"missing: {lack}")
    except Undetermined as reason:
        return Finding("undecided", note=f"cannot be judged: {reason}")
    if found.value is None or not math.isfinite(found.value):
        return Finding("undecided", n=found.n, note=f"cannot be judged: no number; {found.note}")
    return found


def lacking(what: str) -> Evaluate:
    """A statement about data that the table of the series cannot hold."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        raise Missing(what)

    return evaluate
