"""Draw the spectra of one sample with their fits, Kramers-Kronig residuals and Arrhenius line.

The settings may name the title that stands above the figure: {"title": "x = 0.5"}.
"""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("validated", help="netCDF that validate_spectra wrote")
    arguments.add_argument("circuits", help="netCDF that fit_circuits wrote")
    arguments.add_argument("arrhenius", help="netCDF that fit_arrhenius wrote")
    arguments.add_argument("--output", required=True, help="the .pdf; .svg, .png and .tsv are written beside it")
    given = arguments.parse_args(argv)
    command.refuse_others(given.settings, "title")
    title = command.text_of(given.settings, "title")

    from coherion.data.netcdf import read_dataset
    from coherion.figures.impedance import draw_impedance

    makers = ("validate_spectra", "fit_circuits", "fit_arrhenius")
    files = (given.validated, given.circuits, given.arrhenius)
    found = [read_dataset(path, maker) for path, maker in zip(files, makers, strict=True)]
    draw_impedance(*found, title).save(given.output, files)


if __name__ == "__main__":
    command.run(main)
