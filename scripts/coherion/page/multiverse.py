"""What other choices of analysis would have said: shares of verdicts, spreads, the curve, the budget, the next sample.

Shown only where the multiverse is one of this run: its copy of the claims holds the same verdicts and numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from coherion.data.contract.units import in_print
from coherion.errors import CoherionError
from coherion.figures.legible.mathematics import words
from coherion.page.blocks import Block, measured, table, text
from coherion.page.run_files import Rows, Run
from coherion.page.twins import read_numbers, twin
from coherion.settings.paper.paper import Paper

_AGED = (
    "A multiverse was run on an earlier state of this run, whose verdicts were others. It is not shown; "
    "make multiverse runs it anew."
)
_SHARES = ("holds", "undecided", "fails")
# Numbers of a claim by which a multiverse is known to be of this run.
_OF_CLAIM = ("id", "verdict", "value", "error", "n")
#: Figures, what they are called, and what is said of them.
_FIGURES: Mapping[str, tuple[str, str]] = {
    "multiverse": (
        "Specification curve",
        "The number of the first statement in every analysis, in its order, and below it the options that each took.",
    ),
    "error_budget": (
        "What the errors are made of",
        "Parts of the error of each main number in per cent of it; choices is the spread between the analyses.",
    ),
}
#: Candidates for a next sample that are listed of each statement.
MOST_CANDIDATES = 8


def is_of(run: Run) -> bool:
    """Whether the run has a multiverse that is its own."""
    judged = run.rows("multiverse/claims.tsv", "id", "verdict")
    return bool(judged) and _numbers(judged) == _numbers(run.claims)


def sentences(run: Run) -> dict[str, str]:
    """What the multiverse says of each statement; none where there is no multiverse of this run."""
    rows = run.rows("multiverse/statements.tsv", "statement", "sentence") if is_of(run) else []
    return {row["statement"]: row["sentence"] for row in rows}


def multiverse_blocks(run: Run, paper: Paper, titles: Mapping[str, str]) -> Iterator[Block]:
    """The view of the multiverse; nothing where none was run."""
    rows = run.rows("multiverse/statements.tsv", "statement", "sentence", *_SHARES)
    if not rows:
        return
    if not is_of(run):
        yield text(_AGED, level="warning")
        return
    yield text(
        f"The whole analysis was run {rows[0]['analyses']} times with choices mixed that could have been made "
        "otherwise. Shares count all options alike; they are no probabilities."
    )
    said = {one.id: in_print(one.statement) for one in paper.statements}
    yield table(
        "Statements under other choices",
        ["statement", "configured", "holds / %", "undecided / %", "fails / %", "number", "central 95 %", "in short"],
        [
            [
                said.get(row["statement"], row["statement"]),
                row.get("configured", ""),
                *(_percent(row[word]) for word in _SHARES),
                measured(_number(row.get("median"))),
                _between(row),
                row["sentence"],
            ]
            for row in rows
        ],
        note="Configured: under the one reading of the damping that an analysis has, without the others.",
    )
    for name, (title, caption) in _FIGURES.items():
        path = run.path("figures", f"{name}.tsv")
        if path.exists():
            try:
                yield twin(name, title, caption, read_numbers(path), titles, columns=1)
            except (CoherionError, KeyError, ValueError) as problem:
                run.absent[f"figures/{name}.tsv"] = str(problem)
    yield from _tables(run, paper, said)


def _tables(run: Run, paper: Paper, said: Mapping[str, str]) -> Iterator[Block]:
    known = paper.known
    labels = {name: known[name].label or name for name in known}
    spreads = run.rows("multiverse/quantities.tsv", "quantity", "sample", "between_sd")
    if spreads:
        yield table(
            "Numbers under other choices",
            ["quantity", "sample", "as configured", "central 95 %", "spread / stated error", "moves with"],
            [
                [
                    words(labels.get(row["quantity"], row["quantity"])),
                    row["sample"],
                    measured(_number(row.get("configured")), _number(row.get("configured_sd"))),
                    _between(row),
                    _rounded(row.get("ratio")),
                    row.get("moves_with", ""),
                ]
                for row in spreads
            ],
            note="Spread: the central 95 % over 3.92. Above one, other analysts differ by more than the error says.",
            closed=True,
        )
    choices = run.rows("multiverse/choices.tsv", "subject", "of", "choice", "share")
    moving = [row for row in choices if (_number(row["share"]) or 0.0) >= 0.01]
    if moving:
        yield table(
            "Choices and what they move",
            ["of", "number", "choice", "share of variance / %", "by itself", "why it could be otherwise"],
            [
                [
                    said.get(row["subject"], row["subject"]),
                    row["of"],
                    row["choice"],
                    _percent(row["share"]),
                    measured(_number(row.get("alone"))),
                    row.get("why", ""),
                ]
                for row in moving
            ],
            note="Choices with one per cent of the variance or more.",
            closed=True,
        )
    proposed = run.rows("multiverse/next_sample.tsv", "statement", "rank", "candidate")
    if proposed:
        yield table(
            "The next sample, for statements that are undecided",
            ["statement", "place", "sample", "decided / %", "effect told / %"],
            [
                [
                    said.get(row["statement"], row["statement"]),
                    _number(row["rank"]),
                    row["candidate"],
                    _percent(row.get("decided")),
                    _percent(row.get("expected")),
                ]
                for row in proposed
                if (_number(row["rank"]) or 0) <= MOST_CANDIDATES
            ],
            note="Decided: share of simulated further samples with which the statement holds or fails, an upper bound.",
        )
    cold = run.rows("multiverse/cold.tsv", "analysis", "sample", "rw")
    if cold:
        apart = [abs(value) for row in cold if (value := _number(row.get("inverse_length"))) is not None]
        if apart:
            yield text(
                f"{len(apart)} refinements that started from nothing ended within {max(apart):.2g} standard "
                "uncertainties of 1/L of those that started where the configured run ended."
            )


def _numbers(claims: Rows) -> list[tuple[str, ...]]:
    return [tuple(claim.get(name, "") for name in _OF_CLAIM) for claim in claims]


def _number(said: str | None) -> float | None:
    try:
        return float(said) if said else None
    except ValueError:
        return None


def _percent(said: str | None) -> float | None:
    value = _number(said)
    return None if value is None else round(100 * value, 1)


def _rounded(said: str | None) -> float | None:
    value = _number(said)
    return None if value is None else float(f"{value:.3g}")


def _between(row: Mapping[str, str]) -> str:
    low, high = _number(row.get("low")), _number(row.get("high"))
    return "" if low is None or high is None else f"{low:.4g} to {high:.4g}".replace("-", "−")
