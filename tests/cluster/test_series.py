"""The default series on a cluster without accounting, while jobs are cancelled, run out of memory and lose their node.

With COHERION_SERIES_FOLDER it is run there, for what looks at its results afterwards.
"""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cluster_runs import FAULTS, PROFILE, ROOT, Run, said, until

pytestmark = pytest.mark.slurm


@pytest.fixture(scope="module")
def series(start, tmp_path_factory):
    """The series as shipped; the other tests run beside it."""
    return start(Path(os.environ.get("COHERION_SERIES_FOLDER") or tmp_path_factory.mktemp("series")))


@pytest.fixture(scope="module")
def faults(start, tmp_path_factory, series):
    return start(tmp_path_factory.mktemp("faults"), snakefile=FAULTS)


def running(run: Run, rule: str = "") -> list[dict[str, str]]:
    return [job for job in run.jobs("RUNNING") if rule in job["Comment"]]


def tries(run: Run, rule: str) -> list[str]:
    """The queue's numbers of the jobs that ran a rule of the workflow of faults, in their order."""
    file = run.file.parent / f"{rule}.tries"
    return file.read_text().split() if file.exists() else []


def state(job: str) -> str:
    return said("squeue", "--noheader", "--states=all", "--format=%T", f"--jobs={job}")


def memory(job: str) -> str:
    return said("squeue", "--noheader", "--states=all", "--format=%m", f"--jobs={job}")


@pytest.fixture(scope="module")
def cancelled_of_the_series(series):
    """A job of the workflow's own rules, cancelled from outside while it ran."""

    def a_job_of_the_series_runs():
        return running(series)

    job = until(a_job_of_the_series_runs, 60)[0]
    time.sleep(2)
    said("scancel", job["JobID"])
    return job["JobID"]


@pytest.fixture(scope="module")
def cancelled(faults):
    def the_long_job_runs():
        return tries(faults, "long")

    job = until(the_long_job_runs, 60)[0]
    said("scancel", job)
    return job


def processes_of(job: str) -> list[int]:
    """What runs on a node for a job: its steps and all they started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            environment = (folder / "environ").read_bytes().split(b"\0")
            title = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if f"SLURM_JOB_ID={job}".encode() in environment or f"slurmstepd: [{job}.".encode() in title:
            found.append(int(folder.name))
    return found


@pytest.fixture(scope="module")
def lost(faults, cancelled):
    """A job whose node went down with all that ran on it, and that node."""

    def the_lost_job_runs():
        return tries(faults, "lost")

    job = until(the_lost_job_runs, 60)[0]
    node = said("squeue", "--noheader", "--format=%N", f"--jobs={job}")
    daemon = Path(os.environ["CLUSTER"]) / "run" / f"slurmd.{node}.pid"
    os.kill(int(daemon.read_text()), signal.SIGKILL)
    for process in processes_of(job):
        # It may have ended with one of the others.
        subprocess.run(["kill", "-KILL", str(process)], capture_output=True, check=False)
    said("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    daemon.unlink()
    return job, node


@pytest.fixture(scope="module")
def finished_faults(faults, cancelled_of_the_series, cancelled, lost):
    assert faults.finish(180) == 0, faults.text()
    return faults


def test_a_job_out_of_memory_is_sent_again_and_asks_for_more(finished_faults):
    first, *_, last = tries(finished_faults, "hungry")
    # The step is out of memory; the job around it then fails like one whose command failed.
    assert state(first) in ("FAILED", "OUT_OF_MEMORY", "CANCELLED")
    (log,) = (finished_faults.file.parent / ".snakemake" / "slurm_logs").rglob(f"{first}.log")
    assert re.search("out of memory|memory limit", log.read_text(), re.IGNORECASE)
    assert state(last) == "COMPLETED"
    assert memory(first) == "500M"
    assert memory(last) in ("1000M", "1500M")
    assert f"SLURM-job '{first}' failed, SLURM status is: " in finished_faults.text()


def test_a_cancelled_job_is_sent_again(finished_faults, cancelled):
    jobs = tries(finished_faults, "long")
    assert [state(job) for job in jobs] == ["CANCELLED", "COMPLETED"]
    assert jobs[0] == cancelled
    assert f"SLURM-job '{cancelled}' failed, SLURM status is: 'CANCELLED'" in finished_faults.text()


def test_a_job_whose_node_fails_is_sent_to_another(finished_faults, lost):
    job, node = lost
    first, second = tries(finished_faults, "lost")
    assert first == job
    assert state(second) == "COMPLETED"
    assert said("squeue", "--noheader", "--states=all", "--format=%N", f"--jobs={second}") not in ("", node)
    assert f"SLURM-job '{job}' failed due to a node failure" in finished_faults.text()


def test_without_retries_the_run_ends_with_the_reason_and_the_next_one_finishes(start, tmp_path, lost):
    """Only sbatch, squeue and what a job itself needs answer, as on clusters without accounting."""
    shims = tmp_path / "bin"
    shims.mkdir()
    for name in ("sacct", "sacctmgr", "sinfo", "sshare"):
        (shims / name).write_text(f"#!/bin/sh\necho {name}: not here >&2\nexit 1\n")
        (shims / name).chmod(0o755)
    path = os.pathsep.join([str(shims), os.environ["PATH"]])
    run = start(tmp_path / "work", "long", "--retries", "0", snakefile=FAULTS, PATH=path)

    def the_long_job_runs():
        return tries(run, "long")

    (job,) = until(the_long_job_runs, 60)
    said("scancel", job)
    assert run.finish(180) == 1, run.text()
    assert "SLURM status is: 'CANCELLED'" in run.text()
    assert not (tmp_path / "work" / "long").exists()

    again = start(tmp_path / "work", "long", "--retries", "0", snakefile=FAULTS, PATH=path)
    assert again.finish(180) == 0, again.text()
    assert (tmp_path / "work" / "long").exists()


def test_one_allocation_holds_a_whole_run(series, tmp_path):
    """The form for a queue that takes few jobs: Snakemake runs inside, on the processors it was given."""
    targets = ["results/small/refinement/x10/2-60.cif", "results/small/arrhenius/x10.nc"]
    asked = ["--cpus-per-task=2", "--mem=3000", "--time=30", "--partition=faults", f"--output={tmp_path}/run.txt"]
    given = [*targets, "--directory", tmp_path, "--configfile", ROOT / "config" / "small.yaml"]
    ended = subprocess.run(
        ["sbatch", "--wait", "--parsable", *asked, PROFILE / "one_allocation.sbatch", *given],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=ROOT,
        check=False,
        timeout=900,
    )
    text = (tmp_path / "run.txt").read_text()
    assert ended.returncode == 0, text
    assert all((tmp_path / target).exists() for target in targets)
    # The terminal is told in short lines; Snakemake's own words stand in its log.
    (log,) = (tmp_path / ".snakemake" / "log").glob("*.log")
    own = log.read_text()
    assert "Provided cores: 2" in own
    assert any(line.startswith("Provided resources: mem_mb") and "3000" in line for line in own.splitlines())


def test_the_series_finishes_though_one_of_its_jobs_was_cancelled(series, cancelled_of_the_series, capsys):
    assert series.finish(2400) == 0, series.text()[-5000:]
    wall = time.monotonic() - series.began
    jobs = series.jobs()
    with capsys.disabled():
        print(f"\n{len(jobs)} jobs of the queue in {wall:.0f} s")
        for job in jobs:
            print("  ".join(job.values()))
    states = [job["State"] for job in jobs]
    assert {job["JobID"]: job["State"] for job in jobs}[cancelled_of_the_series] == "CANCELLED"
    assert states.count("COMPLETED") == len(states) - 1
    folder = series.file.parent / "results"
    with (folder / "series" / "series.tsv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert {row["sample"] for row in rows} >= {"x10", "x50", "x95", "x90_330C"}
    assert (folder / "claims.tsv").stat().st_size > 0


def test_the_queue_sees_a_few_jobs_for_each_sample_and_none_for_more_than_it_uses(series):
    series.finish(2400)
    sent = [job for job in series.jobs() if job["State"] == "COMPLETED"]
    # Fifteen scans and fourteen samples, one of them the standard; then the series and its figures. 135 rules in all.
    assert 14 <= len(sent) <= 15 + 3 * 14 + 8
    for job in sent:
        # One was sent twice, and asked for twice the memory the second time.
        assert 500 <= float(job["MinMemory"].rstrip("M")) <= 3000, job
        assert job["NumCPUs"] == "1", job


def test_a_second_call_has_nothing_to_do(series, start):
    series.finish(2400)
    again = start(series.file.parent, "--dry-run")
    assert again.finish(60) == 0
    assert "Nothing to be done" in again.text()
