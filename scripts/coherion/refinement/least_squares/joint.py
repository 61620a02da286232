"""Points and weights of several data sets of one sample that are fitted together.

Each data set keeps the weights that it would have alone, (C + T + B)^-1, with a misfit T of its own; where the errors
of its data are not known T is all of it, so that what each fit leaves says how much its data weigh. Before that, with
equal weights, each G(r) counts by its own mean square: the scale of a G(r) is arbitrary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coherion.refinement.least_squares.weights import FitData, Misfit, Target, Weighting, misfit_variance


@dataclass(frozen=True)
class JointWeighting:
    """The weightings of several data sets, each for its own rows; see :class:`Weighting`.

    sizes
        Points of each.
    """

    parts: tuple[Weighting, ...]
    sizes: tuple[int, ...]
    absolute: bool

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """R^-1 times values of shape (n,) or the columns of (n, k)."""
        pieces = np.split(values, np.cumsum(self.sizes)[:-1])
        return np.concatenate([part(piece) for part, piece in zip(self.parts, pieces, strict=True)])

    @property
    def log_determinant(self) -> float:
        """Logarithm of the determinant of the covariance."""
        return sum(part.log_determinant for part in self.parts)


@dataclass(frozen=True)
class JointMisfit:
    """The misfits of several data sets; what is asked of one is that of the first."""

    parts: tuple[Misfit, ...]
    sizes: tuple[int, ...]

    @property
    def near(self) -> float:
        """Of the first, angstrom^2."""
        return self.parts[0].near

    @property
    def far(self) -> float:
        """Of the first, 1/angstrom^4."""
        return self.parts[0].far

    def variance(self, r: np.ndarray) -> np.ndarray:
        """At the points of all data sets, 1/angstrom^4, (n,)."""
        pieces = np.split(r, np.cumsum(self.sizes)[:-1])
        return np.concatenate([part.variance(piece) for part, piece in zip(self.parts, pieces, strict=True)])

    def rms(self, r: np.ndarray) -> float:
        """Root of the mean of the first over its points, 1/angstrom^2."""
        return self.parts[0].rms(r[: self.sizes[0]])


@dataclass(frozen=True, eq=False)
class JointData:
    """The independent points of several G(r); see :class:`FitData` for what each has."""

    parts: tuple[FitData, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        """Points of each data set."""
        return tuple(part.r.size for part in self.parts)

    @property
    def r(self) -> np.ndarray:
        """All points, angstrom, one data set after the other."""
        return np.concatenate([part.r for part in self.parts])

    @property
    def g(self) -> np.ndarray:
        """G there, 1/angstrom^2."""
        return np.concatenate([part.g for part in self.parts])

    @property
    def weights(self) -> str:
        """What of the noise of the first the weights use."""
        return self.parts[0].weights

    @property
    def noise(self) -> np.ndarray | None:
        """Covariance of all points from the counts, or None where one data set does not know its own."""
        from scipy.linalg import block_diag

        known = [part.noise for part in self.parts if part.noise is not None]
        return block_diag(*known) if len(known) == len(self.parts) else None

    @property
    def unmeasured_points(self) -> float:
        """How many independent numbers the unmeasured bands take away."""
        return sum(part.unmeasured_points for part in self.parts)

    @property
    def mean_variance(self) -> float:
        """Mean variance of the counts of the first, 1/angstrom^4; 0 where it is not known."""
        return self.parts[0].mean_variance

    @property
    def unit(self) -> bool:
        """Never: data sets of which nothing is known are weighed by what their fits leave."""
        return False

    def target(self, misfit: JointMisfit | None) -> Target:
        """The points with their weights; without a misfit each data set counts by its mean square."""
        made = []
        for k, part in enumerate(self.parts):
            if misfit is None:
                covariance = part.with_band(np.eye(part.r.size)) * float(np.mean(part.g**2))
            else:
                noise = 0.0 if part.noise is None or part.weights == "unit" else part.noise
                covariance = part.with_band(noise + np.diag(misfit.parts[k].variance(part.r)))
            made.append(Weighting.of(covariance))
        return Target(self.r, self.g, JointWeighting(tuple(made), self.sizes, misfit is not None), self.sizes)

    def misfit(self, difference: np.ndarray, degrees_of_freedom: float) -> JointMisfit:
        """Most likely misfit of each data set, which takes of the degrees of freedom what it has of the points."""
        pieces = np.split(difference, np.cumsum(self.sizes)[:-1])
        made = [
            misfit_variance(part, piece, degrees_of_freedom * part.r.size / difference.size)
            for part, piece in zip(self.parts, pieces, strict=True)
        ]
        return JointMisfit(tuple(made), self.sizes)
