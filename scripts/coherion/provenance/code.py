"""What code a command's result depends on: its own file and every module that it, or one of those, imports."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

#: Endings of files beside modules that these read.
TEMPLATES = (".typ", ".html", ".css", ".js")
PACKAGE = Path(__file__).parents[1]

# Imports at any depth count, because commands import where they use.
_IMPORT = re.compile(
    r"^[ \t]*(?:from[ \t]+(coherion[\w.]*)[ \t]+import[ \t]+(\([^)]*\)|(?:\\\n|[^\n])+)|import[ \t]+(coherion[\w.]*))",
    re.M,
)
_COMMENT = re.compile(r"#[^\n]*")
# A module chosen by name while running: any of its room.
_CHOSEN = re.compile(r"import_module\(f\"(coherion[\w.]*)\.\{")


def digest_of(commands: Iterable[str], scripts: Path, package: Path = PACKAGE) -> str:
    """Sixteen hexadecimal digits that change with the code of these commands, and with no other.

    Parameters
    ----------
    commands
        Names of files in ``scripts`` without their ending.
    scripts
        The folder that holds the commands.
    package
        The folder of the package ``coherion``.
    """
    files: set[Path] = set()
    for command in commands:
        files |= _reached(scripts / f"{command}.py", package.parent)
    digest = hashlib.sha256()
    # In an order that does not depend on where the files lie.
    for content in sorted(map(_content, files)):
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


@cache
def _content(file: Path) -> bytes:
    return file.read_bytes()


@cache
def _reached(start: Path, packages: Path) -> frozenset[Path]:
    """The file and all that its imports lead to, with what is no Python beside a module (a template)."""
    found, waiting = {start}, [start]
    while waiting:
        new = _imported(waiting.pop(), packages) - found
        found |= new
        waiting += [file for file in new if file.suffix == ".py"]
    return frozenset(found)


@cache
def _imported(file: Path, packages: Path) -> frozenset[Path]:
    text = _COMMENT.sub("", _content(file).decode("utf-8"))
    named: set[str] = set()
    for room, names, plain in _IMPORT.findall(text):
        module = room or plain
        named.add(module)
        named |= {f"{module}.{name.split()[0]}" for name in re.sub(r"[()\\]", " ", names).split(",") if name.strip()}
    chosen = {packages.joinpath(*room.split(".")) for room in _CHOSEN.findall(text)}
    found = {module for folder in chosen for module in folder.glob("*.py")}
    for name in named:
        parts = name.split(".")
        # A package runs its __init__ before the module that is asked of it.
        inits = [packages.joinpath(*parts[:depth], "__init__.py") for depth in range(1, len(parts) + 1)]
        for module in (packages.joinpath(*parts).with_suffix(".py"), *inits):
            if module.exists():
                found.add(module)
        # A template beside a module is read by it.
        found |= {file for kind in TEMPLATES for file in packages.joinpath(*parts).parent.glob(f"*{kind}")}
    return frozenset(found)
