"""Files that the tables name and that are not there: with table and row, in a run of ours and before it."""

from __future__ import annotations

import time

import numpy as np
import pytest
from test_workflow import own_series, snakemake

from coherion.data.scans.text import write_scan_text
from coherion.data.series_tables import Tables
from coherion.inputs.missing import Missing, missing_files, told_beforehand, told_in_brief

NAMED = {"samples": "samples.tsv", "scans": "scans.tsv", "spectra": "spectra.tsv"}


def a_series(count: int) -> Tables:
    names = [f"x{k}" for k in range(count)]
    scans = {n: {"scan": n, "file": f"{n}.raw", "line": k} for k, n in enumerate([*names, "unused"], start=2)}
    samples = {
        n: {"sample": n, "group": "series", "scan": n, "structure": "a.cif", "line": k}
        for k, n in enumerate(names, start=2)
    }
    spectra = {
        n: [{"sample": n, "file": f"{n}_{t}.mpt", "line": 10 * k + t} for t in range(10)] for k, n in enumerate(names)
    }
    return Tables(scans, samples, spectra, [])


def found(tables: Tables, folder, made=(), standard=None) -> Missing:
    return missing_files(
        tables,
        NAMED,
        folder,
        is_made=lambda kind, name: (kind, name) in made,
        located=lambda path: str(folder / path),
        standard_of=lambda sample: standard,
    )


def missing(tables: Tables, folder, made=()) -> list[str]:
    return found(tables, folder, made).lines


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


def test_whom_a_missing_file_concerns(tmp_path):
    tables = a_series(3)
    for row in [*tables.scans.values(), *(row for rows in tables.spectra.values() for row in rows)]:
        (tmp_path / row["file"]).touch()
    (tmp_path / "a.cif").touch()
    assert (found(tables, tmp_path).lacking, found(tables, tmp_path).whole) == ([], ["x0", "x1", "x2"])
    (tmp_path / "x1.raw").unlink()
    one = found(tables, tmp_path)
    assert (one.lacking, one.whole, one.structures) == (["x1"], ["x0", "x2"], [])
    told = told_beforehand(one)
    assert told[0] == f"WARNING: scans.tsv, row 3: {tmp_path}/x1.raw is missing"
    assert told[1].startswith("1 of 3 samples lack a file and will fail: x1. The others are analysed")
    # What a sample needs of its standard or its background it lacks itself.
    assert found(tables, tmp_path, standard="x1").whole == []
    tables.samples["x2"]["background"] = "x1"
    assert found(tables, tmp_path).lacking == ["x1", "x2"]
    (tmp_path / "a.cif").unlink()
    assert len(found(tables, tmp_path).structures) == 3


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
def test_a_run_without_its_files_ends_in_words_of_ours_and_makes_what_it_can(tmp_path):
    own_series(
        tmp_path,
        {"data_folder": "data", "reduction": {"wavelength": 0.5594075}},
        samples="sample | composition | scan\na | Ni | s\nb | Ni | t\n",
        scans="scan | file\ns | s.xyd\nt | t.xyd\n",
    )
    (tmp_path / "data").mkdir()
    done = snakemake(tmp_path, "--dry-run", "--keep-going")
    said = done.stdout + done.stderr
    assert done.returncode != 0 and "MissingInputException" not in said
    assert "config/scans.tsv, row 2: data/s.xyd is missing" in said and "column exclude" in said

    angle = np.arange(2.0, 130.0, 0.02)
    counts = np.random.default_rng(3).poisson(2000 * np.exp(-angle / 60) + 100)
    write_scan_text(tmp_path / "data" / "t.xyd", angle, counts)
    done = snakemake(tmp_path)
    said = done.stderr.splitlines()
    assert done.returncode != 0
    assert "WARNING: config/scans.tsv, row 2: data/s.xyd is missing" in said
    at = said.index("1 failed:")
    assert said[at + 1].startswith("  import_scan s: ") and "s.xyd: file is missing" in said[at + 1]
    assert (tmp_path / "results/reduction/b.gr").exists() and not (tmp_path / "results/reduction/a.gr").exists()
    assert (tmp_path / "results/page.html").exists()
    # It is tried again, and is no failure once the file is there.
    write_scan_text(tmp_path / "data" / "s.xyd", angle, counts)
    done = snakemake(tmp_path, "results/reduction/a.gr")
    assert done.returncode == 0, done.stderr
    # A result that is there outlives its raw file.
    (tmp_path / "data" / "s.xyd").unlink()
    assert snakemake(tmp_path, "results/reduction/a.gr").returncode == 0
    assert (tmp_path / "results/reduction/a.gr").exists()
