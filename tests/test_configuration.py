"""Every file of configuration that ships is valid, and so are the settings of every job that it leads to."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from coherion.data.series_tables import read_tables
from coherion.errors import InputError
from coherion.inputs.job_settings import JobSettings
from coherion.paper.proposal import propose
from coherion.paper.reading import paper_from
from coherion.settings.configuration import read_yaml
from coherion.settings.run import configuration_from

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "workflow" / "schemas"
CONFIGURATIONS = sorted((ROOT / "config").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_a_configuration_that_ships_is_valid(path):
    given = read_yaml(path)
    if path.stem == "simulation":
        assert given["samples"]
        return
    if path.stem == "paper":
        assert paper_from(given, file=path).statements
        return
    base = read_yaml(ROOT / "config" / "config.yaml")
    merged = base | given | {"tables": base["tables"] | given.get("tables", {})}
    settings = configuration_from(merged, file=path)
    tables = {name: str(ROOT / file) if file else None for name, file in settings["tables"].items()}
    series = read_tables(tables, SCHEMAS)
    assert series.samples
    assert paper_from(propose(series, settings)).figures
    assert list(JobSettings(settings, series).problems(path)) == []
    for row in series.samples.values():
        for structure in row.get("structure", "").split("|"):
            assert not structure or (ROOT / structure.strip()).is_file()


@pytest.mark.parametrize(
    ("per_sample", "said"),
    [
        ({"a": {"refining": {}}}, ["per_sample.a.refining"]),
        ({"a": {"tables": {}}}, ["per_sample.a.tables"]),
        ({"a": {"reduction": {"qmx": 1}}}, ["per_sample.a.reduction.qmx"]),
        ({"a": {"reduction": {"qmax": -1}}}, ["per_sample.a.reduction.qmax", "above 0"]),
    ],
)
def test_settings_of_single_samples_are_checked_as_those_of_all(per_sample, said):
    with pytest.raises(InputError) as refused:
        configuration_from({"per_sample": per_sample}, file="config.yaml")
    for part in ["config.yaml", *said]:
        assert part in str(refused.value)


def test_a_cell_that_no_job_can_use_is_refused_with_its_sample():
    tables = read_tables(
        {"samples": str(ROOT / "config" / "samples.tsv"), "scans": str(ROOT / "config" / "scans.tsv")}, SCHEMAS
    )
    settings = configuration_from({"per_sample": {"x10": {"reduction": {"qmin": 3}}}})
    settings["reduction"]["qmax"] = 2.0
    found = {(stage, name): str(problem) for stage, name, problem in JobSettings(settings, tables).problems("c.yaml")}
    assert found["reduction", "x10"].startswith("c.yaml, sample x10, key reduction.qmin")
    assert "less than qmax = 2" in found["reduction", "x10"]
    assert {stage for stage, _ in found} == {"reduction"} and len(found) == 1


def test_defaults_are_what_json_and_so_a_command_line_can_hold():
    completed = configuration_from({})
    assert json.loads(json.dumps(completed)) == completed


def test_every_caption_that_the_report_names_is_there():
    rules = ROOT / "workflow" / "rules"
    from draw_paper import KINDS

    texts = {file: file.read_text(encoding="utf-8") for file in (ROOT / "workflow/Snakefile", *rules.glob("*.smk"))}
    # Some rules have a caption for each of a list of results.
    lists = dict(re.findall(r"(OF_SERIES|SUMMARY) = [\[(]([^\])]*)[\])]", "\n".join(texts.values())))
    names = {key: re.findall(r'"(\w+)"', inside) for key, inside in lists.items()}
    assert names["OF_SERIES"] and names["SUMMARY"]
    for kind in (*KINDS, *names["OF_SERIES"]):
        assert (ROOT / "workflow" / "report" / f"kind_{kind}.rst").is_file()
    listed = {"summary_{}.rst": names["SUMMARY"]}
    named = []
    for file, text in texts.items():
        for caption in re.findall(r'"(\.\./report/[^"]+\.rst)"', text):
            path = Path(caption)
            pattern = re.sub(r"\{[^}]*\}", "{}", path.name)
            each = [pattern.format(name) for name in listed.get(pattern, [""])]
            named += [(file.parent / path.parent / name).resolve() for name in each]
    assert named
    assert [path for path in named if not path.is_file()] == []
