"""How the points of G(r) that a refinement fits are weighted.

The least squares use W = (C + T + B)^-1:

C  the covariance of the counts, as the reduction propagated it;
B  a large variance of everything below Qmin, where nothing was measured (:func:`unmeasured`);
T  the variance tau^2(r) of what the model does not describe (:class:`Misfit`), as large as the misfit asks for
   (:func:`misfit_variance`): zero where the counts explain all of it.

Without T, directions of G that the counts know very well (low Q) would decide the fit of a model that is never
right to that precision. With a poor model T dominates and the fit becomes the usual unweighted one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from coherion.errors import InputError

if TYPE_CHECKING:
    import xarray

# How much more than everything measured the unmeasured may vary: enough to count as unknown, and little enough for the
# sum of both to be factorised in double precision.
UNKNOWN = 1e3
# Least misfit, in units of the mean variance of the counts: below it rounding decides.
LEAST_MISFIT = 1e-6
# How the variance of the near misfit falls with distance: likelihoods of simulated powders, whose misfit is that
# of the reduction, are greatest and alike at 5 and 6.
NEAR_POWER = 6


@dataclass(frozen=True, eq=False)
class Weighting:
    """Turns a residual into one with unit covariance.

    root
        R of the covariance R R': its lower triangle, (n, n), or standard deviations, (n,); None weighs all points
        alike.
    absolute
        Whether the covariance is the data's own; if not, only the residual tells how large their errors are.
    """

    root: np.ndarray | None = None
    absolute: bool = False

    @classmethod
    def of(cls, covariance: np.ndarray, absolute: bool = True) -> Weighting:
        """The weighting with the inverse of a covariance, (n, n).

        Raises
        ------
        InputError
            If it is not positive definite.
        """
        from scipy.linalg import cholesky

        try:
            return cls(cholesky(covariance, lower=True), absolute)
        except np.linalg.LinAlgError as problem:
            raise InputError(
                "the covariance of G(r) is not positive definite",
                place="covariance",
                advice="give it on the Nyquist grid pi/qmax; finer points are not independent",
            ) from problem

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """R^-1 times values of shape (n,) or the columns of (n, k)."""
        if self.root is None:
            return values
        if self.root.ndim == 1:
            return (values.T / self.root).T
        from scipy.linalg import solve_triangular

        return solve_triangular(self.root, values, lower=True, check_finite=False)

    @property
    def log_determinant(self) -> float:
        """Logarithm of the determinant of the covariance; 0 where all points weigh alike."""
        if self.root is None:
            return 0.0
        return 2.0 * float(np.sum(np.log(self.root if self.root.ndim == 1 else np.diag(self.root))))


@dataclass(frozen=True, eq=False)
class Target:
    """What the model is fitted to: G (1/angstrom^2) at r (angstrom), shape (n,), and the weights.

    ``sizes`` has the points of each of several data sets, in their order; it is empty where there is one.
    """

    r: np.ndarray
    g: np.ndarray
    weighting: Weighting
    sizes: tuple[int, ...] = ()

    @property
    def parts(self) -> list[slice]:
        """Where each data set stands among the points."""
        ends = np.cumsum(self.sizes or (len(self.r),)).tolist()
        return [slice(begin, end) for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


@dataclass(frozen=True)
class Misfit:
    """Variance of what a model does not describe: near/r^6 + far.

    What is wrong with a normalisation, a correction or a form factor is smooth in Q, so it lies at the shortest
    distances and falls off fast; a wrong structure is misfit at all of them. One white variance for both would weigh
    the near distances too much, and the far ones, which know the length of domains, too little.

    near
        In the variance at 1 angstrom, angstrom^2.
    far
        1/angstrom^4.
    """

    near: float
    far: float

    @classmethod
    def of(cls, fit: xarray.Dataset) -> Misfit | None:
        """That of a refinement as ``refine_structure`` writes it; None where all points weighed alike."""
        near, far = float(fit.attrs["misfit_near"]), float(fit.attrs["misfit_far"])
        return cls(near, far) if near or far else None

    def variance(self, r: np.ndarray) -> np.ndarray:
        """At distances r (angstrom), 1/angstrom^4, of their shape."""
        return self.near / r**NEAR_POWER + self.far

    def rms(self, r: np.ndarray) -> float:
        """Root of its mean over distances r (angstrom), 1/angstrom^2."""
        return float(np.sqrt(np.mean(self.variance(r))))


@dataclass(frozen=True, eq=False)
class FitData:
    """The independent points of G(r) in a range.

    r, g
        Angstrom and 1/angstrom^2, shape (n,).
    noise
        Covariance of g from the counts, 1/angstrom^4, shape (n, n), or None where it is not known.
    band
        Covariance of the unmeasured band, shape (n, n), dimensionless with mean diagonal 1, or None.
    weights
        ``covariance``, ``sd`` or ``unit``: what of the noise the weights use.
    """

    r: np.ndarray
    g: np.ndarray
    noise: np.ndarray | None
    band: np.ndarray | None
    weights: str

    def target(self, misfit: Misfit | None) -> Target:
        """The points with the weights (C + T + B)^-1; without a misfit all points weigh alike, but for the band."""
        noise = None if misfit is None or self.weights == "unit" else self.noise
        if noise is None and self.band is None:
            return Target(self.r, self.g, Weighting())
        made = np.eye(len(self.r)) if noise is None or misfit is None else noise + np.diag(misfit.variance(self.r))
        return Target(self.r, self.g, Weighting.of(self.with_band(made), absolute=noise is not None))

    def with_band(self, covariance: np.ndarray) -> np.ndarray:
        """A covariance of the points, shape (n, n), with that of the unmeasured band, in proportion to its mean."""
        if self.band is None:
            return covariance
        return covariance + UNKNOWN * np.trace(covariance) / len(self.r) * self.band

    @property
    def unit(self) -> bool:
        """Whether all points weigh alike to the end."""
        return self.weights == "unit"

    def misfit(self, difference: np.ndarray, degrees_of_freedom: float, near_by: Misfit | None = None) -> Misfit:
        """See :func:`misfit_variance`."""
        return misfit_variance(self, difference, degrees_of_freedom, near_by)

    @cached_property
    def unmeasured_points(self) -> float:
        """How many independent numbers of G(r) the unmeasured band takes away."""
        if self.band is None:
            return 0.0
        strength = UNKNOWN * np.linalg.eigvalsh(self.band).clip(0.0)
        return float(np.sum(strength / (1.0 + strength)))

    @cached_property
    def rounding(self) -> float:
        """Variance that outweighs what rounding has made of the least eigenvalue of the noise, 1/angstrom^4."""
        return 0.0 if self.noise is None else max(-2.0 * float(np.linalg.eigvalsh(self.noise)[0]), 0.0)

    @property
    def mean_variance(self) -> float:
        """Mean variance of the counts, 1/angstrom^4; 0 where it is not known."""
        return 0.0 if self.noise is None else float(np.trace(self.noise) / len(self.r))


def unmeasured(r: np.ndarray, qmin: float) -> np.ndarray:
    """Covariance of G(r) from an unknown F(Q) below Qmin, scaled to mean diagonal 1, shape (n, n).

    The transform starts at Qmin, so G has no component below it: its covariance is singular there, as if that part
    were known exactly, while the model has one (F = -Q as Q goes to 0). An unknown F(Q) of constant variance on 0..Qmin
    gives G a covariance proportional to the integral of sin(Q r) sin(Q r') dQ over that range.

    Parameters
    ----------
    r
        Grid in angstrom, shape (n,).
    qmin
        1/angstrom, above 0.
    """
    near, far = r[:, None] - r[None, :], r[:, None] + r[None, :]
    # sin(q x)/x with its limit q at x = 0
    made = 0.5 * qmin * (np.sinc(qmin * near / np.pi) - np.sinc(qmin * far / np.pi))
    return made * len(r) / np.trace(made)


def misfit_variance(
    data: FitData, difference: np.ndarray, degrees_of_freedom: float, near_by: Misfit | None = None
) -> Misfit:
    """The most likely variance of a misfit, given what it left.

    Greatest likelihood of a Gaussian difference d of covariance C + T + B (B in proportion to C + T), whose sum of
    squares is raised by n over the degrees of freedom for what the fit took away. Where already the counts alone
    explain the difference, the least T that keeps the weights finite.

    Parameters
    ----------
    difference
        Observed minus calculated, 1/angstrom^2, shape (n,).
    degrees_of_freedom
        Of the fit.
    near_by
        Where the search starts; what was found from nearly the same difference takes half as long.
    """
    from scipy.optimize import minimize

    size = len(data.r)
    noise = np.zeros((size, size)) if data.noise is None else data.noise
    # Mean variances of the two parts are searched by their logarithms.
    shapes = data.r ** -float(NEAR_POWER), np.ones(size)
    units = np.array([shape.mean() for shape in shapes])
    counts = data.with_band(noise)
    parts = [data.with_band(np.diag(shape / unit)) for shape, unit in zip(shapes, units, strict=True)]
    share = (size - data.unmeasured_points) / degrees_of_freedom
    least = max(LEAST_MISFIT * data.mean_variance, data.rounding, 1e-12 * float(np.mean(difference**2)), 1e-30)
    most = max(10.0 * share * float(np.mean(difference**2)), 10.0 * least)

    def unlikelihood(logarithms: np.ndarray) -> tuple[float, np.ndarray]:
        """-2 ln likelihood and its gradient."""
        variances = np.exp(logarithms)
        lower, inverse = _inverse(counts + variances[0] * parts[0] + variances[1] * parts[1])
        weighted = inverse @ difference
        value = 2.0 * float(np.sum(np.log(np.diag(lower)))) + share * float(difference @ weighted)
        slopes = [np.sum(inverse * part) - share * float(weighted @ part @ weighted) for part in parts]
        return value, variances * slopes

    begin = np.array([0.1 * most, 0.001 * most] if near_by is None else [near_by.near, near_by.far])
    start = np.log(np.clip(begin if near_by is None else begin * units, least, most))
    found = minimize(unlikelihood, start, jac=True, method="L-BFGS-B", bounds=2 * [(np.log(least), np.log(most))])
    near, far = np.exp(found.x) / units
    return Misfit(float(near), float(far))


def _inverse(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower Cholesky factor of a covariance, and its inverse."""
    from scipy.linalg import cho_solve, cholesky

    lower = cholesky(covariance, lower=True, check_finite=False)
    return lower, cho_solve((lower, True), np.eye(len(covariance)), check_finite=False)
