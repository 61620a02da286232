"""From the Jacobian at the solution to covariances, and which variables the data determine.

With the weighted Jacobian J and K = (J'J)^-1 there are two covariances of the variables: K times a factor, where the
weights are those of the data or reduced chi-squared makes them so, and what the counts alone contribute whatever the
weights are (:func:`counting_covariance`). Both go to the parameters through the linear map.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from coherion.refinement.least_squares.weights import FitData, Weighting

# A direction in which the scaled Jacobian is this much smaller than along its largest is not determined.
SINGULAR = 1e-7
# A parameter belongs to such a direction if it makes up this share of it.
SHARE = 0.1


def covariance_of(jacobian: np.ndarray, names: Sequence[str]) -> tuple[np.ndarray, tuple[tuple[str, ...], ...]]:
    """Inverse of J'J, and the groups of variables whose combination the data do not determine.

    The columns are scaled to unit length first, so that units do not matter. Directions with a singular value
    below ``SINGULAR`` of the largest are left out of the inverse; the variables that make them up are named.
    """
    lengths = np.linalg.norm(jacobian, axis=0)
    idle = lengths <= 1e-12 * max(float(lengths.max(initial=0.0)), 1e-300)
    groups: list[tuple[str, ...]] = [(names[k],) for k in np.flatnonzero(idle).tolist()]
    scale = np.where(idle, 1.0, lengths)
    columns = np.where(idle, 0.0, jacobian / scale)
    _, s, vt = np.linalg.svd(columns, full_matrices=False)
    weak = s < SINGULAR * s.max(initial=0.0)
    inverse = np.where(weak, 0.0, 1.0 / np.where(weak, 1.0, s))
    half = vt.T * inverse
    # Directions of idle variables are weak, too; they are named already.
    share = (vt[weak] ** 2)[:, ~idle]
    active = [name for name, off in zip(names, idle, strict=True) if not off]
    groups += _connected(share > SHARE**2, active)
    return (half @ half.T) / np.outer(scale, scale), tuple(groups)


def _connected(member: np.ndarray, names: Sequence[str]) -> list[tuple[str, ...]]:
    """Names grouped by the directions they share."""
    sets: list[set[int]] = []
    for row in member:
        own = set(np.flatnonzero(row).tolist())
        if len(own) < 1:
            continue
        for other in [s for s in sets if s & own]:
            own |= other
            sets.remove(other)
        sets.append(own)
    return [tuple(names[k] for k in sorted(own)) for own in sets]


def counting_covariance(
    data: FitData, jacobian: np.ndarray, weighting: Weighting, covariance: np.ndarray
) -> np.ndarray | None:
    """What the counts alone contribute to the covariance of the free variables, shape (m, m).

    The estimate is z = A g with A = K J' W; its covariance is A C A', whatever the weights W are.

    Parameters
    ----------
    jacobian
        Of the weighted residual, shape (n, m).
    weighting
        That of the fit.
    covariance
        K, the inverse of J' W J, shape (m, m).

    Returns None where the noise of the data is not known.
    """
    if data.noise is None:
        return None
    inner = weighting(weighting(data.noise).T)
    half = covariance @ jacobian.T
    return half @ inner @ half.T
