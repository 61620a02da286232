"""Points and weights of several data sets of one sample that are fitted together.

Each data set keeps the weights that it would have alone, (C + T + B)^-1, with a misfit T of its own; where the errors
of its data are not known T is all of it, so that what each fit leaves says how much its data weigh. Before that, with
equal weights, each G(r) counts by its own mean square: the scale of a G(r) is arbitrary.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from coherion.refinement.least_squares.weights import FitData, Misfit, Target, Weighting, misfit_variance


@dataclass(frozen=True, eq=False)
class JointWeighting(Weighting):
    """The weightings of several data sets, each for its own rows; ``sizes`` are the points of each."""

    parts: tuple[Weighting, ...] = ()
    sizes: tuple[int, ...] = ()

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """R^-1 times values of shape (n,) or the columns of (n, k)."""
        return np.concatenate([part(own) for part, own in zip(self.parts, _split(values, self.sizes), strict=True)])

    @property
    def log_determinant(self) -> float:
        """Logarithm of the determinant of the covariance."""
        return sum(part.log_determinant for part in self.parts)


@dataclass(frozen=True)
class JointMisfit(Misfit):
    """The misfits of several data sets; ``near``, ``far`` and ``rms`` are of the first."""

    parts: tuple[Misfit, ...] = ()
    sizes: tuple[int, ...] = ()

    def variance(self, r: np.ndarray) -> np.ndarray:
        """At the points of all data sets, 1/angstrom^4, (n,)."""
        return np.concatenate([part.variance(own) for part, own in zip(self.parts, _split(r, self.sizes), strict=True)])

    def rms(self, r: np.ndarray) -> float:
        """Root of the mean over the points of the first, 1/angstrom^2."""
        return self.parts[0].rms(r[: self.sizes[0]])


@dataclass(frozen=True, eq=False)
class JointData(FitData):
    """The points of several G(r), one after the other; ``weights`` are those of the first."""

    parts: tuple[FitData, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[FitData]) -> JointData:
        """The data sets as one; the noise is known where that of each is."""
        from scipy.linalg import block_diag

        known = [part.noise for part in parts if part.noise is not None]
        noise = block_diag(*known) if len(known) == len(parts) else None
        r, g = (np.concatenate([getattr(part, name) for part in parts]) for name in ("r", "g"))
        return cls(r, g, noise, None, parts[0].weights, tuple(parts))

    @property
    def sizes(self) -> tuple[int, ...]:
        """Points of each data set."""
        return tuple(part.r.size for part in self.parts)

    @property
    def unit(self) -> bool:
        """Never: data sets of which nothing is known are weighed by what their fits leave."""
        return False

    @cached_property
    def unmeasured_points(self) -> float:
        """How many independent numbers the unmeasured bands take away."""
        return sum(part.unmeasured_points for part in self.parts)

    @property
    def mean_variance(self) -> float:
        """Mean variance of the counts of the first, 1/angstrom^4; 0 where it is not known."""
        return self.parts[0].mean_variance

    def target(self, misfit: Misfit | None) -> Target:
        """The points with their weights; without a misfit each data set counts by its mean square."""
        made = []
        for k, part in enumerate(self.parts):
            if isinstance(misfit, JointMisfit):
                noise = 0.0 if part.noise is None or part.weights == "unit" else part.noise
                covariance = part.with_band(noise + np.diag(misfit.parts[k].variance(part.r)))
            else:
                covariance = part.with_band(np.eye(part.r.size)) * float(np.mean(part.g**2))
            made.append(Weighting.of(covariance))
        return Target(self.r, self.g, JointWeighting(None, misfit is not None, tuple(made), self.sizes), self.sizes)

    def misfit(self, difference: np.ndarray, degrees_of_freedom: float, near_by: Misfit | None = None) -> JointMisfit:
        """Most likely misfit of each data set, which takes of the degrees of freedom what it has of the points."""
        before = near_by.parts if isinstance(near_by, JointMisfit) else [None] * len(self.parts)
        made = tuple(
            misfit_variance(part, own, degrees_of_freedom * part.r.size / difference.size, last)
            for part, own, last in zip(self.parts, _split(difference, self.sizes), before, strict=True)
        )
        return JointMisfit(made[0].near, made[0].far, made, self.sizes)


def _split(values: np.ndarray, sizes: Sequence[int]) -> list[np.ndarray]:
    return np.split(values, np.cumsum(sizes)[:-1])
