"""From which number on a result is alerted."""

from __future__ import annotations

from typing import Annotated

from coherion.settings.model import Fraction, NotNegative, Positive, Settings, refuse, told


class QualitySettings(Settings, frozen=True, kw_only=True):
    """From which number on a result is alerted; docs/alerts.md"""

    misfit_ratio: Annotated[
        Positive, told("Misfit of G(r) over its counting noise from which it is named; real data often exceed it")
    ] = 3.0
    rw: Annotated[Positive, told("Rw from which it is named, of grade C; B where another sign says the same")] = 0.15
    rw_large: Annotated[Positive, told("Rw from which it is of grade B alone")] = 0.25
    significance: Annotated[
        Positive,
        told(
            "Standard uncertainties from which lengths of two fit ranges, G(r) and reflections, a cell or a zero point "
            "count as different"
        ),
    ] = 5.0
    length_difference: Annotated[
        NotNegative,
        told(
            "Relative difference of two coherence lengths, of two fit ranges or witnesses, that is let pass in any case"
        ),
    ] = 0.1
    strain_difference: Annotated[
        NotNegative,
        told(
            "Rms microstrain; mean squares of G(r) and of the reflections' widths may differ by its square in any case"
        ),
    ] = 0.002
    scale_uncertainty: Annotated[
        Positive,
        told(
            "Standard uncertainty of an absolute normalisation, from composition, absorption and background, as share"
        ),
    ] = 0.05
    scale_significance: Annotated[
        Positive, told("Standard uncertainties from which an absolute scale differs from 1")
    ] = 3.0
    aicc_difference: Annotated[
        NotNegative, told("How much lower AICc must be for strain, or another shape of the domains, to be called for")
    ] = 10.0
    unexplained_share: Annotated[
        Fraction, told("Height of a reflection in the residual of F(Q), as share of the largest of the data's F(Q)")
    ] = 0.1
    unexplained_significance: Annotated[Positive, told("Height of that reflection over the counting noise of F(Q)")] = (
        8.0
    )
    unexplained_weak: Annotated[
        Fraction,
        told("The same share from which it is named where it stands out of the rest of the residual, too"),
    ] = 0.035
    unexplained_outlier: Annotated[
        Positive, told("Height of such a weak reflection over the usual size of the residual of F(Q)")
    ] = 5.5
    first_peak: Annotated[
        Positive, told("Largest residual around the first peak of G(r), as share of the peak's height")
    ] = 0.25
    negative_band: Annotated[
        Positive,
        told("Width of the bands over which S(Q) is averaged to be held against its bound", "1/angstrom", le=100),
    ] = 0.3
    negative_significance: Annotated[
        Positive, told("Standard uncertainties below its Faber-Ziman bound from which S(Q) is too low")
    ] = 3.0
    negative_share: Annotated[
        NotNegative, told("How far below the bound S(Q) may be in any case, in units of <f^2>/<f>^2")
    ] = 0.05
    slope_difference: Annotated[
        Positive,
        told("Relative difference of the slope of G(r) below the first distance from -4 pi rho0; filters take a third"),
    ] = 0.5
    zero_shift: Annotated[Positive, told("Error of the angles of a sample from which it is named", "degree", le=10)] = (
        0.008
    )
    conductivity_residual: Annotated[
        Positive, told("Standard uncertainties a conductivity is off the Arrhenius line from which it is named")
    ] = 4.0
    temperature_span: Annotated[
        NotNegative, told("An activation energy from a smaller span of temperatures is named", "K")
    ] = 10.0
    temperature_difference: Annotated[
        NotNegative, told("How far a temperature may be from the one in its file's name", "K")
    ] = 3.0
    curvature_p: Annotated[Fraction, told("A curvature of the Arrhenius plot less probable than this is named")] = 0.01
    cell_difference: Annotated[
        Positive,
        told("Relative difference of a standard's cell from its starting structure, the certificate, that is let pass"),
    ] = 5e-5
    standard_slope: Annotated[
        Positive,
        told(
            "Spread of Q, as share of Q, beyond which the resolution found on a standard is not that of a line or a "
            "crystal monochromator, and may be the standard's own strain"
        ),
    ] = 0.0012
    composition_difference: Annotated[
        Fraction,
        told("Share of all atoms by which an element's refined amount may differ from that of the composition stated"),
    ] = 0.015

    def __post_init__(self) -> None:
        if not self.rw <= self.rw_large:
            refuse(self, "rw_large", f"at least rw = {self.rw:g}", "the limits of Rw are in the wrong order")
