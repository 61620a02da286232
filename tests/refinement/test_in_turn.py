"""Windows along one G(r) that find a local distortion, and a sequence of temperatures with known truth."""

import sys
from pathlib import Path

import numpy as np
import pytest

from coherion.crystal.cif import write_cif
from coherion.crystal.crystal import Crystal, Site
from coherion.data.pdf_text import write_pdf_text
from coherion.errors import CoherionWarning, InputError
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement.in_turn import refine_sequence, refine_windows, windows_of
from coherion.refinement.observed import Observed
from coherion.settings.reading import settings_from
from coherion.settings.stages.refinement import InTurnSettings

QMAX = 20.0
STEP = np.pi / QMAX


def tetragonal(c_over_a=1.0, a=3.6, u=0.006):
    """A face-centred metal in the body-centred cell, with c/a of the cubic cell."""
    edge = a / np.sqrt(2)
    return Crystal(
        "metal", (edge, edge, a * c_over_a, 90, 90, 90), "I4/mmm", (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), u_iso=u),)
    )


def recipe(**given):
    told = {
        "fit_range": [1.5, 31.5],
        "envelope": "none",
        "qdamp": 0.0,
        "weights": "unit",
        "stages": [["scale", "lattice"], ["displacements"]],
        **given,
    }
    return settings_from(InTurnSettings, told)


def g_of(crystal, r, **values):
    return calculate(PairModel((crystal,), QMAX, envelope="none"), r, values)


def observed(r, g, file="made.gr"):
    return Observed(r, g, None, None, None, QMAX, "simulated", file)


def elongation(step):
    values = step.found.result.values
    return values["c"] / (np.sqrt(2) * values["a"])


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
def test_a_local_distortion_is_found_where_it_is():
    """Domains elongated by 3 % up to some 9 angstrom, cubic on average, as CuIr2S4 is above its transition."""
    r = np.arange(0.01, 36, 0.01)
    local, average = g_of(tetragonal(1.03), r), g_of(tetragonal(1.0), r)
    share = 1 / (1 + np.exp((r - 9.0) / 0.7))
    # An elongated cell and a compressed one split near shells alike, so that several starts are needed.
    given = recipe(width=6.0, starts=6, perturbation=3.0)
    steps = refine_windows([tetragonal(1.015)], observed(r, share * local + (1 - share) * average), given)
    assert [step.place for step in steps] == pytest.approx(4.5 + 2.0 * np.arange(13))
    found = np.array([elongation(step) for step in steps])
    assert found[0] == pytest.approx(1.03, abs=0.004) and found[-3:] == pytest.approx(1.0, abs=0.001)
    # It falls where the domains end, within a window's half.
    crossing = steps[int(np.argmax(found < 1.015))].place
    assert 7.0 < crossing < 13.0


def test_a_sequence_of_temperatures_with_known_truth():
    rng = np.random.default_rng(11)
    r = np.arange(0.01, 30, 0.01)
    points = STEP * np.arange(1, 260)
    near = np.abs(r[:, None] - points) < 25
    ripple = np.where(near, np.sinc((r[:, None] - points) / STEP), 0.0)
    temperatures = np.linspace(100, 1000, 10)
    truth = [(3.60 * (1 + 1.5e-5 * (t - 300)), 2e-5 * t + 0.001) for t in temperatures]
    cubic = "Fm-3m"
    data = []
    for t, (a, u) in zip(temperatures, truth, strict=True):
        crystal = Crystal("metal", (a, a, a, 90, 90, 90), cubic, (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), u_iso=u),))
        data.append((float(t), observed(r, g_of(crystal, r) + ripple @ rng.normal(scale=0.5, size=len(points)))))
    start = Crystal("metal", (3.59,) * 3 + (90,) * 3, cubic, (Site("Ni1", (0, 0, 0), (("Ni", 1.0),), u_iso=0.004),))
    steps = refine_sequence([start], data, recipe(fit_range=[1.5, 28.0]), say=lambda _: None)
    pulls = []
    for step, (a, u) in zip(steps, truth, strict=True):
        sds = step.found.uncertainties(True)
        values = step.found.result.values
        pulls.append([(values["a"] - a) / sds["a"], (values["Ni1.u_iso"] - u) / sds["Ni1.u_iso"]])
    # 20 pulls: a mean square above 1.7 has a chance of 3 %.
    assert 0.15 < np.mean(np.square(pulls)) < 1.8 and np.abs(pulls).max() < 3.5
    assert [step.place for step in steps] == temperatures.tolist() and not any(
        step.found.course.jumped for step in steps
    )


def test_a_change_of_branch_is_told():
    """Elongated first, then compressed by as much: from the elongated cell least squares stays in the wrong minimum."""
    r = np.arange(0.01, 30, 0.01)
    data = [(1.0, observed(r, g_of(tetragonal(1.055), r))), (2.0, observed(r, g_of(tetragonal(0.95), r)))]
    start = tetragonal(1.0)
    given = recipe(fit_range=[12.0, 28.0], start={"c": 3.48}, stages=[["scale", "c"], ["displacements"]])
    with pytest.warns(CoherionWarning, match="2: the values of the step before lead to Rw .* another branch"):
        _, second = refine_sequence([start], data, given, say=lambda _: None)
    assert second.found.course.jumped and second.found.result.values["c"] == pytest.approx(0.95 * 3.6, abs=0.01)


def test_windows_that_cannot_be():
    assert windows_of(recipe(fit_range=[2, 12], width=5, step=2.5)) == [(2, 7), (4.5, 9.5), (7, 12)]
    with pytest.raises(InputError, match="key width"):
        windows_of(recipe(fit_range=[2, 6], width=5))
    with pytest.raises(InputError, match="key step: too many windows"):
        windows_of(recipe(width=1, step=0.01))


def test_command_with_table_and_figure(tmp_path, capsys):
    sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))
    import refine_in_turn

    write_cif(tmp_path / "metal.cif", tetragonal())
    r = np.arange(0.01, 20, 0.01)
    write_pdf_text(tmp_path / "x.gr", "gr", r, g_of(tetragonal(1.01), r), header={"mode": "xray", "qmax": QMAX})
    told = (
        '{"fit_range": [1.5, 17.5], "envelope": "none", "qdamp": 0, "width": 8, "step": 4, "stages": [["scale", "c"]]}'
    )
    refine_in_turn.main(
        [
            *(str(tmp_path / "x.gr"), "--structures", str(tmp_path / "metal.cif"), "--settings", told),
            *("--output", str(tmp_path / "w.tsv"), "--figure", str(tmp_path / "drawn.pdf")),
        ]
    )
    lines = [line.split("\t") for line in (tmp_path / "w.tsv").read_text().splitlines()]
    assert lines[0][:6] == ["place", "r_low_A", "r_high_A", "rw", "converged", "jumped"] and len(lines) == 4
    assert {"c", "c_sd", "scale"} <= set(lines[0]) and [float(line[0]) for line in lines[1:]] == [5.5, 9.5, 13.5]
    assert (tmp_path / "drawn.pdf").stat().st_size > 1000 and (tmp_path / "drawn.tsv").exists()
