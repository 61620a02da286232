"""Several backgrounds, each with its scale: what is left of the sample, scales that are estimated, and errors."""

from __future__ import annotations

import numpy as np
import pytest
from msgspec import structs
from scan_maker import counted, scan_of
from test_laboratory_corrections import BASE, _laboratory
from test_reduction import SETTINGS, TWO_THETA, _background, _sample, _with

from coherion.data.series_tables import Tables, further_backgrounds
from coherion.errors import InputError
from coherion.inputs.job_settings import JobSettings
from coherion.scattering.reduction import reduce_scan
from coherion.settings.reading import settings_from
from coherion.settings.run import configuration_from
from coherion.settings.stages.reduction import ReductionSettings


def _air(two_theta=TWO_THETA, height=900.0):
    """What falls with the angle as the scattering of air does."""
    return height * np.exp(-(two_theta - two_theta[0]) / 12.0) + 0.05 * height


def test_each_is_subtracted_with_its_own_scale():
    alone = reduce_scan(_sample(), _background(), SETTINGS)
    intensity = _sample()["intensity"].values + 0.3 * _air() + 0.5 * _air(height=400.0) ** 1.1
    scans = scan_of(_air(), TWO_THETA), scan_of(_air(height=400.0) ** 1.1, TWO_THETA)
    settings = structs.replace(SETTINGS, further_background_scales=(0.3, 0.5))
    found = reduce_scan(scan_of(intensity, TWO_THETA), _background(), settings, scans)
    np.testing.assert_allclose(found["pdf"], alone["pdf"], atol=1e-8)
    assert list(found.attrs["further_background_scales"]) == [0.3, 0.5]


def test_errors_of_each_add_up_with_the_square_of_its_scale():
    plain = _with(noise_correlation="none")
    two = structs.replace(plain, further_background_scales=(0.5,))
    variance = {
        name: made["intensity_net_sd"].values ** 2
        for name, made in {
            "none": reduce_scan(_sample(), None, plain),
            "one": reduce_scan(_sample(), _background(), plain),
            "air": reduce_scan(
                _sample(), scan_of(_air(), TWO_THETA), _with(noise_correlation="none", background_scale=0.5)
            ),
            "both": reduce_scan(_sample(), _background(), two, [scan_of(_air(), TWO_THETA)]),
        }.items()
    }
    np.testing.assert_allclose(
        variance["both"], variance["one"] + variance["air"] - variance["none"], rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("wanted", [(0.4, "estimate"), ("estimate", "estimate"), ("estimate", 0.3)])
def test_scales_are_estimated_together(wanted):
    """Glass of the capillary and the scattering of air: each is found within two standard deviations."""
    rng = np.random.default_rng(7)
    two_theta, filled, empty, _ = _laboratory(background_scale=0.4, fluorescence=0.0, level=1.0)
    air = _air(two_theta, height=float(empty.max()))
    settings = ReductionSettings(
        **BASE,
        corrections=("polarisation", "absorption"),
        background_scale=wanted[0],
        further_background_scales=(wanted[1],),
    )
    # The air's own path is not that through the glass: it is measured as it reaches the detector.
    scans = [scan_of(counted(one / 10, rng), two_theta) for one in (filled + 0.3 * air, empty, air)]
    found = reduce_scan(scans[0], scans[1], settings, scans[2:]).attrs
    values = np.array([found["background_scale"], *np.atleast_1d(found["further_background_scales"])])
    sds = np.array([found["background_scale_sd"], *np.atleast_1d(found["further_background_scales_sd"])])
    for value, sd, asked, truth in zip(values, sds, wanted, (0.4, 0.3), strict=True):
        assert sd == 0.0 if asked != "estimate" else 0 < sd < 0.35 * truth
        assert abs(value - truth) <= 2.5 * sd + 1e-12


def test_as_many_scales_as_backgrounds():
    with pytest.raises(InputError, match="not as many scales as further backgrounds"):
        reduce_scan(_sample(), _background(), SETTINGS, [_background()])


def test_the_cell_of_the_table():
    row = {"sample": "a", "scan": "s", "background": "e", "further_backgrounds": "air = 0.3 | furnace=estimate|dark"}
    assert further_backgrounds(row) == {"air": "0.3", "furnace": "estimate", "dark": "1"}
    tables = Tables({}, {"a": row | {"composition": "NaCl", "group": "series"}}, {}, [])
    assert tables.used_scans() == ["s", "e", "air", "furnace", "dark"]
    told = JobSettings(configuration_from({}), tables).of_sample("reduction", "a")
    assert settings_from(ReductionSettings, told).further_background_scales == (0.3, "estimate", 1.0)
    assert further_backgrounds({"sample": "b"}) == {}
