"""Time of the reduction: one scan with and without corrections and covariance, and a series in one process.

Works on made data and prints one JSON line. Run: ``python benchmarks/reduction.py [--scans 1000]``.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import time
import warnings
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scans", type=int, default=1000, help="length of the series")
    arguments.add_argument("--repeats", type=int, default=15, help="repeats of each single reduction")
    given = arguments.parse_args()
    warnings.simplefilter("ignore")

    start = time.perf_counter()
    import numpy as np
    import xarray

    from coherion.scattering.reduction import reduce_scan
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.reduction import ReductionSettings

    imported = time.perf_counter() - start

    # A laboratory scan as in the paper: Ag Ka1, steps of 0.015 degrees.
    two_theta = 2.5 + 0.015 * np.arange(4601)
    rng = np.random.default_rng(1)
    glass = 900 * (0.15 + np.exp(-(((two_theta - 7.5) / 3.5) ** 2)) + 0.3 * np.exp(-two_theta / 20))
    pattern = glass + 4000 * (0.1 + np.exp(-two_theta / 18))
    for centre in rng.uniform(5, 60, 80):
        height = rng.exponential(8000) * np.exp(-((centre / 30) ** 2))
        pattern = pattern + height * np.exp(-0.5 * ((two_theta - centre) / 0.05) ** 2)

    def scan(expected):
        counts = rng.poisson(expected).astype(float)
        return xarray.Dataset(
            {
                "intensity": ("two_theta", counts, {"units": "counts", "long_name": "intensity"}),
                "intensity_sd": (
                    "two_theta",
                    np.sqrt(np.maximum(counts, 1)),
                    {"units": "counts", "long_name": "sd"},
                ),
            },
            coords={"two_theta": ("two_theta", two_theta, {"units": "degree", "long_name": "angle"})},
            attrs={"origin": "simulated", "intensity_kind": "counts", "wavelength": 0.5594},
        )

    background = scan(glass)
    plain = {"composition": "Na2.5In0.5Zr0.5Cl6", "density": 2.7}
    cases = {
        "plain": plain | {"covariance": False},
        "plain_with_covariance": plain,
        "all_corrections": plain | {"corrections": "all", "covariance": False},
        "all_corrections_with_covariance": plain | {"corrections": "all"},
        "all_corrections_estimated_background": plain | {"corrections": "all", "background_scale": "estimate"},
    }
    report: dict[str, object] = {"import_seconds": round(imported, 3), "points": len(two_theta)}
    for name, settings_given in cases.items():
        settings = settings_from(ReductionSettings, settings_given)
        times = []
        for _ in range(given.repeats + 1):
            sample = scan(pattern)
            start, worked = time.perf_counter(), time.process_time()
            reduce_scan(sample, background, settings)
            times.append((1e3 * (time.perf_counter() - start), 1e3 * (time.process_time() - worked)))
        # The first fills the caches of the grid. On a shared machine processor time says more than the clock.
        report[f"{name}_first_ms"] = round(times[0][0], 2)
        report[f"{name}_ms"] = round(statistics.median(clock for clock, _ in times[1:]), 2)
        report[f"{name}_processor_ms"] = round(statistics.median(worked for _, worked in times[1:]), 2)
    for name in ("plain", "plain_with_covariance", "all_corrections_with_covariance"):
        settings = settings_from(ReductionSettings, cases[name])
        samples = [scan(pattern) for _ in range(min(given.scans, 50))]
        start, worked = time.perf_counter(), time.process_time()
        for number in range(given.scans):
            reduce_scan(samples[number % len(samples)], background, settings)
        clock, worked = time.perf_counter() - start, time.process_time() - worked
        report[f"series_{name}_ms_per_scan"] = round(1e3 * clock / given.scans, 2)
        report[f"series_{name}_processor_ms_per_scan"] = round(1e3 * worked / given.scans, 2)
    report["series_scans"] = given.scans
    report["peak_memory_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps({"benchmark": "reduction"} | report))


if __name__ == "__main__":
    main()
