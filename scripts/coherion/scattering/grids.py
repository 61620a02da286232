"""From the scan's abscissa to the uniform grid in Q of PDFgetX3."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class QGrid:
    """The points k dq for k = first, first + 1, ..., last.

    Attributes
    ----------
    dq
        Step, 1/angstrom.
    first, last
        In units of dq, both included; whole numbers, or whole numbers and one and the same fraction.
    """

    dq: float
    first: float
    last: float

    @property
    def q(self) -> NDArray[np.float64]:
        """The grid, 1/angstrom, shape (last - first + 1,)."""
        return (self.first + np.arange(len(self), dtype=float)) * self.dq

    @property
    def on_multiples(self) -> bool:
        """Whether the points are multiples of dq."""
        return float(self.first).is_integer()

    def up_to(self, q: float) -> int:
        """How many points there are up to q, 1/angstrom."""
        return int(np.floor(min(q / self.dq, self.last) - self.first + 1e-9)) + 1

    def __len__(self) -> int:
        return round(self.last - self.first) + 1


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


def uniform_grid(q: NDArray[np.float64], qmin: float, qmaxinst: float, *, extended: bool = False) -> QGrid:
    """The grid of PDFgetX3 2.x: multiples of the mean spacing of the raw Q up to qmaxinst.

    Parameters
    ----------
    q
        Raw momentum transfers, increasing, 1/angstrom, shape (n,), at least two not above qmaxinst.
    qmin, qmaxinst
        Range wanted, 1/angstrom, qmaxinst within the data.
    extended
        Whether the grid begins at qmin where the data begin above it, as PDFgetX3's does; else at the first datum.

    Returns
    -------
    QGrid
        Grid within the range, and within the data at its upper end.
    """
    count = int(np.searchsorted(q, qmaxinst, side="right"))
    dq = float((q[count - 1] - q[0]) / (count - 1))
    # The rounding guard keeps a limit that is itself a multiple of dq.
    first = int(np.ceil((qmin if extended else max(qmin, q[0])) / dq - 1e-9))
    last = int(np.floor(qmaxinst / dq + 1e-9))
    return QGrid(dq, first, last)


def grid_of_data(q: NDArray[np.float64], qmin: float, qmaxinst: float) -> QGrid:
    """The grid of PDFgetX3 1.x and xPDFsuite: the raw points between qmin and qmaxinst, evenly spaced.

    Parameters
    ----------
    q, qmin, qmaxinst
        As for :func:`uniform_grid`; at least two points between qmin and qmaxinst.
    """
    begin, end = (int(np.searchsorted(q, *side)) for side in ((qmin, "left"), (qmaxinst, "right")))
    dq = float((q[end - 1] - q[begin]) / (end - 1 - begin))
    first = float(q[begin]) / dq
    if abs(first - round(first)) < 1e-6:
        first = round(first)
    return QGrid(dq, first, first + (end - 1 - begin))


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
def polynomial_basis(first: float, last: float, degree: int) -> NDArray[np.float64]:
    """Orthonormal columns that span Q, Q^2, ..., Q^degree on the grid k = first, ..., last, lowest power first.

    The powers themselves are nearly parallel; x T_j(2x - 1) with x = Q/Q_last spans the same and is not.

    Returns
    -------
    ndarray
        Shape (last - first + 1, degree).
    """
    count = round(last - first) + 1
    if degree < 1:
        return np.zeros((count, 0))
    x = (first + np.arange(count)) / last
    columns = x[:, None] * np.polynomial.chebyshev.chebvander(2 * x - 1, degree - 1)
    return np.linalg.qr(columns)[0]
