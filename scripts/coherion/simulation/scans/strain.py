"""Microstrain: domains whose distances are stretched, each by its own amount.

A powder holds copies of one domain, every distance r in a copy longer by t w(r), where t is normal from copy to copy
and w(r) is the standard deviation of the distance. Where each domain has a lattice parameter of its own, w = e r with
the rms strain e. Where the strain is a field inside the domains, it is the mean of the local strain along r that
counts: of a field whose autocorrelation is exp(-distance/length) this has the mean square
2 e^2 (y - 1 + exp(-y))/y^2, y = r/length: e^2 for near pairs, falling as 1/r for far ones.

Patterns are the mean over a finite number of copies, close enough that their waves nowhere come into step again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

# Copies reach out to so many standard deviations of the strain.
TAILS = 4.8


@dataclass(frozen=True)
class Strain:
    """``rms`` of the relative change of distances; ``correlation`` length in angstrom, 0 for uniform domains."""

    rms: float = 0.0
    correlation: float = 0.0

    def of_distance(self, r: np.ndarray) -> np.ndarray:
        """Standard deviation in angstrom of distances ``r`` in angstrom."""
        if not self.correlation:
            return self.rms * r
        y = r / self.correlation
        with np.errstate(divide="ignore", invalid="ignore"):
            mean_square = np.where(y > 1e-3, 2 * (y + np.expm1(-y)) / y**2, 1 - y / 3)
        return self.rms * r * np.sqrt(mean_square)


@dataclass(frozen=True, eq=False)
class Copies:
    """Strains of the copies in units of the rms, and the share of each."""

    strain: np.ndarray
    share: np.ndarray

    @classmethod
    def resolving(cls, phase: float) -> Copies:
        """Copies whose waves stay out of step up to ``phase``, radian: Q times the standard deviation of a distance."""
        if phase == 0:
            return cls(np.zeros(1), np.ones(1))
        apart = 2 * math.pi / (phase + 5.5)
        number = math.ceil(TAILS / apart)
        strain = apart * np.arange(-number, number + 1)
        share = np.exp(-0.5 * strain**2)
        return cls(strain, share / share.sum())

    def mean_waves(self, phase: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Means of cos(t phase), t sin(t phase) and t^2 cos(t phase) over the copies, at ``phase`` from 0, radian."""
        even = np.linspace(0.0, float(phase.max(initial=0.0)) + 1e-9, 2000)
        wave = np.outer(even, self.strain)
        cosine = np.cos(wave)
        means = (cosine @ self.share, np.sin(wave) @ (self.share * self.strain), cosine @ (self.share * self.strain**2))
        plain, first, second = (np.interp(phase, even, mean) for mean in means)
        return plain, first, second


def strained(counts: np.ndarray, step: float, strain: Strain, copies: Copies) -> np.ndarray:
    """The mean over the copies of numbers of pairs (rows, nodes) at the distances ``step`` angstrom apart.

    Each copy's pairs are shared linearly by two nodes; the result has as many nodes more as the copies reach.
    """
    import scipy.sparse

    r = np.arange(counts.shape[1]) * step
    place = (r + np.multiply.outer(copies.strain, strain.of_distance(r))) / step
    node = place.astype(np.int64)
    upper = place - node
    share = copies.share[:, None]
    rows = np.concatenate([node.ravel(), node.ravel() + 1])
    columns = np.broadcast_to(np.arange(r.size), node.shape).ravel()
    values = np.concatenate([(share * (1 - upper)).ravel(), (share * upper).ravel()])
    shape = (int(node.max()) + 2, r.size)
    move = scipy.sparse.coo_array((values, (rows, np.concatenate([columns, columns]))), shape=shape).tocsr()
    return np.ascontiguousarray((move @ counts.T).T)
