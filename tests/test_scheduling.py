"""Snakemake looks at the jobs that wait once a second and when a job ends, not once for each job that ever ended."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

RULES = Path(__file__).parent.parent / "workflow" / "rules" / "scheduling.smk"
JOBS = 40

pytestmark = [pytest.mark.workflow, pytest.mark.slow]


def looks(folder: Path, head: str) -> tuple[int, float]:
    """How often the scheduler looked while ``JOBS`` short jobs ran one after another, and how long they took (s)."""
    folder.mkdir()
    snakefile = folder / "Snakefile"
    snakefile.write_text(
        f"{head}\nrule all:\n    input: expand('{{n}}.txt', n=range({JOBS}))\n\n"
        "rule one:\n    output: '{n}.txt'\n    shell: 'sleep 0.1; echo > {output}'\n"
    )
    start = time.monotonic()
    said = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", "--verbose", "--scheduler", "greedy"],
        cwd=folder,
        env=os.environ | {"XDG_CACHE_HOME": str(folder / "cache")},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    return said.count("Ready jobs: "), time.monotonic() - start


def test_no_more_looks_than_jobs_and_seconds(tmp_path):
    held, seconds = looks(tmp_path / "held", f"import time\ninclude: {str(RULES)!r}")
    assert JOBS <= held <= JOBS + seconds + 2
    free, seconds = looks(tmp_path / "free", "")
    assert free > 2 * (JOBS + seconds), "Snakemake no longer does what scheduling.smk holds back: remove it"
