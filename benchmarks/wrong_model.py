"""Errors of a structure when the model, the correction or the instrument is wrong: how often they hold.

Each draw is a member of the series with composition, length, strain and packing of its own, made by the project's
simulation with one thing that the analysis does not know: log-normal sizes, glass, a foreign phase, a zero error, a
wrong density or background, more fluorescence, another Qmax, another resolution than the standard's, strain that falls
with distance, domains that lie apart. Reduced and refined by the default recipe, its lattice, coordinates, occupancies
and length are counted within two stated standard uncertainties of the truth. ``clean`` is the same with nothing wrong:
there the root mean square of the pulls must stay near one, for wide errors are no answer.

Rows are kept as they come in the file given by ``--rows``; a run that was stopped goes on from there.

Run: ``python benchmarks/wrong_model.py --rows FILE [--count N] [--kinds zero foreign ...]``.
"""

from __future__ import annotations

import argparse
import importlib.util
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

# By its place: this folder must not hide packages behind the names of its files.
_found = importlib.util.spec_from_file_location("made", Path(__file__).resolve().parent / "size_and_strain.py")
assert _found is not None and _found.loader is not None
made = importlib.util.module_from_spec(_found)
_found.loader.exec_module(made)

import numpy as np  # noqa: E402

from coherion.crystal.structure_files import read_structure  # noqa: E402
from coherion.refinement.parameters import parse  # noqa: E402
from coherion.refinement.recipe import RecipeResult, run_recipe  # noqa: E402
from coherion.settings.reading import settings_from  # noqa: E402
from coherion.settings.stages.refinement import RefinementSettings  # noqa: E402
from coherion.simulation.scans.debye import Motion  # noqa: E402
from coherion.simulation.scans.domains import Sizes, endless_crystal, mean_histogram  # noqa: E402
from coherion.simulation.scans.made import made_background  # noqa: E402
from coherion.simulation.scans.scan import (  # noqa: E402
    Optics,
    Phase,
    SimulatedScan,
    counted,
    powder,
    truth_of_sample,
)
from coherion.simulation.scans.strain import Strain  # noqa: E402
from coherion.simulation.scans.structures import Site, Structure  # noqa: E402
from coherion.simulation.series import Sample  # noqa: E402

# Share of errors of a group that must lie within two stated standard uncertainties, over all that is wrong; and the
# root mean square of the pulls where nothing is.
WITHIN, RMS = 0.90, (0.85, 1.15)
GROUPS = {"lattice": "lattice", "coordinates": "coordinate", "occupancies": "occupancy", "length": "length"}
SALT = Structure(
    "rock salt",
    (5.6402, 5.6402, 5.6402, 90.0, 90.0, 90.0),
    "F m -3 m",
    (Site("Na", (0, 0, 0), (("Na", 1.0),), 0.02), Site("Cl", (0.5, 0.5, 0.5), (("Cl", 1.0),), 0.018)),
)


@dataclass(frozen=True)
class Kind:
    """One thing that is wrong.

    sample, instrument
        Of the world, in place of what the analysis takes it for.
    resolution
        Of the instrument, standard included: angular width (degrees) and spread of the wavelength.
    salt
        Share of the atoms in rock salt of 300 angstrom.
    reduction, refinement
        What the analysis is told beside its defaults; ``density`` and ``packing`` as factors on the truth.
    """

    sample: Mapping[str, Any] = field(default_factory=dict)
    instrument: Mapping[str, float] = field(default_factory=dict)
    resolution: tuple[float, float] | None = None
    salt: float = 0.0
    reduction: Mapping[str, Any] = field(default_factory=dict)
    refinement: Mapping[str, Any] = field(default_factory=dict)


KINDS: dict[str, Kind] = {
    "clean": Kind(),
    "lognormal": Kind({"size_spread": 0.4}),
    "glass": Kind({"glass": 0.3}),
    # Domains with nothing around them scatter by their form, too.
    "apart": Kind({"contrast": 1.0}),
    # 5 % by mass are 6 % of the atoms.
    "foreign": Kind(salt=0.06),
    "side": Kind({"x": 0.5, "side_phase": 0.08, "side_phase_length": 80.0}),
    "zero": Kind({"zero_error": 0.02}),
    "zero-low": Kind({"zero_error": -0.01}),
    "strain-field": Kind({"strain": 0.006, "strain_correlation": 30.0}),
    "density": Kind(reduction={"density": 0.8}),
    "absorption": Kind(reduction={"packing": 1.5}),
    "background": Kind(reduction={"background_scale": 1.1}),
    "background-low": Kind(reduction={"background_scale": 0.9}),
    "fluorescence": Kind(instrument={"fluorescence_leak": 0.1}, reduction={"fluorescence": 0.0}),
    "qmax": Kind(reduction={"qmax": 11.0}),
    # A width that falls with Q, which the analysis has no term for.
    "resolution": Kind(resolution=(0.09, 0.0)),
    "envelope": Kind({"size_spread": 0.4}, refinement={"envelope": "exponential"}),
}


def world_of(resolution: tuple[float, float] | None) -> dict:
    """The series, on another instrument where one is asked for."""
    world = made.series()
    if resolution:
        world["resolution"] = dict(zip(("angular_width", "wavelength_spread"), resolution, strict=True))
    return world


@cache
def standard(resolution: tuple[float, float] | None) -> dict[str, Any]:
    """Settings of the resolution that a standard on that instrument gives."""
    return made.standard_of(world_of(resolution), 5).as_settings()


def salt_phase(share: float, optics: Optics) -> Phase:
    """Rock salt in domains of 300 angstrom."""
    sizes = Sizes.equal(300.0)
    histogram = mean_histogram(SALT, endless_crystal(SALT, 300.0), sizes)
    intensity = optics.powder(SALT, histogram, Motion(0.0, 0.0), Strain())
    return Phase(SALT.name, SALT, intensity, share, sizes, Strain(), 0, {})


def scan_of(kind: Kind, sample: Sample, world: dict, seed: int) -> SimulatedScan:
    """The scan of a powder, mean over its domains, with all that is wrong about it."""
    optics = Optics.of(world)
    phases = powder(sample, world, optics, None)
    if kind.salt:
        phases = [replace(one, atom_fraction=one.atom_fraction * (1 - kind.salt)) for one in phases]
        phases.append(salt_phase(kind.salt, optics))
    truth = truth_of_sample(sample, phases[0], world["cryolite"]["delta2"])
    rng = np.random.default_rng(seed)
    return counted(phases, sample.packing_fraction, world, optics, rng, truth, sample.zero_error)


def member(number: int) -> Sample:
    """Composition, length, strain and packing."""
    rng = np.random.default_rng([17, number])
    return Sample(
        x=made.COMPOSITIONS[number % len(made.COMPOSITIONS)],
        coherence_length=float(rng.uniform(50.0, 140.0)),
        strain=float(rng.uniform(0.0, 0.004)),
        packing_fraction=float(rng.uniform(0.49, 0.54)),
    )


def refined(kind: Kind, number: int) -> tuple[RecipeResult, dict]:
    """A draw refined, and its truth."""
    world = world_of(kind.resolution)
    world["instrument"] = {**world["instrument"], **kind.instrument}
    sample, seed = replace(member(number), **kind.sample), 50_000 + 10 * number
    scan = scan_of(kind, sample, world, seed)
    told = dict(kind.reduction)
    x = sample.x
    observed = made.reduced(
        scan,
        made_background(world, seed + 1),
        world,
        composition=f"Na{3 - x:g}In{1 - x:g}Zr{x:g}Cl6",
        density=scan.truth["phases"][0]["density"] * told.pop("density", 1.0),
        packing=sample.packing_fraction * told.pop("packing", 1.0),
        **told,
    )
    chosen = {"compare_envelopes": [], "profile": [], **kind.refinement}
    settings = settings_from(RefinementSettings, standard(kind.resolution) | chosen)
    crystal = read_structure(made.ROOT / "config" / "structures" / "cryolite.cif")
    return run_recipe([crystal], observed, settings, say=lambda text: None), scan.truth


def pulls_of(found: RecipeResult, truth: dict, sds: Mapping[str, float]) -> dict[str, list[float]]:
    """(found - true) over the uncertainty of each refined parameter whose truth is known, by group.

    The length is the one that is reported, of all readings, with its own uncertainty.
    """
    true, result = truth["phases"][0]["parameters"], found.result
    groups: dict[str, list[float]] = {name: [] for name in GROUPS}
    for name, value in result.values.items():
        meaning = parse(name).meaning
        if sds.get(name, 0.0) > 0 and name in true:
            for group, kind in GROUPS.items():
                if meaning.kind == kind:
                    groups[group].append((value - true[name]) / sds[name])
    readings = found.readings
    assert readings is not None
    error = readings.values[0] - 1 / truth["coherence_length_functional"]
    groups["length"].append(float(error / np.sqrt(readings.covariance[0, 0])))
    return groups


def jobs(kinds: list[str], count: int) -> Iterator[tuple[str, Callable[[], dict]]]:
    """Rows of all draws, each a job to do."""
    for number in range(count):
        for name in kinds:

            def work(name: str = name, number: int = number) -> dict:
                found, truth = refined(KINDS[name], number)
                row: dict[str, Any] = {"kind": name, "number": number, "rw": found.rw}
                alone = found.result.map.covariance(found.result.inverse) * found.chi_squared_reduced
                plain = dict(zip(found.result.parameters, np.sqrt(np.diag(alone)), strict=True))
                stated = found.uncertainties(scaled=True)
                return row | {"plain": pulls_of(found, truth, plain), "stated": pulls_of(found, truth, stated)}

            yield f"{name} {number}", work


def table(rows: list[dict]) -> Iterator[str]:
    """Share within two sd and root mean square pull of every kind and group, then over all that is wrong.

    First with the errors of least squares, times reduced chi-squared, alone; then as stated.
    """
    yield f"asked: {WITHIN:g} within 2 sd over all that is wrong; clean: rms pull {RMS[0]:g} to {RMS[1]:g}"
    for of in ("plain", "stated"):
        yield f"{of:<15} draws   Rw   " + "  ".join(f"{group:>16}" for group in GROUPS)
        yield from _lines(rows, of)


def _lines(rows: list[dict], of: str) -> Iterator[str]:
    wrong = [row for row in rows if row["kind"] != "clean"]
    for name in [*dict.fromkeys(row["kind"] for row in rows), "all that is wrong"]:
        own = wrong if name == "all that is wrong" else [row for row in rows if row["kind"] == name]
        if not own:
            continue
        cells = []
        for group in GROUPS:
            z = np.array([pull for row in own for pull in row[of][group]])
            cells.append(f"{np.mean(np.abs(z) < 2):.2f} (rms {np.sqrt(np.mean(z**2)):5.2f})")
        yield f"{name:<17} {len(own):3d}  {np.mean([row['rw'] for row in own]):.3f}  " + "  ".join(cells)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rows", type=Path, required=True, help="file of rows, JSON, one a line")
    arguments.add_argument("--count", type=int, default=5, help="draws of each kind")
    arguments.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS), help="what is wrong")
    given = arguments.parse_args()
    for line in table(made.run(jobs(given.kinds, given.count), given.rows)):
        print(line)


if __name__ == "__main__":
    main()
