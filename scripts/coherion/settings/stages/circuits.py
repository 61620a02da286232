"""Equivalent circuits: how spectra are fitted, and when a resistance counts as resolved."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from coherion.settings.model import NotNegative, Positive, Seed, Settings, told

Weights = Literal["modulus", "proportional", "unit"]
CapacitanceUncertainty = Literal["covariance", "sum_of_relative"]
WEIGHTS: tuple[str, ...] = get_args(Weights)
UNCERTAINTIES: tuple[str, ...] = get_args(CapacitanceUncertainty)


class CircuitSettings(Settings, frozen=True, kw_only=True):
    """Equivalent circuits; the paper's circuit is the default; docs/method-impedance.md"""

    circuit: Annotated[str, told("Circuit in impedance.py's notation")] = "p(R1,CPE1)-CPE2"
    weights: Annotated[Weights, told("What a point's residual is divided by: |Z|, its parts, or nothing")] = "modulus"
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
        told("A spectrum that the circuit misses by more (root mean square, relative to |Z|) is not resolved"),
    ] = 0.05
