"""What whole analyses of one series share: its data, its settings, and what was computed with the same ones before."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from coherion.crystal.structure_files import read_structure
from coherion.data.netcdf import read_dataset
from coherion.data.series_tables import further_backgrounds
from coherion.impedance.arrhenius_dataset import arrhenius_dataset
from coherion.impedance.circuits.dataset import fit_dataset
from coherion.impedance.datasets import validate_dataset
from coherion.inputs.job_settings import JobSettings
from coherion.multiverse.choices import Changes
from coherion.multiverse.warm import refine_from
from coherion.pair_model.model import SHARED_DEFAULTS
from coherion.refinement.least_squares.weights import Misfit
from coherion.refinement.observed import observed_of
from coherion.refinement.readings import Reading, read_size_and_strain
from coherion.refinement.recipe import run_recipe
from coherion.refinement.resolution import refine_standard
from coherion.refinement.steps.refined import Refined
from coherion.scattering.reduction import reduce_scan
from coherion.settings.reading import settings_from
from coherion.settings.stages.arrhenius import ArrheniusSettings
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.reduction import ReductionSettings
from coherion.settings.stages.refinement import RefinementSettings
from coherion.settings.stages.resolution import StandardSettings
from coherion.settings.stages.validation import ValidationSettings

# What is left out of a refinement that is one of thousands: it bears on no column of a multiverse.
_UNASKED: dict[str, Any] = {"compare_envelopes": [], "profile": []}


@dataclass
class Workshop:
    """A series with its data; ``folder`` holds the results of the configured run, by the workflow's names.

    Reductions, resolutions, tested spectra and circuits are kept by their settings, so that analyses that share them
    compute them once.
    """

    jobs: JobSettings
    folder: Path
    structures: Mapping[str, list[str]]
    fit_range: str
    kept: dict[tuple[str, str, str], Any] = field(default_factory=dict)

    def _once(self, what: str, subject: str, told: object, make: Callable[[], Any]) -> Any:
        key = (what, subject, json.dumps(told, sort_keys=True))
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]

    def _read(self, name: str, made_by: str) -> xarray.Dataset:
        return self._once("file", name, None, lambda: read_dataset(self.folder / name, made_by))

    def reduction(self, sample: str, changes: Changes) -> xarray.Dataset:
        """G(r) of a sample or of the standard."""
        row = self.jobs.tables.samples[sample]
        told = changes.of("reduction", self.jobs.of_sample("reduction", sample), row["group"] != "standard")

        def make() -> xarray.Dataset:
            scans = [self._read(f"scans/{row[key]}.nc", "import_scan") if key in row else None for key in _SCANS]
            assert scans[0] is not None
            further = [self._read(f"scans/{name}.nc", "import_scan") for name in further_backgrounds(row)]
            return reduce_scan(scans[0], scans[1], settings_from(ReductionSettings, told), further)

        return self._once("reduction", sample, told, make)

    def resolution(self, sample: str, changes: Changes) -> dict[str, float]:
        """The instrument's resolution as settings of a sample's refinement; empty where no standard gives it."""
        standard = self.jobs.standard_of(sample)
        if standard is None:
            return {}
        reduction = changes.of("reduction", self.jobs.of_sample("reduction", standard), own=False)
        settings = settings_from(StandardSettings, self.jobs.of_sample("resolution", standard))

        def make() -> dict[str, float]:
            observed = observed_of(self.reduction(standard, changes), standard)
            crystal = read_structure(self.structures[standard][0])
            return refine_standard(crystal, observed, settings, _silent, grains=False)[1].as_settings()

        return self._once("resolution", standard, reduction, make)

    def structural_settings(self, sample: str, changes: Changes, reading: str) -> dict[str, Any]:
        """What a refinement is told; with what its reduction is told it decides all that comes of it."""
        told = self.jobs.of_sample("refinement", sample) | self.resolution(sample, changes) | _UNASKED
        # Of a joint refinement the sample's own data set alone.
        told.pop("further", None)
        told["fit_range"] = [float(end) for end in self.fit_range.split("-")]
        return changes.of("refinement", told) | {"readings": [reading]}

    def columns_of_structure(
        self, sample: str, changes: Changes, reading: str, make: Callable[[], dict[str, tuple[float, float]]]
    ) -> dict[str, tuple[float, float]]:
        """What ``make`` finds of a sample's structure, kept by all settings that it hangs on."""
        reduction = changes.of("reduction", self.jobs.of_sample("reduction", sample))
        return self._once("structure", sample, [reduction, self.structural_settings(sample, changes, reading)], make)

    def refinement(self, sample: str, changes: Changes, reading: str, *, warm: bool) -> tuple[Refined, Reading | None]:
        """Structure of a sample, and its size and strain under one reading (None where it has no length).

        ``warm`` starts where the configured run ended.
        """
        settings = settings_from(RefinementSettings, self.structural_settings(sample, changes, reading))
        observed = observed_of(self.reduction(sample, changes), sample)
        crystals = [read_structure(file) for file in self.structures[sample]]
        if warm:
            start, misfit = self._ended(sample)
            found = refine_from(start, crystals, observed, settings, misfit)
            read = read_size_and_strain(found, settings.readings, _silent)
        else:
            found = run_recipe(crystals, observed, settings, say=_silent)
            read = found.readings
        each = read.readings if read is not None else ()
        return found, next((one for one in each if one.name == reading), None)

    def _ended(self, sample: str) -> tuple[dict[str, float], Misfit | None]:
        """Where the configured run ended, and its misfit; the instrument's resolution is each analysis' own."""
        fit = self._read(f"refinement/{sample}/{self.fit_range}.nc", "refine_structure")
        pairs = zip((str(name) for name in fit["parameter"].values), fit["value"].values, strict=True)
        start = {name: float(value) for name, value in pairs if name not in SHARED_DEFAULTS}
        return start, Misfit.of(fit)

    def transport(self, sample: str, changes: Changes) -> xarray.Dataset:
        """Conductivities and activation energy of a sample."""
        stages = {stage: changes.of(stage, self.jobs.of_sample(stage, sample)) for stage in _IMPEDANCE}

        def validated() -> xarray.Dataset:
            spectra = self._read(f"spectra/{sample}.nc", "import_spectra")
            return validate_dataset(spectra, settings_from(ValidationSettings, stages["validation"]))

        def circuits() -> xarray.Dataset:
            tested = self._once("validation", sample, stages["validation"], validated)
            told = stages["circuits"] | {"compare_circuits": False}
            return fit_dataset(tested, settings_from(CircuitSettings, told), distributions=False)

        told = [stages["validation"], stages["circuits"]]
        fitted = self._once("circuits", sample, told, circuits)
        return arrhenius_dataset(fitted, settings_from(ArrheniusSettings, stages["arrhenius"]))

    def forget_reductions(self) -> None:
        """Let go of reductions of samples, whose settings seldom come again; memory would grow with the analyses."""
        for key in [key for key in self.kept if key[0] == "reduction"]:
            del self.kept[key]


#: What :func:`length_and_strain` gives of a reading.
OF_READING = ("coherence_length", "inverse_length", "microstrain_squared")
_SCANS = ("scan", "background")
_IMPEDANCE = ("validation", "circuits", "arrhenius")


def _silent(text: str) -> None:
    pass


def length_and_strain(reading: Reading, resolved: float) -> dict[str, tuple[float, float] | None]:
    """Length, inverse length and strain of one reading with their standard uncertainties, None where it has none.

    A length is known where 1/L is ``resolved`` standard uncertainties above zero.
    """
    (inverse, strain), (inverse_sd, strain_sd) = reading.values, reading.sds
    known = inverse_sd > 0 and inverse >= resolved * inverse_sd
    made: dict[str, tuple[float, float] | None] = dict.fromkeys(OF_READING)
    if strain_sd > 0:
        made["microstrain_squared"] = (float(strain), float(strain_sd))
    if inverse_sd > 0 and np.isfinite(inverse_sd):
        made["inverse_length"] = (float(inverse), float(inverse_sd))
    if known:
        made["coherence_length"] = (float(1 / inverse), float(inverse_sd / inverse**2))
    return made
