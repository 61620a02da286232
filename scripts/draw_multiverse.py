"""Draw a statement's number in every analysis of a multiverse, over the choices that each made."""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("batches", nargs="+", help="files that run_multiverse wrote")
    arguments.add_argument("--paper", required=True, help="what the paper says (.yaml), with the choices")
    arguments.add_argument("--series", required=True, help="table of the series, which says where the data come from")
    arguments.add_argument("--statement", help="id of the statement (default: the first that is judged)")
    arguments.add_argument("--output", required=True, help="the .pdf; .svg, .png and .tsv are written beside it")
    given = arguments.parse_args(argv)

    from coherion.multiverse.curve import specification_curve
    from coherion.multiverse.results import read_outcomes, refuse_others
    from coherion.paper.reading import read_paper
    from coherion.statistics.series import read_series

    paper, outcomes = read_paper(given.paper), read_outcomes(given.batches)
    refuse_others(paper, outcomes)
    origin = "simulated" if "simulated" in read_series(given.series, paper.known).texts("origin") else "measured"
    plate = specification_curve(paper, outcomes, given.statement, origin)
    plate.save(given.output, [*given.batches, given.paper])


if __name__ == "__main__":
    command.run(main)
