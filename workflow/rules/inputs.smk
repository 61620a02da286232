"""What each step reads and is told of a sample, and which figures there are."""

from coherion.inputs.missing import missing_files, told_in_brief
from coherion.settings.run import of_sample

SIMULATION = located(SETTINGS["simulation"]["series"])


# Truth is known where the raw files are those that this workflow simulates.
SIMULATED = Path(SETTINGS["data_folder"]) == Path(result("simulated"))
config["simulated"] = SIMULATED


def labels(**shown):
    """How the report lists a result: by what it shows, and by where the data come from."""
    return shown | {"data": "simulated" if SIMULATED else "from the data folder"}


def simulated_temperatures():
    """Temperatures of the simulated spectra in degC, as the names of files have them."""
    return [f"{t:g}" for t in read_yaml(SIMULATION)["spectra"]["temperatures"]]


def scans_of(sample):
    """Scan of a sample and, where it has one, of its background."""
    row = TABLES.samples[sample]
    named = {"scan": row["scan"], "background": row.get("background")}
    return {key: result(f"scans/{name}.nc") for key, name in named.items() if name}


FIT_RANGES = [f"{low:g}-{high:g}" for low, high in SETTINGS["refinement"]["fit_ranges"]]
MAIN_RANGE = FIT_RANGES[0]
STANDARD = SETTINGS["refinement"]["resolution_from"]


# A standard without a structure is reduced and nothing else.
JUDGED = STANDARD in TABLES.samples and "structure" in TABLES.samples[STANDARD]
# Samples whose reflections are read for size and strain once more: the standard's give the instrument's profile.
WITNESSED = (
    TABLES.with_structure() if JUDGED and SETTINGS["reflection_widths"]["read"] else []
)


def structures(sample):
    """Starting structures of a sample, one CIF for each phase."""
    return [
        located(part.strip()) for part in TABLES.samples[sample]["structure"].split("|")
    ]


def side_phase_of(sample):
    """Structure of the side phase that is looked for in a sample, or None."""
    return located(of_sample(SETTINGS, "side_phase", sample)["structure"])


# Samples in which a side phase is looked for: a standard is what its certificate says.
SUSPECTS = [
    sample
    for sample in TABLES.with_structure()
    if TABLES.samples[sample]["group"] != "standard" and side_phase_of(sample)
]

# Without compositions there is no series to make claims about.
IS_SERIES = sum("x" in row for row in TABLES.samples.values()) > 2


def files_of_stage(pattern, known, ranges=("",)):
    """One stage's files of all samples that have them."""
    return expand(result(pattern), sample=known, fit_range=ranges)


def table_of(name):
    """A table as an input: none where the series has none."""
    path = located(SETTINGS["tables"][name])
    return [path] if path else []


SERIES_FIGURES = [
    "overview",
    "figure_4",
    "figure_5",
    "figure_6bcd",
    "figure_S6",
    "figure_S7",
    "figure_S11",
    *(["figure_S1", "correlation", "relations"] if IS_SERIES else []),
    *(["readings"] if TABLES.with_structure() else []),
]
CHOSEN = SETTINGS["figures"]


def drawn(*names, suffixes=(".pdf", ".svg", ".png", ".tsv")):
    """All files of figures of these names."""
    return [result(f"figures/{name}{suffix}") for name in names for suffix in suffixes]


def drawn_beside_svg(*names):
    """The same without the SVG, which stands apart where it goes into the report."""
    return drawn(*names, suffixes=(".pdf", ".png", ".tsv"))


def of_samples(pattern, samples, known):
    """A sample's name and file for each sample that has one."""
    return [
        (sample, result(pattern.format(sample=sample, range=MAIN_RANGE)))
        for sample in samples
        if sample in known
    ]


def figure_of(kind, files, **more):
    """What draw_paper is told of one figure; ``files`` are pairs of a sample and a file of its own."""
    return {
        "kind": kind,
        "files": [file for _, file in files],
        "titles": [title_of(sample) for sample, _ in files],
        **more,
    }


def paper_figures():
    """Figures of several samples by the job that draws them: those of chosen samples, and those of all."""
    scans = [s for s in TABLES.with_scan() if TABLES.samples[s]["group"] != "standard"]
    fitted, measured = TABLES.with_structure(), TABLES.with_spectra()
    shown, fit_of = CHOSEN["representative"], CHOSEN["fit_of"]
    reduced, circuits, lines = (
        f"{stage}/{{sample}}.nc" for stage in ("reduction", "circuits", "arrhenius")
    )
    chosen = of_samples(reduced, shown, scans)
    reference = {
        "reference": structures(sample)[0] for sample, _ in chosen if sample in fitted
    }
    some = {
        "figure_1a": figure_of("patterns", chosen, **reference),
        "figure_1b": figure_of("pair_distributions", chosen),
        "figure_6a": figure_of(
            "arrhenius", of_samples(lines, CHOSEN["arrhenius_of"], measured)
        ),
    }
    if fit_of in fitted:
        own = f"refinement/{fit_of}"
        some["figure_2"] = figure_of(
            "fit_ranges",
            [(fit_of, result(f"{own}/{fit_range}.nc")) for fit_range in FIT_RANGES],
        )
        some["figure_3"] = figure_of(
            "structure",
            [(fit_of, result(f"{own}/{MAIN_RANGE}.{kind}")) for kind in ("nc", "cif")],
        )
    every = {
        "figure_S2": figure_of("patterns", of_samples(reduced, scans, scans)),
        "figure_S8": figure_of("nyquist", of_samples(circuits, measured, measured)),
        "figure_S9": figure_of("arrhenius", of_samples(lines, measured, measured)),
        "side_phase": figure_of(
            "side_phase", of_samples("side_phase/{sample}.nc", SUSPECTS, SUSPECTS)
        ),
    }
    for number, fit_range in enumerate(FIT_RANGES, start=3):
        files = [
            (sample, result(f"refinement/{sample}/{fit_range}.nc")) for sample in fitted
        ]
        every[f"figure_S{number}"] = figure_of("fits", files)
    batches = {
        batch: {name: figure for name, figure in figures.items() if figure["files"]}
        for batch, figures in (("chosen_samples", some), ("all_samples", every))
    }
    return {batch: figures for batch, figures in batches.items() if figures}


PAPER_FIGURES = paper_figures()

# Samples whose recovery can be measured: simulated, with refinement and spectra.
RECOVERED = [
    sample
    for sample in TABLES.with_structure()
    if SIMULATED and sample in TABLES.with_spectra()
]


def supporting_figures():
    """Each figure of the paper's supporting information, and those beyond it, with its file and its caption."""
    captions = ROOT / "workflow" / "report"
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
            "relations",
            "readings",
            "recovery",
        ):
            found[name] = {
                "file": result(f"figures/{name}.pdf"),
                "caption": shown((captions / figure["caption"]).with_suffix(".rst")),
            }
            if figure.get("kind") == "fits":
                found[name]["range"] = Path(figure["files"][0]).stem
    return found


SUPPORTING_FIGURES = supporting_figures()


def refuse_missing_files(wildcards):
    """A whole run that lacks a file ends here, with table and row; Snakemake would end it without them.

    The default target has it among its inputs, and gets no files from it: where single results are asked for, what
    they need is Snakemake's to find out.
    """
    if SIMULATED:
        return []
    made = {"scan": "scans", "spectra": "spectra"}
    missing = missing_files(
        TABLES,
        {name: located(path) for name, path in SETTINGS["tables"].items()},
        SETTINGS["data_folder"],
        is_made=lambda kind, name: Path(result(f"{made[kind]}/{name}.nc")).exists(),
        located=located,
    )
    if missing:
        raise WorkflowError(told_in_brief(missing))
    return []
