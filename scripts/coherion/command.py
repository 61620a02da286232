"""What every command in scripts/ shares: settings on the command line, and errors as a user reads them."""

from __future__ import annotations

import argparse
import atexit
import gc
import os
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from coherion import as_read
from coherion.errors import CoherionError, CoherionWarning, InputError, printable

# A job leaves little to the collector of memory and imports a thousand modules: to look after each 700 objects, as
# Python does by itself, costs a tenth of its start.
COLLECTED = (50_000, 20, 20)


def parser(description: str | None, *, settings: bool = True) -> argparse.ArgumentParser:
    """An argument parser with the options common to the commands.

    ``--settings`` takes a JSON object or the name of a file that holds one; the command's own defaults, which are
    the paper's, stand for what it does not name.
    """
    made = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    if settings:
        made.add_argument(
            "--settings",
            type=read_settings,
            default={},
            metavar="JSON",
            help="settings as a JSON object, or a .json file with one (default: the paper's values)",
        )
    return made


def read_settings(text: str) -> dict[str, Any]:
    """Settings from a JSON object or from the file that holds it.

    Raises
    ------
    InputError
        If the text is not a JSON object.
    """
    from coherion.settings.plain import read_json

    stored = not text.lstrip().startswith("{")
    file, place = (text, None) if stored else (None, "--settings")
    expected = 'a JSON object such as {"qmax": 13.0}'
    try:
        content = Path(text).read_text(encoding="utf-8") if stored else text
    except (OSError, ValueError) as problem:
        found = getattr(problem, "strerror", None) or problem
        raise InputError("settings cannot be read", file=file, found=found, expected=expected) from problem
    settings = read_json(content, file=file, place=place, expected=expected)
    if not isinstance(settings, dict):
        raise InputError(
            "settings are not a JSON object",
            file=file,
            place=place,
            found=type(settings).__name__,
            expected=expected,
        )
    return settings


def refuse_others(settings: Mapping[str, Any], *known: str) -> None:
    """Raise InputError where a setting is not among those that a command knows."""
    if unknown := set(settings) - set(known):
        raise InputError("unknown setting", place=f"key {min(unknown)}", expected=", ".join(known))


def text_of(settings: Mapping[str, Any], key: str) -> str:
    """A setting that is a text, empty where it is not given.

    Raises
    ------
    InputError
        If it is something else.
    """
    found = settings.get(key, "")
    if not isinstance(found, str):
        raise InputError("not a text", place=f"key {key}", found=found, expected=f'such as {{"{key}": "x = 0.5"}}')
    return found


def names_of(settings: Mapping[str, Any], key: str) -> list[str]:
    """A setting that is a list of names, empty where it is not given.

    Raises
    ------
    InputError
        If it is something else.
    """
    found = settings.get(key, [])
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise InputError("not a list of names", place=f"key {key}", found=found, expected='such as ["x10", "x50"]')
    return found


def names_by_name(settings: Mapping[str, Any], key: str) -> dict[str, list[str]]:
    """A setting that holds a list of names by name, empty where it is not given.

    Raises
    ------
    InputError
        If it is something else.
    """
    found = settings.get(key, {})
    if not isinstance(found, dict):
        expected = 'such as {"LaB6": ["x10", "x50"]}'
        raise InputError("not lists of names by name", place=f"key {key}", found=found, expected=expected)
    return {name: names_of(found, name) for name in found}


def rows_of(settings: Mapping[str, Any], key: str, columns: Sequence[str]) -> list[dict[str, str]]:
    """A setting that is a list of rows of text with these columns, empty where it is not given.

    Raises
    ------
    InputError
        If it is something else.
    """
    found = settings.get(key, [])
    good = isinstance(found, list) and all(
        isinstance(row, dict) and set(row) == set(columns) and all(isinstance(cell, str) for cell in row.values())
        for row in found
    )
    if not good:
        raise InputError("not rows of text", place=f"key {key}", found=found, expected=f"columns {', '.join(columns)}")
    return found


def file_of(pattern: str, sample: str, fit_range: str = "") -> str:
    """The file of a sample that a pattern with {sample} and {range} means; other braces are part of its name."""
    return pattern.replace("{sample}", sample).replace("{range}", fit_range)


#: How often a job is begun whose files change while it runs.
TRIES = 3


def _until_nothing_changed(main: Callable[[Sequence[str] | None], object]) -> None:
    """Run a command, again where a file that it read has changed by its end.

    Raises
    ------
    InputError
        If one changes each time.
    """
    for attempt in range(1, TRIES + 1):
        as_read.forget()
        try:
            main(None)
        except CoherionError:
            # A file that is being copied may be half there.
            if not as_read.changed():
                raise
        if not (others := as_read.changed()):
            return
        if attempt < TRIES:
            told = f"{others[0]} changed while the job ran: the job is repeated with what it holds now"
            print(f"WARNING: {told}", file=sys.stderr, flush=True)
    raise InputError(
        f"changes each time it is read, {TRIES} times", file=others[0], advice="run again once nothing writes to it"
    )


def run(main: Callable[[Sequence[str] | None], object]) -> None:
    """Run a command: warnings and errors become single lines that start with WARNING or ERROR.

    The lines land in the rule's log, from where the summary at the end of a run takes them. The traceback is
    shown only where COHERION_TRACEBACK is set; a fault of ours (any other exception) shows it always.
    """

    def show(message, category, filename, lineno, file=None, line=None):
        label = "WARNING" if issubclass(category, CoherionWarning) else f"note ({category.__name__})"
        print(f"{label}: {' '.join(printable(str(message)).split())}", file=sys.stderr, flush=True)

    warnings.showwarning = show
    # "default" would show one message once per place; two samples of one job may differ only in the text.
    warnings.simplefilter("always", CoherionWarning)
    # A command that another program calls (tests do), or that a profiler looks at, leaves that program as it is.
    alone = main.__module__ == "__main__" and not sys.getprofile() and not sys.gettrace()
    if alone:
        gc.set_threshold(*COLLECTED)
        # Matrices here are small: a second thread of BLAS gains nothing, and where others use the cores it waits for
        # its turn at each product, up to ten times as long. Snakemake says the same to its jobs; numpy reads it when
        # it is imported, which is later.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
    try:
        _until_nothing_changed(main)
        if alone:
            _end()
    except CoherionError as problem:
        if os.environ.get("COHERION_TRACEBACK"):
            raise
        print(f"ERROR: {problem}", file=sys.stderr, flush=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as problem:
        if os.environ.get("COHERION_TRACEBACK"):
            raise
        place = f"{problem.filename}: " if problem.filename else ""
        print(f"ERROR: {printable(f'{place}{problem.strerror or problem}')}", file=sys.stderr, flush=True)
        sys.exit(1)


def _end() -> None:
    """End the process at once: to take a thousand modules apart again takes a third of the time to load them.

    What registered for the end is called, and what was printed leaves.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
