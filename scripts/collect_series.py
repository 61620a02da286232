"""Collect everything that was found for each sample in the table of the series, and all exclusions in another.

The files of a sample are named by patterns in which {sample} and {range} stand for its name and the fit range. Beside
those of coherion.statistics.collect.SeriesSettings the settings may name the samples in which a side phase was looked
for, those whose reflections were read for size and strain, and what failed, rows as in the table of that name:
{"suspects": ["x95"], "witnessed": ["x50", "x95"], "failed": []}.
"""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("samples", help="table of the samples")
    arguments.add_argument("--scans", help="table of the scans")
    arguments.add_argument("--spectra", help="table of the spectra")
    arguments.add_argument("--schemas", required=True, help="folder of the schemas of the tables")
    arguments.add_argument("--ranges", nargs="*", default=[], help="fit ranges, the one that counts first")
    arguments.add_argument("--side-phase", default="", metavar="PATTERN", help="files of the search for a side phase")
    arguments.add_argument("--widths", default="", metavar="PATTERN", help="files of the widths of reflections")
    for stage in ("refinement", "geometry", "validation", "arrhenius"):
        arguments.add_argument(f"--{stage}", required=True, metavar="PATTERN", help=f"files of the {stage}")
    arguments.add_argument("--output", required=True, help="table of the series to write (.tsv)")
    arguments.add_argument("--exclusions", required=True, help="table of exclusions to write (.tsv)")
    arguments.add_argument("--failed", help="table of what failed to write (.tsv)")
    given = arguments.parse_args(argv)

    from coherion.data.contract.tables import EXCLUSIONS, FAILED
    from coherion.data.netcdf import origin_of, read_dataset, write_text
    from coherion.data.series_tables import read_tables
    from coherion.data.tables import write_table
    from coherion.errors import InputError
    from coherion.impedance.pellets import combine_pellets
    from coherion.provenance.failures import without
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.series import SeriesSettings
    from coherion.statistics.collect import exclusion_rows, refuse_taken, rows_of_failed, series_row

    suspects, witnessed = (command.names_of(given.settings, key) for key in ("suspects", "witnessed"))
    failed = command.rows_of(given.settings, "failed", FAILED.names)
    own = {key: value for key, value in given.settings.items() if key not in ("suspects", "witnessed", "failed")}
    settings = settings_from(SeriesSettings, own)
    refuse_taken(settings)
    tables = read_tables({"samples": given.samples, "scans": given.scans, "spectra": given.spectra}, given.schemas)
    tables = tables.lacking(without(failed))
    if tables.with_structure() and not given.ranges:
        raise InputError("no fit range is given", place="--ranges", expected="one or more, such as 2-60")
    rows, arrhenius, validated, side_phases = [], {}, {}, {}
    for name, sample in tables.samples.items():
        if sample["group"] == "standard":
            continue
        fits, geometry, widths = {}, None, None
        if name in tables.with_structure():
            fits = {
                r: read_dataset(command.file_of(given.refinement, name, r), "refine_structure") for r in given.ranges
            }
            geometry = read_dataset(command.file_of(given.geometry, name, given.ranges[0]), "measure_geometry")
        if name in witnessed:
            widths = read_dataset(command.file_of(given.widths, name), "reflection_widths")
        if name in suspects:
            side_phases[name] = read_dataset(command.file_of(given.side_phase, name), "detect_side_phase")
        if name in tables.spectra:
            arrhenius[name] = read_dataset(command.file_of(given.arrhenius, name), "fit_arrhenius")
            validated[name] = read_dataset(command.file_of(given.validation, name), "validate_spectra")
        found = [*fits.values(), *([arrhenius[name]] if name in arrhenius else [])]
        rows.append(
            series_row(
                sample,
                fits,
                geometry,
                arrhenius.get(name),
                settings,
                origin=origin_of(*found),
                side_phase=side_phases.get(name),
                widths=widths,
            )
        )
    rows, pellets = combine_pellets(rows, tables.samples)
    # A sample of which nothing was made is of the kind of the others.
    origin = "simulated" if any(row["origin"] == "simulated" for row in rows) else "measured"
    for row in rows:
        row["origin"] = origin
        if said := [f"{one['step']}: {one['reason']}" for one in failed if one["sample"] == row["sample"]]:
            row["failed"] = "; ".join(said)
    exclusions = exclusion_rows(tables.excluded, arrhenius, validated, side_phases) + pellets + rows_of_failed(failed)
    write_text(given.output, write_table(rows))
    write_text(given.exclusions, write_table(exclusions, EXCLUSIONS.names))
    if given.failed:
        write_text(given.failed, write_table(failed, FAILED.names))


if __name__ == "__main__":
    command.run(main)
