"""Judge every statement of the paper against the table of the series.

Writes one row per statement (claims.tsv) and, with --correlation, what the figures of conductivity against
coherence length need (netCDF); with --unmeasured, how strong something that nobody measured must be to undo a statement
that two quantities go together.
"""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("series", help="tab-separated table of the series, one row per sample")
    arguments.add_argument("--paper", help="what the paper says (.yaml), docs/paper.md")
    arguments.add_argument("--output", required=True, help="table of the verdicts to write (.tsv)")
    arguments.add_argument("--correlation", help="netCDF of the correlation to write")
    arguments.add_argument("--unmeasured", help="table of what was not measured to write (.tsv)")
    arguments.add_argument(
        "--origin", choices=("measured", "simulated"), help="where the data come from (default: column origin)"
    )
    given = arguments.parse_args(argv)

    from coherion.data.contract.tables import UNMEASURED
    from coherion.data.netcdf import write_dataset, write_text
    from coherion.data.tables import write_table
    from coherion.errors import InputError
    from coherion.paper.claims import judge, table, told_of_failed, unmeasured_rows
    from coherion.paper.curves import correlation_dataset
    from coherion.paper.reading import read_paper
    from coherion.settings.model import as_plain
    from coherion.settings.paper.paper import Paper
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.claims import ClaimSettings
    from coherion.statistics.series import read_series

    settings = settings_from(ClaimSettings, given.settings)
    paper = read_paper(given.paper) if given.paper else Paper()
    series = read_series(given.series, paper.known)
    stated = set(series.texts("origin")) - {""}
    if unknown := stated - {"measured", "simulated"}:
        raise InputError("unknown origin", file=given.series, found=unknown.pop(), expected="measured or simulated")
    if not stated and given.origin is None:
        raise InputError(
            "nothing says whether the data were measured or simulated",
            file=given.series,
            advice="add a column origin, or give --origin",
        )
    # One simulated row makes all that is drawn from the table simulated, whatever the command line says.
    origin = "simulated" if "simulated" in (*stated, given.origin) else "measured"

    write_text(given.output, table(told_of_failed(judge(series, paper, settings), series), origin))
    if given.unmeasured:
        write_text(given.unmeasured, write_table(unmeasured_rows(series, paper, settings, origin), UNMEASURED.names))
    if given.correlation:
        dataset = correlation_dataset(series, paper, settings, origin)
        told = as_plain(settings)
        sources = [given.series, *([given.paper] if given.paper else [])]
        write_dataset(dataset, given.correlation, "judge_claims", sources=sources, settings=told)


if __name__ == "__main__":
    command.run(main)
