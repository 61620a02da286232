"""What whole analyses under other choices come to: spreads, shares of verdicts, and which choice moves what.

Spreads and shares are those of the analyses with all choices mixed: those with one choice each are a star around the
configured one and no fair sample of what might have been done. The part of a choice in the variance of a number y is
its first-order index, Var(E(y | choice))/Var(y), estimated from the same analyses by grouping them by that choice,
without the part that groups have by chance: epsilon^2 = (SS_between - df_between MS_within)/SS_total (Kelley, Proc.
Natl. Acad. Sci. 21 (1935) 554), at least 0; p is that of the F test. A choice that is a number is grouped in six equal
parts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from coherion.errors import InputError
from coherion.multiverse.outcome import Outcome
from coherion.multiverse.plan import named, pipelines
from coherion.settings.paper.multiverse import CONFIGURED, Choice
from coherion.settings.paper.paper import Paper
from coherion.settings.plain import read_json

SCORE = {"holds": 1.0, "undecided": 0.0, "fails": -1.0}
PARTS = 6
# A choice is said to turn a verdict if its share is no accident of so many choices.
SIGNIFICANCE = 0.01

Row = dict[str, Any]


@dataclass(frozen=True)
class Share:
    """Part of a choice in the variance of something, and how probable as much is by chance."""

    choice: str
    share: float
    p: float


def read_outcomes(files: Sequence[str | Path]) -> list[Outcome]:
    """All analyses of the batches' files, by number.

    Raises
    ------
    InputError
        If a file cannot be read, or was computed from other data, settings or choices than the first.
    """
    found: list[Outcome] = []
    runs: dict[str | None, str] = {}
    for file in files:
        try:
            content = read_json(Path(file).read_text(encoding="utf-8"), file=str(file), expected="a batch's analyses")
            found += [Outcome(**one) for one in content["analyses"]]
            runs.setdefault(content.get("of"), str(file))
        except (OSError, UnicodeDecodeError, KeyError, TypeError) as problem:
            raise InputError(
                "not the analyses of a batch", file=file, found=problem, expected="what run_multiverse writes"
            ) from problem
        if len(runs) > 1:
            raise InputError(
                "batches of two runs",
                file=file,
                found="other data, settings or choices",
                expected=f"those of {next(iter(runs.values()))}",
                advice="make multiverse runs anew what is of before",
            )
    return sorted(found, key=lambda one: one.number)


def refuse_others(paper: Paper, outcomes: Sequence[Outcome]) -> None:
    """Refuse analyses that are not those that a paper declares.

    Raises
    ------
    InputError
        If one is missing, there twice, or took other options.
    """
    planned = {one.number: json.dumps([one.sort, one.options], sort_keys=True) for one in pipelines(paper.multiverse)}
    found = Counter((one.number, json.dumps([one.sort, one.options], sort_keys=True)) for one in outcomes)
    wrong = sorted({number for number, _ in (Counter(planned.items()) - found) + (found - Counter(planned.items()))})
    if wrong:
        raise InputError(
            "not the analyses that the paper declares",
            place="key multiverse",
            found=f"{wrong[0]} and {len(wrong) - 1} others" if len(wrong) > 1 else wrong[0],
            expected=f"analyses 0 to {len(planned) - 1}, each once, with the choices declared",
            advice="make multiverse runs anew what is of before",
        )


def mixed(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The analyses with all choices mixed."""
    return [one for one in outcomes if one.sort == "mixed"]


def groups_of(choice: Choice, outcomes: Sequence[Outcome]) -> np.ndarray:
    """Which option of a choice each analysis took, as a whole number, shape (n,); a number counts by its part."""
    options = [one.options.get(choice.name, CONFIGURED) for one in outcomes]
    if choice.between is not None:
        low, high = choice.between
        middle = 1.0 if choice.times else 0.0
        values = np.array([middle if option == CONFIGURED else float(option) for option in options])
        return np.clip((PARTS * (values - low) / (high - low)).astype(int), 0, PARTS - 1)
    names = [json.dumps(option) for option in options]
    return np.unique(names, return_inverse=True)[1]


def share_of(groups: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """First-order share of groups, shape (n,), in the variance of y, shape (n,), and p of F; 0 and 1 of none."""
    from scipy.special import fdtrc

    n, kinds = y.size, np.unique(groups)
    total = float(np.sum((y - y.mean()) ** 2)) if n else 0.0
    between_df, within_df = kinds.size - 1, n - kinds.size
    if between_df < 1 or within_df < 1 or total <= 1e-24 * max(float(np.sum(y**2)), 1e-300):
        return 0.0, 1.0
    within = sum(float(np.sum((y[groups == k] - y[groups == k].mean()) ** 2)) for k in kinds)
    between, mean_within = total - within, within / within_df
    if mean_within <= 0:
        return 1.0, 0.0
    p = float(fdtrc(between_df, within_df, between / between_df / mean_within))
    return max(0.0, (between - between_df * mean_within) / total), p


def ranked(paper: Paper, outcomes: Sequence[Outcome], values: np.ndarray) -> list[Share]:
    """The choices by their share in the variance of a number of each mixed analysis, shape (n,); NaN is passed over."""
    has = np.isfinite(values)
    kept = [one for one, there in zip(outcomes, has, strict=True) if there]
    found = [Share(choice.name, *share_of(groups_of(choice, kept), values[has])) for choice in paper.multiverse.choices]
    return sorted(found, key=lambda one: (-one.share, one.p))


def verdicts(outcomes: Sequence[Outcome], statement: str) -> np.ndarray:
    """1 where the statement holds, -1 where it fails, 0 where it is undecided, shape (n,)."""
    return np.array([SCORE[one.statements[statement]["verdict"]] for one in outcomes])


def values_of(outcomes: Sequence[Outcome], statement: str) -> np.ndarray:
    """Number of the statement's test, shape (n,), NaN where it has none."""
    found = [one.statements[statement]["value"] for one in outcomes]
    return np.array([np.nan if value is None else value for value in found], float)


def central(values: np.ndarray) -> tuple[float, float, float]:
    """Lower end of the central 95 %, median, and upper end of finite values; NaN of none."""
    finite = values[np.isfinite(values)]
    low, middle, high = np.quantile(finite, [0.025, 0.5, 0.975]) if finite.size else (np.nan,) * 3
    return float(low), float(middle), float(high)


def statement_rows(paper: Paper, outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """A row for each statement: shares of the verdicts, spread of its number, and the choices that move it most."""
    filling = mixed(outcomes)
    configured = next((one for one in outcomes if one.sort == "configured"), None)
    for name in filling[0].statements if filling else ():
        scores, values = verdicts(filling, name), values_of(filling, name)
        low, middle, high = central(values)
        row: Row = {"statement": name, "analyses": len(filling)}
        row |= {word: float(np.mean(scores == score)) for word, score in SCORE.items()}
        row |= {"low": low, "median": middle, "high": high}
        if configured is not None:
            own = configured.statements[name]
            row |= {"configured": own["verdict"], "configured_value": own["value"], "configured_error": own["error"]}
        turning = [one for one in ranked(paper, filling, scores) if one.p < SIGNIFICANCE]
        moving = [one for one in ranked(paper, filling, values) if one.p < SIGNIFICANCE]
        row["turns_with"] = ", ".join(f"{one.choice} {one.share:.2f}" for one in turning[:3])
        row["moves_with"] = ", ".join(f"{one.choice} {one.share:.2f}" for one in moving[:3])
        row["sentence"] = sentence(row, [one.choice for one in turning[:3]])
        yield row


def sentence(row: Row, turning: Sequence[str] = ()) -> str:
    """What a multiverse says of one statement, for its note among the claims; ``turning``: choices that turn it."""
    verbs = {"holds": "holds", "undecided": "is undecided", "fails": "fails"}
    said = _per_cent({word: row[word] for word in verbs if row[word] > 0})
    parts = [f"{verbs[word]} in {share} %" for word, share in said.items()]
    if len(parts) == 1:
        text = f"{parts[0].removesuffix('100 %')}all {row['analyses']} analyses"
    else:
        text = f"{parts[0]} of {row['analyses']} analyses, {' and '.join(parts[1:])}"
    return f"{text}; turns with {', '.join(turning)}" if turning else text


def _per_cent(shares: Mapping[str, float]) -> dict[str, str]:
    """Shares that add up to one in whole per cent that add up to 100; what is neither none nor all is not called so."""
    rest = 100 - sum(int(100 * share + 1e-9) for share in shares.values())
    # By largest remainders: those cut off most get what is missing.
    cut = sorted(shares, key=lambda word: -((100 * shares[word] + 1e-9) % 1))
    whole = {word: int(100 * share + 1e-9) + (word in cut[:rest]) for word, share in shares.items()}

    def said(word: str) -> str:
        share = shares[word]
        if 0 < share < 0.01:
            return "under 1"
        return "over 99" if 0.99 < share < 1 else str(whole[word])

    return {word: said(word) for word in shares}


def quantity_rows(paper: Paper, outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """A row for each quantity of each sample: spread between analyses beside the error that one of them states."""
    filling = mixed(outcomes)
    configured = next((one for one in outcomes if one.sort == "configured"), None)
    for quantity in paper.multiverse.quantities:
        samples = dict.fromkeys(s for one in filling for s in one.quantities.get(quantity, {}))
        for sample in samples:
            pairs = [one.quantities.get(quantity, {}).get(sample, (np.nan, np.nan)) for one in filling]
            values, sds = np.array(pairs, float).T
            low, middle, high = central(values)
            row: Row = {"quantity": quantity, "sample": sample, "analyses": int(np.isfinite(values).sum())}
            if configured is not None and sample in configured.quantities.get(quantity, {}):
                row["configured"], row["configured_sd"] = configured.quantities[quantity][sample]
            stated, between = float(np.nanmedian(sds)), (high - low) / 3.92
            row |= {"low": low, "median": middle, "high": high, "stated_sd": stated, "between_sd": between}
            row["ratio"] = between / stated if stated > 0 else None
            row["moves_with"] = ", ".join(
                f"{one.choice} {one.share:.2f}" for one in ranked(paper, filling, values)[:3] if one.p < SIGNIFICANCE
            )
            yield row


def choice_rows(paper: Paper, outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """A row for each choice and subject: its share in the variance, and what it does by itself."""
    filling = mixed(outcomes)
    configured = next((one for one in outcomes if one.sort == "configured"), None)
    why = {choice.name: (choice.key, choice.why) for choice in paper.multiverse.choices}

    def rows(subject: str, what: str, of: Mapping[int, float]) -> Iterator[Row]:
        values = np.array([of.get(one.number, np.nan) for one in filling])
        for one in ranked(paper, filling, values):
            own = _alone(outcomes, configured, one.choice, of)
            key, reason = why[one.choice]
            yield {"subject": subject, "of": what, "choice": one.choice, "key": key, "share": one.share, "p": one.p} | {
                "alone": own,
                "why": reason,
            }

    for name in filling[0].statements if filling else ():
        yield from rows(name, "verdict", dict(zip(_numbers(outcomes), verdicts(outcomes, name).tolist(), strict=True)))
        yield from rows(name, "value", dict(zip(_numbers(outcomes), values_of(outcomes, name).tolist(), strict=True)))
    for quantity in paper.multiverse.quantities:
        yield from rows(quantity, "mean of the samples", _means(outcomes, quantity))


def _numbers(outcomes: Sequence[Outcome]) -> list[int]:
    return [one.number for one in outcomes]


def _means(outcomes: Sequence[Outcome], quantity: str) -> dict[int, float]:
    """Mean over the samples of each analysis' value in units of the samples' own means, so that all count alike."""
    samples = list(dict.fromkeys(s for one in outcomes for s in one.quantities.get(quantity, {})))
    if not samples:
        return {}
    table = np.array(
        [[one.quantities.get(quantity, {}).get(s, (np.nan,))[0] for s in samples] for one in outcomes], float
    )
    scale = np.nanmean(np.abs(table), axis=0)
    whole = np.isfinite(table).sum(axis=1) > 0.5 * len(samples)
    relative = np.full(len(outcomes), np.nan)
    relative[whole] = np.nanmean(table[whole] / scale, axis=1)
    return dict(zip(_numbers(outcomes), relative.tolist(), strict=True))


def _alone(
    outcomes: Sequence[Outcome], configured: Outcome | None, choice: str, of: Mapping[int, float]
) -> float | None:
    """Largest change that a choice makes by itself."""
    if configured is None:
        return None
    base = of.get(configured.number, np.nan)
    changes = [of.get(o.number, np.nan) - base for o in outcomes if o.sort == "single" and choice in o.options]
    finite = [change for change in changes if np.isfinite(change)]
    return max(finite, key=abs) if finite else None


def analysis_rows(paper: Paper, outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """A row for each analysis: its options, and every statement's verdict, number and error."""
    for one in outcomes:
        row: Row = {"analysis": one.number, "sort": one.sort, "seconds": round(one.seconds, 2)}
        row |= {choice.name: named(one.options.get(choice.name, CONFIGURED)) for choice in paper.multiverse.choices}
        for name, found in one.statements.items():
            row |= {name: found["verdict"], f"{name}_value": found["value"], f"{name}_error": found["error"]}
        row["failed"] = "; ".join(f"{sample}: {why}" for sample, why in one.failed.items())
        yield row


def cold_rows(outcomes: Sequence[Outcome]) -> Iterator[Row]:
    """A row for each refinement that also started from nothing: how far apart the two ended."""
    for one in outcomes:
        for sample, found in one.cold.items():
            yield {"analysis": one.number, "sample": sample, **found}
