"""What is free of a site, as diffpy.structure gives it and we take it, against the mean over the site's group."""

from __future__ import annotations

import itertools
import os
import warnings
from pathlib import Path

import gemmi
import numpy as np
import pytest

from coherion.crystal.cif_input import read_cif
from coherion.crystal.symmetry import (
    VOIGT,
    LinearForm,
    displacement_frame,
    free_of_site,
    operation_arrays,
    orthogonalisation,
    stabiliser,
)
from coherion.errors import InputError

STRUCTURES = Path(__file__).parents[2] / "config" / "structures"


def tensor(six):
    made = np.empty((3, 3))
    for value, (i, j) in zip(six, VOIGT, strict=True):
        made[i, j] = made[j, i] = value
    return made


def hold(position, rotations, lattice, coordinates: LinearForm, displacements: LinearForm) -> None:
    """Every free parameter moves the site within its symmetry, and as many are free as the group leaves."""
    matrix = orthogonalisation(lattice)
    inverse = np.linalg.inv(matrix)
    # The number of invariants is the mean of the characters, of vectors and of symmetric tensors.
    traces = np.trace(rotations, axis1=1, axis2=2)
    squares = np.trace(rotations @ rotations, axis1=1, axis2=2)
    assert len(coordinates.free) == round(traces.mean())
    assert len(displacements.free) == round(((traces**2 + squares) / 2).mean())
    np.testing.assert_allclose(coordinates.apply(position[list(coordinates.free)]), position, atol=1e-12)
    for form in (coordinates, displacements):
        np.testing.assert_allclose(form.basis[list(form.free)], np.eye(len(form.free)), atol=1e-12)
    frame = displacement_frame(lattice)
    for rotation in rotations:
        np.testing.assert_allclose(rotation @ coordinates.basis, coordinates.basis, atol=1e-9)
        turn = matrix @ rotation @ inverse
        for six in displacements.basis.T:
            u = frame @ tensor(six) @ frame.T
            np.testing.assert_allclose(turn @ u @ turn.T, u, atol=1e-9)


def test_every_site_symmetry_of_the_table_of_space_groups():
    """Each group of rotations that a place of a space group has, in all settings that gemmi lists."""
    draw = np.random.default_rng(0)
    places = np.array(
        list(
            itertools.product(
                (0, 0.5, 1 / 3, 0.137, -0.137, 0.274), (0, 0.5, 0.25, 2 / 3, 0.137), (0, 0.25, 0.137, 0.21)
            )
        )
    )
    seen = set()
    for group in gemmi.spacegroup_table():
        rotations, translations = operation_arrays([op.triplet() for op in group.operations()])
        form = draw.uniform(-0.2, 0.2, (3, 3)) + np.diag([5.0, 6.0, 7.0])
        metric = np.einsum("nji,jk,nkl->il", rotations, form.T @ form, rotations) / len(rotations)
        lengths = np.sqrt(np.diag(metric))
        cosines = metric / np.outer(lengths, lengths)
        lattice = np.array([*lengths, *np.degrees(np.arccos([cosines[1, 2], cosines[0, 2], cosines[0, 1]]))])
        for place in places:
            kept = stabiliser(place, rotations, translations, orthogonalisation(lattice), 1e-6)
            key = frozenset(map(tuple, rotations[kept].reshape(len(kept), 9).astype(int)))
            if key not in seen:
                seen.add(key)
                hold(place, rotations[kept], lattice, *free_of_site(place, rotations[kept], lattice))
    # The 32 point groups in their orientations.
    assert len(seen) > 120


def cif_files():
    folders = [STRUCTURES]
    for variable in ("COHERION_REAL_DATA", "COHERION_CASES"):
        if os.environ.get(variable):
            folders.append(Path(os.environ[variable]))
    return sorted(path for folder in folders for path in folder.rglob("*.cif"))


@pytest.mark.parametrize("path", cif_files(), ids=lambda path: path.name)
def test_every_site_of_every_structure(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            crystal = read_cif(path)
        except InputError as refused:
            pytest.skip(f"not a structure that is read: {refused.what}")
    for site, kind in zip(crystal.sites, crystal.structure.sites, strict=True):
        rotations = crystal.structure.rotations[kind.kept]
        hold(np.array(site.position), rotations, np.array(crystal.lattice), kind.coordinates, kind.displacements)
