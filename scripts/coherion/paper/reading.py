"""The paper file, read and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from coherion.errors import InputError
from coherion.settings.configuration import read_yaml
from coherion.settings.paper.paper import Paper
from coherion.settings.reading import settings_from


def read_paper(path: str | os.PathLike[str]) -> Paper:
    """The paper that a YAML file declares.

    Raises
    ------
    InputError
        If the file cannot be read, or what it says is not of the declared kind; the key is named.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise InputError("is not a paper", file=path, found=type(content).__name__, expected="keys with values")
    return paper_from(content, file=path)


def paper_from(content: Mapping[str, Any], *, file: str | os.PathLike[str] | None = None) -> Paper:
    """The paper that plain values declare; see :func:`read_paper`."""
    return settings_from(Paper, content, file=file)
