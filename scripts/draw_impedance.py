"""Draw the spectra of one sample with their fits, Kramers-Kronig residuals and Arrhenius line."""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("validated", help="netCDF that validate_spectra wrote")
    arguments.add_argument("circuits", help="netCDF that fit_circuits wrote")
    arguments.add_argument("arrhenius", help="netCDF that fit_arrhenius wrote")
    arguments.add_argument("--title", default="", help="what stands above the figure")
    arguments.add_argument("--output", required=True, help="the .pdf; .svg, .png and .tsv are written beside it")
    given = arguments.parse_args(argv)

    from coherion.figures.impedance import draw_impedance
    from coherion.formats.netcdf import read_dataset

    sources = [given.validated, given.circuits, given.arrhenius]
    found = [read_dataset(path) for path in sources]
    draw_impedance(*found, given.title).save(given.output, sources)


if __name__ == "__main__":
    command.run(main)
