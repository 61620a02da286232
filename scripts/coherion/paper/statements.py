"""A statement of the paper judged: its test, under each reading of the data and without each sample."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from coherion.settings.paper.kinds import Kind
from coherion.settings.paper.paper import Paper
from coherion.settings.paper.statements import Statement
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.finding import Finding
from coherion.statistics.kinds.tests import TESTS
from coherion.statistics.kinds.view import Design, View
from coherion.statistics.regression import Undetermined
from coherion.statistics.sensitivity import INVERSE, LENGTH, STRAIN, Readings, readings_of, turned_by, under_each
from coherion.statistics.series import Missing, Series
from coherion.statistics.unmeasured.of_statements import Unmeasured, unmeasured


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


def design_of(paper: Paper) -> Design:
    """What the tests of a paper's statements share."""
    return Design(paper.abscissa, paper.groups, {name: paper.margin_of(name) for name in paper.known})


def on_length(test: Kind, paper: Paper) -> bool:
    """Whether a test uses coherence lengths or strains, so that every reading of them must agree."""
    return not test.compares_readings and bool(paper.sources(*test.quantities) & {LENGTH, INVERSE, STRAIN})


def unmeasured_of(statement: Statement, series: Series, paper: Paper) -> Unmeasured | None:
    """What something that nobody measured would need to undo a statement that two quantities go together."""
    view = View(series, design_of(paper), statement.samples or paper.samples)
    return unmeasured(statement.test, view, paper.correlation.covariates or (paper.abscissa, STRAIN))


def judge_one(statement: Statement, series: Series, paper: Paper, settings: ClaimSettings) -> Claim:
    """Evaluate one statement under every reading of the data and without each sample, as far as it concerns them.

    Where data are missing, or cannot tell, the verdict is 'undecided' and the note says why.
    """
    test, design = statement.test, design_of(paper)
    samples = statement.samples or paper.samples

    def judged(rows: Series, criteria: ClaimSettings) -> Finding:
        return evaluated(test, View(rows, design, samples), criteria)

    readings = Readings((), settings.reading_difference, settings.resolved_length)
    if on_length(test, paper):
        readings = readings_of(series, limit=readings.limit, resolved=readings.resolved)

    found = under_each(lambda rows: judged(rows, settings), series, readings)
    if found.verdict != "undecided" and readings.each and not readings.strained:
        note = f"{found.verdict} as size alone, but no reading has free strain, which may be what the length shows"
        found = replace(found, verdict="undecided", note=f"{note}; {found.note}")
    if test.of_trend and found.verdict != "undecided":
        coarse = settings.coarse()
        if turned := turned_by(lambda rows: judged(rows, coarse), series, found):
            listed = ", ".join(f"without {sample} {verdict}" for sample, verdict in turned)
            found = replace(found, verdict="undecided", note=f"{found.verdict} with all, but {listed}; {found.note}")
    hidden = unmeasured_of(statement, series, paper)
    if hidden is not None and (sentence := hidden.sentence(settings.significance)):
        found = replace(found, note=f"{found.note}; {sentence}")
    words = {key: getattr(test, key, None) or paper.abscissa for key in ("of", "against", "fixed", "rival", "beside")}
    unit = paper.known[words["of"]].unit if words["of"] in paper.known else ""
    return Claim(
        id=statement.id,
        topic=statement.topic,
        place=statement.place,
        statement=statement.statement,
        test=test.said + (f"; samples {samples}" if samples and test.number else ""),
        criterion=test.criterion,
        quantity=test.number.format(**words),
        value=found.value,
        error=found.error,
        unit=test.unit.format(of=unit),
        n=found.n,
        verdict=found.verdict,
        note=found.note,
    )


def evaluated(test: Kind, view: View, settings: ClaimSettings) -> Finding:
    """What a test finds; data that are missing or cannot tell are a finding, too."""
    try:
        found = TESTS[type(test)](test, view, settings)
    except Missing as lack:
        return Finding("undecided", note=f"missing: {lack}")
    except Undetermined as reason:
        return Finding("undecided", note=f"cannot be judged: {reason}")
    if found.value is None or not math.isfinite(found.value):
        return Finding("undecided", n=found.n, note=f"cannot be judged: no number; {found.note}")
    return found
