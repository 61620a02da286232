"""Write the tables of scans, samples and spectra that go with a simulated series."""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("series", help="the series' configuration, config/simulation.yaml")
    for name in ("scans", "samples", "spectra"):
        arguments.add_argument(f"--{name}", required=True, help=f"table of {name} to write, .tsv")
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import write_text
    from coherion.simulation.series import read_simulation
    from coherion.simulation.series_tables import tables

    for name, text in tables(read_simulation(given.series, given.settings)).items():
        write_text(getattr(given, name), text)


if __name__ == "__main__":
    command.run(main)
