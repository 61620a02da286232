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

    from coherion.data.netcdf import read_dataset
    from coherion.figures.impedance import draw_impedance

    makers = ("validate_spectra", "fit_circuits", "fit_arrhenius")
    files = (given.validated, given.circuits, given.arrhenius)
    found = [read_dataset(path, maker) for path, maker in zip(files, makers, strict=True)]
    draw_impedance(*found, given.title).save(given.output, files)


if __name__ == "__main__":
    command.run(main)
