"""The refined crystal with its coordination polyhedra."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from itertools import product

import numpy as np

from coherion.crystal.crystal import Crystal
from coherion.crystal.symmetry import orthogonalisation
from coherion.figures.plate import COLOURS, PAGE, Plate

MARGIN = 0.02
#: From where the cell is seen, degree.
ELEVATION, AZIMUTH = 12.0, -70.0
#: Least share of its colour that a face turned away from the light keeps.
DARKEST = 0.6
LIGHT = np.array([0.3, -0.8, 0.52])


def atoms_in_cell(crystal: Crystal, label: str, margin: float = MARGIN) -> np.ndarray:
    """Fractional coordinates, shape (N, 3), of all images of a site inside the cell and on its faces.

    ``margin`` (fraction of the cell) is how far outside an atom still counts as on the face.
    """
    expanded = crystal.expand()
    index = [site.label for site in crystal.sites].index(label)
    own = expanded.positions[expanded.site == index] % 1.0
    images = (own[:, None, :] + np.array(list(product((-1, 0, 1), repeat=3)))).reshape(-1, 3)
    inside = np.all((images > -margin) & (images < 1 + margin), axis=1)
    return images[inside]


def coordination(crystal: Crystal, centre: np.ndarray, ligands: str, count: int = 6) -> np.ndarray:
    """Cartesian positions, shape (count, 3), of the nearest ligands (labels matching ``ligands``) of a point."""
    expanded = crystal.expand()
    chosen = [i for i, site in enumerate(crystal.sites) if fnmatchcase(site.label, ligands)]
    own = expanded.positions[np.isin(expanded.site, chosen)]
    shift = np.round(centre - own)
    images = (own + shift)[:, None, :] + np.array(list(product((-1, 0, 1), repeat=3)))
    cartesian = (images.reshape(-1, 3) - centre) @ orthogonalisation(np.asarray(crystal.lattice)).T
    nearest = np.argsort(np.linalg.norm(cartesian, axis=1), kind="stable")[:count]
    return cartesian[nearest] + orthogonalisation(np.asarray(crystal.lattice)) @ centre


def draw_structure(
    crystal: Crystal,
    *,
    views: Sequence[tuple[str, Sequence[str]]],
    origin: str,
    title: str = "",
    ligands: str = "*",
    colours: Mapping[str, int] | None = None,
) -> Plate:
    """Orthographic views along b, each with its title and the labels of the centres whose polyhedra it shows.

    ``colours`` are places in the palette by label. Sites that the crystal does not have are left out of the views.
    """
    ortho = {"projection": "3d", "proj_type": "ortho"}
    plate = Plate(1, len(views), width=PAGE, height=2.7, origin=origin, subplot_kw=ortho)
    labels = {site.label for site in crystal.sites}
    for panel, (name, centres) in zip(plate.panels, views, strict=True):
        _cell(panel, crystal)
        for label in centres:
            if label in labels:
                _polyhedra(plate, panel, crystal, label, ligands, COLOURS[(colours or {}).get(label, 7) % len(COLOURS)])
        panel.set_title(f"{panel.get_title(loc='left')} {name}", loc="left", fontsize=7.5)
        panel.set_axis_off()
        limits = np.array([panel.get_xlim(), panel.get_ylim(), panel.get_zlim()])
        panel.set_box_aspect(np.ptp(limits, axis=1), zoom=1.3)
        panel.view_init(elev=ELEVATION, azim=AZIMUTH)
        _compass(panel, crystal)
    plate.figure.suptitle(title, fontsize=8)
    return plate


def _compass(panel, crystal: Crystal) -> None:
    """Where the axes of the cell point to, as arrows in the lower left corner."""
    turn, rise = np.radians(AZIMUTH), np.radians(ELEVATION)
    right = np.array([-np.sin(turn), np.cos(turn), 0.0])
    up = np.array([-np.cos(turn) * np.sin(rise), -np.sin(turn) * np.sin(rise), np.cos(rise)])
    matrix = orthogonalisation(np.asarray(crystal.lattice))
    start = np.array([0.1, 0.1])
    for name, axis in zip("abc", (matrix / np.linalg.norm(matrix, axis=0)).T, strict=True):
        end = start + 0.13 * np.array([axis @ right, axis @ up])
        places = {"xycoords": "axes fraction", "textcoords": "axes fraction"}
        arrow = {"arrowstyle": "-|>", "lw": 0.8, "shrinkA": 0, "shrinkB": 0, "color": "0.2"}
        panel.annotate("", end, start, arrowprops=arrow, **places)
        beyond = start + 1.45 * (end - start)
        panel.annotate(name, beyond, beyond, ha="center", va="center", fontsize=7, style="italic", **places)


def _cell(panel, crystal: Crystal) -> None:
    matrix = orthogonalisation(np.asarray(crystal.lattice))
    for start in product((0, 1), repeat=3):
        for axis in range(3):
            if start[axis] == 0:
                end = np.array(start) + np.eye(3, dtype=int)[axis]
                ends = np.array([start, end]) @ matrix.T
                panel.plot(*ends.T, color="0.4", linewidth=0.6)


def _polyhedra(plate: Plate, panel, crystal: Crystal, label: str, ligands: str, colour) -> None:
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection
    from scipy.spatial import ConvexHull

    centres = atoms_in_cell(crystal, label)
    for centre in centres:
        corners = coordination(crystal, centre, ligands)
        hull = ConvexHull(corners)
        faces: Sequence[np.ndarray] = [corners[simplex] for simplex in hull.simplices]
        # Opaque, a face the darker the more it is turned from the light: what shows through would mix the colours.
        bright = np.clip(hull.equations[:, :3] @ LIGHT, 0.0, 1.0)
        shade = DARKEST + (1 - DARKEST) * bright
        panel.add_collection3d(
            Poly3DCollection(faces, facecolor=shade[:, None] * np.array(colour), edgecolor="0.25", linewidth=0.25)
        )
        panel.scatter(*corners.T, color=COLOURS[2], s=4, depthshade=False)
    plate.remember(panel, f"{label}, fractional x and z", centres[:, 0], centres[:, 2])
