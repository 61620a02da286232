"""What the logs of a run hold: its warnings and its alerts, one line each."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from coherion.messages import gathered

# Of warnings and of alerts so many are told at the end of a run; all of them stand in files.
MOST_TOLD = 15
# A part of a warning longer than this (letters) is no name of a resistance, a sample or a temperature.
_CLAUSE = 25
# What a finished run is looked at by, in the order in which one would.
LOOK_AT = {
    "page.html": "all of it",
    "claims.tsv": "what the series shows",
    "series/alerts.tsv": "alerts",
    "summary/warnings.tsv": "warnings",
    "figures": "figures",
    "tables": "tables",
    "supporting_information.pdf": "tables and figures as one document",
}


def where_to_look(results: str | os.PathLike[str]) -> list[str]:
    """Where the results of a run stand, one line each, of those that there are."""
    there = [(path, what) for name, what in LOOK_AT.items() if (path := Path(results) / name).exists()]
    return [*(["Look at"] if there else []), *(f"  {path}  {what}" for path, what in there)]


def shortened(lines: list[str]) -> list[str]:
    """The first lines, and how many more there are."""
    more = len(lines) - MOST_TOLD
    return lines if more <= 0 else [*lines[:MOST_TOLD], f"  and {more} more"]


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


def _is_alert(name: str, text: str, alerts: Mapping[str, list[str]]) -> bool:
    """Whether an alert with the warning's sample says the same, in its first clause that says something."""
    clause = next((part for part in re.split("[:;] ", text) if len(part) > _CLAUSE), None)
    return clause is not None and any(clause in alert for alert in alerts.get(name.split()[-1], ()))


def summary_of_logs(folder: str | os.PathLike[str]) -> list[str]:
    """What a user should know of the results that stand at the end of a run: each warning and each alert as one line.

    Those of earlier runs are among them, because the results they belong to still stand. What failed is told by
    :mod:`coherion.provenance.failures`.

    Parameters
    ----------
    folder
        The logs, ``<rule>/<sample>.log``.
    """
    told = []
    alerts = [f"  {text}" for text in alerts_of_logs(folder)]
    naming: dict[str, list[str]] = {}
    for alert in alerts:
        for word in {*alert.split()}:
            naming.setdefault(word, []).append(alert)
    warned = [f"{name}: {text}" for name, text in warnings_of_logs(folder) if not _is_alert(name, text, naming)]
    if warned:
        told += [
            f"{len(warned)} warning{'s' if len(warned) > 1 else ''}:",
            *shortened([f"  {line}" for line in gathered(warned)]),
        ]
    if alerts:
        told += [f"{len(alerts)} alert{'s' if len(alerts) > 1 else ''}:", *shortened(alerts)]
    return told
