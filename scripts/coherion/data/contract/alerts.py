"""The table of alerts: what of a series' results is doubtful."""

from __future__ import annotations

from coherion.data.contract.declared import TableColumn, TableContract

ALERTS = TableContract(
    "collect_alerts",
    "results/series/alerts.tsv",
    "What is wrong with a scan, a standard, a reduction, a fit or a pellet, the gravest first.",
    (
        TableColumn("grade", "", "A: the result cannot stand; B: look before using it; C: worth knowing"),
        TableColumn("sample", "", "sample, standard or scan"),
        TableColumn("stage", "", "scan, resolution, reduction, refinement, reflection_widths, side_phase or impedance"),
        TableColumn("code", "", "what kind of alert, docs/alerts.md"),
        TableColumn("place", "", "where: fit range, parameter, Q"),
        TableColumn("number", "see unit", "what was found"),
        TableColumn("unit", "", "unit of number and limit"),
        TableColumn("limit", "see unit", "what it is held against"),
        TableColumn("text", "", "the alert in words"),
        TableColumn("advice", "", "what to do"),
    ),
)
