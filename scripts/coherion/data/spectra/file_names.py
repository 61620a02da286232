"""Temperatures in the names of files."""

from __future__ import annotations

import re

from coherion.constants import ZERO_CELSIUS

_TEMPERATURE = re.compile(
    r"[ _-]*?(?P<minus>(?<![A-Za-z0-9])(?:-|−|minus|m))?(?<![0-9.,])(?P<value>[0-9]{1,4}(?:[.,][0-9]{1,3})?)"
    r"(?P<apart>[ _]?)(?P<unit>degC?|deg|°C?|grad|C|K)(?![^\W_])"
)


def temperature_in(stem: str) -> float | None:
    """Temperature in degC that a name states last, in degC (``x50_-40C``, ``a-140deg``) or in kelvin (``a_298K``)."""
    found = last_temperature(stem)
    if found is None:
        return None
    value = (-1 if found["minus"] else 1) * float(found["value"].replace(",", "."))
    return round(value - ZERO_CELSIUS, 2) if found["unit"] == "K" else value


def last_temperature(stem: str) -> re.Match[str] | None:
    """Where a name states a temperature last, with groups ``minus``, ``value`` and ``unit``."""
    last = None
    for found in _TEMPERATURE.finditer(stem):
        before = stem[found.start("value") - 1 : found.start("value")]
        # The number of a formula, and a unit that is another word: Na3InCl6_C.
        if found["apart"] and before.isalpha() and not found["minus"]:
            continue
        last = found
    return last
