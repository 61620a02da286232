"""Files that the tables name and that are not there: with table and row, in a run of ours and before it."""

from __future__ import annotations

import time

import pytest
from test_workflow import own_series, snakemake

from coherion.data.series_tables import Tables
from coherion.inputs.missing import missing_files, told_in_brief

NAMED = {"samples": "samples.tsv", "scans": "scans.tsv", "spectra": "spectra.tsv"}


def a_series(count: int) -> Tables:
    names = [f"x{k}" for k in range(count)]
    scans = {n: {"scan": n, "file": f"{n}.raw", "line": k} for k, n in enumerate([*names, "unused"], start=2)}
    samples = {n: {"sample": n, "scan": n, "structure": "a.cif", "line": k} for k, n in enumerate(names, start=2)}
    spectra = {
        n: [{"sample": n, "file": f"{n}_{t}.mpt", "line": 10 * k + t} for t in range(10)] for k, n in enumerate(names)
    }
    return Tables(scans, samples, spectra, [])


def missing(tables: Tables, folder, made=()) -> list[str]:
    return missing_files(
        tables, NAMED, folder, is_made=lambda kind, name: (kind, name) in made, located=lambda path: str(folder / path)
    )


def test_only_what_a_run_needs_is_missed(tmp_path):
    tables = a_series(2)
    for row in [*tables.scans.values(), *(row for rows in tables.spectra.values() for row in rows)]:
        (tmp_path / row["file"]).touch()
    (tmp_path / "a.cif").touch()
    (tmp_path / "unused.raw").unlink()
    assert missing(tables, tmp_path) == []
    (tmp_path / "x1.raw").unlink()
    (tmp_path / "x0_3.mpt").unlink()
    told = [f"scans.tsv, row 3: {tmp_path}/x1.raw is missing", f"spectra.tsv, row 3: {tmp_path}/x0_3.mpt is missing"]
    assert missing(tables, tmp_path) == told
    assert missing(tables, tmp_path, {("scan", "x1")}) == told[1:]
    assert missing(tables, tmp_path, {("scan", "x1"), ("spectra", "x0")}) == []


def test_ten_are_listed_and_the_rest_counted(tmp_path):
    lines = told_in_brief(missing(a_series(3), tmp_path)).splitlines()
    # Three scans, thirty spectra and the structure, which each of three rows names.
    assert len(lines) == 12 and lines[10].startswith("and 26 more") and "exclude" in lines[11]


def test_a_thousand_samples_cost_nothing(tmp_path):
    tables = a_series(1000)
    started = time.process_time()
    assert len(missing(tables, tmp_path)) == 12_000
    assert time.process_time() - started < 0.5


@pytest.mark.workflow
def test_a_run_without_its_files_ends_in_words_of_ours(tmp_path):
    own_series(
        tmp_path,
        {"data_folder": "data"},
        samples="sample | composition | scan\na | Ni | s\nb | Ni | t\n",
        scans="scan | file\ns | s.xyd\nt | t.xyd\n",
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "t.xyd").write_text("made")
    done = snakemake(tmp_path, "--dry-run", "--keep-going")
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "MissingInputException" not in said
    assert "config/scans.tsv, row 2: data/s.xyd is missing" in said
    assert "t.xyd" not in said and "column exclude" in said
    # What can be made of the others can still be asked for.
    assert snakemake(tmp_path, "--dry-run", "results/reduction/b.gr").returncode == 0
