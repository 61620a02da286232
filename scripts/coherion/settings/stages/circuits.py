"""Equivalent circuits: how spectra are fitted, and when a resistance counts as resolved."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from coherion.settings.model import Fraction, NotNegative, Positive, Seed, Settings, refuse, told

Weights = Literal["fitted", "modulus", "proportional", "unit"]
CapacitanceUncertainty = Literal["covariance", "sum_of_relative"]
WEIGHTS: tuple[str, ...] = get_args(Weights)
UNCERTAINTIES: tuple[str, ...] = get_args(CapacitanceUncertainty)

AUTOMATIC = "auto"
"""What stands for the name of a circuit where one is to be chosen."""


class CircuitSettings(Settings, frozen=True, kw_only=True):
    """Equivalent circuits; docs/method-impedance.md"""

    circuit: Annotated[
        str, told("Circuit in impedance.py's notation, or auto: the circuit that each spectrum asks for")
    ] = AUTOMATIC
    weights: Annotated[
        Weights,
        told(
            "What a point's residual is divided by: |Z| of a first fit, |Z| as measured (noise of some per cent then "
            "draws R down), its parts, or nothing"
        ),
    ] = "fitted"
    start: Annotated[
        dict[str, float],
        told("Values to start from by parameter, in their units; others are found from the data"),
    ] = {}
    fixed: Annotated[dict[str, float], told("Values not to be fitted, by parameter, in their units")] = {}
    bounds: Annotated[
        dict[str, tuple[float, float]], told("Lowest and highest value by parameter, in their units")
    ] = {}
    restarts: Annotated[int, told("Further starts of each fit", ge=0, le=1000)] = 3
    seed: Annotated[Seed, told("Seed of the random starts")] = 0
    scale_covariance: Annotated[bool, told("Scale the covariance by chi^2 per degree of freedom")] = True
    resistances: Annotated[
        dict[str, tuple[str, ...]],
        told(
            "Resistances to turn into conductivities: name -> list of resistors added up. Empty: total, all resistors "
            "of arcs together, and where there are several, each by its own name"
        ),
    ] = {}
    sum_covariance: Annotated[
        bool,
        told("Whether the covariance of added resistors enters the uncertainty of their sum; some programs neglect it"),
    ] = True
    capacitance_uncertainty: Annotated[
        CapacitanceUncertainty, told("covariance, or sum_of_relative as some programs do")
    ] = "covariance"
    compare_circuits: Annotated[
        bool, told("Whether a further arc and a missing electrode element are tried and reported")
    ] = True
    aicc_margin: Annotated[NotNegative, told("By how much AICc must be lower for another circuit to be preferred")] = (
        10.0
    )
    largest_relative_sd: Annotated[
        Positive, told("A resistance more uncertain than this (relative, 1) is not resolved")
    ] = 0.2
    lowest_apex_ratio: Annotated[
        NotNegative,
        told("An arc whose apex lies below this multiple of the lowest kept frequency is not resolved"),
    ] = 1.0
    largest_misfit: Annotated[
        Positive,
        told(
            "A spectrum that a circuit of one's own misses by more (root mean square, relative to |Z|), and by more "
            "than largest_misfit_to_noise allows, is not resolved"
        ),
    ] = 0.05
    largest_misfit_to_noise: Annotated[
        Positive,
        told(
            "A misfit larger than this many times the noise that the Kramers-Kronig test finds, and than 1 %, is none "
            "of it: with auto the spectrum is not resolved, with a circuit of one's own it is doubted"
        ),
    ] = 3.0
    largest_drift: Annotated[
        Positive,
        told(
            "A resistance that moved by more (relative, 1) from the first to the last point of a sweep, by three and a "
            "half standard uncertainties and with nothing but noise left, takes no part in the Arrhenius line"
        ),
    ] = 0.05
    relaxation_penalty: Annotated[
        Positive | None,
        told(
            "Weight of the squared second difference of the distribution of relaxation times, relative to its scale; "
            "null: by generalised cross validation of each spectrum"
        ),
    ] = None
    lowest_arc_exponent: Annotated[Fraction, told("With auto: an arc flatter than this (alpha, 1) is none")] = 0.6
    largest_capacitance: Annotated[
        Positive,
        told("With auto: arcs of a larger capacitance are interfaces, no part of the electrolyte's resistance", "F"),
    ] = 1e-7

    def __post_init__(self) -> None:
        for key in ("start", "fixed", "bounds", "resistances"):
            if self.circuit == AUTOMATIC and getattr(self, key):
                refuse(self, key, "nothing with circuit auto", "setting names parts of a circuit still to be chosen")
