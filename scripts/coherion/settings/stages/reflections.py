"""What is read of the reflections of a scan: a phase beside the sample's own, and size and strain once more."""

from __future__ import annotations

from typing import Annotated

import msgspec

from coherion.settings.model import (
    FileName,
    Fraction,
    NotNegative,
    Positive,
    Settings,
    refuse,
    refuse_no_range,
    told,
)

QRange = tuple[Positive, Positive]


class SidePhaseSettings(Settings, frozen=True, kw_only=True):
    """What is looked for, and what counts as found."""

    reflection_q: Annotated[
        Annotated[float, msgspec.Meta(ge=0.01, le=50)] | None,
        told(
            "Where the side phase has a reflection that the main phase has not; null takes the strongest of its "
            "structure that stands clear of the main phase's",
            "1/angstrom",
        ),
    ] = None
    window: Annotated[
        tuple[Positive, Positive] | None,
        told(
            "Part of the pattern around that reflection which is described by the main phase's reflections: its ends "
            "in gaps between reflections, where null puts them",
            "1/angstrom",
        ),
    ] = None
    # Beyond these limits the description of the window has more unknowns than points.
    background_degree: Annotated[int, told("Degree of the polynomial under the reflections", ge=0, le=12)] = 4
    cell_tolerance: Annotated[
        float,
        told(
            "How far the positions of all reflections together may be from those of the refined cell, relatively",
            ge=1e-5,
            le=0.1,
        ),
    ] = 0.01
    significance: Annotated[
        float,
        told(
            "Excess of the reflection over its standard error from which it counts as seen; so many standard "
            "uncertainties must the mass fraction be above zero, too",
            ge=1e-3,
            le=1e6,
        ),
    ] = 4.0
    largest_rw: Annotated[
        float,
        told(
            "Rw with one phase, dimensionless, above which two phases are tried even without a reflection (the paper "
            "is satisfied with about 0.20)",
            ge=1e-6,
            le=1e9,
        ),
    ] = 0.25
    least_fraction: Annotated[
        Fraction, told("Smallest mass fraction of a side phase, dimensionless, for which a sample is left out")
    ] = 0.01
    aicc_difference: Annotated[
        NotNegative, told("How much lower AICc must be with two phases than with one", le=1e9)
    ] = 10.0

    def __post_init__(self) -> None:
        if self.window is None:
            return
        if not self.window[0] < (self.reflection_q or sum(self.window) / 2) < self.window[1]:
            around = "" if self.reflection_q is None else f" around reflection_q, {self.reflection_q:g} 1/angstrom"
            refuse(self, "window", f"two numbers in rising order{around}", "the window does not hold the reflection")


class SidePhase(SidePhaseSettings, frozen=True, kw_only=True):
    """
    A phase that samples may hold beside their own, looked for by a reflection and, where it is seen, by a refinement
    with both phases; docs/method-refinement.md
    """

    structure: Annotated[
        FileName | None,
        told("Starting structure of the side phase, a .cif file; null looks for nothing"),
    ] = None


class ReflectionWidthsSettings(Settings, frozen=True, kw_only=True):
    """What is read of the widths, and with which freedom."""

    q_range: Annotated[QRange, told("Part of F(Q) whose reflections are described", "1/angstrom")] = (1.0, 4.0)
    standard_q_range: Annotated[
        QRange, told("The same of the standard, whose reflections give the instrument's profile", "1/angstrom")
    ] = (1.2, 10.0)
    area_freedom: Annotated[
        Fraction,
        told("Relative standard uncertainty with which areas are known from the refined structure"),
    ] = 0.2
    knots: Annotated[
        float, told("Spacing of the knots of the smooth part under the reflections", "1/angstrom", ge=0.2, le=10)
    ] = 0.5
    largest_misfit: Annotated[
        Positive,
        told(
            "Variance of the misfit over that of the counts, which is in the errors, above which the reflections are "
            "not those of the refined phase and their widths no witness"
        ),
    ] = 50.0

    def __post_init__(self) -> None:
        for name in ("q_range", "standard_q_range"):
            refuse_no_range(self, name)


class ReflectionWidths(ReflectionWidthsSettings, frozen=True, kw_only=True):
    """
    Size and strain once more, from the widths of the reflections of the same scan and those of the standard that
    refinement.resolution_from names; docs/method-refinement.md
    """

    read: Annotated[bool, told("Whether widths are read, wherever there is a standard with a structure")] = True
