"""The rooms of the package: each knows only those below it, and no module is part of a circle of imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "scripts" / "coherion"
# From the ground up. A name with a dot is a room inside a room.
FLOORS = (
    "__init__",
    "constants",
    "akaike",
    "errors",
    "messages",
    "as_read",
    "settings",
    "command",
    "data",
    "atoms",
    "crystal",
    "scattering",
    "pair_model",
    "refinement",
    "impedance",
    "statistics",
    "paper",
    "quality",
    "figures",
    "tables",
    "document",
    "provenance",
    "page",
    "simulation",
    "inputs",
    "multiverse",
    "live",
    "library",
)
MOST_FILES = 13


def modules() -> dict[str, Path]:
    found = {}
    for file in PACKAGE.rglob("*.py"):
        parts = file.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = file
    return found


def imports() -> dict[str, set[str]]:
    """The modules of the package that each module imports, at any depth of its code, for types too."""
    known = modules()
    made: dict[str, set[str]] = {name: set() for name in known}
    for name, file in known.items():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "coherion":
                room = (node.module or "").removeprefix("coherion").lstrip(".")
                for alias in node.names:
                    full = f"{room}.{alias.name}".lstrip(".")
                    made[name].add(full if full in known else room or "__init__")
    return made


def test_imports_point_down():
    up = []
    for name, targets in imports().items():
        own = FLOORS.index(name.split(".")[0])
        up += [f"{name} -> {t}" for t in targets if FLOORS.index(t.split(".")[0]) > own]
    assert up == []


def test_no_circles():
    graph = {name: set(targets) - {name} for name, targets in imports().items()}
    while free := [name for name, targets in graph.items() if not targets]:
        graph = {name: targets - set(free) for name, targets in graph.items() if name not in free}
    assert graph == {}


def test_a_room_of_many_files_has_rooms():
    for folder in (PACKAGE, *(p for p in PACKAGE.rglob("*") if p.is_dir() and p.name != "__pycache__")):
        if folder != PACKAGE:
            assert len([f for f in folder.glob("*.py") if f.stem != "__init__"]) <= MOST_FILES, folder


@pytest.mark.parametrize("room", ["simulation"])
def test_the_simulator_shares_nothing_with_the_analysis(room):
    analysis = {"crystal", "scattering", "pair_model", "refinement", "impedance", "statistics", "paper", "quality"}
    for name, targets in imports().items():
        if name.split(".")[0] == room:
            assert not {t.split(".")[0] for t in targets} & analysis, name


def test_no_two_files_of_tests_have_one_name():
    """pytest imports each by its name alone, and a second one not at all."""
    names = [
        file.name for file in Path(__file__).parent.rglob("*.py") if file.name not in ("conftest.py", "__init__.py")
    ]
    assert sorted(name for name in set(names) if names.count(name) > 1) == []
