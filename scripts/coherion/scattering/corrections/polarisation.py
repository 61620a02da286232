"""Polarisation of the scattered beam after a crystal monochromator."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.errors import InputError

MONOCHROMATORS = {"Ge111": 3.26660, "Si111": 3.13560, "graphite002": 3.354}
"""Spacing d of the reflecting planes at room temperature in angstrom (Ge: a = 5.65791; Si: a = 5.43102)."""


def monochromator_angle(monochromator: str | float, wavelength: float) -> float:
    """2theta of the monochromator in degrees.

    Parameters
    ----------
    monochromator
        ``Ge111``, ``Si111``, ``graphite002``, ``none`` (0 degrees: an unpolarised beam), or the angle itself.
    wavelength
        In angstrom.

    Raises
    ------
    InputError
        If the crystal cannot reflect the wavelength.
    """
    if not isinstance(monochromator, str):
        return float(monochromator)
    if monochromator == "none":
        return 0.0
    sine = wavelength / (2 * MONOCHROMATORS[monochromator])
    if sine >= 1:
        raise InputError(
            f"{monochromator} does not reflect this wavelength",
            place="keys monochromator, wavelength",
            found=f"{wavelength:g} angstrom",
            expected=f"less than {2 * MONOCHROMATORS[monochromator]:.4g}",
        )
    return 2 * math.degrees(math.asin(sine))


def polarisation_factor(two_theta: NDArray[np.float64], monochromator_two_theta: float) -> NDArray[Any]:
    """P = (1 + A cos^2 2theta)/(1 + A), A = cos^2 2theta_M: the crystals' planes of reflection coincide.

    Parameters
    ----------
    two_theta
        Scattering angle in degrees, any shape.
    monochromator_two_theta
        In degrees; 0 for an unpolarised beam. The monochromator counts as ideally mosaic, as is usual; a perfect
        crystal has A = |cos 2theta_M|.

    Returns
    -------
    ndarray
        Dimensionless, 1 at 2theta = 0, shape of two_theta.

    Source: L. V. Azaroff, Acta Cryst. 8 (1955) 701; International Tables for Crystallography C (2004), section 6.2.
    """
    a = math.cos(math.radians(monochromator_two_theta)) ** 2
    return (1 + a * np.cos(np.radians(two_theta)) ** 2) / (1 + a)
