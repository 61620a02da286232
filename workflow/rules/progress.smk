"""What the terminal is told: short lines and bars, unless the user asked Snakemake for its own words."""

from snakemake.logging import logger

from coherion.provenance.logs import summary_of_logs, where_to_look
from coherion.provenance.progress import show_progress


def wants_own_words():
    """Whether a dry run is asked for, more or fewer messages than usual, or the run is another workflow's."""
    asked = workflow.output_settings
    ours = Path(workflow.main_snakefile).resolve().is_relative_to(ROOT.resolve())
    own = (
        asked.dryrun,
        asked.verbose,
        asked.debug_dag,
        asked.printshellcmds,
        asked.quiet,
    )
    return any(own) or not workflow.is_main_process or not ours


PROGRESS = None if wants_own_words() else show_progress(logger)


def tell(lines):
    """Write lines at the end of a run, below what moved."""
    if PROGRESS:
        PROGRESS.wipe()
    for line in lines:
        print(line, file=sys.stderr)


onsuccess:
    tell(
        [
            *summary_of_logs(result("logs")),
            *where_to_look(SETTINGS["results"]),
        ]
    )
