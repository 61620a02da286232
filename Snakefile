"""coherion: from raw scans and impedance spectra to figures, tables and a verdict, in one run."""

from pathlib import Path

from snakemake.utils import min_version

min_version("9.27")

# A folder of the user's own may hold a config/ of its own; elsewhere the one beside this file is taken.
OWN = Path("config/config.yaml")


include: "workflow/rules/configuration.smk"


configfile: readable(OWN if OWN.exists() else Path(workflow.basedir) / OWN)


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/scheduling.smk"
include: "workflow/rules/inputs.smk"
include: "workflow/rules/simulation.smk"
include: "workflow/rules/scans.smk"
include: "workflow/rules/reduction.smk"
include: "workflow/rules/refinement.smk"
include: "workflow/rules/spectra.smk"
include: "workflow/rules/series.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/checks.smk"
include: "workflow/rules/provenance.smk"
include: "workflow/rules/supporting.smk"


wildcard_constraints:
    sample=NAME,
    scan=NAME,
    fit_range=r"\d+(\.\d+)?-\d+(\.\d+)?",


rule all:
    default_target: True
    input:
        refuse_missing_files,
        rules.reduce_all.input,
        rules.refine_all.input,
        rules.impedance_all.input,
        rules.series_all.input,
        rules.figures_all.input,
        rules.tables_all.input,
        rules.summarise_run.output,
        rules.write_supporting_information.output,
        rules.check_tables.output,
