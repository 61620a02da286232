"""Whole analyses under other defensible choices: no part of a run unless asked for (make multiverse)."""

from coherion.multiverse.choices import problems_of_choices
from coherion.multiverse.plan import batches_of

BATCHES = range(batches_of(PAPER.multiverse))


rule run_multiverse:
    input:
        script=script("run_multiverse"),
        series=result("series/series.tsv"),
        paper=PAPER_FILE,
        tables=[*table_of("samples"), *table_of("scans"), *table_of("spectra")],
        scans=files_of_stage("scans/{sample}.nc", TABLES.used_scans()),
        structures=sorted(
            {
                file
                for sample, row in TABLES.samples.items()
                if "structure" in row
                for file in structures(sample)
            }
        ),
        refinement=files_of_stage(
            "refinement/{sample}/{fit_range}.nc", TABLES.with_structure(), [MAIN_RANGE]
        ),
        spectra=files_of_stage("spectra/{sample}.nc", TABLES.with_spectra()),
    output:
        result("multiverse/batches/{batch}.json"),
    log:
        result("logs/run_multiverse/{batch}.log"),
    benchmark:
        result("benchmarks/run_multiverse/{batch}.tsv")
    wildcard_constraints:
        batch=r"\d+",
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 60 * attempt,
    params:
        code=code("run_multiverse"),
        content=content(tables_as_read()),
        schemas=str(SCHEMAS),
        results=lambda wildcards, output: Path(output[0]).parents[2],
        range=MAIN_RANGE,
        tables=[
            part
            for name in ("samples", "scans", "spectra")
            if SETTINGS["tables"][name]
            for part in (f"--{name}", located(SETTINGS["tables"][name]))
        ],
        settings=told(
            {
                "configuration": SETTINGS,
                "structures": {
                    sample: structures(sample)
                    for sample, row in TABLES.samples.items()
                    if "structure" in row
                },
            }
        ),
    shell:
        "python {input.script:q} {input.series:q} --paper {input.paper:q} {params.tables:q} --schemas {params.schemas:q}"
        " --results {params.results:q} --range {params.range:q} --batch {wildcards.batch} --settings {params.settings:q}"
        " --output {output:q} > {log:q} 2>&1"


rule collect_multiverse:
    input:
        script=script("collect_multiverse"),
        batches=[result(f"multiverse/batches/{k}.json") for k in BATCHES],
        paper=PAPER_FILE,
        claims=result("claims.tsv"),
    output:
        [
            result(f"multiverse/{name}.tsv")
            for name in (
                "statements",
                "quantities",
                "choices",
                "analyses",
                "cold",
                "claims",
            )
        ],
    log:
        result("logs/collect_multiverse.log"),
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code("collect_multiverse"),
        folder=lambda wildcards, output: Path(output[0]).parent,
    shell:
        "python {input.script:q} {input.batches:q} --paper {input.paper:q} --claims {input.claims:q}"
        " --output {params.folder:q} > {log:q} 2>&1"


rule draw_multiverse:
    input:
        script=script("draw_multiverse"),
        batches=rules.collect_multiverse.input.batches,
        paper=PAPER_FILE,
        series=result("series/series.tsv"),
    output:
        drawn("multiverse"),
    log:
        result("logs/draw_multiverse.log"),
    conda:
        environment("figures")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code("draw_multiverse"),
        figure=lambda wildcards, output: output[0],
    shell:
        "python {input.script:q} {input.batches:q} --paper {input.paper:q} --series {input.series:q}"
        " --output {params.figure:q} > {log:q} 2>&1"


rule budget_errors:
    input:
        script=script("budget_errors"),
        series=result("series/series.tsv"),
        paper=PAPER_FILE,
        arrhenius=files_of_stage("arrhenius/{sample}.nc", TABLES.with_spectra()),
        quantities=result("multiverse/quantities.tsv"),
    output:
        drawn("error_budget"),
        table=result("multiverse/budget.tsv"),
    log:
        result("logs/budget_errors.log"),
    conda:
        environment("figures")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code("budget_errors"),
        figure=lambda wildcards, output: output[0],
        resistance=SETTINGS["series"]["resistance"],
    shell:
        "python {input.script:q} {input.series:q} --paper {input.paper:q} --arrhenius {input.arrhenius:q}"
        " --quantities {input.quantities:q} --resistance {params.resistance:q} --output {output.table:q}"
        " --figure {params.figure:q} > {log:q} 2>&1"


rule propose_next_sample:
    input:
        script=script("propose_next_sample"),
        series=result("series/series.tsv"),
        claims=result("claims.tsv"),
        paper=PAPER_FILE,
    output:
        result("multiverse/next_sample.tsv"),
    log:
        result("logs/propose_next_sample.log"),
    conda:
        environment("impedance")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 30 * attempt,
    params:
        code=code("propose_next_sample"),
        settings=told(JOBS.of_series("claims")),
    shell:
        "python {input.script:q} {input.series:q} --claims {input.claims:q} --paper {input.paper:q}"
        " --settings {params.settings:q} --output {output:q} > {log:q} 2>&1"


rule multiverse:
    """Whole analyses under every defensible choice, what they come to, and the specification curve."""
    input:
        refuse_no_choices,
        rules.collect_multiverse.output,
        rules.draw_multiverse.output,
        rules.propose_next_sample.output,
        rules.budget_errors.output,
