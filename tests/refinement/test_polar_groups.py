"""Groups that leave the origin free: one coordinate is held for each such direction, and no more."""

import numpy as np
import pytest

from coherion.crystal.cif import cif_text
from coherion.crystal.crystal import Crystal, Site
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement.observed import Observed, read_observed
from coherion.refinement.recipe import run_recipe
from coherion.refinement.steps.problem import make_model, prepare
from coherion.settings.reading import settings_from
from coherion.settings.stages.refinement import RefinementSettings

QMAX = 18.0
QUIET = {"readings": [], "compare_envelopes": [], "profile": [], "envelope": "none", "qdamp": 0.0}


def site(label, element, *position):
    return Site(label, position, ((element, 1.0),), u_iso=0.008)


def wurtzite():
    sites = site("S1", "S", 1 / 3, 2 / 3, 0.378), site("Zn1", "Zn", 1 / 3, 2 / 3, 0.0)
    return Crystal("ZnS", (3.82, 3.82, 6.26, 90, 90, 120), "P 63 m c", sites)


def of(group, lattice, *sites):
    return Crystal("x", lattice, group, sites)


CUBE = (5.0, 6.0, 7.0, 90, 90, 90)
A, B = site("A1", "Na", 0.1, 0.2, 0.3), site("B1", "Cl", 0.6, 0.65, 0.8)


def recipe(**given):
    return settings_from(RefinementSettings, {"fit_range": [1.5, 20.0], **QUIET, **given})


@pytest.mark.parametrize(
    ("crystal", "given", "held"),
    [
        (wurtzite(), {}, ["Zn1.z"]),
        (of("P 1", CUBE, A, B), {}, ["B1.x", "B1.y", "B1.z"]),
        (of("P m", CUBE, A, B), {}, ["B1.x", "B1.z"]),
        (of("P 21", CUBE, A, B), {}, ["B1.y"]),
        (
            of("R 3 m:R", (5, 5, 5, 80, 80, 80), site("A1", "Na", 0.1, 0.1, 0.1), site("O1", "O", 0.6, 0.3, 0.9)),
            {},
            ["A1.x"],
        ),
        # An inversion centre, and a group without one that is not polar either.
        (of("P -1", CUBE, A, B), {}, []),
        (of("P 21 21 21", CUBE, A, B), {}, []),
        # What the recipe holds by itself, or does not free, is enough.
        (wurtzite(), {"fixed": {"S1.z": None}}, []),
        (wurtzite(), {"stages": [["scale", "S1.z"]]}, []),
        # A constraint that ties the atoms leaves nothing but the common shift; it is held by one of them.
        (wurtzite(), {"constraints": ["S1.z = Zn1.z + 0.378"]}, ["Zn1.z"]),
        # A constraint that no common shift meets.
        (wurtzite(), {"constraints": ["S1.z = 0.378 - Zn1.z"]}, []),
    ],
)
def test_what_is_held(crystal, given, held):
    problem = prepare(make_model([crystal], QMAX, recipe(**given)), recipe(**given))
    assert list(problem.origin) == held
    assert not set(held) & set(problem.map.variables)


def test_each_phase_has_its_own_origin():
    given = recipe(phases=["one", "two"])
    problem = prepare(make_model([wurtzite(), wurtzite()], QMAX, given), given)
    assert problem.origin == ("one:Zn1.z", "two:Zn1.z")


def test_wurtzite_is_recovered_and_the_reason_stands_in_the_table():
    r = np.arange(0.01, 24, 0.01)
    g = calculate(PairModel((wurtzite(),), QMAX, envelope="none"), r, {"scale": 0.8})
    data = Observed(r, g, None, None, None, QMAX, "simulated", "made.gr")
    start = wurtzite().with_values({"S1.z": 0.365, "a": 3.83})
    said = []
    stages = [["scale", "lattice"], ["coordinates", "displacements"]]
    found = run_recipe([start], data, recipe(stages=stages), say=said.append)
    assert said[0] == "the space group leaves the origin free; held in its place: Zn1.z"
    assert sum("origin" in line for line in said) == 1
    parameters = {p.name: p for p in found.parameters}
    assert parameters["Zn1.z"].value == 0.0 and "origin" in parameters["Zn1.z"].note
    assert parameters["S1.z"].value == pytest.approx(0.378, abs=1e-4) and not found.result.singular


def test_coordinates_far_from_the_cell_come_back_into_it():
    far = of("P 1", CUBE, site("A1", "Na", 7.1, -3.8, 0.3), B)
    assert "A1 Na 1 0.1 0.2 0.3 0.008" in cif_text(far)
    # Whole cells only, and nothing that is near is touched.
    near = of("P -1", CUBE, site("A1", "Na", -0.1, 0.2, 0.3))
    assert "A1 Na 2 -0.1 0.2 0.3" in cif_text(near)


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_cadmium_selenide_of_others(cases):
    from coherion.crystal.cif_input import read_cif

    crystal = read_cif(cases / "pdf/refine/CdSe-Wurtzite.cif")
    data = read_observed(cases / "pdf/refine/CdSe-3nm.gr")
    assert data.qmax == 14.0
    given = recipe(convention="pdffit", envelope="sphere")
    found = run_recipe([crystal], data, given, say=lambda _: None)
    assert found.problem.origin == ("Cd1.z",) and found.result.values["Cd1.z"] == 0.0
    assert found.result.values["Se1.z"] == pytest.approx(0.377, abs=0.01) and found.rw < 0.328
