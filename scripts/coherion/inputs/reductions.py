"""What headers of other programs' reductions, and settings of PDFgetX3, say of the scans that lie beside them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from coherion.atoms.composition import parse_formula
from coherion.errors import InputError
from coherion.inputs.contents import Found, farthest

# The abscissa by PDFgetX3's dataformat, and our settings by its keys, which are numbers.
ABSCISSAE = {"twotheta": "two_theta", "QA": "q", "Qnm": "q_nm"}
# The end of a reduction may lie a step beyond that of its scan.
REACHED = 1.02
NUMBERS = ("qmin", "qmax", "qmaxinst", "rpoly", "rmin", "rmax", "rstep")


@dataclass(frozen=True)
class Reduction:
    """What another program was told of a scan: its header or settings, and the scan that it took for background."""

    header: Mapping[str, str]
    background: Found | None = None


def reductions_of(scans: Sequence[Found], recipes: Sequence[Found]) -> dict[Path, Reduction]:
    """What headers and settings say, by the scan: a header that names it, the nearest, else settings of its folder."""
    made: dict[Path, Found] = {}
    for recipe in sorted(recipes, key=lambda one: one.path):
        scan = scan_of(recipe, scans)
        if scan is not None and _nearer(recipe, made.get(scan.path), scan):
            made[scan.path] = recipe
    for scan in scans:
        general = [one for one in recipes if one.kind == "recipe" and not names_in(one.header, "inputfile")]
        beside = [one for one in general if one.path.parent == scan.path.parent]
        if beside and scan.path not in made:
            made[scan.path] = beside[0]
    backgrounds = {path: _named(names_in(one.header, "backgroundfile"), one, scans) for path, one in made.items()}
    return {
        path: Reduction(one.header, other if (other := backgrounds[path]) is None or other.path != path else None)
        for path, one in made.items()
    }


def scan_of(recipe: Found, scans: Sequence[Found]) -> Found | None:
    """The scan that a reduction was made from; None where its file is not here, or is another of the same name."""
    return _named(names_in(recipe.header, "inputfile"), recipe, [one for one in scans if _can_be(recipe.header, one)])


def _named(names: set[str], recipe: Found, scans: Sequence[Found]) -> Found | None:
    """The scan that has one of the names, the nearest by folder; one of the same folder may have more behind it."""
    wanted = {name.casefold() for name in names}
    same = [one for one in scans if one.path.name.casefold() in wanted]
    if same:
        return max(same, key=lambda one: shared_folders(one.path, recipe.path))
    stems = tuple(f"{Path(name).stem}{mark}" for name in wanted for mark in "_-. ")
    longer = [
        one
        for one in scans
        if one.path.parent == recipe.path.parent and stems and one.path.stem.casefold().startswith(stems)
    ]
    return longer[0] if len(longer) == 1 else None


def _can_be(header: Mapping[str, str], scan: Found) -> bool:
    """Whether a reduction can have been made from a scan: by the abscissa that it was told, and as far as it went."""
    assert scan.scan is not None
    told = ABSCISSAE.get(header.get("dataformat", ""))
    if told is None:
        return True
    if (scan.scan.raw or (scan.abscissa_stated and not scan.abscissa_guessed)) and told != scan.abscissa:
        return False
    reach, wavelength = farthest(scan.scan.x, told), _number(header, "wavelength")
    if told == "two_theta":
        if wavelength is None or reach > 180:
            return reach <= 180
        reach = 4 * math.pi / wavelength * math.sin(math.radians(reach / 2))
    return (_number(header, "qmax") or 0.0) <= REACHED * reach


def _nearer(recipe: Found, other: Found | None, scan: Found) -> bool:
    return other is None or shared_folders(recipe.path, scan.path) > shared_folders(other.path, scan.path)


def shared_folders(first: Path, second: Path) -> int:
    """How many folders two files share, from the root."""
    pairs = zip(first.parent.parts, second.parent.parts, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


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
