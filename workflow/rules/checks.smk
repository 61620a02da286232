"""What the tables say, held against physics: its warnings stand at the end of the run with all others."""

from coherion.inputs.series import changed_occupancies


rule check_tables:
    input:
        script=script("check_tables"),
        samples=table_of("samples"),
        spectra=table_of("spectra"),
        structures=sorted(
            {
                file
                for sample, row in TABLES.samples.items()
                if "structure" in row
                for file in structures(sample)
            }
        ),
    output:
        result("checks.txt"),
    log:
        result("logs/check_tables/series.log"),
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("check_tables"),
        content=lambda wildcards: content(
            [
                *table_of("samples"),
                *table_of("spectra"),
                *(
                    file
                    for sample, row in TABLES.samples.items()
                    if "structure" in row
                    for file in structures(sample)
                ),
            ]
        ),
        spectra=lambda wildcards, input: (
            ["--spectra", *input.spectra] if input.spectra else []
        ),
        settings=told(
            {
                "structures": {
                    sample: structures(sample)
                    for sample, row in TABLES.samples.items()
                    if "structure" in row
                },
                "refined": {
                    sample: changed_occupancies(JOBS.of_sample("refinement", sample))
                    for sample in TABLES.samples
                },
            }
        ),
    shell:
        "python {input.script:q} {input.samples:q} {params.spectra:q} --settings {params.settings:q} --output {output:q}"
        " > {log:q} 2>&1"
