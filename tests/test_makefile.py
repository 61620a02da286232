"""The commands of the Makefile: names of folders reach them as they were typed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ODD = 'Jörg\'s  "a" $HOME $(HOME) `id` ; {x} #, &'
# In place of Snakemake and of Python: what each was told, one line of JSON a call.
TOLD = """\
#!{python}
import json, os, sys
with open({out!r}, "a") as stream:
    json.dump([sys.argv[1:], os.environ.get("COHERION_COMPARE")], stream)
    stream.write("\\n")
"""

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="no make on this machine")


@pytest.fixture
def folder(tmp_path):
    """A folder that holds the Makefile, in the name of which stands what stands in the names it is told."""
    (tmp_path / ODD).mkdir()
    (tmp_path / ODD / "Makefile").write_bytes((ROOT / "Makefile").read_bytes())
    return tmp_path / ODD


@pytest.fixture
def told(folder):
    """A function that calls make in a folder with commands that only note what they are told."""
    commands, out = folder / ".venv" / "bin", folder / "told"
    commands.mkdir(parents=True)
    for name in ("snakemake", "python"):
        (commands / name).write_text(TOLD.format(python=sys.executable, out=str(out)))
        (commands / name).chmod(0o755)
    for name in ("requirements.lock", "requirements-live.lock", ".venv/bin/uv"):
        (folder / name).touch()
    for name in ("run.ready", "live.ready"):
        (commands.parent / name).touch()

    def call(*arguments: str, **environment: str) -> list:
        out.unlink(missing_ok=True)
        done = subprocess.run(
            ["make", *arguments],
            cwd=folder,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in out.read_text().splitlines()]

    return call


@pytest.mark.parametrize("command", ["run", "check", "report", "page", "crate", "supporting-information", "multiverse"])
def test_the_folder_of_a_series_is_taken_as_typed(told, command):
    for arguments in told(command, f"IN={ODD}"), told(command, IN=ODD):
        for one, _ in arguments:
            assert one[one.index("--directory") + 1] == ODD
    assert all("--directory" not in one for one, _ in told(command))


def test_other_names_are_taken_as_typed(told):
    ((new, _),) = told("new", f"DIR={ODD}/")
    assert new[1:] == [f"{ODD}/", "--into", f"{ODD}-series"]
    ((new, _),) = told("new", "DIR=raw/", f"INTO={ODD}")
    assert new[1:] == ["raw/", "--into", ODD]
    ((new, _),) = told("new", "DIR=raw/")
    assert new[1:] == ["raw/", "--into", "raw-series"]
    ((live, _),) = told("live", f"SAMPLE={ODD}")
    assert live[-1] == ODD
    ((report, _),) = told("report", f"REPORT={ODD}/report.html")
    assert report == ["--report", f"{ODD}/report.html"]
    assert told("report")[0][0] == ["--report", "results/report.html"]


def test_another_run_to_compare_with_is_one_whole_path(told, folder):
    for given, expected in ((ODD, f"{folder}/{ODD}"), (f"/{ODD}", f"/{ODD}"), ("", "")):
        ((_, compared),) = told("page", f"COMPARE={given}")
        assert compared == expected


def test_the_environment_is_made_whatever_the_folder_is_called(folder, tmp_path):
    """Commands that pip writes name their Python in double quotes, where a shell expands what stands in the name."""
    made = tmp_path / "python"
    made.write_text(
        "#!/bin/sh\n"
        'case "$*" in "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python;;'
        ' "-m pip install"*) echo "#!/bin/sh" > .venv/bin/uv; chmod +x .venv/bin/uv;; esac\n'
    )
    made.chmod(0o755)
    (folder / "requirements.lock").touch()
    done = subprocess.run(
        ["make", f"PYTHON={made}", ".venv/run.ready"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / ".venv/run.ready").exists()
