"""What a reduction promises: units, identities, limits, and errors that name the numbers."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs
from scan_maker import AG_KALPHA1, angles, fcc_structure_factor, glass, made_pattern, scan_of

from coherion.atoms.composition import check_formulas
from coherion.errors import CoherionWarning, InputError
from coherion.scattering.form_factors import average_form_factors
from coherion.scattering.grids import momentum_transfer
from coherion.scattering.pair_distribution import lorch_window
from coherion.scattering.reduction import reduce_scan
from coherion.settings.reading import settings_from
from coherion.settings.stages.reduction import ReductionSettings

SETTINGS = ReductionSettings(composition="Na2.5In0.5Zr0.5Cl6", qmax=13.0, rmax=30.0)
TWO_THETA = angles(step=0.03)


def _sample(**attrs):
    return scan_of(made_pattern(TWO_THETA) + glass(TWO_THETA), TWO_THETA, **attrs)


def _background(**attrs):
    return scan_of(glass(TWO_THETA), TWO_THETA, **attrs)


def _with(**changes):
    return structs.replace(SETTINGS, **changes)


def test_dataset_has_units_dimensions_and_decisions():
    found = reduce_scan(_sample(), _background(), SETTINGS)
    for name, variable in found.variables.items():
        assert variable.attrs["units"] and variable.attrs["long_name"], name
    assert found["intensity"].attrs["units"] == "counts"
    assert found["pdf"].attrs["units"] == "1/angstrom^2"
    assert found["pdf_covariance"].dims == ("r_nyquist", "r_nyquist_2")
    np.testing.assert_allclose(np.diff(found["r_nyquist"]), np.pi / 13.0)
    assert found.attrs["origin"] == "simulated"
    assert found.attrs["background_scale"] == 1.0
    assert found.attrs["background_scale_reason"] == "given"
    assert found.attrs["wavelength"] == AG_KALPHA1
    q = found["q"].values
    np.testing.assert_allclose(np.diff(q), q[1] - q[0])
    assert q[0] >= 0.5 and q[-1] <= 13.0
    # 1. F = Q (S - 1), net = sample - background, and the covariance is symmetric and positive.
    np.testing.assert_allclose(found["reduced_structure_factor"], q * (found["structure_factor"].values - 1))
    np.testing.assert_allclose(found["intensity_net"], found["intensity"] - found["background"])
    covariance = found["pdf_covariance"].values
    np.testing.assert_allclose(covariance, covariance.T, rtol=1e-9, atol=1e-12 * covariance.max())
    assert np.linalg.eigvalsh(covariance).min() > -1e-9 * covariance.max()
    # 2. Standard deviations on both grids of r are the same function.
    beyond = found["r_nyquist"].values > 3
    on_r = np.interp(found["r_nyquist"], found["r"], found["pdf_sd"])
    np.testing.assert_allclose(on_r[beyond], np.sqrt(np.diag(covariance))[beyond], rtol=0.01)


def test_no_background_and_scale_zero_agree():
    alone = reduce_scan(_sample(), None, SETTINGS)
    nothing = reduce_scan(_sample(), _background(), _with(background_scale=0.0))
    np.testing.assert_allclose(alone["pdf"], nothing["pdf"], rtol=1e-12)
    assert alone.attrs["background_scale_reason"] == "no background"


def test_scale_of_counts_cancels():
    """G does not depend on the counting time; its standard deviation falls with its square root."""
    once = reduce_scan(_sample(), _background(), _with(noise_correlation="none"))
    scans = [scan_of(9 * s["intensity"].values, TWO_THETA) for s in (_sample(), _background())]
    longer = reduce_scan(*scans, _with(noise_correlation="none"))
    np.testing.assert_allclose(longer["pdf"], once["pdf"], atol=1e-12)
    np.testing.assert_allclose(longer["pdf_sd"][10:], once["pdf_sd"][10:] / 3, rtol=1e-6)


def test_known_structure_comes_back():
    """I = <f>^2 (S - 1) + <f^2> of an fcc element: F, and G's first peak where the atoms are."""
    two_theta = angles(2.0, 80.0)
    q = momentum_transfer(two_theta, AG_KALPHA1)
    structure = fcc_structure_factor(q)
    averages = average_form_factors({"Ni": 1.0}, q)
    intensity = 7.0 * (averages.mean_squared * (structure - 1) + averages.square_mean)
    found = reduce_scan(scan_of(intensity, two_theta), None, ReductionSettings(composition="Ni", rmax=20.0))
    truth = found["q"].values * (np.interp(found["q"], q, structure) - 1)
    # PDFgetX3's scale is not absolute, and its polynomial takes what lies below rpoly, -4 pi rho0 r included.
    own = found["reduced_structure_factor"].values
    assert np.linalg.norm(own * (own @ truth) / (own @ own) - truth) < 0.04 * np.linalg.norm(truth)
    r = found["r"].values
    first = (r > 2) & (r < 3)
    assert r[first][np.argmax(found["pdf"].values[first])] == pytest.approx(3.6 / np.sqrt(2), abs=0.02)


def test_abscissa_q_and_two_theta_agree():
    q = momentum_transfer(TWO_THETA, AG_KALPHA1)
    over_q = _sample().assign_coords(two_theta=q).rename(two_theta="q")
    for wavelength in (AG_KALPHA1, None):
        scan = over_q.copy()
        if wavelength is None:
            del scan.attrs["wavelength"]
        found = reduce_scan(scan, None, _with(procedure="pdfgetx3"))
        same = reduce_scan(_sample(), None, _with(procedure="pdfgetx3"))
        np.testing.assert_allclose(found["pdf"], same["pdf"], atol=1e-9)


def test_zero_shift_and_lorch():
    shifted = _sample()
    shifted["two_theta"] = shifted["two_theta"] + 0.05
    found = reduce_scan(shifted, None, _with(two_theta_zero=0.05))
    plain = reduce_scan(_sample(), None, SETTINGS)
    np.testing.assert_allclose(found["pdf"], plain["pdf"], atol=1e-6)
    # Lorch's window takes noise, which is largest at Qmax, and termination ripple.
    windowed = reduce_scan(_sample(), None, _with(lorch=True))
    assert windowed["pdf_sd"][1000:].mean() < 0.5 * plain["pdf_sd"][1000:].mean()


@pytest.mark.parametrize("procedure", ["pdfgetx3", "xpdfsuite"])
def test_lorchs_window_multiplies_the_transform_of_each_procedure(procedure):
    plain, found = (reduce_scan(_sample(), None, _with(lorch=on, procedure=procedure)) for on in (False, True))
    q, f = plain["q"].values, plain["reduced_structure_factor"].values
    r = plain["r"].values[200:3000:50]
    window = np.sinc((q - q[0]) / (q[-1] - q[0]))
    kernel = np.sin(np.outer(r, q)) * 2 / np.pi * (q[1] - q[0])
    for reduced, weight in ((plain, 1.0), (found, window)):
        expected = kernel @ (f * weight)
        assert np.abs(reduced["pdf"].values[200:3000:50] - expected).max() < 0.05 * np.abs(expected).max()
    difference = np.abs(kernel @ (f * (1 - window)))
    assert difference.max() > 0.1 * np.abs(kernel @ f).max()


def test_background_scale_by_time():
    scans = _sample(time_per_point=64.0), _background(time_per_point=16.0)
    with pytest.warns(CoherionWarning, match="64 s and .* 16 s"):
        reduce_scan(*scans, SETTINGS)
    found = reduce_scan(_sample(time_per_point=8.0), scans[1], _with(background_scale="time"))
    assert found.attrs["background_scale"] == 0.5
    with pytest.raises(InputError, match="counting time is not known"):
        reduce_scan(_sample(), _background(), _with(background_scale="time"))


def test_a_wavelength_that_nobody_states_is_not_guessed():
    with pytest.raises(InputError, match="states no wavelength"):
        reduce_scan(_sample(wavelength=None), None, SETTINGS)
    assert reduce_scan(_sample(wavelength=None), None, _with(wavelength=0.56)).attrs["wavelength"] == 0.56


def test_without_a_qmax_each_scan_is_used_to_its_end():
    sample = _sample()
    end = 4 * np.pi / AG_KALPHA1 * np.sin(np.radians(sample["two_theta"].values[-1] / 2))
    found = reduce_scan(sample, _background(), _with(qmax=None))
    assert end - 0.1 <= found.attrs["qmax"] <= end
    assert found["q"].values[-1] == pytest.approx(found.attrs["qmax"], abs=0.02)
    given = reduce_scan(sample, _background(), _with(qmax=found.attrs["qmax"]))
    np.testing.assert_array_equal(found["pdf"], given["pdf"])
    assert reduce_scan(sample, None, _with(qmax=None, qmaxinst=13.24)).attrs["qmax"] == 13.2
    with pytest.raises(InputError, match="rpoly"):
        reduce_scan(sample, None, _with(qmax=None, rpoly=20.0))


def test_brighter_background_names_the_numbers():
    with pytest.warns(CoherionWarning, match=r"brighter than the sample at \d+ of \d+ points, Q = .* background"):
        reduce_scan(_sample(), _background(), _with(background_scale=4.0))
    # 1. An absolute scale cannot be negative.
    with (
        pytest.warns(CoherionWarning, match="brighter"),
        pytest.raises(InputError, match="scatters less than its background"),
    ):
        reduce_scan(_background(), _sample(), _with(background_scale=3.0, corrections="compton"))


def test_a_difference_that_is_negative_is_the_other_one_turned():
    """PDFgetX3's scale takes the sign of the net intensity, so A - B and B - A give one and the same F(Q)."""
    ours, theirs = _sample(), _background()
    with pytest.warns(CoherionWarning, match="brighter"), pytest.warns(CoherionWarning, match="sign of G.r. is turned"):
        turned = reduce_scan(theirs, ours, SETTINGS)
    np.testing.assert_allclose(turned["pdf"], reduce_scan(ours, theirs, SETTINGS)["pdf"], atol=1e-9)


def _broken(value, what="intensity"):
    scan = _sample()
    scan[what].values[100] = value
    return scan


@pytest.mark.parametrize(
    ("sample", "background", "settings", "message"),
    [
        (lambda: _broken(np.nan), _background, SETTINGS, r"intensity is not a number .*|point 101"),
        (lambda: _broken(np.inf, "intensity_sd"), _background, SETTINGS, "intensity_sd is not a number"),
        (_sample, lambda: _broken(np.nan), SETTINGS, "background, point 101"),
        (_sample, lambda: _background().isel(two_theta=slice(0, 1500)), SETTINGS, "does not cover the sample"),
        (_sample, lambda: _background().isel(two_theta=slice(400, None)), SETTINGS, "does not cover the sample"),
        (_sample, lambda: _background(wavelength=0.7093), SETTINGS, "0.5594 and 0.7093 angstrom"),
        (_sample, _background, _with(wavelength=0.7093), "settings 0.7093, scan 0.5594"),
        (_sample, lambda: _background(kind="counts_per_second"), SETTINGS, "not in the same units"),
        (_sample, _background, _with(qmax=25.0), r"found 25; expected at most 13\.6"),
        (_sample, _background, _with(qmin=12.999), "hardly any data"),
        (_sample, _background, _with(two_theta_zero=89.0), "two_theta_zero: hardly any point"),
    ],
)
def test_bad_input_is_refused_with_its_numbers(sample, background, settings, message):
    with pytest.raises(InputError, match=message):
        reduce_scan(sample(), None if background is None else background(), settings)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"composition": "Na3Q7"}, "character 4"),
        ({"composition": "Ni", "qmx": 12}, "key qmx"),
        ({"composition": "Ni", "qmax": -1}, "key qmax"),
        ({"composition": "Ni", "qmax": "13"}, "key qmax"),
        ({"composition": "Ni", "qmax": float("nan")}, "key qmax"),
        ({"composition": "Ni", "qmax": 13, "qmin": 14}, "key qmin"),
        ({"composition": "Ni", "background_scale": "guess"}, "key background_scale"),
        ({"composition": "Ni", "corrections": "polarization"}, "unknown correction"),
        ({"composition": "Ni", "monochromator": "Ge220"}, "key monochromator"),
        ({"composition": "Ni", "packing": 60}, "key packing"),
        ({"composition": "Ni", "rmax": 1e9}, "key rstep"),
        ({"composition": "Ni", "qmax": 13, "rpoly": 1000}, "key rpoly"),
        ({"composition": "Ni", "lorch": "yes"}, "key lorch"),
        ({}, "key composition: setting is missing"),
    ],
)
def test_settings_are_checked_by_key(given, message):
    with pytest.raises(InputError, match=message):
        check_formulas(settings_from(ReductionSettings, given))


def test_corrections_by_word_or_list():
    assert ReductionSettings(composition="Ni", corrections="none").corrections == ()
    assert len(ReductionSettings(composition="Ni", corrections=["all"], mu_r=0.5).corrections) == 5
    chosen = ReductionSettings(composition="Ni", corrections="compton, polarisation").corrections
    assert chosen == ("polarisation", "compton")


@pytest.mark.parametrize(("composition", "deep"), [("Ni", 0.0), ("LaB6", -1.5)])
def test_the_least_structure_factor_is_zero_for_one_element_and_far_below_for_light_beside_heavy(composition, deep):
    reduced = reduce_scan(_sample(), _background(), _with(composition=composition))
    least = reduced["structure_factor_least"].values
    assert least.shape == reduced["q"].shape
    if deep:
        assert least.min() < deep and least.max() < 0
    else:
        np.testing.assert_allclose(least, 0.0, atol=1e-9)


def test_the_window_of_lorch_is_one_where_the_data_begin_and_none_where_they_end():
    """E. Lorch, J. Phys. C 2 (1969) 229: sin(x)/x, x from 0 to pi."""
    window = lorch_window(np.array([2.0, 11.0, 20.0]), 2.0, 20.0)
    np.testing.assert_allclose(window, [1.0, 2 / np.pi, 0.0], atol=1e-12)
