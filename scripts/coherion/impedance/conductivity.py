"""Conductivity of a pellet from its resistance, with the uncertainty split by where it comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from coherion.errors import InputError

# No pellet is a hundred metres wide.
SMALLEST, LARGEST = 1e-5, 1e4


@dataclass(frozen=True)
class Pellet:
    """A cylinder with electrodes on its faces; lengths and their standard uncertainties in cm."""

    thickness: float
    diameter: float
    thickness_sd: float = 0.0
    diameter_sd: float = 0.0

    def __post_init__(self) -> None:
        for name in ("thickness", "diameter"):
            value, sd = getattr(self, name), getattr(self, f"{name}_sd")
            if not SMALLEST <= value < LARGEST:
                raise InputError(
                    f"{name} of the pellet is not a length",
                    place=f"pellet_{name}_cm",
                    found=value,
                    expected=f"a number from {SMALLEST:g} to below {LARGEST:g}, in cm",
                )
            if not (math.isfinite(sd) and 0 <= sd < value):
                raise InputError(
                    f"uncertainty of the pellet's {name} is not usable",
                    place=f"pellet_{name}_sd_cm",
                    found=sd,
                    expected=f"a number from 0 to below {value:g}, in cm",
                )

    @property
    def area(self) -> float:
        """Area of a face in cm^2."""
        return math.pi * self.diameter**2 / 4

    @property
    def cell_constant(self) -> float:
        """Thickness / area in 1/cm."""
        return self.thickness / self.area

    @property
    def relative_sd(self) -> float:
        """Relative standard uncertainty of the cell constant (1), common to all that is measured on the pellet."""
        return math.hypot(self.thickness_sd / self.thickness, 2 * self.diameter_sd / self.diameter)


@dataclass(frozen=True)
class Conductivity:
    """Conductivities in S/cm and the parts of their standard uncertainty, arrays of one length, in S/cm."""

    value: np.ndarray
    fit_sd: np.ndarray
    """From the fit of the circuit: independent from spectrum to spectrum."""
    geometry_sd: np.ndarray
    """From the pellet: one relative error common to all."""
    temperature_sd: np.ndarray
    """From the temperature: how far the conductivity moves when the temperature is off by its uncertainty."""
    choice_sd: np.ndarray
    """From the choice of the circuit: 0 where it is given."""

    @property
    def own_sd(self) -> np.ndarray:
        """Part in S/cm that is independent from spectrum to spectrum: of the fit and of the choice of the circuit."""
        return np.hypot(self.fit_sd, self.choice_sd)

    @property
    def sd(self) -> np.ndarray:
        """Combined standard uncertainty in S/cm."""
        return np.sqrt(self.own_sd**2 + self.geometry_sd**2 + self.temperature_sd**2)


def conductivity(
    resistance: np.ndarray,
    resistance_sd: np.ndarray,
    pellet: Pellet,
    *,
    choice_sd: np.ndarray | float = 0.0,
    temperature_sd: np.ndarray | float = 0.0,
    relative_slope: np.ndarray | float = 0.0,
) -> Conductivity:
    """sigma = thickness / (resistance x area), with its uncertainty by source.

    Parameters
    ----------
    resistance, resistance_sd
        In ohm.
    pellet
        The geometry.
    choice_sd
        Part of ``resistance_sd`` in ohm that comes from the choice of the circuit.
    temperature_sd
        Standard uncertainty of each temperature in K.
    relative_slope
        d ln sigma / dT in 1/K, E_a / (k T^2) - 1 / T where E_a comes from ln(sigma T).
    """
    r = np.asarray(resistance, dtype=float)
    sigma = pellet.cell_constant / r
    total, choice = np.asarray(resistance_sd, dtype=float), np.broadcast_to(choice_sd, r.shape)
    fit = np.where(choice > 0, np.sqrt(np.maximum(total**2 - choice**2, 0.0)), total)
    return Conductivity(
        value=sigma,
        fit_sd=sigma * fit / r,
        geometry_sd=sigma * pellet.relative_sd,
        temperature_sd=sigma * np.abs(relative_slope) * np.asarray(temperature_sd, dtype=float),
        choice_sd=sigma * choice / r,
    )
