"""Why a job failed, told in one line, and the record that one pass of a run leaves to the next."""

from __future__ import annotations

import os
import time

import pytest

from coherion.data.contract.tables import FAILED
from coherion.provenance import failures
from coherion.provenance.failures import Failure, reason_of


@pytest.mark.parametrize(
    ("log", "said", "reason"),
    [
        ("WARNING: odd\nERROR: a.raw: cut short\nmore\n", "", "a.raw: cut short"),
        ("", "", "ended without a word"),
        ("begun\n", "log > x 2>&1' died with <Signals.SIGKILL: 9>.", "memory ran out"),
        ("", "returned non-zero exit status 137.", "killed by the system (signal 9)"),
        ("", "State: OUT_OF_MEMORY", "memory ran out"),
        ("", "returned non-zero exit status 143.", "ended by SIGTERM"),
        ("", "returned non-zero exit status 1.", "ended without a word"),
        ("Traceback (most recent call last):\n  x\nKeyError: 'a'\n\n", "", "a fault of the program, KeyError: 'a'"),
        ("Traceback (most recent call last):\n  x\nMemoryError\n", "", "memory ran out"),
        (
            "Traceback (most recent call last):\n  x\nnumpy._core._exceptions._ArrayMemoryError: Unable\n",
            "",
            "memory ran out",
        ),
        ("ERROR: out.nc: No space left on device\n", "", "the disk is full"),
    ],
)
def test_a_failure_has_one_line_with_its_cause(tmp_path, log, said, reason):
    path = tmp_path / "x50.log"
    path.write_text(log)
    found = reason_of(path, (), said)
    assert reason in found
    assert "\n" not in found


def test_a_full_disk_is_told_where_the_job_could_not_write_its_log(tmp_path, monkeypatch):
    monkeypatch.setattr(failures.shutil, "disk_usage", lambda _: _Usage(100, 100, 0))
    assert "is full" in reason_of(tmp_path / "logs" / "x50.log")


class _Usage:
    def __init__(self, total: int, used: int, free: int) -> None:
        self.total, self.used, self.free = total, used, free


def test_a_file_of_tomorrow_is_told_with_what_to_do(tmp_path):
    raw = tmp_path / "x50.raw"
    raw.write_text("x")
    tomorrow = time.time() + 86400
    os.utime(raw, (tomorrow, tomorrow))
    found = reason_of(tmp_path / "x50.log", [str(raw)])
    assert "x50.raw is dated" in found
    assert "touch" in found
    os.utime(raw)
    assert "dated" not in reason_of(tmp_path / "x50.log", [str(raw)])


def test_the_record_keeps_what_is_missing_and_drops_what_was_made_since(tmp_path):
    one = Failure("x50", "import_scan x50", "cut", "l", ("scans/x50.nc", "refinement/x50/2-60.nc", "figures/a.pdf"))
    two = Failure("x90", "analyse_spectra x90", "cut", "l", ("arrhenius/x90.nc",))
    failures.write_record(tmp_path, [one])
    failures.write_record(tmp_path, [two])
    assert failures.read_record(tmp_path) == [one, two]
    assert set(one.row) == set(FAILED.names)
    assert one.row["without"] == "scans, refinement"
    (tmp_path / "arrhenius").mkdir()
    (tmp_path / "arrhenius" / "x90.nc").write_text("made since")
    assert failures.read_record(tmp_path) == [one]
    assert failures.without([one.row]) == {"x50": {"scans", "refinement"}}


def test_no_record_or_a_damaged_one_is_none(tmp_path):
    assert failures.read_record(tmp_path) == []
    failures.write_record(tmp_path, [])
    failures.record_of(tmp_path).write_text("[{")
    assert failures.read_record(tmp_path) == []


def test_what_could_not_be_made_anew_does_not_stay_as_it_was(tmp_path):
    for path in ("reduction/x50.nc", "reduction/x90.nc", "circuits/x50.impedance_py/25.json"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("old")
    lost = ("reduction/x50.nc", "circuits/x50.impedance_py", "scans/x50.nc")
    failures.remove_lost(tmp_path, [Failure("x50", "s", "r", "l", lost)])
    assert sorted(str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()) == ["reduction/x90.nc"]


def test_each_failed_job_is_one_line_however_many_samples_lack_it():
    found = [Failure(name, "import_scan empty", "cut", "l", ("reduction/a.nc",)) for name in ("x10", "x50")]
    assert failures.lines_of(found) == ["1 failed:", "  import_scan empty: cut"]
    assert failures.lines_of([]) == []


def test_the_second_pass_is_the_same_call_with_all_of_its_configuration_and_nothing_forced():
    words = ["--cores", "1", "--config", "a=1", "-F", "target"]
    assert failures.again(words, ["a=1", "b=2"], "/w/Snakefile", "/series", ["/w/small.yaml"]) == [
        *["--cores", "1", "--config", "a=1", "target", "--nolock"],
        *["--snakefile", "/w/Snakefile", "--directory", "/series", "--configfile", "/w/small.yaml"],
        *["--config", "a=1", "b=2", "leave_out_failed=true"],
    ]
    assert failures.again(["--", "target"], [], "/w/Snakefile", "/series")[-2:] == ["--", "target"]
