"""The corrected intensity without the background on the uniform Q grid, and its covariance from the counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.scattering.corrections.background import (
    BackgroundScale,
    background_scales,
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
    """What the sample scatters: corrected intensity of the sample less the scaled ones of the backgrounds.

    q, net
        1/angstrom, and in units of the scan, shape (n,).
    sample, backgrounds
        On the grid.
    scales, scale_covariance
        Of the backgrounds, and shape (k, k).
    """

    q: Array
    net: Array
    sample: OnGrid
    backgrounds: Sequence[OnGrid]
    scales: Sequence[BackgroundScale]
    scale_covariance: Array

    @property
    def scaled_background(self) -> Array:
        """Backgrounds as measured times their scales, shape (n,)."""
        made = np.zeros_like(self.q)
        for scale, one in zip(self.scales, self.backgrounds, strict=True):
            made = made + scale.value * one.measured
        return made

    def covariance(self, noises: Sequence[NoiseCorrelation]) -> tuple[Array, Array | None]:
        """Bands (width, n) of the counts, and the changes by one standard deviation of the scales, (k, n) or None.

        ``noises`` are those of the sample and of each background.
        """
        bands = self.sample.bands(noises[0])
        for noise, scale, one in zip(noises[1:], self.scales, self.backgrounds, strict=True):
            bands = added_bands(bands, one.bands(noise, scale.value))
        values, directions = np.linalg.eigh(self.scale_covariance)
        if not self.backgrounds or values[-1] <= 0:
            return bands, None
        kept = values > 1e-12 * values[-1]
        roots = (directions[:, kept] * np.sqrt(values[kept])).T
        return bands, roots @ np.array([one.corrected for one in self.backgrounds])


def on_grid(pattern: Pattern, q: Array, factor: Array) -> OnGrid:
    """A pattern interpolated to Q (1/angstrom, shape (n,)) and multiplied by its corrections, shape (n,)."""
    neighbours = interpolation(q, pattern.q)
    measured = pattern.at(*neighbours)
    return OnGrid(pattern, neighbours, measured, factor, measured * factor)


def net_intensity(
    sample: Pattern,
    backgrounds: Sequence[Pattern],
    q: Array,
    corrections: Corrections,
    noise: NoiseCorrelation,
    settings: ReductionSettings,
) -> NetIntensity:
    """Correct all patterns and subtract the backgrounds.

    Parameters
    ----------
    sample, backgrounds
        Checked patterns; the backgrounds cover the sample.
    q
        Uniform grid, 1/angstrom, shape (n,).
    noise
        Of the sample: what its standard deviations are worth.

    Raises
    ------
    InputError
        If a background's scale needs a counting time that is not known.
    """
    full = on_grid(sample, q, corrections.sample_factor)
    if not backgrounds:
        return NetIntensity(q, full.corrected, full, (), (), np.zeros((0, 0)))
    empty = [on_grid(one, q, corrections.background_factor) for one in backgrounds]
    sd = sample.sd_at(*full.neighbours) * full.factor * np.sqrt(noise.ratios[0])
    corrected = [full.corrected, *(one.corrected for one in empty)]
    scales, covariance = background_scales(settings, (sample, *backgrounds), corrected, sd, q, corrections, noise.total)
    subtracted = scales[0].value * empty[0].corrected
    for scale, one in zip(scales[1:], empty[1:], strict=True):
        subtracted = subtracted + scale.value * one.corrected
    net = full.corrected - subtracted
    warn_if_brighter(net, full.corrected, subtracted, sd, q)
    return NetIntensity(q, net, full, empty, scales, covariance)
