"""The files that a process read, with the hash of what it read: a file may be another one by the time it is asked for.

Whoever reads a file for its content hands that to :func:`took`, or calls :func:`note` before a library opens it. What a
result says of its sources is then what it was made from, and a job learns at its end whether any has changed meanwhile.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

_DIGESTS: dict[str, str] = {}
#: Files that were read twice and were not the same.
_DIFFERED: set[str] = set()


def took(path: str | os.PathLike[str], content: bytes) -> bytes:
    """Keep the hash of a file's content, and return the content."""
    _keep(_key(path), hashlib.sha256(content).hexdigest())
    return content


def note(path: str | os.PathLike[str]) -> None:
    """Keep the hash of a file that a library is about to read; none where it cannot be read."""
    try:
        _keep(_key(path), sha256(path))
    except (OSError, ValueError):
        return


def digest_as_read(path: str | os.PathLike[str]) -> str:
    """Hexadecimal SHA-256 of a file as it was when this process read it, or as it is now where it did not."""
    return _DIGESTS.get(_key(path)) or sha256(path)


def changed() -> list[str]:
    """Files that are no longer what this process read, or were not the same each time."""
    return sorted(path for path in _DIGESTS if path in _DIFFERED or _now(path) != _DIGESTS[path])


def written(path: str | os.PathLike[str]) -> None:
    """Forget a file that this process writes itself."""
    _DIGESTS.pop(_key(path), None)


def forget() -> None:
    """Forget all: the next reading counts."""
    _DIGESTS.clear()
    _DIFFERED.clear()


def sha256(path: str | os.PathLike[str]) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _keep(path: str, digest: str) -> None:
    if _DIGESTS.setdefault(path, digest) != digest:
        _DIFFERED.add(path)
        _DIGESTS[path] = digest


def _now(path: str) -> str | None:
    try:
        return sha256(path)
    except OSError:
        return None


def _key(path: str | os.PathLike[str]) -> str:
    return str(Path(path).absolute())
