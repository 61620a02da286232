"""A series as its workflow sees it, with changes that are not written yet: settings of jobs, and what they read."""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coherion import as_read
from coherion.data.netcdf import write_text
from coherion.data.scans.reader import read_scan
from coherion.data.series_tables import Tables, read_tables
from coherion.data.spectra.reader import assemble, files_of_rows
from coherion.data.tables import several
from coherion.errors import CoherionError, InputError
from coherion.inputs.job_settings import REDUCTION_COLUMNS, JobSettings
from coherion.live.edit import Change, edited_cell, edited_yaml, with_changes
from coherion.multiverse.workshop import Workshop
from coherion.paper.proposal import propose
from coherion.paper.reading import paper_from, read_paper
from coherion.settings.configuration import read_yaml, refuse_templates
from coherion.settings.model import as_plain
from coherion.settings.reading import settings_from
from coherion.settings.run import OF_SAMPLES, configuration_from
from coherion.settings.stages.scans import ScanSettings
from coherion.settings.stages.spectra import SpectraSettings

if TYPE_CHECKING:
    import xarray

CONFIGURATION = "config/config.yaml"
#: Settings by stage and key; what they become.
Settings = Mapping[tuple[str, str], Any]


class RawWorkshop(Workshop):
    """The data of a series read from the raw files, as the jobs that import them do."""

    root: Path

    def _read(self, name: str, made_by: str) -> xarray.Dataset:
        subject = Path(name).stem
        return self._once("file", name, None, lambda: _imported(self, subject, made_by))


def _imported(shop: Workshop, name: str, made_by: str) -> xarray.Dataset:
    jobs = shop.jobs
    data = shop.folder / jobs.settings["data_folder"]
    if made_by == "import_scan":
        files = [_inside(data, part) for part in several(jobs.tables.scans[name]["file"])]
        return read_scan(files, **as_plain(settings_from(ScanSettings, jobs.of_scan(name))))
    told = jobs.of_spectra(name)
    rows = [
        row | {"short_circuit": str(data / row["short_circuit"])} if row.get("short_circuit") else row
        for row in told["rows"]
    ]
    files = [_inside(data, row["file"].strip()) for row in told["rows"]]
    own = {key: value for key, value in told.items() if key not in ("sample", "rows")}
    return assemble(name, files_of_rows(rows, files), settings_from(SpectraSettings, own))


def _inside(data: Path, name: str) -> str:
    path = data / name
    if not path.exists():
        raise InputError(
            "there is no such file",
            file=path,
            advice="make run first where the series is simulated; else see data_folder",
        )
    return str(path)


@dataclass(frozen=True)
class Files:
    """The text of the files that a change is written to, as they were read."""

    config: Path
    config_text: str
    samples: Path | None
    samples_text: str


@dataclass
class Series:
    """A series in a folder.

    folder, root
        Where the workflow is started, and the workflow's own folder, with the files that the first does not have.
    """

    folder: Path
    root: Path
    files: Files = field(init=False)
    jobs: JobSettings = field(init=False)
    content: dict[str, Any] = field(init=False)
    #: How often another hand had changed files that were read: what was made of the former ones is void.
    edition: int = 0
    _is_behind: bool = False

    def __post_init__(self) -> None:
        # Of files that changed since this process read them for another purpose, what they are now counts.
        if as_read.changed():
            as_read.forget()
        self.read()

    def read(self) -> None:
        """Read configuration and tables again.

        Raises
        ------
        InputError
            For all that the workflow would refuse.
        """
        if not self.folder.is_dir():
            raise InputError("is not a folder", file=self.folder, expected="the folder of a series, with config/")
        config = self.located(CONFIGURATION)
        assert config is not None
        as_read.note(config)
        content = read_yaml(config) or {}
        if not isinstance(content, Mapping):
            raise InputError("is not a mapping of keys to values", file=config, found=type(content).__name__)
        refuse_templates(content, config)
        settings = configuration_from(content, file=config)
        named = {name: self.located(path) for name, path in settings["tables"].items()}
        tables = read_tables({k: None if v is None else str(v) for k, v in named.items()}, self.schemas)
        if own := self.located(settings["paper"]):
            as_read.note(own)
        paper = read_paper(own) if own else paper_from(propose(tables, settings))
        jobs = JobSettings(settings, tables, paper)
        for _, _, problem in jobs.problems(config):
            raise problem
        samples = named["samples"]
        self.files = Files(config, _text(config), samples, _text(samples) if samples else "")
        self.content, self.jobs = dict(content), jobs
        self.__dict__.pop("main_range", None)

    def reread(self) -> None:
        """Read configuration and tables again if another hand has changed them, or a file of the data.

        Raises
        ------
        InputError
            For all that the workflow would refuse; the series is then as it was.
        """
        # Of files that were refused nothing is known that the next ones could be held against.
        if self._is_behind or as_read.changed():
            self._is_behind = True
            as_read.forget()
            self.read()
            self._is_behind = False
            self.edition += 1

    @property
    def schemas(self) -> Path:
        """The schemas of the tables."""
        return self.root / "workflow" / "schemas"

    def located(self, path: str | None) -> Path | None:
        """A file that the configuration names, where the workflow finds it."""
        if not path:
            return None
        own = self.folder / path
        return own if own.exists() or not (self.root / path).exists() else self.root / path

    @property
    def samples(self) -> list[str]:
        """Samples of which there is something to look at."""
        tables = self.jobs.tables
        known = {*tables.with_scan(), *tables.with_pair_distribution(), *tables.with_spectra()}
        return [name for name in tables.samples if name in known]

    def data_file(self, name: str) -> str:
        """A file of the series' data as its tables name it.

        Raises
        ------
        InputError
            If there is none.
        """
        return _inside(self.folder / self.jobs.settings["data_folder"], name)

    def files_read(self) -> set[str]:
        """Configuration, tables, structures and data of the series, by their absolute names."""
        settings, tables = self.jobs.settings, self.jobs.tables
        data = self.folder / settings["data_folder"]
        structures = [part for row in tables.samples.values() for part in several(row.get("structure", ""))]
        named = [CONFIGURATION, *settings["tables"].values(), settings["paper"], *structures]
        spectra = [row for rows in tables.spectra.values() for row in rows]
        rows = [*tables.scans.values(), *spectra, *tables.samples.values()]
        columns = ("file", "short_circuit", "pair_distribution")
        raw = [data / part for row in rows for column in columns for part in several(row.get(column, ""))]
        return {str(path.absolute()) for path in (*map(self.located, named), *raw) if path}

    @cached_property
    def main_range(self) -> str:
        """The fit range that counts, by the name that the workflow gives it."""
        low, high = self.jobs.settings["refinement"]["fit_ranges"][0]
        return f"{low:g}-{high:g}"

    def workshop(self, jobs: JobSettings) -> RawWorkshop:
        """The data of the series under these settings."""
        rows = jobs.tables.samples
        structures = {name: self.structures(name) for name in rows if "structure" in rows[name]}
        return RawWorkshop(jobs, self.folder, structures, self.main_range)

    def structures(self, sample: str) -> list[str]:
        """Starting structures of a sample."""
        cell = self.jobs.tables.samples[sample]["structure"]
        return [str(self.located(part)) for part in several(cell)]

    # Changes

    def in_table(self, sample: str, stage: str, key: str) -> str | None:
        """The column of the table of samples that a setting of a sample comes from; None where it comes from the
        configuration."""
        column = REDUCTION_COLUMNS.get(key) if stage == "reduction" else None
        return column if column in self.jobs.tables.samples[sample] else None

    def changed(self, sample: str, settings: Settings, everywhere: bool = False) -> JobSettings:
        """What the jobs would be told with these settings, of one sample or of all.

        Raises
        ------
        InputError
            For what the jobs would refuse.
        """
        yaml_changes, cells = self._split(sample, settings, everywhere)
        made = configuration_from(with_changes(self.content, yaml_changes), file=self.files.config)
        tables = self._with_cells(sample, cells)
        return JobSettings(made, tables, self.jobs.paper)

    def _said_of(self, sample: str, stage: str, key: str) -> bool:
        said: Any = self.content
        for name in ("per_sample", sample, stage):
            said = (said.get(name) if isinstance(said, Mapping) else None) or {}
        return key in said

    def _with_cells(self, sample: str, cells: Mapping[str, Any]) -> Tables:
        tables = self.jobs.tables
        if not cells:
            return tables
        return replace(tables, samples=tables.samples | {sample: tables.samples[sample] | dict(cells)})

    def _split(self, sample: str, settings: Settings, everywhere: bool) -> tuple[list[Change], dict[str, Any]]:
        """The same as keys of the configuration and cells of the table of samples."""
        changes: list[Change] = []
        cells = {}
        for (stage, key), value in settings.items():
            if column := self.in_table(sample, stage, key):
                if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf:
                    cells[column] = value
                    continue
                raise InputError(
                    "stands in the table of samples, which holds a number",
                    place=f"key {stage}.{key}",
                    found=value,
                    expected=f"a number, or no cell in column {column}",
                )
            of_all = stage not in OF_SAMPLES or key not in OF_SAMPLES[stage].__struct_fields__
            if everywhere or of_all:
                changes.append(((stage, key), value))
            # What is said of the sample alone goes before what is said of all.
            if not of_all and (not everywhere or self._said_of(sample, stage, key)):
                changes.append((("per_sample", sample, stage, key), value))
        return changes, cells

    def edited(self, sample: str, settings: Settings, everywhere: bool = False) -> dict[Path, tuple[str, str]]:
        """Text of each file before and after, of those that change.

        Raises
        ------
        InputError
            If the files are not the series' own, one that was read has changed since, or what they would hold is
            refused.
        """
        # What is shown is made of all files, also of those that are not written.
        own = self.files_read()
        if others := [self.files.config] if self._is_behind else [path for path in as_read.changed() if path in own]:
            raise InputError("has changed since it was read", file=others[0], advice="load the page again")
        self.changed(sample, settings, everywhere)
        changes, cells = self._split(sample, settings, everywhere)
        made: dict[Path, tuple[str, str]] = {}
        if changes:
            after = edited_yaml(self.files.config_text, changes, self.files.config)
            made[self._own(self.files.config)] = self.files.config_text, after
        if cells and self.files.samples is not None:
            after, line = self.files.samples_text, self.jobs.tables.samples[sample]["line"]
            for column, value in cells.items():
                after = edited_cell(after, line, column, value, self.files.samples)
            made[self._own(self.files.samples)] = self.files.samples_text, after
        return made

    def _own(self, path: Path) -> Path:
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise InputError(
                "is not a file of the series and is not written",
                file=path,
                advice=f"copy it into {self.folder} first",
            )
        return path

    def keep(self, sample: str, settings: Settings, everywhere: bool = False) -> list[Path]:
        """Write the changes, and read the series again.

        Raises
        ------
        InputError
            As :meth:`edited`; and where a file has changed since it was read.
        """
        made = self.edited(sample, settings, everywhere)
        for path, (before, _) in made.items():
            if _text(path) != before:
                raise InputError("has changed since it was read", file=path, advice="load the page again")
        done: list[Path] = []
        try:
            for path, (_, after) in made.items():
                # A link to a file within the series stays a link.
                _write(path, after)
                done.append(path)
            self.read()
        except (OSError, CoherionError):
            # Half of what was kept would be another series, and a file that another hand broke meanwhile none.
            for path in done:
                _write(path, made[path][0])
            raise
        return list(made)


def difference(made: Mapping[Path, tuple[str, str]], folder: Path) -> str:
    """What changes in each file, line by line; empty where nothing does."""
    parts: list[str] = []
    for path, (before, after) in made.items():
        name = os.path.relpath(path, folder)
        lines = difflib.unified_diff(
            before.splitlines(), after.splitlines(), f"{name} (now)", f"{name} (kept)", lineterm="", n=2
        )
        parts += lines
    return "\n".join(parts)


def _write(path: Path, text: str) -> None:
    write_text(path.resolve(), text)
    as_read.written(path)
    as_read.took(path, text.encode())


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as problem:
        raise InputError("cannot be read", file=path, found=problem, expected="text in UTF-8") from problem
