"""What a refinement is told: its stages, fixed and shared parameters, bounds and constraints.

Parameters are named as in :mod:`coherion.pair_model.model`: ``a``, ``Na1.x``, ``Na1.u_iso``, ``Na1.occupancy``,
``scale``, ``delta2``, ``coherence_length``. With several phases a name carries its phase, ``trigonal:Na1.x``; without
one it means the first phase in a constraint, and every phase in a pattern. Patterns are names with ``*`` and ``?``, or
one of the words ``lattice``, ``coordinates``, ``displacements``, ``occupancies``, ``all``.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from coherion.crystal.symmetry import COORDINATE_NAMES, DISPLACEMENT_NAMES, LATTICE_NAMES
from coherion.errors import InputError
from coherion.refinement.constraints import Equation, Linear, nearest, parse_constraint, parse_number

CONVENTIONS = ("exact", "pdffit")
ENVELOPES = ("none", "sphere", "lognormal", "exponential")
RADIATIONS = ("xray", "neutron")
WINDOWS = ("none", "lorch")
WEIGHTS = ("auto", "unit", "sd", "covariance")
MAX_PATTERN = 100


@dataclass(frozen=True)
class Stage:
    """One step of a recipe: its name and the patterns of the parameters it frees."""

    name: str
    free: tuple[str, ...]


# The order of the paper. Its occupancies are those of sodium and of the shared metal site; that of chlorine stays one,
# which sets the scale.
PAPER_STAGES = (
    Stage("scale and correlated motion", ("scale", "delta2")),
    Stage("lattice", ("lattice",)),
    Stage("coordinates and occupancies", ("coordinates", "Na*.occupancy", "*.occupancy.*")),
    Stage("displacements", ("displacements",)),
    Stage("coherence length", ("coherence_*",)),
)


@dataclass(frozen=True)
class RefinementSettings:
    """Settings of one refinement; the defaults are the paper's where it states them.

    fit_range
        First and last r in angstrom.
    qmax
        Where the Fourier transform ended, 1/angstrom; None takes what the data say, a number must agree with it.
    qdamp, qdamp_sd, qbroad, qbroad_sd, resolution_correlation
        Instrument resolution in 1/angstrom, with standard uncertainties that enter those of the parameters.
    convention, envelope, radiation, window
        Of the pair model.
    weights
        ``covariance`` or ``sd`` of the data, ``unit``, or ``auto``: the best the data have.
    stages
        Applied in order; what each frees is held again in the next unless ``cumulative``.
    cumulative
        Whether a stage keeps free what the earlier ones freed.
    together
        Whether a last stage frees everything that any stage named.
    fixed
        Patterns with the value to hold; null holds the starting value. Values may be expressions of the table.
    start
        Starting values by pattern.
    bounds
        Patterns with [lower, upper]; null where there is none. They replace the built-in ones, see
        :data:`DEFAULT_BOUNDS`.
    shared
        Lists of patterns; the parameters that one list matches are one parameter.
    constraints
        Linear equations, see :mod:`coherion.refinement.constraints`.
    values
        Numbers that expressions may name: the columns of the sample's row.
    full_mixed_sites
        Whether the occupancies of a site that elements share keep the sum they start with.
    phases
        Names of the phases; by default those of the files.
    starts, perturbation, seed
        Number of starts; size of the random displacements of all but the first, in units of
        :data:`PERTURBATIONS`; seed of the generator.
    compare_envelopes
        Envelopes with which the last stage is repeated, to see what becomes of the coherence length.
    profile
        Parameters that get a profile-likelihood interval, by pattern.
    profile_level
        Its level of confidence.
    max_evaluations
        Of the model, per stage.
    reported
        ``scaled`` or ``unscaled``: which standard uncertainties the CIF carries.
    """

    fit_range: tuple[float, float] = (2.0, 60.0)
    qmax: float | None = None
    qdamp: float = 0.011
    qdamp_sd: float = 0.0
    qbroad: float = 0.010
    qbroad_sd: float = 0.0
    resolution_correlation: float = 0.0
    convention: str = "exact"
    envelope: str = "sphere"
    radiation: str = "xray"
    window: str = "none"
    weights: str = "auto"
    stages: tuple[Stage, ...] = PAPER_STAGES
    cumulative: bool = False
    together: bool = True
    fixed: Mapping[str, float | str | None] = field(default_factory=dict)
    start: Mapping[str, float | str] = field(default_factory=dict)
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    shared: tuple[tuple[str, ...], ...] = ()
    constraints: tuple[str, ...] = ()
    values: Mapping[str, float] = field(default_factory=dict)
    full_mixed_sites: bool = True
    phases: tuple[str, ...] = ()
    starts: int = 1
    perturbation: float = 1.0
    seed: int = 1
    compare_envelopes: tuple[str, ...] = ("exponential", "lognormal")
    profile: tuple[str, ...] = ("coherence_length*",)
    profile_level: float = 0.6827
    max_evaluations: int = 200
    reported: str = "scaled"

    def __post_init__(self) -> None:
        for key, known in (
            ("convention", CONVENTIONS),
            ("envelope", ENVELOPES),
            ("radiation", RADIATIONS),
            ("window", WINDOWS),
            ("weights", WEIGHTS),
            ("reported", ("scaled", "unscaled")),
        ):
            if getattr(self, key) not in known:
                raise InputError(
                    "unknown choice", place=f"key {key}", found=getattr(self, key), expected=" or ".join(known)
                )
        for envelope in self.compare_envelopes:
            if envelope not in ENVELOPES:
                raise InputError(
                    "unknown choice", place="key compare_envelopes", found=envelope, expected=" or ".join(ENVELOPES)
                )
        low, high = self.fit_range
        if not 0 <= low < high:
            raise InputError(
                "fit range is not a range",
                place="key fit_range",
                found=f"{low} to {high}",
                expected="0 <= first < last",
            )
        for key, low, high in (
            ("qdamp", 0.0, 1.0),
            ("qbroad", 0.0, 1.0),
            ("qdamp_sd", 0.0, 1.0),
            ("qbroad_sd", 0.0, 1.0),
            ("resolution_correlation", -1.0, 1.0),
            ("profile_level", 0.01, 0.9999),
            ("starts", 1, 1000),
            ("seed", 0, 2**63 - 1),
            ("perturbation", 0.0, 10.0),
            ("max_evaluations", 1, 100_000),
        ):
            if not low <= getattr(self, key) <= high:
                raise InputError(
                    "number out of range", place=f"key {key}", found=getattr(self, key), expected=f"{low} to {high}"
                )

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> RefinementSettings:
        """Settings from JSON; keys not named keep their defaults.

        Raises
        ------
        InputError
            Naming the key that is unknown or holds a value of the wrong kind.
        """
        known = {f.name: f for f in dataclasses.fields(cls)}
        taken: dict[str, Any] = {}
        for key, value in given.items():
            if key not in known:
                raise InputError(
                    "unknown setting of the refinement", place=f"key {key}", found=key, advice=nearest(key, known)
                )
            taken[key] = _READERS.get(key, _text)(key, value)
        return cls(**taken)

    def as_dict(self) -> dict[str, Any]:
        """Plain values that JSON holds."""
        return dataclasses.asdict(self)


def settings_of_ranges(settings: Mapping[str, Any], ranges: Sequence[str] | None) -> dict[str, dict[str, Any]]:
    """Settings of a refinement for each of several fit ranges by name, ``2-60`` being 2 to 60 angstrom.

    What the shape of the domains does to the length, and its profile, is asked once, of the first range. Without
    ranges the settings stand alone under an empty name.

    Raises
    ------
    InputError
        If a range is not two numbers joined by ``-``.
    """
    if not ranges:
        return {"": dict(settings)}
    made: dict[str, dict[str, Any]] = {}
    for name in ranges:
        try:
            low, high = (float(end) for end in name.split("-"))
        except ValueError:
            raise InputError(
                "not a fit range", place="--ranges", found=name, expected="two lengths in angstrom such as 2-60"
            ) from None
        asked_once: dict[str, Any] = {} if not made else {"compare_envelopes": [], "profile": []}
        made[name] = {**settings, "fit_range": [low, high], **asked_once}
    return made


def _refuse(key: str, value: Any, expected: str):
    raise InputError("setting of the wrong kind", place=f"key {key}", found=repr(value), expected=expected)


def _text(key: str, value: Any) -> str:
    return value if isinstance(value, str) else _refuse(key, value, "a text")


def _flag(key: str, value: Any) -> bool:
    return value if isinstance(value, bool) else _refuse(key, value, "true or false")


def _number(key: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        _refuse(key, value, "a number")
    return float(value)


def _whole(key: str, value: Any) -> int:
    number = _number(key, value)
    return int(number) if number.is_integer() else _refuse(key, value, "a whole number")


def _optional(key: str, value: Any) -> float | None:
    return None if value is None else _number(key, value)


def _range(key: str, value: Any) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        _refuse(key, value, "two numbers")
    return _number(key, value[0]), _number(key, value[1])


def _texts(key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        _refuse(key, value, "a list of texts")
    return tuple(_text(key, item) for item in value)


def _lists(key: str, value: Any) -> tuple[tuple[str, ...], ...]:
    if not isinstance(value, list | tuple):
        _refuse(key, value, "a list of lists of texts")
    return tuple(_texts(key, item) for item in value)


def _mapping(one: Callable[[str, Any], Any]) -> Callable[[str, Any], dict[str, Any]]:
    def read(key: str, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            _refuse(key, value, "a mapping")
        return {str(name): one(f"{key}.{name}", item) for name, item in value.items()}

    return read


def _value(key: str, value: Any) -> float | str:
    return value if isinstance(value, str) else _number(key, value)


def _bound(key: str, value: Any) -> tuple[float | None, float | None]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        _refuse(key, value, "[lower, upper], null where there is none")
    return _optional(key, value[0]), _optional(key, value[1])


def _stages(key: str, value: Any) -> tuple[Stage, ...]:
    if not isinstance(value, list | tuple):
        _refuse(key, value, "a list of stages")
    made = []
    for i, item in enumerate(value):
        place = f"{key}[{i}]"
        if isinstance(item, Mapping):
            if set(item) - {"name", "free"} or "free" not in item:
                _refuse(place, item, "an object with free and, if wanted, name")
            free = _texts(place, item["free"])
            name = _text(place, item.get("name", ", ".join(free)))
        else:
            free = _texts(place, item)
            name = ", ".join(free)
        if not free:
            _refuse(place, item, "at least one parameter")
        made.append(Stage(name, free))
    if not made:
        _refuse(key, value, "at least one stage")
    return tuple(made)


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "fit_range": _range,
    "qmax": _optional,
    **dict.fromkeys(
        ("qdamp", "qdamp_sd", "qbroad", "qbroad_sd", "resolution_correlation", "perturbation", "profile_level"), _number
    ),
    **dict.fromkeys(("cumulative", "together", "full_mixed_sites"), _flag),
    **dict.fromkeys(("starts", "seed", "max_evaluations"), _whole),
    **dict.fromkeys(("constraints", "phases", "compare_envelopes", "profile"), _texts),
    "stages": _stages,
    "fixed": _mapping(lambda key, value: None if value is None else _value(key, value)),
    "start": _mapping(_value),
    "bounds": _mapping(_bound),
    "shared": _lists,
    "values": _mapping(_number),
}


# Patterns

_WORDS: dict[str, Callable[[str], bool]] = {
    "lattice": lambda name: name in LATTICE_NAMES,
    "coordinates": lambda name: name.rpartition(".")[2] in COORDINATE_NAMES and "." in name,
    "displacements": lambda name: name.rpartition(".")[2] in ("u_iso", *DISPLACEMENT_NAMES),
    "occupancies": lambda name: "occupancy" in name.split("."),
    "all": lambda name: True,
}


def is_plain(pattern: str) -> bool:
    """Whether a pattern is a single name."""
    return pattern not in _WORDS and not any(c in pattern for c in "*?[")


def matching(pattern: str, names: Iterable[str], place: str) -> list[str]:
    """The parameters that a pattern means, in their order; empty if there is none.

    Raises
    ------
    InputError
        If the pattern is too long.
    """
    if len(pattern) > MAX_PATTERN:
        raise InputError("pattern is too long", place=place, expected=f"at most {MAX_PATTERN} characters")
    phase, colon, inner = pattern.rpartition(":")
    word = _WORDS.get(inner)
    found = []
    for name in names:
        own_phase, _, own = name.rpartition(":")
        if colon and not fnmatchcase(own_phase, phase):
            continue
        if word(own) if word else fnmatchcase(own, inner):
            found.append(name)
    return found


def matched(
    patterns: Iterable[str], names: Sequence[str], place: str, why_fixed: Callable[[str], str | None] | None = None
) -> list[str]:
    """All parameters that any of the patterns means; a plain name must exist.

    Raises
    ------
    InputError
        If a plain name is no parameter: symmetry fixes it (the reason is told) or it does not exist.
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        hits = matching(pattern, names, place)
        if not hits and is_plain(pattern):
            refuse_name(pattern, names, place, why_fixed)
        found.update(dict.fromkeys(hits))
    return [name for name in names if name in found]


def refuse_name(
    name: str, names: Sequence[str], place: str, why_fixed: Callable[[str], str | None] | None = None
) -> None:
    """Raise the InputError for a name that is no free parameter.

    ``why_fixed`` gives the reason in words, or raises InputError where the name does not exist at all.
    """
    reason = None
    if why_fixed is not None:
        try:
            reason = why_fixed(name)
        except InputError:
            reason = None
    if reason is not None:
        raise InputError(f"the parameter {name} cannot be refined", place=f"key {place}", advice=reason)
    raise InputError(
        "no such parameter",
        place=f"key {place}",
        found=name,
        advice=nearest(name, names) or f"parameters are {', '.join(names)}",
    )


# What a start or a bound may be: beyond, the model has no meaning or its pairs no end. Angstrom and degrees.
POSSIBLE: tuple[tuple[str, tuple[float, float]], ...] = (
    ("all", (-1e9, 1e9)),
    *((name, (0.5, 1e4)) for name in ("a", "b", "c")),
    *((name, (1.0, 179.0)) for name in ("alpha", "beta", "gamma")),
    ("delta?", (-100.0, 1000.0)),
    ("*.u_iso", (-1.0, 100.0)),
)
# Bounds that hold unless the configuration gives others: the physically possible, and for the lattice a tenth around
# its start. Angstrom, angstrom^2 and degrees.
DEFAULT_BOUNDS: tuple[tuple[str, tuple[float, float]], ...] = (
    ("scale", (0.0, math.inf)),
    ("qdamp", (0.0, 0.5)),
    ("qbroad", (0.0, 0.5)),
    ("coherence_length", (4.0, 5000.0)),
    ("coherence_spread", (0.01, 3.0)),
    ("occupancies", (0.0, 1.0)),
    ("*.u_iso", (5e-4, 0.5)),
    ("*.u11", (5e-4, 0.5)),
    ("*.u22", (5e-4, 0.5)),
    ("*.u33", (5e-4, 0.5)),
)
LATTICE_FREEDOM = 0.1
ANGLE_FREEDOM = 10.0
# Correlated motion may take this share of the variance of the shortest distance d: delta1 <= 0.9 d, delta2 <= 0.9 d^2.
# At the whole of it the peak has no width, beyond it no meaning.
CORRELATED_SHARE = 0.9


def bounds_of(
    settings: RefinementSettings, start: Mapping[str, float], shortest: Mapping[str, float] | None = None
) -> dict[str, tuple[float, float]]:
    """(lower, upper) of every bounded parameter, the configuration's over the built-in ones.

    Parameters
    ----------
    start
        Starting value of every parameter.
    shortest
        Shortest distance in angstrom by prefix of the phase (``""`` for the only one): what bounds delta1 and delta2.
    """
    names = list(start)
    found: dict[str, tuple[float, float]] = {}
    for pattern, interval in DEFAULT_BOUNDS:
        found.update(dict.fromkeys(matching(pattern, names, "bounds"), interval))
    for name in matching("lattice", names, "bounds"):
        value = start[name]
        angle = name.rpartition(":")[2] in ("alpha", "beta", "gamma")
        freedom = ANGLE_FREEDOM if angle else LATTICE_FREEDOM * value
        found[name] = (value - freedom, value + freedom)
    for prefix, distance in (shortest or {}).items():
        found[f"{prefix}delta1"] = (0.0, CORRELATED_SHARE * distance)
        found[f"{prefix}delta2"] = (0.0, CORRELATED_SHARE * distance**2)
    for pattern, (low, high) in settings.bounds.items():
        interval = (-math.inf if low is None else low, math.inf if high is None else high)
        for name in matched([pattern], names, f"bounds.{pattern}"):
            found[name] = interval
    refuse_impossible(start, "start")
    for end in (0, 1):
        refuse_impossible({name: ends[end] for name, ends in found.items() if math.isfinite(ends[end])}, "bounds")
    return found


def refuse_impossible(values: Mapping[str, float], place: str) -> None:
    """Raise an InputError for a value that no parameter of its name can have (:data:`POSSIBLE`)."""
    for pattern, (low, high) in POSSIBLE:
        for name in matching(pattern, values, place):
            if not low <= values[name] <= high:
                raise InputError(
                    "a value that this parameter cannot have",
                    place=f"key {place}",
                    found=f"{name} = {values[name]:g}",
                    expected=f"{low:g} to {high:g}",
                )


def equations_of(
    settings: RefinementSettings, start: Mapping[str, float], mixed: Sequence[Sequence[str]]
) -> list[Equation]:
    """Shared parameters, full sites and constraints as equations.

    Parameters
    ----------
    start
        Starting value of every parameter.
    mixed
        The occupancies of each site that elements share.

    Raises
    ------
    InputError
        See :func:`coherion.refinement.constraints.parse_constraint`.
    """
    names = list(start)
    made: list[Equation] = []
    for i, text in enumerate(settings.constraints):
        made += parse_constraint(text, names, settings.values, place=f"constraints[{i}]", aliases=_aliases(names))
    for i, patterns in enumerate(settings.shared):
        group = matched(patterns, names, f"shared[{i}]")
        for name in group[1:]:
            made.append(Equation(Linear(0.0, {name: 1.0, group[0]: -1.0}), name, f"shared: {name} = {group[0]}"))
    if settings.full_mixed_sites:
        for occupancies in mixed:
            total = sum(start[name] for name in occupancies)
            linear = Linear(-total, dict.fromkeys(occupancies, 1.0))
            made.append(Equation(linear, occupancies[0], f"{' + '.join(occupancies)} = {total:.6g}"))
    return made


def _aliases(names: Sequence[str]) -> dict[str, str]:
    """Names without their phase that mean the first phase that has them."""
    found: dict[str, str] = {}
    for name in names:
        phase, _, own = name.rpartition(":")
        if phase and own not in names:
            found.setdefault(own, name)
    return found


def values_of(
    given: Mapping[str, float | str | None],
    names: Sequence[str],
    settings: RefinementSettings,
    key: str,
    why_fixed: Callable[[str], str | None] | None = None,
) -> dict[str, float | None]:
    """Values by name from values by pattern; expressions are computed from the numbers of the table.

    Raises
    ------
    InputError
        If a name does not exist, or an expression cannot be computed.
    """
    found: dict[str, float | None] = {}
    for pattern, value in given.items():
        place = f"{key}.{pattern}"
        number = parse_number(value, settings.values, place=place) if isinstance(value, str) else value
        for name in matched([pattern], names, place, why_fixed):
            found[name] = number
    return found
