"""Criteria of the verdicts on a paper's statements."""

from __future__ import annotations

from typing import Annotated

import msgspec

from coherion.settings.model import Fraction, NotNegative, Positive, Seed, Settings, told


class ClaimSettings(Settings, frozen=True, kw_only=True):
    """Criteria of the verdicts on a paper's statements, fixed before the data are looked at; docs/claims.md"""

    significance: Annotated[
        float,
        told("Level of each test; intervals have 1 - significance, equivalence tests 1 - 2 significance", gt=0, lt=0.5),
    ] = 0.05
    seed: Annotated[Seed, told("Seed of the bootstrap, of random orders and of the simulated nulls")] = 2024
    resamples: Annotated[
        int, told("Bootstrap resamples and simulated series; random orders are ten times as many", ge=100, le=1_000_000)
    ] = 9999
    exact_limit: Annotated[
        int, told("Largest number of orders (n!) that a permutation test counts in full: nine samples", ge=1)
    ] = 400_000
    linearity_fraction: Annotated[
        NotNegative,
        told("Departure from a straight line, as a fraction of the whole change, that still counts as linear"),
    ] = 0.15
    negligible_exponent: Annotated[
        NotNegative,
        told("Exponent too small to matter (halving the one changes the other by under a quarter)"),
    ] = 0.30
    aicc_difference: Annotated[
        NotNegative, told("Difference of AICc from which one curve counts as better than another")
    ] = 2.0
    reading_difference: Annotated[
        NotNegative, told("Difference of AICc, summed over the series, up to which a reading of the damping is allowed")
    ] = 10.0
    resolved_length: Annotated[
        NotNegative,
        told("Standard errors by which 1/L must be above zero for L to be known; else L has a lower limit only"),
    ] = 3.0
    explanation_lead: Annotated[
        NotNegative,
        told("Difference of AICc by which one explanation must be better than its rival"),
    ] = 4.0
    least_reliability: Annotated[
        Fraction,
        told("Share of a quantity's variance that must not be error of measurement for a correlation with it to hold"),
    ] = 0.5
    collinear_inflation: Annotated[
        Positive, told("Variance inflation from which two explanations count as inseparable")
    ] = 10.0
    mean_temperature: Annotated[
        float, told("Harmonic mean of the temperatures of the Arrhenius fits (about 5 for -40 to 60)", "degC", ge=-273)
    ] = 5.0
    conductivity_temperature: Annotated[
        float, told("Temperature of the conductivities in the table", "degC", ge=-273)
    ] = 25.0

    @property
    def confidence(self) -> float:
        """Confidence of two-sided intervals."""
        return 1 - self.significance

    def coarse(self) -> ClaimSettings:
        """For what is judged once without every sample: twice the level, fewer resamples and random orders."""
        return msgspec.structs.replace(
            self,
            significance=min(2 * self.significance, 0.45),
            resamples=min(self.resamples, 199),
            exact_limit=min(self.exact_limit, 5040),
        )
