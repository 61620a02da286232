"""What a run tells while it goes on."""

from __future__ import annotations

import io
import logging

import pytest

from coherion.provenance.logs import MOST_TOLD, summary_of_logs, where_to_look
from coherion.provenance.progress import LONGEST_LINE, last_error, show_progress, span


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def told_by(stream: io.StringIO) -> tuple[logging.Logger, Clock]:
    logger = logging.Logger("told")
    logger.addHandler(logging.StreamHandler(stream))
    shown = show_progress(logger)
    assert shown is not None
    shown.clock = Clock()
    shown.started = 0.0
    return logger, shown.clock


def tell(logger: logging.Logger, event: str, **fields: object) -> None:
    logger.info(None, extra={"event": event, **fields})


def a_run(logger: logging.Logger, clock: Clock, log: str) -> None:
    logger.info("Building DAG of jobs...")
    tell(logger, "run_info", stats={"reduce_scan": 3, "draw_series": 1, "total": 4})
    for number, sample in enumerate(("a", "b", "c")):
        tell(logger, "job_info", jobid=number, rule_name="reduce_scan", wildcards={"sample": sample})
        clock.now += 40
        if sample == "b":
            tell(logger, "job_error", jobid=number, rule_name="reduce_scan", rule_msg=None, log=[log])
        else:
            tell(logger, "job_finished", job_id=number)
    tell(logger, "job_info", jobid=9, rule_name="draw_series", wildcards={}, input="x" * 5000)
    logger.warning("the disk is nearly full")


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "b.log"
    path.write_text("WARNING: dark\nERROR: b.raw: ends after 3 bytes\nand more\n")
    return str(path)


def test_a_file_gets_a_plain_line_for_what_is_done_and_what_failed_and_why(monkeypatch, log):
    monkeypatch.setenv("TERM", "xterm")
    stream = io.StringIO()
    a_run(*told_by(stream), log)
    lines = [line.split(" ", 1)[1] if line[2:3] == ":" else line for line in stream.getvalue().splitlines()]
    assert lines == [
        "4 jobs of 2 rules",
        "reduce_scan  1 of 3, 40 s, 1 of 4 jobs, about 2 min left",
        f"FAILED reduce_scan b: b.raw: ends after 3 bytes ({log})",
        "reduce_scan  2 of 3, 1 failed, 80 s",
        "the disk is nearly full",
    ]
    assert "\x1b" not in stream.getvalue() and "\r" not in stream.getvalue()


def test_a_terminal_gets_bars_and_a_moving_line_with_what_is_at_work(monkeypatch, log):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    stream = Terminal()
    a_run(*told_by(stream), log)
    text = stream.getvalue()
    assert "━" in text and "reduce_scan c" in text and "draw_series" in text and " left" in text
    # What moves is drawn over: it adds no line, and is never wider than the terminal.
    assert text.count("\n") == 4
    assert all(len(part) < 100 for line in text.split("\n") for part in line.split("\r\x1b[K") if "jobs" in part)


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(monkeypatch, log):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    a_run(*told_by(stream), log)
    assert "\r" not in stream.getvalue() and "\x1b" not in stream.getvalue()


def test_a_logger_that_writes_to_no_stream_is_left_as_it_is():
    logger = logging.Logger("elsewhere")
    other = logging.NullHandler()
    logger.addHandler(other)
    assert show_progress(logger) is None
    assert logger.handlers == [other]


def test_why_a_job_failed_is_the_last_error_of_its_logs_else_its_last_line(tmp_path):
    for text, told in (("ERROR: one\nERROR: two\nend\n", "two"), ("a\nKilled\n\n", "Killed"), ("", "")):
        (tmp_path / "x.log").write_text(text)
        assert last_error([str(tmp_path / "x.log"), str(tmp_path / "missing.log")]) == told


def test_a_failure_however_long_is_one_line_of_bounded_length(tmp_path):
    (tmp_path / "x.log").write_text("ERROR: " + "long " * 2000)
    stream = io.StringIO()
    logger, _ = told_by(stream)
    tell(logger, "run_info", stats={"r": 2})
    tell(logger, "job_error", jobid=1, rule_name="r", rule_msg=None, log=[str(tmp_path / "x.log")])
    assert max(map(len, stream.getvalue().splitlines())) < LONGEST_LINE + len(str(tmp_path)) + 60


@pytest.mark.parametrize(("seconds", "said"), [(4.4, "4 s"), (89, "89 s"), (200, "3 min"), (7800, "2 h 10 min")])
def test_time_is_told_as_people_say_it(seconds, said):
    assert span(seconds) == said


def test_a_run_with_many_warnings_tells_the_first_and_where_all_of_them_are(tmp_path):
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "r.log").write_text("".join(f"WARNING: dark {chr(97 + i)}\n" for i in range(MOST_TOLD + 5)))
    told = summary_of_logs(tmp_path / "logs")
    assert told[0] == f"{MOST_TOLD + 5} warnings:" and told[MOST_TOLD + 1] == "  and 5 more"
    assert where_to_look(tmp_path) == []
    (tmp_path / "claims.tsv").touch()
    assert where_to_look(tmp_path) == ["Look at", f"  {tmp_path / 'claims.tsv'}  what the series shows"]


def test_one_warning_of_many_samples_is_one_line(tmp_path):
    (tmp_path / "r").mkdir()
    for i in range(13):
        (tmp_path / "r" / f"x{i:02}.log").write_text(f"WARNING: the prism has a measure of {i / 10}\n")
    told = summary_of_logs(tmp_path)
    assert told == ["13 warnings:", "  r x00 and 12 more, to r x12: the prism has a measure of 0.0, and alike"]


def test_what_an_alert_says_is_no_warning_besides(tmp_path):
    (tmp_path / "analyse_spectra").mkdir()
    said = "two spectra at 20 and 20.4 degC differ by 40 % in conductivity: one of them had another temperature"
    for sample in ("x10", "x20"):
        text = f"WARNING: resistance total: {said}\nWARNING: {sample}.txt: 3 rows dropped (impedance is exactly zero)\n"
        (tmp_path / "analyse_spectra" / f"{sample}.log").write_text(text)
    (tmp_path / "alerts.log").write_text(f"ALERT B x10 impedance: {said}; exclude the wrong one (same-temperature)\n")
    told = summary_of_logs(tmp_path)
    assert told[0] == "3 warnings:" and sum("differ by 40 %" in line for line in told) == 2
    assert not any(line.startswith("  analyse_spectra x10: resistance") for line in told)
