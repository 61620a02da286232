"""Write the supporting information of a finished run as one PDF: its tables, its figures, and what they come from.

FIGURES is a JSON object, or a .json file with one, of each figure by name: its PDF, the file of its caption in the
report and, where several figures share a caption, the fit range:
{"figure_S3": {"file": "results/figures/figure_S3.pdf", "caption": "workflow/report/kind_fits.rst", "range": "2-60",
"number": 3}}
"""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("tables", type=Path, help="folder that write_tables wrote")
    arguments.add_argument("series", help="table of the series")
    arguments.add_argument("--summary", type=Path, required=True, help="folder that summarise_run wrote")
    arguments.add_argument(
        "--figures", type=command.read_settings, default={}, metavar="FIGURES", help="file and caption of each"
    )
    arguments.add_argument("--note", default="", help="what is said of the numbering")
    arguments.add_argument("--output", required=True, help="the .pdf")
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import write_whole
    from coherion.data.tables import read_rows
    from coherion.document.document import compiled, content, read_figures
    from coherion.tables.stored import files_of, read_tables

    figures = read_figures(given.figures)
    series = read_rows(given.series, "sample", "origin")
    run, settings, told = (given.summary / name for name in ("run.tsv", "settings.tsv", "settings.json"))
    made = content(
        read_tables(given.tables),
        figures,
        series,
        read_rows(run, "quantity", "value"),
        read_rows(settings, "key", "value", "default", "meaning"),
        command.read_settings(str(told)),
        [*files_of(given.tables), *(figure.file for figure in figures), given.series, run, settings, told],
        given.note,
    )
    pdf = compiled(made, figures)
    write_whole(given.output, lambda temporary: temporary.write_bytes(pdf))


if __name__ == "__main__":
    command.run(main)
