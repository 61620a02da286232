"""Which parameters a pattern of the settings means, and what settings say of them: values, bounds and equations.

Names and patterns are explained in :mod:`coherion.settings.stages.refinement`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from coherion.errors import InputError
from coherion.refinement.constraints import Equation, Linear, parse_constraint, parse_number
from coherion.refinement.parameters import INFINITE, OF_PHASE, OF_SITE, Name, parse
from coherion.settings.reading import nearest
from coherion.settings.stages.refinement import RefinementSettings

MAX_PATTERN = 100

# A word that asks for the start values as well.
PARTIAL = "partial_occupancies"
# Words that mean all parameters of a kind.
_WORDS = {
    "lattice": "lattice",
    "coordinates": "coordinate",
    "displacements": "displacement",
    "occupancies": "occupancy",
}


def is_plain(pattern: str) -> bool:
    """Whether a pattern is a single name."""
    return pattern not in (*_WORDS, "all") and not any(c in pattern for c in "*?[")


def matching(pattern: str, names: Iterable[str], place: str) -> list[str]:
    """The parameters that a pattern means, in their order; empty if there is none.

    Raises
    ------
    InputError
        If the pattern is too long.
    """
    if len(pattern) > MAX_PATTERN:
        raise InputError("pattern is too long", place=place, expected=f"at most {MAX_PATTERN} characters")
    wanted = parse(pattern)
    kind = _WORDS.get(wanted.own)

    def means(known: Name) -> bool:
        if wanted.phase and not fnmatchcase(known.phase, wanted.phase):
            return False
        if kind is not None:
            return known.meaning.kind == kind
        if wanted.own == "all" or fnmatchcase(known.own, wanted.own):
            return True
        # As without a phase every phase is meant, so is every data set.
        return known.data_set > 1 and known.symbol == wanted.own

    return [name for name in names if means(parse(name))]


def spelled_out(patterns: Iterable[str], start: Mapping[str, float]) -> list[str]:
    """Patterns with ``partial_occupancies`` replaced by the occupancies that start below one."""
    partial = [name for name, value in start.items() if parse(name).meaning.kind == "occupancy" and value < 1]
    return [one for pattern in patterns for one in (partial if pattern == PARTIAL else [pattern])]


def may_be_empty(pattern: str, names: Iterable[str]) -> bool:
    """Whether a pattern that means no parameter is none the less well said: it names a quantity, and no site.

    ``coordinates``, ``coherence_*`` or ``*.u_iso`` mean nothing where all atoms lie on special positions, the domains
    have no length or all displacements are anisotropic; ``Na*.x`` where there is no sodium is a mistake.
    """
    wanted = parse(pattern)
    if wanted.phase and not any(fnmatchcase(parse(name).phase, wanted.phase) for name in names):
        return False
    if wanted.own in (*_WORDS, "all"):
        return True
    site, dot, rest = wanted.own.partition(".")
    quantity = rest.partition(".")[0] if dot else site
    if dot and site.strip("*?"):
        return False
    return any(fnmatchcase(symbol, quantity) for symbol in (OF_SITE if dot else OF_PHASE))


def matched(
    patterns: Iterable[str],
    names: Sequence[str],
    place: str,
    why_fixed: Callable[[str], str | None] | None = None,
) -> list[str]:
    """All parameters that any of the patterns means; a plain name must exist.

    Raises
    ------
    InputError
        If a plain name is no parameter: symmetry fixes it (the reason is told) or it does not exist; or if a pattern
        means nothing.
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        hits = matching(pattern, names, place)
        if not hits and is_plain(pattern):
            refuse_name(pattern, names, place, why_fixed)
        if not hits and not may_be_empty(pattern, names):
            near = nearest("".join(c for c in pattern if c not in "*?[]"), names, likeness=0.0)
            raise InputError("the pattern matches no parameter", place=f"key {place}", found=pattern, advice=near)
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


# How far the lattice may go from its start: relatively, and angles in degrees.
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
    for name, value in start.items():
        known = parse(name).meaning
        if known.bounds != INFINITE:
            found[name] = known.bounds
        elif known.kind == "lattice":
            freedom = ANGLE_FREEDOM if known.unit == "degree" else LATTICE_FREEDOM * value
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
    """Raise an InputError for a value that no parameter of its name can have, see ``Symbol.possible``."""
    for name, value in values.items():
        low, high = parse(name).meaning.possible
        if not low <= value <= high:
            raise InputError(
                "a value that this parameter cannot have",
                place=f"key {place}",
                found=f"{name} = {value:g}",
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
        known = parse(name)
        if known.phase and known.own not in names:
            found.setdefault(known.own, name)
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
