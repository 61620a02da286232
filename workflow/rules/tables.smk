"""Tables of the supporting information as TSV, LaTeX and HTML; their numbers depend on which samples are left out."""


rule write_tables:
    input:
        script=script("write_tables"),
        samples=table_of("samples"),
        scans=table_of("scans"),
        spectra=table_of("spectra"),
        refinement=files_of_stage(
            "refinement/{sample}/{fit_range}.nc", TABLES.with_structure(), FIT_RANGES
        ),
        structures=sorted(
            {file for sample in TABLES.with_structure() for file in structures(sample)}
        ),
        circuits=files_of_stage("circuits/{sample}.nc", TABLES.with_spectra()),
        arrhenius=files_of_stage("arrhenius/{sample}.nc", TABLES.with_spectra()),
        series=result("series/series.tsv"),
        paper=PAPER_FILE,
        exclusions=result("series/exclusions.tsv"),
        claims=result("claims.tsv") if PAPER.statements else [],
        failed=result("series/failed.tsv"),
    output:
        report(
            directory(result("tables")),
            patterns=["table_S{number}_{shows}.html"],
            caption="../report/tables.rst",
            category="Tables",
            labels=labels_of_table,
        ),
    log:
        result("logs/write_tables.log"),
    benchmark:
        result("benchmarks/write_tables.tsv")
    conda:
        environment("structure")
    threads: 1
    resources:
        # What each sample's table takes; all of them stand in one process.
        mem_mb=lambda wildcards, attempt: (700 + len(TABLES.samples)) * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("write_tables"),
        content=content(
            [
                PAPER_FILE,
                *tables_as_read(),
                *(f for s in TABLES.with_structure() for f in structures(s)),
            ]
        ),
        schemas=str(SCHEMAS),
        folder=str(ROOT),
        tables=[
            part
            for name in ("scans", "spectra")
            if SETTINGS["tables"][name]
            for part in (f"--{name}", located(SETTINGS["tables"][name]))
        ],
        ranges=FIT_RANGES,
        patterns=lambda wildcards: [
            part
            for stage, pattern in (
                ("refinement", "refinement/{sample}/{range}.nc"),
                ("circuits", "circuits/{sample}.nc"),
                ("arrhenius", "arrhenius/{sample}.nc"),
            )
            for part in (f"--{stage}", result(pattern))
        ],
        chosen=lambda wildcards, input: [
            *("--paper", input.paper),
            *(["--claims", input.claims] if input.claims else []),
        ],
    shell:
        "python {input.script:q} {input.samples:q} {params.tables:q} --schemas {params.schemas:q}"
        " --ranges {params.ranges:q} {params.patterns:q} {params.chosen:q} --structures {params.folder:q}"
        " --series {input.series:q} --exclusions {input.exclusions:q} --failed {input.failed:q}"
        " --output {output:q} > {log:q} 2>&1"


rule tables_all:
    """Every table of the supporting information."""
    input:
        result("tables"),
