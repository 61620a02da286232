"""What each step reads and is told of a sample, and which figures there are."""

from coherion.document.captions import as_template, read_caption
from coherion.inputs.missing import missing_files, told_beforehand, told_in_brief
from coherion.settings.run import of_sample
from coherion.simulation.series import read_simulation

SIMULATION = located(SETTINGS["simulation"]["series"])


# Truth is known where the raw files are those that this workflow simulates.
SIMULATED = Path(SETTINGS["data_folder"]) == Path(result("simulated"))
config["simulated"] = SIMULATED


def labels(**shown):
    """How the report lists a result: by what it shows, and by where the data come from."""
    return shown | {"data": "simulated" if SIMULATED else "from the data folder"}


FIGURE_SPACE = "\u2007"


def harmless(text):
    """A label without tags: the report writes labels into a script of its own as they are."""
    return text.replace("<", "\u2039").replace(">", "\u203a")


def by_number(text):
    """A label that the report, which sorts by letters, lists by its number: S2, filled with a blank, before S10."""
    return re.sub(
        r"(?<=\bS)\d(?!\d)", lambda found: FIGURE_SPACE + found[0], harmless(text)
    )


def labels_of_figure(name):
    """A figure of the paper in the report: its number and what it shows, in words."""
    caption = read_caption(caption_of(DECLARED[name]))
    first, *others = re.split(r"(?<!Fig)(?<!Figs)[.;](?: |$)", caption)
    # The number of the figure is said already.
    shows = (
        others[0] if others and re.fullmatch(r"Figs?\..*of the paper", first) else first
    )
    called = name.removeprefix("figure_")
    number = f"Figure\u00a0{called}" if called != name else name.replace("_", " ")
    # The report sorts by letters: of ten figures and more the first nine have a blank before their number.
    if any(re.match(r"figure_\d\d", one) for one in DECLARED):
        number = re.sub(
            r"(?<=^Figure\u00a0)\d(?!\d)", lambda found: FIGURE_SPACE + found[0], number
        )
    return labels(figure=by_number(number), shows=harmless(shows))


def labels_of_table(wildcards):
    """A table of the supporting information in the report: its number and what it shows, in words."""
    # The first blank of a name ends its number; Snakemake takes the last one.
    number, _, name = f"{wildcards.number}_{wildcards.shows}".partition("_")
    sample, _, fit_range = name.rpartition("_")
    if name in TABLES.samples:
        shows = f"structure of {title_of(name)}"
    elif sample in TABLES.samples and fit_range in FIT_RANGES:
        shows = f"structure of {title_of(sample)}, fit of {fit_range} \u00c5"
    else:
        shows = name.replace("_", " ")
    return labels(table=by_number(f"S{number}"), shows=harmless(shows))


def simulated_temperatures():
    """Temperatures of the simulated spectra in degC, as the names of files have them."""
    if not SIMULATED:
        return []
    try:
        series = read_simulation(SIMULATION, SETTINGS["simulation"]["changes"])
    except CoherionError as problem:
        raise WorkflowError(str(problem)) from None
    return [f"{t:g}" for t in series["spectra"]["temperatures"]]


def scans_of(sample):
    """Scan of a sample and, where it has one, of its background."""
    row = TABLES.samples[sample]
    named = {"scan": row["scan"], "background": row.get("background")}
    return {key: result(f"scans/{name}.nc") for key, name in named.items() if name}


def backgrounds_beside(sample):
    """Scans of the backgrounds of a sample beside its first."""
    return [
        result(f"scans/{name}.nc")
        for name in further_backgrounds(TABLES.samples[sample])
    ]


FIT_RANGES = [f"{low:g}-{high:g}" for low, high in SETTINGS["refinement"]["fit_ranges"]]
MAIN_RANGE = FIT_RANGES[0]
STANDARDS = JOBS.standards()


def pair_distribution_of(sample):
    """G(r) of a sample: reduced here, or a .gr file of the data folder."""
    own = TABLES.samples[sample].get("pair_distribution")
    return data({"file": own})[0] if own else result(f"reduction/{sample}.nc")


def further_of(sample):
    """G(r) of the same sample that are refined together with its own."""
    return [pair_distribution_of(name) for name in TABLES.refined_with(sample)]


def is_judged(standard):
    """Whether a standard was reduced here and has a certificate: without, it is reduced and nothing else."""
    row = TABLES.samples.get(standard, {})
    return "structure" in row and "scan" in row


# Standards whose resolution is there to be judged.
JUDGEABLE = {
    standard: named
    for standard, named in STANDARDS.items()
    if is_judged(standard)
    and not {
        result(f"reduction/{standard}.nc"),
        result(f"resolution/{standard}.json"),
    }.intersection(LOST)
}
# Samples whose reflections are read for size and strain once more: the standard's give the instrument's profile.
# Those of a sample that has no such standard, or a G(r) of another program and no pattern, are not.
WITNESSED = [
    sample
    for sample in TABLES.reduced_and_refined()
    if SETTINGS["reflection_widths"]["read"] and is_judged(JOBS.standard_of(sample))
]


def of_standard(sample, *patterns):
    """Files of the standard that gives a sample's resolution; none where it has no standard."""
    standard = JOBS.standard_of(sample)
    return [result(pattern.format(sample=standard)) for pattern in patterns if standard]


BEFORE = TABLES.before(SETTINGS["refinement"]["in_order_of"])


def refined_before(sample):
    """The refinement that a sample starts from: of the last sample before it that has one."""
    files = (
        result(f"refinement/{name}/{MAIN_RANGE}.nc") for name in BEFORE.get(sample, [])
    )
    return next((file for file in files if file not in LOST), [])


def structures(sample):
    """Starting structures of a sample, one CIF for each phase."""
    return [located(part) for part in several(TABLES.samples[sample]["structure"])]


def side_phase_of(sample):
    """Structure of the side phase that is looked for in a sample, or None."""
    return located(of_sample(SETTINGS, "side_phase", sample)["structure"])


def pure_structures():
    """The starting structure of each sample with a scan that has one phase: its reflections are the scan's."""
    listed = {
        sample: structures(sample)
        for sample in TABLES.with_scan()
        if "structure" in TABLES.samples[sample]
    }
    return {sample: files[0] for sample, files in listed.items() if len(files) == 1}


# Samples in which a side phase is looked for: a standard is what its certificate says.
SUSPECTS = [
    sample
    for sample in TABLES.reduced_and_refined()
    if TABLES.samples[sample]["group"] != "standard" and side_phase_of(sample)
]


def files_of_stage(pattern, known, ranges=("",)):
    """One stage's files of all samples that have them."""
    return made(expand(result(pattern), sample=known, fit_range=ranges))


def table_of(name):
    """A table as an input: none where the series has none."""
    path = located(SETTINGS["tables"][name])
    return [path] if path else []


def tables_as_read():
    """The tables and what they are completed and checked with."""
    names = ("samples", "scans", "spectra")
    return [
        file
        for name in names
        for file in (*table_of(name), SCHEMAS / f"{name}.schema.yaml")
    ]


# Kinds of figure that are drawn from the table of the series; all others from files of single samples.
OF_SERIES = ("series", "overview", "correlation", "relations", "readings")


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
        and result(pattern.format(sample=sample, range=MAIN_RANGE)) not in LOST
    ]


def figure_of(kind, files, **more):
    """What draw_paper is told of one figure; ``files`` are pairs of a sample and a file of its own."""
    return {
        "kind": kind,
        "files": [file for _, file in files],
        "titles": [title_of(sample) for sample, _ in files],
        **more,
    }


def kind_of(figure):
    """The kind of a figure of the paper, by its word in the paper file."""
    return type(figure).__struct_config__.tag


def told_of(figure):
    """What draw_paper is told of a figure of single samples; no files where no sample has what it shows."""
    kind = kind_of(figure)
    fitted, measured = TABLES.with_structure(), TABLES.with_spectra()
    scans = [s for s in TABLES.with_scan() if TABLES.samples[s]["group"] != "standard"]
    stages = {
        "patterns": ("reduction/{sample}.nc", scans),
        "pair_distributions": ("reduction/{sample}.nc", scans),
        "fits": ("refinement/{sample}/{range}.nc", fitted),
        "nyquist": ("circuits/{sample}.nc", measured),
        "arrhenius": ("arrhenius/{sample}.nc", measured),
        "side_phase": ("side_phase/{sample}.nc", SUSPECTS),
    }
    if kind in ("fit_ranges", "structure"):
        own, sample = f"refinement/{figure.sample}", figure.sample
        names = (
            [f"{own}/{fit_range}.nc" for fit_range in FIT_RANGES]
            if kind == "fit_ranges"
            else [f"{own}/{MAIN_RANGE}.{suffix}" for suffix in ("nc", "cif")]
        )
        files = [
            (sample, file)
            for file in made([result(name) for name in names])
            if sample in fitted
        ]
        more = {}
        if kind == "structure":
            more = {
                "views": [[view.title, list(view.centres)] for view in figure.views],
                "ligands": figure.ligands,
                "colours": figure.colours,
            }
        return figure_of(kind, files, **more)
    pattern, known = stages[kind]
    if kind == "fits":
        fit_range = figure.range or MAIN_RANGE
        known = known if fit_range in FIT_RANGES else []
        pattern = pattern.replace("{range}", fit_range)
    files = of_samples(
        pattern, known if figure.samples is None else figure.samples, known
    )
    more = {}
    if kind == "patterns":
        named = [sample for sample, _ in files if sample in fitted]
        if figure.reference and named:
            more["reference"] = structures(named[-1])[0]
        more["mark"] = SETTINGS["side_phase"]["reflection_q"] if SUSPECTS else None
    return figure_of(kind, files, **more)


def has_something(figure):
    """Whether a figure of the series has what it shows."""
    kind = kind_of(figure)
    fitted = having("refinement/{sample}/{range}.nc", TABLES.with_structure())
    measured = having("arrhenius/{sample}.nc", TABLES.with_spectra())
    if kind == "readings":
        return bool(fitted)
    if kind in ("correlation", "relations"):
        return len({*fitted, *measured}) > 2
    return bool({*fitted, *measured})


def figures_of_samples():
    """Figures of single samples by the job that draws them: those of chosen samples, and those of all."""
    told_of_each = {
        figure.name: (figure, told_of(figure))
        for figure in PAPER.figures
        if kind_of(figure) not in OF_SERIES
    }
    batches = {"chosen_samples": {}, "all_samples": {}}
    for name, (figure, one) in told_of_each.items():
        if one["files"]:
            every = getattr(figure, "samples", ()) is None
            batches["all_samples" if every else "chosen_samples"][name] = one
    return {batch: figures for batch, figures in batches.items() if figures}


PAPER_FIGURES = figures_of_samples()
SERIES_FIGURES = [
    figure.name
    for figure in PAPER.figures
    if kind_of(figure) in OF_SERIES and has_something(figure)
]
DECLARED = {figure.name: figure for figure in PAPER.figures}
CORRELATED = any(
    kind_of(DECLARED[name]) in ("correlation", "relations", "series")
    for name in SERIES_FIGURES
)


def absolute(path):
    """A path as the report takes it: its own are relative to the file of the rule."""
    return str(Path(path).resolve())


def caption_of(figure):
    """The file of a figure's caption: its own, or that of its kind."""
    if figure.caption:
        return written(f"captions/{figure.name}.rst", as_template(figure.caption))
    return shown(ROOT / "workflow" / "report" / f"kind_{kind_of(figure)}.rst")


# Samples whose recovery can be measured: simulated, with refinement and spectra.
RECOVERED = [
    sample
    for sample in having("refinement/{sample}/{range}.nc", TABLES.with_structure())
    if SIMULATED
    and having(
        "arrhenius/{sample}.nc", [s for s in [sample] if s in TABLES.with_spectra()]
    )
]


def supporting_figures():
    """Each figure of the supporting information with its file, its caption and its number."""
    made = {
        *SERIES_FIGURES,
        *(name for figures in PAPER_FIGURES.values() for name in figures),
    }
    found = {}
    for name, figure in DECLARED.items():
        if name in made and figure.supporting is not False:
            found[name] = {
                "file": result(f"figures/{name}.pdf"),
                "caption": caption_of(figure),
                "number": None if figure.supporting is True else figure.supporting,
            }
            if kind_of(figure) == "fits":
                found[name]["range"] = figure.range or MAIN_RANGE
    if RECOVERED:
        found["recovery"] = {
            "file": result("figures/recovery.pdf"),
            "caption": shown(ROOT / "workflow" / "report" / "recovery.rst"),
            "number": None,
        }
    following = max([one["number"] or 0 for one in found.values()], default=0)
    for one in found.values():
        if one["number"] is None:
            one["number"] = following = following + 1
    return found


SUPPORTING_FIGURES = supporting_figures()


def refuse_missing_files(wildcards):
    """Files that a whole run lacks: said at its start with table and row; refused where no sample is without.

    The default target has it among its inputs, and gets no files from it: where single results are asked for, what
    they need is Snakemake's to find out.
    """
    if SIMULATED or LEAVING_OUT:
        return []
    made = {"scan": "scans", "spectra": "spectra"}
    missing = missing_files(
        TABLES,
        {name: located(path) for name, path in SETTINGS["tables"].items()},
        SETTINGS["data_folder"],
        is_made=lambda kind, name: Path(result(f"{made[kind]}/{name}.nc")).exists(),
        located=located,
        standard_of=JOBS.standard_of,
    )
    if missing.structures or not missing.whole:
        raise WorkflowError(told_in_brief(missing.lines))
    if missing.lines:
        tell(told_beforehand(missing))
    return []


def content_of_model(sample):
    """A digest of a sample's structures in their order, its G(r) where another program made it, the certificate."""
    witnessed = sample in WITNESSED
    certificate = structures(JOBS.standard_of(sample)) if witnessed else []
    return content(
        [
            *structures(sample),
            pair_distribution_of(sample),
            *further_of(sample),
            *certificate,
        ]
    )


def spectra_of(sample):
    """The files of a sample's spectra."""
    return [file for row in TABLES.spectra[sample] for file in data(row)]


def leads_of(sample):
    """The spectra of leads alone that a sample's rows name."""
    rows = [row for row in TABLES.spectra[sample] if "short_circuit" in row]
    return sorted(
        {file for row in rows for file in data({"file": row["short_circuit"]})}
    )


def refuse_no_choices(wildcards):
    """Nothing is run where the paper names no choice, or one that no job could make: said before it is computed."""
    if not BATCHES:
        raise WorkflowError(
            f"{PAPER_FILE} declares no choices: key multiverse.choices (docs/method-multiverse.md)"
        )
    if problems := list(problems_of_choices(JOBS)):
        raise WorkflowError("\n".join(f"{PAPER_FILE}: {one}" for one in problems))
    return []
