"""Smooth curves through the few points at which a smooth function is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

#: Zero crossings of the sine on each side that are taken, and points drawn for each one given.
REACH, FINER = 12, 8


def band_limited(x: ArrayLike, y: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A function between its values at evenly spaced places, no finer than which it varies.

    Whittaker and Shannon's sum with a cosine bell over :data:`REACH` neighbours on each side; beyond its ends the
    function is taken to go on point-symmetrically. It passes through the values given.

    Parameters
    ----------
    x, y
        Evenly spaced places and values, shape (n,). G(r) at distances of pi / Qmax is such a function.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(x) < REACH + 2 or not np.allclose(np.diff(x), np.diff(x).mean(), rtol=1e-3):
        return x, y
    before, after = 2 * y[0] - y[REACH:0:-1], 2 * y[-1] - y[-2 : -REACH - 2 : -1]
    known = np.concatenate([before, y, after])
    place = np.linspace(0, len(x) - 1, FINER * (len(x) - 1) + 1)
    nearest = np.floor(place).astype(int)
    neighbours = nearest[:, None] + np.arange(1 - REACH, REACH + 1)
    distance = place[:, None] - neighbours
    weight = np.sinc(distance) * np.cos(0.5 * np.pi * np.clip(distance / REACH, -1, 1)) ** 2
    weight /= weight.sum(axis=1, keepdims=True)
    values = known[np.clip(neighbours + REACH, 0, len(known) - 1)]
    return np.interp(place, np.arange(len(x)), x), (weight * values).sum(axis=1)


def spline(x: ArrayLike, y: ArrayLike, count: int = 100) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The natural cubic spline through points of rising x, shape (n,), at so many places."""
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(x) < 3:
        return x, y
    step = np.diff(x)
    system = np.eye(len(x))
    right = np.zeros(len(x))
    for i in range(1, len(x) - 1):
        system[i, i - 1 : i + 2] = step[i - 1], 2 * (step[i - 1] + step[i]), step[i]
        right[i] = 6 * ((y[i + 1] - y[i]) / step[i] - (y[i] - y[i - 1]) / step[i - 1])
    bend = np.linalg.solve(system, right)
    at = np.linspace(x[0], x[-1], count)
    k = np.clip(np.searchsorted(x, at) - 1, 0, len(x) - 2)
    low, high, h = at - x[k], x[k + 1] - at, step[k]
    curved = (bend[k] * high**3 + bend[k + 1] * low**3) / (6 * h)
    return at, curved + (y[k] / h - bend[k] * h / 6) * high + (y[k + 1] / h - bend[k + 1] * h / 6) * low
