"""Refine a standard (LaB6, Ni, CeO2) for the instrument's qdamp and qbroad."""

from functools import partial

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("pdf", help="netCDF of the standard's reduction, or a .gr file")
    arguments.add_argument("structure", help="CIF of the standard")
    arguments.add_argument("--output", required=True, help="JSON to write: qdamp, qbroad, uncertainties, correlation")
    arguments.add_argument("--fit", help="netCDF of the fit to write")
    given = arguments.parse_args(argv)

    from coherion.crystal.structure_files import read_structure
    from coherion.data.netcdf import write_dataset
    from coherion.refinement.observed import read_observed
    from coherion.refinement.output import dataset_of
    from coherion.refinement.resolution import refine_standard, write_resolution
    from coherion.settings.model import as_plain
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.resolution import StandardSettings

    settings = settings_from(StandardSettings, given.settings)
    observed = read_observed(given.pdf, settings.qmax)
    crystal = read_structure(given.structure)
    found, resolution = refine_standard(crystal, observed, settings, partial(print, flush=True))
    sources, told = [given.pdf, given.structure], as_plain(settings)
    if given.fit:
        write_dataset(dataset_of(found), given.fit, "refine_structure", sources=sources, settings=told)
    write_resolution(given.output, resolution, sources=sources, settings=told)


if __name__ == "__main__":
    command.run(main)
