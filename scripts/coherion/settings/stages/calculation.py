"""G(r), S(Q) and F(Q) of a structure without a fit: what the calculation may be told."""

from __future__ import annotations

from typing import Annotated

from coherion.settings.model import Fraction, NotNegative, Positive, Settings, refuse, told
from coherion.settings.stages.refinement import Convention, Radiation, Shape, Window

MOST_POINTS = 200_000


class CalculationSettings(Settings, frozen=True, kw_only=True):
    """What is calculated of a structure, and of which model; docs/method-pair-model.md"""

    qmin: Annotated[NotNegative, told("Lower end of F(Q)", "1/angstrom")] = 0.0
    qmax: Annotated[Positive, told("Upper end of F(Q), where the transform is cut", "1/angstrom")] = 25.0
    qstep: Annotated[Positive, told("Step of S(Q) and F(Q)", "1/angstrom")] = 0.01
    rmin: Annotated[NotNegative, told("Lower end of G(r)", "angstrom")] = 0.01
    rmax: Annotated[Positive, told("Upper end of G(r)", "angstrom")] = 60.0
    rstep: Annotated[Positive, told("Step of G(r)", "angstrom")] = 0.01
    radiation: Annotated[Radiation, told("What is scattered")] = "xray"
    convention: Annotated[Convention, told("As of a refinement")] = "exact"
    envelope: Shape = "none"
    window: Annotated[Window, told("Window on F(Q) before the transform")] = "none"
    qdamp: Annotated[Fraction, told("Damping of G(r) by the instrument's resolution", "1/angstrom")] = 0.0
    qbroad: Annotated[Fraction, told("Broadening of the peaks as PDFfit2 has it", "1/angstrom")] = 0.0
    qslope_squared: Annotated[
        float, told("Square of the part of the resolution that grows with Q, dimensionless", ge=-1, le=1)
    ] = 0.0
    values: Annotated[
        dict[str, float], told("Values of parameters by pattern, such as {coherence_length: 50, delta2: 2}")
    ] = {}
    anisotropic: Annotated[tuple[str, ...] | None, told("As of a refinement")] = None
    phases: Annotated[tuple[str, ...], told("Names of the phases; by default those of the files")] = ()
    partials: Annotated[bool, told("Whether G(r) of each pair of elements is calculated, of one phase")] = True

    def __post_init__(self) -> None:
        for low, high, step in (("rmin", "rmax", self.rstep), ("qmin", "qmax", self.qstep)):
            ends = getattr(self, low), getattr(self, high)
            if ends[0] >= ends[1]:
                refuse(self, low, f"less than {high} = {ends[1]:g}")
            if (ends[1] - ends[0]) / step > MOST_POINTS:
                refuse(self, high, f"a grid of at most {MOST_POINTS} points")
