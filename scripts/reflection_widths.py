"""Size and strain once more, from the widths of a sample's reflections and those of a standard."""

from __future__ import annotations

from collections.abc import Sequence

from coherion import command, messages


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__)
    arguments.add_argument("reduced", help="netCDF of the sample's reduction")
    arguments.add_argument("refinement", help="netCDF of its refinement with one phase")
    arguments.add_argument("refined", help="refined structure: the .cif that the refinement wrote")
    arguments.add_argument("--standard", required=True, help="netCDF of the standard's reduction")
    arguments.add_argument("--standard-structure", required=True, help="structure of the standard")
    arguments.add_argument("--output", required=True, help="netCDF to write")
    given = arguments.parse_args(argv)

    from coherion.crystal.structure_files import read_structure
    from coherion.data.netcdf import origin_of, read_dataset, write_dataset
    from coherion.errors import InputError
    from coherion.refinement.reflection_widths import output, widths

    reduced, standard = (read_dataset(path, "reduce_scan") for path in (given.reduced, given.standard))
    fit = read_dataset(given.refinement, "refine_structure")
    wavelengths = [float(one.attrs.get("wavelength", 0.0)) for one in (standard, reduced)]
    for path, wavelength in zip((given.standard, given.reduced), wavelengths, strict=True):
        if not wavelength > 0:
            raise InputError("the reduction knows no wavelength", file=path, advice="say reduction.wavelength")
    instrument = widths.instrument_profile(
        read_structure(given.standard_structure),
        output.curve_of(standard),
        wavelengths[0],
        dispersion=output.dispersion_of(standard),
    )
    read = output.of_pdf(fit)
    start = {}
    if read is not None and read[0][0] > 0:
        start = {"length": float(1 / read[0][0]), "microstrain_squared": float(max(read[0][1], 0.0))}
    found = widths.sample_widths(
        read_structure(given.refined),
        output.curve_of(reduced),
        wavelengths[1],
        instrument,
        dispersion=output.dispersion_of(reduced),
        **start,
    )
    made, alert = output.dataset_of(found, instrument, fit, origin=origin_of(reduced, fit))
    (messages.warn if alert else print)(made.attrs["verdict"])
    sources = [given.reduced, given.refinement, given.refined, given.standard, given.standard_structure]
    write_dataset(made, given.output, "reflection_widths", sources=sources, settings={})


if __name__ == "__main__":
    command.run(main)
