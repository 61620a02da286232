"""What code a command's result depends on: its own file and every module that it, or one of those, imports."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

# Imports at any depth count, because commands import where they use.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(coherion[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|[^\n#]+)|import[ \t]+(coherion[\w.]*))",
    re.M,
)
# A module chosen by name while running: any of its room.
_CHOSEN = re.compile(r"import_module\(f\"(coherion[\w.]*)\.\{")


def digest_of(commands: Iterable[str], scripts: Path) -> str:
    """Sixteen hexadecimal digits that change with the code of these commands, and with no other.

    Parameters
    ----------
    commands
        Names of files in ``scripts`` without their ending.
    scripts
        The folder that holds the commands and the package ``coherion``.
    """
    files: set[Path] = set()
    for command in commands:
        files |= _reached(scripts / f"{command}.py", scripts)
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(_content(file))
    return digest.hexdigest()[:16]


@cache
def _content(file: Path) -> bytes:
    return file.read_bytes()


@cache
def _reached(start: Path, scripts: Path) -> frozenset[Path]:
    """The file and all that its imports lead to, with what is no Python beside a module (a template)."""
    found, waiting = {start}, [start]
    while waiting:
        new = _imported(waiting.pop(), scripts) - found
        found |= new
        waiting += [file for file in new if file.suffix == ".py"]
    return frozenset(found)


@cache
def _imported(file: Path, scripts: Path) -> frozenset[Path]:
    text = _content(file).decode("utf-8")
    named: set[str] = set()
    for room, names, plain in _IMPORT.findall(text):
        module = room or plain
        named.add(module)
        named |= {f"{module}.{name.split()[0]}" for name in names.strip("()").split(",") if name.strip()}
    chosen = {scripts.joinpath(*room.split(".")) for room in _CHOSEN.findall(text)}
    found = {module for folder in chosen for module in folder.glob("*.py")}
    for name in named:
        path = scripts.joinpath(*name.split("."))
        for module in (path.with_suffix(".py"), path / "__init__.py"):
            if module.exists():
                found.add(module)
                found |= {other for other in module.parent.iterdir() if other.suffix == ".typ"}
    return frozenset(found)
