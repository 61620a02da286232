"""The digest of what a rule reads of the user's files."""

from __future__ import annotations

import os
from pathlib import Path

from coherion.provenance.contents import Contents

RULES = Path(__file__).parents[2] / "workflow" / "rules"


def test_content_decides_whatever_date_a_file_bears(tmp_path):
    a, b, kept = tmp_path / "a.raw", tmp_path / "b.raw", tmp_path / "settings" / "contents.json"
    a.write_text("one")
    b.write_text("two")
    os.utime(b, (1, 1))
    first = Contents(kept)
    was = first.of([a])
    first.keep()
    # Touched, and copied with its date from elsewhere.
    os.utime(a)
    assert Contents(kept).of([a]) == was
    a.write_text("two")
    os.utime(a, (1, 1))
    assert Contents(kept).of([a]) == Contents(kept).of([b]) != was
    assert Contents(kept).of([a, kept]) != Contents(kept).of([kept, a])
    assert Contents(kept).of([tmp_path / "none"]) == Contents(kept).of([tmp_path / "neither"])


def test_a_file_is_hashed_once_until_it_changes(tmp_path, monkeypatch):
    a, kept, hashed = tmp_path / "a.raw", tmp_path / "contents.json", []
    a.write_text("one")
    from coherion.provenance import contents

    real = contents.sha256
    monkeypatch.setattr(contents, "sha256", lambda file: hashed.append(file) or real(file))
    for _ in range(3):
        known = Contents(kept)
        known.of([a])
        known.keep()
    assert len(hashed) == 1
    kept.write_text("{damaged")
    Contents(kept).of([a])
    assert len(hashed) == 2


def test_a_dry_run_before_the_first_run_leaves_nothing_behind(tmp_path):
    a, kept = tmp_path / "a.raw", tmp_path / "results" / "settings" / "contents.json"
    a.write_text("one")
    known = Contents(kept)
    known.of([a])
    known.keep()
    assert not (tmp_path / "results").exists()
    (tmp_path / "results").mkdir()
    known.keep()
    assert kept.exists()


def test_a_rule_that_reads_the_tables_runs_again_with_what_completes_them():
    """A default in a schema is a cell of every row that leaves it blank."""
    rules = [rule for file in RULES.glob("*.smk") for rule in file.read_text(encoding="utf-8").split("\nrule ")]
    reading = [rule for rule in rules if "schemas=" in rule]
    assert len(reading) >= 3
    assert all("tables_as_read()" in rule for rule in reading)
