"""Attenuation in a filled glass capillary, by adding up rays through every part of it.

Two circles about the same axis: the sample inside ``inner``, glass from there to ``outer``; the beam bathes the whole
capillary, and both beam and scattered rays run in the plane across it.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

# Degrees of 2theta between which the attenuation is interpolated.
ANGLES = np.linspace(0.0, 180.0, 31)


@dataclass(frozen=True)
class Capillary:
    """Radii in cm."""

    inner: float
    outer: float


@dataclass(frozen=True)
class Materials:
    """Attenuation coefficients, 1/cm, on the way in and on the way out (they differ for fluorescence)."""

    sample_in: float
    sample_out: float
    glass_in: float
    glass_out: float


def path_in_disc(x: np.ndarray, y: np.ndarray, ux: float, uy: float, radius: float) -> np.ndarray:
    """Length that a ray from (x, y) in the direction (ux, uy) spends in the disc of ``radius`` about the origin."""
    along = x * ux + y * uy
    square = radius**2 - (x**2 + y**2 - along**2)
    half = np.sqrt(np.maximum(square, 0.0))
    return np.maximum(half - along, 0.0) - np.maximum(-half - along, 0.0)


def transmitted(two_theta: np.ndarray, capillary: Capillary, materials: Materials, *, region: str) -> np.ndarray:
    """Fraction of the radiation scattered in the sample or in the glass that leaves the capillary.

    Parameters
    ----------
    two_theta
        (n,) degrees.
    capillary, materials
        Geometry and attenuation.
    region
        ``sample`` or ``glass``: where the scattering takes place.

    Returns
    -------
    (n,), mean over the region of exp(-attenuation along both ways). Midpoint rule in polar coordinates at 31 angles,
    cubic interpolation between: relative error below 2e-4 for attenuation times radius up to 2.
    """
    from scipy.interpolate import CubicSpline

    return CubicSpline(ANGLES, _transmitted(capillary, materials, region))(two_theta)


@functools.lru_cache(maxsize=16)
def _transmitted(capillary: Capillary, materials: Materials, region: str) -> np.ndarray:
    """The fraction at :data:`ANGLES`."""
    inner, outer = (0.0, capillary.inner) if region == "sample" else (capillary.inner, capillary.outer)
    rings = 120 if region == "sample" else 8
    # Equal areas, so that every point counts the same.
    radius = np.sqrt(inner**2 + (np.arange(rings) + 0.5) / rings * (outer**2 - inner**2))
    turn = (np.arange(360) + 0.5) * (2 * np.pi / 360)
    x, y = (radius[:, None] * np.cos(turn)).ravel(), (radius[:, None] * np.sin(turn)).ravel()

    def optical(ux: float, uy: float, sample: float, glass: float) -> np.ndarray:
        within = path_in_disc(x, y, ux, uy, capillary.inner)
        return sample * within + glass * (path_in_disc(x, y, ux, uy, capillary.outer) - within)

    arriving = optical(-1.0, 0.0, materials.sample_in, materials.glass_in)
    return np.array(
        [
            np.exp(-arriving - optical(np.cos(t), np.sin(t), materials.sample_out, materials.glass_out)).mean()
            for t in np.radians(ANGLES)
        ]
    )


def beam_transmission(capillary: Capillary, materials: Materials) -> float:
    """Mean transmission of the direct beam over the width of the capillary."""
    y = (np.arange(2000) + 0.5) / 2000 * capillary.outer
    within = 2 * np.sqrt(np.maximum(capillary.inner**2 - y**2, 0.0))
    glass = 2 * np.sqrt(capillary.outer**2 - y**2) - within
    return float(np.exp(-materials.sample_in * within - materials.glass_in * glass).mean())
