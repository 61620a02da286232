"""Debye's scattering equation for domains, with thermal and correlated motion and strain.

For atoms i, j of kinds a, b the pair term is

    f_a(Q) f_b(Q) <sin(Q r')/(Q r')> exp(-Q^2 s^2/2),   s^2 = (U_a + U_b) (1 - delta1/r - delta2/r^2),

the Gaussian being what motion along the pair does to it and the mean that over strained copies of the domain, in
which the distance is r' (:mod:`coherion.simulation.scans.strain`). What the diffractometer does comes after
(:mod:`coherion.simulation.scans.resolution`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from coherion.simulation.scans.domains import Kind, PairHistogram
from coherion.simulation.scans.resolution import Resolution, lines
from coherion.simulation.scans.strain import Copies, Strain, strained
from coherion.simulation.scans.structures import Structure

# Pairs nearer than this (angstrom) are summed one by one; beyond it correlated motion is a fast series.
NEAR = 12.0
SERIES_TERMS = 4
# How far beyond the last Q (1/angstrom) the sums go, for the blur to come.
MARGIN = 1.0


@dataclass(frozen=True)
class Motion:
    """Correlated motion: ``delta1`` in angstrom, ``delta2`` in angstrom^2."""

    delta1: float = 0.0
    delta2: float = 0.0


def form_factor(element: str, q: np.ndarray, energy: float | None = None) -> np.ndarray:
    """Scattering factor of the neutral atom (Waasmaier and Kirfel) in electrons, ``q`` in 1/angstrom.

    With an ``energy`` in eV it is complex and holds f' and f'' (Chantler).
    """
    import xraydb

    f = np.asarray(xraydb.f0(element, q / (4 * np.pi)), dtype=complex)
    if energy is not None:
        f = f + xraydb.f1_chantler(element, energy) + 1j * xraydb.f2_chantler(element, energy)
    return f


def pair_sums(
    histogram: PairHistogram,
    q_max: float,
    narrowest: float,
    motion: Motion,
    strain: Strain | None = None,
    *,
    contrast: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """Sum over pairs of sin(Q r)/(Q r) with motion and strain, without form factors.

    Parameters
    ----------
    histogram
        The pairs.
    q_max
        Highest Q that is looked at, 1/angstrom.
    narrowest
        Standard deviation (1/angstrom) of the narrowest blur to come: the grid is as fine as that wants.
    motion, strain
        Correlated motion; microstrain of the domains, none where it is not given.
    contrast
        By which share of its mean density a domain differs from what lies around it. What a sphere of the rest scatters
        is taken off: a domain in a dense powder, 0, lies among others of the same density and makes no small-angle
        scattering; a lone one in vacuum, 1, does.

    Returns
    -------
    q, sums
        (n,) even grid above 0, and (pairs of kinds, n), for all domains together. The histogram's spacing h costs a
        relative error below (Q h/2 pi)^2, 1e-4 at Q = 15 and h = 0.004; the smearing by its linear weights is
        divided out.
    """
    import scipy.fft
    from scipy.interpolate import CubicSpline

    strain = strain or Strain()
    step = histogram.step
    first = math.ceil(NEAR / step)
    r = np.arange(histogram.counts.shape[1]) * step
    copies = Copies.resolving(float((q_max + MARGIN) * strain.of_distance(r[-1:])[0]))
    # The last row is the mean density, which moves with its copy of the domain, but with no motion of atoms.
    far = np.vstack([histogram.counts, 4 * np.pi * r**2 * histogram.sizes.overlap(r) * step])
    far[:-1, :first] = 0.0
    if strain.rms:
        far = strained(far, step, strain, copies)
    nodes = far.shape[1]
    r = np.arange(nodes) * step
    # A sum over this grid is a convolution to 1e-6: the distances stay clear of their images.
    alone = nodes * step + max(nodes * step, 5 / narrowest)
    length = scipy.fft.next_fast_len(math.ceil(alone / step), real=True)
    grid_step = 2 * np.pi / (length * step)
    grid = np.arange(1, math.ceil((q_max + MARGIN) / grid_step) + 1) * grid_step
    coarse = np.linspace(0.0, grid[-1], math.ceil(grid[-1] / 0.025) + 1)
    smear, coarse_smear = (np.sinc(q * step / (2 * np.pi)) ** 2 for q in (grid, coarse))

    def transformed(counts: np.ndarray) -> np.ndarray:
        return -scipy.fft.rfft(counts, n=length).imag[1 : grid.size + 1]

    inverse = np.divide(1.0, r, out=np.zeros(nodes), where=r > 0)
    softening = motion.delta1 * inverse + motion.delta2 * inverse**2
    terms = SERIES_TERMS if motion.delta1 or motion.delta2 else 1
    # Linear weights smear once where the pairs are counted and once more where copies are strained.
    far_smear = smear**2 if strain.rms else smear
    mean = (1.0 - contrast**2) * transformed(far[-1] * inverse)

    result = np.empty((len(histogram.pairs), grid.size))
    for row, (a, b) in enumerate(histogram.pairs):
        u = histogram.kinds[a].u_iso + histogram.kinds[b].u_iso
        half = 0.5 * grid**2 * u
        series = np.zeros(grid.size)
        weighted = far[row] * inverse
        for term in range(terms):
            series += transformed(weighted) * half**term / math.factorial(term)
            weighted *= softening
        density = histogram.number[a] * histogram.number[b] / histogram.volume * (1 if a == b else 2)
        total = series / far_smear - density * mean
        total *= np.exp(-half)
        counts = histogram.counts[row, :first]
        there = np.flatnonzero(counts)
        if there.size:
            near = _near_sum(coarse, there * step, counts[there], u, motion, strain, copies)
            total += CubicSpline(coarse, near / coarse_smear)(grid)
        result[row] = total / grid
    return grid, result


def _near_sum(
    q: np.ndarray, r: np.ndarray, counts: np.ndarray, u: float, motion: Motion, strain: Strain, copies: Copies
) -> np.ndarray:
    """Sum of counts <sin(Q r')/r'> with thermal and correlated motion, (n,); r' = r + t w(r) over the copies."""
    variance = u * (1 - motion.delta1 / r - motion.delta2 / r**2)
    wave = np.sin(np.outer(q, r))
    if strain.rms:
        moved = strain.of_distance(r)
        plain, first, second = copies.mean_waves(np.outer(q, moved))
        # 1/r' is (1 - x + x^2)/r with x = t w/r, to the third power of the strain.
        wave = wave * (plain + second * (moved / r) ** 2) - np.cos(np.outer(q, r)) * first * (moved / r)
    return (wave * np.exp(-0.5 * np.outer(q**2, variance))) @ (counts / r)


def coherent_intensity(
    sums: np.ndarray,
    pairs: Sequence[tuple[int, int]],
    kinds: Sequence[Kind],
    number: np.ndarray,
    factors: dict[str, np.ndarray],
) -> np.ndarray:
    """Elastic and thermal-diffuse scattering per atom, electrons^2.

    Parameters
    ----------
    sums
        From :func:`pair_sums`, (pairs, n).
    pairs, kinds, number
        Of the histogram.
    factors
        Scattering factor of each element at the same Q, (n,), real or complex.
    """
    f = [factors[kind.element] for kind in kinds]
    total = sum(count * np.abs(fi) ** 2 for count, fi in zip(number, f, strict=True))
    for row, (a, b) in enumerate(pairs):
        total = total + sums[row] * (f[a] * np.conj(f[b])).real
    return total / number.sum()


def crystal_intensity(
    structure: Structure,
    two_theta: np.ndarray,
    resolution: Resolution,
    wavelength: float,
    factors: Callable[[np.ndarray], dict[str, np.ndarray]],
) -> np.ndarray:
    """Scattering per atom of a crystal too large to be seen as finite, electrons^2, as a diffractometer shows it.

    The limit of Debye's equation for a full infinite lattice without correlated motion: Bragg reflections of the
    mean structure over the diffuse scattering of independent displacements. ``factors`` gives those of the elements at
    any Q; the result belongs to ``two_theta`` (n,), increasing, degrees; ``wavelength`` in angstrom.

    Raises
    ------
    ValueError
        If a site is shared, partly vacant or moves unlike in different directions: this limit knows none of it.
    """
    if any(len(s.species) != 1 or s.species[0][1] != 1 or s.u_aniso is not None for s in structure.sites):
        raise ValueError("only for structures whose sites are full and whose displacements are isotropic")
    positions, site_of = structure.atoms()
    q = 4 * np.pi * np.sin(np.radians(two_theta) / 2) / wavelength
    reciprocal = 2 * np.pi * np.linalg.inv(structure.vectors())
    limit = min(q[-1] + MARGIN, 4 * np.pi / wavelength)
    reach = np.ceil(limit * np.linalg.norm(structure.vectors(), axis=0) / (2 * np.pi)).astype(int)
    hkl = np.stack(np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij"), axis=-1).reshape(-1, 3)
    length = np.linalg.norm(hkl @ reciprocal, axis=1)
    kept = (length > 1e-6) & (length < limit)
    hkl, length = hkl[kept], length[kept]
    sites = structure.sites
    amplitude = np.array(
        [np.exp(2j * np.pi * (hkl @ positions[site_of == s].T)).sum(axis=1) for s in range(len(sites))]
    )
    shells, member = np.unique(np.round(length, 6), return_inverse=True)
    count = np.bincount(site_of)
    total, area = np.zeros(q.size), np.zeros(shells.size)
    smooth, sharp = factors(q), factors(shells)
    for a in range(len(sites)):
        fa = sharp[sites[a].species[0][0]]
        diffuse = np.abs(smooth[sites[a].species[0][0]]) ** 2
        total += count[a] * diffuse * (1 - np.exp(-(q**2) * sites[a].u_iso))
        for b in range(len(sites)):
            fb = sharp[sites[b].species[0][0]]
            u = sites[a].u_iso + sites[b].u_iso
            partial = np.bincount(member, weights=(amplitude[a] * np.conj(amplitude[b])).real)
            # Sum over reciprocal lattice points of |F|^2 2 pi^2/(V Q^2) delta(Q - Q_hkl), the powder average per cell.
            own = 2 * np.pi**2 / structure.volume() * partial / shells**2 * np.exp(-0.5 * shells**2 * u)
            area += (fa * np.conj(fb)).real * own
    return (total + lines(shells, area, two_theta, resolution, wavelength)) / count.sum()
