"""Before the configuration is read: whether it can be."""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError


def readable(path):
    """The path of the configuration, if it can be read: Snakemake would not say in which line it cannot.

    Files of --configfile are looked at too. Snakemake has read them by then, so that one it cannot read at all is
    refused in its own words.
    """
    sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))
    from coherion.errors import CoherionError
    from coherion.settings.configuration import read_yaml, refuse_templates

    try:
        for file in (path, *workflow.overwrite_configfiles):
            refuse_templates(read_yaml(file), file)
    except CoherionError as problem:
        raise WorkflowError(str(problem)) from None
    return path
