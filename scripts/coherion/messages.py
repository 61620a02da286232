"""What a user is told beside results: warnings, each about its subject, shown or gathered."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from coherion.errors import CoherionWarning

_subject: ContextVar[str] = ContextVar("subject", default="")


@contextmanager
def about(subject: str) -> Iterator[None]:
    """Within it each warning is headed by its subject, where one command does the same to several things."""
    token = _subject.set(subject)
    try:
        yield
    finally:
        _subject.reset(token)


def warn(message: str) -> None:
    """Tell the user something about a result; the run's summary repeats it."""
    subject = _subject.get()
    warnings.warn(f"{subject}: {message}" if subject else message, CoherionWarning, stacklevel=2)


@contextmanager
def collected() -> Iterator[list[str]]:
    """Within it warnings are not shown but gathered, each message once, in the list it gives."""
    messages: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", CoherionWarning)
        try:
            yield messages
        finally:
            told = [" ".join(str(w.message).split()) for w in caught if issubclass(w.category, CoherionWarning)]
            messages += dict.fromkeys(told)


# So many remarks of one kind are still read one by one.
FEW = 4


def gathered(remarks: Sequence[str]) -> list[str]:
    """Remarks, of which many that differ in nothing but names and numbers are one.

    A remark is ``name: what is said of it``; of more than ``FEW`` of one kind the first and the last name stand.
    """
    kinds: dict[str, list[tuple[str, str]]] = {}
    for remark in remarks:
        name, _, what = remark.rpartition(": ")
        table, _, _ = name.rpartition(": ")
        kinds.setdefault(f"{table}: {re.sub(r'-?[0-9.]+', '0', what)}", []).append((name, what))
    lines = []
    for alike in kinds.values():
        if len(alike) <= FEW:
            lines += [f"{name}: {what}" if name else what for name, what in alike]
            continue
        (first, what), (last, _) = alike[0], alike[-1]
        like = "" if len({said for _, said in alike}) == 1 else ", and alike"
        lines.append(f"{first} and {len(alike) - 1} more, to {last.rpartition(': ')[2]}: {what}{like}")
    return lines
