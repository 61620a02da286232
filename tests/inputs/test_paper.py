"""What make check says of a paper file, and the first one that make new writes."""

from pathlib import Path

import pytest
import yaml

from coherion.data.series_tables import Tables, read_tables
from coherion.inputs.paper import Names, first_paper, problems_of_paper
from coherion.paper.proposal import abscissa_of, propose
from coherion.paper.reading import paper_from, read_paper
from coherion.settings.configuration import read_yaml
from coherion.settings.run import configuration_from
from coherion.settings.stages.series import PARAMETERS

ROOT = Path(__file__).parents[2]
SETTINGS = configuration_from({})
NAMES = Names({"A1", "Br1"}, {"a", "A1.occupancy", "Br1.u_iso"}, {"A1 volume"})
RANGES = ["2-60", "2-20", "2-40"]


def tables(samples=5, scans=True, spectra=True, x=True):
    """A series of so many samples, each with a scan and spectra or only one of these."""
    rows = {}
    for i in range(samples):
        rows[f"s{i}"] = {"sample": f"s{i}", "group": "as_milled", "line": i + 2}
        if x:
            rows[f"s{i}"]["x"] = i / 10
        if scans:
            rows[f"s{i}"] |= {"scan": f"s{i}", "structure": "s.cif"}
    measured = {name: [{"sample": name, "file": "f"}] for name in rows} if spectra else {}
    listed = {name: {"scan": name, "file": "f"} for name in rows} if scans else {}
    return Tables(samples=rows, scans=listed, spectra=measured, excluded=[])


def told(given, series=None):
    paper = paper_from(given)
    return [text for _, text in problems_of_paper(paper, series or tables(), NAMES, RANGES, PARAMETERS)]


def statement(**test):
    return {"statements": [{"id": "s", "statement": "w", "test": test}]}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"quantities": {"q": {"parameter": "A2.occupancy"}}}, "no structure of the series has A2.occupancy; did you"),
        ({"quantities": {"q": {"geometry": "B1 volume"}}}, "no structure of the series has B1 volume"),
        (statement(kind="trend", of="conductivty", direction="rising"), "no quantity conductivty; did you mean cond"),
        (statement(kind="range_independent", range="3-30"), "3-30 is no further range"),
        (
            {**statement(kind="linear", of="a", direction="rising"), "groups": {"g": {"where": {"x": {"most": 0.2}}}}}
            | {"samples": "g", "quantities": {"a": {"margin": 0.01}}},
            "its test needs 5 samples and the group g has 3",
        ),
        (statement(kind="about", of="conductivity", value=1.0), "conductivity has no margin: say under quantities"),
        (
            {"quantities": {"q": {"column": "milling_h"}}},
            "no column milling_h; a column of your own stands in the table",
        ),
        (
            {"figures": [{"kind": "series", "name": "f", "panels": [{"curves": ["conductivty"]}]}]},
            "key figures[0] (f): no quantity conductivty; did you mean conductivity",
        ),
        ({"figures": [{"kind": "fits", "name": "f", "range": "1-9"}]}, "1-9 is no range of the fits"),
        ({"figures": [{"kind": "patterns", "name": "f", "samples": ["s9"]}]}, "no sample s9"),
        (
            {"figures": [{"kind": "structure", "name": "f", "sample": "s1", "views": [{"centres": ["Na1"]}]}]},
            "no structure of the series has a site Na1",
        ),
    ],
)
def test_what_no_sample_has_is_told_with_its_place(given, said):
    (text,) = told(given)
    assert said in text and text.startswith("key ")


def test_a_sound_paper_is_not_remarked_upon():
    assert told(statement(kind="trend", of="conductivity", direction="rising")) == []
    assert told(statement(kind="about", of="conductivity", value=1.0, tolerance=0.1)) == []
    assert told(statement(kind="in_order", of=["rw_2_20", "rw"])) == []


@pytest.mark.parametrize("kinds", [{}, {"scans": False}, {"spectra": False}, {"x": False}, {"samples": 1}])
def test_a_proposal_has_what_the_tables_announce_and_nothing_else(kinds):
    series = tables(**kinds)
    paper = paper_from(propose(series, SETTINGS))
    names = {one.name for one in paper.figures}
    assert ("nyquist" in names) == kinds.get("spectra", True)
    assert ("patterns" in names) == kinds.get("scans", True)
    assert ("transport" in names) == (kinds.get("spectra", True) and not {"x", "samples"} & set(kinds))
    assert ("structure" in names) == (kinds.get("scans", True) and not {"x", "samples"} & set(kinds))
    # Five samples have no line of their own.
    assert "correlation" not in names
    assert told(propose(series, SETTINGS), series) == []


def test_the_abscissa_is_what_the_samples_differ_in():
    series = tables(x=False)
    assert abscissa_of(series) is None
    for i, row in enumerate(series.samples.values()):
        row["annealing_C"] = 100.0 * i
    assert abscissa_of(series) == "annealing"


@pytest.mark.parametrize("kinds", [{}, {"scans": False}, {"samples": 7}])
def test_the_first_paper_is_the_proposal_in_words_that_a_person_can_edit(kinds, tmp_path):
    proposed = propose(tables(**kinds), SETTINGS)
    (tmp_path / "paper.yaml").write_text(first_paper(proposed), encoding="utf-8")
    assert yaml.safe_load((tmp_path / "paper.yaml").read_text()) == proposed | {"groups": {}}
    assert read_paper(tmp_path / "paper.yaml") == paper_from(proposed)
    assert all(len(line) <= 120 for line in first_paper(proposed).splitlines())


@pytest.mark.parametrize("name", ["config", "second"])
def test_the_papers_that_ship_suit_the_series_that_ship(name):
    base = read_yaml(ROOT / "config" / "config.yaml")
    settings = configuration_from(base | {"per_sample": {}} | read_yaml(ROOT / "config" / f"{name}.yaml"))
    named = {name: str(ROOT / path) for name, path in settings["tables"].items()}
    series = read_tables(named, ROOT / "workflow" / "schemas")
    ranges = [f"{low:g}-{high:g}" for low, high in settings["refinement"]["fit_ranges"]]
    paper = read_paper(ROOT / settings["paper"])
    assert paper.statements and paper.figures
    assert list(problems_of_paper(paper, series, Names(), ranges, PARAMETERS)) == []


def test_a_column_of_the_authors_own_is_what_the_series_varies(tmp_path):
    series = tables(x=False)
    for i, row in enumerate(series.samples.values()):
        row["own"] = {"milling_h": float(10**i), "mill": "Retsch"}
    assert abscissa_of(series) == "milling_h"
    proposed = propose(series, SETTINGS)
    paper = paper_from(proposed)
    assert paper.abscissa == "milling_h" and paper.known["milling_h"].exact
    assert told(proposed, series) == []
    given = {"groups": {"g": {"where": {"mill": "Retsch", "milling_h": {"most": 20}}}}}
    test = statement(kind="trend", of="milling_h", direction="rising") | given | {"samples": "g"}
    assert told(test, series) == ["key statements[0] (s): undecided, its test needs 4 samples and the group g has 2"]
