"""Figures of the whole series, each as PDF, SVG and PNG with its numbers beside it."""


rule draw_series:
    input:
        script=script("draw_series"),
        series=result("series/series.tsv"),
        paper=PAPER_FILE,
        correlation=result("series/correlation.nc") if CORRELATED else [],
    output:
        drawn_beside_svg(*SERIES_FIGURES),
        [
            report(
                result(f"figures/{name}.svg"),
                caption=absolute(caption_of(DECLARED[name])),
                category="Paper",
                labels=labels_of_figure(name),
            )
            for name in SERIES_FIGURES
        ],
    log:
        result("logs/draw_series.log"),
    conda:
        environment("figures")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("draw_series"),
        content=content([PAPER_FILE]),
        correlation=lambda wildcards, input: (
            ["--correlation", input.correlation] if input.correlation else []
        ),
        figures=[result(f"figures/{name}.pdf") for name in SERIES_FIGURES],
    shell:
        "python {input.script:q} {input.series:q} --paper {input.paper:q} {params.correlation:q} --output {params.figures:q} > {log:q} 2>&1"


# One job for the figures of chosen samples, one for those of all: starting to draw costs more than drawing.
for batch, FIGURES in PAPER_FIGURES.items():

    rule:
        name:
            f"draw_{batch}"
        input:
            script=script("draw_paper"),
            files=sorted(
                {file for figure in FIGURES.values() for file in figure["files"]}
            ),
            references=sorted(
                {f["reference"] for f in FIGURES.values() if "reference" in f}
            ),
        output:
            drawn_beside_svg(*FIGURES),
            [
                report(
                    result(f"figures/{figure}.svg"),
                    caption=absolute(caption_of(DECLARED[figure])),
                    category="Paper",
                    labels=labels_of_figure(figure),
                )
                for figure in FIGURES
            ],
        log:
            result(f"logs/draw_{batch}.log"),
        conda:
            environment("figures")
        threads: 1
        resources:
            mem_mb=lambda wildcards, attempt: 1200 * attempt,
            runtime=lambda wildcards, attempt: 10 * attempt,
        params:
            code=code("draw_paper"),
            content=content(
                sorted({f["reference"] for f in FIGURES.values() if "reference" in f})
            ),
            figures=told(FIGURES),
            folder=lambda wildcards, output: Path(output[0]).parent,
        shell:
            "python {input.script:q} {params.figures:q} --output {params.folder:q} > {log:q} 2>&1"


rule draw_recovery:
    input:
        script=script("draw_recovery"),
        recovery=result("series/recovery.tsv"),
    output:
        drawn_beside_svg("recovery"),
        report(
            result("figures/recovery.svg"),
            caption="../report/recovery.rst",
            category="Series",
            labels=labels(figure="recovery of the simulated truth"),
        ),
    log:
        result("logs/draw_recovery.log"),
    conda:
        environment("figures")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("draw_recovery"),
        figure=lambda wildcards, output: output[0],
    shell:
        "python {input.script:q} {input.recovery:q} --output {params.figure:q} > {log:q} 2>&1"


rule figures_all:
    """Every figure of the series."""
    input:
        drawn(
            *SERIES_FIGURES,
            *(name for figures in PAPER_FIGURES.values() for name in figures),
            *(["recovery"] if RECOVERED else []),
        ),
