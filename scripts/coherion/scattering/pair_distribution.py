"""G(r) from F(Q): PDFgetX3's transform, by Fourier sums on grids of one's own choice.

Bluestein's algorithm (L. I. Bluestein, IEEE Trans. Audio Electroacoust. 18 (1970) 451) gives
sum_k x_k exp(i k m theta) for m = 0..M-1 and any theta with three short FFTs. G(r) to 100 angstrom on
PDFgetX3's grid needs M = 12,000 of the 260,000 values that the full FFT would compute.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coherion.scattering.grids import QGrid
from coherion.settings.stages.reduction import ReductionSettings

Array = NDArray[Any]


def _fast_length(n: int) -> int:
    """Smallest 2^a 3^b 5^c >= n, a length the FFT is fast at."""
    best = 1 << (n - 1).bit_length()
    five = 1
    while five < best:
        three = five
        while three < best:
            quotient = -(-n // three)
            candidate = three << max((quotient - 1).bit_length(), 0)
            if n <= candidate < best:
                best = candidate
            three *= 3
        five *= 5
    return best


@lru_cache(maxsize=16)
def _chirp(n: int, m: int, theta: float) -> tuple[NDArray[np.complex128], NDArray[np.complex128], int]:
    """exp(i j^2 theta/2) for j < max(n, m), and the FFT of the conjugate chirp over -(n-1)..m-1."""
    j = np.arange(max(n, m), dtype=float)
    chirp = np.exp(0.5j * theta * j * j)
    length = _fast_length(n + m - 1)
    kernel = np.zeros(length, dtype=complex)
    kernel[:m] = chirp[:m].conj()
    if n > 1:
        kernel[length - n + 1 :] = chirp[1:n][::-1].conj()
    return chirp, np.fft.fft(kernel), length


def fourier_sums(values: NDArray[np.float64], m: int, theta: float, *, first: float = 0) -> NDArray[np.complex128]:
    """sum_k x_k exp(i k l theta) for l = 0..m-1.

    Parameters
    ----------
    values
        x_k for k = first, first + 1, ..., real, shape (..., n).
    m
        Number of sums.
    theta
        Angle step in radians.
    first
        k of the first value; its fraction is that of all.

    Returns
    -------
    ndarray
        Complex, shape (..., m).
    """
    n = values.shape[-1]
    if values.ndim == 2 and len(values) > 1:
        return _pairs(values, m, theta, first)
    chirp, kernel, length = _chirp(n, m, theta)
    spectrum = np.fft.fft(values * chirp[:n], length, axis=-1)
    spectrum *= kernel
    sums = np.fft.ifft(spectrum, axis=-1)[..., :m]
    sums *= chirp[:m]
    if first:
        sums *= _phase(first, m, theta)
    return sums


@lru_cache(maxsize=16)
def _phase(first: float, m: int, theta: float) -> NDArray[np.complex128]:
    return np.exp(1j * theta * first * np.arange(m))


@lru_cache(maxsize=16)
def _start(n: int, m: int, theta: float, first: float) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Factors before and after the transform that begin its output at l = -(m - 1)."""
    chirp = _chirp(n, 2 * m - 1, theta)[0]
    before = chirp[:n] * np.exp(-1j * theta * (m - 1) * np.arange(n))
    after = chirp[: 2 * m - 1] * np.exp(1j * theta * first * np.arange(1 - m, m))
    return before, after


def _pairs(values: NDArray[np.float64], m: int, theta: float, first: float) -> NDArray[np.complex128]:
    """Two real rows in one complex transform: C(l) = A(l) + i B(l), and A(-l), B(-l) are conjugates."""
    rows, n = values.shape
    half = (rows + 1) // 2
    _, kernel, length = _chirp(n, 2 * m - 1, theta)
    before, after = _start(n, m, theta, first)
    # Rows of one size: the rounding of the larger would spoil the smaller.
    sizes = np.abs(values).max(axis=1, keepdims=True)
    sizes[sizes == 0] = 1.0
    values = values / sizes
    packed = np.zeros((half, n), dtype=complex)
    packed.real = values[:half]
    packed.imag[: rows - half] = values[half:]
    packed *= before
    spectrum = np.fft.fft(packed, length, axis=-1)
    spectrum *= kernel
    both = np.fft.ifft(spectrum, axis=-1)[:, : 2 * m - 1]
    both *= after
    forward, mirrored = both[:, m - 1 :], both[:, m - 1 :: -1].conj()
    sums = np.empty((rows, m), dtype=complex)
    sums[:half] = 0.5 * (forward + mirrored)
    sums[half:] = (-0.5j * (forward - mirrored))[: rows - half]
    sums *= sizes
    return sums


def sine_transform(
    reduced_structure_factor: NDArray[np.float64], dq: float, dr: float, m: int, *, first: float = 0
) -> NDArray[np.float64]:
    """G(r) = (2/pi) sum_k F(Q_k) sin(Q_k r) dq at r = 0, dr, ..., (m-1) dr.

    Parameters
    ----------
    reduced_structure_factor
        F(k dq) for k = first, first + 1, ..., in 1/angstrom, shape (..., n).
    dq, dr
        Steps in 1/angstrom and angstrom.
    m
        Number of values.
    first
        k of the first F; its fraction is that of all.

    Returns
    -------
    ndarray
        G in 1/angstrom^2, shape (..., m).
    """
    sums = fourier_sums(reduced_structure_factor, m, dq * dr, first=first)
    return (2 / np.pi * dq) * sums.imag


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


def on_multiples(reduced: Array, grid: QGrid, qmin: float, qmax: float) -> tuple[Array, QGrid]:
    """F interpolated to the multiples of dq from qmin to qmax, with F(0) = 0, as PDFgetX3 1.x and xPDFsuite do.

    Parameters
    ----------
    reduced
        F at the grid's first points, 1/angstrom, shape (m,); beyond them it counts as zero.
    grid
        Grid of F.
    qmin, qmax
        Where F is kept, 1/angstrom.
    """
    whole = QGrid(grid.dq, int(np.ceil(qmin / grid.dq - 1e-9)), int(np.floor(qmax / grid.dq + 1e-9)))
    known = np.concatenate([[0.0], grid.q[: len(reduced)]])
    return np.interp(whole.q, known, np.concatenate([[0.0], reduced]), right=0.0), whole


def r_grid(settings: ReductionSettings) -> Array:
    """rmin, rmin + rstep, ... up to rmax, angstrom."""
    count = int(np.floor((settings.rmax - settings.rmin) / settings.rstep + 1e-6)) + 1
    return settings.rmin + np.arange(count) * settings.rstep
