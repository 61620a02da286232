"""The science of coherion: pure functions on arrays and xarray datasets.

Nothing in this package knows of Snakemake or of the paths of results. Import a room where it is used
(``from coherion.data.scans import stoe``): importing the package itself costs nothing, because the start of
each job is the largest cost of a workflow of small jobs.
"""

__version__ = "0.1.0"
