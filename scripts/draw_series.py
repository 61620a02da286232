"""Draw the figures of the whole series that the paper declares from its table, each by its name."""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("series", help="table of the series (.tsv)")
    arguments.add_argument("--paper", required=True, help="what the paper says (.yaml), docs/paper.md")
    arguments.add_argument("--correlation", help="netCDF that judge_claims wrote, for lines and correlations")
    arguments.add_argument(
        "--output", required=True, nargs="+", help="NAME.pdf of figures; .svg, .png and .tsv are written beside each"
    )
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import read_dataset
    from coherion.errors import InputError
    from coherion.figures.correlation import draw_correlation
    from coherion.figures.readings import draw_lengths
    from coherion.figures.relations import draw_relations
    from coherion.figures.series import draw_overview, draw_series
    from coherion.paper.reading import read_paper
    from coherion.settings.paper import figures
    from coherion.statistics.series import read_series

    paper = read_paper(given.paper)
    series = read_series(given.series, paper.known)
    correlation = read_dataset(given.correlation, "judge_claims") if given.correlation else None
    of_correlation = {figures.Correlation: draw_correlation, figures.Relations: draw_relations}
    declared = {one.name: one for one in paper.figures}
    sources = [given.series, given.paper, *([given.correlation] if given.correlation else [])]
    for path in given.output:
        figure = declared.get(Path(path).stem)
        match figure:
            case figures.Correlation() | figures.Relations():
                if correlation is None:
                    arguments.error(f"the figure {figure.name!r} needs --correlation")
                plate = of_correlation[type(figure)](correlation, paper)
            case figures.Series():
                plate = draw_series(series, paper, figure, correlation)
            case figures.Overview():
                plate = draw_overview(series, paper, figure)
            case figures.Readings():
                plate = draw_lengths(series)
            case _:
                raise InputError(
                    "the paper has no figure of the series with this name",
                    file=given.paper,
                    found=Path(path).stem,
                    expected=", ".join(declared) or "none",
                )
        plate.save(path, sources)


if __name__ == "__main__":
    command.run(main)
