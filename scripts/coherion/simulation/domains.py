"""Explicit finite domains of atoms, and every pair distance in them.

A domain is a sphere with a random centre cut from a crystal whose sites are filled at random. Its pairs are counted
without visiting them: for two sites of the cell, the number of pairs whose cells lie a lattice vector apart is the
correlation of two occupancy arrays, which a fast Fourier transform gives exactly (counts are whole numbers).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from coherion.simulation.structures import Structure


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
    (layers, 3) fractional; ``kind`` (layers,) index into the kinds.
    """

    occupied: np.ndarray
    position: np.ndarray
    kind: np.ndarray


def kinds_of(structure: Structure) -> tuple[Kind, ...]:
    """The kinds of atoms of a structure, in the order of its sites."""
    return tuple(
        Kind(site.label, element, site.u_iso) for site in structure.sites for element, p in site.species if p > 0
    )


def cut_domain(structure: Structure, diameter: float, rng: np.random.Generator) -> Domain:
    """A sphere of ``diameter`` (angstrom) with a random centre in the cell, its sites filled at random.

    Sites are filled independently of one another with the probabilities of the structure.
    """
    vectors = structure.vectors()
    positions, site_of = structure.atoms()
    # A sphere reaches radius/spacing cells to either side, spacing being that of the lattice planes.
    spacing = 1 / np.linalg.norm(np.linalg.inv(vectors), axis=1)
    size = np.ceil(diameter / spacing).astype(int) + 3
    centre = size // 2 + rng.random(3)
    axes = [np.arange(n) for n in size]
    cells = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    layers, where, kind = [], [], []
    kinds = kinds_of(structure)
    index = {(k.label, k.element): i for i, k in enumerate(kinds)}
    for position, number in zip(positions, site_of, strict=True):
        site = structure.sites[number]
        inside = (((cells + position - centre) @ vectors.T) ** 2).sum(axis=-1) <= (diameter / 2) ** 2
        drawn = rng.random(inside.shape)
        lower = 0.0
        for element, probability in site.species:
            if probability > 0:
                layers.append(inside & (drawn >= lower) & (drawn < lower + probability))
                where.append(position)
                kind.append(index[site.label, element])
                lower += probability
    return Domain(np.array(layers), np.array(where), np.array(kind))


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
    for s in range(len(domains[0].kind)):
        for t in range(s, len(domains[0].kind)):
            product = sum(np.conj(f[s]) * f[t] for f in transforms)
            yield s, t, steps, np.rint(scipy.fft.irfftn(product, s=padded))


@dataclass(frozen=True, eq=False)
class PairHistogram:
    """All pair distances of domains of one structure.

    Attributes
    ----------
    kinds
        The kinds of atoms.
    number
        Atoms of each kind in all domains, (kinds,).
    pairs
        Pairs of kinds (a <= b).
    step
        Spacing of the nodes k*step, angstrom.
    counts
        Ordered pairs at each node, (pairs of kinds, nodes); a pair between two nodes is shared by them linearly.
    domains, diameter
        How many domains were summed and their diameter, angstrom.
    """

    kinds: tuple[Kind, ...]
    number: np.ndarray
    pairs: tuple[tuple[int, int], ...]
    step: float
    counts: np.ndarray
    domains: int
    diameter: float


def pair_histogram(
    structure: Structure, diameter: float, number: int, rng: np.random.Generator, *, step: float = 0.004
) -> PairHistogram:
    """Pair distances of ``number`` random domains of ``diameter`` angstrom, on nodes ``step`` angstrom apart."""
    domains = [cut_domain(structure, diameter, rng) for _ in range(number)]
    kinds = kinds_of(structure)
    pairs = tuple((a, b) for a in range(len(kinds)) for b in range(a, len(kinds)))
    row = {pair: i for i, pair in enumerate(pairs)}
    counts = np.zeros((len(pairs), math.ceil(diameter / step) + 3))
    vectors = structure.vectors()
    kind, position = domains[0].kind, domains[0].position
    for s, t, steps, correlation in correlate(domains):
        a, b = sorted((int(kind[s]), int(kind[t])))
        weight = 1.0 if s == t else 2.0
        if s == t:
            correlation[0, 0, 0] = 0.0
        _spread(correlation, steps, vectors, position[t] - position[s], weight, step, counts[row[a, b]])
    occupied = np.array([sum(int(d.occupied[layer].sum()) for d in domains) for layer in range(len(kind))])
    total = np.bincount(kind, weights=occupied, minlength=len(kinds))
    return PairHistogram(kinds, total, pairs, step, counts, number, diameter)


def _spread(correlation, steps, vectors, offset, weight, step, counts):
    """Add numbers of pairs to ``counts``, each shared linearly by the two nodes next to its distance."""
    i, j, k = np.nonzero(correlation)
    n1, n2, n3 = steps
    u, v, w = n1[i] + offset[0], n2[j] + offset[1], n3[k] + offset[2]
    # The vectors are upper triangular (Structure.vectors), which saves a third of the products.
    x = vectors[0, 0] * u + vectors[0, 1] * v + vectors[0, 2] * w
    y = vectors[1, 1] * v + vectors[1, 2] * w
    z = vectors[2, 2] * w
    place = np.sqrt(x * x + y * y + z * z) / step
    node = place.astype(np.int64)
    pairs = weight * correlation[i, j, k]
    upper = pairs * (place - node)
    counts += np.bincount(node, weights=pairs - upper, minlength=counts.size)[: counts.size]
    counts[1:] += np.bincount(node, weights=upper, minlength=counts.size - 1)[: counts.size - 1]
