"""What 'logarithmic' may mean: curves of the conductivity against the coherence length, compared on one scale.

    name                      curve                       scatter about it
    sigma_log_length          sigma = a + b ln L          normal, same at every L (S/cm)
    sigma_log_length_relative sigma = a + b ln L          lognormal, same fraction of sigma at every L
    log_sigma_length          ln sigma = a + b L          lognormal
    log_sigma_log_length      ln sigma = a + b ln L       lognormal (a power law, exponent b)
    sigma_length              sigma = a + b L             normal        } not logarithmic: what the
    sigma_length_relative     sigma = a + b L             lognormal     } others are held against

Pairs that differ in the law of the scatter only are there so that a difference of shape is not mistaken for one of
scatter. All densities are densities **of sigma**: where the response is ln sigma the Jacobian 1/sigma is
part of the likelihood, without which the values of AICc could not be compared (Burnham and Anderson, Model
Selection, 2002, section 2.11). Variance of a point: s^2 + sd_response^2 + (dcurve/dL)^2 sd_L^2 (effective variance).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coherion.statistics.regression import Undetermined, told_apart

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Reading:
    """One curve: (a, b) of the table above, scatter on the response's scale, AICc, Akaike weight among all."""

    name: str
    parameters: Array
    scatter: float
    log_likelihood: float
    aicc: float
    weight: float

    def curve(self, coherence_length: ArrayLike) -> Array:
        """Conductivity (S/cm) at coherence lengths (angstrom); NaN where the curve is not positive."""
        length = np.asarray(coherence_length, float)
        value, _ = _SHAPES[self.name][0](self.parameters, length)
        if _SHAPES[self.name][1]:
            return np.exp(value)
        return np.where(value > 0, value, np.nan)


def _linear_in_log(p: Array, length: Array) -> tuple[Array, Array]:
    return p[0] + p[1] * np.log(length), p[1] / length


def _log_of_linear_in_log(p: Array, length: Array) -> tuple[Array, Array]:
    sigma = p[0] + p[1] * np.log(length)
    safe = np.where(sigma > 0, sigma, np.nan)
    return np.log(safe), p[1] / length / safe


def _linear(p: Array, length: Array) -> tuple[Array, Array]:
    return p[0] + p[1] * length, np.full_like(length, p[1])


def _log_of_linear(p: Array, length: Array) -> tuple[Array, Array]:
    sigma = p[0] + p[1] * length
    safe = np.where(sigma > 0, sigma, np.nan)
    return np.log(safe), p[1] / safe


# name: (curve with derivative by L, response is ln sigma)
_SHAPES = {
    "sigma_log_length": (_linear_in_log, False),
    "sigma_log_length_relative": (_log_of_linear_in_log, True),
    "log_sigma_length": (_linear, True),
    "log_sigma_log_length": (_linear_in_log, True),
    "sigma_length": (_linear, False),
    "sigma_length_relative": (_log_of_linear, True),
}
LOGARITHMIC = ("sigma_log_length", "sigma_log_length_relative", "log_sigma_length", "log_sigma_log_length")


def compare_readings(
    coherence_length: ArrayLike,
    conductivity: ArrayLike,
    coherence_length_sd: ArrayLike = 0.0,
    conductivity_sd: ArrayLike = 0.0,
) -> tuple[Reading, ...]:
    """Fit the six curves by maximum likelihood and weigh them by AICc (three parameters each).

    Parameters
    ----------
    coherence_length, coherence_length_sd
        Shape (n,), angstrom, n > 4.
    conductivity, conductivity_sd
        Shape (n,), S/cm, positive.

    Raises
    ------
    Undetermined
        With fewer than three different lengths.
    ValueError
        With fewer than five points, or values that are not positive.
    """
    length, sigma = np.asarray(coherence_length, float), np.asarray(conductivity, float)
    length_sd = np.broadcast_to(np.asarray(coherence_length_sd, float), length.shape)
    sigma_sd = np.broadcast_to(np.asarray(conductivity_sd, float), sigma.shape)
    if length.size < 5:
        raise ValueError(f"{length.size} points cannot tell curves of three parameters apart")
    if np.any(length <= 0) or np.any(sigma <= 0):
        raise ValueError("coherence lengths and conductivities must be positive")
    if np.unique(told_apart(length)).size < 3:
        raise Undetermined("fewer than three different values of the abscissa; a curve needs three")
    # A common unit of sigma, taken out again below, keeps all parameters of order one.
    unit = float(np.exp(np.mean(np.log(sigma))))
    fits = {
        name: _fit(shape, logarithmic, length, sigma / unit, length_sd, sigma_sd / unit)
        for name, (shape, logarithmic) in _SHAPES.items()
    }
    n, k = length.size, 3
    penalty = 2 * k + 2 * k * (k + 1) / (n - k - 1)
    aicc = {name: 2 * value + 2 * n * np.log(unit) + penalty for name, (_, _, value) in fits.items()}
    lowest = min(aicc.values())
    total = sum(np.exp(-(a - lowest) / 2) for a in aicc.values())
    made = []
    for name, (parameters, scatter, value) in fits.items():
        logarithmic = _SHAPES[name][1]
        linear_sigma = name.startswith("sigma_")
        shown = parameters * unit if linear_sigma else parameters + np.array([np.log(unit), 0.0])
        made.append(
            Reading(
                name=name,
                parameters=shown,
                scatter=scatter if logarithmic else scatter * unit,
                log_likelihood=-value - n * float(np.log(unit)),
                aicc=float(aicc[name]),
                weight=float(np.exp(-(aicc[name] - lowest) / 2) / total),
            )
        )
    return tuple(made)


def _fit(shape, logarithmic: bool, length: Array, sigma: Array, length_sd: Array, sigma_sd: Array):
    from scipy.optimize import minimize

    response = np.log(sigma) if logarithmic else sigma
    response_sd = sigma_sd / sigma if logarithmic else sigma_sd
    jacobian = float(np.sum(np.log(sigma))) if logarithmic else 0.0
    abscissa = length if shape in (_linear, _log_of_linear) else np.log(length)
    of_sigma = not logarithmic or shape in (_log_of_linear, _log_of_linear_in_log)
    centre, spread = abscissa.mean(), abscissa.std() or 1.0

    def curve(q: Array) -> tuple[Array, Array]:
        # (value at the middle, change over one spread) are nearly uncorrelated: the search needs few steps.
        slope = q[1] / spread
        return shape(np.array([q[0] - slope * centre, slope]), length)

    def value(q: Array) -> float:
        mean, derivative = curve(q)
        variance = q[2] ** 2 + response_sd**2 + (derivative * length_sd) ** 2 + 1e-18
        found = 0.5 * np.sum(np.log(2 * np.pi * variance) + (response - mean) ** 2 / variance) + jacobian
        return float(found) if np.isfinite(found) else 1e12

    target = sigma if of_sigma else response
    slope, middle = np.polyfit((abscissa - centre) / spread, target, 1)
    if of_sigma and logarithmic:
        # The start must be positive at every point.
        steepest = 0.9 * middle / float(np.max(np.abs(abscissa - centre)) / spread)
        slope = float(np.clip(slope, -steepest, steepest))
    rest = float(np.std(response - curve(np.array([middle, slope, 0.0]))[0])) or 1e-3
    best = None
    for _ in range(3):
        start = np.array([middle, slope, rest]) if best is None else best.x
        best = minimize(value, start, method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-10, "maxiter": 4000})
    assert best is not None
    slope = best.x[1] / spread
    return np.array([best.x[0] - slope * centre, slope]), abs(float(best.x[2])), float(best.fun)
