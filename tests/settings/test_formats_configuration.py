"""A configuration is completed and checked, and a file that is none names line or key."""

from pathlib import Path

import pytest

from coherion.errors import InputError
from coherion.settings import configuration
from coherion.settings.run import configuration_from, problems_of_configuration

SCHEMAS = Path(__file__).parents[2] / "workflow" / "schemas"


def test_settings_are_completed_without_changing_what_the_user_wrote():
    written = {}
    assert configuration_from(written)["reduction"]["rmax"] == 100.0
    assert written == {}
    assert configuration_from({"reduction": {"qmax": 20}})["reduction"]["qmax"] == 20


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"reduction": {"qmax": "13"}}, ["key reduction.qmax", "found '13'", "number", "1/angstrom"]),
        ({"reduction": {"qmax": 0}}, ["reduction.qmax", "above 0"]),
        ({"reduction": {"qmx": 1}}, ["reduction.qmx", "did you mean qmax"]),
        ({"reduction": 5}, ["reduction", "keys with values"]),
        ({"reduction": {"qmin": 14, "qmax": 13}}, ["key reduction.qmin", "less than qmax = 13"]),
        ({"refinement": {"starts": 0}}, ["key refinement.starts", "from 1 to 1000", "Number of starts"]),
        ({"refinement": {"profile_level": 7}}, ["key refinement.profile_level", "from 0.01 to 0.9999"]),
        ({"refinement": {"max_evaluations": -3}}, ["key refinement.max_evaluations", "from 1 to 100000"]),
        ({"refinement": {"fit_ranges": [[2, 60], [9, 3]]}}, ["key refinement.fit_ranges[1]", "first < last"]),
        ({"refinement": {"bounds": {"a": [None, "x"]}}}, ["key refinement.bounds.a[1]", "'x'", "a number or null"]),
        ({"refinement": {"stages": [{"fre": ["a"]}]}}, ["key refinement.stages[0].fre", "did you mean free"]),
        ({"resolution": {"fit_ranges": [[2, 60]]}}, ["key resolution.fit_ranges", "did you mean fit_range"]),
        ({"geometry": {"polyhedra": [{"ligands": "Cl*"}]}}, ["key geometry.polyhedra[0].centre", "is missing"]),
        (
            {"per_sample": {"a": {"reduction": {"qmin": 14, "qmax": 13}}}},
            ["key per_sample.a.reduction.qmin", "qmax = 13"],
        ),
        ({"reduction": {"qmax": 15}, "per_sample": {"a": {"reduction": {"qmin": 16}}}}, ["qmax = 15"]),
    ],
)
def test_configuration_errors_name_the_key(settings, said):
    with pytest.raises(InputError) as refused:
        configuration_from(settings, file="config.yaml")
    for part in ["config.yaml", *said]:
        assert part in str(refused.value)


def test_a_section_of_a_sample_stands_over_that_of_all():
    given = {"reduction": {"qmax": 15}, "per_sample": {"a": {"reduction": {"qmin": 14}}}}
    assert configuration_from(given)["per_sample"] == given["per_sample"]


def test_all_that_is_wrong_is_told_at_once_and_the_rest_is_used():
    given = {
        "reduction": {"qmax": 12},
        "refinement": {"starts": 0, "profile_level": 7, "max_evaluations": -3},
        "resolution": {"fit_ranges": []},
        "per_sample": {"a": {"refinement": {"envelope": "cube"}, "tables": {}}},
    }
    settings, problems = problems_of_configuration(given, file="config.yaml")
    assert len(problems) == 6
    assert settings["reduction"]["qmax"] == 12 and settings["refinement"]["starts"] == 1


def test_yaml_errors_name_the_line(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: 1\nb: [1, 2\nc: 3\n")
    with pytest.raises(InputError, match="line 3"):
        configuration.read_yaml(path)


@pytest.mark.parametrize("text", ["013", "-0777", "0_1", "12:30", "1:02:03.5"])
def test_numbers_that_yaml_takes_for_others_are_refused(text, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(f"a: 1\nb: {{c: {text}}}\n")
    with pytest.raises(InputError, match=r"line 2, column 8.*quotes"):
        configuration.read_yaml(path)


@pytest.mark.parametrize(("text", "value"), [("0", 0), ("0.13", 0.13), ("'013'", "013"), ("10", 10), ("-0.5", -0.5)])
def test_other_numbers_are_what_they_seem(text, value, tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(f"a: {text}\n")
    assert configuration.read_yaml(path) == {"a": value}


def test_a_tag_in_yaml_is_not_obeyed(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("a: !!python/object/apply:os.system ['true']\n")
    with pytest.raises(InputError, match="not valid YAML"):
        configuration.read_yaml(path)


def test_every_key_of_the_schemas_is_described():
    for path in sorted(SCHEMAS.glob("*.schema.yaml")):

        def visit(schema, name, path=path):
            for key, inner in schema.get("properties", {}).items():
                assert inner.get("description") or inner.get("properties"), f"{path.name}: {name}.{key}"
                visit(inner, f"{name}.{key}")

        visit(configuration.read_yaml(path), "")
