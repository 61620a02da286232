"""Which further sample would most likely decide a statement that is undecided: by simulation from the fitted model.

The model is that of the statement, with what the samples know of it:

    log10 y = a + b D + c z + scatter,    D = log10 of the other quantity,    z = the abscissa

with (a, b, c) drawn from their covariance, widened by Student's t; D of a sample as it is made follows a line in z with
scatter, and annealing adds to it in proportion to the temperature above that of the room, by as much as it adds to the
annealed samples of the series. A candidate is a composition, as it is made or annealed, measured as long as the others
or longer.

Two steps choose among them. First, for each, how probable it is that b is told apart from zero, or found negligible,
with one sample more (:func:`expected`): in closed form, because the coefficient's error afterwards is known as soon as
the sample's place is, and the coefficient is spread by what that error loses. Then, for the most promising, samples are
drawn with errors of measurement, added to the table, and the statement is judged again; what counts is how often it is
decided then, whichever way.

Judged are the numbers as reported, under one reading and without leaving samples out, which takes a dozen times as
long: the probabilities compare candidates, and are upper bounds for the whole verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from coherion.paper.statements import design_of, evaluated
from coherion.settings.paper import kinds
from coherion.settings.paper.paper import Paper
from coherion.settings.paper.statements import Statement
from coherion.settings.stages.claims import ClaimSettings
from coherion.statistics.confounding import variance_inflation
from coherion.statistics.kinds.along import SIGN
from coherion.statistics.kinds.points import LN10, Points, points
from coherion.statistics.kinds.view import View
from coherion.statistics.regression import LinearFit, Undetermined, fit_linear, student_quantile
from coherion.statistics.series import Array, Missing, Series

ROOM = 25.0
ANNEALING = "annealing"
# Candidates between neighbouring samples and at the ends; annealed ones at the ends and in the middle.
TEMPERATURES = 3
LONGER = (1.0, 4.0)
#: Candidates of which samples are drawn.
SHORTLIST = 8
# Lengths that a sample may turn out to have, as quantiles of its spread.
_QUANTILES = 9
_KEPT_RESAMPLES = 100


#: Tests of two quantities that go together.
Together = kinds.Correlation | kinds.Exponent | kinds.AtFixed


@dataclass(frozen=True)
class Candidate:
    """A further sample: value of the abscissa, annealing in degC (None as made), and time of measurement, relative."""

    abscissa: float
    annealing: float | None
    time: float

    def words(self, abscissa: str) -> str:
        """What it is called."""
        how = "as made" if self.annealing is None else f"annealing at {self.annealing:.0f} degC"
        longer = "" if self.time == 1 else f", measured {self.time:g} times as long"
        return f"{abscissa} = {self.abscissa:.3g}, {how}{longer}"


@dataclass(frozen=True)
class Prospect:
    """What a candidate promises.

    expected
        Probability, in closed form, that the effect is told from zero or negligible.
    holds, fails
        Shares of the simulations in which the statement does, None where none were made.
    error
        Median of the number's standard error then, None where it has none.
    """

    candidate: Candidate
    expected: float
    holds: float | None = None
    fails: float | None = None
    error: float | None = None

    @property
    def decided(self) -> float | None:
        """Share in which the statement is decided, whichever way."""
        return None if self.holds is None or self.fails is None else self.holds + self.fails


@dataclass(frozen=True)
class Model:
    """What the series says of a sample that is not there yet.

    ``gain`` is what a degree of annealing adds to D, zero where no sample was annealed.
    """

    of: str
    against: str
    points: Points
    effect: LinearFit
    made: LinearFit
    centre: float
    gain: float
    annealed: tuple[float, float] | None

    def length(self, z: float, annealing: float | None) -> float:
        """Expected D."""
        base = float(self.made.coefficients @ [1.0, z - self.centre])
        return base + (0.0 if annealing is None else self.gain * (annealing - ROOM))


def model_of(statement: Statement, series: Series, paper: Paper) -> Model | None:
    """The model of a statement that two quantities go together; None of any other.

    Raises
    ------
    Missing, Undetermined
        If the samples are too few for it.
    """
    test = statement.test
    if not isinstance(test, Together):
        return None
    view = View(series, design_of(paper), statement.samples or paper.samples)
    third = view.against(test.fixed if isinstance(test, kinds.AtFixed) else None)
    p = points(view.series, of=test.of, against=test.against, third=third, least=test.least)
    centre = float(p.third.mean())
    effect = fit_linear(np.column_stack([np.ones(p.x.size), p.log_x, p.third - centre]), p.log_y, p.log_y_sd)
    rows = p.row.astype(int)
    try:
        annealing = view.series.numbers(ANNEALING)[rows]
    except Missing:
        annealing = np.full(rows.size, np.nan)
    as_made = ~np.isfinite(annealing)
    design = np.column_stack([np.ones(p.x.size), p.third - centre])
    made = fit_linear(design[as_made], p.log_x[as_made], p.log_x_sd[as_made])
    gain, annealed = 0.0, None
    if not as_made.all():
        above = annealing[~as_made] - ROOM
        more = p.log_x[~as_made] - design[~as_made] @ made.coefficients
        gain = float(above @ more / (above @ above))
        annealed = float(annealing[~as_made].min()), float(annealing[~as_made].max())
    return Model(test.of, test.against, p, effect, made, centre, gain, annealed)


def candidates_of(model: Model, times: Sequence[float] = LONGER) -> list[Candidate]:
    """Samples that could be made next: as made at the series' values and between them, annealed at ends and middle."""
    values = np.unique(np.round(model.points.third, 9))
    between = 0.5 * (values[1:] + values[:-1])
    grid = np.unique(np.concatenate([values, between]))
    made = [Candidate(float(z), None, time) for z in grid for time in times]
    if model.annealed is not None:
        low, high = model.annealed
        temperatures = np.unique(np.linspace(low, high, TEMPERATURES))
        chosen = np.unique(values[[0, values.size // 2, -1]])
        made += [Candidate(float(z), float(t), time) for z in chosen for t in temperatures for time in times]
    return made


def expected(test: Together, model: Model, settings: ClaimSettings, candidate: Candidate) -> float:
    """Probability that the effect is told from zero, or negligible, once a candidate is measured.

    With the sample the coefficient b has the error s1 instead of s0, whatever comes out; as seen from here it will lie
    at b + N(0, s0^2 - s1^2) (the expected value of sample information, Raiffa and Schlaifer, Applied Statistical
    Decision Theory, 1961, with the scatter taken as known). A statement at a fixed third quantity must be decided
    alike as that enters as a line and as a parabola, and cannot hold where both run together.
    """
    from scipy.special import ndtri

    p, third = model.points, model.points.third - model.centre
    at_fixed = isinstance(test, kinds.AtFixed)
    degrees = (1, 2) if at_fixed else (0,)
    # A correlation has no size that is too small to matter.
    small = 0.0 if isinstance(test, kinds.Correlation) else settings.negligible_exponent
    z = candidate.abscissa - model.centre
    luck = ndtri((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
    spread = np.hypot(model.made.scatter, float(np.median(p.log_x_sd)) / np.sqrt(candidate.time))
    found = []
    for degree in degrees:
        columns = [p.log_x, *(third**k for k in range(1, degree + 1))]
        try:
            fit = fit_linear(np.column_stack([np.ones(p.x.size), *columns]), p.log_y, p.log_y_sd)
        except Undetermined:
            continue
        slope = float(fit.coefficients[1])
        noise = fit.scatter**2 + float(np.median(p.log_y_sd) ** 2 + slope**2 * np.median(p.log_x_sd) ** 2) / (
            candidate.time
        )
        information = np.linalg.pinv(fit.covariance)
        shares = []
        for length in model.length(candidate.abscissa, candidate.annealing) + spread * luck:
            row = np.array([1.0, length, *(z**k for k in range(1, degree + 1))])
            after = float(np.linalg.inv(information + np.outer(row, row) / noise)[1, 1])
            apart = True
            if at_fixed:
                both = np.column_stack([np.append(p.log_x, length), np.append(third, z)])
                apart = float(variance_inflation(both)[0]) < settings.collinear_inflation
            shares.append(
                _decided(
                    slope,
                    float(fit.covariance[1, 1]),
                    after,
                    fit.degrees_of_freedom + 1,
                    small,
                    apart,
                    settings.confidence,
                    SIGN[test.direction],
                )
            )
        found.append(float(np.mean(shares)))
    return min(found, default=0.0)


def _decided(
    slope: float, before: float, after: float, freedom: int, small: float, apart: bool, confidence: float, sign: int
) -> float:
    """Probability that an interval of variance ``after`` will lie beyond zero, or within +-small."""
    from scipy.special import ndtr

    half = student_quantile(confidence, freedom) * np.sqrt(after)
    spread = np.sqrt(max(before - after, 1e-12 * before))

    def below(limit: float) -> float:
        return float(ndtr((limit - sign * slope) / spread))

    share = below(-half) + (1 - below(half) if apart else 0.0)
    return share + (max(0.0, below(small - half) - below(half - small)) if small > half else 0.0)


def prospects(
    statement: Statement,
    series: Series,
    paper: Paper,
    settings: ClaimSettings,
    *,
    simulations: int = 40,
    candidates: Sequence[Candidate] | None = None,
    shortlist: int = SHORTLIST,
) -> list[Prospect]:
    """Candidates for the next sample, the most promising first; none where the statement is not about two quantities.

    Those of the shortlist stand first, by the share of simulations that decide it; where two are alike, by what is
    expected in closed form. The others follow by that.

    Raises
    ------
    Missing, Undetermined
        If the samples are too few for a model.
    """
    import msgspec

    test, model = statement.test, model_of(statement, series, paper)
    if model is None or not isinstance(test, Together):
        return []
    quick = msgspec.structs.replace(settings, resamples=_KEPT_RESAMPLES, exact_limit=5040)
    tried = candidates if candidates is not None else candidates_of(model)
    ranked = sorted(
        (Prospect(one, expected(test, model, settings, one)) for one in tried), key=lambda one: -one.expected
    )
    found = []
    for prospect in ranked[:shortlist]:
        # The same draws of the effect for all candidates: what differs between them is then the sample alone.
        generator = np.random.default_rng([settings.seed, 7])
        verdicts, errors = [], []
        for _ in range(simulations):
            more = with_sample(series, statement, paper, model, prospect.candidate, generator)
            one = evaluated(test, View(more, design_of(paper), statement.samples or paper.samples), quick)
            verdicts.append(one.verdict)
            if one.error is not None and np.isfinite(one.error):
                errors.append(one.error)
        share = {word: verdicts.count(word) / simulations for word in ("holds", "fails")}
        error = float(np.median(errors)) if errors else None
        found.append(replace(prospect, holds=share["holds"], fails=share["fails"], error=error))
    return sorted(found, key=lambda one: (-(one.decided or 0.0), -one.expected)) + ranked[shortlist:]


def with_sample(
    series: Series, statement: Statement, paper: Paper, model: Model, candidate: Candidate, rng: np.random.Generator
) -> Series:
    """The table with one sample more, drawn from the model."""
    fit = model.effect
    widened = np.sqrt(fit.degrees_of_freedom / rng.chisquare(fit.degrees_of_freedom))
    effect = fit.coefficients + widened * rng.multivariate_normal(np.zeros(3), fit.covariance)
    length = model.length(candidate.abscissa, candidate.annealing) + model.made.scatter * rng.normal()
    response = float(effect @ [1.0, length, candidate.abscissa - model.centre]) + fit.scatter * rng.normal()
    p = model.points
    errors = [float(np.median(sd)) / np.sqrt(candidate.time) for sd in (p.log_x_sd, p.log_y_sd)]
    measured = [value + sd * rng.normal() for value, sd in zip((length, response), errors, strict=True)]
    return added(series, statement, paper, model, candidate, measured, errors)


def added(
    series: Series,
    statement: Statement,
    paper: Paper,
    model: Model,
    candidate: Candidate,
    measured: Sequence[float],
    errors: Sequence[float],
) -> Series:
    """The table with a row for a candidate: what was not drawn is that of the nearest sample made like it."""
    p = model.points
    view = View(series, design_of(paper), statement.samples or paper.samples)
    like = _like(view.series, p, candidate)
    place = list(series.texts("sample")).index(p.sample[like])
    columns = {name: (*cells, cells[place]) for name, cells in series.columns.items()}

    def put(name: str, value: float, sd: float | None = None) -> None:
        column = series.names.get(name, name)
        columns[column] = (*columns.get(column, ("",) * (len(series) + 1))[:-1], repr(float(value)))
        if sd is not None:
            columns[f"{column}_sd"] = (*columns[f"{column}_sd"][:-1], repr(float(sd)))

    columns["sample"] = (*series.columns["sample"], "next")
    test = statement.test
    third = view.against(test.fixed if isinstance(test, kinds.AtFixed) else None)
    put(third, candidate.abscissa)
    if candidate.annealing is not None:
        put(ANNEALING, candidate.annealing)
    for name, value, sd in zip((model.against, model.of), measured, errors, strict=True):
        number = 10.0**value
        put(name, number, number * LN10 * sd)
    return replace(series, columns=columns)


def _like(rows: Series, p: Points, candidate: Candidate) -> int:
    """The nearest of the statement's samples that was made, or annealed, as the candidate is."""
    try:
        annealing = rows.numbers(ANNEALING)[p.row.astype(int)]
    except Missing:
        annealing = np.full(p.x.size, np.nan)
    alike: Array = np.isfinite(annealing) == (candidate.annealing is not None)
    distance = np.abs(p.third - candidate.abscissa) + np.where(alike, 0.0, np.inf)
    return int(np.argmin(distance))


def proposals(
    series: Series, paper: Paper, settings: ClaimSettings, undecided: Sequence[str], simulations: int
) -> list[tuple[Statement, list[Prospect]]]:
    """Prospects of every statement that is undecided and can be simulated."""
    made = []
    for statement in paper.statements:
        if statement.id not in undecided:
            continue
        try:
            found = prospects(statement, series, paper, settings, simulations=simulations)
        except (Missing, Undetermined):
            continue
        if found:
            made.append((statement, found))
    return made
