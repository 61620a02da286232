"""Many scans in memory, for proofs: the mean over all domains of a powder in place of some that are drawn.

The pairs of a crystal are found once; after that another size, strain or resolution costs a fraction of a second, and
speckle, the mark of a finite number of domains, is absent. What is drawn is the counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from coherion.simulation.scans.resolution import Resolution
from coherion.simulation.scans.scan import Optics, SimulatedScan, counted, powder, standard_phase, truth_of_sample
from coherion.simulation.scans.structures import main_phase
from coherion.simulation.series import Sample


def with_resolution(series: Mapping[str, Any], constant: float, proportional: float) -> dict[str, Any]:
    """The series on an instrument that spreads Q by sqrt(constant^2 + (proportional Q)^2); 1/angstrom and relative."""
    resolution = Resolution.with_spread_of_q(constant, proportional, series["instrument"]["wavelength"])
    return {**series, "resolution": asdict(resolution)}


def made_sample(sample: Sample, series: Mapping[str, Any], seed: int) -> SimulatedScan:
    """The scan of any sample, such as ``Sample(x=0.5, coherence_length=80.0, packing_fraction=0.52, strain=0.004)``.

    ``series`` gives instrument, resolution and crystal, ``seed`` the counts. Occupancies are exactly those asked for.
    """
    optics = Optics.of(series)
    phases = powder(sample, series, optics, None)
    truth = truth_of_sample(sample, phases[0], main_phase(sample.x, series)[1])
    zero_error = series["instrument"]["zero_error"] + sample.zero_error
    return counted(phases, sample.packing_fraction, series, optics, np.random.default_rng(seed), truth, zero_error)


def made_standard(series: Mapping[str, Any], seed: int) -> SimulatedScan:
    """The scan of the series' standard."""
    optics = Optics.of(series)
    packing, zero_error = series["lanthanum_hexaboride"]["packing_fraction"], series["instrument"]["zero_error"]
    rng = np.random.default_rng(seed)
    return counted([standard_phase(series, optics)], packing, series, optics, rng, {}, zero_error)


def made_background(series: Mapping[str, Any], seed: int) -> SimulatedScan:
    """The scan of the empty capillary."""
    zero_error = series["instrument"]["zero_error"]
    return counted([], 0.0, series, Optics.of(series), np.random.default_rng(seed), {}, zero_error)
