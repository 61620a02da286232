"""How commands end: one line for the user, and a summary of the run."""

from __future__ import annotations

import hashlib
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from coherion import as_read, command
from coherion.data.netcdf import write_text
from coherion.errors import CoherionError, InputError

SCRIPTS = Path(__file__).parents[1] / "scripts"
CONFIG = Path(__file__).parents[1] / "config"


def ended(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    imports = "from coherion import command, messages\nfrom coherion.errors import InputError\n"
    text = f"{imports}def main(argv):\n    {code}\ncommand.run(main)\n"
    return subprocess.run(
        [sys.executable, "-c", text],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": str(SCRIPTS)} | environment,
        check=False,
    )


def test_a_refusal_is_one_line_and_a_failure():
    done = ended(
        "raise InputError('is not a scan', file='a.raw', place='byte 0', found='PK\\n\\x00', expected='RAW_1.06')"
    )
    assert done.returncode == 1
    assert done.stderr == "ERROR: a.raw, byte 0: is not a scan; found PK ?; expected RAW_1.06\n"


def test_the_traceback_is_shown_when_asked_for():
    done = ended("raise InputError('is not a scan')", COHERION_TRACEBACK="1")
    assert "Traceback" in done.stderr


def test_a_missing_file_is_one_line():
    done = ended("open('absent.raw')")
    assert done.returncode == 1
    assert done.stderr == "ERROR: absent.raw: No such file or directory\n"


def test_a_fault_of_the_program_shows_where():
    done = ended("1 / 0")
    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_warnings_are_single_lines():
    done = ended("[messages.warn(f'sample {i}\\nis dark') for i in (1, 2)]")
    assert done.stderr == "WARNING: sample 1 is dark\nWARNING: sample 2 is dark\n"


@pytest.mark.parametrize("text", ["{", "[1]", "{'a': 1}", "nothing.json", '{"a": 1} x'])
def test_settings_that_are_not_json_are_refused(text):
    with pytest.raises(InputError):
        command.read_settings(text)


def test_settings_come_from_text_or_file(tmp_path):
    (tmp_path / "s.json").write_text('{"qmax": 13}')
    assert command.read_settings('{"qmax": 13}') == command.read_settings(str(tmp_path / "s.json")) == {"qmax": 13}


def test_errors_survive_a_process_pool():
    error = InputError("is odd", file="a", place="b", found=1, expected=2, advice="c")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_the_summary_lists_standing_warnings_and_alerts(tmp_path):
    for rule, sample, text in (
        ("reduce_scan", "x0.1", "ERROR: a.raw: broken\n"),
        ("reduce_scan", "x0.2", "WARNING: dark\nWARNING: dark\n"),
        ("collect_alerts", "all", "ALERT C x0.2 refinement: odd\nALERT A x0.1 refinement: wrong\n"),
    ):
        log = tmp_path / rule / f"{sample}.log"
        log.parent.mkdir(exist_ok=True)
        log.write_text(text)
    from coherion.provenance.logs import summary_of_logs

    assert summary_of_logs(tmp_path) == [
        "1 warning:",
        "  reduce_scan x0.2: dark",
        "2 alerts:",
        "  ALERT A x0.1 refinement: wrong",
        "  ALERT C x0.2 refinement: odd",
    ]


def test_a_file_that_changes_while_a_job_runs_is_told_and_the_job_repeated(tmp_path, capsys):
    source, seen = tmp_path / "a.cif", []
    source.write_text("old")

    def main(_):
        seen.append(as_read.took(source, source.read_bytes()))
        if len(seen) == 1:
            source.write_text("new")
        # What a result says of its sources is what was read, also where that is no longer there.
        assert as_read.digest_as_read(source) == hashlib.sha256(seen[-1]).hexdigest()

    command.run(main)
    assert seen == [b"old", b"new"]
    assert f"WARNING: {source} changed while the job ran" in capsys.readouterr().err


def test_a_file_that_changes_each_time_fails_the_job(tmp_path, capsys):
    source = tmp_path / "a.cif"
    source.write_text("0")

    def main(_):
        text = as_read.took(source, source.read_bytes())
        source.write_bytes(text + b"1")

    with pytest.raises(SystemExit):
        command.run(main)
    assert "ERROR: " in (said := capsys.readouterr().err)
    assert "changes each time it is read" in said


def test_a_file_that_a_command_writes_and_reads_itself_has_not_changed(tmp_path):
    def main(_):
        for text in ("first", "second"):
            write_text(tmp_path / "own.tsv", text)
            as_read.note(tmp_path / "own.tsv")

    command.run(main)
    assert as_read.changed() == []


def test_a_chain_runs_each_command_and_stops_at_the_first_that_fails(tmp_path):
    import chain

    series, out = str(CONFIG / "simulation.yaml"), tmp_path / "scan.raw"
    simulate = ["simulate_scan", series, "empty", "--output", str(out), "--truth", str(tmp_path / "truth.json")]
    read = ["import_scan", str(out), "--output", str(tmp_path / "scan.nc")]
    missing = ["import_scan", str(tmp_path / "none.raw"), "--output", str(tmp_path / "none.nc")]
    after = ["import_scan", str(out), "--output", str(tmp_path / "after.nc")]
    with pytest.raises(CoherionError, match=r"none\.raw"):
        chain.main([*simulate, "--then", *read, "--then", *missing, "--then", *after])
    assert {path.name for path in tmp_path.iterdir()} == {"scan.raw", "truth.json", "scan.nc"}


@pytest.mark.parametrize("words", [["--then"], ["os"], ["../evil"], ["chain"], ["import_scan", "x", "--then"]])
def test_a_chain_takes_its_own_commands_only_and_starts_none_before_it_knows_them_all(words):
    import chain

    with pytest.raises(InputError, match="not a command"):
        chain.main(words)


def test_a_command_ends_at_once_and_leaves_nothing_unsaid():
    """What registered for the end is called and what was printed leaves; objects are not taken apart one by one."""
    kept = "import atexit\n    atexit.register(print, 'registered')\n    print('printed')\n    global last\n    "
    last = "last = type('Last', (), {'__del__': lambda self: print('taken apart')})()"
    done = ended(kept + last)
    assert (done.returncode, done.stdout) == (0, "printed\nregistered\n")


def test_a_command_that_another_program_calls_returns():
    done = ended("pass\nmain.__module__ = 'another'\ncommand.run(main)\nprint('went on')\ndef main(argv): pass")
    assert done.stdout == "went on\n"


def test_what_cannot_be_printed_is_a_failure():
    device = Path("/dev/full")
    if not device.exists():
        pytest.skip("this system has no device that is always full")
    with device.open("w") as full:
        text = "from coherion import command\ndef main(argv): print('lost')\ncommand.run(main)\n"
        done = subprocess.run(
            [sys.executable, "-c", text],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(SCRIPTS)},
            check=False,
        )
    assert done.returncode != 0
