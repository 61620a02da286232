"""YAML files of plain values, and the schemas that tables are completed and checked with.

A schema is a YAML file in JSON Schema's terms whose every key has a ``description`` (with the unit) and, where the
key may be left out, a ``default``.
"""

from __future__ import annotations

import os
import re
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
        _refuse_misread(node, path)
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


# What YAML 1.1 takes for a number of base 8 (013 is 11), 60 (12:30 is 750), 2 or 16, and what holds underscores.
_OTHER_BASES = re.compile(
    r"[-+]?(0[0-7_]+|0[bx][0-9a-fA-F_]+|[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|[0-9.]*[0-9]_[0-9_.eE+-]*)"
)


def _refuse_misread(node: Any, path: str | os.PathLike[str]) -> None:
    """Raise an InputError where PyYAML would take something else than what a person wrote.

    That is a mapping with a key twice, of which the first would be lost, and a number of another base than 10.
    """
    import yaml

    def refuse(what: str, at: Any, expected: str, advice: str):
        place = f"line {at.start_mark.line + 1}, column {at.start_mark.column + 1}"
        raise InputError(what, file=path, place=place, found=at.value, expected=expected, advice=advice)

    waiting, seen = [node], set()
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, yaml.ScalarNode):
            number = one.tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float")
            if number and one.style is None and _OTHER_BASES.fullmatch(one.value):
                refuse(
                    "a number that YAML reads to base 8, 60, 2 or 16, or with underscores in it",
                    one,
                    "digits without a zero in front, a colon or an underscore",
                    "write it in plain digits, or put a text in quotes",
                )
        elif isinstance(one, yaml.SequenceNode):
            waiting += one.value
        elif isinstance(one, yaml.MappingNode):
            keys: set[str] = set()
            for key, value in one.value:
                waiting += [key, value]
                if not isinstance(key, yaml.ScalarNode) or key.value == "<<":
                    continue
                if key.value in keys:
                    refuse("a key stands twice", key, "each key once", "put what both hold under one of them")
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


def with_defaults(row: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """A row with the schema's default where it has no value."""
    absent = (key for key in schema.get("properties", {}) if key not in row)
    return dict(row) | {
        key: schema["properties"][key]["default"] for key in absent if "default" in schema["properties"][key]
    }


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
