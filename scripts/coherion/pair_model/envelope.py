"""The envelope gamma(r): the share of pairs at a distance that a domain of finite size keeps, by the domain's shape.

Each shape has a ``coherence_length`` that scales it, gamma(r; L) = g(r/L), and at most one parameter of form. Lengths
of different shapes are one number as the functional -3/2 / gamma'(0) = 6 V/S (Porod: -gamma'(0) = S/4V): the mean
diameter weighted by area, which for spheres is the diameter (Guinier, X-ray Diffraction, 1963, section 10.1).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
# Points over the angle to the axis of a spheroid. The end of the sphere's envelope is smooth to the first derivative,
# so the error falls with the third power: below 1e-6 of the envelope.
ANGLES = 64


@dataclass(frozen=True)
class Envelope:
    """gamma on distances r (angstrom), shape (n,), and its derivatives.

    value
        gamma, dimensionless, 1 at r = 0.
    by_r, by_length
        d gamma/dr and d gamma/dL, 1/angstrom.
    by_form
        d gamma/d(parameter of form); zeros where the shape has none.
    """

    value: Array
    by_r: Array
    by_length: Array
    by_form: Array


@dataclass(frozen=True)
class Shape:
    """A shape of domains.

    function
        gamma, d gamma/dr and d gamma/d form on r, from (r, length, form).
    parameters
        Their names and where a refinement starts: the length in angstrom, then the form if there is one.
    breaks
        Distances at which a derivative of gamma jumps, from (length, form), rising.
    ends
        Whether gamma is zero beyond the last break.
    """

    function: Callable[[Array, float, float], tuple[Array, Array, Array]]
    parameters: dict[str, float]
    breaks: Callable[[float, float], tuple[float, ...]] = lambda length, form: ()
    ends: bool = False


def _sphere(x: Array) -> tuple[Array, Array]:
    """1 - 3/2 x + x^3/2 up to x = 1, and its slope."""
    t = np.minimum(x, 1.0)
    return 1.0 - 1.5 * t + 0.5 * t**3, 1.5 * (t * t - 1.0)


def sphere(r: Array, length: float, form: float) -> tuple[Array, Array, Array]:
    """Spheres of diameter ``length`` (Guinier, X-ray Diffraction, 1963, section 10.1.4)."""
    value, slope = _sphere(r / length)
    return value, slope / length, np.zeros_like(r)


def exponential(r: Array, length: float, form: float) -> tuple[Array, Array, Array]:
    """exp(-r/length), a random two-phase medium (Debye, Anderson & Brumberger, J. Appl. Phys. 28 (1957) 679)."""
    value = np.exp(-r / length)
    return value, -value / length, np.zeros_like(r)


def lognormal(r: Array, length: float, form: float) -> tuple[Array, Array, Array]:
    """Spheres ln D ~ N(mu, form^2), each counted by its volume; ``length`` = <D^4>/<D^3>, weighted by volume.

    The moments over diameters above r are tails of shifted normal distributions, as in Gilbert, Acta Cryst. A64 (2008)
    Supplement and Gamez-Mendoza et al., J. Appl. Cryst. 50 (2017) 741, equation 8.
    """
    from scipy.special import erfc

    s2 = form * form
    inside = r > 0.0
    t = np.log(np.where(inside, r, length) / length)
    value, slope, turn = (np.zeros_like(r) for _ in range(3))
    for power, factor in ((3, 1.0), (2, -1.5), (0, 0.5)):
        # (r/length)^(3-power) times the ratio of moments, times the upper tail of the shifted normal
        exponent = (3 - power) * t + (power * power - 9.0) * s2 / 2.0 + (3 - power) * 3.5 * s2
        z = (t + 3.5 * s2 - power * s2) / form
        tail = 0.5 * erfc(z / np.sqrt(2.0))
        density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
        part = factor * np.exp(exponent)
        value += part * tail
        slope += part * ((3 - power) * tail - density / form)
        turn += part * (((power * power - 9.0) + (3 - power) * 7.0) * form * tail - density * (-t / s2 + 3.5 - power))
    safe = np.where(inside, r, 1.0)
    return (
        np.where(inside, value, 1.0),
        np.where(inside, slope / safe, -1.5 * np.exp(s2) / length),
        np.where(inside, turn, 0.0),
    )


def spheroid(r: Array, length: float, form: float) -> tuple[Array, Array, Array]:
    """Spheroids of aspect ``form`` (polar over equatorial diameter: prolate above 1, oblate below), in all directions.

    ``length`` is the diameter of the sphere of the same volume. Along a direction at angle arccos(u) to the axis the
    domain is a stretched sphere, so gamma is the sphere's at r over the diameter in that direction, averaged over u
    (Lei et al., Phys. Rev. B 80 (2009) 024118, have it in closed form). At 1 the derivative in the aspect vanishes.
    """
    u, weight = _directions()
    equatorial, polar = form ** (2.0 / 3.0), form ** (-4.0 / 3.0)
    stretch = np.sqrt((1.0 - u * u) * equatorial + u * u * polar)
    by_form = ((1.0 - u * u) * (2.0 / 3.0) * equatorial - u * u * (4.0 / 3.0) * polar) / (2.0 * form * stretch)
    x = np.multiply.outer(r / length, stretch)
    value, slope = _sphere(x)
    return value @ weight, (slope * stretch) @ weight / length, (slope @ (by_form * weight)) * (r / length)


def plate(r: Array, length: float, form: float) -> tuple[Array, Array, Array]:
    """Plates of thickness ``length`` and any extent: 1 - r/2L up to r = L, then L/2r (Kodama et al., Acta Cryst. A62
    (2006) 444)."""
    safe = np.maximum(r, length)
    inside = r < length
    value = np.where(inside, 1.0 - 0.5 * r / length, 0.5 * length / safe)
    slope = np.where(inside, -0.5 / length, -0.5 * length / safe**2)
    return value, slope, np.zeros_like(r)


def _none(r: Array, length: float, form: float) -> tuple[Array, Array, Array]:
    return np.ones_like(r), np.zeros_like(r), np.zeros_like(r)


SHAPES = {
    "none": Shape(_none, {}),
    "sphere": Shape(sphere, {"coherence_length": 100.0}, lambda length, form: (length,), ends=True),
    "lognormal": Shape(lognormal, {"coherence_length": 100.0, "coherence_spread": 0.3}),
    "exponential": Shape(exponential, {"coherence_length": 100.0}),
    "spheroid": Shape(
        spheroid,
        {"coherence_length": 100.0, "coherence_aspect": 2.0},
        lambda length, form: tuple(sorted((length * form ** (-1.0 / 3.0), length * form ** (2.0 / 3.0)))),
        ends=True,
    ),
    "plate": Shape(plate, {"coherence_length": 50.0}, lambda length, form: (length,)),
}


def length_and_form(name: str, values: Callable[[str, float], float]) -> tuple[float, float]:
    """A shape's length (angstrom) and form, 1 where it has none, from a function of (parameter, default)."""
    both = [values(parameter, start) for parameter, start in SHAPES[name].parameters.items()]
    return tuple([*both, 1.0, 1.0][:2])  # type: ignore[return-value]


def envelope_on(name: str, r: Array, length: float, form: float) -> Envelope:
    """gamma of a shape on distances r (angstrom, 0 allowed), with its derivatives."""
    value, by_r, by_form = SHAPES[name].function(r, length, form)
    return Envelope(value, by_r, -by_r * r / length, by_form)


def inverse_mean_length(name: str, length: float, form: float) -> tuple[float, float, float]:
    """-gamma'(0)/1.5 (1/angstrom) of a shape, and its derivatives in length and form.

    One over the mean diameter weighted by area, the number in which shapes are compared; 0 for ``none``.
    """

    def slope(form: float) -> float:
        return float(-envelope_on(name, np.zeros(1), length, form).by_r[0] / 1.5)

    step = 1e-4 * form
    made = slope(form)
    if len(SHAPES[name].parameters) < 2:
        return made, -made / length, 0.0
    return made, -made / length, (slope(form + step) - slope(form - step)) / (2.0 * step)


@lru_cache(maxsize=1)
def _directions() -> tuple[Array, Array]:
    """Cosines from 0 to 1 and their weights."""
    u, weight = np.polynomial.legendre.leggauss(ANGLES)
    return 0.5 * (u + 1.0), 0.5 * weight
