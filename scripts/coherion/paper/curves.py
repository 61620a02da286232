"""The correlation as the figures need it: points, lines with bands, curves of the readings, residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.data.contract.correlation import CORRELATION
from coherion.paper.claims_confounding import within
from coherion.paper.claims_correlation import Points, correlation_of_points, points
from coherion.paper.criteria import ClaimSettings
from coherion.statistics.confounding import residual
from coherion.statistics.correlation import Kind
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


def correlation_dataset(series: Series, settings: ClaimSettings, origin: str) -> xarray.Dataset:
    """Dataset of conductivity against coherence length.

    Dimensions: ``sample`` (all samples of the structural series, the annealed ones flagged), ``selection``
    (``as_milled``, ``all``), ``coherence_length_curve`` (angstrom), ``reading``; and the rank correlations of all
    quantities of the table, ``quantity`` by ``other_quantity``. Where a selection has fewer than six samples its
    numbers are NaN, and the attribute ``missing`` says why.
    """
    values: dict[str, Any] = {}
    lacks: list[str] = []
    attributes = {
        "origin": origin,
        "confidence": settings.confidence,
        "conductivity_temperature": settings.conductivity_temperature,
    }

    def made() -> xarray.Dataset:
        return CORRELATION.dataset(values, attributes | {"missing": "; ".join(lacks)})

    try:
        pairs = relations(series, settings.confidence)
        columns = np.array([series.names[role] for role in pairs.roles], dtype=object)
        values |= {"quantity": columns, "other_quantity": columns}
        values |= {"rank_correlation": pairs.coefficient, "rank_correlation_sd": pairs.sd}
        values |= {"rank_correlation_low": pairs.low, "rank_correlation_high": pairs.high}
        values["rank_correlation_samples"] = pairs.samples
    except Missing as lack:
        lacks.append(f"relations: {lack}")

    try:
        p = points(series, annealed=True, least=1)
    except Missing as lack:
        lacks.append(str(lack))
        return made()
    values |= {"sample": np.array(p.sample, dtype=object), "composition": p.composition}
    values["annealed"] = p.annealed.astype(np.int8)
    values |= {"coherence_length": p.length, "coherence_length_sd": p.length_sd}
    values |= {"conductivity": p.sigma, "conductivity_sd": p.sigma_sd}

    margin = 0.1 * float(np.ptp(p.log_length)) or 0.05
    curve = np.logspace(p.log_length.min() - margin, p.log_length.max() + margin, CURVE_POINTS)
    values["coherence_length_curve"] = curve
    values["selection"] = np.array(["as_milled", "all"], dtype=object)
    lines = [_line(series, annealed, curve, p, settings, lacks) for annealed in (False, True)]
    values |= {name: np.array([line[name] for line in lines]) for name in lines[0]}

    try:
        chosen = points(series, annealed=False, least=LEAST)
        readings = compare_readings(chosen.length, chosen.sigma, chosen.length_sd, chosen.sigma_sd)
        values["reading"] = np.array([r.name for r in readings], dtype=object)
        values["reading_curve"] = np.array([r.curve(curve) for r in readings])
        values["reading_aicc"] = np.array([r.aicc for r in readings])
        values["reading_weight"] = np.array([r.weight for r in readings])
    except (Missing, Undetermined) as lack:
        lacks.append(f"readings: {lack}")

    try:
        q, adjusted, _ = within(series, settings)
        left = {name: np.full(len(p.sample), np.nan) for name in ("length", "sigma")}
        rows = [p.sample.index(name) for name in q.sample]
        left["length"][rows] = residual(q.log_length, q.composition[:, None])
        left["sigma"][rows] = residual(q.log_sigma, q.composition[:, None])
        values["log_length_given_composition"] = left["length"]
        values["log_conductivity_given_composition"] = left["sigma"]
        exponent = "exponent_given_composition"
        values |= {exponent: adjusted.line.slope, f"{exponent}_sd": adjusted.line.slope_sd}
        values |= {f"{exponent}_low": adjusted.interval[0], f"{exponent}_high": adjusted.interval[1]}
        values["variance_inflation"] = adjusted.inflation
    except (Missing, Undetermined) as lack:
        lacks.append(f"composition: {lack}")
    return made()


#: What a line through a selection of samples gives: single numbers, numbers along the curve, numbers by sample.
_NUMBERS = (
    *("exponent", "exponent_sd", "exponent_low", "exponent_high", "intercept", "intercept_sd"),
    *("exponent_intercept_covariance", "scatter"),
    *(f"{kind}{suffix}" for kind in KINDS for suffix in ("", "_low", "_high", "_bca_low", "_bca_high", "_p")),
)
_ON_CURVE = ("line", "line_low", "line_high", "sample_low", "sample_high")
_BY_SAMPLE = ("residual", *(f"{kind}_without" for kind in KINDS))


def _line(
    series: Series, annealed: bool, curve: np.ndarray, everything: Points, settings: ClaimSettings, lacks: list[str]
) -> dict[str, Any]:
    made: dict[str, Any] = dict.fromkeys(_NUMBERS, np.nan)
    made |= {name: np.full(curve.size, np.nan) for name in _ON_CURVE}
    made |= {name: np.full(len(everything.sample), np.nan) for name in _BY_SAMPLE}
    try:
        p = points(series, annealed=annealed, least=LEAST)
        line = fit_line(p.log_length, p.log_sigma, p.log_length_sd, p.log_sigma_sd)
        correlations = {kind: correlation_of_points(p, kind, settings) for kind in KINDS}
    except (Missing, Undetermined) as lack:
        lacks.append(f"{'all' if annealed else 'as milled'}: {lack}")
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
    expected, _ = line.mean(everything.log_length)
    made["residual"] = everything.log_sigma - expected
    rows = [everything.sample.index(name) for name in p.sample]
    for kind, found in correlations.items():
        made |= {kind: found.coefficient, f"{kind}_p": found.test.two_sided}
        made |= {f"{kind}_low": found.interval[0], f"{kind}_high": found.interval[1]}
        made |= {f"{kind}_bca_low": found.bca_interval[0], f"{kind}_bca_high": found.bca_interval[1]}
        made[f"{kind}_without"][rows] = found.leave_one_out
    return made
