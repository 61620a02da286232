"""The multiverse on the page: there where one was run on this state of the run, and nothing of it otherwise."""

from __future__ import annotations

import csv
import io
import json
import shutil

import pytest
from made_run import PAPER, make_run
from test_page import index_of, view_of

from coherion.data.contract.tables import BUDGET, MULTIVERSE, NEXT_SAMPLE
from coherion.data.tables import write_table
from coherion.figures.plate import Plate
from coherion.multiverse.figure import Told, draw_multiverse
from coherion.page.document import page
from coherion.page.run_files import Run

SENTENCE = "holds in 93 % of 512 analyses, is undecided in 7 % and fails in 0 %; turns with reading"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run with a multiverse of two analyses, whose first statement is the first of the claims."""
    import numpy as np

    made = make_run(tmp_path_factory.mktemp("multiverse") / "results")
    tables = made / "multiverse"
    statement = {"statement": "length-falls", "analyses": 512, "holds": 0.93, "undecided": 0.07, "fails": 0.0}
    statement |= {"low": -3.4, "median": -3.0, "high": -2.5, "configured": "holds", "sentence": SENTENCE}
    quantity = {"quantity": "coherence_length", "sample": "x0.1", "low": 90.0, "high": 110.0, "ratio": 2.5}
    choice = {"subject": "length-falls", "of": "verdict", "choice": "reading", "share": 0.4, "why": "custom"}
    small = choice | {"choice": "qmin", "share": 0.001}
    proposed = {"statement": "other", "candidate": "x = 0.5, annealing at 200 degC", "expected": 0.4, "decided": 0.3}
    for name, rows, contract in (
        ("statements", [statement], MULTIVERSE["statements"]),
        ("quantities", [quantity | {"between_sd": 5.1}], MULTIVERSE["quantities"]),
        ("choices", [choice, small], MULTIVERSE["choices"]),
        ("next_sample", [proposed | {"rank": k} for k in range(1, 12)], NEXT_SAMPLE),
        ("budget", [], BUDGET),
    ):
        tables.mkdir(exist_ok=True)
        (tables / f"{name}.tsv").write_text(write_table(rows, contract.names))
    claims = list(csv.DictReader(io.StringIO((made / "claims.tsv").read_text()), delimiter="\t"))
    claims[0]["note"] = f"{SENTENCE}; {claims[0]['note']}"
    (tables / "claims.tsv").write_text(write_table(claims))
    told = [Told("reading", ("configured", "size"), np.array([0.0, 1.0, 0.0]), 0.4)]
    curve = draw_multiverse(
        "falls", "slope", np.array([-3.0, -2.0, -2.5]), np.full(3, 0.1), ["holds", "undecided", "holds"], -3.0, told,
        "simulated", "verdict",
    )  # fmt: skip
    assert isinstance(curve, Plate)
    curve.save(made / "figures" / "multiverse.pdf", [])
    return made


def test_shares_curve_and_tables_stand_in_a_view_of_their_own(folder):
    made = page(Run.of(folder), PAPER)
    blocks = view_of(made, "multiverse")
    titles = [one.get("title", "") for one in blocks]
    assert "Specification curve" in titles and "What the errors are made of" not in titles
    (row,) = next(one for one in blocks if one.get("title") == "Statements under other choices")["rows"]
    assert row[2:5] == [93.0, 7.0, 0.0] and row[-1] == SENTENCE
    (quantity,) = next(one for one in blocks if one.get("title") == "Numbers under other choices")["rows"]
    assert quantity[3] == "90 to 110" and quantity[4] == 2.5
    # A choice that moves next to nothing is in the file alone.
    (choice,) = next(one for one in blocks if one.get("title") == "Choices and what they move")["rows"]
    assert choice[2:4] == ["reading", 40.0]
    candidates = next(one for one in blocks if one.get("title", "").startswith("The next sample"))["rows"]
    assert len(candidates) == 8 and candidates[0][3] == 30.0
    curve = next(one for one in blocks if one.get("title") == "Specification curve")
    analyses = [trace for trace in curve["data"] if trace["name"].startswith(("holds", "undecided"))]
    assert sum(len(trace["x"]) for trace in analyses) == 3
    # The panels of a curve share their abscissa, so that they stand above one another.
    assert curve["layout"]["xaxis"]["domain"] == curve["layout"]["xaxis2"]["domain"]


def test_the_note_of_a_statement_begins_with_what_the_multiverse_says(folder):
    first, other = index_of(page(Run.of(folder), PAPER))["statements"]
    assert first["note"].startswith(SENTENCE) and "analyses" not in other["note"]


def test_a_run_without_a_multiverse_says_nothing_of_one(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "results")
    shutil.rmtree(tmp_path / "results" / "multiverse")
    made = page(Run.of(tmp_path / "results"), PAPER)
    assert "multiverse" not in index_of(made)["views"]
    assert "analyses" not in json.dumps(index_of(made)["statements"])


def test_a_multiverse_of_an_earlier_state_is_told_and_not_shown(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "results")
    claims = tmp_path / "results" / "claims.tsv"
    claims.write_text(claims.read_text().replace("\t-3\t", "\t-2.9\t").replace("\t-3.0\t", "\t-2.9\t"))
    made = page(Run.of(tmp_path / "results"), PAPER)
    (block,) = view_of(made, "multiverse")
    assert block["level"] == "warning" and "earlier" in block["text"]
    assert not index_of(made)["statements"][0]["note"].startswith("holds in")
