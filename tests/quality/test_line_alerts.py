"""A scan that does not have the reflections of its starting structure is told before anything is refined."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import xarray

from coherion.crystal.cif_input import read_cif
from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.structure_factors import reflection_areas
from coherion.quality import of_lines
from coherion.quality.of_lines import alerts_of_lines

ROOT = Path(__file__).parents[2]
WAVELENGTH = 0.5594
ANGLES = 2 + 0.02 * np.arange(3000)


def rutile(a: float = 4.594, c: float = 2.959) -> Crystal:
    sites = (Site("Ti1", (0, 0, 0), (("Ti", 1.0),), 0.005), Site("O1", (0.3053, 0.3053, 0), (("O", 1.0),), 0.006))
    return Crystal("rutile", (a, a, c, 90.0, 90.0, 90.0), "P42/mnm", sites)


def perovskite(*edges: float) -> Crystal:
    """Gadolinium iron oxide's kind, of three different edges."""
    sites = (
        Site("Gd1", (0.05, 0.25, 0.985), (("Gd", 1.0),), 0.006),
        Site("Fe1", (0, 0, 0.5), (("Fe", 1.0),), 0.005),
        Site("O1", (0.47, 0.25, 0.10), (("O", 1.0),), 0.008),
        Site("O2", (0.70, 0.05, 0.30), (("O", 1.0),), 0.008),
    )
    return Crystal("perovskite", (*edges, 90.0, 90.0, 90.0), "Pnma", sites)


def scan(
    crystal: Crystal, width: float = 0.006, level: float = 300.0, seed: int = 1, angles: np.ndarray = ANGLES
) -> xarray.Dataset:
    """Counts of a powder, with the intensities of |F|^2 and the form factors; width relative to Q."""
    _, at, area = reflection_areas(crystal, 0.5, 10.0)
    q = 4 * np.pi / WAVELENGTH * np.sin(np.radians(angles / 2))
    peaks = (area / at**2 / at) @ np.exp(-0.5 * ((np.log(q) - np.log(at)[:, None]) / width) ** 2)
    counts = np.random.default_rng(seed).poisson(level * (0.3 + np.exp(-angles / 20)) + 2e4 * peaks / peaks.max())
    return xarray.Dataset(
        {"intensity": ("two_theta", counts.astype(float))}, {"two_theta": angles}, {"abscissa": "two_theta"}
    )


def told(measured: Crystal, stated: Crystal, *, standard: bool = False, **how):
    found = list(alerts_of_lines(scan(measured, **how), WAVELENGTH, stated, "a.cif", standard))
    return found[0] if found else None


@pytest.mark.parametrize("width", [0.003, 0.006, 0.012])
@pytest.mark.parametrize("crystal", [rutile(), perovskite(5.61, 7.67, 5.35)])
def test_a_scan_of_the_structure_or_of_one_a_little_larger_is_not_doubted(crystal, width):
    larger = replace(crystal, lattice=(*(1.01 * edge for edge in crystal.lattice[:3]), *crystal.lattice[3:]))
    assert told(crystal, crystal, width=width) is None
    assert told(larger, crystal, width=width) is None
    assert told(crystal, crystal, width=width, standard=True) is None


@pytest.mark.parametrize("width", of_lines.WIDTHS)
def test_the_right_structure_is_alike_at_each_width_that_is_tried(monkeypatch, width):
    monkeypatch.setattr(of_lines, "UNLIKE", 1.0)  # any likeness is told
    crystal = perovskite(5.61, 7.67, 5.35)
    assert told(crystal, crystal, width=width).number > 0.92


@pytest.mark.parametrize("width", [2e-4, 5e-4, 1e-3])
def test_reflections_as_sharp_as_a_synchrotron_has_them_are_alike_too(monkeypatch, width):
    """Far narrower than the grid over ln Q: as high as they are measured between its points."""
    monkeypatch.setattr(of_lines, "UNLIKE", 1.0)
    fine = 2 + 0.003 * np.arange(20000)
    for crystal in (rutile(), perovskite(5.61, 7.67, 5.35)):
        assert told(crystal, crystal, width=width, angles=fine).number > 0.9
        other = rutile(5.2, 3.4)
        assert told(crystal, other, width=width, angles=fine).number < 0.5


def test_edges_that_are_interchanged_are_named():
    right, wrong = perovskite(5.61, 7.67, 5.35), perovskite(7.67, 5.61, 5.35)
    alert = told(right, wrong)
    assert alert.code == "interchanged-edges" and alert.grade == "B"
    assert "cell of 5.61, 7.67, 5.35" in alert.text and "not of 7.67, 5.61, 5.35 as in a.cif" in alert.text


def test_another_substance_is_told():
    alert = told(rutile(), perovskite(5.61, 7.67, 5.35))
    assert alert.code == "unlike-structure" and alert.number < alert.limit
    alert = told(perovskite(5.61, 7.67, 5.35), rutile(), standard=True)
    assert alert.code == "unlike-structure"


def test_atoms_in_another_setting_of_the_symmetry_are_told():
    right = read_cif(ROOT / "config" / "structures" / "cryolite.cif")
    assert told(right, right) is None
    alert = told(right, Crystal(right.name, right.lattice, "P 1 21/c 1", right.sites))
    assert alert.code == "unlike-structure"


@pytest.mark.parametrize("factor", [1.014, 0.985])
def test_the_cell_of_a_standard_is_its_certificate(factor):
    measured = rutile(4.594 * factor, 2.959 * factor)
    alert = told(measured, rutile(), standard=True)
    assert alert.code == "standard-cell" and alert.number == pytest.approx(factor - 1, abs=0.003)


def test_a_scan_without_reflections_is_told_and_one_without_wavelength_says_nothing():
    smooth = scan(rutile())
    smooth["intensity"].values[:] = np.random.default_rng(2).poisson(900, ANGLES.size)
    for standard, grade in ((True, "B"), (False, "C")):
        (alert,) = alerts_of_lines(smooth, WAVELENGTH, rutile(), "a.cif", standard)
        assert (alert.code, alert.grade, alert.number) == ("no-reflections", grade, 0)
    assert not list(alerts_of_lines(scan(rutile()), None, perovskite(5.61, 7.67, 5.35), "a.cif"))
