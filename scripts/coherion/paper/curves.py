"""The correlation as the figures need it: points, lines with bands, curves of the readings, residuals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.paper.claims_confounding import within
from coherion.paper.claims_correlation import Points, correlation_of_points, points
from coherion.paper.criteria import ClaimSettings
from coherion.statistics.confounding import residual
from coherion.statistics.line import fit_line
from coherion.statistics.readings import compare_readings
from coherion.statistics.regression import student_quantile
from coherion.statistics.relations import relations
from coherion.statistics.series import Missing, Series

if TYPE_CHECKING:
    import xarray

CURVE_POINTS = 101
LEAST = 6


def correlation_dataset(series: Series, settings: ClaimSettings, origin: str) -> xarray.Dataset:
    """Dataset of conductivity against coherence length.

    Dimensions: ``sample`` (all samples of the structural series, the annealed ones flagged), ``selection``
    (``as_milled``, ``all``), ``coherence_length_curve`` (angstrom), ``reading``; and the rank correlations of all
    quantities of the table, ``quantity`` by ``other_quantity``. Where a selection has fewer than six samples its
    numbers are NaN, and the attribute ``missing`` says why.
    """
    import xarray

    variables: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}

    def add(name: str, dims: tuple[str, ...], values: Any, units: str, long_name: str, where=variables) -> None:
        where[name] = (dims, values, {"units": units, "long_name": long_name})

    lacks: list[str] = []
    try:
        pairs = relations(series, settings.confidence)
        columns = np.array([series.names[role] for role in pairs.roles], dtype=object)
        both = ("quantity", "other_quantity")
        for dimension in both:
            add(dimension, (dimension,), columns, "1", "column of the table of the series", coordinates)
        add("rank_correlation", both, pairs.coefficient, "1", "Spearman's correlation of the milled samples")
        add("rank_correlation_sd", both, pairs.sd, "1", "standard uncertainty of the rank correlation")
        add("rank_correlation_low", both, pairs.low, "1", "lower end of its interval (Fisher)")
        add("rank_correlation_high", both, pairs.high, "1", "upper end of its interval (Fisher)")
        add("rank_correlation_samples", both, pairs.samples, "1", "samples that have both quantities")
    except Missing as lack:
        lacks.append(f"relations: {lack}")

    attributes = {"origin": origin, "confidence": settings.confidence}
    try:
        everything = points(series, annealed=True, least=1)
    except Missing as lack:
        return xarray.Dataset(variables, coordinates, attributes | {"missing": "; ".join([*lacks, str(lack)])})
    p, at = everything, ("sample",)
    add("sample", at, np.array(p.sample, dtype=object), "1", "sample", coordinates)
    add("composition", at, p.composition, "1", "nominal composition x")
    add("annealed", at, p.annealed.astype(np.int8), "1", "1 where the sample was annealed after milling")
    add("coherence_length", at, p.length, "angstrom", "coherence length")
    add("coherence_length_sd", at, p.length_sd, "angstrom", "standard uncertainty of the coherence length")
    unit = f"at {settings.conductivity_temperature:g} degC"
    add("conductivity", at, p.sigma, "S/cm", f"ionic conductivity {unit}")
    add("conductivity_sd", at, p.sigma_sd, "S/cm", "standard uncertainty of the conductivity")

    margin = 0.1 * float(np.ptp(p.log_length)) or 0.05
    curve = np.logspace(p.log_length.min() - margin, p.log_length.max() + margin, CURVE_POINTS)
    add("coherence_length_curve", ("coherence_length_curve",), curve, "angstrom", "coherence length", coordinates)
    selections = np.array(["as_milled", "all"], dtype=object)
    add("selection", ("selection",), selections, "1", "samples of the line", coordinates)
    lines = [_line(series, annealed, curve, everything, settings, lacks) for annealed in (False, True)]
    for name, (dims, units, long_name) in _LINE.items():
        add(name, ("selection", *dims), np.array([line[name] for line in lines]), units, long_name)

    try:
        chosen = points(series, annealed=False, least=LEAST)
        readings = compare_readings(chosen.length, chosen.sigma, chosen.length_sd, chosen.sigma_sd)
        names = np.array([r.name for r in readings], dtype=object)
        add("reading", ("reading",), names, "1", "curve through the milled samples", coordinates)
        shown = np.array([r.curve(curve) for r in readings])
        add("reading_curve", ("reading", "coherence_length_curve"), shown, "S/cm", "conductivity of the curve")
        add("reading_aicc", ("reading",), np.array([r.aicc for r in readings]), "1", "AICc as densities of sigma")
        add("reading_weight", ("reading",), np.array([r.weight for r in readings]), "1", "Akaike weight")
    except Missing as lack:
        lacks.append(f"readings: {lack}")

    try:
        q, adjusted, _ = within(series, settings)
        left = {name: np.full(len(p.sample), np.nan) for name in ("length", "sigma")}
        rows = [p.sample.index(name) for name in q.sample]
        left["length"][rows] = residual(q.log_length, q.composition[:, None])
        left["sigma"][rows] = residual(q.log_sigma, q.composition[:, None])
        add("log_length_given_composition", at, left["length"], "1", "log10 L less its line through x")
        add("log_conductivity_given_composition", at, left["sigma"], "1", "log10 sigma less its line through x")
        for name, value, text in (
            ("exponent_given_composition", adjusted.line.slope, "exponent of L at fixed composition"),
            ("exponent_given_composition_sd", adjusted.line.slope_sd, "its standard uncertainty"),
            ("exponent_given_composition_low", adjusted.interval[0], "lower end of its interval"),
            ("exponent_given_composition_high", adjusted.interval[1], "upper end of its interval"),
            ("variance_inflation", adjusted.inflation, "variance inflation factor of log10 L given x"),
        ):
            add(name, (), value, "1", text)
    except Missing as lack:
        lacks.append(f"composition: {lack}")
    return xarray.Dataset(variables, coordinates, attributes | {"missing": "; ".join(lacks)})


_CURVE = ("coherence_length_curve",)
_LINE: dict[str, tuple[tuple[str, ...], str, str]] = {
    "exponent": ((), "1", "exponent of L in sigma ~ L^b"),
    "exponent_sd": ((), "1", "standard uncertainty of the exponent"),
    "exponent_low": ((), "1", "lower end of the exponent's profile interval"),
    "exponent_high": ((), "1", "upper end of the exponent's profile interval"),
    "intercept": ((), "1", "log10 sigma of the line at L = 1 angstrom"),
    "exponent_intercept_covariance": ((), "1", "covariance of exponent and intercept"),
    "intercept_sd": ((), "1", "standard uncertainty of the intercept"),
    "scatter": ((), "1", "scatter of log10 sigma about the line"),
    "line": (_CURVE, "S/cm", "conductivity of the line"),
    "line_low": (_CURVE, "S/cm", "lower end of the line's confidence band"),
    "line_high": (_CURVE, "S/cm", "upper end of the line's confidence band"),
    "sample_low": (_CURVE, "S/cm", "lower end of the band for a further sample"),
    "sample_high": (_CURVE, "S/cm", "upper end of the band for a further sample"),
    "residual": (("sample",), "1", "log10 sigma less the line's"),
    **{
        f"{kind}{suffix}": ((), "1", f"{kind.title()}'s correlation of log10 sigma and log10 L{text}")
        for kind in ("pearson", "spearman")
        for suffix, text in (
            ("", ""),
            ("_low", ", lower end (Fisher)"),
            ("_high", ", upper end (Fisher)"),
            ("_bca_low", ", lower end (BCa)"),
            ("_bca_high", ", upper end (BCa)"),
            ("_p", ", p of the permutation test"),
        )
    },
    "pearson_without": (("sample",), "1", "Pearson's correlation without this sample"),
    "spearman_without": (("sample",), "1", "Spearman's correlation without this sample"),
}


def _line(
    series: Series, annealed: bool, curve: np.ndarray, everything: Points, settings: ClaimSettings, lacks: list[str]
) -> dict[str, Any]:
    sizes = {"coherence_length_curve": curve.size, "sample": len(everything.sample)}
    made: dict[str, Any] = {name: np.full([sizes[d] for d in dims], np.nan) for name, (dims, _, _) in _LINE.items()}
    try:
        p = points(series, annealed=annealed, least=LEAST)
    except Missing as lack:
        lacks.append(f"{'all' if annealed else 'as milled'}: {lack}")
        return made
    line = fit_line(p.log_length, p.log_sigma, p.log_length_sd, p.log_sigma_sd)
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
    for kind in ("pearson", "spearman"):
        found = correlation_of_points(p, kind, settings)
        made |= {kind: found.coefficient, f"{kind}_p": found.test.two_sided}
        made |= {f"{kind}_low": found.interval[0], f"{kind}_high": found.interval[1]}
        made |= {f"{kind}_bca_low": found.bca_interval[0], f"{kind}_bca_high": found.bca_interval[1]}
        made[f"{kind}_without"][rows] = found.leave_one_out
    return made
