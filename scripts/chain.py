"""Run several of these commands one after another in one process.

    python scripts/chain.py import_spectra x50.mpt --output x50.nc --then validate_spectra x50.nc --output tested.nc

Starting Python and importing numpy costs more than most commands do; a sample's whole analysis is one start instead of
four. The first command that fails ends the chain.
"""

import importlib
import sys
from pathlib import Path

from coherion import command
from coherion.errors import InputError

THEN = "--then"


def main(argv=None):
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help"):
        print(__doc__)
        return
    parts: list[list[str]] = [[]]
    for word in words:
        if word == THEN:
            parts.append([])
        else:
            parts[-1].append(word)
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != Path(__file__).stem)
    for part in parts:
        if not part or part[0] not in known:
            raise InputError(
                "not a command", place=THEN, found=part[0] if part else "nothing", expected=", ".join(known)
            )
    for name, *arguments in parts:
        importlib.import_module(name).main(arguments)


if __name__ == "__main__":
    command.run(main)
