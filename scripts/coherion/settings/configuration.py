"""Configuration: YAML files of plain values, completed with defaults and checked against a schema before anything runs.

A schema is a YAML file in JSON Schema's terms whose every key has a ``description`` (with the unit) and, where the
key may be left out, a ``default``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from coherion.errors import InputError
from coherion.settings.plain import refuse_unusable

# PyYAML takes a second for 50 kB; no configuration comes near this.
MAX_YAML = 512 * 1024


def read_yaml(path: str | os.PathLike[str]) -> Any:
    """Content of a YAML file of plain values.

    Raises
    ------
    InputError
        If the file is missing or is not YAML; the place is the line.
    """
    import yaml

    try:
        with Path(path).open("rb") as stream:
            data = stream.read(min(MAX_YAML, os.fstat(stream.fileno()).st_size) + 1)
        text = data.decode("utf-8")
    except (OSError, ValueError) as problem:
        found = getattr(problem, "strerror", None) or problem
        raise InputError("cannot be read", file=path, found=found, expected="a YAML file in UTF-8") from problem
    if len(data) > MAX_YAML:
        raise InputError("is too large", file=path, expected=f"a YAML file of at most {MAX_YAML // 2**10} kB")
    try:
        # As yaml.safe_load does, which keeps the last of two equal keys and says nothing.
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        _refuse_repeated_keys(node, path)
        content = None if node is None else loader.construct_document(node)
    except (ValueError, LookupError, AttributeError, TypeError, OverflowError, RecursionError) as problem:
        # Tags and numbers that PyYAML recognises and cannot make: !!int x, 2001-99-99, a number of 5000 digits.
        raise InputError("holds a value that cannot be", file=path, found=problem, expected="plain values") from problem
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        raise InputError(
            "is not valid YAML",
            file=path,
            place=None if mark is None else f"line {mark.line + 1}, column {mark.column + 1}",
            found=getattr(problem, "problem", problem),
            expected="YAML of plain values",
        ) from problem
    refuse_unusable(content, file=path)
    return content


def _refuse_repeated_keys(node: Any, path: str | os.PathLike[str]) -> None:
    """Raise an InputError where a mapping of a YAML file has a key twice: the first of them would be lost."""
    import yaml

    waiting, seen = [node], set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, yaml.SequenceNode):
            waiting += one.value
        elif isinstance(one, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in one.value:
                waiting += [key, value]
                if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                    continue
                if key.value in keys:
                    raise InputError(
                        "a key stands twice",
                        file=path,
                        place=f"line {key.start_mark.line + 1}, column {key.start_mark.column + 1}",
                        found=key.value,
                        expected="each key once",
                        advice="put what both hold under one of them",
                    )
                keys.add(key.value)


def refuse_templates(content: Any, path: str | os.PathLike[str]) -> None:
    """Raise an InputError for a configuration that asks Snakemake to run the Python code in it (YTE)."""
    if isinstance(content, Mapping) and "__use_yte__" in content:
        raise InputError(
            "is a template that holds code",
            file=path,
            place="key __use_yte__",
            expected="plain values",
            advice="Snakemake would run the Python code in the file: delete the key and what is made by code",
        )


def complete_settings(
    settings: Mapping[str, Any],
    schema: Mapping[str, Any],
    *,
    file: str | os.PathLike[str] | None = None,
    place: str = "",
) -> dict[str, Any]:
    """Settings completed with the schema's defaults, then checked against it.

    Parameters
    ----------
    settings
        What the user wrote, nested mappings and lists of plain values. Not changed.
    schema
        A JSON Schema of draft 2020-12; ``default`` of each property is filled in, nested objects from inside out.
    file, place
        The file the settings came from, and the key they stand under in it, for messages.

    Raises
    ------
    InputError
        Naming the key (dotted), what stands there, what is expected and the key's description.
    """
    refuse_unusable(settings, file=file, place=place or None, text_keys=True)
    completed = with_defaults(settings, schema)
    for problem in problems_of_settings(completed, schema, file=file, place=place):
        raise problem
    return completed


def problems_of_settings(
    settings: Mapping[str, Any],
    schema: Mapping[str, Any],
    *,
    file: str | os.PathLike[str] | None = None,
    place: str = "",
) -> Iterator[InputError]:
    """Everything in which settings depart from their schema, arguments as in :func:`complete_settings`."""
    for problem in departures(settings, schema):
        key = ".".join(str(part) for part in ([place] if place else []) + problem["path"])
        yield InputError(
            "configuration is not as expected",
            file=file,
            place=f"key {key}" if key else None,
            found=problem["found"],
            expected=problem["expected"],
            advice=problem["advice"],
        )


def with_defaults(value: Any, schema: Mapping[str, Any]) -> Any:
    properties = schema.get("properties")
    if properties is None or not isinstance(value, Mapping):
        return value
    completed = dict(value)
    for key, inner in properties.items():
        if key in completed:
            completed[key] = with_defaults(completed[key], inner)
        elif "default" in inner:
            completed[key] = with_defaults(inner["default"], inner)
        elif "properties" in inner:
            completed[key] = with_defaults({}, inner)
    return completed


def departures(value: Any, schema: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Where a value departs from a schema, first the places nearest to the top."""
    import jsonschema

    found = jsonschema.Draft202012Validator(schema).iter_errors(value)
    for error in sorted(found, key=lambda e: ([str(p) for p in e.absolute_path], e.validator)):
        description = " ".join(str(error.schema.get("description", "")).split())
        advice = f"this key means: {description}" if description else None
        path = list(error.absolute_path)
        problem = {"path": path, "found": error.instance, "expected": _expectation(error), "advice": advice}
        if error.validator == "additionalProperties":
            allowed = sorted(error.schema.get("properties", {}))
            unknown = [str(key) for key in sorted(set(error.instance) - set(allowed), key=str)]
            problem |= {
                "path": [*path, unknown[0]] if unknown else path,
                "found": "a key that is not known",
                "expected": "one of " + ", ".join(allowed),
                "advice": "see the schemas in workflow/schemas for what each key means",
            }
        elif error.validator == "required":
            absent = [key for key in error.validator_value if key not in error.instance]
            problem |= {"path": [*path, absent[0]], "found": "nothing", "expected": "a value"}
            inner = error.schema.get("properties", {}).get(absent[0], {})
            if "description" in inner:
                problem["advice"] = f"this key means: {' '.join(inner['description'].split())}"
        yield problem


def _expectation(error: Any) -> str:
    said = error.validator_value
    match error.validator:
        case "type":
            return "a value of type " + (said if isinstance(said, str) else " or ".join(said))
        case "enum":
            return "one of " + ", ".join(str(v) for v in said)
        case "pattern":
            return f"text of the form {said}"
        case "minimum":
            return f"at least {said}"
        case "maximum":
            return f"at most {said}"
        case "exclusiveMinimum":
            return f"more than {said}"
        case "exclusiveMaximum":
            return f"less than {said}"
        case "anyOf" | "oneOf":
            return "one of: " + " / ".join(str(s.get("description", s)) for s in said)
        case _:
            return f"{error.validator} {said}"
