"""The errors and warnings that a user sees: one line that says what is wrong, where, and what to do."""

from __future__ import annotations

import os


class CoherionError(Exception):
    """Anything the program refuses to do; its text is one line meant for the user."""


class InputError(CoherionError):
    """Input that cannot be used.

    Parameters
    ----------
    what
        What is wrong, in a few words.
    file, place
        The file, and the place in it (``byte 480``, ``line 12``, ``row 3, column scan``, ``key reduction.qmax``).
    found, expected
        What stands there and what should.
    advice
        What the user can do.
    """

    def __init__(
        self,
        what: str,
        *,
        file: str | os.PathLike[str] | None = None,
        place: str | None = None,
        found: object = None,
        expected: object = None,
        advice: str | None = None,
    ) -> None:
        self.what = what
        self.file = None if file is None else os.fspath(file)
        self.place = place
        self.found = found
        self.expected = expected
        self.advice = advice
        super().__init__(self._text())

    def _text(self) -> str:
        where = ", ".join(part for part in (self.file, self.place) if part)
        parts = [f"{where}: {self.what}" if where else self.what]
        if self.found is not None:
            parts.append(f"found {_short(self.found)}")
        if self.expected is not None:
            parts.append(f"expected {_short(self.expected)}")
        if self.advice:
            parts.append(self.advice)
        return "; ".join(" ".join(part.split()) for part in parts)

    def __reduce__(self):
        return (_rebuild, (self.what, self.file, self.place, self.found, self.expected, self.advice))


def _rebuild(what, file, place, found, expected, advice):
    return InputError(what, file=file, place=place, found=found, expected=expected, advice=advice)


def _short(value: object, limit: int = 120) -> str:
    """One printable line of at most ``limit`` characters, so that a broken file cannot flood the terminal."""
    text = "".join(c if c.isprintable() else "?" for c in str(value).replace("\n", " "))
    return text if len(text) <= limit else text[: limit - 1] + "…"


class CoherionWarning(UserWarning):
    """Something a user should know of a result that was still computed."""
