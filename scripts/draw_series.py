"""Draw the figures of the whole series (Figs. 4, 5, 6b-d, S6, S7, S11) from its table."""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("series", help="table of the series (.tsv)")
    arguments.add_argument(
        "--output", required=True, nargs="+", help="figure_4.pdf and so on; .svg, .png and .tsv are written beside each"
    )
    given = arguments.parse_args(argv)

    from coherion.figures.series import draw_series
    from coherion.statistics.series import read_series

    series = read_series(given.series)
    for path in given.output:
        draw_series(series, Path(path).stem).save(path)


if __name__ == "__main__":
    command.run(main)
