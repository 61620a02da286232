"""Which whole analyses are run: as configured, each choice by itself, and a set that fills the space of all choices.

A choice that is a number takes its two ends by itself and any value between them in the set; one among values takes
each. The set is Sobol's sequence, scrambled and seeded (Owen, J. Complexity 14 (1998) 466): its points fill the space
of the mixed choices more evenly than random ones, so that shares of the variance come out with fewer analyses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np

from coherion.errors import InputError
from coherion.settings.paper.multiverse import CONFIGURED, Choice, MultiverseSettings

Sort = Literal["configured", "single", "mixed"]
#: Stages whose settings a standard has too: analyses that share them are put into one batch, to reduce it once.
_OF_STANDARD = ("reduction",)


@dataclass(frozen=True)
class Pipeline:
    """One whole analysis: its number, its sort, and the choices in which it differs, by name."""

    number: int
    sort: Sort
    options: Mapping[str, Any]


def pipelines(settings: MultiverseSettings) -> list[Pipeline]:
    """All analyses of a multiverse; the first is the configured one.

    Raises
    ------
    InputError
        If no choice is declared.
    """
    if not settings.choices:
        raise InputError(
            "the paper declares no choices",
            place="key multiverse.choices",
            expected="choices that could have been made otherwise (docs/method-multiverse.md)",
        )
    made: list[dict[str, Any]] = [{}]
    for choice in settings.choices:
        made += [{choice.name: option} for option in choice.between or choice.values]
    singles = len(made)
    made += [
        {c.name: option for c, u in zip(settings.choices, row, strict=True) if (option := _option(c, u)) != CONFIGURED}
        for row in _filling(settings.pipelines, len(settings.choices), settings.seed)
    ]
    sorts: list[Sort] = ["configured", *["single"] * (singles - 1), *["mixed"] * settings.pipelines]  # type: ignore[list-item]
    return [Pipeline(k, sort, options) for k, (sort, options) in enumerate(zip(sorts, made, strict=True))]


def _filling(count: int, dimension: int, seed: int) -> np.ndarray:
    """Points of the unit cube, shape (count, dimension)."""
    import numpy as np
    from scipy.stats.qmc import Sobol

    # Sobol's sequence is balanced at powers of two; of another number the first so many are taken.
    return Sobol(dimension, rng=np.random.default_rng(seed)).random_base2(int(np.ceil(np.log2(count))))[:count]


def _option(choice: Choice, u: float) -> Any:
    if choice.between is not None:
        low, high = choice.between
        return float(low + u * (high - low))
    place = int(u * (len(choice.values) + 1))
    return CONFIGURED if place == 0 else choice.values[place - 1]


def batches(settings: MultiverseSettings) -> list[list[Pipeline]]:
    """The analyses in jobs; those that reduce the standard alike stand beside one another."""
    shared = {c.name for c in settings.choices if c.values and c.key.partition(".")[0] in _OF_STANDARD}

    def alike(one: Pipeline) -> tuple[bool, bool, str]:
        own = {name: option for name, option in one.options.items() if name in shared}
        return one.sort == "mixed", bool(own), json.dumps(own, sort_keys=True)

    ordered = sorted(pipelines(settings), key=alike)
    return [ordered[k : k + settings.batch] for k in range(0, len(ordered), settings.batch)]


def batches_of(settings: MultiverseSettings) -> int:
    """Number of jobs; none where no choice is declared."""
    if not settings.choices:
        return 0
    singles = sum(2 if choice.between else len(choice.values) for choice in settings.choices)
    return -(-(1 + singles + settings.pipelines) // settings.batch)


def named(option: Any) -> str:
    """An option as tables and figures call it."""
    if isinstance(option, float):
        return f"{option:.4g}"
    if isinstance(option, Sequence) and not isinstance(option, str):
        is_range = len(option) == 2 and all(isinstance(one, int | float) for one in option)
        return ("-" if is_range else " ").join(named(one) for one in option) or "none"
    return str(option)
