"""Warn of cells of the tables that are well-formed but cannot be true: sizes, temperatures, compositions, densities.

The settings may hold {"structures": {"sample": ["a.cif"]}, "refined": {"sample": ["Na*.occupancy"]}}: the files of the
starting structures, and the patterns of the parameters that the refinement may change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from coherion import command, messages
from coherion.errors import InputError

SCHEMAS = Path(__file__).parents[1] / "workflow" / "schemas"


def lists_of(settings: Mapping[str, Any], key: str) -> Mapping[str, list[str]]:
    """A setting that holds a list of texts for each sample."""
    found = settings.get(key, {})
    good = isinstance(found, dict) and all(
        isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in found.values()
    )
    if not good:
        raise InputError("not lists of texts", place=f"key {key}", found=found, expected='such as {"x10": ["a.cif"]}')
    return found


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__)
    arguments.add_argument("samples", help="table of samples")
    arguments.add_argument("--spectra", help="table of spectra")
    arguments.add_argument("--output", required=True, type=Path, help="text file to write, a line for each warning")
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import write_text
    from coherion.data.tables import read_table
    from coherion.inputs.plausibility import warn_if_off_the_series
    from coherion.inputs.series import warn_of_sample
    from coherion.settings.configuration import read_yaml

    structures, refined = (lists_of(given.settings, key) for key in ("structures", "refined"))
    command.refuse_others(given.settings, "structures", "refined")
    samples = read_table(given.samples, read_yaml(SCHEMAS / "samples.schema.yaml"))
    spectra = read_table(given.spectra, read_yaml(SCHEMAS / "spectra.schema.yaml")) if given.spectra else []
    with messages.collected() as said:
        warn_if_off_the_series([row for row in samples if "exclude" not in row])
        for row in samples:
            if "exclude" not in row:
                name = row["sample"]
                warn_of_sample(
                    row,
                    [one for one in spectra if one["sample"] == name and "exclude" not in one],
                    structures.get(name, []),
                    refined.get(name, []),
                )
    write_text(given.output, "".join(f"{line}\n" for line in said))
    for line in said:
        messages.warn(line)


if __name__ == "__main__":
    command.run(main)
