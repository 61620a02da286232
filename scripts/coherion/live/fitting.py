"""The refinement of a session's sample: from nothing as the job does it, or on from where the last one ended."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion import messages
from coherion.crystal.crystal import Crystal
from coherion.crystal.structure_files import read_structure
from coherion.errors import InputError
from coherion.live.session import Outrun, Session
from coherion.multiverse.choices import Changes
from coherion.multiverse.warm import refine_from
from coherion.pair_model.model import SHARED_DEFAULTS
from coherion.refinement.in_turn import ended_at
from coherion.refinement.observed import Observed, observed_of, read_observed
from coherion.refinement.output import curves, dataset_of
from coherion.refinement.parameters import Parameter
from coherion.refinement.readings import read_size_and_strain
from coherion.refinement.recipe import Course, RecipeResult, data_and_model, run_recipe
from coherion.refinement.steps.problem import prepare
from coherion.refinement.steps.refined import Refined
from coherion.settings.model import as_plain
from coherion.settings.reading import settings_from
from coherion.settings.stages.refinement import RefinementSettings

if TYPE_CHECKING:
    import xarray

_FOUND = "refinement"
Told = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Fit:
    """A refinement, and what is made of it when it is asked for: the curves go before the uncertainties."""

    found: RecipeResult

    @cached_property
    def drawn(self) -> xarray.Dataset:
        """What the plot of the fit is made of, as :attr:`dataset` has it."""
        import xarray

        r, observed, calculated, _ = curves(self.found)
        result = self.found.result
        first = result.target.parts[0]
        variables = {
            "observed": ("r", observed),
            "calculated": ("r", calculated),
            "difference": ("r", observed - calculated),
            "fitted_observed": ("fitted_r", result.observed[first]),
        }
        attributes = {"rw": self.found.rw, "fit_range": list(map(float, self.found.settings.fit_range))}
        return xarray.Dataset(variables, {"r": r, "fitted_r": result.r[first]}, attributes)

    @cached_property
    def dataset(self) -> xarray.Dataset:
        """As the job ``refine_structure`` writes it."""
        return dataset_of(self.found)


def fit_range(session: Session) -> str:
    """The range that is refined, as the workflow names it."""
    low, high = session.value("refinement", "fit_ranges")[0]
    return f"{low:g}-{high:g}"


def told(session: Session) -> Told:
    """What the job ``refine_structure`` is told, with the resolution that the standard gives."""
    resolution = session.workshop.resolution(session.sample, Changes(()))
    own = [float(end) for end in fit_range(session).split("-")]
    return session.told("refinement") | resolution | {"fit_range": own}


def _told_of_data(session: Session) -> Any:
    """What decides the G(r) that is refined: the reductions of this sample and of those refined with it."""
    names = [session.sample, *session.jobs.tables.refined_with(session.sample)]
    return [
        row.get("pair_distribution") or session.jobs.of_sample("reduction", name)
        for name in names
        for row in (session.jobs.tables.samples[name],)
    ]


def crystals(session: Session) -> list[Crystal]:
    """The starting structures."""
    files = session.series.structures(session.sample)
    return session.once("structures", files, lambda: [read_structure(file) for file in files])


def observed(session: Session) -> Observed:
    """G(r) as it is reduced now, or as its file has it, with those of the samples that are refined with it."""
    settings = settings_from(RefinementSettings, told(session))
    names = session.jobs.tables.refined_with(session.sample)
    own = [settings.qmax, *(one.qmax for one in settings.further)]
    first, *others = (_one(session, name, qmax) for name, qmax in zip([session.sample, *names], own, strict=True))
    return replace(first, further=tuple(others))


def _one(session: Session, name: str, qmax: float | None) -> Observed:
    file = session.jobs.tables.samples[name].get("pair_distribution")
    if file:
        path = session.series.data_file(file)
        return session.once(f"file of {name}", [path, qmax], lambda: read_observed(path, qmax))
    if name == session.sample:
        return observed_of(session.reduction(), name)
    reduction = session.jobs.of_sample("reduction", name)
    return session.once(
        f"G(r) of {name}", reduction, lambda: observed_of(session.workshop.reduction(name, Changes(())), name)
    )


def parameters(session: Session) -> tuple[Parameter, ...]:
    """All parameters with their starts and whether they are free, before any fit."""
    own = told(session)

    def make() -> tuple[Parameter, ...]:
        settings, data = settings_from(RefinementSettings, own), observed(session)
        return prepare(data_and_model(crystals(session), data, settings)[1], settings).parameters

    with messages.collected():
        return session.once("parameters", [own, _told_of_data(session)], make)


def refine(session: Session) -> xarray.Dataset:
    """The refinement as ``refine_structure`` writes it of these settings, from the structure's start.

    Raises
    ------
    InputError
        As the job.
    """
    own = told(session)
    settings = settings_from(RefinementSettings, own)

    def make() -> Fit:
        before = _before(session)
        return Fit(run_recipe(crystals(session), observed(session), settings, before=before, say=_silent))

    with messages.collected():
        return session.once(_FOUND, _state(session, own), make).dataset


def follow(session: Session) -> Fit:
    """The refinement on from where the last one ended: within its tolerance the same minimum, in a fraction of the
    time; without other shapes and profiles. From nothing where there was none."""
    own = told(session)
    last = session.last(_FOUND)
    if last is None:
        refine(session)
        return session.last(_FOUND)
    if session.is_last(_FOUND, _state(session, own)):
        return last
    settings = settings_from(RefinementSettings, own)
    ended = {k: float(v) for k, v in last.found.result.values.items() if k not in SHARED_DEFAULTS}
    # A start that was moved by hand since is the user's, and a parameter that is held stays there.
    held = {p.name: p.value for p in parameters(session) if p.state == "fixed"}
    start = {**ended, **held, **_moved(last.found, own)}

    data = observed(session)
    # The misfits of several data sets belong to the points that they had.
    misfit = None if data.further else last.found.misfit

    def make() -> Fit:
        return Fit(whole(refine_from(start, crystals(session), data, settings, misfit)))

    with messages.collected():
        return session.once(_FOUND, _state(session, own), make)


def with_readings(session: Session, fit: Fit) -> xarray.Dataset:
    """A refinement with size and strain as the settings have them read, which takes longer than the fit.

    Raises
    ------
    Outrun
        If the settings moved meanwhile.
    """
    found = fit.found
    if found.readings is not None:
        return fit.dataset

    def say(_: str) -> None:
        if session.is_outrun():
            raise Outrun

    def make() -> xarray.Dataset:
        return dataset_of(replace(found, readings=read_size_and_strain(found, found.settings.readings, say)))

    with messages.collected():
        return session.once("readings", [as_plain(found.settings), found.rw, float(found.result.chi_squared)], make)


def current(session: Session) -> tuple[Fit, bool] | None:
    """The last refinement, and whether it is one of the settings as they are; None before the first."""
    last = session.last(_FOUND)
    return None if last is None else (last, session.is_last(_FOUND, _state(session, told(session))))


def whole(found: Refined) -> RecipeResult:
    """A refinement that came about without stages; size and strain are not read yet."""
    names = tuple(p.name for p in found.problem.parameters)
    values = np.array([[found.result.values[name] for name in names]])
    own = {name: getattr(found, name) for name in Refined.__dataclass_fields__}
    course = Course((), names, np.array([found.rw]), values)
    return RecipeResult(**own, course=course, envelopes=(), profiles=())


def hold(session: Session, name: str, free: bool) -> dict[tuple[str, str], Any]:
    """The changes of settings that hold a parameter at its start or free it.

    Raises
    ------
    InputError
        If it is held by a pattern with others.
    """
    fixed = dict(session.value("refinement", "fixed"))
    if not free:
        return {("refinement", "fixed"): fixed | {name: None}}
    if name in fixed:
        del fixed[name]
        return {("refinement", "fixed"): fixed}
    from coherion.refinement.patterns import matched

    if held := [pattern for pattern in fixed if name in matched([pattern], [name], "fixed")]:
        raise InputError(
            "is held with others",
            place=f"parameter {name}",
            found=held[0],
            advice="change refinement.fixed in the file",
        )
    stages = list(session.value("refinement", "stages"))
    return {("refinement", "stages"): [*stages, {"name": f"{name}, too", "free": [name]}]}


def _moved(last: Refined, own: Told) -> dict[str, float]:
    before = last.settings.start
    return {k: float(v) for k, v in own["start"].items() if before.get(k) != v and isinstance(v, int | float)}


def _state(session: Session, own: Told) -> list[Any]:
    # Of a sequence also what the one before it hangs on, which has the ones before that in its own.
    last = [_state(one, told(one)) for one in _in_turn(session)[:1]]
    return [own, _told_of_data(session), session.sample, *last]


def _in_turn(session: Session) -> list[Session]:
    """The samples that are refined before this one in a sequence, the nearest first."""
    before = session.jobs.tables.before(session.jobs.settings["refinement"]["in_order_of"])
    return [session.beside(name) for name in before.get(session.sample, [])]


def _before(session: Session) -> dict[str, float] | None:
    """Where the last sample before this one that can be refined ends, as the job starts from it."""
    for one in _in_turn(session):
        with contextlib.suppress(InputError):
            found = session.once(f"{one.sample} before", _state(one, told(one)), partial(refine, one))
            return ended_at(found, crystals(session), one.sample)
    return None


def _silent(text: str) -> None:
    pass
