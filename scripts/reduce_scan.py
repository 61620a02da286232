"""Reduce one scan to I(Q), S(Q), F(Q) and G(r)."""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("scan", help="netCDF of the sample's scan")
    arguments.add_argument("--background", help="netCDF of the background's scan (default: none)")
    arguments.add_argument(
        "--further-backgrounds", nargs="+", default=[], help="netCDF of further backgrounds: air, furnace"
    )
    arguments.add_argument("--output", required=True, help="netCDF to write; .gr, .fq, .sq and .iq come beside it")
    given = arguments.parse_args(argv)

    from coherion.data import netcdf
    from coherion.data.pdf_text import write_pdf_text
    from coherion.scattering.reduction import reduce_scan, text_files
    from coherion.settings.model import as_plain
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.reduction import ReductionSettings

    settings = settings_from(ReductionSettings, given.settings)
    sources = [given.scan, *([given.background] if given.background else []), *given.further_backgrounds]
    scans = [netcdf.read_dataset(path, "import_scan") for path in sources]
    own = scans[: len(scans) - len(given.further_backgrounds)]
    reduction = reduce_scan(own[0], own[1] if given.background else None, settings, scans[len(own) :])
    for kind, (x, y, dy, header) in text_files(reduction, settings, sources).items():
        write_pdf_text(Path(given.output).with_suffix(f".{kind}"), kind, x, y, dy=dy, header=header)
    netcdf.write_dataset(reduction, given.output, "reduce_scan", sources=sources, settings=as_plain(settings))


if __name__ == "__main__":
    command.run(main)
