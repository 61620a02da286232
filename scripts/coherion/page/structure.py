"""The refined crystal in three dimensions: cell, atoms, and the polyhedra whose geometry was measured."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np

from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.geometry import image
from coherion.crystal.symmetry import orthogonalisation
from coherion.errors import CoherionError
from coherion.page.blocks import GREY, INK, PALETTE, Block, plot

#: Fraction of the cell by which an atom may lie outside and still counts as on its face.
MARGIN = 0.02
#: Atoms of more of them nobody could tell apart, and to turn them would be slow.
MOST_ATOMS = 3000
_SHIFTS = np.array(list(product((-1, 0, 1), repeat=3)), float)


def structure_block(crystal: Crystal, geometry: list[dict[str, str]], name: str) -> Block | None:
    """The cell with its atoms, centres of polyhedra with their ligands; None where it has too many atoms.

    Parameters
    ----------
    crystal
        The refined structure.
    geometry
        Rows that ``measure_geometry`` wrote; those of volumes say which ligands make a polyhedron.
    name
        What the file of the picture is called.
    """
    expanded = crystal.expand()
    if len(expanded.positions) > MOST_ATOMS:
        return None
    matrix = orthogonalisation(np.asarray(crystal.lattice))
    polyhedra = {
        row["atoms"].partition(":")[0].strip(): row["atoms"] for row in geometry if row.get("kind") == "volume"
    }
    labels = [site.label for site in crystal.sites]
    shown: dict[int, list[np.ndarray]] = {k: list(_in_cell(expanded, k)) for k in range(len(labels))}
    traces: list[dict[str, Any]] = list(_cell(matrix))
    centres = [label for label in labels if label in {atom.partition(" ")[0] for atom in polyhedra}]
    # Centres have a colour each, like their polyhedra; the others one for what stands there.
    kinds = list(dict.fromkeys(_kind(site) for site in crystal.sites if site.label not in centres))
    colours = {label: PALETTE[k % len(PALETTE)] for k, label in enumerate(centres)}
    for site in crystal.sites:
        if site.label not in centres:
            colours[site.label] = PALETTE[(len(centres) + kinds.index(_kind(site))) % len(PALETTE)]
    for label, atoms in polyhedra.items():
        if label.partition(" ")[0] not in labels:
            continue
        colour = colours[label.partition(" ")[0]]
        try:
            traces += _polyhedra(crystal, expanded, matrix, label, atoms, colour, shown)
        except (CoherionError, ValueError):
            continue
    for k, site in enumerate(crystal.sites):
        places = _distinct(shown[k])
        if not len(places):
            continue
        species = " + ".join(f"{element} {occupancy:.3g}" for element, occupancy in site.species)
        xyz = np.round(places @ matrix.T, 4)
        traces.append(
            {
                "type": "scatter3d",
                "mode": "markers",
                "name": f"{site.label} ({species})",
                "x": xyz[:, 0].tolist(),
                "y": xyz[:, 1].tolist(),
                "z": xyz[:, 2].tolist(),
                "text": [f"{site.label} {', '.join(f'{v:.4f}' for v in place)}" for place in places],
                "hoverinfo": "text",
                "marker": {
                    "size": 8 if site.label in centres else 5,
                    "color": colours[site.label],
                    "line": {"color": INK, "width": 0.5},
                },
            }
        )
    lattice = ", ".join(f"{value:.5g}" for value in crystal.lattice)
    hidden = {"visible": False}
    everything = np.concatenate([_distinct(places) for places in shown.values()]) @ matrix.T
    spans = np.ptp(everything, axis=0)
    ratio = np.round(1.75 * spans / spans.max(), 3)
    return plot(
        name,
        "Refined structure",
        traces,
        {
            "scene": {
                **{axis: hidden for axis in ("xaxis", "yaxis", "zaxis")},
                "aspectmode": "manual",
                "aspectratio": dict(zip("xyz", ratio.tolist(), strict=True)),
                "camera": {"projection": {"type": "orthographic"}, "eye": {"x": 0.6, "y": -1.9, "z": 0.5}},
            },
            "margin": {"l": 0, "r": 0, "t": 10, "b": 0},
        },
        note=f"Cell: {lattice} (Å, °). Drag to turn, wheel or pinch to zoom; positions are fractional.",
        height=480,
        wide=True,
    )


def _kind(site: Site) -> tuple[str, ...]:
    return tuple(element for element, _ in site.species)


def _in_cell(expanded: Any, site: int) -> Iterator[np.ndarray]:
    own = expanded.positions[expanded.site == site] % 1.0
    images = (own[:, None, :] + _SHIFTS).reshape(-1, 3)
    inside = np.all((images > -MARGIN) & (images < 1 + MARGIN), axis=1)
    yield from images[inside]


def _distinct(places: list[np.ndarray]) -> np.ndarray:
    if not places:
        return np.empty((0, 3))
    rounded = np.round(np.array(places), 4) + 0.0
    return np.unique(rounded, axis=0)


def _polyhedra(
    crystal: Crystal,
    expanded: Any,
    matrix: np.ndarray,
    label: str,
    atoms: str,
    colour: str,
    shown: dict[int, list[np.ndarray]],
) -> Iterator[dict[str, Any]]:
    """The measured polyhedron at every image of its centre: faces and bonds; its corners join the atoms shown."""
    from scipy.spatial import ConvexHull

    centre = image(crystal, label)
    ligands = [image(crystal, code) for code in atoms.partition(":")[2].split(",")]
    inverse = np.linalg.inv(matrix)
    corners = np.array([ligand.position(crystal) for ligand in ligands]) @ inverse.T
    hull = ConvexHull(corners @ matrix.T)
    structure = crystal.structure
    points: list[np.ndarray] = []
    faces: list[np.ndarray] = []
    bonds: list[np.ndarray] = []
    for row in np.flatnonzero(expanded.site == centre.site):
        operation = expanded.operation[row]
        turned = corners @ structure.rotations[operation].T + structure.translations[operation] + expanded.shift[row]
        base = np.floor(expanded.positions[row])
        for shift in _SHIFTS - base:
            middle = expanded.positions[row] + shift
            if np.any(middle < -MARGIN) or np.any(middle > 1 + MARGIN):
                continue
            moved = turned + shift
            faces.append(hull.simplices + sum(len(one) for one in points))
            points.append(moved @ matrix.T)
            bonds += [piece for corner in moved for piece in (middle @ matrix.T, corner @ matrix.T, np.full(3, np.nan))]
            for ligand, place in zip(ligands, moved, strict=True):
                shown[ligand.site].append(place)
    if not points:
        return
    xyz, triangles = np.round(np.concatenate(points), 4), np.concatenate(faces)
    yield {
        "type": "mesh3d",
        "name": f"polyhedra of {label}",
        "x": xyz[:, 0].tolist(),
        "y": xyz[:, 1].tolist(),
        "z": xyz[:, 2].tolist(),
        "i": triangles[:, 0].tolist(),
        "j": triangles[:, 1].tolist(),
        "k": triangles[:, 2].tolist(),
        "color": colour,
        "opacity": 0.35,
        "flatshading": True,
        "hoverinfo": "skip",
        "showlegend": True,
    }
    yield _lines(np.array(bonds), f"bonds of {label}", colour, 3)


def _cell(matrix: np.ndarray) -> Iterator[dict[str, Any]]:
    edges: list[np.ndarray] = []
    for start in product((0, 1), repeat=3):
        for axis in range(3):
            if start[axis] == 0:
                end = np.array(start) + np.eye(3, dtype=int)[axis]
                edges += [matrix @ np.array(start), matrix @ end, np.full(3, np.nan)]
    yield _lines(np.array(edges), "cell", GREY, 2)
    ends = 1.06 * matrix.T
    yield {
        "type": "scatter3d",
        "mode": "text",
        "name": "axes",
        "x": [-0.3, *ends[:, 0].tolist()],
        "y": [-0.3, *ends[:, 1].tolist()],
        "z": [-0.3, *ends[:, 2].tolist()],
        "text": ["0", "a", "b", "c"],
        "textfont": {"color": INK, "size": 15},
        "hoverinfo": "skip",
        "showlegend": False,
    }


def _lines(xyz: np.ndarray, name: str, colour: str, width: float) -> dict[str, Any]:
    values = [[None if np.isnan(v) else round(float(v), 4) for v in column] for column in xyz.T]
    return {
        "type": "scatter3d",
        "mode": "lines",
        "name": name,
        "x": values[0],
        "y": values[1],
        "z": values[2],
        "line": {"color": colour, "width": width},
        "hoverinfo": "skip",
        "showlegend": name == "cell",
    }
