"""The names that a program of one's own may rely on (docs/library.md); all others may move from version to version.

>>> from coherion.library import read_scan, reduce_scan, ReductionSettings
>>> reduced = reduce_scan(read_scan("x50.raw"), read_scan("empty.raw"), ReductionSettings(composition="Na3InCl6"))
"""

from coherion.crystal.cif_input import read_cif
from coherion.crystal.crystal import Crystal
from coherion.data.netcdf import read_dataset, write_dataset
from coherion.data.scans.reader import read_scan
from coherion.data.spectra.reader import SpectraRow, assemble
from coherion.errors import CoherionError, CoherionWarning, InputError
from coherion.impedance.arrhenius_dataset import arrhenius_dataset
from coherion.impedance.circuits.dataset import fit_dataset
from coherion.impedance.datasets import validate_dataset
from coherion.refinement.observed import Observed, read_observed
from coherion.refinement.recipe import RecipeResult, run_recipe
from coherion.scattering.reduction import reduce_scan
from coherion.settings.stages.arrhenius import ArrheniusSettings
from coherion.settings.stages.circuits import CircuitSettings
from coherion.settings.stages.reduction import ReductionSettings
from coherion.settings.stages.refinement import RefinementSettings
from coherion.settings.stages.validation import ValidationSettings

__all__ = [
    "ArrheniusSettings",
    "CircuitSettings",
    "CoherionError",
    "CoherionWarning",
    "Crystal",
    "InputError",
    "Observed",
    "RecipeResult",
    "ReductionSettings",
    "RefinementSettings",
    "SpectraRow",
    "ValidationSettings",
    "arrhenius_dataset",
    "assemble",
    "fit_dataset",
    "read_cif",
    "read_dataset",
    "read_observed",
    "read_scan",
    "reduce_scan",
    "run_recipe",
    "validate_dataset",
    "write_dataset",
]
