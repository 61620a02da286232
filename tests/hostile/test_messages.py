"""A command that is given a bad file says so in one line, with the file's name, and leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from hostile.commands import BAD_FILES, BAD_SETTINGS, CALLS, SCRIPTS, call, prepare


@pytest.fixture
def folder(tmp_path, monkeypatch):
    prepare(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "list.json").write_text("[1]")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(code: int, stderr: str, stdout: str, folder) -> str:
    """The one line of an error; fails where there is another number of them or anything was written."""
    lines = [line for line in stderr.splitlines() if not line.startswith("WARNING: ")]
    assert code == 1, stderr
    assert len(lines) == 1 and lines[0].startswith("ERROR: "), stderr
    assert "Traceback" not in stderr + stdout
    left = [str(path.relative_to(folder)) for path in (folder / "out").rglob("*")]
    assert not left, f"left behind: {left}"
    return lines[0]


def test_every_command_is_tried():
    reads_no_file = "write_settings_reference"
    elsewhere = {"check_series", "live"}  # below, and tests/live/test_live_command.py
    tried = {call.command for call in CALLS.values()} | elsewhere | {reads_no_file}
    assert tried == {path.stem for path in SCRIPTS.glob("*.py")}


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_configuration_is_a_finding_of_the_check(kind, folder, capsys, monkeypatch):
    """The check lists all it finds instead of ending at the first; a configuration that cannot be read is one thing."""
    bad = folder / "bad input.yaml"
    BAD_FILES[kind](bad)
    code = call("check_series", ["--config", str(bad), "--directory", str(folder / "out")], monkeypatch)
    out, err = capsys.readouterr()
    assert "Traceback" not in out + err
    if kind == "empty":
        assert code == 0, "an empty configuration is that of all defaults"
    else:
        assert code == 1 and "bad input.yaml" in out + err
    assert not list((folder / "out").iterdir())


@pytest.mark.parametrize("kind", BAD_FILES)
@pytest.mark.parametrize("name", CALLS)
def test_a_bad_file_is_one_line_and_nothing_is_written(name, kind, folder, capsys, monkeypatch):
    one = CALLS[name]
    suffix = ".raw" if name == "import_scan" and kind == "a picture" else ".dat"
    bad = folder / f"bad input{suffix}"
    BAD_FILES[kind](bad)
    code = call(one.command, one.line(str(bad), folder), monkeypatch)
    line = refused(code, *reversed(capsys.readouterr()), folder)
    assert str(bad) in line, line
    if kind == "missing":
        assert "missing" in line or "No such file" in line or "not a file" in line, line


@pytest.mark.parametrize("kind", BAD_SETTINGS)
@pytest.mark.parametrize("name", sorted({c.command for c in CALLS.values() if c.settings is not None}))
def test_settings_that_cannot_be_used_are_one_line(name, kind, folder, capsys, monkeypatch):
    one = next(c for c in CALLS.values() if c.command == name)
    told = BAD_SETTINGS[kind]
    if kind == "unknown key" and name.startswith(("simulate", "tabulate")):
        pytest.skip("the settings of a simulation are keys of its file, which is read first")
    (folder / "bad").write_text("")
    code = call(name, one.line(str(folder / "bad"), folder, told), monkeypatch)
    line = refused(code, *reversed(capsys.readouterr()), folder)
    assert ("absent.json" if kind == "missing" else "list.json" if kind == "a list" else "") in line
    assert len(line) < 2000


@pytest.mark.parametrize(("name", "kind"), [("import_scan", "a picture"), ("fit_circuits", "missing")])
def test_as_a_process_of_its_own_too(name, kind, folder):
    bad = folder / "bad $(touch planted) 'name'.raw"
    BAD_FILES[kind](bad)
    line = [sys.executable, str(SCRIPTS / f"{name}.py"), *CALLS[name].line(str(bad), folder)]
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=folder)
    assert str(bad) in refused(done.returncode, done.stderr, done.stdout, folder)
    assert not (folder / "planted").exists()
    environment = os.environ | {"COHERION_TRACEBACK": "1"}
    done = subprocess.run(line, capture_output=True, text=True, check=False, cwd=folder, env=environment)
    assert done.returncode == 1 and "Traceback" in done.stderr
