"""The simulated series, the default input: raw files of a series like the paper's, and the truth beside them."""


rule simulate_scan:
    input:
        script=script("simulate_scan"),
        series=SIMULATION,
    output:
        scan=result("simulated/scans/{scan}.raw"),
        truth=result("simulated/truth/scans/{scan}.json"),
    log:
        result("logs/simulate_scan/{scan}.log"),
    benchmark:
        result("benchmarks/simulate_scan/{scan}.tsv")
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code("simulate_scan"),
        content=content([SIMULATION]),
        settings=told(SETTINGS["simulation"]["changes"]),
    shell:
        "python {input.script:q} {input.series:q} {wildcards.scan:q} --settings {params.settings:q}"
        " --output {output.scan:q} --truth {output.truth:q} > {log:q} 2>&1"


rule simulate_spectra:
    input:
        script=script("simulate_spectra"),
        series=SIMULATION,
    output:
        spectra=expand(
            result("simulated/spectra/{{sample}}_{temperature}C.mpt"),
            temperature=simulated_temperatures(),
        ),
        truth=result("simulated/truth/spectra/{sample}.json"),
    log:
        result("logs/simulate_spectra/{sample}.log"),
    benchmark:
        result("benchmarks/simulate_spectra/{sample}.tsv")
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("simulate_spectra"),
        content=content([SIMULATION]),
        settings=told(SETTINGS["simulation"]["changes"]),
    shell:
        "python {input.script:q} {input.series:q} {wildcards.sample:q} --settings {params.settings:q}"
        " --output {output.spectra:q} --truth {output.truth:q} > {log:q} 2>&1"
