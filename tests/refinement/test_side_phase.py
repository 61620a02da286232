"""A side phase is found in a made mixture and nowhere else, and what is decided says why in numbers."""

import csv
import json
import warnings

import numpy as np
import pytest
from refinement.test_refine_commands import main_of

from coherion.crystal.cif import write_cif
from coherion.crystal.crystal import Crystal, Site
from coherion.crystal.reflections import profiles, reflection_positions
from coherion.data.contract.diffraction import REDUCTION
from coherion.data.netcdf import read_dataset, write_dataset
from coherion.errors import CoherionWarning, InputError
from coherion.figures.side_phase import draw_side_phase
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.refinement.side_phase.detection import Comparison, cause, decide, fitted_crystals, settled
from coherion.settings.reading import settings_from
from coherion.settings.stages.reflections import SidePhaseSettings

SETTINGS = SidePhaseSettings(reflection_q=1.47, window=(1.15, 1.7))
TWO = Comparison(0.26, 0.11, 200.0, 10.0, 400.0, 0.149, 0.003, 45.0, 0.2)


# 1. the decision


def test_a_reflection_and_a_certain_second_phase_make_a_side_phase():
    found = decide(14.2, 0.26, TWO, "trigonal", SETTINGS)
    assert found.positive
    for number in ("14.2 sigma", "1.47", "14.9(3) %", "0.260 to 0.110", "trigonal"):
        assert number in found.reason


@pytest.mark.parametrize(
    ("z", "changes", "said"),
    [
        (3.0, {}, "not seen"),
        (14.0, {"aicc_difference": 5.0}, "not better"),
        (14.0, {"fraction_sd": 0.05}, "not certain"),
        (14.0, {"fraction": 0.005, "fraction_sd": 0.0005}, "below 1 %"),
    ],
)
def test_one_doubt_keeps_a_sample_in(z, changes, said):
    found = decide(z, 0.26, Comparison(**(TWO.__dict__ | changes)), "trigonal", SETTINGS)
    assert not found.positive
    assert said in found.reason


def test_two_phases_are_tried_for_a_reflection_or_a_bad_fit_only():
    assert cause(3.9, 0.24, SETTINGS) == ""
    assert "4.1 sigma" in cause(4.1, 0.05, SETTINGS)
    assert "0.300" in cause(0.0, 0.30, SETTINGS)
    assert not decide(3.9, 0.24, None, "trigonal", SETTINGS).positive


@pytest.mark.parametrize("window", [(1.5, 1.7), (1.7, 1.2), (1.2,), (0.0, 2.0)])
def test_a_window_without_the_reflection_is_refused(window):
    with pytest.raises(InputError, match="window"):
        settings_from(SidePhaseSettings, {"reflection_q": 1.47, "window": list(window)})


# 2. a made mixture, through the command

QMAX = 16.0
RESOLUTION = {"qdamp": 0.011, "qbroad": 0.01}
PLACE = 2 * np.pi * np.sqrt(3) / 5.9  # 111 of the side phase
CHOSEN = {"reflection_q": round(PLACE, 4), "window": [1.42, 2.12]}


def phase(name):
    if name == "rocksalt":
        sites = (Site("Na1", (0, 0, 0), (("Na", 1.0),), 0.012), Site("Cl1", (0.5, 0.5, 0.5), (("Cl", 1.0),), 0.014))
        return Crystal("rocksalt", (5.9, 5.9, 5.9, 90, 90, 90), "Fm-3m", sites)
    sites = (
        Site("Zr1", (0, 0, 0), (("Zr", 1.0),), 0.006),
        Site("Cl1", (0.305, 0.305, 0), (("Cl", 1.0),), 0.009),
    )
    return Crystal("rutile", (5.6, 5.6, 3.9, 90, 90, 90), "P42/mnm", sites)


def sample(folder, share):
    """The reduction of a made mixture: G(r) of both phases, and reflections of both at low Q."""
    main, side = phase("rutile"), phase("rocksalt")
    generator = np.random.default_rng(7)
    r = np.arange(0.0, 31.0, 0.02)
    own = {"rutile:scale": 1 - share, "rocksalt:scale": share, "rutile:delta2": 2.0, "rocksalt:delta2": 2.0}
    lengths = {"rutile:coherence_length": 45.0, "rocksalt:coherence_length": 90.0}
    g = calculate(PairModel((main, side), QMAX), r[1:], own | lengths | RESOLUTION)
    step = np.pi / QMAX
    noise = generator.normal(scale=0.01, size=170)
    g = np.append(0.0, g + np.sinc((r[1:, None] - step * np.arange(1, 171)) / step) @ noise)
    q = np.arange(0.8, 4.0, 0.003)
    lines, counts = reflection_positions(main.lattice, main.structure.rotations, main.structure.translations, 0.8, 4)
    intensity = profiles(q, lines, 45.0, np.hypot(0.011, 0.01 * lines)) @ (100.0 * counts)
    intensity += share * 4e3 * profiles(q, np.array([PLACE]), 90.0, np.array([np.hypot(0.011, 0.01 * PLACE)]))[:, 0]
    intensity = generator.poisson(20 * intensity + 4e3 + 1e3 * np.cos(q)).astype(float)
    values = dict.fromkeys(("intensity", "background", "intensity_net"), intensity)
    values |= {"structure_factor": np.ones_like(q), "reduced_structure_factor": 0 * q, "polynomial": 0 * q}
    values |= {"intensity_net_sd": np.sqrt(intensity), "pdf": g, "pdf_sd": np.full_like(r, 0.01), "q": q, "r": r}
    made = REDUCTION.dataset(values, {"origin": "simulated", "qmax": QMAX, "qmin": 0.0}, intensity="counts")
    write_dataset(made, folder / "reduced.nc", "reduce_scan")
    for name in ("rutile", "rocksalt"):
        write_cif(folder / f"{name}.cif", phase(name))
    # Without occupancies: those of full sites end at their bounds.
    stages = [["scale", "delta2"], ["lattice"], ["coordinates", "displacements"], ["coherence_length"]]
    recipe = {
        "fit_range": [2.0, 30.0],
        "compare_envelopes": [],
        "readings": [],
        "profile": [],
        "stages": [{"name": free[0], "free": free} for free in stages],
    }
    main_of("refine_structure")(
        [
            str(folder / "reduced.nc"),
            str(folder / "rutile.cif"),
            "--settings",
            json.dumps(recipe | RESOLUTION),
            "--output",
            str(folder / "fit.nc"),
        ]
    )


def detect(folder, settings=None):
    main_of("detect_side_phase")(
        [
            *(str(folder / name) for name in ("reduced.nc", "fit.nc", "rutile.cif")),
            "--side",
            str(folder / "rocksalt.cif"),
            "--settings",
            json.dumps(CHOSEN | (settings or {})),
            "--output",
            str(folder / "side.nc"),
            "--table",
            str(folder / "side.tsv"),
        ]
    )
    return read_dataset(folder / "side.nc")


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixture")
    sample(folder, 0.25)
    with pytest.warns(CoherionWarning, match="side phase: "):
        detect(folder)
    return folder


@pytest.fixture(scope="module")
def pure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pure")
    sample(folder, 0.0)
    detect(folder)
    return folder


def test_a_mixture_is_left_out_with_its_composition(mixture):
    found = read_dataset(mixture / "side.nc")
    assert found.attrs["excluded"] == 1
    assert found.attrs["origin"] == "simulated"
    assert found["side_reflection_z"] > 10
    assert float(found["rw_two_phases"]) < 0.7 * float(found["rw_one_phase"])
    # scale m / <f>^2 of each phase, with <f> the mean number of electrons and m the mean mass
    weights = {"rutile": 162.13 / 3 / (74 / 3) ** 2, "rocksalt": 58.44 / 2 / 14**2}
    truth = 0.25 * weights["rocksalt"] / (0.25 * weights["rocksalt"] + 0.75 * weights["rutile"])
    sd = float(found["side_phase_fraction_sd"])
    assert float(found["side_phase_fraction"]) == pytest.approx(truth, abs=4 * sd + 0.01 * truth)
    assert float(found["coherence_length_two_phases"]) == pytest.approx(45.0, rel=0.05)


def test_one_phase_is_held_against_two_with_its_own_weights(mixture):
    found, fit = read_dataset(mixture / "side.nc"), read_dataset(mixture / "fit.nc")
    assert float(found["chi_squared_one_phase"]) == pytest.approx(fit.attrs["chi_squared"], rel=1e-6)
    assert float(found["rw_one_phase"]) == pytest.approx(fit.attrs["rw"])


def test_a_pure_sample_stays_and_costs_no_second_refinement(pure):
    found = read_dataset(pure / "side.nc")
    assert found.attrs["excluded"] == 0
    assert found.attrs["tried_because"] == ""
    assert found["side_reflection_z"] < 4
    assert "rw_two_phases" not in found
    assert "no reflection" in found.attrs["reason"]


@pytest.mark.slow
def test_a_bad_fit_without_the_reflection_proves_nothing(pure):
    # A phase that is not there has parameters that mean nothing, which the refinement warns of, too.
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", CoherionWarning)
        found = detect(pure, {"largest_rw": 1e-3})
    assert any("not seen" in str(one.message) for one in told)
    assert found.attrs["excluded"] == 0
    assert "above 0.001" in found.attrs["tried_because"]


def settled_for(folder, **given):
    fit = read_dataset(folder / "fit.nc")
    main = fitted_crystals(fit, [phase("rutile")])
    return settled(SidePhaseSettings(**given), phase("rocksalt"), read_dataset(folder / "reduced.nc"), fit, main)


def test_without_a_reflection_given_the_clearest_strong_one_of_the_side_phase_is_looked_for(mixture):
    found = settled_for(mixture)
    # Of the strong reflections below 4 1/angstrom, 200 lies nearer to one of the main phase than the width of both.
    edge = 2 * np.pi / 5.9
    known = {name: edge * np.sqrt(n) for name, n in {"111": 3, "200": 4, "220": 8, "222": 12}.items()}
    lattice = phase("rutile")
    lines, _ = reflection_positions(
        lattice.lattice, lattice.structure.rotations, lattice.structure.translations, 0.8, 4.5
    )
    nearest = {name: float(np.min(np.abs(lines - q))) for name, q in known.items()}
    chosen = min(known, key=lambda name: abs(known[name] - found.reflection_q))
    assert found.reflection_q == pytest.approx(known[chosen], abs=1e-3)
    assert nearest[chosen] > 0.05
    low, high = found.window
    assert low < found.reflection_q - 0.1 and found.reflection_q + 0.1 < high
    assert min(np.min(np.abs(lines - low)), np.min(np.abs(lines - high))) > 0.02


def test_a_refinement_of_another_reduction_is_refused(mixture, tmp_path):
    for name in ("fit.nc", "rutile.cif", "rocksalt.cif"):
        (tmp_path / name).write_bytes((mixture / name).read_bytes())
    other = read_dataset(mixture / "reduced.nc").load()
    other.attrs["qmax"] = 17.0
    write_dataset(other, tmp_path / "reduced.nc", "reduce_scan")
    with pytest.raises(InputError, match="not of this reduction"):
        detect(tmp_path)


def test_a_window_beyond_all_that_is_measured_is_refused(mixture):
    with pytest.raises(InputError, match="does not cover the window"):
        detect(mixture, {"window": [1.42, 1.7e308]})


def test_what_is_given_of_reflection_and_window_stays(mixture):
    assert settled_for(mixture, **CHOSEN) == SidePhaseSettings(**CHOSEN)
    assert settled_for(mixture, reflection_q=PLACE).reflection_q == PLACE
    within = settled_for(mixture, window=(1.42, 2.0))
    assert within.window == (1.42, 2.0) and within.reflection_q == pytest.approx(PLACE, abs=1e-3)
    with pytest.raises(InputError, match="has no reflection in the measured range"):
        settled_for(mixture, window=(1.2, 1.4))


def test_the_table_holds_the_numbers_and_the_reason(mixture):
    with (mixture / "side.tsv").open(encoding="utf-8") as stream:
        rows = {row["quantity"]: row for row in csv.DictReader(stream, delimiter="\t")}
    assert rows["excluded"]["value"] == "yes"
    assert "% by mass" in rows["excluded"]["note"]
    assert float(rows["side_phase_fraction"]["standard_uncertainty"]) > 0
    assert rows["reflection_width"]["unit"] == "1/angstrom"


def test_a_pattern_that_does_not_reach_the_window_is_refused(pure):
    with pytest.raises(InputError, match="does not cover the window"):
        detect(pure, {"window": [0.5, 2.0]})


def test_the_figure_shows_two_phases_where_they_were_tried(mixture, pure, tmp_path):
    found = [read_dataset(folder / "side.nc") for folder in (pure, mixture)]
    plate = draw_side_phase(found, ["pure", "mixture"])
    numbers = plate.numbers()
    assert "mixture, fit" in numbers and "pure, fit" in numbers
    assert "difference shifted, two phases" in numbers
    plate.save(tmp_path / "side.pdf")
    alone = draw_side_phase([found[1].drop_vars([n for n in found[1] if "two_phases" in n])], ["pure"])
    assert len(alone.panels) == 2
    alone.save(tmp_path / "alone.pdf")
