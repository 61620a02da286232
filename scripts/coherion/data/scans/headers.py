"""What the lines before the numbers of a scan say: names of columns, abscissa, kind, wavelength, time, anode.

Words are those that instruments, integration programs and GSAS-like exports write. What is not said is None or empty,
never guessed; a name that is none of the known ones says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from coherion.constants import HC

LONGEST_LINE = 400
# Lines above the numbers among which the names of the columns stand.
NEAR = 12
WAVELENGTHS = (0.01, 10.0)

_NUMBER = r"([0-9]{1,12}(?:[.,][0-9]{0,15})?|\.[0-9]{1,15})((?:[eE][+-]?\d{1,3})?)"
_WAVELENGTH = re.compile(
    r"(?:(?<![A-Za-z])wave[ _-]?length(?:[ _-]?alpha)?_?1?(?![0-9])|(?<![A-Za-z0-9])wl_?1?(?![A-Za-z0-9])"
    r"|(?<![A-Za-z/])lambda_?1?(?![A-Za-z0-9])|(?<!/)λ1?|(?<![A-Za-z/])k[ _-]?alpha[ _-]?1(?![0-9]))"
    r"([^0-9.=:\n]{0,30}[=:]?[\s\"']{0,9})" + _NUMBER,
    re.I,
)
_ENERGY = re.compile(
    r"(?:^\W*|(?:photon|x-?ray|beam|incident|primary)[ _])energy([^0-9.=:\n]{0,20}[=:]?[\s\"']{0,9})" + _NUMBER, re.I
)
_TIME = re.compile(
    r"(?<![A-Za-z])(?:step[ _]?time|time[ _]per[ _](?:step|point)|counting[ _]?time|scan step time)(?![A-Za-z])"
    r"([^0-9.=:\n]{0,20}[=:]?[\s\"']{0,9})" + _NUMBER,
    re.I,
)
_ANODE = re.compile(
    r"(?<![A-Za-z])(?:anode(?:[ _-]?material)?|(?:xg[ _])?target(?:[ _]?name)?)(?![A-Za-z])[^A-Za-z0-9\n]{1,10}"
    r"(Ag|Mo|Cu|Co|Fe|Cr)(?![A-Za-z])",
    re.I,
)
# Axes along which nothing is scattered at another angle.
_SCANNED = re.compile(
    r"(?<![A-Za-z])scan[ _-]?(?:type|axis|mode)\b[^A-Za-z0-9\n]{1,10}(x|y|z|phi|chi|omega|psi|rocking(?:[ _-]curve)?)"
    r"(?![A-Za-z0-9]|[ _]*[-/])",
    re.I,
)
_LENGTH_UNITS = (
    (re.compile(r"(?<![A-Za-z])(?:nm|nanomet)", re.I), 10.0),
    (re.compile(r"(?<![A-Za-z])(?:pm|picomet)(?![a-z])", re.I), 0.01),
    (re.compile(r"(?<![A-Za-z])(?:m|met(?:er|re)s?)(?![A-Za-z])"), 1e10),
)
_TWO_THETA = re.compile(r"(?:2|two)[\W_]*th(?:eta|\b|[\W_])|^tth|twotheta|^angle|^pos(?:ition)?\b|°2|2t(?:het)?\b")
_THETA = re.compile(r"^th(?:eta)?(?:$|[\W_])")
_Q = re.compile(r"^(?:chi_)?q(?:$|[\W_]|vec)|^(?:scattering|diffraction)[ _-]?vector|^momentum[ _-]transfer")
_D = re.compile(r"^d(?:$|[\W_](?!i\b|y\b))|^d[\W_]*(?:spac|value)|^dspac")
_OTHER = re.compile(
    r"^(?:energy|tof\b|time[ _-]of|channel|pixel|omega|phi\b|psi\b|azim|sin|radius|radial|frequency"
    r"|r(?:$|[ _(\[/])|s(?:$|[(\[/ ]))"
)
_PER_NM = re.compile(r"nm|nanom")
_PER_ANGSTROM = re.compile(r"å|ang|\ba(?:\^|-|\*\*|⁻| |\)|\]|$)|(?:/|_)a(?:\b|_|\^)|a\^-1")
_ERROR = re.compile(
    r"sig|esd|e\.s\.d|err|uncert|std|st\.?\s?dev|deviation|±|\+/-|^u\(|sqrt|poisson|^(?:s\.?d\.?|e|dy|di|d_?i|d\(i\)|unc|σ)$"
    r"|_sd$|^sd_|delta"
)
_VARIANCE = re.compile(r"^var|variance|σ²|sigma(?:\^|\*\*)?2")
_INTENSITY = re.compile(r"^(?:i|y|int|chi_i|f|det.*|obs.*|.*counts?|.*cps|.*intensity.*)(?:$|[\W_\d]|obs)")
# A line that names one axis: a word of the field, alone or with its unit in brackets.
_AXIS = re.compile(
    r"(?:q|chi_q|2[ -]?theta|2-theta angle|two[_ -]?theta|tth|theta|d|d[ -]?spacing)(?:\s*[\[(][^\])]{1,30}[\])])?"
    r"|(?:q|d|theta|2[ -]?theta)(?:_|,? )(?:deg\w*|(?:1/)?(?:a|nm|ang\w*|å)(?:\^?-1)?)"
)
_RATE = re.compile(r"cps|(?:counts?|cts)[ _]?(?:per|/)[ _]?s|count[ _]?rate", re.I)
_COUNTS = re.compile(r"counts?(?![a-z])|\bcts\b|impulse", re.I)


@dataclass(frozen=True)
class Columns:
    """What the columns are called: the cells of the line of names, lower case."""

    names: tuple[str, ...]

    @property
    def third(self) -> str:
        """``uncertainty``, ``variance``, or ``other`` for what is neither."""
        name = self.names[2]
        if _VARIANCE.search(name):
            return "variance"
        return "uncertainty" if _ERROR.search(name) else "other"


def abscissas(name: str) -> tuple[str, ...]:
    """The abscissas that a name allows: of ``two_theta``, ``theta``, ``q``, ``q_nm``, ``d``, or ``other``; or none."""
    name = _plain(name)
    if _TWO_THETA.search(name):
        return ("two_theta",)
    if _THETA.search(name):
        return ("theta",)
    if _Q.search(name):
        if _PER_NM.search(name):
            return ("q_nm",)
        return ("q",) if _PER_ANGSTROM.search(name[1:].removeprefix("hi_q")) else ("q", "q_nm")
    if _D.search(name):
        return ("d",)
    return ("other",) if _OTHER.search(name) else ()


def columns_of(header: Sequence[str], width: int) -> Columns | None:
    """The names of the columns, if a line near the numbers has as many cells and its first or last is known."""
    for line in reversed(header[-NEAR:]):
        text = _plain(line.strip().removeprefix("#L "))
        for separator in (r"\t", r"[,;]", r"\s{2,}", r"\s+"):
            cells = [cell.strip().strip("\"'") for cell in re.split(separator, text)]
            cells = cells[:-1] if len(cells) == width + 1 and not cells[-1] else cells
            if len(cells) != width or not all(re.search(r"[^\W\d_]", cell) for cell in cells):
                continue
            # Words of a title stand apart by single blanks too.
            if separator == r"\s+" and not _INTENSITY.search(cells[1]):
                continue
            if abscissas(cells[0]) or (width == 3 and _ERROR.search(cells[2]) and len(cells[2]) < 20):
                return Columns(tuple(cells))
    return None


def stated_abscissa(header: Sequence[str], columns: Columns | None) -> tuple[str, ...]:
    """The abscissas that the header allows; empty if it is silent."""
    text = "\n".join(line[:LONGEST_LINE] for line in header).lower()
    if columns is not None and (named := abscissas(columns.names[0])):
        if named == ("q", "q_nm"):
            named = ("q_nm",) if "q_nm^-1" in text else ("q",) if "q_a^-1" in text else named
        return named
    for line in reversed(header[-NEAR:]):
        # A line of its own, as FIT2D has it for each axis; or UXD's key before the numbers.
        name = _plain(line)
        if re.match(r"2thetac", name):
            return ("two_theta",)
        if _AXIS.fullmatch(name) and (found := abscissas(name)) and found != ("other",):
            return found
    for name in (r"q_a^-1", r"q_nm^-1"):
        if name in text:
            return ("q",) if name == "q_a^-1" else ("q_nm",)
    if re.search(r"integrationspace\s*=\s*qspace", text):
        return ("q", "q_nm")
    if "2th_deg" in text or re.search(r"integrationspace\s*=\s*twotheta", text):
        return ("two_theta",)
    return ()


def stated_kind(header: Sequence[str], columns: Columns | None) -> str | None:
    """``counts`` or ``counts_per_second`` where the header says so of the second column."""
    keys = [line for line in header[-NEAR:] if re.match(r"_2THETA(?:COUNTS|CPS)\b", line, re.I)]
    name = columns.names[1] if columns is not None else keys[-1] if keys else ""
    if _RATE.search(name):
        return "counts_per_second"
    return "counts" if _COUNTS.search(name) else None


def stated_wavelength(header: Sequence[str]) -> float | None:
    """The wavelength in angstrom, whatever its unit there, or that of a photon energy; None if none is stated.

    A number without a unit is in angstrom, or in metres where it is that small.
    """
    for line, found in _matches(_WAVELENGTH, header):
        value = _value(found)
        near = line[found.end() : found.end() + 12]
        for known, factor in _LENGTH_UNITS:
            if known.match(near.lstrip(" \"'[(")) or known.search(found[1]):
                value *= factor
                break
        else:
            value = value * 1e10 if value < 1e-8 else value
        if WAVELENGTHS[0] <= value <= WAVELENGTHS[1]:
            return value
    for line, found in _matches(_ENERGY, header):
        unit = re.search(r"\b(k?)ev\b", found[1] + line[found.end() : found.end() + 6], re.I)
        energy = _value(found) * (1.0 if unit and unit[1] else 1e-3)
        if unit and energy > 0 and WAVELENGTHS[0] <= 1e-3 * HC / energy <= WAVELENGTHS[1]:
            return 1e-3 * HC / energy
    return None


def stated_time(header: Sequence[str]) -> float | None:
    """Counting time per point in s, or None."""
    for line, found in _matches(_TIME, header):
        value = _value(found)
        after = line[found.end() : found.end() + 6]
        if re.search(r"\bmin", found[1] + after, re.I):
            value *= 60
        elif re.search(r"\bms", found[1] + after, re.I):
            value *= 1e-3
        if 0 < value <= 1e7:
            return value
    return None


def stated_other_axis(header: Sequence[str]) -> str | None:
    """What was moved where the header says that it was not the angle of scattering, as in a scan of height, or None."""
    return next((found[1] for _, found in _matches(_SCANNED, header)), None)


def stated_anode(header: Sequence[str]) -> str | None:
    """The element of the anode, or None."""
    return next((found.group(1).capitalize() for _, found in _matches(_ANODE, header)), None)


def _matches(pattern: re.Pattern[str], header: Sequence[str]) -> Iterator[tuple[str, re.Match[str]]]:
    for line in header:
        line = line[:LONGEST_LINE]
        if found := pattern.search(line):
            yield line, found


def _value(found: re.Match[str]) -> float:
    return float(found[2].replace(",", ".") + found[3])


def _plain(name: str) -> str:
    text = name.lower().replace("ϑ", "theta").replace("θ", "theta").replace("−", "-")
    return text.lstrip("#!;%\"'[( _\t").strip()
