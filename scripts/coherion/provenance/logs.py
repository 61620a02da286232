"""What the logs of a run hold: its warnings, its alerts and its failures, one line each."""

from __future__ import annotations

import os
from pathlib import Path


def warnings_of_logs(folder: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Each warning of the jobs once: the job, ``<rule> <sample>``, and what it said."""
    found = []
    for log in sorted(Path(folder).glob("**/*.log")):
        name = " ".join(log.relative_to(folder).with_suffix("").parts)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [(name, s.removeprefix("WARNING: ")) for s in dict.fromkeys(lines) if s.startswith("WARNING: ")]
    return found


def alerts_of_logs(folder: str | os.PathLike[str]) -> list[str]:
    """Each alert of the jobs once, ``ALERT <grade> <sample> <stage>: <text>``, the gravest first."""
    lines = [
        line
        for log in sorted(Path(folder).glob("**/*.log"))
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines()
        if line.startswith("ALERT ")
    ]
    return sorted(dict.fromkeys(lines), key=lambda line: line.split()[1])


def summary_of_logs(folder: str | os.PathLike[str], started: float) -> list[str]:
    """What a user should know at the end of a run: each failure and each warning as one line.

    Parameters
    ----------
    folder
        The logs, ``<rule>/<sample>.log``.
    started
        When the run started, seconds since the epoch: failures of earlier runs are not repeated. Warnings are,
        because the results they belong to still stand, and so are alerts.
    """
    failures, warned = [], [f"  {name}: {text}" for name, text in warnings_of_logs(folder)]
    for log in sorted(Path(folder).glob("**/*.log")):
        name = " ".join(log.relative_to(folder).with_suffix("").parts)
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        if log.stat().st_mtime >= started and any(line.startswith("Traceback ") for line in lines):
            failures.append(f"  {name}: a fault of the program, {lines[-1]} (all of it: {log})")
        elif log.stat().st_mtime >= started:
            failures += [f"  {name}: {line.removeprefix('ERROR: ')}" for line in lines if line.startswith("ERROR: ")]
    told = []
    alerts = alerts_of_logs(folder)
    if warned:
        told += [f"{len(warned)} warning{'s' if len(warned) > 1 else ''}:", *warned]
    if alerts:
        told += [f"{len(alerts)} alert{'s' if len(alerts) > 1 else ''}:", *(f"  {text}" for text in alerts)]
    if failures:
        told += [f"{len(failures)} failed:", *failures]
    return told
