"""From counts to G(r): what the reduction may be told (docs/method-reduction.md has the equations)."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self, get_args

import msgspec

from coherion.settings.model import Density, NotNegative, Positive, Settings, Wavelength, refuse, told

Correction = Literal["polarisation", "absorption", "compton", "fluorescence", "dispersion"]
CORRECTIONS: tuple[Correction, ...] = get_args(Correction)
Monochromator = Literal["Ge111", "Si111", "graphite002", "none"]

MOST_POINTS = 1_000_000
# The covariance of so many distances takes 200 MB, and a few times that while it is made.
MOST_DISTANCES = 5_000
MOST_DEGREE = 60


class Reduction(Settings, frozen=True, kw_only=True):
    """From counts to G(r); docs/method-reduction.md has the equations"""

    wavelength: Annotated[
        Wavelength | None,
        told("Wavelength; null takes the scan's own, and a scan over 2theta that states none is refused", "angstrom"),
    ] = None
    two_theta_zero: Annotated[
        float,
        told("Position of the primary beam on the scale of the scan, subtracted from 2theta", "degree", ge=-90, le=90),
    ] = 0.0
    background_scale: Annotated[
        NotNegative | Literal["estimate", "time"],
        told(
            "Factor on the background, dimensionless; estimate finds it from the data, time takes the ratio of the "
            "counting times. A number in the table of samples comes first"
        ),
    ] = 1.0
    qmin: Annotated[
        NotNegative,
        told(
            "Lower end of the Fourier transform: below 0.5 lie the beam stop and nothing of most samples",
            "1/angstrom",
        ),
    ] = 0.5
    qmax: Annotated[
        Positive | None,
        told(
            "Upper end of the Fourier transform; null takes each scan to its end, rounded down to a tenth", "1/angstrom"
        ),
    ] = None
    qmaxinst: Annotated[
        Positive | None,
        told("Upper end of the range for the scale and the polynomial; null takes all data", "1/angstrom"),
    ] = None
    rpoly: Annotated[
        NotNegative,
        told(
            "Distance below which the correction polynomial may take signal out; its degree is rpoly (Q range)/pi, "
            "fractions included",
            "angstrom",
        ),
    ] = 0.9
    rmin: Annotated[NotNegative, told("Lower end of G(r)", "angstrom")] = 0.0
    rmax: Annotated[Positive, told("Upper end of G(r)", "angstrom")] = 100.0
    rstep: Annotated[Positive, told("Step of G(r)", "angstrom")] = 0.01
    procedure: Annotated[
        Literal["auto", "pdfgetx3", "pdfgetx3-1", "xpdfsuite"],
        told(
            "Whose steps are followed from intensity to G(r) (docs/method-reduction.md): PDFgetX3 2.x, PDFgetX3 1.x or "
            "xPDFsuite; auto takes PDFgetX3 2.x for scans over 2theta and xPDFsuite for scans over Q"
        ),
    ] = "auto"
    lorch: Annotated[bool, told("Whether F(Q) is multiplied with Lorch's window before the transform")] = False
    corrections: Annotated[
        tuple[Correction | Literal["all", "none"], ...] | str,
        told(
            "What is corrected beyond PDFgetX3's steps: a list of polarisation, absorption, compton, fluorescence, "
            "dispersion, or a text with commas; or all, or none"
        ),
    ] = ()
    monochromator: Annotated[
        Annotated[float, msgspec.Meta(ge=0, le=180)] | Monochromator,
        told("Ge111, Si111, graphite002, none, or the monochromator's angle 2theta in degrees"),
    ] = "Ge111"
    density: Annotated[
        Density | None,
        told(
            "Density of the sample's solid, without pores, for the absorption and the absolute scale; the column "
            "density_g_cm3 of the table of samples comes first",
            "g/cm^3",
        ),
    ] = None
    packing: Annotated[
        float,
        told(
            "Fraction of the capillary's inside that is solid, dimensionless; the column packing_fraction of the "
            "table of samples comes first",
            gt=0,
            le=1,
        ),
    ] = 0.6
    mu_r: Annotated[
        NotNegative | None,
        told(
            "Absorption coefficient of the packed sample times the inner radius, dimensionless; null computes it from "
            "composition, density, packing and radius"
        ),
    ] = None
    capillary_diameter: Annotated[Positive, told("Outer diameter of the capillary", "mm")] = 0.5
    capillary_wall: Annotated[
        NotNegative, told("Thickness of the capillary's wall; with 0 the container absorbs nothing", "mm")
    ] = 0.01
    capillary_composition: Annotated[str, told("Formula of the capillary's glass")] = "SiO2"
    capillary_density: Annotated[Density, told("Density of the capillary's glass", "g/cm^3")] = 2.2
    fluorescence: Annotated[
        NotNegative | Literal["fit"],
        told("fit, or the constant itself in the intensity units of the sample's scan"),
    ] = "fit"
    noise_correlation: Annotated[
        Literal["measured", "none"],
        told(
            "measured takes ratio of variance and correlation of neighbouring points from the scan's smooth regions; "
            "none takes points as independent, with the stated standard deviations"
        ),
    ] = "measured"
    covariance: Annotated[bool, told("Whether standard uncertainties and the covariance of G(r) are computed")] = True

    def __post_init__(self) -> None:
        msgspec.structs.force_setattr(self, "corrections", self._named_corrections())
        if self.qmax is not None:
            self._check_qmax(self.qmax)
        if self.rmin >= self.rmax:
            refuse(self, "rmin", f"less than rmax = {self.rmax:g}")
        if (self.rmax - self.rmin) / self.rstep > MOST_POINTS:
            refuse(self, "rstep", f"a grid of at most {MOST_POINTS} points")
        if 2 * self.capillary_wall >= self.capillary_diameter:
            refuse(self, "capillary_wall", f"less than half the diameter, {self.capillary_diameter:g} mm")
        if self.qmaxinst is not None and self.qmin >= self.qmaxinst:
            refuse(self, "qmin", f"less than qmaxinst = {self.qmaxinst:g}")

    def _check_qmax(self, qmax: float) -> None:
        if self.qmin >= qmax:
            refuse(self, "qmin", f"less than qmax = {qmax:g}")
        if self.qmaxinst is not None and self.qmaxinst < qmax * (1 - 1e-9):
            refuse(self, "qmaxinst", f"not below qmax = {qmax:g}")
        if self.covariance and self.rmax * qmax / math.pi > MOST_DISTANCES:
            reach = MOST_DISTANCES * math.pi / qmax
            refuse(self, "rmax", f"at most {reach:.4g} angstrom where qmax = {qmax:g}, or covariance: false")
        if self.rpoly * qmax / math.pi > MOST_DEGREE:
            refuse(self, "rpoly", f"a polynomial of degree rpoly qmax/pi up to {MOST_DEGREE}")

    def for_data_to(self, end: float) -> Self:
        """These settings with the Qmax that is used for data that end at ``end``, 1/angstrom."""
        if self.qmax is not None:
            return self
        return msgspec.structs.replace(self, qmax=math.floor(10 * min(end, self.qmaxinst or end)) / 10)

    @property
    def highest_q(self) -> float:
        """Qmax, 1/angstrom, of settings that :meth:`for_data_to` has seen."""
        if self.qmax is None:
            raise ValueError("Qmax is not known before the data are")
        return self.qmax

    def _named_corrections(self) -> tuple[Correction, ...]:
        given = self.corrections
        names = tuple(given.replace(",", " ").split()) if isinstance(given, str) else tuple(given)
        if names == ("all",):
            return CORRECTIONS
        if names == ("none",):
            return ()
        if not set(names) <= set(CORRECTIONS):
            refuse(self, "corrections", "all, none or " + ", ".join(CORRECTIONS), "unknown correction")
        return tuple(name for name in CORRECTIONS if name in names)


class ReductionSettings(Reduction, frozen=True, kw_only=True):
    """Settings of one reduction: those of the configuration, and what the sample is made of."""

    composition: Annotated[str, told("Formula of the sample, such as Na2.5In0.5Zr0.5Cl6")]
    further_background_scales: Annotated[
        tuple[NotNegative | Literal["estimate", "time"], ...],
        told("Factors on the backgrounds beside the first, dimensionless, as background_scale"),
    ] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if "absorption" in self.corrections and self.density is None and self.mu_r is None:
            refuse(
                self,
                "density",
                "density in g/cm^3 of the solid (with packing), or mu_r",
                "the absorption needs the sample's density or its mu_r",
            )
