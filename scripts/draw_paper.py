"""Draw one figure of several samples: patterns, G(r), fits, structure, spectra or Arrhenius lines."""

from coherion import command

KINDS = ("patterns", "pair_distributions", "fits", "fit_ranges", "structure", "nyquist", "arrhenius")


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("kind", choices=KINDS, help="what to draw")
    arguments.add_argument("files", nargs="+", help="netCDF of each sample; for the structure a refinement and its CIF")
    arguments.add_argument("--titles", nargs="+", required=True, help="what each sample is called")
    arguments.add_argument("--output", required=True, help="the .pdf; .svg, .png and .tsv are written beside it")
    given = arguments.parse_args(argv)

    from coherion.formats.netcdf import read_dataset

    if given.kind == "structure":
        from coherion.figures.structure import draw_structure
        from coherion.structure.crystal import read_cif

        fit, cif = given.files
        plate = draw_structure(read_cif(cif), origin=read_dataset(fit).attrs["origin"], title=given.titles[0])
    else:
        from coherion.figures import impedance, overview

        room = impedance if given.kind in ("nyquist", "arrhenius") else overview
        draw = getattr(room, f"draw_{given.kind}")
        plate = draw([read_dataset(path) for path in given.files], given.titles)
    plate.save(given.output, given.files)


if __name__ == "__main__":
    command.run(main)
