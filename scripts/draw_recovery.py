"""Draw what the analysis of the simulated series found against what is true in it."""

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__, settings=False)
    arguments.add_argument("recovery", help="table that measure_recovery wrote")
    arguments.add_argument("--output", required=True, help="the .pdf; .svg, .png and .tsv are written beside it")
    given = arguments.parse_args(argv)

    from coherion.figures.recovery import draw_recovery
    from coherion.statistics.recovery import read_recovery

    draw_recovery(read_recovery(given.recovery)).save(given.output, [given.recovery])


if __name__ == "__main__":
    command.run(main)
