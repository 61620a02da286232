"""BioLogic EC-Lab's files of impedance: the readers and writers of ``.mpr`` and ``.mpt`` under one name."""

from coherion.data.spectra.biologic_mpr import read_mpr, write_mpr
from coherion.data.spectra.biologic_mpt import read_mpt, write_mpt

__all__ = ["read_mpr", "read_mpt", "write_mpr", "write_mpt"]
