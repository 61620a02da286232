"""Import one scan, or the sum of several files of one grid, as netCDF with angles or Q, counts and errors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from coherion import command


def main(argv: Sequence[str] | None = None) -> None:
    arguments = command.parser(__doc__)
    arguments.add_argument("scan", nargs="+", help="STOE raw file or text (.xyd .xy .xye .chi .dat)")
    arguments.add_argument("--output", required=True, type=Path, help="netCDF file to write")
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import write_dataset
    from coherion.data.scans.reader import read_scan
    from coherion.scattering.uncertainty.counting import warn_if_not_counted
    from coherion.settings.model import as_plain
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.scans import ScanSettings

    settings = as_plain(settings_from(ScanSettings, given.settings))
    scan = read_scan(given.scan, **settings)
    warn_if_not_counted(scan, Path(given.scan[0]).name)
    write_dataset(scan, given.output, "import_scan", sources=given.scan, settings=settings)
    print(f"{scan.attrs['abscissa']}: {scan['intensity'].size} points, {scan.attrs['intensity_kind']}")


if __name__ == "__main__":
    command.run(main)
