"""Everything per sample in one table of the series, all exclusions in another, and the verdict on the claims."""


rule collect_series:
    input:
        script=script("collect_series"),
        samples=table_of("samples"),
        scans=table_of("scans"),
        spectra=table_of("spectra"),
        refinement=files_of_stage(
            "refinement/{sample}/{fit_range}.nc", TABLES.with_structure(), FIT_RANGES
        ),
        geometry=files_of_stage(
            "geometry/{sample}/{fit_range}.nc", TABLES.with_structure(), [MAIN_RANGE]
        ),
        side_phase=files_of_stage("side_phase/{sample}.nc", SUSPECTS),
        widths=files_of_stage("reflection_widths/{sample}.nc", WITNESSED),
        validation=files_of_stage("validation/{sample}.nc", TABLES.with_spectra()),
        arrhenius=files_of_stage("arrhenius/{sample}.nc", TABLES.with_spectra()),
    output:
        series=report(
            result("series/series.tsv"),
            caption="../report/series.rst",
            category="Series",
            labels=labels(table="all samples"),
        ),
        exclusions=report(
            result("series/exclusions.tsv"),
            caption="../report/exclusions.rst",
            category="Series",
            labels=labels(table="exclusions"),
        ),
        failed=result("series/failed.tsv"),
    log:
        result("logs/collect_series.log"),
    benchmark:
        result("benchmarks/collect_series.tsv")
    conda:
        environment("impedance")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code("collect_series"),
        content=content(tables_as_read()),
        settings=told(
            with_failed(
                JOBS.of_series("series")
                | {
                    "suspects": having("side_phase/{sample}.nc", SUSPECTS),
                    "witnessed": having("reflection_widths/{sample}.nc", WITNESSED),
                }
            )
        ),
        schemas=str(SCHEMAS),
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
                ("geometry", "geometry/{sample}/{range}.nc"),
                ("side-phase", "side_phase/{sample}.nc"),
                ("widths", "reflection_widths/{sample}.nc"),
                ("validation", "validation/{sample}.nc"),
                ("arrhenius", "arrhenius/{sample}.nc"),
            )
            for part in (f"--{stage}", result(pattern))
        ],
    shell:
        "python {input.script:q} {input.samples:q} {params.tables:q} --schemas {params.schemas:q}"
        " --ranges {params.ranges:q} {params.patterns:q} --settings {params.settings:q}"
        " --output {output.series:q} --exclusions {output.exclusions:q} --failed {output.failed:q} > {log:q} 2>&1"


rule collect_alerts:
    """What is wrong with the standard, the reductions and the fits, told at the end of a run."""
    input:
        script=script("collect_alerts"),
        reduction=files_of_stage("reduction/{sample}.nc", TABLES.reduced_and_refined()),
        refinement=rules.collect_series.input.refinement,
        side_phase=rules.collect_series.input.side_phase,
        widths=rules.collect_series.input.widths,
        circuits=files_of_stage("circuits/{sample}.nc", TABLES.with_spectra()),
        arrhenius=rules.collect_series.input.arrhenius,
        scans=files_of_stage("scans/{sample}.nc", TABLES.used_scans()),
        standards=expand(
            result("{stage}"),
            stage=[
                name
                for standard in JUDGEABLE
                for name in (
                    f"reduction/{standard}.nc",
                    *(f"resolution/{standard}.{kind}" for kind in ("json", "nc")),
                )
            ],
        ),
        certificates=[structures(standard)[0] for standard in JUDGEABLE],
        structures=sorted(set(pure_structures().values())),
    output:
        report(
            result("series/alerts.tsv"),
            caption="../report/alerts.rst",
            category="Series",
            labels=labels(table="alerts"),
        ),
    log:
        result("logs/collect_alerts.log"),
    conda:
        environment("structure")
    threads: 1
    resources:
        # All samples stand in one process: 1 MB and 0.25 s each.
        mem_mb=lambda wildcards, attempt: (800 + len(TABLES.samples)) * attempt,
        runtime=lambda wildcards, attempt: (10 + len(TABLES.samples) // 100) * attempt,
    params:
        code=code("collect_alerts"),
        content=content(
            [
                *(structures(standard)[0] for standard in JUDGEABLE),
                *sorted(set(pure_structures().values())),
            ]
        ),
        settings=told(
            JOBS.of_series("quality")
            | {
                "samples": having(
                    "refinement/{sample}/{range}.nc", TABLES.with_structure()
                ),
                "reduced": having(
                    "reduction/{sample}.nc", TABLES.reduced_and_refined()
                ),
                "suspects": having("side_phase/{sample}.nc", SUSPECTS),
                "witnessed": having("reflection_widths/{sample}.nc", WITNESSED),
                "conducting": having("arrhenius/{sample}.nc", TABLES.with_spectra()),
                "standards": JUDGEABLE,
                "scans": {
                    sample: use
                    for sample, use in JOBS.uses_of_scans(pure_structures()).items()
                    if having(
                        "scans/{sample}.nc",
                        [use["scan"], use["background"] or use["scan"]],
                    )
                    == [use["scan"], use["background"] or use["scan"]]
                },
            }
        ),
        resistance=SETTINGS["series"]["resistance"],
        ranges=FIT_RANGES,
        certificates=lambda wildcards, input: (
            ["--certificates", *input.certificates] if input.certificates else []
        ),
        patterns=lambda wildcards: [
            part
            for stage, pattern in (
                ("reduction", "reduction/{sample}.nc"),
                ("refinement", "refinement/{sample}/{range}.nc"),
                ("side-phase", "side_phase/{sample}.nc"),
                ("widths", "reflection_widths/{sample}.nc"),
                ("resolution", "resolution/{sample}.json"),
                ("scans", "scans/{sample}.nc"),
                ("circuits", "circuits/{sample}.nc"),
                ("arrhenius", "arrhenius/{sample}.nc"),
            )
            for part in (f"--{stage}", result(pattern))
        ],
    shell:
        "python {input.script:q} --ranges {params.ranges:q} {params.patterns:q} {params.certificates:q}"
        " --resistance {params.resistance:q}"
        " --settings {params.settings:q} --output {output:q} > {log:q} 2>&1"


rule judge_claims:
    input:
        script=script("judge_claims"),
        series=result("series/series.tsv"),
        paper=PAPER_FILE,
    output:
        claims=report(
            result("claims.tsv"),
            caption="../report/claims.rst",
            category="Claims",
            labels=labels(table="verdict on every statement"),
        ),
        correlation=result("series/correlation.nc"),
        unmeasured=result("series/unmeasured.tsv"),
    log:
        result("logs/judge_claims.log"),
    benchmark:
        result("benchmarks/judge_claims.tsv")
    conda:
        environment("impedance")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code("judge_claims"),
        content=content([PAPER_FILE]),
        settings=told(JOBS.of_series("claims")),
    shell:
        "python {input.script:q} {input.series:q} --paper {input.paper:q} --settings {params.settings:q} --output {output.claims:q}"
        " --correlation {output.correlation:q} --unmeasured {output.unmeasured:q} > {log:q} 2>&1"


rule measure_recovery:
    input:
        script=script("measure_recovery"),
        series=result("series/series.tsv"),
        truth=expand(
            result("simulated/truth/{kind}/{sample}.json"),
            kind=["scans", "spectra"],
            sample=RECOVERED,
        ),
        refinement=files_of_stage(
            "refinement/{sample}/{fit_range}.nc", RECOVERED, [MAIN_RANGE]
        ),
        circuits=files_of_stage("circuits/{sample}.nc", RECOVERED),
        arrhenius=files_of_stage("arrhenius/{sample}.nc", RECOVERED),
    output:
        recovery=result("series/recovery.tsv"),
        summary=report(
            result("series/recovery_summary.tsv"),
            caption="../report/recovery.rst",
            category="Series",
            labels=labels(table="recovery of the simulated truth"),
        ),
    log:
        result("logs/measure_recovery.log"),
    benchmark:
        result("benchmarks/measure_recovery.tsv")
    conda:
        environment("impedance")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("measure_recovery"),
        settings=told({"samples": RECOVERED}),
        patterns=lambda wildcards: [
            part
            for stage, pattern in (
                ("scan-truth", "simulated/truth/scans/{sample}.json"),
                ("refinement", f"refinement/{{sample}}/{MAIN_RANGE}.nc"),
                ("spectra-truth", "simulated/truth/spectra/{sample}.json"),
                ("circuits", "circuits/{sample}.nc"),
                ("arrhenius", "arrhenius/{sample}.nc"),
            )
            for part in (f"--{stage}", result(pattern))
        ],
    shell:
        "python {input.script:q} {input.series:q} --settings {params.settings:q} {params.patterns:q}"
        " --output {output.recovery:q} --summary {output.summary:q} > {log:q} 2>&1"


rule series_all:
    """The table of the series, the exclusions, and the verdicts where there is a series of compositions."""
    input:
        result("series/series.tsv"),
        result("series/exclusions.tsv"),
        result("series/alerts.tsv"),
        result("claims.tsv") if PAPER.statements else [],
        result("series/recovery.tsv") if RECOVERED else [],
