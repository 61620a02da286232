"""Names of quantities as people say them, for whatever a reader is shown: pages, tables, figures.

Files and configuration have them in letters that any keyboard has (``M1.u_iso``, ``sigma_25C_S_per_cm``); nothing else
in the package knows how they are said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from coherion.data.contract.tables import UNIT_ENDINGS

#: What the readings of the damping are called.
READINGS: Mapping[str, str] = {
    "size": "size alone",
    "size_strain": "size and strain",
    "strain": "strain alone",
    "lognormal": "log-normal spheres",
    "spheroid": "spheroids",
}
_STRAIN = "mean square strain"
_SAID: Mapping[str, str] = {
    "alpha": "α",
    "beta": "β",
    "gamma": "γ",
    "volume": "V",
    "scale": "scale factor",
    "delta1": "δ₁",
    "delta2": "δ₂",
    "coherence_length": "coherence length",
    "coherence_spread": "relative spread of the coherence length",
    "coherence_aspect": "polar by equatorial diameter",
    "microstrain_squared": _STRAIN,
    "microstrain squared": _STRAIN,
    **{f"microstrain_squared_{axis}": f"{_STRAIN} along {axis}" for axis in "abc"},
    "inverse_length": "1/L",
    "qdamp": "Qdamp",
    "qbroad": "Qbroad",
    "qslope_squared": "square of the resolution's slope",
    "rw": "Rw",
    "rw_two_phases": "Rw with two phases",
    "aicc": "AICc",
    "chi_squared_reduced": "reduced χ²",
    "activation_energy": "activation energy",
    "ln_prefactor": "ln σ₀",
    "activation_energy_ln_prefactor_covariance": "covariance of activation energy and ln σ₀",
    "arrhenius_curvature_p": "p of the Arrhenius line's curvature",
    "activation_energy_between_pellets": "activation energy, scatter between pellets",
    "side_reflection_z": "excess at the side phase's reflection, in standard errors",
    "reflection_width": "width of the reflections",
    "widths_disagreement": "distance of the widths of reflections from G(r), in standard uncertainties",
}
_OF_TEMPERATURE: Mapping[str, str] = {
    "sigma": "σ({} °C)",
    "sigma_measured": "σ({} °C) as measured",
    "capacitance": "capacitance at {} °C",
}
#: What stands below the line in one character; other indices cannot.
SUBSCRIPTS = str.maketrans("0123456789+-−aex", "₀₁₂₃₄₅₆₇₈₉₊₋₋ₐₑₓ")
_OF_SITE = re.compile(r"([^.:\s]+)\.(x|y|z|u_iso|u\d\d|occupancy)(?:\.(\w+))?")
_OF_DATA_SET = re.compile(r"(scale|qdamp|qbroad|qslope_squared)_(\d+)")
_AT = re.compile(r"(sigma_measured|sigma|capacitance)_(-?\d+)C(_between_pellets)?")
_AS = re.compile(rf"(\w+?)_as_({'|'.join(sorted(READINGS, key=len, reverse=True))})")
_READ = re.compile(rf"\b({'|'.join(sorted(READINGS, key=len, reverse=True))})\b")
_PARTS = {"counts": "from the data", "reading": "from the choice of a reading"}


def name_in_print(name: str) -> str:
    """``U(M1)`` for ``M1.u_iso``, ``mean square strain`` for ``microstrain_squared``; another name with blanks."""
    phase, _, own = name.rpartition(":")
    said = _said(own)
    return f"{phase}: {said}" if phase else said


def column_in_print(column: str) -> tuple[str, str]:
    """What a column of the table of the series is called, and its unit as the contract has it."""
    if part := re.fullmatch(rf"(.+)_sd_({'|'.join(_PARTS)})", column):
        said, unit = column_in_print(part[1])
        return f"{said}, s.u. {_PARTS[part[2]]}", unit
    # A name that is known as a whole has no unit at its end.
    if column not in _SAID:
        for ending, unit in UNIT_ENDINGS.items():
            if column.endswith(ending) and not _AT.fullmatch(column):
                return _said(column.removesuffix(ending)), unit
    return _said(column), ""


def _said(name: str) -> str:
    if name in _SAID:
        return _SAID[name]
    if found := _OF_SITE.fullmatch(name):
        site, symbol, element = found.groups()
        if symbol == "occupancy":
            return f"{element} on {site}" if element else f"occupancy of {site}"
        letter = "U" if symbol == "u_iso" else symbol.upper().translate(SUBSCRIPTS) if symbol[0] == "u" else symbol
        return f"{letter}({site})"
    if found := _OF_DATA_SET.fullmatch(name):
        return f"{_SAID[found[1]]}, data set {found[2]}"
    if found := _AT.fullmatch(name):
        return _OF_TEMPERATURE[found[1]].format(found[2]) + (", scatter between pellets" if found[3] else "")
    if found := _AS.fullmatch(name):
        return f"{_said(found[1])}, read as {READINGS[found[2]]}"
    if name.endswith("_from_widths"):
        return f"{_said(name.removesuffix('_from_widths'))} from widths of reflections"
    if shape := re.fullmatch(r"coherence_length_(\w+)", name):
        return f"coherence length, {shape[1].replace('_', ' ')}"
    # Derived quantities: a symbol, and words behind it.
    for symbol in sorted(_SAID, key=len, reverse=True):
        rest = name.removeprefix(f"{symbol} ").removeprefix(f"{symbol}, ")
        if rest != name:
            comma = ", " if name.startswith(f"{symbol}, ") else " "
            return f"{_SAID[symbol]}{comma}{_readings_in(rest)}"
    name = _readings_in(name)
    return name if "." in name else re.sub(r"(?<=[A-Za-z])_(?=[A-Za-z0-9])", " ", name)


def _readings_in(words: str) -> str:
    """Readings that stand behind ``as`` in a derived quantity's name, in words."""
    return re.sub(rf"(?<=\bas ){_READ.pattern}", lambda found: READINGS[found[1]], words)
