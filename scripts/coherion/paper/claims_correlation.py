"""The paper's statements on the correlation of conductivity and coherence length."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from coherion.paper import criteria
from coherion.paper.claims_transport import LN10, log_conductivity
from coherion.paper.criteria import Array, ClaimSettings, Finding, Verdict
from coherion.paper.statements import Evaluate, Statement
from coherion.statistics.correlation import Correlation, Kind, correlate, reliability
from coherion.statistics.line import fit_line
from coherion.statistics.readings import LOGARITHMIC, compare_readings
from coherion.statistics.regression import Undetermined, outliers
from coherion.statistics.sensitivity import STRAIN, named
from coherion.statistics.series import Missing, Series


@dataclass(frozen=True)
class Points:
    """Samples with both quantities: L (angstrom), sigma (S/cm), their decimal logarithms, errors, composition.

    The mean square of the microstrain is NaN where the table has none.
    """

    sample: tuple[str, ...]
    composition: Array
    annealed: np.ndarray
    length: Array
    length_sd: Array
    sigma: Array
    sigma_sd: Array
    log_length: Array
    log_length_sd: Array
    log_sigma: Array
    log_sigma_sd: Array
    strain_squared: Array
    strain_squared_sd: Array

    def where(self, keep: np.ndarray) -> Points:
        """The samples of a mask of shape (n,)."""
        made: dict[str, Any] = {"sample": tuple(name for name, kept in zip(self.sample, keep, strict=True) if kept)}
        made |= {f.name: getattr(self, f.name)[keep] for f in fields(self) if f.name != "sample"}
        return Points(**made)

    @property
    def log_length_reliability(self) -> float:
        """Share of the variance of log10 L that is not error of measurement."""
        return reliability(self.log_length, self.log_length_sd)

    @property
    def log_sigma_reliability(self) -> float:
        """Share of the variance of log10 sigma that is not error of measurement."""
        return reliability(self.log_sigma, self.log_sigma_sd)


def points(series: Series, *, annealed: bool, least: int, length_column: str | None = None) -> Points:
    """Samples of the structural series, with or without the annealed ones.

    ``length_column`` takes the coherence lengths of another model.

    Raises
    ------
    Missing
        If fewer than ``least`` samples are complete.
    """
    keep = series.included if annealed else series.included & series.milled
    s = series.where(keep)
    role = length_column or "coherence_length"
    d = s.pick("composition", role, "conductivity", least=least)
    good = (d[role] > 0) & (d["conductivity"] > 0)
    if good.sum() < least:
        raise Missing(f"{least} samples with positive coherence length and conductivity")
    d = {name: values[good] for name, values in d.items()}
    rows = d["row"].astype(int)
    log_sigma, log_sigma_sd = log_conductivity(d)
    column = s.names[STRAIN]
    strain, strain_sd = (
        s.numbers(name)[rows] if s.has(name) else np.full(rows.size, np.nan) for name in (column, f"{column}_sd")
    )
    return Points(
        sample=tuple(s.texts("sample")[r] for r in rows),
        composition=d["composition"],
        annealed=~s.milled[rows],
        length=d[role],
        length_sd=d[f"{role}_sd"],
        sigma=d["conductivity"],
        sigma_sd=d["conductivity_sd"],
        log_length=np.log10(d[role]),
        log_length_sd=d[f"{role}_sd"] / (d[role] * LN10),
        log_sigma=log_sigma,
        log_sigma_sd=log_sigma_sd,
        strain_squared=strain,
        strain_squared_sd=strain_sd,
    )


def unreliable(p: Points, settings: ClaimSettings) -> str:
    """Which of the two quantities is mostly error of measurement; empty where neither is."""
    shares = (("log10 L", p.log_length_reliability), ("log10 sigma", p.log_sigma_reliability))
    return "".join(
        f"; reliability of {name} {share:.2f}, below {settings.least_reliability:g}"
        for name, share in shares
        if share < settings.least_reliability
    )


def outlying(p: Points, settings: ClaimSettings, *covariates: Array) -> str:
    """Samples whose conductivity lies off a line through log10 L (and covariates), in decades."""
    columns = [v - v.mean() for v in (p.log_length, *covariates)]
    found = outliers(
        np.column_stack([np.ones(len(p.sample)), *columns]), p.log_sigma, p.log_sigma_sd, settings.significance
    )
    return named(p.sample, found, "decades of sigma")


def correlation_of_points(p: Points, kind: Kind, settings: ClaimSettings) -> Correlation:
    """Correlation of log10 sigma and log10 L, with what the settings say of intervals and permutations."""
    return correlate(
        p.log_length,
        p.log_sigma,
        kind,
        settings.confidence,
        exact_limit=settings.exact_limit,
        resamples=settings.resamples,
        seed=settings.seed,
    )


def correlation_of(kind: Kind, annealed: bool) -> Evaluate:
    """Correlation of log10 sigma and log10 L; permutation p and the interval must agree."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        p = points(series, annealed=annealed, least=5)
        found = correlation_of_points(p, kind, settings)
        low, high = found.interval
        verdict: Verdict = "undecided"
        doubt = unreliable(p, settings)
        if high < 0 and found.test.two_sided < settings.significance and not doubt:
            verdict = "holds"
        elif low > 0 and found.test.two_sided < settings.significance:
            verdict = "fails"
        counted = "exact" if found.test.exact else f"+- {found.test.monte_carlo_sd:.1g}"
        alone = found.leave_one_out
        share = np.sqrt(p.log_length_reliability * p.log_sigma_reliability)
        note = (
            f"Fisher {low:.3f} to {high:.3f}, BCa {found.bca_interval[0]:.3f} to {found.bca_interval[1]:.3f}; "
            f"permutation p {found.test.two_sided:.2g} ({counted}); without one sample {alone.min():.3f} "
            f"({p.sample[int(alone.argmin())]}) to {alone.max():.3f} ({p.sample[int(alone.argmax())]}); "
            f"errors of measurement weaken it by the factor {share:.3f}{doubt}{outlying(p, settings)}"
        )
        # A table wants one number for the error: half the interval, in units of the normal quantile.
        error = (high - low) / 2 / criteria.student_quantile(settings.confidence, np.inf)
        return Finding(verdict, found.coefficient, float(error), found.n, note)

    return evaluate


def line_of(annealed: bool) -> Evaluate:
    """Exponent of sigma ~ L^b from the line with errors in both axes and scatter."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        p = points(series, annealed=annealed, least=5)
        line = fit_line(p.log_length, p.log_sigma, p.log_length_sd, p.log_sigma_sd)
        low, high = line.slope_interval(settings.confidence)
        small = settings.negligible_exponent
        verdict = criteria.by_interval(low, high, -1, (-small, small))
        doubt = unreliable(p, settings)
        if doubt and verdict == "holds":
            verdict = "undecided"
        note = f"interval {low:.3g} to {high:.3g}; scatter {line.scatter:.3g} decades{doubt}{outlying(p, settings)}"
        return Finding(verdict, line.slope, line.slope_sd, line.n, note, verdict == "fails" and low <= 0 <= high)

    return evaluate


def logarithmic(series: Series, settings: ClaimSettings) -> Finding:
    """By how much the best logarithmic reading beats sigma linear in L among the milled samples, in AICc."""
    p = points(series, annealed=False, least=6)
    if np.unique(p.length).size < 3:
        raise Undetermined("fewer than three different coherence lengths; a curve needs three")
    found = sorted(compare_readings(p.length, p.sigma, p.length_sd, p.sigma_sd), key=lambda r: r.aicc)
    best = next(r for r in found if r.name in LOGARITHMIC)
    plain = next(r for r in found if r.name not in LOGARITHMIC)
    lead = plain.aicc - best.aicc
    verdict: Verdict = "undecided"
    if lead > settings.aicc_difference and best.parameters[1] < 0:
        verdict = "holds"
    elif lead < -settings.aicc_difference or (lead > settings.aicc_difference and best.parameters[1] > 0):
        verdict = "fails"
    listed = ", ".join(f"{r.name} {r.aicc - found[0].aicc:.1f} (weight {r.weight:.2g})" for r in found)
    return Finding(verdict, lead, None, p.length.size, f"AICc above the best: {listed}")


def envelope_robust(series: Series, settings: ClaimSettings) -> Finding:
    """Exponent with every other set of coherence lengths in the table; the number is the largest change."""
    base = series.names["coherence_length"]
    stem, _, unit = base.rpartition("_")
    others = [c for c in series.columns if c != base and re.fullmatch(rf"{re.escape(stem)}_.+_{re.escape(unit)}", c)]
    if not others:
        raise Missing(f"coherence lengths of other models in columns {stem}_<model>_{unit} with errors")
    exponents, notes = [], []
    for column in [base, *others]:
        p = points(series, annealed=False, least=5, length_column=column)
        line = fit_line(p.log_length, p.log_sigma, p.log_length_sd, p.log_sigma_sd)
        low, high = line.slope_interval(settings.confidence)
        exponents.append((line.slope, line.slope_sd, low, high))
        notes.append(f"{column} {line.slope:.3g} ({low:.3g} to {high:.3g})")
    table = np.array(exponents)
    verdict: Verdict = "undecided"
    if np.all(table[:, 3] < 0):
        verdict = "holds"
    elif np.any(table[:, 2] > 0):
        verdict = "fails"
    largest = int(np.argmax(np.abs(table[1:, 0] - table[0, 0]))) + 1
    change = float(table[largest, 0] - table[0, 0])
    return Finding(verdict, change, float(table[0, 1]), len(table), "; ".join(notes))


TRANSPORT = "Ionic transport properties"
LOG = "log10 sigma and log10 L"
_BY_CORRELATION = (
    "holds if Fisher's interval is below zero and the permutation p below the significance; fails if the interval "
    "is above zero; else undecided"
)
BY_EXPONENT = (
    "holds if the profile interval of the exponent is below zero; fails if above, or within +- negligible_exponent; "
    "else undecided"
)

STATEMENTS: tuple[Statement, ...] = (
    *(
        Statement(
            f"correlation-{kind}{'-all' if annealed else ''}",
            "correlation",
            f"{TRANSPORT}; Fig. 6d" + (" and, beyond the paper, the annealed samples" if annealed else ""),
            f"conductivity and coherence length are negatively correlated ({kind})",
            f"{kind} correlation of {LOG}, {'all' if annealed else 'milled'} samples",
            _BY_CORRELATION,
            "correlation coefficient",
            "1",
            correlation_of(kind, annealed),
            on_length=True,
            of_trend=True,
        )
        for annealed in (False, True)
        for kind in ("pearson", "spearman")
    ),
    *(
        Statement(
            f"exponent{'-all' if annealed else ''}",
            "correlation",
            f"{TRANSPORT}; Fig. 6d" + (" and the annealed samples" if annealed else ""),
            "a shorter coherence length goes with a higher conductivity",
            f"line through {LOG} with errors in both and scatter",
            BY_EXPONENT,
            "exponent of L",
            "1",
            line_of(annealed),
            on_length=True,
            of_trend=True,
        )
        for annealed in (False, True)
    ),
    Statement(
        "correlation-logarithmic",
        "correlation",
        f"{TRANSPORT}; Fig. 6d",
        "the correlation is approximately logarithmic",
        "AICc, as densities of sigma, of sigma vs ln L, ln sigma vs L, ln sigma vs ln L against sigma vs L",
        "holds if the best of the three leads the straight line by more than aicc_difference and falls; fails if it "
        "trails by as much or rises; else undecided",
        "lead in AICc",
        "1",
        logarithmic,
        on_length=True,
        of_trend=True,
    ),
    Statement(
        "exponent-envelope",
        "correlation",
        "beyond the paper",
        "the negative exponent does not depend on the envelope or on qdamp",
        "exponent with each other set of coherence lengths",
        "holds if every interval is below zero; fails if one is above; else undecided",
        "largest change of the exponent",
        "1",
        envelope_robust,
        of_trend=True,
    ),
)
