"""numba's compiler with its cache, also where the package cannot be written to."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled by numba, its machine code kept between processes where there is a place for it.

    numba writes beside the module, or else below the user's home; in an installation and a container without
    either, a folder of this user in the temporary directory takes the cache, and if even that is refused each
    process compiles anew. ``NUMBA_CACHE_DIR``, where set, is left alone.
    """
    import numba

    options: Any = {"nogil": True, "fastmath": {"contract", "reassoc", "nsz", "arcp"}, "error_model": "numpy"}
    try:
        return _stamped(numba.njit(cache=True, **options)(function))
    except RuntimeError:
        pass
    folder = Path(tempfile.gettempdir()) / f"coherion-numba-{os.getuid() if hasattr(os, 'getuid') else 'user'}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        # Machine code is run from here, so nobody else may have made or may write the folder.
        owned = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
        if owned and not folder.stat().st_mode & 0o022:
            numba.config.CACHE_DIR = str(folder)  # type: ignore[attr-defined]
            return _stamped(numba.njit(cache=True, **options)(function))
    except (OSError, RuntimeError):
        pass
    return numba.njit(cache=False, **options)(function)


@cache
def _digest() -> str:
    """Of the sources of this room: compiled functions call one another across its files."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _stamped(dispatcher: Any) -> Any:
    """The same function, whose kept machine code holds for these sources of the whole room and no others.

    numba looks at the date and size of a function's own file only, and would run the old code of a function of another
    file that was inlined. Before it takes kept machine code it also loads all that a compilation may need, for 0.2 s;
    of that the code itself needs the counter of arrays only, and a compilation loads the rest again by itself. The
    names are numba's private ones; a version without them keeps numba's own ways.
    """
    kept = getattr(dispatcher, "_cache", None)
    file = getattr(kept, "_cache_file", None)
    if file is not None and hasattr(file, "_source_stamp"):
        file._source_stamp = _digest()
    if kept is not None and all(
        hasattr(kept, name) for name in ("load_overload", "_load_overload", "_guard_against_spurious_io_errors")
    ):
        kept.load_overload = partial(_load, kept)
    return dispatcher


def _load(kept: Any, signature: Any, target: Any) -> Any:
    """Machine code that was kept, or None; see :func:`_stamped`."""
    from numba.core.runtime import rtsys

    rtsys.initialize(target)
    with kept._guard_against_spurious_io_errors():
        return kept._load_overload(signature, target)
