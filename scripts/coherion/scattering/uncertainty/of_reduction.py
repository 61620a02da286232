"""What the scatter of the counts makes of the uncertainties of a reduction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.scattering.grids import QGrid
from coherion.scattering.pair_distribution import sine_transform
from coherion.scattering.structure_factor import over_q
from coherion.scattering.uncertainty.noise import NoiseCorrelation
from coherion.scattering.uncertainty.propagation import (
    StructuredCovariance,
    interpolated_variance,
    pdf_covariance,
    pdf_variance,
)
from coherion.settings.stages.reduction import ReductionSettings

Array = NDArray[Any]


@dataclass(frozen=True)
class Uncertainty:
    """Standard deviations and covariance from the scatter of the counts.

    Attributes
    ----------
    intensity_net_sd, structure_factor_sd, reduced_structure_factor_sd
        Shape of q; units of the values.
    pdf_sd
        Shape of r, 1/angstrom^2.
    r_nyquist
        Multiples of pi/qmax between rmin and rmax, angstrom, shape (m,).
    pdf_nyquist
        G there, by Fourier sum, shape (m,), 1/angstrom^2. It goes with the covariance: linear interpolation of
        ``pdf``, harmless otherwise, is not small beside the least uncertain combinations of these points.
    pdf_covariance
        Covariance of pdf_nyquist, shape (m, m), 1/angstrom^4.
    sample_noise, background_noise
        How points scatter and correlate; None without background.
    """

    intensity_net_sd: Array
    structure_factor_sd: Array
    reduced_structure_factor_sd: Array
    pdf_sd: Array
    r_nyquist: Array
    pdf_nyquist: Array
    pdf_covariance: Array
    sample_noise: NoiseCorrelation
    background_noise: NoiseCorrelation | None


def uncertainty_of(
    covariance: StructuredCovariance,
    bands: Array,
    reduced: Array,
    window: Array | None,
    grid: QGrid,
    r: Array,
    settings: ReductionSettings,
    noises: tuple[NoiseCorrelation, NoiseCorrelation | None],
) -> Uncertainty:
    """Standard deviations on the grids of the result and the covariance of G on the Nyquist grid."""
    kept = len(reduced)
    reduced_sd = np.sqrt(np.maximum(covariance.variance, 0))
    if window is not None:
        covariance = covariance.windowed(window)
        reduced = reduced * window
    spacing = np.pi / settings.highest_q
    count = int(np.floor(settings.rmax / spacing + 1e-9))
    lowest = int(np.ceil(max(settings.rmin, spacing) / spacing - 1e-9))
    of_pdf, coarse = pdf_covariance(covariance, grid.dq, grid.first, spacing, count + 2)
    # Near r = 0, where the polynomial takes the noise out, the variance varies steeply; further out it is smooth.
    fine = spacing / 24
    near = r < 12 * spacing
    of_near = pdf_variance(covariance, grid.dq, grid.first, fine, 12 * 24 + 3)
    variance = np.empty_like(r)
    variance[near] = interpolated_variance(of_near, fine, r[near])
    variance[~near] = interpolated_variance(coarse, spacing / 4, r[~near])
    chosen = slice(lowest - 1, count)
    on_nyquist = sine_transform(reduced, grid.dq, spacing, count + 1, first=grid.first)[1:]
    return Uncertainty(
        intensity_net_sd=np.sqrt(bands[0, :kept]),
        structure_factor_sd=over_q(reduced_sd, grid.q[:kept]),
        reduced_structure_factor_sd=reduced_sd,
        # Where the polynomial leaves less noise than rounding does, the sd must still be above 0 for its readers.
        pdf_sd=np.sqrt(np.where(r > 0, np.maximum(variance, 1e-12 * variance.max()), 0.0)),
        r_nyquist=spacing * np.arange(lowest, count + 1),
        pdf_nyquist=on_nyquist[chosen],
        pdf_covariance=of_pdf[chosen, chosen],
        sample_noise=noises[0],
        background_noise=noises[1],
    )
