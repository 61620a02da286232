"""What there is of a run: its files by sample, read where they can be; what is absent or cannot be read is named."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coherion.data.contract.units import in_print, unit_in_print
from coherion.data.netcdf import read_dataset
from coherion.data.stated import attributes, stated_sources
from coherion.data.tables import read_rows
from coherion.errors import CoherionError, InputError

if TYPE_CHECKING:
    import xarray

Rows = list[dict[str, str]]

#: Stages with one netCDF file for each sample, and the command that writes it.
STAGES: Mapping[str, str] = {
    "scans": "import_scan",
    "reduction": "reduce_scan",
    "reflection_widths": "reflection_widths",
    "side_phase": "detect_side_phase",
    "validation": "validate_spectra",
    "circuits": "fit_circuits",
    "arrhenius": "fit_arrhenius",
}
#: Stages with one file for each sample and fit range.
BY_RANGE: Mapping[str, str] = {"refinement": "refine_structure", "geometry": "measure_geometry"}


@dataclass
class Run:
    """A folder of results; ``absent`` says, file by file, what could not be read and why."""

    folder: Path
    absent: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> Run:
        """The run of a folder.

        Raises
        ------
        InputError
            If it holds nothing that a run writes.
        """
        run = cls(folder)
        if not run.path("series", "series.tsv").exists() and not any(map(run.names, (*STAGES, *BY_RANGE))):
            raise InputError(
                "holds no results",
                file=folder,
                found="a folder without them" if folder.is_dir() else "No such file or folder",
                expected="a folder that a run wrote, with series/series.tsv",
                advice="name the folder of the setting results",
            )
        return run

    def path(self, *parts: str) -> Path:
        """A file of the folder."""
        return self.folder.joinpath(*parts)

    def dataset(self, stage: str, sample: str, fit_range: str = "") -> xarray.Dataset | None:
        """The netCDF file of a stage; None where there is none or it cannot be read."""
        name = f"{stage}/{sample}/{fit_range}.nc" if fit_range else f"{stage}/{sample}.nc"
        if not self.path(name).exists():
            return None
        try:
            return read_dataset(self.path(name), STAGES.get(stage) or BY_RANGE[stage])
        except CoherionError as problem:
            self.absent[name] = _reason(problem)
            return None

    def attributes(self, name: str) -> dict[str, str]:
        """What a netCDF file says of itself; empty where there is none or it cannot be read."""
        try:
            return attributes(self.path(name))
        except (CoherionError, OSError, ValueError) as problem:
            self.absent[name] = _reason(problem)
            return {}

    def rows(self, name: str, *needed: str) -> Rows:
        """A table of the run; no rows where there is none or it cannot be read."""
        # A table of nothing is a blank line.
        if not self.path(name).exists() or self.path(name).stat().st_size <= 1:
            return []
        try:
            return read_rows(self.path(name), *needed)
        except CoherionError as problem:
            self.absent[name] = _reason(problem)
            return []

    def json(self, name: str) -> dict[str, Any]:
        """A JSON object of the run; empty where there is none or it cannot be read."""
        if not self.path(name).exists():
            return {}
        try:
            found = json.loads(self.path(name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as problem:
            self.absent[name] = _reason(problem)
            return {}
        return found if isinstance(found, dict) else {}

    @cached_property
    def series(self) -> Rows:
        """The table of the series."""
        return _in_print(self.rows("series/series.tsv", "sample"), "excluded")

    @cached_property
    def alerts(self) -> Rows:
        """The table of alerts."""
        return _in_print(
            self.rows("series/alerts.tsv", "grade", "sample", "text"), "text", "advice", "place", unit=True
        )

    @cached_property
    def alerts_by_sample(self) -> dict[str, Rows]:
        """Rows of the table of alerts by sample; none of a sample without."""
        found: dict[str, Rows] = defaultdict(list)
        for row in self.alerts:
            found[row["sample"]].append(row)
        return found

    @cached_property
    def exclusions(self) -> Rows:
        """What was left out."""
        return _in_print(self.rows("series/exclusions.tsv", "sample", "reason"), "reason")

    @cached_property
    def claims(self) -> Rows:
        """The statements judged."""
        return _in_print(
            self.rows("claims.tsv", "id", "verdict", "statement"), "statement", "criterion", "note", unit=True
        )

    @cached_property
    def by_sample(self) -> dict[str, dict[str, str]]:
        """Rows of the table of the series by sample."""
        return {row["sample"]: row for row in self.series}

    def names(self, stage: str) -> list[str]:
        """Names of which a stage has something."""
        folder = self.path(stage)
        if not folder.is_dir():
            return []
        if stage in BY_RANGE:
            return sorted(one.name for one in folder.iterdir() if one.is_dir() and any(one.glob("*.nc")))
        return sorted(one.stem for one in folder.glob("*.nc"))

    def ranges(self, sample: str) -> list[str]:
        """Fit ranges of a sample, the widest first."""
        found = [one.stem for one in self.path("refinement", sample).glob("*.nc")]

        def width(name: str) -> float:
            low, _, high = name.partition("-")
            try:
                return float(low) - float(high)
            except ValueError:
                return 0.0

        return sorted(found, key=width)

    @cached_property
    def failures(self) -> list[tuple[str, str]]:
        """Job, ``<rule> <sample>``, and what it said, of each job whose log ends in an error."""
        found = []
        for log in sorted(self.path("logs").glob("**/*.log")):
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
            name = " ".join(log.relative_to(self.path("logs")).with_suffix("").parts)
            if any(line.startswith("Traceback ") for line in lines):
                found.append((name, f"a fault of the program: {lines[-1]}"))
            else:
                found += [(name, s.removeprefix("ERROR: ")) for s in lines if s.startswith("ERROR: ")][:1]
        return found

    def sources(self, *files: str) -> list[list[str]]:
        """File, and name and SHA-256 of each file that it was made from, as the files themselves say."""
        found = []
        for name in files:
            if not self.path(name).is_file():
                continue
            try:
                stated = stated_sources(self.path(name)) or {}
            except (CoherionError, OSError, ValueError):
                stated = {}
            found += [[name, source, digest] for source, digest in sorted(stated.items())]
        return found

    @property
    def is_simulated(self) -> bool:
        """Whether anything of the run was simulated."""
        return any(row.get("origin") == "simulated" for row in self.series) or self.path("simulated").is_dir()


def _in_print(rows: Rows, *sentences: str, unit: bool = False) -> Rows:
    """Rows with units as people write them in columns of sentences, and in the column of units."""
    changed = {name: in_print for name in sentences} | ({"unit": unit_in_print} if unit else {})
    return [{key: changed[key](text) if key in changed else text for key, text in row.items()} for row in rows]


def settings_of(dataset: xarray.Dataset) -> dict[str, Any]:
    """The settings that a file was made with."""
    try:
        found = json.loads(dataset.attrs.get("settings", "{}"))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _reason(problem: Exception) -> str:
    found = getattr(problem, "found", None)
    return f"{getattr(problem, 'what', None) or problem}" + (f": {found}" if found else "")
