"""Scans to I(Q), S(Q), F(Q) and G(r), as netCDF, as the text files of the field, and drawn."""


rule reduce_scan:
    input:
        unpack(lambda wildcards: scans_of(wildcards.sample)),
        script=script("reduce_scan"),
        further=lambda wildcards: backgrounds_beside(wildcards.sample),
    output:
        netcdf=result("reduction/{sample}.nc"),
        gr=result("reduction/{sample}.gr"),
        fq=result("reduction/{sample}.fq"),
        sq=result("reduction/{sample}.sq"),
        iq=result("reduction/{sample}.iq"),
    log:
        result("logs/reduce_scan/{sample}.log"),
    benchmark:
        result("benchmarks/reduce_scan/{sample}.tsv")
    conda:
        environment("scattering")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("reduce_scan"),
        # Which is the sample's and which the background's: an exchange leaves the set of inputs as it was.
        roles=lambda wildcards: list(scans_of(wildcards.sample).items()),
        further=lambda wildcards, input: (
            ["--further-backgrounds", *backgrounds_beside(wildcards.sample)]
            if input.further
            else []
        ),
        settings=settings_of_sample("reduction"),
        background=lambda wildcards, input: (
            ["--background", input.background] if "background" in input.keys() else []
        ),
    shell:
        "python {input.script:q} {input.scan:q} {params.background:q} {params.further:q} --settings {params.settings:q}"
        " --output {output.netcdf:q} > {log:q} 2>&1"


rule draw_reduction:
    input:
        script=script("draw_reduction"),
        reduced=result("reduction/{sample}.nc"),
    output:
        report(
            result("figures/reduction/{sample}.svg"),
            caption="../report/reduction.rst",
            category="Reduction",
            labels=labels(sample="{sample}", figure="I(Q), S(Q), F(Q), G(r)"),
        ),
        pdf=result("figures/reduction/{sample}.pdf"),
        png=result("figures/reduction/{sample}.png"),
        numbers=result("figures/reduction/{sample}.tsv"),
    log:
        result("logs/draw_reduction/{sample}.log"),
    wildcard_constraints:
        # Of a sample that is refined too, draw_refinement draws both at once.
        sample=one_of(s for s in TABLES.with_scan() if s not in TABLES.with_structure()),
    conda:
        environment("figures")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("draw_reduction"),
        settings=lambda wildcards: told({"title": title_of(wildcards.sample)}),
    shell:
        "python {input.script:q} {input.reduced:q} --settings {params.settings:q} --output {output.pdf:q}"
        " > {log:q} 2>&1"


rule reduce_all:
    """G(r) of every sample that has a scan, with its figures."""
    input:
        files_of_stage("reduction/{sample}.gr", TABLES.with_scan()),
        files_of_stage("figures/reduction/{sample}.pdf", TABLES.with_scan()),
