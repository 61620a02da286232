"""Which further sample would most likely decide each statement that is undecided: a table of candidates.

The settings are those of the claims, and may say how many samples are simulated for each candidate:
{"simulations": 40}
"""

from coherion import command
from coherion.errors import InputError


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("series", help="tab-separated table of the series, one row per sample")
    arguments.add_argument("--claims", required=True, help="table of the verdicts that judge_claims wrote")
    arguments.add_argument("--paper", required=True, help="what the paper says (.yaml)")
    arguments.add_argument("--output", required=True, help="table of candidates to write (.tsv)")
    given = arguments.parse_args(argv)

    from coherion.data.contract.tables import NEXT_SAMPLE
    from coherion.data.netcdf import write_text
    from coherion.data.tables import read_rows, write_table
    from coherion.multiverse.next_sample import proposals
    from coherion.paper.reading import read_paper
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.claims import ClaimSettings
    from coherion.statistics.series import read_series

    told = dict(given.settings)
    simulations = told.pop("simulations", 40)
    if not isinstance(simulations, int) or not 1 <= simulations <= 10_000:
        raise InputError(
            "not a number of simulations", place="key simulations", found=simulations, expected="1 to 10000"
        )
    settings, paper = settings_from(ClaimSettings, told), read_paper(given.paper)
    series = read_series(given.series, paper.known)
    undecided = [row["id"] for row in read_rows(given.claims, "id", "verdict") if row["verdict"] == "undecided"]
    rows = [
        {
            "statement": statement.id,
            "rank": rank,
            "candidate": one.candidate.words(paper.abscissa),
            "abscissa": one.candidate.abscissa,
            "annealing_C": one.candidate.annealing,
            "time": one.candidate.time,
            "expected": one.expected,
            "decided": one.decided,
            "holds": one.holds,
            "fails": one.fails,
            "error": one.error,
        }
        for statement, found in proposals(series, paper, settings, undecided, simulations)
        for rank, one in enumerate(found, start=1)
    ]
    write_text(given.output, write_table(rows, NEXT_SAMPLE.names))
    for row in rows:
        if row["rank"] == 1:
            print(f"{row['statement']}: {row['candidate']} decides it in {100 * (row['decided'] or 0):.0f} %")


if __name__ == "__main__":
    command.run(main)
