"""Does a verdict stand under the other readings of the data, and without any one sample?

**Readings.** A refinement reads one G(r) as damped by size alone, by size and microstrain, by microstrain alone, by
log-normal or spheroidal domains, and gives 1/L (L = -1.5/gamma'(0), the area-weighted mean diameter) and AICc of
each. One reading is asked to explain the whole series, since all samples were made and measured alike:

- a reading is *allowed* if AICc, summed over the samples, is within a limit of the lowest sum; a sample that by itself
  refuses an allowed reading (by more than the same limit) is taken in the reading that fits it best;
- L is known where 1/L is a stated number of its errors above zero; elsewhere, and under microstrain alone, the data
  give a lower limit only, and the sample has no length under that reading;
- a reading that contains a simpler one (:data:`CONTAINS`) and has no lower sum *explains nothing more*. Its
  errors are wider, but they do not undo a verdict by themselves: it does so only if its number differs from the
  simpler one's by more than two standard errors of the difference (Hausman's,
  :mod:`coherion.statistics.nested_fits`), or if it says the opposite.

**Single samples.** A verdict that another takes the place of once one sample is left out rests on that sample. The test
without it is at twice the level: fewer samples must not by themselves undo a verdict. In a long series groups of a
thirtieth of the samples take the place of single ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from coherion.statistics.finding import Finding, Verdict
from coherion.statistics.nested_fits import sd_of_difference
from coherion.statistics.series import Array, Missing, Series

#: The readings of a refinement, and which simpler ones each contains.
CONTAINS: Mapping[str, tuple[str, ...]] = {
    "size": (),
    "size_strain": ("size", "strain"),
    "strain": (),
    "lognormal": ("size",),
    "spheroid": ("size",),
}
#: Up to so many samples are left out one by one, more of them in so many groups.
GROUPS = 30
LENGTH, INVERSE, STRAIN = "coherence_length", "inverse_length", "microstrain_squared"


@dataclass(frozen=True)
class Reading:
    """One reading of the whole series.

    ``excess`` is its summed AICc above the lowest sum; ``simpler`` the allowed reading that it contains and adds
    nothing to (None where there is none); ``refused_by`` the samples that are taken otherwise.
    """

    name: str
    excess: float
    allowed: bool
    simpler: str | None
    refused_by: tuple[str, ...]


@dataclass(frozen=True)
class Readings:
    """All readings of a series and the limits that they were judged by; empty where the table has none."""

    each: tuple[Reading, ...]
    limit: float
    resolved: float

    @property
    def allowed(self) -> tuple[Reading, ...]:
        """Those that the data allow, the best first."""
        return tuple(sorted((r for r in self.each if r.allowed), key=lambda r: r.excess))

    @property
    def strained(self) -> bool:
        """Whether any of them has free strain."""
        return any(r.name != "size" for r in self.each)

    def __str__(self) -> str:
        return ", ".join(
            f"{r.name} {'allowed' if r.allowed else 'refused'} (AICc +{r.excess:.1f})"
            + (f" but by {', '.join(r.refused_by)}" if r.allowed and r.refused_by else "")
            for r in sorted(self.each, key=lambda r: r.excess)
        )


def _column(series: Series, name: str) -> Array:
    try:
        return series.numbers(name)
    except Missing:
        return np.full(len(series), np.nan)


def _aicc(series: Series) -> dict[str, Array]:
    """AICc of each reading, shape (rows,), on the rows of the structural series; NaN where there is none."""
    found = {name: np.where(series.included, _column(series, f"aicc_as_{name}"), np.nan) for name in CONTAINS}
    return {name: values for name, values in found.items() if np.isfinite(values).any()}


def readings_of(series: Series, *, limit: float, resolved: float) -> Readings:
    """The readings that the table gives, and which of them its samples allow.

    Sums are compared over the samples that two readings share.

    Parameters
    ----------
    limit
        Difference of AICc up to which a reading is allowed, of the sums as of one sample.
    resolved
        Number of standard errors by which 1/L must be above zero for L to be known.
    """
    aicc = _aicc(series)
    if not aicc:
        return Readings((), limit, resolved)
    widest = max(np.isfinite(values).sum() for values in aicc.values())
    whole = {name: values for name, values in aicc.items() if np.isfinite(values).sum() == widest}
    best = min(whole, key=lambda name: np.nansum(whole[name]))

    def lead(one: str, other: str) -> float:
        return float(np.nansum(aicc[one] - aicc[other]))

    lowest = min(lead(name, best) for name in aicc)
    excess = {name: lead(name, best) - lowest for name in aicc}
    labels = series.texts("sample")
    own = _row_minimum(aicc)
    each = []
    for name, values in aicc.items():
        simpler = [s for s in CONTAINS[name] if s in aicc and excess[s] <= limit and lead(name, s) >= 0]
        refused = tuple(labels[i] for i in np.flatnonzero(values - own > limit))
        each.append(Reading(name, excess[name], excess[name] <= limit, simpler[0] if simpler else None, refused))
    return Readings(tuple(each), limit, resolved)


def _row_minimum(aicc: Mapping[str, Array]) -> Array:
    stacked = np.array(list(aicc.values()))
    return np.where(
        np.isfinite(stacked).any(axis=0), np.nanmin(np.where(np.isnan(stacked), np.inf, stacked), 0), np.nan
    )


def as_read(series: Series, name: str, readings: Readings) -> Series:
    """The table with lengths, inverse lengths and microstrain of one reading in the place of those reported."""
    aicc = _aicc(series)
    own = _row_minimum(aicc)
    choice = {n: [_column(series, f"{c}{sd}") for c in _columns(n) for sd in ("", "_sd")] for n in aicc}
    taken = [v.copy() for v in choice[name]]
    reported = [_column(series, series.names[STRAIN]), _column(series, f"{series.names[STRAIN]}_sd")]
    for row in range(len(series)):
        here = aicc[name][row]
        if np.isfinite(own[row]) and not here - own[row] <= readings.limit:
            source = next(n for n in aicc if aicc[n][row] == own[row])
            for values, other in zip(taken, choice[source], strict=True):
                values[row] = other[row]
    inverse, inverse_sd, strain, strain_sd = taken
    known = np.isfinite(inverse) & (inverse_sd > 0) & (inverse >= readings.resolved * inverse_sd)
    safe = np.where(known, inverse, 1.0)
    # A reading without strain has no other to offer than the one reported.
    none = ~np.isfinite(strain)
    strain, strain_sd = np.where(none, reported[0], strain), np.where(none, reported[1], strain_sd)
    made = series.put(LENGTH, np.where(known, 1 / safe, np.nan), np.where(known, inverse_sd / safe**2, np.nan))
    return made.put(INVERSE, inverse, inverse_sd).put(STRAIN, strain, strain_sd)


def _columns(name: str) -> tuple[str, str]:
    return f"inverse_length_as_{name}_per_A", f"microstrain_squared_as_{name}"


def length_or_inverse(series: Series, least: int, against: str) -> dict[str, Array]:
    """Abscissa and coherence lengths of the rows; where one is a lower limit only, all by way of 1/L.

    1/L has normal errors and may be zero. It is handed out as the length that is linear in it,
    L0 - L0^2 (1/L - 1/L0) with 1/L0 the mean, so that slopes and margins keep their unit (angstrom) and sense.

    Raises
    ------
    Missing
        If fewer than ``least`` rows have a length or an inverse length.
    """
    if not series.has(INVERSE):
        return series.pick(against, LENGTH, least=least)
    d = series.pick(against, INVERSE, least=least)
    try:
        known = series.pick(against, LENGTH, least=least)
    except Missing:
        known = {"row": np.zeros(0)}
    if known["row"].size == d["row"].size:
        return known
    mean = float(np.average(d[INVERSE], weights=d[f"{INVERSE}_sd"] ** -2.0))
    if mean <= 0:
        raise Missing("coherence lengths: 1/L of the series is not above zero")
    return {
        "row": d["row"],
        against: d[against],
        LENGTH: (2 - d[INVERSE] / mean) / mean,
        f"{LENGTH}_sd": d[f"{INVERSE}_sd"] / mean**2,
    }


Judge = Callable[[Series], Finding]


def under_each(judge: Judge, series: Series, readings: Readings) -> Finding:
    """What a test finds as reported, with the verdict that every allowed reading agrees to, or 'undecided'.

    The note names each reading with its finding, the breaking ones first.
    """
    found = judge(series)
    if not readings.each:
        return found
    under = {r.name: judge(as_read(series, r.name, readings)) for r in readings.allowed}
    counted = [found.verdict]
    remarks = []
    for reading in readings.allowed:
        one = under[reading.name]
        simple = under.get(reading.simpler or "")
        idle = simple is not None and one.verdict == "undecided" and not _moved(one, simple)
        if not idle:
            counted.append(one.verdict)
        number = "" if one.value is None else f" ({one.value:.4g}" + (f" +- {one.error:.2g})" if one.error else ")")
        why = f" ({one.note})" if one.value is None else number
        remarks.append(
            (
                one.verdict == found.verdict,
                f"as {reading.name} {one.verdict}{why}" + (", no more explained" if idle else ""),
            )
        )
    verdict: Verdict = found.verdict if len(set(counted)) == 1 else "undecided"
    broken = [text for same, text in remarks if not same and verdict != found.verdict]
    head = (
        f"as reported {found.verdict}, broken by: {'; '.join(broken)}" if broken else "; ".join(t for _, t in remarks)
    )
    note = f"{found.note}; {head}; readings: {readings}"
    return replace(found, verdict=verdict, note=note)


def _moved(one: Finding, simple: Finding) -> bool:
    """Whether the number of a wider reading differs from the simpler one's by more than two errors of that."""
    if one.value is None or simple.value is None or not one.error or not simple.error:
        return False
    return abs(one.value - simple.value) > 2 * sd_of_difference(one.error, simple.error).chosen


def turned_by(judge: Judge, series: Series, found: Finding) -> tuple[tuple[str, Verdict], ...]:
    """Samples without which a test comes to another verdict than it found, and to which.

    What cannot be tested without a sample is passed over, and so is what only becomes inseparable. That an effect is
    too small to matter is less certain with fewer samples whatever they say: it is turned by ``holds`` only.

    Of more than :data:`GROUPS` samples as many groups are left out in turn, made of rows that lie apart in the table
    (Kott, J. Off. Stat. 17 (2001) 521): an influential sample turns the verdict in company too, and one by one the time
    would grow with the square of the samples.
    """
    labels = np.array(series.texts("sample"), dtype=object)
    turned: list[tuple[str, Verdict]] = []
    for first in range(min(len(series), GROUPS)):
        left_out = np.arange(len(series)) % GROUPS == first
        without = judge(series.where(~left_out))
        weaker = found.small and without.verdict == "undecided"
        alike = without.inseparable and found.verdict == "holds"
        if without.value is not None and without.verdict != found.verdict and not (weaker or alike):
            names = list(labels[left_out])
            more = f" and {len(names) - 3} others" if len(names) > 4 else ""
            turned.append((", ".join(names[:3] if more else names) + more, without.verdict))
    return tuple(turned)


def named(labels: Sequence[str], found: Sequence[tuple[int, float]], unit: str) -> str:
    """Remark on outliers (index and departure), empty where there are none."""
    return "".join(f"; outlier: {labels[i]}, off by {value:.3g} {unit}".rstrip() for i, value in found)
