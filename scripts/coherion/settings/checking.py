"""Settings of the stages: from a mapping to a frozen dataclass, every key and kind of value checked."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from coherion.errors import InputError

_Settings = TypeVar("_Settings")

_WORDS = {bool: "true or false", int: "a whole number", float: "a finite number", str: "text", dict: "a mapping"}


def settings_from(cls: type[_Settings], given: Mapping[str, Any], stage: str) -> _Settings:
    """A stage's settings from a configuration; keys not named keep their defaults.

    Parameters
    ----------
    cls
        A dataclass with a default for every field.
    given
        Keys and plain values.
    stage
        What the settings are for, for the message.

    Raises
    ------
    InputError
        If a key is unknown or a value of the wrong kind; the key is named.
    """
    hints = typing.get_type_hints(cls)
    known = [field.name for field in dataclasses.fields(cls)]  # type: ignore[arg-type]
    taken = {}
    for key, value in given.items():
        if key not in known:
            raise InputError(f"unknown setting of {stage}", place=f"key {key}", expected=", ".join(sorted(known)))
        taken[key] = _checked(key, value, hints[key])
    return cls(**taken)


def _checked(key: str, value: Any, hint: Any) -> Any:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None and type(None) in options:
        return None
    kinds = [typing.get_origin(option) or option for option in options if option is not type(None)]
    for kind in kinds:
        if kind is tuple and isinstance(value, list | tuple):
            return _numbers(key, value, next(option for option in options if typing.get_origin(option) is tuple))
        if kind in (dict, Mapping) or kind is getattr(Mapping, "__origin__", None):
            if isinstance(value, Mapping):
                return dict(value)
        elif kind is bool and isinstance(value, bool):
            return value
        elif kind is float and _is_number(value):
            return float(value)
        elif kind is int and _is_number(value) and float(value).is_integer():
            return int(value)
        elif kind is str and isinstance(value, str):
            return value
    expected = " or ".join(_WORDS.get(kind, "a list" if kind is tuple else "a mapping") for kind in kinds)
    raise InputError("setting of the wrong kind", place=f"key {key}", found=repr(value), expected=expected)


def _numbers(key: str, value: Sequence[Any], hint: Any) -> tuple[Any, ...]:
    """A list for a hint such as ``tuple[float, float]``."""
    wanted = typing.get_args(hint)
    if set(wanted) == {float} and (len(value) != len(wanted) or not all(map(_is_number, value))):
        expected = f"a list of {len(wanted)} numbers"
        raise InputError("setting of the wrong kind", place=f"key {key}", found=value, expected=expected)
    return tuple(value)


def refuse_out_of_range(settings: Any, limits: Mapping[str, tuple[float, float]]) -> None:
    """Raise an InputError for a number of the settings that lies outside its limits, which are allowed themselves."""
    for key, (low, high) in limits.items():
        value = getattr(settings, key)
        if value is not None and not low <= value <= high:
            raise InputError(
                "setting out of its range", place=f"key {key}", found=value, expected=f"{low:g} to {high:g}"
            )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def as_plain(settings: Any) -> dict[str, Any]:
    """The settings as plain values that JSON can hold."""
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in dataclasses.asdict(settings).items()
    }
