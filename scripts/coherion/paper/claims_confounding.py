"""The paper's statements on annealing, and what composition has to do with the correlation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from coherion.paper import criteria
from coherion.paper.claims_correlation import BY_EXPONENT, LOG, TRANSPORT, Points, outlying, points
from coherion.paper.claims_structure import SAME
from coherion.paper.claims_transport import log_conductivity
from coherion.paper.criteria import Array, ClaimSettings, Finding, Verdict
from coherion.paper.statements import Evaluate, Statement, lacking
from coherion.statistics.confounding import (
    Adjusted,
    Rivals,
    WithinComposition,
    adjust_for_composition,
    compare_explanations,
    powers_of,
    powers_of_square,
    ratio,
    slope_within_composition,
    variance_inflation,
)
from coherion.statistics.correlation import reliability
from coherion.statistics.regression import Undetermined
from coherion.statistics.series import Missing, Series


def _annealing_rows(series: Series, settings: ClaimSettings, *roles: str) -> dict[str, Array]:
    """The milled sample of the annealed composition, then the annealed ones by temperature."""
    s = series.where(series.included)
    x = s.numbers("composition")
    s = s.where(np.abs(x - settings.annealed_composition) < 1e-6)
    d = s.pick(*roles, least=2)
    rows = d["row"].astype(int)
    milled = s.milled[rows]
    temperature = s.numbers("annealing")[rows]
    if milled.sum() != 1 or (~milled).sum() < 1 or np.any(np.isnan(temperature[~milled])):
        raise Missing(
            f"one milled sample of x = {settings.annealed_composition:g} and annealed ones with their temperatures"
        )
    order = np.argsort(np.where(milled, -np.inf, temperature))
    return {name: values[order] for name, values in d.items()} | {"temperature": temperature[order]}


def annealing_keeps(roles: tuple[str, ...]) -> Evaluate:
    """Differences of several quantities between each annealed sample and the milled one."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        differences, sds, margins, names = [], [], [], []
        for role in roles:
            try:
                d = _annealing_rows(series, settings, role)
            except Missing:
                continue
            for i in range(1, d[role].size):
                differences.append(d[role][i] - d[role][0])
                sds.append(np.hypot(d[f"{role}_sd"][i], d[f"{role}_sd"][0]))
                margins.append(settings.margins[role])
                names.append(f"{role} at {d['temperature'][i]:g} degC")
        if not differences:
            raise Missing("structures of the milled and the annealed samples of one composition")
        return criteria.unchanged(np.array(differences), np.array(sds), np.array(margins), names, settings)

    return evaluate


def annealing_lengthens(series: Series, settings: ClaimSettings) -> Finding:
    """Coherence length rises from milled to each higher annealing temperature."""
    d = _annealing_rows(series, settings, "coherence_length")
    return criteria.ordered(d["coherence_length"], d["coherence_length_sd"], 1, settings)


def annealing_slows(series: Series, settings: ClaimSettings) -> Finding:
    """log10 sigma falls from milled to each higher annealing temperature."""
    d = _annealing_rows(series, settings, "conductivity")
    if np.any(d["conductivity"] <= 0):
        raise Missing("positive conductivities of the milled and the annealed samples")
    value, sd = log_conductivity(d)
    return criteria.ordered(value, sd, -1, settings)


def within(series: Series, settings: ClaimSettings) -> tuple[Points, Adjusted, WithinComposition | None]:
    """All samples, the exponent at fixed composition (linear in x), and that among samples of one composition."""
    p = points(series, annealed=True, least=6)
    adjusted = _adjust(p, settings, 1)
    # The scatter of maximum likelihood is low by the degrees of freedom it does not count.
    line = adjusted.line
    scatter = line.scatter * np.sqrt(line.n / line.degrees_of_freedom)
    inside = slope_within_composition(
        p.log_length,
        p.log_sigma,
        p.composition,
        p.log_length_sd,
        p.log_sigma_sd,
        float(scatter),
        line.degrees_of_freedom,
        settings.confidence,
    )
    return p, adjusted, inside


def _adjust(p: Points, settings: ClaimSettings, degree: int) -> Adjusted:
    return adjust_for_composition(
        p.log_length,
        p.log_sigma,
        p.composition,
        p.log_length_sd,
        p.log_sigma_sd,
        degree=degree,
        confidence=settings.confidence,
    )


def exponent_within(series: Series, settings: ClaimSettings) -> Finding:
    """Exponent among samples of one composition alone."""
    _, _, inside = within(series, settings)
    if inside is None:
        raise Missing("samples of one composition whose coherence lengths differ by more than their errors")
    small = settings.negligible_exponent
    verdict = criteria.by_interval(*inside.interval, -1, (-small, small))
    note = f"interval {inside.interval[0]:.3g} to {inside.interval[1]:.3g}; whatever else annealing changed is in it"
    return Finding(verdict, inside.slope, inside.sd, inside.n, note)


def length_matters(series: Series, settings: ClaimSettings) -> Finding:
    """The claim: at fixed composition sigma falls with L, whether composition enters as a line or a parabola.

    Holds where linear and quadratic adjustment have their interval below zero and, if some samples share a
    composition, their own exponent has too. Where L nearly follows x (variance inflation) the exponent rests on
    the form assumed for the composition, and the claim cannot be said to hold. Fails where both intervals lie
    within the negligible exponents, or both above zero, and samples of one composition do not say the opposite.
    """
    p, first, inside = within(series, settings)
    small = (-settings.negligible_exponent, settings.negligible_exponent)
    adjusted = [first]
    remark = ""
    try:
        adjusted.append(_adjust(p, settings, 2))
    except Undetermined as problem:
        remark = f"; no quadratic adjustment: {problem}"
    verdicts = [criteria.by_interval(*a.interval, -1, small) for a in adjusted]
    verdict: Verdict = verdicts[0] if len(set(verdicts)) == 1 else "undecided"
    if verdict == "holds" and len(adjusted) == 1:
        verdict = "undecided"
    if first.reliability < settings.least_reliability or p.log_sigma_reliability < settings.least_reliability:
        remark += f"; too unreliable to hold (below {settings.least_reliability:g})"
        verdict = "undecided" if verdict == "holds" else verdict
    strain = strained(p, settings)
    if strain is not None:
        rival = strain.given_composition
        remark += f"; AICc lead over microstrain at fixed composition {rival.lead:.1f}"
        if verdict == "holds" and rival.lead <= settings.explanation_lead:
            verdict = "undecided"
            remark += f": not above {settings.explanation_lead:g}, strain explains it as well"
    listed = "; ".join(
        f"{name} in x: {a.line.slope:.3g} ({a.interval[0]:.3g} to {a.interval[1]:.3g}), inflation {a.inflation:.1f}, "
        f"partial r {a.partial_length.coefficient:.3f} (p {a.partial_length.p_value:.2g})"
        for name, a in zip(("linear", "quadratic"), adjusted, strict=False)
    )
    if inside is not None:
        remark += f"; one composition: {inside.slope:.3g} ({inside.interval[0]:.3g} to {inside.interval[1]:.3g})"
        if (verdict == "holds" and inside.interval[1] >= 0) or (verdict == "fails" and inside.interval[1] < small[0]):
            verdict = "undecided"
    inseparable = verdict == "holds" and first.inflation >= settings.collinear_inflation
    if inseparable:
        verdict = "undecided"
    note = f"{listed}{remark}; reliability of L at fixed x {first.reliability:.3f}"
    note += outlying(p, settings, p.composition)
    small_effect = verdict == "fails" and first.interval[0] <= 0 <= first.interval[1]
    return Finding(verdict, first.line.slope, first.line.slope_sd, first.line.n, note, small_effect, inseparable)


def composition_matters(series: Series, settings: ClaimSettings) -> Finding:
    """Coefficient of x at fixed coherence length; 0.1 decades over the series counts as nothing."""
    p, adjusted, _ = within(series, settings)
    value, error = float(adjusted.line.coefficients[1]), float(np.sqrt(adjusted.line.covariance[1, 1]))
    if not np.isfinite(error):
        raise Missing("samples whose composition and coherence length can be told apart")
    half = criteria.student_quantile(settings.confidence, adjusted.line.degrees_of_freedom) * error
    small = settings.margins["log_conductivity"] / float(np.ptp(p.composition))
    verdict: Verdict = "undecided"
    if abs(value) > half:
        verdict = "holds"
    elif abs(value) + half <= small:
        verdict = "fails"
    note = f"interval {value - half:.3g} to {value + half:.3g} decades per unit of x"
    return Finding(verdict, value, error, adjusted.line.n, note)


@dataclass(frozen=True)
class Strained:
    """Length against microstrain, alone and at fixed composition, over ``n`` samples; reliability of e^2."""

    alone: Rivals
    given_composition: Rivals
    reliability: float
    n: int


def strained(p: Points, settings: ClaimSettings) -> Strained | None:
    """Compare microstrain and length as explanations of log10 sigma; None where fewer than six samples have both."""
    q = p.where(np.isfinite(p.strain_squared) & (p.strain_squared_sd > 0))
    if len(q.sample) < 6:
        return None
    forms = (
        powers_of(q.length, q.length_sd, (0, 1, -1)),
        powers_of_square(q.strain_squared, q.strain_squared_sd, settings.resolved_length),
    )
    alone, given = (compare_explanations(*forms, q.log_sigma, q.log_sigma_sd, c) for c in (None, q.composition))
    return Strained(alone, given, reliability(q.strain_squared, q.strain_squared_sd), len(q.sample))


def strain_explains(series: Series, settings: ClaimSettings) -> Finding:
    """Does microstrain explain the conductivity as well as the coherence length, alone and at fixed composition?"""
    p = points(series, annealed=True, least=6)
    found = strained(p, settings)
    if found is None:
        raise Missing("6 samples with coherence length, microstrain_squared, conductivity and errors above zero")
    limit = settings.explanation_lead
    verdicts: set[Verdict] = set()
    for rivals in (found.alone, found.given_composition):
        if rivals.lead > limit:
            verdicts.add("fails")
        else:
            verdicts.add("holds" if rivals.rival_gain > limit else "undecided")
    verdict: Verdict = verdicts.pop() if len(verdicts) == 1 else "undecided"
    remark = ""
    if found.reliability < settings.least_reliability:
        verdict = "undecided"
        remark = f", below {settings.least_reliability:g}: too poorly known to explain anything"
    note = "; ".join(
        f"{name}: {r.lead:.1f} ({r.rival} against {r.first}), microstrain gains {r.rival_gain:.1f} and length "
        f"{r.first_gain:.1f} over neither"
        for name, r in (("alone", found.alone), ("at fixed x", found.given_composition))
    )
    note += f"; reliability of e^2 {found.reliability:.2f}{remark}"
    return Finding(verdict, found.given_composition.lead, None, found.n, note)


def separable(series: Series, settings: ClaimSettings) -> Finding:
    """Variance inflation of log10 L by x with all samples, and what the annealed ones take off it."""
    everything, milled = (points(series, annealed=a, least=5) for a in (True, False))
    criteria.different(everything.composition, 3, "composition as a rival of the length")
    if np.ptp(everything.log_length) == 0:
        raise Undetermined("all coherence lengths are the same")
    inflation, alone = (
        float(variance_inflation(np.column_stack([q.log_length, q.composition]))[0]) for q in (everything, milled)
    )
    limit = settings.collinear_inflation
    verdict: Verdict = "holds" if inflation < limit else "fails"
    note = f"milled samples alone {alone:.1f}; inseparable from {limit:g}; {int(everything.annealed.sum())} annealed"
    return Finding(verdict, inflation, None, everything.length.size, note)


def _pair(series: Series, settings: ClaimSettings, role: str) -> tuple[float, float, float, float]:
    """Value and error of the annealed sample, then of the milled counterpart."""
    s = series.where(series.included)
    d = s.pick("composition", role, least=2)
    rows = d["row"].astype(int)
    milled = s.milled[rows]
    temperature = s.numbers("annealing")[rows] if s.has("annealing") else np.full(rows.size, np.nan)
    first = (
        ~milled
        & (np.abs(d["composition"] - settings.annealed_composition) < 1e-6)
        & (np.abs(temperature - settings.annealed_temperature) < 0.5)
    )
    second = milled & (np.abs(d["composition"] - settings.counterpart) < 1e-6)
    if first.sum() != 1 or second.sum() != 1:
        raise Missing(
            f"one sample of x = {settings.annealed_composition:g} annealed at {settings.annealed_temperature:g} "
            f"degC and one milled of x = {settings.counterpart:g}"
        )
    i, j = int(np.flatnonzero(first)[0]), int(np.flatnonzero(second)[0])
    if not (d[role][i] > 0 and d[role][j] > 0):
        raise Missing(f"{role} above zero for both samples")
    return d[role][i], d[f"{role}_sd"][i], d[role][j], d[f"{role}_sd"][j]


def counterpart_length(series: Series, settings: ClaimSettings) -> Finding:
    """Ratio of the two coherence lengths against 1."""
    found = ratio(*_pair(series, settings, "coherence_length"), settings.confidence)
    verdict = criteria.equivalence(found.value - 1, found.sd, settings.similar_fraction, np.inf, settings)
    return Finding(verdict, found.value, found.sd, 2, f"{found.interval[0]:.3f} to {found.interval[1]:.3f}")


def counterpart_half(series: Series, settings: ClaimSettings) -> Finding:
    """Ratio of the two conductivities against one half."""
    found = ratio(*_pair(series, settings, "conductivity"), settings.confidence)
    verdict = criteria.equivalence(found.value - 0.5, found.sd, settings.half_tolerance, np.inf, settings)
    return Finding(verdict, found.value, found.sd, 2, f"{found.interval[0]:.3f} to {found.interval[1]:.3f}")


STATEMENTS: tuple[Statement, ...] = (
    Statement(
        "annealing-cell",
        "annealing",
        f"{TRANSPORT}; Tables S11, S15, S16",
        "annealing x = 0.9 does not change the unit cell",
        "cell parameters of each annealed sample less those of the milled one",
        SAME,
        "largest difference",
        "margins",
        annealing_keeps(("a", "b", "c", "beta", "volume")),
    ),
    Statement(
        "annealing-structure",
        "annealing",
        TRANSPORT,
        "annealing x = 0.9 changes nothing else in the structure",
        "occupancies, polyhedra and angles of each annealed sample less those of the milled one",
        SAME,
        "largest difference",
        "margins",
        annealing_keeps(
            (
                "zr_fraction",
                "na_2b",
                "na_4e",
                "octahedron_m",
                "octahedron_na",
                "prism_na",
                "angle_cl1",
                "angle_cl2",
                "angle_a_cl1",
                "angle_a_cl2",
            )
        ),
    ),
    Statement(
        "annealing-length",
        "annealing",
        f"{TRANSPORT}; Fig. S11a",
        "the coherence length of x = 0.9 rises with the annealing temperature",
        "steps from milled through each higher temperature",
        "holds if each step is significant (Bonferroni); fails if one goes the other way; else undecided",
        "smallest step",
        "angstrom",
        annealing_lengthens,
        on_length=True,
    ),
    Statement(
        "annealing-conductivity",
        "annealing",
        f"{TRANSPORT}; Fig. S11b",
        "the conductivity of x = 0.9 falls with the annealing temperature",
        "steps of log10 sigma from milled through each higher temperature",
        "holds if each step is significant (Bonferroni); fails if one goes the other way; else undecided",
        "smallest step",
        "1",
        annealing_slows,
    ),
    Statement(
        "annealing-exponent",
        "annealing",
        f"{TRANSPORT}; Fig. S11",
        "at one composition the longer coherence length lowers the conductivity",
        f"exponent from {LOG} among samples of one composition, scatter from the whole series",
        BY_EXPONENT.replace("profile interval", "interval"),
        "exponent of L",
        "1",
        exponent_within,
        on_length=True,
    ),
    Statement(
        "counterpart-length",
        "annealing",
        f"{TRANSPORT}; Fig. S11c",
        "x = 0.9 annealed at 200 degC has a coherence length like milled x = 0.7",
        "ratio of the two",
        "equivalence to 1 within similar_fraction",
        "ratio",
        "1",
        counterpart_length,
        on_length=True,
    ),
    Statement(
        "counterpart-half",
        "annealing",
        f"{TRANSPORT}; Fig. S11c",
        "but its conductivity is only half",
        "ratio of the two",
        "equivalence to 0.5 within half_tolerance",
        "ratio",
        "1",
        counterpart_half,
    ),
    Statement(
        "separable",
        "confounding",
        "beyond the paper",
        "the series can tell composition and coherence length apart",
        "variance inflation factor of log10 L given x, all samples",
        "holds below collinear_inflation; else fails",
        "variance inflation",
        "1",
        separable,
        on_length=True,
    ),
    Statement(
        "composition-matters",
        "confounding",
        f"{TRANSPORT}; Fig. S11c",
        "at one coherence length other features that go with composition still matter",
        "coefficient of x beside log10 L",
        "holds if its interval excludes zero; fails if it is within the margin over the series; else undecided",
        "d(log10 sigma)/dx",
        "1",
        composition_matters,
        on_length=True,
        of_trend=True,
    ),
    Statement(
        "length-influences-conductivity",
        "confounding",
        "Title; Abstract; Conclusion",
        "the coherence length influences the conductivity, beyond what composition explains",
        "exponent of L at fixed composition, linear and quadratic in x, errors in both axes and scatter",
        "holds if both profile intervals, and that of samples of one composition, are below zero and the inflation is "
        "below collinear_inflation, and the length explains it better than microstrain does (explanation_lead); fails "
        "if both are within +- negligible_exponent or above zero; else undecided",
        "exponent of L at fixed x",
        "1",
        length_matters,
        on_length=True,
        of_trend=True,
    ),
    Statement(
        "strain-explains-conductivity",
        "confounding",
        "beyond the paper",
        "microstrain explains the conductivity as well as the coherence length does",
        "AICc of log10 sigma given microstrain less that given the length, alone and at fixed composition, each in its "
        "best form (logarithm, itself, square of strain or inverse of length), errors in both axes and scatter",
        "holds if both differences are at most explanation_lead and microstrain explains more than nothing; fails if "
        "both are above; undecided otherwise, and where the reliability of the microstrain is below least_reliability",
        "AICc of strain less length at fixed x",
        "1",
        strain_explains,
        on_length=True,
        of_trend=True,
    ),
    Statement(
        "length-mechanism",
        "confounding",
        f"{TRANSPORT}, last paragraph",
        "large vibrations in less coherent halides may be why",
        "none: offered by the paper as an open question",
        "",
        "",
        "",
        lacking("measurements or calculations of vibrations"),
    ),
)
