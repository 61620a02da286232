"""The paper's statements on impedance, conductivity and activation energy of the milled series."""

from __future__ import annotations

import numpy as np

from coherion.constants import ZERO_CELSIUS
from coherion.paper import criteria
from coherion.paper.claims_structure import KINK, TREND, names_of
from coherion.paper.criteria import Array, ClaimSettings, Finding
from coherion.paper.statements import Evaluate, Statement, lacking
from coherion.statistics.compensation import covariance_from_conductivity, judge_compensation
from coherion.statistics.correlation import Interval
from coherion.statistics.regression import student_quantile
from coherion.statistics.series import Missing, Series

LN10 = float(np.log(10.0))


def transport(series: Series, settings: ClaimSettings) -> Series:
    """As-milled samples for statements on transport alone."""
    keep = series.milled
    return series.where(keep if settings.transport_keeps_excluded else keep & series.included)


def log_conductivity(d: dict[str, Array]) -> tuple[Array, Array]:
    """Decimal logarithm of sigma/(S/cm) and its standard error."""
    return np.log10(d["conductivity"]), d["conductivity_sd"] / (d["conductivity"] * LN10)


def positive(d: dict[str, Array], role: str) -> dict[str, Array]:
    """Rows on which a quantity that a logarithm is taken of is positive."""
    keep = d[role] > 0
    return {name: values[keep] for name, values in d.items()}


def capacitance(series: Series, settings: ClaimSettings) -> Finding:
    """Decimal logarithm of the arc's capacitance against the stated order of magnitude, to half a decade."""
    d = positive(transport(series, settings).pick("capacitance", least=2), "capacitance")
    value, sd = np.log10(d["capacitance"]), d["capacitance_sd"] / (d["capacitance"] * LN10)
    fit = criteria.fit_linear(np.ones((value.size, 1)), value, sd)
    mean, error = float(fit.coefficients[0]), float(fit.standard_errors[0])
    verdict = criteria.equivalence(mean - np.log10(settings.capacitance), error, 0.5, fit.degrees_of_freedom, settings)
    return Finding(verdict, mean, error, value.size, f"single values {value.min():.2f} to {value.max():.2f}")


def arrhenius_linear(series: Series, settings: ClaimSettings) -> Finding:
    """Smallest p of a curvature of the Arrhenius plots, times the number of samples (Bonferroni)."""
    d = transport(series, settings).pick("arrhenius_curvature")
    p = d["arrhenius_curvature"]
    smallest = min(1.0, float(p.min()) * p.size)
    verdict: criteria.Verdict = "fails" if smallest < settings.significance else "holds"
    return Finding(verdict, smallest, None, p.size, f"single p down to {p.min():.2g}")


def _energies(series: Series, settings: ClaimSettings) -> tuple[dict[str, Array], np.ndarray]:
    d = transport(series, settings).pick("composition", "activation_energy", least=4)
    beyond = d["composition"] > settings.transport_kink + 1e-9
    if beyond.sum() < 2 or (~beyond).sum() < 2:
        raise Missing(f"two activation energies on each side of x = {settings.transport_kink:g}")
    return d, beyond


def energy_near(beyond_kink: bool) -> Evaluate:
    """Mean activation energy on one side of the kink against the stated value."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        d, beyond = _energies(series, settings)
        rows = beyond if beyond_kink else ~beyond
        value, sd = d["activation_energy"][rows], d["activation_energy_sd"][rows]
        stated = settings.dropped_energy if beyond_kink else settings.plateau_energy
        fit = criteria.fit_linear(np.ones((value.size, 1)), value, sd)
        mean, error = float(fit.coefficients[0]), float(fit.standard_errors[0])
        margin = settings.margins["activation_energy"]
        verdict = criteria.equivalence(mean - stated, error, margin, fit.degrees_of_freedom, settings)
        note = f"stated {stated:g}, margin {margin:g}; single values {value.min():.3f} to {value.max():.3f}"
        return Finding(verdict, mean, error, value.size, note)

    return evaluate


def energy_drop(series: Series, settings: ClaimSettings) -> Finding:
    """Mean activation energy beyond the kink less that up to it."""
    d, beyond = _energies(series, settings)
    design = np.column_stack([np.ones(beyond.size), beyond.astype(float)])
    fit = criteria.fit_linear(design, d["activation_energy"], d["activation_energy_sd"])
    low, high = fit.interval(1, settings.confidence)
    margin = settings.margins["activation_energy"]
    verdict = criteria.by_interval(low, high, -1, (-margin, margin))
    return Finding(
        verdict,
        float(fit.coefficients[1]),
        float(fit.standard_errors[1]),
        beyond.size,
        f"{low:.3f} to {high:.3f}",
    )


def _conductivities(series: Series, settings: ClaimSettings, least: int) -> tuple[dict[str, Array], list[str]]:
    s = transport(series, settings)
    d = positive(s.pick("composition", "conductivity", least=least), "conductivity")
    if d["row"].size < least:
        raise Missing(f"{least} positive conductivities")
    return d, names_of(s, d)


def rising(series: Series, settings: ClaimSettings) -> Finding:
    """log10 sigma rises up to the kink: the trend is up and no single step is certainly down."""
    d, names = _conductivities(series, settings, 4)
    keep = d["composition"] <= settings.transport_kink + 1e-9
    if keep.sum() < 4:
        raise Missing(f"four conductivities up to x = {settings.transport_kink:g}")
    value, sd = log_conductivity(d)
    x, value, sd = d["composition"][keep], value[keep], sd[keep]
    names = [name for name, kept in zip(names, keep, strict=True) if kept]
    found = criteria.trend(x, value, sd, 1, settings.margins["log_conductivity"], settings, names)
    order = np.argsort(x)
    steps, errors = np.diff(value[order]), np.hypot(sd[order][1:], sd[order][:-1])
    limit = student_quantile(1 - 2 * settings.significance / steps.size, np.inf) * errors
    down = int(np.sum(steps < -limit))
    note = f"{found.note}; {int(np.sum(steps < 0))} of {steps.size} steps down, {down} certainly"
    verdict: criteria.Verdict = "fails" if down else found.verdict
    return Finding(verdict, found.value, found.error, x.size, note, found.small)


def sharper(logarithmic: bool) -> Evaluate:
    """The conductivity rises faster beyond the kink, on one of two scales."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        d, names = _conductivities(series, settings, 5)
        x, sigma, sigma_sd = d["composition"], d["conductivity"], d["conductivity_sd"]
        at = settings.transport_kink
        if np.sum(x <= at + 1e-9) < 2 or np.sum(x > at + 1e-9) < 2:
            raise Missing(f"two conductivities on each side of x = {at:g}")
        if logarithmic:
            value, sd = log_conductivity(d)
            return criteria.kink(x, value, sd, at, 1, settings.margins["log_conductivity"], settings, names)
        # What is negligible on the scale of sigma itself: the same factor at the middle of the series.
        small = float(np.median(sigma)) * (10 ** settings.margins["log_conductivity"] - 1)
        return criteria.kink(x, sigma, sigma_sd, at, 1, small, settings, names)

    return evaluate


def compensation(series: Series, settings: ClaimSettings) -> Finding:
    """E_a and ln of the prefactor rise together by more than errors and extrapolation make."""
    s = series.where(series.milled)
    d = s.pick("activation_energy", "ln_prefactor", "conductivity", least=5)
    d = positive(positive(d, "conductivity"), "activation_energy_sd")
    if d["row"].size < 5:
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
    if not np.all(np.isfinite(mixed)) or np.any(d["ln_prefactor_sd"] <= 0):
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
    verdict: criteria.Verdict = "undecided"
    if low > 0 and max(found.errors_p, found.extrapolation_p) < settings.significance:
        verdict = "holds"
    elif high < 0:
        verdict = "fails"
    note = (
        f"r {found.r:.3f}; 95 % of nulls: errors alone {_pair(found.errors_null)}, extrapolation "
        f"{_pair(found.extrapolation_null)}; p of spread as errors {found.errors_p:.2g}, of r by extrapolation "
        f"{found.extrapolation_p:.2g}; k T_h {found.null_energy:.4f} eV; {source}"
    )
    return Finding(verdict, found.energy, found.energy_sd, found.n, note)


def _pair(points: tuple[float, float, float] | Interval) -> str:
    return f"{points[0]:.2f} to {points[-1]:.2f}"


_SECTION = "Ionic transport properties"

STATEMENTS: tuple[Statement, ...] = (
    Statement(
        "capacitance",
        "impedance",
        f"{_SECTION}; Fig. S8",
        "the arc's capacitance is about 1e-11 F",
        "mean of log10(C/F)",
        "equivalence to the stated value within half a decade",
        "log10 capacitance",
        "1",
        capacitance,
    ),
    Statement(
        "arrhenius-linear",
        "conductivity",
        f"{_SECTION}; Fig. 6a, S9",
        "the conductivities follow straight Arrhenius lines",
        "p of a quadratic term of each sample, Bonferroni",
        "holds if no curvature is significant; else fails",
        "smallest p",
        "1",
        arrhenius_linear,
    ),
    Statement(
        "energy-plateau",
        "activation energy",
        f"{_SECTION}; Fig. 6b",
        "the activation energy is around 0.5 eV up to x = 0.8",
        "mean with scatter",
        "equivalence to the stated value within the margin",
        "mean activation energy",
        "eV",
        energy_near(False),
    ),
    Statement(
        "energy-drop",
        "activation energy",
        f"{_SECTION}; Fig. 6b",
        "the activation energy drops beyond x = 0.8",
        "difference of the two means",
        "holds if its interval is below zero; fails if above, or within the margin; else undecided",
        "difference",
        "eV",
        energy_drop,
        of_trend=True,
    ),
    Statement(
        "energy-dropped",
        "activation energy",
        f"{_SECTION}; Fig. 6b",
        "it drops to about 0.43 eV",
        "mean with scatter beyond x = 0.8",
        "equivalence to the stated value within the margin",
        "mean activation energy",
        "eV",
        energy_near(True),
    ),
    Statement(
        "conductivity-rises",
        "conductivity",
        f"{_SECTION}; Fig. 6c",
        "the conductivity at 25 degC rises steadily from x = 0.1 to 0.8",
        "slope of log10 sigma, and every single step",
        TREND + "; fails also where a step is certainly down",
        "d(log10 sigma)/dx",
        "1",
        rising,
        of_trend=True,
    ),
    Statement(
        "conductivity-sharper-log",
        "conductivity",
        f"{_SECTION}; Fig. 6c",
        "the conductivity rises more sharply beyond x = 0.8 (as log10 sigma)",
        "broken line, continuous at transport_kink",
        KINK,
        "change of slope",
        "1",
        sharper(True),
        of_trend=True,
    ),
    Statement(
        "conductivity-sharper-linear",
        "conductivity",
        f"{_SECTION}; Fig. 6c",
        "the conductivity rises more sharply beyond x = 0.8 (as sigma; an exponential rise does so by itself)",
        "broken line, continuous at transport_kink",
        KINK,
        "change of slope",
        "S/cm",
        sharper(False),
        of_trend=True,
    ),
    Statement(
        "conductivity-annealed-series",
        "conductivity",
        "Abstract; Ionic transport properties; Fig. S1",
        "the conductivity of the series annealed after milling has its maximum at x = 0.5 instead",
        "none: the annealed series was published elsewhere",
        "",
        "",
        "",
        lacking("conductivities of the series annealed after milling (the paper's reference 31)"),
    ),
    Statement(
        "meyer-neldel",
        "activation energy",
        "beyond the paper",
        "activation energy and prefactor compensate each other (Meyer-Neldel)",
        "correlation against its nulls, simulated with the Arrhenius covariance",
        "holds if the slope is positive and both nulls are rejected; fails if it is negative; else undecided",
        "E_MN",
        "eV",
        compensation,
        of_trend=True,
    ),
)
