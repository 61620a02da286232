"""What files of the user hold, as one digest for the parameters of a rule: a job runs again where it differs.

Dates do not tell it: copying keeps the date of the source (``cp -p``, ``rsync -a``, archives, USB sticks). Files are
hashed when they are first planned with, and again where size, inode or a time of the file differ; the time of the last
change of its entry (ctime) does so whatever date the file was given.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

from coherion.as_read import sha256
from coherion.data.netcdf import write_text

Known = dict[str, tuple[tuple[int, int, int, int], str]]


class Contents:
    """Digests of files, kept in a file between runs.

    kept
        The file of the digests; what it cannot tell is hashed anew.
    """

    def __init__(self, kept: str | os.PathLike[str]) -> None:
        self._kept = Path(kept)
        self._known: Known = {}
        self._new = False
        try:
            self._known = msgspec.json.decode(self._kept.read_bytes(), type=Known)
        except (OSError, msgspec.MsgspecError):
            return

    def of(self, files: Iterable[str | os.PathLike[str]]) -> str:
        """One digest of the contents of these files in this order; a file that is not there has its place in it."""
        parts = [self._one(os.fspath(file)) for file in files]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def _one(self, file: str) -> str:
        try:
            found = Path(file).stat()
            signature = (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)
            known = self._known.get(file)
            if known is None or known[0] != signature:
                known = self._known[file] = (signature, sha256(file))
                self._new = True
        except OSError:
            return "-"
        return known[1]

    def keep(self) -> None:
        """Write what was hashed anew for the next run; a folder that cannot be written to is no matter.

        A dry run or a check before the first run makes no folder of results.
        """
        if self._new and self._kept.parent.parent.is_dir():
            try:
                write_text(self._kept, msgspec.json.encode(self._known).decode())
            except OSError:
                return
            self._new = False
