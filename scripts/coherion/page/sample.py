"""One sample on the page: its line in the list, and all that the run made of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from coherion.crystal.structure_files import read_structure
from coherion.data.contract.units import unit_in_print
from coherion.errors import CoherionError
from coherion.figures.legible.mathematics import words
from coherion.page import impedance, refinement, scattering
from coherion.page.blocks import Block, composition, measured, table
from coherion.page.run_files import BY_RANGE, STAGES, Run, settings_of
from coherion.page.structure import structure_block
from coherion.settings.paper.paper import Paper

#: Quantities of the list, by name; those that no sample has are left out. The paper's abscissa comes before.
MAIN = ("a", "coherence_length", "microstrain_squared", "rw", "activation_energy", "conductivity")
#: Shorter words than those of the axes of figures.
_SHORT = {"coherence_length": "L / Å", "microstrain_squared": "⟨e²⟩"}
GRADES = "ABC"
FAILED = "failed"


def names_of(run: Run, told: list[str]) -> list[str]:
    """Every sample that the run was told of or has something of, the told ones first."""
    found = [*told, *run.by_sample]
    for stage in ("reduction", "refinement", "circuits", "arrhenius", "validation"):
        found += run.names(stage)
    return list(dict.fromkeys(found))


def number_of(row: Mapping[str, str], column: str) -> tuple[float | None, float | None]:
    """Value and uncertainty of a column of the table of the series."""

    def read(name: str) -> float | None:
        try:
            return float(row[name]) if row.get(name) else None
        except ValueError:
            return None

    return read(column), read(f"{column}_sd")


def columns_of(run: Run, paper: Paper) -> list[tuple[str, str]]:
    """Column and heading of the main numbers of which the series has any."""
    found: list[tuple[str, str]] = []
    for name in dict.fromkeys((paper.abscissa, *MAIN)):
        known = paper.known.get(name)
        if known is None or known.expression is not None:
            continue
        column, label = known.column or name, _SHORT.get(name) or known.label or name
        if any(row.get(column) for row in run.series):
            found.append((column, words(label)))
    return found


def light_of(run: Run, sample: str, is_told: bool) -> tuple[str, dict[str, int]]:
    """The gravest grade of a sample's alerts, ``failed`` or blank, and how many of each grade."""
    counts = {grade: 0 for grade in GRADES}
    for row in run.alerts_by_sample[sample]:
        if row["grade"] in counts:
            counts[row["grade"]] += 1
    if failures_of(run, sample) or (is_told and sample not in run.by_sample):
        return FAILED, counts
    return next((grade for grade in GRADES if counts[grade]), ""), counts


def failures_of(run: Run, sample: str) -> list[tuple[str, str]]:
    """Job and message of each job of a sample that failed."""
    return [(job, said) for job, said in run.failures if sample in job.split()[1:]]


def listed(run: Run, sample: str, columns: list[tuple[str, str]], is_told: bool) -> dict[str, Any]:
    """The sample's line in the list; ``is_told`` where the run was told of it, so that it is missed."""
    row = run.by_sample.get(sample, {})
    light, counts = light_of(run, sample, is_told)
    is_standard = run.path("resolution", f"{sample}.json").exists()
    other = "standard of the resolution" if is_standard else "no part of the series"
    # A sample may be called what it is: its name says so already.
    title = "" if row.get("title") == sample else row.get("title") or ""
    return {
        "sample": sample,
        "title": words(title) if row or is_told else other,
        "origin": row.get("origin", ""),
        "group": row.get("group", ""),
        "composition": composition(row["composition"]) if row.get("composition") else None,
        "light": light,
        "counts": counts,
        "excluded": row.get("excluded", ""),
        "cells": [measured(*number_of(row, column)) for column, _ in columns],
    }


def sections(
    run: Run, paper: Paper, sample: str, warnings: list[tuple[str, str]], is_told: bool
) -> list[dict[str, Any]]:
    """Everything of one sample, section by section; a section without anything is not there."""
    found = []

    def add(name: str, title: str, blocks: Iterator[Block] | list[Block]) -> None:
        kept = [block for block in blocks if block is not None and block.get("rows", True)]
        if kept:
            found.append({"id": name, "title": title, "blocks": kept})

    ranges = run.ranges(sample)
    main = ranges[0] if ranges else ""
    add("alerts", "Alerts, warnings, exclusions", _told(run, sample, warnings, is_told))
    add("scattering", "Scattering", _scattering(run, sample))
    add("refinement", "Refinement", _refinement(run, sample, ranges))
    add("size-strain", "Size and strain", _readings(run, sample, main))
    add("structure", "Structure", _structure(run, sample, main))
    add("side-phase", "Side phase", _side_phase(run, sample))
    add("impedance", "Impedance", _impedance(run, sample))
    add("transport", "Conductivity", _arrhenius(run, sample))
    add("numbers", "All numbers", _row(run, paper, sample))
    add("provenance", "Settings and sources", _provenance(run, sample, ranges))
    return found


def _told(run: Run, sample: str, warnings: list[tuple[str, str]], is_told: bool) -> Iterator[Block]:
    row = run.by_sample.get(sample)
    if row is None and is_told:
        yield {"kind": "text", "level": "warning", "text": "The table of the series has no row of this sample."}
    for job, said in failures_of(run, sample):
        yield {"kind": "text", "level": "warning", "text": f"{job} failed: {said}"}
    if row is not None and row.get("excluded"):
        yield {"kind": "text", "level": "warning", "text": f"Left out of the structural series: {row['excluded']}"}
    alerts = run.alerts_by_sample[sample]
    if alerts:
        yield {"kind": "alerts", "rows": alerts}
    own = [[job, said] for job, said in warnings if sample in job.split()[1:]]
    if own:
        yield table("Warnings", ["job", "warning"], own)
    left_out = [
        [one.get("what", ""), one["reason"], one.get("by", "")] for one in run.exclusions if one["sample"] == sample
    ]
    if left_out:
        yield table("Left out", ["what", "why", "by"], left_out)
    if row is not None and not (alerts or own or left_out or row.get("excluded")):
        yield {"kind": "text", "level": "note", "text": "No alert, no warning, nothing left out."}


def _scattering(run: Run, sample: str) -> Iterator[Block]:
    reduced = run.dataset("reduction", sample)
    if reduced is not None:
        yield from scattering.reduction_blocks(reduced)
        return
    scan = run.dataset("scans", sample)
    if scan is not None:
        yield from scattering.scan_blocks(scan)


def _refinement(run: Run, sample: str, ranges: list[str]) -> Iterator[Block]:
    for fit_range in ranges:
        fit = run.dataset("refinement", sample, fit_range)
        if fit is not None:
            yield refinement.fit_block(fit, fit_range)
            yield from refinement.further_blocks(fit, fit_range)
    for fit_range in ranges:
        rows = run.rows(f"refinement/{sample}/{fit_range}.tsv", "name", "value")
        if rows:
            yield refinement.parameters_block(rows, f"Parameters, {fit_range.replace('-', ' to ')} Å")


def _readings(run: Run, sample: str, main: str) -> Iterator[Block]:
    fit = run.dataset("refinement", sample, main) if main else None
    widths = run.dataset("reflection_widths", sample)
    if fit is not None:
        yield from refinement.readings_blocks(fit, widths)
    if widths is not None:
        yield refinement.widths_block(widths)


def _structure(run: Run, sample: str, main: str) -> Iterator[Block]:
    if not main:
        return
    cif = run.path("refinement", sample, f"{main}.cif")
    geometry = run.rows(f"geometry/{sample}/{main}.tsv", "name", "value")
    if cif.exists():
        try:
            block = structure_block(read_structure(cif), geometry, "structure")
        except CoherionError as problem:
            run.absent[f"refinement/{sample}/{main}.cif"] = str(problem)
            block = None
        if block:
            yield block
    if geometry:
        yield refinement.parameters_block(geometry, "Bonds, angles, polyhedra")


def _side_phase(run: Run, sample: str) -> Iterator[Block]:
    found = run.dataset("side_phase", sample)
    if found is not None:
        yield from refinement.side_phase_blocks(found)


def _impedance(run: Run, sample: str) -> Iterator[Block]:
    circuits, validated = run.dataset("circuits", sample), run.dataset("validation", sample)
    line = run.dataset("arrhenius", sample)
    reference = float(line.attrs["reference_temperature"]) if line is not None else None
    if circuits is not None:
        yield from impedance.spectra_blocks(circuits, reference)
    if validated is not None:
        yield from impedance.validation_blocks(validated)
    if circuits is not None:
        yield impedance.resistances_block(circuits)


def _arrhenius(run: Run, sample: str) -> Iterator[Block]:
    line = run.dataset("arrhenius", sample)
    if line is not None:
        yield from impedance.arrhenius_block(line)


def _row(run: Run, paper: Paper, sample: str) -> Iterator[Block]:
    row = run.by_sample.get(sample)
    if not row:
        return
    labels = {one.column or name: (one.label, one.unit) for name, one in paper.known.items() if one.expression is None}
    rows = []
    for column, value in row.items():
        if not value or column.endswith("_sd") or column == "sample":
            continue
        label, unit = labels.get(column, ("", ""))
        number, sd = number_of(row, column)
        said = measured(number, sd) if number is not None else composition(value) if column == "composition" else value
        rows.append([column, words((label or "").split(" / ")[0]), said, unit_in_print(unit or "")])
    yield table("Row of the table of the series", ["column", "quantity", "value", "unit"], rows, closed=True)


def _provenance(run: Run, sample: str, ranges: list[str]) -> Iterator[Block]:
    files = [f"{stage}/{sample}.nc" for stage in STAGES]
    files += [f"{stage}/{sample}/{one}.nc" for stage in BY_RANGE for one in ranges]
    files.insert(1, f"spectra/{sample}.nc")
    sources = run.sources(*files)
    if sources:
        yield table("Sources", ["file of the run", "made from", "SHA-256"], sources, closed=True)
    rows = []
    for stage in (*STAGES, *BY_RANGE):
        dataset = run.dataset(stage, sample, ranges[0] if stage in BY_RANGE and ranges else "")
        if dataset is None:
            continue
        command = STAGES.get(stage) or BY_RANGE[stage]
        for key, value in sorted(settings_of(dataset).items()):
            rows.append([command, key, value if isinstance(value, str) else json.dumps(value)])
    if rows:
        yield table("Settings", ["command", "setting", "value"], rows, closed=True)
