"""Draw I(Q), S(Q), F(Q) and G(r) of one sample, each picture with its numbers beside it.

The settings may name the title that stands above the figure: {"title": "x = 0.5"}.
"""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("reduced", help="netCDF that reduce_scan wrote")
    arguments.add_argument("--output", required=True, help="the .pdf; .svg, .png and .tsv are written beside it")
    given = arguments.parse_args(argv)
    command.refuse_others(given.settings, "title")
    title = command.text_of(given.settings, "title")

    from coherion.data.netcdf import read_dataset
    from coherion.figures.reduction import draw_reduction

    draw_reduction(read_dataset(given.reduced, "reduce_scan"), title).save(given.output, [given.reduced])


if __name__ == "__main__":
    command.run(main)
