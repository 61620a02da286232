"""What a detector, a copy or a table does to scans is alerted with its number; clean scans have no alert."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import xarray

from coherion.quality.of_composition import alerts_of_composition
from coherion.quality.scans import copies
from coherion.quality.scans.alone import alerts_of_scan
from coherion.quality.scans.background import alerts_of_pair
from coherion.quality.scans.reflections import bragg_peaks, is_crystalline
from coherion.quality.scans.series import alerts_of_scans
from coherion.quality.scans.use import Use, alerts_of_settings
from coherion.settings.stages.quality import QualitySettings

ANGLES = 2 + 0.02 * np.arange(3900)
PLACES = (5.3, 6.2, 9.1, 10.5, 13.0, 14.4, 16.1, 18.8, 21.7, 24.6)
WAVELENGTH = 0.5594


def smooth(level: float, x: np.ndarray = ANGLES) -> np.ndarray:
    return level * (0.3 + np.exp(-x / 20) + 0.4 * np.exp(-0.5 * ((x - 11) / 4) ** 2))


def reflections(height: float, width: float = 0.15, shift: float = 0.0) -> np.ndarray:
    return sum(height / (1 + k / 3) * np.exp(-0.5 * ((ANGLES - p - shift) / width) ** 2) for k, p in enumerate(PLACES))


def scan(y, x=ANGLES, *, seed: int | None = 1, dim="two_theta", **attrs) -> xarray.Dataset:
    counts = np.asarray(y, float) if seed is None else np.random.default_rng(seed).poisson(y).astype(float)
    values = {"intensity": (dim, counts), "intensity_sd": (dim, np.sqrt(np.maximum(counts, 1)))}
    attrs = {"abscissa": dim, "intensity_kind": "counts", "wavelength": WAVELENGTH, "time_per_point": 60.0} | attrs
    return xarray.Dataset(values, {dim: x}, attrs)


def crystal(seed=1, shift=0.0, **attrs):
    return scan(smooth(2000) + reflections(9000, shift=shift), seed=seed, **attrs)


def changed(one: xarray.Dataset, change) -> xarray.Dataset:
    made = one.copy(deep=True)
    made["intensity"].values[:] = change(made["intensity"].values.copy())
    return made


def codes(alerts) -> list[str]:
    return [one.code for one in alerts]


@pytest.mark.parametrize("level", [3, 30, 300, 30_000, 3_000_000])
@pytest.mark.parametrize("width", [0.02, 0.05, 0.15, 0.4])
def test_clean_scans_have_no_alert(level, width):
    for seed in range(3):
        assert not alerts_of_scan(scan(smooth(level) + reflections(5 * level, width), seed=seed))
        assert not alerts_of_scan(scan(smooth(level), seed=seed))


@pytest.mark.parametrize(("first", "end"), [(1000, 1006), (190, 240), (2000, 2700)])
def test_a_gap_is_told_with_its_ends(first, end):
    keep = np.ones(ANGLES.size, bool)
    keep[first:end] = False
    (alert,) = alerts_of_scan(crystal().isel(two_theta=keep))
    assert alert.code == "scan-gap" and alert.grade == "B"
    assert alert.number == pytest.approx(0.02 * (end - first), rel=0.01)
    assert f"{ANGLES[first - 1]:g} to {ANGLES[end]:g}" in alert.place


def test_a_change_of_step_is_no_gap():
    x = np.concatenate([np.arange(2, 20, 0.02), np.arange(20, 60, 0.05), np.arange(60, 80, 0.1)])
    assert not alerts_of_scan(scan(smooth(500, x), x))


@pytest.mark.parametrize("value", [5e6, 30_000.0, 0.0])
@pytest.mark.parametrize("place", [300, 1000, 3000])
def test_a_single_point_that_stands_out_is_told(value, place):
    def spoil(y):
        y[place] = value
        return y

    (alert,) = alerts_of_scan(changed(crystal(), spoil))
    assert alert.code == "scan-glitch" and alert.number == value and f"{ANGLES[place]:g}" in alert.place


@pytest.mark.parametrize("points", [2, 3])
@pytest.mark.parametrize("value", [5e6, 30_000.0, 0.0])
def test_a_few_points_side_by_side_that_stand_out_are_told(points, value):
    def spoil(y):
        y[1000 : 1000 + points] = value * np.array([1.0, 0.9, 1.1])[:points]
        return y

    (alert,) = alerts_of_scan(changed(crystal(), spoil))
    assert alert.code == "scan-glitch" and f"{ANGLES[1000]:g}" in alert.place
    assert alert.text.startswith(f"{points} points side by side")


def test_lost_digits_are_told_however_many():
    def spoil(y):
        y[300::300] = np.floor(y[300::300] / 10)
        return y

    (alert,) = alerts_of_scan(changed(crystal(), spoil))
    assert alert.code == "scan-glitch" and "12 points" in alert.text


@pytest.mark.parametrize("share", [0.2, 0.4, 0.7])
def test_clipped_reflections_are_told(share):
    (alert,) = alerts_of_scan(changed(crystal(), lambda y: np.minimum(y, np.floor(share * y.max()))))
    assert alert.code == "scan-clipped" and alert.number >= 4


@pytest.mark.parametrize("value", [0.0, 777.0])
def test_a_dead_module_is_told(value):
    def spoil(y):
        y[1500:1560] = value
        return y

    found = alerts_of_scan(changed(crystal(), spoil))
    (alert,) = [one for one in found if one.code == "scan-dead"]
    assert alert.number == pytest.approx(60, abs=1)


@pytest.mark.parametrize(("first", "end"), [(400, 900), (1000, 1060), (1500, 3600)])
@pytest.mark.parametrize("other", [{"level": 1.2}, {"level": 1.3, "shift": 0.1}, {"level": 0.3}])
def test_rows_of_a_scan_that_is_not_of_the_series_are_told(first, end, other):
    pasted = scan(other["level"] * (smooth(60_000) + reflections(270_000, shift=other.get("shift", 0.0))), seed=8)

    def paste(y):
        y[first:end] = pasted["intensity"].values[first:end]
        return y

    clean = scan(smooth(60_000) + reflections(270_000))
    assert codes(alerts_of_scan(clean)) == codes(alerts_of_scan(pasted)) == []
    found = alerts_of_scan(changed(clean, paste))
    (alert,) = found
    assert alert.code == "scan-step" and alert.grade == "B"
    assert {f"{ANGLES[k - 1]:g}" for k in (first, end)} & {*alert.place.removesuffix(" degree").split(", ")}


def test_a_gap_is_no_step_and_a_cut_off_counter_is():
    keep = np.ones(ANGLES.size, bool)
    keep[230:260] = False
    assert codes(alerts_of_scan(crystal().isel(two_theta=keep))) == ["scan-gap"]
    halved = changed(scan(smooth(60_000) + reflections(270_000)), lambda y: np.where(ANGLES > 40, np.round(y / 2), y))
    (alert,) = alerts_of_scan(halved)
    assert alert.code == "scan-step" and alert.number < 0 and alert.place == "40 degree"


def test_the_edge_of_a_detector_is_no_step():
    def shadowed(y):
        y[-17:] = y[:9] = 0.0
        return y

    assert alerts_of_scan(changed(scan(smooth(60_000) + reflections(270_000)), shadowed)) == []


def test_reflections_are_found_where_they_are_and_in_no_glass():
    found = bragg_peaks(ANGLES, crystal()["intensity"].values)
    assert np.allclose(found, PLACES, atol=0.1)
    q = 4 * np.pi / WAVELENGTH * np.sin(np.radians(ANGLES / 2))
    assert np.allclose(bragg_peaks(q, crystal()["intensity"].values, "q"), np.interp(PLACES, ANGLES, q), atol=0.03)
    for seed in range(5):
        hump = smooth(800) + 900 * np.exp(-0.5 * ((ANGLES - 8) / 2) ** 2)
        assert not is_crystalline(ANGLES, scan(hump, seed=seed)["intensity"].values)


def test_sample_and_background_of_different_kind_are_told():
    sample, empty = crystal(), scan(smooth(400), seed=2)
    assert codes(alerts_of_pair(sample, empty, 1.0)) == []
    assert codes(alerts_of_pair(sample, None, 1.0)) == ["no-background"]
    (alert,) = alerts_of_pair(sample, crystal(7, shift=0.03), 1.0)
    assert alert.code == "background-reflections" and alert.grade == "A" and alert.number == len(PLACES)
    assert codes(alerts_of_pair(sample, empty.isel(two_theta=slice(0, 3000)), 1.0)) == ["background-short"]
    assert codes(alerts_of_pair(sample, empty.isel(two_theta=slice(None, None, 2)), 1.0)) == ["background-step"]
    (alert,) = alerts_of_pair(sample.isel(two_theta=slice(0, 3000)), empty, 1.0)
    assert alert.code == "sample-short" and alert.number == ANGLES[2999] and alert.limit == ANGLES[-1]
    assert codes(alerts_of_pair(sample.isel(two_theta=slice(20, 3000)), empty, 1.0)) == []
    (alert,) = alerts_of_pair(sample.isel(two_theta=slice(400, None)), empty, 1.0)
    assert alert.code == "sample-short" and alert.number == ANGLES[400] and alert.limit == ANGLES[0]
    half = empty.assign_attrs(time_per_point=30.0)
    (alert,) = alerts_of_pair(sample, half, 1.0)
    assert alert.code == "background-time" and alert.limit == 2.0
    assert codes(alerts_of_pair(sample, half, "time")) == codes(alerts_of_pair(sample, half, 2.0)) == []


def test_a_scan_that_is_another_times_a_factor_is_told():
    own, repeated = crystal(), crystal(2)
    counts = own["intensity"].values
    for factor in (2.0, 1 / 60, 0.37):
        rates = own.assign(
            intensity=own["intensity"] * 0 + np.round(factor * counts, 3), intensity_sd=own["intensity_sd"] * factor
        )
        (one,) = alerts_of_scans({"a": own, "b": rates}, {}, {})
        assert (one.alert.code, one.alert.grade) == ("same-file", "A")
        assert one.alert.number == pytest.approx(factor if one.sample == "b" else 1 / factor, rel=1e-4)
    # The same sample measured twice, and a scan that is told as a copy anyway.
    assert alerts_of_scans({"a": own, "b": repeated}, {}, {}) == []
    assert codes([one.alert for one in alerts_of_scans({"a": own, "b": own.copy()}, {}, {})]) == ["copied-rows"]


def test_of_many_scans_with_the_same_counts_or_rows_each_is_told_with_few_others(monkeypatch):
    """Alerts and comparisons grow as the scans, not as their pairs."""
    compared = []
    copied = copies._copied
    monkeypatch.setattr(copies, "_copied", lambda one, other, name: compared.append(name) or copied(one, other, name))
    own, count = crystal(), 40
    hashes = {f"a{k}": [str(k)] for k in range(count)}
    twins = alerts_of_scans({name: own.copy() for name in hashes}, {}, hashes)
    assert [(one.sample, one.alert.code) for one in twins] == [(f"a{k}", "copied-rows") for k in range(count - 1)]
    assert len(compared) <= 2 * count
    compared.clear()
    times = {
        f"a{k}": own.assign(intensity=own["intensity"] * (1.0 + k / 7), intensity_sd=own["intensity_sd"])
        for k in range(count)
    }
    scaled = alerts_of_scans(times, {}, hashes)
    assert len(scaled) == count - 1 and {one.alert.code for one in scaled} == {"same-file"} and not compared
    pasted = {}
    for k in range(count):
        pasted[f"a{k}"] = crystal(k + 1)
        pasted[f"a{k}"]["intensity"].values[400:460] = own["intensity"].values[400:460]
    found = alerts_of_scans(pasted, {}, hashes)
    assert {one.sample for one in found} == {f"a{k}" for k in range(count - 1)}
    assert len(found) <= copies.MOST_PAIRED * count and len(compared) <= 2 * copies.MOST_PAIRED * count


def test_one_file_for_two_samples_under_any_name_is_told():
    scans = {"a": crystal(), "b": crystal(2), "empty": scan(smooth(400), seed=3)}
    used = {"x1": Use("a", "empty"), "x2": Use("b", "empty")}
    hashes = {"a": ["1"], "b": ["2"], "empty": ["3"]}
    assert alerts_of_scans(scans, used, hashes) == []
    (one,) = alerts_of_scans(scans, used | {"x2": Use("a", "empty")}, hashes)
    assert one.alert.code == "same-file" and one.alert.grade == "A" and "x1 and x2" in one.alert.text
    # Of many copies each sample has one alert, not one for each pair.
    many = [one.alert for one in alerts_of_scans(scans, {f"x{k}": Use("a", "empty") for k in range(9)}, hashes)]
    assert [one.number for one in many] == [9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0]
    assert "samples x0 and x1 (and 7 more) have" in many[0].text
    copy = scans | {"b": scans["a"]}
    (one,) = alerts_of_scans(copy, used, hashes | {"b": ["1"]})
    assert one.alert.code == "same-file" and "under two names, a and b" in one.alert.text
    (one,) = alerts_of_scans(scans, used, hashes | {"a": ["1", "1"]})
    assert one.alert.code == "same-file" and "two names among the 2 files" in one.alert.text
    (one,) = alerts_of_scans(scans, used, hashes | {"a": ["1", "3"]})
    assert one.alert.code == "same-file" and "background empty" in one.alert.text
    emptied = {"x1": Use("empty", structure="x.cif"), "x2": Use("b", "empty")}
    (one,) = [one for one in alerts_of_scans(scans, emptied, hashes) if one.alert.code == "same-file"]
    assert one.sample == "x1" and one.alert.text == "its scan empty is the background of sample x2"
    # An empty capillary may be reduced to look at it.
    assert not [
        one for one in alerts_of_scans(scans, emptied | {"x1": Use("empty")}, hashes) if one.alert.code == "same-file"
    ]


@pytest.mark.parametrize(("first", "end"), [(400, 900), (1000, 1060), (0, 3900)])
def test_rows_of_another_scan_are_told(first, end):
    def paste(y):
        y[first:end] = other["intensity"].values[first:end]
        return y

    other = crystal(2, shift=0.05)
    scans = {"a": changed(crystal(), paste), "b": other}
    found = alerts_of_scans(scans, {"x1": Use("a", None), "x2": Use("b", None)}, {"a": ["1"], "b": ["2"]})
    (one,) = [one for one in found if one.alert.code == "copied-rows"]
    assert one.alert.number == pytest.approx(end - first, abs=1) and "scan b" in one.alert.text


def test_settings_that_the_scan_contradicts_are_told():
    first = 4 * np.pi / WAVELENGTH * np.sin(np.radians(PLACES[0] / 2))
    germanium = crystal(instrument_monochromator="curved Ge(111)", instrument_monochromator_d_star=0.306156)
    assert codes(alerts_of_settings(germanium, Use("a", None, 1.0, "Ge111", None, 0.9 * first))) == []
    (alert,) = alerts_of_settings(germanium, Use("a", None, qmin=2.5))
    assert alert.code == "qmin-cuts" and alert.limit == pytest.approx(first, rel=0.02)
    (alert,) = alerts_of_settings(germanium, Use("a", None, monochromator="graphite002"))
    assert alert.code == "monochromator"
    assert codes(alerts_of_settings(germanium, Use("a", None, monochromator=9.83))) == []
    assert codes(alerts_of_settings(germanium, Use("a", None, monochromator=None))) == []


@pytest.mark.parametrize(("share", "told"), [(None, []), (1.2, []), (0.8, []), (0.66, ["qmax-cuts"])])
def test_a_scan_of_which_little_is_used_is_told(share, told):
    scan = crystal()
    end = 4 * np.pi / WAVELENGTH * np.sin(np.radians(float(scan["two_theta"][-1]) / 2))
    found = list(alerts_of_settings(scan, Use("a", None, qmax=None if share is None else share * end)))
    assert codes(found) == told
    for alert in found:
        assert (alert.grade, alert.number, alert.limit) == ("B", pytest.approx(share * end), pytest.approx(end))


@pytest.mark.parametrize(("shares", "told"), [([0.7], ["s0"]), ([0.9], []), ([0.7, 0.7, 0.7], [])])
def test_a_sample_that_reaches_less_far_than_the_others_is_told(shares, told):
    """One of five is off; three of five are another campaign."""
    scans = {f"a{i}": crystal(i) for i in range(5)}
    end = 4 * np.pi / WAVELENGTH * np.sin(np.radians(float(scans["a0"]["two_theta"][-1]) / 2))
    shares = [*shares, 1.0, 1.0, 1.0, 1.0][:5]
    uses = {f"s{i}": Use(f"a{i}", None, qmax=share * end) for i, share in enumerate(shares)}
    found = alerts_of_scans(scans, uses, {name: [name] for name in scans})
    assert [one.sample for one in found if one.alert.code == "unlike-qmax"] == told


@pytest.mark.parametrize(("width", "seen"), [(0.03, True), (0.05, True), (0.3, False)])
def test_reflections_of_ka2_are_told_where_they_are_resolved(width, seen):
    """Lines of a cubic cell of 4.157 angstrom, alone and with Ka2 of silver half as high."""
    sums = [n for n in range(1, 70) if n % 8 != 7 and n not in (28, 60)]

    def lines(wavelength, height):
        angles = 2 * np.degrees(np.arcsin(wavelength * np.sqrt(sums) / (2 * 4.157)))
        return sum(height * np.exp(-0.5 * ((ANGLES - place) / width) ** 2) for place in angles)

    one, two = (smooth(500) + lines(0.55942, 9000) + lines(0.56381, other) for other in (0, 4500))
    assert codes(alerts_of_settings(scan(one), Use("a"))) == []
    found = list(alerts_of_settings(scan(two), Use("a")))
    assert codes(found) == ["ka2"] * seen and all(alert.number >= 10 for alert in found)
    # At a synchrotron there is no second line.
    assert codes(alerts_of_settings(scan(two, wavelength=0.5), Use("a"))) == []
    # Along Q, or where no wavelength is known, the same numbers say nothing.
    for other in ({"dim": "q"}, {"wavelength": 0.0}):
        assert codes(alerts_of_settings(scan(two, **other), Use("a"))) == []


def test_a_refined_composition_that_is_not_the_stated_is_told():
    settings = QualitySettings()

    def told(zr, na=5.0):
        refined = {"Na": na, "In": 2 - 2 * zr, "Zr": 2 * zr, "Cl": 12.0}
        return list(alerts_of_composition("Na2.5In0.5Zr0.5Cl6", refined, settings))

    assert told(0.5) == told(0.52) == told(0.5, na=5.1) == []
    (alert,) = told(0.71)
    assert alert.code == "composition" and alert.grade == "B"
    assert alert.number == pytest.approx(0.21 / 9.5, rel=1e-6) or alert.number == pytest.approx(-0.21 / 9.5, rel=1e-6)
    assert "0.71 for 0.5" in alert.text
    assert told(0.262) and told(1.0) and told(0.5, na=4.4)
    assert list(alerts_of_composition("LaB6", {"La": 1.0, "B": 6.0}, settings)) == []


@pytest.mark.parametrize("seed", range(4))
def test_what_is_looked_up_among_blocks_is_what_every_two_scans_hold(seed):
    """Rows of one scan in others, also thinned out, shifted and on other grids: no pair is overlooked."""
    random = np.random.default_rng(seed)
    scans = {}
    for number in range(8):
        x = ANGLES[random.choice([0, 7]) : 900 : random.choice([1, 1, 2, 4])]
        scans[f"s{number}"] = scan(np.full(x.size, random.choice([15.0, 60.0, 900.0, 900.0])), x, seed=number)
    for _ in range(20):
        source, target = random.choice(list(scans), 2, replace=False)
        ours, theirs = (scans[name]["two_theta"].values for name in (target, source))
        _, mine, others = np.intersect1d(ours, theirs, return_indices=True)
        first, length = random.integers(0, max(mine.size - 20, 1)), random.choice([20, 25, 60])
        pasted = slice(first, first + length)
        scans[target]["intensity"].values[mine[pasted]] = scans[source]["intensity"].values[others[pasted]]
    expected = [
        (one, other)
        for one, other in itertools.combinations(scans, 2)
        if [*copies._copied(scans[one], scans[other], other), *copies._copied(scans[other], scans[one], one)]
    ]
    possible = copies._perhaps_copied(scans)
    assert expected and set(expected) <= set(possible) and len(possible) < len(expected) + 6
    found = alerts_of_scans(scans, {}, {})
    assert len([one for one in found if one.alert.code == "copied-rows"]) == len(expected)


def test_a_step_is_as_high_as_the_level_steps_beyond_its_slope():
    """A rise of 5 from point to point and a step of 4000: what is told is the step alone."""
    y = 20_000 + 5.0 * np.arange(ANGLES.size)
    y[2000:] += 4000
    (alert,) = alerts_of_scan(scan(y, seed=None))
    assert alert.code == "scan-step" and alert.number == pytest.approx(4000, abs=1)


def test_a_step_is_held_against_the_noise_where_it_stands():
    """A few counts of difference are a step among few counts and none among many."""
    y = np.where(np.arange(ANGLES.size) < 2000, 100.0, 1e6)
    # The level changes slowly, so that no step stands there.
    y = np.exp(np.convolve(np.log(np.pad(y, 300, mode="edge")), np.ones(601) / 601, "valid"))
    one = scan(y, seed=4)
    assert codes(alerts_of_scan(one)) == []
    assert codes(alerts_of_scan(changed(one, lambda v: np.where(ANGLES > 70, v + 16_500, v)))) == []
    assert codes(alerts_of_scan(changed(one, lambda v: np.where(ANGLES < 20, v + 16_500, v)))) == ["scan-step"]


def test_the_worst_of_several_points_alone_is_the_one_told():
    """By how far it stands out, not by how high the level is there."""

    def spoil(y):
        y[400], y[3000] = 3 * y[400], y[3000] + 90_000
        return y

    y = 60_000 * np.exp(-ANGLES / 20) + 500
    (alert,) = alerts_of_scan(changed(scan(y), spoil))
    assert alert.code == "scan-glitch" and f"at {ANGLES[3000]:g} degree" in alert.text
