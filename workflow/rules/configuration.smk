"""Before the configuration is read: where the workflow's own files are, and whether the configuration can be read."""

import os
import re
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.io import get_wildcard_names, regex_from_filepattern


def own_folder():
    """The folder that holds this workflow's scripts/, config/ and workflow/.

    In a module of another workflow it is not the folder that Snakemake calls the workflow's. Of a copy that Snakemake
    fetched by itself (from GitHub, say) only the rules are at hand; all else is then what the installed package
    brought, which must be of the same version.
    """
    here = workflow.current_basedir
    if isinstance(here, os.PathLike):
        root = Path(here).parents[1]
        sys.path.insert(0, str(root / "scripts"))
        return root
    expected = workflow.source_path("../../scripts/coherion/__init__.py")
    try:
        import coherion
    except ModuleNotFoundError:
        raise WorkflowError(
            "This copy of the workflow needs the Python package coherion: pip install it (docs/deploy.md)"
        ) from None
    stated = f'__version__ = "{coherion.__version__}"'
    if stated not in Path(expected).read_text(encoding="utf-8"):
        raise WorkflowError(
            f"The Python package coherion is version {coherion.__version__}, this copy of the workflow another one:"
            " pip install the package of the same tag (docs/deploy.md)"
        )
    return Path(coherion.__file__).parent / "share"


ROOT = own_folder()


def refuse_braces():
    """Names of folders in which Snakemake takes braces for a wildcard; it would say something else, or show its code.

    Of the workflow's own folder every command would be an input with such a wildcard. The working folder stands in
    Snakemake's search for its locks only, which takes all but what is no name of a Python variable.
    """
    if get_wildcard_names(str(ROOT)):
        raise WorkflowError(
            f"{ROOT}: braces in the name of the folder that holds the workflow are wildcards to Snakemake: rename it"
        )
    try:
        re.compile(regex_from_filepattern(str(Path.cwd())))
    except re.error:
        raise WorkflowError(
            f"{Path.cwd()}: braces in the name of the working folder are a wildcard to Snakemake, with a name that it"
            " cannot have: rename it"
        ) from None


refuse_braces()

# Structures, tables and commands would be looked for below it, too.
if getattr(workflow.modifier.path_modifier, "prefix", None):
    raise WorkflowError(
        "The module has a prefix: take it away, and say by the key results where results go (docs/deploy.md)"
    )

# A folder of the user's own may hold a config/ of its own; elsewhere the workflow's is taken.
CONFIGURATION = Path("config/config.yaml")
if not CONFIGURATION.exists():
    CONFIGURATION = ROOT / CONFIGURATION


def readable(path):
    """The path of the configuration, if it can be read: Snakemake would not say in which line it cannot.

    Files of --configfile are looked at too. Snakemake has read them by then, so that one it cannot read at all is
    refused in its own words.
    """
    from coherion.errors import CoherionError
    from coherion.settings.configuration import read_yaml, refuse_templates

    try:
        for file in (path, *workflow.overwrite_configfiles):
            refuse_templates(read_yaml(file), file)
    except CoherionError as problem:
        raise WorkflowError(str(problem)) from None
    return path
