"""What a terminal, or a file, is told while a run goes on: bars where it can draw them, else short plain lines.

Snakemake hands each of its messages to the handlers of a logger of Python's own ``logging``. The handler here takes the
place of the one that writes to the terminal; the complete log that Snakemake keeps in .snakemake/log is not touched.
"""

from __future__ import annotations

import logging
import os
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any, TextIO

# What says nothing that the bars do not say; everything else that comes without a kind is passed on as it is.
CHATTER = (
    "Assuming unrestricted shared filesystem usage",
    "Building DAG of jobs",
    "Conda environments: ignored",
    "Job rate limit reached",
    "Select jobs to execute",
    "Singularity containers: ignored",
    "Using shell:",
)
# Kinds of message that the bars stand for.
SHOWN = ("job_started", "progress", "resources_info", "run_info", "shellcmd", "workflow_started")
LONGEST_LINE = 400
# Seconds between two lines on a rule that goes on, where lines are not drawn over.
PATIENCE = 30.0
BAR = 24


def last_error(logs: list[str]) -> str:
    """What the last line of a job's logs says went wrong, without its mark; empty where no log says anything."""
    lines = []
    for log in map(Path, logs):
        if log.is_file():
            lines += log.read_text(encoding="utf-8", errors="replace").split("\n")
    lines = [line for line in lines if line.strip()]
    told = [line for line in lines if line.startswith("ERROR: ")] or lines
    return told[-1].removeprefix("ERROR: ") if told else ""


def span(seconds: float) -> str:
    """A time span as people say it: ``40 s``, ``3 min``, ``2 h 10 min``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def clipped(text: str, width: int) -> str:
    """The text on one line of at most so many characters."""
    text = " ".join(text.split())
    return text if len(text) <= width else f"{text[: width - 1]}…"


class Progress(logging.Handler):
    """One line for each rule that is done, one that moves for what is at work, one for each failure.

    Parameters
    ----------
    instead_of
        The handler that wrote to the terminal: its stream is written to, and what is neither progress nor failure is
        told in its form.
    clock
        Seconds, from any moment.
    """

    def __init__(self, instead_of: logging.StreamHandler[TextIO], clock: Any = time.monotonic) -> None:
        super().__init__(instead_of.level)
        self.passed = instead_of
        self.stream = instead_of.stream
        for chosen in instead_of.filters:
            self.addFilter(chosen)
        self.clock = clock
        self.started = clock()
        self.moving = self.stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        plain = "━─".encode(self.stream.encoding or "ascii", "ignore") == b""
        self.full, self.empty = ("#", "-") if plain else ("━", "─")
        self.drawn = False
        self.planned: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()
        self.running: dict[int, tuple[str, str, float]] = {}
        self.last_line: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self.handle_event(record)
        except Exception:
            self.handleError(record)

    def handle_event(self, record: logging.LogRecord) -> None:
        kind = str(getattr(record, "event", None) or "")
        if kind == "run_info":
            self.plan(vars(record)["stats"])
        elif kind == "job_info":
            self.start(vars(record))
        elif kind == "job_finished":
            self.finish(vars(record)["job_id"])
        elif kind == "job_error":
            self.fail(vars(record))
        elif kind not in SHOWN and not (record.levelno == logging.INFO and str(record.msg).strip().startswith(CHATTER)):
            self.wipe()
            self.passed.emit(record)

    def plan(self, stats: dict[str, int]) -> None:
        """How many jobs of each rule; Snakemake says it before the run, and again after it for what was done."""
        if self.planned:
            return
        self.planned = Counter({rule: number for rule, number in stats.items() if rule != "total"})
        self.say(f"{self.planned.total()} jobs of {len(self.planned)} rules")

    def start(self, job: dict[str, Any]) -> None:
        names = " ".join(map(str, (job.get("wildcards") or {}).values()))
        self.running[job["jobid"]] = (job["rule_name"], names, self.clock())
        self.draw()

    def finish(self, jobid: int) -> None:
        rule, _, since = self.running.pop(jobid, ("", "", 0.0))
        if not rule:
            return
        self.done[rule] += 1
        self.seconds[rule] += self.clock() - since
        if self.done[rule] + self.failed[rule] >= self.planned[rule]:
            self.say(self.line_of(rule))
        elif not self.moving and self.clock() - self.last_line.setdefault(rule, since) > PATIENCE:
            self.last_line[rule] = self.clock()
            self.say(f"{self.line_of(rule)}, {self.overall()}")
        self.draw()

    def fail(self, job: dict[str, Any]) -> None:
        rule, names, _ = self.running.pop(job["jobid"], (job["rule_name"], "", 0.0))
        logs = list(map(str, job.get("log") or []))
        why = last_error(logs) or str(job.get("rule_msg") or "it says nothing in its log")
        self.failed[rule] += 1
        seen = f" ({', '.join(logs)})" if logs else ""
        self.say(f"FAILED {' '.join(filter(None, (rule, names)))}: {clipped(why, LONGEST_LINE)}{seen}")
        self.draw()

    def line_of(self, rule: str) -> str:
        """A rule as it stands: how many of its jobs are done, how many failed, how long they took."""
        done, planned = self.done[rule], self.planned[rule]
        failed = f", {self.failed[rule]} failed" if self.failed[rule] else ""
        width = max(map(len, self.planned), default=0)
        bar = f"{self.bar(done, planned)} " if self.moving else ""
        return f"{rule:{width}s}  {bar}{done} of {planned}{failed}, {span(self.seconds[rule])}"

    def bar(self, done: int, planned: int) -> str:
        filled = BAR * done // max(planned, 1)
        return self.full * filled + self.empty * (BAR - filled)

    def time_left(self) -> float | None:
        """Seconds until all is done, from what jobs of each rule took so far; absent before the first has ended."""
        done = self.done.total()
        busy = self.seconds.total()
        if not done or not busy:
            return None
        at_work = Counter(rule for rule, _, _ in self.running.values())
        needed = 0.0
        for rule, planned in self.planned.items():
            each = self.seconds[rule] / self.done[rule] if self.done[rule] else busy / done
            needed += each * max(planned - self.done[rule] - self.failed[rule] - at_work[rule] / 2, 0)
        at_once = max(busy / max(self.clock() - self.started, 1e-3), 1.0)
        return needed / at_once

    def overall(self) -> str:
        left = self.time_left()
        said = f"{self.done.total()} of {self.planned.total()} jobs"
        return said if left is None else f"{said}, about {span(left)} left"

    def draw(self) -> None:
        """Draw the line that moves anew: the bar of the whole run, the time left, and what is at work."""
        if not self.moving or not self.planned:
            return
        working = ", ".join(" ".join(filter(None, job[:2])) for job in self.running.values())
        line = f"{self.bar(self.done.total(), self.planned.total())} {self.overall()}  {working}"
        width = shutil.get_terminal_size().columns
        self.stream.write(f"\r\x1b[K{clipped(line, width - 1)}")
        self.stream.flush()
        self.drawn = True

    def wipe(self) -> None:
        """Take the line that moves away, so that something that stays can be written."""
        if self.drawn:
            self.stream.write("\r\x1b[K")
            self.drawn = False

    def say(self, line: str) -> None:
        """Write a line that stays."""
        self.wipe()
        clock = "" if self.moving else time.strftime("%H:%M:%S ")
        self.stream.write(f"{clock}{line}\n")
        self.stream.flush()


def show_progress(logger: logging.Logger) -> Progress | None:
    """Let a logger that writes to a terminal or a file tell its progress in short; absent where it writes to neither.

    A logger whose messages go elsewhere, to a plugin that the user chose, is left as it is.
    """
    for handler in logger.handlers:
        if isinstance(handler, logging.StreamHandler) and not isinstance(handler, logging.FileHandler):
            shown = Progress(handler)
            logger.removeHandler(handler)
            logger.addHandler(shown)
            return shown
    return None
