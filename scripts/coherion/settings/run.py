"""What a run is told: the whole of config.yaml, every stage's settings and the settings of single samples."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from coherion.errors import InputError
from coherion.settings.model import FileName, Settings, as_plain, told
from coherion.settings.reading import problems_of, settings_from
from coherion.settings.stages.arrhenius import ArrheniusLine
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.claims import ClaimSettings
from coherion.settings.stages.geometry import GeometrySettings
from coherion.settings.stages.quality import QualitySettings
from coherion.settings.stages.reduction import Reduction
from coherion.settings.stages.refinement import Recipe, Refinement
from coherion.settings.stages.reflections import ReflectionWidths, ReflectionWidthsSettings, SidePhase
from coherion.settings.stages.resolution import StandardSettings
from coherion.settings.stages.series import SeriesSettings
from coherion.settings.stages.spectra import SpectraSettings
from coherion.settings.stages.validation import ValidationSettings


class Person(Settings, frozen=True, kw_only=True):
    """Who answers for the results."""

    name: Annotated[str, told("Full name", min_length=1)]
    orcid: Annotated[
        Annotated[str, msgspec.Meta(pattern=r"^https://orcid\.org/\d{4}-\d{4}-\d{4}-\d{3}[\dX]$")] | msgspec.UnsetType,
        told("ORCID as an address"),
    ] = msgspec.UNSET


class CrateSettings(Settings, frozen=True, kw_only=True):
    """What the RO-Crate of a run (make crate) says of the results; docs/provenance.md"""

    title: Annotated[str | None, told("Title of the results; null for a general one")] = None
    people: Annotated[
        tuple[Person, ...],
        told(
            "Who answers for the results, the first of them for the run; none for the makers of the software. Each has "
            "a name, and an orcid if wanted"
        ),
    ] = ()
    license: Annotated[
        str | None,
        told(
            "Licence of the results, an SPDX name (CC-BY-4.0) or an address; null if none has been chosen. Results of "
            "the simulated series then have the software's"
        ),
    ] = None


class TableFiles(Settings, frozen=True, kw_only=True):
    """The three tables, relative to where the workflow is started or to the workflow's own folder"""

    samples: Annotated[FileName, told("Table of samples, see samples.schema.yaml")] = "config/samples.tsv"
    scans: Annotated[
        FileName | None, told("Table of powder diffraction scans, see scans.schema.yaml; null if there are none")
    ] = "config/scans.tsv"
    spectra: Annotated[
        FileName | None,
        told("Table of files of impedance spectra, see spectra.schema.yaml; null if there are none"),
    ] = "config/spectra.tsv"


class SimulationSettings(Settings, frozen=True, kw_only=True):
    """The simulated series that the default run starts from; docs/simulated-series.md"""

    series: Annotated[str, told("What is true of the simulated series, a .yaml file")] = "config/simulation.yaml"
    changes: Annotated[
        dict[str, Any],
        told(
            "Keys of that file to change, such as {conductivity_depends_on: composition} for the counter-series in "
            "which the claim about the coherence length is false"
        ),
    ] = {}


class Configuration(Settings, frozen=True, kw_only=True):
    """
    Every key may be left out: its default, which suits any powder and any pellet, is then used. What belongs to one
    paper stands in config/ (J. Mater. Chem. A 12 (2024) 7015 in the one that ships).
    """

    results: Annotated[
        FileName,
        told(
            "Folder that everything is written to, relative to where the workflow is started, or absolute; no braces "
            "(Snakemake takes them for wildcards), no dash in front"
        ),
    ] = "results"
    data_folder: Annotated[
        FileName,
        told(
            "Folder that holds the raw files; the tables name files below it. The simulated series is written to "
            "results/simulated. No braces (Snakemake takes them for wildcards), no dash in front"
        ),
    ] = "results/simulated"
    paper: Annotated[
        FileName | None,
        told("What the author says of the series: quantities, groups, statements, docs/paper.md; null for no paper"),
    ] = None
    crate: CrateSettings = CrateSettings()
    tables: TableFiles = TableFiles()
    reduction: Reduction = Reduction()
    refinement: Refinement = Refinement()
    reflection_widths: ReflectionWidths = ReflectionWidths()
    side_phase: SidePhase = SidePhase()
    spectra: SpectraSettings = SpectraSettings()
    validation: ValidationSettings = ValidationSettings()
    circuits: CircuitSettings = CircuitSettings()
    arrhenius: ArrheniusLine = ArrheniusLine()
    claims: ClaimSettings = ClaimSettings()
    geometry: GeometrySettings = GeometrySettings()
    resolution: StandardSettings = StandardSettings()
    series: SeriesSettings = SeriesSettings()
    quality: QualitySettings = QualitySettings()
    per_sample: Annotated[
        dict[str, dict[str, dict[str, Any]]],
        told(
            "Settings of single samples that differ from those of all, such as {x95: {refinement: {envelope: "
            "exponential}}}; name of the sample, then section, then key"
        ),
    ] = {}
    simulation: SimulationSettings = SimulationSettings()


# Sections whose settings a single sample may have of its own: what a job of one sample reads.
OF_SAMPLES: dict[str, type[msgspec.Struct]] = {
    "reduction": Reduction,
    "resolution": StandardSettings,
    "refinement": Recipe,
    "reflection_widths": ReflectionWidthsSettings,
    "geometry": GeometrySettings,
    "side_phase": SidePhase,
    "spectra": SpectraSettings,
    "validation": ValidationSettings,
    "circuits": CircuitSettings,
    "arrhenius": ArrheniusLine,
}


def configuration_from(given: Mapping[str, Any], *, file: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """The whole configuration as plain values, every default filled in.

    Raises
    ------
    InputError
        See :func:`coherion.settings.reading.settings_from`; settings of single samples are checked too, together with
        those that hold for all.
    """
    made = as_plain(settings_from(Configuration, given, file=file))
    for problem in problems_of_samples(made, file=file):
        raise problem
    return made


def problems_of_configuration(
    given: Mapping[str, Any], *, file: str | os.PathLike[str] | None = None
) -> tuple[dict[str, Any], list[InputError]]:
    """The configuration with the defaults of each section that cannot be used, and all that is wrong with it."""
    problems = problems_of(Configuration, given, file=file)
    spoiled = {str(problem.place).removeprefix("key ").split(".")[0].split("[")[0] for problem in problems}
    usable = {key: value for key, value in given.items() if key not in spoiled}
    made = as_plain(settings_from(Configuration, usable, file=file))
    of_samples = problems_of_samples(made, file=file)
    if of_samples:
        made["per_sample"] = {}
    return made, problems + of_samples


def problems_of_samples(settings: Mapping[str, Any], *, file: str | os.PathLike[str] | None = None) -> list[InputError]:
    """What is wrong with the settings of single samples, each section together with what holds for all samples."""
    found: list[InputError] = []
    for sample, sections in settings["per_sample"].items():
        for section in sections:
            place = f"per_sample.{sample}.{section}"
            if section not in OF_SAMPLES:
                found.append(
                    InputError("no such section", file=file, place=f"key {place}", expected=", ".join(OF_SAMPLES))
                )
                continue
            found += problems_of(OF_SAMPLES[section], of_sample(settings, section, sample), file=file, place=place)
    return found


def of_sample(settings: Mapping[str, Any], section: str, sample: str | None) -> dict[str, Any]:
    """A section as it holds for one sample: what the configuration says of it alone over what it says of all."""
    known = OF_SAMPLES[section].__struct_fields__
    own = settings["per_sample"].get(sample, {}).get(section, {})
    return {key: value for key, value in settings[section].items() if key in known} | own
