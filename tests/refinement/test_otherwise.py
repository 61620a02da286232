"""Data that are something else than the fit takes them for: the alert names what they are."""

from __future__ import annotations

import json

import numpy as np
import pytest

from coherion.crystal.cif_input import read_cif
from coherion.crystal.crystal import Crystal, Site
from coherion.data.pdf_text import write_pdf_text
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.quality.of_refinement import alerts_of_refinement
from coherion.refinement.observed import Observed, read_observed
from coherion.refinement.output import dataset_of
from coherion.refinement.recipe import run_recipe
from coherion.refinement.steps.otherwise import FUNCTIONS, read_otherwise
from coherion.settings.reading import settings_from
from coherion.settings.stages.quality import QualitySettings
from coherion.settings.stages.refinement import RefinementSettings

pytestmark = pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")

QMAX, R = 22.0, np.arange(0.01, 24.0, 0.01)
GIVEN = {
    "fit_range": [1.5, 20.0],
    "convention": "pdffit",
    "envelope": "none",
    "qdamp": 0.02,
    "stages": [["scale", "lattice"], ["displacements"]],
    "readings": [],
    "compare_envelopes": [],
    "profile": [],
}
SLOPE = 4 * np.pi * 8 / 5.64**3


def salt(a=5.62, anion="Cl"):
    sites = (Site("Na1", (0, 0, 0), (("Na", 1.0),), u_iso=0.02), Site("X1", (0.5,) * 3, ((anion, 1.0),), u_iso=0.015))
    return Crystal("salt", (a, a, a, 90, 90, 90), "Fm-3m", sites)


def made(radiation="xray", noise=0.02, anion="Cl"):
    model = PairModel((salt(5.64, anion),), QMAX, "pdffit", "none", radiation=radiation)
    g = calculate(model, R, {"scale": 0.8, "qdamp": 0.02})
    # As of counts: noise that the transform leaves no frequency beyond Qmax of.
    q = np.arange(0.05, QMAX, 0.05)
    return g + noise * np.sin(np.outer(R, q)) @ np.random.default_rng(5).normal(size=q.size) / np.sqrt(q.size / 2)


def fitted(tmp_path, g, crystal, header, **given):
    write_pdf_text(tmp_path / "x.gr", "gr", R, g, header={"qmax": QMAX, **header})
    settings = settings_from(RefinementSettings, GIVEN | given)
    found = run_recipe([crystal], read_observed(tmp_path / "x.gr"), settings, say=lambda _: None)
    other = read_otherwise(found, float(found.course.rw.min()), lambda _: None)
    alerts = alerts_of_refinement({"1.5-20": dataset_of(found, other)}, None, QualitySettings())
    return other, {alert.code: alert for alert in alerts}


@pytest.mark.parametrize("anion", ["Cl", "D"])
@pytest.mark.parametrize(
    ("truth", "header"), [("neutron", {"mode": "xray"}), ("neutron", {}), ("xray", {"mode": "neutron"})]
)
def test_the_other_radiation(tmp_path, truth, header, anion):
    other, alerts = fitted(tmp_path, made(truth, anion=anion), salt(anion=anion), header)
    assert other is not None and other.name == truth
    assert f"described as of {'X-rays' if truth == 'xray' else 'neutrons'}" in alerts["radiation"].text
    assert f"radiation: {truth}" in alerts["radiation"].advice and "x.gr" in alerts["radiation"].text


@pytest.mark.parametrize("truth", ["xray", "neutron"])
def test_the_right_radiation(tmp_path, truth):
    other, alerts = fitted(tmp_path, made(truth), salt(), {"mode": truth})
    assert other is None and not alerts.keys() & {"radiation", "another-function"}


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (lambda g: -g, "-G(r)"),
        (lambda g: g / (SLOPE * R), "g(r) - 1"),
        (lambda g: 0.3 * g / (SLOPE * R), "g(r) - 1"),
        (lambda g: 1 + g / (SLOPE * R), "g(r), which"),
        (lambda g: g + SLOPE * R, "T(r)"),
        (lambda g: R * (g + SLOPE * R), "the radial distribution"),
        (lambda g: R * g, "r G(r)"),
    ],
)
def test_another_function_than_g(tmp_path, function, name):
    other, alerts = fitted(tmp_path, function(made()), salt(), {"mode": "xray"})
    assert other is not None and other.name.startswith(name)
    assert name in alerts["another-function"].text and alerts["another-function"].grade == "A"


def test_each_function_is_g_again():
    """Up to its scale, from what its name says."""
    g, r = made(noise=0.0), R
    for name, function in FUNCTIONS.items():
        given = {"-G": -g, "g(r) -": g / (SLOPE * r), "g(r),": 1 + g / (SLOPE * r), "T(": g + SLOPE * r, "r G": r * g}
        own = next((v for k, v in given.items() if name.startswith(k)), r * (g + SLOPE * r))
        back = function(r, own)
        assert np.corrcoef(back, g)[0, 1] > 0.99, name


def test_what_was_reduced_here_is_known(tmp_path):
    from dataclasses import replace

    write_pdf_text(tmp_path / "x.gr", "gr", R, -made("neutron"), header={"qmax": QMAX})
    observed: Observed = replace(read_observed(tmp_path / "x.gr"), reduced=True)
    found = run_recipe([salt()], observed, settings_from(RefinementSettings, GIVEN), say=lambda _: None)
    assert read_otherwise(found, found.rw, lambda _: None) is None


def test_one_of_two_data_sets(tmp_path):
    from dataclasses import replace

    for name, radiation in (("x", "xray"), ("n", "neutron")):
        write_pdf_text(tmp_path / f"{name}.gr", "gr", R, made(radiation), header={"mode": "xray", "qmax": QMAX})
    both = replace(read_observed(tmp_path / "x.gr"), further=(read_observed(tmp_path / "n.gr"),))
    found = run_recipe([salt()], both, settings_from(RefinementSettings, GIVEN), say=lambda _: None)
    other = read_otherwise(found, float(found.course.rw.min()), lambda _: None)
    assert other is not None and (other.name, other.data_set) == ("neutron", 2)
    told = dataset_of(found, other)
    assert json.loads(told.attrs["otherwise"])["data_set"] == 2
    # The alert names the file of the second, and the record where each was fitted.
    texts = [one.text for one in alerts_of_refinement({"1": told}, None, QualitySettings())]
    assert any("n.gr was fitted as of X-rays" in text for text in texts)
    low, high = settings_from(RefinementSettings, GIVEN).fit_range
    for one in json.loads(told.attrs["data_sets"]):
        assert one["fit_range"] == pytest.approx([low, high], abs=np.pi / QMAX)


@pytest.mark.parametrize(
    ("data", "cif"),
    [
        ("cdse/CdSe-3.gr", "cdse/CdSe-Wurtzite.cif"),
        ("cdse/CdSe-bulk.gr", "cdse/CdSe-Wurtzite.cif"),
        ("lab6_snbl/LaB6_0p4mm_011_av10_monitor.gr", "../cif/LaB6_SRM660c.cif"),
    ],
)
def test_published_data_are_what_they_are(real_data, data, cif):
    observed, crystal = read_observed(real_data / "pdf" / data), read_cif(real_data / "pdf" / cif)
    given = GIVEN | {"envelope": "sphere", "stages": [["scale", "lattice", "coherence_length"], ["displacements"]]}
    found = run_recipe([crystal], observed, settings_from(RefinementSettings, given), say=lambda _: None)
    assert read_otherwise(found, float(found.course.rw.min()), lambda _: None) is None


@pytest.mark.parametrize(
    ("data", "cif", "truth"), [("mno50.gr", "mno.cif", "neutron"), ("aZrP.gr", "alpha_ZrP.cif", "xray")]
)
def test_radiation_of_published_data(cases, tmp_path, data, cif, truth):
    """As they are, and with a header that says the other: the words that name it are changed."""
    text = (cases / "pdf/refine" / data).read_text(encoding="utf-8")
    crystal = read_cif(cases / "pdf/refine" / cif)
    wrong = text.replace("stype=N  neutron scattering", "stype=X").replace("mode = xray", "mode = neutron")
    for own, expected in ((text, None), (wrong.replace("# xPDFsuite Configuration #", ""), truth)):
        (tmp_path / data).write_text(own, encoding="utf-8")
        settings = settings_from(RefinementSettings, GIVEN | {"qdamp": 0.001 if truth == "neutron" else 0.04})
        found = run_recipe([crystal], read_observed(tmp_path / data), settings, say=lambda _: None)
        other = read_otherwise(found, float(found.course.rw.min()), lambda _: None)
        assert (other.name if other else None) == expected


def test_the_command_leaves_it_in_the_dataset(tmp_path, capsys):
    """Neutrons under a header that says nothing, from the files to the alert."""
    import importlib.util
    from pathlib import Path

    from coherion.crystal.cif import write_cif
    from coherion.data.netcdf import read_dataset

    write_pdf_text(tmp_path / "x.gr", "gr", R, made("neutron"), header={"qmax": QMAX})
    write_cif(tmp_path / "salt.cif", salt())
    script = Path(__file__).parents[2] / "scripts" / "refine_structure.py"
    spec = importlib.util.spec_from_file_location("refine_structure", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    files = [str(tmp_path / name) for name in ("x.gr", "salt.cif")]
    module.main([*files, "--output", str(tmp_path / "x.nc"), "--settings", json.dumps(GIVEN)])
    assert "taken as neutron: Rw 0.0" in capsys.readouterr().out
    fit = read_dataset(tmp_path / "x.nc", "refine_structure")
    (alert,) = (a for a in alerts_of_refinement({"1.5-20": fit}, None, QualitySettings()) if a.code == "radiation")
    assert alert.grade == "A" and alert.number < 0.1
