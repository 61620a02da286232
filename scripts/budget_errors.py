"""What the error of each main number is made of: a table and a figure."""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("series", help="tab-separated table of the series, one row per sample")
    arguments.add_argument("--paper", required=True, help="what the paper says (.yaml)")
    arguments.add_argument("--arrhenius", nargs="*", default=[], help="files that fit_arrhenius wrote")
    arguments.add_argument("--quantities", help="table of the spread between analyses that collect_multiverse wrote")
    arguments.add_argument("--resistance", default="total", help="which resistance the conductivity comes from")
    arguments.add_argument("--output", required=True, help="table to write (.tsv)")
    arguments.add_argument("--figure", required=True, help="the .pdf; .svg, .png and .tsv are written beside it")
    given = arguments.parse_args(argv)

    from coherion.data.contract.tables import BUDGET
    from coherion.data.netcdf import read_dataset, write_text
    from coherion.data.tables import read_rows, write_table
    from coherion.multiverse.budget import budget_rows, draw_budget
    from coherion.paper.reading import read_paper
    from coherion.statistics.series import read_series

    series = read_series(given.series, read_paper(given.paper).known)
    found = [read_dataset(path, "fit_arrhenius") for path in given.arrhenius]
    arrhenius = {str(one.attrs["sample"]): one for one in found}
    spreads = read_rows(given.quantities, "quantity", "sample", "between_sd") if given.quantities else []
    rows = list(budget_rows(series, arrhenius, spreads, given.resistance))
    origin = "simulated" if "simulated" in series.texts("origin") else "measured"
    write_text(given.output, write_table(rows, BUDGET.names))
    sources = [given.series, *given.arrhenius, *([given.quantities] if given.quantities else [])]
    draw_budget(rows, origin).save(given.figure, sources)


if __name__ == "__main__":
    command.run(main)
