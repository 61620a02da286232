"""The science of coherion: pure functions on arrays and xarray datasets.

Nothing in this package knows of Snakemake or of the paths of results. The names that a program of one's own may rely
on are those of :mod:`coherion.library`: read_scan, reduce_scan, read_cif, run_recipe, assemble, validate_dataset,
fit_dataset, arrhenius_dataset, their settings, read_dataset and write_dataset. Importing the package itself costs
nothing, because the start of each job is the largest cost of a workflow of small jobs.
"""

__version__ = "0.1.0"


def explore(series=".", sample=None):
    """A sample of a series whose settings are changed by name, in a notebook; docs/live.md.

    Parameters
    ----------
    series
        Folder of the series, with config/.
    sample
        Its name; by default the first that has data.

    Returns
    -------
    Explorer
        See :class:`coherion.live.notebook.Explorer`.
    """
    from importlib import import_module

    return import_module("coherion.live.notebook").explore(series, sample)
