"""What names of files suggest: sample, temperature, formula, empty capillary. All of it is told as a guess."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from coherion.atoms.composition import parse_formula
from coherion.data.spectra.file_names import without_temperature
from coherion.errors import InputError

LONGEST = 64
"""Letters of a name in the tables."""
# Pure substances that diffractometers are calibrated with.
STANDARDS = ("LaB6", "CeO2", "Si", "Ni", "Al2O3", "Y2O3")
_EMPTY = re.compile(
    r"(?<![a-z])(empty|leer(?:e[rs]?)?|blank|blind|background|untergrund|bkgr?d?|bgr?d?|bgnd|bc?kgn?d|backgr|vide|vac[ií]o|vuoto)(?![a-z])"
    r"|(?<![a-z])leer(?=kapill)|пуст|空",
    re.I,
)
# A name of nothing but these, numbers and their units is that of what holds a sample.
_HOLDER = re.compile(r"(capillar(?:y|ies)|capill|kapillaren?|kapton|glass?|quartz|quarz|holder|container|air)", re.I)
_NOT_A_NAME = (
    *("", "p", "mm", "um", "cm", "ag", "mo", "cu", "ka", "only", "nur", "the", "tube", "run", "scan", "frames"),
    *("av", "avg", "average", "sum", "merged", "corr", "monitor", "mon", "norm", "s", "min", "h"),
)
_TECHNIQUE = re.compile(
    r"[ _-]+(?:[0-9]{2}[ _-])?(?:PEIS|GEIS|SPEIS|SGEIS|EIS)(?:[ _-]C[0-9]{2})?(?:[ _-][0-9]+)?$", re.I
)


# Cyrillic letters in Latin ones, in the order of the alphabet; other scripts are spelled by the code of each letter.
_CYRILLIC = dict(
    zip(
        "абвгдежзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e zh z i i k l m n o p r s t u f kh ts ch sh shch - y - e yu ya".replace("-", "").split(" "),
        strict=True,
    )
)


def name_of(text: str) -> str:
    """A name as the tables allow it, from any text: letters of other scripts spelled, the rest an underscore."""
    name = re.sub(r"[^A-Za-z0-9_.+-]+", "_", "".join(map(_spelled, unicodedata.normalize("NFKC", text))))
    name = name.strip("_.+-") or "unnamed"
    # Two long names that begin alike are two names.
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 7]}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _spelled(letter: str) -> str:
    if letter.isascii() or not letter.isalnum():
        return letter
    if letter.lower() in _CYRILLIC:
        spelled = _CYRILLIC[letter.lower()]
        return spelled.capitalize() if letter.isupper() else spelled
    plain = unicodedata.normalize("NFKD", letter).encode("ascii", "ignore").decode()
    greek = re.fullmatch("GREEK (?:SMALL|CAPITAL) LETTER ([A-Z]+)", unicodedata.name(letter, ""))
    return plain or (greek[1].lower() if greek else f"u{ord(letter):x}")


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


def says_empty(stem: str) -> bool:
    """Whether a name says in so many words that it is that of an empty capillary or of another background."""
    return _EMPTY.search(stem.replace("_", " ")) is not None


def is_empty(stem: str) -> bool:
    """Whether a name suggests an empty capillary or another background: it says so, or names only what holds one."""
    if says_empty(stem):
        return True
    words = stem.replace("_", " ")
    rest, count = _HOLDER.subn(" ", words)
    return count > 0 and all(word.lower() in _NOT_A_NAME for word in re.split(r"[^A-Za-z]+", rest)) and rest.isascii()


def sample_in(stem: str) -> str:
    """The sample's name in that of a spectrum: without technique, channel and the temperature it states last."""
    rest = _TECHNIQUE.sub("", stem)
    shortened = without_temperature(rest)
    return name_of(shortened if re.search(r"[^\W_]", shortened) else rest)


def shared_start(first: str, second: str) -> int:
    """Number of letters that two names begin with alike."""
    count = 0
    for a, b in zip(first.lower(), second.lower(), strict=False):
        if a != b:
            break
        count += 1
    return count
