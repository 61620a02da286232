"""How the points of G(r) that a refinement fits are weighted.

The least squares use W = (C + tau^2 I + B)^-1:

C  the covariance of the counts, as the reduction propagated it;
B  a large variance of everything below Qmin, where nothing was measured (:func:`unmeasured`);
tau^2  a white variance that stands for what the model does not describe, as large as the misfit asks for
   (:func:`misfit_variance`): zero where the counts explain all of it.

Without tau, directions of G that the counts know very well (low Q) would decide the fit of a model that is never
right to that precision. With a poor model tau^2 dominates and the fit becomes the usual unweighted one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coherion.errors import InputError

# How much more than everything measured the unmeasured may vary: enough to count as unknown, and little enough for the
# sum of both to be factorised in double precision.
UNKNOWN = 1e3
# Least misfit, in units of the mean variance of the counts: below it rounding decides.
LEAST_MISFIT = 1e-6


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
    """What the model is fitted to: G (1/angstrom^2) at r (angstrom), shape (n,), and the weights."""

    r: np.ndarray
    g: np.ndarray
    weighting: Weighting


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

    def target(self, tau2: float | None) -> Target:
        """The points with the weights (C + tau^2 I + B)^-1.

        ``tau2`` is the variance of the misfit in 1/angstrom^4; None weights all points alike, but for the band.
        """
        size = len(self.r)
        noise = None if tau2 is None or self.weights == "unit" else self.noise
        if noise is None and self.band is None:
            return Target(self.r, self.g, Weighting())
        made = np.eye(size) if noise is None or tau2 is None else noise + tau2 * np.eye(size)
        if self.band is not None:
            made = made + UNKNOWN * np.trace(made) / size * self.band
        return Target(self.r, self.g, Weighting.of(made, absolute=noise is not None))

    @property
    def unmeasured_points(self) -> float:
        """How many independent numbers of G(r) the unmeasured band takes away."""
        if self.band is None:
            return 0.0
        strength = UNKNOWN * np.linalg.eigvalsh(self.band).clip(0.0)
        return float(np.sum(strength / (1.0 + strength)))

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


def misfit_variance(data: FitData, difference: np.ndarray, degrees_of_freedom: float) -> float:
    """The variance tau^2 (1/angstrom^4) with which reduced chi-squared of a misfit is one.

    Solves d' (C + tau^2 I + B)^-1 d = degrees of freedom for the difference d (1/angstrom^2, shape (n,)); where
    already the counts alone give less, the least value that keeps the weights finite.
    """
    from scipy.optimize import brentq

    noise = data.noise if data.noise is not None else np.zeros((len(data.r), len(data.r)))
    rounding = max(-2.0 * float(np.linalg.eigvalsh(noise)[0]), 0.0)
    least = max(LEAST_MISFIT * data.mean_variance, rounding)
    most = max(10.0 * float(difference @ difference) / degrees_of_freedom, 10.0 * least, 1e-30)
    band = 0.0 if data.band is None else UNKNOWN * (data.mean_variance + most) * data.band
    values, vectors = np.linalg.eigh(noise + band)
    squares = (vectors.T @ difference) ** 2
    values = values.clip(0.0)

    def excess(log_tau2: float) -> float:
        return float(np.sum(squares / (values + np.exp(log_tau2)))) - degrees_of_freedom

    low, high = np.log(max(least, 1e-12 * most)), np.log(most)
    if excess(low) <= 0:
        return float(np.exp(low))
    return float(np.exp(brentq(excess, low, high, xtol=1e-3)))
