"""A batch that was killed goes on after its last analysis, and never with those of other settings."""

from __future__ import annotations

import pytest

from coherion.multiverse.checkpoint import Checkpoint
from coherion.multiverse.outcome import Outcome


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "series.tsv"
    path.write_text("sample\nx10\n")
    return path


def outcome(number):
    found = Outcome(number, "mixed", {"qmax": 12.5})
    found.quantities["a"] = {"x10": (5.1, 0.002)}
    found.failed["x90"] = "no length\nin two lines"
    return found


def test_kept_outcomes_come_back(tmp_path, table):
    first = Checkpoint(tmp_path / "batches" / "0.json", ["told"], [table])
    assert first.outcomes() == {}
    first.keep(outcome(3))
    first.keep(outcome(5))
    again = Checkpoint(tmp_path / "batches" / "0.json", ["told"], [table]).outcomes()
    assert list(again) == [3, 5]
    assert again[5].options == {"qmax": 12.5}
    assert again[5].failed == outcome(5).failed
    assert tuple(again[5].quantities["a"]["x10"]) == (5.1, 0.002)


def test_a_line_cut_short_is_run_again_and_does_not_spoil_the_next(tmp_path, table):
    output = tmp_path / "0.json"
    first = Checkpoint(output, ["told"], [table])
    first.outcomes()
    first.keep(outcome(3))
    with first.path.open("a") as stream:
        stream.write('{"number": 5, "sort"')
    second = Checkpoint(output, ["told"], [table])
    assert list(second.outcomes()) == [3]
    second.keep(outcome(7))
    assert list(Checkpoint(output, ["told"], [table]).outcomes()) == [3, 7]


@pytest.mark.parametrize("changed", ["settings", "table"])
def test_outcomes_of_other_settings_or_data_are_dropped(tmp_path, table, changed):
    output = tmp_path / "0.json"
    first = Checkpoint(output, ["told"], [table])
    first.outcomes()
    first.keep(outcome(3))
    if changed == "table":
        table.write_text("sample\nx20\n")
    other = Checkpoint(output, ["told otherwise" if changed == "settings" else "told"], [table])
    assert other.outcomes() == {}
    assert Checkpoint(output, ["told"], [table]).outcomes() == {}


def test_nothing_stays_when_the_batch_is_done(tmp_path, table):
    batch = Checkpoint(tmp_path / "0.json", ["told"], [table])
    batch.outcomes()
    batch.done()
    assert list(tmp_path.iterdir()) == [table]
