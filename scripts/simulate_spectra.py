"""Simulate the impedance spectra of one sample of the series at all its temperatures, as EC-Lab .mpt files."""

from coherion import command
from coherion.errors import InputError


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("series", help="the series' configuration, config/simulation.yaml")
    arguments.add_argument("name", help="sample")
    arguments.add_argument(
        "--output",
        required=True,
        nargs="+",
        help="files to write, one for each temperature in its order",
    )
    arguments.add_argument("--truth", required=True, help="JSON file to write what is true of them to")
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import write_text
    from coherion.data.spectra.biologic_mpt import write_mpt
    from coherion.simulation.files import as_json, as_spectrum
    from coherion.simulation.series import read_simulation
    from coherion.simulation.spectra import describe, simulate_spectrum

    series = read_simulation(given.series, given.settings)
    temperatures = series["spectra"]["temperatures"]
    if len(given.output) != len(temperatures):
        raise InputError(
            "the number of files is not that of the temperatures",
            place="--output",
            found=len(given.output),
            expected=len(temperatures),
        )
    spectra = [simulate_spectrum(given.name, t, series) for t in temperatures]
    for path, spectrum in zip(given.output, spectra, strict=True):
        write_mpt(path, [as_spectrum(spectrum, series, path)], comment=f"{given.name}, no instrument measured this")
    write_text(given.truth, as_json(describe(given.name, series, spectra)))


if __name__ == "__main__":
    command.run(main)
