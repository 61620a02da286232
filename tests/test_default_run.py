"""What the default run must show, read from its results: COHERION_RESULTS names the folder of a finished run."""

from __future__ import annotations

import csv
import os
import re
from pathlib import Path

import pytest

from coherion.data.stated import stated_sources
from coherion.data.tables import read_rows

pytestmark = pytest.mark.workflow


@pytest.fixture(scope="module")
def results() -> Path:
    folder = os.environ.get("COHERION_RESULTS")
    if not folder:
        pytest.skip("COHERION_RESULTS is not set: this test reads the results of a finished default run")
    return Path(folder)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream, delimiter="\t"))


@pytest.mark.parametrize("topic", ["structure", "coherence length", "transport"])
def test_pulls_of_a_topic_are_those_of_honest_errors_within_what_chance_allows(results, topic):
    (row,) = [r for r in rows(results / "series/recovery_summary.tsv") if (r["topic"], r["quantity"]) == (topic, "all")]
    for k in (1, 2):
        share, low, high = (float(row[f"{name}within_{k}{end}"]) for name, end in NAMES)
        assert low <= share <= high


NAMES = (("", ""), ("chance_", "_low"), ("chance_", "_high"))


def test_steady_resistances_have_errors_that_are_not_too_small(results):
    summary = {(r["topic"], r["quantity"]): r for r in rows(results / "series/recovery_summary.tsv")}
    row = summary["resistance", "R"]
    assert float(row["within_1"]) >= float(row["chance_within_1_low"])
    assert float(row["within_2"]) >= float(row["chance_within_2_low"])
    assert abs(float(row["mean_pull"])) < 4 * float(row["mean_pull_sd"])


def test_coherence_lengths_are_true_to_five_percent(results):
    found = [r for r in rows(results / "series/recovery.tsv") if r["topic"] == "coherence length" and not r["left_out"]]
    assert len(found) == 12
    assert max(abs(float(r["relative_difference"])) for r in found) < 0.05


def test_the_side_phase_alone_leaves_the_structural_series_and_says_why(results):
    series = {r["sample"]: r for r in rows(results / "series/series.tsv")}
    assert [name for name, row in series.items() if row["excluded"]] == ["x95"]
    reason = series["x95"]["excluded"]
    assert re.search(r"\d+ sigma at 1\.47", reason) and "second phase" in reason
    # True: 15 % of the formula units, 14.9 % of the mass.
    assert abs(float(series["x95"]["side_phase_fraction"]) - 0.149) < 4 * float(series["x95"]["side_phase_fraction_sd"])
    listed = [r for r in rows(results / "series/exclusions.tsv") if r["what"] == "structural series"]
    assert [(r["sample"], r["reason"]) for r in listed] == [("x95", reason)]


def test_every_exclusion_has_its_reason(results):
    assert all(r["reason"] and r["what"] for r in rows(results / "series/exclusions.tsv"))


def test_the_claim_holds_in_a_series_whose_conductivity_follows_the_length(results):
    claims = {r["id"]: r for r in rows(results / "claims.tsv")}
    row = claims["length-influences-conductivity"]
    assert row["verdict"] == "holds"
    # The law of the simulation: -6.05.
    assert abs(float(row["value"]) + 6.05) < 4 * float(row["error"])
    assert {r["origin"] for r in claims.values()} == {"simulated"}


def test_every_figure_of_the_paper_is_there_in_three_forms_with_its_numbers(results):
    names = ["1a", "1b", "2", "3", "4", "5", "6a", "6bcd", "S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S11"]
    others = ["side_phase", "recovery", "correlation", "relations", "readings", "overview"]
    for name in [*(f"figure_{n}" for n in names), *others]:
        for suffix in (".pdf", ".svg", ".png", ".tsv"):
            assert (results / "figures" / f"{name}{suffix}").stat().st_size > 300
        assert "simulated" in (results / "figures" / f"{name}.svg").read_text(encoding="utf-8")


def test_the_page_is_small_enough_to_send_and_holds_every_sample(results):
    page = (results / "page.html").read_text(encoding="utf-8")
    assert len(page.encode()) < 10e6
    samples = [row["sample"] for row in read_rows(results / "series" / "series.tsv", "sample")]
    assert all(f'"sample/{name}"' in page for name in samples)


def test_the_tables_of_the_supporting_information_have_their_numbers(results):
    files = sorted(path.name for path in (results / "tables").glob("table_S*.tsv"))
    samples = ["x10", "x20", "x30", "x40", "x50", "x60", "x70", "x80", "x85", "x90"]
    for number, sample in enumerate(samples, start=2):
        assert any(name.startswith(f"table_S{number}_{sample}") for name in files), (number, sample, files)
    for number, sample in ((12, "x50"), (13, "x50"), (15, "x90_200C"), (16, "x90_330C")):
        assert any(name.startswith(f"table_S{number}_{sample}") for name in files), (number, sample, files)


def test_the_supporting_information_is_made_of_all_tables_and_its_figures(results):
    sources = stated_sources(results / "supporting_information.pdf")
    assert {f"tables/{path.name}" for path in (results / "tables").glob("*.tsv")} <= sources.keys()
    names = ["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S11"]
    assert {f"figures/figure_{n}.pdf" for n in names} <= sources.keys()
    assert {f"figures/{n}.pdf" for n in ("side_phase", "recovery", "correlation")} <= sources.keys()


def test_a_figure_and_its_table_show_the_same_numbers(results):
    series = {r["sample"]: r for r in rows(results / "series/series.tsv")}
    lines = (results / "figures/figure_6bcd.tsv").read_text(encoding="utf-8").splitlines()
    drawn = list(csv.DictReader([line for line in lines if not line.startswith("#")], delimiter="\t"))
    shown = {r["name"]: r for r in drawn if r["panel"] == "d" and r.get("name")}
    assert set(shown) == {name for name, r in series.items() if r["group"] == "as_milled" and not r["excluded"]}
    for name, row in shown.items():
        assert float(row["x"]) == float(series[name]["coherence_length_A"])
        assert float(row["y"]) == float(series[name]["sigma_25C_S_per_cm"])
