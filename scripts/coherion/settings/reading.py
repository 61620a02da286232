"""From a mapping to a stage's frozen settings; what departs from the declaration is named with its key.

Every reader of settings goes through here: the commands, the planning of a run, and ``make check``.
"""

from __future__ import annotations

import functools
import os
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

import msgspec

from coherion.errors import InputError
from coherion.settings.plain import LARGEST, refuse_unusable

Model = TypeVar("Model", bound=msgspec.Struct)
Path = tuple[str | int, ...]


def settings_from(
    model: type[Model],
    given: Mapping[str, Any],
    *,
    file: str | os.PathLike[str] | None = None,
    place: str = "",
) -> Model:
    """Settings of a model from plain values; keys not named keep their defaults.

    Parameters
    ----------
    model
        A class of :mod:`coherion.settings.stages`, or that of the whole configuration.
    given
        Keys and plain values, as JSON or YAML holds them.
    file, place
        The file they came from and the key they stand under in it, for messages.

    Raises
    ------
    InputError
        For a key that is unknown, or a value of another kind, beyond its limits, or at odds with another key: the
        dotted key, what was found and expected, and what the key means.
    """
    refuse_unusable(given, file=file, place=place or None, text_keys=True)
    problems: list[InputError] = []
    made = _read(model, given, (place,) if place else (), problems)
    if made is None:
        raise _in_file(problems[0], file)
    return made


def problems_of(
    model: type[msgspec.Struct],
    given: Mapping[str, Any],
    *,
    file: str | os.PathLike[str] | None = None,
    place: str = "",
) -> list[InputError]:
    """Everything for which :func:`settings_from` would refuse the settings, in the order of the keys given."""
    try:
        refuse_unusable(given, file=file, place=place or None, text_keys=True)
    except InputError as problem:
        return [problem]
    problems: list[InputError] = []
    _read(model, given, (place,) if place else (), problems)
    return [_in_file(problem, file) for problem in problems]


def fits(model: type[msgspec.Struct], given: Mapping[str, Any]) -> bool:
    """Whether plain values make settings of the model: thousands in a moment, without a word on what is wrong."""
    try:
        msgspec.convert(given, model)
    except (msgspec.ValidationError, InputError):
        return False
    return True


def _in_file(problem: InputError, file: str | os.PathLike[str] | None) -> InputError:
    return InputError(
        problem.what,
        file=file,
        place=problem.place,
        found=problem.found,
        expected=problem.expected,
        advice=problem.advice,
    )


def _read(model: type[Model], given: Any, above: Path, problems: list[InputError]) -> Model | None:
    """The settings, or None where problems were added."""
    if not isinstance(given, Mapping):
        problems.append(_wrong(given, model, above))
        return None
    known = fields(model)
    before, made = len(problems), {}
    for key, value in given.items():
        if key not in known:
            problems.append(_unknown(key, model, above))
            continue
        hint = known[key].type
        section = peeled(hint)[0]
        if isinstance(section, type) and issubclass(section, msgspec.Struct):
            made[key] = _read(section, value, (*above, key), problems)
            continue
        try:
            made[key] = msgspec.convert(_whole(value, hint), hint)
        except (msgspec.ValidationError, InputError):
            problems.append(_problem(value, hint, (*above, key), hint))
    problems += _missing(model, given, above)
    if len(problems) > before:
        return None
    try:
        return model(**made)
    except InputError as problem:
        problems.append(_placed(problem, above))
        return None


def _missing(model: type[msgspec.Struct], given: Mapping[str, Any], above: Path) -> list[InputError]:
    return [
        InputError(
            "setting is missing",
            place=dotted((*above, name)),
            expected=expected_of(field.type),
            advice=_advice(field.type),
        )
        for name, field in fields(model).items()
        if field.required and name not in given
    ]


def _whole(value: Any, hint: Any) -> Any:
    """A whole number of at most 64 bits written with a point, 3.0, is one."""
    whole = isinstance(value, float) and value.is_integer() and -LARGEST <= value < LARGEST
    return int(value) if whole and peeled(hint)[0] is int else value


def _problem(value: Any, hint: Any, path: Path, of: Any) -> InputError:
    """What is wrong with a value, at the innermost place that can be named."""
    for key, inner, own in _inner(value, hint):
        try:
            msgspec.convert(inner, own)
        except (msgspec.ValidationError, InputError):
            return _problem(inner, own, (*path, key), own if meaning(own)[0] else of)
    for option in options(hint):
        base, _ = peeled(option)
        if typing.get_origin(base) is dict and isinstance(value, Mapping):
            name = typing.get_args(base)[0]
            for key in value:
                try:
                    msgspec.convert(key, name)
                except msgspec.ValidationError:
                    return _wrong(key, name, (*path, str(key)), of)
    struct = _struct_of(value, hint)
    if struct is None and isinstance(value, Mapping) and (kinds := kinds_of(hint)):
        field = next(iter(kinds.values())).__struct_config__.tag_field or ""
        found = value.get(field)
        return InputError(
            "unknown kind" if found is not None else "setting is missing",
            place=dotted((*path, field)),
            found=found,
            expected="one of " + ", ".join(sorted(kinds)),
            advice=nearest(str(found), kinds) if found is not None else None,
        )
    if struct is not None:
        for key in value:
            if key not in fields(struct) and key != struct.__struct_config__.tag_field:
                return _unknown(key, struct, path)
        for problem in _missing(struct, value, path):
            return problem
        try:
            msgspec.convert(value, struct)
        except InputError as problem:
            return _placed(problem, path)
        except msgspec.ValidationError:
            pass
    return _wrong(value, hint, path, of)


def _inner(value: Any, hint: Any) -> Iterator[tuple[str | int, Any, Any]]:
    """What a value holds, each with its key and its declared kind, by the first kind that has its shape."""
    struct = _struct_of(value, hint)
    if struct is not None:
        yield from ((key, value[key], field.type) for key, field in fields(struct).items() if key in value)
        return
    for option in options(hint):
        base, _ = peeled(option)
        kind, own = typing.get_origin(base), typing.get_args(base)
        if kind is dict and isinstance(value, Mapping):
            yield from ((str(key), inner, own[1]) for key, inner in value.items())
            return
        if kind is tuple and isinstance(value, list | tuple):
            if own[-1] is Ellipsis:
                yield from ((i, inner, own[0]) for i, inner in enumerate(value))
            elif len(own) == len(value):
                yield from zip(range(len(own)), value, own, strict=True)
            return


def _struct_of(value: Any, hint: Any) -> type[msgspec.Struct] | None:
    """The group of settings that a mapping must be, where the declaration has one; of several, the one it names."""
    if isinstance(value, Mapping):
        kinds = kinds_of(hint)
        if not kinds:
            for option in options(hint):
                base = peeled(option)[0]
                if isinstance(base, type) and issubclass(base, msgspec.Struct):
                    return base
        for tag, kind in kinds.items():
            if value.get(kind.__struct_config__.tag_field) == tag:
                return kind
    return None


def kinds_of(hint: Any) -> dict[str, type[msgspec.Struct]]:
    """The groups of settings of which a value is one, by the word that it names it with; empty where there is none."""
    bases = [peeled(option)[0] for option in options(hint)]
    structs = [base for base in bases if isinstance(base, type) and issubclass(base, msgspec.Struct)]
    return {str(one.__struct_config__.tag): one for one in structs if one.__struct_config__.tag_field}


def _wrong(value: Any, hint: Any, path: Path, of: Any = None) -> InputError:
    return InputError(
        "setting cannot be used",
        place=dotted(path),
        found=repr(value) if isinstance(value, str) else "null" if value is None else value,
        expected=expected_of(hint),
        advice=_advice(of),
    )


def _unknown(key: str, model: type[msgspec.Struct], above: Path) -> InputError:
    close = nearest(key, fields(model))
    return InputError(
        "unknown setting",
        place=dotted((*above, key)),
        expected="one of " + ", ".join(sorted(fields(model))),
        advice=close or "docs/settings.md says what each means",
    )


def _placed(problem: InputError, above: Path) -> InputError:
    """A problem of a group of settings, its keys below those above it."""
    inner = str(problem.place).removeprefix("key ")
    return InputError(
        problem.what,
        place=dotted((*above, *(int(p) if p.isdigit() else p for p in inner.split(".")))),
        found=problem.found,
        expected=problem.expected,
        advice=problem.advice,
    )


def _advice(hint: Any) -> str | None:
    said, unit = meaning(hint)
    return f"this key means: {said}{f' ({unit})' if unit else ''}" if said else None


def nearest(name: str, known: typing.Iterable[str], likeness: float = 0.6) -> str | None:
    """A sentence that offers the names most like ``name``, or None where none is as like as ``likeness`` (0 to 1)."""
    import difflib

    close = difflib.get_close_matches(name, sorted(known), n=3, cutoff=likeness)
    return f"did you mean {', '.join(close)}?" if close else None


def dotted(path: Path) -> str:
    """A place as messages name it: ``key refinement.stages[0].free``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"key {text.lstrip('.')}"


# The declaration, taken apart


@functools.cache
def fields(model: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    """The declared settings of a model by name."""
    return {field.name: field for field in msgspec.structs.fields(model)}


def peeled(hint: Any) -> tuple[Any, list[msgspec.Meta]]:
    """A kind without what is said of it, and what is said."""
    said: list[msgspec.Meta] = []
    while typing.get_origin(hint) is typing.Annotated:
        said = [*said, *(one for one in hint.__metadata__ if isinstance(one, msgspec.Meta))]
        hint = hint.__origin__
    return hint, said


def options(hint: Any) -> tuple[Any, ...]:
    """The kinds that a value may be of."""
    base, _ = peeled(hint)
    return typing.get_args(base) if typing.get_origin(base) in (typing.Union, types.UnionType) else (hint,)


def meaning(hint: Any) -> tuple[str, str | None]:
    """What a setting means, and its unit."""
    text, unit = "", None
    for one in peeled(hint)[1]:
        text = text or one.description or ""
        unit = unit or (one.extra_json_schema or {}).get("unit")
    return text, unit


def expected_of(hint: Any) -> str:
    """What a value may be, in words."""
    base, said = peeled(hint)
    kind, own = typing.get_origin(base), typing.get_args(base)
    for one in said:
        if one.extra and "words" in one.extra:
            return one.extra["words"]
    if kind in (typing.Union, types.UnionType):
        return " or ".join(expected_of(option) for option in own if option is not msgspec.UnsetType)
    if kind is typing.Literal:
        return " or ".join(str(choice) for choice in own)
    if kind is tuple:
        some = "one or more, " if any(one.min_length for one in said) else ""
        if own[-1] is Ellipsis:
            return f"a list ({some}each {expected_of(own[0])})"
        return f"a list of {len(own)} ({', '.join(expected_of(one) for one in own)})"
    if kind is dict:
        return f"names with values (each {expected_of(own[1])})"
    if isinstance(base, type) and issubclass(base, msgspec.Struct):
        return "keys with values: " + ", ".join(fields(base))
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text", type(None): "null"}
    word = words.get(base, "a plain value")
    return " ".join([word, *_limits(said)])


def _limits(said: list[msgspec.Meta]) -> Iterator[str]:
    bounds = {name: getattr(one, name) for one in said for name in ("ge", "gt", "le", "lt", "pattern")}
    bounds |= {k: v for one in said for k in bounds if (v := getattr(one, k)) is not None}
    low, above, high, below = (bounds.get(name) for name in ("ge", "gt", "le", "lt"))
    if low is not None and high is not None:
        yield f"from {low:g} to {high:g}" if high < 2**53 else f"of {low:g} or more"
        return
    if low is not None:
        yield f"of {low:g} or more"
    if above is not None:
        yield f"above {above:g}"
    if high is not None:
        yield f"of at most {high:g}" if above is None else f"and at most {high:g}"
    if below is not None:
        yield f"below {below:g}" if above is None and low is None else f"and below {below:g}"
    if bounds.get("pattern"):
        yield f"of the form {bounds['pattern']}"
    longest = next((one.max_length for one in said if one.max_length), None)
    if longest:
        yield f"of at most {longest} characters"
