"""Lengths, angles and coordination polyhedra of atoms given by Cartesian positions.

Positions are in angstrom, shape (3,) for an atom and (n, 3) for the vertices of a polyhedron; angles in degrees. Which
atoms these are, and the errors, is the business of :mod:`coherion.crystal.geometry`.
"""

from __future__ import annotations

from functools import cache
from itertools import permutations

import numpy as np

# Vertices of the shapes a polyhedron is compared with. The ideal prism is the one with nine equal edges (reference
# TPR-6 of Llunell et al., program SHAPE), whose triangles stand sqrt(3) of a circumradius apart.
_ROOT3 = np.sqrt(3.0)
SHAPES = {
    "octahedron": np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float),
    "trigonal_prism": np.array(
        [
            [np.cos(angle), np.sin(angle), height]
            for height in (-_ROOT3 / 2, _ROOT3 / 2)
            for angle in 2 * np.pi / 3 * np.arange(3)
        ]
    ),
    "tetrahedron": np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], float),
    "square": np.array([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]], float),
}


def bond_length(first: np.ndarray, second: np.ndarray) -> float:
    """Distance of two atoms in angstrom."""
    return float(np.linalg.norm(np.subtract(second, first)))


def angle(first: np.ndarray, vertex: np.ndarray, last: np.ndarray) -> float:
    """Angle first-vertex-last in degrees (0 to 180)."""
    return direction_angle(np.subtract(first, vertex), np.subtract(last, vertex))


def direction_angle(first: np.ndarray, second: np.ndarray) -> float:
    """Angle between two directions in degrees (0 to 180).

    The arc tangent of |u x v| over u.v keeps its precision near 0 and 180 degrees, where the arc cosine loses half
    of the digits.
    """
    return float(np.degrees(np.arctan2(np.linalg.norm(np.cross(first, second)), np.dot(first, second))))


def hull_volume(vertices: np.ndarray) -> float:
    """Volume in cubic angstrom of the convex hull of ``vertices``, shape (n, 3) with n of at least 4.

    Raises
    ------
    ValueError
        If the vertices lie in a plane.
    """
    from scipy.spatial import ConvexHull, QhullError

    try:
        return float(ConvexHull(vertices).volume)
    except QhullError as problem:
        raise ValueError("the vertices span no volume") from problem


def shape_measure(vertices: np.ndarray, centre: np.ndarray, shape: str) -> float:
    """Continuous shape measure: 0 for the ideal shape, up to 100.

    S = 100 min |Q - s R P|^2 / |Q|^2 over rotation R, scale s and the assignment of vertices, Q the polyhedron with
    its central atom about their centroid and P the ideal one. An octahedron measured as a trigonal prism has
    S = 16.74.

    Parameters
    ----------
    vertices, centre
        Positions in angstrom, shapes (n, 3) and (3,).
    shape
        A name in :data:`SHAPES` whose number of vertices is n.

    Source
    ------
    M. Pinsky, D. Avnir, Inorg. Chem. 37 (1998) 5575; the minimum over R and s in closed form by singular values.
    """
    ideal = np.vstack([SHAPES[shape], np.zeros(3)])
    ideal = ideal - ideal.mean(axis=0)
    points = np.vstack([vertices, centre])
    points = points - points.mean(axis=0)
    order = _assignments(shape)
    # (k, 3, 3): correlation of the polyhedron with each assignment of the ideal vertices
    correlation = np.einsum("kni,nj->kij", ideal[order], points)
    best = np.linalg.svd(correlation, compute_uv=False).sum(axis=1).max()
    return float(max(0.0, 100.0 * (1.0 - best**2 / (np.sum(points**2) * np.sum(ideal**2)))))


@cache
def _assignments(shape: str) -> np.ndarray:
    """Orders of the vertices that are not turned or reflected into one another, the central atom last: (k, n + 1).

    The symmetries of the shape are the orders that keep all its distances; one order of each coset is enough, 15
    instead of 720 for an octahedron.
    """
    ideal = SHAPES[shape]
    distances = np.linalg.norm(ideal[:, None] - ideal[None, :], axis=-1)
    orders = list(permutations(range(len(ideal))))
    own = [g for g in orders if np.allclose(distances[np.ix_(g, g)], distances)]
    seen: set[tuple[int, ...]] = set()
    chosen = []
    for order in orders:
        if order not in seen:
            chosen.append([*order, len(ideal)])
            seen.update(tuple(g[k] for k in order) for g in own)
    return np.array(chosen)


def nearest_shape(vertices: np.ndarray, centre: np.ndarray) -> dict[str, float]:
    """Shape measures of every shape in :data:`SHAPES` with as many vertices, the most alike first.

    Empty where there is none with that number of vertices.
    """
    measured = {
        name: shape_measure(vertices, centre, name) for name, ideal in SHAPES.items() if len(ideal) == len(vertices)
    }
    return dict(sorted(measured.items(), key=lambda item: item[1]))
