"""The paper file, read and checked."""

from __future__ import annotations

import os

from coherion.errors import InputError
from coherion.settings.configuration import read_yaml
from coherion.settings.paper.paper import Paper
from coherion.settings.reading import settings_from


def read_paper(path: str | os.PathLike[str] | None) -> Paper:
    """The paper that a YAML file declares; without one what any series has.

    Raises
    ------
    InputError
        If the file cannot be read, or what it says is not of the declared kind; the key is named.
    """
    if path is None:
        return Paper()
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise InputError("is not a paper", file=path, found=type(content).__name__, expected="keys with values")
    return settings_from(Paper, content, file=path)
