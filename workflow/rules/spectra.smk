"""Impedance: files to spectra, tested, fitted, and turned into conductivities and an activation energy."""


rule analyse_spectra:
    """The four commands of a sample's impedance in one process: what they compute takes less time than a start."""
    input:
        script=script("chain"),
        spectra=lambda wildcards: at_hand(
            [*spectra_of(wildcards.sample), *leads_of(wildcards.sample)],
            result(f"spectra/{wildcards.sample}.nc"),
        ),
        pellets=lambda wildcards: made(
            [
                result(f"arrhenius/{name}.nc")
                for name in TABLES.further_pellets(wildcards.sample)
            ]
        ),
    output:
        spectra=result("spectra/{sample}.nc"),
        validation=result("validation/{sample}.nc"),
        removed=result("validation/{sample}.tsv"),
        circuits=result("circuits/{sample}.nc"),
        parameters=result("circuits/{sample}.tsv"),
        points=result("circuits/{sample}.points.tsv"),
        models=directory(result("circuits/{sample}.impedance_py")),
        arrhenius=result("arrhenius/{sample}.nc"),
        line=result("arrhenius/{sample}.tsv"),
        exclusions=result("arrhenius/{sample}.exclusions.tsv"),
    log:
        result("logs/analyse_spectra/{sample}.log"),
    benchmark:
        result("benchmarks/analyse_spectra/{sample}.tsv")
    conda:
        environment("impedance")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 600 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code(
            "chain",
            "import_spectra",
            "validate_spectra",
            "fit_circuits",
            "fit_arrhenius",
        ),
        content=lambda wildcards: content(
            [*spectra_of(wildcards.sample), *leads_of(wildcards.sample)]
        ),
        folder=SETTINGS["data_folder"],
        spectra=lambda wildcards: told(JOBS.of_spectra(wildcards.sample)),
        validation=settings_of_sample("validation"),
        circuits=settings_of_sample("circuits"),
        arrhenius=settings_of_sample("arrhenius"),
    shell:
        "python {input.script:q} import_spectra --folder {params.folder:q} --settings {params.spectra:q}"
        " --output {output.spectra:q}"
        " --then validate_spectra {output.spectra:q} --settings {params.validation:q} --output {output.validation:q}"
        " --then fit_circuits {output.validation:q} --settings {params.circuits:q} --output {output.circuits:q}"
        " --then fit_arrhenius {output.circuits:q} --settings {params.arrhenius:q} --output {output.arrhenius:q}"
        " --pellets {input.pellets:q}"
        " > {log:q} 2>&1"


rule draw_impedance:
    input:
        script=script("draw_impedance"),
        validated=result("validation/{sample}.nc"),
        circuits=result("circuits/{sample}.nc"),
        arrhenius=result("arrhenius/{sample}.nc"),
    output:
        report(
            result("figures/impedance/{sample}.svg"),
            caption="../report/impedance.rst",
            category="Impedance",
            labels=labels(
                sample="{sample}", figure="Nyquist, Bode, residuals, Arrhenius"
            ),
        ),
        pdf=result("figures/impedance/{sample}.pdf"),
        png=result("figures/impedance/{sample}.png"),
        numbers=result("figures/impedance/{sample}.tsv"),
    log:
        result("logs/draw_impedance/{sample}.log"),
    conda:
        environment("figures")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("draw_impedance"),
        settings=lambda wildcards: told({"title": title_of(wildcards.sample)}),
    shell:
        "python {input.script:q} {input.validated:q} {input.circuits:q} {input.arrhenius:q} --settings {params.settings:q}"
        " --output {output.pdf:q} > {log:q} 2>&1"


rule impedance_all:
    """Conductivity and activation energy of every sample that has spectra, with its figures."""
    input:
        files_of_stage("arrhenius/{sample}.nc", TABLES.with_spectra()),
        files_of_stage("figures/impedance/{sample}.pdf", TABLES.with_spectra()),
