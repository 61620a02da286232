"""The points of G(r) that a refinement fits, and how it weights them.

The least squares use W = (C + tau^2 I + B)^-1:

C  the covariance of the counts, as the reduction propagated it;
B  a large variance of everything below Qmin, where nothing was measured (:func:`unmeasured`);
tau^2  a white variance that stands for what the model does not describe, as large as the misfit asks for
   (:func:`misfit_variance`): zero where the counts explain all of it.

Without tau, directions of G that the counts know very well (low Q) would decide the fit of a model that is never
right to that precision. With a poor model tau^2 dominates and the fit becomes the usual unweighted one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from coherion.errors import InputError
from coherion.messages import warn
from coherion.refinement.observed import Observed, check_range

# How much more than everything measured the unmeasured may vary: enough to count as unknown, and little enough for the
# sum of both to be factorised in double precision.
UNKNOWN = 1e3
# Least misfit, in units of the mean variance of the counts: below it rounding decides.
LEAST_MISFIT = 1e-6
# How far below zero rounding may bring an eigenvalue of a covariance, in units of the largest.
NEGATIVE = 1e-4


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

    def weighting(self, tau2: float | None) -> np.ndarray:
        """The covariance whose inverse weights the fit, 1/angstrom^4, shape (n, n).

        ``tau2`` is the variance of the misfit in 1/angstrom^4; None weights all points equally.
        """
        size = len(self.r)
        if tau2 is None or self.weights == "unit" or self.noise is None:
            made = np.eye(size)
        else:
            made = self.noise + tau2 * np.eye(size)
        return made if self.band is None else made + UNKNOWN * np.trace(made) / size * self.band

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


def fit_data(observed: Observed, fit_range: tuple[float, float], weights: str = "auto") -> FitData:
    """The independent points of G(r) in a range, with the weights asked for.

    ``auto`` takes the covariance, else the standard uncertainties, else unit weights. The points are the data's own
    Nyquist grid or multiples of pi/Qmax.

    Raises
    ------
    InputError
        If the range lies outside the data, or weights are asked for that the data do not have.
    """
    check_range(observed, fit_range)
    sd = observed.sd
    if weights in ("auto", "covariance") and observed.covariance is not None:
        negative = negative_direction(observed.covariance)
        if negative and weights == "covariance":
            raise InputError(
                "the covariance of G(r) is none", file=observed.file, place="pdf_covariance", found=negative
            )
        if negative:
            warn(f"{observed.file}: pdf_covariance is no covariance ({negative}) and is not used")
            observed = replace(observed, covariance=None)
    have = {
        "covariance": observed.covariance is not None,
        "sd": sd is not None and bool(np.all(sd[observed.r > 0] > 0)),
        "unit": True,
    }
    chosen = next(kind for kind in have if have[kind]) if weights == "auto" else weights
    if not have[chosen]:
        raise InputError(
            f"G(r) has no {'covariance' if chosen == 'covariance' else 'standard uncertainties'}",
            file=observed.file,
            place="key weights",
            found=weights,
            advice="set weights to auto or unit",
        )
    low, high = fit_range
    if have["covariance"] and chosen != "sd":
        grid, own = np.asarray(observed.nyquist), observed.g_nyquist
    else:
        spacing, own = np.pi / observed.qmax, None
        grid = spacing * np.arange(1, np.floor(high / spacing + 1e-9) + 1)
    inside = (grid >= low - 1e-9) & (grid <= high + 1e-9) & (grid >= observed.r[0]) & (grid <= observed.r[-1])
    r = grid[inside]
    noise = None
    if have["covariance"] and chosen != "sd":
        noise = np.asarray(observed.covariance)[np.ix_(inside, inside)]
    elif have["sd"]:
        noise = np.diag(np.interp(r, observed.r, np.asarray(sd)) ** 2)
    band = unmeasured(r, observed.qmin) if observed.qmin > 0 else None
    g = _resampled(observed.r, observed.g, r) if own is None else np.asarray(own)[inside]
    return FitData(r, g, noise, band, chosen)


def negative_direction(covariance: np.ndarray) -> str | None:
    """What is wrong with a matrix (n, n) that should be a covariance, such as a negative variance; None if nothing."""
    if not np.all(np.isfinite(covariance)):
        return "it holds values that are not finite"
    values = np.linalg.eigvalsh((covariance + covariance.T) / 2)
    if values[0] < -NEGATIVE * max(values[-1], 0.0):
        return f"its least eigenvalue is {values[0]:.3g}, its largest {values[-1]:.3g}"
    return None


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


def counting_covariance(data: FitData, jacobian: np.ndarray, whiten, covariance: np.ndarray) -> np.ndarray | None:
    """What the counts alone contribute to the covariance of the free variables, shape (m, m).

    The estimate is z = A g with A = K J' W; its covariance is A C A', whatever the weights W are.

    Parameters
    ----------
    jacobian
        Of the weighted residual, shape (n, m).
    whiten
        Applies the weights' inverse root to the columns of an array (n, k).
    covariance
        K, the inverse of J' W J, shape (m, m).

    Returns None where the noise of the data is not known.
    """
    if data.noise is None:
        return None
    inner = whiten(whiten(data.noise).T)
    half = covariance @ jacobian.T
    return half @ inner @ half.T


def _resampled(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Cubic spline through the data: on a grid much finer than pi/Qmax its error is far below the data's."""
    from scipy.interpolate import CubicSpline

    return CubicSpline(x, y)(at)
