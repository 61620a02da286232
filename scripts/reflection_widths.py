"""Size and strain once more, from the widths of a sample's reflections and those of a standard."""

from __future__ import annotations

from collections.abc import Sequence

from coherion import command


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
    from coherion.refinement.reflection_widths.output import read_widths
    from coherion.settings.model import as_plain
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.reflections import ReflectionWidthsSettings

    settings = settings_from(ReflectionWidthsSettings, given.settings)
    reduced, standard = (read_dataset(path, "reduce_scan") for path in (given.reduced, given.standard))
    fit = read_dataset(given.refinement, "refine_structure")
    refined, certified = read_structure(given.refined), read_structure(given.standard_structure)
    made = read_widths(reduced, fit, refined, standard, certified, settings, origin=origin_of(reduced, fit))
    print(made.attrs["verdict"])
    sources = [given.reduced, given.refinement, given.refined, given.standard, given.standard_structure]
    write_dataset(made, given.output, "reflection_widths", sources=sources, settings=as_plain(settings))


if __name__ == "__main__":
    command.run(main)
