"""Draw one figure of several samples: patterns, G(r), fits, structure, spectra or Arrhenius lines."""

from coherion import command

# What is drawn, and the command that writes the files it is drawn from.
KINDS = {
    "patterns": "reduce_scan",
    "pair_distributions": "reduce_scan",
    "fits": "refine_structure",
    "structure": "refine_structure",
    "nyquist": "fit_circuits",
    "arrhenius": "fit_arrhenius",
}


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("kind", choices=KINDS, help="what to draw")
    arguments.add_argument("files", nargs="+", help="netCDF of each sample; for the structure a refinement and its CIF")
    arguments.add_argument("--titles", nargs="+", required=True, help="what each sample is called")
    arguments.add_argument("--output", required=True, help="the .pdf; .svg, .png and .tsv are written beside it")
    given = arguments.parse_args(argv)

    from coherion.errors import InputError
    from coherion.formats.netcdf import read_dataset

    if len(given.files) != len(given.titles) and given.kind != "structure":
        raise InputError(
            "files and titles differ in number", place="--titles", found=len(given.titles), expected=len(given.files)
        )

    if given.kind == "structure":
        from coherion.figures.structure import draw_structure
        from coherion.structure.crystal import read_cif

        if len(given.files) != 2:
            raise InputError("a structure is drawn from two files", found=given.files, expected="a refinement, its CIF")
        fit, cif = given.files
        origin = read_dataset(fit, "refine_structure").attrs["origin"]
        plate = draw_structure(read_cif(cif), origin=origin, title=given.titles[0])
    else:
        from coherion.figures import impedance, overview

        room = impedance if given.kind in ("nyquist", "arrhenius") else overview
        draw = getattr(room, f"draw_{given.kind}")
        plate = draw([read_dataset(path, KINDS[given.kind]) for path in given.files], given.titles)
    plate.save(given.output)


if __name__ == "__main__":
    command.run(main)
