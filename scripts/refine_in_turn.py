"""Refine windows along one G(r) (a boxcar), or the G(r) of several samples in their order, each from the last.

One file of G(r) is refined in windows, by the settings width and step. Of several each is one step, and --places says
where it stands: a temperature, a composition, a time.
"""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument(
        "pdf", nargs="+", help="netCDF of a reduction, or a .gr file; one, or several in their order"
    )
    arguments.add_argument("--structures", nargs="+", required=True, help="CIF, .stru or .pdb of each phase")
    arguments.add_argument(
        "--places", nargs="+", type=float, help="a number for each of several files (default: 1, 2 ...)"
    )
    arguments.add_argument("--label", default="", help="what the figure calls these numbers")
    arguments.add_argument("--output", required=True, help="table to write (.tsv)")
    arguments.add_argument("--figure", help=".pdf to write; .svg, .png and .tsv come beside it")
    given = arguments.parse_args(argv)
    if given.figure and Path(given.figure).with_suffix(".tsv") == Path(given.output):
        arguments.error("the figure's numbers are written beside it as .tsv: give it another name than the table")
    if given.places is not None and len(given.places) != len(given.pdf):
        arguments.error(f"{len(given.pdf)} numbers are needed after --places, there are {len(given.places)}")

    from coherion.crystal.structure_files import read_structure
    from coherion.data.netcdf import write_text
    from coherion.data.tables import write_table
    from coherion.refinement.in_turn import refine_sequence, refine_windows, refined_names, rows_in_turn
    from coherion.refinement.observed import read_observed
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.refinement import InTurnSettings

    settings = settings_from(InTurnSettings, given.settings)
    crystals = [read_structure(path) for path in given.structures]
    data = [read_observed(path, settings.qmax) for path in given.pdf]
    if len(data) == 1:
        steps = refine_windows(crystals, data[0], settings)
    else:
        steps = refine_sequence(
            crystals, list(zip(given.places or range(1, len(data) + 1), data, strict=True)), settings
        )
    rows = list(rows_in_turn(steps))
    write_text(given.output, write_table(rows))
    if given.figure:
        from coherion.figures.refinement import draw_in_turn

        label = given.label or ("centre of the window / Å" if len(data) == 1 else "step")
        plate = draw_in_turn(rows, refined_names(steps), label, data[0].origin)
        plate.save(Path(given.figure), [*given.pdf, *given.structures])


if __name__ == "__main__":
    command.run(main)
