"""Verdicts under the readings of the damping and without single samples: what must and what must not turn them."""

import numpy as np
import pytest

from coherion.statistics.finding import Finding
from coherion.statistics.sensitivity import GROUPS, as_read, length_or_inverse, readings_of, turned_by, under_each
from coherion.statistics.series import Missing, Series

LIMITS = {"limit": 10.0, "resolved": 3.0}


def series(aicc, inverse, sds=None, **columns):
    """A table of one row per sample from {reading: values}."""
    size = len(next(iter(aicc.values())))
    made = {"sample": [f"s{i}" for i in range(size)], "x": np.linspace(0.1, 0.9, size)} | columns
    for name, values in aicc.items():
        made[f"aicc_as_{name}"] = values
    for name, values in inverse.items():
        made[f"inverse_length_as_{name}_per_A"] = values
        made[f"inverse_length_as_{name}_per_A_sd"] = (sds or {}).get(name, [1e-4] * size)
    return Series({k: tuple(str(v) for v in values) for k, values in made.items()})


def slope(rows):
    """Fall of the lengths over the series, as a finding with the errors of its ends."""
    d = length_or_inverse(rows, 3, "x")
    fall = float(d["coherence_length"][0] - d["coherence_length"][-1])
    error = float(np.hypot(d["coherence_length_sd"][0], d["coherence_length_sd"][-1]))
    return Finding("holds" if fall > 2 * error else "undecided", fall, error, len(rows))


FALLING, LEVEL = [1 / 150, 1 / 120, 1 / 100, 1 / 80], [1 / 150] * 4


def test_a_reading_is_refused_by_the_sum_over_the_series_though_no_sample_refuses_it():
    rows = series({"size": [104.0] * 4, "size_strain": [100.0] * 4}, {"size": FALLING, "size_strain": LEVEL})
    found = {r.name: r for r in readings_of(rows, **LIMITS).each}
    assert not found["size"].allowed and found["size"].excess == pytest.approx(16)
    assert found["size"].refused_by == ()
    assert found["size_strain"].allowed


def test_an_excluded_sample_has_no_say_in_the_readings():
    aicc = {"size": [100.0, 100, 100, 200], "size_strain": [102.0, 102, 102, 100]}
    inverse = {"size": FALLING, "size_strain": LEVEL}
    assert [r.name for r in readings_of(series(aicc, inverse), **LIMITS).allowed] == ["size_strain"]
    rows = series(aicc, inverse, excluded=["", "", "", "side phase"])
    assert {r.name for r in readings_of(rows, **LIMITS).allowed} == {"size", "size_strain"}


def test_a_verdict_that_one_allowed_reading_breaks_is_undecided_and_the_note_names_it():
    rows = series({"size": [101.0] * 4, "size_strain": [100.0] * 4}, {"size": FALLING, "size_strain": LEVEL})
    rows = as_read(rows, "size", readings_of(rows, **LIMITS))  # what was reported
    found = under_each(slope, rows, readings_of(rows, **LIMITS))
    assert found.verdict == "undecided"
    assert "as reported holds, broken by: as size_strain undecided" in found.note


def test_wider_errors_of_a_reading_that_explains_nothing_more_do_not_break_a_verdict():
    aicc = {"size": [100.0] * 4, "size_strain": [101.5] * 4}
    wide = {"size_strain": [4e-3] * 4}
    rows = series(aicc, {"size": FALLING, "size_strain": FALLING}, wide)
    rows = as_read(rows, "size", readings_of(rows, **LIMITS))
    assert [r.simpler for r in readings_of(rows, **LIMITS).allowed] == [None, "size"]
    assert under_each(slope, rows, readings_of(rows, **LIMITS)).verdict == "holds"
    # With the better AICc the same wide errors count.
    aicc["size_strain"] = [99.0] * 4
    better = series(aicc, {"size": FALLING, "size_strain": FALLING}, wide)
    better = as_read(better, "size", readings_of(better, **LIMITS))
    assert under_each(slope, better, readings_of(better, **LIMITS)).verdict == "undecided"


def test_a_reading_that_explains_nothing_more_breaks_a_verdict_where_its_number_moves():
    aicc = {"size": [100.0] * 4, "size_strain": [101.5] * 4}
    rows = series(aicc, {"size": FALLING, "size_strain": LEVEL}, {"size_strain": [1.2e-4] * 4})
    rows = as_read(rows, "size", readings_of(rows, **LIMITS))
    assert under_each(slope, rows, readings_of(rows, **LIMITS)).verdict == "undecided"


def test_a_sample_that_refuses_an_allowed_reading_is_taken_in_its_own():
    rows = series(
        {"size": [100.0, 100, 100, 115], "size_strain": [104.0, 104, 104, 100]},
        {"size": FALLING, "size_strain": LEVEL},
    )
    readings = readings_of(rows, **LIMITS)
    assert {r.name: r.refused_by for r in readings.allowed} == {"size": ("s3",), "size_strain": ()}
    np.testing.assert_allclose(as_read(rows, "size", readings).numbers("inverse_length"), [*FALLING[:3], 1 / 150])


def test_strain_alone_leaves_lower_limits_and_no_length():
    rows = series(
        {"size": [150.0] * 4, "strain": [100.0] * 4}, {"size": FALLING, "strain": [0.0] * 4}, {"strain": [0.0] * 4}
    )
    readings = readings_of(rows, **LIMITS)
    assert [r.name for r in readings.allowed] == ["strain"]
    read = as_read(rows, "strain", readings)
    assert not read.has("coherence_length")
    with pytest.raises(Missing):
        length_or_inverse(read, 3, "x")


def test_lengths_that_are_lower_limits_enter_by_their_inverse():
    inverse = [0.02, 0.015, 0.01, 0.0005]
    rows = series({"size": [100.0] * 4}, {"size": inverse}, {"size": [1e-3] * 4})
    read = as_read(rows, "size", readings_of(rows, **LIMITS))
    assert [bool(t) for t in read.texts("coherence_length")] == [True, True, True, False]
    d = length_or_inverse(read, 3, "x")
    mean = np.mean(inverse)
    # Linear in 1/L, equal to the length at the mean, and with its slope there.
    np.testing.assert_allclose(d["coherence_length"], 1 / mean - (np.array(inverse) - mean) / mean**2)
    np.testing.assert_allclose(d["coherence_length_sd"], 1e-3 / mean**2)


def test_without_columns_of_readings_nothing_changes():
    rows = Series({"sample": ("a", "b"), "x": ("0", "1")})
    given = Finding("holds", 1.0, 0.1, 2, "as it was")
    assert under_each(lambda _: given, rows, readings_of(rows, **LIMITS)) is given


def test_the_sample_that_decides_is_named_and_what_cannot_be_tested_is_passed_over():
    rows = series({"size": [100.0] * 4}, {"size": FALLING})

    def judge(left):
        if "s0" not in left.texts("sample"):
            return Finding("undecided", note="missing: the first")
        return Finding("holds" if "s3" in left.texts("sample") else "fails", 1.0)

    assert turned_by(judge, rows, Finding("holds", 1.0)) == (("s3", "fails"),)


def test_what_only_becomes_inseparable_without_a_sample_is_not_decided_by_it():
    rows = series({"size": [100.0] * 4}, {"size": FALLING})

    def judge(left):
        return Finding("holds" if "s3" in left.texts("sample") else "undecided", -3.0, inseparable=True)

    assert turned_by(judge, rows, Finding("holds", -3.0)) == ()


def test_too_small_to_matter_is_not_turned_by_fewer_samples_alone():
    rows = series({"size": [100.0] * 4}, {"size": FALLING})

    def judge(left):
        return Finding("undecided" if "s1" not in left.texts("sample") else "fails", 1.0)

    assert turned_by(judge, rows, Finding("fails", 0.0, small=True)) == ()
    assert turned_by(judge, rows, Finding("fails", -1.0)) == (("s1", "undecided"),)


def test_of_many_samples_groups_are_left_out_and_the_one_that_decides_is_among_those_named():
    rows = series({"size": [100.0] * 500}, {"size": FALLING[:1] * 500})
    asked = []

    def judge(left):
        asked.append(len(left))
        return Finding("holds" if "s123" in left.texts("sample") else "fails", 1.0)

    ((names, verdict),) = turned_by(judge, rows, Finding("holds", 1.0))
    assert (names, verdict) == ("s3, s33, s63 and 14 others", "fails")
    assert 123 % GROUPS == 3 and len(asked) == GROUPS and min(asked) == 500 - 17
