"""Runs on the cluster that .ci/slurm.sh brings up, with the profile as it is shipped."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cluster_runs import PROFILE, ROOT, Run


def pytest_configure() -> None:
    if os.environ.get("COHERION_SLURM"):
        # What these tests started is ended with them, also where .ci/slurm.sh itself is stopped.
        signal.signal(signal.SIGTERM, lambda *_: pytest.exit("stopped from outside", returncode=3))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents and not os.environ.get("COHERION_SLURM"):
            item.add_marker(pytest.mark.skip(reason="COHERION_SLURM is not set: .ci/slurm.sh brings the cluster up"))


@pytest.fixture(scope="module")
def start():
    """Starts Snakemake with the shipped profile; what still runs at the end is ended."""
    runs: list[Run] = []

    def begin(folder: Path, *arguments: str | Path, snakefile: Path = ROOT / "Snakefile", **environment: str) -> Run:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / f"snakemake{len(runs)}.txt"
        command = ["snakemake", "--workflow-profile", PROFILE, "--snakefile", snakefile, "--directory", folder]
        with file.open("w") as stream:
            process = subprocess.Popen(
                [*command, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=ROOT,
                env=os.environ | environment,
            )
        runs.append(Run(process, file, time.monotonic()))
        return runs[-1]

    yield begin
    for run in runs:
        if run.process.poll() is None:
            run.process.terminate()
            try:
                run.process.wait(20)
            except subprocess.TimeoutExpired:
                run.process.kill()
                run.process.wait()
