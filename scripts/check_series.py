"""Say what is missing, unreadable or contradictory in a series before anything is computed.

One line for each finding, errors first; the exit code is 1 where something must be mended.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from coherion import command

ROOT = Path(__file__).resolve().parents[1]


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("--config", help="file of settings (default: config/config.yaml, as the workflow takes it)")
    arguments.add_argument("--directory", default=".", help="working folder of the workflow (default: this one)")
    given = arguments.parse_args(argv)

    from coherion.inputs.check import check_series

    # A file named on the command line stands where the user is, all else where the workflow would look.
    config = Path(given.config).resolve() if given.config else Path("config/config.yaml")
    os.chdir(given.directory)
    if not given.config and not config.exists():
        config = ROOT / config
    found = check_series(os.path.relpath(config) if config.is_relative_to(Path.cwd()) else config, ROOT)
    print("\n".join(found.lines()))
    if found.errors:
        sys.exit(1)


if __name__ == "__main__":
    command.run(main)
