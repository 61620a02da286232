"""Plain values, as JSON and YAML hold them: what no setting can be is refused where it enters.

Infinity and NaN are no JSON, though Python reads and writes them. A whole number beyond 64 bits, a nest of lists
hundreds deep, or a YAML file of a few lines whose aliases stand for a billion values make programs fail far from
where they were read.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any

from coherion.errors import InputError

DEEPEST = 30
MOST_VALUES = 200_000
LARGEST = 2**63


def read_json(
    text: str,
    *,
    file: str | os.PathLike[str] | None = None,
    place: str | None = None,
    expected: str = "JSON",
) -> Any:
    """The value of a JSON text.

    Parameters
    ----------
    text
        The text.
    file, place, expected
        For messages: where it stands and what it should be.

    Raises
    ------
    InputError
        If the text is not JSON, or see :func:`refuse_unusable`.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise InputError("is not JSON", file=file, place=place, found=problem, expected=expected) from problem
    # It has no aliases: its length is the limit, and of thousands of samples it holds a million values.
    refuse_unusable(found, file=file, place=place, most=None)
    return found


def refuse_unusable(
    value: Any,
    *,
    file: str | os.PathLike[str] | None = None,
    place: str | None = None,
    text_keys: bool = False,
    most: int | None = MOST_VALUES,
) -> None:
    """Raise an InputError for a value that no setting can have.

    Parameters
    ----------
    value
        Mappings, lists, texts, numbers, booleans and None. One that is met again counts again.
    file, place
        Where it stands, for the message.
    text_keys
        Whether keys must be text, as JSON has them.
    most
        So many values at most; None for any number.

    Raises
    ------
    InputError
        For a number that is not finite or beyond 64 bits, a value of another kind (a date, bytes), nesting beyond 30
        levels, or too many values. The key is named.
    """

    def refuse(what: str, keys: tuple[object, ...], found: object, expected: str, advice: str | None = None):
        inner = f"key {'.'.join(str(key)[:60] for key in keys[:DEEPEST])}" if keys else None
        where = ", ".join(part for part in (place, inner) if part) or None
        raise InputError(what, file=file, place=where, found=found, expected=expected, advice=advice)

    waiting: list[tuple[tuple[object, ...], Any]] = [((), value)]
    count = 0
    while waiting:
        keys, one = waiting.pop()
        count += 1
        if most is not None and count > most:
            refuse("holds too many values", (), None, f"at most {most}, an alias counting what it stands for")
        if isinstance(one, Mapping | list | tuple):
            if len(keys) >= DEEPEST:
                refuse("is nested too deeply", keys[:3], None, f"at most {DEEPEST} levels")
            pairs = one.items() if isinstance(one, Mapping) else enumerate(one)
            for key, inner in pairs:
                plain = isinstance(key, str | int | float) and _usable(key)
                if not plain or (text_keys and isinstance(one, Mapping) and not isinstance(key, str)):
                    refuse("a key is not text", keys, key, "text", "put it in quotes")
                waiting.append(((*keys, key), inner))
        elif isinstance(one, int | float):
            if not _usable(one):
                refuse("a number cannot be used", keys, one, "a finite number of at most 64 bits")
        elif isinstance(one, str):
            if not _usable(one):
                refuse("a text cannot be used", keys, one, "characters that UTF-8 has")
        elif one is not None:
            refuse("a value is of no plain kind", keys, one, "text, a number, true or false", "put it in quotes")


def _usable(value: str | int | float) -> bool:
    if isinstance(value, str):
        # JSON's escapes can write half of a character, which no file can hold.
        return not any("\ud800" <= c <= "\udfff" for c in value)
    return -LARGEST <= value < LARGEST if isinstance(value, int) else math.isfinite(value)
