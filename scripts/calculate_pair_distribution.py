"""Calculate G(r), F(Q), S(Q) and the partial G(r) of structures, without a fit."""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("structures", nargs="+", help="CIF, .stru or .pdb of each phase")
    arguments.add_argument(
        "--output", required=True, help=".gr file to write; .fq and .sq come beside it, and partials as .partials.tsv"
    )
    given = arguments.parse_args(argv)

    from coherion.crystal.cif import formula
    from coherion.crystal.structure_files import read_structure
    from coherion.data.netcdf import write_text
    from coherion.data.pdf_text import write_pdf_text
    from coherion.data.tables import write_table
    from coherion.refinement.calculation import calculate_structures
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.refinement import CalculationSettings

    settings = settings_from(CalculationSettings, given.settings)
    crystals = [read_structure(path) for path in given.structures]
    found = calculate_structures(crystals, settings)
    header = {"mode": settings.radiation, "inputfile": " ".join(Path(path).name for path in given.structures)}
    if len(crystals) == 1:
        header["composition"] = formula(crystals[0])
    header |= {"qmin": settings.qmin, "qmax": settings.qmax, "qdamp": settings.qdamp, "qbroad": settings.qbroad}
    header["origin"] = "SIMULATED: calculated from a structure, not measured"
    target = Path(given.output)
    for kind, x, y in (
        ("gr", found.r, found.pair_distribution),
        ("fq", found.q, found.reduced_structure_factor),
        ("sq", found.q, found.structure_factor),
    ):
        write_pdf_text(target.with_suffix(f".{kind}"), kind, x, y, header=header)
    if found.partials:
        columns = {"r_A": found.r, **{f"G_{pair}_per_A2": g for pair, g in found.partials.items()}}
        rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        write_text(target.with_suffix(".partials.tsv"), write_table(rows, list(columns)))
    print(f"G(r) to {settings.rmax:g} angstrom, {len(found.partials)} partials")


if __name__ == "__main__":
    command.run(main)
