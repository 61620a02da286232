"""What headers of other programs' reductions, and settings of PDFgetX3, say of the scans that lie beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from coherion.errors import InputError
from coherion.inputs.contents import Found
from coherion.scattering.composition import parse_formula

# The abscissa by PDFgetX3's dataformat, and our settings by its keys, which are numbers.
ABSCISSAE = {"twotheta": "two_theta", "QA": "q", "Qnm": "q_nm"}
NUMBERS = ("qmin", "qmax", "qmaxinst", "rpoly", "rmin", "rmax", "rstep")


def told_of_scan(scan: Path, recipes: Sequence[Found]) -> Mapping[str, str]:
    """The header that is about a scan: one that names it, else the settings file of its folder; empty where none is."""
    for one in recipes:
        if scan.name in names_in(one.header, "inputfile"):
            return one.header
    for one in recipes:
        if one.kind == "recipe" and one.path.parent == scan.parent and not names_in(one.header, "inputfile"):
            return one.header
    return {}


def names_in(header: Mapping[str, str], key: str) -> set[str]:
    """Names of files, without their folders, under a key of a header or its plural."""
    words = f"{header.get(key, '')} {header.get(key + 's', '')}".replace("\\", "/")
    return {Path(word.strip("'\",")).name for word in words.split()} - {""}


def composition_in(header: Mapping[str, str]) -> str | None:
    """The formula of a header as the tables have it, if it is one."""
    text = header.get("composition", "").strip()
    try:
        return "".join(text.split()) if text and parse_formula(text) else None
    except InputError:
        return None


def wavelength_in(header: Mapping[str, str]) -> float | None:
    """Angstrom; None where a header states none."""
    return _number(header, "wavelength")


def settings_in(headers: Sequence[Mapping[str, str]]) -> dict[str, float]:
    """The ranges and the rpoly on which all headers agree, by our names of the settings."""
    made = {}
    for name in NUMBERS:
        found = {_number(header, name) for header in headers}
        if len(found) == 1 and (value := found.pop()) is not None:
            made[name] = value
    return made


def scale_in(header: Mapping[str, str]) -> float | None:
    """The factor on the background, None where a header states none, or one for each of several."""
    return _number(header, "bgscale") or _number(header, "bgscales")


def _number(header: Mapping[str, str], key: str) -> float | None:
    words = header.get(key, "").split()
    try:
        value = float(words[0]) if len(words) == 1 else math.nan
    except ValueError:
        return None
    return value if math.isfinite(value) else None
