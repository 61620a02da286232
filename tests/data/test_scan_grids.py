"""The steps of an abscissa that nothing names: those of equal angles make Q known, and its wavelength."""

from __future__ import annotations

import numpy as np
import pytest

from coherion.data.scans.grids import q_of_equal_angles
from coherion.data.scans.reader import read_scan
from coherion.data.scans.text import write_scan_text
from coherion.errors import InputError
from coherion.inputs.contents import contents_of

TWO_THETA = np.arange(2.0, 60.0, 0.02)


def q_at(wavelength: float, two_theta: np.ndarray = TWO_THETA) -> np.ndarray:
    return 4 * np.pi / wavelength * np.sin(np.radians(two_theta / 2))


@pytest.mark.parametrize("decimals", [3, 4, 6, 8])
@pytest.mark.parametrize("wavelength", [0.2, 0.5594, 1.5406])
def test_equal_angles_make_q_and_its_wavelength_known(wavelength, decimals):
    abscissa, found = q_of_equal_angles(np.round(q_at(wavelength), decimals))
    assert abscissa == "q" and found == pytest.approx(wavelength, rel=2e-4)


def test_one_over_nanometre_is_known_by_its_end():
    abscissa, found = q_of_equal_angles(10 * q_at(0.5594))
    assert abscissa == "q_nm" and found == pytest.approx(0.5594, rel=1e-5)


@pytest.mark.parametrize(
    "x",
    [
        TWO_THETA,
        np.round(np.arange(0.3, 25.0, 0.01), 3),
        np.round(np.degrees(np.arctan(np.linspace(0.002, 0.3, 2000))), 4),  # a flat detector
        np.round(np.degrees(np.arctan(np.linspace(0.002, 0.9, 2000))), 5),
        np.degrees(2 * np.arcsin(0.3 * np.linspace(0.3, 25, 3000) / (4 * np.pi))),  # 2theta of equal Q
        np.degrees(np.cumsum(np.random.default_rng(1).uniform(5e-4, 6e-4, 2000))),
    ],
    ids=["two_theta", "q", "flat", "flat and wide", "two_theta of q", "irregular"],
)
def test_other_steps_say_nothing(x):
    assert q_of_equal_angles(x) is None


def test_q_without_a_name_is_not_taken_for_angles(tmp_path):
    counts = np.random.default_rng(1).poisson(300, TWO_THETA.size).astype(float)
    write_scan_text(tmp_path / "a.xye", q_at(0.5594), counts)
    found = contents_of(tmp_path / "a.xye")
    assert found.abscissa == "q" and found.wavelength == pytest.approx(0.5594, rel=1e-5)
    with pytest.raises(InputError, match="steps are those of Q of equal angles"):
        read_scan(tmp_path / "a.xye", intensity_kind="counts", wavelength=0.5594)
    assert read_scan(tmp_path / "a.xye", abscissa="q", intensity_kind="counts").sizes["q"] == TWO_THETA.size


@pytest.mark.parametrize("said", ["Scantype: Z", "scan axis = phi", '"Scan mode" "Rocking curve"', "SCAN_TYPE: omega"])
def test_scans_of_adjustment_are_refused_by_their_header(tmp_path, said):
    write_scan_text(tmp_path / "a.dat", TWO_THETA, TWO_THETA**2, header=said, form="dat")
    with pytest.raises(InputError, match="scan of adjustment"):
        read_scan(tmp_path / "a.dat", intensity_kind="arbitrary")


@pytest.mark.parametrize("said", ["Scan type: 2theta", "Scan axis: Omega-2Theta", "scan mode: x-ray", "scan type: xrd"])
def test_scans_of_angles_are_not(tmp_path, said):
    write_scan_text(tmp_path / "a.dat", TWO_THETA, TWO_THETA**2, header=said, form="dat")
    assert read_scan(tmp_path / "a.dat", intensity_kind="arbitrary").sizes["two_theta"] == TWO_THETA.size
