"""Which choices of an analysis could have been made otherwise, and how many whole analyses try them."""

from __future__ import annotations

import json
import math
from typing import Annotated, Any

from coherion.errors import InputError
from coherion.settings.model import Fraction, Seed, Settings, told
from coherion.settings.paper.quantities import Name

#: What a choice may change: settings of these stages, the reading of the damping, and what is judged.
STAGES = ("reduction", "refinement", "validation", "circuits", "arrhenius", "claims")
READING, LEFT_OUT, ABSCISSA, SAMPLES = "reading", "samples.left_out", "paper.abscissa", "paper.samples"

#: What stands for the configured value of a choice.
CONFIGURED = "configured"
#: Columns that the table of the analyses has of its own.
TABLE_WORDS = ("analysis", "sort", "seconds", "failed")


class Choice(Settings, frozen=True, kw_only=True):
    """One choice that nobody can know to be right. Exactly one of values, times and sds says what else it might be."""

    name: Annotated[str, told("Its name in tables and in the figure", min_length=1, max_length=60)]
    why: Annotated[str, told("Why the others are as defensible as what the configuration says", min_length=1)]
    key: Annotated[
        str,
        told(
            "Setting that it changes (reduction.qmax), or reading, samples.left_out, paper.abscissa, paper.samples",
            min_length=1,
        ),
    ]
    values: Annotated[
        tuple[Any, ...], told("Other values; samples.left_out has lists of samples. The configured one is always tried")
    ] = ()
    times: Annotated[
        tuple[float, float] | None, told("Lowest and highest factor on the number that each sample has")
    ] = None
    sds: Annotated[
        tuple[float, float] | None, told("Lowest and highest change, in units of the number's own standard uncertainty")
    ] = None

    def __post_init__(self) -> None:
        given = [key for key in ("values", "times", "sds") if getattr(self, key)]
        if len(given) != 1:
            raise InputError(
                "a choice needs one of values, times and sds",
                place=f"choice {self.name}",
                found=", ".join(given) or "none",
                expected="one of them",
            )
        stage, _, rest = self.key.partition(".")
        if self.key not in (READING, LEFT_OUT, ABSCISSA, SAMPLES) and (stage not in STAGES or not rest):
            raise InputError(
                "no setting that a choice can change",
                place=f"choice {self.name}, key",
                found=self.key,
                expected=f"STAGE.SETTING of {', '.join(STAGES)}, or {READING}, {LEFT_OUT}, {ABSCISSA}, {SAMPLES}",
            )
        told = [json.dumps(value, sort_keys=True, default=str) for value in self.values]
        twice = next((value for i, value in enumerate(told) if value in told[:i] or value == f'"{CONFIGURED}"'), None)
        if twice is not None:
            raise InputError(
                "an option is there already",
                place=f"choice {self.name}, key values",
                found=twice,
                expected=f"each value once, without {CONFIGURED}, which is always tried",
            )
        for key in ("times", "sds"):
            pair = getattr(self, key)
            if pair and not (all(map(math.isfinite, pair)) and (key == "sds" or pair[0] > 0)):
                raise InputError(
                    "not a range",
                    place=f"choice {self.name}, key {key}",
                    found=pair,
                    expected="two numbers" if key == "sds" else "two factors above 0",
                )
            if pair and not pair[0] < pair[1]:
                raise InputError(
                    "not a range", place=f"choice {self.name}, key {key}", found=pair, expected="low < high"
                )

    @property
    def between(self) -> tuple[float, float] | None:
        """The range of a choice that is a number."""
        return self.times or self.sds


class MultiverseSettings(Settings, frozen=True, kw_only=True):
    """Whole analyses under other defensible choices (make multiverse); docs/method-multiverse.md"""

    pipelines: Annotated[
        int, told("Analyses with all choices mixed, beside each choice by itself", ge=8, le=100_000)
    ] = 512
    batch: Annotated[int, told("Analyses of one job; a job that is killed loses its own only", ge=1, le=1000)] = 40
    seed: Annotated[Seed, told("Seed of the space-filling set, and of which refinements also start cold")] = 20
    cold: Annotated[Fraction, told("Share of the refinements that also start from nothing, to be compared")] = 0.05
    statements: Annotated[
        tuple[str, ...],
        told("Statements judged, by id, the one that the figure shows first; none takes those about a trend"),
    ] = ()
    quantities: Annotated[tuple[Name, ...], told("Quantities whose spread between analyses is told")] = (
        "coherence_length",
        "conductivity",
        "activation_energy",
    )
    choices: Annotated[tuple[Choice, ...], told("The choices; none means that there is nothing to run")] = ()

    def __post_init__(self) -> None:
        names = [one.name for one in self.choices]
        for i, name in enumerate(names):
            if names.index(name) != i:
                raise InputError(
                    "a name stands twice", place=f"key choices.{i}.name", found=name, expected="each name once"
                )
            if name in TABLE_WORDS or not name.isprintable() or name != name.strip():
                raise InputError(
                    "no name of a choice",
                    place=f"key choices.{i}.name",
                    found=repr(name),
                    expected=f"words on one line, not {', '.join(TABLE_WORDS)}, which the table of the analyses has",
                )
        keys = [one.key for one in self.choices]
        for i, key in enumerate(keys):
            if keys.index(key) != i:
                raise InputError(
                    "two choices change one setting",
                    place=f"key choices.{i}.key",
                    found=key,
                    expected="each setting once",
                    advice="put all options into one choice: of two, the later one would decide",
                )
