"""The supporting information as one PDF, from the tables and figures of a finished run."""


def supporting_figures():
    """Each figure of the paper's supporting information, and those beyond it, with its file and its caption."""
    kinds = {
        name: figure | {"caption": f"kind_{figure['kind']}"}
        for figures in PAPER_FIGURES.values()
        for name, figure in figures.items()
    }
    series = {name: {"caption": name} for name in SERIES_FIGURES}
    recovery = {"recovery": {"caption": "recovery"}} if RECOVERED else {}
    found = {}
    for name, figure in (kinds | series | recovery).items():
        if name.startswith("figure_S") or name in (
            "side_phase",
            "correlation",
            "recovery",
        ):
            caption = f"workflow/report/{figure['caption']}.rst"
            found[name] = {
                "file": result(f"figures/{name}.pdf"),
                "caption": _shown(Path(workflow.basedir) / caption),
            }
            if figure.get("kind") == "fits":
                found[name]["range"] = Path(figure["files"][0]).stem
    return found


SUPPORTING_FIGURES = supporting_figures()


rule write_supporting_information:
    input:
        script=script("write_supporting_information"),
        tables=rules.write_tables.output[0],
        series=result("series/series.tsv"),
        summary=rules.summarise_run.output,
        figures=[figure["file"] for figure in SUPPORTING_FIGURES.values()],
        captions=sorted({figure["caption"] for figure in SUPPORTING_FIGURES.values()}),
    output:
        report(
            result("supporting_information.pdf"),
            caption="../report/supporting_information.rst",
            category="Tables",
            labels=labels(table="all", shows="supporting information"),
        ),
    log:
        result("logs/write_supporting_information.log"),
    benchmark:
        result("benchmarks/write_supporting_information.tsv")
    conda:
        environment("structure")
    threads: 1
    resources:
        mem_mb=lambda wildcards, attempt: 800 * attempt,
        runtime=lambda wildcards, attempt: 5 * attempt,
    params:
        code=code("supporting", "supporting/template.typ", "tables", "structure/cif.py"),
        figures=json.dumps(SUPPORTING_FIGURES),
        summary=lambda wildcards, input: str(Path(input.summary[0]).parent),
    shell:
        "python {input.script} {input.tables:q} {input.series:q} --summary {params.summary:q}"
        " --figures {params.figures:q} --output {output:q} > {log:q} 2>&1"
