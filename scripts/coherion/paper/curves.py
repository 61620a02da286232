"""The correlation as the figures need it: points, lines with bands, curves of the readings, residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.contract.correlation import CORRELATION
from coherion.paper.statements import design_of
from coherion.settings.paper.paper import Paper
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.confounding import residual
from coherion.statistics.correlation import Kind
from coherion.statistics.kinds.points import Points, correlation_of_points, points
from coherion.statistics.kinds.together import adjusted_points
from coherion.statistics.kinds.view import View
from coherion.statistics.line import fit_line
from coherion.statistics.readings import compare_readings
from coherion.statistics.regression import Undetermined, student_quantile
from coherion.statistics.relations import relations
from coherion.statistics.series import Missing, Series

if TYPE_CHECKING:
    import xarray

CURVE_POINTS = 101
LEAST = 6
KINDS: tuple[Kind, ...] = ("pearson", "spearman")
OF, AGAINST = "conductivity", "coherence_length"


def correlation_dataset(series: Series, paper: Paper, settings: ClaimSettings, origin: str) -> xarray.Dataset:
    """Dataset of conductivity against coherence length.

    Dimensions: ``sample`` (all samples of the last line, each with the group that is shown of it), ``selection`` (the
    groups that a line is laid through; without groups one of all samples), ``coherence_length_curve`` (angstrom),
    ``reading``; and the rank correlations of the quantities, ``quantity`` by ``other_quantity``. Where a selection has
    fewer than six samples its numbers are NaN, and the attribute ``missing`` says why.
    """
    values: dict[str, Any] = {}
    lacks: list[str] = []
    attributes = {
        "origin": origin,
        "confidence": settings.confidence,
        "conductivity_temperature": settings.conductivity_temperature,
        "third": paper.abscissa,
    }
    view = View(series, design_of(paper), paper.samples)
    lines: tuple[str | None, ...] = paper.correlation.lines or (paper.samples,)

    def made() -> xarray.Dataset:
        return CORRELATION.dataset(values, attributes | {"missing": "; ".join(lacks)})

    try:
        pairs = relations(view.series, paper.correlation.compared or tuple(paper.known), settings.confidence)
        named = np.array(pairs.names, dtype=object)
        values |= {"quantity": named, "other_quantity": named}
        values |= {"rank_correlation": pairs.coefficient, "rank_correlation_sd": pairs.sd}
        values |= {"rank_correlation_low": pairs.low, "rank_correlation_high": pairs.high}
        values["rank_correlation_samples"] = pairs.samples
    except Missing as lack:
        lacks.append(f"relations: {lack}")

    everything = view.of(lines[-1]).series
    try:
        p = points(everything, of=OF, against=AGAINST)
    except Missing as lack:
        lacks.append(str(lack))
        return made()
    values["sample"] = np.array(p.sample, dtype=object)
    values["group"] = _groups(view.of(lines[-1]), p, paper)
    values |= {"coherence_length": p.x, "coherence_length_sd": p.x_sd, "conductivity": p.y, "conductivity_sd": p.y_sd}
    if everything.has(paper.abscissa):
        values["third"] = everything.numbers(paper.abscissa)[p.row.astype(int)]

    margin = 0.1 * float(np.ptp(p.log_x)) or 0.05
    curve = np.logspace(p.log_x.min() - margin, p.log_x.max() + margin, CURVE_POINTS)
    values["coherence_length_curve"] = curve
    values["selection"] = np.array([name or "all" for name in lines], dtype=object)
    laid = [_line(view.of(group), group, curve, p, settings, lacks) for group in lines]
    values |= {name: np.array([line[name] for line in laid]) for name in laid[0]}

    try:
        chosen = points(view.of(lines[0]).series, of=OF, against=AGAINST, least=LEAST)
        readings = compare_readings(chosen.x, chosen.y, chosen.x_sd, chosen.y_sd)
        values["reading"] = np.array([r.name for r in readings], dtype=object)
        values["reading_curve"] = np.array([r.curve(curve) for r in readings])
        values["reading_aicc"] = np.array([r.aicc for r in readings])
        values["reading_weight"] = np.array([r.weight for r in readings])
    except (Missing, Undetermined) as lack:
        lacks.append(f"readings: {lack}")

    try:
        q, adjusted, _ = adjusted_points(everything, settings, of=OF, against=AGAINST, fixed=paper.abscissa)
        left = {name: np.full(len(p.sample), np.nan) for name in ("length", "sigma")}
        rows = _places(q, p)
        left["length"][rows] = residual(q.log_x, q.third[:, None])
        left["sigma"][rows] = residual(q.log_y, q.third[:, None])
        values["log_length_given_third"] = left["length"]
        values["log_conductivity_given_third"] = left["sigma"]
        exponent = "exponent_given_third"
        values |= {exponent: adjusted.line.slope, f"{exponent}_sd": adjusted.line.slope_sd}
        values |= {f"{exponent}_low": adjusted.interval[0], f"{exponent}_high": adjusted.interval[1]}
        values["variance_inflation"] = adjusted.inflation
    except (Missing, Undetermined) as lack:
        lacks.append(f"{paper.abscissa}: {lack}")
    return made()


def _places(some: Points, everything: Points) -> list[int]:
    """Where the samples of some points stand among all."""
    place = {name: row for row, name in enumerate(everything.sample)}
    return [place[name] for name in some.sample]


def _groups(view: View, p: Points, paper: Paper) -> np.ndarray:
    """The first shown group of each sample; empty where it is in none."""
    rows = p.row.astype(int)
    found = np.full(len(rows), "", dtype=object)
    for name in reversed(paper.correlation.shown):
        found[view.within(name)[rows]] = name
    return found


#: What a line through a selection of samples gives: single numbers, numbers along the curve, numbers by sample.
_NUMBERS = (
    *("exponent", "exponent_sd", "exponent_low", "exponent_high", "intercept", "intercept_sd"),
    *("exponent_intercept_covariance", "scatter"),
    *(f"{kind}{suffix}" for kind in KINDS for suffix in ("", "_low", "_high", "_bca_low", "_bca_high", "_p")),
)
_ON_CURVE = ("line", "line_low", "line_high", "sample_low", "sample_high")
_BY_SAMPLE = ("residual", *(f"{kind}_without" for kind in KINDS))


def _line(
    view: View, group: str | None, curve: np.ndarray, everything: Points, settings: ClaimSettings, lacks: list[str]
) -> dict[str, Any]:
    made: dict[str, Any] = dict.fromkeys(_NUMBERS, np.nan)
    made |= {name: np.full(curve.size, np.nan) for name in _ON_CURVE}
    made |= {name: np.full(len(everything.sample), np.nan) for name in _BY_SAMPLE}
    try:
        p = points(view.series, of=OF, against=AGAINST, least=LEAST)
        line = fit_line(p.log_x, p.log_y, p.log_x_sd, p.log_y_sd)
        correlations = {kind: correlation_of_points(p, kind, settings) for kind in KINDS}
    except (Missing, Undetermined) as lack:
        lacks.append(f"{group or 'all'}: {lack}")
        return made
    low, high = line.slope_interval(settings.confidence)
    made |= {"exponent": line.slope, "exponent_sd": line.slope_sd, "exponent_low": low, "exponent_high": high}
    made |= {"intercept": line.intercept, "intercept_sd": float(np.sqrt(line.covariance[0, 0]))}
    made |= {"exponent_intercept_covariance": line.covariance[0, 1], "scatter": line.scatter}
    value, error = line.mean(np.log10(curve))
    wide = np.hypot(error, line.scatter * np.sqrt(line.n / line.degrees_of_freedom))
    t = student_quantile(settings.confidence, line.degrees_of_freedom)
    made |= {"line": 10**value, "line_low": 10 ** (value - t * error), "line_high": 10 ** (value + t * error)}
    made |= {"sample_low": 10 ** (value - t * wide), "sample_high": 10 ** (value + t * wide)}
    expected, _ = line.mean(everything.log_x)
    made["residual"] = everything.log_y - expected
    rows = _places(p, everything)
    for kind, found in correlations.items():
        made |= {kind: found.coefficient, f"{kind}_p": found.test.two_sided}
        made |= {f"{kind}_low": found.interval[0], f"{kind}_high": found.interval[1]}
        made |= {f"{kind}_bca_low": found.bca_interval[0], f"{kind}_bca_high": found.bca_interval[1]}
        made[f"{kind}_without"][rows] = found.leave_one_out
    return made
