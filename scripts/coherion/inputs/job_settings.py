"""What each job of a run is told: the configuration, what it says of single samples, and what the tables say of them.

Rules hand these on, ``make check`` and the planning of a run build every one of them beforehand, so that what a job
would refuse is refused before anything is computed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from coherion.data.series_tables import Tables, can_be_refined, further_backgrounds, settings_of
from coherion.errors import InputError
from coherion.settings.paper.paper import Paper
from coherion.settings.reading import fits, problems_of
from coherion.settings.run import of_sample
from coherion.settings.stages.arrhenius import ArrheniusSettings
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.geometry import GeometrySettings
from coherion.settings.stages.reduction import ReductionSettings
from coherion.settings.stages.refinement import FurtherData, RefinementSettings
from coherion.settings.stages.reflections import ReflectionWidthsSettings, SidePhaseSettings
from coherion.settings.stages.resolution import StandardSettings
from coherion.settings.stages.scans import ScanSettings
from coherion.settings.stages.spectra import SpectraSettings
from coherion.settings.stages.validation import ValidationSettings

Models = dict[str, type[msgspec.Struct]]

# Settings that stand in columns of the tables, by setting.
SCAN_COLUMNS = {
    "abscissa": "abscissa",
    "intensity_kind": "intensity_kind",
    "time_per_point": "time_per_point_s",
    "wavelength": "wavelength_A",
    "range_number": "range_number",
}
REDUCTION_COLUMNS = {
    "composition": "composition",
    "background_scale": "background_scale",
    "density": "density_g_cm3",
    "packing": "packing_fraction",
}
PELLET_COLUMNS = {
    f"pellet_{size}{kind}_cm": f"pellet_{size}{kind}_cm" for size in ("thickness", "diameter") for kind in ("", "_sd")
}


@dataclass(frozen=True)
class JobSettings:
    """Settings of the jobs of a run, as plain values.

    settings
        The whole configuration, see :func:`coherion.settings.run.configuration_from`.
    paper
        What its author says of the series.
    """

    settings: Mapping[str, Any]
    tables: Tables
    paper: Paper = field(default_factory=Paper)

    def of_series(self, stage: str) -> dict[str, Any]:
        """Of a stage that reads the whole series; its table has the columns that the paper's quantities come from."""
        told = dict(self.settings[stage])
        if stage == "series":
            told["further"] = told["further"] or self.settings["paper"] is None
            told["parameters"] = told["parameters"] | self.paper.filled("parameter")
            told["geometry"] = told["geometry"] | self.paper.filled("geometry")
        return told

    def of_scan(self, scan: str) -> dict[str, Any]:
        """Of the import of a scan: what its row says."""
        return settings_of(self.tables.scans[scan], SCAN_COLUMNS)

    def of_sample(self, stage: str, sample: str) -> dict[str, Any]:
        """Of one sample's job: what the configuration says of all, of this sample alone, and what its row says."""
        told = of_sample(self.settings, stage, sample)
        row = self.tables.samples[sample]
        match stage:
            case "reduction":
                told |= settings_of(row, REDUCTION_COLUMNS)
                if empty := further_backgrounds(row):
                    told["further_background_scales"] = [_number_or_word(scale) for scale in empty.values()]
            case "refinement":
                told["values"] = settings_of(row, {"x": "x"})
                if others := self.tables.refined_with(sample):
                    told["further"] = [self._of_further_data(name) for name in others]
            case "arrhenius":
                told |= settings_of(row, PELLET_COLUMNS)
            case "side_phase":
                del told["structure"]
        return told

    def _of_further_data(self, sample: str) -> dict[str, Any]:
        """What the configuration says of one sample's G(r) alone, for a refinement together with another's."""
        own = self.settings["per_sample"].get(sample, {}).get("refinement", {})
        return {key: value for key, value in own.items() if key in FurtherData.__struct_fields__}

    def standard_of(self, sample: str) -> str | None:
        """The standard that gives a sample's resolution, by its row or else the configuration; None where none does."""
        return self.tables.samples[sample].get("standard") or self.settings["refinement"]["resolution_from"]

    def standards(self) -> dict[str, list[str]]:
        """Every standard with the samples that have their resolution of it, none where nobody names it."""
        rows = self.tables.samples
        found: dict[str, list[str]] = {
            name: [] for name, row in rows.items() if row["group"] == "standard" and can_be_refined(row)
        }
        if (common := self.settings["refinement"]["resolution_from"]) is not None:
            found.setdefault(common, [])
        for sample in self.tables.with_structure():
            if (name := self.standard_of(sample)) is not None:
                found.setdefault(name, []).append(sample)
        return found

    def uses_of_scans(self, structures: Mapping[str, str]) -> dict[str, dict[str, Any]]:
        """Of each sample with a scan: what its reduction makes of it, as :class:`coherion.quality.scans.use.Use`.

        ``structures`` are the files of those samples that have one phase.
        """
        found: dict[str, dict[str, Any]] = {}
        for sample in self.tables.with_scan():
            row, told = self.tables.samples[sample], self.of_sample("reduction", sample)
            wanted = told["corrections"]
            wanted = wanted.split(",") if isinstance(wanted, str) else wanted
            corrected = {one.strip() for one in wanted} & {"all", "polarisation"}
            found[sample] = {
                "scan": row["scan"],
                "background": row.get("background"),
                "background_scale": told["background_scale"],
                "monochromator": told["monochromator"] if corrected else None,
                "wavelength": told["wavelength"],
                "qmin": told["qmin"],
                "qmax": min((end for end in (told["qmax"], told["qmaxinst"]) if end is not None), default=None),
                "structure": structures.get(sample),
            }
        return found

    def of_spectra(self, sample: str) -> dict[str, Any]:
        """Of the import of a sample's spectra: its rows of the table, without their place in it."""
        rows = [{k: v for k, v in row.items() if k != "line"} for row in self.tables.spectra[sample]]
        return self.of_sample("spectra", sample) | {"sample": sample, "rows": rows}

    def problems(
        self, file: str | os.PathLike[str] | None = None, only: str | None = None
    ) -> Iterator[tuple[str, str, InputError]]:
        """All for which a job of the run would refuse its settings: the stage, the scan or sample, and the refusal.

        ``file`` is that of the configuration, for messages; ``only`` a sample whose own jobs are asked about and no
        others.
        """
        for scan in self.tables.scans if only is None else ():
            for problem in _refused(ScanSettings, self.of_scan(scan), f"scan {scan}", "", file):
                yield "scans", scan, problem
        structural: Models = {
            "refinement": RefinementSettings,
            "reflection_widths": ReflectionWidthsSettings,
            "geometry": GeometrySettings,
            "side_phase": SidePhaseSettings,
        }
        impedance: Models = {
            "spectra": SpectraSettings,
            "validation": ValidationSettings,
            "circuits": CircuitSettings,
            "arrhenius": ArrheniusSettings,
        }
        standards = [name for name in self.standards() if name in self.tables.samples]
        jobs: list[tuple[list[str], Models]] = [
            (self.tables.with_scan(), {"reduction": ReductionSettings}),
            (self.tables.with_structure(), structural),
            (standards, {"resolution": StandardSettings}),
            (self.tables.with_spectra(), impedance),
        ]
        for names, stages in jobs:
            for sample in names if only is None else {only}.intersection(names):
                for stage, model in stages.items():
                    told = self.of_sample(stage, sample)
                    for problem in _refused(model, told, f"sample {sample}", stage, file):
                        yield stage, sample, problem


def _number_or_word(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _refused(
    model: type[msgspec.Struct],
    told: Mapping[str, Any],
    subject: str,
    stage: str,
    file: str | os.PathLike[str] | None,
) -> Iterator[InputError]:
    if not fits(model, told):
        for problem in problems_of(model, told, place=stage):
            yield InputError(
                problem.what,
                file=file,
                place=f"{subject}, {problem.place}",
                found=problem.found,
                expected=problem.expected,
                advice=problem.advice,
            )
