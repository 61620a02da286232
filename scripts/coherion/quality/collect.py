"""All alerts of a series, from the files of its stages."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Container, Mapping, Sequence

from coherion.command import file_of
from coherion.crystal.cif_input import read_cif
from coherion.data.netcdf import read_dataset
from coherion.errors import InputError
from coherion.quality.alert import Told, by_grade, told
from coherion.quality.of_composition import alerts_of_composition
from coherion.quality.of_impedance import (
    alerts_of_impedance,
    alerts_of_names,
    alerts_of_pellets,
    alerts_of_same_spectra,
)
from coherion.quality.of_lines import alerts_of_structures
from coherion.quality.of_reduction import alerts_of_reduction
from coherion.quality.of_refinement import alerts_of_refinement
from coherion.quality.of_side_phase import alerts_of_side_phase
from coherion.quality.of_standard import alerts_of_standard, unused_standard
from coherion.quality.of_widths import alerts_of_widths
from coherion.quality.scans.series import alerts_of_scans
from coherion.quality.scans.use import Use
from coherion.refinement.resolution import read_resolution
from coherion.settings.stages.quality import QualitySettings


def alerts_of_files(
    given: Namespace,
    samples: Sequence[str],
    reduced: Sequence[str],
    suspects: Sequence[str],
    witnessed: Sequence[str],
    conducting: Sequence[str],
    uses: Mapping[str, Use],
    standards: Mapping[str, Sequence[str]],
    settings: QualitySettings,
) -> list[Told]:
    """What is wrong with the results of a series, the gravest first.

    Parameters
    ----------
    given
        ``ranges``, names; ``reduction``, ``refinement``, ``side_phase``, ``widths``, ``circuits`` and ``arrhenius``,
        patterns of files; ``resistance``, the name of the one that conductivities come from; ``resolution``, pattern
        of the files of standards, beside each its fit, and ``certificates``, their structures; ``scans``, pattern of
        the files of scans, of which nothing is told where it is blank.
    samples, reduced, suspects, witnessed, conducting
        Samples with a refinement, those of them whose G(r) was reduced here, those in which a side phase was looked
        for, those whose reflections were read, and those with spectra.
    uses
        What the reductions make of the scans, by sample.
    standards
        Samples that have their resolution of each standard.

    Raises
    ------
    InputError
        If there are not as many certificates as standards.
    """
    if len(given.certificates) != len(standards):
        raise InputError(
            "each standard needs its certificate",
            place="--certificates",
            found=len(given.certificates),
            expected=f"{len(standards)} structures, in the order of key standards",
        )
    found: list[Told] = _of_scans(given.scans, uses, standards) if given.scans else []
    for (name, named), certificate in zip(standards.items(), given.certificates, strict=True):
        resolution, crystal = read_resolution(file_of(given.resolution, name)), read_cif(certificate)
        of_standard = read_dataset(file_of(given.reduction, name), "reduce_scan")
        fit = read_dataset(file_of(given.resolution, name).removesuffix(".json") + ".nc", "refine_structure")
        whose = None if len(standards) == 1 else named
        alerts = alerts_of_standard(resolution, crystal.lattice[0], of_standard, settings, name, whose, fit)
        found += told(name, "resolution", alerts)
        found += told(name, "reduction", alerts_of_reduction(of_standard, None, settings))
        if samples and not named:
            found += told(name, "resolution", [unused_standard()])
    for name in samples:
        reduction = read_dataset(file_of(given.reduction, name), "reduce_scan") if name in reduced else None
        fits = {r: read_dataset(file_of(given.refinement, name, r), "refine_structure") for r in given.ranges}
        main = next(iter(fits.values()))
        if reduction is not None:
            found += told(name, "reduction", alerts_of_reduction(reduction, main, settings))
        found += told(name, "refinement", alerts_of_refinement(fits, reduction, settings))
        if reduction is not None and len(json.loads(main.attrs["phases"])) == 1:
            refined = read_cif(file_of(given.refinement, name, given.ranges[0]).removesuffix(".nc") + ".cif")
            stated = str(reduction.attrs.get("composition", ""))
            found += told(name, "refinement", alerts_of_composition(stated, refined.composition, settings))
        if name in witnessed:
            widths = read_dataset(file_of(given.widths, name), "reflection_widths")
            found += told(name, "reflection_widths", alerts_of_widths(widths, main, settings))
        if name in suspects:
            searched = read_dataset(file_of(given.side_phase, name), "detect_side_phase")
            found += told(name, "side_phase", alerts_of_side_phase(searched))
    lines, spectra = {}, {}
    for name in conducting:
        circuits = read_dataset(file_of(given.circuits, name), "fit_circuits")
        line = read_dataset(file_of(given.arrhenius, name), "fit_arrhenius")
        lines[name], spectra[name] = line, circuits
        found += told(name, "impedance", alerts_of_impedance(circuits, line, settings, given.resistance))
    sources = {name: [str(source) for source in one["source"].values] for name, one in spectra.items()}
    found += [*alerts_of_pellets(lines), *alerts_of_same_spectra(spectra), *alerts_of_names(sources)]
    return by_grade(found)


def _of_scans(pattern: str, uses: Mapping[str, Use], standards: Container[str]) -> list[Told]:
    """What is wrong with the scans that the reductions use, and with the structures they should be of."""
    names = dict.fromkeys(name for use in uses.values() for name in (use.scan, use.background) if name)
    scans = {name: read_dataset(file_of(pattern, name), "import_scan") for name in names}
    hashes = {name: list(json.loads(scan.attrs["sources"]).values()) for name, scan in scans.items()}
    return [*alerts_of_scans(scans, uses, hashes), *alerts_of_structures(scans, uses, standards)]
