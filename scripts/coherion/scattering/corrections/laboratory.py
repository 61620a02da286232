"""What a laboratory pattern is divided by and what is subtracted from it, on the Q grid, from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.atoms.composition import number_density, parse_formula
from coherion.errors import InputError
from coherion.messages import warn
from coherion.scattering.form_factors import FormFactorAverages, average_form_factors
from coherion.scattering.grids import QGrid, scattering_angle
from coherion.settings.stages.reduction import ReductionSettings

Array = NDArray[Any]


@dataclass(frozen=True)
class Corrections:
    """Corrections on the grid; arrays have its shape.

    The intensity that the sample scatters is sample_factor I_sample - scale background_factor I_background.

    Attributes
    ----------
    averages
        <f>^2 and <f^2>, with f' and f'' where ``dispersion`` is on.
    sample_factor, background_factor
        1/(P A_s,sc) and A_c,sc/(A_c,c P A_s,sc), dimensionless; ones where nothing is corrected.
    compton
        Compton scattering in electrons^2 per atom, zero where it is not subtracted.
    number_density
        Atoms per cubic angstrom, None if the density is not known.
    mu_r
        Absorption coefficient of the packed sample times inner radius, None where absorption is off.
    """

    averages: FormFactorAverages
    sample_factor: Array
    background_factor: Array
    compton: Array
    number_density: float | None
    mu_r: float | None


@lru_cache(maxsize=32)
def corrections_for(settings: ReductionSettings, grid: QGrid, wavelength: float | None) -> Corrections:
    """Corrections that the settings name.

    Parameters
    ----------
    settings
        What to correct.
    grid
        Q grid.
    wavelength
        In angstrom; needed by every correction except fluorescence.

    Raises
    ------
    InputError
        If the wavelength is unknown.
    """
    wanted = settings.corrections
    composition = parse_formula(settings.composition)
    q = grid.q
    needing = [name for name in wanted if name != "fluorescence"]
    if needing and wavelength is None:
        raise InputError(
            f"the correction {needing[0]} needs a wavelength and the scan states none",
            place="key wavelength",
            advice="state it in the table",
        )
    averages = average_form_factors(composition, q, wavelength=wavelength if "dispersion" in wanted else None)
    sample_factor = np.ones(len(q))
    background_factor = np.ones(len(q))
    compton = np.zeros(len(q))
    mu_r = None
    if needing:
        assert wavelength is not None
        two_theta = scattering_angle(q, wavelength)
        if "absorption" in wanted:
            from coherion.scattering.corrections.absorption import capillary_factors

            mu_r, container_mu_r, ratio = capillary(settings, wavelength)
            factors = capillary_factors(two_theta, mu_r, container_mu_r, ratio)
            sample_factor = 1 / factors.sample
            background_factor = factors.container_filled / (factors.container_empty * factors.sample)
        if "polarisation" in wanted:
            from coherion.scattering.corrections.polarisation import monochromator_angle, polarisation_factor

            polarisation = polarisation_factor(two_theta, monochromator_angle(settings.monochromator, wavelength))
            sample_factor = sample_factor / polarisation
            background_factor = background_factor / polarisation
        if "compton" in wanted:
            from coherion.scattering.corrections.compton import compton_intensity

            compton = compton_intensity(composition, q, wavelength)
    density = None if settings.density is None else number_density(composition, settings.density)
    return Corrections(averages, sample_factor, background_factor, compton, density, mu_r)


def capillary(settings: ReductionSettings, wavelength: float) -> tuple[float, float, float]:
    """mu R of the packed sample, mu of the container times the same inner radius, and outer over inner radius."""
    from coherion.scattering.corrections.absorption import attenuation_coefficient

    outer = settings.capillary_diameter / 2
    inner = outer - settings.capillary_wall
    millimetre_per_centimetre = 10.0
    glass = attenuation_coefficient(
        parse_formula(settings.capillary_composition), settings.capillary_density, wavelength
    )
    container = glass * inner / millimetre_per_centimetre
    if settings.mu_r is not None:
        mu_r = settings.mu_r
    else:
        assert settings.density is not None  # or its settings would have been refused
        packed = settings.density * settings.packing
        coefficient = attenuation_coefficient(parse_formula(settings.composition), packed, wavelength)
        mu_r = coefficient * inner / millimetre_per_centimetre
    if mu_r > 5:
        warn(f"mu_r = {mu_r:.3g}: the sample is nearly opaque; a thinner capillary or harder radiation is needed")
    return mu_r, container, outer / inner
