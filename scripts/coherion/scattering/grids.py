"""From the scan's abscissa to the uniform grid in Q of PDFgetX3."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class QGrid:
    """The points k dq for k = first, ..., last.

    Attributes
    ----------
    dq
        Step, 1/angstrom.
    first, last
        Multiples of dq, both included.
    """

    dq: float
    first: int
    last: int

    @property
    def q(self) -> NDArray[np.float64]:
        """The grid, 1/angstrom, shape (last - first + 1,)."""
        return np.arange(self.first, self.last + 1, dtype=float) * self.dq

    def __len__(self) -> int:
        return self.last - self.first + 1


def momentum_transfer(two_theta: NDArray[np.float64], wavelength: float, *, zero: float = 0.0) -> NDArray[Any]:
    """Q = 4 pi sin(theta)/lambda.

    Parameters
    ----------
    two_theta
        Scattering angle in degrees, any shape.
    wavelength
        In angstrom.
    zero
        Position of the primary beam on the scale of two_theta, degrees.

    Returns
    -------
    ndarray
        1/angstrom, shape of two_theta.
    """
    return 4 * np.pi / wavelength * np.sin((two_theta - zero) * (np.pi / 360))


def scattering_angle(q: NDArray[np.float64], wavelength: float) -> NDArray[np.float64]:
    """2theta in degrees of momentum transfers in 1/angstrom, at a wavelength in angstrom."""
    return 2 * np.degrees(np.arcsin(q * wavelength / (4 * np.pi)))


def uniform_grid(q: NDArray[np.float64], qmin: float, qmaxinst: float) -> QGrid:
    """The grid of PDFgetX3 2.x: multiples of the mean spacing of the raw Q up to qmaxinst.

    Parameters
    ----------
    q
        Raw momentum transfers, increasing, 1/angstrom, shape (n,), at least two not above qmaxinst.
    qmin, qmaxinst
        Range wanted, 1/angstrom, qmaxinst within the data; the grid begins at the first datum where qmin lies
        below it.

    Returns
    -------
    QGrid
        Grid within the data and within the range.
    """
    count = int(np.searchsorted(q, qmaxinst, side="right"))
    dq = float((q[count - 1] - q[0]) / (count - 1))
    # The rounding guard keeps a limit that is itself a multiple of dq.
    first = int(np.ceil(max(qmin, q[0]) / dq - 1e-9))
    last = int(np.floor(qmaxinst / dq + 1e-9))
    return QGrid(dq, first, last)


def interpolation(q: NDArray[np.float64], raw_q: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Left neighbour and weight of the right neighbour of linear interpolation.

    Parameters
    ----------
    q
        Where to interpolate, within raw_q, shape (m,).
    raw_q
        Increasing, shape (n,).

    Returns
    -------
    index : ndarray
        i with raw_q[i] <= q <= raw_q[i + 1], shape (m,).
    weight : ndarray
        w in y(q) = (1 - w) y[i] + w y[i + 1], 0 to 1, shape (m,).
    """
    index = np.clip(np.searchsorted(raw_q, q, side="right") - 1, 0, len(raw_q) - 2)
    left = raw_q[index]
    weight = np.clip((q - left) / (raw_q[index + 1] - left), 0.0, 1.0)
    return index, weight


@lru_cache(maxsize=16)
def polynomial_basis(first: int, last: int, degree: int) -> NDArray[np.float64]:
    """Orthonormal columns that span Q, Q^2, ..., Q^degree on the grid k = first..last, lowest power first.

    The powers themselves are nearly parallel; x T_j(2x - 1) with x = Q/Q_last spans the same and is not.

    Returns
    -------
    ndarray
        Shape (last - first + 1, degree).
    """
    if degree < 1:
        return np.zeros((last - first + 1, 0))
    x = np.arange(first, last + 1) / last
    columns = x[:, None] * np.polynomial.chebyshev.chebvander(2 * x - 1, degree - 1)
    return np.linalg.qr(columns)[0]
