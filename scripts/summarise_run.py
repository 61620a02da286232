"""Summarise a run: what it found, every warning and every setting, as .tsv and .html, settings also as .json."""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("series", help="table of the series")
    arguments.add_argument("exclusions", help="table of the exclusions")
    arguments.add_argument("--claims", help="table of the verdicts")
    arguments.add_argument("--logs", required=True, help="folder of the jobs' logs")
    arguments.add_argument("--schema", required=True, help="schema of the configuration")
    arguments.add_argument("--output", required=True, type=Path, help="folder to write into")
    given = arguments.parse_args(argv)

    import json

    from coherion.data.netcdf import write_text
    from coherion.data.tables import read_rows, write_table
    from coherion.provenance import summary
    from coherion.settings.configuration import read_yaml
    from coherion.tables.html import html
    from coherion.tables.table import tsv_rows

    series = read_rows(given.series, "sample", "origin")
    exclusions = read_rows(given.exclusions, "sample", "reason")
    claims = read_rows(given.claims, "id", "verdict") if given.claims else []
    from coherion.provenance.logs import warnings_of_logs

    warned = warnings_of_logs(given.logs)
    origin = summary.origin_of_rows(series)
    for table in (
        summary.run_table(series, exclusions, claims, warned, summary.versions(given.output.parent)),
        summary.warnings_table(warned, origin),
        summary.settings_table(given.settings, read_yaml(given.schema), origin),
    ):
        write_text(given.output / f"{table.name}.tsv", write_table(*tsv_rows(table)))
        write_text(given.output / f"{table.name}.html", html(table))
    write_text(given.output / "settings.json", json.dumps(given.settings, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    command.run(main)
