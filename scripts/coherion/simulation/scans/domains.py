"""Explicit finite domains of atoms, and every pair distance in them.

A domain is a sphere cut from a crystal whose sites are filled at random. A powder has so many that their centres are
everywhere in the cell alike: those of the few that are cut are spread over it evenly (:func:`even_centres`), for
centres drawn one by one leave a speckle that no powder has. A domain's pairs are counted
without visiting them: for two sites of the cell, the number of pairs whose cells lie a lattice vector apart is the
correlation of two occupancy arrays, which a fast Fourier transform gives exactly (counts are whole numbers).

Atoms that move more in one direction than in another are there several times, at the nodes of a rule that integrates
over their displacements, each with its weight; what they do in all directions alike (``u_iso``) comes later.

A powder of many sizes is the limit of infinitely many such domains: the pairs of the endless crystal, each as often as
both its atoms lie in one sphere.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from coherion.simulation.scans.structures import Structure

# Spacing of histograms of distances, angstrom.
STEP = 0.004
#: Waves whose sums over domains are made at once: so many of all domains fit the processor's cache.
WAVES = 16
# The root of g^4 = g + 1: multiples of 1/g, 1/g^2, 1/g^3 fill the unit cube evenly, however many are taken (Kronecker's
# sequence; H. Niederreiter, Random Number Generation and Quasi-Monte Carlo Methods, SIAM 1992, chapter 3).
EVEN = 1.2207440846057596


@dataclass(frozen=True)
class Kind:
    """Atoms that scatter and move alike: an element on a site."""

    label: str
    element: str
    u_iso: float


@dataclass(frozen=True, eq=False)
class Domain:
    """Which atoms of a lattice are there.

    ``occupied`` has shape (layers, n1, n2, n3), one layer for each kind on each position of the cell; ``position``
    (layers, 3) fractional; ``kind`` (layers,) index into the kinds; ``atom`` (layers,) into the cell's positions.
    """

    occupied: np.ndarray
    position: np.ndarray
    kind: np.ndarray
    atom: np.ndarray


def kinds_of(structure: Structure) -> tuple[Kind, ...]:
    """The kinds of atoms of a structure, in the order of its sites."""
    return tuple(
        Kind(site.label, element, site.u_iso) for site in structure.sites for element, p in site.species if p > 0
    )


def even_centres(number: int, rng: np.random.Generator) -> np.ndarray:
    """Centres of domains, (number, 3) fractions of the cell, evenly spread from a first one that is drawn."""
    return (rng.random(3) + np.multiply.outer(np.arange(number), EVEN ** -np.arange(1.0, 4.0))) % 1.0


def cut_domain(
    structure: Structure, diameter: float, rng: np.random.Generator, centre: np.ndarray | None = None
) -> Domain:
    """A sphere of ``diameter`` (angstrom), its sites filled at random.

    ``centre`` (3,) in fractions of the cell is drawn where it is not given. Sites are filled independently of one
    another with the probabilities of the structure.
    """
    vectors = structure.vectors()
    positions, site_of = structure.atoms()
    # A sphere reaches radius/spacing cells to either side, spacing being that of the lattice planes.
    spacing = 1 / np.linalg.norm(np.linalg.inv(vectors), axis=1)
    size = np.ceil(diameter / spacing).astype(int) + 3
    centre = size // 2 + (rng.random(3) if centre is None else centre)
    axes = [np.arange(n) for n in size]
    cells = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    layers, where, kind, atom = [], [], [], []
    kinds = kinds_of(structure)
    index = {(k.label, k.element): i for i, k in enumerate(kinds)}
    for place, (position, number) in enumerate(zip(positions, site_of, strict=True)):
        site = structure.sites[number]
        inside = (((cells + position - centre) @ vectors.T) ** 2).sum(axis=-1) <= (diameter / 2) ** 2
        drawn = rng.random(inside.shape)
        lower = 0.0
        for element, probability in site.species:
            if probability > 0:
                layers.append(inside & (drawn >= lower) & (drawn < lower + probability))
                where.append(position)
                kind.append(index[site.label, element])
                atom.append(place)
                lower += probability
    return Domain(np.array(layers), np.array(where), np.array(kind), np.array(atom))


def correlate(domains: Sequence[Domain]) -> Iterator[tuple[int, int, tuple[np.ndarray, ...], np.ndarray]]:
    """Numbers of pairs between every two layers, summed over domains of one size.

    Yields
    ------
    s, t, steps, counts
        For layers s <= t: ``counts[i, j, k]`` ordered pairs (atom of t, atom of s) whose cells are apart by the
        lattice steps ``(steps[0][i], steps[1][j], steps[2][k])``, whole numbers. For s = t the zero step counts
        each atom with itself.
    """
    import scipy.fft

    shape = np.max([d.occupied.shape[1:] for d in domains], axis=0)
    # Twice the size keeps the two ends apart, so that the cyclic correlation is the true one.
    padded = tuple(scipy.fft.next_fast_len(int(2 * n - 1), real=True) for n in shape)
    transforms = [scipy.fft.rfftn(d.occupied.astype(float), s=padded, axes=(1, 2, 3)) for d in domains]
    steps = tuple(np.rint(np.fft.fftfreq(n, 1 / n)).astype(np.int64) for n in padded)
    layers, *waves = transforms[0].shape
    flat = [f.reshape(layers, -1) for f in transforms]
    products = np.empty((layers, layers, flat[0].shape[1]), complex)
    for first in range(0, products.shape[2], WAVES):
        part = np.stack([f[:, first : first + WAVES].T for f in flat], axis=-1)
        # One product of matrices for each wave: the sum over domains of every two layers.
        products[..., first : first + WAVES] = np.moveaxis(part.conj() @ part.swapaxes(1, 2), 0, -1)
    for s in range(layers):
        for t in range(s, layers):
            yield s, t, steps, np.rint(scipy.fft.irfftn(products[s, t].reshape(waves), s=padded))


@dataclass(frozen=True, eq=False)
class Sizes:
    """Diameters of spherical domains, (n,), angstrom, and the share of the powder's volume in each, (n,)."""

    diameter: np.ndarray
    share: np.ndarray

    @classmethod
    def equal(cls, diameter: float) -> Sizes:
        """Domains of one size."""
        return cls(np.array([diameter]), np.ones(1))

    @classmethod
    def log_normal(cls, volume_mean: float, spread: float) -> Sizes:
        """Log-normal diameters whose mean, weighted with volume, is ``volume_mean`` angstrom.

        ``spread`` is the standard deviation of ln D. Weighted with volume ln D is normal too, about the mean of the
        numbers plus three times the variance; it is cut off at 3.2 standard deviations.
        """
        if spread == 0:
            return cls.equal(volume_mean)
        t = np.linspace(-3.2, 3.2, 65)
        share = np.exp(-0.5 * t**2) / np.exp(-0.5 * t**2).sum()
        diameter = np.exp(spread * t)
        return cls(diameter * volume_mean / (share @ diameter), share)

    def volume_mean(self) -> float:
        """Mean diameter, each domain as often as it has volume, angstrom."""
        return float(self.share @ self.diameter)

    def area_mean(self) -> float:
        """Mean diameter, each domain as often as it has surface, angstrom: -1.5 over the slope of the overlap at 0."""
        return float(1 / (self.share / self.diameter).sum())

    def overlap(self, r: np.ndarray) -> np.ndarray:
        """Share of the volume that spheres have in common with themselves moved by ``r``, (nodes,)."""
        total = np.zeros(r.size)
        for diameter, share in zip(self.diameter, self.share, strict=True):
            inside = slice(np.searchsorted(r, diameter))
            x = r[inside] / diameter
            total[inside] += share * (1 - 1.5 * x + 0.5 * x**3)
        return total


@dataclass(frozen=True)
class Faults:
    """Stacking faults between cells along c: each, with ``probability``, slides what follows by ``slide`` along a.

    There are two stackings, and a fault leads from one to the other. ``slide`` in angstrom.
    """

    probability: float = 0.0
    slide: float = 0.0

    def shares(self, steps: np.ndarray) -> tuple[tuple[float, np.ndarray], ...]:
        """Slides (angstrom) and the share of pairs, so many cells apart along c, that has each."""
        if self.probability == 0:
            return ((0.0, np.ones(steps.size)),)
        # The number of faults in between is odd.
        other = (1 - (1 - 2 * self.probability) ** np.abs(steps)) / 2
        return ((0.0, 1 - other), (self.slide, other / 2), (-self.slide, other / 2))


@dataclass(frozen=True, eq=False)
class PairHistogram:
    """All pair distances of a powder of one structure.

    Attributes
    ----------
    kinds
        The kinds of atoms.
    number
        Atoms of each kind, (kinds,).
    pairs
        Pairs of kinds (a <= b).
    step
        Spacing of the nodes k*step, angstrom.
    counts
        Ordered pairs at each node, (pairs of kinds, nodes); a pair between two nodes is shared by them linearly.
    volume
        Volume of the atoms' domains, angstrom^3.
    sizes
        Diameters of the domains.
    """

    kinds: tuple[Kind, ...]
    number: np.ndarray
    pairs: tuple[tuple[int, int], ...]
    step: float
    counts: np.ndarray
    volume: float
    sizes: Sizes


def pairs_of(kinds: Sequence[Kind]) -> tuple[tuple[int, int], ...]:
    """Pairs of kinds a <= b in the order of a histogram's rows."""
    return tuple((a, b) for a in range(len(kinds)) for b in range(a, len(kinds)))


def displaced(excess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Displacements (n, 3) in angstrom and their weights (n,), which sum to 1, of a normal distribution.

    ``excess`` (3, 3) is its covariance, angstrom^2. Gauss and Hermite's rule along each principal axis: exact for
    polynomials of the ninth degree.
    """
    squares, axes = np.linalg.eigh(excess)
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    weights = weights / weights.sum()
    moved, share = np.zeros((1, 3)), np.ones(1)
    for square, axis in zip(squares, axes.T, strict=True):
        if square > 1e-9:
            along = math.sqrt(square) * np.multiply.outer(nodes, axis)
            moved = (moved[:, None] + along).reshape(-1, 3)
            share = np.multiply.outer(share, weights).ravel()
    return moved, share


def pair_histogram(
    structure: Structure,
    diameter: float,
    number: int,
    rng: np.random.Generator,
    *,
    step: float = STEP,
    faults: Faults | None = None,
    delta2: float = 0.0,
) -> PairHistogram:
    """Pair distances of ``number`` domains of ``diameter`` angstrom, on nodes ``step`` angstrom apart.

    ``delta2`` (angstrom^2) makes near neighbours move together: it counts where displacements are anisotropic, all
    others coming later.
    """
    faults = faults or Faults()
    domains = [cut_domain(structure, diameter, rng, centre) for centre in even_centres(number, rng)]
    kinds = kinds_of(structure)
    pairs = pairs_of(kinds)
    row = {pair: i for i, pair in enumerate(pairs)}
    motion = _Motions(structure, delta2)
    counts = np.zeros((len(pairs), math.ceil((diameter + faults.slide + motion.reach) / step) + 3))
    vectors = structure.vectors()
    kind, position, atom = domains[0].kind, domains[0].position, domains[0].atom
    for s, t, steps, correlation in correlate(domains):
        a, b = sorted((int(kind[s]), int(kind[t])))
        weight = 1.0 if s == t else 2.0
        if s == t:
            correlation[0, 0, 0] = 0.0
        for slide, share in faults.shares(steps[2]):
            offset = position[t] - position[s] + np.array([slide / structure.cell[0], 0.0, 0.0])
            taken = correlation if slide == 0 and faults.probability == 0 else correlation * share
            _spread(taken, steps, vectors, offset, weight, step, counts[row[a, b]], motion.between(atom[s], atom[t]))
    occupied = np.array([sum(int(d.occupied[layer].sum()) for d in domains) for layer in range(len(kind))])
    total = np.bincount(kind, weights=occupied, minlength=len(kinds))
    volume = number * math.pi * diameter**3 / 6
    return PairHistogram(kinds, total, pairs, step, counts, volume, Sizes.equal(diameter))


class _Motions:
    """How pairs of a cell's atoms move beyond what all directions have: displacements, weights, delta2, or None."""

    def __init__(self, structure: Structure, delta2: float):
        self.excess, self.delta2 = structure.excess_displacements(), delta2
        self.inverse = np.linalg.inv(structure.vectors())
        #: The farthest node of the rule for two atoms, angstrom.
        self.reach = 5 * math.sqrt(2 * max((float(np.trace(e)) for e in self.excess), default=0.0))

    def between(self, a: int, b: int) -> tuple[np.ndarray, np.ndarray, float] | None:
        """Displacements of b against a in fractions of the axes; None where both are alike in all directions."""
        excess = self.excess[a] + self.excess[b]
        if not excess.any():
            return None
        moved, share = displaced(excess)
        return moved @ self.inverse.T, share, self.delta2


def _spread(correlation, steps, vectors, offset, weight, step, counts, motion):
    """Add numbers of pairs to ``counts`` by their distances."""
    i, j, k = np.nonzero(correlation)
    n1, n2, n3 = steps
    apart = (n1[i] + offset[0], n2[j] + offset[1], n3[k] + offset[2])
    _place(vectors, apart, weight * correlation[i, j, k], step, counts, motion)


def _place(vectors, apart, pairs, step, counts, motion):
    """Share ``pairs`` whose atoms are ``apart`` (fractions of the axes) by the nodes about their distances."""
    distance = _distance(vectors, *apart)
    if motion is None:
        _share(distance / step, pairs, counts)
        return
    moved, share, delta2 = motion
    together = np.sqrt(np.maximum(1 - delta2 / distance**2, 0.0))
    for (u, v, w), part in zip(moved, share, strict=True):
        there = _distance(vectors, apart[0] + together * u, apart[1] + together * v, apart[2] + together * w)
        _share(there / step, part * pairs, counts)


def _distance(vectors, u, v, w):
    """Lengths of ``u, v, w`` times the lattice vectors; these are upper triangular, which saves a third of the work."""
    x = vectors[0, 0] * u + vectors[0, 1] * v + vectors[0, 2] * w
    y = vectors[1, 1] * v + vectors[1, 2] * w
    z = vectors[2, 2] * w
    return np.sqrt(x * x + y * y + z * z)


def _share(place, pairs, counts):
    """Add ``pairs`` to ``counts``, each shared linearly by the two nodes next to its place."""
    node = place.astype(np.int64)
    upper = pairs * (place - node)
    counts += np.bincount(node, weights=pairs - upper, minlength=counts.size)[: counts.size]
    counts[1:] += np.bincount(node, weights=upper, minlength=counts.size - 1)[: counts.size - 1]


@dataclass(frozen=True, eq=False)
class EndlessCrystal:
    """Pairs of sites, each site full, in a crystal without end: ``counts`` (pairs of sites, nodes) per cell."""

    counts: np.ndarray
    step: float


@functools.lru_cache(maxsize=4)
def endless_crystal(structure: Structure, longest: float, *, step: float = STEP, delta2: float = 0.0) -> EndlessCrystal:
    """Pairs up to ``longest`` angstrom; each site's first atom is looked at, its images see the same.

    Some seconds for hundreds of angstrom, so the last few are kept. ``delta2`` as in :func:`pair_histogram`.
    """
    vectors = structure.vectors()
    positions, site_of = structure.atoms()
    multiplicity = np.bincount(site_of)
    spacing = 1 / np.linalg.norm(np.linalg.inv(vectors), axis=1)
    reach = np.ceil(longest / spacing).astype(int) + 1
    steps = np.meshgrid(*(np.arange(-n, n + 1) for n in reach), indexing="ij", sparse=True)
    rows = pairs_of_sites(len(structure.sites))
    motion = _Motions(structure, delta2)
    counts = np.zeros((len(rows), math.ceil(longest / step) + 3))
    for row, (a, b) in enumerate(rows):
        first = int(np.flatnonzero(site_of == a)[0])
        weight = float(multiplicity[a] * (1 if a == b else 2))
        for other in np.flatnonzero(site_of == b).tolist():
            apart = tuple(n + shift for n, shift in zip(steps, positions[other] - positions[first], strict=True))
            place = _distance(vectors, *apart) / step
            if (moved := motion.between(first, other)) is None:
                kept = place[(place > 0.5) & (place < longest / step)]
                _share(kept, np.full(kept.size, weight), counts[row])
            else:
                near = (place > 0.5) & (place < (longest + motion.reach) / step)
                apart = tuple(part[near] for part in np.broadcast_arrays(*apart))
                _place(vectors, apart, np.full(apart[0].size, weight), step, counts[row], moved)
    return EndlessCrystal(counts, step)


def pairs_of_sites(sites: int) -> list[tuple[int, int]]:
    """Pairs of sites a <= b in the order of an endless crystal's rows."""
    return [(a, b) for a in range(sites) for b in range(a, sites)]


def mean_histogram(structure: Structure, crystal: EndlessCrystal, sizes: Sizes) -> PairHistogram:
    """Pairs per cell in a powder of spheres cut from a crystal, the mean over all ways to fill its sites.

    ``crystal`` is that of the structure's cell and positions; its occupancies are those of ``structure``. It must
    reach as far as the largest domain.
    """
    kinds = kinds_of(structure)
    labels = [site.label for site in structure.sites]
    site = [labels.index(kind.label) for kind in kinds]
    occupancy = [dict(structure.sites[s].species)[kind.element] for s, kind in zip(site, kinds, strict=True)]
    multiplicity = np.bincount(structure.atoms()[1])
    row = {pair: i for i, pair in enumerate(pairs_of_sites(len(labels)))}
    nodes = min(math.ceil(sizes.diameter.max() / crystal.step) + 3, crystal.counts.shape[1])
    overlap = sizes.overlap(np.arange(nodes) * crystal.step)
    pairs = pairs_of(kinds)
    counts = np.empty((len(pairs), nodes))
    for i, (a, b) in enumerate(pairs):
        # Of two elements on one site each ordered pair of atoms is met twice, once for each order.
        twice = 2 if a != b and site[a] == site[b] else 1
        counts[i] = crystal.counts[row[site[a], site[b]], :nodes] * overlap * (occupancy[a] * occupancy[b] * twice)
    number = np.array([multiplicity[s] * p for s, p in zip(site, occupancy, strict=True)])
    return PairHistogram(kinds, number, pairs, crystal.step, counts, structure.volume(), sizes)
