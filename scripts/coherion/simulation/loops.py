"""The compiled loops of the simulation, apart from the rest because importing numba costs half a second."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numba


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function compiled, the machine code kept for the next process where numba finds a folder for it."""
    try:
        return numba.njit(cache=True)(function)
    except RuntimeError:
        return numba.njit(cache=False)(function)


@compiled
def spread(correlation, n1, n2, n3, vectors, offset, weight, step, counts):
    """Add numbers of pairs to the nodes of a histogram, each shared linearly by the two nodes next to its distance."""
    for i in range(correlation.shape[0]):
        for j in range(correlation.shape[1]):
            for k in range(correlation.shape[2]):
                pairs = correlation[i, j, k]
                if pairs == 0.0:
                    continue
                u, v, w = n1[i] + offset[0], n2[j] + offset[1], n3[k] + offset[2]
                x = vectors[0, 0] * u + vectors[0, 1] * v + vectors[0, 2] * w
                y = vectors[1, 1] * v + vectors[1, 2] * w
                z = vectors[2, 2] * w
                place = math.sqrt(x * x + y * y + z * z) / step
                node = int(place)
                upper = place - node
                counts[node] += weight * pairs * (1.0 - upper)
                counts[node + 1] += weight * pairs * upper


@compiled
def near_sum(q, r, counts, u, delta1, delta2, qdamp, qbroad, out):
    """Add the sum of counts sin(Q r)/r with thermal motion, correlated motion and resolution to ``out`` (per Q)."""
    for m in range(q.size):
        total = 0.0
        for k in range(r.size):
            d = r[k]
            variance = u * (1.0 - delta1 / d - delta2 / (d * d) + qbroad * qbroad * d * d)
            total += counts[k] * math.sin(q[m] * d) / d * math.exp(
                -0.5 * (variance * q[m] * q[m] + qdamp * qdamp * d * d)
            )
        out[m] += total


@compiled
def broaden(q, width, grid_step, values, out):
    """Convolve functions on a grid with a Gaussian whose width depends on the place.

    ``values`` (terms, nodes) are odd functions of Q at ``k * grid_step``; ``q`` and ``width`` (n,) say where the
    result ``out`` (terms, n) is wanted and with which standard deviation. The sum over the grid is exact to rounding
    for functions whose frequencies stay below 2 pi/grid_step less a few times 1/width.
    """
    nodes = values.shape[1]
    for m in range(q.size):
        reach = 7.0 * width[m]
        first = int(math.ceil((q[m] - reach) / grid_step))
        last = int(math.floor((q[m] + reach) / grid_step))
        norm = grid_step / (math.sqrt(2.0 * math.pi) * width[m])
        for k in range(first, last + 1):
            node = -k if k < 0 else k
            if node >= nodes:
                continue
            z = (k * grid_step - q[m]) / width[m]
            weight = norm * math.exp(-0.5 * z * z)
            if k < 0:
                weight = -weight
            for term in range(values.shape[0]):
                out[term, m] += weight * values[term, node]
