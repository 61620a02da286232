"""Absorption in a filled cylindrical capillary bathed in the beam, in the equatorial plane.

A factor is the mean of exp(-mu path) over the points that scatter, path from the beam's entry to the point and on
to the exit: Paalman and Pings, J. Appl. Phys. 33 (1962) 2635, with their names: A_s,sc for scattering in the
sample and absorption in sample and container, A_c,sc for scattering in the container of the filled capillary,
A_c,c for the empty one.

The integral is taken over polar coordinates with Gauss-Legendre points. Path lengths have square-root edges (where
a ray grazes a circle): the angle is split there, and a substitution takes the root out of each end of a panel.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from coherion.atoms.composition import mass_fractions
from coherion.atoms.cross_sections import mass_attenuation
from coherion.constants import HC

Array = NDArray[np.float64]

ANGULAR_POINTS = 24
RADIAL_POINTS = 28
ANGLE_NODES = 24
"""Angles 2theta between which the factors are interpolated; they are smooth."""
RANGES = 20.0
"""They end at a multiple of this, degrees, so that a little more or less of a scan finds them made already."""


@dataclass(frozen=True)
class CapillaryFactors:
    """Paalman-Pings factors at the angles asked for, dimensionless, shape of the angles.

    Attributes
    ----------
    sample
        A_s,sc: scattered in the sample, absorbed in sample and container.
    container_filled
        A_c,sc: scattered in the container, absorbed in sample and container.
    container_empty
        A_c,c: scattered in the container, absorbed in the container.
    """

    sample: Array
    container_filled: Array
    container_empty: Array


def attenuation_coefficient(composition: Mapping[str, float], density: float, wavelength: float) -> float:
    """Linear attenuation coefficient in 1/cm.

    Parameters
    ----------
    composition
        Element to atoms per formula unit.
    density
        In g/cm^3; that of a powder is density times packing fraction.
    wavelength
        In angstrom.

    Source: :mod:`coherion.atoms.cross_sections`, photoelectric and scattering parts together.
    """
    return density * sum(
        fraction * mass_attenuation(element, HC / wavelength)
        for element, fraction in mass_fractions(composition).items()
    )


def cylinder_absorption(two_theta: Array, mu_r: float) -> Array:
    """A(2theta) of a bare cylinder, mean of exp(-mu path), to better than 1e-6 for mu R up to 5.

    Parameters
    ----------
    two_theta
        Degrees, shape (n,).
    mu_r
        Absorption coefficient times radius, dimensionless.

    Returns
    -------
    ndarray
        Transmission (1 for no absorption), shape (n,).

    Source: International Tables for Crystallography C (2004), section 6.3.3; tabulated there is A* = 1/A.
    """
    return _mean_transmission(np.atleast_1d(np.asarray(two_theta, float)), (0.0, 1.0), 1.0, 1.0, mu_r, 0.0)


def capillary_factors(two_theta: Array, mu_r: float, container_mu_r: float, radius_ratio: float) -> CapillaryFactors:
    """The three factors of a filled capillary.

    Parameters
    ----------
    two_theta
        Degrees, shape (n,).
    mu_r
        Sample's coefficient times the inner radius.
    container_mu_r
        Container's coefficient times the inner radius.
    radius_ratio
        Outer over inner radius, at least 1; with 1 the container's factors are those of an infinitely thin wall.

    Returns
    -------
    CapillaryFactors
    """
    two_theta = np.asarray(two_theta, float)
    if len(two_theta) <= ANGLE_NODES:
        return _factors(two_theta, mu_r, container_mu_r, radius_ratio)
    high = RANGES * float(np.ceil(two_theta.max() / RANGES))
    vander = np.polynomial.chebyshev.chebvander(2.0 * two_theta / high - 1.0, ANGLE_NODES - 1)
    sample, filled, empty = (vander @ _interpolated(high, mu_r, container_mu_r, radius_ratio)).T
    return CapillaryFactors(sample, filled, empty)


@lru_cache(maxsize=64)
def _interpolated(high: float, mu_r: float, container_mu_r: float, ratio: float) -> Array:
    """Chebyshev coefficients of the three factors from 0 to ``high`` degrees."""
    nodes = np.polynomial.chebyshev.chebpts1(ANGLE_NODES)
    factors = _factors(0.5 * high * (1.0 + nodes), mu_r, container_mu_r, ratio)
    at_nodes = np.column_stack([factors.sample, factors.container_filled, factors.container_empty])
    return np.asarray(np.linalg.solve(np.polynomial.chebyshev.chebvander(nodes, ANGLE_NODES - 1), at_nodes), float)


def _factors(two_theta: Array, mu_r: float, container_mu_r: float, ratio: float) -> CapillaryFactors:
    wall = (1.0, max(ratio, 1 + 1e-6))
    return CapillaryFactors(
        _mean_transmission(two_theta, (0.0, 1.0), 1.0, ratio, mu_r, container_mu_r),
        _mean_transmission(two_theta, wall, 1.0, wall[1], mu_r, container_mu_r),
        _mean_transmission(two_theta, wall, 1.0, wall[1], 0.0, container_mu_r),
    )


@lru_cache(maxsize=8)
def _unit_quadrature(points: int) -> tuple[Array, Array]:
    """Gauss-Legendre on 0..1 after x = t^2 (3 - 2t), which makes square roots at both ends smooth."""
    nodes, weights = np.polynomial.legendre.leggauss(points)
    t, weights = (nodes + 1) / 2, weights / 2
    return t * t * (3 - 2 * t), 6 * t * (1 - t) * weights


def _mean_transmission(
    two_theta: Array, ring: tuple[float, float], inner: float, outer: float, mu_s: float, mu_c: float
) -> Array:
    """Mean of exp(-mu path) over the points with ring[0] < radius < ring[1].

    ``inner`` and ``outer`` are the circles of sample and container, ``mu_s`` and ``mu_c`` their coefficients, in
    one unit of length. The beam comes along +x; the two rays leave a point in directions pi and 2theta, and the
    pattern is symmetric about their bisector, so half the circle is enough.
    """
    x, weights = _unit_quadrature(RADIAL_POINTS)
    radius = ring[0] + (ring[1] - ring[0]) * x
    area = radius * weights * (ring[1] - ring[0])
    backward, forward = np.pi, np.radians(two_theta)[:, None, None]
    start = (backward + forward) / 2
    edges = [ray + side * np.pi / 2 for ray in (backward, forward) for side in (-1, 1)]
    if ring[0] >= inner:
        shadow = np.arcsin(inner / radius)[None, :, None]
        edges += [ray + np.pi + side * shadow for ray in (backward, forward) for side in (-1, 1)]
    shape = (len(two_theta), len(radius), 1)
    inside = [np.broadcast_to(np.minimum(np.mod(edge - start, 2 * np.pi), np.pi), shape) for edge in edges]
    bounds = np.concatenate([np.zeros(shape), *inside, np.full(shape, np.pi)], axis=2)
    bounds = np.sort(bounds, axis=2)[..., None]
    width = np.diff(bounds, axis=2)
    t, panel_weights = _unit_quadrature(ANGULAR_POINTS)
    angle = start[..., None] + bounds[:, :, :-1] + width * t
    rho = radius[:, None, None]
    depth = 0.0
    for ray in (backward, forward[..., None]):
        along = rho * np.cos(angle - ray)
        across = np.square(rho * np.sin(angle - ray))
        total = np.sqrt(np.maximum(outer**2 - across, 0)) - along
        half_chord = np.sqrt(np.maximum(inner**2 - across, 0))
        in_sample = np.where(along < 0, 2 * half_chord, 0.0) if ring[0] >= inner else half_chord - along
        depth = depth + mu_c * total + (mu_s - mu_c) * in_sample
    mean_angle = np.einsum("trpk,trp,k->tr", np.exp(-depth), width[..., 0], panel_weights)
    return mean_angle @ area / (np.pi * area.sum())
