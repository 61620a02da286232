"""Measure bonds, angles, polyhedra and bond valences of a refined structure, with their uncertainties."""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("refinement", help="netCDF that refine_structure wrote")
    arguments.add_argument("structure", help="the CIF that the refinement of this phase started from")
    arguments.add_argument("--phase", help="name of the phase, where the refinement has several (default: the first)")
    arguments.add_argument("--output", required=True, help="netCDF to write")
    arguments.add_argument("--table", help="table of the quantities to write (.tsv)")
    given = arguments.parse_args(argv)

    from coherion.crystal.geometry_output import dataset_of, measure_refined, table_rows
    from coherion.crystal.structure_files import read_structure
    from coherion.data.netcdf import read_dataset, write_dataset, write_text
    from coherion.data.tables import write_table
    from coherion.settings.model import as_plain
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.geometry import GeometrySettings

    settings = settings_from(GeometrySettings, given.settings)
    fit = read_dataset(given.refinement, "refine_structure")
    found = measure_refined(fit, read_structure(given.structure), settings, given.phase)
    if given.table:
        write_text(given.table, write_table(table_rows(found)))
    sources = [given.refinement, given.structure]
    told = as_plain(settings)
    write_dataset(dataset_of(found, fit), given.output, "measure_geometry", sources=sources, settings=told)


if __name__ == "__main__":
    command.run(main)
