"""Several data sets of one sample in one refinement: derivatives, pulls of made data, and the command."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coherion.crystal.cif import write_cif
from coherion.crystal.crystal import Crystal, Site
from coherion.data.netcdf import read_dataset
from coherion.data.pdf_text import write_pdf_text
from coherion.errors import InputError
from coherion.figures.refinement import draw_refinement
from coherion.page.refinement import further_blocks
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.joint import JointEvaluator
from coherion.pair_model.model import DataSet, PairModel
from coherion.refinement.observed import Observed
from coherion.refinement.recipe import run_recipe
from coherion.settings.reading import settings_from
from coherion.settings.stages.refinement import RefinementSettings

X, N = 20.0, 26.0
TRUTH = {"scale": 0.7, "scale_2": 0.2, "qdamp": 0.02, "qdamp_2": 0.035, "delta2": 2.0}
FREE = ("a", "Mn1.u_iso", "O1.u_iso", "O1.x", "scale", "scale_2", "delta2")


def oxide(a=4.9, u=(0.005, 0.008), x=0.21):
    """A made cell with one coordinate, whose oxygen X-rays hardly see."""
    sites = (
        Site("Mn1", (0, 0, 0), (("Mn", 1.0),), u_iso=u[0]),
        Site("O1", (x, x, x), (("O", 1.0),), u_iso=u[1]),
    )
    return Crystal("oxide", (a, a, a, 90, 90, 90), "P-43m", sites)


def noisy(r, g, qmax, sd, rng):
    """G(r) with white noise that Qmax limits."""
    step = np.pi / qmax
    points = step * np.arange(1, int(r[-1] / step))
    return g + np.sinc((r[:, None] - points) / step) @ rng.normal(scale=sd, size=points.size)


def made(seed, sds=(0.05, 0.05), known=True):
    rng = np.random.default_rng(seed)
    r = np.arange(0.02, 17, 0.02)
    files = []
    for k, (qmax, radiation, sd) in enumerate(((X, "xray", sds[0]), (N, "neutron", sds[1])), 1):
        suffix = "" if k == 1 else "_2"
        values = {"scale": TRUTH[f"scale{suffix}"], "qdamp": TRUTH[f"qdamp{suffix}"], "delta2": TRUTH["delta2"]}
        g = calculate(PairModel((oxide(),), qmax, envelope="none", radiation=radiation), r, values)
        error = np.full(r.size, sd) if known else None
        file = f"{radiation}.gr"
        files.append(
            Observed(r, noisy(r, g, qmax, sd, rng), error, None, None, qmax, "simulated", file, radiation=radiation)
        )
    return replace(files[0], further=(files[1],))


def recipe(**given):
    told = {
        "fit_range": [1.2, 14.0],
        "envelope": "none",
        "qdamp": TRUTH["qdamp"],
        "further": [{"qdamp": TRUTH["qdamp_2"]}],
        "stages": [["scale", "lattice"], ["coordinates", "displacements", "delta2"]],
        **given,
    }
    return settings_from(RefinementSettings, told)


def fitted(observed, **given):
    return run_recipe([oxide(4.91, (0.007, 0.007), 0.215)], observed, recipe(**given), say=lambda _: None)


def pulls(found):
    truth = {**oxide().parameters, **TRUTH}
    sds = found.uncertainties(True)
    return np.array([(found.result.values[name] - truth[name]) / sds[name] for name in FREE])


def test_derivatives_and_values_of_each_data_set():
    further = (DataSet(N, "neutron", resolution=True), DataSet(14.0))
    model = PairModel((oxide(),), X, envelope="sphere", further=further)
    values = model.complete({**TRUTH, "scale_3": 2.0, "coherence_length": 60.0})
    assert "qdamp_2" in values and "qdamp_3" not in values
    points = np.arange(1.5, 15, 0.15), np.arange(2, 18, 0.12), np.arange(1, 10, 0.2)
    names = [*FREE, "qdamp", "qdamp_2", "scale_3", "coherence_length"]
    g, slopes = JointEvaluator(model, points, names).evaluate(values)
    alone = PairModel((oxide(),), N, envelope="sphere", radiation="neutron")
    own = {"scale": 0.2, "qdamp": 0.035, "delta2": 2.0, "coherence_length": 60.0}
    begin = points[0].size
    assert g[begin : begin + points[1].size] == pytest.approx(calculate(alone, points[1], own), abs=1e-9)
    for k, name in enumerate(names):
        h = 1e-5 * max(abs(values[name]), 0.01)
        above, below = (
            JointEvaluator(model, points, []).evaluate({**values, name: values[name] + step})[0] for step in (h, -h)
        )
        assert slopes[:, k] == pytest.approx((above - below) / (2 * h), abs=3e-4 * np.abs(slopes[:, k]).max()), name


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
@pytest.mark.parametrize("known", [True, False])
def test_pulls_of_x_rays_and_neutrons_together_are_within_chance(known):
    """Noise of the neutrons is a tenth of that of the X-rays, which nothing says where it is not known."""
    all_pulls = np.array([pulls(fitted(made(seed, (0.2, 0.02), known))) for seed in range(5)])
    # 35 pulls: a mean square above 1.6 or below 0.45 has a chance of less than one in a hundred.
    assert 0.45 < np.mean(all_pulls**2) < 1.6 and np.abs(all_pulls).max() < 3.6


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_together_they_know_more_than_either_alone():
    observed = made(3, (0.2, 0.02))
    both = fitted(observed).uncertainties(True)
    alone = [
        fitted(one, qdamp=TRUTH[qdamp], further=[]).uncertainties(True)
        for one, qdamp in ((replace(observed, further=()), "qdamp"), (observed.further[0], "qdamp_2"))
    ]
    for name in ("a", "O1.x", "O1.u_iso", "Mn1.u_iso"):
        assert both[name] < 1.1 * min(one[name] for one in alone), name
    assert both["O1.x"] < 0.4 * alone[0]["O1.x"]


def test_settings_of_more_data_sets_than_there_are():
    with pytest.raises(InputError, match="key further: settings of more data sets than there are; found 2; expected 1"):
        fitted(made(1), further=[{}, {}])


def _topas_holds_both(text, folder, sets):
    """Each data set with its own file, radiation, Qmax, scale and damping; one structure for both."""
    assert "further data set" not in text and "\nprm p_scale_2 " in text
    xrays, neutrons = text.split("\nxdd ")[1:]
    assert 'out.xy"' in xrays and 'out.2.xy"' in neutrons
    assert "neutron_data" not in xrays and "neutron_data" in neutrons
    for own, scale, qmax, damping in ((xrays, "p_scale", X, "0.02"), (neutrons, "p_scale_2", N, "0.035")):
        assert f"scale ={scale};" in own and f"(!qmax, {qmax:g})" in own and f"(!dq, {damping})" in own
        assert " a =p_a;" in own and "p_O1_u_iso" in own
    for name, one in zip(("out.xy", "out.2.xy"), sets, strict=True):
        r = np.loadtxt(folder / name)[:, 0]
        assert 1.2 <= r[0] <= one["fit_range"][0] and one["fit_range"][1] <= r[-1] <= 14.0


def _pictures_show_both(fit):
    plate = draw_refinement(fit, "oxide")
    assert len(plate.panels) == 2
    assert "neutron.gr, neutrons, Qmax 26" in plate.panels[1].get_title()
    observed, calculated = (fit[f"joint_{name}"].values for name in ("observed", "calculated"))
    panel_b = [row.split("\t") for row in plate.numbers().splitlines() if row.startswith("b\t")]
    shown = {
        name: np.array([float(row[3]) for row in panel_b if row[1] == name]) for name in ("observed", "calculated")
    }
    np.testing.assert_allclose(shown["observed"], observed, rtol=1e-4)
    np.testing.assert_allclose(shown["calculated"], calculated, rtol=1e-4)
    (block,) = further_blocks(fit, "1.2-14")
    assert "neutron.gr, neutrons, Qmax 26" in block["title"] and len(block["data"]) == 3


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_command(tmp_path):
    sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
    import refine_structure

    observed = made(5, (0.05, 0.005))
    for one, mode in ((observed, "xray"), (observed.further[0], "neutron")):
        write_pdf_text(tmp_path / f"{mode}.gr", "gr", one.r, one.g, header={"mode": mode, "qmax": one.qmax})
    write_cif(tmp_path / "oxide.cif", oxide(4.91))
    settings = {
        "fit_range": [1.2, 14.0],
        "envelope": "none",
        "qdamp": 0.02,
        "further": [{"qdamp": 0.035, "qdamp_sd": 0.001}],
        "stages": [["scale", "lattice"], ["coordinates", "displacements", "delta2"]],
    }
    outputs = {kind: tmp_path / f"out.{kind}" for kind in ("nc", "cif", "stru", "py", "inp", "fgr", "tsv")}
    options = ("output", "cif", "stru", "pdffit2", "topas", "fit", "table")
    refine_structure.main(
        [
            *(str(tmp_path / "xray.gr"), str(tmp_path / "oxide.cif"), "--with", str(tmp_path / "neutron.gr")),
            *("--settings", json.dumps(settings)),
            *(word for key, path in zip(options, outputs.values(), strict=True) for word in (f"--{key}", str(path))),
        ]
    )
    fit = read_dataset(outputs["nc"], "refine_structure")
    sets = json.loads(fit.attrs["data_sets"])
    assert [(one["radiation"], one["qmax"]) for one in sets] == [("xray", X), ("neutron", N)]
    assert max(one["rw"] for one in sets) < 0.06 and fit["fitted_r"].values.max() <= 14.0
    assert fit["joint_r"].size == sets[1]["points"] and set(fit["joint_set"].values) == {2}
    assert "1 further data set(s)" in outputs["py"].read_text()
    _topas_holds_both(outputs["inp"].read_text(), tmp_path, sets)
    _pictures_show_both(fit)
    lines = [line.split("\t") for line in outputs["tsv"].read_text().splitlines()]
    table = {line[0]: line for line in lines}
    assert float(table["a"][1]) == pytest.approx(4.9, abs=0.002) and float(table["scale_2"][1]) > 0
    assert table["rw of data set 2"][-1] == "neutron.gr, neutron" and len(table) == len(lines)
