"""Impedance: files to spectra, tested, fitted, and turned into conductivities and an activation energy."""


rule import_spectra:
    input:
        script=script("import_spectra"),
        spectra=lambda wildcards: [
            file for row in TABLES.spectra[wildcards.sample] for file in data(row)
        ],
    output:
        result("spectra/{sample}.nc"),
    log:
        result("logs/import_spectra/{sample}.log"),
    benchmark:
        result("benchmarks/import_spectra/{sample}.tsv")
    conda:
        environment("impedance")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code(
            "formats/biologic.py",
            "formats/biologic_mpr.py",
            "formats/biologic_mpt.py",
            "formats/impedance_columns.py",
            "formats/impedance_text.py",
            "formats/spectrum.py",
            "impedance/spectra.py",
        ),
        settings=lambda wildcards: settings_text(
            "spectra",
            wildcards.sample,
            sample=wildcards.sample,
            rows=rows_of_spectra(wildcards.sample),
        ),
    shell:
        "python {input.script} {input.spectra:q} --settings {params.settings:q} --output {output:q} > {log:q} 2>&1"


rule validate_spectra:
    input:
        script=script("validate_spectra"),
        spectra=result("spectra/{sample}.nc"),
    output:
        netcdf=result("validation/{sample}.nc"),
        removed=result("validation/{sample}.tsv"),
    log:
        result("logs/validate_spectra/{sample}.log"),
    benchmark:
        result("benchmarks/validate_spectra/{sample}.tsv")
    conda:
        environment("impedance")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code(
            "impedance/kramers_kronig.py",
            "impedance/datasets.py",
            "formats/settings.py",
        ),
        settings=lambda wildcards: settings_text("validation", wildcards.sample),
    shell:
        "python {input.script} {input.spectra:q} --settings {params.settings:q} --output {output.netcdf:q}"
        " > {log:q} 2>&1"


rule fit_circuits:
    input:
        script=script("fit_circuits"),
        spectra=result("validation/{sample}.nc"),
    output:
        netcdf=result("circuits/{sample}.nc"),
        table=result("circuits/{sample}.tsv"),
    log:
        result("logs/fit_circuits/{sample}.log"),
    benchmark:
        result("benchmarks/fit_circuits/{sample}.tsv")
    conda:
        environment("impedance")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 600 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("impedance"),
        settings=lambda wildcards: settings_text("circuits", wildcards.sample),
    shell:
        "python {input.script} {input.spectra:q} --settings {params.settings:q} --output {output.netcdf:q}"
        " > {log:q} 2>&1"


rule fit_arrhenius:
    input:
        script=script("fit_arrhenius"),
        circuits=result("circuits/{sample}.nc"),
    output:
        netcdf=result("arrhenius/{sample}.nc"),
        table=result("arrhenius/{sample}.tsv"),
        exclusions=result("arrhenius/{sample}.exclusions.tsv"),
    log:
        result("logs/fit_arrhenius/{sample}.log"),
    benchmark:
        result("benchmarks/fit_arrhenius/{sample}.tsv")
    conda:
        environment("impedance")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 500 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code(
            "impedance/arrhenius.py",
            "impedance/arrhenius_dataset.py",
            "impedance/conductivity.py",
            "impedance/datasets.py",
            "formats/settings.py",
        ),
        settings=lambda wildcards: settings_text(
            "arrhenius", wildcards.sample, **pellet(wildcards.sample)
        ),
    shell:
        "python {input.script} {input.circuits:q} --settings {params.settings:q} --output {output.netcdf:q}"
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
            labels={
                "sample": "{sample}",
                "figure": "Nyquist, Bode, residuals, Arrhenius",
            },
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
        code=code("figures/plate.py", "figures/impedance.py"),
        title=lambda wildcards: title_of(wildcards.sample),
    shell:
        "python {input.script} {input.validated:q} {input.circuits:q} {input.arrhenius:q} --title {params.title:q}"
        " --output {output.pdf:q} > {log:q} 2>&1"


rule impedance_all:
    """Conductivity and activation energy of every sample that has spectra, with its figures."""
    input:
        expand(result("arrhenius/{sample}.nc"), sample=TABLES.with_spectra()),
        expand(result("figures/impedance/{sample}.pdf"), sample=TABLES.with_spectra()),
