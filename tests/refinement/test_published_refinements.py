"""Refinements that others did with PDFgui, on their data, in pdffit2's convention.

The data are fitted on their own grid of 0.01 angstrom, as PDFgui did; weights of one give its unweighted residual.
"""

from __future__ import annotations

import numpy as np
import pytest

from coherion.crystal.cif_input import read_cif
from coherion.pair_model.model import PairModel
from coherion.refinement.refine import LinearMap, refine

pytestmark = pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")


def read_gr(path):
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append([float(word) for word in line.split()[:2]])
        except ValueError:
            continue
    return np.array([row for row in rows if len(row) == 2]).T


def refined(model, path, free, start, fit_range, linear_map=None):
    r, g = read_gr(path)
    result = refine(model, r, g, free=free, start=start, fit_range=fit_range, sd=np.ones(r.size), linear_map=linear_map)
    assert result.converged and not result.singular
    return result


NICKEL = ["a", "Ni1.u_iso", "scale", "delta2", "qdamp", "qbroad"]
NICKEL_START = {"a": 3.52, "Ni1.u_iso": 0.005, "scale": 0.4, "delta2": 2.0, "qdamp": 0.04, "qbroad": 0.02}


def test_nickel(real_data):
    crystal = read_cif(real_data / "pdf/ni_refine/Ni.cif", "Ni")
    model = PairModel((crystal,), 25.0, "pdffit", "none")
    result = refined(model, real_data / "pdf/ni_refine/Ni.gr", NICKEL, NICKEL_START, (1.5, 50.0))
    values = result.values
    assert abs(values["a"] - 3.52478) < 0.00082
    for name, published in {"Ni1.u_iso": 0.00589, "qdamp": 0.0454, "qbroad": 0.0170, "scale": 0.438}.items():
        assert values[name] == pytest.approx(published, rel=0.01), name
    assert result.rw < 0.0411
    # The published delta2, 1.71, is not the minimum of these data: pdffit2 1.5.1 itself, on the same points from
    # the same start, ends at 1.97 and Rw 0.0324 (see below), and so do we.
    assert values["delta2"] == pytest.approx(1.972, rel=0.01)


@pytest.mark.slow
def test_nickel_by_pdffit2_itself(real_data):
    pdffit2 = pytest.importorskip("diffpy.pdffit2")
    structure = pytest.importorskip("diffpy.structure")
    lattice = structure.Lattice(3.52, 3.52, 3.52, 90, 90, 90)
    corners = ([0, 0, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0])
    atoms = [structure.Atom("Ni", xyz, U=np.eye(3) * 0.005) for xyz in corners]
    r, g = read_gr(real_data / "pdf/ni_refine/Ni.gr")
    inside = (r > 1.495) & (r < 50.005)
    program = pdffit2.PdfFit(create_intro=False)
    program.add_structure(structure.Structure(atoms, lattice))
    program.read_data_lists("X", 25.0, 0.04, list(r[inside]), list(g[inside]))
    program.pdfrange(1, 1.5, 50.0)
    for axis in (1, 2, 3):
        program.constrain(program.lat(axis), "@1")
    program.setpar(1, 3.52)
    for atom in (1, 2, 3, 4):
        for u in (program.u11, program.u22, program.u33):
            program.constrain(u(atom), "@2")
    program.setpar(2, 0.005)
    for k, name in enumerate(("pscale", "delta2", "qdamp", "qbroad"), start=3):
        program.constrain(name, f"@{k}")
        program.setpar(k, [0.4, 2.0, 0.04, 0.02][k - 3])
    program.refine()
    theirs = dict(
        zip(["a", "Ni1.u_iso", "scale", "delta2", "qdamp", "qbroad"], map(program.getpar, range(1, 7)), strict=True)
    )
    crystal = read_cif(real_data / "pdf/ni_refine/Ni.cif", "Ni")
    model = PairModel((crystal,), 25.0, "pdffit", "none")
    ours = refined(model, real_data / "pdf/ni_refine/Ni.gr", NICKEL, NICKEL_START, (1.5, 50.0))
    for name, value in theirs.items():
        assert ours.values[name] == pytest.approx(value, rel=0.006), name
    assert ours.rw < program.getrw()


def test_platinum_nanoparticle(real_data):
    crystal = read_cif(real_data / "pdf/pt_nanoparticle/Pt.cif", "Pt").with_values({"Pt1.u_iso": 0.01})
    model = PairModel((crystal,), 25.0, "pdffit", "sphere")
    free = ["a", "Pt1.u_iso", "scale", "delta2", "coherence_length"]
    start = {"scale": 0.5, "qdamp": 0.0454, "qbroad": 0.0170, "delta2": 3.0, "coherence_length": 40.0}
    result = refined(model, real_data / "pdf/pt_nanoparticle/Pt-nanoparticles.gr", free, start, (1.5, 50.0))
    values = result.values
    assert abs(values["a"] - 3.92573) < 0.00091
    assert abs(values["coherence_length"] - 37.4) < 1.3
    for name, published in {"Pt1.u_iso": 0.00892, "delta2": 3.55, "scale": 0.585}.items():
        assert values[name] == pytest.approx(published, rel=0.01), name
    assert result.rw < 0.1045


def test_cadmium_selenide_nanoparticle(real_data):
    crystal = read_cif(real_data / "pdf/cdse/CdSe-Wurtzite.cif", "CdSe").anisotropic()
    model = PairModel((crystal,), 14.0, "pdffit", "sphere")
    # One anisotropic displacement for both elements is the recipe that gives the published Rw.
    single = ["a", "c", "scale", "delta2", "coherence_length", "Se1.z"]
    shared = [("Cd1.u11", "Se1.u11"), ("Cd1.u33", "Se1.u33")]
    parameters = [*single, *(name for pair in shared for name in pair)]
    variables = [*single, "u11", "u33"]
    matrix = np.zeros((len(parameters), len(variables)))
    for row in range(len(parameters)):
        matrix[row, row if row < 6 else 6 + (row - 6) // 2] = 1.0
    start = dict(zip(parameters, [4.3, 7.0, 0.12, 5.0, 30.0, 0.378, 0.02, 0.02, 0.06, 0.06], strict=True))
    open_ = np.full(len(variables), np.inf)
    map_ = LinearMap(tuple(parameters), tuple(variables), np.zeros(len(parameters)), matrix, -open_, open_)
    start |= {"qdamp": 0.058}
    result = refined(model, real_data / "pdf/cdse/CdSe-3.gr", (), start, (1.5, 20.0), linear_map=map_)
    values = result.values
    for name, published in {"a": 4.3022, "c": 7.0061, "coherence_length": 30.3}.items():
        assert values[name] == pytest.approx(published, rel=0.01), name
    assert result.rw < 0.328
    # The published delta2 is 5.88; pdffit2 1.5.1 run with this recipe gives 5.635, which is 4 percent less.
    assert values["delta2"] == pytest.approx(5.635, rel=0.01)


def test_silicon_and_nickel(real_data):
    silicon = read_cif(real_data / "pdf/si_ni/Si_Fd-3m.cif", "Si")
    nickel = read_cif(real_data / "pdf/si_ni/Ni_Fm-3m.cif", "Ni").with_values({"Ni1.u_iso": 0.005})
    model = PairModel((silicon, nickel), 25.0, "pdffit", "none")
    own = [("a", "Si1.u_iso", "scale", "delta1"), ("a", "Ni1.u_iso", "scale", "delta1")]
    free = [f"{phase}:{name}" for phase, names in zip(("Si", "Ni"), own, strict=True) for name in names]
    start = {"Si:scale": 0.5, "Ni:scale": 0.2, "qdamp": 0.05, "Si:delta1": 1.0, "Ni:delta1": 1.0}
    result = refined(model, real_data / "pdf/si_ni/sini.gr", free, start, (1.5, 20.0))
    assert result.values["Si:scale"] == pytest.approx(0.803, rel=0.01)
    assert result.values["Ni:scale"] == pytest.approx(0.196, rel=0.01)
    assert result.rw < 0.093
