"""Draw the figures of the whole series (Figs. 4, 5, 6b-d, S1, S6, S7, S11, and two more) from its table."""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("series", help="table of the series (.tsv)")
    arguments.add_argument("--paper", help="what the paper says (.yaml), docs/paper.md")
    arguments.add_argument("--correlation", help="netCDF that judge_claims wrote, for the line of Fig. 6d")
    arguments.add_argument(
        "--output", required=True, nargs="+", help="figure_4.pdf and so on; .svg, .png and .tsv are written beside each"
    )
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import read_dataset
    from coherion.figures.correlation import draw_correlation
    from coherion.figures.relations import draw_relations
    from coherion.figures.series import draw_series
    from coherion.paper.reading import read_paper
    from coherion.statistics.series import read_series

    paper = read_paper(given.paper)
    series = read_series(given.series, paper.known)
    correlation = read_dataset(given.correlation, "judge_claims") if given.correlation else None
    of_correlation = {"correlation": draw_correlation, "relations": draw_relations}
    told = [given.paper] if given.paper else []
    sources = [given.series, *told, *([given.correlation] if given.correlation else [])]
    for path in given.output:
        name = Path(path).stem
        if name in of_correlation:
            if correlation is None:
                arguments.error(f"the figure {name!r} needs --correlation")
            of_correlation[name](correlation, paper).save(path, [given.correlation, *told])
        else:
            draw_series(series, name, correlation).save(path, sources)


if __name__ == "__main__":
    command.run(main)
