"""Draw I(Q), S(Q), F(Q) and G(r) of one sample, each picture with its numbers beside it."""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("reduced", help="netCDF that reduce_scan wrote")
    arguments.add_argument("--title", default="", help="what stands above the figure")
    arguments.add_argument("--output", required=True, help="the .pdf; .svg, .png and .tsv are written beside it")
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import read_dataset
    from coherion.figures.reduction import draw_reduction

    draw_reduction(read_dataset(given.reduced, "reduce_scan"), given.title).save(given.output, [given.reduced])


if __name__ == "__main__":
    command.run(main)
