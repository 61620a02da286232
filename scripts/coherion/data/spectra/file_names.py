"""Temperatures in the names of files and in titles."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from coherion.constants import ZERO_CELSIUS

# Colder than liquid nitrogen nobody measures pellets: 2K is a cell, a resistor, a part of another word.
COLDEST_KELVIN = 77.0
# Writing without blanks between words: a unit may end before it, a number begin behind it.
_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_TEMPERATURE = re.compile(
    rf"[ _=-]*?(?:(?<![^\W_{_UNSPACED}])(?:T|Temp(?:erature?)?|at)[ _=]*|@[ _]*)?"
    rf"(?P<minus>(?<![A-Za-z0-9])(?:[-−–]|(?:minus|neg|m|n)[ _]?))?\+?"
    r"(?<![0-9.,])(?<![0-9]p)(?P<value>[0-9]{1,4}(?:[.,p][0-9]{1,3})?)"
    r"(?P<apart>[ _]?)"
    r"(?P<unit>deg(?:ree)?s?[ _]?C(?:elsius)?|deg|° ?[CС]|°|o[ _]?C|[Gg]rad(?:[ _]?C)?|[Cc]elsius|CELSIUS|"
    r"[Kk]elvin|KELVIN|摄氏度|度|[CСKК])"
    rf"(?![^\W_{_UNSPACED}])"
)
_KELVIN = ("Kelvin", "kelvin", "KELVIN", "K", "К")
_SINGLE = ("C", "С", "K", "К")


def temperature_in(stem: str) -> float | None:
    """Temperature in degC that a name states last, in degC (``x50_-40C``, ``a-140deg``) or in kelvin (``a_298K``)."""
    found = last_temperature(stem)
    return None if found is None else _celsius(found)


def off_their_names(stems: Sequence[str], celsius: Sequence[float], limit: float) -> dict[int, float]:
    """Places whose temperature is off by more than the limit (K), and the temperature in degC that the name states.

    One temperature in the names of all is that of an annealing, not of the measurement.
    """
    named = [temperature_in(stem) for stem in stems]
    known = [name for name in named if name is not None]
    if len(set(known)) == 1 < min(len(known), len({round(t, 1) for t in celsius})):
        return {}
    told = zip(named, celsius, strict=True)
    return {k: name for k, (name, t) in enumerate(told) if name is not None and abs(t - name) > limit}


def stated_temperature(text: str) -> float | None:
    """Temperature (degC) that a title or file name such as ``s04147-140deg`` states in degC, if it states just one."""
    matches = _temperatures(unicodedata.normalize("NFKC", text[:2000]))
    found = {_celsius(one) for one in matches if one["unit"] not in _KELVIN}
    return found.pop() if len(found) == 1 else None


def without_temperature(stem: str) -> str:
    """A name without the temperature that it states last; the name itself if it states none."""
    found = last_temperature(stem)
    return stem if found is None else f"{found.string[: found.start()].rstrip(' _-([@')}{found.string[found.end() :]}"


def last_temperature(stem: str) -> re.Match[str] | None:
    """Where a name, its letters in their plain forms (NFKC), states a temperature last."""
    return max(_temperatures(unicodedata.normalize("NFKC", stem)), key=lambda one: one.start(), default=None)


def _celsius(found: re.Match[str]) -> float:
    value = (-1 if found["minus"] else 1) * float(re.sub("[,p]", ".", found["value"]))
    return round(value - ZERO_CELSIUS, 2) if found["unit"] in _KELVIN else value


def _temperatures(text: str) -> Iterator[re.Match[str]]:
    for found in _TEMPERATURE.finditer(text):
        single = found["unit"] in _SINGLE
        word = re.search(rf"[^\W\d_{_UNSPACED}]*$", text[: found.start("value")])
        before = "" if word is None or found["minus"] else word[0]
        # A letter alone behind the number of a formula or of a sample: Na3InCl6_C, LiPS5C, x5C. A word of lower case
        # (pellet25C) is no formula.
        is_word = not found["apart"] and re.fullmatch(r"[A-Za-z]?[a-z]{2,}", before)
        if single and before not in ("", "T", "Temp", "Temperatur", "Temperature", "at") and not is_word:
            continue
        # Probe_2_C: the third of a row, not two degrees.
        if single and found["apart"] == "_" and len(found["value"]) < 2:
            continue
        if found["unit"] in _KELVIN and (found["minus"] or _celsius(found) < COLDEST_KELVIN - ZERO_CELSIUS):
            continue
        if _celsius(found) >= -ZERO_CELSIUS:
            yield found
