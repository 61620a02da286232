"""The errors and warnings that a user sees: one line that says what is wrong, where, and what to do."""

from __future__ import annotations

import os
import reprlib
from collections.abc import Mapping


class CoherionError(Exception):
    """Anything the program refuses to do; its text is one line meant for the user."""


# Characters of what a message says besides what was found: room for a list of all columns or settings.
LONGEST = 900


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

    def in_file(self, file: str | os.PathLike[str]) -> InputError:
        """The same error with the file named that it was found in."""
        return InputError(
            self.what, file=file, place=self.place, found=self.found, expected=self.expected, advice=self.advice
        )

    def _text(self) -> str:
        # A name of a file is never shortened: the user must find it.
        where = ", ".join(part for part in (printable(self.file or ""), _short(self.place or "", LONGEST)) if part)
        what = _short(self.what, LONGEST)
        parts = [f"{where}: {what}" if where else what]
        if self.found is not None:
            parts.append(f"found {_short(self.found)}")
        if self.expected is not None:
            parts.append(f"expected {_short(self.expected, LONGEST)}")
        if self.advice:
            parts.append(_short(self.advice, LONGEST))
        return "; ".join(" ".join(part.split()) for part in parts)

    def __reduce__(self):
        return (_rebuild, (self.what, self.file, self.place, self.found, self.expected, self.advice))


def _rebuild(what, file, place, found, expected, advice):
    return InputError(what, file=file, place=place, found=found, expected=expected, advice=advice)


def printable(text: str) -> str:
    """The text in one line, with ? for what is no letter: control characters of a file would drive the terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else " " if c.isspace() else "?" for c in text)


class _Brief(reprlib.Repr):
    """Writes any value in bounded time: one that holds itself again and again, or a number of a million digits."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxother, self.maxstring = 4, 400, 400
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = 20

    def repr_int(self, x: int, level: int) -> str:
        # Python refuses to write numbers of more than some thousand digits.
        return repr(x) if x.bit_length() < 1000 else f"a number of about {round(x.bit_length() * 0.30103)} digits"


def _short(value: object, limit: int = 120) -> str:
    """One printable line of at most ``limit`` characters, so that a broken file cannot flood the terminal."""
    if isinstance(value, Mapping | list | tuple | set | frozenset | int | bytes):
        value = _Brief().repr(value)
    text = printable(str(value)[: 4 * limit])
    return text if len(text) <= limit else text[: limit - 1] + "…"


class CoherionWarning(UserWarning):
    """Something a user should know of a result that was still computed."""
