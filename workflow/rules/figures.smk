"""Figures of the whole series, each as PDF, SVG and PNG with its numbers beside it."""


rule draw_series:
    input:
        script=script("draw_series"),
        series=result("series/series.tsv"),
        correlation=result("series/correlation.nc") if IS_SERIES else [],
    output:
        drawn_beside_svg(*SERIES_FIGURES),
        [
            report(
                result(f"figures/{name}.svg"),
                caption=f"../report/{name}.rst",
                category="Paper",
                labels=labels(figure=name),
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
        code=code(
            "figures/plate.py",
            "provenance/stated.py",
            "figures/series.py",
            "figures/correlation.py",
            "statistics/series.py",
        ),
        correlation=lambda wildcards, input: (
            ["--correlation", input.correlation] if input.correlation else []
        ),
        figures=[result(f"figures/{name}.pdf") for name in SERIES_FIGURES],
    shell:
        "python {input.script} {input.series:q} {params.correlation:q} --output {params.figures:q} > {log:q} 2>&1"


rule draw_paper:
    input:
        script=script("draw_paper"),
        files=lambda wildcards: [file for _, file in PAPER_FIGURES[wildcards.figure][1]],
    output:
        report(
            result("figures/{figure}.svg"),
            caption="../report/paper.rst",
            category="Paper",
            labels=labels(figure="{figure}"),
        ),
        pdf=result("figures/{figure}.pdf"),
        png=result("figures/{figure}.png"),
        numbers=result("figures/{figure}.tsv"),
    log:
        result("logs/draw_paper/{figure}.log"),
    wildcard_constraints:
        figure=one_of(PAPER_FIGURES),
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1200 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code("figures", "provenance/stated.py"),
        kind=lambda wildcards: PAPER_FIGURES[wildcards.figure][0],
        titles=lambda wildcards: [
            title_of(sample) for sample, _ in PAPER_FIGURES[wildcards.figure][1]
        ],
    shell:
        "python {input.script} {params.kind} {input.files:q} --titles {params.titles:q} --output {output.pdf:q}"
        " > {log:q} 2>&1"


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
        code=code("figures/plate.py", "provenance/stated.py", "figures/recovery.py"),
        figure=result("figures/recovery.pdf"),
    shell:
        "python {input.script} {input.recovery:q} --output {params.figure:q} > {log:q} 2>&1"


rule figures_all:
    """Every figure of the series."""
    input:
        drawn(*SERIES_FIGURES, *PAPER_FIGURES, *(["recovery"] if RECOVERED else [])),
