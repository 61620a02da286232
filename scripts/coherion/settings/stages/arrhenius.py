"""Conductivity and activation energy: how the Arrhenius line is drawn."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from coherion.constants import ZERO_CELSIUS
from coherion.settings.model import Fraction, NotNegative, Positive, Settings, refuse, told

Form = Literal["sigma_T", "sigma"]
Weighting = Literal["errors", "none"]
Covariance = Literal["errors", "scatter", "larger"]
FORMS: tuple[str, ...] = get_args(Form)
WEIGHTINGS: tuple[str, ...] = get_args(Weighting)
COVARIANCES: tuple[str, ...] = get_args(Covariance)


class ArrheniusLine(Settings, frozen=True, kw_only=True):
    """Conductivity and activation energy; docs/method-impedance.md"""

    form: Annotated[
        Form,
        told("sigma_T: ln(sigma T) against 1/T; sigma: ln(sigma). Both are in the results, this one is the main one"),
    ] = "sigma_T"
    weighting: Annotated[Weighting, told("errors or none. Both are in the results, this one is the main one")] = (
        "errors"
    )
    covariance: Annotated[Covariance, told("errors, scatter or larger of the two")] = "larger"
    temperature_sd: Annotated[
        NotNegative | None,
        told("Standard uncertainty of each temperature, instead of what the spectra say; 0 leaves it out", "K"),
    ] = None
    temperature_offset_sd: Annotated[
        NotNegative, told("Standard uncertainty of an offset common to all temperatures", "K")
    ] = 0.0
    temperature_min: Annotated[float | None, told("Colder spectra are left out; null: none", "degC")] = None
    temperature_max: Annotated[float | None, told("Hotter spectra are left out; null: none", "degC")] = None
    celsius_zero: Annotated[float, told("What is added to degC for K", "K", ge=273, le=273.2)] = ZERO_CELSIUS
    reference_temperature: Annotated[
        float, told("Temperature at which the conductivity is given", "degC", gt=-273, le=3000)
    ] = 25.0
    reference_tolerance: Annotated[
        NotNegative, told("How far a measured spectrum may be from it to count as measured there", "K")
    ] = 2.0
    curvature_p: Annotated[Fraction, told("A curvature less probable than this is warned of")] = 0.01

    def __post_init__(self) -> None:
        low, high = self.temperature_min, self.temperature_max
        if low is not None and high is not None and not low < high:
            refuse(self, "temperature_min", f"less than temperature_max = {high:g} degC", "range is empty")


class ArrheniusSettings(ArrheniusLine, frozen=True, kw_only=True):
    """Settings of one sample: how the line is drawn, and the geometry of its pellet from the table of samples."""

    pellet_thickness_cm: Annotated[Positive | None, told("Thickness of the pellet; needed", "cm")] = None
    pellet_diameter_cm: Annotated[Positive | None, told("Diameter of the electrodes; needed", "cm")] = None
    pellet_thickness_sd_cm: Annotated[NotNegative, told("Standard uncertainty of the thickness", "cm")] = 0.0
    pellet_diameter_sd_cm: Annotated[NotNegative, told("Standard uncertainty of the diameter", "cm")] = 0.0
