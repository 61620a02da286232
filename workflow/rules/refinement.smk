"""G(r) to a refined structure for each fit range, the resolution of a standard, and the geometry of what was refined."""


rule refine_standard:
    input:
        script=script("refine_standard"),
        reduced=result("reduction/{sample}.nc"),
        structure=lambda wildcards: structures(wildcards.sample),
    output:
        resolution=result("resolution/{sample}.json"),
        fit=result("resolution/{sample}.nc"),
    log:
        result("logs/refine_standard/{sample}.log"),
    benchmark:
        result("benchmarks/refine_standard/{sample}.tsv")
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code("structure", "scattering/resolution.py", "scattering/form_factors.py"),
        settings=lambda wildcards: settings_text("resolution", wildcards.sample),
    shell:
        "python {input.script} {input.reduced:q} {input.structure:q} --settings {params.settings:q}"
        " --output {output.resolution:q} --fit {output.fit:q} > {log:q} 2>&1"


rule refine_structure:
    input:
        script=script("refine_structure"),
        reduced=result("reduction/{sample}.nc"),
        structure=lambda wildcards: structures(wildcards.sample),
        resolution=result(f"resolution/{STANDARD}.json") if STANDARD else [],
    output:
        [
            result(f"refinement/{{sample}}/{fit_range}.{kind}")
            for fit_range in FIT_RANGES
            for kind in ("nc", "cif", "fgr", "tsv")
        ],
    log:
        result("logs/refine_structure/{sample}.log"),
    benchmark:
        result("benchmarks/refine_structure/{sample}.tsv")
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("structure", "scattering/resolution.py", "scattering/form_factors.py"),
        settings=lambda wildcards: refinement_settings(wildcards.sample),
        resolution=lambda wildcards, input: (
            ["--resolution", input.resolution] if input.resolution else []
        ),
        ranges=FIT_RANGES,
        files=lambda wildcards: [
            part
            for option, kind in (
                ("output", "nc"),
                ("cif", "cif"),
                ("fit", "fgr"),
                ("table", "tsv"),
            )
            for part in (
                f"--{option}",
                result(f"refinement/{wildcards.sample}/{{range}}.{kind}"),
            )
        ],
    shell:
        "python {input.script} {input.reduced:q} {input.structure:q} {params.resolution:q}"
        " --settings {params.settings:q} --ranges {params.ranges:q} {params.files:q} > {log:q} 2>&1"


rule measure_geometry:
    input:
        script=script("measure_geometry"),
        refinement=result("refinement/{sample}/{fit_range}.nc"),
        structure=lambda wildcards: structures(wildcards.sample)[0],
    output:
        netcdf=result("geometry/{sample}/{fit_range}.nc"),
        table=result("geometry/{sample}/{fit_range}.tsv"),
    log:
        result("logs/measure_geometry/{sample}/{fit_range}.log"),
    benchmark:
        result("benchmarks/measure_geometry/{sample}/{fit_range}.tsv")
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 600 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("structure"),
        settings=lambda wildcards: json.dumps(
            {
                key: value
                for key, value in json.loads(
                    settings_text("geometry", wildcards.sample)
                ).items()
                if value is not None
            },
            sort_keys=True,
        ),
    shell:
        "python {input.script} {input.refinement:q} {input.structure:q} --settings {params.settings:q}"
        " --output {output.netcdf:q} --table {output.table:q} > {log:q} 2>&1"


rule draw_refinement:
    """G(r) and its fits of one sample: drawing is cheap, starting to draw is not."""
    input:
        script=script("draw_refinement"),
        reduced=result("reduction/{sample}.nc"),
        fits=expand(
            result("refinement/{{sample}}/{fit_range}.nc"), fit_range=FIT_RANGES
        ),
    output:
        drawn_beside_svg(
            "reduction/{sample}", *(f"refinement/{{sample}}/{r}" for r in FIT_RANGES)
        ),
        report(
            result("figures/reduction/{sample}.svg"),
            caption="../report/reduction.rst",
            category="Reduction",
            labels=labels(sample="{sample}", figure="I(Q), S(Q), F(Q), G(r)"),
        ),
        [
            report(
                result(f"figures/refinement/{{sample}}/{fit_range}.svg"),
                caption="../report/refinement.rst",
                category="Refinement",
                labels=labels(sample="{sample}", figure=f"fit {fit_range} Å"),
            )
            for fit_range in FIT_RANGES
        ],
    log:
        result("logs/draw_refinement/{sample}.log"),
    wildcard_constraints:
        sample=one_of(TABLES.with_structure()),
    conda:
        environment("figures")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code(
            "figures/plate.py",
            "provenance/stated.py",
            "figures/reduction.py",
            "figures/refinement.py",
        ),
        title=lambda wildcards: title_of(wildcards.sample),
        figures=lambda wildcards: [
            result(f"figures/{name}.pdf")
            for name in (
                f"reduction/{wildcards.sample}",
                *(f"refinement/{wildcards.sample}/{r}" for r in FIT_RANGES),
            )
        ],
    shell:
        "python {input.script} {input.reduced:q} {input.fits:q} --title {params.title:q} --output {params.figures:q}"
        " > {log:q} 2>&1"


rule refine_all:
    """Refined structures of every sample that has a starting structure, for every fit range, with their figures."""
    input:
        expand(
            result("refinement/{sample}/{fit_range}.cif"),
            sample=TABLES.with_structure(),
            fit_range=FIT_RANGES,
        ),
        expand(
            result("geometry/{sample}/{fit_range}.tsv"),
            sample=TABLES.with_structure(),
            fit_range=MAIN_RANGE,
        ),
        expand(
            result("figures/refinement/{sample}/{fit_range}.pdf"),
            sample=TABLES.with_structure(),
            fit_range=FIT_RANGES,
        ),
