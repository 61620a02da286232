"""Build the page of a run: everything that it found as one HTML file that opens without a network.

The page is made of the files in the folder of results, and of what the paper says. FIGURES is a JSON object, or a .json
file with one, of the file that holds each figure's caption: {"figure_2": "workflow/report/kind_fit_ranges.rst"}
"""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("results", type=Path, help="folder of the run's results")
    arguments.add_argument("--paper", required=True, help="what the paper says (.yaml), docs/paper.md")
    arguments.add_argument(
        "--figures", type=command.read_settings, default={}, metavar="FIGURES", help="caption's file of each figure"
    )
    arguments.add_argument("--compare", type=Path, help="folder of another run's results, shown beside this one")
    arguments.add_argument("--output", required=True, help="the .html")
    given = arguments.parse_args(argv)
    command.refuse_others(given.settings, "samples", "title")

    from coherion.data.netcdf import write_text
    from coherion.document.captions import read_caption
    from coherion.page.document import page
    from coherion.page.run_files import Run
    from coherion.paper.reading import read_paper

    made = page(
        Run.of(given.results),
        read_paper(given.paper),
        samples=command.names_of(given.settings, "samples"),
        captions={name: read_caption(file) for name, file in given.figures.items()},
        other=Run.of(given.compare) if given.compare else None,
        other_name="/".join(given.compare.parts[-2:]) if given.compare else "",
        title=command.text_of(given.settings, "title"),
    )
    write_text(given.output, made)


if __name__ == "__main__":
    command.run(main)
