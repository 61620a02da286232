"""Draw the fit of one G(r), the picture with its numbers beside it."""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("fit", help="netCDF that refine_structure wrote")
    arguments.add_argument("--title", default="", help="what stands above the figure")
    arguments.add_argument("--output", required=True, help="the .pdf; .svg, .png and .tsv are written beside it")
    given = arguments.parse_args(argv)

    from coherion.figures.refinement import draw_refinement
    from coherion.formats.netcdf import read_dataset

    draw_refinement(read_dataset(given.fit, "refine_structure"), given.title).save(given.output)


if __name__ == "__main__":
    command.run(main)
