"""What a run was told, found and warned of, in the report; and the run as a Workflow Run RO-Crate."""

TARGETS = [
    *rules.check_tables.output,
    *rules.reduce_all.input,
    *rules.refine_all.input,
    *rules.impedance_all.input,
    *rules.series_all.input,
    *rules.figures_all.input,
    *rules.tables_all.input,
]
SUMMARY = ["run", "warnings", "settings"]


rule summarise_run:
    """Reads the logs of all jobs, so it comes after them."""
    input:
        TARGETS,
        script=script("summarise_run"),
        series=result("series/series.tsv"),
        exclusions=result("series/exclusions.tsv"),
        claims=result("claims.tsv") if PAPER.statements else [],
        schema=shown(SCHEMAS / "config.schema.yaml"),
    output:
        [
            report(
                result(f"summary/{name}.html"),
                caption=f"../report/summary_{name}.rst",
                category="Summary",
                labels=labels(table=name),
            )
            for name in SUMMARY
        ],
        [result(f"summary/{name}.tsv") for name in SUMMARY],
        result("summary/settings.json"),
    log:
        result("logs/summarise_run.log"),
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("summarise_run"),
        settings=told(SETTINGS),
        claims=lambda wildcards, input: (
            ["--claims", input.claims] if input.claims else []
        ),
        logs=result("logs"),
        folder=lambda wildcards, output: str(Path(output[0]).parent),
    shell:
        "python {input.script:q} {input.series:q} {input.exclusions:q} {params.claims:q} --logs {params.logs:q}"
        " --settings {params.settings:q} --schema {input.schema:q} --output {params.folder:q} > {log:q} 2>&1"


rule write_crate:
    """Not part of a run: it hashes every file once the run has ended."""
    input:
        TARGETS,
        rules.summarise_run.output,
        result("supporting_information.pdf"),
        result("page.html"),
        script=script("write_crate"),
    output:
        result("ro-crate-metadata.json"),
    log:
        result("logs/write_crate.log"),
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("write_crate"),
        settings=told(SETTINGS),
        workflow=str(ROOT),
        configuration=[str(file) for file in workflow.configfiles],
    shell:
        "python {input.script:q} --workflow {params.workflow:q} --configuration {params.configuration:q}"
        " --settings {params.settings:q} --output {output:q} > {log:q} 2>&1"
