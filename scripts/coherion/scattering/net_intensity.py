"""The corrected intensity without the background on the uniform Q grid, and its covariance from the counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.scattering.corrections.background import (
    NO_BACKGROUND,
    BackgroundScale,
    background_scale,
    warn_if_brighter,
)
from coherion.scattering.corrections.laboratory import Corrections
from coherion.scattering.grids import interpolation
from coherion.scattering.pattern import Pattern
from coherion.scattering.uncertainty.noise import NoiseCorrelation
from coherion.scattering.uncertainty.propagation import added_bands, interpolated_covariance
from coherion.settings.stages.reduction import ReductionSettings

Array = NDArray[Any]


@dataclass(frozen=True)
class OnGrid:
    """A pattern on the Q grid.

    neighbours
        Left neighbours and weights of the right ones in the pattern, each of shape (n,).
    measured, corrected
        Interpolated intensity, and times ``factor``, the corrections; shape (n,).
    """

    pattern: Pattern
    neighbours: tuple[NDArray[np.intp], Array]
    measured: Array
    factor: Array
    corrected: Array

    def bands(self, noise: NoiseCorrelation, scale: float = 1.0) -> Array:
        """Bands of the covariance of ``scale`` times the corrected intensity, shape (width, n)."""
        sd = self.pattern.intensity_sd
        return interpolated_covariance(*self.neighbours, sd, noise.ratios, scale * self.factor)


@dataclass(frozen=True)
class NetIntensity:
    """What the sample scatters: corrected intensity of the sample less the scaled one of the background.

    q, net
        1/angstrom, and in units of the scan, shape (n,).
    sample, background
        On the grid; no background is None.
    scale
        Of the background.
    """

    q: Array
    net: Array
    sample: OnGrid
    background: OnGrid | None
    scale: BackgroundScale

    @property
    def scaled_background(self) -> Array:
        """Background as measured times its scale, shape (n,)."""
        return np.zeros_like(self.q) if self.background is None else self.scale.value * self.background.measured

    def covariance(self, noises: tuple[NoiseCorrelation, NoiseCorrelation | None]) -> tuple[Array, Array | None]:
        """Bands (width, n) of the counts, and the change by one standard deviation of the scale, (1, n) or None."""
        bands = self.sample.bands(noises[0])
        if self.background is None or noises[1] is None:
            return bands, None
        bands = added_bands(bands, self.background.bands(noises[1], self.scale.value))
        return bands, self.scale.sd * self.background.corrected[None, :] if self.scale.sd > 0 else None


def on_grid(pattern: Pattern, q: Array, factor: Array) -> OnGrid:
    """A pattern interpolated to Q (1/angstrom, shape (n,)) and multiplied by its corrections, shape (n,)."""
    neighbours = interpolation(q, pattern.q)
    measured = pattern.at(*neighbours)
    return OnGrid(pattern, neighbours, measured, factor, measured * factor)


def net_intensity(
    sample: Pattern,
    background: Pattern | None,
    q: Array,
    corrections: Corrections,
    noise: NoiseCorrelation,
    settings: ReductionSettings,
) -> NetIntensity:
    """Correct both patterns and subtract the background.

    Parameters
    ----------
    sample, background
        Checked patterns; the background covers the sample.
    q
        Uniform grid, 1/angstrom, shape (n,).
    noise
        Of the sample: what its standard deviations are worth.

    Raises
    ------
    InputError
        If the background's scale needs a counting time that is not known.
    """
    full = on_grid(sample, q, corrections.sample_factor)
    if background is None:
        return NetIntensity(q, full.corrected, full, None, NO_BACKGROUND)
    empty = on_grid(background, q, corrections.background_factor)
    sd = sample.sd_at(*full.neighbours) * full.factor * np.sqrt(noise.ratios[0])
    both = full.corrected, empty.corrected
    scale = background_scale(settings, (sample, background), both, sd, q, corrections, noise.total)
    subtracted = scale.value * empty.corrected
    net = full.corrected - subtracted
    warn_if_brighter(net, full.corrected, subtracted, sd, q)
    return NetIntensity(q, net, full, empty, scale)
