"""A Snakemake whose jobs go to the queue, and what Slurm says of them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROFILE = ROOT / "workflow" / "profiles" / "slurm"
FAULTS = Path(__file__).parent / "Snakefile"


def said(*command: str) -> str:
    """What a command of Slurm prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=30).stdout.strip()


def until(happened: Callable[[], object], seconds: float) -> object:
    """The first true answer, or a failure after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if answer := happened():
            return answer
        time.sleep(0.5)
    pytest.fail(f"{happened.__name__}: nothing within {seconds:g} s; squeue says\n{said('squeue', '--states=all')}")


@dataclass
class Run:
    """A Snakemake that sends its jobs to the queue, and what it printed."""

    process: subprocess.Popen
    file: Path
    began: float

    def text(self) -> str:
        return self.file.read_text(encoding="utf-8")

    def finish(self, seconds: float) -> int:
        """Its exit status."""
        return self.process.wait(timeout=seconds)

    def name(self) -> str:
        """What all its jobs are called in the queue."""
        lines = [line for line in self.text().splitlines() if "SLURM run ID: " in line]
        return lines[0].split("SLURM run ID: ")[1].strip() if lines else ""

    def jobs(self, *states: str) -> list[dict[str, str]]:
        """Its jobs that are in one of these states, or all."""
        columns = ["JobID", "State", "MinMemory", "NumCPUs", "NodeList", "Comment", "TimeUsed"]
        form = ",".join(f"{column}:|" for column in columns)
        wanted = "--states=" + (",".join(states) or "all")
        lines = said("squeue", "--noheader", wanted, f"--Format={form}", f"--name={self.name()}").splitlines()
        return [dict(zip(columns, line.split("|"), strict=False)) for line in lines] if self.name() else []
