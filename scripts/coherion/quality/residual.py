"""The residual of a fit of G(r) in Q: what no phase explains.

The sine transform of G over the fit range, with Lorch's window in r so that its end does not ripple,

    F(Q) = int G(r) sin(Qr) sinc(r/R) dr,

resolves 2 pi/R; the counting noise of G, white on the points fitted, becomes one of constant standard deviation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray

Array = NDArray[np.float64]

# Where a sine transform of a fit range can be read: below, the band below Qmin and the missing small r rule.
LEAST_Q = 0.6
# Points of the transform for each of its own width.
FINENESS = 10


@dataclass(frozen=True, eq=False)
class InQ:
    """Observed and calculated F(Q) of a fit and their difference, 1/angstrom, over q in 1/angstrom, (n,) each.

    ``noise`` is the standard deviation that the counts leave in F, 0 where it is not known; ``width`` the resolution.
    """

    q: Array
    observed: Array
    calculated: Array
    difference: Array
    noise: float
    width: float


@dataclass(frozen=True)
class Unexplained:
    """A reflection of the residual: its place in 1/angstrom, its height as share of the largest F(Q), and over noise.

    ``z`` is infinite where the noise is not known; ``outlier`` is the height over what the residual has elsewhere, by
    its median.
    """

    q: float
    share: float
    z: float
    outlier: float

    @property
    def d(self) -> float:
        """Spacing of the lattice planes, angstrom."""
        return 2 * np.pi / self.q


@lru_cache(maxsize=1)
def _sines(q: bytes, r: bytes) -> Array:
    """sin(Q r), (q, r), of two grids of doubles: those of all samples of a series are the same."""
    return np.sin(np.outer(np.frombuffer(q), np.frombuffer(r)))


def in_q(fit: xarray.Dataset) -> InQ:
    """The fit in Q, up to the Qmax of the data."""
    r = fit["r"].values
    step, end, qmax = float(np.median(np.diff(r))), float(r[-1]), float(fit.attrs["qmax"])
    window = np.sinc(r / end) * step
    q = np.arange(LEAST_Q, qmax, 2 * np.pi / end / FINENESS)
    sines = _sines(q.tobytes(), np.asarray(r, float).tobytes()) * window
    # White noise on points pi/Qmax apart; sin^2 is one half in the mean.
    noise = float(fit.attrs["counting_noise"]) * np.sqrt(np.sum(window**2) / step * 0.5 * np.pi / qmax)
    observed, calculated = sines @ fit["observed"].values, sines @ fit["calculated"].values
    return InQ(q, observed, calculated, observed - calculated, float(noise), 2 * np.pi / end)


def unexplained_reflections(found: InQ, share: float, significance: float) -> list[Unexplained]:
    """Maxima of the residual where the model calculates less than the residual itself: reflections of no phase.

    A residual on a reflection of the model's own (a wrong intensity, a wrong width) is misfit, no further phase.

    Parameters
    ----------
    share, significance
        Least height, as share of the largest observed F(Q) and over the noise.
    """
    d, top = found.difference, float(np.max(np.abs(found.observed), initial=0.0))
    # 1.4826 times the median deviation is the standard deviation of a normal distribution.
    usual = 1.4826 * float(np.median(np.abs(d - np.median(d))))
    peaks = np.flatnonzero((d[1:-1] > d[:-2]) & (d[1:-1] >= d[2:])) + 1
    made = []
    for i in peaks:
        near = np.abs(found.q - found.q[i]) <= 0.5 * found.width
        z = float(d[i] / found.noise) if found.noise > 0 else np.inf
        own = float(np.max(found.calculated[near]))
        if d[i] >= share * top and z >= significance and d[i] > own:
            made.append(
                Unexplained(float(found.q[i]), float(d[i] / top), z, float(d[i] / usual) if usual > 0 else np.inf)
            )
    return sorted(made, key=lambda one: -one.share)
