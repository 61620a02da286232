"""Each alert fires on a made fault and is silent where nothing is wrong."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import xarray

from coherion.atoms.composition import number_density
from coherion.crystal.crystal import Crystal, Site
from coherion.pair_model.evaluator import calculate
from coherion.pair_model.model import PairModel
from coherion.quality.alert import Alert, by_grade, told, with_second_sign
from coherion.quality.of_reduction import alerts_of_reduction
from coherion.quality.of_refinement import alerts_of_refinement
from coherion.quality.of_standard import alerts_of_standard, zero_of_cell
from coherion.quality.of_widths import alerts_of_widths
from coherion.refinement.observed import Observed
from coherion.refinement.output import dataset_of
from coherion.refinement.recipe import run_recipe
from coherion.refinement.resolution import Resolution
from coherion.scattering.form_factors import average_form_factors
from coherion.settings.reading import settings_from
from coherion.settings.stages.quality import QualitySettings
from coherion.settings.stages.refinement import RefinementSettings

LIMITS = QualitySettings()
QMAX, NOISE, WAVELENGTH = 13.0, 0.02, 0.5594
SHAPE = ["coherence_length", "microstrain_squared"]


def salt(a: float, metal: str = "Na") -> Crystal:
    sites = (Site("M1", (0, 0, 0), ((metal, 1.0),), 0.03), Site("Cl1", (0.5,) * 3, (("Cl", 1.0),), 0.02))
    return Crystal("salt", (a,) * 3 + (90.0,) * 3, "Fm-3m", sites)


def fitted(
    *, side: float = 0.0, strain: float = 0.0, free=SHAPE, fit_range=(2.0, 60.0), readings=("size", "lognormal")
) -> xarray.Dataset:
    """A refinement of rock salt of 60 angstrom against made data, with a second salt in them or with strain."""
    r = np.arange(0.01, 62.0, 0.02)
    shared = {"delta2": 2.0, "qdamp": 0.011, "coherence_length": 60.0}
    own = PairModel((salt(5.64),), QMAX)
    g = calculate(own, r, {**shared, "scale": 1.0 - side, "microstrain_squared": strain})
    if side:
        g = g + calculate(PairModel((salt(6.29, "K"),), QMAX), r, {**shared, "scale": side})
    step = np.pi / QMAX
    points = step * np.arange(1, 270)
    noise = np.random.default_rng(3).normal(scale=NOISE, size=len(points))
    g = g + np.sinc((r[:, None] - points) / step) @ noise
    data = Observed(r, g, np.full_like(r, NOISE), None, None, QMAX, "simulated", "made.gr")
    told = {"fit_range": fit_range, "qdamp": 0.011, "compare_envelopes": [], "profile": []}
    told |= {"stages": [["scale", "delta2"], ["lattice", "displacements"], free], "readings": list(readings)}
    settings = settings_from(RefinementSettings, told)
    return dataset_of(run_recipe([salt(5.64)], data, settings, say=lambda text: None))


@pytest.fixture(scope="module")
def clean():
    return {"2-60": fitted(), "2-20": fitted(fit_range=(2.0, 20.0))}


def reduced(q=None, structure=None, **attributes) -> xarray.Dataset:
    """A reduction of LaB6: S(Q), by default at the middle between its bound and 1, and a G(r) below its first peak."""
    q = np.arange(0.5, 13.0, 0.01) if q is None else q
    averages = average_form_factors({"La": 1.0, "B": 6.0}, q)
    bound = 1 - averages.square_mean / averages.mean_squared
    structure = 0.5 * (bound + 1) if structure is None else structure(bound)
    r = np.pi / 13 * np.arange(1, 60)
    rho = number_density({"La": 1.0, "B": 6.0}, 4.71)
    g = np.where(r < 2.6, -4 * np.pi * rho * r, 2.0)
    covariance = np.eye(len(r)) * 1e-4
    values = {
        "structure_factor": ("q", structure),
        "structure_factor_sd": ("q", np.full_like(q, 0.01)),
        "polynomial": ("q", np.zeros_like(q)),
        "reduced_structure_factor": ("q", q * (structure - 1)),
        "pdf_nyquist": ("r_nyquist", g),
        "pdf_covariance": (("r_nyquist", "r_nyquist_2"), covariance),
    }
    told = {"composition": "LaB6", "normalisation_method": "sum_rule", "rpoly": 0.9, "lorch": 0, "qmax": 13.0}
    told |= {"settings": json.dumps({"density": 4.71}), "wavelength": WAVELENGTH}
    return xarray.Dataset(values, {"q": q, "r_nyquist": r}, told | attributes)


@pytest.mark.parametrize(("qmax", "told"), [(25.0, 0), (13.0, 0), (8.0, 0), (7.8, 1), (1.3, 1)])
def test_a_qmax_that_does_not_resolve_distances_is_told(qmax, told):
    """Silver and molybdenum reach 20 and 17, copper 8 1/angstrom, of which 0.39 angstrom is the resolution."""
    found = [one for one in alerts_of_reduction(reduced(qmax=qmax), None, LIMITS) if one.code == "short-qmax"]
    assert len(found) == told and all(one.grade == "B" and one.number == np.pi / qmax for one in found)


def codes(alerts) -> dict[str, str]:
    return {one.code: one.grade for one in alerts}


def changed(fit: xarray.Dataset, parameter: str = "", value: float = 0.0, **attributes) -> xarray.Dataset:
    made = fit.copy(deep=True).assign_attrs(attributes)
    if parameter:
        made["value"][list(made["parameter"].values).index(parameter)] = value
    return made


def test_a_clean_fit_has_no_alert(clean):
    assert alerts_of_refinement(clean, reduced(), LIMITS) == []
    assert alerts_of_reduction(reduced(), next(iter(clean.values())), LIMITS) == []


def test_a_phase_that_is_not_in_the_model_is_seen_where_its_reflections_are():
    (found,) = (a for a in alerts_of_refinement({"2-60": fitted(side=0.12)}, None, LIMITS) if "unexpl" in a.code)
    assert found.grade == "B" and found.number > LIMITS.unexplained_share
    places = [float(part.split()[1]) for part in found.place.split(", ")]
    # Of the second salt, and no reflection of the first: rock salt has h k l all even or all odd.
    squares = np.array([3, 4, 8, 11, 12, 16, 19, 20, 24, 27, 32, 35, 36, 40])
    second, first = (2 * np.pi / a * np.sqrt(squares) for a in (6.29, 5.64))
    assert min(np.abs(second - places[0])) < 0.03 and min(np.abs(first - places[0])) > 0.1


def test_strain_that_is_left_out_is_called_for_and_strain_that_is_not_there_is_not(clean):
    without = {"2-60": fitted(strain=1.5e-5, free=["coherence_length"])}
    assert codes(alerts_of_refinement(without, None, LIMITS))["strain-left-out"] == "B"
    assert "strain-left-out" not in codes(alerts_of_refinement({"2-60": fitted(strain=1.5e-5)}, None, LIMITS))
    assert "strain-left-out" not in codes(
        alerts_of_refinement({"2-60": fitted(free=["coherence_length"])}, None, LIMITS)
    )


def test_a_few_percent_of_a_phase_stand_out_of_a_fit_that_is_right_otherwise():
    fit = fitted(side=0.05)
    (found,) = (a for a in alerts_of_refinement({"2-60": fit}, None, LIMITS) if a.code == "unexplained-reflection")
    assert found.grade == "B" and LIMITS.unexplained_weak < found.number < LIMITS.unexplained_share
    # Of a residual that is as large everywhere it is one of many.
    rough = fit.copy(deep=True)
    rough["observed"] = fit["observed"] + np.random.default_rng(1).normal(scale=0.8, size=fit.sizes["r"])
    assert "unexplained-reflection" not in codes(alerts_of_refinement({"2-60": rough}, None, LIMITS))


def test_strain_that_was_never_read_is_told():
    alone = fitted(strain=1.5e-5, free=["coherence_length"], readings=())
    assert codes(alerts_of_refinement({"2-60": alone}, None, LIMITS))["strain-not-read"] == "B"
    # The fit itself is held against the reflections then.
    length = float(alone["value"].sel(parameter="coherence_length"))
    (found,) = alerts_of_widths(widths(1.25 * length, 1.5e-5), alone, LIMITS)
    assert (found.code, found.grade) == ("widths-disagree", "B")
    freed = fitted(strain=1.5e-5, readings=())
    assert "strain-not-read" not in codes(alerts_of_refinement({"2-60": freed}, None, LIMITS))


def test_atomic_numbers_for_form_factors_are_told_where_the_reduction_is_known(clean):
    fit = changed(clean["2-60"], convention="pdffit")
    assert codes(alerts_of_refinement({"2-60": fit}, reduced(), LIMITS)) == {"convention": "B"}
    assert alerts_of_refinement({"2-60": fit}, None, LIMITS) == []
    assert alerts_of_refinement({"2-60": fit}, reduced(composition="Ni"), LIMITS) == []


def test_the_scale_is_that_of_the_reading_that_counts(clean):
    fit = clean["2-60"].copy(deep=True)
    names = list(fit["reading_name"].values)
    fit["reading_weight"][:] = [float(name == "lognormal") for name in names]
    fit["reading_scale"][names.index("lognormal")] = 0.7
    fit["reading_envelope"][names.index("lognormal")] = "lognormal"
    assert codes(alerts_of_reduction(reduced(), fit, LIMITS)) == {"scale": "B"}
    fit["reading_weight"][:] = [float(name == "size_strain") for name in names]
    assert alerts_of_reduction(reduced(), fit, LIMITS) == []


@pytest.mark.parametrize(
    ("attributes", "code", "grade"),
    [
        ({"converged": 0}, "not-converged", "A"),
        ({"rw": 0.2, "misfit": 0.04}, "rw", "C"),
        ({"rw": 0.3, "misfit": 0.04}, "rw", "B"),
        ({"misfit": 0.1}, "misfit", "C"),
        ({"at_bound": '["M1.u_iso"]'}, "at-bound", "B"),
        ({"at_bound": '["M1.occupancy"]'}, "at-bound", "C"),
        ({"singular": '[["a", "scale"]]'}, "singular", "B"),
        ({"jumped": 1, "continued": 1}, "other-branch", "B"),
    ],
)
def test_what_a_fit_says_of_itself(clean, attributes, code, grade):
    fits = {"2-60": changed(clean["2-60"], **attributes)}
    assert codes(alerts_of_refinement(fits, None, LIMITS)) == {code: grade}


def test_a_large_rw_of_few_counts_is_no_misfit(clean):
    fits = {"2-60": changed(clean["2-60"], rw=0.4, misfit=0.5 * NOISE)}
    assert alerts_of_refinement(fits, None, LIMITS) == []


def test_lengths_of_two_ranges(clean):
    own = float(clean["2-60"]["value"].sel(parameter="coherence_length"))
    other = changed(clean["2-20"], "coherence_length", 0.6 * own)
    other["standard_uncertainty_scaled"][list(other["parameter"].values).index("coherence_length")] = 1.0
    assert codes(alerts_of_refinement(clean | {"2-20": other}, None, LIMITS)) == {"lengths-disagree": "B"}
    # Where another shape carries the weight, that is why.
    shaped = clean["2-60"].copy(deep=True)
    names = list(shaped["reading_name"].values)
    shaped["reading_weight"][names.index("size_strain")] = 0.0
    found = codes(alerts_of_refinement({"2-60": shaped, "2-20": other}, None, LIMITS))
    assert found == {"lengths-disagree": "C"}


def test_a_first_peak_that_is_missed(clean):
    fit = clean["2-60"].copy(deep=True)
    r, calculated = fit["r"].values, fit["calculated"].values
    fit["difference"][:] += 0.4 * np.max(calculated[r < 3.2]) * np.exp(-0.5 * ((r - 2.82) / 0.15) ** 2)
    assert codes(alerts_of_refinement({"2-60": fit}, None, LIMITS)) == {"first-peak": "B"}


@pytest.mark.parametrize(("applied", "window"), [(1, "none"), (0, "lorch")])
def test_a_window_on_one_side_only(clean, applied, window):
    fits = {"2-60": changed(clean["2-60"], window=window)}
    assert codes(alerts_of_refinement(fits, reduced(lorch=applied), LIMITS)) == {"lorch": "A"}


@pytest.mark.parametrize(("shift", "sd", "alerted"), [(0.02, 0.002, True), (-0.02, 0.002, True), (0.02, 0.005, False)])
def test_angles_that_are_all_off(clean, shift, sd, alerted):
    in_q = np.radians(1.0) * 2 * np.pi / WAVELENGTH
    fits = {"2-60": changed(clean["2-60"], q_shift=shift * in_q, q_shift_sd=sd * in_q)}
    found = alerts_of_refinement(fits, reduced(), LIMITS)
    assert codes(found) == ({"zero-point": "B"} if alerted else {})
    if alerted:
        assert found[0].number == pytest.approx(shift) and ("high" if shift > 0 else "low") in found[0].text


def widths(length: float, strain: float, described: int = 1) -> xarray.Dataset:
    """What reflections say: 1/L to a percent, e^2 to 1e-6."""
    numbers = {"inverse_length": 1 / length, "inverse_length_sd": 0.01 / length, "microstrain_squared": strain}
    return xarray.Dataset(numbers | {"microstrain_squared_sd": 1e-6, "covariance": 0.0}, attrs={"described": described})


def test_reflections_that_disagree_with_every_reading_or_with_the_chosen_one_only(clean):
    fit = clean["2-60"]
    length = 1 / float(fit["read_inverse_length"])
    assert list(alerts_of_widths(widths(length, 0.0), fit, LIMITS)) == []
    # Far beyond both errors, but little.
    (found,) = alerts_of_widths(widths(1.09 * length, 0.0), fit, LIMITS)
    assert found.grade == "C" and "standard" in found.advice
    (found,) = alerts_of_widths(widths(1.4 * length, 0.0), fit, LIMITS)
    assert (found.grade, found.code) == ("B", "widths-disagree") and found.number > LIMITS.significance
    (found,) = alerts_of_widths(widths(length, 3e-5), fit, LIMITS)
    assert found.grade == "B"
    assert list(alerts_of_widths(widths(1.4 * length, 0.0, described=0), fit, LIMITS)) == []
    lost = widths(length, 0.0, described=0).assign(misfit_factor=24.6)
    lost.attrs["verdict"] = "no witness: their misfit is 24.6 times the noise"
    (found,) = alerts_of_widths(lost, fit, LIMITS)
    assert (found.grade, found.code, found.number) == ("C", "no-witness", 24.6)
    # Another shape that the data allow agrees: the choice of the reading is what is in doubt.
    other = fit.copy(deep=True)
    at = list(other["reading_name"].values).index("lognormal")
    other["reading_inverse_length"][at] = 1 / (1.4 * length)
    (found,) = alerts_of_widths(widths(1.4 * length, 0.0), other, LIMITS)
    assert found.grade == "C" and "lognormal" in found.text
    other["reading_aicc"][at] += 2 * LIMITS.aicc_difference
    assert next(iter(alerts_of_widths(widths(1.4 * length, 0.0), other, LIMITS))).grade == "B"


def test_negative_structure_factors_are_wrong_below_their_bound_only():
    assert float(reduced(structure=lambda bound: bound).structure_factor.min()) < -3
    assert alerts_of_reduction(reduced(structure=lambda bound: bound), None, LIMITS) == []

    def low(bound):
        dip = np.zeros_like(bound)
        dip[300:340] = 2.0
        return bound - dip

    (found,) = alerts_of_reduction(reduced(structure=low), None, LIMITS)
    assert (found.code, found.grade) == ("negative-intensity", "B") and found.number > 1.0
    # What is let pass is a share of <f^2>/<f>^2 where its errors are small.
    bound = reduced(structure=lambda bound: bound)["structure_factor"]
    ratio = 1 - float(bound.interp(q=float(found.place.split()[1])))
    assert found.limit == pytest.approx(LIMITS.negative_share * ratio, rel=0.02)
    (found,) = alerts_of_reduction(reduced(structure=low, normalisation_method="least_squares"), None, LIMITS)
    assert found.grade == "C"
    # A single point is noise.
    spike = reduced(structure=lambda bound: bound)
    spike["structure_factor"][300] -= 2.0
    assert alerts_of_reduction(spike, None, LIMITS) == []


def test_a_density_that_the_slope_of_g_contradicts():
    wrong = reduced(settings=json.dumps({"density": 2 * 4.71 + 1}))
    (alert,) = alerts_of_reduction(wrong, None, LIMITS)
    assert (alert.code, alert.grade) == ("low-r-slope", "B")
    # G(r) falls with the number density, so it is off as far as the two densities are.
    assert alert.number == pytest.approx(4.71 / (2 * 4.71 + 1) - 1, rel=1e-6)
    relative = {"normalisation_method": "least_squares"}
    assert alerts_of_reduction(wrong.assign_attrs(relative), None, LIMITS) == []


@pytest.mark.parametrize(("scale", "alerted"), [(0.7, True), (0.9, False), (1.1, False), (1.4, True)])
def test_an_absolute_scale_tells_what_is_missing(clean, scale, alerted):
    fit = changed(clean["2-60"], "scale", scale)
    found = alerts_of_reduction(reduced(), fit, LIMITS)
    assert codes(found) == ({"scale": "B"} if alerted else {})
    if scale == 0.7:
        assert "30 ± 4 % of the sample" in found[0].text and "composition" in found[0].advice
    assert alerts_of_reduction(reduced(normalisation_method="least_squares"), fit, LIMITS) == []


def test_the_strain_of_one_axis_widens_one_reflection_more_than_another(clean):
    fit = clean["2-60"].copy(deep=True)
    length = 1 / float(fit["read_inverse_length"])
    fit["read_microstrain_squared"] = 8e-6
    fit["reading_microstrain_squared"][:] = 8e-6
    assert codes(alerts_of_widths(widths(length, 2.2e-5), fit, LIMITS)) == {"widths-disagree": "B"}
    axial = changed(fit, "microstrain_squared_a", 4e-5)
    assert codes(alerts_of_widths(widths(length, 2.2e-5), axial, LIMITS)) == {}


def resolution(a: float, **changed) -> Resolution:
    sds = {"qdamp_sd": 0.0, "qbroad_sd": 0.0, "qslope_squared_sd": 0.0, "correlation": 0.0}
    fit = {"rw": 0.01, "chi_squared_reduced": 1.0, "standard": "LaB6", "origin": "measured"}
    values = {"qdamp": 0.011, "qbroad": 0.0, "qslope_squared": 0.0, "lattice_parameter": a}
    return Resolution(**{**values, "lattice_parameter_sd": 1e-5, **sds, **fit, **changed})


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"grain_inverse_length": 1 / 600, "grain_inverse_length_sd": 2e-5, "grain_gain": 300.0}, "standard-grains"),
        ({"grain_inverse_length": 1 / 600, "grain_inverse_length_sd": 2e-5, "grain_gain": 3.0}, None),
        ({"grain_inverse_length": 1 / 4000, "grain_inverse_length_sd": 2e-4, "grain_gain": 12.0}, None),
        ({"qslope_squared": 0.002**2, "qslope_squared_sd": 1e-8}, "standard-strain"),
        ({"qslope_squared": 0.001**2, "qslope_squared_sd": 1e-8}, None),
        ({"qslope_squared": 0.002**2, "qslope_squared_sd": 3e-6}, None),
        ({"rw": 0.3}, "standard-misfit"),
    ],
)
def test_a_standard_that_has_a_width_of_its_own(changed, code):
    found = codes(alerts_of_standard(resolution(4.156826, **changed), 4.156826, None, LIMITS))
    assert found == ({code: "B"} if code else {})


def test_a_standard_off_its_certificate_and_what_would_mend_it():
    certified = 4.156826
    assert not list(alerts_of_standard(resolution(certified * (1 + 2e-5)), certified, reduced(), LIMITS))
    (found,) = alerts_of_standard(resolution(certified * 1.001), certified, reduced(), LIMITS)
    assert found.code == "standard-cell" and found.number == pytest.approx(1e-3)
    assert "write reduction: {two_theta_zero: " in found.advice
    assert f"or reduction: {{wavelength: {WAVELENGTH / 1.001:.6f}}} in the configuration" in found.advice
    # A zero point that is there already stays in what is to be written; each campaign mends its own samples.
    present = reduced(settings=json.dumps({"two_theta_zero": 0.5}))
    own = ("std", ["x1", "x2"])
    (again,) = alerts_of_standard(resolution(certified * 1.001), certified, present, LIMITS, *own)
    (told,) = re.findall(r"x2: {reduction: {two_theta_zero: ([-\d.]+)}}", again.advice)
    (alone,) = re.findall(r"two_theta_zero: ([-\d.]+)", found.advice)
    assert float(told) == pytest.approx(float(alone) + 0.5, abs=1e-3) and "per_sample: {std: " in again.advice
    # Angles too high by 0.02 degrees make a cell too small, by what the shift does to Q where reflections are.
    q = np.arange(5.0, 5.2, 0.001)
    shift = np.radians(0.02) * 2 * np.pi / WAVELENGTH * np.sqrt(1 - (q * WAVELENGTH / (4 * np.pi)) ** 2)
    off = -float(np.mean(shift / q))
    assert zero_of_cell(q, np.sin(200 * q), off, WAVELENGTH) == pytest.approx(0.02, rel=0.02)


def test_the_zero_point_found_on_a_standard_is_offered_to_its_samples(clean):
    """Angles read 0.02 degree too low after a zero point of 0.02 that was none; the cell is too uncertain to say so."""
    certified = 4.156826
    lost = resolution(certified * 1.0004, lattice_parameter_sd=0.0018)
    present = reduced(settings=json.dumps({"two_theta_zero": 0.02}))
    per_degree = np.radians(1.0) * 2 * np.pi / float(present.attrs["wavelength"])
    fit = clean["2-60"].assign_attrs(q_shift=-0.02 * per_degree, q_shift_sd=0.001 * per_degree)
    (found,) = alerts_of_standard(lost, certified, present, LIMITS, "std", ["x1"], fit)
    assert found.code == "zero-point" and found.number == pytest.approx(-0.02)
    assert "too low by about 0.0200 ± 0.0010" in found.text
    assert re.search(r"per_sample: {std: {reduction: {two_theta_zero: -?0\.0000}}, x1: {red", found.advice)
    for attrs in ({"q_shift": 0.005 * per_degree}, {"q_shift_sd": 0.02 * per_degree}):
        assert not list(alerts_of_standard(lost, certified, present, LIMITS, "std", ["x1"], fit.assign_attrs(attrs))), (
            attrs
        )


def test_a_standard_that_its_structure_does_not_describe():
    """A cell that is wrong in the CIF is not found by the refinement: it ends anywhere, and no zero point mends it."""
    certified = 4.1
    lost = replace(resolution(4.5), rw=0.998)
    (found,) = alerts_of_standard(lost, certified, reduced(), LIMITS)
    assert (found.code, found.grade) == ("standard-misfit", "A")
    assert "CIF" in found.advice and "0.998" in found.text


def test_a_weak_alert_is_raised_by_a_second_sign_only():
    weak = Alert("C", "misfit", 5.0, "1", 3.0, "", "weak", "look")
    sign = Alert("B", "first-peak", 0.5, "1", 0.25, "", "sign", "look")
    assert with_second_sign([weak], ["misfit"], ["first-peak"], []) == [weak]
    assert with_second_sign([weak, replace(sign, grade="C")], ["misfit"], ["first-peak"], [])[0].grade == "C"
    raised = with_second_sign([weak, sign], ["misfit"], ["first-peak"], [])
    assert [one.grade for one in raised] == ["B", "B"]
    # What is grave already becomes fatal with a sign that is.
    grave = replace(weak, grade="B")
    assert with_second_sign([grave, sign], ["misfit"], ["first-peak"], [])[0].grade == "B"
    assert with_second_sign([grave, sign], ["misfit"], [], ["first-peak"])[0].grade == "A"
    assert with_second_sign([weak, sign], ["misfit"], [], ["first-peak"])[0].grade == "B"
    told_of = by_grade([*told("x10", "refinement", [weak]), *told("x50", "refinement", [sign])])
    assert told_of[0].line == "ALERT B x50 refinement: sign; look (first-peak)"
