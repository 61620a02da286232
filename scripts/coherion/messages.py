"""What a user is told beside results: warnings, each about its subject, shown or gathered."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
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
