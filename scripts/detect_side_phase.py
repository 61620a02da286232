"""Look for a side phase: its reflection in the pattern, and two phases instead of one where that is asked for."""

from functools import partial

from coherion import command, messages


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("reduced", help="netCDF of the reduction")
    arguments.add_argument("refinement", help="netCDF of the refinement with one phase")
    arguments.add_argument("structures", nargs="+", help="CIF of each phase that the refinement started from")
    arguments.add_argument("--side", required=True, help="CIF of the side phase")
    arguments.add_argument("--output", required=True, help="netCDF to write")
    arguments.add_argument("--table", help="table of the numbers and the decision to write (.tsv)")
    given = arguments.parse_args(argv)

    import json

    from coherion.crystal.structure_files import read_structure
    from coherion.data.netcdf import origin_of, read_dataset, write_dataset, write_text
    from coherion.data.tables import write_table
    from coherion.refinement.side_phase import detection as side_phase
    from coherion.settings.model import as_plain
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.reflections import SidePhaseSettings

    settings = settings_from(SidePhaseSettings, given.settings)
    reduced, fit = read_dataset(given.reduced, "reduce_scan"), read_dataset(given.refinement, "refine_structure")
    starting, side = [read_structure(path) for path in given.structures], read_structure(given.side)
    crystals = side_phase.fitted_crystals(fit, starting)
    settings = side_phase.settled(settings, side, reduced, fit, crystals)
    *window, found = side_phase.search(reduced, fit, crystals, settings)
    rw = float(fit.attrs["rw"])
    print(f"reflection at {settings.reflection_q:g} 1/angstrom: {found.z:.3g} sigma; Rw {rw:.4f} with one phase")
    why = side_phase.cause(found.z, rw, settings)
    if why and side.name in [crystal.name for crystal in crystals]:
        print(f"{side.name} is among the refined phases already")
        why = ""
    both = two = None
    if why:
        from coherion.refinement.observed import read_observed

        print(f"two phases are tried: {why}", flush=True)
        recipe = json.loads(fit.attrs["settings"])
        observed = read_observed(given.reduced, recipe.get("qmax"))
        both = side_phase.refine_both(observed, starting, side, recipe, say=partial(print, flush=True))
        two = side_phase.compare(fit, both)
    decision = side_phase.decide(found.z, rw, two, side.name, settings)
    print(decision.reason)
    if two is not None:
        messages.warn(decision.reason)

    from coherion.refinement.side_phase import output

    made = output.dataset_of(
        tuple(window),
        reduced["intensity_net"].attrs["units"],
        found,
        fit,
        both,
        two,
        decision,
        settings,
        name=side.name,
        cause=why,
        origin=origin_of(reduced, fit),
    )
    sources = [given.reduced, given.refinement, *given.structures, given.side]
    write_dataset(made, given.output, "detect_side_phase", sources=sources, settings=as_plain(settings))
    if given.table:
        write_text(given.table, write_table(output.table_rows(made), output.TABLE_COLUMNS))


if __name__ == "__main__":
    command.run(main)
