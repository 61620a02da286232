"""Tests of two positive quantities that go together, and of what a third has to do with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from coherion.settings.paper import kinds
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.confounding import (
    Adjusted,
    Rivals,
    WithinComposition,
    adjust_for_composition,
    compare_explanations,
    powers_of,
    powers_of_square,
    slope_within_composition,
    variance_inflation,
)
from coherion.statistics.correlation import reliability
from coherion.statistics.finding import Finding, Verdict
from coherion.statistics.kinds import criteria
from coherion.statistics.kinds.along import SIGN
from coherion.statistics.kinds.points import Points, correlation_of_points, outlying, points, unreliable
from coherion.statistics.kinds.view import View
from coherion.statistics.line import fit_line
from coherion.statistics.readings import LOGARITHMIC, compare_readings
from coherion.statistics.regression import Undetermined, student_quantile
from coherion.statistics.series import Missing, Series


def correlation(test: kinds.Correlation, view: View, settings: ClaimSettings) -> Finding:
    """Correlation of the two logarithms; permutation p and the interval must agree."""
    p = points(view.series, of=test.of, against=test.against, least=test.least)
    found = correlation_of_points(p, test.coefficient, settings)
    low, high = found.interval
    sign = SIGN[test.direction]
    verdict: Verdict = "undecided"
    doubt = unreliable(p, settings)
    if sign * low > 0 and sign * high > 0 and found.test.two_sided < settings.significance and not doubt:
        verdict = "holds"
    elif sign * low < 0 and sign * high < 0 and found.test.two_sided < settings.significance:
        verdict = "fails"
    counted = "exact" if found.test.exact else f"+- {found.test.monte_carlo_sd:.1g}"
    alone = found.leave_one_out
    share = np.sqrt(p.x_reliability * p.y_reliability)
    note = (
        f"Fisher {low:.3f} to {high:.3f}, BCa {found.bca_interval[0]:.3f} to {found.bca_interval[1]:.3f}; "
        f"permutation p {found.test.two_sided:.2g} ({counted}); without one sample {alone.min():.3f} "
        f"({p.sample[int(alone.argmin())]}) to {alone.max():.3f} ({p.sample[int(alone.argmax())]}); "
        f"errors of measurement weaken it by the factor {share:.3f}{doubt}{outlying(p, settings)}"
    )
    # A table wants one number for the error: half the interval, in units of the normal quantile.
    error = (high - low) / 2 / student_quantile(settings.confidence, np.inf)
    return Finding(verdict, found.coefficient, float(error), found.n, note)


def exponent(test: kinds.Exponent, view: View, settings: ClaimSettings) -> Finding:
    """Exponent from the line through both logarithms with errors in both axes and scatter."""
    p = points(view.series, of=test.of, against=test.against, least=test.least)
    line = fit_line(p.log_x, p.log_y, p.log_x_sd, p.log_y_sd)
    low, high = line.slope_interval(settings.confidence)
    small = settings.negligible_exponent
    verdict = criteria.by_interval(low, high, SIGN[test.direction], (-small, small))
    doubt = unreliable(p, settings)
    if doubt and verdict == "holds":
        verdict = "undecided"
    note = f"interval {low:.3g} to {high:.3g}; scatter {line.scatter:.3g} decades{doubt}{outlying(p, settings)}"
    return Finding(verdict, line.slope, line.slope_sd, line.n, note, verdict == "fails" and low <= 0 <= high)


def logarithmic(test: kinds.Logarithmic, view: View, settings: ClaimSettings) -> Finding:
    """By how much the best logarithmic curve beats the straight line, in AICc."""
    p = points(view.series, of=test.of, against=test.against, least=test.least)
    found = sorted(compare_readings(p.x, p.y, p.x_sd, p.y_sd), key=lambda r: r.aicc)
    best = next(r for r in found if r.name in LOGARITHMIC)
    plain = next(r for r in found if r.name not in LOGARITHMIC)
    lead, slope = plain.aicc - best.aicc, SIGN[test.direction] * best.parameters[1]
    verdict: Verdict = "undecided"
    if lead > settings.aicc_difference and slope > 0:
        verdict = "holds"
    elif lead < -settings.aicc_difference or (lead > settings.aicc_difference and slope < 0):
        verdict = "fails"
    listed = ", ".join(f"{r.name} {r.aicc - found[0].aicc:.1f} (weight {r.weight:.2g})" for r in found)
    return Finding(verdict, lead, None, p.x.size, f"AICc above the best: {listed}")


def exponent_robust(test: kinds.ExponentRobust, view: View, settings: ClaimSettings) -> Finding:
    """Exponent with every other set of the abscissa in the table; the number is the largest change."""
    s = view.series
    base = s.names.get(test.against, test.against)
    stem, _, unit = base.rpartition("_")
    others = [c for c in s.columns if c != base and re.fullmatch(rf"{re.escape(stem)}_.+_{re.escape(unit)}", c)]
    if not others:
        raise Missing(f"columns {stem}_<model>_{unit} of other models, with errors")
    exponents, notes = [], []
    for column in [base, *others]:
        p = points(s, of=test.of, against=column, least=test.least)
        line = fit_line(p.log_x, p.log_y, p.log_x_sd, p.log_y_sd)
        low, high = line.slope_interval(settings.confidence)
        exponents.append((line.slope, line.slope_sd, *sorted(SIGN[test.direction] * end for end in (low, high))))
        notes.append(f"{column} {line.slope:.3g} ({low:.3g} to {high:.3g})")
    table = np.array(exponents)
    verdict: Verdict = "undecided"
    if np.all(table[:, 2] > 0):
        verdict = "holds"
    elif np.any(table[:, 3] < 0):
        verdict = "fails"
    largest = int(np.argmax(np.abs(table[1:, 0] - table[0, 0]))) + 1
    change = float(table[largest, 0] - table[0, 0])
    return Finding(verdict, change, float(table[0, 1]), len(table), "; ".join(notes))


def adjusted_points(
    series: Series, settings: ClaimSettings, *, of: str, against: str, fixed: str, least: int = 6
) -> tuple[Points, Adjusted, WithinComposition | None]:
    """The samples, the exponent at a fixed third quantity (linear in it), and that among samples that share it."""
    p = points(series, of=of, against=against, third=fixed, least=least)
    adjusted = _adjust(p, settings, 1)
    # The scatter of maximum likelihood is low by the degrees of freedom it does not count.
    line = adjusted.line
    scatter = line.scatter * np.sqrt(line.n / line.degrees_of_freedom)
    inside = slope_within_composition(
        p.log_x,
        p.log_y,
        p.third,
        p.log_x_sd,
        p.log_y_sd,
        float(scatter),
        line.degrees_of_freedom,
        settings.confidence,
    )
    return p, adjusted, inside


def _adjust(p: Points, settings: ClaimSettings, degree: int) -> Adjusted:
    return adjust_for_composition(
        p.log_x, p.log_y, p.third, p.log_x_sd, p.log_y_sd, degree=degree, confidence=settings.confidence
    )


def exponent_within(test: kinds.ExponentWithin, view: View, settings: ClaimSettings) -> Finding:
    """Exponent among samples that share a third quantity alone."""
    fixed = view.against(test.fixed)
    _, _, inside = adjusted_points(
        view.series, settings, of=test.of, against=test.against, fixed=fixed, least=test.least
    )
    if inside is None:
        raise Missing(f"samples of one {fixed} whose {test.against} differ by more than their errors")
    small = settings.negligible_exponent
    verdict = criteria.by_interval(*inside.interval, SIGN[test.direction], (-small, small))
    note = f"interval {inside.interval[0]:.3g} to {inside.interval[1]:.3g}; whatever else differs is in it"
    return Finding(verdict, inside.slope, inside.sd, inside.n, note)


def at_fixed(test: kinds.AtFixed, view: View, settings: ClaimSettings) -> Finding:
    """The exponent at a fixed third quantity, whether that enters as a line or a parabola.

    Holds where linear and quadratic adjustment have their interval on the stated side of zero and, if some samples
    share the third quantity, their own exponent has too. Where the two run together (variance inflation) the exponent
    rests on the form assumed for the third, and the statement cannot be said to hold. Fails where both intervals lie
    within the negligible exponents, or both beyond zero, and samples that share the third do not say the opposite.
    """
    fixed, sign = view.against(test.fixed), SIGN[test.direction]
    p, first, inside = adjusted_points(
        view.series, settings, of=test.of, against=test.against, fixed=fixed, least=test.least
    )
    small = (-settings.negligible_exponent, settings.negligible_exponent)
    adjusted = [first]
    remark = ""
    try:
        adjusted.append(_adjust(p, settings, 2))
    except Undetermined as problem:
        remark = f"; no quadratic adjustment: {problem}"
    verdicts = [criteria.by_interval(*a.interval, sign, small) for a in adjusted]
    verdict: Verdict = verdicts[0] if len(set(verdicts)) == 1 else "undecided"
    if verdict == "holds" and len(adjusted) == 1:
        verdict = "undecided"
    if first.reliability < settings.least_reliability or p.y_reliability < settings.least_reliability:
        remark += f"; too unreliable to hold (below {settings.least_reliability:g})"
        verdict = "undecided" if verdict == "holds" else verdict
    rivals = rivals_of(view.series, p, test.rival, settings) if test.rival else None
    if rivals is not None:
        lead = rivals.given_third.lead
        remark += f"; AICc lead over {test.rival} at fixed {fixed} {lead:.1f}"
        if verdict == "holds" and lead <= settings.explanation_lead:
            verdict = "undecided"
            remark += f": not above {settings.explanation_lead:g}, {test.rival} explains it as well"
    listed = "; ".join(
        f"{name} in {fixed}: {a.line.slope:.3g} ({a.interval[0]:.3g} to {a.interval[1]:.3g}), inflation "
        f"{a.inflation:.1f}, partial r {a.partial_length.coefficient:.3f} (p {a.partial_length.p_value:.2g})"
        for name, a in zip(("linear", "quadratic"), adjusted, strict=False)
    )
    if inside is not None:
        remark += f"; one {fixed}: {inside.slope:.3g} ({inside.interval[0]:.3g} to {inside.interval[1]:.3g})"
        low = min(sign * end for end in inside.interval)
        if (verdict == "holds" and low <= 0) or (verdict == "fails" and low > small[1]):
            verdict = "undecided"
    inseparable = verdict == "holds" and first.inflation >= settings.collinear_inflation
    if inseparable:
        verdict = "undecided"
    note = f"{listed}{remark}; reliability of {test.against} at fixed {fixed} {first.reliability:.3f}"
    note += outlying(p, settings, p.third)
    small_effect = verdict == "fails" and first.interval[0] <= 0 <= first.interval[1]
    return Finding(verdict, first.line.slope, first.line.slope_sd, first.line.n, note, small_effect, inseparable)


def matters_beside(test: kinds.MattersBeside, view: View, settings: ClaimSettings) -> Finding:
    """Coefficient of the third quantity beside the logarithm of the other."""
    fixed = view.against(test.fixed)
    p, adjusted, _ = adjusted_points(
        view.series, settings, of=test.of, against=test.beside, fixed=fixed, least=test.least
    )
    value, error = float(adjusted.line.coefficients[1]), float(np.sqrt(adjusted.line.covariance[1, 1]))
    if not np.isfinite(error):
        raise Missing(f"samples whose {fixed} and {test.beside} can be told apart")
    half = student_quantile(settings.confidence, adjusted.line.degrees_of_freedom) * error
    small = test.margin / float(np.ptp(p.third))
    verdict: Verdict = "undecided"
    if abs(value) > half:
        verdict = "holds"
    elif abs(value) + half <= small:
        verdict = "fails"
    note = f"interval {value - half:.3g} to {value + half:.3g} decades per unit of {fixed}"
    return Finding(verdict, value, error, adjusted.line.n, note)


@dataclass(frozen=True)
class Compared:
    """A quantity against its rival, alone and at a fixed third, over ``n`` samples; reliability of the rival."""

    alone: Rivals
    given_third: Rivals
    reliability: float
    n: int


def rivals_of(series: Series, p: Points, rival: str, settings: ClaimSettings) -> Compared | None:
    """Compare two explanations of log10 y; None where fewer than six samples have both."""
    rows = p.row.astype(int)
    try:
        value, sd = series.numbers(rival)[rows], series.numbers(f"{series.names.get(rival, rival)}_sd")[rows]
    except Missing:
        return None
    kept = np.isfinite(value) & (sd > 0)
    if kept.sum() < 6:
        return None
    q, value, sd = p.where(kept), value[kept], sd[kept]
    forms = (powers_of(q.x, q.x_sd, (0, 1, -1)), powers_of_square(value, sd, settings.resolved_length))
    alone, given = (compare_explanations(*forms, q.log_y, q.log_y_sd, c) for c in (None, q.third))
    return Compared(alone, given, reliability(value, sd), len(q.sample))


def explained_by(test: kinds.ExplainedBy, view: View, settings: ClaimSettings) -> Finding:
    """Does the rival explain the quantity as well as the other does, alone and at a fixed third?"""
    fixed = view.against(test.fixed)
    p = points(view.series, of=test.of, against=test.against, third=fixed, least=test.least)
    found = rivals_of(view.series, p, test.rival, settings)
    if found is None:
        raise Missing(f"6 samples with {test.against}, {test.rival}, {test.of} and errors above zero")
    limit = settings.explanation_lead
    verdicts: set[Verdict] = set()
    for one in (found.alone, found.given_third):
        if one.lead > limit:
            verdicts.add("fails")
        else:
            verdicts.add("holds" if one.rival_gain > limit else "undecided")
    verdict: Verdict = verdicts.pop() if len(verdicts) == 1 else "undecided"
    remark = ""
    if found.reliability < settings.least_reliability:
        verdict = "undecided"
        remark = f", below {settings.least_reliability:g}: too poorly known to explain anything"
    note = "; ".join(
        f"{name}: {r.lead:.1f} ({r.rival} against {r.first}), {test.rival} gains {r.rival_gain:.1f} and "
        f"{test.against} {r.first_gain:.1f} over neither"
        for name, r in (("alone", found.alone), (f"at fixed {fixed}", found.given_third))
    )
    note += f"; reliability of {test.rival} {found.reliability:.2f}{remark}"
    return Finding(verdict, found.given_third.lead, None, found.n, note)


def separable(test: kinds.Separable, view: View, settings: ClaimSettings) -> Finding:
    """Variance inflation of the logarithm by the third quantity, and what one group takes off it."""
    fixed = view.against(test.fixed)
    p = points(view.series, of=test.of, against=test.against, third=fixed, least=test.least)
    criteria.different(p.third, 3, f"{fixed} as a rival")
    if np.ptp(p.log_x) == 0:
        raise Undetermined(f"all {test.against} are the same")

    def inflation_of(q: Points) -> float:
        return float(variance_inflation(np.column_stack([q.log_x, q.third]))[0])

    inflation = inflation_of(p)
    limit = settings.collinear_inflation
    note = f"inseparable from {limit:g}"
    if test.without is not None:
        inside = view.within(test.without)[p.row.astype(int)]
        q = p.where(~inside)
        alone = f"{inflation_of(q):.1f}" if len(q.sample) >= test.least else "unknown"
        note += f"; without the {int(inside.sum())} samples of {test.without} {alone}"
    verdict: Verdict = "holds" if inflation < limit else "fails"
    return Finding(verdict, inflation, None, p.x.size, note)
