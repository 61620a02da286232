"""The chain from a result back to the raw files, every hash compared with the file as it stands now.

Two records are followed: what a file says of its own sources (:mod:`coherion.data.stated`), which travels with
it, and what Snakemake recorded of the job that made it (:mod:`coherion.provenance.jobs`), which knows paths and also
the sources of plain tables. Where both speak they must agree.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from coherion.as_read import sha256
from coherion.data.stated import stated_sources
from coherion.provenance.jobs import Job, maker_of

#: Folders in which no source is looked for by its name.
_NOT_SEARCHED = {".snakemake", ".git", ".venv", "__pycache__"}


@dataclass(frozen=True)
class Link:
    """One file of a chain.

    path
        Below the working folder, or absolute.
    digest
        SHA-256 as it stands now; None where it is missing or a folder.
    rule
        The rule that made it; empty for a raw file, a table of the user or a program.
    problems
        What no longer agrees, a sentence each.
    sources
        What it was made from.
    """

    path: str
    digest: str | None
    rule: str = ""
    problems: tuple[str, ...] = ()
    sources: tuple[Link, ...] = ()

    @property
    def is_raw(self) -> bool:
        """Whether nothing measured stands behind it: a raw file, also a simulated one, a table or a program."""
        return not self.sources or self.rule.startswith("simulate_")

    def walk(self) -> Iterator[Link]:
        """This file and everything behind it, each once."""
        seen: set[str] = set()
        waiting = [self]
        while waiting:
            link = waiting.pop(0)
            if link.path not in seen:
                seen.add(link.path)
                yield link
                waiting += link.sources


@dataclass
class Tracer:
    """Follows chains in one working folder.

    folder
        Where the workflow ran.
    made
        Job that made each output (:func:`coherion.provenance.jobs.makers`); may be empty, then only what the files
        say themselves is followed, and sources are looked for by their names.
    """

    folder: Path
    made: Mapping[str, Job]
    _links: dict[str, Link] = field(default_factory=dict)
    _digests: dict[str, str | None] = field(default_factory=dict)

    def trace(self, path: str) -> Link:
        """The chain behind a file.

        A file that several results share is followed once. A file is never its own source: a job runs after what
        it reads was made.
        """
        if path not in self._links:
            self._links[path] = self._follow(path)
        return self._links[path]

    def _follow(self, path: str) -> Link:
        job = maker_of(path, self.made)
        stated = stated_sources(self.folder / path) or {}
        inputs = dict(job.inputs) if job is not None else {}
        problems, sources = [], []
        unmatched = dict(stated)
        for source, recorded in inputs.items():
            says = unmatched.pop(name, None) if (name := _name_in(stated, source)) else None
            problems += self._compared(source, recorded, f"when {job.rule if job else ''} read it")
            if says is not None and says != recorded:
                problems += self._compared(source, says, f"by what {path} says of it")
            if not source.endswith(".py"):
                sources.append(self.trace(source))
        for name, says in unmatched.items():
            source = self._found(name, says)
            problems += self._compared(source, says, f"by what {path} says of it")
            sources.append(self.trace(source))
        numbers = Path(path).with_suffix(".tsv")
        if Path(path).suffix in (".pdf", ".svg", ".png") and stated != (
            stated_sources(self.folder / numbers) or stated
        ):
            problems.append(f"{numbers}, the numbers beside {path}, names other sources")
        if not (self.folder / path).exists():
            problems.append(f"{path} is missing")
        return Link(path, self.digest(path), job.rule if job else "", tuple(dict.fromkeys(problems)), tuple(sources))

    def _compared(self, source: str, recorded: str | None, when: str) -> list[str]:
        now = self.digest(source)
        if recorded is None or now is None or now == recorded:
            return []
        return [f"{source} no longer agrees: sha256 {recorded[:12]} {when}, {now[:12]} now"]

    def digest(self, path: str) -> str | None:
        """SHA-256 of a file as it stands now; None where there is none."""
        if path not in self._digests:
            file = self.folder / path
            self._digests[path] = sha256(file) if file.is_file() else None
        return self._digests[path]

    def _found(self, name: str, digest: str) -> str:
        """The file that a stated name means: with the hash that is stated if there is one, else any of that name."""
        candidates = [path for path in self._by_name.get(Path(name).name, ()) if f"/{path}".endswith(f"/{name}")]
        agreeing = [path for path in candidates if self.digest(path) == digest]
        return (agreeing or candidates or [name])[0]

    @cached_property
    def _by_name(self) -> dict[str, list[str]]:
        names: dict[str, list[str]] = {}
        for place, folders, files in os.walk(self.folder):
            folders[:] = sorted(set(folders) - _NOT_SEARCHED)
            for file in sorted(files):
                names.setdefault(file, []).append(str((Path(place) / file).relative_to(self.folder)))
        return names


def _name_in(stated: Mapping[str, str], path: str) -> str | None:
    """The stated name that means this path, the longest first."""
    fitting = [name for name in stated if f"/{path}".endswith(f"/{name}")]
    return max(fitting, key=len) if fitting else None


def printed(link: Link) -> Iterator[str]:
    """Lines of the chain as a tree: hash, path and rule of each file; what stood above is not unfolded again."""
    seen: set[str] = set()

    def lines(one: Link, depth: int) -> Iterator[str]:
        digest = one.digest[:12] if one.digest else "-" * 12
        by = f"  by {one.rule}" if one.rule else ""
        again = "  (above)" if one.path in seen and one.sources else ""
        yield f"{digest}  {'  ' * depth}{one.path}{by}{again}"
        if one.path in seen:
            return
        seen.add(one.path)
        for problem in one.problems:
            yield f"{' ' * 12}  {'  ' * depth}! {problem}"
        for source in one.sources:
            yield from lines(source, depth + 1)

    yield from lines(link, 0)
