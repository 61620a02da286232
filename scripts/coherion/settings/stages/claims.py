"""Criteria of the verdicts on the paper's claims."""

from __future__ import annotations

from typing import Annotated

import msgspec

from coherion.settings.model import Fraction, NotNegative, Positive, Seed, Settings, refuse, refuse_no_range, told

# Differences that would not matter to what the paper concludes, in the unit of each quantity.
MARGINS: dict[str, float] = {
    "a": 0.01,
    "b": 0.01,
    "c": 0.01,
    "beta": 0.05,
    "volume": 1.0,
    "zr_fraction": 0.05,
    "na_2b": 0.05,
    "na_4e": 0.05,
    "octahedron_m": 0.2,
    "octahedron_na": 0.5,
    "prism_na": 0.5,
    "octahedron_na_distance": 0.02,
    "prism_na_distance": 0.02,
    "angle_cl1": 0.5,
    "angle_cl2": 0.5,
    "angle_a_cl1": 0.5,
    "angle_a_cl2": 0.5,
    "coherence_length": 5.0,
    "activation_energy": 0.02,
    "log_conductivity": 0.1,
    "reflection_width": 0.002,
}


class ClaimSettings(Settings, frozen=True, kw_only=True):
    """Criteria of the verdicts on the paper's claims, fixed before the data are looked at; docs/claims.md"""

    significance: Annotated[
        float,
        told("Level of each test; intervals have 1 - significance, equivalence tests 1 - 2 significance", gt=0, lt=0.5),
    ] = 0.05
    seed: Annotated[Seed, told("Seed of the bootstrap, of random orders and of the simulated nulls")] = 2024
    resamples: Annotated[
        int, told("Bootstrap resamples and simulated series; random orders are ten times as many", ge=100)
    ] = 9999
    exact_limit: Annotated[
        int, told("Largest number of orders (n!) that a permutation test counts in full: nine samples", ge=1)
    ] = 400_000
    margins: Annotated[
        dict[str, NotNegative], told("Differences too small to matter, by quantity, in its unit; replaced one by one")
    ] = msgspec.field(default_factory=lambda: dict(MARGINS))
    columns: Annotated[
        dict[str, str], told("Columns of the table with other names than the default ones, by role")
    ] = {}
    linearity_fraction: Annotated[
        NotNegative,
        told("Departure from a straight line, as a fraction of the whole change, that still counts as linear"),
    ] = 0.15
    lattice_kink: Annotated[float, told("Composition above which the lattice is said to shrink faster")] = 0.5
    transport_kink: Annotated[
        float, told("Composition above which the conductivity is said to rise faster and the activation energy to drop")
    ] = 0.8
    plateau_energy: Annotated[Positive, told("Activation energy up to the kink", "eV")] = 0.50
    dropped_energy: Annotated[Positive, told("Activation energy beyond the kink", "eV")] = 0.43
    na_4e_range: Annotated[tuple[float, float], told("Occupancy of the 4e site that is said to be kept")] = (0.90, 1.00)
    capacitance: Annotated[Positive, told("Capacitance of the single arc, to half a decade", "F")] = 1e-11
    rw_limit: Annotated[Positive, told("Largest Rw of the widest fit range that counts as 'about 20 %'")] = 0.25
    side_reflection_sigma: Annotated[
        NotNegative, told("Excess over its error from which the reflection of the side phase counts as seen")
    ] = 4.0
    similar_fraction: Annotated[
        NotNegative, told("Relative difference of two coherence lengths that still counts as similar")
    ] = 0.20
    half_tolerance: Annotated[
        NotNegative, told("Difference of the ratio of two conductivities from one half that still counts as half")
    ] = 0.15
    negligible_exponent: Annotated[
        NotNegative,
        told("Exponent of the coherence length too small to matter (halving it changes sigma by under a quarter)"),
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
        told("Difference of AICc by which the length must explain the conductivity better than microstrain does"),
    ] = 4.0
    least_reliability: Annotated[
        Fraction,
        told("Share of a quantity's variance that must not be error of measurement for a correlation with it to hold"),
    ] = 0.5
    collinear_inflation: Annotated[
        Positive, told("Variance inflation from which composition and coherence length count as inseparable")
    ] = 10.0
    representative: Annotated[float, told("Composition for which the paper compares the fit ranges")] = 0.5
    side_phase: Annotated[float, told("Composition that the paper excludes for its side phase")] = 0.95
    annealed_composition: Annotated[float, told("Composition of the annealed samples")] = 0.9
    annealed_temperature: Annotated[
        float, told("Annealing temperature of the sample in the comparison at equal coherence length", "degC", ge=-273)
    ] = 200.0
    counterpart: Annotated[float, told("Composition of the milled sample in that comparison")] = 0.7
    mean_temperature: Annotated[
        float, told("Harmonic mean of the temperatures of the Arrhenius fits (about 5 for -40 to 60)", "degC", ge=-273)
    ] = 5.0
    conductivity_temperature: Annotated[
        float, told("Temperature of the conductivities in the table", "degC", ge=-273)
    ] = 25.0
    transport_keeps_excluded: Annotated[
        bool,
        told(
            "Whether samples left out of the structural series stay in statements on transport alone (as in Fig. 6b, c)"
        ),
    ] = True

    def __post_init__(self) -> None:
        if not set(self.margins) <= set(MARGINS):
            refuse(self, "margins", "quantities among " + ", ".join(MARGINS), "unknown quantity")
        msgspec.structs.force_setattr(self, "margins", MARGINS | self.margins)
        refuse_no_range(self, "na_4e_range")

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
