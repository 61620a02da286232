"""Everything that a run found as one page that opens without a network."""

# Another run's results, shown beside this one: `make page COMPARE=other/results`.
PAGE_FIGURES = [
    *SERIES_FIGURES,
    *(name for figures in PAPER_FIGURES.values() for name in figures),
]
COMPARED = os.environ.get("COHERION_COMPARE", "")
if get_wildcard_names(COMPARED):
    raise WorkflowError(
        f"{COMPARED}: braces in the name of a folder to compare with are wildcards to Snakemake: rename it"
    )


rule build_page:
    """Reads what all jobs wrote and said, so it comes after them."""
    input:
        TARGETS,
        rules.summarise_run.output,
        script=script("build_page"),
        paper=PAPER_FILE,
        captions=sorted({caption_of(DECLARED[name]) for name in PAGE_FIGURES}),
        other=f"{COMPARED}/series/series.tsv" if COMPARED else [],
    output:
        result("page.html"),
    log:
        result("logs/build_page.log"),
    benchmark:
        result("benchmarks/build_page.tsv")
    conda:
        environment("figures")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 1500 * attempt,
        runtime=lambda wildcards, attempt: 10 * attempt,
    params:
        code=code("build_page"),
        settings=told(
            {
                "samples": [
                    name
                    for name, row in TABLES.samples.items()
                    if row["group"] != "standard"
                ],
                "title": SETTINGS["results"]
                .rstrip("/")
                .removeprefix("results")
                .strip("/"),
            }
        ),
        figures=told({name: caption_of(DECLARED[name]) for name in PAGE_FIGURES}),
        folder=lambda wildcards, output: Path(output[0]).parent,
        compare=["--compare", COMPARED] if COMPARED else [],
        multiverse=multiverse_made,
    shell:
        "python {input.script:q} {params.folder:q} --paper {input.paper:q} --figures {params.figures:q}"
        " --settings {params.settings:q} {params.compare:q} --output {output:q} > {log:q} 2>&1"
