"""A refinement handed on: diffpy.pdffit2 calculates and refines the same, TOPAS' input names what was free."""

import importlib.util
import re

import numpy as np
import pytest

from coherion.crystal.crystal import Crystal, Site
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement import output
from coherion.refinement.exports.affine import of_parameter, variables_of
from coherion.refinement.exports.pdffit2 import pdffit2_script, what_is_left_out
from coherion.refinement.exports.topas import topas_input
from coherion.refinement.observed import Observed
from coherion.refinement.recipe import run_recipe
from coherion.settings.reading import settings_from
from coherion.settings.stages.refinement import RefinementSettings

QMAX = 18.0
QUIET = {"readings": [], "compare_envelopes": [], "profile": []}


def wurtzite():
    sites = (
        Site("Cd1", (1 / 3, 2 / 3, 0), (("Cd", 1.0),), u_iso=0.012),
        Site("Se1", (1 / 3, 2 / 3, 0.377), (("Se", 1.0),), u_iso=0.010),
    )
    return Crystal("CdSe", (4.3, 4.3, 7.01, 90, 90, 120), "P63mc", sites)


def salt(mixed=False):
    species = (("Na", 0.6), ("K", 0.4)) if mixed else (("Na", 1.0),)
    sites = (Site("Na1", (0, 0, 0), species, u_iso=0.02), Site("Cl1", (0.5,) * 3, (("Cl", 1.0),), u_iso=0.015))
    return Crystal("salt", (5.7, 5.7, 5.7, 90, 90, 90), "Fm-3m", sites)


def refined(crystals, truth, given):
    settings = settings_from(
        RefinementSettings, {"fit_range": [1.5, 16.0], "convention": "pdffit", "weights": "unit", **QUIET, **given}
    )
    r = np.arange(0.01, 20, 0.01)
    model = PairModel(tuple(crystals), QMAX, "pdffit", settings.envelope, radiation=settings.radiation or "xray")
    model_g = calculate(model, r, truth)
    # A ripple that no model has, so that residuals are not zero.
    g = model_g + 0.02 * np.abs(model_g).max() * np.sin(9.0 * r)
    data = Observed(r, g, None, None, None, QMAX, "simulated", "made.gr", radiation=settings.radiation)
    return run_recipe(crystals, data, settings, say=lambda _: None)


CASES = {
    "sphere, tensors, shared": (
        [wurtzite()],
        {"coherence_length": 40.0, "delta2": 3.0, "scale": 0.7, "qdamp": 0.03},
        {
            "envelope": "sphere",
            "anisotropic": ["*"],
            "qdamp": 0.03,
            "fixed": {"microstrain_squared": 0},
            "shared": [["Cd1.u11", "Se1.u11"]],
            "stages": [["scale", "lattice"], ["displacements"], ["coordinates", "delta2", "coherence_length"]],
        },
    ),
    "mixed site, neutrons": (
        [salt(mixed=True)],
        {"scale": 0.8, "qdamp": 0.04},
        {
            "envelope": "none",
            "radiation": "neutron",
            "stages": [["scale", "lattice"], ["displacements"], ["Na1.occupancy.K"], ["qdamp"]],
            "start": {"qdamp": 0.03},
        },
    ),
    "two phases": (
        [salt(), wurtzite()],
        {"salt:scale": 0.5, "CdSe:scale": 0.4, "qdamp": 0.03},
        {"envelope": "none", "qdamp": 0.03, "stages": [["scale", "lattice"], ["displacements"]]},
    ),
}


@pytest.fixture(scope="module", params=CASES, ids=CASES)
def found(request):
    return refined(*CASES[request.param])


def _module(path):
    spec = importlib.util.spec_from_file_location("exported", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_pdffit2_agrees_at_the_values_and_stays_there(found, tmp_path):
    pytest.importorskip("diffpy.pdffit2")
    (tmp_path / "fit.gr").write_text(output.data_file(found), encoding="utf-8")
    (tmp_path / "fit.py").write_text(pdffit2_script(found, "fit.gr"), encoding="utf-8")
    assert "The models are the same." in (tmp_path / "fit.py").read_text()
    theirs = _module(tmp_path / "fit.py")
    _, observed, calculated, _ = output.curves(found)
    ours = float(np.linalg.norm(observed - calculated) / np.linalg.norm(observed))
    fit = theirs.model()
    fit.calc()
    assert theirs.residual(fit) == pytest.approx(ours, abs=1e-3)
    fit.refine()
    assert theirs.residual(fit) == pytest.approx(ours, abs=1e-3)
    variables = variables_of(found)
    assert {name for name, _ in theirs.PARAMETERS.values()} == set(variables)
    for number, (name, value) in theirs.PARAMETERS.items():
        sd = found.uncertainties(True).get(name, 0.0)
        assert fit.getpar(number) == pytest.approx(value, abs=1.0 * sd + 1e-4 * abs(value)), name


def test_topas_names_every_variable_once_and_every_number(found):
    text = topas_input(found, ["fit.xy"])
    variables = variables_of(found)
    declared = re.findall(r"^prm (\w+) (\S+)$", text, re.M)
    assert len(declared) == len(variables) == len({name for name, _ in declared})
    np.testing.assert_allclose([float(value) for _, value in declared], list(variables.values()), rtol=1e-8)
    values = {name: float(value) for name, value in declared}
    assert all(len(re.findall(rf"\b{name}\b", text)) > 1 for name in values)
    # Cells of the phases, from their numbers and equations.
    for letter in ("a", "c"):
        cells = re.findall(rf"^ +{letter} (=?)([^;\n]+);?$", text, re.M)
        shown = [values[word.strip()] if equation else float(word) for equation, word in cells]
        crystals = found.model.crystals(found.result.values)
        np.testing.assert_allclose(shown, [c.lattice[0 if letter == "a" else 2] for c in crystals], rtol=1e-7)
    assert f"convolute_Qmax_Sinc(!qmax, {QMAX:g})" in text and 'xdd "fit.xy"' in text
    assert ("scale_phase_X" in text) == (found.model.envelope == "sphere")
    assert ("neutron_data" in text) == (found.model.radiation == "neutron")
    sites = sum(len(site.species) for crystal in crystals for site in crystal.sites)
    assert len(re.findall(r"^ +site ", text, re.M)) == sites


def test_what_pdffit2_lacks_is_said():
    truth = {"scale": 0.8, "coherence_length": 50.0}
    made = refined([salt()], truth, {"envelope": "sphere", "stages": [["scale", "lattice", "displacements"]]})
    assert what_is_left_out(made) == []
    other = refined(
        [salt()],
        truth,
        {
            "convention": "exact",
            "envelope": "exponential",
            "start": {"coherence_length": 50.0, "microstrain_squared": 1e-6},
            "fixed": {"microstrain_squared": 1e-6},
            "stages": [["scale", "lattice", "displacements"]],
        },
    )
    left = "\n".join(what_is_left_out(other))
    assert "convention exact" in left and "envelope exponential" in left and "microstrain_squared = 1e-06" in left
    assert "PDFfit2's model lacks:" in pdffit2_script(other, "x.gr")


def test_numbers_follow_from_the_variables(found):
    values = variables_of(found)
    for name, value in found.result.values.items():
        affine = of_parameter(found, name)
        total = affine.constant(values) + sum(c * values[v] for v, c in affine.terms.items())
        assert total == pytest.approx(value, abs=1e-8), name
