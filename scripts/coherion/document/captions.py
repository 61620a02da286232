"""Captions on their way through Snakemake's report, which takes each for a template of Jinja and for reStructuredText.

An author's caption is text: braces and markup of either are escaped, so that nothing of it is computed, included, set.
"""

from __future__ import annotations

import os
import re
import string
from pathlib import Path

from coherion.errors import InputError

#: What Jinja writes as a brace, and what stands behind a caption where data are simulated.
BRACE = '{{ "{" }}'
SIMULATED = "{% if snakemake.config.simulated %}"
_MARKS = re.compile(f"([{re.escape(string.punctuation)}])")
_ESCAPED = re.compile(rf"\\([{re.escape(string.punctuation)}])")


def as_template(caption: str) -> str:
    """The file of an author's caption: one paragraph of plain text, and what is added where data are simulated."""
    plain = _MARKS.sub(r"\\\1", " ".join(caption.split())).replace("{", BRACE)
    return f"{plain}\n{SIMULATED}\n\n**Simulated data, not a measurement.**\n{{% endif %}}\n"


def read_caption(path: str | os.PathLike[str]) -> str:
    """The caption that the report has for a figure as text, without what it adds where data are simulated.

    Raises
    ------
    InputError
        If the file cannot be read, or wants names of a job.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError("caption cannot be read", file=path, found=problem) from problem
    parts = " ".join(text.partition(SIMULATED)[0].split()).split(BRACE)
    if any("{{" in part or "{%" in part for part in parts):
        raise InputError(
            "the caption belongs to a job", file=path, found="{{ }}", expected="a text that names no wildcard"
        )
    return _ESCAPED.sub(r"\1", "{".join(parts))
