"""Every statement of a paper judged against the table of the series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from coherion.data.tables import text_cell
from coherion.paper.statements import Claim, judge_one, unmeasured_of
from coherion.settings.paper.paper import Paper
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.series import Series
from coherion.statistics.unmeasured.of_statements import Observed


def judge(series: Series, paper: Paper, settings: ClaimSettings | None = None) -> tuple[Claim, ...]:
    """Judge every statement; where the table lacks what one needs it is 'undecided' and its note says what.

    Raises
    ------
    InputError
        If a cell that a statement needs is not a number.
    """
    chosen = settings or ClaimSettings()
    return tuple(judge_one(statement, series, paper, chosen) for statement in paper.statements)


def told_of_failed(claims: Sequence[Claim], series: Series) -> tuple[Claim, ...]:
    """The claims, each with a note of the samples that lack results because a job failed."""
    if "failed" not in series.columns:
        return tuple(claims)
    failed = zip(series.texts("sample"), series.texts("failed"), strict=True)
    said = "; ".join(f"{sample} lacks results, {reason}" for sample, reason in failed if reason)
    return tuple(replace(one, note="; ".join(filter(None, (one.note, said)))) for one in claims)


def table(claims: Sequence[Claim], origin: str) -> str:
    """Tab-separated text with one row per claim; ``origin`` (measured or simulated) stands in every row."""
    names = [f.name for f in fields(Claim)]
    lines = ["\t".join([*names, "origin"])]
    for claim in claims:
        cells = [_cell(getattr(claim, name)) for name in names]
        lines.append("\t".join([*cells, origin]))
    return "\n".join(lines) + "\n"


def unmeasured_rows(series: Series, paper: Paper, settings: ClaimSettings, origin: str) -> Iterator[dict[str, object]]:
    """Rows of the table of what was not measured (:data:`coherion.data.contract.tables.UNMEASURED`)."""
    for statement in paper.statements:
        found = unmeasured_of(statement, series, paper)
        if found is None:
            continue
        plain = found.treatment
        row: dict[str, object] = {
            "statement": statement.id,
            "of": found.of,
            "against": found.against,
            "fixed": found.fixed,
            "n": found.n,
            "freedom": plain.freedom,
            "estimate": plain.estimate,
            "estimate_se": plain.se,
            "t": plain.t,
            "partial_r2": plain.partial_r2,
            "robustness_value": plain.robustness_value(),
            "robustness_value_significance": plain.robustness_value(1.0, settings.significance),
            "origin": origin,
        }
        if not found.observed:
            yield row
        for one in found.observed:
            yield row | {"observed": one.name, "observed_n": one.n, "note": one.why} | _strength(one, settings)


def _strength(one: Observed, settings: ClaimSettings) -> dict[str, object]:
    strength = one.strength
    if strength is None:
        return {}
    made: dict[str, object] = {
        "observed_r2_against": strength.r2_dx,
        "observed_r2_of": strength.r2_yx,
        "times_to_undo": strength.times_to_undo(),
        "times_to_lose_significance": strength.times_to_undo(settings.significance),
    }
    as_strong, beside = strength.as_strong(1.0), strength.beside(1.0)
    if as_strong is not None and beside is not None:
        made |= {"confounder_r2_against": as_strong[0], "confounder_r2_of": as_strong[1]}
        made |= {"adjusted_estimate": beside.estimate, "adjusted_se": beside.se}
        # A confounder that explains all of y leaves no error.
        made |= {"adjusted_t": beside.t} if beside.se > 0 else {}
    return made


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return text_cell(str(value))
