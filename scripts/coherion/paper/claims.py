"""Every statement of a paper judged against the table of the series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from coherion.data.tables import text_cell
from coherion.paper.statements import Claim, judge_one
from coherion.settings.paper.paper import Paper
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.series import Series


def judge(series: Series, paper: Paper, settings: ClaimSettings | None = None) -> tuple[Claim, ...]:
    """Judge every statement; where the table lacks what one needs it is 'undecided' and its note says what.

    Raises
    ------
    InputError
        If a cell that a statement needs is not a number.
    """
    chosen = settings or ClaimSettings()
    return tuple(judge_one(statement, series, paper, chosen) for statement in paper.statements)


def table(claims: Sequence[Claim], origin: str) -> str:
    """Tab-separated text with one row per claim; ``origin`` (measured or simulated) stands in every row."""
    names = [f.name for f in fields(Claim)]
    lines = ["\t".join([*names, "origin"])]
    for claim in claims:
        cells = [_cell(getattr(claim, name)) for name in names]
        lines.append("\t".join([*cells, origin]))
    return "\n".join(lines) + "\n"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return text_cell(str(value))
