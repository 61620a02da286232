"""What names of files suggest: sample, temperature, formula, empty capillary. All of it is told as a guess."""

from __future__ import annotations

import re

from coherion.data.spectra.file_names import last_temperature
from coherion.errors import InputError
from coherion.scattering.composition import parse_formula

# Pure substances that diffractometers are calibrated with.
STANDARDS = ("LaB6", "CeO2", "Si", "Ni", "Al2O3", "Y2O3")
_EMPTY = re.compile(r"(?<![a-z])(empty|leer|blank|blind|background|untergrund|bkgr?|bgr?|bkgd)(?![a-z])", re.I)
_HOLDER = re.compile(r"(capillary|capill|kapillare?|kapton|glass|quartz|holder|container|air)(?![a-z])", re.I)
_TECHNIQUE = re.compile(
    r"[ _-]+(?:[0-9]{2}[ _-])?(?:PEIS|GEIS|SPEIS|SGEIS|EIS)(?:[ _-]C[0-9]{2})?(?:[ _-][0-9]+)?$", re.I
)


def name_of(text: str) -> str:
    """A name as the tables allow it, from any text: what cannot stand in it becomes an underscore."""
    name = re.sub(r"[^A-Za-z0-9_.+-]+", "_", text).strip("_.+-")
    return name[:64] or "unnamed"


def formula_in(stem: str) -> str | None:
    """The formula that stands in a name: one of several elements with an amount, or a standard's; None if none does."""
    for token in re.split(r"[^A-Za-z0-9.()]+", stem):
        if token in STANDARDS:
            return token
        if not re.search(r"[0-9]", token):
            continue
        try:
            elements = parse_formula(token)
        except InputError:
            continue
        if len(elements) > 1:
            return token
    return None


def is_empty(stem: str) -> bool:
    """Whether a name is that of an empty capillary or of another background."""
    return bool(_EMPTY.search(stem.replace("_", " "))) or (
        bool(_HOLDER.search(stem.replace("_", " "))) and formula_in(stem) is None
    )


def sample_in(stem: str) -> str:
    """The sample's name in that of a spectrum: without technique, channel and the temperature it states last."""
    rest = _TECHNIQUE.sub("", stem)
    found = last_temperature(rest)
    if found is not None:
        shortened = f"{rest[: found.start()].rstrip(' _-')}{rest[found.end() :]}"
        rest = shortened if re.search(r"[A-Za-z0-9]", shortened) else rest
    return name_of(rest)


def shared_start(first: str, second: str) -> int:
    """Number of letters that two names begin with alike."""
    count = 0
    for a, b in zip(first.lower(), second.lower(), strict=False):
        if a != b:
            break
        count += 1
    return count
