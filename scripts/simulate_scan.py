"""Simulate the scan of one sample of the series, or of its standard or empty capillary, as a STOE RAW_1.06 file."""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("series", help="the series' configuration, config/simulation.yaml")
    arguments.add_argument("name", help="sample, or the series' standard or background")
    arguments.add_argument("--output", required=True, help="raw file to write")
    arguments.add_argument("--truth", required=True, help="JSON file to write what is true of it to")
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import write_text
    from coherion.data.scans.stoe import write_raw
    from coherion.simulation.files import as_json, as_raw
    from coherion.simulation.scans.scan import simulate_scan
    from coherion.simulation.series import read_simulation

    series = read_simulation(given.series, given.settings)
    scan = simulate_scan(given.name, series)
    write_raw(given.output, *as_raw(given.name, scan, series))
    write_text(given.truth, as_json(scan.truth))


if __name__ == "__main__":
    command.run(main)
