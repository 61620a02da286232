"""Print the chain from a result back to the raw files, and where a hash no longer agrees with the file.

Each line is the start of a file's sha256 as it stands now, the file, and the rule that made it; a line with ! says what
does not agree. Ends with status 1 if there is one.
"""

import sys
from pathlib import Path

from coherion import command, messages


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("result", help="a figure, a table or any other file of the results")
    arguments.add_argument(
        "--directory", type=Path, default=Path(), help="where the workflow ran (default: the folder one is in)"
    )
    arguments.add_argument("--raw", action="store_true", help="only the raw files and tables, with their whole hashes")
    given = arguments.parse_args(argv)

    from coherion.errors import InputError
    from coherion.provenance.chain import Tracer, printed
    from coherion.provenance.jobs import makers, read_jobs

    folder = given.directory.resolve()
    path = Path(given.result)
    # Named from where the workflow ran, or else from where the user is: a file of the same name may lie in both.
    path = folder / path if (folder / path).exists() else path.resolve()
    if not path.exists() or path == folder:
        raise InputError("the result is missing", file=given.result, place=f"in {folder}")
    shown = str(path.relative_to(folder)) if path.is_relative_to(folder) else str(path)
    jobs = read_jobs(folder) if (folder / ".snakemake" / "metadata").is_dir() else []
    if not jobs:
        messages.warn(f"{folder}: no records of Snakemake; only what the files say themselves is followed")
    chain = Tracer(folder, makers(jobs)).trace(shown)
    if not chain.sources:
        raise InputError(
            "nothing says what this was made from", file=given.result, advice="is --directory where it was made?"
        )
    links = list(chain.walk())
    if given.raw:
        lines = sorted(f"{link.digest or '-' * 64}  {link.path}" for link in links if link.is_raw)
    else:
        lines = list(printed(chain))
    print("\n".join(lines))
    problems = sum(len(link.problems) for link in links)
    ends = sum(link.is_raw for link in links)
    print(f"{len(links)} files, {ends} of them raw files or tables; {problems or 'none'} no longer agree")
    if problems:
        sys.exit(1)


if __name__ == "__main__":
    command.run(main)
