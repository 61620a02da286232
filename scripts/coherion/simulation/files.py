"""Simulated data in the form of the instruments' files, each of which says SIMULATED."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from coherion.data.contract.diffraction import SCAN
from coherion.data.scans.stoe import RawHeader, RawRange
from coherion.data.spectra.spectrum import Spectrum
from coherion.simulation.scans.scan import SimulatedScan
from coherion.simulation.spectra import SimulatedSpectrum

if TYPE_CHECKING:
    import xarray

SILVER, GE111, DEBYE_SCHERRER, MYTHEN = 1, 2, 3, 5
TRANSMISSION_GEOMETRY = 1


def as_raw(name: str, scan: SimulatedScan, series: Mapping[str, Any]) -> tuple[RawRange, RawHeader]:
    """A scan as the range and the header of a RAW_1.06 file."""
    instrument = series["instrument"]
    header = RawHeader(
        wavelength=instrument["wavelength"],
        program="coherion",
        title=f"SIMULATED {name}",
        user_text=f"SIMULATED scan of {instrument['hours']} h; no instrument measured this",
        geometry=TRANSMISSION_GEOMETRY,
        monochromator=GE111,
        anode=SILVER,
        detector=MYTHEN,
        d_star=1 / instrument["monochromator_spacing"],
        scan_mode=DEBYE_SCHERRER,
    )
    measured = RawRange(
        begin=instrument["two_theta_begin"],
        step=instrument["two_theta_step"],
        counts=scan.counts,
        time_per_point=float(instrument["time_per_point"]),
    )
    return measured, header


def as_dataset(scan: SimulatedScan, series: Mapping[str, Any]) -> xarray.Dataset:
    """A scan as reading its file would give it, counts with the root of their number."""
    import numpy as np

    counts = scan.counts.astype(float)
    attributes = {
        "origin": "simulated",
        "abscissa": "two_theta",
        "intensity_kind": "counts",
        "wavelength": series["instrument"]["wavelength"],
        "time_per_point": float(series["instrument"]["time_per_point"]),
    }
    values = {"two_theta": scan.two_theta, "intensity": counts, "intensity_sd": np.sqrt(np.maximum(counts, 1.0))}
    return SCAN.dataset(values, attributes, abscissa="two_theta", intensity="counts")


def as_spectrum(spectrum: SimulatedSpectrum, series: Mapping[str, Any], path: str | os.PathLike[str]) -> Spectrum:
    """A spectrum as the writers of impedance files take it; its temperature stands in the table, as in real life."""
    return Spectrum(
        frequency=spectrum.frequency,
        impedance=spectrum.impedance,
        time=spectrum.time,
        cycle=1,
        source=Path(path).name,
        format="mpt",
        origin="simulated",
        amplitude=series["spectra"]["amplitude"],
    )


def as_json(truth: Mapping[str, Any]) -> str:
    """Truth as indented JSON with a word of warning first."""
    return json.dumps({"origin": "simulated", **truth}, indent=1, allow_nan=False) + "\n"
