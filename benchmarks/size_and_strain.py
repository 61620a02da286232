"""Size and strain of made series members through the whole chain, read against what is true of them.

Each member is simulated by the project's own simulation (the mean over a powder's domains, counts drawn), reduced with
all corrections, and refined by the default recipe with all readings, with the resolution from a standard that is made,
reduced and refined anew for it. ``members`` counts how often 1/L and the mean square strain lie within two standard
uncertainties, and holds the uncertainties against the Fisher bound: what the counts alone would allow if all else,
the standard included, were known. ``resolution`` does so on instruments whose resolution grows with Q.

Rows are kept as they come in the file given by ``--rows``; a run that was stopped goes on from there.

Run: ``python benchmarks/size_and_strain.py {members,resolution} --rows FILE [--count N]``.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

ROOT = Path(__file__).resolve().parent.parent
# This file's own folder would hide packages behind the names of the benchmarks.
sys.path[:] = [str(ROOT / "scripts"), *(p for p in sys.path if Path(p or ".").resolve() != ROOT / "benchmarks")]

import numpy as np  # noqa: E402

from coherion.crystal.structure_files import read_structure  # noqa: E402
from coherion.data.netcdf import write_dataset  # noqa: E402
from coherion.refinement.observed import Observed, read_observed  # noqa: E402
from coherion.refinement.recipe import RecipeResult, run_recipe  # noqa: E402
from coherion.refinement.resolution import Resolution, refine_standard  # noqa: E402
from coherion.scattering.reduction import reduce_scan  # noqa: E402
from coherion.settings.reading import settings_from  # noqa: E402
from coherion.settings.stages.reduction import ReductionSettings  # noqa: E402
from coherion.settings.stages.refinement import RefinementSettings  # noqa: E402
from coherion.settings.stages.resolution import StandardSettings  # noqa: E402
from coherion.simulation.files import as_dataset  # noqa: E402
from coherion.simulation.scans.made import made_background, made_sample, made_standard, with_resolution  # noqa: E402
from coherion.simulation.scans.scan import SimulatedScan  # noqa: E402
from coherion.simulation.series import Sample, read_simulation  # noqa: E402

COMPOSITIONS = (0.1, 0.3, 0.5, 0.7, 0.9)
LENGTHS, STRAINS = (40.0, 140.0), (0.0, 0.01)
# What is asked of the pulls: share within two, and their root mean square; and of the uncertainties: how many times
# the Fisher bound their median may be.
WITHIN, RMS, OF_BOUND = (0.92, 0.98), (0.85, 1.15), 1.5
# Where the standard's transform ends, as in the default run: between two of its lines (1/angstrom).
STANDARD_QMAX = 12.96
# Instruments whose resolution grows with Q: the parts of it, and the greatest mean pull of L.
PROPORTIONAL, SIZES, CONSTANT, MEAN_PULL = (0.001, 0.002), (45.0, 80.0, 140.0), 0.011, 0.5


def series() -> dict:
    """The shipped series: instrument, resolution and crystals."""
    return read_simulation(ROOT / "config" / "simulation.yaml")


def member(number: int) -> Sample:
    """A member of the series with composition, length, strain and packing drawn."""
    rng = np.random.default_rng([13, number])
    return Sample(
        x=COMPOSITIONS[number % len(COMPOSITIONS)],
        coherence_length=float(rng.uniform(*LENGTHS)),
        strain=float(rng.uniform(*STRAINS)),
        packing_fraction=float(rng.uniform(0.49, 0.54)),
    )


def reduced(scan: SimulatedScan, empty: SimulatedScan, world: dict, **told) -> Observed:
    """G(r) of a scan with all corrections, through the file that a run would write."""
    settings = settings_from(ReductionSettings, {"corrections": "all", "qmax": 13.0, **told})
    dataset = reduce_scan(as_dataset(scan, world), as_dataset(empty, world), settings)
    with tempfile.TemporaryDirectory() as folder:
        write_dataset(dataset, Path(folder) / "reduced.nc", "reduce_scan", sources=[], settings={})
        return read_observed(Path(folder) / "reduced.nc")


def standard_of(world: dict, seed: int) -> Resolution:
    """Resolution from a standard, made, reduced and refined."""
    model = world["lanthanum_hexaboride"]
    observed = reduced(
        made_standard(world, seed),
        made_background(world, seed + 1),
        world,
        composition="LaB6",
        density=model["density"],
        packing=model["packing_fraction"],
        qmax=STANDARD_QMAX,
    )
    crystal = read_structure(ROOT / "config" / "structures" / "LaB6.cif")
    return refine_standard(crystal, observed, StandardSettings(), lambda text: None, grains=False)[1]


def refined(
    sample: Sample, scan: SimulatedScan, world: dict, resolution: Resolution, seed: int, **told
) -> RecipeResult:
    """A sample's scan reduced and refined as a run does it; its packing fraction is written down as wrong as there."""
    x, off = sample.x, np.random.default_rng([14, seed]).normal(0.0, world["packing_error"])
    observed = reduced(
        scan,
        made_background(world, seed + 1),
        world,
        composition=f"Na{3 - x:g}In{1 - x:g}Zr{x:g}Cl6",
        density=round(scan.truth["phases"][0]["density"], 2),
        packing=round(sample.packing_fraction * (1 + off), 2),
    )
    settings = settings_from(RefinementSettings, resolution.as_settings() | {"compare_envelopes": [], **told})
    crystal = read_structure(ROOT / "config" / "structures" / "cryolite.cif")
    return run_recipe([crystal], observed, settings, say=lambda text: None)


def fisher_bound(found: RecipeResult, truth: dict) -> tuple[float, float]:
    """Least sd of 1/L (1/angstrom) and of the mean square strain, all parameters free, counts alone, at the truth."""
    from coherion.pair_model.evaluator import Evaluator
    from coherion.refinement.least_squares.covariance import covariance_of
    from coherion.refinement.least_squares.weights import Misfit

    true = truth["phases"][0]["parameters"] | {
        "coherence_length": truth["coherence_length"],
        "microstrain_squared": truth["microstrain_squared"],
        "delta2": truth["delta2"],
    }
    values = found.result.values | {name: v for name, v in true.items() if name in found.result.values}
    names, data = found.result.parameters, found.data
    _, columns = Evaluator(found.model, data.r, names).evaluate(values)
    jacobian = data.target(Misfit(0.0, 1e-6 * data.mean_variance)).weighting(columns @ found.result.map.matrix)
    covariance = found.result.map.covariance(covariance_of(jacobian, found.result.variables)[0])
    sds = dict(zip(names, np.sqrt(np.diag(covariance)), strict=True))
    return sds["coherence_length"] / truth["coherence_length"] ** 2, sds["microstrain_squared"]


def row_of(found: RecipeResult, truth: dict) -> dict:
    """What was read of 1/L and strain, what is true, and what the counts would allow."""
    readings = found.readings
    assert readings is not None
    true = (1 / truth["coherence_length_functional"], truth["microstrain_squared"])
    sds = np.sqrt(np.diag(readings.covariance).clip(0.0))
    bounds = fisher_bound(found, truth)
    row: dict = {"x": truth["x"], "length": truth["coherence_length"], "strain": truth["microstrain"], "rw": found.rw}
    row |= {
        "misfit": found.misfit.rms(found.data.r) if found.misfit else 0.0,
        "noise": float(np.sqrt(found.data.mean_variance)),
    }
    row["weights"] = dict(zip([r.name for r in readings.readings], readings.weights, strict=True))
    for name, of, sd, at, bound in zip(("1/L", "e2"), readings.values, sds, true, bounds, strict=True):
        row |= {name: float(of), f"sd {name}": float(sd), f"true {name}": at, f"bound {name}": float(bound)}
    centre = next(r for r in readings.readings if r.name == "size_strain")
    row |= {"centre": centre.values.tolist(), "centre sds": centre.sds.tolist()}
    known = centre.refined.covariance(False) - centre.refined.resolution_covariance
    at = [centre.refined.result.parameters.index(n) for n in ("coherence_length", "microstrain_squared")]
    row["counts sds"] = np.sqrt(np.diag(known)[at]).tolist()
    return row


def members(count: int) -> Iterator[tuple[str, Callable[[], dict]]]:
    """Rows of the series members, each a job to do."""
    world = series()
    for number in range(count):

        def work(number: int = number) -> dict:
            sample, seed = member(number), 1000 + 10 * number
            resolution = standard_of(world, seed + 4)
            scan = made_sample(sample, world, seed)
            row = row_of(refined(sample, scan, world, resolution, seed), scan.truth)
            return row | {"resolution": asdict(resolution)}

        yield f"member {number}", work


def resolutions(count: int) -> Iterator[tuple[str, Callable[[], dict]]]:
    """Rows of instruments whose resolution grows with Q."""
    for number in range(count):
        for part in PROPORTIONAL:
            world = with_resolution(series(), CONSTANT, part)
            for length in SIZES:

                def work(world=world, length=length, part=part, number=number) -> dict:
                    seed = 100_000 + 10 * number + round(1e7 * part) + 1000 * round(length)
                    resolution = standard_of(world, seed + 4)
                    sample = Sample(x=0.5, coherence_length=length, strain=0.003, packing_fraction=0.52)
                    scan = made_sample(sample, world, seed)
                    row = row_of(refined(sample, scan, world, resolution, seed), scan.truth)
                    return row | {"proportional": part, "resolution": asdict(resolution)}

                yield f"resolution {part:g} {length:g} {number}", work


def pulls(rows: list[dict], name: str) -> np.ndarray:
    """Read minus true over the standard uncertainty."""
    return np.array([(row[name] - row[f"true {name}"]) / row[f"sd {name}"] for row in rows])


def table_of_members(rows: list[dict]) -> Iterator[str]:
    """What the members show against what is asked."""
    yield f"{len(rows)} members; asked: within 2 sd {WITHIN}, rms pull {RMS}, sd at most {OF_BOUND} of the bound"
    for name in ("1/L", "e2"):
        z = pulls(rows, name)
        of_bound = np.median([row[f"sd {name}"] / row[f"bound {name}"] for row in rows])
        yield (
            f"{name}: within 2 sd {np.mean(np.abs(z) < 2):.3f}, rms pull {np.sqrt(np.mean(z**2)):.3f}, "
            f"mean pull {z.mean():+.3f}, median sd {of_bound:.2f} times the Fisher bound"
        )


def table_of_resolutions(rows: list[dict]) -> Iterator[str]:
    """Mean pull of every length on every instrument."""
    yield f"{len(rows)} draws; asked: mean pull of L within {MEAN_PULL}"
    for part in PROPORTIONAL:
        for length in SIZES:
            own = [row for row in rows if row["proportional"] == part and row["length"] == length]
            if own:
                # The pull of L has the other sign than that of 1/L.
                z, e = -pulls(own, "1/L"), pulls(own, "e2")
                read = 1 / np.array([row["1/L"] for row in own])
                yield (
                    f"b {part:g}, L {length:g}: {len(own)} draws, mean {read.mean():.2f}, mean pull of L "
                    f"{z.mean():+.2f}, rms {np.sqrt(np.mean(z**2)):.2f}, mean pull of e2 {e.mean():+.2f}"
                )


def run(jobs, path: Path) -> list[dict]:
    """Do what has no row yet, and return all rows."""
    rows = {row["job"]: row for row in map(json.loads, path.read_text().splitlines())} if path.exists() else {}
    for name, work in jobs:
        if name not in rows:
            begun = time.process_time()
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                rows[name] = {"job": name} | work()
            rows[name]["seconds"] = time.process_time() - begun
            with path.open("a") as stream:
                stream.write(json.dumps(rows[name]) + "\n")
    return list(rows.values())


COMMANDS = {"members": (members, table_of_members, 200), "resolution": (resolutions, table_of_resolutions, 20)}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("command", choices=COMMANDS)
    arguments.add_argument("--rows", type=Path, required=True, help="file of rows, JSON, one a line")
    arguments.add_argument("--count", type=int, help="members, or draws of each kind")
    given = arguments.parse_args()
    jobs, table, count = COMMANDS[given.command]
    for line in table(run(jobs(given.count or count), given.rows)):
        print(line)


if __name__ == "__main__":
    main()
