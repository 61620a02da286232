"""Which further sample would most likely decide a statement that is undecided: by simulation from the fitted model.

The model is that of the statement, with what the samples know of it:

    log10 y = a + b D + c z + scatter,    D = log10 of the other quantity,    z = the abscissa

with (a, b, c) drawn from their covariance, widened by Student's t; D of a sample as it is made follows a line in z with
scatter, and annealing adds to it in proportion to the temperature above that of the room, by as much as it adds to the
annealed samples of the series. A candidate is a composition, as it is made or annealed, measured as long as the others
or longer; a sample more is drawn for it, with errors of measurement, added to the table, and the statement is judged
again. What counts is how often it is decided then, whichever way.

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
from coherion.statistics.kinds.points import LN10, Points, points
from coherion.statistics.kinds.view import View
from coherion.statistics.regression import LinearFit, Undetermined, fit_linear
from coherion.statistics.series import Array, Missing, Series

ROOM = 25.0
ANNEALING = "annealing"
# Candidates between neighbouring samples and at the ends; annealed ones at the ends and in the middle.
TEMPERATURES = 3
LONGER = (1.0, 4.0)
_KEPT_RESAMPLES = 100


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
    """What a candidate promises: shares of the simulations in which the statement holds, or fails, afterwards.

    ``error`` is the median of the number's standard error then, None where it has none.
    """

    candidate: Candidate
    holds: float
    fails: float
    error: float | None

    @property
    def decided(self) -> float:
        """Share in which the statement is decided, whichever way."""
        return self.holds + self.fails


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
    if not isinstance(test, kinds.Correlation | kinds.Exponent | kinds.AtFixed):
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


def prospects(
    statement: Statement,
    series: Series,
    paper: Paper,
    settings: ClaimSettings,
    *,
    simulations: int = 40,
    candidates: Sequence[Candidate] | None = None,
) -> list[Prospect]:
    """Candidates for the next sample, the most promising first; none where the statement is not about two quantities.

    Where none decides it more often than another, the one that leaves the smallest error is first.

    Raises
    ------
    Missing, Undetermined
        If the samples are too few for a model.
    """
    import msgspec

    model = model_of(statement, series, paper)
    if model is None:
        return []
    quick = msgspec.structs.replace(settings, resamples=_KEPT_RESAMPLES, exact_limit=5040)
    found = []
    for number, candidate in enumerate(candidates if candidates is not None else candidates_of(model)):
        # The same draws of the effect for all candidates: what differs between them is then the sample alone.
        generator = np.random.default_rng([settings.seed, 7])
        verdicts, errors = [], []
        for _ in range(simulations):
            more = with_sample(series, statement, paper, model, candidate, generator)
            one = evaluated(statement.test, View(more, design_of(paper), statement.samples or paper.samples), quick)
            verdicts.append(one.verdict)
            if one.error is not None and np.isfinite(one.error):
                errors.append(one.error)
        share = {word: verdicts.count(word) / simulations for word in ("holds", "fails")}
        error = float(np.median(errors)) if errors else None
        found.append((number, Prospect(candidate, share["holds"], share["fails"], error)))
    ordered = sorted(found, key=lambda p: (-p[1].decided, p[1].error if p[1].error is not None else np.inf, p[0]))
    return [prospect for _, prospect in ordered]


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
