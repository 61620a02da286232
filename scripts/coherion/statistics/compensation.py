"""The Meyer-Neldel (compensation) rule, ln sigma_0 = ln sigma_00 + E_a/E_MN, against what makes it by itself.

Two things make E_a and ln sigma_0 rise together without any physics:

- **errors**: both come from one Arrhenius line, and their errors are correlated by nearly +1;
- **extrapolation**: ln sigma_0 = ln sigma(T_h) + E_a/(k T_h) with T_h the (harmonic) mean of the measured
  temperatures. Where sigma(T_h) varies less than E_a/(k T_h), the second term alone gives a correlation near 1 and
  a slope 1/(k T_h), whatever sigma(T_h) does (Krug, Hunter and Grieger, J. Phys. Chem. 80 (1976) 2335).

So the data are held against two simulated nulls, and the rule is supported only where both are rejected: that
all samples share one (E_a, ln sigma_0) and differ by errors only (the statistic is the weighted spread, since the
coefficient itself is near 1 under this null and could never be beaten), and that E_a and ln sigma(T_h) have
nothing to do with each other (the statistic is the coefficient).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coherion.constants import BOLTZMANN
from coherion.statistics.correlation import affordable, coefficient
from coherion.statistics.line import StructuralLine, fit_line
from coherion.statistics.regression import Undetermined

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Compensation:
    """Result of :func:`judge_compensation`.

    ``energy`` = E_MN (eV) and its standard error; ``null_energy`` = k T_h (eV). ``errors_p``: share of series
    made of errors alone that spread as much as the observed one; ``extrapolation_p``: share of series without
    association whose r is at least the observed one (the observed one counted in); ``*_null``: the 2.5, 50 and
    97.5 % points of r under each. ``line`` is ln sigma_0 against E_a.
    """

    r: float
    energy: float
    energy_sd: float
    null_energy: float
    errors_p: float
    errors_null: tuple[float, float, float]
    extrapolation_p: float
    extrapolation_null: tuple[float, float, float]
    line: StructuralLine
    n: int


def covariance_from_conductivity(
    activation_energy_sd: ArrayLike,
    ln_prefactor_sd: ArrayLike,
    ln_conductivity_sd: ArrayLike,
    temperature: float,
) -> Array:
    """Covariance (eV) of E_a and ln sigma_0 from the standard error of ln sigma at one temperature.

    Of ln sigma = ln sigma_0 - E_a/kT: cov = (kT/2) (var ln sigma_0 + var E_a/(kT)^2 - var ln sigma). Standard errors
    of shape (n,), in eV, 1, 1; temperature in K. Held within what the two variances allow.
    """
    thermal = BOLTZMANN * temperature
    a, e, s = (np.asarray(v, float) for v in (ln_prefactor_sd, activation_energy_sd, ln_conductivity_sd))
    found = 0.5 * thermal * (a**2 + (e / thermal) ** 2 - s**2)
    return np.clip(found, -a * e, a * e)


def judge_compensation(
    activation_energy: ArrayLike,
    ln_prefactor: ArrayLike,
    activation_energy_sd: ArrayLike,
    ln_prefactor_sd: ArrayLike,
    covariance: ArrayLike,
    *,
    mean_temperature: float,
    draws: int = 9999,
    seed: int = 0,
) -> Compensation:
    """Hold the correlation of E_a and ln sigma_0 against both nulls.

    Parameters
    ----------
    activation_energy, activation_energy_sd
        Shape (n,), eV, n > 4; the errors positive.
    ln_prefactor, ln_prefactor_sd
        Shape (n,), natural logarithm of the prefactor (of sigma or of sigma T, alike for all).
    covariance
        Shape (n,), eV: of the errors of the two.
    mean_temperature
        T_h in K, 1/mean(1/T) of the temperatures measured.
    draws, seed
        Number of simulated series for each null (fewer for many samples), and the seed.

    Raises
    ------
    Undetermined
        If all activation energies, or all prefactors, are the same.
    """
    energy, prefactor = np.asarray(activation_energy, float), np.asarray(ln_prefactor, float)
    n = energy.size
    energy_sd = np.broadcast_to(np.asarray(activation_energy_sd, float), (n,))
    prefactor_sd = np.broadcast_to(np.asarray(ln_prefactor_sd, float), (n,))
    if np.ptp(energy) == 0 or np.ptp(prefactor) == 0:
        raise Undetermined("activation energies or prefactors are all the same")
    mixed = np.clip(np.broadcast_to(covariance, (n,)), -energy_sd * prefactor_sd, energy_sd * prefactor_sd)
    thermal = BOLTZMANN * mean_temperature
    found = coefficient(energy, prefactor)
    line = fit_line(energy, prefactor, energy_sd, prefactor_sd, covariance=mixed)

    draws = affordable(draws, n)
    generator = np.random.default_rng(seed)
    normal = generator.standard_normal((2, draws, n))
    # Errors of one Arrhenius line: Cholesky factor of [[var E, cov], [cov, var ln s0]] written out.
    step = np.divide(mixed, energy_sd, out=np.zeros(n), where=energy_sd > 0)
    energy_error = normal[0] * energy_sd
    prefactor_error = normal[0] * step + normal[1] * np.sqrt(np.maximum(prefactor_sd**2 - step**2, 0))

    errors_r = _row_correlation(energy_error, prefactor_error)
    weights = _inverse(energy_sd**2, mixed, prefactor_sd**2)
    spread = _spread(energy[None], prefactor[None], weights)
    errors_spread = _spread(energy_error, prefactor_error, weights)
    # No association of E_a and ln sigma(T_h): the latter dealt out anew, then extrapolated as the data were.
    middle = prefactor - energy / thermal
    dealt = generator.permuted(np.broadcast_to(middle, (draws, n)), axis=1)
    extrapolation_r = _row_correlation(np.broadcast_to(energy, (draws, n)), dealt + energy / thermal)

    def share(null: Array, observed: float) -> float:
        return (float(np.count_nonzero(null >= observed - 1e-12)) + 1) / (draws + 1)

    def points(null: Array) -> tuple[float, float, float]:
        low, middle_, high = np.quantile(null, [0.025, 0.5, 0.975])
        return float(low), float(middle_), float(high)

    return Compensation(
        r=found,
        energy=1 / line.slope,
        energy_sd=line.slope_sd / line.slope**2,
        null_energy=thermal,
        errors_p=share(errors_spread, float(spread[0])),
        errors_null=points(errors_r),
        extrapolation_p=share(extrapolation_r, found),
        extrapolation_null=points(extrapolation_r),
        line=line,
        n=n,
    )


def _row_correlation(a: Array, b: Array) -> Array:
    x, y = a - a.mean(axis=1, keepdims=True), b - b.mean(axis=1, keepdims=True)
    return np.sum(x * y, axis=1) / np.sqrt(np.sum(x**2, axis=1) * np.sum(y**2, axis=1))


def _inverse(a: Array, b: Array, c: Array) -> tuple[Array, Array, Array]:
    """Elements of the inverses of [[a, b], [b, c]]; a perfect correlation is kept just below one."""
    mixed = np.clip(b, -(1 - 1e-9) * np.sqrt(a * c), (1 - 1e-9) * np.sqrt(a * c))
    determinant = a * c - mixed**2
    return c / determinant, -mixed / determinant, a / determinant


def _spread(energy: Array, prefactor: Array, weights: tuple[Array, Array, Array]) -> Array:
    """Chi-squared of each row about its own weighted mean of the two quantities."""
    xx, xy, yy = weights
    matrix = np.array([[xx.sum(), xy.sum()], [xy.sum(), yy.sum()]])
    right = np.stack([energy @ xx + prefactor @ xy, energy @ xy + prefactor @ yy])
    mean = np.linalg.solve(matrix, right)
    d, e = energy - mean[0][:, None], prefactor - mean[1][:, None]
    return (d**2) @ xx + 2 * (d * e) @ xy + (e**2) @ yy
