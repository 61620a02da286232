"""The paper's statements on diffraction patterns, quality and range of the fits."""

from __future__ import annotations

import re

import numpy as np

from coherion.paper import criteria
from coherion.paper.claims_structure import SAME, structural, trend_statement
from coherion.paper.criteria import ClaimSettings, Finding
from coherion.paper.statements import Evaluate, Statement
from coherion.statistics.nested_fits import sd_of_difference
from coherion.statistics.series import Missing, Series


def damping(series: Series, settings: ClaimSettings) -> Finding:
    """Coherence length falls from x = 0.1 over 0.5 to 0.9 (the three patterns of Fig. 1b)."""
    d = structural(series).pick("composition", "coherence_length", least=3)
    order = [np.flatnonzero(np.abs(d["composition"] - x) < 1e-6) for x in (0.1, 0.5, 0.9)]
    if any(found.size == 0 for found in order):
        raise Missing("coherence lengths of x = 0.1, 0.5 and 0.9")
    rows = [int(found[0]) for found in order]
    return criteria.ordered(d["coherence_length"][rows], d["coherence_length_sd"][rows], -1, settings)


def side_phase(series: Series, settings: ClaimSettings) -> Finding:
    """The side phase's reflection is seen at its composition and nowhere else among the milled samples."""
    d = series.where(series.milled).pick("composition", "side_reflection", least=2)
    at = np.abs(d["composition"] - settings.side_phase) < 1e-6
    if not at.any():
        raise Missing(f"side_reflection of x = {settings.side_phase:g}")
    seen, others = float(d["side_reflection"][at].max()), d["side_reflection"][~at]
    if others.size == 0:
        raise Missing("side_reflection of a sample without the side phase")
    limit = settings.side_reflection_sigma
    verdict: criteria.Verdict = "holds" if seen > limit and np.all(others <= limit) else "fails"
    note = f"largest elsewhere {others.max():.2g}; counts as seen from {limit:g}"
    return Finding(verdict, seen, 1.0, at.size, note)


def side_phase_excluded(series: Series, settings: ClaimSettings) -> Finding:
    """The sample with the side phase left the structural series, the others did not."""
    x = series.numbers("composition")
    at = (np.abs(x - settings.side_phase) < 1e-6) & series.milled
    if not at.any():
        raise Missing(f"a milled sample of x = {settings.side_phase:g}")
    out = series.milled & ~series.included
    reasons = "; ".join(series.where(at).texts("excluded"))
    verdict: criteria.Verdict = "holds" if np.array_equal(out, at) else "fails"
    return Finding(verdict, float(out.sum()), None, int(series.milled.sum()), f"reason given: {reasons or 'none'}")


def fit_quality(series: Series, settings: ClaimSettings) -> Finding:
    """Largest Rw of the widest range among the structural series."""
    d = structural(series).pick("rw")
    largest = float(d["rw"].max())
    verdict: criteria.Verdict = "holds" if largest <= settings.rw_limit else "fails"
    note = f"median {np.median(d['rw']):.3f}; limit {settings.rw_limit:g}"
    return Finding(verdict, largest, None, d["rw"].size, note)


def quality_grows(series: Series, settings: ClaimSettings) -> Finding:
    """Rw of 2-20, 2-40 and 2-60 angstrom in rising order, sample by sample; the number is the share."""
    s = structural(series)
    base = s.names["rw"]
    values = np.column_stack([s.numbers(f"{base}_2_20"), s.numbers(f"{base}_2_40"), s.numbers("rw")])
    values = values[np.all(np.isfinite(values), axis=1)]
    if len(values) == 0:
        raise Missing("a sample with Rw of all three ranges")
    rising = np.all(np.diff(values, axis=1) > 0, axis=1)
    verdict: criteria.Verdict = "holds" if rising.all() else "fails"
    return Finding(verdict, float(rising.mean()), None, len(values), f"{int(rising.sum())} of {len(values)} rise")


def range_independent(suffix: str, everywhere: bool) -> Evaluate:
    """Differences of all parameters between the widest range and a shorter one, which is part of it."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        s = structural(series)
        if not everywhere:
            s = s.where(np.abs(s.numbers("composition") - settings.representative) < 1e-6)
        roles = {column: role for role, column in s.names.items() if role in settings.margins}
        labels = s.texts("sample")
        differences, sds, margins, names = [], [], [], []
        for column in s.columns:
            if not re.fullmatch(rf".+_{suffix}", column):
                continue
            base = column.removesuffix(f"_{suffix}")
            role = roles.get(base)
            if role is None or not (s.has(f"{column}_sd") and s.has(f"{base}_sd") and s.has(base)):
                continue
            short, long = s.numbers(column), s.numbers(base)
            short_sd, long_sd = s.numbers(f"{column}_sd"), s.numbers(f"{base}_sd")
            for row in np.flatnonzero(np.isfinite(short + long + short_sd + long_sd)):
                differences.append(float(short[row] - long[row]))
                sds.append(sd_of_difference(short_sd[row], long_sd[row]).chosen)
                margins.append(settings.margins[role])
                names.append(f"{base} of {labels[row]}")
        if not differences:
            raise Missing(f"columns such as {s.names['a']}_{suffix} and their errors")
        return criteria.unchanged(np.array(differences), np.array(sds), np.array(margins), names, settings)

    return evaluate


_XRD = "X-ray diffraction and pair distribution function"

STATEMENTS: tuple[Statement, ...] = (
    Statement(
        "side-phase-reflection",
        "diffraction",
        f"{_XRD}; Fig. S2",
        "only x = 0.95 shows a further reflection near 1.47 1/angstrom",
        "excess intensity at the reflection over its error",
        "holds if the excess is above side_reflection_sigma there and nowhere else; else fails",
        "excess",
        "standard errors",
        side_phase,
    ),
    trend_statement(
        "reflections-shift",
        f"{_XRD}; Fig. 1a, S2a",
        "reflections move to higher Q with Zr: the cell shrinks (judged by the refined volume)",
        "volume",
        -1,
        "angstrom^3",
        "diffraction",
    ),
    trend_statement(
        "reflections-broaden",
        f"{_XRD}; Fig. 1a, S2a",
        "reflections become broader with Zr",
        "reflection_width",
        1,
        "1/angstrom",
        "diffraction",
    ),
    Statement(
        "damping-with-zr",
        "coherence length",
        f"{_XRD}; Fig. 1b",
        "G(r) is damped most at x = 0.9, then 0.5, then 0.1",
        "coherence lengths of the three, step by step",
        "holds if each step down is significant (Bonferroni); fails if one is significantly up; else undecided",
        "smallest step",
        "angstrom",
        damping,
        on_length=True,
    ),
    Statement(
        "fit-quality",
        "fit range",
        f"{_XRD}; Fig. 2",
        "fits over 2-60 angstrom reach an Rw of about 20 %, which still satisfies",
        "largest Rw of the structural series",
        "holds if at most rw_limit; else fails",
        "Rw",
        "1",
        fit_quality,
    ),
    Statement(
        "fit-quality-range",
        "fit range",
        f"{_XRD}; Fig. 2",
        "Rw grows as the fit range is extended",
        "Rw of 2-20, 2-40 and 2-60 angstrom",
        "holds if in rising order for every sample; else fails",
        "share of samples",
        "1",
        quality_grows,
    ),
    *(
        Statement(
            f"range-{suffix.replace('_', '-')}{tail}",
            "fit range",
            place,
            f"fitting {suffix.replace('_', '-')} instead of 2-60 angstrom does not change the structure {whom}",
            "differences of all parameters with a margin",
            SAME,
            "largest difference",
            "margins",
            range_independent(suffix, everywhere),
        )
        for suffix, figure in (("2_20", "Fig. 2b"), ("2_40", "Fig. 2c"))
        for everywhere, tail, whom, place in (
            (False, "", "of x = 0.5", f"{_XRD}; {figure}"),
            (True, "-all", "of any sample", f"beyond the paper (it shows x = 0.5, {figure})"),
        )
    ),
    Statement(
        "side-phase-excluded",
        "fit range",
        f"{_XRD}, last sentence",
        "x = 0.95, and it alone, cannot be fitted reliably and leaves the structural series",
        "column excluded of the milled samples",
        "holds if exactly this sample is excluded; else fails",
        "excluded samples",
        "1",
        side_phase_excluded,
    ),
)
