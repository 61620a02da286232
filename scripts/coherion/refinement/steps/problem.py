"""What a recipe asks of a model: its parameters with starts and limits, what they depend on, and the stages by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TypeVar

import numpy as np

from coherion.crystal.crystal import Crystal
from coherion.errors import InputError
from coherion.pair_model.model import SHARED_DEFAULTS, DataSet, PairModel
from coherion.refinement.linear_map import LinearMap, linear_map, refuse_no_room
from coherion.refinement.observed import Observed, radiation_of
from coherion.refinement.parameters import Parameter, parse
from coherion.refinement.patterns import bounds_of, equations_of, matched, spelled_out, values_of
from coherion.refinement.steps.origin import held_for_the_origin
from coherion.settings.reading import nearest
from coherion.settings.stages.refinement import FurtherData, RefinementSettings

_T = TypeVar("_T")


@dataclass(frozen=True, eq=False)
class Problem:
    """A model with its recipe resolved.

    parameters
        All of the model, with the values to start from.
    map
        What they depend on.
    stages
        Names of the stages and of the parameters that each frees.
    searched
        Free scales and coherence lengths without a given start: a coarse search finds theirs.
    max_evaluations
        Of the model, per stage.
    origin
        Coordinates held because a phase's origin is free, see :mod:`coherion.refinement.steps.origin`.
    """

    model: PairModel
    parameters: tuple[Parameter, ...]
    map: LinearMap
    stages: tuple[tuple[str, tuple[str, ...]], ...]
    searched: tuple[Parameter, ...]
    max_evaluations: int
    origin: tuple[str, ...] = ()

    @property
    def start(self) -> dict[str, float]:
        """Starting value of every parameter."""
        return {p.name: p.value for p in self.parameters}


def make_model(
    crystals: Sequence[Crystal],
    qmax: float,
    settings: RefinementSettings,
    dispersion: Mapping[str, complex] | None = None,
    composition: Mapping[str, float] | None = None,
    radiation: str | None = None,
    further: Sequence[Observed] = (),
) -> PairModel:
    """The pair model of some phases; their names are those of the settings or of the files.

    ``radiation`` is what the data were found to be made with; by default the settings', or X-rays. ``further`` are more
    data of the same sample.

    Raises
    ------
    InputError
        If two phases have the same name or a name that parameters cannot carry.
    """
    phases = list(crystals)
    if settings.phases:
        if len(settings.phases) != len(phases):
            raise InputError(
                "not as many names as phases",
                place="key phases",
                found=settings.phases,
                expected=f"{len(phases)} names",
            )
        phases = [replace(crystal, name=name) for crystal, name in zip(phases, settings.phases, strict=True)]
    names = [crystal.name for crystal in phases]
    # Names become parts of the names of parameters and files.
    bad = [name for name in names if not name.isprintable() or not name.strip(" .") or any(c in name for c in ":/\\")]
    if len(phases) > 1 and (len(set(names)) < len(names) or bad):
        raise InputError(
            "phases need different names without a colon or a slash",
            place="key phases",
            found=", ".join(names),
            advice="give names in the settings, key phases",
        )
    if settings.anisotropic is not None:
        phases = _with_displacements(phases, settings.anisotropic)
    return PairModel(
        tuple(phases),
        qmax,
        convention=settings.convention,
        envelope=settings.envelope,
        radiation=radiation or settings.radiation or "xray",
        window=settings.window,
        dispersion=dispersion or {},
        composition=composition or {},
        extension=settings.extension,
        further=tuple(
            DataSet(
                one.qmax,
                radiation_of(one, own.radiation),
                settings.window if own.window is None else own.window,
                one.dispersion,
                one.composition,
                resolution=own.resolution,
            )
            for one, own in zip(further, own_settings(settings, len(further)), strict=True)
        ),
    )


def own_settings(settings: RefinementSettings, count: int) -> list[FurtherData]:
    """What each of ``count`` further data sets has of its own.

    Raises
    ------
    InputError
        If the settings know more of them than there are.
    """
    if len(settings.further) > count:
        raise InputError(
            "settings of more data sets than there are",
            place="key further",
            found=len(settings.further),
            expected=count,
        )
    return [*settings.further, *[FurtherData()] * (count - len(settings.further))]


def _with_displacements(phases: Sequence[Crystal], patterns: Sequence[str]) -> list[Crystal]:
    """The phases with anisotropic displacements on the sites that the patterns match, and isotropic ones elsewhere."""
    sites = {f"{crystal.name}:{site.label}": (crystal.name, site.label) for crystal in phases for site in crystal.sites}
    chosen: set[tuple[str, str]] = set()
    for i, pattern in enumerate(patterns):
        full = pattern if ":" in pattern else f"*:{pattern}"
        hits = {where for name, where in sites.items() if fnmatchcase(name, full)}
        if not hits:
            raise InputError(
                "the pattern matches no site",
                place=f"key anisotropic[{i}]",
                found=pattern,
                advice=nearest(pattern, [label for _, label in sites.values()], likeness=0.0),
            )
        chosen |= hits
    made = []
    for crystal in phases:
        labels = [site.label for site in crystal.sites if (crystal.name, site.label) in chosen]
        made.append(crystal.isotropic([s.label for s in crystal.sites if s.label not in labels]).anisotropic(labels))
    return made


def prepare(
    model: PairModel,
    settings: RefinementSettings,
    values: Mapping[str, float] | None = None,
    free: Sequence[str] = (),
    hold: Mapping[str, float] | None = None,
) -> Problem:
    """Resolve a recipe on a model.

    Parameters
    ----------
    values
        Starting values that replace those of the model and of the settings. What the recipe says of a name that
        stands here and that the model lacks is passed over: another model of the same data has it.
    free
        Parameters that the last stage frees besides those that the recipe names, even if it holds them.
    hold
        Parameters held at these values, whatever the recipe says.

    Raises
    ------
    InputError
        If the recipe names a parameter that symmetry fixes or that does not exist, if nothing is left to refine, or if
        constraints, bounds and fixed values cannot be met together.
    """
    names = list(model.parameters)
    start, given, fixed = _start_values(model, settings, values or {})
    fixed = {name: value for name, value in fixed.items() if name not in free}
    start, fixed = {**start, **(hold or {})}, {**fixed, **(hold or {})}
    stages = []
    for i, stage in enumerate(settings.steps):
        place = f"stages[{i}] ({stage.name})"
        found = matched(spelled_out(stage.free, start), list(start), place, model.why_fixed)
        stages.append((stage.name, tuple(name for name in found if name in names and name not in fixed)))
    shortest = {model.prefix(k): shortest_distance(crystal) for k, crystal in enumerate(model.phases)}
    bounds = _of(names, bounds_of(settings, start, shortest))
    equations = equations_of(settings, start, mixed_occupancies(model))
    wanted = {name for _, own in stages for name in own} | set(matched(free, names, "free", model.why_fixed))
    equations = [e for e in equations if set(e.linear.coefficients) <= set(names)]
    made = linear_map(names, start, free=wanted, equations=equations, fixed=_of(names, fixed), bounds=bounds)
    if origin := held_for_the_origin(model, made):
        fixed = {**fixed, **{name: start[name] for name in origin}}
        made = linear_map(names, start, free=wanted, equations=equations, fixed=_of(names, fixed), bounds=bounds)
    if not made.variables:
        raise InputError(
            "the recipe leaves nothing to refine", place="key stages", found=", ".join(name for name, _ in stages)
        )
    refuse_no_room(made)
    matched(settings.profile, list(start), "profile", model.why_fixed)
    parameters = tuple(_parameter(name, start[name], bounds, made) for name in names)
    searched = tuple(p for p in parameters if p.symbol in SEARCHED and p.state == "free" and p.name not in given)
    return Problem(
        model, parameters, made, _freed(stages, made, settings), searched, settings.max_evaluations, tuple(origin)
    )


# Quantities that a coarse search can start: it computes G(r) for some lengths and the best scale of each.
SEARCHED = ("scale", "coherence_length")


def _start_values(
    model: PairModel, settings: RefinementSettings, values: Mapping[str, float]
) -> tuple[dict[str, float], set[str], dict[str, float]]:
    """Starting value of every parameter, the names whose start the settings give, and the fixed values."""
    start = {name: float(value) for name, value in {**model.parameters, **values}.items()}
    names = list(start)
    given = values_of(settings.start, names, settings, "start", model.why_fixed)
    told = {name: getattr(settings, name) for name in SHARED_DEFAULTS}
    for number, own in enumerate(settings.further, 2):
        each = {name: getattr(own, name) for name in SHARED_DEFAULTS}
        told |= {f"{name}_{number}": value or 0.0 for name, value in each.items() if own.resolution}
    told |= {name: value for name, value in given.items() if value is not None}
    start |= {name: value for name, value in told.items() if name not in values}
    held = values_of(settings.fixed, names, settings, "fixed", model.why_fixed)
    fixed = {name: start[name] if value is None else value for name, value in held.items()}
    return start | fixed, set(given), fixed


def _of(names: Sequence[str], values: Mapping[str, _T]) -> dict[str, _T]:
    return {name: values[name] for name in names if name in values}


def _parameter(name: str, value: float, bounds: Mapping[str, tuple[float, float]], made: LinearMap) -> Parameter:
    formula = made.formula(name)
    state = "free" if name in made.variables else "dependent" if formula else "fixed"
    return Parameter(name, value, *bounds.get(name, (-np.inf, np.inf)), state=state, formula=formula)


def _freed(
    stages: Sequence[tuple[str, tuple[str, ...]]], made: LinearMap, settings: RefinementSettings
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """What each stage frees: its own, or with those of the stages before; all of them in the last."""
    resolved: list[tuple[str, tuple[str, ...]]] = []
    so_far: dict[str, None] = {}
    for name, free in stages:
        so_far.update(dict.fromkeys(free))
        resolved.append((name, tuple(so_far) if settings.cumulative else free))
    return (*resolved, ("all together", made.variables)) if settings.together else tuple(resolved)


def shortest_distance(crystal: Crystal, least: float = 1.0) -> float:
    """The shortest distance in angstrom between atoms, not counting split positions nearer than ``least``."""
    expanded = crystal.expand()
    steps = np.stack(np.meshgrid(*[(-1, 0, 1)] * 3), axis=-1).reshape(-1, 3)
    x = expanded.positions - np.floor(expanded.positions)
    gaps = (x[:, None, None] + steps - x[None, :, None]) @ expanded.lattice_matrix.T
    lengths = np.linalg.norm(gaps, axis=-1)
    return float(lengths[lengths > least].min())


def mixed_occupancies(model: PairModel) -> list[list[str]]:
    """Names of the occupancies of each site that elements share."""
    sites: dict[tuple[str, str], list[str]] = {}
    for name in model.parameters:
        own = parse(name)
        if own.element:
            sites.setdefault((own.phase, own.site), []).append(name)
    return list(sites.values())
