"""How many small faults the tests notice: mutants of a room, one at a time, against the tests that mirror it.

A fault is one sign, operator, comparison, exponent or factor of two, drawn at random with a seed from all places of the
files where one could stand; texts, annotations and what is said in messages are left alone. It is planted in a copy of
the checkout, in a process of its own, which runs the tests of the room (without slow ones and whole runs) to the first
that fails. The whole ends after ``--seconds``, whatever is left; a mutant that runs longer than ``--limit`` is counted
by itself, as it may be an endless loop or a slow survivor.

Run: ``python benchmarks/mutants.py ROOM_OR_FILE... [--tests FILE...] [--count N] [--seconds S]``, such as
``python benchmarks/mutants.py crystal/polyhedra.py crystal/propagation.py --tests tests/crystal/test_polyhedra.py``.
"""

from __future__ import annotations

import argparse
import ast
import copy
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
COPIED = ("benchmarks", "config", "docs", "envs", "profiles", "scripts", "tests", "workflow")

OTHER = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Lt: ast.GtE,
    ast.Gt: ast.LtE,
    ast.LtE: ast.Gt,
    ast.GtE: ast.Lt,
    ast.And: ast.Or,
    ast.Or: ast.And,
}
#: Calls whose arguments are words for people.
TOLD = {"InputError", "warn", "print", "say", "refuse", "Alert", "told", "Variable", "Attribute"}


def places(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes in which a fault can be planted, in the order of the file."""
    if isinstance(node, ast.JoinedStr | ast.Raise | ast.ImportFrom | ast.Import):
        return
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in TOLD:
        return
    changes = (
        isinstance(node, ast.BinOp | ast.BoolOp) and type(node.op) in OTHER,
        isinstance(node, ast.Compare) and type(node.ops[0]) in OTHER,
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub),
        isinstance(node, ast.Constant) and isinstance(node.value, float) and bool(node.value),
    )
    if any(changes):
        yield node
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from places(child)


def mutant(source: str, number: int) -> tuple[str, str]:
    """A file's text with a fault in the place of this number, and what it is in words."""
    tree = copy.deepcopy(ast.parse(source))
    node = list(places(tree))[number]
    before = ast.unparse(node)
    if isinstance(node, ast.BinOp | ast.BoolOp):
        node.op = OTHER[type(node.op)]()
    elif isinstance(node, ast.Compare):
        node.ops[0] = OTHER[type(node.ops[0])]()
    elif isinstance(node, ast.UnaryOp):
        node.op = ast.UAdd()
    elif isinstance(node, ast.Constant):
        node.value = 2 * node.value
    return ast.unparse(tree), f"line {node.lineno}: {before} -> {ast.unparse(node)}"  # type: ignore[attr-defined]


def noticed(folder: Path, tests: list[str], limit: float) -> str:
    """What becomes of the tests in a folder: ``killed``, ``survived`` or ``timeout``."""
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        import pytest

        os.chdir(folder)
        # The benchmarks' own folder comes first, and some are called as packages that tests import.
        sys.path[:] = [one for one in sys.path if Path(one or ".").resolve() != ROOT / "benchmarks"]
        chosen = ["-x", "-q", "-p", "no:cacheprovider", "-m", "not slow and not workflow", *tests]
        os._exit(int(pytest.main(chosen)))
    end = time.monotonic() + limit
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return "survived" if os.waitstatus_to_exitcode(status) == 0 else "killed"
        time.sleep(0.05)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "timeout"


def main(argv: list[str] | None = None) -> None:
    """Plant, run, count."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("what", nargs="+", help="rooms or files below scripts/coherion")
    arguments.add_argument("--tests", nargs="*", help="tests; by default the folders of the rooms below tests")
    arguments.add_argument("--count", type=int, default=30, help="mutants to draw")
    arguments.add_argument("--seconds", type=float, default=600.0, help="when to end")
    arguments.add_argument("--limit", type=float, default=60.0, help="seconds for each mutant")
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args(argv)
    started = time.monotonic()
    tests = given.tests or sorted({f"tests/{one.split('/')[0]}" for one in given.what})
    package = ROOT / "scripts" / "coherion"
    files = sorted(
        file
        for one in given.what
        for file in ([package / one] if one.endswith(".py") else (package / one).rglob("*.py"))
    )
    found = [(file, k) for file in files for k in range(len(list(places(ast.parse(file.read_text("utf-8"))))))]
    random.Random(given.seed).shuffle(found)
    # What every mutant imports is imported once; the package itself by each.
    import netCDF4  # noqa: F401
    import pytest  # noqa: F401
    import scipy.optimize  # noqa: F401
    import xarray  # noqa: F401

    sys.dont_write_bytecode = True
    counts = {"killed": 0, "survived": 0, "timeout": 0}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for one in COPIED:
            shutil.copytree(ROOT / one, folder / one, ignore=shutil.ignore_patterns("__pycache__"))
        for one in ("pyproject.toml", "Snakefile"):
            shutil.copy(ROOT / one, folder / one)
        if noticed(folder, tests, 10 * given.limit) != "survived":
            sys.exit("the tests fail without a fault: mend them first")
        for file, number in found[: given.count]:
            if time.monotonic() - started > given.seconds:
                break
            source = file.read_text("utf-8")
            changed, said = mutant(source, number)
            (folder / file.relative_to(ROOT)).write_text(changed, "utf-8")
            outcome = noticed(folder, tests, given.limit)
            (folder / file.relative_to(ROOT)).write_text(source, "utf-8")
            counts[outcome] += 1
            if outcome != "killed":
                print(f"{outcome}: {file.relative_to(package)}, {said}", flush=True)
    print(
        f"{sum(counts.values())} of {len(found)} possible faults planted in {', '.join(given.what)}: "
        + ", ".join(f"{number} {what}" for what, number in counts.items())
    )


if __name__ == "__main__":
    main()
