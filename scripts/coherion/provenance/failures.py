"""What failed in a run, why, and what is missing because of it: the word that one pass of a run leaves to the next.

A run goes on where a job fails, but nothing that wants every sample is made then. A second pass leaves out what the
failed jobs were to make and makes everything else. Between the two stands ``RESULTS/settings/failed.json``
(:func:`write_record`); people and pages read ``RESULTS/series/failed.tsv``, a row for each sample that lacks something,
blank but for its header where nothing failed (:data:`coherion.data.contract.tables.FAILED`).
"""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any

import msgspec

from coherion.data.netcdf import write_text

#: What a job leaves where its disk is full is less than this, bytes.
FULL = 1_000_000
#: Where a file bears a later date than this beyond now, the clock it was written by was another, s.
AHEAD = 60.0


class Failure(msgspec.Struct, frozen=True):
    """A job that failed, and what one sample lacks because of it.

    sample
        The sample; the scan where no sample was to be made from it.
    step, reason, log
        The job as ``<rule> <sample>``, one line, and where its words stand.
    lost
        Files of the sample that are not made, relative to the results folder.
    """

    sample: str
    step: str
    reason: str
    log: str
    lost: tuple[str, ...]

    @property
    def stages(self) -> list[str]:
        """The stages whose results the sample lacks; figures are none."""
        return list(dict.fromkeys(folder for path in self.lost if (folder := PurePath(path).parts[0]) != "figures"))

    @property
    def row(self) -> dict[str, str]:
        """Its row of the table of what failed."""
        told = {"sample": self.sample, "step": self.step, "reason": self.reason}
        return told | {"without": ", ".join(self.stages), "log": self.log}


def record_of(results: str | os.PathLike[str]) -> Path:
    """The record in a results folder."""
    return Path(results, "settings", "failed.json")


def write_record(results: str | os.PathLike[str], failures: Sequence[Failure]) -> None:
    """Write the record, with what an earlier run left that still is missing."""
    told = {one.step for one in failures}
    kept = [one for one in read_record(results) if one.step not in told]
    write_text(record_of(results), msgspec.json.encode([*kept, *failures]).decode() + "\n")


def read_record(results: str | os.PathLike[str]) -> list[Failure]:
    """What failed and is still missing; what was made since is no longer told."""
    try:
        found = msgspec.json.decode(record_of(results).read_bytes(), type=list[Failure])
    except (OSError, msgspec.MsgspecError):
        return []
    left = (
        msgspec.structs.replace(one, lost=tuple(path for path in one.lost if not Path(results, path).exists()))
        for one in found
    )
    return [one for one in left if one.lost]


def remove_lost(results: str | os.PathLike[str], failures: Iterable[Failure]) -> None:
    """Remove what an earlier run made where this one could not: it does not belong to the files that there are now."""
    for path in {Path(results, lost) for one in failures for lost in one.lost}:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def reason_of(log: str | os.PathLike[str], inputs: Iterable[str] = (), said: str = "") -> str:
    """Why a job failed, in one line.

    Parameters
    ----------
    log
        Its log: an ``ERROR:`` line or the end of a traceback tells.
    inputs
        What it read.
    said
        What Snakemake said of it: where the job itself could not speak, its signal stands there.
    """
    try:
        lines = Path(log).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    if errors:
        return errors[0] + _of_disk(errors[0])
    if any(line.startswith("Traceback ") for line in lines):
        last = next(line for line in reversed(lines) if line.strip())
        if re.match(r"(numpy\.[\w.]*_Array)?MemoryError", last):
            return f"memory ran out: {_LESS_AT_A_TIME}"
        if "No space left" in last:
            return f"{last}{_of_disk(last)}"
        return f"a fault of the program, {last} (all of it: {log})"
    if free := _full(Path(log).parent):
        return free
    if ahead := _ahead(inputs):
        return ahead
    if "has changed since the run was planned" in said:
        return "a file changed while the run was on: run again"
    found = re.search(r"died with <Signals\.(SIG\w+)|exit status (\d+)|(OUT_OF_ME\w*)", said)
    named = (found[1] or found[3] or _signal_of(int(found[2]))) if found else ""
    if named in ("SIGKILL", "OUT_OF_MEMORY", "OUT_OF_ME"):
        return f"killed by the system (signal 9), as a rule because memory ran out: {_LESS_AT_A_TIME}"
    if named:
        return f"ended by {named}; run again"
    return f"ended without a word (its log: {log})"


_LESS_AT_A_TIME = "run again with fewer jobs at a time (--cores 1), or on a machine with more memory"


def _signal_of(status: int) -> str:
    """A shell ends with 128 and the number of the signal that ended its command."""
    try:
        return signal.Signals(status - 128).name
    except ValueError:
        return ""


def _full(folder: Path) -> str:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    return f"the disk of {folder} is full ({free} bytes are left): make room and run again" if free < FULL else ""


def _of_disk(text: str) -> str:
    return "; the disk is full: make room and run again" if "No space left" in text else ""


def _ahead(inputs: Iterable[str]) -> str:
    """Snakemake takes no result that bears an earlier date than what it was made from."""
    import time

    limit = time.time() + AHEAD
    for path in inputs:
        if Path(path).exists() and (dated := Path(path).stat().st_mtime) > limit:
            when = time.strftime("%Y-%m-%d %H:%M", time.localtime(dated))
            return (
                f"{path} is dated {when}, which is yet to come: the clock of the machine that wrote it is ahead;"
                f' set its date to now (touch "{path}") and run again'
            )
    return ""


def lines_of(failures: Sequence[Failure]) -> list[str]:
    """What is told of failed jobs at the end of a run: a line for each job."""
    told: dict[str, str] = {}
    for one in failures:
        told.setdefault(one.step, f"  {one.step}: {one.reason}")
    return [f"{len(told)} failed:", *told.values()] if told else []


def without(failures: Iterable[Mapping[str, Any]]) -> dict[str, set[str]]:
    """The stages that samples lack, by sample, from rows of the table of what failed."""
    found: dict[str, set[str]] = {}
    for row in failures:
        found.setdefault(str(row["sample"]), set()).update(part for part in row["without"].split(", ") if part)
    return found


def said_of(log: str, run_logs: Iterable[str | os.PathLike[str]]) -> str:
    """What Snakemake's own logs say of the job whose log this is: what stands around its path."""
    texts = (Path(one).read_text(encoding="utf-8", errors="replace") for one in run_logs if Path(one).is_file())
    return "\n".join(text[at.start() : at.start() + 600] for text in texts for at in re.finditer(re.escape(log), text))


def again(
    arguments: Sequence[str],
    config: Sequence[str],
    snakefile: str | os.PathLike[str],
    directory: str | os.PathLike[str],
    configfiles: Sequence[str | os.PathLike[str]] = (),
) -> list[str]:
    """The arguments of Snakemake with which what failed is left out, from whatever folder it is called.

    Parameters
    ----------
    arguments
        Those of the run that failed. Jobs that have run are not forced to run once more.
    config
        All that a command line or a profile gave as ``--config``: the last one counts alone.
    snakefile, directory, configfiles
        Absolute: what the arguments name may be relative to a folder that was left since.
    """
    forced = {"-F", "--forceall", "-f", "--force"}
    kept = [word for word in arguments if word not in forced]
    end = kept.index("--") if "--" in kept else len(kept)
    files = ["--configfile", *map(str, configfiles)] if configfiles else []
    places = ["--snakefile", str(snakefile), "--directory", str(directory), *files]
    return [*kept[:end], "--nolock", *places, "--config", *config, f"{LEAVE_OUT}=true", *kept[end:]]


#: Key of the configuration with which a run leaves out what failed in the one before.
LEAVE_OUT = "leave_out_failed"
