"""Tests of one quantity along the series: trends, lines, kinks, steps, and what stays the same."""

from __future__ import annotations

import numpy as np

from coherion.settings.paper import kinds
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.finding import Finding, Verdict
from coherion.statistics.kinds import criteria
from coherion.statistics.kinds.view import View
from coherion.statistics.regression import Undetermined, fit_linear, student_quantile
from coherion.statistics.series import Missing

SIGN = {"rising": 1, "falling": -1}


def trend(test: kinds.Trend, view: View, settings: ClaimSettings) -> Finding:
    """Slope of a quantity against the abscissa; where it must be steady, no single step may certainly go back."""
    x, y, sd, names = view.curve(test.against, test.of, test.least)
    sign = SIGN[test.direction]
    # Without a margin every change that is certain matters.
    found = criteria.trend(x, y, sd, sign, view.margin(test.of, y, otherwise=0.0), settings, names)
    if not test.steadily:
        return found
    order = np.argsort(x, kind="stable")
    steps, errors = sign * np.diff(y[order]), np.hypot(sd[order][1:], sd[order][:-1])
    limit = student_quantile(1 - 2 * settings.significance / steps.size, np.inf) * errors
    back = int(np.sum(steps < -limit))
    note = f"{found.note}; {int(np.sum(steps < 0))} of {steps.size} steps back, {back} certainly"
    verdict: Verdict = "fails" if back else found.verdict
    return Finding(verdict, found.value, found.error, x.size, note, found.small)


def linear(test: kinds.Linear, view: View, settings: ClaimSettings) -> Finding:
    """Slope of a quantity against the abscissa, and its departure from a straight line."""
    x, y, sd, names = view.curve(test.against, test.of, test.least)
    return criteria.linear(x, y, sd, SIGN[test.direction], view.margin(test.of, y), settings, names)


def kink(test: kinds.Kink, view: View, settings: ClaimSettings) -> Finding:
    """Change of slope at a value of the abscissa."""
    x, y, sd, names = view.curve(test.against, test.of, test.least)
    if np.sum(x <= test.at + 1e-9) < 2 or np.sum(x > test.at + 1e-9) < 2:
        raise Missing(f"two samples on each side of {view.against(test.against)} = {test.at:g}")
    return criteria.kink(x, y, sd, test.at, SIGN[test.direction], view.margin(test.of, y), settings, names)


def unchanged(test: kinds.Unchanged, view: View, settings: ClaimSettings) -> Finding:
    """Change of a quantity over the range of the abscissa, from a straight line."""
    x, y, sd, _ = view.curve(test.against, test.of, test.least)
    criteria.different(x, 3, "a trend")
    fit = criteria.straight(x, y, sd)
    span, margin = float(np.ptp(x)), view.margin(test.of, y)
    change, error = float(fit.coefficients[1]) * span, float(fit.standard_errors[1]) * span
    verdict = criteria.equivalence(change, error, margin, fit.degrees_of_freedom, settings)
    return Finding(verdict, change, error, x.size, f"margin {margin:g}")


def equal(test: kinds.Equal, view: View, settings: ClaimSettings) -> Finding:
    """Largest difference of two quantities at the ends of the series, from a straight line through the differences."""
    against = view.against(test.against)
    d = view.series.pick(against, test.of, test.to, least=test.least)
    x = d[against]
    sd = np.hypot(*(d.get(f"{name}_sd", np.zeros(x.size)) for name in (test.of, test.to)))
    margin = view.margin(test.of, d[test.of])
    criteria.different(x, 3, "a trend")
    fit = criteria.straight(x, d[test.of] - d[test.to], sd)
    rows = np.column_stack([np.ones(2), np.array([x.min(), x.max()]) - x.mean()])
    departures = rows @ fit.coefficients
    errors = np.sqrt(np.einsum("ij,jk,ik->i", rows, fit.covariance, rows))
    found = criteria.unchanged(departures, errors, np.full(2, margin), ["low end", "high end"], settings)
    worst = int(np.argmax(np.abs(departures)))
    return Finding(found.verdict, float(departures[worst]), float(errors[worst]), x.size, f"margin {margin:g}")


def within(test: kinds.Within, view: View, settings: ClaimSettings) -> Finding:
    """No value certainly outside the range, the mean certainly inside."""
    d = view.series.pick(test.of, least=test.least)
    value = d[test.of]
    sd = d.get(f"{test.of}_sd", np.zeros(value.size))
    low, high = test.range
    fit = fit_linear(np.ones((value.size, 1)), value, sd)
    outside = np.maximum(low - value, value - high)
    limit = student_quantile(1 - 2 * settings.significance / value.size, np.inf) * sd
    below, above = fit.interval(0, settings.confidence)
    verdict: Verdict = "undecided"
    if np.any(outside > limit) or above < low or below > high:
        verdict = "fails"
    elif low <= below and above <= high:
        verdict = "holds"
    note = f"single values {value.min():.3f} to {value.max():.3f}, range {low:g} to {high:g}"
    return Finding(verdict, float(fit.coefficients[0]), float(fit.standard_errors[0]), value.size, note)


def about(test: kinds.About, view: View, settings: ClaimSettings) -> Finding:
    """Mean of a quantity, with scatter, against a stated value."""
    d = view.series.pick(test.of, least=test.least)
    value = d[test.of]
    if value.size == 1:
        # One sample has no scatter: its own standard uncertainty is all there is.
        if f"{test.of}_sd" not in d:
            raise Undetermined(f"one sample, whose {test.of} has no standard uncertainty")
        mean, error, freedom = float(value[0]), float(d[f"{test.of}_sd"][0]), np.inf
        single = "one sample with its own standard uncertainty"
    else:
        fit = fit_linear(np.ones((value.size, 1)), value, d.get(f"{test.of}_sd", np.zeros(value.size)))
        mean, error, freedom = float(fit.coefficients[0]), float(fit.standard_errors[0]), fit.degrees_of_freedom
        single = f"single values {value.min():.4g} to {value.max():.4g}"
    margin = test.tolerance if test.tolerance is not None else view.margin(test.of, value)
    verdict = criteria.equivalence(mean - test.value, error, margin, freedom, settings)
    note = f"stated {test.value:.7g}, tolerance {margin:g}; {single}"
    return Finding(verdict, mean, error, value.size, note)


def step(test: kinds.Step, view: View, settings: ClaimSettings) -> Finding:
    """Mean of a quantity in the second of two groups less that in the first."""
    first, second = (view.of(group).series.pick(test.of) for group in test.between)
    sizes = [d["row"].size for d in (first, second)]
    if min(sizes) < 2 or sum(sizes) < test.least:
        raise Missing(f"two samples with {test.of} in each of {' and '.join(test.between)}")
    value, sd = (
        np.concatenate([d.get(key, np.zeros(d["row"].size)) for d in (first, second)])
        for key in (test.of, f"{test.of}_sd")
    )
    beyond = np.repeat([0.0, 1.0], sizes)
    fit = fit_linear(np.column_stack([np.ones(beyond.size), beyond]), value, sd)
    low, high = fit.interval(1, settings.confidence)
    margin = view.margin(test.of, value, otherwise=0.0)
    verdict = criteria.by_interval(low, high, SIGN[test.direction], (-margin, margin))
    note = f"{low:.3g} to {high:.3g}"
    return Finding(verdict, float(fit.coefficients[1]), float(fit.standard_errors[1]), beyond.size, note)


def ordered(test: kinds.Ordered, view: View, settings: ClaimSettings) -> Finding:
    """Steps of a quantity from sample to sample, in the order of a column; one sample without it comes first."""
    s = view.series
    d = s.pick(test.of, least=test.least)
    rows = d["row"].astype(int)
    place = s.numbers(test.along)[rows]
    blank = np.isnan(place)
    if test.at:
        found = [np.flatnonzero(np.abs(place - at) < 1e-6) for at in test.at]
        if any(one.size == 0 for one in found):
            raise Missing(f"{test.of} at {test.along} = {', '.join(f'{at:g}' for at in test.at)}")
        order = np.array([int(one[0]) for one in found])
    else:
        if blank.sum() > 1:
            raise Missing(f"{test.along} of all samples but one (there are {int(blank.sum())} without)")
        order = np.argsort(np.where(blank, -np.inf, place), kind="stable")
    sd = d.get(f"{test.of}_sd", np.zeros(rows.size))
    return criteria.ordered(d[test.of][order], sd[order], SIGN[test.direction], settings)
