"""The supporting information as one PDF, from the tables and figures of a finished run."""


rule write_supporting_information:
    input:
        script=script("write_supporting_information"),
        tables=rules.write_tables.output[0],
        series=result("series/series.tsv"),
        summary=rules.summarise_run.output,
        figures=[figure["file"] for figure in SUPPORTING_FIGURES.values()],
        captions=sorted({figure["caption"] for figure in SUPPORTING_FIGURES.values()}),
    output:
        report(
            result("supporting_information.pdf"),
            caption="../report/supporting_information.rst",
            category="Tables",
            labels=labels(table="all", shows="supporting information"),
        ),
    log:
        result("logs/write_supporting_information.log"),
    benchmark:
        result("benchmarks/write_supporting_information.tsv")
    conda:
        environment("structure")
    threads: 1
    resources:
        # 5 MB a sample, until tables are cut.
        mem_mb=lambda wildcards, attempt: (
            (800 + 7 * min(len(TABLES.samples), 100)) * attempt
        ),
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("write_supporting_information"),
        figures=told(SUPPORTING_FIGURES),
        note=["--note", PAPER.tables.note] if PAPER.tables.note else [],
        summary=lambda wildcards, input: str(Path(input.summary[0]).parent),
    shell:
        "python {input.script:q} {input.tables:q} {input.series:q} --summary {params.summary:q}"
        " --figures {params.figures:q} {params.note:q} --output {output:q} > {log:q} 2>&1"
