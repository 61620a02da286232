"""A value changed in a YAML file or in a cell of a table; comments and all else stay as they stand."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

from coherion.errors import InputError

Change = tuple[tuple[str, ...], Any]

_BARE = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WORDS = {"null", "true", "false", "yes", "no", "on", "off", "y", "n"}
_STEP = 2


def edited_yaml(text: str, changes: Sequence[Change], file: str | os.PathLike[str] | None = None) -> str:
    """The text of a YAML file with these keys set, each a path of keys and its plain value.

    Raises
    ------
    InputError
        If the file is written in a way in which a key cannot be changed by itself: an alias, a merged mapping.
    """
    import yaml

    wanted = with_changes(yaml.safe_load(text) or {}, changes)
    has_returns = 0 < text.count("\n") == text.count("\r\n")
    for path, value in changes:
        text = _set(text, path, value)
    if has_returns:
        # Lines that are new end as all others do.
        text = re.sub(r"(?<!\r)\n", "\r\n", text)
    try:
        made = yaml.safe_load(text)
    except yaml.YAMLError:
        made = None
    if made != wanted:
        places = ", ".join(".".join(path) for path, _ in changes)
        raise InputError(
            "cannot be changed without changing more",
            file=file,
            place=f"key {places}",
            advice="an alias or a merged key stands there: write the change into the file by hand",
        )
    return text


def with_changes(content: Mapping[str, Any], changes: Sequence[Change]) -> dict[str, Any]:
    """A copy of nested mappings with these keys set."""
    made: dict[str, Any] = _copy(content)
    for path, value in changes:
        inner = made
        for key in path[:-1]:
            if not isinstance(inner.get(key), dict):
                inner[key] = {}
            inner = inner[key]
        inner[path[-1]] = _copy(value)
    return made


def _copy(value: Any) -> Any:
    """A copy that shares nothing: what an alias stands for is a value of its own."""
    if isinstance(value, Mapping):
        return {key: _copy(one) for key, one in value.items()}
    return [_copy(one) for one in value] if isinstance(value, list | tuple) else value


def _set(text: str, path: Sequence[str], value: Any) -> str:
    import yaml

    node = yaml.compose(text, Loader=yaml.SafeLoader)
    if node is None or not isinstance(node, yaml.MappingNode):
        head = text if not text or text.endswith("\n") else f"{text}\n"
        return head + _block(path, value, 0)
    for depth, key in enumerate(path):
        pair = next(((k, v) for k, v in node.value if k.value == key), None)
        if pair is None:
            return _inserted(text, node, path[depth:], value)
        inner = pair[1]
        if depth == len(path) - 1:
            return _replaced(text, pair, _flow(value))
        if not isinstance(inner, yaml.MappingNode) or not inner.value:
            return _replaced(text, pair, _nested(path[depth + 1 :], value))
        node = inner
    raise ValueError("a path without keys")


def _replaced(text: str, pair: tuple[Any, Any], new: str) -> str:
    """The value of a pair replaced; one of several lines becomes one."""
    key, value = pair
    start, end = value.start_mark.index, _end(value, text)
    if start < key.end_mark.index or not text[start:end].strip():
        # An empty value: it stands nowhere.
        colon = text.index(":", key.end_mark.index) + 1
        return f"{text[:colon]} {new}{text[colon:]}"
    if value.start_mark.line > key.end_mark.line:
        colon = text.index(":", key.end_mark.index) + 1
        between = text[colon:start]
        kept = between.rstrip(" ") if "#" in between else ""
        if kept:
            return f"{text[:colon]}{kept}{' ' * value.start_mark.column}{new}{text[end:]}"
        return f"{text[:colon]} {new}{text[end:]}"
    return text[:start] + new + text[end:]


def _inserted(text: str, node: Any, path: Sequence[str], value: Any) -> str:
    """A key added to a mapping behind the keys that it has."""
    if node.flow_style:
        said = f"{_scalar(path[0])}: {_flow(value) if len(path) == 1 else _nested(path[1:], value)}"
        # Behind the last value, where no comment stands between yet.
        at = _end(node.value[-1][1], text) if node.value else node.start_mark.index + 1
        return f"{text[:at]}{', ' if node.value else ''}{said}{text[at:]}"
    end = _end(node, text)
    line_end = text.find("\n", end)
    at = len(text) if line_end < 0 else line_end + 1
    head = text[:at]
    if head and not head.endswith("\n"):
        head += "\n"
    return head + _block(path, value, node.value[0][0].start_mark.column) + text[at:]


def _end(node: Any, text: str) -> int:
    """Where a value ends: PyYAML ends a block only where the next one begins, behind the comments between."""
    import yaml

    if isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        key, inner = last if isinstance(last, tuple) else (None, last)
        end = _end(inner, text)
        return max(end, key.end_mark.index + 1) if key is not None else end
    end = node.end_mark.index
    # Lines of text (| or >) end with their last line, not where the next begins.
    return len(text[:end].rstrip()) if getattr(node, "style", None) in ("|", ">") else end


def _block(path: Sequence[str], value: Any, indent: int) -> str:
    lines = [f"{' ' * (indent + _STEP * i)}{_scalar(key)}:" for i, key in enumerate(path)]
    return "\n".join(lines) + f" {_flow(value)}\n"


def _nested(path: Sequence[str], value: Any) -> str:
    made = _flow(value)
    for key in reversed(path):
        made = f"{{{_scalar(key)}: {made}}}"
    return made


def _flow(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_flow(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        if _BARE.fullmatch(value) and value.lower() not in _WORDS:
            return value
        quoted = json.dumps(value, ensure_ascii=False)
        return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in quoted)
    if isinstance(value, float):
        text = repr(value)
        # YAML 1.1 takes 1e-07 for a text: its numbers with a power have a point.
        mantissa, mark, power = text.partition("e")
        return (
            f"{mantissa}{'' if '.' in mantissa else '.0'}e{power if power[0] in '+-' else '+' + power}"
            if mark
            else text
        )
    return json.dumps(value)


def edited_cell(text: str, line: int, column: str, value: Any, file: str | os.PathLike[str] | None = None) -> str:
    """The text of a table with one cell changed; ``line`` is that of the file, from 1.

    Raises
    ------
    InputError
        If the line has no such cell.
    """
    # Lines as those who read the table count them: str.splitlines knows more ends, which may stand in a note.
    lines = re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+$", text)
    head = next((one for one in lines if one.strip() and not one.lstrip('\ufeff \t"').startswith("#")), "")
    heads = head.rstrip("\r\n").split("\t")
    names = [head.strip() for head in heads]
    row = lines[line - 1].rstrip("\r\n") if 0 < line <= len(lines) else ""
    cells = row.split("\t")
    if column not in names or names.index(column) >= len(cells):
        raise InputError("has no such cell", file=file, place=f"line {line}, column {column}")
    cells[names.index(column)] = value if isinstance(value, str) else repr(value)
    lines[line - 1] = "\t".join(cells) + lines[line - 1][len(row) :]
    return "".join(lines)
