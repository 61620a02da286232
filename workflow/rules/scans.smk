"""Raw scans to netCDF: angles, counts, their errors, wavelength, time, history."""


rule import_scan:
    input:
        script=script("import_scan"),
        scan=lambda wildcards: at_hand(
            data(TABLES.scans[wildcards.scan]), result(f"scans/{wildcards.scan}.nc")
        ),
    output:
        result("scans/{scan}.nc"),
    log:
        result("logs/import_scan/{scan}.log"),
    benchmark:
        result("benchmarks/import_scan/{scan}.tsv")
    conda:
        environment("scattering")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("import_scan"),
        content=lambda wildcards: content(data(TABLES.scans[wildcards.scan])),
        files=lambda wildcards: data(TABLES.scans[wildcards.scan]),
        settings=lambda wildcards: told(JOBS.of_scan(wildcards.scan)),
    shell:
        "python {input.script:q} {params.files:q} --settings {params.settings:q} --output {output:q} > {log:q} 2>&1"
