"""The jobs of a run as Snakemake recorded them: what each read, with hashes, and what it wrote.

Snakemake keeps one JSON record per output under ``.snakemake/metadata``, named by the output's path in URL-safe
base64; a long name is cut into folders that start with ``@``. A job that runs again replaces its records, so they
hold for the files as they are also after part of a run was repeated.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coherion.errors import InputError


@dataclass(frozen=True)
class Job:
    """One job that ended well.

    rule
        Name of its rule.
    inputs
        Each file it read, by its path below the working folder (or absolute), with the SHA-256 of that time; None
        where the file was larger than Snakemake takes hashes of.
    outputs, log
        What it wrote.
    command
        Its command line.
    started, ended
        Seconds since the epoch.
    """

    rule: str
    inputs: Mapping[str, str | None]
    outputs: tuple[str, ...]
    log: tuple[str, ...]
    command: str
    started: float
    ended: float


def read_jobs(folder: str | os.PathLike[str]) -> list[Job]:
    """The jobs whose outputs stand in a working folder, in the order in which they ended.

    Raises
    ------
    InputError
        If Snakemake left no records there.
    """
    records = Path(folder) / ".snakemake" / "metadata"
    if not records.is_dir():
        raise InputError(
            "Snakemake has recorded no job here",
            file=folder,
            expected="a folder in which the workflow has run, with .snakemake/metadata in it",
        )
    found: dict[tuple[Any, ...], list[tuple[str, dict[str, Any]]]] = {}
    for path, record in _records(records):
        if record.get("incomplete") or not (Path(folder) / path).exists():
            continue
        key = (record["rule"], record.get("shellcmd"), *(record.get("log") or ()), *(record.get("input") or ()))
        found.setdefault(key, []).append((path, record))
    jobs = [_job(outputs) for outputs in found.values()]
    return sorted(jobs, key=lambda job: (job.ended, job.outputs))


def _records(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for file in sorted(folder.rglob("*")):
        if not file.is_file():
            continue
        encoded = "".join(part.removeprefix("@") for part in file.relative_to(folder).parts)
        try:
            path = base64.urlsafe_b64decode(encoded).decode()
            record = json.loads(file.read_text(encoding="utf-8"))
        except (binascii.Error, ValueError):
            # A file of another program, or the rest of a record that was being written when the run was killed.
            continue
        if isinstance(record, dict) and record.get("rule"):
            yield path, record


def _job(outputs: list[tuple[str, dict[str, Any]]]) -> Job:
    _, record = outputs[0]
    hashes = record.get("input_checksums") or {}
    return Job(
        rule=record["rule"],
        inputs={path: _hexadecimal(hashes.get(path)) for path in record.get("input") or ()},
        outputs=tuple(sorted(path for path, _ in outputs)),
        log=tuple(record.get("log") or ()),
        command=record.get("shellcmd") or "",
        started=min(float(one["starttime"]) for _, one in outputs),
        ended=max(float(one["endtime"]) for _, one in outputs),
    )


def _hexadecimal(checksum: str | None) -> str | None:
    kind, _, digest = (checksum or "").partition(":")
    return digest if kind == "sha256" else None


def makers(jobs: Iterable[Job]) -> dict[str, Job]:
    """The job that made each output, by the output's path; of two records the later one."""
    return {path: job for job in jobs for path in job.outputs}


def maker_of(path: str, made: Mapping[str, Job]) -> Job | None:
    """The job that made a file, by itself or in a folder that is the job's output; None of raw files."""
    for place in (Path(path), *Path(path).parents):
        if (job := made.get(str(place))) is not None:
            return job
    return None


def behind(targets: Iterable[str], jobs: Iterable[Job]) -> list[Job]:
    """The jobs without which the targets would not stand, in the order in which they ended."""
    jobs = list(jobs)
    made = makers(jobs)
    needed: dict[int, Job] = {}
    paths = list(targets)
    while paths:
        job = maker_of(paths.pop(), made)
        if job is not None and id(job) not in needed:
            needed[id(job)] = job
            paths += job.inputs
    return [job for job in jobs if id(job) in needed]
