"""What a choice changes in the settings of jobs, and which choices change nothing or what a job would refuse.

An analysis with settings that its jobs refuse has no numbers, and one that its choice leaves as it was counts as
another that agrees. Both are found before anything is computed, for each option by itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from coherion.errors import InputError
from coherion.inputs.job_settings import JobSettings
from coherion.settings.paper.multiverse import ABSCISSA, LEFT_OUT, READING, SAMPLES, Choice
from coherion.settings.reading import fields, nearest, problems_of
from coherion.settings.stages.arrhenius import ArrheniusSettings
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.claims import ClaimSettings
from coherion.settings.stages.reduction import ReductionSettings
from coherion.settings.stages.refinement import READINGS, RefinementSettings
from coherion.settings.stages.validation import ValidationSettings

_MODELS: Mapping[str, type[msgspec.Struct]] = {
    "reduction": ReductionSettings,
    "refinement": RefinementSettings,
    "validation": ValidationSettings,
    "circuits": CircuitSettings,
    "arrhenius": ArrheniusSettings,
    "claims": ClaimSettings,
}
#: Settings that every analysis has its own of, and what is chosen instead.
_OWN = {
    "refinement.readings": f"key {READING} with one word each",
    "refinement.further": "nothing: each sample's own data set is refined alone",
    "circuits.compare_circuits": "key circuits.circuit",
    "claims.resamples": "nothing: no verdict rests on it",
}


@dataclass(frozen=True)
class Changes:
    """What one analysis changes: each choice with the option taken."""

    options: tuple[tuple[Choice, Any], ...]

    def of(self, stage: str, told: Mapping[str, Any], own: bool = True) -> dict[str, Any]:
        """A job's settings with the changes of a stage; ``own``: of a sample, not of the standard.

        What is a factor, or a number of standard uncertainties, concerns samples alone: each standard is measured once.
        """
        made = dict(told)
        for choice, option in self.options:
            at, _, key = choice.key.partition(".")
            if at != stage:
                continue
            if choice.values:
                made[key] = option
            elif own and _is_number(made.get(key)):
                made[key] = made[key] * option if choice.times else made[key] + option * made.get(f"{key}_sd", 0.0)
        return made

    def option(self, key: str) -> Any:
        """What is taken for a key that is no setting of a job; None as configured."""
        return next((option for choice, option in self.options if choice.key == key), None)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def refuse_useless(jobs: JobSettings) -> None:
    """Refuse choices that no analysis could make.

    Raises
    ------
    InputError
        For the first option that a job would refuse, or that changes no sample.
    """
    for problem in problems_of_choices(jobs):
        raise problem


def problems_of_choices(jobs: JobSettings) -> Iterator[InputError]:
    """What is wrong with the choices of a paper, given the samples and the configuration that they are made for."""
    for choice in jobs.paper.multiverse.choices:
        if choice.key in (READING, LEFT_OUT, ABSCISSA, SAMPLES):
            yield from _of_analysis(choice, jobs)
        elif choice.key in _OWN:
            yield _problem(choice, "each analysis has its own of this setting", choice.key, _OWN[choice.key])
        else:
            yield from _of_jobs(choice, jobs)


def _problem(
    choice: Choice, what: str, found: object, expected: object, at: str = "key", advice: str | None = None
) -> InputError:
    place = f"key multiverse.choices, choice {choice.name}, key {at}"
    return InputError(what, place=place, found=found, expected=expected, advice=advice)


def _of_analysis(choice: Choice, jobs: JobSettings) -> Iterator[InputError]:
    """A choice of the reading, of the samples, or of the abscissa: its options are names that there are."""
    samples = [name for name, row in jobs.tables.samples.items() if row.get("group") != "standard"]
    known: Mapping[str, list[str]] = {
        READING: list(READINGS),
        ABSCISSA: sorted(jobs.paper.known),
        SAMPLES: list(jobs.paper.groups),
        LEFT_OUT: samples,
    }
    names = known[choice.key]
    if choice.between is not None:
        yield _problem(
            choice, "no number", choice.key, f"values of {', '.join(names)}", "times" if choice.times else "sds"
        )
    for value in choice.values:
        if choice.key == LEFT_OUT and (isinstance(value, str) or not isinstance(value, list | tuple)):
            yield _problem(choice, "not a list of samples", value, f"a list, such as [{value}]", "values")
            continue
        for name in value if choice.key == LEFT_OUT else (value,):
            if name not in names:
                close = nearest(str(name), names)
                yield _problem(choice, "no such name", name, f"one of {', '.join(names)}", "values", close)


def _of_jobs(choice: Choice, jobs: JobSettings) -> Iterator[InputError]:
    """A choice of a setting: every sample's job takes each option, and some job is changed by it."""
    stage, _, key = choice.key.partition(".")
    model = _MODELS[stage]
    if key not in fields(model):
        close = nearest(key, fields(model))
        yield _problem(
            choice, "unknown setting", choice.key, f"one of {', '.join(sorted(fields(model)))}", advice=close
        )
        return
    told = _told(stage, jobs)
    for option in choice.between or choice.values:
        for subject, one in told.items():
            before = {(str(p.place), p.what) for p in problems_of(model, one, place=stage)}
            for problem in problems_of(model, Changes(((choice, option),)).of(stage, one), place=stage):
                if (str(problem.place), problem.what) not in before:
                    where = "times" if choice.times else "sds" if choice.sds else "values"
                    what = f"{problem.what}{f' ({subject})' if subject else ''}"
                    yield _problem(choice, what, json.dumps(option), problem.expected, where, problem.advice)
                    return
    if choice.between is not None and not any(_has(choice, key, one, subject, jobs) for subject, one in told.items()):
        sd = "" if choice.times else f" with a standard uncertainty ({key}_sd)"
        found = "nothing that this choice would change"
        yield _problem(choice, "no sample has this number", found, f"{choice.key} of a sample{sd}", advice=_GIVE)


_GIVE = "give the number, or leave the choice out"


def _told(stage: str, jobs: JobSettings) -> dict[str, dict[str, Any]]:
    """What each sample's job is told; of a stage that no sample has, what the configuration says of all."""
    tables = jobs.tables
    with_job = {"reduction": tables.with_scan, "refinement": tables.with_structure, "claims": list}
    samples = with_job.get(stage, tables.with_spectra)()
    if stage == "reduction":
        samples = [name for name in samples if tables.samples[name].get("group") != "standard"]
    return {name: jobs.of_sample(stage, name) for name in samples} or {"": dict(jobs.settings[stage])}


def _has(choice: Choice, key: str, told: Mapping[str, Any], sample: str, jobs: JobSettings) -> bool:
    """Whether a range moves a job's number; what a standard gives is known when it is refined."""
    if not sample and choice.key.partition(".")[0] != "claims":
        return True
    if f"{key}_sd" in fields(RefinementSettings) and sample and jobs.standard_of(sample) is not None:
        return True
    moved = told.get(key) if choice.times else told.get(f"{key}_sd")
    return _is_number(told.get(key)) and _is_number(moved) and moved != 0
