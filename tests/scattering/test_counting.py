"""Numbers that were counted scatter by their square root, and nothing else does."""

from __future__ import annotations

import numpy as np
import pytest
from scan_maker import angles, counted, counted_between_channels, glass, made_pattern, scan_of

from coherion import messages
from coherion.data.scans.reader import read_scan
from coherion.scattering.uncertainty.counting import scatter_of_counts, warn_if_not_counted

X = angles()
SMOOTH = glass(X, level=3000.0)


def rng():
    return np.random.default_rng(11)


@pytest.mark.parametrize("count", [counted, counted_between_channels], ids=["independent", "interpolated"])
@pytest.mark.parametrize("expected", [SMOOTH, made_pattern(X), SMOOTH / 300], ids=["glass", "powder", "few counts"])
def test_counts_are_believed(count, expected):
    scan = scan_of(count(expected, rng()), X, time_per_point=100.0)
    assert scatter_of_counts(scan) is None


def test_a_rate_with_its_time_is_believed():
    rate = counted(SMOOTH, rng()) / 352
    scan = scan_of(rate, X, sd=np.sqrt(np.maximum(rate * 352, 1)) / 352, kind="counts_per_second", time_per_point=352.0)
    assert scatter_of_counts(scan) is None


def test_a_rate_called_counts_is_told_with_the_time_that_it_was_divided_by():
    # Rounded to whole numbers, as some programs export them, nothing but the scatter tells.
    rate = np.rint(counted(SMOOTH * 20, rng()) / 20)
    scan = scan_of(rate, X)
    assert scatter_of_counts(scan) == pytest.approx(1 / 20, rel=0.15)
    with messages.collected() as said:
        warn_if_not_counted(scan, "a.xy")
    assert len(said) == 1 and "a.xy" in said[0] and "counts_per_second" in said[0]


def test_counts_called_a_rate_are_told_with_a_time_that_fits():
    counts = counted(SMOOTH, rng())
    scan = scan_of(counts, X, sd=np.sqrt(counts * 100) / 100, kind="counts_per_second", time_per_point=100.0)
    with messages.collected() as said:
        warn_if_not_counted(scan, "a.xy")
    assert len(said) == 1 and "100 s" in said[0] and "would fit" in said[0]


def test_the_average_of_frames_is_not_counts():
    frames = np.mean([counted(SMOOTH, rng_) for rng_ in np.random.default_rng(3).spawn(16)], axis=0)
    assert scatter_of_counts(scan_of(np.rint(frames), X)) == pytest.approx(1 / 16, rel=0.2)


def test_arbitrary_units_claim_nothing():
    assert scatter_of_counts(scan_of(SMOOTH, X, kind="arbitrary")) is None


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("stoe/aimat/stoe.raw", {"intensity_kind": "auto"}),
        ("stoe/chemotion/LA_P-37cd_DUT-52(Zr)_act_EtOH.raw", {"intensity_kind": "auto"}),
        ("stoe/pyScattData_AgKa/20230126_JKV_LFPvsLitynd.001.xy", {"abscissa": "q"}),
        ("stoe/pyScattData_AgKa/20230419_JKV_Background_DANOISE_Li+sep+ECDMC.001.xy", {}),
        ("stoe/pyScattData_AgKa/20231026_CBE_reg2_pm1.002.xy", {}),
        ("stoe/pyScattData_AgKa/AMPIX2_background_0-5min.xy", {"abscissa": "q"}),
    ],
)
def test_real_scans_are_believed_and_their_rates_called_counts_are_not(real_data, name, told):
    scan = read_scan(real_data / name, **{"intensity_kind": "counts"} | told)
    assert scatter_of_counts(scan) is None
    # Divided by a time that leaves counts to tell from, rounded, and called counts again.
    rate = np.rint(scan["intensity"].values / 8)
    if np.median(rate) < 6 or "DUT" in name:
        return
    scan["intensity"].values[:] = rate
    scan["intensity_sd"].values[:] = np.sqrt(np.maximum(rate, 1))
    assert scatter_of_counts(scan) is not None
