"""The user's three tables, read together and held against one another before anything is computed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

from coherion.data.contract.tables import SERIES
from coherion.data.tables import MOST_PROBLEMS, OWN, Row, read_table, repeats, several, unknown_names
from coherion.errors import InputError
from coherion.settings.configuration import read_yaml


@dataclass(frozen=True)
class Tables:
    """Scans and samples by name, and the rows of spectra of each sample, without what the user left out.

    ``excluded`` lists samples and files that the user left out, each with the reason.
    """

    scans: dict[str, Row]
    samples: dict[str, Row]
    spectra: dict[str, list[Row]]
    excluded: list[dict[str, str]]

    def with_scan(self) -> list[str]:
        """Samples that have a scan, in the order of the table."""
        return [name for name, row in self.samples.items() if "scan" in row]

    def with_pair_distribution(self) -> list[str]:
        """Samples that have a G(r) of another program in place of a scan, in the order of the table."""
        return [name for name, row in self.samples.items() if "pair_distribution" in row]

    def used_scans(self) -> list[str]:
        """Scans that a sample names as its own or as its background, in the order of the table of samples."""
        rows = self.samples.values()
        own = [[row.get("scan"), row.get("background"), *further_backgrounds(row)] for row in rows]
        return list(dict.fromkeys(name for names in own for name in names if name))

    def with_structure(self) -> list[str]:
        """Samples that have a scan or a G(r), and a starting structure, and are not a standard."""
        return [name for name, row in self.samples.items() if can_be_refined(row) and row["group"] != "standard"]

    def refined_with(self, sample: str) -> list[str]:
        """Samples whose G(r) is refined together with this one's, in the order of its cell."""
        return several(self.samples[sample].get("refined_with", ""))

    def before(self, column: str | None) -> dict[str, list[str]]:
        """Of each sample :meth:`with_structure` those of its group before it in a column's order, the nearest first."""
        if column is None:
            return {}
        placed = [name for name in self.with_structure() if column in self.samples[name]]
        placed.sort(key=lambda name: self.samples[name][column])
        groups = {name: self.samples[name]["group"] for name in placed}
        return {
            name: [other for other in reversed(placed[:k]) if groups[other] == groups[name]]
            for k, name in enumerate(placed)
        }

    def reduced_and_refined(self) -> list[str]:
        """Those :meth:`with_structure` whose G(r) is reduced from a scan here."""
        return [name for name in self.with_structure() if "scan" in self.samples[name]]

    def further_pellets(self, sample: str) -> list[str]:
        """Samples with spectra that are further pellets of this one, in the order of the table."""
        return [name for name in self.with_spectra() if self.samples[name].get("pellet_of") == sample]

    def with_spectra(self) -> list[str]:
        """Samples that have impedance spectra, in the order of the table of samples."""
        return [name for name in self.samples if name in self.spectra]

    def lacking(self, stages: Mapping[str, Collection[str]]) -> Tables:
        """The tables without what samples lack because a job failed; ``stages`` without results, by sample."""

        def lacks(name: str, stage: str) -> bool:
            return stage in stages.get(name, ())

        samples = {
            name: {k: v for k, v in row.items() if k != "structure" or not lacks(name, "refinement")}
            for name, row in self.samples.items()
        }
        spectra = {name: rows for name, rows in self.spectra.items() if not lacks(name, "arrhenius")}
        return replace(self, samples=samples, spectra=spectra)


def read_tables(
    tables: Mapping[str, str | None],
    schemas: str | os.PathLike[str],
    *,
    problems: list[InputError] | None = None,
) -> Tables:
    """Read and check the tables of a series.

    Parameters
    ----------
    tables
        Paths of the tables ``samples``, ``scans`` and ``spectra``; the latter two may be None.
    schemas
        Folder with ``samples.schema.yaml``, ``scans.schema.yaml`` and ``spectra.schema.yaml``.
    problems
        Where given, all that cannot be used is appended here in place of the first being raised; rows without a
        name are then left out.

    Raises
    ------
    InputError
        Naming file, row and column: whatever :func:`coherion.data.tables.read_table` refuses, a name that another
        table does not have, a file outside the data folder, a sample with neither scan nor spectra.
    """
    found: list[InputError] = []
    rows: dict[str, list[Row]] = {"samples": [], "scans": [], "spectra": []}
    for name, key in (("samples", "sample"), ("scans", "scan"), ("spectra", None)):
        path = tables.get(name)
        if not path:
            continue
        schema = read_yaml(Path(schemas) / f"{name}.schema.yaml")
        try:
            rows[name] = read_table(path, schema, key=key, problems=found)
        except InputError as problem:
            found.append(problem)
    for name in own_columns(rows["samples"]):
        if not SERIES.undeclared([name]):
            found.append(
                InputError(
                    "a column has the name of one that the run writes",
                    file=tables.get("samples"),
                    place=f"column {name}",
                    expected="another name for what is yours",
                )
            )
    if not tables.get("samples"):
        found.append(InputError("no table of samples is given", place="key tables.samples", expected="a .tsv file"))
    told = {(problem.file, problem.place) for problem in found}
    # A cell that could not be read is absent, but not blank: it is told once.
    crossed = islice(_crossed(rows, tables), MOST_PROBLEMS)
    found += [problem for problem in crossed if (problem.file, problem.place) not in told]
    if problems is None and found:
        raise found[0]
    if problems is not None:
        problems += found

    named = [row for row in rows["samples"] if "sample" in row]
    listed = [row for row in rows["spectra"] if "sample" in row and "file" in row]
    excluded = [
        {"sample": row["sample"], "what": "sample", "reason": row["exclude"]} for row in named if "exclude" in row
    ] + [{"sample": row["sample"], "what": row["file"], "reason": row["exclude"]} for row in listed if "exclude" in row]
    samples = {row["sample"]: row for row in named if "exclude" not in row}
    spectra: dict[str, list[Row]] = {}
    for row in listed:
        if row["sample"] in samples and "exclude" not in row:
            spectra.setdefault(row["sample"], []).append(row)
    scans = {row["scan"]: row for row in rows["scans"] if "scan" in row and "file" in row}
    return Tables(scans, samples, spectra, excluded)


def own_columns(rows: Iterable[Row]) -> list[str]:
    """Names of the columns of samples that are the author's own, in the order of the table."""
    return list(dict.fromkeys(name for row in rows for name in row.get(OWN, ())))


def _crossed(rows: Mapping[str, list[Row]], tables: Mapping[str, str | None]) -> Iterator[InputError]:
    """What is wrong with the tables held against one another."""
    samples_file, scans_file, spectra_file = tables.get("samples"), tables.get("scans"), tables.get("spectra")
    for path, table in ((scans_file, rows["scans"]), (spectra_file, rows["spectra"])):
        for row in table:
            yield from _outside(path, row)
    for path, table in ((samples_file, rows["samples"]), (spectra_file, rows["spectra"])):
        yield from _excluded_by_no(path, table)
    for row in rows["spectra"]:
        if "short_circuit" in row:
            yield from _outside(spectra_file, row, "short_circuit")
    for row in rows["samples"]:
        if "pair_distribution" in row:
            yield from _outside(samples_file, row, "pair_distribution")
    scans = [row["scan"] for row in rows["scans"] if "scan" in row]
    samples = [row["sample"] for row in rows["samples"] if "sample" in row]
    where = scans_file or "a table of scans, of which none is given"
    if samples_file:
        for column in ("scan", "background"):
            yield from unknown_names(samples_file, rows["samples"], column, scans, where)
        cells = [
            {"line": row["line"], "further_backgrounds": name}
            for row in rows["samples"]
            for name in further_backgrounds(row)
        ]
        yield from unknown_names(samples_file, cells, "further_backgrounds", scans, where)
        for column in ("pellet_of", "standard"):
            yield from unknown_names(samples_file, rows["samples"], column, samples, samples_file)
        yield from _standards(samples_file, rows["samples"])
        yield from _pellets(samples_file, rows["samples"])
        yield from _refined_with(samples_file, rows["samples"])
    if spectra_file and samples_file:
        yield from unknown_names(spectra_file, rows["spectra"], "sample", samples, samples_file)
        keyed = [r | {"file, temperature and cycles": _identity(r)} for r in rows["spectra"]]
        yield from repeats(spectra_file, keyed, "file, temperature and cycles")
    if samples_file:
        yield from _incomplete(samples_file, rows["samples"], {row.get("sample", "") for row in rows["spectra"]})


def _pellets(path: str, samples: list[Row]) -> Iterator[InputError]:
    """Further pellets whose sample is a further pellet itself, their own, or left out."""
    by_name = {row["sample"]: row for row in samples if "sample" in row}
    for row in samples:
        of = row.get("pellet_of")
        if of not in by_name or "exclude" in row:
            continue
        target = by_name[of]
        wrong = "is left out" if "exclude" in target else f"is a pellet of {target.get('pellet_of')} itself"
        if "pellet_of" in target or "exclude" in target:
            yield InputError(
                f"the sample that a further pellet is of {wrong}",
                file=path,
                place=f"row {row['line']}, column pellet_of",
                found=of,
                expected="a sample of the table that is no further pellet",
                advice="name the same sample for all its pellets",
            )


def _standards(path: str, samples: list[Row]) -> Iterator[InputError]:
    """Standards that rows name and that cannot be refined."""
    by_name = {row["sample"]: row for row in samples if "sample" in row}
    for row in samples:
        named = by_name.get(row.get("standard"))
        if named is None or "exclude" in row or (can_be_refined(named) and "exclude" not in named):
            continue
        yield InputError(
            "the standard " + ("is left out" if "exclude" in named else "has no scan or no structure"),
            file=path,
            place=f"row {row['line']}, column standard",
            found=row["standard"],
            expected="a sample with a scan, or a G(r), and a structure",
            advice="name another standard, or leave the cell blank for refinement.resolution_from",
        )


def can_be_refined(row: Mapping[str, Any]) -> bool:
    """Whether a row of the samples has a scan or a G(r), and a starting structure."""
    return ("scan" in row or "pair_distribution" in row) and "structure" in row


def _refined_with(path: str, samples: list[Row]) -> Iterator[InputError]:
    """Rows that name others for a joint refinement which have no G(r), are left out, or are the row itself."""
    usable = {
        row["sample"]
        for row in samples
        if "sample" in row and "exclude" not in row and ("scan" in row or "pair_distribution" in row)
    }
    for row in samples:
        if "exclude" in row:
            continue
        for name in several(row.get("refined_with", "")):
            if name not in usable or name == row.get("sample"):
                yield InputError(
                    "no G(r) to refine together with this one",
                    file=path,
                    place=f"row {row['line']}, column refined_with",
                    found=name,
                    expected="another row of this table that has a scan or a pair_distribution",
                    advice="check the spelling, or add the row: it needs no structure",
                )


# What a spreadsheet writes where a column is thought to ask yes or no.
_NO_REASONS = frozenset(
    (
        "no",
        "false",
        "0",
        "0.0",
        "0,0",
        "n",
        "f",
        "nein",
        "falsch",
        "non",
        "none",
        "keep",
        "kept",
        "include",
        "included",
        "use",
        "used",
        "ok",
        "good",
        "-",
    )
)


def _excluded_by_no(path: str | None, table: list[Row]) -> Iterator[InputError]:
    for row in table:
        if str(row.get("exclude", "")).strip().casefold() in _NO_REASONS:
            yield InputError(
                "is left out with a word that means no",
                file=path,
                place=f"row {row['line']}, column exclude",
                found=row["exclude"],
                expected="a blank cell to keep it, or the reason for leaving it out",
                advice="any text in this column leaves the row out",
            )


def _identity(row: Row) -> str:
    cells = (row.get(name, "") for name in ("sample", "file", "temperature_C", "cycles"))
    return " ".join(str(cell) for cell in cells)


def _outside(path: str | None, row: Row, column: str = "file") -> Iterator[InputError]:
    cell = row.get(column, "-")
    parts = [cell] if column != "file" else several(cell)
    # Two bars with nothing between them are a name that somebody forgot.
    blank = [""] if column == "file" and len(parts) <= cell.count("|") else []
    for part in [*parts, *blank]:
        file = PurePosixPath(part)
        if file.is_absolute() or ".." in file.parts or not part.strip():
            yield InputError(
                "a file stands outside the data folder",
                file=path,
                place=f"row {row['line']}, column {column}",
                found=part.strip() or "a blank name",
                expected="a path below data_folder, without ..",
                advice="set data_folder in the configuration to the folder that holds all files",
            )


def _incomplete(path: str, samples: list[Row], with_spectra: set[str]) -> Iterator[InputError]:
    for row in samples:
        place = f"row {row['line']}, column "
        if "exclude" in row or "sample" not in row:
            continue
        if "scan" in row and "pair_distribution" in row:
            yield InputError(
                "a sample has both a scan and a G(r)",
                file=path,
                place=place + "pair_distribution",
                found=f"{row['scan']} and {row['pair_distribution']}",
                advice="leave one of them out: G(r) is reduced from the scan, or taken as it is",
            )
        if "scan" not in row and "pair_distribution" not in row and row["sample"] not in with_spectra:
            yield InputError(
                "a sample has neither a scan nor spectra",
                file=path,
                place=place + "scan",
                found=row["sample"],
                expected="the name of a scan, a file in column pair_distribution, or rows in the table of spectra",
                advice="delete the row, or say why it is left out in the column exclude",
            )
        if "scan" in row and "composition" not in row:
            yield InputError("a sample with a scan has no composition", file=path, place=place + "composition")
        if row["sample"] in with_spectra:
            for column in ("pellet_thickness_cm", "pellet_diameter_cm"):
                if column not in row:
                    yield InputError(
                        "a sample with spectra has no pellet geometry",
                        file=path,
                        place=place + column,
                        expected="a length in cm",
                    )


def further_backgrounds(row: Mapping[str, Any]) -> dict[str, str]:
    """Names of the scans of a sample's further backgrounds, and the factor of each as its row has it, by default 1."""
    parts = (part.partition("=") for part in several(row.get("further_backgrounds", "")))
    return {name.strip(): scale.strip() or "1" for name, _, scale in parts}


def settings_of(row: Mapping[str, Any], keys: Mapping[str, str]) -> dict[str, Any]:
    """The cells of a row that a stage wants, under the names its settings have.

    ``keys`` maps the name of the setting to the name of the column; blank cells are left out.
    """
    return {setting: row[column] for setting, column in keys.items() if column in row}
