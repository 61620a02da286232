"""The defaults that the schema documents are those of the code, and every file of configuration that ships is valid."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest

from coherion.data.series_tables import check_per_sample, read_tables
from coherion.data.spectra.reader import SpectraSettings
from coherion.errors import InputError
from coherion.impedance.arrhenius_dataset import ArrheniusSettings
from coherion.impedance.circuits.dataset import CircuitSettings
from coherion.impedance.kramers_kronig import ValidationSettings
from coherion.paper.criteria import ClaimSettings
from coherion.refinement.recipe_settings import RefinementSettings
from coherion.refinement.side_phase.detection import SidePhaseSettings
from coherion.scattering.settings import ReductionSettings
from coherion.settings.configuration import complete_settings, read_yaml
from coherion.statistics.collect import SeriesSettings

ROOT = Path(__file__).parents[1]
SCHEMAS = ROOT / "workflow" / "schemas"
SCHEMA = read_yaml(SCHEMAS / "config.schema.yaml")
CONFIGURATIONS = sorted((ROOT / "config").glob("*.yaml"))

# Section, its dataclass, and the fields that come from elsewhere than the configuration.
STAGES = [
    ("reduction", ReductionSettings, {"composition"}),
    ("refinement", RefinementSettings, {"fit_range", "values"}),
    ("side_phase", SidePhaseSettings, set()),
    ("spectra", SpectraSettings, set()),
    ("validation", ValidationSettings, set()),
    ("circuits", CircuitSettings, set()),
    (
        "arrhenius",
        ArrheniusSettings,
        {f"pellet_{size}{kind}_cm" for size in ("thickness", "diameter") for kind in ("", "_sd")},
    ),
    ("series", SeriesSettings, set()),
    ("claims", ClaimSettings, set()),
]
# Keys that only the rules need.
ONLY_RULES = {"refinement": {"fit_ranges", "resolution_from"}, "side_phase": {"structure"}}


def plain(value):
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize(("section", "settings", "elsewhere"), STAGES, ids=[stage[0] for stage in STAGES])
def test_the_schema_documents_the_defaults_of_the_code(section, settings, elsewhere):
    documented = {key: one["default"] for key, one in SCHEMA["properties"][section]["properties"].items()}
    in_code = {}
    for field in dataclasses.fields(settings):
        if field.name not in elsewhere:
            missing = dataclasses.MISSING
            in_code[field.name] = plain(field.default if field.default is not missing else field.default_factory())
    assert {k: v for k, v in documented.items() if k not in ONLY_RULES.get(section, ())} == in_code


@pytest.mark.parametrize("path", CONFIGURATIONS, ids=lambda path: path.stem)
def test_a_configuration_that_ships_is_valid(path):
    given = read_yaml(path)
    if path.stem == "simulation":
        assert given["samples"]
        return
    base = read_yaml(ROOT / "config" / "config.yaml")
    merged = base | given | {"tables": base["tables"] | given.get("tables", {})}
    settings = complete_settings(merged, SCHEMA, file=path)
    tables = {name: str(ROOT / file) if file else None for name, file in settings["tables"].items()}
    series = read_tables(tables, SCHEMAS)
    assert series.samples
    check_per_sample(settings["per_sample"], SCHEMA, series.samples)
    for row in series.samples.values():
        for structure in row.get("structure", "").split("|"):
            assert not structure or (ROOT / structure.strip()).is_file()


@pytest.mark.parametrize(
    ("per_sample", "said"),
    [
        ({"a": {"refining": {}}}, ["per_sample.a.refining"]),
        ({"a": {"tables": {}}}, ["per_sample.a.tables"]),
        ({"a": {"reduction": {"qmx": 1}}}, ["per_sample.a.reduction.qmx"]),
        ({"a": {"reduction": {"qmax": -1}}}, ["per_sample.a.reduction.qmax", "more than 0"]),
    ],
)
def test_settings_of_single_samples_are_checked_as_those_of_all(per_sample, said):
    with pytest.raises(InputError) as refused:
        check_per_sample(per_sample, SCHEMA, {"a": {}}, file="config.yaml")
    for part in ["config.yaml", *said]:
        assert part in str(refused.value)


def test_a_sample_that_the_table_lacks_is_told():
    assert check_per_sample({"nobody": {}, "a": {}}, SCHEMA, {"a": {}}) == ["nobody"]


def test_defaults_are_what_json_and_so_a_command_line_can_hold():
    completed = complete_settings({}, SCHEMA)
    assert json.loads(json.dumps(completed)) == completed


def test_every_caption_that_the_report_names_is_there():
    rules = ROOT / "workflow" / "rules"
    from draw_paper import KINDS

    texts = {file: file.read_text(encoding="utf-8") for file in (ROOT / "Snakefile", *rules.glob("*.smk"))}
    # Some rules have a caption for each of a list of results.
    lists = dict(re.findall(r"(SERIES_FIGURES|SUMMARY) = \[([^\]]*)\]", "\n".join(texts.values())))
    names = {key: re.findall(r'"(\w+)"', inside) for key, inside in lists.items()}
    listed = {"{}.rst": names["SERIES_FIGURES"], "summary_{}.rst": names["SUMMARY"], "kind_{}.rst": list(KINDS)}
    assert all(listed.values())
    named = []
    for file, text in texts.items():
        for caption in re.findall(r'"([^"]+\.rst)"', text):
            path = Path(caption)
            pattern = re.sub(r"\{[^}]*\}", "{}", path.name)
            each = [pattern.format(name) for name in listed.get(pattern, [""])]
            named += [(file.parent / path.parent / name).resolve() for name in each]
    assert named
    assert [path for path in named if not path.is_file()] == []
