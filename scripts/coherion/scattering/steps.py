"""The steps of a reduction on arrays, from two patterns over Q to F(Q), G(r) and their covariance."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.errors import InputError
from coherion.messages import warn
from coherion.scattering.composition import parse_formula
from coherion.scattering.corrections.background import BackgroundScale, estimated_scale, warn_if_brighter
from coherion.scattering.corrections.laboratory import Corrections, corrections_for
from coherion.scattering.form_factors import FormFactorAverages
from coherion.scattering.grids import QGrid, interpolation, polynomial_basis, uniform_grid
from coherion.scattering.normalisation import Normalisation, least_squares, sum_rule
from coherion.scattering.pair_distribution import sine_transform
from coherion.scattering.pattern import Pattern
from coherion.scattering.settings import ReductionSettings
from coherion.scattering.uncertainty.noise import INDEPENDENT, SMOOTH, NoiseCorrelation, measured_correlation
from coherion.scattering.uncertainty.propagation import (
    LinearResponse,
    StructuredCovariance,
    added_bands,
    interpolated_covariance,
    interpolated_variance,
    pdf_covariance,
    pdf_variance,
    propagate,
)

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
    background_scale
        Scale, its standard deviation and its reason.
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
    background_scale: BackgroundScale
    corrections: Corrections
    uncertainty: Uncertainty | None

    @property
    def polynomial_share(self) -> float:
        """Root mean square of B over that of F + B: how much of the pattern the corrections left to the polynomial."""
        whole = self.reduced_structure_factor + self.polynomial
        return float(np.linalg.norm(self.polynomial) / np.linalg.norm(whole))


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


def structure_factor(intensity: Array, averages: FormFactorAverages) -> Array:
    """S = [I - (<f^2> - <f>^2)]/<f>^2 of intensities in electrons^2 per atom, shape (n,)."""
    return (intensity - averages.square_mean) / averages.mean_squared + 1


def polynomial_weights(degree: float) -> Array:
    """Weights of the orthonormal polynomials for a fractional degree.

    The correction is (1 - w) B_n + w B_(n+1), w the fraction of the degree; in an orthonormal basis of nested
    spaces this is weight 1 for the first n and w for the next.
    """
    whole = int(np.floor(degree))
    weights = np.ones(whole + 1)
    weights[-1] = degree - whole
    return weights if weights[-1] > 0 else weights[:-1]


def lorch_window(q: Array, qmin: float, qmax: float) -> Array:
    """sin(pi x)/(pi x), x = (Q - qmin)/(qmax - qmin): Lorch, J. Phys. C 2 (1969) 229, as PDFgetX3 2.4 has it."""
    return np.asarray(np.sinc((q - qmin) / (qmax - qmin)), dtype=float)


def fourier_step(dq: float, rstep: float) -> float:
    """Step in r of PDFgetX3's Fourier transform: pi/(N dq), N the smallest power of two not coarser than rstep."""
    exponent = max(int(np.ceil(np.log2(np.pi / (dq * rstep)) - 1e-12)), 0)
    return float(np.pi / (2**exponent * dq))


def pair_distribution(reduced: Array, grid: QGrid, r: Array, rstep: float) -> Array:
    """G(r) as PDFgetX3 computes it: Fourier sum on a grid of its own, linear interpolation to r.

    Parameters
    ----------
    reduced
        F at the grid's first points, windowed, 1/angstrom, shape (m,); what is missing counts as zero.
    grid
        Grid of F.
    r
        Where G is wanted, angstrom, shape (p,).
    rstep
        Step that decides the transform's grid, angstrom.

    Returns
    -------
    ndarray
        G in 1/angstrom^2, shape (p,).
    """
    dr = fourier_step(grid.dq, rstep)
    count = int(np.ceil(r[-1] / dr)) + 2
    transformed = sine_transform(reduced, grid.dq, dr, count, first=grid.first)
    return np.interp(r, np.arange(count) * dr, transformed)


def r_grid(settings: ReductionSettings) -> Array:
    """rmin, rmin + rstep, ... up to rmax, angstrom."""
    count = int(np.floor((settings.rmax - settings.rmin) / settings.rstep + 1e-6)) + 1
    return settings.rmin + np.arange(count) * settings.rstep


def reduce_pattern(sample: Pattern, background: Pattern | None, settings: ReductionSettings) -> Reduction:
    """Reduce one pattern.

    Parameters
    ----------
    sample, background
        Checked patterns over Q; the background covers the sample.
    settings
        What to do.

    Returns
    -------
    Reduction

    Raises
    ------
    InputError
        If a correction lacks what it needs, or the background exceeds the sample.
    """
    grid = uniform_grid(sample.q, settings.qmin, sample.upper_limit(settings.qmaxinst))
    q = grid.q
    corrections = corrections_for(settings, grid, sample.wavelength)
    neighbours = interpolation(q, sample.q)
    intensity = sample.at(*neighbours)
    corrected = intensity * corrections.sample_factor
    noises = noise_of(sample, background, settings)
    scale = BackgroundScale(0.0, 0.0, "no background")
    measured_background = corrected_background = np.zeros(len(q))
    if background is not None:
        same_grid = np.array_equal(background.q, sample.q)
        background_neighbours = neighbours if same_grid else interpolation(q, background.q)
        measured_background = background.at(*background_neighbours)
        corrected_background = measured_background * corrections.background_factor
        sd = sample.sd_at(*neighbours) * corrections.sample_factor * np.sqrt(noises[0].ratios[0])
        scale = _background_scale(
            settings, sample, background, corrected, corrected_background, sd, q, corrections, noises[0]
        )
        warn_if_brighter(
            corrected - scale.value * corrected_background, corrected, scale.value * corrected_background, sd, q
        )
    net = corrected - scale.value * corrected_background
    normalisation = _normalise(net, q, corrections, settings)
    coherent = normalisation.scale * (net - normalisation.fluorescence * corrections.sample_factor)
    measured = q * (structure_factor(coherent - corrections.compton, corrections.averages) - 1)
    weights = polynomial_weights(settings.rpoly * (grid.last - grid.first) * grid.dq / np.pi)
    basis = polynomial_basis(grid.first, grid.last, len(weights))
    polynomial = basis @ (weights * (measured @ basis))

    kept = int(np.floor(min(settings.qmax, q[-1]) / grid.dq + 1e-9)) - grid.first + 1
    reduced = (measured - polynomial)[:kept]
    window = lorch_window(q[:kept], settings.qmin, settings.qmax) if settings.lorch else None
    r = r_grid(settings)
    uncertainty = None
    if settings.covariance:
        bands = interpolated_covariance(*neighbours, sample.intensity_sd, noises[0].ratios, corrections.sample_factor)
        shifts = None
        if background is not None:
            assert noises[1] is not None
            factor = scale.value * corrections.background_factor
            ratios = noises[1].ratios
            bands = added_bands(
                bands,
                interpolated_covariance(*background_neighbours, background.intensity_sd, ratios, factor),
            )
            if scale.sd > 0:
                shifts = scale.sd * corrected_background[None, :]
        response = _response(q, net, corrections, normalisation, basis, weights)
        covariance = propagate(bands, response, kept, shifts=shifts)
        uncertainty = _uncertainty(covariance, bands, reduced, window, grid, r, settings, noises)
    return Reduction(
        q=q[:kept],
        intensity=intensity[:kept],
        background=scale.value * measured_background[:kept],
        intensity_net=net[:kept],
        # At Q = 0 the fraction has no value; 1 there keeps F = Q (S - 1) true.
        structure_factor=1 + _over_q(reduced, q[:kept]),
        reduced_structure_factor=reduced,
        r=r,
        pdf=pair_distribution(reduced if window is None else reduced * window, grid, r, settings.rstep),
        polynomial=polynomial[:kept],
        normalisation=normalisation,
        background_scale=scale,
        corrections=corrections,
        uncertainty=uncertainty,
    )


def _over_q(values: Array, q: Array) -> Array:
    return np.divide(values, q, out=np.zeros_like(q), where=q > 0)


def noise_of(
    sample: Pattern, background: Pattern | None, settings: ReductionSettings
) -> tuple[NoiseCorrelation, NoiseCorrelation | None]:
    """How the points of sample and background scatter about their means, and together.

    Counts of one detector on one grid correlate alike, so the background, smooth over all its range, tells of
    both. Other intensities have standard deviations of their own making, and each scan tells of itself.
    """
    if settings.noise_correlation == "none" or not settings.covariance:
        noise = INDEPENDENT
        return noise, None if background is None else noise
    if background is None:
        return _measured(sample), None
    empty = _measured(background)
    alike = sample.kind != "arbitrary" and abs(background.step / sample.step - 1) < 1e-2
    if alike and empty.smooth >= SMOOTH:
        return empty, empty
    filled = _measured(sample)
    if alike:
        best = max(filled, empty, key=lambda noise: noise.smooth)
        return best, best
    return filled, empty


def _measured(pattern: Pattern) -> NoiseCorrelation:
    found = measured_correlation(pattern.intensity, pattern.intensity_sd)
    if not found.windows and not pattern.stated:
        warn(
            f"{pattern.name} states no standard deviations and has too few smooth regions to measure them: "
            "intensities are taken for counts"
        )
    return found


def _background_scale(
    settings: ReductionSettings,
    sample: Pattern,
    background: Pattern,
    corrected: Array,
    corrected_background: Array,
    sd: Array,
    q: Array,
    corrections: Corrections,
    noise: NoiseCorrelation,
) -> BackgroundScale:
    """The scale as the settings want it."""
    wanted = settings.background_scale
    if wanted == "estimate":
        incoherent = corrections.compton
        if not incoherent.any():
            from coherion.scattering.corrections.compton import compton_intensity

            # Without a wavelength the recoil, a few per cent of it, is left out.
            wavelength = sample.wavelength or 1e-6
            incoherent = compton_intensity(parse_formula(settings.composition), q, wavelength)
        return estimated_scale(
            corrected, corrected_background, sd, q, corrections.averages, incoherent, noise_total=noise.total
        )
    if wanted == "time":
        times = sample.time_per_point, background.time_per_point
        if times[0] is None or times[1] is None:
            raise InputError(
                "background_scale is time, but a counting time is not known",
                place=f"{sample.name if times[0] is None else background.name}, key background_scale",
                advice="state time_per_point in the table or give the scale",
            )
        if sample.kind != "counts":
            return BackgroundScale(1.0, 0.0, "counting rates need no scale for the time")
        return BackgroundScale(times[0] / times[1], 0.0, f"counting times {times[0]:g} s and {times[1]:g} s")
    return BackgroundScale(float(wanted), 0.0, "given")


def _normalise(net: Array, q: Array, corrections: Corrections, settings: ReductionSettings) -> Normalisation:
    """PDFgetX3's scale, or the absolute one where something of absolute size is subtracted."""
    wanted = settings.corrections
    if "compton" not in wanted and "fluorescence" not in wanted:
        return least_squares(net, corrections.averages)
    given = "fluorescence" in wanted and not isinstance(settings.fluorescence, str)
    constant = float(settings.fluorescence) if given else 0.0
    found = sum_rule(
        net - constant * corrections.sample_factor,
        corrections.averages,
        corrections.compton,
        q,
        fluorescence_shape=corrections.sample_factor if "fluorescence" in wanted and not given else None,
        number_density=corrections.number_density,
    )
    return replace(found, fluorescence=constant) if given else found


def _response(
    q: Array,
    net: Array,
    corrections: Corrections,
    normalisation: Normalisation,
    basis: Array,
    weights: Array,
) -> LinearResponse:
    """How F follows from the net intensity: its own point, the scale, the fluorescence, the polynomial."""
    per_intensity = q / corrections.averages.mean_squared
    diagonal = normalisation.scale * per_intensity
    shape = corrections.sample_factor
    left = [per_intensity * (net - normalisation.fluorescence * shape)]
    right = [normalisation.scale_response]
    if normalisation.fluorescence_response.any():
        left.append(-diagonal * shape)
        right.append(normalisation.fluorescence_response)
    columns = np.column_stack(left)
    columns -= basis @ (weights[:, None] * (basis.T @ columns))
    return LinearResponse(
        diagonal,
        np.hstack([columns, -basis * weights]),
        np.hstack([np.column_stack(right), basis * diagonal[:, None]]),
    )


def _uncertainty(
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
    spacing = np.pi / settings.qmax
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
        structure_factor_sd=_over_q(reduced_sd, grid.q[:kept]),
        reduced_structure_factor_sd=reduced_sd,
        # Where the polynomial leaves less noise than rounding does, the sd must still be above 0 for its readers.
        pdf_sd=np.sqrt(np.where(r > 0, np.maximum(variance, 1e-12 * variance.max()), 0.0)),
        r_nyquist=spacing * np.arange(lowest, count + 1),
        pdf_nyquist=on_nyquist[chosen],
        pdf_covariance=of_pdf[chosen, chosen],
        sample_noise=noises[0],
        background_noise=noises[1],
    )
