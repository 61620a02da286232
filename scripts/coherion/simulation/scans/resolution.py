"""What a diffractometer does to a pattern: an angular width of its optics and a band of wavelengths.

Both blur the angle at which a thing is seen, not the scattering itself. The width of beam, capillary and detector is
the same everywhere on the circle, w; a relative spread s of the wavelength moves a reflection by 2 tan(theta) s. As
spreads of Q they are (2 pi/lambda) cos(theta) w, which falls with Q, and Q s, which rises with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

# Standard deviations at which the blur is cut off.
REACH = 6.0


@dataclass(frozen=True)
class Resolution:
    """Standard deviations: ``angular_width`` in degrees of 2theta, ``wavelength_spread`` relative."""

    angular_width: float
    wavelength_spread: float

    @classmethod
    def with_spread_of_q(cls, constant: float, proportional: float, wavelength: float) -> Resolution:
        """The optics whose spread of Q is sqrt(constant^2 + (proportional Q)^2) at every angle.

        Parameters
        ----------
        constant, proportional
            1/angstrom, and relative.
        wavelength
            Angstrom. As cos^2(theta) = 1 - (lambda Q/4 pi)^2, the band of wavelengths makes up for what the angular
            width loses towards high angles.
        """
        lost = constant * wavelength / (4 * math.pi)
        return cls(math.degrees(constant * wavelength / (2 * math.pi)), math.hypot(proportional, lost))

    def without(self, angular_width: float) -> Resolution:
        """What is left for the optics where something else already blurs by ``angular_width`` degrees."""
        return Resolution(math.sqrt(self.angular_width**2 - angular_width**2), self.wavelength_spread)

    def of_angle(self, two_theta: np.ndarray) -> np.ndarray:
        """Standard deviation of 2theta in degrees, at ``two_theta`` in degrees."""
        moved = 2 * np.degrees(np.tan(np.radians(two_theta) / 2) * self.wavelength_spread)
        return np.hypot(self.angular_width, moved)

    def of_q(self, q: np.ndarray, wavelength: float) -> np.ndarray:
        """Standard deviation of Q in 1/angstrom, at ``q`` in 1/angstrom."""
        sine = np.minimum(q * wavelength / (4 * np.pi), 1.0)
        optics = 2 * np.pi / wavelength * np.sqrt(1 - sine**2) * math.radians(self.angular_width)
        return np.hypot(optics, q * self.wavelength_spread)

    def narrowest(self, q_max: float, wavelength: float) -> float:
        """The smallest standard deviation of Q up to ``q_max``, 1/angstrom."""
        return float(self.of_q(np.linspace(0.0, q_max, 200), wavelength).min())


def angle_of(q: np.ndarray, wavelength: float) -> np.ndarray:
    """2theta in degrees of ``q`` in 1/angstrom."""
    return 2 * np.degrees(np.arcsin(np.minimum(q * wavelength / (4 * np.pi), 1.0)))


def blurred(
    q: np.ndarray, intensity: np.ndarray, two_theta: np.ndarray, resolution: Resolution, wavelength: float
) -> np.ndarray:
    """A pattern as the diffractometer shows it.

    Parameters
    ----------
    q
        Even grid, (n,), 1/angstrom, that reaches beyond the angles asked for by seven widths.
    intensity
        What is scattered at these, (n,).
    two_theta
        Where it is looked at, (m,), degrees.
    resolution, wavelength
        The optics; angstrom.

    Returns
    -------
    (m,). The sum over the grid is exact to rounding for distances that stay below 2 pi/step less six times 1/width.
    """
    step = q[1] - q[0]
    at = angle_of(q, wavelength)
    # Each grid point stands for a stretch of angle: d(2 theta)/dQ.
    cosine = np.sqrt(1 - np.minimum((q * wavelength / (4 * np.pi)) ** 2, 0.999))
    stretch = np.degrees(step * wavelength / (2 * np.pi * cosine))
    width = resolution.of_angle(at)
    seen = 4 * np.pi * np.sin(np.radians(two_theta) / 2) / wavelength
    reach = math.ceil(REACH * resolution.of_q(seen, wavelength).max() / step)
    node = np.rint((seen - q[0]) / step).astype(int)[:, None] + np.arange(-reach, reach + 1)
    there = (node >= 0) & (node < q.size)
    node = np.where(there, node, 0)
    z = (at[node] - two_theta[:, None]) / width[node]
    weight = np.exp(-0.5 * z * z) * (stretch / (math.sqrt(2 * math.pi) * width))[node] * there
    return np.einsum("nk,nk->n", weight, intensity[node])


def lines(
    q: np.ndarray, area: np.ndarray, two_theta: np.ndarray, resolution: Resolution, wavelength: float
) -> np.ndarray:
    """Reflections without a width of their own as the diffractometer shows them, (m,).

    ``q`` (n,) in 1/angstrom is where they lie, ``area`` (n,) their integrals over Q; ``two_theta`` (m,) increasing,
    degrees.
    """
    total = np.zeros(two_theta.size)
    at = angle_of(q, wavelength)
    width = resolution.of_angle(at)
    stretch = np.degrees(wavelength / (2 * np.pi * np.cos(np.radians(at) / 2)))
    for centre, sd, weight in zip(at, width, area * stretch, strict=True):
        window = slice(*np.searchsorted(two_theta, (centre - REACH * sd, centre + REACH * sd)))
        z = (two_theta[window] - centre) / sd
        total[window] += weight * np.exp(-0.5 * z**2) / (math.sqrt(2 * math.pi) * sd)
    return total
