"""What the shape of a misfit does to the errors of parameters: it is smooth in r, larger here than there, and it may
be that all of Q is off.

Least squares take the weighted residual u = R^-1 (g - G) as independent numbers of one variance and give the covariance
K = (J'J)^-1 chi^2/(degrees of freedom). Where the model is wrong u is neither: it follows the peaks of G, so neighbours
agree, and it is larger where the model is worse. Two things are added for it.

The covariance of an estimate under residuals of unknown variance and unknown short correlation is the sandwich

    K' = n/(degrees of freedom) (J'J)^-1 [sum_k w_k sum_i (J_i u_i)(J_{i+k} u_{i+k})' + its transpose] (J'J)^-1

with weights falling linearly to zero at lag :data:`REACH` (W. K. Newey, K. D. West, Econometrica 55 (1987) 703). It
knows nothing of what a parameter took away of the misfit and scatters itself, so it never narrows an error, and widens
one only where its variance is :data:`SCATTER` times that of the fit; correlations stay those of the fit.

A zero point of the angles, a sample out of its place: all of Q is shifted by about the same s. To first order F(Q) is
less by s dF/dQ, and G(r) is misfit by s r times the transform of F with the cosine in place of the sine. What of this
the parameters cannot take up tells s, what they can tells what it has done to them, dp/ds. The variance of s that is
most likely, the square of what was found less its own variance and not below zero, is in the errors of all parameters
along dp/ds; those of the lattice grow tenfold for 0.02 degrees and not at all where s is nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Independent points of G(r), pi/Qmax apart, over which a misfit agrees with itself: the width of a peak.
REACH = 4
# Where the residual is white the sandwich's variance over that of the fit is 0.95(22): beyond this it is none of that.
SCATTER = 1.4


@dataclass(frozen=True, eq=False)
class Shift:
    """A shift of all Q that a residual shows.

    value, sd
        1/angstrom; positive where the data's Q are too high.
    response
        How the variables of the fit move with it, (m,).
    """

    value: float
    sd: float
    response: np.ndarray

    @property
    def variance(self) -> float:
        """Most likely variance of the shift that is in the variables, 1/angstrom^2."""
        return max(self.value**2 - self.sd**2, 0.0)


def sandwich(jacobian: np.ndarray, residual: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Covariance of the variables under residuals of unknown variance and unknown short correlation, (m, m).

    Parameters
    ----------
    jacobian, residual
        J and u, weighted, (n, m) and (n,), in the order of r.
    inverse
        (J'J)^-1, (m, m).
    """
    scores = (jacobian * residual[:, None]) @ inverse
    made = scores.T @ scores
    for lag in range(1, min(REACH, len(scores))):
        both = scores[lag:].T @ scores[:-lag]
        made += (1.0 - lag / REACH) * (both + both.T)
    return made


def misfit_of_shift(r: np.ndarray, calculated: np.ndarray, qmax: float) -> np.ndarray:
    """What a unit shift of all Q does to G(r), 1/angstrom, (n,).

    Parameters
    ----------
    r, calculated
        The points, angstrom, and G of the model there, 1/angstrom^2, (n,).
    qmax
        End of the Fourier integral, 1/angstrom.
    """
    q = np.linspace(0.0, qmax, 4 * len(r))
    step, angles = float(q[1]), np.outer(r, q)
    slope = np.gradient(r) * r * calculated @ np.cos(angles)
    return -2.0 / np.pi * step * np.sin(angles) @ slope


def shift_of_q(
    misfit: np.ndarray,
    *,
    jacobian: np.ndarray,
    residual: np.ndarray,
    inverse: np.ndarray,
    variance: float,
) -> Shift:
    """The shift of all Q that the residual of a fit shows.

    Parameters
    ----------
    misfit
        R^-1 times what :func:`misfit_of_shift` gives, (n,).
    jacobian, residual, inverse
        J, R^-1 (observed - calculated), and (J'J)^-1.
    variance
        Of one weighted residual: reduced chi-squared.
    """
    response = inverse @ (jacobian.T @ misfit)
    seen = misfit - jacobian @ response
    power = float(seen @ seen)
    if power <= 1e-12 * float(misfit @ misfit):
        return Shift(0.0, np.inf, response)
    return Shift(float(seen @ residual) / power, float(np.sqrt(variance / power)), response)


def widened(covariance: np.ndarray, other: np.ndarray) -> np.ndarray:
    """A covariance with the variances of another where those are clearly larger, its correlations kept, (m, m)."""
    own, other = np.diag(covariance), np.diag(other)
    ratio = np.divide(other, own, out=np.ones_like(own), where=own > 0)
    factor = np.sqrt(np.where(ratio > SCATTER, ratio, 1.0))
    return covariance * np.outer(factor, factor)
