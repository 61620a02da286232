"""The schema file and the reference page of all settings, both made from the declared models."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from typing import Any

import msgspec

from coherion.settings.model import as_plain
from coherion.settings.reading import expected_of, fields, meaning, peeled
from coherion.settings.run import Configuration

HEAD = "# Written by `make settings` from scripts/coherion/settings; changes here are lost.\n"


def said_of(model: type[msgspec.Struct]) -> str:
    """What a group of settings is for, in one line."""
    return " ".join((inspect.getdoc(model) or "").split())


def schema_of(model: type[msgspec.Struct]) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a model, groups of settings one inside the other, every default filled in."""
    (found,), parts = msgspec.json.schema_components([model])
    made = _inlined(found, parts)
    _describe(made, model)
    return made


def _inlined(value: Any, parts: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inlined(one, parts) for one in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        inner = parts[value["$ref"].rpartition("/")[2]]
        return _inlined(inner | {k: v for k, v in value.items() if k not in ("$ref", "default")}, parts)
    names = {"title": str, "required": list}
    # Titles are names of classes; a list of what is required that is empty says nothing.
    left_out = {k for k, kind in names.items() if isinstance(value.get(k), kind) and (k == "title" or not value[k])}
    return {k: _inlined(v, parts) for k, v in value.items() if k not in left_out}


def _describe(schema: dict[str, Any], model: type[msgspec.Struct]) -> None:
    schema["description"] = said_of(model)
    defaults = as_plain(model())
    for name, field in fields(model).items():
        inner = peeled(field.type)[0]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            _describe(schema["properties"][name], inner)
        else:
            schema["properties"][name]["default"] = defaults[name]


def schema_text() -> str:
    """The schema of config.yaml as the file workflow/schemas/config.schema.yaml holds it."""
    import yaml

    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "config.yaml, what a run is told",
    }
    made = schema_of(Configuration)
    ordered = head | {"description": made.pop("description")} | made
    return HEAD + yaml.dump(ordered, sort_keys=False, width=118, allow_unicode=True, Dumper=_plain_dumper())


def _plain_dumper() -> Any:
    import yaml

    class Dumper(yaml.SafeDumper):
        def ignore_aliases(self, data: Any) -> bool:
            return True

    # YAML 1.1 reads 1e-05 as a text.
    Dumper.add_representer(
        float,
        lambda dumper, x: dumper.represent_scalar(
            "tag:yaml.org,2002:float", repr(x) if "e" not in repr(x) else f"{x:.1e}"
        ),
    )
    return Dumper


def reference_page() -> str:
    """All settings of config.yaml as a page: key, what it may be, default, unit and meaning."""
    lines = [
        "# Settings",
        "",
        "Every key that `config/config.yaml` may hold. A key that does not stand there has its default. This page is",
        "written by `make settings` from the declarations in `scripts/coherion/settings/`, from which the program",
        "reads settings, too; a test holds it equal to them. Numbers are written with a point (`1.0e-5`);",
        "`null` is nothing.",
        "",
        said_of(Configuration),
    ]
    lines += _table(Configuration, "")
    for name, field in fields(Configuration).items():
        inner = peeled(field.type)[0]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            lines += ["", f"## {name}", "", f"{said_of(inner)}."]
            lines += _table(inner, f"{name}.")
    return "\n".join([*lines, ""])


def _table(model: type[msgspec.Struct], above: str) -> Iterator[str]:
    defaults = as_plain(model())
    yield from ("", "| key | may be | default | unit | meaning |", "|---|---|---|---|---|")
    for name, field in fields(model).items():
        inner = peeled(field.type)[0]
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            continue
        text, unit = meaning(field.type)
        cells = (
            f"`{above}{name}`",
            expected_of(field.type),
            f"`{json.dumps(defaults[name], ensure_ascii=False)}`",
            unit or "",
            text,
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
