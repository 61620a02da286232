"""The paper's statements on crystal structure and coherence length of the milled series.

The abscissa is the nominal composition: it is known from weighing to far better than a refined occupancy.
"""

from __future__ import annotations

import numpy as np

from coherion.paper import criteria
from coherion.paper.criteria import Array, ClaimSettings, Finding
from coherion.paper.statements import Evaluate, Statement, lacking
from coherion.statistics.regression import student_quantile
from coherion.statistics.sensitivity import LENGTH, length_or_inverse
from coherion.statistics.series import Missing, Series

TREND = (
    "holds if the interval of the slope (Student's t, scatter estimated) has the stated sign; fails if it has the "
    "other, or the change over the series is within the margin; else undecided"
)
LINEAR = TREND + "; and the departure from a line must pass an equivalence test against linearity_fraction of it"
KINK = "holds if the interval of the change of slope has the stated sign; fails if it has the other; else undecided"
SAME = (
    "holds if every difference passes an equivalence test against its margin; fails if one is certainly above it; "
    "else undecided"
)


def names_of(series: Series, d: dict[str, Array]) -> list[str]:
    """Names of the samples on the rows that :meth:`Series.pick` found."""
    labels = series.texts("sample")
    return [labels[int(row)] for row in d["row"]]


def structural(series: Series) -> Series:
    """As-milled samples that were not excluded."""
    return series.where(series.milled & series.included)


def trend_of(role: str, sign: int) -> Evaluate:
    """Trend of a quantity with composition."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        s = structural(series)
        d = length_or_inverse(s, 4) if role == LENGTH else s.pick("composition", role, least=4)
        x, y, sd = d["composition"], d[role], d[f"{role}_sd"]
        return criteria.trend(x, y, sd, sign, settings.margins[role], settings, names_of(s, d))

    return evaluate


def linear_of(role: str, sign: int) -> Evaluate:
    """Straight-line dependence of a quantity on composition."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        s = structural(series)
        d = s.pick("composition", role, least=5)
        x, y, sd = d["composition"], d[role], d[f"{role}_sd"]
        return criteria.linear(x, y, sd, sign, settings.margins[role], settings, names_of(s, d))

    return evaluate


def kink_of(role: str, sign: int) -> Evaluate:
    """Change of slope at the lattice's kink; the margin is that of the quantity."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        s = structural(series)
        d = s.pick("composition", role, least=5)
        x, at = d["composition"], settings.lattice_kink
        if np.sum(x <= at) < 2 or np.sum(x > at) < 2:
            raise Missing(f"two samples on each side of x = {at:g}")
        return criteria.kink(x, d[role], d[f"{role}_sd"], at, sign, settings.margins[role], settings, names_of(s, d))

    return evaluate


def unchanged_along_series(role: str) -> Evaluate:
    """No systematic change of a quantity over the range of compositions."""

    def evaluate(series: Series, settings: ClaimSettings) -> Finding:
        d = structural(series).pick("composition", role, least=4)
        x = d["composition"]
        criteria.different(x, 3, "a trend")
        fit = criteria.straight(x, d[role], d[f"{role}_sd"])
        span = float(np.ptp(x))
        change, error = float(fit.coefficients[1]) * span, float(fit.standard_errors[1]) * span
        verdict = criteria.equivalence(change, error, settings.margins[role], fit.degrees_of_freedom, settings)
        return Finding(verdict, change, error, x.size, f"margin {settings.margins[role]:g}")

    return evaluate


def solid_solution(series: Series, settings: ClaimSettings) -> Finding:
    """Refined Zr fraction against the nominal one: largest departure over the series from equality."""
    d = structural(series).pick("composition", "zr_fraction", least=4)
    x, margin = d["composition"], settings.margins["zr_fraction"]
    criteria.different(x, 3, "a trend")
    fit = criteria.straight(x, d["zr_fraction"] - x, d["zr_fraction_sd"])
    ends = np.array([x.min(), x.max()]) - x.mean()
    rows = np.column_stack([np.ones(2), ends])
    departures = rows @ fit.coefficients
    errors = np.sqrt(np.einsum("ij,jk,ik->i", rows, fit.covariance, rows))
    found = criteria.unchanged(departures, errors, np.full(2, margin), ["low end", "high end"], settings)
    worst = int(np.argmax(np.abs(departures)))
    return Finding(found.verdict, float(departures[worst]), float(errors[worst]), x.size, f"margin {margin:g}")


def kept_occupancy(series: Series, settings: ClaimSettings) -> Finding:
    """Occupancy of 4e: none certainly outside the range, the mean certainly inside."""
    d = structural(series).pick("na_4e", least=2)
    value, sd = d["na_4e"], d["na_4e_sd"]
    low, high = settings.na_4e_range
    fit = criteria.fit_linear(np.ones((value.size, 1)), value, sd)
    mean, error = float(fit.coefficients[0]), float(fit.standard_errors[0])
    outside = np.maximum(low - value, value - high)
    limit = student_quantile(1 - 2 * settings.significance / value.size, np.inf) * sd
    below, above = fit.interval(0, settings.confidence)
    verdict: criteria.Verdict = "undecided"
    if np.any(outside > limit) or above < low or below > high:
        verdict = "fails"
    elif low <= below and above <= high:
        verdict = "holds"
    note = f"single values {value.min():.3f} to {value.max():.3f}, range {low:g} to {high:g}"
    return Finding(verdict, mean, error, value.size, note)


def depopulated_first(series: Series, settings: ClaimSettings) -> Finding:
    """Na lost per formula unit from 2b less that from 4e (two sites per formula unit), per unit of x."""
    d = structural(series).pick("composition", "na_2b", "na_4e", least=4)
    x = d["composition"]
    criteria.different(x, 3, "a trend")
    difference = d["na_2b"] - 2 * d["na_4e"]
    # The sum of the two is fixed by charge balance in some recipes, which makes the errors of the two add up.
    fit = criteria.straight(x, difference, d["na_2b_sd"] + 2 * d["na_4e_sd"])
    low, high = fit.interval(1, settings.confidence)
    verdict = criteria.by_interval(low, high, -1, (-settings.margins["na_2b"], settings.margins["na_2b"]))
    return Finding(
        verdict, float(fit.coefficients[1]), float(fit.standard_errors[1]), x.size, f"{low:.3g} to {high:.3g}"
    )


def trend_statement(id: str, place: str, statement: str, role: str, sign: int, unit: str, topic: str = "structure"):
    return Statement(
        id,
        topic,
        place,
        statement,
        f"slope of {role} against x",
        TREND,
        f"d({role})/dx",
        unit,
        trend_of(role, sign),
        on_length=role == LENGTH,
        of_trend=True,
    )


def _kink(role: str, unit: str, place: str):
    return Statement(
        f"{role}-steeper-zr-rich",
        "structure",
        place,
        f"{role} falls slowly up to x = 0.5 and faster beyond",
        "broken line, continuous at lattice_kink",
        KINK,
        "change of slope",
        unit,
        kink_of(role, -1),
        of_trend=True,
    )


_SECTION = "Structure evolution"

STATEMENTS: tuple[Statement, ...] = (
    Statement(
        "zr-linear",
        "occupancy",
        f"{_SECTION}; Fig. 4a",
        "the refined Zr fraction follows the nominal one in a straight line",
        "slope against nominal x, and departure from a line",
        LINEAR,
        "d(zr_fraction)/dx",
        "1",
        linear_of("zr_fraction", 1),
        of_trend=True,
    ),
    Statement(
        "zr-equals-nominal",
        "occupancy",
        f"{_SECTION}; Fig. 4a (solid solution)",
        "the refined Zr fraction is the nominal one",
        "straight line through the differences, at both ends of the series",
        SAME,
        "largest difference",
        "1",
        solid_solution,
    ),
    *(
        trend_statement(f"{r}-decreases", f"{_SECTION}; Fig. {f}", f"{r} decreases with Zr", r, -1, u)
        for r, f, u in (
            ("a", "4b", "angstrom"),
            ("b", "4b", "angstrom"),
            ("c", "4c", "angstrom"),
            ("volume", "4d", "angstrom^3"),
        )
    ),
    *(
        _kink(r, u, f"{_SECTION}; Fig. {f}")
        for r, f, u in (
            ("a", "4b", "angstrom"),
            ("b", "4b", "angstrom"),
            ("c", "4c", "angstrom"),
            ("volume", "4d", "angstrom^3"),
        )
    ),
    trend_statement(
        "beta-increases", f"{_SECTION}; Fig. 4c", "beta increases with Zr, away from 90 deg", "beta", 1, "degree"
    ),
    Statement(
        "na-4e-kept",
        "occupancy",
        f"{_SECTION}; Fig. 5a",
        "the 4e site keeps 90 to 100 % of its Na throughout",
        "mean and single occupancies against the range na_4e_range",
        "holds if the interval of the mean is inside and no value certainly outside; fails if one is; else undecided",
        "mean occupancy",
        "1",
        kept_occupancy,
    ),
    Statement(
        "na-2b-linear",
        "occupancy",
        f"{_SECTION}; Fig. 5a",
        "the occupancy of 2b falls linearly with Zr",
        "slope against x, and departure from a line",
        LINEAR,
        "d(na_2b)/dx",
        "1",
        linear_of("na_2b", -1),
        of_trend=True,
    ),
    Statement(
        "na-2b-first",
        "occupancy",
        f"{_SECTION}; Fig. 5a",
        "vacancies go to 2b first",
        "Na lost from 2b less Na lost from 4e per formula unit and x",
        TREND,
        "d(na_2b - 2 na_4e)/dx",
        "1",
        depopulated_first,
        of_trend=True,
    ),
    Statement(
        "octahedron-m-linear",
        "polyhedra",
        f"{_SECTION}; Fig. 5b",
        "the (In,Zr)Cl6 octahedra shrink quasi-linearly with Zr",
        "slope against x, and departure from a line",
        LINEAR,
        "d(octahedron_m)/dx",
        "angstrom^3",
        linear_of("octahedron_m", -1),
        of_trend=True,
    ),
    trend_statement(
        "angle-m1-m2-cl1",
        f"{_SECTION}; Fig. S6a",
        "the M1-M2-Cl1 angle decreases with Zr",
        "angle_cl1",
        -1,
        "degree",
        "polyhedra",
    ),
    trend_statement(
        "angle-m1-m2-cl2",
        f"{_SECTION}; Fig. S6b",
        "the M1-M2-Cl2 angle increases with Zr",
        "angle_cl2",
        1,
        "degree",
        "polyhedra",
    ),
    trend_statement(
        "angle-a-m-cl1",
        f"{_SECTION}; Fig. S6c",
        "the angle of a and M-Cl1 increases with Zr",
        "angle_a_cl1",
        1,
        "degree",
        "polyhedra",
    ),
    trend_statement(
        "angle-a-m-cl2",
        f"{_SECTION}; Fig. S6d",
        "the angle of a and M-Cl2 increases with Zr",
        "angle_a_cl2",
        1,
        "degree",
        "polyhedra",
    ),
    trend_statement(
        "octahedron-na-shrinks",
        f"{_SECTION}; Fig. 5c",
        "the NaCl6 octahedra (2b) shrink with Zr",
        "octahedron_na",
        -1,
        "angstrom^3",
        "polyhedra",
    ),
    trend_statement(
        "octahedron-na-distance",
        f"{_SECTION}; Fig. S7a",
        "the mean Na-Cl distance of the octahedra (2b) falls with Zr",
        "octahedron_na_distance",
        -1,
        "angstrom",
        "polyhedra",
    ),
    *(
        Statement(
            f"{role.replace('_', '-')}-unchanged",
            "polyhedra",
            f"{_SECTION}; Fig. {figure}",
            f"{what} of the NaCl6 prisms (4e) does not change systematically",
            "change over the series from a straight line",
            SAME,
            "change over the series",
            unit,
            unchanged_along_series(role),
        )
        for role, what, figure, unit in (
            ("prism_na", "the volume", "5c", "angstrom^3"),
            ("prism_na_distance", "the mean Na-Cl distance", "S7a", "angstrom"),
        )
    ),
    Statement(
        "structure-as-annealed-series",
        "structure",
        "Abstract; Structure evolution; Conclusion",
        "the structure changes along the series as it does in the series annealed after milling",
        "none: the annealed series was published elsewhere",
        SAME,
        "",
        "",
        lacking("structures of the series annealed after milling (the paper's reference 31)"),
    ),
    trend_statement(
        "length-decreases",
        f"{_SECTION}; Fig. 5d",
        "the coherence length falls with Zr",
        "coherence_length",
        -1,
        "angstrom",
        "coherence length",
    ),
    Statement(
        "length-cause",
        "coherence length",
        f"{_SECTION}, last paragraph",
        "the energy transferred in milling, rather than strain or vacancies, shortens the coherence length with Zr",
        "none: offered by the paper as a speculation",
        "",
        "",
        "",
        lacking("experiments that vary milling, strain and vacancies apart from one another"),
    ),
)
