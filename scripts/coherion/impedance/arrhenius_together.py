"""Activation energy from all spectra of a sample at once, those too resistive as lower limits.

    ln R_i = ln T_i - ln A' + E_a / (k T_i) + scatter,    scatter ~ N(0, s^2 + (d ln R / dT)^2 sd(T_i)^2)

(without ln T_i in the form ``sigma``). A resolved spectrum says ln R_i with a standard uncertainty; of one that is not
resolved the profile of its likelihood is known, and enters as the integral over R_i of profile times scatter: the
likelihood of censored data where the profile is flat towards large R. s is what scatters besides: contacts, pellets,
places of the sensor. It is found by restricted maximum likelihood (D. A. Harville, J. Am. Stat. Assoc. 72 (1977) 320),
which counts the two parameters of the line.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coherion.constants import BOLTZMANN

# Places of the integral over a resistance, in units of its scatter about the line.
_NODES = np.linspace(-6.0, 6.0, 49)
# A profile this many standard uncertainties off the line of the resolved ones is that of another temperature or sample.
CONTRADICTION = 4.0
_SCATTERS = np.geomspace(3e-3, 0.5, 30)
FEWEST_RESOLVED = 3


@dataclass(frozen=True)
class TogetherLine:
    """The line through everything, in the form of the single fits."""

    activation_energy: float
    """In eV."""
    ln_prefactor: float
    """ln A, A in S K/cm or S/cm."""
    covariance: np.ndarray
    """2 x 2, of (E_a, ln A), without the pellet's common error."""
    scatter: float
    """s (1): standard deviation of ln R besides the errors that are known."""
    limits: np.ndarray
    """True for spectra that took part as profiles."""
    contradicting: np.ndarray
    """True for those whose profile contradicts the line of the others; they took no part."""
    distance: np.ndarray
    """Of each profile from the line of the others, in standard uncertainties of both; NaN where there is none."""

    @property
    def activation_energy_sd(self) -> float:
        """Standard uncertainty in eV."""
        return float(np.sqrt(self.covariance[0, 0]))


def fit_together(
    kelvin: np.ndarray,
    temperature_sd: np.ndarray,
    ln_resistance: np.ndarray,
    ln_sd: np.ndarray,
    grids: np.ndarray,
    log_likelihoods: np.ndarray,
    ln_cell_constant: float,
    form: str,
) -> TogetherLine | None:
    """Line through resolved resistances and limits of a sample; None with fewer than three resolved temperatures.

    Parameters
    ----------
    kelvin, temperature_sd
        Temperature of each spectrum and its standard uncertainty, in K.
    ln_resistance, ln_sd
        ln (R/ohm) of resolved spectra and its standard uncertainty; NaN for others.
    grids, log_likelihoods
        Spectra x points: ln (R/ohm) and the profile of the log likelihood of spectra that are not resolved; NaN where
        there is none.
    ln_cell_constant
        ln of thickness over area in 1/cm.
    form
        ``sigma_T`` or ``sigma``.
    """
    resolved = np.isfinite(ln_resistance) & (np.isfinite(ln_sd))
    limited = np.flatnonzero(~resolved & np.isfinite(grids).all(axis=1))
    if np.unique(kelvin[resolved]).size < FEWEST_RESOLVED:
        return None
    # y = ln(1/R) with ln T in the form sigma_T; the line is b0 + b1 u, u = 1/T - centre.
    shift = np.log(kelvin) if form == "sigma_T" else np.zeros_like(kelvin)
    centre = float(np.mean(1 / kelvin[resolved]))
    u = 1 / kelvin - centre
    design = np.stack([np.ones_like(u), u], axis=1)
    y = shift - ln_resistance

    def thermal(b: np.ndarray) -> np.ndarray:
        by_temperature = -b[1] / kelvin**2 - (1 / kelvin if form == "sigma_T" else 0.0)
        return (by_temperature * temperature_sd) ** 2

    profiles = {k: _Profile(grids[k], log_likelihoods[k]) for k in limited.tolist()}

    def of_limits(b: np.ndarray, s: float, heat: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """ln likelihood of the profiles, its gradient and curvature by the line."""
        value, gradient, curvature = 0.0, np.zeros(2), np.zeros((2, 2))
        for k, one in profiles.items():
            width = float(np.sqrt(s**2 + heat[k] + 1e-8))
            ln, slope, bend = one.ln_integral(float(shift[k] - design[k] @ b), width)
            value += ln
            gradient -= slope * design[k]
            curvature += bend * np.outer(design[k], design[k])
        return value, gradient, curvature

    def objective(b: np.ndarray, s: float, heat: np.ndarray) -> float:
        variance = ln_sd[resolved] ** 2 + s**2 + heat[resolved] + 1e-12
        residual = y[resolved] - design[resolved] @ b
        return float(np.sum(residual**2 / variance + np.log(variance))) / 2 - of_limits(b, s, heat)[0]

    def solved(s: float, b: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
        """Restricted likelihood (negative logarithm), line and its covariance at a scatter."""
        heat = thermal(b)
        curvature = np.eye(2)
        for _ in range(30):
            heat = thermal(b)
            variance = ln_sd[resolved] ** 2 + s**2 + heat[resolved] + 1e-12
            scaled = design[resolved] / variance[:, None]
            curvature = scaled.T @ design[resolved]
            gradient = scaled.T @ (design[resolved] @ b - y[resolved])
            _, more, bend = of_limits(b, s, heat)
            gradient, curvature = gradient - more, curvature + bend
            step = np.linalg.solve(curvature, gradient)
            b = b - step
            if float(step @ curvature @ step) < 1e-10:
                break
        value = objective(b, s, heat) + 0.5 * float(np.linalg.slogdet(curvature)[1])
        return value, b, np.linalg.inv(curvature)

    def averaged() -> tuple[np.ndarray, np.ndarray, float]:
        """Line, covariance and scatter, averaged over the scatter by its restricted likelihood (uniform in ln s)."""
        begin = np.linalg.lstsq(design[resolved], y[resolved])[0]
        values, lines, covariances = zip(*(solved(s, begin) for s in _SCATTERS), strict=True)
        share = np.exp(min(values) - np.array(values))
        share = share / share.sum()
        mean = share @ np.array(lines)
        spread = np.array(lines) - mean
        covariance = np.einsum("i,ijk->jk", share, np.array(covariances)) + (spread * share[:, None]).T @ spread
        return mean, covariance, float(share @ _SCATTERS)

    everything, profiles = profiles, {}
    b, covariance, s = averaged()
    heat = thermal(b)
    distance = np.full(kelvin.size, np.nan)
    for k, one in everything.items():
        width = float(np.sqrt(s**2 + heat[k] + design[k] @ covariance @ design[k]))
        distance[k] = one.distance(float(shift[k] - design[k] @ b), width)
        if distance[k] < CONTRADICTION:
            profiles[k] = one
    if profiles:
        b, covariance, s = averaged()
    to_parameters = np.array([[0.0, -BOLTZMANN], [1.0, -centre]])
    return TogetherLine(
        activation_energy=float(-BOLTZMANN * b[1]),
        ln_prefactor=float(b[0] - b[1] * centre) + ln_cell_constant,
        covariance=to_parameters @ covariance @ to_parameters.T,
        scatter=float(s),
        limits=np.isin(np.arange(kelvin.size), list(profiles)),
        contradicting=np.isin(np.arange(kelvin.size), [k for k in everything if k not in profiles]),
        distance=distance,
    )


class _Profile:
    """Profile of the log likelihood of ln R: by its root, which is a straight line where the likelihood is normal."""

    def __init__(self, grid: np.ndarray, log_likelihood: np.ndarray) -> None:
        self.grid = grid
        top = int(np.argmax(log_likelihood))
        side = np.where(np.arange(grid.size) < top, -1.0, 1.0)
        self.root = side * np.sqrt(2 * np.maximum(log_likelihood[top] - log_likelihood, 0.0))
        # No resistance is less likely than one nearer to the best.
        self.root = np.concatenate(
            [-np.maximum.accumulate(-self.root[:top][::-1])[::-1], np.maximum.accumulate(self.root[top:])]
        )

    def __call__(self, ln_r: np.ndarray) -> np.ndarray:
        rise = np.diff(self.root) / np.diff(self.grid)
        # Beyond its ends a profile goes on as it was going; one that still rises is open.
        below, above = (0.0 if self.root[end] == 0 else max(float(rise[end]), 0.0) for end in (0, -1))
        root = np.interp(ln_r, self.grid, self.root)
        root -= below * np.maximum(self.grid[0] - ln_r, 0.0)
        root += above * np.maximum(ln_r - self.grid[-1], 0.0)
        return -0.5 * root**2

    def _places(self, expected: float, width: float) -> np.ndarray:
        fine = np.interp(np.linspace(0, self.grid.size - 1, 6 * self.grid.size), np.arange(self.grid.size), self.grid)
        return np.sort(np.concatenate([fine, expected + width * _NODES]))

    def ln_integral(self, expected: float, width: float) -> tuple[float, float, float]:
        """ln of the integral of the likelihood times the normal distribution of ln R about the line.

        With its derivative by the expected ln R, and the curvature (the second derivative, its sign turned; at least
        zero): both are moments of ln R under the integrand.
        """
        x = self._places(expected, width)
        ln = self(x) - 0.5 * ((x - expected) / width) ** 2
        top = float(ln.max())
        density = np.exp(ln - top)
        area = float(np.trapezoid(density, x))
        mean = float(np.trapezoid(density * x, x)) / area
        variance = float(np.trapezoid(density * (x - mean) ** 2, x)) / area
        value = top + float(np.log(area / (width * np.sqrt(2 * np.pi))))
        return value, (mean - expected) / width**2, max((1 - variance / width**2) / width**2, 0.0)

    def distance(self, expected: float, width: float) -> float:
        """How far line and profile are apart, in standard uncertainties of both."""
        x = self._places(expected, width)
        return float(np.sqrt(-2 * np.max(self(x) - 0.5 * ((x - expected) / width) ** 2)))
