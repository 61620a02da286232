"""Draw the fits of one sample's G(r) and the reduction that it came from, each picture with its numbers beside it.

The settings may name the title that stands above the figures: {"title": "x = 0.5"}.
"""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("fits", nargs="*", help="netCDF files that refine_structure wrote")
    arguments.add_argument("--reduced", help="netCDF that reduce_scan wrote, if G(r) was reduced here")
    arguments.add_argument("--widths", help="netCDF of the reflections' widths, drawn beside the first fit's readings")
    arguments.add_argument(
        "--output",
        required=True,
        nargs="+",
        help="a .pdf for the reduction, if there is one, and one for each fit; .svg, .png and .tsv are written beside"
        " each",
    )
    given = arguments.parse_args(argv)
    command.refuse_others(given.settings, "title")
    title = command.text_of(given.settings, "title")
    wanted = len(given.fits) + bool(given.reduced)
    if len(given.output) != wanted:
        arguments.error(f"{wanted} names of figures are needed, there are {len(given.output)}")

    from coherion.data.netcdf import read_dataset
    from coherion.figures.reduction import draw_reduction
    from coherion.figures.refinement import draw_refinement

    others = list(given.output)
    if given.reduced:
        draw_reduction(read_dataset(given.reduced, "reduce_scan"), title).save(others.pop(0), [given.reduced])
    widths = read_dataset(given.widths, "reflection_widths") if given.widths else None
    for number, (fit, path) in enumerate(zip(given.fits, others, strict=True)):
        beside = [given.widths] if widths is not None and number == 0 else []
        plate = draw_refinement(read_dataset(fit, "refine_structure"), title, widths if beside else None)
        plate.save(path, [fit, *beside])


if __name__ == "__main__":
    command.run(main)
