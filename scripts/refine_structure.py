"""Refine a crystal structure against G(r), over one fit range or several, each by itself."""

from functools import partial
from pathlib import Path

from coherion import command, messages


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("pdf", help="netCDF of a reduction, or a .gr file")
    arguments.add_argument("structures", nargs="+", help="CIF, .stru or .pdb of each phase")
    arguments.add_argument(
        "--resolution", help="file that refine_standard wrote; replaces qdamp and qbroad of the settings"
    )
    arguments.add_argument(
        "--with",
        dest="further",
        nargs="+",
        default=[],
        metavar="PDF",
        help="further G(r) of the same sample, refined together with the first: neutrons beside X-rays, another Qmax",
    )
    arguments.add_argument(
        "--start-from", help="netCDF of the refinement of a sample before this one: where it ended is one start more"
    )
    arguments.add_argument(
        "--ranges",
        nargs="+",
        metavar="RANGE",
        help="fit ranges in angstrom such as 2-60, in place of the settings' own; {range} in the names of what is"
        " written stands for each. Other envelopes and profiles are computed for the first one only",
    )
    arguments.add_argument("--output", required=True, help="netCDF to write")
    arguments.add_argument("--cif", help="refined CIF to write; of further phases beside it as NAME.PHASE.cif")
    arguments.add_argument("--stru", help="the same as PDFgui's .stru, and as --cif for further phases")
    arguments.add_argument(
        "--pdffit2", help="script (.py) that repeats the fit with diffpy.pdffit2; its data come beside it as .gr"
    )
    arguments.add_argument(
        "--topas",
        help="the fit as an input of TOPAS (.inp); its data come beside it as .xy, of further data sets as .2.xy",
    )
    arguments.add_argument("--fit", help="text file of the fit to write, in the form of PDFgui's .fgr")
    arguments.add_argument("--table", help="table of parameters to write (.tsv)")
    given = arguments.parse_args(argv)

    from coherion.crystal.structure_files import read_structure
    from coherion.refinement.in_turn import where_it_ended
    from coherion.refinement.observed import read_together
    from coherion.refinement.recipe import run_recipe
    from coherion.refinement.resolution import read_resolution
    from coherion.refinement.steps.otherwise import read_otherwise
    from coherion.settings.model import as_plain
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.refinement import RefinementSettings, settings_of_ranges

    chosen = dict(given.settings)
    if given.resolution:
        chosen |= read_resolution(given.resolution).as_settings()
    crystals = [read_structure(path) for path in given.structures]
    before = where_it_ended(given.start_from, crystals) if given.start_from else None
    sources = [given.pdf, *given.further, *given.structures, *filter(None, (given.resolution, given.start_from))]
    if given.ranges and len(given.ranges) > 1 and "{range}" not in given.output:
        arguments.error("with several --ranges, {range} must stand in the names of the files to write")
    for name, own in settings_of_ranges(chosen, given.ranges).items():
        settings = settings_from(RefinementSettings, own)
        with messages.about(name):
            observed = read_together(given.pdf, given.further, settings)
            say = partial(print, flush=True)
            found = run_recipe(crystals, observed, settings, before=before, say=say)
            otherwise = read_otherwise(found, float(found.course.rw.min()), say)
            files = {
                kind: path.replace("{range}", name)
                for kind in ("output", "cif", "stru", "pdffit2", "topas", "fit", "table")
                if (path := getattr(given, kind))
            }
            write(found, sources, as_plain(settings), otherwise, **files)


def write(
    found, sources, settings, otherwise, output, cif=None, stru=None, pdffit2=None, topas=None, fit=None, table=None
):
    from coherion.data.netcdf import write_dataset, write_text
    from coherion.data.tables import write_table
    from coherion.refinement import output as refinement_output
    from coherion.refinement.exports.pdffit2 import pdffit2_script
    from coherion.refinement.exports.topas import topas_input

    if cif:
        forget_phases(Path(cif), stru and Path(stru))
    for path, texts in ((cif, refinement_output.refined_cifs), (stru, refinement_output.refined_strus)):
        if path:
            for number, (name, text) in enumerate(texts(found).items()):
                own = Path(path)
                write_text(own if number == 0 else own.with_name(f"{own.stem}.{name}{own.suffix}"), text)
    if pdffit2:
        data = Path(pdffit2).with_suffix(".gr")
        write_text(data, refinement_output.data_file(found))
        write_text(pdffit2, pdffit2_script(found, data.name))
    if topas:
        columns = refinement_output.data_columns(found)
        own = Path(topas).with_suffix("")
        data = [own.with_name(f"{own.name}{f'.{k}' if k > 1 else ''}.xy") for k in range(1, len(columns) + 1)]
        for path, text in zip(data, columns, strict=True):
            write_text(path, text)
        write_text(topas, topas_input(found, [path.name for path in data]))
    if fit:
        write_text(fit, refinement_output.fit_file(found))
    if table:
        write_text(table, write_table(refinement_output.table_rows(found), refinement_output.TABLE_COLUMNS))
    made = refinement_output.dataset_of(found, otherwise)
    write_dataset(made, output, "refine_structure", sources=sources, settings=settings)


def forget_phases(cif, stru):
    """Delete what a refinement of other phases, or in another order, wrote of its further ones: CIFs that say that
    coherion wrote them, and the .stru of the same names."""
    for path in cif.parent.glob("*" + cif.suffix):
        name = path.stem.removeprefix(f"{cif.stem}.")
        if name != path.stem and "_audit_creation_method 'coherion " in path.read_text(errors="replace"):
            path.unlink()
            if stru:
                stru.with_name(f"{stru.stem}.{name}{stru.suffix}").unlink(missing_ok=True)


if __name__ == "__main__":
    command.run(main)
