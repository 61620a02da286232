"""Size and strain from reflections, on patterns that are no sums of reflections: Debye sums over clusters."""

from __future__ import annotations

import os
import warnings
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
import xarray

from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.structure_files import read_structure
from coherion.errors import CoherionWarning
from coherion.refinement.reflection_widths.output import read_widths
from coherion.refinement.reflection_widths.pattern import PROFILE, damping
from coherion.refinement.reflection_widths.widths import disagreement, instrument_profile, sample_widths
from coherion.settings.stages.reflections import ReflectionWidthsSettings

CELL, U, WAVELENGTH = 3.52, 0.006, 0.5594075
STRUCTURES = Path(__file__).parents[2] / "config" / "structures"
Q = np.arange(2.0, 10.0, 0.004)


def nickel() -> Crystal:
    return Crystal("Ni", (CELL,) * 3 + (90,) * 3, "F m -3 m", (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), U),))


def resolution(q):
    return np.hypot(0.011, 0.001 * q)


def blurred(q, values):
    """A curve as the instrument shows it, by a sum over the neighbourhood of each point."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(31)
    weights = weights / weights.sum()
    return sum(w * np.interp(q + resolution(q) * x, q, values) for x, w in zip(nodes, weights, strict=True))


@lru_cache(maxsize=4)
def distances(diameter: float):
    """Distances of atoms in a sphere (angstrom), how many an atom has of each, and the diameter by volume."""
    reach = int(diameter / CELL) + 2
    steps = np.arange(-reach, reach + 1)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    fcc = grid[grid.sum(axis=1) % 2 == 0]
    counts, size = np.zeros(12 * reach**2, int), 0
    # Two centres: the surface of one cluster is a rough sphere.
    centres = ((0.1, 0.2, 0.3), (0.9, 0.5, 1.3))
    for centre in centres:
        atoms = fcc[np.linalg.norm(fcc - centre, axis=1) < diameter / CELL]
        size += len(atoms)
        for atom in atoms:
            counts += np.bincount(np.sum((atoms - atom) ** 2, axis=1), minlength=len(counts))
    squares = np.flatnonzero(counts)[1:]
    return np.sqrt(squares) * CELL / 2, counts[squares] / size, (6 * size / 2 * CELL**3 / 4 / np.pi) ** (1 / 3)


def debye(q, diameter: float, strain: float):
    """F(Q) of spheres whose lattice parameters scatter by a relative standard deviation."""
    r, number, _ = distances(diameter)
    nodes, weights = np.polynomial.hermite_e.hermegauss(9) if strain else (np.zeros(1), np.ones(1))
    total = np.zeros_like(q)
    for x, w in zip(nodes, weights / weights.sum(), strict=True):
        total += w * (np.sin(np.outer(q, r * (1 + strain * x))) @ (number / (r * (1 + strain * x))))
    return np.exp(-U * q**2) * total


@lru_cache(maxsize=4)
def clean(diameter: float, strain: float):
    return blurred(Q, debye(Q, diameter, strain))


def pattern(diameter: float, strain: float, seed: int, noise: float):
    return Q, clean(diameter, strain) + np.random.default_rng(seed).normal(0, noise, len(Q)), np.full(len(Q), noise)


@pytest.fixture(scope="module")
def instrument():
    """From a standard without size: each line drawn with the instrument's Gaussian."""
    crystal = Crystal("LaB6", (4.1569,) * 3 + (90,) * 3, "P m -3 m", read_structure(STRUCTURES / "LaB6.cif").sites)
    n = np.arange(0, 8)
    squares = np.unique((n[:, None, None] ** 2 + n[None, :, None] ** 2 + n[None, None, :] ** 2).ravel())[1:]
    lines = 2 * np.pi * np.sqrt(squares) / 4.1569
    lines = lines[lines < 10.5]
    draw = np.random.default_rng(3)
    values = np.zeros_like(Q)
    for line, area in zip(lines, draw.uniform(0.2, 1.0, len(lines)), strict=True):
        s = resolution(line)
        values += area * np.exp(-0.5 * ((Q - line) / s) ** 2) / s / np.sqrt(2 * np.pi)
    noise = np.full(len(Q), 0.05)
    found = instrument_profile(crystal, (Q, values + draw.normal(0, noise), noise), WAVELENGTH)
    places = np.array([3.0, 6.0, 9.0])
    np.testing.assert_allclose(found.deviation(places), resolution(places), rtol=0.01)
    return found


@pytest.mark.parametrize(("diameter", "strain"), [(30.0, 0.0), (40.0, 0.0), (40.0, 0.01)])
def test_clusters_summed_by_debyes_formula(instrument, diameter, strain):
    true = distances(diameter)[2]
    found = sample_widths(nickel(), pattern(diameter, strain, 5, 0.02), WAVELENGTH, instrument, limits=(2.3, 8.0))
    sds = np.sqrt(np.diag(found.covariance))
    # A cluster of a few thousand atoms is a sphere to a percent.
    assert 1 / found.inverse_length == pytest.approx(true, rel=0.015)
    assert found.microstrain_squared == pytest.approx(strain**2, abs=max(0.05 * strain**2, 5e-6))
    assert found.converged and found.chi_squared < 3
    # The errors are of some use.
    assert sds[0] * true < 0.02 and sds[1] < 1.5e-5


def test_errors_are_those_of_the_noise(instrument):
    """Over draws of the counts L and e^2 scatter as their stated covariance says."""
    runs = [
        sample_widths(nickel(), pattern(40.0, 0.005, seed, 0.3), WAVELENGTH, instrument, limits=(2.3, 8.0))
        for seed in range(12)
    ]
    values = np.array([[run.inverse_length, run.microstrain_squared] for run in runs])
    stated = np.mean([np.sqrt(np.diag(run.covariance)) for run in runs], axis=0)
    ratio = np.std(values, axis=0, ddof=1) / stated
    # Twelve draws: the root of chi-squared over eleven degrees of freedom, from its 0.1 to its 99.9 % point.
    assert np.all((ratio > 0.4) & (ratio < 1.7)), ratio


def test_what_g_of_r_says_without_strain_is_a_disagreement(instrument):
    found = sample_widths(nickel(), pattern(40.0, 0.01, 6, 0.02), WAVELENGTH, instrument, limits=(2.3, 8.0))
    own = np.array([found.inverse_length, found.microstrain_squared])
    spread = np.diag([(0.01 * own[0]) ** 2, (0.05 * own[1]) ** 2])
    assert disagreement(own, found.covariance, own, spread) == pytest.approx(0.0, abs=1e-9)
    assert disagreement(own, found.covariance, np.array([1.2 * own[0], 0.0]), spread) > 100


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_slopes_of_what_damps(spread):
    r, centres = np.linspace(0, 120, 61), np.array([1.5, 4.0])
    profile = np.array([1.2e-4, -1e-6, 3e-7, 2e-4, 1e-5, 1 / 70.3, 2e-5, spread])
    slopes = damping(r, centres, profile)[1]
    for k in range(len(PROFILE) if spread else len(PROFILE) - 1):
        step = np.zeros(len(profile))
        step[k] = 1e-4 * max(abs(profile[k]), 1e-4)
        expected = (damping(r, centres, profile + step)[0] - damping(r, centres, profile - step)[0]) / (2 * step[k])
        np.testing.assert_allclose(slopes[k], expected, atol=1e-3 * np.abs(expected).max(), rtol=0)


def test_a_witness_that_cannot_be_heard_says_why_and_ends_nothing():
    """Several phases, no wavelength, too few reflections: the refinement that it is read beside must not be lost."""
    grid = {"q": Q, "reduced_structure_factor": ("q", np.sin(Q)), "reduced_structure_factor_sd": ("q", np.ones(len(Q)))}
    reduced = xarray.Dataset(grid, attrs={"wavelength": WAVELENGTH})
    fit, settings = xarray.Dataset(attrs={"phases": '["Ni"]'}), ReflectionWidthsSettings()
    crystals = {"refined": nickel(), "certified": read_structure(STRUCTURES / "LaB6.cif")}
    cases = {
        "several phases": (reduced, fit.assign_attrs(phases='["Ni", "Si"]'), settings),
        "no wavelength": (reduced.assign_attrs(wavelength=0.0), fit, settings),
        "too few reflections": (reduced, fit, ReflectionWidthsSettings(q_range=(4.0, 4.9))),
        "too few points": (reduced, fit, ReflectionWidthsSettings(q_range=(20.0, 25.0))),
    }
    for said, (scan, one, chosen) in cases.items():
        made = read_widths(scan, one, standard=reduced, settings=chosen, origin="simulated", **crystals)
        assert made.attrs["described"] == 0 and said in made.attrs["verdict"], said
        assert "inverse_length" not in made


# Log-normal: 80 angstrom weighted by volume and a spread of 0.4 are 80 exp(-0.4^2) weighted by area.
BLIND = {
    "base80": (80.0, 0.0),
    "lognorm4": (80.0 * np.exp(-0.16), 0.0),
    "strain5D300": (300.0, 0.005),
    "zero02": (80.0, 0.0),
}


@pytest.fixture(scope="module")
def blind():
    folder = os.environ.get("COHERION_CASES")
    if not folder or not (Path(folder) / "blind").is_dir():
        pytest.skip("COHERION_CASES is not set: this test needs cases that the project does not own")
    from coherion.data.scans.reader import read_scan
    from coherion.refinement.reflection_widths import output
    from coherion.scattering.reduction import reduce_scan
    from coherion.settings.reading import settings_from
    from coherion.settings.stages.reduction import ReductionSettings

    def scan(name):
        return read_scan([Path(folder) / "blind" / f"{name}.xyd"], intensity_kind="counts", wavelength=WAVELENGTH)

    def reduced(name, composition, density, packing):
        chosen = {"composition": composition, "density": density, "packing": packing, "corrections": "all"}
        glass = {"diameter": 0.5, "wall": 0.01, "density": 2.2, "composition": "SiO2"}
        chosen |= {f"capillary_{key}": value for key, value in glass.items()}
        # LaB6: a fluorescence fitted below zero is said to be taken as zero.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CoherionWarning)
            made = reduce_scan(scan(name), scan("empty"), settings_from(ReductionSettings, chosen))
        return output.curve_of(made), float(made.attrs["wavelength"]), output.dispersion_of(made)

    curve, wavelength, dispersion = reduced("LaB6", "LaB6", 4.71, 0.3)
    crystal = read_structure(STRUCTURES / "LaB6.cif")
    return reduced, instrument_profile(crystal, curve, wavelength, dispersion=dispersion)


@pytest.mark.slow
@pytest.mark.parametrize("name", BLIND)
def test_worlds_simulated_by_other_code(blind, name):
    """Lattice, occupancies and displacements are the world's own, coordinates those of the model it was made from."""
    reduced, profile = blind
    crystal = read_structure(STRUCTURES / "cryolite.cif")
    crystal = crystal.with_values(
        {"a": 6.9, "b": 7.1505, "c": 9.9055, "beta": 90.53, "Na1.occupancy": 0.60, "Na2.occupancy": 0.95}
        | {f"{site.label}.u_iso": {"M": 0.027, "N": 0.055, "C": 0.036}[site.label[0]] for site in crystal.sites}
    )
    curve, wavelength, dispersion = reduced(name, "Na2.5In0.5Zr0.5Cl6", 2.537, 0.52)
    found = sample_widths(crystal, curve, wavelength, profile, dispersion=dispersion)
    length, strain = BLIND[name]
    assert found.converged
    assert 1 / found.inverse_length == pytest.approx(length, rel=0.01)
    assert found.microstrain_squared == pytest.approx(strain**2, abs=5e-6)
    assert found.spread == pytest.approx(0.4 if name == "lognorm4" else 0.0, abs=0.03)
    assert found.zero == pytest.approx(0.02 if name == "zero02" else 0.0, abs=0.005)
