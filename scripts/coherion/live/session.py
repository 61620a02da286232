"""One sample while its settings move: loaded once, computed by the functions of the workflow's commands.

What a panel shows comes of the settings that the jobs would be told after ``keep``, so that the run that follows
writes the same numbers.
"""

from __future__ import annotations

import copy
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion import messages
from coherion.data.series_tables import further_backgrounds
from coherion.errors import CoherionError, InputError
from coherion.inputs.job_settings import JobSettings
from coherion.live.series import RawWorkshop, Series, difference
from coherion.scattering.reduction import reduce_scan
from coherion.settings.model import as_plain
from coherion.settings.reading import settings_from
from coherion.settings.run import OF_SAMPLES
from coherion.settings.stages.quality import QualitySettings
from coherion.settings.stages.reduction import ReductionSettings

if TYPE_CHECKING:
    import xarray

Key = tuple[str, str]


class Outrun(Exception):
    """What is under way is of settings that have moved on; nobody waits for it."""


#: Moves of one control that follow one another within this time, s, are one step of undo.
ONE_MOVE = 1.0


@dataclass
class Session:
    """A sample of a series, its settings as they are now, and how they came about.

    everywhere
        Whether what is kept holds for all samples and not for this one alone.
    """

    series: Series
    sample: str
    everywhere: bool = False
    changes: dict[Key, Any] = field(default_factory=dict)
    lock: RLock = field(default_factory=RLock)
    _undo: list[dict[Key, Any]] = field(default_factory=list)
    _moved: tuple[Key | None, float] = (None, 0.0)
    _jobs: JobSettings = field(init=False)
    #: What the files held when the changes were last held against them.
    _of: JobSettings = field(init=False)
    _kept: dict[str, tuple[str, Any]] = field(default_factory=dict)
    _raw: RawWorkshop = field(init=False)
    _edition: int = field(init=False)
    #: What the reader looks at: the spectrum, whether the fit follows; no settings of the series.
    view: dict[str, Any] = field(default_factory=dict)
    #: Whether a snapshot's reader has moved on.
    is_outrun: Callable[[], bool] = lambda: False

    def __post_init__(self) -> None:
        if self.sample not in self.series.samples:
            raise InputError(
                "no such sample", place="SAMPLE", found=self.sample, expected=", ".join(self.series.samples)
            )
        self._jobs = self._of = self.series.jobs
        self._raw, self._edition = self.series.workshop(self._jobs), self.series.edition

    # Settings

    @property
    def row(self) -> Mapping[str, Any]:
        """The sample's row of the table."""
        return self.series.jobs.tables.samples[self.sample]

    def configured(self, stage: str, key: str) -> Any:
        """A setting as the files have it."""
        return _value(self.series.jobs, stage, key, self.sample)

    def value(self, stage: str, key: str) -> Any:
        """A setting as it is now."""
        return _value(self._jobs, stage, key, self.sample)

    def told(self, stage: str) -> dict[str, Any]:
        """What the sample's job of a stage is told now."""
        return self._jobs.of_sample(stage, self.sample)

    def change(self, changes: Mapping[Key, Any], check: Callable[[], object] | None = None) -> None:
        """Change settings; refused changes, and those after which ``check`` raises, leave all as it was.

        Jobs of other samples are asked about where the changes are those of all, and by :meth:`keep`.

        Raises
        ------
        InputError
            As the job would refuse them.
        """
        before = dict(self.changes)
        plain = {key: _plain(value) for key, value in changes.items()}
        made = {key: value for key, value in {**before, **plain}.items() if value != self.configured(*key)}
        if made == before:
            return
        jobs = self.series.changed(self.sample, made, self.everywhere)
        for _, _, problem in jobs.problems(self.series.files.config, None if self.everywhere else self.sample):
            raise problem
        jobs_before, self.changes, self._jobs = self._jobs, made, jobs
        try:
            if check:
                check()
        except CoherionError:
            self.changes, self._jobs = before, jobs_before
            raise
        key = next(iter(changes)) if len(changes) == 1 else None
        now = time.monotonic()
        if key is None or self._moved[0] != key or now - self._moved[1] > ONE_MOVE:
            self._undo.append(before)
        self._moved = key, now

    def undo(self) -> bool:
        """Back to before the last change; whether there was one.

        Raises
        ------
        InputError
            If the files no longer allow what was before.
        """
        if not self._undo:
            return False
        before = self._undo.pop()
        # What was configured when the change was made may have been kept otherwise since; and by another hand so that
        # this is refused now, which leaves all as it is.
        changes = {key: value for key, value in before.items() if value != self.configured(*key)}
        self._jobs = self.series.changed(self.sample, changes, self.everywhere)
        self.changes, self._moved = changes, (None, 0.0)
        return True

    @property
    def is_behind(self) -> bool:
        """Whether the files of the series were read again since the changes were last held against them."""
        return self._of is not self.series.jobs

    def follow_files(self) -> InputError | None:
        """Take over what the files of the series hold where they were read again since: the changes stay changes.

        Changes that the files no longer allow are dropped, since nothing could be shown of them; why is returned.
        """
        refused = None
        self._of = self.series.jobs
        if self._edition == self.series.edition:
            # What was read of raw files stays; results are made anew where settings differ.
            self._raw = self.workshop
        else:
            self._edition, self._raw, self._kept = self.series.edition, self.series.workshop(self.series.jobs), {}
        changes = {key: value for key, value in self.changes.items() if value != self.configured(*key)}
        try:
            jobs = self.series.changed(self.sample, changes, self.everywhere)
        except InputError as problem:
            changes, jobs, refused = {}, self.series.jobs, problem
        self.changes, self._jobs = changes, jobs
        return refused

    @property
    def can_undo(self) -> bool:
        """Whether there is a change to take back."""
        return bool(self._undo)

    def hold_everywhere(self, everywhere: bool) -> None:
        """Whether the changes are those of all samples."""
        jobs = self.series.changed(self.sample, self.changes, everywhere)
        self.everywhere, self._jobs = everywhere, jobs

    def difference(self) -> str:
        """What ``keep`` would write, line by line; empty where it would write nothing."""
        return difference(self.series.edited(self.sample, self.changes, self.everywhere), self.series.folder)

    def keep(self) -> list[str]:
        """Write the changes into the series' files; their names."""
        for _, _, problem in self._jobs.problems(self.series.files.config):
            raise problem
        # A step of undo leads back to the values that stood there before, wherever they came from.
        back = {key: self.configured(*key) for key in self.changes}
        written = self.series.keep(self.sample, self.changes, self.everywhere)
        self._undo = [{**back, **step} for step in self._undo]
        self.changes, self._jobs, self._of = {}, self.series.jobs, self.series.jobs
        # The next move of the same control is a step of its own.
        self._moved = (None, 0.0)
        return [str(path) for path in written]

    # Results

    def once(self, what: str, told: object, make: Callable[[], Any]) -> Any:
        """What was made with these settings, made anew only where they differ from the last ones."""
        key = json.dumps(told, sort_keys=True)
        kept = self._kept.get(what)
        if kept is None or kept[0] != key:
            kept = self._kept[what] = key, make()
        return kept[1]

    def snapshot(self, is_outrun: Callable[[], bool] = lambda: False) -> Session:
        """The same as it is now, which later changes leave alone; what was computed is shared."""
        made = copy.copy(self)
        made.view, made.is_outrun = dict(self.view), is_outrun
        return made

    def beside(self, sample: str) -> Session:
        """Another sample under the settings as they are now, with the raw data that were read."""
        made = Session(self.series, sample)
        made._jobs, made._raw = self._jobs, self._raw
        return made

    def last(self, what: str) -> Any:
        """What was made last, under whichever settings; None where nothing was."""
        return self._kept[what][1] if what in self._kept else None

    def is_last(self, what: str, told: object) -> bool:
        """Whether what was made last was made with these settings."""
        return what in self._kept and self._kept[what][0] == json.dumps(told, sort_keys=True)

    @property
    def jobs(self) -> JobSettings:
        """What the jobs would be told now."""
        return self._jobs

    @property
    def workshop(self) -> RawWorkshop:
        """The data of the series, and what was made of them before, under the settings as they are now."""
        made = self.series.workshop(self._jobs)
        made.kept = self._raw.kept
        return made

    @property
    def has_scan(self) -> bool:
        """Whether there is a scan to reduce."""
        return "scan" in self.row

    def scan(self, role: str = "scan") -> xarray.Dataset | None:
        """The sample's scan, or its background's."""
        return self._scan(self.row[role]) if role in self.row else None

    def _scan(self, name: str) -> xarray.Dataset:
        return self._raw._read(f"scans/{name}.nc", "import_scan")

    @property
    def last_q(self) -> float:
        """Where the scan ends, 1/angstrom, before the zero point."""
        scan = self.scan()
        assert scan is not None
        if "q" in scan:
            return float(scan["q"].values[-1])
        wavelength = self.value("reduction", "wavelength") or float(scan.attrs["wavelength"])
        return 4 * math.pi * math.sin(math.radians(float(scan["two_theta"].values[-1])) / 2) / wavelength

    def reduction(self, **other: Any) -> xarray.Dataset:
        """The reduction as the job ``reduce_scan`` writes it, or with ``other`` settings in their place.

        Raises
        ------
        InputError
            As the job.
        """
        told = self.told("reduction") | other

        def make() -> xarray.Dataset:
            settings = settings_from(ReductionSettings, told)
            scan = self.scan()
            assert scan is not None
            further = [self._scan(name) for name in further_backgrounds(self.row)]
            reduced = reduce_scan(scan, self.scan("background"), settings, further)
            return reduced.assign_attrs(settings=json.dumps(as_plain(settings)))

        with messages.collected():
            return self.once(f"reduction {' '.join(other)}", told, make)

    @property
    def quality(self) -> QualitySettings:
        """What alerts are held against."""
        return settings_from(QualitySettings, self._jobs.settings["quality"])


def _value(jobs: JobSettings, stage: str, key: str, sample: str) -> Any:
    section = jobs.settings.get(stage)
    if not isinstance(section, Mapping):
        known = [name for name, content in jobs.settings.items() if isinstance(content, Mapping)]
        raise InputError("no such stage", found=stage, expected=", ".join(known))
    if stage in OF_SAMPLES and (key not in section or key in OF_SAMPLES[stage].__struct_fields__):
        section = jobs.of_sample(stage, sample)
    if key not in section:
        raise InputError("no such setting", place=f"stage {stage}", found=key, expected=", ".join(section))
    return section[key]


def _plain(value: Any) -> Any:
    """Numbers and arrays of numpy, as a notebook has them, as what a file of settings holds."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value
