"""Well-formed cells that cannot be true together: sizes, masses, temperatures, compositions, densities.

Each function warns with the numbers that disagree and what to do about it; none of them changes anything.
"""

from __future__ import annotations

import itertools
import math
import random
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from coherion.atoms.composition import molar_mass, parse_formula
from coherion.atoms.elements import CHARGES
from coherion.constants import AVOGADRO, ZERO_CELSIUS
from coherion.errors import InputError
from coherion.messages import warn

if TYPE_CHECKING:
    from coherion.crystal.crystal import Crystal

# Pellets of laboratory presses: 3 mm to 4 cm across, 0.05 mm to 1 cm thick.
DIAMETERS_CM = (0.3, 4.0)
THICKNESSES_CM = (0.005, 1.0)
# Thickness over diameter: a taller pellet is not pressed evenly.
THICKEST = 0.5
# Pellets of one die agree in their diameter; a radius for it is half, an area off by less.
SAME_DIE, FEWEST_OF_DIE = 0.05, 2
# Amounts that follow x are weighed in, and written, to this.
AMOUNT_OF_X, FEWEST_OF_X = 0.015, 4
# Standard uncertainties of sizes beyond this share are of another unit, and so are those of temperatures from this.
LARGEST_SD, LARGEST_SD_K = 0.25, 25.0
# What is left of the charges of a formula, for each negative one: amounts are rounded.
UNBALANCED = 0.01
# Up to so many samples a line is tried through each two of them, else through so many pairs.
ALL_PAIRS, SOME_PAIRS = 60, 500
_X = re.compile(r"(?<![A-Za-z])x\s*=\s*(\d*[.,]?\d+)")
# A cold pressed powder is denser than a loose one and no denser than its crystal.
RELATIVE_DENSITIES = (0.3, 1.0)
# Masses are weighed to a few per cent of a small pellet at worst.
MASS_SD = 0.02
# Powder in a capillary; 1 is a solid rod.
PACKINGS = (0.1, 0.75)
ICE_POINTS = (273.0, ZERO_CELSIUS)
ABSOLUTE_ZERO = -ZERO_CELSIUS
# Ovens for ionic conductors stand at round numbers in degC; a plan in kelvin begins at or below the room's temperature.
WARMEST_KELVIN = 320.0
# A sensor reads within a few tenths of a kelvin of its plan; so many readings show that, or as many round numbers.
FEWEST_READINGS, FEWEST_ROUND, READINGS_BY_CHANCE = 4, 3, 1e-3
# Atoms per atom of the others; starting structures of a series differ from its members by less in ordered sites.
AMOUNT_TOLERANCE = 0.05
# What a refinement may change starts nearer than by this factor, or its sites are not those of the sample.
START_FACTOR = 1.6
# Unit cells of starting structures are good to a few per cent of volume.
DENSITY_TOLERANCE = 0.15


def warn_if_no_pellet(sample: str, row: Mapping[str, Any]) -> None:
    """Warn of a pellet's sizes that no pellet has, and of a mass that its size and density contradict.

    Parameters
    ----------
    sample
        Its name.
    row
        The sample's row: ``pellet_thickness_cm``, ``pellet_diameter_cm``, their ``_sd_cm``, ``pellet_mass_g`` and
        ``density_g_cm3``; what is absent is not checked.
    """
    thickness, diameter = row.get("pellet_thickness_cm"), row.get("pellet_diameter_cm")
    for what, size, (low, high) in (
        ("diameter", diameter, DIAMETERS_CM),
        ("thickness", thickness, THICKNESSES_CM),
    ):
        if size is not None and not low <= size <= high:
            unit = "written in mm" if size > high else "written in m" if size < low / 3 else "right"
            warn(
                f"sample {sample}: pellet_{what}_cm is {size:g} cm, pellets have {low:g} to {high:g} cm: is it {unit}? "
                "The conductivity goes with it"
            )
    if thickness is None or diameter is None:
        return
    if thickness > diameter:
        warn(
            f"sample {sample}: pellet_thickness_cm {thickness:g} exceeds pellet_diameter_cm {diameter:g}: "
            "are the two interchanged?"
        )
    elif thickness > THICKEST * diameter and THICKNESSES_CM[0] <= thickness <= THICKNESSES_CM[1]:
        warn(
            f"sample {sample}: pellet_thickness_cm {thickness:g} is {thickness / diameter:.2f} of pellet_diameter_cm "
            f"{diameter:g}, pellets have up to {THICKEST:g}: is one of them in mm, a radius or an area?"
        )
    mass, density = row.get("pellet_mass_g"), row.get("density_g_cm3")
    if mass is None or density is None:
        return
    volume = math.pi * diameter**2 / 4 * thickness
    relative = mass / volume / density
    sd = relative * math.hypot(
        row.get("pellet_thickness_sd_cm", 0.0) / thickness,
        2 * row.get("pellet_diameter_sd_cm", 0.0) / diameter,
        MASS_SD,
    )
    low, high = RELATIVE_DENSITIES
    if relative - 2 * sd > high or relative + 2 * sd < low:
        warn(
            f"sample {sample}: pellet_mass_g {mass:g} in {volume:.3g} cm3 ({thickness:g} cm thick, {diameter:g} cm "
            f"across) is {mass / volume:.3g} g/cm3, {relative:.2f} of density_g_cm3 {density:g}; pressed powders have "
            f"{low:g} to {high:g} of it: "
            + ("is the mass in mg?" if relative > 100 else "check mass, thickness, diameter and density")
        )


def warn_if_not_packed(sample: str, row: Mapping[str, Any]) -> None:
    """Warn of a packing that no powder in a capillary has; ``packing_fraction`` of a sample's row, if it is there."""
    packing, (low, high) = row.get("packing_fraction"), PACKINGS
    if packing is not None and packing < 1 and not low <= packing <= high:
        warn(
            f"sample {sample}: packing_fraction is {packing:g}, powders in capillaries have {low:g} to {high:g} of the "
            "solid's density (1 is a solid rod): the absorption goes with it"
        )


def warn_if_uncertain(sample: str, row: Mapping[str, Any], spectra: Sequence[Mapping[str, Any]]) -> None:
    """Warn of standard uncertainties that leave nothing certain: of sizes, and of temperatures beside their steps.

    Parameters
    ----------
    sample
        Its name.
    row
        Its row of the table of samples: columns that have one of ``_sd_``.
    spectra
        Its rows of the table of spectra: ``temperature_C`` and ``temperature_sd_C``.
    """
    for column, sd in row.items():
        size = row.get(column.replace("_sd", ""))
        if column.startswith("pellet_") and column.endswith("_sd_cm") and size and sd > LARGEST_SD * size:
            warn(
                f"sample {sample}: {column} is {sd:g}, {sd / size:.2f} of what it belongs to, {size:g}: is it in "
                "another unit, or in per cent? It is a standard uncertainty in the unit of its column"
            )
    stated = sorted({one["temperature_C"] for one in spectra if "temperature_C" in one})
    steps = [b - a for a, b in itertools.pairwise(stated)]
    limit = min([LARGEST_SD_K, *([sorted(steps)[len(steps) // 2]] if len(steps) > 1 else [])])
    far = [one for one in spectra if one.get("temperature_sd_C", 0.0) >= limit]
    if far:
        steps_told = f", the temperatures are {limit:g} K apart" if limit < LARGEST_SD_K else ""
        warn(
            f"sample {sample}: temperature_sd_C is {far[0]['temperature_sd_C']:g} K in {len(far)} of {len(spectra)} "
            f"rows{steps_told}: is it another column's? It is the standard uncertainty of the temperature"
        )


def in_kelvin(temperatures: Sequence[float]) -> bool:
    """Whether temperatures called degC are those of a plan in kelvin: round numbers only after 273 is taken off.

    Parameters
    ----------
    temperatures
        As they stand in the table; one is enough.
    """
    if not temperatures or min(temperatures) < 100:
        return False
    if not _all_round(temperatures) and any(_all_round(t - ice for t in temperatures) for ice in ICE_POINTS):
        return True
    return min(temperatures) < WARMEST_KELVIN and _are_readings_of(
        [t - ZERO_CELSIUS for t in temperatures], temperatures, READINGS_BY_CHANCE
    )


def in_fahrenheit(temperatures: Sequence[float]) -> bool:
    """Whether temperatures called degC are those of a plan in degrees Fahrenheit: round numbers only in degC."""
    celsius = [(t - 32) / 1.8 for t in temperatures]
    if len({round(t) for t in celsius}) >= FEWEST_ROUND and _all_round(celsius):
        return sum(not _all_round([t]) for t in temperatures) >= FEWEST_ROUND
    return _are_readings_of(celsius, temperatures, READINGS_BY_CHANCE / 10)


def _are_readings_of(shifted: Sequence[float], told: Sequence[float], limit: float) -> bool:
    """Whether a sensor's readings lie so near round numbers in another unit as chance would not bring them."""
    chance = _chance_of_round(shifted)
    return chance < limit and chance < 0.01 * _chance_of_round(told)


def _chance_of_round(temperatures: Iterable[float]) -> float:
    """How probable numbers at random lie as near multiples of 5; each multiple counts once."""
    offs: dict[int, float] = {}
    for t in temperatures:
        offs.setdefault(round(t / 5), t - 5 * round(t / 5))
    number = len(offs)
    if number < FEWEST_READINGS:
        return 1.0
    # The share that a ball of their distance has of the cube of all that could be.
    log = number * math.log(math.sqrt(math.pi) * max(math.hypot(*offs.values()), 1e-9) / 5)
    return math.exp(min(0.0, log - math.lgamma(number / 2 + 1)))


def converted_twice(temperatures: Sequence[float]) -> bool:
    """Whether 273 was taken off temperatures that were in degC already: round numbers only when it is put back."""
    if not temperatures or max(temperatures) > -70:
        return False
    return not _all_round(temperatures) and any(_all_round(t + ice for t in temperatures) for ice in ICE_POINTS)


def _all_round(temperatures: Iterable[float]) -> bool:
    return all(abs(t - 5 * round(t / 5)) < 1e-6 for t in temperatures)


def warn_if_kelvin(sample: str, temperatures: Sequence[float], column: str = "temperature_C") -> None:
    """Warn of temperatures in degC that were written in kelvin or Fahrenheit, or converted twice.

    Parameters
    ----------
    sample
        Its name.
    temperatures
        The sample's cells of ``column``, degC.
    column
        Where they stand.
    """
    low, high = (min(temperatures), max(temperatures)) if temperatures else (0.0, 0.0)
    span = f"{low:g}" if low == high else f"{low:g} to {high:g}"
    if in_kelvin(temperatures):
        shifted = " to ".join(f"{end - ZERO_CELSIUS:.4g}" for end in dict.fromkeys((low, high)))
        warn(
            f"sample {sample}: {column} is {span} degC, which would be {shifted} degC if it was written in kelvin: "
            "the column is in degC, subtract 273.15"
        )
    elif in_fahrenheit(temperatures):
        shifted = " to ".join(f"{(end - 32) / 1.8:.4g}" for end in dict.fromkeys((low, high)))
        warn(
            f"sample {sample}: {column} is {span} degC, which would be {shifted} degC, a plan of round numbers, if it "
            "was written in Fahrenheit: the column is in degC"
        )
    elif converted_twice(temperatures):
        warn(
            f"sample {sample}: {column} is {span} degC: was 273.15 subtracted from temperatures that were in degC "
            "already?"
        )


def warn_if_other_atoms(
    sample: str, composition: str, crystals: Mapping[str, Crystal], refined: Sequence[str] = ()
) -> None:
    """Warn where the starting structures cannot have the sample's composition.

    With several phases only the elements are compared. With one, amounts too, of elements whose sites are full, hold
    nothing else and keep their occupancy.

    Parameters
    ----------
    sample
        Its name.
    composition
        Its formula.
    crystals
        Starting structures by file.
    refined
        Patterns of the parameters that the refinement may change.
    """
    wanted = parse_formula(composition)
    files = ", ".join(crystals)
    held = {element for crystal in crystals.values() for element in crystal.composition}
    lacking, foreign = sorted(set(wanted) - held), sorted(held - set(wanted))
    if lacking or foreign:
        parts = [f"{', '.join(lacking)} of the composition {composition} is not in it"] if lacking else []
        parts += [f"{', '.join(foreign)} of it is not in the composition {composition}"] if foreign else []
        warn(f"sample {sample}: {files}: {'; '.join(parts)}: correct the composition or choose another structure")
        return
    if len(crystals) != 1:
        return
    crystal = next(iter(crystals.values()))
    if _warn_if_amounts_lack(sample, composition, files, crystal):
        return
    ordered = [element for element in wanted if _is_ordered(element, crystal, refined)]
    if len(ordered) < 2:
        return
    amounts = crystal.composition
    reference = max(ordered, key=lambda element: wanted[element])
    for element in ordered:
        stated = wanted[element] / wanted[reference]
        found = amounts[element] / amounts[reference]
        if abs(found / stated - 1) > AMOUNT_TOLERANCE:
            warn(
                f"sample {sample}: {files} has {found:.4g} {element} for each {reference}, the composition "
                f"{composition} {stated:.4g}: correct the composition or the occupancies"
            )


def _warn_if_amounts_lack(sample: str, composition: str, files: str, crystal: Crystal) -> bool:
    """Warn where elements that share sites are there in another amount than any start of a refinement would have."""
    wanted = parse_formula(composition)
    groups: list[set[str]] = []
    for site in crystal.sites:
        own = {species for species, _ in site.species}
        own = own.union(*(group for group in groups if group & own))
        groups = [group for group in groups if not group & own] + [own]
    amounts = crystal.composition
    stated = {", ".join(sorted(group)): sum(wanted[element] for element in group) for group in groups}
    found = {", ".join(sorted(group)): sum(amounts[element] for element in group) for group in groups}
    reference = max(stated, key=lambda group: stated[group])
    for group in stated:
        there, here = found[group] / found[reference], stated[group] / stated[reference]
        if not 1 / START_FACTOR < there / here < START_FACTOR:
            warn(
                f"sample {sample}: {files} has {there:.4g} {group} for each {reference}, the composition {composition} "
                f"{here:.4g}: is a site missing, or an occupancy wrong?"
            )
            return True
    return False


def _is_ordered(element: str, crystal: Crystal, refined: Sequence[str]) -> bool:
    sites = [site for site in crystal.sites if any(species == element for species, _ in site.species)]
    return all(
        len(site.species) == 1
        and abs(site.occupancy - 1) < 1e-3
        and not any(fnmatchcase(name, pattern) for name in site.occupancy_names() for pattern in refined)
        for site in sites
    )


def warn_if_other_density(sample: str, density: float, composition: str, crystals: Mapping[str, Crystal]) -> None:
    """Warn where the density in the table is not that of the starting structure.

    Parameters
    ----------
    sample
        Its name.
    density
        g/cm3.
    composition
        Its formula; only told.
    crystals
        Starting structures by file; nothing is checked with several phases.
    """
    if len(crystals) != 1:
        return
    file, crystal = next(iter(crystals.items()))
    found = molar_mass(crystal.composition) / (AVOGADRO * 1e-24 * crystal.volume)
    if abs(density / found - 1) > DENSITY_TOLERANCE:
        warn(
            f"sample {sample}: density_g_cm3 is {density:g}, {file} has {found:.3g} g/cm3 ({composition}): "
            "the column is the density of the crystal, not of powder or pellet"
        )


def warn_if_charged(sample: str, composition: str) -> None:
    """Warn of a formula whose ions do not balance: an amount or an element is mistyped.

    Nothing is said where one of its elements has several charges, or where it has no anion.

    Parameters
    ----------
    sample, composition
        Its name and its formula.
    """
    formula = parse_formula(composition)
    anions = {element for element in formula if CHARGES.get(element, 0) < 0}
    if not anions or not CHARGES.keys() >= formula.keys() or (len(anions) > 1 and not _are_halogens(anions)):
        return
    total = sum(amount * CHARGES[element] for element, amount in formula.items())
    negative = sum(formula[element] * -CHARGES[element] for element in anions)
    # Peroxides and superoxides: oxygen of a charge of -1 or -1/2.
    others = [total + formula.get("O", 0.0) * less for less in (1.0, 1.5)] if anions == {"O"} else []
    if min(abs(left) for left in (total, *others)) > UNBALANCED * negative:
        charges = ", ".join(f"{element} {CHARGES[element]:+d}" for element in formula)
        warn(
            f"sample {sample}: the ions of {composition} leave a charge of {total:+.3g} ({charges}): is an amount or "
            "an element mistyped? Form factors, density and normalisation go with it"
        )


def _are_halogens(anions: Iterable[str]) -> bool:
    """Whether anions have a charge each: beside another a halogen may have oxygen around it."""
    return all(CHARGES[element] == -1 for element in anions)


def warn_if_other_x(sample: str, row: Mapping[str, Any]) -> None:
    """Warn where the title says another x than the column.

    Parameters
    ----------
    sample
        Its name.
    row
        The sample's row: ``title`` and ``x``; what is absent is not checked.
    """
    told = _X.search(str(row.get("title", "")))
    if told and "x" in row and abs(float(told[1].replace(",", ".")) - row["x"]) > 1e-6:
        warn(f"sample {sample}: x is {row['x']:g}, its title says {told[0]}: correct one of them")


def warn_if_off_the_series(rows: Sequence[Mapping[str, Any]]) -> None:
    """Warn of samples whose composition does not follow x, or whose pellet is of no die, as the others do.

    An amount follows x where more than half of the samples lie on one line of it; one composition for all does too.

    Parameters
    ----------
    rows
        Rows of the table of samples: ``sample``, ``x``, ``composition``, ``pellet_diameter_cm``.
    """
    listed = []
    for row in rows:
        if "x" in row and "composition" in row and row.get("group") != "standard":
            try:
                listed.append((row["sample"], float(row["x"]), parse_formula(row["composition"])))
            except InputError:
                continue  # told where it stands
    off = _in_per_cent(listed)
    for element in dict.fromkeys(element for *_, formula in listed for element in formula):
        points = [(x, formula.get(element, 0.0)) for _, x, formula in listed]
        for (sample, x, formula), expected in zip(listed, _on_line(points), strict=True):
            if expected is not None:
                text = f"{formula.get(element, 0.0):g} {element} at x {x:g} where the others' line has {expected:.3g}"
                off.setdefault(sample, f" as in the other samples, {text}")
    for sample, text in _off_as_amounts(listed).items():
        off.setdefault(sample, text)
    for sample, text in off.items():
        warn(f"sample {sample}: x and composition do not go together{text}: correct one")
    sizes = [(row["sample"], row["pellet_diameter_cm"]) for row in rows if "pellet_diameter_cm" in row]
    amounts = Counter(size for _, size in sizes)
    die_of = {size: sum(n for one, n in amounts.items() if abs(one / size - 1) <= SAME_DIE) for size in amounts}
    most, number = max(die_of.items(), key=lambda one: one[1], default=(0.0, 0))
    if number < FEWEST_OF_DIE or number <= len(sizes) / 2:
        return
    for sample, size in sizes:
        if die_of[size] > 1:
            continue
        for what, factor in (("a radius", 0.5), ("an area", math.pi * most / 4), ("twice it", 2.0)):
            if abs(size / (factor * most) - 1) <= SAME_DIE:
                warn(
                    f"sample {sample}: pellet_diameter_cm is {size:g} where {number} others have {most:g}: is "
                    f"it {what}? The conductivity goes with its square"
                )
                break


def _off_as_amounts(listed: Sequence[tuple[str, float, Mapping[str, float]]]) -> dict[str, str]:
    """Samples whose x is no amount of their composition where it is in all others, or is one but for its decimals."""
    found: dict[str, str] = {}
    having: dict[tuple[tuple[str, float], ...], set[float]] = {}
    for _, x, formula in listed:
        having.setdefault(tuple(sorted(formula.items())), set()).add(x)
    off = {
        element: [sample for sample, x, formula in listed if abs(formula.get(element, 0.0) - x) > AMOUNT_OF_X]
        for element in {element for *_, formula in listed for element in formula}
    }
    numbers = Counter(x for _, x, _ in listed)
    for sample, x, formula in listed:
        if having[tuple(sorted(formula.items()))] != {x}:
            continue  # what varies is no composition
        several_others = len(numbers) - (numbers[x] == 1) >= 2
        for element, amount in formula.items():
            if several_others and off[element] == [sample]:
                found.setdefault(sample, f": {amount:g} {element} at x {x:g} where it is x in all others")
        parts = [amount % 1 for amount in formula.values() if amount % 1 > 1e-6]
        parts += [1 - part for part in parts]
        if not 0 < x < 0.1 or any(abs(part - x) <= AMOUNT_OF_X for part in parts):
            continue
        if any(abs(part - 10 * x) < 1e-6 for part in parts):
            found.setdefault(sample, f": x is {x:g}, and an amount in it is {10 * x:g}, ten times as much")
    return found


def _in_per_cent(listed: Sequence[tuple[str, float, Mapping[str, float]]]) -> dict[str, str]:
    """Samples whose x is a hundred times an amount of their composition, where no other is above 1."""
    found = {}
    for sample, x, formula in listed:
        parts = [amount % 1 for amount in formula.values()]
        if x <= 1 or not any(abs(part - x / 100) < 1e-6 for part in [*parts, 1.0]):
            continue
        others = [there for name, there, other in listed if name != sample and other != formula]
        if others and max(others) <= 1:
            found[sample] = (
                f": x is {x:g} where all others have 0 to 1, and an amount in it is {x / 100:g}: in per cent?"
            )
    return found


def _on_line(points: Sequence[tuple[float, float]]) -> list[float | None]:
    """What each point off the line of more than half of the others would have on it, None for those on it."""
    none: list[float | None] = [None] * len(points)
    best, inside = none, len(points) / 2
    if len(points) < FEWEST_OF_X or len({x for x, _ in points}) < FEWEST_OF_X - 1:
        return none
    pairs: Iterable[Sequence[tuple[float, float]]] = itertools.combinations(points, 2)
    if len(points) > ALL_PAIRS:
        # Of pairs at random more than a quarter lie on a line of more than half of the points.
        generator = random.Random(len(points))
        pairs = (generator.sample(points, 2) for _ in range(SOME_PAIRS))
    for (x1, y1), (x2, y2) in pairs:
        if x1 == x2:
            continue
        line = [y1 + (y2 - y1) / (x2 - x1) * (x - x1) for x, _ in points]
        near = [abs(value - y) <= AMOUNT_OF_X for value, (_, y) in zip(line, points, strict=True)]
        if sum(near) > inside:
            inside = sum(near)
            best = [None if good else value for value, good in zip(line, near, strict=True)]
    return best
