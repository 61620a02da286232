"""Refine a crystal structure against G(r)."""

from functools import partial
from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("pdf", help="netCDF of a reduction, or a .gr file")
    arguments.add_argument("structures", nargs="+", help="CIF of each phase")
    arguments.add_argument(
        "--resolution", help="file that refine_standard wrote; replaces qdamp and qbroad of the settings"
    )
    arguments.add_argument("--output", required=True, help="netCDF to write")
    arguments.add_argument("--cif", help="refined CIF to write; of further phases beside it as NAME.PHASE.cif")
    arguments.add_argument("--fit", help="text file of the fit to write, in the form of PDFgui's .fgr")
    arguments.add_argument("--table", help="table of parameters to write (.tsv)")
    given = arguments.parse_args(argv)

    from coherion.formats.netcdf import write_dataset, write_text
    from coherion.formats.tables import write_table
    from coherion.scattering.resolution import read_resolution
    from coherion.structure import refinement_output as output
    from coherion.structure.crystal import read_cif
    from coherion.structure.observed import read_observed
    from coherion.structure.recipe import run_recipe
    from coherion.structure.recipe_settings import RefinementSettings

    chosen = dict(given.settings)
    if given.resolution:
        chosen |= read_resolution(given.resolution).as_settings()
    settings = RefinementSettings.from_mapping(chosen)
    observed = read_observed(given.pdf, settings.qmax)
    found = run_recipe(
        [read_cif(path) for path in given.structures], observed, settings, say=partial(print, flush=True)
    )

    if given.cif:
        for number, (name, text) in enumerate(output.refined_cifs(found).items()):
            path = Path(given.cif)
            write_text(path if number == 0 else path.with_name(f"{path.stem}.{name}{path.suffix}"), text)
    if given.fit:
        write_text(given.fit, output.fit_file(found))
    if given.table:
        write_text(given.table, write_table(output.table_rows(found), output.TABLE_COLUMNS))
    sources = [given.pdf, *given.structures, *([given.resolution] if given.resolution else [])]
    write_dataset(output.dataset_of(found), given.output, sources=sources, settings=settings.as_dict())


if __name__ == "__main__":
    command.run(main)
