"""Conductivities and activation energy of a sample from the resistances of its spectra.

Settings (JSON) are those of coherion.settings.stages.arrhenius; the pellet's geometry is needed:
{"pellet_thickness_cm": 0.15, "pellet_diameter_cm": 0.9}. Beside the netCDF file stand two tables: the conductivities
(.tsv) and the spectra left out with the reason (.exclusions.tsv). Results of further pellets of the sample, if given,
say how far pellets scatter.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coherion import command


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__)
    arguments.add_argument("circuits", help="netCDF of the sample's circuit parameters")
    arguments.add_argument("--output", required=True, type=Path, help="netCDF file to write; tables appear beside it")
    arguments.add_argument(
        "--pellets", nargs="*", default=[], metavar="NC", help="what this command made of further pellets of the sample"
    )
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import read_dataset, write_dataset, write_text
    from coherion.impedance.arrhenius_dataset import (
        arrhenius_dataset,
        arrhenius_table,
        exclusion_table,
    )
    from coherion.impedance.pellets import beside_other_pellets
    from coherion.settings.model import as_plain
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.arrhenius import ArrheniusSettings

    settings = settings_from(ArrheniusSettings, given.settings)
    found = arrhenius_dataset(read_dataset(given.circuits, "fit_circuits"), settings)
    found = beside_other_pellets(found, [read_dataset(path, "fit_arrhenius") for path in given.pellets])
    sources = [given.circuits, *given.pellets]
    write_dataset(found, given.output, "fit_arrhenius", sources=sources, settings=as_plain(settings))
    write_text(given.output.with_suffix(".tsv"), arrhenius_table(found))
    write_text(given.output.with_suffix(".exclusions.tsv"), exclusion_table(found))
    at = f"sigma({settings.reference_temperature:g} degC)"
    names = ("activation_energy", "activation_energy_sd", "conductivity_reference", "conductivity_reference_sd")
    for k, name in enumerate(found["resistance_name"].values):
        energy, energy_sd, sigma, sigma_sd = (float(found[n].values[k]) for n in names)
        if energy == energy:
            print(f"{name}: E_a = {energy:.4f} +- {energy_sd:.4f} eV, {at} = {sigma:.4g} +- {sigma_sd:.2g} S/cm")


if __name__ == "__main__":
    command.run(main)
