"""Start a series of your own from a folder of raw files: settings, three tables, and a list of what was found.

Scans and spectra are found by reading them. What a file does not say is guessed from its name and told as a guess, or
written as ? for you to fill in. Nothing that exists is overwritten.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from coherion import command
from coherion.errors import InputError

ROOT = Path(__file__).resolve().parents[1]


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("raw", type=Path, metavar="RAW_FOLDER", help="folder with the raw files, at any depth")
    arguments.add_argument("--into", type=Path, required=True, metavar="FOLDER", help="where the series shall stand")
    given = arguments.parse_args(argv)

    from coherion.inputs.draft import draft_series

    config = given.into / "config"
    names = ("config.yaml", "samples.tsv", "scans.tsv", "spectra.tsv", "found.tsv", "paper.yaml")
    for existing in [config / name for name in names if (config / name).exists()]:
        raise InputError(
            "exists already and is not overwritten",
            file=existing,
            advice="choose another folder with --into (make: INTO=), or move it away",
        )
    draft = draft_series(given.raw, given.into)
    config.mkdir(parents=True, exist_ok=True)
    for name, text in draft.files.items():
        with (config / name).open("x", encoding="utf-8") as stream:
            stream.write(text)
    with (config / "paper.yaml").open("x", encoding="utf-8") as stream:
        stream.write(paper_of(config))
    for line in told(draft, config):
        print(line)
    checked = shlex.quote(os.path.relpath(ROOT / "scripts" / "check_series.py"))
    folder = shlex.quote(str(given.into))
    print(f"\nNext: fill in the cells with ?, look at the guesses, then\n  make check IN={folder}")
    print(f"(or python {checked} --directory {folder}) until nothing is missing, and\n  make run IN={folder}")


def paper_of(config):
    """A first paper file, of what the tables just written announce."""
    from coherion.data.series_tables import read_tables
    from coherion.inputs.paper import first_paper
    from coherion.paper.proposal import propose
    from coherion.settings.configuration import read_yaml
    from coherion.settings.run import problems_of_configuration

    settings, _ = problems_of_configuration(read_yaml(config / "config.yaml"))
    tables = {name: str(config.parent / path) for name, path in settings["tables"].items() if path}
    # Cells are still to be filled in: what cannot be read yet is make check's to tell.
    found = read_tables(tables, ROOT / "workflow" / "schemas", problems=[])
    return first_paper(propose(found, settings))


def numbered(count, what):
    """``1 scan``, ``7 files of spectra``."""
    first, _, rest = what.partition(" ")
    return f"{count} {first.removesuffix('s') if count == 1 else first} {rest}".rstrip()


def told(draft, config):
    """What was found, guessed and left to the user, line by line."""
    from coherion.messages import gathered

    yield f"Written to {config}: {', '.join((*draft.files, 'paper.yaml'))}"
    yield "Found: " + ", ".join(numbered(count, what) for what, count in draft.counts.items() if count)
    for title, lines in (
        ("Left out", draft.left_out),
        ("Guessed, and so to be looked at (the tables list it too)", draft.guesses),
        ("To fill in where a ? stands", draft.to_fill_in),
    ):
        if lines:
            yield f"{title}:"
            yield from (f"  {line}" for line in gathered(lines))


if __name__ == "__main__":
    command.run(main)
