"""A simulated laboratory pattern, with all that PDFgetX3 leaves out, gives back the structure it was made from."""

from __future__ import annotations

import numpy as np
import pytest
from scan_maker import (
    AG_KALPHA1,
    angles,
    counted,
    fcc_number_density,
    fcc_structure_factor,
    glass_structure_factor,
    scan_of,
)

from coherion import messages
from coherion.atoms.composition import molar_mass, parse_formula
from coherion.errors import CoherionWarning
from coherion.scattering.corrections.absorption import capillary_factors
from coherion.scattering.corrections.background import warn_if_brighter
from coherion.scattering.corrections.compton import compton_intensity
from coherion.scattering.corrections.laboratory import capillary
from coherion.scattering.corrections.polarisation import monochromator_angle, polarisation_factor
from coherion.scattering.form_factors import average_form_factors
from coherion.scattering.grids import momentum_transfer
from coherion.scattering.reduction import reduce_scan
from coherion.settings.stages.reduction import ReductionSettings

FORMULA = "NaIn0.5Cl2"
SPACING = 4.6
DENSITY = fcc_number_density(SPACING) * 1e24 * molar_mass(parse_formula(FORMULA)) / 3.5 / 6.02214076e23
BASE = {"composition": FORMULA, "density": DENSITY, "rmax": 30.0, "rpoly": 0.9, "packing": 0.5}
BETA = 40.0
FLUORESCENCE = 5000.0


def _laboratory(*, background_scale=1.0, dispersion=True, fluorescence=FLUORESCENCE, level=3.0):
    """Expected counts of a filled and an empty capillary, and the structure factor inside."""
    two_theta = angles(3.0, 78.0)
    q = momentum_transfer(two_theta, AG_KALPHA1)
    composition, silica = parse_formula(FORMULA), parse_formula("SiO2")
    structure = fcc_structure_factor(q, spacing=SPACING, displacement=0.14)
    averages = average_form_factors(composition, q, wavelength=AG_KALPHA1 if dispersion else None)
    of_sample = averages.square_mean + averages.mean_squared * (structure - 1)
    of_sample = of_sample + compton_intensity(composition, q, AG_KALPHA1)
    glass = average_form_factors(silica, q)
    of_glass = glass.square_mean + glass.mean_squared * (glass_structure_factor(q) - 1)
    of_glass = of_glass + compton_intensity(silica, q, AG_KALPHA1)
    polarisation = polarisation_factor(two_theta, monochromator_angle("Ge111", AG_KALPHA1))
    factors = capillary_factors(two_theta, *capillary(ReductionSettings(**BASE), AG_KALPHA1))
    filled = BETA * polarisation * factors.sample * of_sample + fluorescence
    filled = filled + background_scale * level * BETA * polarisation * factors.container_filled * of_glass
    empty = level * BETA * polarisation * factors.container_empty * of_glass
    return two_theta, filled, empty, structure


def test_all_corrections_recover_scale_and_structure():
    two_theta, filled, empty, structure = _laboratory()
    q = momentum_transfer(two_theta, AG_KALPHA1)
    scans = scan_of(filled, two_theta), scan_of(empty, two_theta)
    corrected = reduce_scan(*scans, ReductionSettings(**BASE, corrections="all"))
    plain = reduce_scan(*scans, ReductionSettings(**BASE))
    truth = np.interp(corrected["q"], q, structure)
    # 1. The absolute scale is that of the simulation, and so is the fluorescence.
    assert 1 / corrected.attrs["normalisation"] == pytest.approx(BETA, rel=0.02)
    assert corrected.attrs["fluorescence"] == pytest.approx(FLUORESCENCE, rel=0.15)
    # 2. S(Q) is that of the structure, and the polynomial has little left to do.
    reduced = corrected["q"].values * (truth - 1)
    error = np.linalg.norm(corrected["reduced_structure_factor"].values - reduced) / np.linalg.norm(reduced)
    assert error < 0.04
    assert corrected.attrs["polynomial_share"] < 0.25
    assert plain.attrs["polynomial_share"] > 2 * corrected.attrs["polynomial_share"]
    # 3. The peaks keep their widths and their number of neighbours: first shell of fcc holds 12.
    r = corrected["r"].values
    near = (r > SPACING / np.sqrt(2) - 0.6) & (r < SPACING / np.sqrt(2) + 0.6)
    radial = r[near] * corrected["pdf"].values[near] + 4 * np.pi * fcc_number_density(SPACING) * r[near] ** 2
    x = r[near] / 60.0
    assert np.trapezoid(radial, r[near]) == pytest.approx(12 * np.mean(1 - 1.5 * x + 0.5 * x**3), rel=0.10)


@pytest.mark.filterwarnings("ignore::coherion.errors.CoherionWarning")
@pytest.mark.parametrize("left_out", ["polarisation", "absorption", "compton"])
def test_each_correction_matters(left_out):
    """Leaving one out makes F(Q) much worse, as long as no polynomial covers it up."""
    two_theta, filled, empty, structure = _laboratory(fluorescence=0.0)
    q = momentum_transfer(two_theta, AG_KALPHA1)
    scans = scan_of(filled, two_theta), scan_of(empty, two_theta)
    names = ["polarisation", "absorption", "compton", "dispersion"]

    def residual_of(corrections):
        found = reduce_scan(*scans, ReductionSettings(**BASE | {"rpoly": 0.0}, corrections=tuple(corrections)))
        truth = np.interp(found["q"], q, structure)
        reduced = found["q"].values * (truth - 1)
        # The scale of S is free where it is not absolute.
        own = found["reduced_structure_factor"].values
        return np.linalg.norm(own * (own @ reduced) / (own @ own) - reduced) / np.linalg.norm(reduced)

    assert residual_of(n for n in names if n != left_out) > 1.5 * residual_of(names)


def test_known_fluorescence_equals_the_fitted_way():
    two_theta, filled, empty, _ = _laboratory()
    scans = scan_of(filled, two_theta), scan_of(empty, two_theta)
    fitted = reduce_scan(*scans, ReductionSettings(**BASE, corrections="all"))
    constant = fitted.attrs["fluorescence"]
    given = reduce_scan(*scans, ReductionSettings(**BASE, corrections="all", fluorescence=constant))
    np.testing.assert_allclose(given["pdf"], fitted["pdf"], atol=1e-9)
    assert given.attrs["normalisation"] == pytest.approx(fitted.attrs["normalisation"], rel=1e-9)


def test_negative_fluorescence_is_refused_with_a_warning():
    """Too much subtracted (here a dark current) must not become a negative scattering."""
    two_theta, filled, empty, _ = _laboratory(fluorescence=-150.0)
    scans = scan_of(filled, two_theta), scan_of(empty, two_theta)
    with pytest.warns(CoherionWarning, match="fluorescence is negative"):
        found = reduce_scan(*scans, ReductionSettings(**BASE, corrections="all"))
    assert found.attrs["fluorescence"] == 0


def test_a_fluorescence_below_zero_by_less_than_its_own_error_is_no_fault(recwarn):
    """Sharp reflections leave ripples in the sums; without fluorescence these may fall on either side of zero."""
    two_theta, filled, empty, _ = _laboratory(fluorescence=0.0)
    scans = scan_of(filled, two_theta), scan_of(empty, two_theta)
    found = reduce_scan(*scans, ReductionSettings(**BASE, corrections="all"))
    assert found.attrs["fluorescence"] == 0
    assert not [w for w in recwarn if "fluorescence" in str(w.message)]


@pytest.mark.parametrize("truth", [0.5, 1.0])
def test_estimated_background_scale(truth):
    """Between the reflections the glass shows: its share is found within its standard deviation, below 15 %."""
    rng = np.random.default_rng(4)
    two_theta, filled, empty, _ = _laboratory(background_scale=truth, fluorescence=0.0, level=1.0)
    found = reduce_scan(
        scan_of(counted(filled / 10, rng), two_theta),
        scan_of(counted(empty / 10, rng), two_theta),
        ReductionSettings(**BASE, corrections=("polarisation", "absorption"), background_scale="estimate"),
    ).attrs
    assert found["background_scale_sd"] < 0.15 * truth
    assert abs(found["background_scale"] - truth) < 2 * found["background_scale_sd"]
    assert "estimated between the reflections" in found["background_scale_reason"]


def test_the_capillary_has_a_wall_on_each_side_and_its_powder_is_packed():
    """0.5 mm across with walls of 0.02 mm: 0.23 mm of powder from the axis; half the density absorbs half as much."""
    told = {"composition": "Si", "density": 2.33, "capillary_diameter": 0.5, "capillary_wall": 0.02}
    full = capillary(ReductionSettings(**told, packing=1.0), AG_KALPHA1)
    half = capillary(ReductionSettings(**told, packing=0.5), AG_KALPHA1)
    assert full[2] == half[2] == pytest.approx(0.25 / 0.23)
    assert half[0] == pytest.approx(full[0] / 2) and half[1] == full[1]
    # Silicon at 22.16 keV: 3.3 cm^2/g (NIST, 20 keV: 4.46, 30 keV: 1.44).
    assert full[0] == pytest.approx(3.3 * 2.33 * 0.023, rel=0.06)


def test_the_glass_of_a_capillary_of_twice_the_size_absorbs_twice_as_much():
    told = {"composition": "Si", "density": 2.33}
    one, other = (
        capillary(ReductionSettings(**told, capillary_diameter=d, capillary_wall=d / 50), AG_KALPHA1)
        for d in (0.5, 1.0)
    )
    assert other[1] == pytest.approx(2 * one[1]) and other[0] == pytest.approx(2 * one[0])
    assert other[2] == pytest.approx(one[2])


def test_the_place_where_a_background_is_brightest_beside_its_sample_is_named():
    """Half as much again at Q = 5, where little is scattered, is worse than a fifth where much is."""
    q = np.linspace(1, 10, 901)
    sample = 1e4 * np.exp(-q / 2)
    background = sample * (1.02 + 0.2 * np.exp(-((q - 2) ** 2)) + 0.5 * np.exp(-((q - 5) ** 2)))
    with messages.collected() as said:
        warn_if_brighter(sample - background, sample, background, np.full(q.size, 1e-3), q)
    assert len(said) == 1 and "at Q = 5 sample" in said[0]
