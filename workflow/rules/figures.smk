"""Figures of the whole series, each as PDF, SVG and PNG with its numbers beside it."""

SERIES_FIGURES = ["overview", "figure_4", "figure_5", "figure_6bcd", "figure_S6", "figure_S7", "figure_S11"]


def drawn(*names):
    """All files of figures of these names."""
    return [result(f"figures/{name}{suffix}") for name in names for suffix in (".pdf", ".svg", ".png", ".tsv")]


rule draw_series:
    input:
        script=script("draw_series"),
        code=code("figures/plate.py", "figures/series.py", "statistics/series.py"),
        series=result("series/series.tsv"),
    output:
        drawn(*SERIES_FIGURES),
    params:
        figures=[result(f"figures/{name}.pdf") for name in SERIES_FIGURES],
    log:
        result("logs/draw_series.log"),
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    conda:
        environment("figures")
    shell:
        "python {input.script} {input.series:q} --output {params.figures:q} > {log:q} 2>&1"


rule figures_all:
    """Every figure of the series."""
    input:
        drawn(*SERIES_FIGURES),
