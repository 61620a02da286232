"""What a batch has come to so far, beside its result: a run that is killed loses one analysis, no more."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from coherion.as_read import sha256, written
from coherion.multiverse.outcome import Outcome


class Checkpoint:
    """Outcomes of one batch, one line each, in a file beside its output; the first line says what they hang on.

    Parameters
    ----------
    output
        The result that the batch is to write.
    hangs_on
        All that the analyses were told, as text.
    files
        Files that decide what comes of them; the table of the configured run stands for all that made it.
    """

    def __init__(self, output: str | os.PathLike[str], hangs_on: Iterable[str], files: Iterable[str]) -> None:
        self.path = Path(f"{os.fspath(output)}.part")
        digest = hashlib.sha256(json.dumps([*hangs_on, *map(sha256, files)]).encode())
        self.of = digest.hexdigest()
        self._head = json.dumps({"of": self.of}) + "\n"

    def outcomes(self) -> dict[int, Outcome]:
        """Outcomes that were kept, by number; those of other settings are dropped, and so is a line cut short."""
        try:
            lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        except OSError:
            lines = []
        if not lines or lines[0] != self._head:
            lines = [self._head]
        whole = [line for line in lines if line.endswith("\n")]
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text("".join(whole), encoding="utf-8")
        written(self.path)
        kept = [Outcome(**json.loads(line)) for line in whole[1:]]
        return {one.number: one for one in kept}

    def keep(self, outcome: Outcome) -> None:
        """Add an outcome; it is on the disk when this returns."""
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(asdict(outcome)) + "\n")
            stream.flush()
            os.fsync(stream.fileno())

    def done(self) -> None:
        """Remove the file: the batch's result is written."""
        self.path.unlink(missing_ok=True)
