"""S(Q) and F(Q) from the net intensity, without the polynomial that stands for what the corrections leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.scattering.corrections.laboratory import Corrections
from coherion.scattering.form_factors import FormFactorAverages
from coherion.scattering.grids import QGrid, polynomial_basis
from coherion.scattering.normalisation import Normalisation
from coherion.scattering.uncertainty.propagation import LinearResponse

Array = NDArray[Any]


@dataclass(frozen=True)
class ReducedStructureFactor:
    """F(Q) and what it was made with; arrays over the whole grid, shape (n,).

    values, polynomial
        F after, and B(Q), what the polynomial took out, 1/angstrom.
    basis, weights
        Orthonormal polynomials, shape (n, degree), and how much of each is taken out.
    """

    values: Array
    polynomial: Array
    basis: Array
    weights: Array


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


def reduced_structure_factor(
    net: Array, grid: QGrid, corrections: Corrections, normalisation: Normalisation, rpoly: float
) -> ReducedStructureFactor:
    """F = Q (S - 1) of a net intensity, shape (n,), less the polynomial of degree rpoly (Q_max - Q_min)/pi.

    Parameters
    ----------
    net
        Corrected intensity without background, in units of the scan, shape (n,).
    grid
        Its Q.
    rpoly
        Below this distance, angstrom, the polynomial takes everything out of G(r).
    """
    coherent = normalisation.scale * (net - normalisation.fluorescence * corrections.sample_factor)
    measured = grid.q * (structure_factor(coherent - corrections.compton, corrections.averages) - 1)
    weights = polynomial_weights(rpoly * (grid.last - grid.first) * grid.dq / np.pi)
    basis = polynomial_basis(grid.first, grid.last, len(weights))
    polynomial = basis @ (weights * (measured @ basis))
    return ReducedStructureFactor(measured - polynomial, polynomial, basis, weights)


def response(
    net: Array, grid: QGrid, corrections: Corrections, normalisation: Normalisation, found: ReducedStructureFactor
) -> LinearResponse:
    """How F follows from the net intensity: its own point, the scale, the fluorescence, the polynomial."""
    basis, weights = found.basis, found.weights
    per_intensity = grid.q / corrections.averages.mean_squared
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


def over_q(values: Array, q: Array) -> Array:
    """values/Q, zero at Q = 0, shape (n,)."""
    return np.divide(values, q, out=np.zeros_like(q), where=q > 0)
