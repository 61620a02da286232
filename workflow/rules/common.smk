"""What all rules share: the checked configuration and tables, and the names of files."""

import json
import re
import sys
import time
from pathlib import Path

SCRIPTS = Path(workflow.basedir) / "scripts"
sys.path.insert(0, str(SCRIPTS))

from coherion.provenance.code import digest_of
from coherion.provenance.logs import summary_of_logs
from coherion.errors import CoherionError
from coherion.data.series_tables import read_tables
from coherion.inputs.job_settings import JobSettings
from coherion.settings.configuration import read_yaml
from coherion.settings.run import configuration_from
from snakemake.exceptions import WorkflowError

STARTED = time.time()
NAME = r"[A-Za-z0-9][A-Za-z0-9_.+-]*"


def located(path):
    """A file that the configuration names: below the working folder, else below the workflow's own folder."""
    if not path or Path(path).is_absolute() or Path(path).exists():
        return path or None
    own = Path(workflow.basedir) / path
    return str(own) if own.exists() else path


def checked():
    """What the jobs are told: configuration with its defaults, and tables; a refusal is one line."""
    schemas = Path(workflow.basedir) / "workflow" / "schemas"
    try:
        files = ", ".join(map(str, workflow.configfiles))
        settings = configuration_from(config, file=files)
        tables = read_tables(
            {name: located(path) for name, path in settings["tables"].items()}, schemas
        )
        listed = {row["sample"] for row in tables.excluded} | set(tables.samples)
        unknown = set(settings["per_sample"]) - listed
        # Where a file of --configfile names other tables, samples of the first configuration are not missed.
        for file in workflow.overwrite_configfiles or workflow.configfiles:
            for name in sorted(
                unknown & set((read_yaml(file) or {}).get("per_sample") or {})
            ):
                print(
                    f"{file}: key per_sample.{name} names no sample of {settings['tables']['samples']}",
                    file=sys.stderr,
                )
        jobs = JobSettings(settings, tables)
        for _, _, problem in jobs.problems(files):
            raise problem
        return jobs
    except CoherionError as problem:
        raise WorkflowError(str(problem)) from None


JOBS = checked()
SETTINGS, TABLES = JOBS.settings, JOBS.tables
# Captions of the report see the configuration with its defaults.
config.update(SETTINGS)


def result(path):
    """A path in the results folder."""
    return f"{SETTINGS['results'].rstrip('/')}/{path}"


def data(row):
    """The files of a row of scans or spectra, below the data folder."""
    folder = SETTINGS["data_folder"].rstrip("/")
    return [f"{folder}/{part.strip()}" for part in row["file"].split("|")]


def _shown(path):
    """Relative to the working folder where the workflow stands in it, so that a rule's command can be typed."""
    return str(
        path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    )


def one_of(names):
    """A pattern for a wildcard that takes one of these names and nothing else."""
    return "|".join(map(re.escape, names)) or r"\b\B"


def script(name):
    """The command of a rule."""
    return _shown(SCRIPTS / f"{name}.py")


def code(*commands):
    """A digest of the code that these commands run, themselves and all that they import.

    It is a parameter of the rule, so that changed code runs the rule again; named as inputs, some thirty files per job
    would each be looked at for every job.
    """
    return digest_of(commands, SCRIPTS)


def settings_text(told):
    """Settings of a job as canonical JSON: it runs again only if its own settings change."""
    return json.dumps(told, sort_keys=True, ensure_ascii=True)


def settings_of_sample(stage):
    """The settings of one stage's job of a sample, for a rule's parameter."""
    return lambda wildcards: settings_text(JOBS.of_sample(stage, wildcards.sample))


def title_of(sample):
    """What figures call a sample: its title, else its name; titles are plain text, never mathtext."""
    title = TABLES.samples[sample].get("title", sample).replace("$", "")
    # A command would take what begins with a dash for an option; a blank in front is not seen.
    return f" {title}" if title.startswith("-") else title


def environment(family):
    """The conda environment of a family of rules."""
    return f"../../envs/{family}.yaml"


onsuccess:
    for line in summary_of_logs(result("logs"), STARTED):
        print(line, file=sys.stderr)


onerror:
    for line in summary_of_logs(result("logs"), STARTED):
        print(line, file=sys.stderr)
