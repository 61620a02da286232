"""Read the impedance files of one sample into one dataset of spectra.

The settings name the sample and its rows of the table of spectra:
{"sample": "x05", "rows": [{"file": "x05_25C.mpr", "temperature_C": 25}], "temperature_sd": 0.5}
The files are given one by one, or by the --folder that the rows name them from.
"""

from coherion import command
from coherion.errors import InputError


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("files", nargs="*", metavar="FILE", help="files of impedance, each named by a row")
    arguments.add_argument("--folder", help="where the files of the rows lie, in place of their names")
    arguments.add_argument("--output", required=True, metavar="X.nc", help="netCDF of the sample's spectra")
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import write_dataset
    from coherion.data.spectra.reader import assemble, files_of_rows
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.spectra import SpectraSettings

    settings = dict(given.settings)
    sample, rows = settings.pop("sample", None), settings.pop("rows", None)
    if not isinstance(sample, str) or not sample:
        raise InputError("settings name no sample", place="key sample", expected="the sample's name")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError("settings have no rows of spectra", place="key rows", expected="a list of objects")
    files = given.files
    if given.folder is not None:
        root = given.folder.rstrip("/")
        rows = [r | {"short_circuit": f"{root}/{r['short_circuit']}"} if r.get("short_circuit") else r for r in rows]
        files = [f"{root}/{str(row.get('file', '')).strip()}" for row in rows]
    dataset = assemble(sample, files_of_rows(rows, files), settings_from(SpectraSettings, settings))
    write_dataset(
        dataset,
        given.output,
        "import_spectra",
        sources=dict.fromkeys([*files, *(r["short_circuit"] for r in rows if r.get("short_circuit"))]),
        settings=given.settings,
    )


if __name__ == "__main__":
    command.run(main)
