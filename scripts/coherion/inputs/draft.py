"""A first set of tables and settings from the files of a folder.

What the files say is written, what their names suggest is written as a guess and listed, and what only the user knows
is written as ``?``, which the workflow refuses until it is filled in.
"""

from __future__ import annotations

import datetime
import json
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from coherion.atoms.composition import parse_formula
from coherion.data.spectra.file_names import temperature_in
from coherion.data.tables import TO_FILL_IN, write_table
from coherion.errors import InputError
from coherion.inputs.backgrounds import backgrounds, covers, level, unnamed_background
from coherion.inputs.contents import Found, contents_of, farthest, files_below
from coherion.inputs.names import (
    STANDARDS,
    formula_in,
    name_of,
    sample_in,
    shared_start,
)
from coherion.inputs.reductions import (
    ABSCISSAE,
    REACHED,
    Reduction,
    composition_in,
    names_in,
    reductions_of,
    scale_in,
    scan_of,
    settings_in,
    shared_folders,
    wavelength_in,
)
from coherion.messages import gathered
from coherion.scattering.pattern import WAVELENGTH_TOLERANCE

if TYPE_CHECKING:
    from coherion.data.scans.sources import ScanSource

# Columns in the order in which a user fills them in.
SAMPLE_COLUMNS = [
    *("sample", "title", "group", "x", "composition", "scan", "pair_distribution", "background", "background_scale"),
    *("refined_with", "further_backgrounds"),
    *("density_g_cm3", "packing_fraction", "structure", "standard"),
    *("pellet_thickness_cm", "pellet_thickness_sd_cm", "pellet_diameter_cm", "pellet_diameter_sd_cm"),
    *("pellet_mass_g", "annealing_C", "temperature_K", "time_h", "exclude"),
]
SCAN_COLUMNS = ["scan", "file", "abscissa", "intensity_kind", "time_per_point_s", "wavelength_A", "range_number"]
SPECTRA_COLUMNS = ["sample", "file", "temperature_C", "temperature_sd_C", "cycles", "columns", "exclude"]
FOUND_COLUMNS = [
    *("file", "holds", "points", "from", "to", "unit", "wavelength_A", "time_per_point_s", "sweeps"),
    *("temperature_C", "amplitude_V", "title", "remark"),
]
# The share of scans that may end far below the others before each is taken to its own end.
FEW = 0.2
# Structures that ship with the workflow, by formula.
SHIPPED = {"LaB6": "config/structures/LaB6.cif"}


@dataclass
class Draft:
    """Texts of the files to write, by name, what was guessed, and what was left out with the reason."""

    files: dict[str, str] = field(default_factory=dict)
    guesses: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    to_fill_in: list[str] = field(default_factory=list)


@dataclass
class _Rows:
    samples: dict[str, dict[str, Any]] = field(default_factory=dict)
    scans: list[dict[str, Any]] = field(default_factory=list)
    spectra: list[dict[str, Any]] = field(default_factory=list)
    guesses: dict[str, list[str]] = field(default_factory=lambda: {"samples": [], "scans": [], "spectra": []})


def draft_series(raw: str | os.PathLike[str], into: str | os.PathLike[str]) -> Draft:
    """Tables and settings for the files below a folder.

    Parameters
    ----------
    raw
        The folder with the raw files; nothing in it is changed.
    into
        Where the series will stand.

    Raises
    ------
    InputError
        If the folder is none, or holds neither scans nor spectra.
    """
    root = Path(raw)
    target = Path(into).resolve()
    found = [_usable(contents_of(path), root) for path in files_below(root) if not _within(path, target, root)]
    found = _without_doubles(found)
    scans = [one for one in found if one.kind == "scan"]
    spectra = [one for one in found if one.kind == "spectra"]
    structures = [one for one in found if one.kind == "structure"]
    recipes = [one for one in found if one.kind in ("recipe", "pair_distribution")]
    given = [one for one in recipes if one.kind == "pair_distribution" and scan_of(one, scans) is None]
    if not scans and not spectra and not given:
        raise InputError(
            "holds neither scans nor impedance spectra",
            file=root,
            found=f"{len(found)} files" + (f", such as {found[0].path.name}: {found[0].why}" if found else ""),
            expected="STOE raw files, scans as text, .mpr, .mpt, .z, .DTA or columns of impedance",
        )
    rows = _Rows()
    reductions = reductions_of(scans, recipes)
    _add_scans(rows, scans, structures, root, target, reductions)
    _add_pair_distributions(rows, given, structures, root, target)
    _add_spectra(rows, spectra, root)
    draft = Draft(left_out=[f"{one.path.relative_to(root)}: {one.why}" for one in found if one.kind == "other"])
    draft.left_out += [
        f"{one.path.relative_to(root)}: was made from a scan that is here; its header is read"
        for one in recipes
        if one.kind == "pair_distribution" and one not in given
    ]
    draft.counts = {
        "scans": len(scans),
        "files of G(r)": len(given),
        "files of spectra": len(spectra),
        "structures": len(structures),
    }
    draft.guesses = [f"{table}.tsv: {guess}" for table, guesses in rows.guesses.items() for guess in guesses]
    tables = {
        "samples": (list(rows.samples.values()), SAMPLE_COLUMNS),
        "scans": (rows.scans, SCAN_COLUMNS),
        "spectra": (rows.spectra, SPECTRA_COLUMNS),
    }
    for name, (listed, all_columns) in tables.items():
        # One standard is the configuration's.
        columns = [one for one in all_columns if one != "standard" or any("standard" in row for row in listed)]
        if listed:
            heading = [f"# guessed: {' '.join(guess.split())}" for guess in gathered(rows.guesses[name])]
            draft.files[f"{name}.tsv"] = "\n".join([*heading, write_table(listed, columns)])
            draft.to_fill_in += _holes(f"{name}.tsv", listed, columns)
    draft.files["found.tsv"] = write_table([_described(one, root) for one in found], FOUND_COLUMNS)
    draft.files["config.yaml"] = _config(
        rows,
        scans,
        given,
        _written(root, target),
        set(draft.files),
        settings_in([one.header for one in reductions.values()]),
    )
    return draft


def _within(path: Path, target: Path, root: Path) -> bool:
    """Whether a file belongs to the series that is being made, which may stand in the folder itself."""
    return target != root.resolve() and path.resolve().is_relative_to(target)


def _usable(found: Found, root: Path) -> Found:
    file = str(found.path.relative_to(root))
    if found.kind in ("scan", "spectra") and (not file.isprintable() or "|" in file or file != file.strip()):
        return Found(found.path, "other", why="its name cannot stand in a table: rename it without | or control marks")
    return found


def _without_doubles(found: Sequence[Found]) -> list[Found]:
    """Each measurement once: of files that differ in their ending only, the one that says most."""
    kept: dict[tuple[Path, str], Found] = {}
    doubles = {}
    for one in found:
        if one.kind not in ("scan", "spectra"):
            continue
        key = (one.path.with_suffix(""), one.kind)
        if key not in kept:
            kept[key] = one
        elif _same(kept[key], one):
            better = max(kept[key], one, key=_knowledge)
            worse = one if better is kept[key] else kept[key]
            kept[key] = better
            doubles[worse.path] = f"is the same measurement as {better.path.name}"
    return [Found(one.path, "other", why=doubles[one.path]) if one.path in doubles else one for one in found]


def _same(first: Found, second: Found) -> bool:
    if first.scan is not None and second.scan is not None:
        return _same_scan(first.scan, second.scan)
    if len(first.spectra) != len(second.spectra) or not first.spectra:
        return False
    a, b = first.spectra[0].impedance, second.spectra[0].impedance
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-3))


def _same_scan(first: ScanSource, second: ScanSource) -> bool:
    """Whether two scans are of one measurement: alike, or one the counts per second of the other, as rounded there."""
    if first.y.shape != second.y.shape or np.abs(first.x - second.x).max() > 1e-3:
        return False
    if np.allclose(first.y, second.y, rtol=1e-4):
        return True
    total = float(first.y.sum()), float(second.y.sum())
    if min(total) <= 0:
        return False
    counts, rates = (first, second) if total[0] > total[1] else (second, first)
    time = max(total) / min(total)
    if counts.time is not None and abs(time / counts.time - 1) > 1e-2:
        return False
    rounding = 0.5 * 10.0 ** -(rates.decimals or 0)
    return bool(np.all(np.abs(counts.y / time - rates.y) <= 1.01 * rounding + 1e-4 * np.abs(rates.y)))


def _knowledge(found: Found) -> int:
    if found.scan is not None:
        return 2 * found.scan.raw + (found.wavelength is not None)
    return found.path.suffix.lower() == ".mpr"


def _unique(name: str, taken: Iterable[str]) -> str:
    """A name that no other has, whatever its case."""
    used = {one.casefold() for one in taken}
    candidate, number = name, 2
    while candidate.casefold() in used:
        candidate, number = f"{name[:58]}_{number}", number + 1
    return candidate


def _add_pair_distributions(
    rows: _Rows, given: Sequence[Found], structures: Sequence[Found], root: Path, target: Path
) -> None:
    for one in given:
        name = _unique(name_of(one.path.stem), rows.samples)
        row: dict[str, Any] = {"sample": name, "title": one.path.stem, "group": "other"}
        row["pair_distribution"] = one.path.relative_to(root).as_posix()
        if formula := composition_in(one.header) or formula_in(one.path.stem):
            row["composition"] = formula
        _add_structure(rows, row, one, formula, structures, target)
        rows.samples[name] = row


def _add_scans(
    rows: _Rows,
    scans: Sequence[Found],
    structures: Sequence[Found],
    root: Path,
    target: Path,
    reductions: Mapping[Path, Reduction],
) -> None:
    names: dict[Path, str] = {}
    # A background was measured and integrated as the scan that it was subtracted from.
    of_backgrounds = {made.background.path: made.header for made in reductions.values() if made.background is not None}
    for one in scans:
        name = _unique(name_of(one.path.stem), names.values())
        names[one.path] = name
        assert one.scan is not None
        row: dict[str, Any] = {"scan": name, "file": one.path.relative_to(root).as_posix()}
        if not one.scan.raw:
            header = reductions[one.path].header if one.path in reductions else of_backgrounds.get(one.path, {})
            # What PDFgetX3 was given was integrated and normalised, not counted.
            kind = one.intensity_kind or ("arbitrary" if header else TO_FILL_IN)
            stated = ABSCISSAE.get(header.get("dataformat", ""), one.abscissa)
            row |= {"abscissa": stated, "intensity_kind": kind}
            if one.wavelength is None and stated in ("two_theta", "theta"):
                row["wavelength_A"] = wavelength_in(header) or TO_FILL_IN
            if header:
                rows.guesses["scans"].append(f"{name}: as the header or settings of another program's reduction say")
            if one.intensity_kind == "counts_per_second" and one.scan.time is None:
                row["time_per_point_s"] = TO_FILL_IN
            if one.abscissa == "two_theta" and not one.abscissa_stated:
                rows.guesses["scans"].append(f"{name}: abscissa two_theta, nothing says that it is not")
        rows.guesses["scans"] += [f"{name}: {guess}" for guess in one.guesses]
        rows.scans.append(row)
    made_of = {path for path, made in reductions.items() if names_in(made.header, "inputfile")}
    named = [one for one in scans if one.path in of_backgrounds and one.path not in made_of]
    likely, against = backgrounds([one for one in scans if one not in named])
    empties = named + likely
    rows.guesses["samples"] += against
    for one in scans:
        if one in empties:
            continue
        name, made = names[one.path], reductions.get(one.path, Reduction({}))
        header = made.header
        formula = composition_in(header) or formula_in(one.path.stem)
        row = {
            "sample": name,
            "title": one.path.stem,
            "group": "other",
            "composition": formula or TO_FILL_IN,
            "scan": name,
        }
        told = rows.guesses["samples"]
        if formula and not composition_in(header):
            told.append(f"{name}: composition {formula}, from the name")
        if made.background is not None:
            row["background"] = names[made.background.path]
            if (scale := scale_in(header)) is not None and scale >= 0:
                row["background_scale"] = scale
        elif fitting := [empty for empty in empties if covers(empty, one)]:
            nearest = max(fitting, key=lambda empty: _nearness(empty, one))
            row["background"] = names[nearest.path]
            above = ", though it lies above: counted for longer?" if level(nearest) > level(one) else ""
            told.append(f"{name}: background {names[nearest.path]}, from the names{above}")
        elif not empties and (unnamed := unnamed_background(one, scans)):
            row["background"] = TO_FILL_IN
            told.append(
                f"{name}: background open; {names[unnamed.path]} has no reflections and lies below all others: is it "
                "the empty capillary?"
            )
        _add_structure(rows, row, one, formula, structures, target)
        if "structure" in row and formula in STANDARDS:
            row["group"] = "standard"
            told.append(f"{name}: group standard, for {formula} is one")
        rows.samples[name] = row
    _add_standards(rows, {names[one.path]: one for one in scans})


def _add_standards(rows: _Rows, scans: Mapping[str, Found]) -> None:
    """Where there are several standards, each sample's own: of its radiation, the nearest by folder, then by date."""
    standards = [name for name, row in rows.samples.items() if row["group"] == "standard"]
    if len(standards) < 2:
        return
    lengths = {
        row["scan"]: _number(row.get("wavelength_A")) or scans[row["scan"]].wavelength
        for row in rows.scans
        if row["scan"] in scans
    }
    for name, row in rows.samples.items():
        if "scan" not in row or name in standards:
            continue
        one = scans[name]
        alike = [other for other in standards if _same_radiation(other, name, scans, lengths)]
        if not alike:
            rows.guesses["samples"].append(f"{name}: no standard of its radiation")
            continue
        near = {
            other: (shared_folders(scans[other].path, one.path), -_days_apart(scans[other], one)) for other in alike
        }
        best = max(near.values())
        nearest = [other for other in alike if near[other] == best]
        row["standard"] = nearest[0] if len(nearest) == 1 else TO_FILL_IN
        rows.guesses["samples"].append(
            f"{name}: standard {nearest[0]}, by radiation, folder and date"
            if len(nearest) == 1
            else f"{name}: standard open; {', '.join(nearest)} are as near by folder and date"
        )


def _same_radiation(
    standard: str, sample: str, scans: Mapping[str, Found], lengths: Mapping[str, float | None]
) -> bool:
    """Whether both say the same wavelength, or stand in one folder and do not say another."""
    a, b = lengths[standard], lengths[sample]
    if a is None or b is None:
        return scans[standard].path.parent == scans[sample].path.parent
    return abs(a / b - 1) < WAVELENGTH_TOLERANCE


def _number(cell: Any) -> float | None:
    return cell if isinstance(cell, float) else None


def _days_apart(first: Found, second: Found) -> float:
    """Between the dates that two raw files state; 0 where one is silent."""
    a, b = _date(first), _date(second)
    return 0.0 if a is None or b is None else abs((a - b).total_seconds()) / 86400


def _date(found: Found) -> datetime.datetime | None:
    """When a scan was measured, as STOE's files say it; other files are silent."""
    stated = str(found.scan.instrument.get("date", "")) if found.scan is not None else ""
    try:
        return datetime.datetime.strptime(stated.strip(), "%d-%b-%y %H:%M")
    except ValueError:
        return None


def _nearness(empty: Found, sample: Found) -> tuple[bool, bool, int]:
    assert empty.scan is not None and sample.scan is not None
    same_folder = empty.path.parent == sample.path.parent
    same_grid = empty.scan.x.size == sample.scan.x.size
    return same_folder, same_grid, shared_start(empty.path.stem, sample.path.stem)


def _add_structure(
    rows: _Rows, row: dict[str, Any], of: Found, formula: str | None, structures: Sequence[Found], target: Path
) -> None:
    """The structure that holds the elements of a formula, the nearest by folder; open where several are as near."""
    if formula is None:
        return
    elements = set(parse_formula(formula))
    fitting = [one for one in structures if set(one.elements) == elements]
    if not fitting and formula not in SHIPPED:
        return
    near = [shared_folders(one.path, of.path) for one in fitting]
    nearest = [one for one, shared in zip(fitting, near, strict=True) if shared == max(near)]
    # Copies of one file are one structure.
    different = {one.path.read_bytes(): one for one in reversed(nearest)}
    told = rows.guesses["samples"]
    if len(different) > 1:
        row["structure"] = TO_FILL_IN
        listed = ", ".join(_written(one.path, target) for one in nearest)
        told.append(f"{row['sample']}: structure open; {listed} hold the elements of {formula}")
        return
    row["structure"] = _written(nearest[0].path, target) if nearest else SHIPPED[formula]
    told.append(f"{row['sample']}: structure {row['structure']}, which holds the elements of {formula}")


def _add_spectra(rows: _Rows, spectra: Sequence[Found], root: Path) -> None:
    known = {name.casefold(): name for name in rows.samples}
    for one in spectra:
        stem = one.path.stem
        wanted = sample_in(stem)
        name = known.setdefault(wanted.casefold(), wanted)
        file = one.path.relative_to(root).as_posix()
        row: dict[str, Any] = {"sample": name, "file": file}
        told = rows.guesses["spectra"]
        measured = [s.temperature for s in one.spectra if s.temperature is not None]
        stated = {s.stated_temperature for s in one.spectra} - {None}
        named = temperature_in(stem)
        if not measured or len(measured) < len(one.spectra):
            guess = named if named is not None else stated.pop() if len(stated) == 1 else None
            row["temperature_C"] = TO_FILL_IN if guess is None else guess
            if guess is not None:
                told.append(f"{file}: temperature {guess:g} degC, from its name or title")
            elif len(one.spectra) > 1:
                told.append(
                    f"{file}: {len(one.spectra)} sweeps of one temperature, cycles {_listed(one)}; where they "
                    "differ in it, each needs a row with its cycle"
                )
        if one.columns_unnamed:
            row["columns"] = TO_FILL_IN
        rows.spectra.append(row)
        sample = rows.samples.get(name)
        if sample is None:
            sample = rows.samples[name] = {"sample": name, "title": name, "group": "other"}
            if formula := formula_in(name):
                sample["composition"] = formula
                rows.guesses["samples"].append(f"{name}: composition {formula}, from the name")
            rows.guesses["samples"].append(
                f"{name}: the sample of spectra/{file}, from its name".replace("spectra/", "")
            )
        sample |= {"pellet_thickness_cm": TO_FILL_IN, "pellet_diameter_cm": TO_FILL_IN}


def _listed(found: Found) -> str:
    cycles = [str(spectrum.cycle) for spectrum in found.spectra]
    return ", ".join(cycles if len(cycles) <= 12 else [*cycles[:10], "...", cycles[-1]])


def _holes(table: str, rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> list[str]:
    """Columns with cells to fill in, and how many of them."""
    counts = {column: sum(row.get(column) == TO_FILL_IN for row in rows) for column in columns}
    return [f"{table}, column {column}: {count} of {len(rows)} rows" for column, count in counts.items() if count]


def _described(found: Found, root: Path) -> dict[str, Any]:
    """A row of the list of what was found."""
    row: dict[str, Any] = {"file": found.path.relative_to(root).as_posix(), "holds": found.kind, "remark": found.why}
    if found.scan is not None:
        unit = {"q": "1/angstrom", "q_nm": "1/nm", "d": "angstrom"}.get(found.abscissa, "degree")
        row |= {"points": found.scan.x.size, "from": float(found.scan.x[0]), "to": float(found.scan.x[-1])}
        row |= {"unit": unit, "wavelength_A": found.wavelength, "time_per_point_s": found.scan.time}
        row["title"] = found.scan.title
        instrument = [f"{key} {value}" for key, value in found.scan.instrument.items() if key in ("anode", "detector")]
        row["remark"] = ", ".join([*instrument, *found.scan.history])
    elif found.spectra:
        frequencies = np.concatenate([s.frequency for s in found.spectra])
        temperatures = [s.temperature for s in found.spectra if s.temperature is not None]
        row |= {"points": frequencies.size, "from": float(frequencies.min()), "to": float(frequencies.max())}
        row |= {"unit": "Hz", "sweeps": len(found.spectra), "amplitude_V": found.spectra[0].amplitude}
        if temperatures:
            low, high = min(temperatures), max(temperatures)
            row["temperature_C"] = f"{low:.4g}" if high - low < 0.5 else f"{low:.4g} to {high:.4g}"
        row["remark"] = "; ".join(dict.fromkeys(note for s in found.spectra for note in (*s.notes, *s.doubts)))
    elif found.reach is not None:
        row |= {"to": found.reach, "unit": "angstrom"}
    elif found.elements:
        row["remark"] = " ".join(f"{element}{amount:g}" for element, amount in found.elements.items())
    return row


def _written(path: Path, target: Path) -> str:
    """A path as the settings name it: relative where it stands in the series, else absolute."""
    full = path.resolve()
    return full.relative_to(target).as_posix() or "." if full.is_relative_to(target) else full.as_posix()


def _reach(found: Found) -> float | None:
    """Largest Q of a scan in 1/angstrom, None where its wavelength is not known."""
    assert found.scan is not None
    last = farthest(found.scan.x, found.abscissa)
    if found.abscissa not in ("two_theta", "theta"):
        return last
    if found.wavelength is None:
        return None
    return 4 * math.pi / found.wavelength * math.sin(math.radians(last / 2))


def _config(
    rows: _Rows,
    scans: Sequence[Found],
    given: Sequence[Found],
    data_folder: str,
    tables: set[str],
    told: Mapping[str, float],
) -> str:
    lines = [
        "# The settings of this series. docs/settings.md of the workflow lists every key that may stand here, with its",
        "# unit, its limits and its meaning; a key that does not stand here has its default.",
        "",
        "results: results",
        f"data_folder: {json.dumps(data_folder, ensure_ascii=False)}",
        "",
        "# What your paper says (quantities, groups, statements, figures): remove the mark once you have edited it.",
        "# Until then what any series has is proposed.",
        "# paper: config/paper.yaml",
        "",
        "tables:",
    ]
    for name in ("samples", "scans", "spectra"):
        lines.append(f"  {name}: " + (f"config/{name}.tsv" if f"{name}.tsv" in tables else "null"))
    reaches = [one.reach for one in given if one.reach is not None]
    if scans:
        lines += ["", "reduction:", *_reduction(rows, scans, told)]
    if scans or given:
        standards = [name for name, row in rows.samples.items() if row["group"] == "standard"]
        own = all("standard" in row for row in rows.samples.values() if "scan" in row and row["group"] != "standard")
        # Of several none is that of a sample that none of them was measured like.
        standard = standards[0] if standards and (len(standards) == 1 or own) else None
        lines += [
            "",
            "refinement:",
            "  # The standard, measured like the samples, whose refinement gives the resolution; null: qdamp, qbroad.",
            f"  resolution_from: {json.dumps(standard)}",
            *(
                [
                    "  # In angstrom; the files of G(r) reach this far, at the least.",
                    f"  fit_ranges: [[1.5, {min(60.0, *reaches):.4g}]]",
                ]
                if reaches
                else []
            ),
            "",
            "# Polyhedra, angles and bonds to measure, by the labels of your structures.",
            "geometry:",
            "  polyhedra: []",
            "  angles: []",
        ]
    return "\n".join(lines) + "\n"


def _reduction(rows: _Rows, scans: Sequence[Found], told: Mapping[str, float]) -> list[str]:
    reaches = [reach for one in scans if (reach := _reach(one)) is not None]
    # Those of one campaign say nothing of another that does not reach as far.
    if "qmax" in told and all(told["qmax"] <= REACHED * reach for reach in reaches):
        said = "  # As the headers or settings of another program's reductions beside the scans say."
        return [said, *(f"  {name}: {value:.10g}" for name, value in told.items())]
    unknown = len(scans) - len(reaches)
    said = (
        f"The scans reach {min(reaches):.4g} to {max(reaches):.4g} 1/angstrom" if reaches else "How far the scans reach"
    )
    lines = [
        "  # Upper end of the Fourier transform in 1/angstrom. " + (f"{said}." if reaches else ""),
    ]
    if unknown:
        lines.append(
            f"  # {unknown} of {len(scans)} scans state no wavelength: make check says if one ends before qmax."
        )
    # A scan that ends far below the others does not shorten them all: make check names it. Several
    # are another campaign.
    counted = [reach for reach in reaches if reach > max(reaches) / 2]
    if counted and len(reaches) - len(counted) <= max(1, FEW * len(reaches)):
        lines.append(f"  qmax: {math.floor(10 * min(counted)) / 10:.1f}")
    else:
        lines.append("  qmax: null  # each scan to its end")
    if _counted_for_other_times(rows, scans):
        lines += ["  # Scans and their backgrounds were counted for different times.", "  background_scale: time"]
    lines += [
        "  # A laboratory instrument needs more than PDFgetX3's steps: remove the mark before the next line for all of",
        "  # polarisation, absorption (needs density_g_cm3 in samples.tsv), Compton scattering and fluorescence.",
        "  # corrections: all",
    ]
    return [line.rstrip() for line in lines]


def _counted_for_other_times(rows: _Rows, scans: Sequence[Found]) -> bool:
    """Whether a sample and its background were counted for different times, and every pair states its times."""
    times = {
        row["scan"]: one.scan.time if one.scan is not None and one.scan.raw else None
        for row, one in zip(rows.scans, scans, strict=True)
    }
    pairs = [
        (times[row["scan"]], times[row["background"]])
        for row in rows.samples.values()
        if row.get("background") in times
    ]
    return all(None not in pair for pair in pairs) and any(pair[0] != pair[1] for pair in pairs)
