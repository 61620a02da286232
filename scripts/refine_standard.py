"""Refine a standard (LaB6, Ni, CeO2) for the instrument's qdamp and qbroad."""

from dataclasses import replace
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
    from coherion.refinement.readings import grains_of
    from coherion.refinement.recipe import run_recipe
    from coherion.refinement.resolution import resolution_of, write_resolution
    from coherion.settings.model import as_plain
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.resolution import StandardSettings

    settings = settings_from(StandardSettings, given.settings)
    observed = read_observed(given.pdf, settings.qmax)
    crystal = read_structure(given.structure)
    found = run_recipe([crystal], observed, settings, say=partial(print, flush=True))
    result = found.result
    resolution = resolution_of(
        result.parameters,
        result.values,
        found.covariance(scaled=True),
        rw=found.rw,
        chi_squared_reduced=found.chi_squared_reduced,
        standard=crystal.name,
        origin=observed.origin,
    )
    inverse, inverse_sd, gain = grains_of(found)
    resolution = replace(resolution, grain_inverse_length=inverse, grain_inverse_length_sd=inverse_sd, grain_gain=gain)
    sources, told = [given.pdf, given.structure], as_plain(settings)
    if given.fit:
        write_dataset(dataset_of(found), given.fit, "refine_structure", sources=sources, settings=told)
    write_resolution(given.output, resolution, sources=sources, settings=told)


if __name__ == "__main__":
    command.run(main)
