"""Before the configuration is read: where the workflow's own files are, and whether the configuration can be read."""

import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError


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
