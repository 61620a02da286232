"""Tests of single samples, and of samples held against one another or against a limit."""

from __future__ import annotations

import numpy as np

from coherion.constants import ZERO_CELSIUS
from coherion.settings.paper import kinds
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics import confounding
from coherion.statistics.compensation import covariance_from_conductivity, judge_compensation
from coherion.statistics.correlation import Interval
from coherion.statistics.finding import Finding, Verdict
from coherion.statistics.kinds import criteria
from coherion.statistics.kinds.view import View
from coherion.statistics.nested_fits import sd_of_difference
from coherion.statistics.series import Missing


def unchanged_from(test: kinds.UnchangedFrom, view: View, settings: ClaimSettings) -> Finding:
    """Differences of several quantities between each sample and the reference."""
    reference, others = view.of(test.reference).series, view.series
    labels = others.texts("sample")
    if len(reference) != 1:
        raise Missing(f"one sample in the group {test.reference} (there are {len(reference)})")
    differences, sds, margins, names = [], [], [], []
    for name in test.of:
        try:
            one, many = reference.pick(name), others.pick(name)
        except Missing:
            continue
        margin = view.margin(name, many[name])
        for i, row in enumerate(many["row"].astype(int)):
            differences.append(many[name][i] - one[name][0])
            sds.append(np.hypot(many[f"{name}_sd"][i], one[f"{name}_sd"][0]) if f"{name}_sd" in many else 0.0)
            margins.append(margin)
            names.append(f"{name} of {labels[row]}")
    if not differences:
        raise Missing(f"{', '.join(test.of)} of the reference and of the other samples")
    return criteria.unchanged(np.array(differences), np.array(sds), np.array(margins), names, settings)


def range_independent(test: kinds.RangeIndependent, view: View, settings: ClaimSettings) -> Finding:
    """Differences of all quantities with a margin between the main range and another, which is part of it."""
    s, suffix = view.series, test.range.replace("-", "_")
    labels = s.texts("sample")
    differences, sds, margins, names = [], [], [], []
    for name, (absolute, relative) in view.design.margins.items():
        base = s.names.get(name)
        column = f"{base}_{suffix}"
        if base is None or (absolute is None and relative is None):
            continue
        if not all(s.has(c) for c in (column, f"{column}_sd", base, f"{base}_sd")):
            continue
        short, long = s.numbers(column), s.numbers(base)
        short_sd, long_sd = s.numbers(f"{column}_sd"), s.numbers(f"{base}_sd")
        kept = np.flatnonzero(np.isfinite(short + long + short_sd + long_sd))
        for row in kept:
            differences.append(float(short[row] - long[row]))
            sds.append(sd_of_difference(short_sd[row], long_sd[row]).chosen)
            margins.append(view.margin(name, long[kept]))
            names.append(f"{base} of {labels[row]}")
    if not differences:
        raise Missing(f"columns of the range {test.range} with their errors, of quantities with a margin")
    return criteria.unchanged(np.array(differences), np.array(sds), np.array(margins), names, settings)


def in_order(test: kinds.InOrder, view: View, settings: ClaimSettings) -> Finding:
    """Share of samples in which several quantities are in rising order."""
    values = np.column_stack([view.series.numbers(name) for name in test.of])
    values = values[np.all(np.isfinite(values), axis=1)]
    if len(values) == 0:
        raise Missing(f"a sample with {', '.join(test.of)}")
    rising = np.all(np.diff(values, axis=1) > 0, axis=1)
    verdict: Verdict = "holds" if rising.all() else "fails"
    return Finding(verdict, float(rising.mean()), None, len(values), f"{int(rising.sum())} of {len(values)} rise")


def at_most(test: kinds.AtMost, view: View, settings: ClaimSettings) -> Finding:
    """Largest value of a quantity against a limit."""
    d = view.series.pick(test.of)
    largest = float(d[test.of].max())
    verdict: Verdict = "holds" if largest <= test.limit else "fails"
    note = f"median {np.median(d[test.of]):.3g}; limit {test.limit:g}"
    return Finding(verdict, largest, None, d["row"].size, note)


def none_significant(test: kinds.NoneSignificant, view: View, settings: ClaimSettings) -> Finding:
    """Smallest p of the samples, times their number (Bonferroni)."""
    p = view.series.pick(test.of)[test.of]
    smallest = min(1.0, float(p.min()) * p.size)
    verdict: Verdict = "fails" if smallest < settings.significance else "holds"
    return Finding(verdict, smallest, None, p.size, f"single p down to {p.min():.2g}")


def only_in(test: kinds.OnlyIn, view: View, settings: ClaimSettings) -> Finding:
    """Largest value in one group, and whether any other sample reaches the limit."""
    d = view.series.pick(test.of, least=2)
    at = view.within(test.only)[d["row"].astype(int)]
    if not at.any():
        raise Missing(f"{test.of} in the group {test.only}")
    if at.all():
        raise Missing(f"{test.of} of a sample outside the group {test.only}")
    seen, others = float(d[test.of][at].max()), d[test.of][~at]
    verdict: Verdict = "holds" if seen > test.limit and np.all(others <= test.limit) else "fails"
    note = f"largest elsewhere {others.max():.2g}; counts as seen from {test.limit:g}"
    return Finding(verdict, seen, None, at.size, note)


def excluded(test: kinds.Excluded, view: View, settings: ClaimSettings) -> Finding:
    """Whether the samples that were left out are those of one group."""
    s, at = view.series, view.within(test.only)
    if not at.any():
        raise Missing(f"a sample of the group {test.only}")
    out = ~s.included
    reasons = "; ".join(s.where(at).texts("excluded"))
    verdict: Verdict = "holds" if np.array_equal(out, at) else "fails"
    return Finding(verdict, float(out.sum()), None, len(s), f"reason given: {reasons or 'none'}")


def ratio(test: kinds.Ratio, view: View, settings: ClaimSettings) -> Finding:
    """Ratio of a quantity of two samples against a stated one."""
    pair = []
    for group in test.between:
        s = view.of(group).series
        d = s.pick(test.of) if len(s) else {"row": np.zeros(0)}
        if d["row"].size != 1:
            raise Missing(f"one sample with {test.of} in the group {group} (there are {d['row'].size})")
        if not d[test.of][0] > 0:
            raise Missing(f"{test.of} above zero for both samples")
        pair += [float(d[test.of][0]), float(d[f"{test.of}_sd"][0]) if f"{test.of}_sd" in d else 0.0]
    found = confounding.ratio(pair[0], pair[1], pair[2], pair[3], settings.confidence)
    verdict = criteria.equivalence(found.value - test.value, found.sd, test.tolerance, np.inf, settings)
    return Finding(verdict, found.value, found.sd, 2, f"{found.interval[0]:.3f} to {found.interval[1]:.3f}")


def compensation(test: kinds.Compensation, view: View, settings: ClaimSettings) -> Finding:
    """Activation energy and ln of the prefactor rise together by more than errors and extrapolation make."""
    s = view.series
    d = s.pick("activation_energy", "ln_prefactor", "conductivity", least=test.least)
    keep = (d["conductivity"] > 0) & (d["activation_energy_sd"] > 0) & (d["ln_prefactor_sd"] > 0)
    d = {name: values[keep] for name, values in d.items()}
    if d["row"].size < test.least:
        raise Missing("five samples with errors of activation energy and prefactor above zero")
    if s.has("prefactor_covariance"):
        mixed = s.numbers("prefactor_covariance")[d["row"].astype(int)]
        source = "covariance from the table"
    else:
        mixed = covariance_from_conductivity(
            d["activation_energy_sd"],
            d["ln_prefactor_sd"],
            d["conductivity_sd"] / d["conductivity"],
            settings.conductivity_temperature + ZERO_CELSIUS,
        )
        source = "covariance from the three errors"
    if not np.all(np.isfinite(mixed)):
        raise Missing("covariance of activation energy and prefactor for every sample")
    found = judge_compensation(
        d["activation_energy"],
        d["ln_prefactor"],
        d["activation_energy_sd"],
        d["ln_prefactor_sd"],
        mixed,
        mean_temperature=settings.mean_temperature + ZERO_CELSIUS,
        draws=settings.resamples,
        seed=settings.seed,
    )
    low, high = found.line.slope_interval(settings.confidence)
    verdict: Verdict = "undecided"
    if low > 0 and max(found.errors_p, found.extrapolation_p) < settings.significance:
        verdict = "holds"
    elif high < 0:
        verdict = "fails"
    note = (
        f"r {found.r:.3f}; 95 % of nulls: errors alone {_ends(found.errors_null)}, extrapolation "
        f"{_ends(found.extrapolation_null)}; p of spread as errors {found.errors_p:.2g}, of r by extrapolation "
        f"{found.extrapolation_p:.2g}; k T_h {found.null_energy:.4f} eV; {source}"
    )
    return Finding(verdict, found.energy, found.energy_sd, found.n, note)


def _ends(points: tuple[float, float, float] | Interval) -> str:
    return f"{points[0]:.2f} to {points[-1]:.2f}"


def cannot_be_tested(test: kinds.CannotBeTested, view: View, settings: ClaimSettings) -> Finding:
    """Nothing: what would be needed is said."""
    raise Missing(test.why)
