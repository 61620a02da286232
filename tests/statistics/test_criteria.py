"""Where the verdicts turn: at the quantiles of the normal distribution, at the level of 5 %."""

from __future__ import annotations

import re

import numpy as np
import pytest

from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.kinds import criteria

SETTINGS = ClaimSettings(significance=0.05)


@pytest.mark.parametrize(
    ("pull", "verdict"), [(1.9, "undecided"), (2.0, "holds"), (-1.9, "undecided"), (-2.0, "fails")]
)
def test_two_steps_are_tested_at_half_the_level(pull, verdict):
    """Bonferroni: 1.960 standard errors for each of two one-sided tests, those of a difference of two values."""
    sd, other = 0.3, 0.4
    values = np.cumsum([0.0, pull * 0.5, pull * 0.5])
    found = criteria.ordered(values, np.array([sd, other, sd]), 1, SETTINGS)
    assert found.verdict == verdict
    assert (found.value, found.error) == pytest.approx((pull * 0.5, 0.5))


@pytest.mark.parametrize(("pull", "verdict"), [(1.6, "undecided"), (1.7, "holds"), (-1.7, "fails")])
def test_one_step_is_tested_at_the_whole_level(pull, verdict):
    assert criteria.ordered(np.array([0.0, pull]), np.array([0.6, 0.8]), 1, SETTINGS).verdict == verdict


@pytest.mark.parametrize(
    ("difference", "sd", "verdict"),
    [
        # 1.645 sd within the margin of one, or 1.960 sd beyond it.
        (0.0, 0.60, "holds"),
        (0.0, 0.62, "undecided"),
        (-0.4, 0.36, "holds"),
        (-0.4, 0.37, "undecided"),
        (1.9, 0.45, "fails"),
        (-1.9, 0.47, "undecided"),
    ],
)
def test_equality_takes_two_one_sided_tests_and_its_denial_one_two_sided(difference, sd, verdict):
    assert criteria.equivalence(difference, sd, 1.0, np.inf, SETTINGS) == verdict


@pytest.mark.parametrize(("count", "pull", "verdict"), [(1, 2.0, "fails"), (4, 2.45, "undecided"), (4, 2.55, "fails")])
def test_one_change_among_several_is_tested_at_their_share_of_the_level(count, pull, verdict):
    """2.498 standard errors beyond its margin where there are four."""
    differences, sds = np.zeros(count), np.full(count, 0.1)
    differences[0] = 1.0 + pull * 0.1
    names = [f"d{k}" for k in range(count)]
    assert criteria.unchanged(differences, sds, np.ones(count), names, SETTINGS).verdict == verdict


def test_the_departure_from_a_line_is_the_sagitta():
    """y = 3 x + 0.8 (x - 1)^2 from 0 to 2 stands 0.8 below its chord in the middle."""
    x = np.linspace(0.0, 2.0, 9)
    wave = 1e-6 * np.cos(9 * x)
    found = criteria.linear(x, 3 * x + 0.8 * (x - 1) ** 2 + wave, np.full(9, 1e-6), 1, 0.0, SETTINGS)
    (departure,) = re.findall(r"departure from a line ([-\d.e]+)", found.note)
    assert float(departure) == pytest.approx(0.8, rel=1e-3)


@pytest.mark.parametrize(("interval", "verdict"), [((-0.2, 0.5), "undecided"), ((0.2, 0.5), "holds")])
def test_a_sign_holds_where_both_ends_have_it(interval, verdict):
    assert criteria.by_interval(*interval, 1, (-0.1, 0.1)) == verdict
    assert criteria.by_interval(-interval[1], -interval[0], -1, (-0.1, 0.1)) == verdict
