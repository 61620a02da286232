"""The conda environments and the lock files pin the same versions, and neither names an index."""

from __future__ import annotations

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from guard import environments_of_commands, normal, pinned

ROOT = Path(__file__).parents[2]


def locked(file: str) -> dict[str, str]:
    pins = re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", (ROOT / file).read_text(), flags=re.MULTILINE)
    return {normal(name): version for name, version in pins}


ENVIRONMENTS = sorted((ROOT / "envs").glob("*.yaml"))


@pytest.mark.parametrize("environment", ENVIRONMENTS, ids=lambda path: path.stem)
def test_a_conda_environment_pins_what_the_lock_file_pins(environment):
    versions = locked("requirements.lock") | locked("requirements-slurm.lock")
    pins = pinned(environment)
    assert pins
    assert {name: versions.get(name) for name in pins} == pins


def test_every_dependency_stands_in_some_conda_environment():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = {normal(re.match(r"[A-Za-z0-9_.-]+", text)[0]) for text in project["dependencies"]}
    assert wanted <= {name for environment in ENVIRONMENTS for name in pinned(environment)}


def test_what_snakemake_makes_a_report_with_is_locked():
    """Tests have it anyway: who only runs the workflow would first miss it at `make report`."""
    wanted = {
        normal(re.match(r"[A-Za-z0-9_.-]+", text)[0])
        for text in metadata.requires("snakemake")
        if re.search(r"extra == .reports.", text)
    }
    assert wanted and wanted <= locked("requirements.lock").keys()
    assert wanted <= pinned(ROOT / "envs" / "snakemake.yaml").keys()


def test_the_test_environment_adds_to_the_lock_file_and_changes_nothing():
    run, development = locked("requirements.lock"), locked("requirements-dev.lock")
    assert run.items() <= development.items()


def test_the_lock_file_of_clusters_holds_only_what_it_adds():
    """Installed where it is wanted and nowhere else: with it every start of Snakemake takes longer."""
    added = locked("requirements-slurm.lock")
    assert added
    assert not added.keys() & (locked("requirements.lock").keys() | locked("requirements-dev.lock").keys())


@pytest.mark.parametrize("file", ["requirements.lock", "requirements-dev.lock", "requirements-slurm.lock"])
def test_lock_files_have_hashes_and_no_address(file):
    text = (ROOT / file).read_text()
    assert "://" not in text
    assert text.count("--hash=sha256:") > len(locked(file))


def test_the_rules_of_one_command_name_one_environment_that_exists():
    commands = environments_of_commands()
    assert len(commands) > 15
    assert {len(names) for names in commands.values()} == {1}
    assert set().union(*commands.values()) <= {environment.stem for environment in ENVIRONMENTS}
