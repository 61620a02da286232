"""From the scatter of counted points to standard deviations and covariance of F(Q) and G(r).

Everything between intensity I on the Q grid and F is linear in small changes:

dF = (D + U V^T) dI,

D diagonal (Q s/<f>^2 and the corrections), U V^T of low rank (the scale, the fluorescence, the polynomial, each of
which feels all points). The covariance of I is a band a few points wide. So that of F is a band and a low-rank part,

Cov F = E + L M L^T,   E = D C D,

and that of G is its sine transform, for which a band needs one Fourier sum per diagonal: no matrix of the size of
the data appears.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from coherion.scattering.pair_distribution import fourier_sums, sine_transform

Array = NDArray[Any]

BLOCK = 48


@dataclass(frozen=True)
class LinearResponse:
    """dF = (D + U V^T) dI.

    Attributes
    ----------
    diagonal
        D, shape (n,).
    left, right
        U and V, shape (n, rank).
    """

    diagonal: Array
    left: Array
    right: Array


@dataclass(frozen=True)
class StructuredCovariance:
    """Covariance E + L M L^T on consecutive grid points.

    Attributes
    ----------
    bands
        E: bands[d, k] = E[k, k + d], shape (width, n); the last d entries of row d are zero.
    left, middle
        L, shape (n, rank), and symmetric M, shape (rank, rank).
    """

    bands: Array
    left: Array
    middle: Array

    @property
    def variance(self) -> Array:
        """Diagonal, shape (n,)."""
        return self.bands[0] + np.einsum("ij,ij->i", self.left @ self.middle, self.left)

    def windowed(self, window: Array) -> StructuredCovariance:
        """Covariance after multiplication with a window, shape (n,)."""
        bands = self.bands.copy()
        for d in range(len(bands)):
            bands[d, : len(window) - d] *= window[: len(window) - d] * window[d:]
        return StructuredCovariance(bands, self.left * window[:, None], self.middle)


def interpolated_covariance(
    index: NDArray[np.intp], weight: Array, sd: Array, ratios: tuple[float, ...], factor: Array | float = 1.0
) -> Array:
    """Bands of the covariance of linearly interpolated points.

    Parameters
    ----------
    index, weight
        Left neighbours and weights of the right ones, shape (n,), of :func:`grids.interpolation`.
    sd
        Stated standard deviations of the raw points.
    ratios
        Covariance of raw points i and i + l in units of sd_i sd_(i+l), for l = 0, 1, ...
    factor
        What each interpolated value is multiplied with, shape (n,) or a number.

    Returns
    -------
    ndarray
        Shape (width, n): the diagonal, then the diagonals above it, ended with zeros.
    """
    n, reach = len(index), len(ratios)
    table = np.zeros(reach + 2)
    table[:reach] = ratios
    left = (1 - weight) * factor * sd[index]
    right = weight * factor * sd[index + 1]
    rows = []
    for d in range(n):
        lag = index[d:] - index[: n - d]
        if d and lag.min() > reach:
            break
        same = table[np.minimum(lag, reach)]
        ahead = table[np.minimum(lag + 1, reach)]
        behind = table[np.minimum(np.abs(lag - 1), reach)]
        left_here, right_here, left_there, right_there = left[: n - d], right[: n - d], left[d:], right[d:]
        row = np.zeros(n)
        row[: n - d] = (
            same * (left_here * left_there + right_here * right_there)
            + ahead * left_here * right_there
            + behind * right_here * left_there
        )
        rows.append(row)
    return np.array(rows)


def added_bands(first: Array, second: Array) -> Array:
    """Sum of two banded covariances of possibly different widths."""
    if len(first) < len(second):
        first, second = second, first
    total = first.copy()
    total[: len(second)] += second
    return total


def banded_product(bands: Array, columns: Array) -> Array:
    """C X for the symmetric band matrix C and X of shape (n, m)."""
    n = len(columns)
    product = bands[0][:, None] * columns
    for d in range(1, len(bands)):
        row = bands[d, : n - d, None]
        product[: n - d] += row * columns[d:]
        product[d:] += row * columns[: n - d]
    return product


def propagate(
    bands: Array, response: LinearResponse, kept: int, *, shifts: Array | None = None
) -> StructuredCovariance:
    """Covariance of the first ``kept`` points of F.

    Parameters
    ----------
    bands
        Covariance of the intensity on the whole grid, shape (width, n).
    response
        How F follows from the intensity.
    kept
        Number of points of F wanted.
    shifts
        Changes of the intensity by one standard deviation of a parameter that all points share (the background
        scale), shape (m, n).

    Returns
    -------
    StructuredCovariance
        With rank 2 rank(U) + m.
    """
    d_kept = response.diagonal[:kept]
    scaled = np.zeros((len(bands), kept))
    for d in range(len(bands)):
        scaled[d, : kept - d] = bands[d, : kept - d] * d_kept[: kept - d] * d_kept[d:]
    moved = banded_product(bands, response.right)
    rank = response.left.shape[1]
    left = [response.left[:kept], d_kept[:, None] * moved[:kept]]
    size = 2 * rank + (0 if shifts is None else len(shifts))
    middle = np.zeros((size, size))
    middle[:rank, :rank] = response.right.T @ moved
    middle[:rank, rank : 2 * rank] = middle[rank : 2 * rank, :rank] = np.eye(rank)
    if shifts is not None:
        changed = shifts * response.diagonal + (shifts @ response.right) @ response.left.T
        left.append(changed[:, :kept].T)
        middle[2 * rank :, 2 * rank :] = np.eye(len(shifts))
    return StructuredCovariance(scaled, np.hstack(left), middle)


def _band_sums(bands: Array, theta: float, count: int, first: float) -> Array:
    """c_d(l) = sum_k E[k, k + d] cos((k + d/2) l theta) for l = 0..count-1, shape (width, count)."""
    sums = fourier_sums(bands, count, theta, first=first)
    half = 0.5 * theta * np.arange(count)
    shift = np.outer(np.arange(len(bands)), half)
    return sums.real * np.cos(shift) - sums.imag * np.sin(shift)


def pdf_covariance(
    covariance: StructuredCovariance, dq: float, first: float, dr: float, count: int
) -> tuple[Array, Array]:
    """Covariance of G at r = dr, 2 dr, ..., count dr, and its variance on a grid four times as fine.

    With c_d of the bands, c_d(l) = sum_k E[k, k + d] cos((k + d/2) l dq dr),

    Cov = (2 dq/pi)^2 sum_d [c_d(i - j) cos(d (i + j) dq dr/2) - c_d(i + j) cos(d (i - j) dq dr/2)],

    d = 0 counted half, plus the low-rank part.

    Parameters
    ----------
    covariance
        Of F on the points k = first, first + 1, ...
    dq, dr
        Steps, 1/angstrom and angstrom.
    count
        Number of distances.

    Returns
    -------
    covariance : ndarray
        Shape (count, count), 1/angstrom^4.
    variance : ndarray
        At r = 0, dr/4, dr/2, ..., count dr, shape (4 count + 1,), 1/angstrom^4.
    """
    theta = dq * dr
    sums = _band_sums(covariance.bands, theta / 2, 4 * count + 1, first)
    low_rank = sine_transform(covariance.left.T, dq, dr / 4, 4 * count + 1, first=first)
    on_grid = low_rank[:, 4::4]
    total = on_grid.T @ (covariance.middle @ on_grid)
    _add_banded(total, sums[:, ::2], theta, (2 / np.pi * dq) ** 2)
    return total, _variance(covariance.middle, sums, low_rank, theta / 4, dq)


def _add_banded(total: Array, sums: Array, theta: float, factor: float) -> None:
    """Add the bands' part: blocks of rows above the diagonal, mirrored; a block fits into the cache."""
    count = len(total)
    cosines = np.cos(0.5 * theta * np.outer(np.arange(len(sums)), np.arange(2 * count + 1)))
    sums = factor * sums
    sums[0] *= 0.5
    toeplitz_sums, hankel_sums = [_toeplitz(row, count) for row in sums], [_hankel(row, count) for row in sums]
    toeplitz_cosines, hankel_cosines = ([view(row, count) for row in cosines] for view in (_toeplitz, _hankel))
    for start in range(0, count, BLOCK):
        rows, columns = slice(start, start + BLOCK), slice(start, count)
        block = toeplitz_sums[0][rows, columns] - hankel_sums[0][rows, columns]
        for d in range(1, len(sums)):
            block += toeplitz_sums[d][rows, columns] * hankel_cosines[d][rows, columns]
            block -= hankel_sums[d][rows, columns] * toeplitz_cosines[d][rows, columns]
        total[rows, columns] += block
        total[start + BLOCK :, rows] += block[:, BLOCK:].T


def pdf_variance(covariance: StructuredCovariance, dq: float, first: float, dr: float, count: int) -> Array:
    """Variance of G at r = 0, dr, ..., (count - 1) dr, 1/angstrom^4: the diagonal of :func:`pdf_covariance`."""
    sums = _band_sums(covariance.bands, 2 * dq * dr, count, first)
    low_rank = sine_transform(covariance.left.T, dq, dr, count, first=first)
    return _variance(covariance.middle, sums, low_rank, dq * dr, dq)


def _variance(middle: Array, sums: Array, low_rank: Array, theta: float, dq: float) -> Array:
    """Diagonal at multiples of a step, from the bands' sums at twice that step."""
    count = sums.shape[1]
    total = 0.5 * (sums[0, 0] - sums[0])
    for d in range(1, len(sums)):
        total += sums[d, 0] * np.cos(d * theta * np.arange(count)) - sums[d]
    total *= (2 / np.pi * dq) ** 2
    return total + np.einsum("ij,ij->j", middle @ low_rank, low_rank)


def _toeplitz(row: Array, count: int) -> Array:
    """View with entries row[|i - j|], i, j = 1..count."""
    mirrored = np.concatenate([row[count - 1 : 0 : -1], row[:count]])
    return sliding_window_view(mirrored, count)[::-1]


def _hankel(row: Array, count: int) -> Array:
    """View with entries row[i + j], i, j = 1..count."""
    return sliding_window_view(row[2 : 2 * count + 1], count)


def interpolated_variance(variance: Array, dr: float, r: Array) -> Array:
    """Variance at r by cubic interpolation of the values at 0, dr, 2 dr, ... (even in r).

    A variance of G holds no frequencies above 2 Q_max; dr well below pi/(2 Q_max) is fine enough.
    """
    position = r / dr
    cell = np.minimum(position.astype(int), len(variance) - 3)
    t = position - cell
    before = variance[np.abs(cell - 1)]
    return (
        before * (-t * (t - 1) * (t - 2) / 6)
        + variance[cell] * ((t + 1) * (t - 1) * (t - 2) / 2)
        + variance[cell + 1] * (-(t + 1) * t * (t - 2) / 2)
        + variance[cell + 2] * ((t + 1) * t * (t - 1) / 6)
    )
