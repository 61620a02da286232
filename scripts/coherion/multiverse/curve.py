"""What the specification curve of a statement shows, from the analyses' files."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coherion.errors import InputError
from coherion.figures.plate import Plate
from coherion.multiverse.figure import Told, draw_multiverse
from coherion.multiverse.outcome import Outcome, statements_of
from coherion.multiverse.plan import named
from coherion.multiverse.results import SIGNIFICANCE, Share, ranked, values_of, verdicts
from coherion.settings.paper.multiverse import CONFIGURED, Choice
from coherion.settings.paper.paper import Paper


def specification_curve(paper: Paper, outcomes: Sequence[Outcome], statement: str | None, origin: str) -> Plate:
    """The figure of one statement, by default the first that the multiverse judges.

    Raises
    ------
    InputError
        If the analyses have no such statement.
    """
    chosen = statement or statements_of(paper)[0].id
    mixed = [one for one in outcomes if one.sort == "mixed" and chosen in one.statements]
    if not mixed:
        raise InputError("no analysis judged this statement", place="--statement", found=chosen)
    scores, values = verdicts(mixed, chosen), values_of(mixed, chosen)
    turns = np.ptp(scores) > 0
    shares = ranked(paper, mixed, scores if turns else values)
    by_name = {choice.name: choice for choice in paper.multiverse.choices}
    configured = next((one for one in outcomes if one.sort == "configured"), None)
    one = next(s for s in paper.statements if s.id == chosen)
    keys = ("of", "against", "fixed", "rival", "beside")
    errors = [found.statements[chosen]["error"] for found in mixed]
    return draw_multiverse(
        one.statement,
        one.test.number.format(**{key: getattr(one.test, key, None) or paper.abscissa for key in keys}),
        values,
        np.array([np.nan if error is None else error for error in errors], float),
        [found.statements[chosen]["verdict"] for found in mixed],
        None if configured is None else configured.statements[chosen]["value"],
        [_told(by_name[share.choice], share, mixed) for share in shares],
        origin,
        "verdict" if turns else "number",
    )


def _told(choice: Choice, share: Share, outcomes: Sequence[Outcome]) -> Told:
    options = [one.options.get(choice.name, CONFIGURED) for one in outcomes]
    certain = share.p < SIGNIFICANCE
    if choice.between is not None:
        low, high = choice.between
        middle = 1.0 if choice.times else 0.0
        values = np.array([middle if option == CONFIGURED else option for option in options], float)
        sign = "×" if choice.times else "s.e. "
        ends = f"{sign}{low:g}", f"{sign}{high:g}"
        return Told(choice.name, ends, (values - low) / (high - low), share.share, certain)
    words = (CONFIGURED, *(named(value) for value in choice.values))
    place = np.array([words.index(named(option)) for option in options], float)
    return Told(choice.name, words, place, share.share, certain)
