"""Raw scans to netCDF: angles, counts, their errors, wavelength, time, history."""


rule import_scan:
    input:
        script=script("import_scan"),
        scan=lambda wildcards: data(TABLES.scans[wildcards.scan]),
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
        settings=lambda wildcards: json.dumps(
            settings_of(
                TABLES.scans[wildcards.scan],
                {
                    "abscissa": "abscissa",
                    "intensity_kind": "intensity_kind",
                    "time_per_point": "time_per_point_s",
                    "wavelength": "wavelength_A",
                    "range_number": "range_number",
                },
            ),
            sort_keys=True,
        ),
    shell:
        "python {input.script} {input.scan:q} --settings {params.settings:q} --output {output:q} > {log:q} 2>&1"
