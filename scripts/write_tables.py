"""Write the tables of the supporting information: structures, resistances, fit ranges, series, claims, exclusions.

Each becomes NAME.tsv, NAME.tex and NAME.html in the folder; tables.tex is a document of all of them. The files of a
sample are named by patterns in which {sample} and {range} stand for its name and the fit range.
"""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("samples", help="table of the samples")
    arguments.add_argument("--scans", help="table of the scans")
    arguments.add_argument("--spectra", help="table of the spectra")
    arguments.add_argument("--schemas", required=True, help="folder of the schemas of the tables")
    arguments.add_argument("--ranges", nargs="*", default=[], help="fit ranges, the one that counts first")
    arguments.add_argument("--paper", required=True, help="what the paper says (.yaml), docs/paper.md")
    for stage in ("refinement", "circuits", "arrhenius"):
        arguments.add_argument(f"--{stage}", required=True, metavar="PATTERN", help=f"files of the {stage}")
    arguments.add_argument("--structures", default=".", help="where starting structures are that are not here")
    arguments.add_argument("--series", required=True, help="table of the series")
    arguments.add_argument("--exclusions", required=True, help="table of the exclusions")
    arguments.add_argument("--claims", help="table of the verdicts")
    arguments.add_argument("--failed", help="table of what failed")
    arguments.add_argument("--output", required=True, type=Path, help="folder to write into")
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import read_dataset
    from coherion.data.series_tables import read_tables
    from coherion.data.tables import read_rows
    from coherion.paper.reading import read_paper
    from coherion.provenance.failures import without
    from coherion.statistics.quantities.selection import mask_of
    from coherion.statistics.series import read_series
    from coherion.tables import contents, ranges, series, transport
    from coherion.tables.files import read_structures, structure_tables, write_all

    tables = read_tables({"samples": given.samples, "scans": given.scans, "spectra": given.spectra}, given.schemas)
    if given.failed:
        tables = tables.lacking(without(read_rows(given.failed, "sample", "without")))
    rows = read_rows(given.series, "sample", "origin")
    excluded = {row["sample"]: row["excluded"] for row in rows if row.get("excluded")}
    described = {name: tables.samples[name] for name in tables.with_structure()}

    def fit_of(name, fit_range):
        fit = read_dataset(command.file_of(given.refinement, name, fit_range), "refine_structure")
        # No table has G(r), which is most of a fit's memory.
        return fit.drop_dims([dimension for dimension in ("r", "fitted_r") if dimension in fit.dims])

    fits = {name: {one: fit_of(name, one) for one in given.ranges} for name in described}
    measured = tables.with_spectra()
    circuits = {name: read_dataset(command.file_of(given.circuits, name), "fit_circuits") for name in measured}
    arrhenius = {name: read_dataset(command.file_of(given.arrhenius, name), "fit_arrhenius") for name in measured}

    def structures(chosen):
        for name, fit_range in chosen:
            called = name if fit_range == given.ranges[0] else f"{name}_{fit_range}"
            fit, sample = fits[name][fit_range], described[name]
            starts = read_structures(sample["structure"], given.structures)
            yield from structure_tables(fit, starts, sample, name=called, excluded=excluded.get(name, ""))

    paper = read_paper(given.paper)
    collected = read_series(given.series, paper.known)
    chosen = [collected.where(mask_of(paper.groups[name], collected)) for name in paper.tables.structures]
    groups = [one.texts("sample") for one in chosen]
    first, others, left_out = contents.structures_in_order(
        described, given.ranges, groups, paper.tables.every_range_of, excluded
    )
    origin = "simulated" if any(row.get("origin") == "simulated" for row in rows) else "measured"
    write_all(
        contents.numbered(
            [
                *structures(first),
                transport.resistances_table(circuits, arrhenius) if measured else None,
                *structures(others),
                *structures(left_out),
                transport.conductivities_table(arrhenius) if measured else None,
                ranges.ranges_table(fits, excluded),
                series.series_table(rows, given.ranges, series.labels_of(paper)),
                series.claims_table(read_rows(given.claims, "id", "verdict")) if given.claims else None,
                series.exclusions_table(read_rows(given.exclusions, "sample", "reason"), origin),
            ],
            paper.tables.first,
        ),
        given.output,
    )


if __name__ == "__main__":
    command.run(main)
