"""Structures through diffpy.structure: what is written is read back, by it and by us, and refusals name the file."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from diffpy.structure import Atom, Lattice, PDFFitStructure, Structure, loadStructure

from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.structure_files import read_structure, stru_text
from coherion.errors import CoherionWarning, InputError

CRYOLITE = Crystal(
    "Na3InCl6",
    (6.915, 7.163, 9.928, 90, 90.28, 90),
    "P21/n",
    (
        Site("M1", (0, 0, 0), (("In", 0.4), ("Zr", 0.6)), 0.02),
        Site("Na1", (0, 0, 0.5), (("Na", 0.55),), 0.03),
        Site("Na2", (0.5133, -0.0519, 0.2474), (("Na", 0.97),), None, (0.03, 0.04, 0.05, 0.001, 0.002, 0.003)),
        Site("Cl1", (0.1118, 0.0496, 0.2391), (("Cl", 1.0),), 0.025),
    ),
)
TRIGONAL = Crystal(
    "Na2ZrCl6",
    (6.6, 6.6, 6.1, 90, 90, 120),
    "P -3 m 1",
    (Site("Zr1", (0, 0, 0), (("Zr", 1.0),), 0.02), Site("Cl1", (0.17, -0.17, 0.21), (("Cl", 1.0),), 0.03)),
)
SILICON = Crystal("Si", (5.431,) * 3 + (90,) * 3, "F d -3 m:2", (Site("Si1", (0.125,) * 3, (("Si", 1.0),), 0.006),))


@pytest.mark.parametrize("crystal", [CRYOLITE, CRYOLITE.anisotropic(), TRIGONAL, SILICON], ids=lambda c: c.name)
def test_stru_is_read_back_with_its_symmetry(crystal, tmp_path):
    path = tmp_path / "made.stru"
    path.write_text(stru_text(crystal))
    found = read_structure(path)
    assert (found.name, found.space_group) == ("made", crystal.space_group)
    np.testing.assert_allclose(found.lattice, crystal.lattice, atol=1e-6)
    assert found.composition == pytest.approx(crystal.composition, abs=1e-4)
    ours, theirs = crystal.expand(), found.expand()
    np.testing.assert_allclose(theirs.positions, ours.positions, atol=2e-8)
    np.testing.assert_allclose(theirs.u_cartesian, ours.u_cartesian, atol=2e-8)
    for site, other in zip(found.sites, crystal.sites, strict=True):
        # The format does not tell an isotropic tensor from one that only happens to be.
        assert site.u_aniso is None or other.u_aniso is not None
    # diffpy.structure sees each element of each atom of the cell, isotropic where it is.
    listed = loadStructure(str(path), "pdffit")
    assert len(listed) == sum(crystal.multiplicity(s.label) * len(s.species) for s in crystal.sites)
    each = [len(crystal.sites[k].species) for k in ours.site]
    mean = np.repeat(np.trace(ours.u_cartesian, axis1=1, axis2=2) / 3, each)
    np.testing.assert_allclose([atom.Uisoequiv for atom in listed], mean, atol=1e-7)


def test_stru_carries_uncertainties_and_the_pair_model(tmp_path):
    names = ["a", "beta", "Cl1.x", "Cl1.u_iso", "Na1.occupancy"]
    sds = np.array([0.002, 0.03, 0.0004, 0.001, 0.02])
    path = tmp_path / "made.stru"
    model = {"scale": 0.9, "delta1": 0.3, "delta2": 2.5, "spdiameter": 84.0}
    path.write_text(stru_text(CRYOLITE, names, np.diag(sds**2), model=model))
    listed = loadStructure(str(path), "pdffit")
    assert {key: listed.pdffit[key] for key in model} == model
    np.testing.assert_allclose(listed.pdffit["dcell"], [0.002, 0, 0, 0, 0.03, 0], atol=1e-6)
    chlorine = [atom for atom in listed if atom.element == "Cl"]
    # Every image of the site moves along its own x by as much.
    np.testing.assert_allclose([atom.sigxyz for atom in chlorine], [[0.0004, 0, 0]] * 4, atol=1e-7)
    np.testing.assert_allclose([atom.sigU[0, 0] for atom in chlorine], 0.001, rtol=1e-3)
    assert [atom.sigo for atom in listed if atom.element == "Na"][:2] == pytest.approx([0.02] * 2, abs=1e-4)


def test_stru_of_pdfgui_without_symmetry_that_holds(tmp_path):
    made = PDFFitStructure([Atom("Ni", x) for x in ([0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0.0])])
    made.lattice = Lattice(3.52, 3.52, 3.52, 90, 90, 90)
    for atom in made:
        atom.Uisoequiv = 0.005
    path = tmp_path / "Ni.stru"

    def written(symbol):
        made.pdffit["spcgr"] = symbol
        made.write(str(path), "pdffit")
        return path

    # 1. The four atoms follow Fm-3m; without it they are four sites.
    found = read_structure(written("Fm-3m"))
    assert [s.label for s in found.sites] == ["Ni1"] and found.composition == {"Ni": 4.0}
    assert len(read_structure(written("P1")).sites) == 4
    # 2. One of them displaced, or a symbol that nobody knows.
    with pytest.warns(CoherionWarning, match="space group 'F what' is not known"):
        assert len(read_structure(written("F what")).sites) == 4
    made[1].xyz[0] = 0.05
    with pytest.warns(CoherionWarning, match="do not follow the space group F m -3 m"):
        found = read_structure(written("Fm-3m"))
    assert found.space_group == "P 1" and len(found.sites) == 4


def test_pdb_with_and_without_its_group(tmp_path):
    path = tmp_path / "made.pdb"
    # 1. Every atom of the cell, as diffpy.structure writes it.
    whole = loadStructure(_stru(tmp_path, TRIGONAL), "pdffit")
    Structure(list(whole), lattice=whole.lattice).write(str(path), "pdb")
    found = read_structure(path)
    assert found.space_group == "P 1"
    assert found.composition == TRIGONAL.composition
    # 2. With the group's symbol in its columns the same atoms are two sites, three decimals of angstrom or not.
    lines = path.read_text().splitlines()
    at = next(k for k, line in enumerate(lines) if line.startswith("CRYST1"))
    lines[at] = f"{lines[at][:54]:<55}{'P -3 m 1':<11}"
    path.write_text("\n".join(lines))
    found = read_structure(path)
    assert [s.label for s in found.sites] == ["Zr1", "Cl1"]
    np.testing.assert_allclose(found.sites[1].position, (0.17, 0.83, 0.21), atol=2e-4)
    # 3. The asymmetric unit alone, as crystallographers list it.
    atoms = [line for line in lines if line.startswith("ATOM")]
    path.write_text("\n".join([lines[at], atoms[0], atoms[1], "END"]))
    assert read_structure(path).composition == TRIGONAL.composition
    # 4. No cell.
    path.write_text("\n".join(atoms))
    with pytest.raises(InputError, match=r"made\.pdb.*no cell.*CRYST1"):
        read_structure(path)


def test_xyz_needs_a_cell(tmp_path):
    path = tmp_path / "made.xyz"
    rows = ["2", "two atoms", "Zr 0 0 0", "Cl 0.5 0.2 2.3"]
    path.write_text("\n".join(rows))
    with pytest.raises(InputError, match=r"made\.xyz, line 2.*nothing of the cell.*\.cif or \.stru"):
        read_structure(path)
    rows[1] = 'Lattice="6.6 0 0 -3.3 5.715767 0 0 0 6.1" Properties=species:S:1:pos:R:3:charge:R:1'
    rows[2:] = ["Zr 0 0 0 4", "Cl 0.5 0.2 2.3 -1"]
    path.write_text("\n".join(rows))
    with pytest.warns(CoherionWarning, match="no displacement for Zr1, Cl1"):
        found = read_structure(path)
    np.testing.assert_allclose(found.lattice, (6.6, 6.6, 6.1, 90, 90, 120), atol=1e-5)
    expanded = found.expand()
    gap = expanded.lattice_matrix @ (expanded.positions[1] - expanded.positions[0])
    assert np.linalg.norm(gap) == pytest.approx(np.linalg.norm([0.5, 0.2, 2.3]), abs=1e-6)


@pytest.mark.parametrize("ending", ["stru", "pdb", "xyz"])
@pytest.mark.parametrize(
    "text",
    ["", "\0\1\2", "cell 4 4 4 90 90 90\natoms\nNI 0 0 0 1\n", "SCALE2 1 2 3\n", '1\nLattice="1 2"\nNi 0 0 0\n'],
)
def test_what_is_no_structure_is_refused_in_one_line(tmp_path, ending, text):
    path = tmp_path / f"broken.{ending}"
    path.write_text(text)
    with pytest.raises(InputError, match=rf"broken\.{ending}"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        read_structure(path)


def _stru(folder, crystal):
    path = folder / "whole.stru"
    path.write_text(stru_text(crystal))
    return str(path)
