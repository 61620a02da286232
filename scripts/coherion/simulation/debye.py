"""Debye's scattering equation for domains, with thermal and correlated motion and the resolution of an instrument.

For atoms i, j of kinds a, b the pair term is

    f_a(Q) f_b(Q) sin(Q r)/(Q r) exp(-Q^2 s^2/2) exp(-(qdamp r)^2/2),
    s^2 = (U_a + U_b) (1 - delta1/r - delta2/r^2 + (qbroad r)^2),

which is what a Gaussian of variance s^2 along the pair does to it, ``qdamp`` and ``qbroad`` being defined as users of
PDFfit2 and TOPAS know them. In Q these two are a convolution with a Gaussian of variance
qdamp^2 + (U_a + U_b) qbroad^2 Q^2, and so they are computed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coherion.simulation.domains import Kind, PairHistogram
from coherion.simulation.structures import Structure

# Pairs nearer than this (angstrom) are summed one by one; beyond it correlated motion is a fast series.
NEAR = 12.0
SERIES_TERMS = 4
# Spacing of the fast transform's Q (1/angstrom): it shows distances up to 2 pi/0.008 less what qdamp leaves over.
TRANSFORM_STEP = 0.008


@dataclass(frozen=True)
class Motion:
    """Correlated motion (``delta1`` in angstrom, ``delta2`` in angstrom^2) and resolution (1/angstrom)."""

    delta1: float = 0.0
    delta2: float = 0.0
    qdamp: float = 0.0
    qbroad: float = 0.0


def form_factor(element: str, q: np.ndarray, energy: float | None = None) -> np.ndarray:
    """Scattering factor of the neutral atom (Waasmaier and Kirfel) in electrons, ``q`` in 1/angstrom.

    With an ``energy`` in eV it is complex and holds f' and f'' (Chantler).
    """
    import xraydb

    f = np.asarray(xraydb.f0(element, q / (4 * np.pi)), dtype=complex)
    if energy is not None:
        f = f + xraydb.f1_chantler(element, energy) + 1j * xraydb.f2_chantler(element, energy)
    return f


def pair_sums(histogram: PairHistogram, q: np.ndarray, motion: Motion, *, embedded: bool = True) -> np.ndarray:
    """Sum over pairs of sin(Q r)/(Q r) with motion and resolution, without form factors.

    Parameters
    ----------
    histogram
        The pairs.
    q
        Increasing Q, (n,), 1/angstrom, above 0.
    motion
        Correlated motion and resolution; ``qdamp`` above 0.003.
    embedded
        Take off what a sphere of the domain's mean density scatters. A domain in a dense powder lies among others of
        the same density and makes no small-angle scattering; a lone one in vacuum does.

    Returns
    -------
    (pairs of kinds, n), for all domains together. The histogram's spacing h costs a relative error below
    (Q h/2 pi)^2, 1e-4 at Q = 15 and h = 0.004; the smearing by its linear weights is divided out.
    """
    import scipy.fft
    from scipy.interpolate import CubicSpline

    step = histogram.step
    nodes = np.arange(histogram.counts.shape[1])
    r = nodes * step
    near = r < NEAR
    length = scipy.fft.next_fast_len(max(2 * nodes.size, round(2 * np.pi / (TRANSFORM_STEP * step))), real=True)
    grid_step = 2 * np.pi / (length * step)
    wanted = math.ceil((q[-1] + 1.0) / grid_step)
    grid = np.arange(wanted) * grid_step
    smear = np.sinc(grid * step / (2 * np.pi)) ** 2
    coarse = np.linspace(0.0, q[-1], math.ceil(q[-1] / 0.025) + 1)
    coarse_smear = np.sinc(coarse * step / (2 * np.pi)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        softening = np.where(near, 0.0, motion.delta1 / r + motion.delta2 / r**2)
    terms = SERIES_TERMS if motion.delta1 or motion.delta2 else 1
    shape = _shape(r, histogram.diameter) * step

    result = np.empty((len(histogram.pairs), q.size))
    for row, (a, b) in enumerate(histogram.pairs):
        u = histogram.kinds[a].u_iso + histogram.kinds[b].u_iso
        counts = histogram.counts[row]
        far = np.where(near, 0.0, counts)
        if embedded:
            volume = np.pi * histogram.diameter**3 / 6 * histogram.domains
            density = histogram.number[a] * histogram.number[b] / volume * (1 if a == b else 2)
            # The mean density moves neither with the thermal nor with the correlated motion; it counts as far.
            background = density * shape
        transformed = np.empty((terms, wanted))
        weighted = np.divide(far, r, out=np.zeros_like(far), where=r > 0)
        for term in range(terms):
            spectrum = -scipy.fft.rfft(weighted, n=length).imag[:wanted]
            transformed[term] = spectrum / smear
            weighted = weighted * softening
        width = np.sqrt(motion.qdamp**2 + u * motion.qbroad**2 * q**2)
        smooth = _broaden(q, width, grid_step, transformed)
        half = 0.5 * q**2 * u
        series = sum(smooth[term] * half**term / math.factorial(term) for term in range(terms))
        total = series * np.exp(-half)
        there = near & (counts > 0)
        if there.any():
            total += CubicSpline(coarse, _near_sum(coarse, r[there], counts[there], u, motion) / coarse_smear)(q)
        if embedded:
            weighted = np.divide(background, r, out=np.zeros_like(r), where=r > 0)
            spectrum = -scipy.fft.rfft(weighted, n=length).imag[:wanted]
            mean = _broaden(q, np.full(q.size, motion.qdamp), grid_step, spectrum[None, :])
            total -= mean[0] * np.exp(-half)
        result[row] = total / q
    return result


def _near_sum(q: np.ndarray, r: np.ndarray, counts: np.ndarray, u: float, motion: Motion) -> np.ndarray:
    """Sum of counts sin(Q r)/r with thermal motion, correlated motion and resolution, (n,)."""
    variance = u * (1 - motion.delta1 / r - motion.delta2 / r**2 + (motion.qbroad * r) ** 2)
    wave = np.sin(np.outer(q, r)) * np.exp(-0.5 * np.outer(q**2, variance))
    return wave @ (counts / r * np.exp(-0.5 * (motion.qdamp * r) ** 2))


def _broaden(q: np.ndarray, width: np.ndarray, grid_step: float, values: np.ndarray) -> np.ndarray:
    """Odd functions ``values`` (terms, nodes) of Q = k*grid_step, convolved with a Gaussian whose width depends on Q.

    ``width`` (n,) belongs to ``q`` (n,); the result is (terms, n). The sum over the grid is exact to rounding for
    functions whose frequencies stay below 2 pi/grid_step less seven times 1/width.
    """
    reach = math.ceil(7 * width.max() / grid_step)
    node = np.rint(q / grid_step).astype(int)[:, None] + np.arange(-reach, reach + 1)
    z = (node * grid_step - q[:, None]) / width[:, None]
    weight = np.exp(-0.5 * z * z) * (grid_step / (math.sqrt(2 * math.pi) * width[:, None]))
    weight[node < 0] *= -1
    node = np.minimum(np.abs(node), values.shape[1] - 1)
    return np.array([np.einsum("nk,nk->n", weight, row[node]) for row in values])


def _shape(r: np.ndarray, diameter: float) -> np.ndarray:
    """4 pi r^2 times the overlap of a sphere with itself moved by r."""
    x = np.minimum(r / diameter, 1.0)
    return 4 * np.pi * r**2 * (1 - 1.5 * x + 0.5 * x**3)


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
    structure: Structure, q: np.ndarray, motion: Motion, factors: dict[str, np.ndarray]
) -> np.ndarray:
    """Scattering per atom of a crystal too large to be seen as finite, electrons^2.

    The limit of Debye's equation for a full infinite lattice without correlated motion: Bragg reflections of the
    mean structure, each a Gaussian of the instrument's width, over the diffuse scattering of independent
    displacements. Partial by pairs of sites because the width is (see the module's text).

    Raises
    ------
    ValueError
        If a site is shared or partly vacant: this limit knows no disorder of occupancy.
    """
    if any(len(site.species) != 1 or site.species[0][1] != 1 for site in structure.sites):
        raise ValueError("only for structures whose sites are full")
    positions, site_of = structure.atoms()
    reciprocal = 2 * np.pi * np.linalg.inv(structure.vectors())
    limit = q[-1] + 1.0
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
    total = np.zeros(q.size)
    for a in range(len(sites)):
        fa = factors[sites[a].species[0][0]]
        total += count[a] * np.abs(fa) ** 2 * (1 - np.exp(-(q**2) * sites[a].u_iso))
        for b in range(len(sites)):
            fb = factors[sites[b].species[0][0]]
            u = sites[a].u_iso + sites[b].u_iso
            partial = np.bincount(member, weights=(amplitude[a] * np.conj(amplitude[b])).real)
            width = np.sqrt(motion.qdamp**2 + u * motion.qbroad**2 * q**2)
            # Sum over reciprocal lattice points of |F|^2 2 pi^2/(V Q^2) delta(Q - Q_hkl), the powder average per cell.
            area = 2 * np.pi**2 / structure.volume() * partial / shells
            inside = np.zeros(q.size)
            for centre, weight in zip(shells, area, strict=True):
                low, high = np.searchsorted(q, (centre - 0.3, centre + 0.3))
                window = slice(low, high)
                z = (q[window] - centre) / width[window]
                inside[window] += weight * np.exp(-0.5 * z**2) / (math.sqrt(2 * math.pi) * width[window])
            total += (fa * np.conj(fb)).real * np.exp(-0.5 * q**2 * u) * inside / q
    return total / count.sum()
