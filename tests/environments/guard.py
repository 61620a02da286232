"""Run a command of scripts/ with no packages to import but those of the conda environment that its rule names.

    python tests/environments/guard.py scripts/draw_paper.py ...

No conda is needed: what an environment's file pins, and what that requires, is looked up among what is installed. All
else is hidden, as it would be missing there.
"""

from __future__ import annotations

import importlib.abc
import re
import runpy
import sys
from importlib import metadata
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
# Names that conda-forge gives to what the Python index calls otherwise.
CONDA_NAMES = {"matplotlib-base": "matplotlib", "snakemake-minimal": "snakemake"}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(environment: Path) -> dict[str, str]:
    """Packages and versions of a conda environment's file, under the Python index's names."""
    pins = {}
    for item in yaml.safe_load(environment.read_text())["dependencies"]:
        for text in item["pip"] if isinstance(item, dict) else [item]:
            name, _, version = text.partition("==" if "==" in text else "=")
            if name not in ("python", "pip"):
                pins[normal(CONDA_NAMES.get(name, name))] = version
    return pins


def environments_of_commands() -> dict[str, set[str]]:
    """Names of the environments whose rules call each command; a chain goes by its first command."""
    found: dict[str, set[str]] = {}
    for file in (ROOT / "workflow" / "rules").glob("*.smk"):
        for rule in re.split(r"^ *rule\b.*:$", file.read_text(), flags=re.MULTILINE)[1:]:
            environment = re.search(r'environment\("(\w+)"\)', rule)
            command = re.search(r'script\("(\w+)"\)', rule)
            if not environment or not command:
                continue
            name = command[1]
            if name == "chain":
                (name,) = re.findall(r'"python \{input\.script:q\} (\w+) ', rule)
            found.setdefault(name, set()).add(environment[1])
    return found


def closure(names: set[str]) -> set[str]:
    """Distributions and all that they require on this machine, extras aside."""
    from packaging.requirements import Requirement

    known: set[str] = set()
    open_names = set(names)
    while open_names:
        name = open_names.pop()
        known.add(name)
        try:
            requirements = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue
        for text in requirements:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                open_names |= {normal(requirement.name)} - known
    return known


class Hidden(importlib.abc.MetaPathFinder):
    """Says of every installed package outside ``seen`` that it is not there."""

    def __init__(self, seen: set[str], environment: str) -> None:
        self.environment = environment
        self.hidden = {
            module
            for module, owners in metadata.packages_distributions().items()
            if not {normal(owner) for owner in owners} & seen
        }

    def find_spec(self, fullname: str, path: object = None, target: object = None) -> None:
        if fullname.partition(".")[0] in self.hidden:
            raise ModuleNotFoundError(f"No module named {fullname!r} in envs/{self.environment}.yaml", name=fullname)


def main() -> None:
    script, *arguments = sys.argv[1:]
    name = Path(script).stem
    command = arguments[0] if name == "chain" else name
    (environment,) = environments_of_commands()[command]
    seen = closure(set(pinned(ROOT / "envs" / f"{environment}.yaml")))
    hidden = Hidden(seen, environment)
    for module in [module for module in sys.modules if module.partition(".")[0] in hidden.hidden]:
        del sys.modules[module]
    sys.meta_path.insert(0, hidden)
    sys.argv = [script, *arguments]
    sys.path[0] = str(Path(script).resolve().parent)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    main()
