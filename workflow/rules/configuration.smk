"""Before the configuration is read: whether it can be."""

import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError


def readable(path):
    """The path of the configuration, if it can be read: Snakemake would not say in which line it cannot."""
    sys.path.insert(0, str(Path(workflow.basedir) / "scripts"))
    from coherion.errors import CoherionError
    from coherion.formats.tables import read_yaml

    try:
        read_yaml(path)
    except CoherionError as problem:
        raise WorkflowError(str(problem)) from None
    return path
