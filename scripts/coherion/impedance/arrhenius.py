"""Activation energy, prefactor and conductivity at a temperature from conductivities at several.

Two forms are in use and named, not hidden (k: Boltzmann constant, T in K):

===========  ===============================  ============================
``sigma_T``  ln(sigma T) = ln A - E_a / (k T)  A in S K / cm (random walk)
``sigma``    ln(sigma)   = ln A - E_a / (k T)  A in S / cm
===========  ===============================  ============================

E_a of the second is smaller by about k times the mean temperature, 24-28 meV between -40 and 60 degC.

The two parameters are all but perfectly correlated; without their covariance the uncertainty of sigma(25 degC) comes
out ten times too large. The geometry of the pellet is common to all temperatures: it shifts ln A and ln sigma and
leaves E_a alone, so it is no part of the weights. Errors of the temperature that differ from spectrum to spectrum
enter the weights as an effective variance, (E_a / (k T^2))^2 sd(T)^2; an offset common to all does not scatter the
points and is propagated apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coherion.constants import BOLTZMANN
from coherion.errors import InputError
from coherion.settings.stages.arrhenius import COVARIANCES, FORMS, WEIGHTINGS


@dataclass(frozen=True)
class Arrhenius:
    """A straight line in the Arrhenius plot: parameters (E_a in eV, ln A) with their covariance."""

    form: str
    activation_energy: float
    ln_prefactor: float
    covariance: np.ndarray
    """2 x 2, of (E_a, ln A), without the pellet's common error; eV^2, eV, 1."""
    chi_squared: float
    """Weighted sum of squares; unweighted: sum of squares of ln."""
    degrees_of_freedom: int
    r_squared: float
    curvature: float
    """Coefficient of (1/T - mean)^2 in a parabola through the same points, in K^2."""
    curvature_p: float
    """Probability of a curvature at least this large if the line is straight; NaN with fewer than 4 points."""
    residual: np.ndarray
    """ln observed - ln fitted, one per point."""
    ln_sd: np.ndarray
    """Standard uncertainty of each ordinate that the weights stand for (NaN if unweighted)."""

    @property
    def activation_energy_sd(self) -> float:
        """Standard uncertainty in eV."""
        return float(np.sqrt(self.covariance[0, 0]))

    @property
    def ln_prefactor_sd(self) -> float:
        """Standard uncertainty of ln A (1), without the pellet's common error."""
        return float(np.sqrt(self.covariance[1, 1]))

    def conductivity(self, temperature: float, *, geometry_relative_sd: float = 0.0) -> tuple[float, float]:
        """Conductivity on the line and its standard uncertainty, in S/cm.

        Parameters
        ----------
        temperature
            In K, taken as exact.
        geometry_relative_sd
            Relative standard uncertainty of the cell constant (1).
        """
        return conductivity_on_line(
            self.form, self.activation_energy, self.ln_prefactor, self.covariance, temperature, geometry_relative_sd
        )

    def relative_slope(self, temperature: np.ndarray) -> np.ndarray:
        """d ln sigma / dT in 1/K at temperatures in K."""
        t = np.asarray(temperature, dtype=float)
        slope = self.activation_energy / (BOLTZMANN * t**2)
        return slope - 1 / t if self.form == "sigma_T" else slope


def conductivity_on_line(
    form: str,
    activation_energy: float,
    ln_prefactor: float,
    covariance: np.ndarray,
    temperature: float,
    geometry_relative_sd: float,
) -> tuple[float, float]:
    """Conductivity on a line (eV, ln A and their covariance) at a temperature in K, and its sd, in S/cm."""
    gradient = np.array([-1 / (BOLTZMANN * temperature), 1.0])
    ln_sigma = ln_prefactor - activation_energy / (BOLTZMANN * temperature)
    if form == "sigma_T":
        ln_sigma -= np.log(temperature)
    sigma = float(np.exp(ln_sigma))
    variance = float(gradient @ covariance @ gradient) + geometry_relative_sd**2
    return sigma, sigma * float(np.sqrt(variance))


def fit_arrhenius(
    temperature: np.ndarray,
    conductivity: np.ndarray,
    *,
    relative_sd: np.ndarray | float = 0.0,
    temperature_sd: np.ndarray | float = 0.0,
    temperature_offset_sd: float = 0.0,
    form: str = "sigma_T",
    weighting: str = "errors",
    covariance: str = "larger",
) -> Arrhenius:
    """Straight line through ln(sigma T) or ln(sigma) against 1/T.

    Parameters
    ----------
    temperature
        In K, two different ones at least.
    conductivity
        In S/cm.
    relative_sd
        Relative standard uncertainty of each conductivity from the fit of its spectrum (1); not the geometry's.
    temperature_sd
        Standard uncertainty of each temperature in K, independent of each other.
    temperature_offset_sd
        Standard uncertainty in K of an offset common to all temperatures.
    form
        ``sigma_T`` or ``sigma``.
    weighting
        ``errors``: by the inverse variance of both errors; ``none``: all points alike.
    covariance
        ``errors``: as the errors say; ``scatter``: scaled to the scatter about the line; ``larger``: the larger of
        the two (Birge's ratio). Without weights it is always the scatter.

    Raises
    ------
    InputError
        If there are too few temperatures, a value is not positive, or a name is unknown.
    """
    t = np.asarray(temperature, dtype=float)
    sigma = np.asarray(conductivity, dtype=float)
    for key, value, names in (
        ("form", form, FORMS),
        ("weighting", weighting, WEIGHTINGS),
        ("covariance", covariance, COVARIANCES),
    ):
        if value not in names:
            raise InputError(f"unknown {key}", place=f"key {key}", found=value, expected=", ".join(names))
    needed = 3 if weighting == "none" or covariance == "scatter" else 2
    if np.unique(t).size < needed:
        raise InputError(
            "too few temperatures for an Arrhenius line",
            found=np.unique(t).size,
            expected=f"{needed} different ones or more",
        )
    if not (np.all(np.isfinite(t)) and np.all(t > 0) and np.all(np.isfinite(sigma)) and np.all(sigma > 0)):
        raise InputError("a temperature or a conductivity is not positive and finite")
    fitted = _fit(t, sigma, relative_sd, temperature_sd, form, weighting, covariance)
    if temperature_offset_sd == 0:
        return fitted
    # One kelvin up and down: the parameters move almost linearly, by some parts in a thousand.
    up, down = (_fit(t + d, sigma, relative_sd, temperature_sd, form, weighting, covariance) for d in (0.5, -0.5))
    shift = temperature_offset_sd * np.array(
        [up.activation_energy - down.activation_energy, up.ln_prefactor - down.ln_prefactor]
    )
    return Arrhenius(**{**vars(fitted), "covariance": fitted.covariance + np.outer(shift, shift)})


def _fit(t, sigma, relative_sd, temperature_sd, form, weighting, covariance) -> Arrhenius:
    y = np.log(sigma * t) if form == "sigma_T" else np.log(sigma)
    inverse = 1 / t
    centre = float(inverse.mean())
    u = inverse - centre
    own = np.broadcast_to(np.asarray(relative_sd, dtype=float), t.shape)
    thermal = np.broadcast_to(np.asarray(temperature_sd, dtype=float), t.shape)
    weighted = weighting == "errors" and bool(np.all((own > 0) | (thermal > 0)))
    if weighting == "errors" and not weighted:
        raise InputError(
            "points without any uncertainty cannot be weighted by it",
            place="key weighting",
            expected="a positive uncertainty of the resistance or the temperature of every point",
            advice="set weighting to none",
        )
    ln_sd = np.full(t.shape, np.nan)
    weight = np.ones(t.shape)
    line = np.polynomial.polynomial.polyfit(u, y, 1)
    # The slope turns an error of T into one of y; three rounds settle it to better than 1e-6.
    for _ in range(3 if weighted else 0):
        # d y / dT along the line, less d ln T / dT of the ordinate itself where it is ln(sigma T).
        by_temperature = -line[1] / t**2 - (1 / t if form == "sigma_T" else 0.0)
        ln_sd = np.hypot(own, by_temperature * thermal)
        weight = 1 / ln_sd
        line = np.linalg.lstsq(np.stack([np.ones_like(u), u], axis=1) * weight[:, None], y * weight)[0]
    design = np.stack([np.ones_like(u), u], axis=1)
    residual = y - design @ line
    chi_squared = float(np.sum((residual * weight) ** 2))
    freedom = t.size - 2
    raw = np.linalg.inv((design * weight[:, None] ** 2).T @ design)
    raw = raw * _scale(chi_squared, freedom, weighted, covariance)
    # y = c0 + c1 (1/T - centre): E_a = -k c1, ln A = c0 - c1 centre.
    to_parameters = np.array([[0.0, -BOLTZMANN], [1.0, -centre]])
    mean = np.average(y, weights=weight**2)
    total = float(np.sum(((y - mean) * weight) ** 2))
    curvature, p = _curvature(u, y, weight, weighted, covariance)
    return Arrhenius(
        form=form,
        activation_energy=float(-BOLTZMANN * line[1]),
        ln_prefactor=float(line[0] - line[1] * centre),
        covariance=to_parameters @ raw @ to_parameters.T,
        chi_squared=chi_squared,
        degrees_of_freedom=freedom,
        r_squared=1 - chi_squared / total,
        curvature=curvature,
        curvature_p=p,
        residual=residual,
        ln_sd=ln_sd,
    )


def _scale(chi_squared: float, freedom: int, weighted: bool, covariance: str) -> float:
    scatter = chi_squared / freedom if freedom > 0 else 1.0
    if not weighted or covariance == "scatter":
        return scatter
    return max(1.0, scatter) if covariance == "larger" else 1.0


def _curvature(
    u: np.ndarray, y: np.ndarray, weight: np.ndarray, weighted: bool, covariance: str
) -> tuple[float, float]:
    """Coefficient of the square in a parabola, and the two-sided probability of |t| by Student's distribution."""
    freedom = u.size - 3
    if freedom < 1 or np.unique(u).size < 3:
        return float("nan"), float("nan")
    from scipy.special import stdtr

    span = float(np.abs(u).max())
    design = np.stack([np.ones_like(u), u / span, (u / span) ** 2], axis=1) * weight[:, None]
    solution, *_ = np.linalg.lstsq(design, y * weight)
    chi_squared = float(np.sum((y * weight - design @ solution) ** 2))
    variance = np.linalg.inv(design.T @ design)[2, 2] * _scale(chi_squared, freedom, weighted, covariance)
    if variance <= 0:
        return float(solution[2] / span**2), float("nan")
    t = abs(float(solution[2])) / float(np.sqrt(variance))
    return float(solution[2] / span**2), float(2 * stdtr(freedom, -t))
