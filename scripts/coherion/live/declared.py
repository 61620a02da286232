"""A setting as a control shows it: all of it from the setting's declaration, nothing declared twice."""

from __future__ import annotations

import math
import typing
from dataclasses import dataclass
from functools import cache
from typing import Literal

import msgspec

from coherion.data.contract.units import unit_in_print
from coherion.settings.reading import fields, meaning, options, peeled

#: Parts of a slider's way.
PARTS = 400
_MOST = 1e300


@dataclass(frozen=True)
class Control:
    """What a control needs to know of a setting.

    kind
        number, decades (a number on a logarithmic way), range (of two numbers), choice (one of ``words``), pick (one of
        many), flag, several (of ``words``), text, lines (texts), or of a parameter: free, start.
    words
        Texts that the value may be, besides a number; ``null`` where it may be none.
    low, high, above
        Declared limits, None where there are none, and whether the lower one is itself refused.
    """

    stage: str
    key: str
    kind: Literal["number", "decades", "range", "choice", "pick", "flag", "several", "text", "lines", "free", "start"]
    label: str
    unit: str
    meaning: str
    words: tuple[str, ...]
    low: float | None = None
    high: float | None = None
    above: bool = False
    whole: bool = False


@cache
def control(stage: str, model: type[msgspec.Struct], key: str, label: str) -> Control:
    """The control of a setting of a model of a stage."""
    hint = fields(model)[key].type
    said, unit = meaning(hint)
    low = high = None
    above = False
    words: list[str] = []
    kinds: set[str] = set()
    for option in options(hint):
        base, limits = peeled(option)
        found = typing.get_args(base) if typing.get_origin(base) is Literal else ()
        words += [str(one) for one in found]
        if base is type(None):
            words.append("null")
        if base in (float, int):
            kinds.add("whole" if base is int else "number")
            for one in [*limits, *peeled(hint)[1]]:
                low = next((v for v in (low, one.ge, one.gt) if v is not None), None)
                above = above or one.gt is not None
                high = next((v for v in (high, one.le, one.lt) if v is not None), None)
        if base is str:
            kinds.add("text")
        if base is bool:
            kinds.add("flag")
        if typing.get_origin(base) is tuple:
            inner = [word for own in options(typing.get_args(base)[0]) for word in typing.get_args(peeled(own)[0])]
            words += [word for word in inner if isinstance(word, str)]
            kinds.add("several" if words else "lines" if typing.get_args(base)[0] is str else "range")
    shown = unit_in_print(unit) if unit else ""
    common = (stage, key)
    if "several" in kinds:
        own = tuple(word for word in words if word not in ("all", "none"))
        return Control(*common, "several", label, shown, said, own)
    if "range" in kinds:
        return Control(*common, "range", label, shown, said, ())
    if "lines" in kinds:
        return Control(*common, "lines", label, shown, said, ())
    if "flag" in kinds:
        return Control(*common, "flag", label, shown, said, ())
    if kinds & {"number", "whole"}:
        kind: Literal["decades", "number"] = "decades" if unit == "Hz" else "number"
        return Control(*common, kind, label, shown, said, tuple(words), low, high, above, "whole" in kinds)
    if "text" in kinds:
        return Control(*common, "text", label, shown, said, ())
    return Control(*common, "choice", label, shown, said, tuple(words))


@dataclass(frozen=True)
class Way:
    """From where to where a slider goes, and by what steps."""

    low: float
    high: float
    step: float


def way(one: Control, value: float, end: float | None = None) -> Way:
    """The way of a slider around a value, within the declared limits.

    ``end`` is where the data end, where that bounds the setting.
    """
    # A number of any size can be typed; twice the largest ones would be infinite.
    value = math.copysign(min(abs(value), _MOST), value)
    high = min((x for x in (one.high, end) if x is not None), default=None)
    low = one.low
    if high is None:
        high = 2 * abs(value) if value else 1.0
    if low is None or (high - low) > 100 * max(abs(value), 0.01):
        reach = 2 * abs(value) if value else 0.1
        low = max(x for x in (low, -reach) if x is not None)
        high = min(high, reach)
    step = 10.0 ** math.floor(math.log10((high - low) / PARTS)) if high > low else 1.0
    step *= next((k for k in (1, 2, 5) if (high - low) / (k * step) <= PARTS), 10)
    low, high = step * math.floor(low / step + 1e-9), step * math.ceil(high / step - 1e-9)
    if one.low is not None and low <= one.low:
        low = min(one.low + step, value) if one.above else one.low
    digits = max(0, -math.floor(math.log10(step)) + 1)
    return Way(low if low == value else round(low, digits), round(high, digits), round(step, digits))
