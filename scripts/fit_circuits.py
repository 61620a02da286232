"""Fit an equivalent circuit to every valid spectrum of a sample.

Settings (JSON) are those of coherion.settings.stages.circuits, such as
{"circuit": "p(R1,CPE1)-CPE2", "weights": "modulus"}. Beside the netCDF file a table (.tsv) holds parameters,
resistances, capacitances and what is not resolved and why, another (.points.tsv) every point with its fit and why it
was not used, and a folder (.impedance_py) each fitted circuit as a file that impedance.py opens with
CustomCircuit().load().
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coherion import command


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__)
    arguments.add_argument("spectra", help="netCDF of the sample's validated spectra")
    arguments.add_argument(
        "--output", required=True, type=Path, help="netCDF file to write; tables and a folder appear beside it"
    )
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import read_dataset, write_dataset, write_text
    from coherion.impedance.circuits.dataset import circuit_table, fit_dataset, warn_of_doubts
    from coherion.impedance.circuits.impedance_py import SUFFIX, write_custom_circuits
    from coherion.impedance.datasets import cleaned_table
    from coherion.settings.model import as_plain
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.circuits import CircuitSettings

    settings = settings_from(CircuitSettings, given.settings)
    validated = read_dataset(given.spectra, "validate_spectra")
    circuits = fit_dataset(validated, settings)
    write_dataset(circuits, given.output, "fit_circuits", sources=[given.spectra], settings=as_plain(settings))
    write_text(given.output.with_suffix(".tsv"), circuit_table(circuits))
    write_text(given.output.with_suffix(".points.tsv"), cleaned_table(validated, circuits))
    write_custom_circuits(circuits, given.output.with_suffix(SUFFIX), settings.fixed)
    warn_of_doubts(circuits)
    resolved = circuits["resolved"].values
    for k, name in enumerate(circuits["resistance_name"].values):
        print(f"{name}: resolved in {int(resolved[:, k].sum())} of {resolved.shape[0]} spectra")


if __name__ == "__main__":
    command.run(main)
