"""The command itself: a series that cannot be used is one line, and nothing is served."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from hostile.commands import BAD_FILES, SCRIPTS, call
from made_live import ended


def refused(line, monkeypatch, capsys):
    assert call("live", ["--no-browser", *map(str, line)], monkeypatch) == 1
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err and "http" not in out
    (told,) = [one for one in err.splitlines() if not one.startswith("WARNING: ")]
    return told


@pytest.mark.parametrize("kind", sorted(set(BAD_FILES) - {"missing", "empty", "blank lines"}))
def test_a_bad_configuration_is_one_line(kind, tmp_path, monkeypatch, capsys):
    (tmp_path / "config").mkdir()
    BAD_FILES[kind](tmp_path / "config" / "config.yaml")
    told = refused(["--directory", tmp_path], monkeypatch, capsys)
    assert told.startswith("ERROR: ") and "config.yaml" in told


def test_no_folder_no_sample_no_port(folder, monkeypatch, capsys):
    assert "is not a folder" in refused(["--directory", folder / "absent"], monkeypatch, capsys)
    assert "no such sample; found x60; expected x50, LaB6" in refused(
        ["--directory", folder, "--sample", "x60"], monkeypatch, capsys
    )
    assert "port cannot be taken" in refused(["--directory", folder, "--port", "70000"], monkeypatch, capsys)


def test_a_configuration_that_holds_code_is_refused(folder, monkeypatch, capsys):
    config = folder / "config" / "config.yaml"
    config.write_text("__use_yte__: true\n" + config.read_text())
    assert "is a template that holds code" in refused(["--directory", folder], monkeypatch, capsys)


def test_no_job_imports_what_serves(tmp_path):
    code = (
        "import sys; import coherion.library, coherion.multiverse.pipeline, coherion.page.document;"
        "print([n for n in ('dash', 'flask', 'coherion.live') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=SCRIPTS)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_it_is_told_to(by, folder):
    line = [sys.executable, str(SCRIPTS / "live.py"), "--directory", str(folder), "--no-browser"]
    # What runs in the background of a shell, as these tests may, hands on that it has no Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    with process:
        assert process.stdout.readline().startswith("Open http://127.0.0.1:")
        assert ended(process, by) == 0
        assert process.stderr.read().strip().endswith("ended")
