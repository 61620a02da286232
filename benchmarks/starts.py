"""What it costs to start and end each command: a process that imports what the command imported in a run, and ends.

    python benchmarks/starts.py --measure after.json
    python benchmarks/starts.py --checkout ../old --measure before.json
    python benchmarks/starts.py --page docs/start-times.md before.json after.json

The small series is run once in a copy of the checkout, with Python's own account of imports in the logs of its jobs;
then each command's modules are imported again, in the same order, in processes of their own, and the least processor
time (user and system, not the clock: machines are shared) of several is taken. The interpreter itself is counted too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINE = re.compile(r"import time: +\d+ \| +\d+ \| +(\S+)")
# As coherion.command begins and ends a command, in checkouts where it does more than Python itself.
IMPORT = """
import gc, importlib, sys
from coherion import command
gc.set_threshold(*getattr(command, "COLLECTED", gc.get_threshold()))
for name in sys.stdin.read().split():
    try:
        importlib.import_module(name)
    except Exception:
        pass
getattr(command, "_end", int)()
"""


def run_small(checkout: Path, folder: Path) -> dict[str, list[list[str]]]:
    """Modules that the jobs of each rule imported in a run of the small series."""
    copy = folder / "copy"
    subprocess.run(["git", "clone", "-q", "--shared", checkout, copy], check=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "PYTHONPROFILEIMPORTTIME": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "snakemake", "--cores", "1", "--configfile", "config/small.yaml"]
    subprocess.run(command, cwd=copy, env=environment, check=True, capture_output=True)
    logs = copy / "results" / "small" / "logs"
    found: dict[str, list[list[str]]] = {}
    for log in sorted(logs.rglob("*.log")):
        names = LINE.findall(log.read_text(encoding="utf-8", errors="replace"))
        if names:
            found.setdefault(log.relative_to(logs).parts[0].removesuffix(".log"), []).append(names)
    return found


def seconds(names: list[str], scripts: Path, times: int) -> float:
    """Least processor time of a process that imports these modules and ends, in s."""
    code = f"import sys; sys.path.insert(0, {str(scripts)!r}){IMPORT}"
    found = []
    for _ in range(times):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-c", code], input=" ".join(names), text=True, capture_output=True, check=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return min(found)


def measure(checkout: Path, times: int) -> dict[str, dict[str, float]]:
    """Of each rule: the least time to start one of its jobs (s), and its modules."""
    with tempfile.TemporaryDirectory() as folder:
        jobs = run_small(checkout, Path(folder))
        scripts = Path(folder) / "copy" / "scripts"
        return {
            rule: {"seconds": seconds(min(lists, key=len), scripts, times), "modules": len(set(min(lists, key=len)))}
            for rule, lists in jobs.items()
        }


def page(before: dict[str, dict[str, float]], after: dict[str, dict[str, float]]) -> str:
    """docs/start-times.md."""
    lines = [
        "# What it costs to start a command",
        "",
        "Processor time of a process that imports what the command imports in a run and ends, interpreter included;",
        "the least of several, made by `benchmarks/starts.py`. Before: as of 24 November 2026 (3a47fb8), with the",
        "collector of memory and the end of a process as in Python by itself, which takes a thousand modules apart",
        "again in a third of the time it took to load them, and with all that numba loads before it runs machine code",
        "that it kept; a rule that was not there is blank. The machine was shared: the columns compare with one",
        "another, a figure alone may be a third too high. The crate and the multiverse are no part of a run.",
        "",
        "| rule | before (s) | after (s) | modules before | modules after |",
        "|---|---|---|---|---|",
    ]
    for rule in sorted(before | after):
        cells = [f"{one[rule]['seconds']:.2f}" if rule in one else "" for one in (before, after)]
        cells += [f"{one[rule]['modules']:.0f}" if rule in one else "" for one in (before, after)]
        lines.append(f"| `{rule}` | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("measured", nargs="*", type=Path, help="files of --measure for --page: before, after")
    arguments.add_argument("--checkout", type=Path, default=ROOT, help="clone whose last commit is measured")
    arguments.add_argument("--times", type=int, default=5, help="processes for each command")
    arguments.add_argument("--measure", type=Path, help="JSON to write")
    arguments.add_argument("--page", type=Path, help="page to write")
    given = arguments.parse_args()
    if given.measure:
        given.measure.write_text(json.dumps(measure(given.checkout.resolve(), given.times), indent=1) + "\n")
    if given.page:
        before, after = (json.loads(path.read_text()) for path in given.measured)
        given.page.write_text(page(before, after))


if __name__ == "__main__":
    main()
