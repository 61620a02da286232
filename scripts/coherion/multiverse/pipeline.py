"""One whole analysis of a series: from the counts and the spectra, which are read already, to judged statements."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from coherion.errors import CoherionError
from coherion.inputs.job_settings import JobSettings
from coherion.messages import collected
from coherion.multiverse.choices import Changes
from coherion.multiverse.outcome import Outcome, statements_of
from coherion.multiverse.plan import Pipeline
from coherion.multiverse.workshop import OF_READING, Workshop, length_and_strain
from coherion.paper.statements import judge_one
from coherion.settings.paper.multiverse import ABSCISSA, LEFT_OUT, READING, SAMPLES
from coherion.settings.reading import settings_from
from coherion.settings.stages.claims import ClaimSettings
from coherion.settings.stages.series import SeriesSettings
from coherion.statistics.collect import TRANSPORT, transport_columns
from coherion.statistics.series import Missing, Series

# Columns of the configured run that hold other readings, other ranges and their parts: an analysis has its own only.
_OF_OTHERS = re.compile(r".+_as_.+|.+_\d+_\d+(_sd)?|.+_sd_(counts|reading)|.+_from_widths.*|widths_disagreement")
# A verdict is asked of thousands of analyses; what takes time in it is the bootstrap, on which no verdict rests.
_RESAMPLES = 100
#: The reading of an analysis whose choices name none.
USUAL_READING = "size_strain"


def run(pipeline: Pipeline, workshop: Workshop, series: Series) -> Outcome:
    """Run one whole analysis.

    Parameters
    ----------
    series
        The table of the configured run: what an analysis does not compute (composition, group, side phase) is its.
    """
    began = time.perf_counter()
    paper = workshop.jobs.paper
    known = {choice.name: choice for choice in paper.multiverse.choices}
    changes = Changes(tuple((known[name], option) for name, option in pipeline.options.items()))
    made = Outcome(pipeline.number, pipeline.sort, dict(pipeline.options))
    reading = changes.option(READING) or USUAL_READING
    chosen = np.random.default_rng([paper.multiverse.seed, pipeline.number])
    table = bare(series, workshop.jobs)
    columns: dict[str, dict[str, tuple[float, float]]] = {}
    with collected():
        for sample in series.texts("sample"):
            cold = chosen.random() < paper.multiverse.cold
            try:
                for column, value in _of_sample(sample, workshop, changes, reading, cold, made).items():
                    columns.setdefault(column, {})[sample] = value
            except CoherionError as problem:
                made.failed[sample] = str(problem)
        table = _filled(table, columns)
        _judge(table, workshop, changes, made)
    workshop.forget_reductions()
    made.seconds = time.perf_counter() - began
    return made


def bare(series: Series, jobs: JobSettings) -> Series:
    """The table without what an analysis computes: where it finds nothing, nothing of the configured run stays."""
    known, refined = jobs.paper.known, set(jobs.tables.reduced_and_refined())
    own = dict.fromkeys(settings_from(SeriesSettings, jobs.of_series("series")).parameters, refined)
    own |= dict.fromkeys((known[name].column or name for name in OF_READING), refined)
    own |= {column: set(jobs.tables.with_spectra()) for column in TRANSPORT}
    own |= {f"{column}_sd": samples for column, samples in own.items()}

    def kept(name: str, cells: tuple[str, ...]) -> tuple[str, ...]:
        made = own.get(name, set())
        return tuple("" if sample in made else cell for sample, cell in zip(series.texts("sample"), cells, strict=True))

    columns = {name: kept(name, cells) for name, cells in series.columns.items() if not _OF_OTHERS.fullmatch(name)}
    return replace(series, columns=columns)


def _of_sample(
    sample: str, workshop: Workshop, changes: Changes, reading: str, cold: bool, made: Outcome
) -> dict[str, tuple[float, float]]:
    """Columns of one sample that this analysis fills."""
    jobs = workshop.jobs
    found: dict[str, tuple[float, float]] = {}
    settings = settings_from(SeriesSettings, jobs.of_series("series"))
    if sample in jobs.tables.reduced_and_refined():

        def structure() -> dict[str, tuple[float, float]]:
            return _structure(sample, workshop, changes, reading, cold, made, settings)

        found |= workshop.columns_of_structure(sample, changes, reading, structure)
    if sample in jobs.tables.with_spectra():
        arrhenius = workshop.transport(sample, changes)
        row = transport_columns(arrhenius, _with_resistance(settings, arrhenius))
        for column, value in row.items():
            if f"{column}_sd" in row:
                found[column] = (float(value), float(row[f"{column}_sd"]))
    return found


def _structure(
    sample: str,
    workshop: Workshop,
    changes: Changes,
    reading: str,
    cold: bool,
    made: Outcome,
    settings: SeriesSettings,
) -> dict[str, tuple[float, float]]:
    """Columns of the structure: refined parameters, length and strain under the one reading."""
    found: dict[str, tuple[float, float]] = {}
    result, read = workshop.refinement(sample, changes, reading, warm=True)
    scaled = {p.name: (p.value, p.uncertainty_scaled) for p in result.parameters}
    for column, parameter in settings.parameters.items():
        value, sd = scaled.get(parameter, (np.nan, np.nan))
        if sd is not None and np.isfinite([value, sd]).all():
            found[column] = (float(value), float(sd))
    if read is not None:
        known = workshop.jobs.paper.known
        resolved = settings_from(ClaimSettings, workshop.jobs.settings["claims"]).resolved_length
        for name, pair in length_and_strain(read, resolved).items():
            found[known[name].column or name] = pair if pair is not None else (np.nan, np.nan)
        if cold:
            made.cold[sample] = _compared(sample, workshop, changes, reading, result.rw, read)
    return found


def _with_resistance(settings: SeriesSettings, arrhenius: Any) -> SeriesSettings:
    """The settings with a resistance that the circuit has: another family of circuits may call it otherwise."""
    import msgspec

    names = [str(name) for name in arrhenius["resistance_name"].values]
    return settings if settings.resistance in names else msgspec.structs.replace(settings, resistance=names[0])


def _compared(
    sample: str, workshop: Workshop, changes: Changes, reading: str, rw: float, read: Any
) -> dict[str, float]:
    """A refinement from nothing against the warm one."""
    other, again = workshop.refinement(sample, changes, reading, warm=False)
    sd = float(read.sds[0])
    if again is None or not sd > 0:
        return {"rw": other.rw - rw}
    return {"rw": other.rw - rw, "inverse_length": (again.inverse_length - read.inverse_length) / sd}


def _filled(table: Series, columns: Mapping[str, Mapping[str, tuple[float, float]]]) -> Series:
    samples = table.texts("sample")
    for column, found in columns.items():
        pairs = [found.get(sample, (np.nan, np.nan)) for sample in samples]
        values, sds = np.array(pairs, float).T
        table = table.put(column, values, sds)
    return table


def _judge(table: Series, workshop: Workshop, changes: Changes, made: Outcome) -> None:
    """Statements under this one reading, and the quantities of all samples."""
    import msgspec

    jobs, paper = workshop.jobs, workshop.jobs.paper
    told = changes.of("claims", jobs.settings["claims"]) | {"resamples": _RESAMPLES}
    settings = settings_from(ClaimSettings, told)
    paper = msgspec.structs.replace(
        paper,
        abscissa=changes.option(ABSCISSA) or paper.abscissa,
        samples=changes.option(SAMPLES) or paper.samples,
    )
    left_out = set(changes.option(LEFT_OUT) or ())
    judged = table.where(np.array([sample not in left_out for sample in table.texts("sample")]))
    for statement in statements_of(jobs.paper):
        claim = judge_one(statement, judged, paper, settings)
        made.statements[claim.id] = {
            "verdict": claim.verdict,
            "value": _number(claim.value),
            "error": _number(claim.error),
            "n": claim.n,
            "note": claim.note[:200],
        }
    for name in jobs.paper.multiverse.quantities:
        try:
            values, sds = table.numbers(name), table.errors(name)
        except Missing:
            continue
        made.quantities[name] = {
            sample: (float(value), float(sd))
            for sample, value, sd in zip(table.texts("sample"), values, sds, strict=True)
            if np.isfinite([value, sd]).all()
        }


def _number(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else float(value)
