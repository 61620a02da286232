"""Test spectra against the Kramers-Kronig relations and mark the points to be fitted.

Settings (JSON) are those of coherion.settings.stages.validation, such as {"limit": 0.02}. Beside the
netCDF file a table (.tsv) names every point removed and every spectrum refused, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coherion import command, messages


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__)
    arguments.add_argument("spectra", help="netCDF of the sample's spectra")
    arguments.add_argument("--output", required=True, type=Path, help="netCDF file to write; a .tsv appears beside it")
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import read_dataset, write_dataset, write_text
    from coherion.impedance.datasets import removal_table, validate_dataset
    from coherion.settings.model import as_plain
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.validation import ValidationSettings

    settings = settings_from(ValidationSettings, given.settings)
    validated = validate_dataset(read_dataset(given.spectra, "import_spectra"), settings)
    write_dataset(validated, given.output, "validate_spectra", sources=[given.spectra], settings=as_plain(settings))
    write_text(given.output.with_suffix(".tsv"), removal_table(validated))
    for t, valid, verdict in zip(*(validated[n].values for n in ("temperature", "valid", "verdict")), strict=True):
        if not valid:
            messages.warn(f"{Path(given.spectra).stem}, {t:g} degC: not used: {verdict}")
    removed, kept = int(validated["removed"].sum()), int(validated["kept"].sum())
    usable = f"{int(validated['valid'].sum())} of {validated.sizes['spectrum']} spectra valid"
    print(f"{usable}, {kept} points kept, {removed} removed")


if __name__ == "__main__":
    command.run(main)
