"""G(r) to a refined structure for each fit range, the resolution of a standard, and the geometry of what was refined."""


rule refine_standard:
    input:
        script=script("refine_standard"),
        reduced=lambda wildcards: at_hand(
            [pair_distribution_of(wildcards.sample)],
            result(f"resolution/{wildcards.sample}.json"),
        ),
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
        code=code("refine_standard"),
        content=lambda wildcards: content_of_model(wildcards.sample),
        pdf=lambda wildcards: pair_distribution_of(wildcards.sample),
        settings=settings_of_sample("resolution"),
    shell:
        "python {input.script:q} {params.pdf:q} {input.structure:q} --settings {params.settings:q}"
        " --output {output.resolution:q} --fit {output.fit:q} > {log:q} 2>&1"


rule refine_structure:
    """All fit ranges of one sample, with geometry and a second reading of size and strain of the first, in one process."""
    input:
        script=script("chain"),
        reduced=lambda wildcards: at_hand(
            [pair_distribution_of(wildcards.sample)],
            result(f"refinement/{wildcards.sample}/{MAIN_RANGE}.nc"),
        ),
        structure=lambda wildcards: structures(wildcards.sample),
        resolution=lambda wildcards: of_standard(
            wildcards.sample, "resolution/{sample}.json"
        ),
        further=lambda wildcards: further_of(wildcards.sample),
        before=lambda wildcards: refined_before(wildcards.sample),
        standard=lambda wildcards: (
            of_standard(wildcards.sample, "reduction/{sample}.nc")
            if wildcards.sample in WITNESSED
            else []
        ),
        certificate=lambda wildcards: (
            structures(JOBS.standard_of(wildcards.sample))
            if wildcards.sample in WITNESSED
            else []
        ),
    output:
        [result("reflection_widths/{sample}.nc")] if WITNESSED else [],
        [
            result(f"refinement/{{sample}}/{fit_range}.{kind}")
            for fit_range in FIT_RANGES
            for kind in ("nc", "cif", "stru", "py", "gr", "inp", "xy", "fgr", "tsv")
        ],
        geometry=result(f"geometry/{{sample}}/{MAIN_RANGE}.nc"),
        table=result(f"geometry/{{sample}}/{MAIN_RANGE}.tsv"),
    log:
        result("logs/refine_structure/{sample}.log"),
    benchmark:
        result("benchmarks/refine_structure/{sample}.tsv")
    wildcard_constraints:
        sample=one_of(WITNESSED or TABLES.with_structure()),
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        content=lambda wildcards: content_of_model(wildcards.sample),
        code=code("chain", "refine_structure", "measure_geometry", "reflection_widths"),
        widths=lambda wildcards, input: (
            [
                *("--then", "reflection_widths", input.reduced),
                *(
                    result(f"refinement/{wildcards.sample}/{MAIN_RANGE}.{kind}")
                    for kind in ("nc", "cif")
                ),
                *("--standard", *input.standard),
                *("--standard-structure", input.certificate[0]),
                *(
                    "--settings",
                    told(JOBS.of_sample("reflection_widths", wildcards.sample)),
                ),
                *("--output", result(f"reflection_widths/{wildcards.sample}.nc")),
            ]
            if wildcards.sample in WITNESSED
            else []
        ),
        pdf=lambda wildcards: pair_distribution_of(wildcards.sample),
        geometry=settings_of_sample("geometry"),
        main=lambda wildcards: result(f"refinement/{wildcards.sample}/{MAIN_RANGE}.nc"),
        settings=settings_of_sample("refinement"),
        resolution=lambda wildcards, input: (
            ["--resolution", *input.resolution] if input.resolution else []
        ),
        further=lambda wildcards, input: (
            ["--with", *further_of(wildcards.sample)] if input.further else []
        ),
        before=lambda wildcards, input: (
            ["--start-from", input.before] if input.before else []
        ),
        ranges=FIT_RANGES,
        files=lambda wildcards: [
            part
            for option, kind in (
                ("output", "nc"),
                ("cif", "cif"),
                ("stru", "stru"),
                ("pdffit2", "py"),
                ("topas", "inp"),
                ("fit", "fgr"),
                ("table", "tsv"),
            )
            for part in (
                f"--{option}",
                result(f"refinement/{wildcards.sample}/{{range}}.{kind}"),
            )
        ],
    shell:
        "python {input.script:q} refine_structure {params.pdf:q} {input.structure:q} {params.resolution:q}"
        " {params.further:q} {params.before:q} --settings {params.settings:q} --ranges {params.ranges:q} {params.files:q}"
        " --then measure_geometry {params.main:q} {input.structure[0]:q} --settings {params.geometry:q}"
        " --output {output.geometry:q} --table {output.table:q} {params.widths:q} > {log:q} 2>&1"


use rule refine_structure as refine_structure_alone with:
    """The same for samples whose reflections are not read, beside others whose are."""
    output:
        [
            result(f"refinement/{{sample}}/{fit_range}.{kind}")
            for fit_range in FIT_RANGES
            for kind in ("nc", "cif", "stru", "py", "gr", "inp", "xy", "fgr", "tsv")
        ],
        geometry=result(f"geometry/{{sample}}/{MAIN_RANGE}.nc"),
        table=result(f"geometry/{{sample}}/{MAIN_RANGE}.tsv"),
    wildcard_constraints:
        sample=one_of(
            [name for name in TABLES.with_structure() if name not in WITNESSED]
            if WITNESSED
            else []
        ),


rule draw_refinement:
    """G(r) and its fits of one sample: drawing is cheap, starting to draw is not."""
    input:
        script=script("draw_refinement"),
        reduced=result("reduction/{sample}.nc"),
        fits=expand(
            result("refinement/{{sample}}/{fit_range}.nc"), fit_range=FIT_RANGES
        ),
        widths=lambda wildcards: (
            [result(f"reflection_widths/{wildcards.sample}.nc")]
            if wildcards.sample in WITNESSED
            else []
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
        sample=one_of(TABLES.reduced_and_refined()),
    conda:
        environment("figures")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("draw_refinement"),
        settings=lambda wildcards: told({"title": title_of(wildcards.sample)}),
        widths=lambda wildcards, input: (
            ["--widths", input.widths] if input.widths else []
        ),
        figures=lambda wildcards: [
            result(f"figures/{name}.pdf")
            for name in (
                f"reduction/{wildcards.sample}",
                *(f"refinement/{wildcards.sample}/{r}" for r in FIT_RANGES),
            )
        ],
    shell:
        "python {input.script:q} {input.fits:q} --reduced {input.reduced:q} {params.widths:q}"
        " --settings {params.settings:q}"
        " --output {params.figures:q} > {log:q} 2>&1"


rule draw_fits:
    """Fits of a sample whose G(r) was reduced elsewhere: there is no reduction to draw."""
    input:
        script=script("draw_refinement"),
        fits=rules.draw_refinement.input.fits,
    output:
        drawn_beside_svg(*(f"refinement/{{sample}}/{r}" for r in FIT_RANGES)),
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
        result("logs/draw_fits/{sample}.log"),
    wildcard_constraints:
        sample=one_of(TABLES.with_pair_distribution()),
    conda:
        environment("figures")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("draw_refinement"),
        settings=lambda wildcards: told({"title": title_of(wildcards.sample)}),
        figures=lambda wildcards: [
            result(f"figures/refinement/{wildcards.sample}/{r}.pdf")
            for r in FIT_RANGES
        ],
    shell:
        "python {input.script:q} {input.fits:q} --settings {params.settings:q} --output {params.figures:q}"
        " > {log:q} 2>&1"


rule refine_all:
    """Refined structures of every sample that has a starting structure, for every fit range, with their figures."""
    input:
        files_of_stage(
            "refinement/{sample}/{fit_range}.cif", TABLES.with_structure(), FIT_RANGES
        ),
        files_of_stage(
            "geometry/{sample}/{fit_range}.tsv", TABLES.with_structure(), [MAIN_RANGE]
        ),
        files_of_stage(
            "figures/refinement/{sample}/{fit_range}.pdf",
            TABLES.with_structure(),
            FIT_RANGES,
        ),


rule detect_side_phase:
    input:
        script=script("detect_side_phase"),
        reduced=result("reduction/{sample}.nc"),
        refinement=result(f"refinement/{{sample}}/{MAIN_RANGE}.nc"),
        structure=lambda wildcards: structures(wildcards.sample),
        side=lambda wildcards: side_phase_of(wildcards.sample),
    output:
        netcdf=result("side_phase/{sample}.nc"),
        table=result("side_phase/{sample}.tsv"),
    log:
        result("logs/detect_side_phase/{sample}.log"),
    benchmark:
        result("benchmarks/detect_side_phase/{sample}.tsv")
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        code=code("detect_side_phase"),
        content=lambda wildcards: content(
            [*structures(wildcards.sample), side_phase_of(wildcards.sample)]
        ),
        settings=settings_of_sample("side_phase"),
    shell:
        "python {input.script:q} {input.reduced:q} {input.refinement:q} {input.structure:q} --side {input.side:q}"
        " --settings {params.settings:q} --output {output.netcdf:q} --table {output.table:q} > {log:q} 2>&1"
