"""Compare what the analysis of the simulated series found with what is true in it.

The settings name the samples: {"samples": ["x10", "x50"]}. Their files are named by patterns in which {sample} stands
for a name.
"""

from pathlib import Path

from coherion import command


def main(argv=None):
    arguments = command.parser(__doc__)
    arguments.add_argument("series", help="table of the series: it says which samples were left out")
    for stage, what in (
        ("scan-truth", "truth of the scans"),
        ("refinement", "refinements"),
        ("spectra-truth", "truth of the spectra"),
        ("circuits", "circuit fits"),
        ("arrhenius", "Arrhenius lines"),
    ):
        arguments.add_argument(f"--{stage}", required=True, metavar="PATTERN", help=f"files of the {what}")
    arguments.add_argument("--output", required=True, help="table of all comparisons to write (.tsv)")
    arguments.add_argument("--summary", required=True, help="table of shares and biases to write (.tsv)")
    given = arguments.parse_args(argv)

    from coherion.data.netcdf import read_dataset, write_text
    from coherion.data.tables import write_table
    from coherion.statistics import recovery
    from coherion.statistics.series import read_series

    command.refuse_others(given.settings, "samples")
    samples = command.names_of(given.settings, "samples")
    series = read_series(given.series)
    reasons = dict(zip(series.texts("sample"), series.texts("excluded"), strict=True))
    rows = []
    for name in samples:
        scan, fit, spectra, circuits, arrhenius = (
            Path(command.file_of(pattern, name))
            for pattern in (given.scan_truth, given.refinement, given.spectra_truth, given.circuits, given.arrhenius)
        )
        if fit.exists():
            found = recovery.structure_rows(name, recovery.read_truth(scan), read_dataset(fit, "refine_structure"))
            # A reason leaves a sample out of the structural series; its conductivities stay.
            rows += [row | {"left_out": reasons.get(name)} for row in found]
        if circuits.exists():
            truth = recovery.read_truth(spectra)
            rows += recovery.resistance_rows(name, truth, read_dataset(circuits, "fit_circuits"))
            rows += recovery.transport_rows(name, truth, read_dataset(arrhenius, "fit_arrhenius"))
    rows = [row | {"origin": "simulated"} for row in rows]
    write_text(given.output, write_table(rows, recovery.COLUMNS))
    write_text(given.summary, write_table(recovery.summary_rows(rows), recovery.SUMMARY_COLUMNS))


if __name__ == "__main__":
    command.run(main)
