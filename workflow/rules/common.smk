"""What all rules share: the checked configuration and tables, and the names of files."""

import hashlib
import json
import re

from coherion.data.netcdf import write_text
from coherion.provenance.code import digest_of
from coherion.provenance.failures import LEAVE_OUT
from coherion.errors import CoherionError
from coherion.paper.proposal import propose
from coherion.paper.reading import paper_from, read_paper
from coherion.data.series_tables import further_backgrounds, read_tables
from coherion.data.tables import several
from coherion.inputs.job_settings import JobSettings
from coherion.settings.configuration import read_yaml
from coherion.settings.run import Configuration, TableFiles, configuration_from
from snakemake.common.configfile import load_configfile
from snakemake.utils import update_config

SCHEMAS = ROOT / "workflow" / "schemas"
# No setting of the analysis: what failed in the run before is left out (failures.smk).
LEAVING_OUT = bool(config.pop(LEAVE_OUT, False))
NAME = r"[A-Za-z0-9][A-Za-z0-9_.+-]*"


def located(path):
    """A file that the configuration names: below the working folder, else below the workflow's own folder."""
    if not path or Path(path).is_absolute() or Path(path).exists():
        return path or None
    own = ROOT / path
    return str(own) if own.exists() else path


def whole_path(path):
    """Where a file that the configuration names is, as one spelling."""
    return os.path.abspath(located(path) or "")


def of_own_table():
    """Settings of single samples without those of a table that another was laid over, whose namesakes are others.

    A workflow that imports this one may tell it something else than its files and its command line say, which is then
    taken as it is.
    """
    given, told, own = workflow.config_settings, {}, {}
    over = [Path(file).absolute() for file in given.configfiles]
    base = [file for file in workflow.configfiles if Path(file).absolute() not in over]
    files = over if given.replace_workflow_config else [*base, *over]
    table = TableFiles().samples
    for layer in [*map(load_configfile, files), given.config]:
        update_config(told, layer)
        tables = told.get("tables")
        named = tables.get("samples") if isinstance(tables, dict) else None
        # What is no name of a file is refused with all other settings.
        if isinstance(named, str) and whole_path(named) != whole_path(table):
            table, own = named, {}
        update_config(own, {"per_sample": layer.get("per_sample", {})})
    same = all(told.get(key) == config.get(key) for key in ("tables", "per_sample"))
    return own if same else {}


def checked():
    """What the jobs are told: configuration with its defaults, and tables; a refusal is one line."""
    if set(Configuration.__struct_fields__) < set(config):
        # A workflow that imports this one reads it again with each `use rule`, over what was added before.
        config.pop("simulated", None)
    config.update(of_own_table())
    try:
        files = ", ".join(map(str, workflow.configfiles))
        settings = configuration_from(config, file=files)
        tables = read_tables(
            {name: located(path) for name, path in settings["tables"].items()}, SCHEMAS
        )
        listed = {row["sample"] for row in tables.excluded} | set(tables.samples)
        unknown = set(settings["per_sample"]) - listed
        for file in workflow.configfiles:
            for name in sorted(
                unknown & set((read_yaml(file) or {}).get("per_sample") or {})
            ):
                print(
                    f"{file}: key per_sample.{name} names no sample of {settings['tables']['samples']}",
                    file=sys.stderr,
                )
        if settings["paper"]:
            paper = read_paper(located(settings["paper"]))
        else:
            paper = paper_from(propose(tables, settings))
        jobs = JobSettings(settings, tables, paper)
        for _, _, problem in jobs.problems(files):
            raise problem
        return jobs
    except CoherionError as problem:
        raise WorkflowError(str(problem)) from None


JOBS = checked()
SETTINGS, TABLES = JOBS.settings, JOBS.tables
PAPER = JOBS.paper
# Captions of the report see the configuration with its defaults.
config.update(SETTINGS)


def result(path):
    """A path in the results folder."""
    return f"{SETTINGS['results'].rstrip('/')}/{path}"


def data(row):
    """The files of a row of scans or spectra, below the data folder."""
    folder = SETTINGS["data_folder"].rstrip("/")
    return [f"{folder}/{part}" for part in several(row["file"])]


def at_hand(files, made):
    """A job's files without raw ones that are not there, so that it says so itself and only its sample lacks results.

    All of them where they are made in this run, or where ``made``, the job's result, is: it is then as good as before.
    """
    folder = Path(SETTINGS["data_folder"])
    if folder.is_relative_to(SETTINGS["results"]) or Path(made).exists():
        return files
    return [
        file
        for file in files
        if not Path(file).is_relative_to(folder) or Path(file).exists()
    ]


def shown(path):
    """Relative to the working folder where the workflow stands in it, so that a rule's command can be typed."""
    return str(
        path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    )


def one_of(names):
    """A pattern for a wildcard that takes one of these names and nothing else."""
    return "|".join(map(re.escape, names)) or r"\b\B"


def script(name):
    """The command of a rule. Whether it changed is told by its code, not by the date of its file."""
    return ancient(shown(ROOT / "scripts" / f"{name}.py"))


def code(*commands):
    """A digest of the code that these commands run, themselves and all that they import.

    It is a parameter of the rule, so that changed code runs the rule again; named as inputs, some thirty files per job
    would each be looked at for every job.
    """
    return digest_of(commands, ROOT / "scripts")


# A whole command is one argument of the shell, which takes 128 kB; a command is told a handful of things.
LONGEST_TOLD = 10_000


def told(settings):
    """What a command is told, as canonical JSON: a job runs again only if it changes.

    What would be too long for a command line is written to a file that is named by its content. Snakemake prints
    parameters into a script of its report as they are, so that no tag may stand in them.
    """
    text = json.dumps(settings, sort_keys=True).replace("<", "\\u003c")
    if len(text) <= LONGEST_TOLD:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = Path(result(f"settings/{digest}.json"))
    if not path.exists():
        write_text(path, f"{text}\n")
    return str(path)


def written(name, text):
    """A file of the plan below settings/, written where it differs, so that its date tells a change."""
    path = Path(result(f"settings/{name}"))
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
    return str(path)


# What is proposed where nobody wrote a paper is a file all the same: jobs read it, and its author may begin from it.
PAPER_FILE = located(SETTINGS["paper"]) or written(
    "paper.json", json.dumps(propose(TABLES, SETTINGS), indent=1) + "\n"
)


def settings_of_sample(stage):
    """The settings of one stage's job of a sample, for a rule's parameter."""
    return lambda wildcards: told(JOBS.of_sample(stage, wildcards.sample))


def title_of(sample):
    """What figures call a sample: its title, else its name; titles are plain text, never mathtext."""
    return TABLES.samples[sample].get("title", sample).replace("$", "")


def environment(family):
    """The conda environment of a family of rules."""
    return f"../../envs/{family}.yaml"


def multiverse_made(wildcards):
    """What the tables of a multiverse hold, where one was run: a page of before is made anew.

    No input, or a change of the series would run all its analyses again to make the page.
    """
    made = sorted(Path(result("multiverse")).glob("*.tsv"))
    return [hashlib.sha256(file.read_bytes()).hexdigest()[:16] for file in made]
