"""The Kramers-Kronig test of spectra: what counts as valid."""

from __future__ import annotations

from typing import Annotated

from coherion.settings.model import Fraction, Positive, Settings, refuse, told


class ValidationSettings(Settings, frozen=True, kw_only=True):
    """Kramers-Kronig test; docs/method-impedance.md"""

    limit: Annotated[Positive, told("Largest relative residual (1), the paper's 2 %")] = 0.02
    trim: Annotated[bool, told("Whether points are removed at all; residuals are computed in any case")] = True
    time_constants_per_decade: Annotated[
        Positive, told("Time constants of the linear circuit per decade of frequency")
    ] = 5.0
    run_length: Annotated[
        int, told("Adjacent points above the limit, at an end, that make it bad; fewer are noise or a spike", ge=1)
    ] = 3
    noise_ratio: Annotated[
        Positive,
        told(
            "Where residuals do not correlate, a point is bad only above this many times their standard deviation too"
        ),
    ] = 4.0
    spike_ratio: Annotated[
        Positive,
        told("A spike exceeds the limit and this many times the robust standard deviation of the residuals"),
    ] = 6.0
    largest_removed_fraction: Annotated[Fraction, told("A spectrum that loses more of its points is not used")] = 0.5
    largest_bad_fraction: Annotated[
        Fraction, told("A spectrum with a larger part of its kept points still above the limit is not used")
    ] = 0.25
    largest_noise: Annotated[
        Positive, told("A spectrum whose residuals have a larger standard deviation (relative to |Z|) is not used")
    ] = 0.05
    largest_drift: Annotated[
        Positive,
        told(
            "Where the modulus of the lowest decade leaves what its phase says (Z-HIT) by more, and by four times the "
            "noise, the sample changed during the sweep: its resistance takes no part in the Arrhenius line"
        ),
    ] = 0.025
    fewest_points: Annotated[int, told("A spectrum with fewer kept points is not used", ge=1)] = 12
    frequency_min: Annotated[float | None, told("Lower points are left out beforehand; null: none", "Hz")] = None
    frequency_max: Annotated[float | None, told("Higher points are left out beforehand; null: none", "Hz")] = None

    def __post_init__(self) -> None:
        low, high = self.frequency_min, self.frequency_max
        if low is not None and high is not None and not low < high:
            refuse(self, "frequency_min", f"less than frequency_max = {high:g} Hz", "frequency range is empty")
