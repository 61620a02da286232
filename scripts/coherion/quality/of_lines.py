"""Alerts on a scan whose reflections are not those of its starting structure, before anything is refined.

The likeness of two patterns is the cosine between the square roots of what stands out of their smooth parts, over ln Q,
where a larger cell is a shift: 0.9 and more for the right structure of a clean sample, 0.8 with a side phase, 0.75 for
one with two edges interchanged, 0.6 for the atoms in another setting, below 0.5 for another substance.
"""

from __future__ import annotations

import itertools
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from coherion import messages
from coherion.crystal.reflections import reference_reflections
from coherion.crystal.structure_files import read_structure
from coherion.errors import CoherionError
from coherion.quality.alert import Alert, Grade, Told, told
from coherion.quality.scans.reflections import FEWEST_PEAKS, bragg_peaks

if TYPE_CHECKING:
    import xarray

    from coherion.crystal.crystal import Crystal
    from coherion.quality.scans.use import Use

# In 1/angstrom; above, the reflections of most structures overlap.
LOW, HIGH = 0.8, 6.0
# Of ln Q: the grid, the largest difference of the cells, widths of reflections that are tried, the smooth part.
STEP, SHIFTS, WIDTHS, SMOOTH = 0.002, 15, (0.004, 0.01, 0.02), 151
# Below, another substance or setting; what another order of the edges must gain to be an interchange, and reach.
UNLIKE, GAIN, ALIKE = 0.65, 0.1, 0.8
# The cell of a standard is certified to far more digits than a cell is found to here.
STANDARD_CELL = 0.005


def alerts_of_lines(
    scan: xarray.Dataset, wavelength: float | None, crystal: Crystal, file: str, standard: bool = False
) -> Iterator[Alert]:
    """A starting structure of which the scan does not have the reflections, or has those of another cell.

    Parameters
    ----------
    scan
        As :func:`coherion.data.scans.reader.read_scan` gives it.
    wavelength
        Angstrom; only for scans over 2theta.
    crystal, file
        The structure, and the name of its file.
    standard
        Whether its cell is a certified one.
    """
    dim = str(scan.attrs["abscissa"])
    x, y = scan[dim].values, scan["intensity"].values
    if dim == "two_theta" and not wavelength:
        return
    if (peaks := bragg_peaks(x, y, dim).size) < FEWEST_PEAKS:
        text = f"the scan has {peaks} reflections that stand out, and {file} is to be seen in it"
        advice = "is it the scan of this sample, or that of glass or an empty capillary?"
        # Crystals of a few nanometres have none either; a standard has.
        grade: Grade = "B" if standard else "C"
        yield Alert(grade, "no-reflections", float(peaks), "reflections", float(FEWEST_PEAKS), file, text, advice)
        return
    q = 4 * np.pi / float(wavelength) * np.sin(np.radians(x / 2)) if dim == "two_theta" and wavelength else x
    grid = np.arange(np.log(max(LOW, q[1])), np.log(min(HIGH, q[-1])), STEP)
    if grid.size < 2 * SMOOTH:
        return
    seen = _standing_out(_broadened(grid, np.log(q[q > 0]), y[q > 0]))
    own, shift = _likeness(grid, seen, crystal)
    a, b, c, alpha, beta, gamma = crystal.lattice
    others = {}
    for order in itertools.permutations((a, b, c), 3):
        # Angles stay where they are, and edges that symmetry makes equal stay equal.
        if order != (a, b, c) and _fits(crystal, order):
            others[order] = _likeness(grid, seen, replace(crystal, lattice=(*order, alpha, beta, gamma)))[0]
    best = max(others, key=lambda order: others[order], default=None)
    if best is not None and others[best] > max(ALIKE, own + GAIN):
        edges = ", ".join(f"{edge:g}" for edge in best)
        text = (
            f"the scan has the reflections of a cell of {edges} angstrom (likeness {others[best]:.2f}), not of {a:g}, "
            f"{b:g}, {c:g} as in {file} ({own:.2f})"
        )
        advice = "are two edges of the cell interchanged, or is the structure in another setting than its symmetry?"
        yield Alert("B", "interchanged-edges", others[best] - own, "1", GAIN, file, text, advice)
    elif own < UNLIKE:
        text = (
            f"the reflections of the scan are not those of {file}: likeness {own:.2f}, of the right structure 0.8 to 1"
        )
        advice = (
            "is the scan this sample's, and the structure? Check cell, setting of the symmetry, atoms and wavelength, "
            "and look for further phases"
        )
        yield Alert("B", "unlike-structure", own, "1", UNLIKE, file, text, advice)
    elif standard and abs(shift) > STANDARD_CELL:
        text = f"the cell of the standard is {100 * shift:+.1f} % off the one in {file}, the certificate"
        advice = "check the cell in the file, the wavelength and the zero point"
        yield Alert("B", "standard-cell", shift, "1", STANDARD_CELL, file, text, advice)


def alerts_of_structures(
    scans: Mapping[str, xarray.Dataset], uses: Mapping[str, Use], standards: Container[str]
) -> list[Told]:
    """What :func:`alerts_of_lines` says of each sample with a scan and one structure.

    A structure that cannot be read is told where it is read first.
    """
    found: list[Told] = []
    for sample, use in uses.items():
        if use.structure is None or use.scan not in scans:
            continue
        try:
            with messages.collected():
                crystal = read_structure(use.structure)
        except CoherionError:
            continue
        scan = scans[use.scan]
        wavelength = scan.attrs.get("wavelength") or use.wavelength
        found += told(sample, "scan", alerts_of_lines(scan, wavelength, crystal, use.structure, sample in standards))
    return found


def _fits(crystal: Crystal, edges: tuple[float, ...]) -> bool:
    """Whether the edges in another order obey the symmetry: those that it makes equal still are."""
    before = crystal.lattice[:3]
    equal = [(i, j) for i, j in itertools.combinations(range(3), 2) if abs(before[i] - before[j]) < 1e-6]
    return all(abs(edges[i] - edges[j]) < 1e-6 for i, j in equal)


def _broadened(grid: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean intensity over each step of the grid, widened to the least width that is tried: none is too sharp for it."""
    from scipy.ndimage import gaussian_filter1d

    area = np.concatenate([[0.0], np.cumsum(np.diff(x) * (y[1:] + y[:-1]) / 2)])
    edges = np.append(grid, grid[-1] + STEP) - STEP / 2
    return gaussian_filter1d(np.diff(np.interp(edges, x, area)), WIDTHS[0] / STEP, mode="nearest") / STEP


def _standing_out(y: np.ndarray) -> np.ndarray:
    from scipy.ndimage import median_filter

    return np.sqrt(np.clip(y - median_filter(y, SMOOTH, mode="nearest"), 0, None))


def _likeness(grid: np.ndarray, seen: np.ndarray, crystal: Crystal) -> tuple[float, float]:
    """The largest likeness over small differences of the cell, and that difference (relative)."""
    q, strength = reference_reflections(crystal, 1.05 * float(np.exp(grid[-1])))
    best = 0.0, 0.0
    for width in WIDTHS:
        pattern = _standing_out(strength @ np.exp(-0.5 * ((grid - np.log(q)[:, None]) / width) ** 2))
        for k in range(-SHIFTS, SHIFTS + 1):
            a, b = seen[max(0, -k) : seen.size - max(0, k)], pattern[max(0, k) : pattern.size - max(0, -k)]
            norm = float(np.sqrt((a @ a) * (b @ b)))
            if norm > 0 and (likeness := float(a @ b) / norm) > best[0]:
                best = likeness, k * STEP
    return best
