"""Killed and restarted, on one core or two, a run ends with the same results; a change runs its own part again."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray
import yaml

ROOT = Path(__file__).parents[1]
KILLS = int(os.environ.get("COHERION_KILLS", "20"))
# The small series; config/config.yaml for the whole one.
SERIES = ROOT / os.environ.get("COHERION_SERIES", "config/small.yaml")
pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def start(
    folder: Path, cores: int, *arguments: str | Path, log: Path, first_in_path: Path | None = None
) -> subprocess.Popen[bytes]:
    """Snakemake on the series in a process group of its own."""
    own = Path(sys.executable).parent
    path = os.pathsep.join([*([str(first_in_path)] if first_in_path else []), str(own), os.environ["PATH"]])
    command = [own / "snakemake", "--snakefile", ROOT / "Snakefile", "--directory", folder, "--cores", str(cores)]
    command += ["--configfile", SERIES, *arguments]
    with log.open("ab") as said:
        return subprocess.Popen(
            command,
            stdout=said,
            stderr=said,
            stdin=subprocess.DEVNULL,
            cwd=ROOT,
            env=os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )


def results_of(folder: Path) -> dict[str, Path]:
    """Everything a run wrote but what it says of its own course."""
    root = folder / yaml.safe_load(SERIES.read_text()).get("results", "results")
    files = (path for path in root.rglob("*") if path.is_file())
    return {
        str(name): path for path in files if (name := path.relative_to(root)).parts[0] not in ("logs", "benchmarks")
    }


def differences(one: dict[str, Path], other: dict[str, Path]) -> list[str]:
    """Names of files that are in one run only, or hold other numbers; netCDF by variables, all else by bytes."""
    found = sorted(set(one) ^ set(other))
    for name in sorted(set(one) & set(other)):
        if name.endswith(".nc"):
            with xarray.open_dataset(one[name]) as a, xarray.open_dataset(other[name]) as b:
                same = a.identical(b)
        else:
            same = one[name].read_bytes() == other[name].read_bytes()
        found += [] if same else [name]
    return found


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """An undisturbed run on one core, and how many seconds it took.

    Each of its jobs finds no packages but those of the conda environment that its rule names.
    """
    folder = tmp_path_factory.mktemp("calm")
    log, guarded = folder.with_suffix(".log"), tmp_path_factory.mktemp("bin")
    words = (sys.executable, ROOT / "tests/environments/guard.py")
    (guarded / "python").write_text(f'#!/bin/sh\nexec {shlex.join(map(str, words))} "$@"\n')
    (guarded / "python").chmod(0o755)
    began = time.monotonic()
    assert start(folder, 1, log=log, first_in_path=guarded).wait() == 0, log.read_text()[-3000:]
    return folder, time.monotonic() - began


def test_a_changed_row_runs_its_sample_and_what_depends_on_it_and_nothing_else(calm, tmp_path):
    folder, _ = calm
    own = folder / "config" / "small"
    own.mkdir(parents=True)
    rows = (ROOT / "config/small/samples.tsv").read_text().splitlines(keepends=True)
    (place,) = [i for i, row in enumerate(rows) if row.startswith("x50\t")]
    header = rows[0].rstrip("\n").split("\t")
    cells = rows[place].rstrip("\n").split("\t")
    cells[header.index("pellet_thickness_cm")] = "0.1999"
    rows[place] = "\t".join(cells) + "\n"
    try:
        # A table in the working folder comes before the workflow's own.
        (own / "samples.tsv").write_text("".join(rows))
        log = tmp_path / "log"
        assert start(folder, 1, "--dry-run", log=log).wait() == 0
        said = log.read_text()
        jobs = {line.split()[0]: int(line.split()[1]) for line in said.splitlines() if re.fullmatch(r"\w+ +\d+", line)}
        once = {"analyse_spectra", "draw_impedance", "collect_series", "judge_claims"}
        assert {name: count for name, count in jobs.items() if name in once} == dict.fromkeys(once, 1)
        for name in ("simulate_scan", "import_scan", "reduce_scan", "refine_structure", "draw_refinement"):
            assert name not in jobs
        assert {line.split(": ")[1] for line in said.splitlines() if "wildcards: sample=" in line} == {"sample=x50"}
    finally:
        (own / "samples.tsv").unlink()
    log = tmp_path / "again"
    assert start(folder, 1, "--dry-run", log=log).wait() == 0
    assert "Nothing to be done" in log.read_text()


def test_a_run_killed_at_random_moments_ends_as_an_undisturbed_one(calm, tmp_path):
    (undisturbed_folder, undisturbed), killed = calm, tmp_path / "killed"
    log = tmp_path / "log"
    rng = np.random.default_rng(2024)
    times = 0
    # A start costs seconds; what is added to it spreads the kills over the run's whole course.
    while times < KILLS:
        run = start(killed, 2, log=log)
        try:
            ended = run.wait(timeout=2.0 + rng.exponential(undisturbed / KILLS))
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            run.wait()
            times += 1
            # A file being written has a hidden name; what bears the name of a result is whole.
            named = [name for name in results_of(killed) if name.endswith(".nc") and "/." not in name]
            assert all(whole(killed, name) for name in named)
            assert start(killed, 1, "--unlock", log=log).wait() == 0
        else:
            # It came to its end before it was killed often enough: it must be right already, and starts anew.
            assert ended == 0, log.read_text()[-3000:]
            assert differences(results_of(undisturbed_folder), results_of(killed)) == []
            shutil.rmtree(killed)
    assert start(killed, 2, log=log).wait() == 0, log.read_text()[-3000:]
    assert differences(results_of(undisturbed_folder), results_of(killed)) == []
    again = start(killed, 2, "--dry-run", log=log)
    assert again.wait() == 0 and "Nothing to be done" in log.read_text()[-3000:]


def whole(folder: Path, name: str) -> bool:
    """Whether a netCDF file can be read to its end: a name that stands for a result never stands for a part of one."""
    with xarray.open_dataset(results_of(folder)[name]) as dataset:
        dataset.load()
    return True


def mounted(folder: Path, options: str) -> bool:
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], check=False, capture_output=True)
    return done.returncode == 0


@pytest.mark.parametrize(
    ("kind", "said"), [("full", "No space left on device"), ("read-only", "Read-only file system")]
)
def test_a_full_or_read_only_disk_stops_with_a_clear_error_and_loses_nothing(tmp_path, kind, said):
    disk, log = tmp_path / "disk", tmp_path / "log"
    if not mounted(disk, "size=600k"):
        pytest.skip("this system lets nobody mount a small disk")
    try:

        def run(script, *arguments):
            command = [sys.executable, ROOT / "scripts" / script, *arguments]
            return subprocess.run(command, capture_output=True, text=True, check=False)

        def simulate(name):
            files = ["--output", disk / f"{name}.raw", "--truth", disk / f"{name}.json"]
            return run("simulate_scan.py", ROOT / "config/simulation.yaml", name, *files)

        assert simulate("empty").returncode == 0
        before = {path.name: path.read_bytes() for path in disk.iterdir()}
        if kind == "full":
            used = sum(map(len, before.values()))
            (disk / "ballast").write_bytes(bytes(590 * 1024 - used - 8192))
        else:
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        for done, name in (
            (simulate("x50"), "x50.raw"),
            (run("import_scan.py", disk / "empty.raw", "--output", disk / "empty.nc"), "empty.nc"),
        ):
            assert done.returncode == 1
            (line,) = [line for line in done.stderr.splitlines() if line.startswith("ERROR: ")]
            assert said in line and str(disk / name) in line
            assert "Traceback" not in done.stderr
        after = {path.name: path.read_bytes() for path in disk.iterdir() if path.name != "ballast"}
        assert after == before
    finally:
        subprocess.run(["umount", disk], check=True)
    assert not log.exists()
