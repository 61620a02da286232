"""Collect what is wrong with standard, reductions, fits and pellets of a series in one table, each told as one line.

The files of a sample are named by patterns in which {sample} and {range} stand for its name and the fit range. Beside
the settings of the section quality, the keys samples, reduced, suspects, witnessed and conducting name those with a
refinement, those whose G(r) was reduced here, those in which a side phase was looked for, those whose reflections were
read for size and strain, and those with spectra; scans says of each sample which scan, background, settings and
structure it has; standards says of each standard which samples have their resolution of it, and --certificates lists
their structures in this order.
"""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("--ranges", nargs="*", default=[], help="fit ranges, the one that counts first")
    for stage in ("reduction", "refinement", "side-phase"):
        arguments.add_argument(f"--{stage}", required=True, metavar="PATTERN", help=f"files of the {stage}")
    arguments.add_argument("--widths", default="", metavar="PATTERN", help="files of the widths of reflections")
    for stage in ("circuits", "arrhenius"):
        arguments.add_argument(f"--{stage}", default="", metavar="PATTERN", help=f"files of the stage {stage}")
    arguments.add_argument("--resistance", default="total", help="the one that conductivities come from")
    arguments.add_argument("--scans", default="", metavar="PATTERN", help="files of the scans, {sample} for the scan")
    arguments.add_argument(
        "--resolution", default="", metavar="PATTERN", help="resolutions that standards gave (.json)"
    )
    arguments.add_argument(
        "--certificates", nargs="*", default=[], help="structures of the standards with their certified cells (.cif)"
    )
    arguments.add_argument("--output", required=True, help="table of the alerts to write (.tsv)")
    given = arguments.parse_args(argv)

    from coherion.data.contract.alerts import ALERTS
    from coherion.data.netcdf import write_text
    from coherion.data.tables import write_table
    from coherion.quality.collect import alerts_of_files
    from coherion.quality.scans.use import uses_of
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.quality import QualitySettings

    lists = ("samples", "reduced", "suspects", "witnessed", "conducting")
    names = {key: command.names_of(given.settings, key) for key in lists}
    own = {key: value for key, value in given.settings.items() if key not in (*lists, "scans", "standards")}
    uses = uses_of(given.settings.get("scans", {}))
    standards = command.names_by_name(given.settings, "standards")
    found = alerts_of_files(
        given, uses=uses, standards=standards, settings=settings_from(QualitySettings, own), **names
    )
    for one in found:
        print(one.line)
    write_text(given.output, write_table((one.row for one in found), ALERTS.names))


if __name__ == "__main__":
    command.run(main)
