"""A reduction on arrays, step by step: two patterns over Q, net intensity, scale, F(Q), G(r), uncertainties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.scattering.corrections.background import NO_BACKGROUND, BackgroundScale
from coherion.scattering.corrections.laboratory import Corrections, corrections_for
from coherion.scattering.grids import QGrid, grid_of_data, uniform_grid
from coherion.scattering.net_intensity import net_intensity
from coherion.scattering.normalisation import Normalisation, normalise
from coherion.scattering.pair_distribution import lorch_window, on_multiples, pair_distribution, r_grid
from coherion.scattering.pattern import Pattern
from coherion.scattering.structure_factor import over_q, reduced_structure_factor, response
from coherion.scattering.uncertainty.noise import noise_of
from coherion.scattering.uncertainty.of_reduction import Uncertainty, uncertainty_of
from coherion.scattering.uncertainty.propagation import propagate
from coherion.settings.stages.reduction import ReductionSettings

Array = NDArray[Any]


@dataclass(frozen=True)
class Reduction:
    """What one reduction gives; arrays on the Q grid have the shape of q, those on the r grid that of r.

    Attributes
    ----------
    q
        Uniform grid, 1/angstrom, from qmin to qmax.
    intensity, background, intensity_net
        Sample and scaled background as measured, and what is left with all corrections; units of the scan.
    structure_factor, reduced_structure_factor
        S, dimensionless, and F, 1/angstrom, after the polynomial.
    r, pdf
        Grid in angstrom, and G(r) in 1/angstrom^2.
    polynomial
        B(Q), what the polynomial took out of F, 1/angstrom.
    normalisation
        Scale to electron units and fluorescence.
    background_scales
        Scale of each background, its standard deviation and its reason.
    corrections
        Factors used, on the whole grid.
    uncertainty
        None where none was asked for.
    """

    q: Array
    intensity: Array
    background: Array
    intensity_net: Array
    structure_factor: Array
    reduced_structure_factor: Array
    r: Array
    pdf: Array
    polynomial: Array
    normalisation: Normalisation
    background_scales: tuple[BackgroundScale, ...]
    corrections: Corrections
    uncertainty: Uncertainty | None

    @property
    def background_scale(self) -> BackgroundScale:
        """Of the first background."""
        return self.background_scales[0] if self.background_scales else NO_BACKGROUND

    @property
    def structure_factor_least(self) -> Array:
        """1 - <f^2>/<f>^2, what S is where nothing is scattered: far below zero where atoms differ much."""
        averages = self.corrections.averages
        return (1 - averages.square_mean / averages.mean_squared)[: len(self.q)]

    @property
    def polynomial_share(self) -> float:
        """Root mean square of B over that of F + B: how much of the pattern the corrections left to the polynomial."""
        whole = self.reduced_structure_factor + self.polynomial
        return float(np.linalg.norm(self.polynomial) / np.linalg.norm(whole))


def reduce_pattern(sample: Pattern, backgrounds: Sequence[Pattern], settings: ReductionSettings) -> Reduction:
    """Reduce one pattern.

    Parameters
    ----------
    sample, backgrounds
        Checked patterns over Q; the backgrounds cover the sample.
    settings
        What to do.

    Raises
    ------
    InputError
        If a correction lacks what it needs, or the backgrounds exceed the sample.
    """
    grid = grid_of(sample, settings)
    corrections = corrections_for(settings, grid, sample.wavelength)
    noises = noise_of(sample, backgrounds[0] if backgrounds else None, settings)
    intensity = net_intensity(sample, backgrounds, grid.q, corrections, noises[0], settings)
    normalisation = normalise(intensity.net, grid.q, corrections, settings)
    factor = reduced_structure_factor(intensity.net, grid, corrections, normalisation, settings.rpoly)

    kept = grid.up_to(settings.highest_q)
    q, reduced = grid.q[:kept], factor.values[:kept]
    window = lorch_window(q, settings.qmin, settings.highest_q) if settings.lorch else None
    r = r_grid(settings)
    uncertainty = None
    if settings.covariance:
        others = (noise_of(sample, one, settings)[1] for one in backgrounds[1:])
        bands, shifts = intensity.covariance([one for one in (*noises, *others) if one is not None])
        linear = response(intensity.net, grid, corrections, normalisation, factor)
        covariance = propagate(bands, linear, kept, shifts=shifts)
        uncertainty = uncertainty_of(covariance, bands, reduced, window, grid, r, settings, noises)
    known = reduced
    if not grid.on_multiples:
        # PDFgetX3 1.x ends with the last datum, xPDFsuite between it and the next.
        known = reduced if procedure_of(sample, settings) == "pdfgetx3-1" else factor.values
        known, grid = on_multiples(known, grid, settings.qmin, settings.highest_q)
        window = lorch_window(grid.q, settings.qmin, settings.highest_q) if settings.lorch else None
    return Reduction(
        q=q,
        intensity=intensity.sample.measured[:kept],
        background=intensity.scaled_background[:kept],
        intensity_net=intensity.net[:kept],
        # At Q = 0 the fraction has no value; 1 there keeps F = Q (S - 1) true.
        structure_factor=1 + over_q(reduced, q),
        reduced_structure_factor=reduced,
        r=r,
        pdf=pair_distribution(known if window is None else known * window, grid, r, settings.rstep),
        polynomial=factor.polynomial[:kept],
        normalisation=normalisation,
        background_scales=tuple(intensity.scales),
        corrections=corrections,
        uncertainty=uncertainty,
    )


def procedure_of(sample: Pattern, settings: ReductionSettings) -> str:
    """Whose steps are followed: the settings', or those of the program that the abscissa is usual with."""
    if settings.procedure != "auto":
        return settings.procedure
    return "xpdfsuite" if sample.abscissa == "q" else "pdfgetx3"


def grid_of(sample: Pattern, settings: ReductionSettings) -> QGrid:
    """The grid on which intensity is brought to F(Q), by the procedure's rule."""
    qmaxinst = sample.upper_limit(settings.qmaxinst)
    if procedure_of(sample, settings) == "pdfgetx3":
        # PDFgetX3 holds the intensity constant from the data down to qmin. Beyond a step that is a guess, and made
        # only where it is asked for by name.
        near = sample.q[0] - settings.qmin <= sample.step or settings.procedure == "pdfgetx3"
        return uniform_grid(sample.q, settings.qmin, qmaxinst, extended=near and not settings.corrections)
    return grid_of_data(sample.q, settings.qmin, qmaxinst)
